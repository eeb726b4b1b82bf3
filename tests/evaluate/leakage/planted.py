"""Worlds to plant leaks in, and code of features, both careful and careless."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from spamclf import Dataset, find
from spamclf.evaluate import audit_leakage
from spamclf.simulate import world

SEED = 11


def tables(n_accounts: int = 150, *, random_state: int = SEED, automated_share: float = 0.3, **settings):
    return dict(world(n_accounts, automated_share=automated_share, random_state=random_state, **settings))


def made(given, **changed) -> Dataset:
    return Dataset(**(given | changed), not_after="2040-01-01")


def frame(dataset, name):
    return dataset.tables[name].to_pandas().astype({"account_id": str} if name != "messages" else {})


def past(dataset, as_of):
    """The messages before an instant, as a careful user takes them."""
    messages = frame(dataset, "messages").astype({"sender_id": str, "recipient_id": str})
    return messages[messages.sent_at < as_of]


def accounts_of(dataset):
    return pd.DataFrame({"account_id": frame(dataset, "accounts").account_id})


def by_account(dataset, **columns):
    """Series by id as a table of features."""
    features = accounts_of(dataset)
    for name, values in columns.items():
        features[name] = features.account_id.map(values).astype(float)
    return features


def found(report):
    return {(each.kind, each.subject) for each in report.findings}


def audit(dataset, features, **settings):
    return audit_leakage(dataset, features, **({"n_instants": 1} | settings))


def sends_of_all_time(dataset, as_of):
    messages = frame(dataset, "messages").astype({"sender_id": str})
    return by_account(dataset, x=messages.groupby("sender_id", observed=True).size())


def reported_world(*, made_labels: bool, delay_s: float = 7200.0, n: int = 60) -> Dataset:
    """Forty accounts are reported twice or more, twenty once; labels follow from that, or from a coin."""
    given = tables()
    rng = np.random.default_rng(0)
    ids = given["accounts"]["account_id"].to_pylist()
    begin = datetime(2026, 5, 20, tzinfo=UTC)
    reports, second = [], {}
    for k, who in enumerate(rng.permutation(ids)[:n]):
        for j in range(1 if k >= 40 else 2 + k % 4):
            when = begin + timedelta(seconds=float(rng.integers(0, 5 * 86_400)))
            reports.append((who, f"r{k}_{j}", when))
        if k < 40:
            second[who] = sorted(each[2] for each in reports if each[0] == who)[1]
    coin = rng.random(len(ids)) < 0.3
    when = [
        second[who] + timedelta(seconds=delay_s)
        if made_labels and who in second
        else begin + timedelta(days=7, hours=k)
        for k, who in enumerate(ids)
    ]
    labels = {
        "account_id": ids,
        "is_automated": [who in second for who in ids] if made_labels else coin.tolist(),
        "labelled_at": when,
    }
    columns = dict(
        zip(("account_id", "reporter_id", "reported_at"), map(list, zip(*reports, strict=True)), strict=True)
    )
    texts = given["texts"].filter(pc.not_equal(given["texts"]["source"], "reported"))
    return made(given, labels=labels, reports=columns | {"kind": ["report"] * len(reports)}, texts=texts)


def graph_features(dataset, as_of):
    """As published code does: the reports that are to be predicted stand among the degrees of the graph."""
    messages, reports = past(dataset, as_of), frame(dataset, "reports")
    return by_account(
        dataset,
        out_degree=messages.groupby("sender_id", observed=True).recipient_id.nunique(),
        in_degree=messages.groupby("recipient_id", observed=True).sender_id.nunique(),
        n_abuse_reports=reports[reports.reported_at < as_of].groupby("account_id", observed=True).size(),
    )


def of_ids(make):
    def code(dataset, as_of):
        features = accounts_of(dataset)
        return features.assign(x=make(features.account_id))

    return code


IDS = {
    "number": lambda ids: ids.str.extract(r"(\d+)")[0].astype(float),
    "affine": lambda ids: 1e9 - 0.5 * ids.str.extract(r"(\d+)")[0].astype(float),
    "hash": lambda ids: ids.map(lambda each: zlib.crc32(each.encode())),
    "code": lambda ids: ids.astype("category").cat.codes,
    "parity": lambda ids: ids.str.extract(r"(\d+)")[0].astype(int) % 2,
}


def ids_of(dataset):
    return dataset.accounts["account_id"].cast(pa.string()).to_pylist()


def components(dataset):
    """Number the accounts so that whoever shares a campaign, known or found, has one number."""
    members = find.campaigns(dataset, as_of="2026-07-01", history_days=100, min_accounts=2).members()
    joined = [(row["account_id"], (row["kind"], row["campaign"])) for row in members.to_pylist()]
    labels = dataset.labels.filter(pc.is_valid(dataset.labels["campaign"]))
    named = zip(
        labels["account_id"].to_pylist(), labels["campaign"].cast(pa.string()).to_pylist(), strict=True
    )
    root = {}

    def top(each):
        while root.setdefault(each, each) != each:
            each = root[each]
        return each

    for who, campaign in [*joined, *named]:
        root[top(str(who))] = top(campaign)
    numbers = {}
    return [numbers.setdefault(top(who), len(numbers)) for who in ids_of(dataset)]


def relabelled(dataset, *, share, delay, k=2):
    """Label automated accounts some time after their k-th report, until these are so large a share of the automated.

    The other automated ones keep the labels that a review gave them, or go unlabelled where there are too many.
    """
    rng = np.random.default_rng(0)
    labels = frame(dataset, "labels").drop_duplicates("account_id", keep="last")[
        ["account_id", "is_automated", "labelled_at"]
    ]
    reports = frame(dataset, "reports").sort_values("reported_at")
    kth = (
        reports.groupby("account_id")
        .reported_at.nth(k - 1)
        .set_axis(reports.account_id[reports.groupby("account_id").cumcount() == k - 1])
    )
    made_so = labels.is_automated & labels.account_id.isin(kth.index)
    at = labels.account_id[made_so].map(kth)
    labels.loc[made_so, "labelled_at"] = delay(at, rng)
    others = rng.permutation(labels.index[labels.is_automated & ~made_so])
    n_kept = round(made_so.sum() * (1 - share) / share)
    given = {name: dataset.tables[name] for name in dataset.given}
    return made(given, labels=labels.drop(index=others[n_kept:]))

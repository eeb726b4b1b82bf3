"""Row 22 of the bars: false reporters cannot lift an honest account with established contacts over the threshold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from spamclf import Dataset, predict, simulate, train
from spamclf.instants import DAY_US, to_instant
from spamclf.model import Model

SEED, AS_OF = 22, to_instant("2026-05-31")
K = 20  # false reporters
KINDS: dict[str, dict[str, Any]] = {
    "all tiers": {"tiers": ("0", "1", "2", "3", "F")},
    "reports alone": {"features": ["feedback"]},
}


@cache
def tables() -> dict[str, pa.Table]:
    return dict(simulate.world(900, 30, random_state=SEED, automated_share=0.25))


@cache
def model(kind: str) -> Model:
    return train.fit(Dataset(**tables()), as_of=AS_OF, fpr=0.05, confidence=None, max_iter=60, **KINDS[kind])


@cache
def people() -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Of each account its recipients, and its contacts: who wrote and was written to, a day or more apart."""
    instants: dict[tuple[str, str], list[tuple[int, bool]]] = defaultdict(list)
    recipients: dict[str, list[str]] = defaultdict(list)
    messages = tables()["messages"]
    columns = (messages[name].to_pylist() for name in ("sender_id", "recipient_id", "is_group"))
    sent_at = messages["sent_at"].cast(pa.int64()).to_pylist()
    for sender, recipient, is_group, at in zip(*columns, sent_at, strict=True):
        if at < AS_OF - 30 * DAY_US or at >= AS_OF or is_group:
            continue
        recipients[sender].append(recipient)
        instants[sender, recipient].append((at, True))
        instants[recipient, sender].append((at, False))
    contacts: dict[str, list[str]] = defaultdict(list)
    for (account, person), talk in instants.items():
        if {out for _, out in talk} == {True, False} and max(talk)[0] - min(talk)[0] >= DAY_US:
            contacts[account].append(person)
    return {who: sorted(set(whom)) for who, whom in recipients.items()}, contacts


def scores(reports: Sequence[tuple[str, str]], kind: str) -> dict[str, dict[str, Any]]:
    """Score everybody after further reports within one minute, an hour before the instant."""
    false = pa.table(
        {
            "account_id": pa.array([account for account, _ in reports], pa.string()),
            "reporter_id": pa.array([reporter for _, reporter in reports], pa.string()),
            "reported_at": pa.array(
                AS_OF - 3_600_000_000 + np.arange(len(reports)) % 60, pa.timestamp("us", tz="UTC")
            ),
            "kind": pa.array([("report", "block")[k % 2] for k in range(len(reports))], pa.string()),
        }
    )
    told = pa.concat_tables([tables()["reports"], false.cast(tables()["reports"].schema)])
    found = predict.score(Dataset(**(tables() | {"reports": told})), model(kind), as_of=AS_OF, n_reasons=0)
    return {row["account_id"]: row for row in found.to_pylist()}


def established() -> list[str]:
    truth = simulate.truth(900, 30, random_state=SEED, automated_share=0.25).to_pylist()
    honest = {row["account_id"] for row in truth if not row["is_automated"]}
    spoken: dict[str, set[str]] = defaultdict(set)  # a brigade may have been there before
    for row in tables()["reports"].to_pylist():
        spoken[row["account_id"]].add(row["reporter_id"])
    found = ((who, len(contacts), len(spoken[who])) for who, contacts in people()[1].items() if who in honest)
    return sorted(
        who for who, n_contacts, n_before in found if n_contacts >= 10 and n_before + K < 3 * n_contacts
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("who", ["its recipients", "its contacts", "a mob that never met it"])
def test_an_honest_account_with_contacts_stays_below_the_threshold(kind: str, who: str) -> None:
    recipients, contacts = people()
    victims = established()
    assert len(victims) > 40
    false = []
    for victim in victims:
        mob = [f"mob-{k}" for k in range(K)]
        chosen = {"its recipients": recipients[victim], "its contacts": contacts[victim]}.get(who, [])
        false += [(victim, each) for each in [*chosen, *mob][:K]]
    before, after = scores([], kind), scores(false, kind)
    for victim in victims:
        if before[victim]["verdict"] == "not_automated":
            assert after[victim]["verdict"] == "not_automated", victim
            assert after[victim]["score"] == before[victim]["score"]


def test_reports_are_heard_otherwise() -> None:
    """The test above is of something: with as many reports, accounts without contacts are lifted."""
    recipients, contacts = people()
    strangers = [who for who in recipients if not contacts.get(who) and len(recipients[who]) >= K]
    false = [(who, each) for who in strangers for each in recipients[who][:K]]
    before, after = scores([], "reports alone"), scores(false, "reports alone")
    flagged = [who for who in strangers if after[who]["verdict"] == "automated"]
    assert sum(before[who]["verdict"] != "automated" for who in flagged) > 5

"""Features that are the account's own label, or as good as that."""

from __future__ import annotations

import pytest

from tests.evaluate.leakage.planted import accounts_of, audit, by_account, found, frame, made, past, tables


def share_by_country(dataset, as_of, *, leave_out):
    labels = frame(dataset, "labels")
    labels = labels[labels.labelled_at < as_of].set_index("account_id").is_automated.astype(float)
    accounts = frame(dataset, "accounts")
    accounts = accounts[accounts.registered_at.isna() | (accounts.registered_at < as_of)].set_index(
        "account_id"
    )
    known = labels.reindex(accounts.index)
    total = known.fillna(0).groupby(accounts.country, observed=True).transform("sum")
    n = known.notna().groupby(accounts.country, observed=True).transform("sum")
    if leave_out:
        total, n = total - known.fillna(0), n - known.notna()
    return by_account(dataset, share=(total / n.where(n > 0)).round(9))


def test_the_own_label(plain):
    assert found(audit(plain, lambda d, t: share_by_country(d, t, leave_out=False))) == {
        ("own_label", "share")
    }
    assert audit(plain, lambda d, t: share_by_country(d, t, leave_out=True)).ok


def test_whether_an_account_is_labelled(plain):
    def is_labelled(dataset, as_of):
        labels = frame(dataset, "labels")
        known = labels[labels.labelled_at < as_of].account_id
        features = accounts_of(dataset)
        return features.assign(known=features.account_id.isin(known))

    assert found(audit(plain, is_labelled)) == {("own_label", "known")}


def test_a_value_hidden_from_whoever_is_labelled_gives_nothing_away(plain):
    def hidden(dataset, as_of):
        labels = frame(dataset, "labels")
        sent = past(dataset, as_of).groupby("sender_id", observed=True).size()
        return by_account(
            dataset, x=sent.drop(labels[labels.labelled_at < as_of].account_id, errors="ignore")
        )

    assert audit(plain, hidden).ok


@pytest.mark.parametrize("unknown", [False, True])
def test_a_feature_that_separates_alone(unknown):
    given = tables()
    truth = dict(
        zip(
            given["labels"]["account_id"].to_pylist(),
            given["labels"]["is_automated"].to_pylist(),
            strict=True,
        )
    )

    def with_country(which):
        country = [which(who, k) for k, who in enumerate(given["accounts"]["account_id"].to_pylist())]
        columns = {name: given["accounts"][name] for name in given["accounts"].column_names}
        return made(given, accounts=columns | {"country": country})

    def is_there(dataset, as_of):
        country = frame(dataset, "accounts").set_index("account_id").country
        return by_account(dataset, x=country.eq("XX").astype(float).where(~country.eq("XX") | (not unknown)))

    bought = with_country(lambda who, k: "XX" if truth.get(who) else "DE")
    report = audit(bought, is_there)
    assert found(report) == {("separates", "x")}
    assert report.findings[0].severity == "suspicion"
    assert audit(with_country(lambda who, k: "XX" if k % 3 else "DE"), is_there).ok

"""Accounts of one campaign, and one account twice, on both sides of a split."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from spamclf import extract
from tests.evaluate.leakage.planted import audit, components, found, ids_of, past


def test_a_split_by_row_cuts_campaigns_in_two(plain):
    rng = np.random.default_rng(1)
    split = rng.choice(["train", "calibration", "test"], plain.accounts.num_rows)
    report = audit(plain, ["send_rate"], n_instants=0, split=split)
    assert {each.kind for each in report.findings} == {"campaign_in_parts"}
    subjects = {each.subject for each in report.of("campaign_in_parts")}
    known = set(plain.labels["campaign"].drop_null().cast(pa.string()).to_pylist())
    assert subjects & known
    assert subjects & {"photo clusters", "text clusters", "list clusters"}
    assert [each.subject for each in report.findings if each.subject in known] == sorted(subjects & known)


def test_equal_rows_in_two_parts(plain):
    sides = ["train" if number % 2 else "test" for number in components(plain)]
    ids = ids_of(plain)
    known = set(
        past(plain, datetime(2026, 7, 1, tzinfo=UTC))
        .groupby("sender_id", observed=True)
        .size()
        .nlargest(100)
        .index
    )
    one = next(who for who, side in zip(ids, sides, strict=True) if side == "train" and who in known)
    other = next(who for who, side in zip(ids, sides, strict=True) if side == "test" and who in known)

    def code(dataset, as_of, copied=True):
        values = (
            extract(dataset, as_of=as_of, features=["send_rate", "rhythm"])
            .to_pandas()
            .set_index("account_id")
        )
        if copied and {one, other} <= set(values.index):
            values.loc[other] = values.loc[one]
        return values

    report = audit(plain, code, n_instants=0, split=sides)
    assert ("duplicate_rows", "features") in found(report)
    assert report.of("duplicate_rows")[0].n == 2
    # Accounts that never wrote have equal rows as well, on both sides, and that is no leak.
    quiet = audit(plain, lambda d, t: code(d, t, copied=False), n_instants=0, split=sides)
    assert not quiet.of("duplicate_rows")

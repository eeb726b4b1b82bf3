"""What a dossier says of its own inferences was measured: this measures it anew."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from spamclf import Dataset, dossier, simulate
from spamclf.dossier.ties import MEASURED
from spamclf.ego import EgoLog
from spamclf.errors import ParameterError

WORLDS = {1401: 2000, 1402: 2000, 1403: 2000, 1404: 2000, 1405: 1000, 1406: 1000}


def inferred(seed, n_accounts):
    """Yield for each operator of a world how many inferred accounts are its own, another operator's and honest."""
    truth = {row["account_id"]: row for row in simulate.truth(n_accounts, 20, random_state=seed).to_pylist()}
    data = Dataset(**simulate.world(n_accounts, 20, random_state=seed))
    ego = EgoLog.build(data)
    for name in sorted(set(data.evidence["operator"].to_pylist())):
        try:
            accounts = dossier.gather(data, operator=name, ego=ego).contents["accounts"]
        except ParameterError:  # its evidence was seen after the last row
            continue
        owner = {truth[row["account_id"]]["operator"] for row in accounts if row["known"]}
        others = [truth[row["account_id"]] for row in accounts if not row["known"]]
        assert len(owner) == 1
        yield Counter(
            "own" if each["operator"] in owner else "other" if each["is_automated"] else "honest"
            for each in others
        )


@pytest.mark.slow
def test_the_sentence_is_what_was_measured():
    each = [counts for seed, n in WORLDS.items() for counts in inferred(seed, n)]
    right = np.array([(counts["own"], counts.total()) for counts in each])
    rng = np.random.default_rng(0)
    drawn = right[rng.integers(0, len(right), (2000, len(right)))].sum(axis=1)
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], [0.025, 0.975])
    own, other, honest = (sum(counts[name] for counts in each) for name in ("own", "other", "honest"))
    for words in (
        f"of {own + other + honest} accounts that it named, {own} were the operator's",
        f"interval {100 * low:.0f} to {100 * high:.0f} %",
        f"{other} another operator's and {honest} an honest",
    ):
        assert words in MEASURED

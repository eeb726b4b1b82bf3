"""What honest accounts risk over a month, however they are looked at: ``python -m tests.benches.daily_looks``.

A certificate speaks of accounts looked at as those it was calibrated on, over as long a time: four fifths of the days.
Here the honest accounts of worlds that no training saw are looked at once, at the stated moments of that many days and
of a whole month, and every day of it.
"""

from __future__ import annotations

import pyarrow.compute as pc

from spamclf import AfterSends, Dataset, Model, train
from spamclf.evaluate.figures import Interval
from spamclf.features.extract import snapshot_slices
from spamclf.instants import DAY_US
from spamclf.labelled import SNAPSHOTS
from spamclf.scoring import Scoring
from spamclf.simulate import world
from tests.benches.timing import markdown

FPR = 0.01
N_ACCOUNTS, DAYS, CALIBRATED_DAYS = 5_000, 30, 24
SEEDS = ((2301, 2401), (2302, 2402), (2303, 2403))


def flagged(model: Model, dataset: Dataset, snapshots: AfterSends | None, as_of: int, since: int) -> set[str]:
    """Return the accounts that are flagged at one of the snapshots from `since` on, by the thresholds in force."""
    scoring = Scoring(dataset, model, as_of, 2, None)
    if snapshots is not None:
        scoring.slices = snapshot_slices(scoring.ego, [as_of], snapshots, model.history_days)
    scoring.slices = scoring.slices[scoring.slices.as_of > since]
    looked = scoring.look(0, len(scoring.slices), companions=False)
    return set(scoring.ids_of(looked)[0].filter(looked.verdict == 0).to_pylist())


def ever(model: Model, dataset: Dataset, honest: set[str]) -> dict[str, int]:
    """Count the honest accounts that are flagged, by how they are looked at."""
    sent = dataset.messages["sent_at"].cast("int64")
    low, high = pc.min(sent).as_py(), pc.max(sent).as_py()
    first, end, sends = low // DAY_US * DAY_US, high + 1, AfterSends(*SNAPSHOTS)
    once = flagged(model, dataset, None, end, low)
    stretch = once | flagged(model, dataset, sends, end, end - CALIBRATED_DAYS * DAY_US)
    month = stretch | flagged(model, dataset, sends, end, low)
    daily = set(once)
    for day in range(1, DAYS):
        daily |= flagged(model, dataset, None, first + day * DAY_US, low)
    kinds = {
        "once, at the end": once,
        f"after sends in the last {CALIBRATED_DAYS} days, and at the end": stretch,
        f"after sends in all {DAYS} days, and at the end": month,
        f"every day of {DAYS}": daily,
    }
    return {name: len(found & honest) for name, found in kinds.items()}


def interval(k: int, n: int) -> Interval:
    """Return the exact binomial interval of a share, in percent."""
    from scipy.stats import binomtest

    low, high = binomtest(k, n).proportion_ci()
    return Interval(100 * k / n, 100 * low, 100 * high)


def main() -> None:
    rows = []
    for trained_on, measured_on in SEEDS:
        made = world(N_ACCOUNTS, DAYS, random_state=trained_on, wrong_labels=0.0)
        model = train.fit(made.dataset, fpr=FPR, memory=False, n_jobs=2)
        made = world(N_ACCOUNTS, DAYS, random_state=measured_on)
        honest = set(made.truth.filter(pc.invert(made.truth["is_automated"]))["account_id"].to_pylist())
        counts = ever(model, made.dataset, honest)
        assert model.certificate is not None
        told = f"{model.certificate.n_accounts:,} accounts, bound {model.certificate.bound:.2%}"
        for name, n in counts.items():
            rows.append(
                [str(trained_on), told, name, f"{interval(n, len(honest))} %", f"{n} of {len(honest):,}"]
            )
    print(f"promised: at most {FPR:.0%} of honest accounts\n")
    print(markdown(["trained on", "calibrated with", "looked at", "ever flagged", "accounts"], rows))


if __name__ == "__main__":
    main()

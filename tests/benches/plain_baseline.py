"""What a plain pandas groupby and scikit-learn's boosting find: ``python -m tests.benches.plain_baseline``.

Ten obvious features of one world train a model; its threshold is the lowest that flags at most one in a thousand of
that world's held-out honest accounts; another seed tells what it finds. Where this nearly does, a world is too easy
to say anything about a model.
"""

from __future__ import annotations

import argparse

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import beta
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import cross_val_predict

from spamclf.simulate import World, world

FPR = 1e-3

Floats = npt.NDArray[np.float64]


def plain_features(made: World) -> pd.DataFrame:
    """Ten obvious features of every account that wrote."""
    log = made["messages"].to_pandas()
    log["instant"] = log.sent_at.astype("int64") / 1e6
    end = log.instant.max()
    pairs = log[~log.is_group.astype(bool)].groupby(["sender_id", "recipient_id"]).instant.min().reset_index()
    back = pairs.rename(columns={"sender_id": "recipient_id", "recipient_id": "sender_id", "instant": "back"})
    pairs = pairs.merge(back, how="left", on=["sender_id", "recipient_id"])
    pairs["replied"], pairs["stranger"] = pairs.back > pairs.instant, ~(pairs.back < pairs.instant)
    by, to = log.groupby("sender_id"), pairs.groupby("sender_id")
    minute, day = log.instant // 60, log.instant // 86400
    table = pd.DataFrame({"sends": by.size()})
    table["recipients"] = to.size()
    table["sends_per_day"] = table.sends / day.groupby(log.sender_id).nunique()
    table["max_in_a_minute"] = log.groupby(["sender_id", minute]).size().groupby("sender_id").max()
    table["replied_share"] = to.replied.mean()
    table["strangers"] = to.stranger.sum()
    table["median_gap_s"] = by.instant.apply(lambda t: np.median(np.diff(t)) if len(t) > 1 else np.nan)
    accounts = made["accounts"].to_pandas().set_index("account_id")
    table["age_s"] = end - accounts.registered_at.astype("int64").where(accounts.registered_at.notna()) / 1e6
    table["recipients_per_message"] = table.recipients / table.sends
    table["night_share"] = ((log.instant // 3600 % 24) < 6).groupby(log.sender_id).mean()
    return table.astype(float)


def looked_at(made: World) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the features of the accounts that wrote, and the truth about them."""
    features = plain_features(made)
    truth = made.truth.to_pandas().set_index("account_id")
    features = features[features.index.isin(truth.index)]
    return features, truth.loc[features.index]


def threshold_at(scores: Floats, fpr: float) -> float:
    """Return the lowest threshold that at most a share `fpr` of honest scores reaches."""
    ranked = np.sort(scores)[::-1]
    return float(np.nextafter(ranked[int(fpr * len(ranked))], np.inf))


def interval(found: int, of: int) -> tuple[float, float]:
    """Return the Clopper-Pearson interval of a share, 95 %."""
    low = beta.ppf(0.025, found, of - found + 1) if found else 0.0
    high = beta.ppf(0.975, found + 1, of - found) if found < of else 1.0
    return float(low), float(high)


def share(found: npt.NDArray[np.bool_]) -> str:
    low, high = interval(int(found.sum()), len(found))
    return f"{found.mean():.3f} ({low:.3f} to {high:.3f}), {int(found.sum())} of {len(found)}"


def measure(
    n_accounts: int, seeds: tuple[int, int], automated_share: float = 0.1
) -> tuple[Floats, pd.DataFrame]:
    """Train on one world, and return the scores of another, relative to the threshold, with the truth.

    Out-of-fold scores of the first world's honest accounts, operations kept whole, set the threshold.
    """
    (X, y), (X_new, truth) = (
        looked_at(world(n_accounts, automated_share=automated_share, random_state=seed)) for seed in seeds
    )
    automated = y.is_automated.to_numpy(dtype=bool)
    model = HistGradientBoostingClassifier(random_state=0)
    fold = pd.factorize(y.campaign.fillna(pd.Series(y.index, index=y.index)))[0] % 5
    held_out = cross_val_predict(
        model, X, automated, cv=[(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(5)],
        method="predict_proba",
    )[:, 1]  # fmt: skip
    threshold = threshold_at(held_out[~automated], FPR)
    return model.fit(X, automated).predict_proba(X_new)[:, 1] - threshold, truth


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, nargs=2, default=(2001, 2002))
    chosen = parser.parse_args()
    scores, truth = measure(chosen.accounts, tuple(chosen.seeds))
    flagged, automated = scores >= 0, truth.is_automated.to_numpy(dtype=bool)
    print(f"{chosen.accounts:,} accounts, trained on seed {chosen.seeds[0]}, measured on {chosen.seeds[1]}\n")
    print("| accounts that wrote | flagged |\n|---|---|")
    print(f"| **all automated** (recall) | {share(flagged[automated])} |")
    print(f"| **all honest** (false flags) | {share(flagged[~automated])} |")
    for is_automated, title in ((True, "automated"), (False, "honest")):
        for family in sorted(truth.family[automated == is_automated].unique()):
            print(f"| {title}: {family} | {share(flagged[truth.family == family])} |")


if __name__ == "__main__":
    main()

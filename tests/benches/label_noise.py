"""What `label_noise` wins and costs: ``python -m tests.benches.label_noise``.

Features of all accounts at the end of a world train; other seeds tell how well accounts are ranked. In turn, labels are
true, 1.5 % and 5 % of them are flipped, and a tenth and a quarter of the automated accounts pass for honest ones.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import average_precision_score

from spamclf import SpamClassifier, extract
from spamclf.features import CATALOGUE
from spamclf.simulate import world
from tests.benches.timing import markdown

SEEDS = ((2101, 2201), (2102, 2202), (2103, 2203), (2104, 2204))
N_ACCOUNTS = 5_000

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def looked_at(seed: int) -> tuple[pd.DataFrame, Bools]:
    """Return the features of the accounts that wrote, and which of them are automated."""
    made = world(N_ACCOUNTS, random_state=seed, wrong_labels=0.0)
    features = [name for name in CATALOGUE if not name.startswith(("feedback", "evidence"))]
    table = extract(made.dataset, features=features)
    wrote = table["send_rate_sends"] > 0
    automated = np.asarray(made.truth["is_automated"])
    return table.to_pandas()[features][wrote], automated[wrote]


def flipped(share: float) -> Callable[[Bools, np.random.Generator], Bools]:
    return lambda y, rng: y ^ (rng.random(len(y)) < share)


def hidden(share: float) -> Callable[[Bools, np.random.Generator], Bools]:
    return lambda y, rng: y & (rng.random(len(y)) >= share)


#: What is done to the labels, and the `label_noise` that fits.
NOISE = {
    "true labels": (flipped(0.0), 0.015),
    "1.5 % flipped": (flipped(0.015), 0.015),
    "5 % flipped": (flipped(0.05), 0.05),
    "a tenth of the automated hidden": (hidden(0.1), {True: 0.1}),
    "a quarter of the automated hidden": (hidden(0.25), {True: 0.25}),
}


def figures(y: Bools, scores: Floats) -> Floats:
    """Return the average precision, and the recall at 1 % and at 0.3 % false flags, in points."""
    honest = np.sort(scores[~y])[::-1]
    at = [np.mean(scores[y] > honest[int(share * len(honest))]) for share in (0.01, 0.003)]
    return 100 * np.array([average_precision_score(y, scores), *at])


def told(values: Floats) -> str:
    return f"{values.mean():.1f} ({values.std(ddof=1) / np.sqrt(len(values)):.1f})"


def main() -> None:
    found: dict[str, list[Floats]] = {name: [] for name in NOISE}
    for trained_on, measured_on in SEEDS:
        (X, y), (X_new, y_new) = looked_at(trained_on), looked_at(measured_on)
        for name, (spoil, doubt) in NOISE.items():
            labels = spoil(y, np.random.default_rng(trained_on))
            both = []
            for label_noise in (0.0, doubt):
                classifier = SpamClassifier(label_noise=label_noise).fit(X, labels)
                both.append(figures(y_new, classifier.predict_proba(X_new)[:, 1]))
            found[name].append(np.array(both))
    rows = []
    for name, each in found.items():
        plain, doubted = np.stack(each, axis=1)
        for option, values in (
            ("", plain),
            (", `label_noise` set", doubted),
            ("; the difference", doubted - plain),
        ):
            rows.append([name + option, *(told(values[:, k]) for k in range(3))])
    print(f"{len(SEEDS)} pairs of worlds of {N_ACCOUNTS:,} accounts; points, mean (standard error)\n")
    print(markdown(["labels", "average precision", "recall at 1 % false flags", "at 0.3 %"], rows))


if __name__ == "__main__":
    main()

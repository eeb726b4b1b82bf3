"""What a person could check by hand, on the accounts of an evaluation: one rule, and a tree of depth 3."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from spamclf.evaluate.judged import Judged
from spamclf.features.catalogue import CATALOGUE
from spamclf.model.baselines import best_rules, fit_tree, tree_input

__all__ = ["at_most", "by_hand"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def at_most(scores: Floats, share: float) -> float:
    """Return the lowest threshold that at most a share of some scores reaches.

    Examples
    --------
    >>> at_most(np.array([0.1, 0.2, 0.2, 0.9]), 0.25) <= 0.9
    True
    """
    ranked = np.sort(scores)[::-1]
    return float(np.nextafter(ranked[int(share * ranked.size)], np.inf))


def by_hand(judged: Judged, names: Sequence[str], fpr: float) -> Iterator[tuple[str, Floats, Bools]]:
    """Yield the name, scores and flags of one rule and of a small tree.

    They are fitted on the half of the accounts that they do not judge, campaigns apart, and cut where they flag `fpr`
    of the honest accounts that they judge.
    """
    X, y = judged.X, judged.is_automated
    half = np.random.default_rng(0).permutation(int(judged.campaign.max()) + 1)[judged.campaign] % 2 == 0
    for of, fit in (("one rule", _rule), ("tree of depth 3", _tree)):
        scores, flagged = np.zeros(y.size), np.zeros(y.size, np.bool_)
        for judges in (half, ~half):
            on = ~judges
            if y[on].all() or not y[on].any() or not (~y & judges).any():
                continue  # too few to fit or to judge: nothing is found
            scores[judges] = fit(X[on], y[on], names)(X[judges])
            flagged[judges] = scores[judges] >= at_most(scores[judges & ~y], fpr)
        yield of, scores, flagged


def _rule(X: Floats, y: Bools, names: Sequence[str]) -> Callable[[Floats], Floats]:
    directions = [CATALOGUE[name].direction for name in names]
    return best_rules(X, y, np.ones(y.size), names, directions, n=1)[0].scores


def _tree(X: Floats, y: Bools, _: Sequence[str]) -> Callable[[Floats], Floats]:
    tree = fit_tree(X, y, np.ones(y.size))
    return lambda those: np.asarray(tree.predict_proba(tree_input(those))[:, 1], np.float64)

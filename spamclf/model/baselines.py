"""What a person could check by hand, to hold a model against: one-feature rules and a small tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Rule", "best_rules", "fit_tree", "rule_scores", "some_of_each", "tree_input", "tree_text"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
_TREE_DEPTH = 3
_TREE_MIN_LEAF = 10
_LARGEST = 1e30  # scikit-learn's trees know 32 bits and no infinity, and add columns up


@dataclass(frozen=True)
class Rule:
    """One feature, one cut.

    Attributes
    ----------
    feature : str
    column : int
    direction : {-1, 1}
        1: values of at least `cut` speak for the second class; -1: values of at most `cut`.
    cut : float
        Where the shares of the two classes that the rule holds for lie farthest apart.
    roc_auc : float
        Of the feature itself, whatever the cut; missing values rank last.
    hit, false : float
        Share (by weight) of the second and of the first class that the rule holds for.

    Examples
    --------
    >>> print(Rule("fan_out_strangers", 0, 1, 12.0, 0.9, 0.8, 0.05))
    fan_out_strangers >= 12: holds for 80.00 % of the second class and 5.00 % of the first (ROC-AUC 0.900)
    """

    feature: str
    column: int
    direction: int
    cut: float
    roc_auc: float
    hit: float
    false: float

    def __str__(self) -> str:
        return self.said("the second class", "the first")

    def said(self, second: str, first: str) -> str:
        """Return the rule in words, with names for the two classes.

        Parameters
        ----------
        second, first : str

        Returns
        -------
        text : str

        Examples
        --------
        >>> Rule("replies_debt", 0, 1, 8.0, 0.9, 0.8, 0.05).said("the automated", "the honest accounts")
        'replies_debt >= 8: holds for 80.00 % of the automated and 5.00 % of the honest accounts (ROC-AUC 0.900)'
        """
        sign = ">=" if self.direction > 0 else "<="
        return (
            f"{self.feature} {sign} {self.cut:.6g}: holds for {100 * self.hit:.2f} % of {second} and "
            f"{100 * self.false:.2f} % of {first} (ROC-AUC {self.roc_auc:.3f})"
        )

    def scores(self, X: Floats) -> Floats:
        """Return the rule's feature as a score: more is more suspicious, missing values last.

        Parameters
        ----------
        X : ndarray of shape (n, n_features), dtype float64

        Returns
        -------
        scores : ndarray of shape (n,), dtype float64
        """
        return rule_scores(X[:, self.column], self.direction)


def best_rules(
    X: Floats, y: Bools, weight: Floats, names: Sequence[str], directions: Sequence[int], n: int = 3
) -> tuple[Rule, ...]:
    """Return the features that separate best by themselves, by ROC-AUC, best first.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features), dtype float64
        NaN is missing: such a row the rule does not hold for.
    y : ndarray of shape (n_rows,), dtype bool
        Both classes.
    weight : ndarray of shape (n_rows,), dtype float64
    names : sequence of str
    directions : sequence of {-1, 0, 1}
        What is known of each feature; 0 tries both.
    n : int, default=3

    Returns
    -------
    rules : tuple of Rule
        At most `n`, of different features.

    Examples
    --------
    >>> X = np.array([[1.0, 5.0], [2.0, 4.0], [3.0, 9.0]])
    >>> [rule] = best_rules(X, np.array([False, True, True]), np.ones(3), ["a", "b"], [0, 0], n=1)
    >>> rule.feature, rule.direction, rule.cut
    ('a', 1, 2.0)
    """
    rules = []
    for column, (name, direction) in enumerate(zip(names, directions, strict=True)):
        tried = [_rule(X, y, weight, name, column, turn) for turn in ((direction,) if direction else (1, -1))]
        rules.append(max(tried, key=lambda rule: rule.roc_auc))
    return tuple(sorted(rules, key=lambda rule: -rule.roc_auc)[:n])


def rule_scores(column: Floats, direction: int) -> Floats:
    """Return a feature as a score: turned so that more is more suspicious, missing values last.

    Parameters
    ----------
    column : ndarray of shape (n,), dtype float64
        The feature's values; NaN is missing.
    direction : {-1, 1}
        -1 if less is more suspicious.

    Returns
    -------
    scores : ndarray of shape (n,), dtype float64

    Examples
    --------
    >>> rule_scores(np.array([3.0, np.nan, 5.0]), -1)
    array([ -3., -11.,  -5.])
    """
    turned = tree_input(direction * column)
    known = turned[~np.isnan(turned)]
    least = float(known.min()) if known.size else 0.0
    return np.where(np.isnan(turned), least - 1.0 - abs(least), turned)


def fit_tree(X: Floats, y: Bools, weight: Floats, random_state: int = 0) -> Any:
    """Fit a decision tree of depth 3.

    Parameters
    ----------
    X, y, weight
        As of `best_rules`.
    random_state : int, default=0

    Returns
    -------
    tree : sklearn.tree.DecisionTreeClassifier
        Of the classes False and True; to be asked about what `tree_input` returns.
    """
    from sklearn.tree import DecisionTreeClassifier

    tree = DecisionTreeClassifier(
        max_depth=_TREE_DEPTH, min_samples_leaf=_TREE_MIN_LEAF, random_state=random_state
    )
    return tree.fit(tree_input(X), y, sample_weight=weight)


def tree_input(X: Floats) -> Floats:
    """Bring numbers within the reach of scikit-learn's trees, which know 32 bits and no infinity."""
    return np.clip(X, -_LARGEST, _LARGEST)


def tree_text(tree: Any, names: Sequence[str], second: str = "of the second class") -> str:
    """Write a small tree down as nested questions.

    Parameters
    ----------
    tree : sklearn.tree.DecisionTreeClassifier
        Of two classes.
    names : sequence of str
        Its features.
    second : str, default="of the second class"
        What the share of the second class is called.

    Returns
    -------
    text : str

    Examples
    --------
    >>> X = np.arange(40.0)[:, None]
    >>> print(tree_text(fit_tree(X, X[:, 0] > 19, np.ones(40)), ["sends"]))
    if sends <= 19.5:
      0.00 % of the second class (50.00 % of the rows)
    else:
      100.00 % of the second class (50.00 % of the rows)
    """
    grown = tree.tree_
    lines: list[str] = []

    def tell(node: int, depth: int) -> None:
        indent = "  " * depth
        if grown.children_left[node] < 0:
            share = grown.value[node, 0, 1] / grown.value[node, 0].sum()
            rows = grown.weighted_n_node_samples[node] / grown.weighted_n_node_samples[0]
            lines.append(f"{indent}{100 * share:.2f} % {second} ({100 * rows:.2f} % of the rows)")
            return
        name, cut = names[grown.feature[node]], grown.threshold[node]
        missing = " or missing" if grown.missing_go_to_left[node] else ""
        lines.append(f"{indent}if {name} <= {cut:.6g}{missing}:")
        tell(grown.children_left[node], depth + 1)
        lines.append(f"{indent}else:")
        tell(grown.children_right[node], depth + 1)

    tell(0, 0)
    return "\n".join(lines)


def some_of_each(
    is_second: Bools, weight: Floats, most: int, seed: int
) -> tuple[npt.NDArray[np.int64], Floats]:
    """Draw at most so many rows of either class, which weigh what all of theirs do; none of weight 0.

    Parameters
    ----------
    is_second : ndarray of shape (n_rows,), dtype bool
    weight : ndarray of shape (n_rows,), dtype float64
    most : int
    seed : int

    Returns
    -------
    rows : ndarray of int64
        Rising.
    weight : ndarray of float64
        Of these rows.

    Examples
    --------
    >>> some_of_each(np.array([True, False, False, False]), np.ones(4), 1, seed=0)[1].tolist()
    [1.0, 3.0]
    """
    rng = np.random.default_rng(seed)
    share, drawn = np.ones(len(weight)), []
    for rows in (np.flatnonzero((is_second == label) & (weight > 0)) for label in (False, True)):
        few = np.sort(rng.choice(rows, most, replace=False)) if rows.size > most else rows
        share[few] = weight[rows].sum() / weight[few].sum()
        drawn.append(few)
    chosen = np.sort(np.concatenate(drawn))
    return chosen, (weight * share)[chosen]


def _rule(X: Floats, y: Bools, weight: Floats, name: str, column: int, direction: int) -> Rule:
    from sklearn.metrics import auc, roc_curve

    scores = rule_scores(X[:, column], direction)
    false, hit, cuts = roc_curve(y, scores, sample_weight=weight, drop_intermediate=False)
    best = 1 + int(np.argmax((hit - false)[1:]))  # the first point stands above every value
    cut = float(direction * cuts[best])
    return Rule(name, column, direction, cut, float(auc(false, hit)), float(hit[best]), float(false[best]))

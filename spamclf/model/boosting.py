"""Boosting: rows that may be trained on, and forests fitted to some of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from spamclf.errors import ParameterError
from spamclf.model.bins import bin_codes, bin_edges, with_edges
from spamclf.model.folds import one_per_row
from spamclf.model.forest import Forest
from spamclf.model.inputs import binnable, checked_weights, require_both
from spamclf.progress import SlowPace
from spamclf.wording import counted

__all__ = ["Boosting", "Rows"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False, repr=False)
class Rows:
    """The rows to train on: those whose weight is not zero.

    Attributes
    ----------
    X : ndarray of shape (n_rows, n_features), dtype float64
        As `binnable` leaves it.
    is_second : ndarray of shape (n_rows,), dtype bool
        The label.
    weight : ndarray of shape (n_rows,), dtype float64
    groups, time : ndarray of shape (n_rows,) or None
    """

    X: Floats
    is_second: Bools
    weight: Floats
    groups: npt.NDArray[Any] | None = None
    time: npt.NDArray[Any] | None = None

    @classmethod
    def of(
        cls, X: Floats, is_second: Bools, sample_weight: Any, groups: Any, time: Any
    ) -> tuple[Self, Bools]:
        """Return the rows, and which of those given they are.

        Raises
        ------
        InsufficientDataError, ParameterError
            As of `SpamClassifier.fit`.
        """
        weight = checked_weights(sample_weight, len(X))
        used = weight > 0
        groups, time = (
            None if values is None else one_per_row(name, values, len(X))[used]
            for name, values in (("groups", groups), ("time", time))
        )
        if not used.all():
            X, is_second, weight = X[used], is_second[used], weight[used]
        require_both(is_second)
        return cls(binnable(X), is_second, weight, groups, time), used

    def __len__(self) -> int:
        return len(self.X)


@dataclass(frozen=True, eq=False, repr=False)
class Boosting:
    """Rows, and how forests are fitted to them.

    Attributes
    ----------
    rows : Rows
    settings : mapping
        Of scikit-learn's ``HistGradientBoostingClassifier``.
    edges : list of ndarray or None
        Between the bins whose numbers `rows` holds instead of values; None where scikit-learn is to choose its own.
    say : callable or None
        Takes a line on how far a forest is that takes long.
    """

    rows: Rows
    settings: Mapping[str, Any]
    edges: list[Floats] | None
    say: Callable[[str], None] | None = None

    @classmethod
    def of(
        cls,
        rows: Rows,
        settings: Mapping[str, Any],
        *,
        weighted: bool,
        say: Callable[[str], None] | None = None,
    ) -> Self:
        """Bin the rows beforehand if weights differ: scikit-learn would draw its edges by them, at random."""
        if not weighted:
            return cls(rows, settings, None, say)
        max_bins = settings["max_bins"]
        if not isinstance(max_bins, int | np.integer) or not 2 <= max_bins <= 255:
            raise ParameterError(
                f"SpamClassifier: max_bins must be a whole number from 2 to 255; got {max_bins!r}. Use 255."
            )
        edges = bin_edges(rows.X, int(max_bins))
        return cls(replace(rows, X=bin_codes(rows.X, edges)), settings, edges, say)

    def fit(self, chosen: Any, weight: Floats) -> Any:
        """Fit scikit-learn's estimator to some rows.

        Parameters
        ----------
        chosen : slice or ndarray
            Which ones.
        weight : ndarray of shape (n_rows,), dtype float64
            Of all rows.

        Returns
        -------
        estimator : sklearn.ensemble.HistGradientBoostingClassifier

        Raises
        ------
        InsufficientDataError
            If they are of one class.
        ParameterError
            If a setting is none.
        """
        from sklearn.ensemble import HistGradientBoostingClassifier

        is_second, weight = self.rows.is_second[chosen], weight[chosen]
        require_both(is_second, "each part of the rows to train on")
        estimator = HistGradientBoostingClassifier(**self.settings, early_stopping=False)
        failed: list[BaseException] = []
        if self.say is not None:
            _tell_trees(estimator, _noting(self.say, failed))
        try:
            return estimator.fit(
                binnable(self.rows.X[chosen]),
                is_second,
                sample_weight=None if (weight == 1).all() else weight,
            )
        except (TypeError, ValueError) as error:
            if error in failed:  # the caller's own
                raise
            reason = str(error).splitlines()[0].rstrip(".")
            raise ParameterError(
                f"SpamClassifier: parameters must be such as HistGradientBoostingClassifier takes; got: {reason}. "
                "See its documentation."
            ) from error

    def forest(self, weight: Floats, n_trees: int) -> Forest:
        """Fit so many trees to all rows."""
        whole = replace(self, settings={**self.settings, "max_iter": n_trees})
        forest = Forest.from_sklearn(whole.fit(slice(None), weight))
        return forest if self.edges is None else with_edges(forest, self.edges)


def _noting(say: Callable[[str], None], failed: list[BaseException]) -> Callable[[str], None]:
    """Return the same function, which notes what it fails of."""

    def noted(line: str) -> None:
        try:
            say(line)
        except BaseException as error:
            failed.append(error)
            raise

    return noted


def _tell_trees(estimator: Any, say: Callable[[str], None]) -> None:
    """Tell how many trees are grown: scikit-learn calls nobody back, but asks its loss for gradients before each."""
    get_loss = getattr(estimator, "_get_loss", None)
    if get_loss is None:  # its own business: without it nothing is told
        return

    def told_loss(**arguments: Any) -> Any:
        loss, done = get_loss(**arguments), count()
        gradients = loss.gradient_hessian
        begun: list[SlowPace] = []  # at the first tree: what is binned before is no part of the pace

        def told(*args: Any, **kwargs: Any) -> Any:
            k = next(done)
            if not begun:
                begun.append(SlowPace(estimator.max_iter, say))
            begun[0].tell(f"grown {k:,} of {counted(estimator.max_iter, 'tree')}", k, "trees")
            return gradients(*args, **kwargs)

        loss.gradient_hessian = told
        return loss

    estimator._get_loss = told_loss

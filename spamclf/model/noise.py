"""Labels that are wrong now and then: which ones to believe less."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from spamclf.errors import ParameterError
from spamclf.model.calibration import SigmoidCalibration
from spamclf.model.folds import group_codes

__all__ = ["label_trust", "noise_rates"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
_MOST = 0.4  # beyond it labels say next to nothing
_SUREST = 1e-4  # no score is believed to be surer than this


def noise_rates(label_noise: Any, classes: npt.NDArray[Any]) -> tuple[float, float]:
    """Return the share of each true class that carries the other's label.

    Parameters
    ----------
    label_noise : float or mapping of class to float
        One share for both, or one for each; 0 for a class that is not named.
    classes : ndarray of shape (2,)

    Returns
    -------
    of_first, of_second : float

    Raises
    ------
    ParameterError
        If a share is not in [0, 0.4], or a class is unknown.

    Examples
    --------
    >>> noise_rates({True: 0.1}, np.array([False, True]))
    (0.0, 0.1)
    """
    known = classes.tolist()
    by_class = label_noise if isinstance(label_noise, Mapping) else dict.fromkeys(known, label_noise)
    shares = [by_class.get(each, 0.0) for each in known]
    is_legal = all(isinstance(share, int | float | np.number) and 0 <= share <= _MOST for share in shares)
    if not is_legal or not set(by_class) <= set(known):
        raise ParameterError(
            f"SpamClassifier: label_noise must be a share from 0 to {_MOST:g}, or a dict of such by class; got "
            f"{label_noise!r}. Use 0.015 if 1.5 % of the labels are thought to be wrong."
        )
    return float(shares[0]), float(shares[1])


def label_trust(
    raw: Floats, is_second: Bools, weight: Floats, groups: Any, rates: tuple[float, float]
) -> Floats:
    """Return the chance that each row's label is right, given what rows of other groups say of it.

    A group (account) is judged at the highest of its raw scores, as it is when it is flagged; Bayes' rule weighs that
    against the rates. All rows of a group with one label get one chance. Never are more labels of a class disbelieved,
    by weight, than the rates let expect.

    Parameters
    ----------
    raw : ndarray of shape (n_rows,), dtype float64
        Log odds of the second label, by forests that saw no row of the group.
    is_second : ndarray of shape (n_rows,), dtype bool
        The label.
    weight : ndarray of shape (n_rows,), dtype float64
    groups : array_like of shape (n_rows,) or None
    rates : (float, float)
        As of `noise_rates`.

    Returns
    -------
    trust : ndarray of shape (n_rows,), dtype float64
        From 0 to 1.

    Examples
    --------
    >>> raw = np.repeat([-6.0, 6.0], 100)
    >>> label = np.repeat([False, True, False, True], [99, 1, 1, 99])
    >>> label_trust(raw, label, np.ones(200), None, (0.015, 0.015))[[0, 99, 100, 101]].round(2)
    array([1.  , 0.01, 0.01, 1.  ])
    """
    place, n_groups = group_codes(groups, len(raw))
    highest = np.full(n_groups, -np.inf)
    np.maximum.at(highest, place, raw)
    of_first, of_second = rates
    # The forests learned to foretell labels; what they say of the class behind the label lies further out.
    says_second = SigmoidCalibration(1.0, 0.0)(highest)
    second = np.clip((says_second - of_first) / (1.0 - of_first - of_second), _SUREST, 1.0 - _SUREST)[place]
    as_second = (1.0 - of_second) * second, of_first * (1.0 - second)  # right, wrong
    as_first = (1.0 - of_first) * (1.0 - second), of_second * second
    right, wrong = (np.where(is_second, a, b) for a, b in zip(as_second, as_first, strict=True))
    doubt: Floats = wrong / (right + wrong)
    for label, most in zip((False, True), _expected(is_second, weight, rates), strict=True):
        found = float((weight * doubt)[is_second == label].sum())
        if found > most:
            doubt[is_second == label] *= most / found
    return 1.0 - doubt


def _expected(is_second: Bools, weight: Floats, rates: tuple[float, float]) -> tuple[float, float]:
    """Return the weight of wrong labels to expect among those of the first and of the second class."""
    of_first, of_second = rates
    total = float(weight.sum())
    labelled_second = float(weight[is_second].sum())
    truly_second = min(max((labelled_second - of_first * total) / (1.0 - of_first - of_second), 0.0), total)
    return of_second * truly_second, of_first * (total - truly_second)

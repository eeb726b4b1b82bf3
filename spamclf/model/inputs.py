"""What a classifier is given, checked: columns, classes, weights, directions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from spamclf.errors import InsufficientDataError, ParameterError
from spamclf.features.catalogue import CATALOGUE

__all__ = [
    "binnable",
    "checked_weights",
    "column_names",
    "columns_differ",
    "difference",
    "directions_of",
    "require_both",
    "two_classes",
    "unreadable",
]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
_SHOWN = 10  # names in a message
_LARGEST = float(np.finfo(np.float64).max) / 4  # the middle between two of them is still a number


def two_classes(y: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], Bools]:
    """Return the two classes, sorted, and whether each row is of the second.

    Raises
    ------
    InsufficientDataError
        If there is one class.
    ParameterError
        If there are more, or numbers that are no classes.

    Examples
    --------
    >>> two_classes(np.array(["ham", "spam", "ham"]))
    (array(['ham', 'spam'], dtype='<U4'), array([False,  True, False]))
    """
    from sklearn.utils.multiclass import check_classification_targets, type_of_target

    try:
        check_classification_targets(y)
        kind = type_of_target(y, input_name="y", raise_unknown=True)
    except ValueError as error:
        raise ParameterError(
            f"SpamClassifier: y must be classes; got other values. Give 1 for automated, 0 for honest. ({error})"
        ) from None
    classes, code = np.unique(y, return_inverse=True)
    if kind != "binary" or classes.size > 2:
        raise ParameterError(
            f"SpamClassifier: y must be of two classes; got {classes.size:,}, a target that is {kind}. "
            "Give 1 for automated, 0 for honest. (Only binary classification is supported. "
            f"The type of the target is {kind}.)"
        )
    if classes.size < 2:
        raise InsufficientDataError(
            "SpamClassifier: y must hold both classes; got one class. Give labelled accounts of both kinds."
        )
    return classes, code == 1


def checked_weights(sample_weight: Any, n_rows: int) -> Floats:
    """Return the weights of the rows, 1 by default.

    Raises
    ------
    ParameterError
        If they are not one number per row, finite and at least 0.

    Examples
    --------
    >>> checked_weights([0, 2], 2)
    array([0., 2.])
    """
    if sample_weight is None:
        return np.ones(n_rows)
    try:
        weight = np.asarray(sample_weight, np.float64)
    except (TypeError, ValueError):
        weight = np.array(np.nan)
    if weight.shape != (n_rows,) or not (np.isfinite(weight).all() and (weight >= 0).all()):
        raise ParameterError(
            f"SpamClassifier: sample_weight must be one number per row, finite and at least 0, {n_rows:,} in all; "
            "got other values, or another shape. Give a list as long as y."
        )
    return weight


def require_both(is_second: Bools, of: str = "rows") -> None:
    """Refuse rows of one class.

    Raises
    ------
    InsufficientDataError
    """
    if not (is_second.any() and not is_second.all()):
        raise InsufficientDataError(
            f"SpamClassifier: {of} whose weight is not zero must hold both classes; got "
            f"{'one class' if is_second.size else 'none'}. Give labelled accounts of both kinds."
        )


def binnable(X: Floats) -> Floats:
    """Bring a table to what scikit-learn can bin: no column without a value, no infinities.

    Columns that are missing in every row become 0, where no split can use them. Infinities become numbers beyond which
    there is nothing: scores stay what they would be.

    Raises
    ------
    InsufficientDataError
        If that is all columns.

    Examples
    --------
    >>> binnable(np.array([[1.0, np.nan], [np.nan, np.nan]]))
    array([[ 1.,  0.],
           [nan,  0.]])
    """
    unknown = np.isnan(X).all(axis=0)
    if unknown.all():
        raise InsufficientDataError(
            f"SpamClassifier: X must hold a feature that is known of some row; got {unknown.size:,} that are "
            "missing in all of them. Give other features, or the columns that they are computed from."
        )
    X = np.where(unknown, 0.0, X) if unknown.any() else X
    return np.clip(X, -_LARGEST, _LARGEST) if np.isinf(X).any() else X


def directions_of(monotonic_cst: Any, names: Sequence[str] | None, n_features: int) -> list[int]:
    """Return the direction of each column: 1, -1 or 0.

    Raises
    ------
    ParameterError
        If `monotonic_cst` is neither "catalogue", None, a dict of named columns, nor one of {-1, 0, 1} per column.

    Examples
    --------
    >>> directions_of("catalogue", ["fan_out_strangers", "shoe_size"], 2)
    [1, 0]
    >>> directions_of({"b": -1}, ["a", "b"], 2)
    [0, -1]
    """
    if monotonic_cst is None:
        return [0] * n_features
    if isinstance(monotonic_cst, str) and monotonic_cst == "catalogue":
        return [CATALOGUE[name].direction if name in CATALOGUE else 0 for name in names or [""] * n_features]
    if isinstance(monotonic_cst, Mapping):
        unknown = [str(name) for name in monotonic_cst if name not in (names or ())]
        if unknown:
            got = ", ".join(unknown[:_SHOWN]) + (", ..." if unknown[_SHOWN:] else "")
            raise ParameterError(
                f"SpamClassifier: monotonic_cst must name columns of X; got others: {got}. "
                "Leave them out, or give X as a dataframe with such columns."
            )
        given = [monotonic_cst.get(name, 0) for name in names or ()]
    else:
        given = list(monotonic_cst) if np.ndim(monotonic_cst) == 1 else []
    if len(given) != n_features or not all(each in (-1, 0, 1) for each in given):
        raise ParameterError(
            'SpamClassifier: monotonic_cst must be "catalogue", None, a dict by column name, or one of -1, 0, 1 for '
            f"each of the {n_features:,} columns; got something else. Use None for no constraints."
        )
    return [int(each) for each in given]


def unreadable(error: ValueError, X: Any = None) -> ParameterError:
    """Turn what scikit-learn says of a wrong `X` or `y` into an error of ours, without the values themselves."""
    reason, remedy = str(error), "Give one row per account or instant, NaN or null for what is missing."
    if "could not convert" in reason:
        import narwhals as nw

        reason = "a text where a number must be"
        frame = nw.from_native(X, eager_only=True, pass_through=True)
        if isinstance(frame, nw.DataFrame):
            told = [
                name for name, kind in frame.schema.items() if not kind.is_numeric() and kind != nw.Boolean
            ]
            reason += f" (columns {', '.join(told[:_SHOWN])})"
            remedy = "Leave these columns out, or encode them as numbers."
    return ParameterError(
        f"SpamClassifier: X must be a table of numbers, y one class per row; got: {reason.rstrip('.')}. {remedy}"
    )


def columns_differ(
    X: Any, names: Sequence[str] | None, n_features: int, error: ValueError
) -> ParameterError | None:
    """Say which columns are missing and which are unknown, if that is what scikit-learn complained about.

    Parameters
    ----------
    X : table
        As given.
    names : sequence of str or None
        The columns of `fit`, if it knew names.
    n_features : int
        How many they were.
    error : ValueError
        What scikit-learn raised.

    Returns
    -------
    error : ParameterError or None
        None if it was something else.
    """
    shown = str(error)
    if "feature names should match" not in shown and "is expecting" not in shown:
        return None
    given = column_names(X)
    if names is None or given is None:
        got = f"{np.shape(X)[1]:,} instead of {n_features:,}"
    else:
        got = difference(given, names)
    return ParameterError(
        f"SpamClassifier: X must have the {n_features:,} columns of fit, in their order; got {got}. "
        f"Give those columns. ({shown})"
    )


def difference(given: Sequence[str], names: Sequence[str]) -> str:
    """Say in words how columns differ from those wanted.

    Examples
    --------
    >>> difference(["a", "x"], ["a", "b"])
    'missing: b; unknown: x'
    >>> difference(["b", "a"], ["a", "b"])
    'them in another order'
    """
    missing = [name for name in names if name not in set(given)]
    unknown = [name for name in given if name not in set(names)]
    got = "; ".join(
        f"{what}: {', '.join(those[:_SHOWN])}{', ...' if those[_SHOWN:] else ''}"
        for what, those in (("missing", missing), ("unknown", unknown))
        if those
    )
    return got or "them in another order"


def column_names(X: Any) -> list[str] | None:
    """Return the names of a table's columns; None if it is none, or numbers them, as scikit-learn has it.

    Examples
    --------
    >>> import pandas as pd
    >>> column_names(pd.DataFrame({"a": [1], "b": [2]}))
    ['a', 'b']
    >>> column_names(pd.DataFrame([[1, 2]])) is None
    True
    """
    names = getattr(X, "column_names", None)  # pyarrow; its `columns` are the values
    names = getattr(X, "columns", None) if names is None else names
    if names is None or not all(isinstance(name, str) for name in names):
        return None
    return [str(name) for name in names]

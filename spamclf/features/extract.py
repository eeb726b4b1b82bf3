"""Assemble a FeatureTable: one row per account and instant, one column per feature of the catalogue."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf.campaigns.shown import read_photos, read_texts
from spamclf.dataset import Dataset, check_dataset
from spamclf.ego import EgoLog, Slices, log_of
from spamclf.errors import ParameterError
from spamclf.features.catalogue import CATALOGUE, FAMILIES, family_of
from spamclf.features.feature import Family
from spamclf.instants import check_history, instant_or_last, iso, to_instant
from spamclf.tables.frames import to_native
from spamclf.threads import equal_parts, in_threads, n_threads

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["AfterSends", "FeatureTable", "Snapshots", "extract", "last_look", "measure", "snapshot_slices"]

_MIN_WORK = 50_000  # log entries below which a second thread costs more than it saves


@dataclass(frozen=True)
class AfterSends:
    """Ask for one snapshot of an account just after each of its n-th sends.

    Parameters
    ----------
    *counts : int
        The n's, each at least 1.

    Examples
    --------
    >>> AfterSends(1, 5, 20, 100)
    AfterSends(1, 5, 20, 100)
    """

    counts: tuple[int, ...]

    def __init__(self, *counts: int) -> None:
        if not counts or any(not isinstance(count, int | np.integer) or count < 1 for count in counts):
            raise ParameterError(
                f"AfterSends: counts must be whole numbers from 1; got {counts}. Use AfterSends(1, 5, 20, 100)."
            )
        object.__setattr__(self, "counts", tuple(int(count) for count in counts))

    def __repr__(self) -> str:
        return f"AfterSends({', '.join(map(str, self.counts))})"


Snapshots = AfterSends | Sequence[Any] | None


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """Features of accounts at instants.

    Attributes
    ----------
    account_ids : pyarrow.Array of length n_rows
    as_of : ndarray of shape (n_rows,), dtype int64
        Microseconds since the epoch, UTC; rows of the dataset at or after it are unseen.
    names : tuple of str
        Features, in the order of `values`.
    values : ndarray of shape (n_features, n_rows), dtype float64
        NaN where a value cannot be known. One contiguous row per feature.
    history_days : float
        Look-back before each `as_of`.
    frame : str
        The dataframe library that the dataset came in.

    Examples
    --------
    >>> from spamclf import extract, read_dataset
    >>> table = extract(read_dataset("data/sample"), as_of="2026-06-01", features=["fan_out"])
    >>> table["fan_out_strangers"].shape
    (400,)
    """

    account_ids: pa.Array
    as_of: npt.NDArray[np.int64]
    names: tuple[str, ...]
    values: npt.NDArray[np.float64]
    history_days: float
    frame: str = "pyarrow"

    def __len__(self) -> int:
        return self.as_of.size

    def __repr__(self) -> str:
        return f"<FeatureTable: {len(self):,} rows, {len(self.names)} features>"

    def __getitem__(self, name: str) -> npt.NDArray[np.float64]:
        """Return one feature's values, shape (n_rows,)."""
        if name not in self.names:
            raise ParameterError(
                f"FeatureTable: name must be one of its {len(self.names)} features; got {name!r}. See table.names."
            )
        values: npt.NDArray[np.float64] = self.values[self.names.index(name)]
        return values

    def matrix(self, names: Sequence[str] | None = None) -> npt.NDArray[np.float64]:
        """Return the values as a C-contiguous matrix of shape (n_rows, n_features), for an estimator.

        Parameters
        ----------
        names : sequence of str, optional
            Features, in the order of the columns to come; by default all.

        Returns
        -------
        matrix : ndarray of shape (n_rows, n_features), dtype float64
            NaN where a feature cannot be known.
        """
        if names is None or tuple(names) == self.names:
            return np.ascontiguousarray(self.values.T)
        return np.column_stack([self[name] for name in names])

    def to_arrow(self) -> pa.Table:
        """Return account_id, as_of and one column per feature; what is unknown is null."""
        columns: dict[str, pa.Array] = {
            "account_id": self.account_ids,
            "as_of": pa.array(self.as_of, pa.timestamp("us", tz="UTC")),
        }
        for name, values in zip(self.names, self.values, strict=True):
            columns[name] = pa.array(values, from_pandas=True)
        return pa.table(columns)

    def to_pandas(self) -> pd.DataFrame:
        """Return the same as `to_arrow` as a pandas dataframe."""
        return self.to_arrow().to_pandas()  # type: ignore[no-any-return]

    def to_native(self) -> Any:
        """Return the same as a dataframe of the kind that the dataset came in."""
        return to_native(self.to_arrow(), self.frame)


def extract(
    dataset: Dataset,
    *,
    as_of: Any = None,
    snapshots: Snapshots = None,
    features: Sequence[str] | None = None,
    history_days: float = 30.0,
    n_jobs: int = -1,
    ego: EgoLog | None = None,
) -> FeatureTable:
    """Compute features of every account at one or several instants.

    Only rows strictly before an instant, and at most `history_days` before it, are seen: adding, changing or
    removing any other row changes no value.

    Parameters
    ----------
    dataset : Dataset
    as_of : str, datetime or int (microseconds since the epoch), optional
        The instant; by default just after the last row of messages, reports, photos, texts and registrations.
    snapshots : AfterSends or sequence of instants, optional
        Several rows per account instead of one: at each of these instants, or just after each n-th send that the
        account makes before `as_of`.
    features : sequence of str, optional
        Names of features or of whole families; by default the whole catalogue. Only the families that are asked
        for are computed (and compiled).
    history_days : float, default=30
        Look-back in days, above 0.
    n_jobs : int, default=-1
        Threads, in joblib's sense. The values do not depend on it.
    ego : EgoLog, optional
        The dataset's log, if it was built before.

    Returns
    -------
    FeatureTable
        Accounts in the order of the accounts table, then other senders by id; each account's snapshots in time.

    Raises
    ------
    ParameterError
        For an unknown feature or an argument out of its range.
    InsufficientDataError
        If no instant is given and no row has a time.
    SchemaError, DataFileError
        If signatures of texts come without how they were made, or ``innocent.csv`` cannot be read.

    Examples
    --------
    >>> from spamclf import Dataset, extract
    >>> dataset = Dataset(
    ...     accounts={"account_id": ["a", "b"]},
    ...     messages={"sender_id": ["a", "b"], "recipient_id": ["b", "a"], "sent_at": [10, 30]}, time_unit="s",
    ... )
    >>> table = extract(dataset, features=["send_rate_sends", "replies_latency_median_s"])
    >>> table["replies_latency_median_s"]
    array([20., nan])
    """
    check_dataset(dataset, "extract")
    names = resolve_features(features)
    check_history(history_days, "extract")
    n_threads(n_jobs, "extract")
    when = _instants(dataset, as_of, snapshots, names, n_jobs)
    ego = log_of(dataset, ego, "extract", n_jobs=n_jobs)
    slices = snapshot_slices(ego, when, snapshots, history_days)
    return FeatureTable(
        ego.account_ids.take(pa.array(slices.account)),
        slices.as_of,
        names,
        measure(ego, slices, names, n_jobs=n_jobs),
        history_days,
        dataset.frame,
    )


def resolve_features(features: Sequence[str] | None, *, where: str = "extract") -> tuple[str, ...]:
    """Return the names of features, families spelled out; all of the catalogue for None."""
    if features is None:
        return tuple(CATALOGUE)
    if isinstance(features, str):
        features = [features]
    names: dict[str, None] = {}
    for name in features:
        if name in FAMILIES:
            names |= dict.fromkeys(feature.name for feature in FAMILIES[name].features)
        elif name in CATALOGUE:
            names[name] = None
        else:
            import difflib

            near = difflib.get_close_matches(name, [*CATALOGUE, *FAMILIES], n=3)
            hint = f"Did you mean {' or '.join(near)}?" if near else f"Families: {', '.join(FAMILIES)}."
            raise ParameterError(
                f"{where}: features must be names of the catalogue or of its families; got {name!r}. {hint}"
            )
    return tuple(names)


def last_look(dataset: Dataset, as_of: Any, names: Sequence[str], where: str, *, n_jobs: int = -1) -> int:
    """Return `as_of` in microseconds since the epoch; None is the instant just after the last row that features see.

    Photos and texts that cannot be read leave the tables when they are read first, and their instants with them. So
    what these features read is read before the last row is looked for, and the same call gives the same twice.
    """
    families = {family_of(name).name for name in names} if as_of is None else set()
    given, asks_evidence = dataset.given, "evidence" in families
    if "photos" in given and ("photo" in families or (asks_evidence and "evidence" in given)):
        read_photos(dataset, n_jobs=n_jobs)
    if "texts" in given and ("template" in families or asks_evidence):
        read_texts(dataset, n_jobs=n_jobs)
    return instant_or_last(dataset, as_of, where)


def _instants(
    dataset: Dataset, as_of: Any, snapshots: Snapshots, names: Sequence[str], n_jobs: int
) -> list[int]:
    """Return the instants asked for; of `AfterSends` the one before which sends count."""
    if snapshots is None or isinstance(snapshots, AfterSends):
        return [last_look(dataset, as_of, names, "extract", n_jobs=n_jobs)]
    if isinstance(snapshots, str):
        snapshots = [snapshots]
    when = sorted({to_instant(each, name="snapshots", where="extract") for each in snapshots})
    if as_of is not None and when and when[-1] > to_instant(as_of):
        raise ParameterError(
            f"extract: snapshots must not be later than as_of; got {iso(when[-1])}. Leave as_of out, or move it."
        )
    return when


def snapshot_slices(ego: EgoLog, when: Sequence[int], snapshots: Snapshots, history_days: float) -> Slices:
    """Return the slices of every account: at each instant, or after its n-th sends before the only one."""
    if isinstance(snapshots, AfterSends):
        account, instant = ego.after_sends(snapshots.counts, when[0])
        return ego.slices(account, instant, history_days=history_days)
    account = np.repeat(np.arange(ego.n_accounts), len(when))
    return ego.slices(account, np.tile(np.asarray(when, np.int64), ego.n_accounts), history_days=history_days)


def measure(
    ego: EgoLog, slices: Slices, names: Sequence[str], *, n_jobs: int = -1
) -> npt.NDArray[np.float64]:
    """Compute features of slices: the one computation behind every door.

    Returns
    -------
    values : ndarray of shape (n_features, n_slices), dtype float64
    """
    families, rows, size = _plan(tuple(names))
    values = np.empty((size, len(slices)))
    load = np.zeros(len(slices) + 1, np.int64)
    np.cumsum(slices.ends - slices.starts + 20, out=load[1:])
    threads = n_threads(n_jobs) if load[-1] > _MIN_WORK else 1
    bounds = equal_parts(load, 4 * threads) if threads > 1 else sorted({0, len(slices)})
    row = 0
    for family in families:
        out = values[row : row + len(family.features)]
        in_threads(family.measure(ego, slices, out), bounds, threads)
        row += len(family.features)
    return values if rows is None else values[rows]


@functools.lru_cache(maxsize=64)
def _plan(names: tuple[str, ...]) -> tuple[list[Family], npt.NDArray[np.int64] | None, int]:
    """Return the families that compute features, where these are among all of theirs, and how many these are.

    None stands for all, in order.
    """
    families = [FAMILIES[name] for name in dict.fromkeys(family_of(name).name for name in names)]
    every = [feature.name for family in families for feature in family.features]
    rows = None if list(names) == every else np.array([every.index(name) for name in names], np.int64)
    return families, rows, len(every)

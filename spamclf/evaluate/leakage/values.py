"""Anybody's feature code as one function of a dataset and an instant, and its values side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.dataset import Dataset
from spamclf.ego import EgoLog
from spamclf.errors import ParameterError, SchemaError
from spamclf.facts import column_of
from spamclf.features.extract import FeatureTable, extract, resolve_features
from spamclf.tables.frames import to_arrow

__all__ = ["FeatureCode", "Features", "Values", "plain_ids"]

Floats = npt.NDArray[np.float64]
Code = Callable[[Dataset, datetime], Any]
#: What `audit_leakage` takes: names of the catalogue, a function, or several by name.
Features = Sequence[str] | Code | Mapping[str, Code] | None

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, eq=False)
class Values:
    """Values of some accounts: `X` has shape (n_features, n_rows), NaN where unknown."""

    account_ids: pa.Array
    names: tuple[str, ...]
    X: Floats

    def of(self, who: pa.Array, names: Sequence[str]) -> Floats:
        """Return shape (len(names), len(who)): NaN for accounts and features that are not there."""
        place = np.asarray(pc.index_in(who, value_set=self.account_ids).fill_null(-1))
        rows = [self.names.index(name) if name in self.names else -1 for name in names]
        padded = np.pad(self.X, ((0, 1), (0, 1)), constant_values=np.nan)
        return np.ascontiguousarray(padded[np.array(rows, np.int64)[:, None], place])


class FeatureCode:
    """The features under audit: call it with a dataset and an instant (microseconds since the epoch).

    Attributes
    ----------
    left_out : set of str
        Columns that hold no numbers.
    """

    def __init__(self, features: Features, history_days: float, n_jobs: int) -> None:
        self.left_out: set[str] = set()
        self._history_days, self._n_jobs = history_days, n_jobs
        self._ego: EgoLog | None = None
        self._names: tuple[str, ...] = ()
        self._codes: dict[str, Code] = {}
        if isinstance(features, Mapping):
            if not features or not all(callable(code) for code in features.values()):
                raise _refused("a mapping of names to functions", features)
            self._codes = {str(name): code for name, code in features.items()}
        elif callable(features):
            self._codes = {"": features}
        elif features is None or isinstance(features, Sequence):
            self._names = resolve_features(features)
            if not self._names:
                raise _refused("at least one", features)
        else:
            raise _refused("names of the catalogue, a function or a mapping of names to functions", features)

    def __call__(self, dataset: Dataset, as_of: int, only: Sequence[str] | None = None) -> Values:
        """Return the values of every account at an instant; of the catalogue's features only some, if asked."""
        if self._names:
            return self._catalogue(dataset, as_of, self._names if only is None else only)
        when = _EPOCH + timedelta(microseconds=as_of)
        parts = [
            self._read(name, _called(code, dataset, when), dataset) for name, code in self._codes.items()
        ]
        if len(parts) == 1:
            return parts[0]
        who = pc.unique(pa.concat_arrays([part.account_ids for part in parts]))
        names = tuple(name for part in parts for name in part.names)
        if len(set(names)) < len(names):
            raise SchemaError(
                "audit_leakage: features must have different names; got one twice. Rename a column."
            )
        return Values(who, names, np.concatenate([part.of(who, part.names) for part in parts]))

    def _catalogue(self, dataset: Dataset, as_of: int, names: Sequence[str]) -> Values:
        if self._ego is None or self._ego.dataset is not dataset:
            self._ego = EgoLog.build(dataset, n_jobs=self._n_jobs)
        table = extract(
            dataset,
            as_of=as_of,
            features=names,
            history_days=self._history_days,
            n_jobs=self._n_jobs,
            ego=self._ego,
        )
        return Values(plain_ids(table.account_ids, dataset), table.names, table.values)

    def _read(self, name: str, result: Any, dataset: Dataset) -> Values:
        table = _as_table(result)
        if "account_id" not in table.column_names:
            raise SchemaError(
                "audit_leakage: a table of features must have a column account_id; got none. "
                "Return one row per account, with its id."
            )
        ids = plain_ids(column_of(table, "account_id"), dataset)
        if ids.null_count or pc.count_distinct(ids).as_py() < len(ids):
            raise SchemaError(
                "audit_leakage: a table of features must have one row per account; got null or repeated ids. "
                "Return the values at one instant."
            )
        columns = dict(self._numbers(table))
        if not columns:
            raise SchemaError(
                "audit_leakage: a table of features must have a column of numbers; got none. "
                "Return numbers or booleans."
            )
        names = [f"{name}.{column}" if name else column for column in columns]
        if name and len(columns) == 1:
            names = [name]
        return Values(ids, tuple(names), np.stack(list(columns.values())))

    def _numbers(self, table: pa.Table) -> Iterator[tuple[str, Floats]]:
        for name in table.column_names:
            kind = table.schema.field(name).type
            if pa.types.is_boolean(kind):
                yield name, np.asarray(column_of(table, name).cast(pa.int8()).cast(pa.float64()), np.float64)
            elif pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_null(kind):
                if name != "account_id":
                    column = column_of(table, name).cast(pa.float64(), safe=False)
                    yield name, np.array(column.to_numpy(zero_copy_only=False), np.float64)
            elif name not in ("account_id", "as_of"):
                self.left_out.add(name)


def plain_ids(ids: pa.Array, dataset: Dataset) -> pa.Array:
    """Return ids as plain integers or strings, as the dataset has them.

    Raises
    ------
    SchemaError
        If they cannot be ids of this dataset.
    """
    try:
        return ids.cast(pa.int64() if dataset.integer_ids else pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):  # its words would quote an id
        kind = "integers" if dataset.integer_ids else "strings"
        raise SchemaError(
            f"audit_leakage: account_id must be {kind}, as in the dataset; got {ids.type}. Hand its ids on."
        ) from None


def _called(code: Code, dataset: Dataset, when: datetime) -> Any:
    try:
        return code(dataset, when)
    except Exception as error:
        error.add_note(
            "audit_leakage: features are computed on the dataset and on others like it, with other rows, ids and "
            "labels; they must be able to cope with those."
        )
        raise


def _as_table(result: Any) -> pa.Table:
    if isinstance(result, FeatureTable):
        return result.to_arrow()
    if isinstance(result, pa.RecordBatchReader):  # it can be read only once
        result = result.read_all()
    if type(result).__module__.split(".")[0] == "pandas" and "account_id" not in getattr(
        result, "columns", ()
    ):
        result = result.reset_index()
    names, _ = to_arrow(result, (), "audit_leakage")
    return to_arrow(result, names, "audit_leakage")[1]


def _refused(rule: str, got: Any) -> ParameterError:
    return ParameterError(
        f"audit_leakage: features must be {rule}; got {type(got).__name__}. "
        "Use a function of (dataset, as_of) that returns a table with account_id and numbers."
    )

"""Who trains, who calibrates and who is tested on, to be looked at or audited."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from spamclf.dataset import Dataset, check_dataset
from spamclf.ego import EgoLog
from spamclf.instants import check_history
from spamclf.labelled import EARLIER, PARTS, choose_rows
from spamclf.train.arguments import end_of, names_of

__all__ = ["split"]


def split(
    dataset: Dataset,
    *,
    as_of: Any = None,
    features: Sequence[str] | None = None,
    tiers: Sequence[str] | None = None,
    history_days: float = 30.0,
    whole_campaigns: bool = True,
    n_jobs: int = -1,
) -> Any:
    """Return the rows that `fit` makes of a dataset: which account is looked at when, and in which part.

    Parameters
    ----------
    dataset, as_of, features, tiers, history_days, whole_campaigns, n_jobs
        As of `fit`.

    Returns
    -------
    rows : dataframe of the kind that the dataset came in
        Columns ``account_id``, ``part`` (train, calibration or test), ``as_of``, ``is_automated``, ``campaign`` (a
        number that accounts kept together have in common; one of its own for an account of none) and ``weight``; what
        `spamclf.evaluate.audit_leakage` takes as a split.

    Raises
    ------
    InsufficientDataError, ParameterError, SchemaError, DataFileError
        As of `fit`.

    Examples
    --------
    >>> from spamclf import read_dataset, train
    >>> rows = train.split(read_dataset("data/sample", frame="pandas"))
    >>> rows["part"].unique().tolist()
    ['train', 'calibration', 'test']
    """
    check_dataset(dataset, "split")
    check_history(history_days)
    names = names_of(features, tiers)
    ego = EgoLog.build(dataset, n_jobs=n_jobs)
    rows = choose_rows(
        ego,
        end_of(dataset, as_of),
        names,
        history_days=history_days,
        whole_campaigns=whole_campaigns,
        n_jobs=n_jobs,
    )
    table = pa.table(
        {
            "account_id": ego.account_ids.take(pa.array(rows.slices.account)),
            "part": pa.array(PARTS).take(pa.array(rows.part, mask=rows.part == EARLIER)),
            "as_of": pa.array(rows.slices.as_of, pa.timestamp("us", tz="UTC")),
            "is_automated": pa.array(rows.y),
            "campaign": pa.array(rows.group),
            "weight": pa.array(rows.weight),
        }
    )
    order = np.lexsort((rows.slices.as_of, rows.part))
    return dataset.to_native(table.take(pa.array(order[rows.part[order] != EARLIER])))

"""What a model was made from: counts, data, versions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.campaigns.sightings import pseudonyms
from spamclf.dataset import Dataset
from spamclf.ego import EgoLog
from spamclf.existence import labels_too_early
from spamclf.facts import column_of, instants_of
from spamclf.features.catalogue import CATALOGUE
from spamclf.instants import iso
from spamclf.labelled import EARLIER, PARTS, TEST, TRAIN, LabelledRows
from spamclf.splits import latest_labels

__all__ = ["data_of", "fingerprint", "made_from", "name_of"]

Words = npt.NDArray[np.uint64]
_NULL = np.uint64(0x6E756C6C)


def made_from(
    dataset: Dataset, ego: EgoLog, rows: LabelledRows, end: int, names: Sequence[str]
) -> dict[str, Any]:
    """Say what a model was made from, as far as it is no setting of its own.

    Parameters
    ----------
    dataset : Dataset
    ego : EgoLog
    rows : LabelledRows
    end : int
        Rows and labels at or after it were unseen; microseconds since the epoch.
    names : sequence of str
        The model's features.

    Returns
    -------
    info : dict
        What JSON can hold.
    """
    return {
        "as_of": iso(end),
        "tiers": sorted({CATALOGUE[name].tier for name in names}),
        "data": data_of(dataset, ego, end),
        "parts_end": [iso(bound) for bound in rows.bounds[1:]],
        "counts": _counts(rows),
        "labels": _labels(ego, rows, end),
        "late_labels": _n_late_labels(ego, rows),
        "unseen_labels": int((instants_of(dataset.labels, "labelled_at") >= end).sum()),
        "left_out": rows.n_left_out,
        "unlabelled_accounts": int(np.unique(rows.slices.account[~rows.labelled]).size),
        "versions": _versions(),
    }


def _counts(rows: LabelledRows) -> dict[str, dict[str, int]]:
    """Count the labelled accounts of each part, and their rows."""
    return {
        name: {
            "automated": rows.n_accounts(part, automated=True),
            "honest": rows.n_accounts(part, automated=False),
            "rows": int(((rows.part == part) & rows.labelled).sum()),
            **_campaigns(rows, part),
        }
        for part, name in enumerate(PARTS)
    }


def _campaigns(rows: LabelledRows, part: int) -> dict[str, int]:
    """Count the campaigns of two automated accounts or more in a part, and the accounts in all and in the largest."""
    own = rows.group[rows.last() & rows.y & rows.labelled & (rows.part == part)]
    size = np.unique(own, return_counts=True)[1]
    size = size[size > 1]
    return {
        "campaigns": size.size,
        "in_campaigns": int(size.sum()),
        "largest_campaign": int(size.max(initial=0)),
    }


def _labels(ego: EgoLog, rows: LabelledRows, end: int) -> dict[str, int]:
    """Count the accounts with a label before `end`: in a part, or why in none."""
    label = latest_labels(ego, end)
    known = np.flatnonzero(label >= 0)
    used = np.unique(rows.slices.account[rows.labelled & (rows.part != EARLIER)])
    n_used, unused = used.size, np.setdiff1d(known, used)
    n_never = int((~np.isin(known, ego.after_last_send(end)[0])).sum())
    return {
        "accounts": known.size,
        "used": n_used,
        "never_sent": n_never,
        "silent": known.size - n_used - n_never - rows.n_left_out,
        "between": rows.n_left_out,
        "unused_automated": int((label[unused] == 1).sum()),
    }


def _n_late_labels(ego: EgoLog, rows: LabelledRows) -> int:
    """Count the accounts to train on that had no label yet when the test part began."""
    account, labelled_at, _ = ego.labels
    first = np.full(ego.n_accounts, np.iinfo(np.int64).max)
    np.minimum.at(first, account, labelled_at)
    trained = np.unique(rows.slices.account[(rows.part == TRAIN) & rows.labelled])
    return int((first[trained] >= rows.bounds[TEST]).sum())


def data_of(dataset: Dataset, ego: EgoLog, end: int) -> dict[str, Any]:
    """Say which data a model saw: sizes, the span before `end`, and a fingerprint of the whole dataset."""
    sent = dataset.messages["sent_at"]
    seen = sent.filter(pc.less(sent, pa.scalar(end, sent.type)))
    first, last = (pc.min_max(seen)[what].cast("int64").as_py() for what in ("min", "max"))
    return {
        "accounts": dataset.accounts.num_rows,
        "messages": len(seen),
        "duplicates": ego.n_duplicates,
        "quarantined": len(dataset.quarantine),
        "labels_before_registration": labels_too_early(dataset, end),
        "first_message": None if first is None else iso(first),
        "last_message": None if last is None else iso(last),
        "fingerprint": fingerprint(dataset),
    }


def fingerprint(dataset: Dataset) -> str:
    """Return 64 hexadecimal digits that name the rows of all tables, in whichever order they, or columns, stand.

    Examples
    --------
    >>> messages = {"sender_id": ["a", "b"], "recipient_id": ["b", "a"], "sent_at": [10, 20]}
    >>> turned = {name: column[::-1] for name, column in messages.items()}
    >>> one, other = (
    ...     Dataset(accounts={"account_id": ["a"]}, messages=rows, time_unit="s") for rows in (messages, turned)
    ... )
    >>> fingerprint(one) == fingerprint(other)
    True
    """
    digest = hashlib.sha256()
    for name, table in sorted(dataset.tables.items()):
        columns = sorted(each for each in table.column_names if table[each].null_count < table.num_rows)
        rows = np.zeros(table.num_rows, np.uint64)
        for column in columns:
            rows = _mixed(rows + _words(column_of(table, column)))
        digest.update(f"{name} {rows.size} {' '.join(columns)} ".encode())
        digest.update(np.sort(rows).astype("<u8").data)
    return digest.hexdigest()


def _words(column: pa.Array) -> Words:
    """Return a word for each value, the same in every dataset."""
    kind = column.type
    known = np.asarray(column.is_valid(), np.bool_)
    words = np.full(len(column), _NULL)
    values = column.drop_null()
    if pa.types.is_list(kind):
        ends = np.cumsum(np.asarray(pc.list_value_length(values)), dtype=np.int64)
        begins = np.append(0, ends[:-1])[: ends.size]
        place = np.arange(ends[-1] if ends.size else 0) - np.repeat(begins, ends - begins)
        each = _mixed(_words(values.flatten()) + _mixed(place.astype(np.uint64)))
        sums = np.append(np.uint64(0), np.cumsum(each))  # wraps around, and so does the difference
        words[known] = sums[ends] - sums[begins]
    elif pa.types.is_floating(kind):
        words[known] = (np.asarray(values, np.float64) + 0.0).view(np.uint64)  # one zero
    elif pa.types.is_integer(kind) or pa.types.is_temporal(kind) or pa.types.is_boolean(kind):
        whole = values if pa.types.is_integer(kind) else values.cast(pa.int64())
        words[known] = np.asarray(whole).astype(np.uint64)
    else:
        coded = values.dictionary_encode()
        words[known] = pseudonyms(coded.dictionary)[np.asarray(coded.indices)]
    return words


def _mixed(words: Words) -> Words:
    """Spread each word over all its bits (the finaliser of SplitMix64: Steele, Lea and Flood 2014)."""
    words = words + np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        words = (words ^ (words >> np.uint64(shift))) * np.uint64(factor)
    return words ^ (words >> np.uint64(31))


def name_of(info: dict[str, Any], names: tuple[str, ...], history_days: float) -> str:
    """Return a short name of data and settings."""
    keys = (
        "as_of", "data", "random_state", "boosting", "searched", "fpr", "confidence", "whole_campaigns", "unlabelled",
    )  # fmt: skip
    settings = [[info[key] for key in keys], names, history_days]
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:8]


def _versions() -> dict[str, str]:
    """Return the versions of what a model's bytes depend on."""
    from importlib.metadata import version

    return {package: version(package) for package in ("numpy", "scikit-learn")}

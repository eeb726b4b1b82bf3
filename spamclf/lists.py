"""The recipient lists of a dataset as sightings: who wrote to which strangers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf.campaigns.given import check_type
from spamclf.campaigns.parts import Seen
from spamclf.campaigns.recipients import SCHEME, fingerprints_of
from spamclf.campaigns.shown import Prints
from spamclf.campaigns.sightings import Sightings, distinct_rows
from spamclf.ego import EgoLog, Instants
from spamclf.features.co_target import stranger_lists
from spamclf.features.known_lists import people_hashed
from spamclf.ids import Codes
from spamclf.instants import check_history, to_instant

__all__ = ["lists_of"]


@dataclass(frozen=True, eq=False)
class _Lists:
    """Sightings of recipient lists: each account's twice, with its first and its last stranger of the history."""

    sightings: Sightings
    account_ids: pa.Array
    instant: Instants
    group: Codes
    row: npt.NDArray[np.int64]
    prints: Prints


def lists_of(ego: EgoLog, as_of: Any, history_days: float, *, n_jobs: int = -1) -> Seen:
    """Fingerprint the recipient list of every account at an instant: the strangers it wrote to in the history.

    Parameters
    ----------
    ego : EgoLog
    as_of : str, datetime or int (microseconds since the epoch)
        Messages at or after this instant are unseen.
    history_days : float
        Look-back in days.
    n_jobs : int, default=-1
        Threads, in joblib's sense. The result does not depend on it.

    Returns
    -------
    lists : Seen
        Each list twice: when its account wrote to the first stranger, and to the last one. Accounts of too few
        strangers have none (see `spamclf.campaigns.recipients.list_fingerprints`).

    Raises
    ------
    ParameterError
        For an argument of another type or out of its range.

    Examples
    --------
    >>> from spamclf import Dataset
    >>> messages = {"sender_id": ["a"] * 5, "recipient_id": list("bcdef"), "sent_at": range(5)}
    >>> dataset = Dataset(accounts={"account_id": ["a"]}, messages=messages, time_unit="s")
    >>> lists_of(EgoLog.build(dataset), as_of=10_000_000, history_days=1).instant
    array([      0, 4000000])
    """
    check_type(ego, EgoLog, "lists_of", "ego", "Use EgoLog.build(dataset)")
    as_of = to_instant(as_of, where="lists_of")
    check_history(history_days)
    slices = ego.slices(np.arange(ego.n_accounts), as_of, history_days=history_days)
    account, recipient, instant = stranger_lists(ego, slices)  # a slice for each account: its row is its code
    lists = fingerprints_of(account, recipient, instant, people_hashed(ego, n_jobs=n_jobs), n_jobs=n_jobs)
    twice = np.concatenate([lists.account, lists.account])
    ids, names = ego.account_ids.take(pa.array(twice)), ego.pseudonyms()[twice]
    instants = np.concatenate([lists.first, lists.last])
    words = np.concatenate([lists.words, lists.words])
    sightings = Sightings.of("list", str(SCHEME), names, instants, words)
    _, group = distinct_rows(words)
    prints = Prints.plain(len(sightings.words))
    return _Lists(sightings, ids, instants, group, np.tile(lists.n_recipients, 2), prints)

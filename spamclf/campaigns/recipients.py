"""Recipient lists: whom an account wrote to as strangers, as a fingerprint that can be listed and remembered.

A fingerprint is the MinHash signature of a list in which a recipient stands `WEIGHT` times, a popular one once: what
two lists share of people to whom everybody writes says little. The share of equal values estimates the weighted Jaccard
similarity of two lists (see `spamclf.campaigns.signatures.signatures`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf.campaigns.given import check_type, described, kept
from spamclf.campaigns.schemes import MinHashScheme
from spamclf.campaigns.sightings import Words
from spamclf.campaigns.signatures import hash_items, signatures
from spamclf.errors import ParameterError
from spamclf.facts import Instants

__all__ = ["LEAST_RECIPIENTS", "POPULAR", "SCHEME", "WEIGHT", "Lists", "fingerprints_of", "list_fingerprints"]

#: Other accounts that wrote to a recipient as to a stranger, above which it is popular: a hotline, a shop.
POPULAR = 100

#: How often a recipient stands on a list that is not popular.
WEIGHT = 4

#: Recipients below which a list has no fingerprint; of popular ones `WEIGHT` times as many.
LEAST_RECIPIENTS = 5

#: How lists are fingerprinted; its text is ``affine32 xxh32 seed=1 n_perm=128 recipients``.
SCHEME = MinHashScheme(shingles="recipients")


@dataclass(frozen=True, eq=False)
class Lists:
    """Recipient lists of accounts at an instant, by account code.

    Attributes
    ----------
    account : ndarray of shape (n,), dtype int64
        Ascending; only accounts with a list.
    first, last : ndarray of shape (n,), dtype int64
        When the account first wrote to the first and to the last of them, microseconds since the epoch.
    n_recipients : ndarray of shape (n,), dtype int64
        Popular ones, too.
    words : ndarray of shape (n, 128), dtype uint32
        MinHash signatures by `SCHEME`.
    """

    account: Instants
    first: Instants
    last: Instants
    n_recipients: npt.NDArray[np.int64]
    words: Words

    def __len__(self) -> int:
        return self.account.size

    def __repr__(self) -> str:
        return f"<Lists: of {len(self):,} accounts>"


def list_fingerprints(
    account: npt.ArrayLike,
    recipient: npt.ArrayLike,
    instant: npt.ArrayLike,
    recipient_ids: pa.Array,
    *,
    popular: int = POPULAR,
    least: int = LEAST_RECIPIENTS,
    n_jobs: int = 1,
) -> Lists:
    """Fingerprint the recipient list of each account.

    A recipient to whom more than `popular` other accounts wrote as to a stranger weighs 1, others weigh `WEIGHT`. A
    list that weighs less than `least` of these others has no fingerprint. The order of the rows does not matter.

    Parameters
    ----------
    account, recipient, instant : array_like of shape (m,)
        Who wrote to which stranger, and when first: codes, and microseconds since the epoch. Of rows with the same
        account and recipient the earliest counts.
    recipient_ids : pyarrow.Array
        The id of each recipient by code, a string or an integer.
    popular, least : int
    n_jobs : int, default=1
        Threads, in joblib's sense; the result does not depend on it.

    Returns
    -------
    Lists

    Raises
    ------
    ParameterError
        If the columns differ in length or are no whole numbers, a recipient has no id, or a limit is no whole number
        from 1 on.

    Examples
    --------
    >>> lists = list_fingerprints([7] * 5 + [3] * 5, [*range(5), *range(1, 6)], range(10), pa.array(list("abcdef")))
    >>> lists.account, lists.last, lists.n_recipients
    (array([3, 7]), array([9, 4]), array([5, 5]))
    >>> float((lists.words[0] == lists.words[1]).mean()) > 0.4  # four of six recipients are the same
    True
    """
    who, to, when = (_column(values) for values in (account, recipient, instant))
    check_type(
        recipient_ids, pa.Array, "list_fingerprints", "recipient_ids", "Use pyarrow.array(recipient_ids)"
    )
    _check(who, to, when, len(recipient_ids), popular, least)
    used, place = np.unique(to, return_inverse=True)  # others may have no id
    hashes = hash_items(recipient_ids.take(pa.array(used)), n_jobs=n_jobs)
    return fingerprints_of(who, place, when, hashes, popular=popular, least=least, n_jobs=n_jobs)


def fingerprints_of(
    who: Instants,
    to: npt.NDArray[np.signedinteger],
    when: Instants,
    hashes: npt.NDArray[np.uint32],
    *,
    popular: int = POPULAR,
    least: int = LEAST_RECIPIENTS,
    n_jobs: int = 1,
) -> Lists:
    """Do the same by the hash of each recipient's id, of columns that were checked."""
    # Account and recipient in one number: it is sorted far faster than pairs are.
    pair = who * hashes.size + to
    order = np.argsort(pair)
    first = np.flatnonzero(np.diff(pair[order], prepend=-1))
    if first.size:
        who, to, when = who[order[first]], to[order[first]], np.minimum.reduceat(when[order], first)
    weight = np.where(np.bincount(to)[to] <= popular + 1, WEIGHT, 1).astype(np.uint8)
    long = np.bincount(who, weight)[who] >= WEIGHT * least
    who, to, when, weight = who[long], to[long], when[long], weight[long]
    begins = np.flatnonzero(np.diff(who, prepend=-1))
    offsets = np.append(begins, who.size)
    return Lists(
        account=who[begins],
        first=np.minimum.reduceat(when, begins) if begins.size else when,
        last=np.maximum.reduceat(when, begins) if begins.size else when,
        n_recipients=np.diff(offsets),
        words=signatures(hashes[to], offsets, SCHEME, weights=weight, n_jobs=n_jobs),
    )


def _column(values: npt.ArrayLike) -> Instants:
    column = kept(values, np.int64)
    if column is None or column.ndim != 1:
        raise ParameterError(
            "list_fingerprints: account, recipient and instant must be columns of whole numbers; got "
            f"{described(values)}. Give codes, and microseconds since the epoch."
        )
    return column


def _check(who: Instants, to: Instants, when: Instants, n_ids: int, popular: int, least: int) -> None:
    if not who.size == to.size == when.size:
        raise ParameterError(
            f"list_fingerprints: account, recipient and instant must be of one length; got {who.size}, {to.size} and "
            f"{when.size}. Give one row for each account and stranger."
        )
    if who.size and (who.min() < 0 or to.min() < 0 or to.max() >= n_ids):
        raise ParameterError(
            f"list_fingerprints: codes must be at least 0, and of recipients below {n_ids}, the number of ids; got "
            "others. Give an id for each code."
        )
    if not all(isinstance(each, int | np.integer) and each >= 1 for each in (popular, least)):
        raise ParameterError(
            f"list_fingerprints: popular and least must be whole numbers of at least 1; got {popular!r} and {least!r}. "
            f"Use {POPULAR} and {LEAST_RECIPIENTS}."
        )

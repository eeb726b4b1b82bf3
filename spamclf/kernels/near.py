"""The cluster around an account's own print, at any instant: who else showed a fingerprint in reach of it.

A print is what the account itself showed: of a photo its fingerprint and, where the picture was at hand, those of the
picture turned and mirrored. In reach is a relation of a print and a fingerprint and of nothing else, so what is seen
later cannot change what was in reach before. Sightings are numbered in canonical order (instant, account, fingerprint);
each stands in the buckets of its fingerprint, and only sightings of a common bucket are compared.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spamclf.kernels._common import DAY, SECOND
from spamclf.kernels._compile import compiled
from spamclf.kernels._types import Bools, Codes, Floats, Ints
from spamclf.kernels.bands import matches
from spamclf.kernels.hamming import hamming256
from spamclf.kernels.neighbours import CHUNK_VALUES, CHUNKS, VERSIONS

# Of the sightings in a bucket those of the latest so many accounts are compared, and of those in reach the same:
# neither a hot picture nor a phrase that thousands of texts share may cost a square, and no account crowds others out.
LATEST = 1000
MOST = 8 * LATEST  # sightings: a bound for accounts that show the same again and again
OWN = 16  # of an account's own prints, the latest so many count
N_ROWS = 8  # of the result

_SEEN = "Tuple((int64[::1], int32[::1], int32[::1], int64[::1], int64[::1], int64[::1]))"
_PRINTS = (
    "Tuple((uint64[:, ::1], int64[::1], int32[::1], uint64[:, ::1], uint32[:, ::1], int32[:, ::1], int64,"
    " int64[::1], int32[::1]))"
)
_BUCKETS = "Tuple((int64[::1], int32[::1], uint64[::1]))"
_KNOWN = "Tuple((int64[::1], int64[::1], boolean[::1], int64[::1], int64[::1]))"
_OWN = "Tuple((int64[::1], int64[::1], int64[::1], int32[::1]))"
_SCRATCH = "UniTuple(int64[::1], 8)"

Seen = tuple[Ints, Codes, Codes, Ints, Ints, Ints]
Prints = tuple[Any, Ints, Codes, Any, Any, Codes, int, Ints, Codes]
Buckets = tuple[Ints, Codes, Any]
Known = tuple[Ints, Ints, Bools, Ints, Ints]
Scratch = tuple[Ints, Ints, Ints, Ints, Ints, Ints, Ints, Ints]


@compiled("void(int32[:, ::1], int32[::1], int64[::1], int32[::1])")
def fill_buckets(keys: Codes, group: Codes, cursors: Ints, entries: Codes) -> None:
    """Write each sighting, in order, into the buckets of its fingerprint; `cursors` say where each begins."""
    for sighting in range(group.size):
        for key in keys[group[sighting]]:
            entries[cursors[key]] = sighting
            cursors[key] += 1


@compiled("void(uint64[:, ::1], int32[:, ::1])")
def chunk_keys(words: Any, keys: Codes) -> None:
    """Write the buckets of each photo: one for itself, the last, and before it one for the value of each 16 bits."""
    last = keys.shape[1] - 1
    for group in range(words.shape[0]):
        keys[group, last] = last * CHUNK_VALUES + group
        for chunk in range(last):
            value = np.int64(words[group, chunk >> 2] >> np.uint64(16 * (chunk & 3))) & (CHUNK_VALUES - 1)
            keys[group, chunk] = chunk * CHUNK_VALUES + value


@compiled(f"boolean(int64, int64, {_PRINTS})")
def in_reach(own: int, other: int, prints: Prints) -> bool:
    """Tell whether a fingerprint is in reach of an own print (of a photo: of any of its versions)."""
    versions, n_versions, group_of, photos, texts, keys, reach, _, _ = prints
    found = False
    if texts.shape[0]:
        mine = group_of[own]
        if matches(texts, mine, texts, other) >= reach:
            for band in range(keys.shape[1]):  # those of no common band are found by nobody
                found |= keys[mine, band] == keys[other, band]
    else:
        for version in range(n_versions[own]):
            found |= hamming256(versions, VERSIONS * own + version, photos, other) <= reach
    return found


@compiled(f"boolean(int64, int64, int64, {_SEEN})")
def is_known(code: int, since: int, until: int, seen: Seen) -> bool:
    """Tell whether an account exists: its row is seen by then, or it sent in ``[since, until)``.

    A row of a table on an account that nobody knows is set aside; a later message must not bring it back.
    """
    _, _, _, known_from, offsets, sent_at = seen
    if known_from[code] < until:
        return True
    low, high = offsets[code], offsets[code + 1]
    while low < high:
        middle = (low + high) // 2
        if sent_at[middle] < since:
            low = middle + 1
        else:
            high = middle
    return low < offsets[code + 1] and sent_at[low] < until


@compiled(
    f"int64(int64, int64, int64, int64, int64, int64, int64, {_SEEN}, {_PRINTS}, {_BUCKETS}, {_SCRATCH})"
)
def scan_bucket(
    bucket: int,
    own: int,
    code: int,
    since: int,
    until: int,
    stamp: int,
    n_kept: int,
    seen: Seen,
    prints: Prints,
    buckets: Buckets,
    scratch: Scratch,
) -> int:
    """Add a bucket's sightings in ``[since, until)`` that are in reach, from the latest; return how many are kept.

    ``kept[-1]`` is the earliest sighting that still matters: once `LATEST` accounts came after it, or `MOST` sightings,
    no earlier one does. Texts of a bucket may be strangers that share a phrase, so of them no more are compared.
    """
    instant, account, group, _, _, _ = seen
    offsets, entries, _ = buckets
    met, judged, kept, _, _, _, compared_in, near_in = scratch
    is_text = prints[4].shape[0] > 0
    low, high = offsets[bucket], offsets[bucket + 1]
    first = low
    while low < high:
        middle = (low + high) // 2
        if instant[entries[middle]] < until:
            low = middle + 1
        else:
            high = middle
    compared = looked = near = 0
    mark = compared_in[-1] = compared_in[-1] + 1
    for place in range(low - 1, first - 1, -1):
        sighting = entries[place]
        if sighting < kept[-1] or instant[sighting] < since:
            break
        is_new = met[sighting] != stamp
        if not (is_new or is_text):
            continue
        who, other = account[sighting], group[sighting]
        if is_text and (looked == MOST or (compared_in[who] != mark and compared == LATEST)):
            break
        if is_new and (who == code or not is_known(who, since, until, seen)):
            continue
        met[sighting] = stamp
        looked += 1
        compared += compared_in[who] != mark
        compared_in[who] = mark
        if judged[other] >> 1 != stamp:
            judged[other] = (stamp << 1) | np.int64(in_reach(own, other, prints))
        if not judged[other] & 1:
            continue
        if near_in[who] != mark:
            if near == LATEST:
                kept[-1] = sighting + 1
                break
            near_in[who] = mark
            near += 1
        if is_new:
            if n_kept == kept.size - 1:
                ordered = np.sort(kept[:n_kept])
                kept[:MOST] = ordered[n_kept - MOST :]
                kept[-1] = max(kept[-1], kept[0])
                n_kept = MOST
            kept[n_kept] = sighting
            n_kept += 1
    return n_kept


@compiled(f"int64(int64, int64, int64, int64, int64, {_SEEN}, {_PRINTS}, {_BUCKETS}, {_SCRATCH})")
def gather(
    own: int,
    code: int,
    since: int,
    until: int,
    stamp: int,
    seen: Seen,
    prints: Prints,
    buckets: Buckets,
    scratch: Scratch,
) -> int:
    """Put the sightings in reach by the latest `LATEST` accounts into `kept`, in order; return how many."""
    versions, n_versions, group_of, _, texts, keys, _, near_from, near = prints
    kept, filled = scratch[2], buckets[2]
    kept[-1] = -1
    n = 0
    if texts.shape[0]:
        for band in range(keys.shape[1]):
            bucket = keys[group_of[own], band]
            n = scan_bucket(bucket, own, code, since, until, stamp, n, seen, prints, buckets, scratch)
    elif near_from[own] < near_from[own + 1]:
        for place in range(near_from[own], near_from[own + 1]):
            bucket = keys[near[place], keys.shape[1] - 1]
            n = scan_bucket(bucket, own, code, since, until, stamp, n, seen, prints, buckets, scratch)
    else:  # too many to list: it is in reach of hundreds
        for version in range(n_versions[own]):
            for chunk in range(CHUNKS):
                word = versions[VERSIONS * own + version, chunk >> 2]
                value = np.int64(word >> np.uint64(16 * (chunk & 3))) & (CHUNK_VALUES - 1)
                for bit in range(-1, 16):
                    bucket = chunk * CHUNK_VALUES + (value if bit < 0 else value ^ (1 << bit))
                    # Most buckets are empty, and a map of bits stays in the cache where their places do not.
                    if not (filled[bucket >> 6] >> np.uint64(bucket & 63)) & np.uint64(1):
                        continue
                    n = scan_bucket(bucket, own, code, since, until, stamp, n, seen, prints, buckets, scratch)
    account, member = seen[1], scratch[3]
    ordered = np.sort(kept[:n])
    accounts = 0
    first = n
    while first > max(n - MOST, 0):
        code_of_it = account[ordered[first - 1]]
        if member[code_of_it] != -stamp:
            if accounts == LATEST:
                break
            member[code_of_it] = -stamp
            accounts += 1
        first -= 1
    kept[: n - first] = ordered[first:]
    return n - first


@compiled(f"int64(int64, int64, int64, {_KNOWN})")
def label_at(code: int, since: int, until: int, known: Known) -> int:
    """Return the latest label of an account before `until`: 1 automated, 0 not, -1 none or one that has expired."""
    offsets, labelled_at, is_automated, _, _ = known
    label = -1
    for place in range(offsets[code], offsets[code + 1]):
        if since <= labelled_at[place] < until:
            label = 1 if is_automated[place] else 0
    return label


@compiled(f"boolean(int64, int64, int64, {_KNOWN})")
def has_evidence(code: int, since: int, until: int, known: Known) -> bool:
    """Tell whether something in ``[since, until)`` ties an account to an operator."""
    _, _, _, offsets, observed_at = known
    found = False
    for place in range(offsets[code], offsets[code + 1]):
        found |= since <= observed_at[place] < until
    return found


@compiled(
    f"void(int64, int64, int64, int64, int64, int64, boolean, {_SEEN}, {_KNOWN}, {_SCRATCH}, float64[::1])"
)
def sum_up(
    own_group: int,
    n: int,
    since: int,
    until: int,
    own_first: int,
    stamp: int,
    judged_already: bool,
    seen: Seen,
    known: Known,
    scratch: Scratch,
    result: Floats,
) -> None:
    """Write what the `n` kept sightings tell: the rows of `measure`, and the first instant last.

    Of an account that is labelled itself no share is told: among the others of its cluster, the labelled automated
    ones would each see one automated account less than the honest ones do, and so give themselves away.
    """
    instant, account, group, _, _, _ = seen
    _, judged, kept, member, first_at, last_at, _, _ = scratch
    accounts = pictures = grown = gone = labelled = automated = tied = 0
    for i in range(n):
        code = account[kept[i]]
        if member[code] != stamp:
            member[code] = stamp
            first_at[code] = instant[kept[i]]
            accounts += 1
            grown += instant[kept[i]] >= until - DAY
            label = label_at(code, since, until, known)
            labelled += label >= 0
            automated += label == 1
            tied += has_evidence(code, since, until, known)
        last_at[code] = instant[kept[i]]
        other = group[kept[i]]
        if (
            judged[other] >= 0
        ):  # counted once: the sign is the mark, and the next fingerprint has another stamp
            judged[other] = -judged[other]
            pictures += other != own_group
    for i in range(n):
        code = account[kept[i]]
        if member[code] == stamp:
            member[code] = 0
            gone += last_at[code] < until - 7 * DAY
    first = instant[kept[0]] if n else until
    result[0] = accounts
    result[1] = pictures + 1 if accounts else np.nan
    result[2] = (until - min(first, own_first)) / SECOND if accounts else np.nan
    result[3] = grown
    result[4] = (automated + 1) / (labelled + 2) if labelled and not judged_already else np.nan
    result[5] = gone / accounts if accounts else np.nan
    result[7] = tied
    result[8] = first


@compiled(
    f"void({_SEEN}, {_PRINTS}, {_BUCKETS}, {_OWN}, {_KNOWN}, int64[::1], int64[::1], int64, int64, int64,"
    "float64[:, ::1])"
)
def measure(
    seen: Seen,
    prints: Prints,
    buckets: Buckets,
    own: tuple[Ints, Ints, Ints, Codes],
    known: Known,
    accounts: Ints,
    until: Ints,
    history: int,
    low: int,
    high: int,
    out: Floats,
) -> None:
    """Fill ``out[:, low:high]`` with the largest cluster around a print of each slice's account.

    Its rows: other accounts, different fingerprints, age in seconds, accounts that came in the last 24 hours,
    known-automated share, share not seen for 7 days, share of its own prints that lie in the cluster,
    accounts tied to an operator. All NaN for an account that showed nothing; without other accounts only counts of them
    are known.
    """
    instant, group_of = seen[0], prints[2]
    code_of, own_offsets, own_instant, own_print = own
    n_codes = known[0].size - 1
    scratch = (
        np.zeros(instant.size, np.int64), np.zeros(prints[5].shape[0], np.int64), np.empty(2 * MOST + 1, np.int64),
        np.zeros(n_codes, np.int64), np.empty(n_codes, np.int64), np.empty(n_codes, np.int64),
        np.zeros(n_codes + 1, np.int64), np.zeros(n_codes, np.int64),
    )  # fmt: skip
    shown, shown_at = np.empty(OWN, np.int64), np.empty(OWN, np.int64)
    result, best = np.empty(N_ROWS + 1), np.empty(N_ROWS + 1)
    stamp = 0
    for row in range(low, high):
        out[:, row] = np.nan
        since = until[row] - history
        n_shown = 0
        for place in range(own_offsets[accounts[row] + 1] - 1, own_offsets[accounts[row]] - 1, -1):
            if own_instant[place] >= until[row]:
                continue
            if own_instant[place] < since:
                break
            k = 0
            while k < n_shown and shown[k] != own_print[place]:
                k += 1
            if k == n_shown:
                if n_shown == OWN:
                    continue
                shown[k] = own_print[place]
                n_shown += 1
            shown_at[k] = own_instant[place]  # the earliest of this one so far, as they come backwards
        centre = -1
        judged_already = n_shown > 0 and label_at(code_of[accounts[row]], since, until[row], known) >= 0
        for k in range(n_shown):
            stamp += 1
            code = code_of[accounts[row]]
            n = gather(shown[k], code, since, until[row], stamp, seen, prints, buckets, scratch)
            sum_up(
                group_of[shown[k]], n, since, until[row], shown_at[k], stamp, judged_already, seen, known, scratch,
                result,
            )  # fmt: skip
            better = centre < 0 or result[0] > best[0]
            if centre >= 0 and result[0] == best[0]:
                better = result[8] < best[8] or (result[8] == best[8] and shown[k] < centre)
            if better:
                centre = shown[k]
                best[:] = result
        if centre >= 0:
            inside = 0
            for k in range(n_shown):
                inside += shown[k] == centre or in_reach(centre, group_of[shown[k]], prints)
            best[6] = inside / n_shown if best[0] else np.nan
            out[:, row] = best[:N_ROWS]

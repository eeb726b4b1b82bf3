"""When an account sends: gaps, order in them, hours, pauses, typing."""

from __future__ import annotations

import numpy as np

from spamclf.kernels._common import DAY, HOUR, OUT, SECOND, TALLY, entropy, quantile, sort_prefix
from spamclf.kernels._compile import compiled
from spamclf.kernels._types import Bytes, Floats, Ints

_LEVELS = 5  # equiprobable levels of a gap, as in Gianvecchio et al. 2008
_LONGEST = 5  # longest pattern of levels looked at
_BINS = 48  # bins of a gap by powers of two, from 1 us to 8 years
_ROUND = 50_000  # a send within 50 ms of a whole second counts as on it
_NIGHT = 6  # the night lasts from 0 to 6 h UTC


@compiled("void(int64[::1], int64[::1], int64, float64[:, ::1], int64)")
def gap_shape(gaps: Ints, ordered: Ints, n: int, out: Floats, row: int) -> None:
    """Write quantiles, spread, burstiness and memory of ``gaps[:n]``; `ordered` is the same, ascending."""
    for k in range(7):
        out[k, row] = np.nan
    if n == 0:
        return
    for k, q in enumerate((0.01, 0.1, 0.5, 0.9)):
        out[k, row] = quantile(ordered, n, q) / SECOND
    total = 0
    for i in range(n):
        total += ordered[i]
    mean = total / n
    if n < 2 or mean == 0:
        return
    square = 0.0
    for i in range(n):
        square += (gaps[i] - mean) ** 2
    cv = np.sqrt(square / n) / mean
    out[4, row] = cv
    # Kim & Jo 2016, eq. 22: -1 for a clock, 0 for a Poisson process, 1 when one gap holds all, whatever n
    out[5, row] = (np.sqrt(n + 1.0) * cv - np.sqrt(n - 1.0)) / (
        (np.sqrt(n + 1.0) - 2.0) * cv + np.sqrt(n - 1.0)
    )
    if n < 3:
        return
    # Goh & Barabasi 2008: correlation of each gap with the next one
    before = (total - gaps[n - 1]) / (n - 1)
    after = (total - gaps[0]) / (n - 1)
    cross = var_before = var_after = 0.0
    for i in range(n - 1):
        cross += (gaps[i] - before) * (gaps[i + 1] - after)
        var_before += (gaps[i] - before) ** 2
        var_after += (gaps[i + 1] - after) ** 2
    if var_before > 0 and var_after > 0:
        out[6, row] = cross / np.sqrt(var_before * var_after)


@compiled("float64(int64[::1], int64, int64[::1], int64[::1])")
def log_bin_entropy(ordered: Ints, n: int, counts: Ints, tally: Ints) -> float:
    """Return the entropy in bits of ``ordered[:n]`` binned by powers of two."""
    if n == 0:
        return np.nan
    bins = 0
    edge = 1
    i = 0
    while i < n:
        while ordered[i] >= edge:
            edge *= 2
        j = i
        while j < n and ordered[j] < edge:
            j += 1
        counts[bins] = j - i
        bins += 1
        i = j
    return entropy(counts, bins, tally)


@compiled(
    "float64(int64[::1], int64[::1], int64, int64[::1], int64[::1], int64[::1], int64[::1], int64[::1])"
)
def conditional_entropy(
    gaps: Ints, ordered: Ints, n: int, levels: Ints, codes: Ints, patterns: Ints, touched: Ints, tally: Ints
) -> float:
    """Return the corrected conditional entropy of the gaps' order, in bits: low for a program, high for a person.

    The least over pattern lengths m of CE(m) + (share of patterns met once) * EN(1) (Porta et al. 1998, used for
    bots by Gianvecchio et al. 2008). `patterns` must be zero and is zero again afterwards.
    """
    if n < _LEVELS:
        return np.nan
    first_bound, second_bound = quantile(ordered, n, 0.2), quantile(ordered, n, 0.4)
    third_bound, fourth_bound = quantile(ordered, n, 0.6), quantile(ordered, n, 0.8)
    for i in range(n):
        gap = gaps[i]
        levels[i] = (
            np.int64(gap > first_bound) + (gap > second_bound) + (gap > third_bound) + (gap > fourth_bound)
        )
    shorter = first = 0.0
    least = np.inf
    for i in range(n):
        codes[i] = levels[i]
    for m in range(1, min(_LONGEST, n) + 1):
        met = 0
        for i in range(n - 1, m - 2, -1):  # downwards: codes[i - 1] is still the code of the shorter pattern
            if m > 1:
                codes[i] = codes[i - 1] * _LEVELS + levels[i]
            if patterns[codes[i]] == 0:
                touched[met] = codes[i]
                met += 1
            patterns[codes[i]] += 1
        once = 0
        for k in range(met):
            code = touched[k]
            touched[k] = patterns[code]
            once += patterns[code] == 1
            patterns[code] = 0
        joint = entropy(touched, met, tally)
        if m == 1:
            first = joint
        least = min(least, joint - shorter + once / (n - m + 1) * first)
        shorter = joint
        if once == n - m + 1:
            break  # every pattern is unique: longer ones only repeat the correction
    return least


@compiled("void(int64[::1], int64, int64[::1], float64[:, ::1], int64)")
def gap_edges(ordered: Ints, n: int, seconds: Ints, out: Floats, row: int) -> None:
    """Write the share of the commonest gap (to the second) and how hard the edges of gaps below an hour are."""
    commonest = 0
    for i in range(n):
        seconds[i] = (ordered[i] + SECOND // 2) // SECOND
        if seconds[i] == seconds[i - commonest]:  # ascending: only a longer run than the longest matters
            commonest += 1
    out[9, row] = commonest / n if n else np.nan
    inside = np.searchsorted(ordered[:n], HOUR)
    out[10, row] = np.nan
    out[11, row] = np.nan
    if inside >= 5:
        median = quantile(ordered, inside, 0.5)
        if median > 0:
            out[10, row] = ordered[0] / median
            out[11, row] = median / ordered[inside - 1]


@compiled("void(int64[::1], int64, int64, int64[::1], int64[::1], float64[:, ::1], int64)")
def clock(sent: Ints, n: int, as_of: int, hours: Ints, tally: Ints, out: Floats, row: int) -> None:
    """Write what the sends' places in the second, the day and the calendar tell."""
    hours[:] = 0
    on_second = exact = night = days = quiet_total = longest = 0
    midnight = 0
    for i in range(n):
        if i == 0 or sent[i] >= midnight + DAY:
            if i > 0:
                longest = max(longest, midnight + DAY - sent[i - 1])
                quiet_total += longest
            days += 1
            midnight = sent[i] // DAY * DAY
            longest = sent[i] - midnight
        else:
            longest = max(longest, sent[i] - sent[i - 1])
        second = (sent[i] - midnight) // SECOND
        within = sent[i] - midnight - second * SECOND
        exact += within == 0
        on_second += (within <= _ROUND) | (within >= SECOND - _ROUND)
        hour = second // 3_600
        hours[hour] += 1
        night += hour < _NIGHT
    if n:
        longest = max(longest, min(midnight + DAY, as_of) - sent[n - 1])
        quiet_total += longest
    busy = 0
    for hour in range(24):
        if hours[hour] > 0:
            hours[busy] = hours[hour]
            busy += 1
    # a log stamped to the second says nothing about fractions of one
    out[12, row] = on_second / n if n and exact < n else np.nan
    out[13, row] = entropy(hours, busy, tally)
    out[14, row] = quiet_total / days / SECOND if days else np.nan
    out[15, row] = night / n if n else np.nan
    out[16, row] = days


@compiled("void(int64[::1], int64, int64, float64[:, ::1], int64)")
def typing(typed: Ints, n_typed: int, n_known: int, out: Floats, row: int) -> None:
    """Write the share of sends without typing and the spread of the typing times, ``typed[:n_typed]`` in ms."""
    out[17, row] = 1.0 - n_typed / n_known if n_known else np.nan
    out[18, row] = np.nan
    if n_typed < 2:
        return
    sort_prefix(typed, n_typed)
    mean = square = 0.0
    for i in range(n_typed):
        mean += typed[i] / n_typed
    for i in range(n_typed):
        square += (typed[i] - mean) ** 2
    out[18, row] = np.sqrt(square / n_typed) / mean


@compiled(
    "void(int64[::1], uint8[::1], float64[::1], int64[::1], int64[::1], int64[::1], int64, int64, float64[:, ::1])"
)
def measure(
    time: Ints,
    flag: Bytes,
    typed_s: Floats,
    starts: Ints,
    ends: Ints,
    as_of: Ints,
    low: int,
    high: int,
    out: Floats,
) -> None:
    """Fill ``out[:, low:high]``; its rows are the features of the family in the catalogue's order."""
    longest = max(_BINS, 1)
    for row in range(low, high):
        longest = max(longest, ends[row] - starts[row])
    sent = np.empty(longest, np.int64)
    gaps = np.empty(longest, np.int64)
    ordered = np.empty(longest, np.int64)
    scratch = np.empty(longest, np.int64)
    typed = np.empty(longest, np.int64)
    patterns = np.zeros(_LEVELS**_LONGEST, np.int64)
    touched = np.empty(longest, np.int64)
    codes = np.empty(longest, np.int64)
    hours = np.zeros(24, np.int64)
    tally = np.zeros(TALLY, np.int64)
    has_typed = typed_s.size > 0
    for row in range(low, high):
        n = n_typed = n_known = 0
        for i in range(starts[row], ends[row]):
            if not flag[i] & OUT:
                continue
            sent[n] = time[i]
            if n:
                gaps[n - 1] = ordered[n - 1] = time[i] - sent[n - 1]
            n += 1
            if has_typed and not np.isnan(typed_s[i]):
                n_known += 1
                if typed_s[i] > 0:
                    # whole milliseconds, at least 1, so that they can be summed in any order
                    typed[n_typed] = int(max(min(typed_s[i], 1e9) * 1000 + 0.5, 1.0))
                    n_typed += 1
        n_gaps = max(n - 1, 0)
        sort_prefix(ordered, n_gaps)
        gap_shape(gaps, ordered, n_gaps, out, row)
        out[7, row] = log_bin_entropy(ordered, n_gaps, scratch, tally)
        out[8, row] = conditional_entropy(gaps, ordered, n_gaps, scratch, codes, patterns, touched, tally)
        gap_edges(ordered, n_gaps, scratch, out, row)
        clock(sent, n, as_of[row], hours, tally, out, row)
        typing(typed, n_typed, n_known, out, row)

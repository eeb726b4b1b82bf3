"""The ways in which messages come about: conversations, announcements to many, answers to them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spamclf.simulate.cast import Cast, dead_numbers
from spamclf.simulate.log import (
    BoolArray,
    FloatArray,
    IntArray,
    Log,
    lognormal,
    micros,
    pair_uniform,
    positions,
    running_sum,
)

__all__ = ["announcements", "answers", "conversations", "human_typing", "is_dead"]


def is_dead(cast: Cast, recipient: IntArray) -> BoolArray:
    """Return which recipients are numbers that do not exist."""
    outside = (recipient >= cast.n_accounts) & (recipient < cast.first_group)
    return outside & dead_numbers(recipient)


def human_typing(rng: np.random.Generator, gap_s: FloatArray) -> FloatArray:
    """Draw how long people typed, never longer than the time they had; a tenth is pasted or forwarded."""
    typed = np.minimum(lognormal(rng, 4.0, 0.9, len(gap_s)), 0.9 * gap_s)
    return np.where(rng.random(len(gap_s)) < 0.1, 0.0, np.maximum(typed, 0.0))


def conversations(
    rng: np.random.Generator,
    first: IntArray,
    second: IntArray,
    start: IntArray,
    *,
    turns: float,
    answered: npt.ArrayLike = 0.9,
    known: float = 0.9,
    reply_s: tuple[npt.ArrayLike, float] = (150.0, 1.7),
    pace_s: tuple[float, float] = (18.0, 1.0),
) -> Log:
    """Let pairs of accounts talk.

    Parameters
    ----------
    rng : numpy.random.Generator
    first, second, start : ndarray of int64
        Who begins with whom, and when (microseconds).
    turns : float
        Mean number of messages of an answered conversation.
    answered : float or ndarray
        Chance that the other side says anything; without it there are one or two messages.
    known : float
        Share of directed pairs where the recipient has the sender in its contacts.
    reply_s, pace_s : tuple of (median, sigma)
        Log-normal delay of the first answer, and of the later ones.

    Returns
    -------
    log : Log
        Messages follow each other after `start`; a conversation may outlast the simulated days.
    """
    size = len(start)
    lively = rng.random(size) < np.asarray(answered, dtype=np.float64)
    counts = np.where(
        lively, 1 + rng.geometric(1.0 / max(turns - 1.0, 1.0), size), 1 + (rng.random(size) < 0.2)
    )
    talk, place = positions(counts)
    rows = len(talk)
    switch = (rng.random(rows) < 0.6) & (place > 0) & lively[talk]
    # An answered conversation has its answer at the latest in its second message.
    switch |= (place == 1) & lively[talk] & (rng.random(rows) < 0.8)
    switched = running_sum(switch.astype(np.int64), counts)
    reply_median = np.broadcast_to(np.asarray(reply_s[0], dtype=np.float64), (size,))
    gap = lognormal(rng, 6.0, 0.9, rows)
    gap = np.where(switch, lognormal(rng, pace_s[0], pace_s[1], rows), gap)
    gap = np.where(switch & (switched == 1), lognormal(rng, reply_median[talk], reply_s[1], rows), gap)
    gap[place == 0] = 0.0
    sent_at = start[talk] + running_sum(micros(gap), counts)
    mine = switched % 2 == 0
    sender = np.where(mine, first[talk], second[talk])
    recipient = np.where(mine, second[talk], first[talk])
    return Log.of(
        sender,
        recipient,
        sent_at,
        in_contacts=pair_uniform(recipient, sender, 3) < known,
        typed_s=human_typing(rng, np.where(place == 0, 60.0, gap)),
    )


def announcements(
    rng: np.random.Generator,
    cast: Cast,
    sender: IntArray,
    recipient: IntArray,
    start: IntArray,
    counts: IntArray,
    *,
    gap_s: tuple[npt.ArrayLike, float],
    known: npt.ArrayLike = 0.0,
    typed_s: FloatArray | float = 0.0,
) -> Log:
    """Let accounts write one message after the other to many recipients.

    Parameters
    ----------
    rng : numpy.random.Generator
    cast : Cast
    sender, recipient : ndarray of int64, one entry per message
        Announcement after announcement, `counts` rows each.
    start, counts : ndarray of int64, one entry per announcement
    gap_s : tuple of (median, sigma)
        Log-normal gap between two sends; the median may differ by announcement; 0 sends all at
        one instant.
    known : float or ndarray per announcement
        Share of the recipients that have the sender in their contacts.
    typed_s : float or ndarray per message

    Returns
    -------
    log : Log
    """
    group, place = positions(counts)
    median = np.broadcast_to(np.asarray(gap_s[0], dtype=np.float64), (len(counts),))
    gap = lognormal(rng, median[group], gap_s[1], len(group))
    gap[place == 0] = 0.0
    share = np.broadcast_to(np.asarray(known, dtype=np.float64), (len(counts),))
    return Log.of(
        sender,
        recipient,
        start[group] + running_sum(micros(gap), counts),
        in_contacts=(pair_uniform(recipient, sender, 3) < share[group]) & ~is_dead(cast, recipient),
        typed_s=typed_s,
        delivered=~is_dead(cast, recipient),
    )


def answers(
    rng: np.random.Generator,
    cast: Cast,
    log: Log,
    *,
    share: npt.ArrayLike,
    median_s: float = 900.0,
    turns: float = 2.5,
    answered: float = 0.3,
    reply_s: tuple[npt.ArrayLike, float] = (120.0, 1.5),
    known: float = 0.6,
) -> Log:
    """Let some recipients answer messages; a part of the answers becomes a conversation.

    Only accounts answer; outsiders never write. `share` is the mean chance that a message gets an answer, and
    `median_s` the delay of it in seconds; the other arguments belong to `conversations`.
    """
    able = (log.recipient < cast.n_accounts) & log.delivered & ~log.is_group
    # Half of all people give nine tenths of the answers.
    keen = 3.0 * pair_uniform(log.recipient, log.recipient, 24) ** 2
    picked = log.where(able & (rng.random(len(log)) < keen * np.asarray(share, dtype=np.float64)))
    start = picked.sent_at + micros(lognormal(rng, median_s, 1.6, len(picked)))
    return conversations(
        rng,
        picked.recipient,
        picked.sender,
        start,
        turns=turns,
        answered=answered,
        known=known,
        reply_s=reply_s,
    )

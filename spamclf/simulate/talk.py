"""The ways in which messages come about: conversations, announcements to many, answers to them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spamclf.simulate.cast import Cast
from spamclf.simulate.circles import ALWAYS
from spamclf.simulate.log import (
    DAY,
    MINUTE,
    FloatArray,
    IntArray,
    Log,
    lognormal,
    micros,
    positions,
    running_sum,
)

__all__ = ["announcements", "answers", "conversations", "human_typing", "is_known", "talk_time"]

#: A turn of a conversation is one message with this chance, else more, seconds apart: college.
_ONE_MESSAGE = 0.88
#: An answer comes at once with the first chance, or with the second while both are at it: college.
_LIVE, _STILL_LIVE = 0.35, 0.75
#: Median and sigma of the delay of an answer that comes at once, in seconds: college.
_AT_ONCE_S = (130.0, 1.0)
#: Mean seconds from sitting down to an answer that had to wait: college.
_SITTING_S = 300.0
_MOST_TURNS = 60


def human_typing(rng: np.random.Generator, gap_s: FloatArray) -> FloatArray:
    """Draw how long people typed, never longer than the time they had; a tenth is pasted or forwarded: assumed."""
    typed = np.minimum(lognormal(rng, 5.0, 1.0, len(gap_s)), 0.9 * gap_s)
    return np.where(rng.random(len(gap_s)) < 0.1, 0.0, np.maximum(typed, 0.0))


def is_known(
    cast: Cast,
    recipient: IntArray,
    sender: IntArray,
    when: IntArray,
    share: npt.ArrayLike,
    met: npt.ArrayLike,
) -> npt.NDArray[np.bool_]:
    """Return whether a recipient has the sender in its contacts: a share of pairs, some time after they met."""
    met = np.broadcast_to(np.asarray(met, dtype=np.int64), when.shape)
    wait = (cast.fact(recipient, sender, "adds") ** 2 * 3 * DAY).astype(np.int64)
    late = (met != ALWAYS) & (when < met + MINUTE + wait)
    known: npt.NDArray[np.bool_] = (cast.fact(recipient, sender, "knows") < np.asarray(share)) & ~late
    return known


def talk_time(
    rng: np.random.Generator, cast: Cast, who: IntArray, when: IntArray, live: npt.ArrayLike = _LIVE
) -> tuple[IntArray, npt.NDArray[np.bool_]]:
    """Return when each of `who` answers what came at `when`: at once, or when it next sits down.

    Returns
    -------
    at : ndarray of int64
        Beyond the end of the world for those that sit down no more.
    quick : ndarray of bool
    """
    quick = rng.random(len(who)) < np.asarray(live)
    soon = when + micros(lognormal(rng, *_AT_ONCE_S, len(who)))
    later = cast.sittings.after(who, when) + micros(rng.exponential(_SITTING_S, len(who)))
    return np.where(quick, soon, later), quick


def conversations(
    rng: np.random.Generator,
    cast: Cast,
    first: IntArray,
    second: IntArray,
    start: IntArray,
    *,
    turns: float,
    answered: npt.ArrayLike = 0.9,
    known: npt.ArrayLike = 0.85,
    met: npt.ArrayLike = ALWAYS,
    live: npt.ArrayLike = _LIVE,
    program_s: tuple[npt.ArrayLike, float] | None = None,
) -> Log:
    """Let pairs of accounts talk, turn by turn.

    Parameters
    ----------
    rng : numpy.random.Generator
    cast : Cast
    first, second, start : ndarray of int64
        Who begins with whom, and when (microseconds).
    turns : float
        Mean number of turns of an answered conversation, at least 2.
    answered : float or ndarray
        Chance that the other side says anything.
    known : float or ndarray
        Share of directed pairs where the recipient has the sender in its contacts.
    met : int or ndarray
        When the two met; from then on they may take each other into their contacts.
    live : float or ndarray
        Chance that an answer comes at once and not at the next sitting.
    program_s : tuple of (median, sigma), optional
        `second` is a program and answers after a log-normal delay, at any hour.

    Returns
    -------
    log : Log
        Messages follow each other after `start`; a conversation may outlast the simulated days.
    """
    answered, known, met, live = (
        np.broadcast_to(np.asarray(x), start.shape) for x in (answered, known, met, live)
    )
    talk, at, quick = np.arange(len(start)), start, np.zeros(len(start), dtype=np.bool_)
    go_on = 1.0 - 1.0 / max(turns - 1.0, 1.0)
    parts = []
    for turn in range(_MOST_TURNS):
        ends = (first, second) if turn % 2 == 0 else (second, first)
        sender, recipient = ends[0][talk], ends[1][talk]
        counts = rng.geometric(_ONE_MESSAGE, len(talk))
        row, place = positions(counts)
        gap = np.where(place == 0, 0.0, lognormal(rng, 60.0, 1.1, len(row)))
        when = at[row] + running_sum(micros(gap), counts)
        parts.append((talk[row], sender[row], recipient[row], when, np.where(place == 0, 60.0, gap)))
        stay = rng.random(len(talk)) < (answered[talk] if turn == 0 else go_on)
        talk, quick = talk[stay], quick[stay]
        if not len(talk):
            break
        last = when[np.cumsum(counts) - 1][stay]
        if program_s and turn % 2 == 0:
            median = np.broadcast_to(np.asarray(program_s[0]), start.shape)[talk]
            at = last + micros(lognormal(rng, median, program_s[1], len(talk)))
        else:
            at, quick = talk_time(rng, cast, recipient[stay], last, np.where(quick, _STILL_LIVE, live[talk]))
    talk, sender, recipient, when, gap = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Log.of(
        sender,
        recipient,
        when,
        in_contacts=is_known(cast, recipient, sender, when, known[talk], met[talk]),
        typed_s=human_typing(rng, gap),
        delivered=~cast.is_dead(recipient),
    )


def announcements(
    rng: np.random.Generator,
    cast: Cast,
    sender: IntArray,
    recipient: IntArray,
    start: IntArray,
    counts: IntArray,
    *,
    gap_s: tuple[npt.ArrayLike, npt.ArrayLike],
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
        Log-normal gap between two sends; both may differ by announcement; a median of 0 sends all at one instant.
    known : float or ndarray per announcement
        Share of the recipients that have the sender in their contacts.
    typed_s : float or ndarray per message

    Returns
    -------
    log : Log
    """
    group, place = positions(counts)
    median, sigma = (
        np.broadcast_to(np.asarray(each, dtype=np.float64), (len(counts),))[group] for each in gap_s
    )
    gap = median * np.exp(sigma * rng.standard_normal(len(group)))
    gap[place == 0] = 0.0
    share = np.broadcast_to(np.asarray(known, dtype=np.float64), (len(counts),))
    when = start[group] + running_sum(micros(gap), counts)
    return Log.of(
        sender,
        recipient,
        when,
        in_contacts=is_known(cast, recipient, sender, when, share[group], ALWAYS) & ~cast.is_dead(recipient),
        typed_s=typed_s,
        delivered=~cast.is_dead(recipient),
    )


def answers(
    rng: np.random.Generator,
    cast: Cast,
    log: Log,
    *,
    share: npt.ArrayLike,
    turns: float = 2.5,
    answered: npt.ArrayLike = 0.3,
    known: npt.ArrayLike = 0.6,
    live: npt.ArrayLike = 0.25,
    keen: bool = True,
    program_s: tuple[npt.ArrayLike, float] | None = None,
) -> Log:
    """Let some recipients answer messages; a part of the answers becomes a conversation.

    Only accounts answer; outsiders never write. `share` is the mean chance that a message gets an answer, `keen`
    whether some recipients answer far more than others; the other arguments are those of `conversations`, in which
    the recipient is the first.
    """
    able = (log.recipient < cast.n_accounts) & log.delivered & ~log.is_group
    # Half of all people give nine tenths of the answers.
    eager = 3.0 * cast.own(log.recipient, "keen") ** 2 if keen else 1.0
    row = np.flatnonzero(able & (rng.random(len(log)) < eager * np.asarray(share, dtype=np.float64)))
    picked = log.where(row)
    start, _ = talk_time(rng, cast, picked.recipient, picked.sent_at, live)
    answered, known = (np.broadcast_to(np.asarray(x), len(log))[row] for x in (answered, known))
    if program_s:
        program_s = np.broadcast_to(np.asarray(program_s[0]), len(log))[row], program_s[1]
    return conversations(
        rng,
        cast,
        picked.recipient,
        picked.sender,
        start,
        turns=turns,
        answered=answered,
        known=known,
        program_s=program_s,
    )

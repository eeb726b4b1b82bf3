"""What automated accounts write: one small function per kind of operation, and how the targets answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from spamclf.simulate.cast import Cast, Operation
from spamclf.simulate.log import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    FloatArray,
    IntArray,
    Log,
    lognormal,
    micros,
    pair_uniform,
    positions,
    running_sum,
)
from spamclf.simulate.talk import answers, conversations, is_dead

__all__ = ["automated_messages"]


def automated_messages(cast: Cast, rng: np.random.Generator) -> Log:
    """Return what the operations write, with the answers of their targets.

    Parameters
    ----------
    cast : Cast
    rng : numpy.random.Generator

    Returns
    -------
    log : Log
        In no order; some rows may lie after the end of the world.
    """
    parts = []
    for operation in cast.operations:
        sends = _KINDS[operation.kind.name](cast, operation, rng)
        # A good story is answered more often than a bad one.
        share = operation.kind.replies * float(lognormal(rng, 0.8, 0.7, 1)[0])
        human = ~cast.is_automated[np.minimum(sends.recipient, cast.n_accounts - 1)]
        bot = operation.kind.name == "conversational"
        # People sit behind the others and answer late, if at all; a conversational bot answers at once.
        replies = answers(
            rng,
            cast,
            sends,
            share=share * human,
            median_s=1200.0,
            turns=7.0 if bot else 2.5,
            answered=0.97 if bot else 0.3,
            reply_s=(4.0, 0.4) if bot else (1800.0, 1.2),
            known=0.03,
        )
        parts += [sends, replies]
    return Log.join(parts)


def _slices(operation: Operation) -> tuple[IntArray, IntArray, IntArray]:
    """Return each row's member (as position), its place in the member's slice, and the target."""
    member, place = positions(operation.reach)
    return member, place, operation.targets[np.arange(len(member)) % len(operation.targets)]


def _sends(cast: Cast, operation: Operation, after: IntArray, typed_s: FloatArray | float = 0.0) -> Log:
    """Write to every target, each some microseconds after the member's start."""
    member, _, target = _slices(operation)
    return Log.of(
        operation.members[member],
        target,
        operation.starts[member] + after,
        in_contacts=pair_uniform(target, operation.members[member], 3)
        < 0.02,  # a number that was somebody's before
        typed_s=typed_s,
        delivered=~is_dead(cast, target),
    )


def _waking(cast: Cast, operation: Operation, log: Log, wake_h: float, sleep_h: float) -> Log:
    """Let the program run between two hours of the local day alone, from the day after the start on."""
    began = np.repeat(operation.starts, operation.reach)
    # A whole-hour clock: the operator sets it, not the habits of a person.
    clock = cast.offset[operation.members[0]] // HOUR * HOUR
    running, length = log.sent_at - began, int((sleep_h - wake_h) * HOUR)
    day = (began + clock) // DAY + 1 + running // length
    moved = day * DAY + int(wake_h * HOUR) + running % length - clock
    return replace(log, sent_at=moved)


def _elapsed(operation: Operation, gaps_s: FloatArray) -> IntArray:
    """Sum gaps up within each member's slice, in microseconds; its first send waits for nothing."""
    gaps = micros(gaps_s)
    gaps[np.cumsum(operation.reach) - operation.reach] = 0
    return running_sum(gaps, operation.reach)


def _blaster(cast: Cast, operation: Operation, rng: np.random.Generator) -> Log:
    """A hundred messages in fifteen seconds, right after registering; the rest an hour later."""
    member, place, _ = _slices(operation)
    pace = lognormal(rng, 0.15, 0.5, len(operation.members))
    gaps = pace[member] * rng.uniform(0.6, 1.4, len(member))
    pause = np.where(place % 110 == 109, rng.uniform(1800, 7200, len(member)), 0.0)
    typed = (rng.random() < 0.2) * rng.uniform(0.0, 1.0, len(member))
    return _sends(cast, operation, _elapsed(operation, gaps + pause), typed)


def _sim_farm(cast: Cast, operation: Operation, rng: np.random.Generator) -> Log:
    """Dozens of accounts work one list off in slices, a quota a day each, seconds to minutes apart."""
    member, place, _ = _slices(operation)
    quota = int(rng.integers(15, 70))
    gaps = rng.exponential(float(np.exp(rng.uniform(np.log(6), np.log(90)))), len(member)) + 2.0
    pause = np.where(place % quota == quota - 1, rng.uniform(60000, 90000, len(member)), 0.0)
    typed = (rng.random() < 0.4) * rng.uniform(0.5, 3.0, len(member))
    return _sends(cast, operation, _elapsed(operation, gaps + pause), typed)


def _patient(cast: Cast, operation: Operation, rng: np.random.Generator) -> Log:
    """A few sends an hour, jittered between two hard edges, typing faked, asleep at night."""
    size = int(operation.reach.sum())
    low = float(np.exp(rng.uniform(np.log(90), np.log(4000))))
    gaps = rng.uniform(low, low * rng.uniform(1.5, 6.0), size)
    fakes = rng.random() < 0.7
    typed = rng.uniform(2.0, 6.0, size) if fakes else lognormal(rng, 4.0, 0.9, size)
    log = _sends(cast, operation, _elapsed(operation, gaps), typed)
    return _waking(cast, operation, log, rng.uniform(7, 10), rng.uniform(17, 23))


def _warm_up(cast: Cast, operation: Operation, rng: np.random.Generator) -> Log:
    """A pool whose members chat with each other, every message answered, for days; then they send."""
    members, size = operation.members, len(operation.members)
    sends = _sends(
        cast, operation, _elapsed(operation, rng.exponential(240.0, int(operation.reach.sum())) + 5.0)
    )
    if size < 2:
        return sends
    begin = np.maximum(cast.registered[members], cast.start)
    talk, _ = positions(rng.poisson(6.0 * np.maximum(operation.starts - begin, 0) / DAY))
    other = (talk + 1 + (rng.random(len(talk)) * (size - 1)).astype(np.int64)) % size
    start = (begin[talk] + rng.random(len(talk)) * (operation.starts - begin)[talk]).astype(np.int64)
    start = np.maximum(start, cast.registered[members[other]] + MINUTE)
    counts = np.full(len(talk), 2, dtype=np.int64) * rng.integers(1, 4, len(talk))
    pair, place = positions(counts)
    mine = place % 2 == 0
    gap = rng.uniform(8.0, 40.0, len(pair))
    chatter = Log.of(
        np.where(mine, members[talk[pair]], members[other[pair]]),
        np.where(mine, members[other[pair]], members[talk[pair]]),
        start[pair] + micros(place * 45.0 + gap),
        in_contacts=True,
        typed_s=rng.uniform(1.0, 4.0, len(pair)),
    )
    return Log.join([chatter, sends])


def _scheduled(cast: Cast, operation: Operation, rng: np.random.Generator) -> Log:
    """One message each period on a round second, or a batch at every full hour, by day and night."""
    member, place, target = _slices(operation)
    period = int(rng.choice([60, 120, 300, 600, 3600]))
    batch = int(rng.integers(5, 15)) if period == 3600 else 1
    began = operation.starts[member] // (period * SECOND) * (period * SECOND) + period * SECOND
    delay = rng.exponential(0.05, len(member)) + (place % batch) * 0.4
    when = began + (place // batch) * (period * SECOND) + micros(delay)
    typed = (rng.random() < 0.4) * rng.uniform(1.0, 5.0, len(member))
    return Log.of(operation.members[member], target, when, typed_s=typed, delivered=~is_dead(cast, target))


def _conversational(cast: Cast, operation: Operation, rng: np.random.Generator) -> Log:
    """A few strangers a day are addressed like a wrong number would be, by somebody who seems to type."""
    size = int(operation.reach.sum())
    gaps = lognormal(rng, float(rng.uniform(600, 5000)), 0.8, size)
    typed = lognormal(rng, 3.0, 0.3, size)
    log = _waking(cast, operation, _sends(cast, operation, _elapsed(operation, gaps), typed), 8.0, 22.0)
    # Every fifth gets a second message within seconds.
    again = log.where(rng.random(len(log)) < 0.2)
    later = again.sent_at + 9 * SECOND
    more = conversations(rng, again.sender, again.recipient, later, turns=1.0, answered=0.0, known=0.0)
    return Log.join([log, more])


def _hijacked(cast: Cast, operation: Operation, rng: np.random.Generator) -> Log:
    """Stolen accounts with friends and a past write to their contacts, then to a bought list."""
    member, place, _ = _slices(operation)
    pace = float(np.exp(rng.uniform(np.log(2), np.log(40))))
    log = _sends(cast, operation, _elapsed(operation, rng.exponential(pace, len(member)) + 1.0))
    _, friends = cast.contacts(operation.members, operation.reach, 0.3)
    own = place < (operation.reach * rng.random())[member]
    recipient = np.where(own, friends, log.recipient)
    known = own & (pair_uniform(recipient, log.sender, 3) < 0.8)
    return replace(log, recipient=recipient, in_contacts=known, delivered=~is_dead(cast, recipient))


_KINDS: dict[str, Callable[[Cast, Operation, np.random.Generator], Log]] = {
    "blaster": _blaster,
    "sim_farm": _sim_farm,
    "patient": _patient,
    "warm_up": _warm_up,
    "scheduled": _scheduled,
    "conversational": _conversational,
    "hijacked": _hijacked,
}

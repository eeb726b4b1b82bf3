"""What automated accounts write to pass for people: chatter in a pool, and the life of a stolen account."""

from __future__ import annotations

import numpy as np

from spamclf.simulate.cast import Cast, Operation
from spamclf.simulate.circles import ALWAYS, Circle
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
    span,
)
from spamclf.simulate.talk import conversations

__all__ = ["chatter", "friendly_life", "friends_of"]

#: Share of a pool's pairs that have each other in their contacts. Assumed.
_SAVED = (0.1, 1.0)
#: Median gap between two messages of a pool: from a script to people who pass the time. Assumed.
_CHATTER_GAP_S = (12.0, 3000.0)


def chatter(
    cast: Cast,
    rng: np.random.Generator,
    operation: Operation,
    begin: IntArray,
    until: IntArray,
    per_day: float,
) -> Log:
    """Let the members of an operation chat with each other; the more care, the more like people."""
    members, size = operation.members, len(operation.members)
    if size < 2:
        return Log.of([], [], [])
    days = np.maximum(until - begin, 0) / DAY
    talk = np.repeat(np.arange(size), rng.poisson(per_day * days))
    other = (talk + 1 + (rng.random(len(talk)) * (size - 1)).astype(np.int64)) % size
    start = cast.clocks.draw(rng, members[talk], begin[talk], np.maximum(until[talk], begin[talk] + 1))
    start = np.maximum(start, np.maximum(begin[talk], begin[other]) + MINUTE)
    counts = rng.integers(2, 8, len(talk))
    pair, place = positions(counts)
    mine = place % 2 == 0
    spread = 0.3 + 1.2 * operation.care
    gap = lognormal(rng, float(span(rng, _CHATTER_GAP_S, 1)[0]), spread, len(pair))
    when = start[pair] + running_sum(micros(np.where(place == 0, 0.0, gap)), counts)
    acts = operation.pace.words > 0
    sender = np.where(mine, members[talk[pair]], members[other[pair]])
    recipient = np.where(mine, members[other[pair]], members[talk[pair]])
    return Log.of(
        sender,
        recipient,
        when,
        in_contacts=cast.fact(recipient, sender, "knows") < rng.uniform(*_SAVED),
        typed_s=np.minimum(lognormal(rng, 4.0, spread, len(pair)), 0.9 * gap) * acts,
    )


def friends_of(cast: Cast, rng: np.random.Generator, members: IntArray) -> Circle:
    """Draw the friends of accounts that were somebody's, from one neighbourhood each; rows by place in the team."""
    degree = np.clip(lognormal(rng, 14.0, 0.8, len(members)), 2, 200).astype(np.int64)
    degree = np.minimum(degree, len(cast.people))
    owner, place = positions(degree)
    home = rng.integers(0, len(cast.people), len(members))
    friend = cast.people[(home[owner] + 2 * place) % len(cast.people)]
    begins: IntArray = np.concatenate([[0], np.cumsum(degree)])
    return Circle(begins, friend, np.full(len(friend), ALWAYS))


def friendly_life(
    cast: Cast,
    rng: np.random.Generator,
    operation: Operation,
    circle: Circle,
    rate: FloatArray,
    until: IntArray,
) -> Log:
    """Talk with friends as ordinary people do, until the account is stolen; then friends write and wait in vain.

    Parameters
    ----------
    cast : Cast
    rng : numpy.random.Generator
    operation : Operation
    circle : Circle
        The friends of each member, by its place in the team.
    rate : ndarray of float64
        Conversations begun a day by each member, and by its friends.
    until : ndarray of int64
        When each is stolen; the end of the world for an account whose owner is the operator.
    """
    own = _talks(cast, rng, operation, circle, rate, until)
    friends = _talks(cast, rng, operation, circle, rate, np.full(len(rate), cast.end))
    logs = []
    for (member, friend, start), mine in ((own, True), (friends, False)):
        account = operation.members[member]
        first, second = (account, friend) if mine else (friend, account)
        alive = mine | (start < until[member])
        logs.append(conversations(rng, cast, first, second, start, turns=3.0, answered=0.8 * alive))
    return Log.join(logs)


def _talks(
    cast: Cast,
    rng: np.random.Generator,
    operation: Operation,
    circle: Circle,
    rate: FloatArray,
    until: IntArray,
) -> tuple[IntArray, IntArray, IntArray]:
    """Draw the beginnings of conversations: the member's place in the team, the friend, the instant."""
    from_when = np.maximum(operation.registered, cast.start)
    days = np.maximum(until - from_when, 0) / DAY
    member = np.repeat(np.arange(len(rate)), rng.poisson(np.minimum(rate, 15.0) * days))
    friend = circle.friend[circle.pick(rng, member, 1.6)]
    account = operation.members[member]
    start = cast.clocks.draw(rng, account, from_when[member], np.maximum(until, from_when + 1)[member])
    return member, friend, start

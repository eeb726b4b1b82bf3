"""What honest people write every day, to friends, to people they have just met and in groups."""

from __future__ import annotations

import numpy as np

from spamclf.simulate.cast import Cast
from spamclf.simulate.circles import ALWAYS
from spamclf.simulate.kinds import HONEST
from spamclf.simulate.log import DAY, IntArray, Log, lognormal, micros, positions, running_sum
from spamclf.simulate.rounds import round_messages
from spamclf.simulate.talk import announcements, conversations, human_typing
from spamclf.simulate.work import work_messages

__all__ = ["honest_messages"]

#: How often favourite friends are written to: the rank of the friend is a power of a uniform number. College.
_LOYALTY = 1.6
#: Mean conversations begun at one sitting: college.
_SPELL = 5.0
#: Mean seconds between two conversations begun at one sitting: college.
_BEGINS_S = 400.0
#: Mean turns of an answered conversation: college.
_TURNS = 2.8
#: Messages a day to a wrong number: assumed.
_WRONG_NUMBERS = 0.004


def honest_messages(cast: Cast) -> Log:
    """Return everything honest accounts write to each other, to outsiders and to groups, in no order.

    Some rows may lie after the end of the world.
    """
    habits = (_friends, _new_friends, _wrong_numbers, _groups)
    parts = [habit(cast, cast.stream(habit.__name__)) for habit in habits]
    return Log.join([*parts, work_messages(cast), round_messages(cast)])


def _friends(cast: Cast, rng: np.random.Generator) -> Log:
    """Conversations with friends: from one message a month to two hundred a day."""
    rate = _chats(cast)
    able = np.flatnonzero(cast.circle.degree > 0)
    able = able[rate[able] > 0]
    spell = np.repeat(able, rng.poisson(rate[able] * cast.days(able) / _SPELL))
    row, sits = cast.sittings.some(rng, spell)
    counts = rng.geometric(1.0 / _SPELL, len(row))
    group, _ = positions(counts)
    who = spell[row][group]
    start = sits[group] + running_sum(micros(rng.exponential(_BEGINS_S, len(group))), counts)
    edge = cast.circle.pick(rng, who, _LOYALTY)
    friend, since = cast.circle.friend[edge], cast.circle.since[edge]
    # Who hardly writes is hardly written to, and nobody is before they met.
    kept = (since < start) & (rng.random(len(who)) < cast.liveliness[friend] ** 0.7)
    who, start, friend, since = who[kept], start[kept], friend[kept], since[kept]
    # Some goes to people who are not here to answer.
    away = rng.random(len(who)) < 0.4 * cast.own(who, "away") ** 3
    far = cast.n_accounts + (cast.fact(who, friend, "far") * cast.n_outsiders).astype(np.int64)
    there = ~away & (start > cast.active_from[friend]) & (start < cast.active_until[friend])
    willing = np.clip(1.1 - 1.1 * cast.fact(friend, who, "willing") ** 1.5, 0.0, 1.0)
    second = np.where(away, far, friend)
    return conversations(
        rng,
        cast,
        who,
        second,
        start,
        turns=_TURNS,
        answered=willing * there,
        met=since,
        live=_live(cast, second),
    )


def _chats(cast: Cast) -> np.ndarray:
    """Return how many conversations with friends each honest account begins a day."""
    median = np.zeros(cast.n_accounts)
    median[: cast.n_honest] = np.array([row.chats for row in HONEST])[cast.kind[: cast.n_honest]]
    return np.where(median > 0, np.clip(median * cast.liveliness, 0.005, 15.0), 0.0)


def _live(cast: Cast, who: IntArray) -> np.ndarray:
    """Return how often each of `who` answers at once: some always have the phone in their hand."""
    return 0.85 * cast.own(who, "live") ** 1.6


def _new_friends(cast: Cast, rng: np.random.Generator) -> Log:
    """The first conversation of two who have just met: one of them writes, whom the other does not know yet."""
    circle = cast.circle
    new = np.flatnonzero((circle.since != ALWAYS) & (circle.owner < circle.friend))
    one, other, since = circle.owner[new], circle.friend[new], circle.since[new]
    turned = rng.random(len(new)) < 0.5
    first, second = np.where(turned, other, one), np.where(turned, one, other)
    start = since + micros(rng.exponential(120.0, len(new)))
    return conversations(rng, cast, first, second, start, turns=4.0, answered=0.85, met=since, live=0.5)


def _wrong_numbers(cast: Cast, rng: np.random.Generator) -> Log:
    """Now and then somebody mistypes a number: a stranger, who may say so; it may be a program."""
    people = cast.people
    first = np.repeat(people, rng.poisson(_WRONG_NUMBERS * cast.days(people)))
    second = (cast.n_accounts * rng.random(len(first))).astype(np.int64)
    start = cast.awake(rng, first)
    return conversations(rng, cast, first, second, start, turns=2.0, answered=0.3, known=0.0)


def _groups(cast: Cast, rng: np.random.Generator) -> Log:
    """Group chats among neighbours: somebody posts, a few others answer."""
    days = (cast.end - cast.start) / DAY
    session = np.repeat(
        np.arange(len(cast.groups)), rng.poisson(lognormal(rng, 0.25, 1.0, len(cast.groups)) * days)
    )
    opener = cast.groups.someone(rng, session)
    start = cast.awake(rng, opener)
    posts = rng.geometric(0.25, len(session))
    talk, place = positions(posts)
    sender = np.where(place == 0, opener[talk], cast.groups.someone(rng, session[talk]))
    log = announcements(rng, cast, sender, cast.first_group + session[talk], start, posts, gap_s=(70.0, 1.6))
    # In every group a few write and the others read.
    log = log.where((place == 0) | (rng.random(len(log)) < 2.0 * cast.own(sender, "posts") ** 3))
    typed = human_typing(rng, np.full(len(log), 60.0))
    return Log.of(log.sender, log.recipient, log.sent_at, is_group=True, typed_s=typed)

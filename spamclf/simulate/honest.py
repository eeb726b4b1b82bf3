"""What honest people write every day: one small function per habit; most kinds of account have several."""

from __future__ import annotations

import numpy as np

from spamclf.simulate.cast import Cast
from spamclf.simulate.kinds import CHATS
from spamclf.simulate.log import DAY, IntArray, Log, lognormal, pair_uniform, positions
from spamclf.simulate.rounds import ROUNDS
from spamclf.simulate.talk import announcements, answers, conversations, human_typing

__all__ = ["honest_messages"]


def honest_messages(cast: Cast, rng: np.random.Generator) -> Log:
    """Return everything honest accounts write to each other, to outsiders and to groups.

    Parameters
    ----------
    cast : Cast
    rng : numpy.random.Generator

    Returns
    -------
    log : Log
        In no order; some rows may lie after the end of the world.
    """
    return Log.join(
        habit(cast, rng) for habit in (_friends, _groups, _comments, _office_mail, *ROUNDS, _house_mail)
    )


def _circle(cast: Cast, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Return the friends graph as compressed rows over positions in ``people``; it goes both ways."""
    size = len(cast.people)
    degree = np.clip(lognormal(rng, 5.0, 0.8, size), 1, 80).astype(np.int64)
    one, _ = positions(degree)
    distance = np.ceil(rng.exponential(1.0, len(one)) * degree[one] * 0.8).astype(np.int64)
    other = (one + distance * rng.choice([-1, 1], len(one))) % size
    keys = np.unique(np.concatenate([one * size + other, other * size + one]))
    one, other = keys // size, keys % size
    one, other = one[one != other], other[one != other]
    return np.searchsorted(one, np.arange(size + 1)), other


def _friends(cast: Cast, rng: np.random.Generator) -> Log:
    """Conversations with friends: from one message a month to two hundred a day."""
    begins, friends = _circle(cast, rng)
    people, size = cast.people, len(cast.people)
    rate = np.clip(lognormal(rng, CHATS[cast.kind[people]], 1.5, size), 0.01, 15.0)
    days = (cast.active_until[people] - cast.active_from[people]) / DAY
    who, _ = positions(np.where(np.diff(begins) > 0, rng.poisson(1.3 * rate * days), 0))
    # Most of what somebody writes goes to a few of its friends.
    rank = (np.diff(begins)[who] * rng.random(len(who)) ** 2.5).astype(np.int64)
    # Who hardly writes is hardly written to.
    friend = friends[begins[who] + rank]
    kept = rng.random(len(who)) < np.clip(6.0 * rate[friend], 0.03, 1.0)
    who, rank, friend = who[kept], rank[kept], friend[kept]
    first, second = people[who], people[friend]
    # Some goes to people who are not here to answer.
    away = rng.random(len(who)) < 0.5 * pair_uniform(first, first, 20) ** 3
    second = np.where(away, cast.n_accounts + (first * 7919 + rank) % cast.n_outsiders, second)
    start = cast.awake(rng, first, cast.active_from[first], cast.active_until[first])
    # Not everybody answers everybody, nobody does while away; the tempo is a matter of the pair too.
    friend = np.where(away, 0, second)
    there = ~away & (start > cast.active_from[friend]) & (start < cast.active_until[friend])
    willing = np.clip(0.98 - 0.95 * pair_uniform(friend, first, 21) ** 1.2, 0.0, 1.0)
    tempo = 30.0 * np.exp(3.0 * pair_uniform(friend, first, 22))
    return conversations(
        rng,
        first,
        second,
        start,
        turns=6.0,
        answered=willing * there,
        known=0.85,
        reply_s=(tempo, 1.7),
        pace_s=(20.0, 1.1),
    )


def _group_members(cast: Cast, rng: np.random.Generator, n_groups: int) -> tuple[IntArray, IntArray]:
    sizes = np.clip(lognormal(rng, 7.0, 0.8, n_groups), 3, 120).astype(np.int64)
    group, place = positions(sizes)
    centre = rng.integers(0, len(cast.people), n_groups)
    return np.cumsum(sizes) - sizes, cast.people[(centre[group] + place) % len(cast.people)]


def _groups(cast: Cast, rng: np.random.Generator) -> Log:
    """Group chats among neighbours: somebody posts, a few others answer."""
    begins, members = _group_members(cast, rng, cast.n_groups)
    sizes = np.diff(begins, append=len(members))
    days = (cast.end - cast.start) / DAY
    session, _ = positions(rng.poisson(lognormal(rng, 0.25, 1.0, cast.n_groups) * days))
    opener = members[begins[session] + (rng.random(len(session)) * sizes[session]).astype(np.int64)]
    start = cast.awake(rng, opener, cast.active_from[opener], cast.active_until[opener])
    posts = rng.geometric(0.25, len(session))
    talk, place = positions(posts)
    chosen = begins[session[talk]] + (rng.random(len(talk)) * sizes[session[talk]]).astype(np.int64)
    sender = np.where(place == 0, opener[talk], members[chosen])
    log = announcements(rng, cast, sender, cast.first_group + session[talk], start, posts, gap_s=(70.0, 1.6))
    # In every group a few write and the others read.
    log = log.where((place == 0) | (rng.random(len(log)) < 2.0 * pair_uniform(sender, sender, 25) ** 3))
    typed = human_typing(rng, np.full(len(log), 60.0))
    return Log.of(log.sender, log.recipient, log.sent_at, is_group=True, typed_s=typed)


def _comments(cast: Cast, rng: np.random.Generator) -> Log:
    """Public replies to strangers, as in a forum: a few in all, to whoever is popular, rarely answered."""
    who = cast.of("commenter")
    counts = np.clip(lognormal(rng, 2.5, 1.5, len(who)), 1, 400).astype(np.int64)
    row, _ = positions(rng.poisson(counts / 4.0) + 1)
    sender = who[row]
    popular = rng.permutation(np.flatnonzero(~cast.is_automated))
    start = cast.awake(rng, sender, cast.active_from[sender], cast.active_until[sender])
    # A sitting holds a handful of comments, minutes apart.
    sitting = rng.geometric(0.55, len(sender))
    group, _ = positions(sitting)
    rank = (len(popular) * rng.random(len(group)) ** 3).astype(np.int64)
    typed = human_typing(rng, lognormal(rng, 60.0, 1.0, len(group)))
    log = announcements(
        rng, cast, sender[group], popular[rank], start, sitting, gap_s=(240.0, 1.4), known=0.01, typed_s=typed
    )
    return Log.join([log, answers(rng, cast, log, share=0.02, median_s=6000.0, answered=0.15, known=0.02)])


def _office_mail(cast: Cast, rng: np.random.Generator) -> Log:
    """Mail at work: one message to many colleagues at the same instant, within hours answered by a few."""
    who = cast.of("office")
    if len(who) < 2:
        return Log.of([], [], [])
    team = min(30, len(who))
    days = (cast.active_until[who] - cast.active_from[who]) / DAY
    mail, _ = positions(rng.poisson(np.clip(lognormal(rng, 1.0, 1.2, len(who)), 0.03, 25.0) * days))
    copies = np.minimum(rng.geometric(np.where(rng.random(len(mail)) < 0.12, 0.08, 0.75)), team - 1)
    group, place = positions(copies)
    begins = rng.integers(1, team, len(mail))
    # Colleagues are the block of `team` accounts around the sender; close ones get most of the mail.
    reach = np.where(copies > 4, begins, 1 + (begins * rng.random(len(mail)) ** 2).astype(np.int64))
    block = mail // team * team
    inside = (mail[group] - block[group] + (reach[group] + place - 1) % (team - 1) + 1) % team
    sender, recipient = who[mail[group]], who[(block[group] + inside) % len(who)]
    start = cast.awake(rng, who[mail], cast.active_from[who][mail], cast.active_until[who][mail])
    typed = human_typing(rng, np.full(len(group), 300.0))
    log = announcements(
        rng, cast, sender, recipient, start, copies, gap_s=(0.0, 0.0), known=0.9, typed_s=typed
    )
    share = np.where(copies[group] > 4, 0.05, 0.45)
    return Log.join([log, answers(rng, cast, log, share=share, median_s=3000.0, answered=0.5, known=0.9)])


def _house_mail(cast: Cast, rng: np.random.Generator) -> Log:
    """Now and then somebody at work writes to the whole house, within a minute: honest, and a burst to strangers."""
    who = cast.of("office")
    if len(who) < 2:
        return Log.of([], [], [])
    reach = min(150, len(who) - 1)
    days = (cast.active_until[who] - cast.active_from[who]) / DAY
    writes = rng.random(len(who)) < 0.12
    mail, _ = positions(np.where(writes, rng.poisson(0.1 * days), 0))
    copies = rng.integers(reach // 2 + 1, reach + 1, len(mail))
    group, place = positions(copies)
    sender, recipient = who[mail[group]], who[(mail[group] + 1 + place) % len(who)]
    start = cast.awake(rng, who[mail], cast.active_from[who][mail], cast.active_until[who][mail])
    typed = human_typing(rng, np.full(len(group), 300.0))
    log = announcements(
        rng, cast, sender, recipient, start, copies, gap_s=(0.0, 0.4), known=0.6, typed_s=typed
    )
    return Log.join([log, answers(rng, cast, log, share=0.03, median_s=3000.0, answered=0.5, known=0.9)])

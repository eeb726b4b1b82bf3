"""What automated accounts write, family by family, and how their targets answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from spamclf.simulate.cast import Cast, Operation
from spamclf.simulate.kinds import AUTOMATED
from spamclf.simulate.log import (
    DAY,
    SECOND,
    BoolArray,
    FloatArray,
    IntArray,
    Log,
    lognormal,
    micros,
    positions,
    running_sum,
)
from spamclf.simulate.pacing import acted_typing, paced
from spamclf.simulate.pools import chatter, friendly_life, friends_of
from spamclf.simulate.presets import STRICTEST_QUOTA, STRICTEST_REPLIES
from spamclf.simulate.talk import answers, conversations

__all__ = ["automated_messages", "to_strangers", "while_answered"]

#: A number that was somebody's before is still in a few address books: assumed, and the same for honest strangers.
_RECYCLED = 0.02
#: Strangers that the strictest preset writes to before it counts answers: assumed.
_GRACE = 10
#: Chance, for full care, that accounts of an operation chat with each other; chance, without and with full care, that
#: some of its accounts are private ones too, and the conversations that these begin a day. Assumed.
_CHATTER, _LIFE, _LIFE_CHATS = 0.6, (0.15, 0.6), 0.15
#: Largest share of a list that is written to again. Assumed.
_REMINDED = 0.6
#: Families that answer by themselves: median seconds of their answer and its sigma, mean turns. Assumed.
_PROGRAMS = {"conversational": ((4.0, 15.0), 0.4, 7.0), "auto_responder": ((1.0, 4.0), 0.3, 4.0)}


def automated_messages(cast: Cast) -> Log:
    """Return what the operations write, with the answers of their targets, in no order.

    Some rows may lie after the end of the world; `while_answered` still has to hold some back.
    """
    parts = []
    for row in AUTOMATED:
        team = [one for one in cast.operations if one.kind is row]
        sends = [
            _FAMILIES.get(row.name, _list_sends)(cast, one, cast.stream("sends", row.name, number))
            for number, one in enumerate(team)
        ]
        if team:
            parts += [*sends, _family_answers(cast, team, sends)]
            parts += [_cover(cast, one, cast.stream("cover", row.name, n)) for n, one in enumerate(team)]
    return Log.join(parts)


def _family_answers(cast: Cast, team: list[Operation], sends: list[Log]) -> Log:
    """Let targets answer; people sit behind most operations and answer late, if at all; programs at once."""
    rng = cast.stream("answers", team[0].kind.name)
    sizes = [len(log) for log in sends]
    share = np.repeat([one.replies for one in team], sizes)
    log = Log.join(sends)
    to_honest = (log.recipient < cast.n_honest) & (log.sender >= cast.n_honest)
    human = np.repeat([0.1 + 0.8 * rng.random() for _ in team], sizes)
    program = _PROGRAMS.get(team[0].kind.name)
    if team[0].kind.name == "auto_responder":
        return Log.join([])
    if program is None:
        return answers(rng, cast, log, share=share * to_honest, turns=2.5, answered=human, known=0.03)
    low, high = program[0]
    pace = np.repeat([low + (high - low) * one.care for one in team], sizes)
    talk = answers(
        rng,
        cast,
        log,
        share=share * to_honest,
        turns=program[2],
        answered=0.97,
        known=0.03,
        program_s=(pace, program[1]),
    )
    return _acted(rng, cast, team, talk)


def _acted(rng: np.random.Generator, cast: Cast, team: list[Operation], talk: Log) -> Log:
    """Programs show the typing indicator as they are set."""
    words = np.zeros(cast.n_accounts)
    for one in team:
        words[one.members] = one.pace.words
    length = np.where(talk.sender >= cast.n_honest, words[talk.sender], 0.0)
    acted = acted_typing(rng, np.maximum(length * rng.uniform(0.3, 1.0, len(talk)), 0.0))
    return replace(talk, typed_s=np.where(talk.sender >= cast.n_honest, acted, talk.typed_s))


# ---- sends ----------------------------------------------------------------------------------------------------


def _list_sends(cast: Cast, operation: Operation, rng: np.random.Generator) -> Log:
    """Work the list off, slice after slice, at the operation's pace."""
    member, nth, when, typed = paced(rng, operation.pace, operation.starts, operation.reach, cast.end)
    begins = np.cumsum(operation.reach) - operation.reach
    target = operation.targets[(begins[member] + nth) % len(operation.targets)]
    sends = to_strangers(cast, operation.members[member], target, when, typed)
    return Log.join([sends, _reminders(operation, rng, sends)])


def _reminders(operation: Operation, rng: np.random.Generator, sends: Log) -> Log:
    """Some operations write again, to a part of the list: at once what did not fit, or a reminder on another day."""
    if operation.kind.name in ("blaster", "enumerator"):
        return Log.join([])
    share = float(rng.uniform(0.0, _REMINDED)) * (rng.random() < 0.5)
    at_once = rng.random() < 0.5 and operation.kind.name != "anti_ban"
    again = sends.where(rng.random(len(sends)) < share)
    wait = lognormal(rng, 20.0, 0.8, len(again)) if at_once else DAY / SECOND * rng.integers(1, 4, len(again))
    return replace(again, sent_at=again.sent_at + micros(wait + rng.exponential(2.0, len(again))))


def to_strangers(cast: Cast, sender: IntArray, target: IntArray, when: IntArray, typed_s: FloatArray) -> Log:
    """Return messages to a bought list: some numbers are dead, a few others still in somebody's contacts."""
    return Log.of(
        sender,
        target,
        when,
        in_contacts=cast.fact(target, sender, "knows") < _RECYCLED,
        typed_s=typed_s,
        delivered=~cast.is_dead(target),
    )


def _blaster(cast: Cast, operation: Operation, rng: np.random.Generator) -> Log:
    """A hundred messages in fifteen seconds, right after registering; the rest in the hours after."""
    pace = replace(operation.pace, quota=1e6, per_hour=110, pauses=(), hours=None)
    return _list_sends(cast, replace(operation, pace=pace), rng)


def _warm_up(cast: Cast, operation: Operation, rng: np.random.Generator) -> Log:
    """A pool whose members chat with each other for days, nearly every message answered; then they send."""
    begin = np.maximum(operation.registered, cast.start)
    warm = chatter(cast, rng, operation, begin, operation.starts, per_day=6.0)
    return Log.join([warm, _list_sends(cast, operation, rng)])


def _hijacked(cast: Cast, operation: Operation, rng: np.random.Generator) -> Log:
    """Stolen accounts with friends and a past write to their contacts, then to a bought list."""
    circle = friends_of(cast, rng, operation.members)
    rate = operation.kind.chats * cast.liveliness[operation.members]
    life = friendly_life(cast, rng, operation, circle, rate, operation.starts)
    member, nth, when, typed = paced(rng, operation.pace, operation.starts, operation.reach, cast.end)
    begins = np.cumsum(operation.reach) - operation.reach
    target = operation.targets[(begins[member] + nth) % len(operation.targets)]
    degree = circle.degree[member]
    own = nth < np.minimum(degree, (operation.reach * rng.random())[member])
    friend = circle.friend[np.minimum(circle.begins[member] + nth, max(len(circle.friend) - 1, 0))]
    target = np.where(own, friend, target)
    sender = operation.members[member]
    sends = to_strangers(cast, sender, target, when, typed)
    known = np.where(own, cast.fact(target, sender, "knows") < 0.85, sends.in_contacts)
    return Log.join([life, replace(sends, in_contacts=known)])


def _auto_responder(cast: Cast, operation: Operation, rng: np.random.Generator) -> Log:
    """Strangers that an advertisement lured write first; a script answers within seconds at any hour."""
    n_members = len(operation.members)
    member, _ = positions(operation.reach)
    wait = rng.exponential(1.0 / max(operation.pace.quota, 0.1), len(member)) * DAY
    arrives = operation.starts[member] + running_sum(wait.astype(np.int64), operation.reach)
    lured = operation.targets[operation.targets < cast.n_honest]
    lured = lured if len(lured) else np.arange(min(cast.n_honest, 50))
    # Some write to two of the operation's numbers.
    begins = np.cumsum(operation.reach) - operation.reach
    place = np.arange(len(member)) - begins[member]
    customer = lured[(member * max(len(lured) // n_members, 1) + place) % len(lured)]
    start = cast.clocks.draw(rng, customer, arrives, arrives + DAY)
    talk = conversations(
        rng,
        cast,
        customer,
        operation.members[member],
        np.maximum(start, operation.starts[member]),
        turns=_PROGRAMS["auto_responder"][2],
        answered=0.98,
        known=_RECYCLED,
        live=0.5,
        program_s=(operation.pace.gap_s[0], 0.3),
    )
    return _acted(rng, cast, [operation], talk)


def _group_spammer(cast: Cast, operation: Operation, rng: np.random.Generator) -> Log:
    """Join many groups, post the same to each within minutes, a few times a day; then write to some members."""
    groups = rng.permutation(len(cast.groups))[: int(rng.integers(5, 40))]
    begins = cast.groups.begins
    members = np.concatenate([cast.groups.members[begins[one] : begins[one + 1]] for one in groups.tolist()])
    sends = _list_sends(cast, replace(operation, targets=rng.permutation(np.unique(members))), rng)
    days = np.maximum((cast.end - operation.starts) / DAY, 0.5)
    wave = np.repeat(np.arange(len(operation.members)), 1 + rng.poisson(0.8 * np.minimum(days, 12.0)))
    begin = operation.starts[wave] + (rng.random(len(wave)) * np.minimum(days, 12.0)[wave] * DAY).astype(
        np.int64
    )
    counts = np.minimum(rng.integers(3, 30, len(wave)), len(groups))
    post, place = positions(counts)
    gap = micros(rng.exponential(operation.pace.gap_s[0] / 4.0, len(post)) + 1.0)
    target = cast.first_group + groups[(wave[post] * 7 + place) % len(groups)]
    when = begin[post] + running_sum(gap, counts)
    return Log.join([sends, Log.of(operation.members[wave[post]], target, when, is_group=True)])


_FAMILIES: dict[str, Callable[[Cast, Operation, np.random.Generator], Log]] = {
    "blaster": _blaster,
    "warm_up": _warm_up,
    "hijacked": _hijacked,
    "auto_responder": _auto_responder,
    "group_spammer": _group_spammer,
}


def _cover(cast: Cast, operation: Operation, rng: np.random.Generator) -> Log:
    """Careful operators let their accounts look like people's: they chat with each other, or have a life."""
    if operation.kind.name in ("hijacked", "blaster", "enumerator") or _is_strict(operation):
        return Log.join([])
    logs = []
    if rng.random() < _CHATTER * operation.care:
        begin = np.maximum(operation.registered, cast.start)
        until = np.full(len(begin), cast.end)
        logs.append(chatter(cast, rng, operation, begin, until, per_day=float(rng.uniform(0.3, 3.0))))
    if rng.random() < _LIFE[0] + _LIFE[1] * operation.care:
        circle = friends_of(cast, rng, operation.members)
        lives = rng.random(len(operation.members)) < rng.random()
        rate = _LIFE_CHATS * cast.liveliness[operation.members] * lives
        logs.append(friendly_life(cast, rng, operation, circle, rate, np.full(len(rate), cast.end)))
    return Log.join(logs)


# ---- the strictest preset -------------------------------------------------------------------------------------


def _is_strict(operation: Operation) -> bool:
    return operation.kind.name == "anti_ban" and operation.pace.per_day == STRICTEST_QUOTA


def while_answered(cast: Cast, log: Log) -> Log:
    """Drop what the strictest preset would not have sent: strangers, while too few of them have answered.

    With a message that is not sent goes what would have come of it. `log` is in time order.
    """
    teams = [one.members for one in cast.operations if _is_strict(one)]
    members = np.concatenate([np.zeros(0, dtype=np.int64), *teams])
    sent, came = np.isin(log.sender, members), np.isin(log.recipient, members) & ~log.is_group
    row = np.flatnonzero(sent | came)
    keep = np.ones(len(log), dtype=np.bool_)
    for member in members.tolist():
        mine = row[(log.sender[row] == member) | (log.recipient[row] == member)]
        keep[mine] &= _kept(log.where(mine), member)
    return log.where(keep)


def _kept(log: Log, member: int) -> BoolArray:
    """Return which rows of one account's own log stay."""
    out = log.sender == member
    peer, first = np.unique(np.where(out, log.recipient, log.sender), return_index=True)
    place = np.searchsorted(peer, np.where(out, log.recipient, log.sender))
    replied = np.full(len(peer), np.iinfo(np.int64).max)
    np.minimum.at(replied, place[~out], log.sent_at[~out])
    written: list[int] = []
    dropped: list[int] = []
    for one in np.argsort(first).tolist():
        if not out[first[one]]:
            continue
        answers_so_far = int((replied[written] < log.sent_at[first[one]]).sum())
        enough = len(written) < _GRACE or answers_so_far >= STRICTEST_REPLIES * len(written)
        (written if enough else dropped).append(one)
    return ~np.isin(place, dropped)

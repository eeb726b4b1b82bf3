"""Honest accounts that write to many: most of the hard negatives, from the rows of `spamclf.simulate.kinds.ROUNDS`."""

from __future__ import annotations

import numpy as np

from spamclf.simulate.cast import Cast
from spamclf.simulate.kinds import ROUNDS, Range, Round
from spamclf.simulate.log import DAY, HOUR, MINUTE, FloatArray, IntArray, Log, lognormal, micros, positions
from spamclf.simulate.talk import announcements, answers

__all__ = ["round_messages"]

#: Share of the cold callers who bought their list where others buy too, and how much of it they use: assumed.
_BUYERS, _BOUGHT = 0.25, 0.5


def round_messages(cast: Cast) -> Log:
    """Return what the rows of `ROUNDS` write, with the answers of their recipients."""
    return Log.join(
        _round(cast, cast.stream("round", number, row.kind), row) for number, row in enumerate(ROUNDS)
    )


def _round(cast: Cast, rng: np.random.Generator, row: Round) -> Log:
    all_of_them = cast.of(row.kind)
    accounts = all_of_them[cast.own(all_of_them, f"does {row.when}") < row.by]
    who, start = _schedule(cast, rng, row, accounts)
    counts = _sizes(cast, rng, row, who)
    sender = np.repeat(who, counts)
    recipient = _recipients(cast, rng, row, who, counts)
    pasted = rng.random(len(sender)) < _drawn(cast, sender, row.pasted, "pasted")
    typed = np.where(pasted, 0.0, _typing(cast, rng, sender))
    pace = np.exp(_drawn(cast, who, (np.log(row.gap_s[0]), np.log(row.gap_s[1])), "pace"))
    log = announcements(
        rng,
        cast,
        sender,
        recipient,
        start,
        counts,
        gap_s=(pace, _drawn(cast, who, row.uneven, "uneven")),
        known=_drawn(cast, who, row.known, "known"),
        typed_s=typed,
    )
    if row.to == "groups":
        return Log.of(log.sender, log.recipient, log.sent_at, is_group=True, typed_s=typed)
    if row.to == "customers":  # customers left a number that works, mostly
        dead = ~log.delivered & (cast.own(log.recipient, "left a wrong number") < 0.2)
        log = Log.of(
            log.sender,
            log.recipient,
            log.sent_at,
            in_contacts=log.in_contacts,
            typed_s=log.typed_s,
            delivered=~dead,
        )
    share = _drawn(cast, sender, row.answers, "answers")
    return Log.join([log, answers(rng, cast, log, share=share, answered=0.7, turns=row.turns, known=0.5)])


def _typing(cast: Cast, rng: np.random.Generator, sender: IntArray) -> FloatArray:
    """Draw how long people type what they have typed many times: each has a length, and varies it more or less."""
    median = 4.0 * 12.0 ** cast.own(sender, "length")
    return median * np.exp((0.15 + 0.9 * cast.own(sender, "varies")) * rng.standard_normal(len(sender)))


def _drawn(cast: Cast, who: IntArray, least_most: Range, name: str) -> FloatArray:
    """Draw a number for each account between two bounds, always the same for the same account."""
    low, high = least_most
    return low + (high - low) * cast.own(who, f"round {name}")


def _schedule(
    cast: Cast, rng: np.random.Generator, row: Round, accounts: IntArray
) -> tuple[IntArray, IntArray]:
    """Return the account of each round, and when it begins."""
    if row.when == "registered":
        return accounts, cast.registered[accounts] + micros(lognormal(rng, 20 * 60.0, 1.5, len(accounts)))
    per_day = lognormal(rng, row.per_day[0], row.per_day[1], len(accounts))
    if row.when == "awake":
        who = np.repeat(accounts, rng.poisson(per_day * cast.days(accounts)))
        return who, cast.awake(rng, who)
    # At most one a day, on the days on which the account is up.
    group, day = positions(np.ceil(cast.days(accounts)).astype(np.int64))
    who, zone = accounts[group], cast.clocks.offset[accounts[group]]
    day += (cast.active_from[who] + zone) // DAY
    weight = cast.clocks.weekday_weight(who, day)
    kept = rng.random(len(who)) < np.minimum(per_day[group], 0.97) * np.minimum(weight / 0.8, 1.0)
    return who[kept], (day * DAY - zone)[kept] + _time_of_day(cast, rng, row, who[kept])


def _time_of_day(cast: Cast, rng: np.random.Generator, row: Round, who: IntArray) -> IntArray:
    """Return when a round of the day begins: a cron job, somebody over the first coffee, or when work begins."""
    if row.when != "morning":
        return ((cast.clocks.wake_h[who] + rng.exponential(0.7, len(who))) * HOUR).astype(np.int64)
    hour = np.floor(6.0 + 5.0 * cast.own(who, "morning"))
    by_hand = cast.own(who, "by hand") < 0.5
    late = np.where(by_hand, rng.normal(0.0, 15.0, len(who)), rng.random(len(who)) / 30)
    return (hour * HOUR).astype(np.int64) + (late * MINUTE).astype(np.int64)


def _sizes(cast: Cast, rng: np.random.Generator, row: Round, who: IntArray) -> IntArray:
    """Return how many each round goes to: accounts differ, and rounds of one account less so."""
    median, sigma, least, most = row.size
    level = 0.8 * _normal(cast, who, f"size {row.when}") + 0.6 * rng.standard_normal(len(who))
    sizes = median * np.exp(sigma * level)
    most = min(most, len(cast.groups)) if row.to == "groups" else most
    return np.clip(np.rint(sizes), min(least, most), most).astype(np.int64)


def _normal(cast: Cast, who: IntArray, name: str) -> FloatArray:
    """Return a standard normal number for each account (Box and Muller), always the same for the same account."""
    one, two = cast.own(who, f"{name} one"), cast.own(who, f"{name} two")
    return np.sqrt(-2.0 * np.log1p(-one)) * np.cos(2.0 * np.pi * two)


def _recipients(
    cast: Cast, rng: np.random.Generator, row: Round, who: IntArray, counts: IntArray
) -> IntArray:
    """Return the recipients of all rounds, one after the other."""
    group, place = positions(counts)
    sender = who[group]
    if row.to == "groups":
        return cast.first_group + (sender * 31 + place) % len(cast.groups)
    if row.to == "contacts":
        _, recipient = cast.contacts(who, counts, row.outside)
        return recipient[np.lexsort((rng.random(len(group)), group))]
    if row.to == "customers":
        return _customers(cast, rng, sender, np.repeat(counts, counts), row.outside)
    strangers = cast.strangers(rng, sender, row.outside)
    if (
        row.to == "strangers"
    ):  # flat hunters write to the same landlords: the first outsiders are written to by many
        popular = cast.n_accounts + (cast.n_outsiders * rng.random(len(group)) ** 3).astype(np.int64)
        return np.where(strangers >= cast.n_accounts, popular, strangers)
    return _leads(cast, rng, sender, strangers)


def _customers(
    cast: Cast, rng: np.random.Generator, sender: IntArray, size: IntArray, outside: float
) -> IntArray:
    """Draw customers: each sender has some twenty times as many as it writes to in a round."""
    rank = (20.0 * size * rng.random(len(sender))).astype(np.int64)
    code = cast.fact(sender, rank, "customer")
    account = (code * cast.n_accounts).astype(np.int64)
    outsider = cast.n_accounts + (code * cast.n_outsiders).astype(np.int64)
    return np.where(cast.fact(sender, rank, "outside") < outside, outsider, account)


def _leads(cast: Cast, rng: np.random.Generator, sender: IntArray, strangers: IntArray) -> IntArray:
    """Take a part of some callers' strangers from a list that was for sale."""
    if not len(sender):
        return strangers
    market = cast.market
    mine = (cast.own(sender, "bought") * len(market)).astype(np.int64)
    sizes = np.array([len(one) for one in market])
    begins = np.cumsum(sizes) - sizes
    lead = np.concatenate(market)[begins[mine] + (sizes[mine] * rng.random(len(sender))).astype(np.int64)]
    uses = (cast.own(sender, "buys") < _BUYERS) & (rng.random(len(sender)) < _BOUGHT)
    return np.where(uses, lead, strangers)

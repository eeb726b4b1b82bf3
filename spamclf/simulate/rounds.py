"""Honest accounts that write to many: the hard negatives, one small function per habit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spamclf.simulate.cast import Cast
from spamclf.simulate.log import DAY, HOUR, MINUTE, IntArray, Log, lognormal, micros, pair_uniform, positions
from spamclf.simulate.talk import announcements, answers, conversations, human_typing

__all__ = ["ROUNDS"]


def _to_contacts(
    cast: Cast, rng: np.random.Generator, who: IntArray, start: IntArray, counts: IntArray, outside: float
) -> tuple[IntArray, IntArray]:
    """Return senders and recipients, row by row, of announcements to the own contacts in a random order."""
    group, recipient = cast.contacts(who, counts, outside)
    order = np.lexsort((rng.random(len(group)), group))
    return who[group], recipient[order]


def _seekers(cast: Cast, rng: np.random.Generator) -> Log:
    """People who look for a flat, a job or a date: much the same text to strangers, some of whom answer."""
    who = cast.of("seeker")
    # One evening with many, or weeks with a few a day.
    hunts = 1 + rng.poisson(rng.gamma(0.7, 5.0, len(who)))
    hunt, _ = positions(hunts)
    sender = who[hunt]
    median = 22.0 * hunts[hunt] ** -0.6
    counts = np.clip(lognormal(rng, median, 0.9, len(sender)), 1, 150).astype(np.int64)
    group, _ = positions(counts)
    account = rng.random(len(group)) < 0.6
    here = cast.people[(len(cast.people) * rng.random(len(group))).astype(np.int64)]
    # Flat hunters write to the same landlords: the first outsiders are written to by many.
    away = cast.n_accounts + (cast.n_outsiders * rng.random(len(group)) ** 3).astype(np.int64)
    start = cast.awake(rng, sender, cast.active_from[sender], cast.active_until[sender])
    pace = np.exp(rng.uniform(np.log(8), np.log(900), len(sender)))
    pasted = rng.random(len(group)) < (0.9 * pair_uniform(sender, sender, 71))[group]
    typed = np.where(pasted, 0.0, human_typing(rng, np.full(len(group), 60.0)))
    log = announcements(
        rng,
        cast,
        sender[group],
        np.where(account, here, away),
        start,
        counts,
        gap_s=(pace, 1.0),
        typed_s=typed,
        known=0.02,
    )
    share = (0.5 * pair_uniform(sender, sender, 72))[group]
    return Log.join(
        [log, answers(rng, cast, log, share=share, median_s=5000.0, answered=0.6, turns=4.0, known=0.1)]
    )


def _new_numbers(cast: Cast, rng: np.random.Generator) -> Log:
    """New users who tell all contacts, minutes after registering; every third uses a broadcast list."""
    who = cast.of("new_number")
    counts = np.clip(lognormal(rng, 40.0, 0.7, len(who)), 8, 200).astype(np.int64)
    start = cast.registered[who] + micros(lognormal(rng, 20 * 60.0, 1.5, len(who)))
    sender, recipient = _to_contacts(cast, rng, who, start, counts, 0.35)
    pace = np.where(rng.random(len(who)) < 0.35, 0.15, 9.0)
    known = rng.uniform(0.2, 1.0, len(who))
    log = announcements(rng, cast, sender, recipient, start, counts, gap_s=(pace, 0.8), known=known)
    return Log.join([log, answers(rng, cast, log, share=0.45, median_s=1500.0, answered=0.7, turns=4.0)])


def _organisers(cast: Cast, rng: np.random.Generator) -> Log:
    """Weddings and schools: three rounds to the same guests, half of whom do not know the organiser."""
    organiser, _ = positions(np.full(len(cast.of("organiser")), 3))
    who = cast.of("organiser")[organiser]
    guests = np.clip(lognormal(rng, 60.0, 0.5, len(cast.of("organiser"))), 15, 180).astype(np.int64)[
        organiser
    ]
    start = cast.awake(rng, who, cast.active_from[who], cast.active_until[who])
    sender, recipient = _to_contacts(cast, rng, who, start, guests, 0.4)
    log = announcements(rng, cast, sender, recipient, start, guests, gap_s=(14.0, 1.0), known=0.55)
    return Log.join([log, answers(rng, cast, log, share=0.4, median_s=3600.0, answered=0.6, turns=3.0)])


def _group_admins(cast: Cast, rng: np.random.Generator) -> Log:
    """Admins who post the same notice to several groups within a minute, several times a day."""
    admins = cast.of("group_admin")
    days = (cast.active_until[admins] - cast.active_from[admins]) / DAY
    notice, _ = positions(rng.poisson(lognormal(rng, 1.5, 0.9, len(admins)) * days))
    who = admins[notice]
    counts = np.minimum(2 + who % 7, cast.n_groups)
    group, place = positions(counts)
    start = cast.awake(rng, who, cast.active_from[who], cast.active_until[who])
    target = cast.first_group + (who[group] * 31 + place) % cast.n_groups
    log = announcements(rng, cast, who[group], target, start, counts, gap_s=(7.0, 0.7))
    return Log.of(log.sender, log.recipient, log.sent_at, is_group=True)


def _shops(cast: Cast, rng: np.random.Generator) -> Log:
    """Customers ask, shops answer, partly with canned texts; some send all contacts an offer every week."""
    shops = cast.of("shop")
    days = (cast.active_until[shops] - cast.active_from[shops]) / DAY
    chat, _ = positions(rng.poisson(np.clip(lognormal(rng, 2.5, 1.1, len(shops)), 0.1, 40.0) * days))
    shop = shops[chat]
    customer = cast.people[(len(cast.people) * rng.random(len(shop))).astype(np.int64)]
    start = cast.awake(rng, shop, cast.active_from[shop], cast.active_until[shop])
    pace = np.exp(1.0 + 5.0 * pair_uniform(shop, shop, 31))  # from an answering machine to a busy owner
    talk = conversations(
        rng,
        customer,
        shop,
        start,
        turns=5.0,
        answered=0.93,
        known=0.35,
        reply_s=(pace, 1.0),
        pace_s=(40.0, 1.1),
    )
    canned = (cast.kind[talk.sender] == cast.kind[shops[0]] if len(shops) else talk.delivered) & (
        rng.random(len(talk)) < 0.5
    )
    talk = Log.of(
        talk.sender,
        talk.recipient,
        talk.sent_at,
        in_contacts=talk.in_contacts,
        typed_s=np.where(canned, 0.0, talk.typed_s),
    )
    offer, week = positions(np.where(rng.random(len(shops)) < 0.4, 4, 0))
    who = shops[offer]
    when = cast.start + ((week + rng.random(len(week))) * 7 * DAY).astype(np.int64)
    when = np.maximum(when // DAY * DAY + 10 * HOUR - cast.offset[who], cast.active_from[who])
    counts = (20 + who * 7 % 60).astype(np.int64)
    sender, recipient = _to_contacts(cast, rng, who, when, counts, 0.6)
    log = announcements(rng, cast, sender, recipient, when, counts, gap_s=(1.5, 0.5), known=0.35)
    return Log.join([talk, log, answers(rng, cast, log, share=0.06, answered=0.9)])


def _notices(cast: Cast, rng: np.random.Generator) -> Log:
    """Clinics and couriers: one-way notices all day, or one batch at nine o'clock sharp; hardly answered."""
    senders = cast.of("notifier")
    days: IntArray = np.maximum((cast.active_until[senders] - cast.active_from[senders]) // DAY, 1)
    daily, day = positions(days)
    who = senders[daily]
    volume = lognormal(rng, (2 + 40 * pair_uniform(senders, senders, 41) ** 2)[daily], 0.4, len(who))
    counts: IntArray = np.clip(volume, 0, 220).astype(np.int64)
    batch = (pair_uniform(senders, senders, 42) < 0.5)[daily]
    group, _ = positions(counts)
    account = rng.random(len(group)) < 0.25
    customers = cast.people[(len(cast.people) * rng.random(len(group))).astype(np.int64)]
    outsiders = cast.n_accounts + (rng.random(len(group)) * cast.n_outsiders).astype(np.int64)
    morning = (cast.active_from[who] // DAY + day) * DAY + 9 * HOUR - cast.offset[who] // HOUR * HOUR
    log = announcements(
        rng,
        cast,
        who[group],
        np.where(account, customers, outsiders),
        morning,
        counts,
        gap_s=(1.0, 0.3),
        known=0.2,
    )
    spread = cast.awake(rng, log.sender, morning[group], morning[group] + MINUTE)
    dead = ~log.delivered & (rng.random(len(log)) < 0.2)  # customers left a number that works, mostly
    log = Log.of(
        log.sender,
        log.recipient,
        np.where(batch[group], log.sent_at, spread),
        in_contacts=log.in_contacts,
        delivered=~dead,
    )
    return Log.join([log, answers(rng, cast, log, share=0.03, turns=1.0, answered=0.1, known=0.9)])


def _morning_pictures(cast: Cast, rng: np.random.Generator) -> Log:
    """Family broadcasters: a picture to everybody, every morning around seven."""
    family = cast.of("broadcaster")
    days: IntArray = np.maximum((cast.active_until[family] - cast.active_from[family]) // DAY, 1)
    morning, day = positions(days)
    who = family[morning]
    when = (cast.active_from[who] // DAY + day) * DAY + 7 * HOUR - cast.offset[who]
    when += (rng.normal(0, 15, len(who)) * MINUTE).astype(np.int64)
    counts = 10 + who * 13 % 40
    sender, recipient = _to_contacts(cast, rng, who, when, counts, 0.35)
    pace = np.where(pair_uniform(who, who, 51) < 0.6, 0.2, 5.0)
    log = announcements(rng, cast, sender, recipient, when, counts, gap_s=(pace, 0.7), known=0.9)
    return Log.join([log, answers(rng, cast, log, share=0.08, turns=2.0, known=0.9)])


def _forwards(cast: Cast, rng: np.random.Generator) -> Log:
    """Viral forwarders: on some evenings the same thing to dozens, in lots of five."""
    people = cast.of("forwarder")
    days = (cast.active_until[people] - cast.active_from[people]) / DAY
    wave, _ = positions(rng.poisson(0.35 * days))
    who = people[wave]
    start = cast.awake(rng, who, cast.active_from[who], cast.active_until[who])
    counts = np.clip(lognormal(rng, 25.0, 0.6, len(who)), 5, 120).astype(np.int64)
    sender, recipient = _to_contacts(cast, rng, who, start, counts, 0.45)
    log = announcements(rng, cast, sender, recipient, start, counts, gap_s=(3.0, 1.3), known=0.65)
    return Log.join([log, answers(rng, cast, log, share=0.12, turns=2.0)])


#: Every habit of this module: the cast and a generator in, messages out.
ROUNDS: tuple[Callable[[Cast, np.random.Generator], Log], ...] = (
    _seekers,
    _new_numbers,
    _organisers,
    _group_admins,
    _shops,
    _notices,
    _morning_pictures,
    _forwards,
)

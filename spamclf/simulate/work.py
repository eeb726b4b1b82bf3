"""What is written at work and in public: office mail, shops and their customers, comments."""

from __future__ import annotations

import numpy as np

from spamclf.simulate.cast import Cast
from spamclf.simulate.log import IntArray, Log, lognormal, micros, positions, running_sum
from spamclf.simulate.talk import announcements, answers, conversations, human_typing

__all__ = ["work_messages"]

#: People of one company: email.
_COMPANY = 160
#: Mails a day: median and sigma by person; share that goes to a whole project: email.
_MAILS, _COPIED = (1.1, 1.2), 0.1
#: Mean mails of a sitting: email.
_AT_ONCE = 1.7
#: Least and most people of a project, and the desks from one project to the next: email.
_PROJECT, _DESKS = (4, 20), 6
#: Mean distance of the desk that a mail goes to; share answered: email.
_NEAR, _ANSWERED = 7.0, 0.85
#: Comments of half a month: median and sigma; mean visits hold this many: digg.
_COMMENTS, _PER_VISIT = (1.6, 1.3), 1.7
#: Few are answered by many: the rank of the answered commenter is a power of a uniform number: digg.
_POPULAR = 6.0
#: Chance that the same commenter is answered a second time where the dice say so: digg.
_AGAIN = 0.25
#: Questions a day that a shop is asked, median and sigma by shop; share with an automatic greeting: assumed.
_QUESTIONS, _GREETS = (2.0, 1.1), 0.35


def work_messages(cast: Cast) -> Log:
    """Return what offices, shops, their customers and commenters write, in no order."""
    habits = (_office_mail, _house_mail, _shops, _comments)
    return Log.join(habit(cast, cast.stream(habit.__name__)) for habit in habits)


def _office_mail(cast: Cast, rng: np.random.Generator) -> Log:
    """Mail at work: mostly to close colleagues, at times to everybody of a project at the same instant."""
    who = cast.of("office")
    if len(who) < 2:
        return Log.of([], [], [])
    mail, start = _written(cast, rng, who)
    many = rng.random(len(mail)) < _COPIED
    project = mail // _DESKS + rng.integers(-1, 1, len(mail))
    size = (_PROJECT[0] + (_PROJECT[1] - _PROJECT[0]) * cast.own(project, "project")).astype(np.int64)
    copies = np.where(many, size, rng.geometric(0.85, len(mail)))
    group, place = positions(copies)
    near = rng.exponential(_NEAR, len(group)).astype(np.int64) * np.where(place % 2, -1, 1)
    desk = np.where(many[group], project[group] * _DESKS + place, mail[group] + near)
    recipient = _colleague(who, mail[group], desk)
    typed = human_typing(rng, np.full(len(group), 300.0))
    log = announcements(
        rng, cast, who[mail[group]], recipient, start, copies, gap_s=(0.0, 0.0), known=0.9, typed_s=typed
    )
    heard = rng.random(len(group)) < 0.05 + 0.95 * cast.own(recipient, "wanted")  # some are hardly asked
    log, share = log.where(heard), np.where(many[group], _ANSWERED / 3.0, _ANSWERED)[heard]
    talk = answers(rng, cast, log, share=share, answered=0.4, turns=2.5, known=0.9, live=0.4, keen=False)
    return Log.join([log, talk])


def _written(cast: Cast, rng: np.random.Generator, who: IntArray) -> tuple[IntArray, IntArray]:
    """Return the place in `who` of the writer of each mail, a few at a sitting, and when it is written."""
    rate = np.minimum(lognormal(rng, _MAILS[0], _MAILS[1], len(who)), 15.0)
    mail = np.repeat(np.arange(len(who)), rng.poisson(rate * cast.days(who) / _AT_ONCE))
    row, sits = cast.sittings.some(rng, who[mail])
    counts = rng.geometric(1.0 / _AT_ONCE, len(row))
    group, _ = positions(counts)
    return mail[row][group], sits[group] + running_sum(micros(rng.exponential(700.0, len(group))), counts)


def _colleague(who: IntArray, one: IntArray, desk: IntArray) -> IntArray:
    """Return who sits at a desk of the company of `one`; companies are blocks of desks, the last ones may overlap."""
    size = min(_COMPANY, len(who))
    first = np.minimum(one // size * size, len(who) - size)
    found = first + (desk - first) % size
    found = np.where(found == one, first + (desk + 1 - first) % size, found)
    return np.asarray(who[found], dtype=np.int64)


def _house_mail(cast: Cast, rng: np.random.Generator) -> Log:
    """Now and then somebody at work writes to the whole house, within a minute: honest, and a burst to strangers."""
    who = cast.of("office")
    if len(who) < 2:
        return Log.of([], [], [])
    reach = min(_COMPANY, len(who)) - 1
    writes = who[cast.own(who, "writes to all") < 0.03]
    mail = np.repeat(np.searchsorted(who, writes), rng.poisson(0.1 * cast.days(writes)))
    copies = rng.integers(reach // 2 + 1, reach + 1, len(mail))
    group, place = positions(copies)
    recipient = _colleague(who, mail[group], mail[group] + 1 + place)
    start = cast.awake(rng, who[mail])
    typed = human_typing(rng, np.full(len(group), 300.0))
    log = announcements(
        rng, cast, who[mail[group]], recipient, start, copies, gap_s=(0.0, 0.4), known=0.6, typed_s=typed
    )
    return Log.join([log, answers(rng, cast, log, share=0.03, answered=0.5, known=0.9)])


def _shops(cast: Cast, rng: np.random.Generator) -> Log:
    """Customers ask and shops answer, partly with canned texts; some greet at once and answer later."""
    shops = cast.of("shop")
    rate = np.clip(lognormal(rng, _QUESTIONS[0], _QUESTIONS[1], len(shops)), 0.1, 30.0)
    shop = np.repeat(shops, rng.poisson(rate * cast.days(shops)))
    customer = cast.people[(len(cast.people) * rng.random(len(shop))).astype(np.int64)]
    start = cast.awake(rng, customer)
    talk = conversations(
        rng,
        cast,
        customer,
        shop,
        start,
        turns=5.0,
        answered=0.9,
        known=0.3,
        live=0.9 * cast.own(shop, "live"),  # from a clerk at the counter to an owner who looks in the evening
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
    greets = cast.own(shop, "greets") < _GREETS
    at = start[greets] + micros(rng.uniform(0.8, 4.0, int(greets.sum())))
    known = cast.fact(customer[greets], shop[greets], "knows") < 0.3
    return Log.join([talk, Log.of(shop[greets], customer[greets], at, in_contacts=known)])


def _comments(cast: Cast, rng: np.random.Generator) -> Log:
    """Public replies to strangers, as in a forum: a few in all, to whoever is popular, rarely answered."""
    who = cast.of("commenter")
    half_months = cast.days(who) / 15.0
    wanted = lognormal(rng, _COMMENTS[0], _COMMENTS[1], len(who)) * half_months
    sender = np.repeat(who, rng.poisson(wanted / _PER_VISIT) + 1)
    start = cast.awake(rng, sender)
    # A visit holds a few comments, minutes apart.
    visit = rng.geometric(1.0 / _PER_VISIT, len(sender))
    group, _ = positions(visit)
    rank = (len(who) * rng.random(len(group)) ** _POPULAR).astype(np.int64)
    typed = human_typing(rng, lognormal(rng, 60.0, 1.0, len(group)))
    log = announcements(
        rng, cast, sender[group], who[rank], start, visit, gap_s=(350.0, 1.6), known=0.01, typed_s=typed
    )
    _, first = np.unique(log.sender * cast.n_accounts + log.recipient, return_index=True)
    new = np.isin(np.arange(len(log)), first)
    log = log.where(new | (rng.random(len(log)) < _AGAIN))
    return Log.join([log, answers(rng, cast, log, share=0.02, answered=0.15, known=0.02)])

"""What follows from the messages: reports and blocks, labels and bans, evidence about operators."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spamclf.simulate.cast import Cast
from spamclf.simulate.kinds import HONEST
from spamclf.simulate.log import DAY, HOUR, BoolArray, IntArray, Log, lognormal

__all__ = ["Labels", "Reports", "banned", "draw_evidence", "draw_labels", "draw_reports", "undelivered"]

# Assumed throughout.
#: Labelled accounts: the rest was never reviewed.
_LABELLED_SHARE = 0.92
#: Accounts labelled automated that are closed; the others were found in a review after the fact and go on.
_BANNED_SHARE = 0.6
#: Accounts labelled automated whose campaign is known.
_CAMPAIGN_KNOWN = 0.8
#: Chance of a complaint about somebody in the own contacts, for a message.
_AMONG_FRIENDS = 0.0004
#: Share of messages that are not delivered, for whatever reason.
_LOST = 0.003
#: Least and most false reporters of a brigade, and the hours they take.
_BRIGADE, _BRIGADE_H = (8, 20), 2.0

#: account, instant, place of its operation (-1: not known), is_automated
Labels = tuple[IntArray, IntArray, IntArray, BoolArray]
#: account, reporter, instant, is_block
Reports = tuple[IntArray, IntArray, IntArray, BoolArray]


def draw_labels(cast: Cast, log: Log, wrong_labels: float, rng: np.random.Generator) -> Labels:
    """Draw who is labelled when: automated accounts days after their first bulk send, others at any review.

    Parameters
    ----------
    cast : Cast
    log : Log
    wrong_labels : float
        Share of the labels that tell the opposite of the truth, whatever the truth is.
    rng : numpy.random.Generator

    Returns
    -------
    account, labelled_at, operation : ndarray of int64
        `operation` is the place of the known operation in ``cast.operations``, else -1.
    is_automated : ndarray of bool
    """
    size, drawn = cast.n_accounts, rng.random((5, cast.n_accounts))
    place = np.full(size, -1, dtype=np.int64)
    found_days = np.zeros(size)
    for number, operation in enumerate(cast.operations):
        place[operation.members] = number
        found_days[operation.members] = operation.kind.found_days * (0.6 + operation.care)
    first = _first_bulk_send(cast, log)
    found = first + (lognormal(rng, found_days, 0.8, size) * DAY).astype(np.int64) + HOUR
    begin = np.maximum(cast.registered, cast.start)
    reviewed = begin + DAY + (drawn[0] * np.maximum(cast.end - begin, DAY)).astype(np.int64)
    account = np.flatnonzero(drawn[1] < _LABELLED_SHARE)
    wrong = account[np.argsort(drawn[2][account], kind="stable")[: round(wrong_labels * len(account))]]
    flipped = np.isin(np.arange(size), wrong)
    verdict = cast.is_automated ^ flipped
    when = np.where(cast.is_automated & ~flipped, np.minimum(found, cast.end + 14 * DAY), reviewed)
    known = verdict & ~flipped & (drawn[3] < _CAMPAIGN_KNOWN)
    return account, when[account], np.where(known, place, -1)[account], verdict[account]


def _first_bulk_send(cast: Cast, log: Log) -> IntArray:
    """Return the first send of each automated account from its start on; the end of the world where there is none."""
    first, start = np.full(cast.n_accounts, cast.end), np.full(cast.n_accounts, cast.end)
    for operation in cast.operations:
        start[operation.members] = operation.starts
    bulk = log.where(log.sent_at >= start[log.sender])
    np.minimum.at(first, bulk.sender, bulk.sent_at)
    return first


def banned(cast: Cast, log: Log, labels: Labels) -> Log:
    """Drop what closed accounts would have sent after their label, and the answers to it."""
    until = np.full(cast.first_group, np.iinfo(np.int64).max)
    account, labelled_at, _, automated = labels
    closed = automated & (cast.own(account, "closed") < _BANNED_SHARE)
    until[account[closed]] = labelled_at[closed]
    to_person = np.where(log.is_group, 0, log.recipient)
    answer_until = np.where(log.is_group, np.iinfo(np.int64).max, until[to_person])
    return log.where((log.sent_at < until[log.sender]) & (log.sent_at < answer_until))


def draw_reports(cast: Cast, log: Log) -> Reports:
    """Draw complaints of recipients, some unjust ones among friends, and the brigades.

    Returns
    -------
    account, reporter, reported_at : ndarray of int64
    is_block : ndarray of bool
    """
    honest = log.sender < cast.n_honest
    parts = [
        _complaints(cast, log.where(honest), cast.stream("complaints")),
        _complaints(cast, log.where(~honest), cast.stream("complaints about programs")),
        *_brigades(cast, cast.stream("brigades")),
    ]
    account, reporter, when, block = (np.concatenate(column) for column in zip(*parts, strict=True))
    seen = (when < cast.end) & (account != reporter)
    return account[seen], reporter[seen], when[seen], block[seen]


def _complaints(cast: Cast, log: Log, rng: np.random.Generator) -> Reports:
    rate = np.zeros(cast.n_accounts)
    rate[: cast.n_honest] = np.array([row.complaints for row in HONEST])[cast.kind[: cast.n_honest]]
    for operation in cast.operations:
        rate[operation.members] = operation.complaints
    # Some accounts annoy more than others.
    rate = rate * np.exp(1.2 * (cast.own(np.arange(cast.n_accounts), "annoys") - 0.6))
    alive = log.delivered & ~log.is_group & ~cast.is_dead(log.recipient)
    chance = np.where(log.in_contacts, _AMONG_FRIENDS, rate[log.sender])
    told = log.where(alive & (rng.random(len(log)) < chance))
    _, first = np.unique(told.sender * cast.first_group + told.recipient, return_index=True)
    told = told.where(np.sort(first))
    delay = (lognormal(rng, 2400.0, 1.8, len(told)) * 1e6).astype(np.int64)
    return told.sender, told.recipient, told.sent_at + delay, rng.random(len(told)) < 0.65


def _brigades(cast: Cast, rng: np.random.Generator) -> list[Reports]:
    """Honest accounts that agreed to report an honest account within two hours; a few do it again."""
    parts: list[Reports] = []
    centre = 0
    for victim in cast.of("brigaded").tolist():
        centre = centre if parts and rng.random() < 0.4 else int(rng.integers(0, len(cast.people)))
        size = min(int(rng.integers(_BRIGADE[0], _BRIGADE[1] + 1)), len(cast.people) - 1)
        ring = cast.people[(centre + np.arange(size + 1)) % len(cast.people)]
        reporters = ring[ring != victim][:size]
        begin = max(cast.start, int(cast.registered[victim])) + DAY
        when = begin + rng.random() * max(cast.end - begin - DAY, 0)
        times = when + rng.random(size) * _BRIGADE_H * HOUR
        parts.append((np.full(size, victim), reporters, times.astype(np.int64), rng.random(size) < 0.3))
    return parts


def undelivered(cast: Cast, log: Log, reports: Reports) -> Log:
    """Mark what a blocked account sends to its blocker as not delivered, and now and then a message that is lost."""
    log = replace(log, delivered=log.delivered & (cast.fact(log.sender, log.sent_at, "lost") >= _LOST))
    account, reporter, when, _ = (column[reports[3]] for column in reports)
    order = np.lexsort((when, reporter, account))
    keys = account[order] * cast.first_group + reporter[order]
    keys, first = np.unique(keys, return_index=True)
    if not len(keys):
        return log
    wanted = log.sender * cast.first_group + log.recipient
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    hit = (keys[at] == wanted) & ~log.is_group & (log.sent_at > when[order][first][at])
    return replace(log, delivered=log.delivered & ~hit)


def draw_evidence(cast: Cast) -> tuple[IntArray, IntArray, BoolArray, IntArray]:
    """Draw what was seen elsewhere about some operators: advertisements with numbers, proven cases.

    Returns
    -------
    account, observed_at : ndarray of int64
    off_platform : ndarray of bool
    operation : ndarray of int64
        Place in ``cast.operations``.
    """
    nothing = np.empty(0, dtype=np.int64)
    rows = [(nothing, nothing, nothing.astype(np.bool_), nothing)]
    for number, operation in enumerate(cast.operations):
        rng = cast.stream("evidence", operation.name)
        if rng.random() > 0.4:
            continue
        off_platform = rng.random() < 0.6
        members = operation.members[rng.random(len(operation.members)) < (0.4 if off_platform else 0.8)]
        when = operation.starts[0] + (rng.normal(1.0, 4.0) if off_platform else rng.uniform(3, 9)) * DAY
        when = np.maximum(when, cast.registered[members] + HOUR).astype(np.int64)
        ones = np.ones(len(members), dtype=np.int64)
        rows.append((members, when, (ones * off_platform).astype(np.bool_), ones * number))
    account, when, off, place = (np.concatenate(column) for column in zip(*rows, strict=True))
    return account, when, off, place

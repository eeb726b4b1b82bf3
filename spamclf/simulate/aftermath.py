"""What follows from the messages: reports and blocks, labels and bans, evidence about operators."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spamclf.simulate.cast import Cast
from spamclf.simulate.kinds import AUTOMATED, HONEST
from spamclf.simulate.log import DAY, HOUR, BoolArray, IntArray, Log, lognormal, pair_uniform
from spamclf.simulate.talk import is_dead

__all__ = ["Labels", "Reports", "banned", "draw_evidence", "draw_labels", "draw_reports", "undelivered"]

#: Labelled accounts: the rest was never reviewed.
_LABELLED_SHARE = 0.92
#: Labelled automated accounts that are closed; the others were found in a review after the fact and go on.
_BANNED_SHARE = 0.6

#: account, instant, campaign (-1: none), is_automated
Labels = tuple[IntArray, IntArray, IntArray, BoolArray]
#: account, reporter, instant, is_block
Reports = tuple[IntArray, IntArray, IntArray, BoolArray]


def draw_labels(cast: Cast, log: Log, rng: np.random.Generator) -> Labels:
    """Draw who is labelled when: automated accounts days after their first send, honest ones at any review.

    Returns
    -------
    account, labelled_at, campaign : ndarray of int64
        `campaign` is the number of the operation, -1 where it is not known.
    is_automated : ndarray of bool
        Always the truth.
    """
    size = cast.n_accounts
    first = np.full(size, cast.end)
    start = np.full(size, cast.end)
    campaign = np.full(size, -1, dtype=np.int64)
    for operation in cast.operations:
        campaign[operation.members] = operation.number
        start[operation.members] = operation.starts
    bulk = log.where(log.sent_at >= start[log.sender])
    np.minimum.at(first, bulk.sender, bulk.sent_at)
    median = np.array([0.0] * len(HONEST) + [row.found_days for row in AUTOMATED])[cast.kind]
    found = first + (lognormal(rng, median, 0.8, size) * DAY).astype(np.int64) + HOUR
    found = np.minimum(found, cast.end + 14 * DAY)
    begin = np.maximum(cast.registered, cast.start)
    reviewed = begin + DAY + (rng.random(size) * np.maximum(cast.end - begin, DAY)).astype(np.int64)
    labelled_at = np.where(cast.is_automated, found, reviewed)
    known = cast.is_automated & (rng.random(size) < 0.8)
    account = np.flatnonzero(rng.random(size) < _LABELLED_SHARE)
    return account, labelled_at[account], np.where(known, campaign, -1)[account], cast.is_automated[account]


def banned(cast: Cast, log: Log, labels: Labels) -> Log:
    """Drop what closed accounts would have sent after their label, and the answers to it."""
    until = np.full(cast.first_group, np.iinfo(np.int64).max)
    account, labelled_at, _, automated = labels
    closed = automated & (pair_uniform(account, account, 61) < _BANNED_SHARE)
    until[account[closed]] = labelled_at[closed]
    to_person = np.where(log.is_group, 0, log.recipient)
    answer_until = np.where(log.is_group, np.iinfo(np.int64).max, until[to_person])
    return log.where((log.sent_at < until[log.sender]) & (log.sent_at < answer_until))


def draw_reports(cast: Cast, log: Log, rng: np.random.Generator) -> Reports:
    """Draw complaints of recipients, some unjust ones among friends, and now and then a brigade.

    Returns
    -------
    account, reporter, reported_at : ndarray of int64
    is_block : ndarray of bool
    """
    rate = np.array([row.complaints for row in HONEST] + [row.complaints for row in AUTOMATED])[cast.kind]
    # Some operations annoy more than others; some honest accounts too.
    rate = rate * lognormal(rng, 0.8, 0.6, cast.n_accounts)
    alive = log.delivered & ~log.is_group & ~is_dead(cast, log.recipient)
    chance = np.where(log.in_contacts, 0.0004, rate[log.sender])
    told = log.where(alive & (rng.random(len(log)) < chance))
    told = told.where(
        np.sort(np.unique(told.sender * cast.first_group + told.recipient, return_index=True)[1])
    )
    delay = (lognormal(rng, 2400.0, 1.8, len(told)) * 1e6).astype(np.int64)
    rows = [(told.sender, told.recipient, told.sent_at + delay, rng.random(len(told)) < 0.65)]
    if cast.n_accounts >= 50:
        rows += [_brigade(cast, rng) for _ in range(max(1, cast.n_accounts // 2000))]
    account, reporter, when, block = (np.concatenate(column) for column in zip(*rows, strict=True))
    seen = (when < cast.end) & (account != reporter)
    return account[seen], reporter[seen], when[seen], block[seen]


def _brigade(cast: Cast, rng: np.random.Generator) -> Reports:
    """A dozen honest accounts that agreed to report one honest account within two hours."""
    centre = int(rng.integers(0, len(cast.people)))
    size = int(rng.integers(8, 16))
    reporters = cast.people[(centre + 1 + np.arange(size)) % len(cast.people)]
    victim = np.full(size, cast.people[centre])
    begin = max(cast.start, int(cast.registered[victim[0]])) + DAY
    when = begin + rng.random() * max(cast.end - begin - DAY, 0) + rng.random(size) * 2 * HOUR
    return victim, reporters, when.astype(np.int64), rng.random(size) < 0.3


def undelivered(cast: Cast, log: Log, reports: Reports) -> Log:
    """Mark what a blocked account sends to its blocker as not delivered."""
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


def draw_evidence(cast: Cast, rng: np.random.Generator) -> tuple[IntArray, IntArray, BoolArray, IntArray]:
    """Draw what was seen elsewhere about some operators: advertisements with numbers, proven cases.

    Returns
    -------
    account, observed_at : ndarray of int64
    off_platform : ndarray of bool
    operator : ndarray of int64
    """
    rows: list[tuple[IntArray, IntArray, BoolArray, IntArray]] = []
    for operation in cast.operations:
        if rng.random() > 0.4:
            continue
        off_platform = rng.random() < 0.6
        members = operation.members[rng.random(len(operation.members)) < (0.4 if off_platform else 0.8)]
        when = operation.starts[0] + (rng.normal(1.0, 4.0) if off_platform else rng.uniform(3, 9)) * DAY
        when = np.maximum(when, cast.registered[members] + HOUR)
        ones = np.ones(len(members), dtype=np.int64)
        rows.append(
            (
                members,
                when.astype(np.int64),
                (ones * off_platform).astype(np.bool_),
                ones * operation.operator,
            )
        )
    nothing = np.empty(0, dtype=np.int64)
    rows.append((nothing, nothing, nothing.astype(np.bool_), nothing))
    account, when, off, operator = (np.concatenate(column) for column in zip(*rows, strict=True))
    return account, when, off, operator

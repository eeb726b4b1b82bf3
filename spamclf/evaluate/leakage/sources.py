"""What made the labels: a feature that is read from it counts what it is to predict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.dataset import Dataset
from spamclf.evaluate.leakage.changed import Accounts, without_rows
from spamclf.evaluate.leakage.disguise import MIN_LABELS, KnownLabels
from spamclf.evaluate.leakage.future import differ
from spamclf.evaluate.leakage.report import Finding, Severity
from spamclf.evaluate.leakage.values import FeatureCode, Values, plain_ids
from spamclf.facts import Instants, column_of, instants_of
from spamclf.instants import DAY_US
from spamclf.schema import TABLES

__all__ = ["check_label_sources"]

Bools = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_SECOND, _MINUTE, _HOUR = 1_000_000, 60_000_000, 3_600_000_000
_TICKS = (DAY_US, _HOUR, _MINUTE, _SECOND)
_SPANS = {"a second": _SECOND, "an hour": _HOUR, "6 hours": 6 * _HOUR, "a day": DAY_US}
#: Balanced accuracy of "labelled automated from the k-th row on" that is a rule: simulated worlds, whose labels are
#: made of no reports, have 0.78.
_RULE = 0.95
#: Share of the automated labels that come within a second of a row from which on it is no coincidence.
_AT_ONCE = 0.5
#: Share of the automated that have k rows, and how many times that of the others it is at least, from which a rule is
#: suspected: simulated worlds have at most 5.3 times.
_HAVE, _TIMES = 0.5, 8.0
#: By how much more labels come soon after a row than chance instants of the same lives do, and how many standard errors
#: that is: simulated worlds have at most 0.06 and 2.
_EXCESS, _ERRORS = 0.1, 4.0
#: Share of the labels that cannot come so by chance from which on it is most of them.
_MOST = 0.5
#: Share of the automated labels at one time of day, a full hour, that makes them dates.
_DATES = 0.3


class _Follows(NamedTuple):
    """How sure it is that labels follow rows, and in words how they do; the surest is the greatest."""

    severity: Severity
    share: float
    how: str


def check_label_sources(
    code: FeatureCode,
    dataset: Dataset,
    accounts: Accounts,
    labels: KnownLabels,
    values: Values,
    names: Sequence[str],
    end: int,
) -> list[Finding]:
    """Find the tables from which labels were made, and the features that change without these tables."""
    found = []
    for what, table, rows, kinds in _sources(dataset):
        follows = _how_labels_follow(dataset, accounts, labels, table, kinds, end)
        if follows is None:
            continue
        without = code(without_rows(dataset, table, rows), end)
        changed = differ(values.of(accounts.ids, names), without.of(accounts.ids, names)).sum(axis=1)
        sentence = f"it is read from {what}, and {follows.how}: it counts what it is to predict"
        found += [
            Finding("label_source", follows.severity, name, n, len(accounts), sentence)
            for name, n in zip(names, changed.tolist(), strict=True)
            if n
        ]
    return found


def _sources(dataset: Dataset) -> Iterator[tuple[str, str, Bools, list[Bools]]]:
    """Give the rows in which somebody judges an account, and the kinds of them that a rule may count."""
    kind = column_of(dataset.reports, "kind").cast(pa.string())
    every = np.ones(dataset.reports.num_rows, np.bool_)
    kinds = [np.asarray(pc.equal(kind, each), np.bool_) for each in ("report", "block")]
    yield "the reports and blocks", "reports", every, [every, *kinds]
    every = np.ones(dataset.evidence.num_rows, np.bool_)
    yield "the evidence", "evidence", every, [every]
    source = column_of(dataset.texts, "source").cast(pa.string())
    reported = np.asarray(pc.equal(source, "reported"), np.bool_)
    yield "the texts of reports", "texts", reported, [reported]


def _how_labels_follow(
    dataset: Dataset, accounts: Accounts, labels: KnownLabels, name: str, kinds: list[Bools], end: int
) -> _Follows | None:
    """Say how the labels follow the rows of a table; nothing where they do not."""
    automated, honest = (labels.verdict == each for each in (1, 0))
    if automated.sum() < MIN_LABELS:
        return None
    table = dataset.tables[name]
    when = instants_of(table, str(TABLES[name].time))
    who = np.where(when < end, accounts.codes(plain_ids(column_of(table, "account_id"), dataset)), -1)
    ways = []
    for rows in kinds:
        before = _Before.of(who[rows], when[rows], labels, accounts.first_sent)
        ways += [*_by_count(before.count, automated, honest), *_by_time(before, automated, honest)]
    return max(ways, key=lambda each: (each.severity == "leak", each.share), default=None)


def _by_count(count: Counts, automated: Bools, honest: Bools) -> Iterator[_Follows]:
    """Look for a number of rows from which on accounts are labelled automated."""
    # Where nobody was found honest, those without a label stand for them.
    others = honest if honest.sum() >= MIN_LABELS else ~automated
    if not others.any():
        return
    mine, theirs = np.sort(count[automated]), np.sort(count[others])
    least = np.unique(mine[mine > 0])
    have, have_too = (1 - np.searchsorted(each, least) / each.size for each in (mine, theirs))
    right = (have + 1 - have_too) / 2
    times = _bound(have, mine.size, -1) / _bound(have_too, theirs.size, 1)
    for k, share, too, sure, lift in zip(least, have, have_too, right, times, strict=True):
        counted = f"who has at least {k} by the time of the label"
        if sure >= _RULE:
            yield _Follows(
                "leak", sure,
                f"the labels follow from them (automated is {counted}, which is right in {sure:.0%})",
            )  # fmt: skip
        elif share >= _HAVE and lift >= _TIMES:
            yield _Follows(
                "suspicion", 0.0,
                f"labels may follow from them ({share:.1%} of the automated accounts have at least {k} by the time of "
                f"the label, {too:.1%} of the others: at least {lift:.0f} times as many)",
            )  # fmt: skip


def _by_time(before: _Before, automated: Bools, honest: Bools) -> Iterator[_Follows]:
    """Look for labels that come soon after a row, more of them than by chance."""
    for words, span in _SPANS.items():
        soon, chance = before.soon(span)
        recall, usual = float(soon[automated].mean()), float(chance[automated].mean())
        excess = soon[automated] - chance[automated]
        error = float(excess.std()) / excess.size**0.5
        if span == _SECOND and recall >= _AT_ONCE:
            yield _Follows(
                "leak", recall, f"the labels are made at the instant of one ({recall:.0%} of the automated ones)"
            )  # fmt: skip
        elif excess.mean() >= max(_EXCESS, _ERRORS * error):
            share = (recall - usual) / (1 - usual)
            which = "most" if share >= _MOST else "some"
            others = f", {soon[honest].mean():.1%} of the others" if honest.sum() >= MIN_LABELS else ""
            lift = recall / max(usual, 1 / excess.size)  # as if chance gave one account at least
            yield _Follows(
                "suspicion", share,
                f"{which} labels seem to follow from them ({recall:.1%} of the automated labels come within {words} of "
                f"one{others}; {lift:.1f} times as many as by chance)",
            )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Before:
    """The rows about each account up to its label; a label at a full hour, or a date, is taken for one within it.

    Attributes
    ----------
    count : ndarray of shape (n_accounts,), dtype int64
    gap : ndarray of shape (n_accounts,), dtype int64
        From the last row to the label, the greatest number where there is none. All times are in microseconds.
    tick : ndarray of shape (n_accounts,), dtype int64
        How exact the label's instant is: `_ticks`.
    life : ndarray of shape (n_accounts,), dtype int64
        From the first message, or the first row, to the label.
    account, spell : ndarray of shape (n_rows,), dtype int64
        How long after each row no other followed: until the next one, or the label.
    """

    count: Counts
    gap: Counts
    tick: Counts
    life: Counts
    account: Counts
    spell: Counts

    @classmethod
    def of(cls, who: Counts, when: Instants, labels: KnownLabels, first_sent: Instants) -> _Before:
        """Choose and sort the rows."""
        at, tick = labels.labelled_at, _ticks(labels)
        until = at + tick - 1
        seen = (who >= 0) & (when <= until[who])
        order = np.lexsort((when[seen], who[seen]))
        who, when = who[seen][order], when[seen][order]
        last = np.append(who[1:] != who[:-1], np.ones(min(who.size, 1), np.bool_))
        spell = np.where(last, until[who], np.roll(when, -1)) - when
        gap = np.full(at.size, np.iinfo(np.int64).max)
        gap[who[last]] = spell[last]
        born = np.minimum(first_sent, until)
        np.minimum.at(born, who, when)
        return cls(np.bincount(who, minlength=at.size), gap, tick, until - born, who, spell)

    def soon(self, span: int) -> tuple[Bools, Floats]:
        """Tell whose label comes so soon after a row, and how likely that is for a chance instant of its life."""
        reach = np.where(self.tick <= span, span + self.tick - 1, -1)
        spell = np.clip(np.minimum(self.spell, reach[self.account]), 0, None)
        covered = np.bincount(self.account, spell, minlength=reach.size)
        return self.gap <= reach, np.minimum(covered / np.maximum(self.life, 1), 1.0)


def _ticks(labels: KnownLabels) -> Counts:
    """Return the units that labels are told in: full days, hours, minutes, seconds, else microseconds."""
    at = labels.labelled_at
    tick = np.select([at % each == 0 for each in _TICKS], _TICKS, 1)
    hour = np.where(tick >= _HOUR, at % DAY_US, -1)  # a date is midnight somewhere
    times, n = np.unique(hour[labels.verdict == 1], return_counts=True)
    dates = times[(times >= 0) & (n >= _DATES * n.sum())]
    return np.where(np.isin(hour, dates), DAY_US, tick)


def _bound(share: Floats, n: int, side: int) -> Floats:
    """Return the lower (-1) or upper (1) end of Wilson's 95 % interval of a share."""
    z = 1.96
    middle, spread = share + z * z / (2 * n), z * np.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2)
    bound: Floats = (middle + side * spread) / (1 + z * z / n)
    return bound

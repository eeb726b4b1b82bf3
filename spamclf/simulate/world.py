"""A whole world: the seven tables of the contract, and the truth behind them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from numbers import Integral, Real
from typing import Any

import numpy as np
import pyarrow as pa

from spamclf.dataset import Dataset
from spamclf.errors import ParameterError
from spamclf.simulate import rows
from spamclf.simulate.aftermath import banned, draw_labels, draw_reports, undelivered
from spamclf.simulate.automated import automated_messages, while_answered
from spamclf.simulate.cast import Cast
from spamclf.simulate.casting import draw_cast
from spamclf.simulate.honest import honest_messages
from spamclf.simulate.kinds import AUTOMATED
from spamclf.simulate.log import Log

__all__ = ["Behind", "World", "truth", "within", "world"]


@dataclass(frozen=True)
class Behind:
    """What the tables of a world were made from: whoever adds to a world goes on from here.

    Attributes
    ----------
    cast : Cast
    ids : ndarray of object
        The id of every code, as of `spamclf.simulate.rows.ids_of`.
    unknown_share, tick_s, media
        As given to `world`.
    """

    cast: Cast
    ids: rows.Ids
    unknown_share: float
    tick_s: float
    media: bool


class World(Mapping[str, pa.Table]):
    """The seven tables of a simulated platform, by name; the truth about its accounts stands apart.

    ``made | {"labels": other}`` is a dict of the tables, one of them replaced.

    Parameters
    ----------
    tables : mapping of str to pyarrow.Table
    truth : pyarrow.Table
        One row per account, in the order of ``accounts``: ``account_id``; ``family``; ``is_automated``;
        ``campaign`` and ``operator``, null for honest accounts; ``starts_at``, when an automated account set out to
        write to strangers in bulk, null for honest ones.
    behind : Behind, optional
        What `world` made the tables from; `attack` needs it.

    Examples
    --------
    >>> made = world(60, days=7, random_state=1)
    >>> made["accounts"].num_rows, made.dataset.accounts.num_rows
    (60, 60)
    >>> made.truth.column_names
    ['account_id', 'family', 'is_automated', 'campaign', 'operator', 'starts_at']
    """

    def __init__(self, tables: Mapping[str, pa.Table], truth: pa.Table, behind: Behind | None = None) -> None:
        self._tables = dict(tables)
        self.truth = truth
        self.behind = behind

    def __getitem__(self, name: str) -> pa.Table:
        """Return a table."""
        return self._tables[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of the tables."""
        return iter(self._tables)

    def __len__(self) -> int:
        """Return the number of tables."""
        return len(self._tables)

    def __or__(self, other: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
        """Return the tables with some replaced."""
        return {**self._tables, **other}

    @cached_property
    def dataset(self) -> Dataset:
        """The tables as a checked dataset."""
        return Dataset(**self._tables)


def world(
    n_accounts: int = 400,
    days: int = 30,
    start: str | date = "2026-05-01",
    automated_share: float = 0.2,
    random_state: int = 0,
    media: bool = False,
    unknown_share: float = 0.15,
    tick_s: float = 0.0,
    families: Sequence[str] | None = None,
    wrong_labels: float = 0.015,
) -> World:
    """Simulate a platform's tables for some weeks.

    Honest accounts range from one message a month to hundreds a day; their traffic is fitted to public logs of real
    people. Among them are the hard negatives: a new number told to all contacts, organisers, group admins, shops,
    clinics, family broadcasters, forwarders, night workers, flat hunters, people who cold-call by hand, fans who share
    a photo and a text, office mail, forum replies, victims of false reporters. Automated ones belong to operations
    of twelve families, from a blaster to scripted conversationalists; some of each take care not to be found. What all
    of them do, and where each number is from, stands in ``spamclf/simulate/kinds.py`` and ``presets.py``. The same
    arguments always give the same tables.

    Parameters
    ----------
    n_accounts : int
        Rows of ``accounts``, at least 20. Further people receive messages and complain, yet never write.
    days : int
        Simulated days, at least 3.
    start : str or date
        First day (UTC), as ``YYYY-MM-DD``.
    automated_share : float
        Share of automated accounts, in [0, 0.9]; 0 gives an honest world.
    random_state : int
        Seed, at least 0.
    media : bool
        True names a picture file per photo, which `write` draws; False gives hashes of pictures nobody draws.
    unknown_share : float
        Chance, for each account and each fact of accounts and messages that may be null, that it is unknown,
        in [0, 1]; it does not depend on what the account is. 1 leaves nothing but who wrote to whom and when.
    tick_s : float
        Instants of messages are floored to multiples of this many seconds, as coarse clocks do; 0 keeps
        microseconds (a sixth of the accounts report whole seconds anyway).
    families : sequence of str, optional
        Families of automated accounts; by default all. Those left out leave their share to the others; honest accounts
        stay the same.
    wrong_labels : float
        Share of the labels that tell the opposite of the truth, in [0, 0.5].

    Returns
    -------
    world : World
        A mapping of all of `spamclf.schema.TABLES`, in its column order, rows in time order, with ``.truth`` and
        ``.dataset``. Labels may lie after the last simulated day.

    Raises
    ------
    ParameterError
        If an argument is outside its range.

    Examples
    --------
    >>> made = world(60, days=7, random_state=1)
    >>> sorted(made)
    ['accounts', 'evidence', 'labels', 'messages', 'photos', 'reports', 'texts']
    >>> without = world(60, days=7, random_state=1, families=("drip", "sim_farm"))
    >>> sorted(set(without.truth["family"].filter(without.truth["is_automated"]).to_pylist()))
    ['drip', 'sim_farm']
    """
    _check("unknown_share", unknown_share, 0.0, 1.0, "Use 0.15 for a usual platform")
    _check("tick_s", tick_s, 0.0, 86400.0, "Use 1 for whole seconds")
    _check("wrong_labels", wrong_labels, 0.0, 0.5, "Use 0 for labels that are never wrong")
    cast = _cast(n_accounts, days, start, automated_share, random_state, families)
    log = within(cast, Log.join([honest_messages(cast), automated_messages(cast)]))
    log = while_answered(cast, log)
    labels = draw_labels(cast, log, wrong_labels, cast.stream("labels"))
    log = banned(cast, log, labels)
    reports = draw_reports(cast, log)
    log = undelivered(cast, log, reports)
    ids = rows.ids_of(cast)
    tables = {
        "accounts": rows.accounts_table(cast, ids, unknown_share),
        "messages": rows.messages_table(cast, ids, log, unknown_share, tick_s),
        "photos": rows.photos_table(cast, ids, media),
        "texts": rows.texts_table(cast, ids, reports),
        "reports": rows.reports_table(ids, reports),
        "labels": rows.labels_table(cast, ids, labels),
        "evidence": rows.evidence_table(cast, ids),
    }
    return World(tables, rows.truth_table(cast, ids), Behind(cast, ids, unknown_share, tick_s, media))


def truth(
    n_accounts: int = 400,
    days: int = 30,
    start: str | date = "2026-05-01",
    automated_share: float = 0.2,
    random_state: int = 0,
) -> pa.Table:
    """Return what the tables of a `world` do not tell about its accounts: `World.truth` by itself.

    Parameters
    ----------
    n_accounts, days, start, automated_share, random_state
        As given to `world`.

    Returns
    -------
    truth : pyarrow.Table
        As of `World`.

    Raises
    ------
    ParameterError
        If an argument is outside its range.

    Examples
    --------
    >>> truth(60, random_state=1).column_names
    ['account_id', 'family', 'is_automated', 'campaign', 'operator', 'starts_at']
    """
    cast = _cast(n_accounts, days, start, automated_share, random_state, None)
    return rows.truth_table(cast, rows.ids_of(cast))


def _check(name: str, value: Any, least: float, most: float, advice: str, *, whole: bool = False) -> None:
    kind = Integral if whole else Real
    if isinstance(value, bool) or not isinstance(value, kind) or not least <= float(value) <= most:
        rule = ("a whole number" if whole else "a number") + f" from {least:,g}"
        rule += "" if most == np.inf else f" to {most:,.10g}"
        raise ParameterError(f"simulate.world: {name} must be {rule}; got {value!r}. {advice}.")


def _cast(
    n_accounts: int,
    days: int,
    start: str | date,
    automated_share: float,
    random_state: int,
    families: Sequence[str] | None,
) -> Cast:
    _check("n_accounts", n_accounts, 20, 5_000_000, "Use 400 for a small world", whole=True)
    _check("days", days, 3, 3650, "Use 30 for a month", whole=True)
    _check("automated_share", automated_share, 0.0, 0.9, "Use 0 for an honest world")
    _check("random_state", random_state, 0, np.inf, "Use 0", whole=True)
    try:
        day = date.fromisoformat(str(start))
    except ValueError:
        msg = (
            f"simulate.world: start must be a date, YYYY-MM-DD; got {start!r}. Use 2026-05-01, for instance."
        )
        raise ParameterError(msg) from None
    begin = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000
    return draw_cast(
        int(random_state), int(n_accounts), begin, int(days), float(automated_share), _families(families)
    )


def _families(families: Sequence[str] | None) -> tuple[str, ...]:
    known = tuple(row.name for row in AUTOMATED)
    if families is None:
        return known
    chosen = (
        (families,) if isinstance(families, str) or not isinstance(families, Iterable) else tuple(families)
    )
    unknown = [name for name in chosen if name not in known]
    if unknown or not chosen:
        got = f"{unknown[0]!r}" if unknown else "none"
        msg = f"simulate.world: families must be of {', '.join(known)}; got {got}. Leave it out for all of them."
        raise ParameterError(msg)
    return chosen


def within(cast: Cast, log: Log) -> Log:
    """Keep what lies in the simulated days and between accounts that exist by then; sort by time."""
    registered = np.full(cast.first_group, np.iinfo(np.int64).min)
    registered[: cast.n_accounts] = cast.registered
    born = np.where(log.is_group, cast.start, registered[np.where(log.is_group, 0, log.recipient)])
    keep = (log.sent_at >= cast.start) & (log.sent_at < cast.end) & (log.sender != log.recipient)
    log = log.where(keep & (log.sent_at > born) & (log.sent_at > registered[log.sender]))
    log = log.where(cast.there(log.sender, log.sent_at))
    return log.where(np.lexsort((log.recipient, log.sender, log.sent_at)))

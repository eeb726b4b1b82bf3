"""A whole world: the seven tables of the contract, and the truth behind them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa

from spamclf.errors import ParameterError
from spamclf.simulate import rows
from spamclf.simulate.aftermath import banned, draw_labels, draw_reports, undelivered
from spamclf.simulate.automated import automated_messages
from spamclf.simulate.cast import KIND_NAMES, Cast, draw_cast
from spamclf.simulate.honest import honest_messages
from spamclf.simulate.log import Log

__all__ = ["truth", "world"]


def world(
    n_accounts: int = 400,
    days: int = 30,
    start: str | date = "2026-05-01",
    automated_share: float = 0.2,
    random_state: int = 0,
    media: bool = False,
    unknown_share: float = 0.15,
    tick_s: float = 0.0,
) -> dict[str, pa.Table]:
    """Simulate a platform's tables for some weeks.

    Honest accounts range from one message a month to hundreds a day and hold the hard negatives: a new number
    told to all contacts, organisers, group admins, shops, clinics, family broadcasters, forwarders, night
    workers, flat hunters, office mail, forum replies. Automated ones belong to operations of seven kinds. The
    same arguments always give the same tables.

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

    Returns
    -------
    tables : dict of str to pyarrow.Table
        All of `spamclf.schema.TABLES`, in its column order; messages in time order. Labels may lie after the
        last simulated day.

    Raises
    ------
    ParameterError
        If an argument is outside its range.

    Examples
    --------
    >>> tables = world(60, days=7, random_state=1)
    >>> sorted(tables)
    ['accounts', 'evidence', 'labels', 'messages', 'photos', 'reports', 'texts']
    >>> tables["accounts"].num_rows
    60
    """
    _check("unknown_share", unknown_share, 0.0, 1.0, "Use 0.15 for a usual platform")
    _check("tick_s", tick_s, 0.0, 86400.0, "Use 1 for whole seconds")
    cast = _cast(n_accounts, days, start, automated_share, random_state)

    def rng(part: int) -> np.random.Generator:  # each part has its own stream, so that parts can change alone
        return np.random.default_rng([random_state, part])

    log = Log.join([honest_messages(cast, rng(1)), automated_messages(cast, rng(2))])
    log = _within(cast, log)
    labels = draw_labels(cast, log, rng(3))
    log = banned(cast, log, labels)
    reports = draw_reports(cast, log, rng(4))
    log = undelivered(cast, log, reports)
    ids = rows.ids_of(cast)
    return {
        "accounts": rows.accounts_table(cast, ids, unknown_share, rng(5)),
        "messages": rows.messages_table(cast, ids, log, unknown_share, tick_s, rng(6)),
        "photos": rows.photos_table(cast, ids, media, rng(7)),
        "texts": rows.texts_table(cast, ids, reports, rng(8)),
        "reports": rows.reports_table(ids, reports),
        "labels": rows.labels_table(ids, labels),
        "evidence": rows.evidence_table(cast, ids, rng(9)),
    }


def truth(
    n_accounts: int = 400,
    days: int = 30,
    start: str | date = "2026-05-01",
    automated_share: float = 0.2,
    random_state: int = 0,
) -> pa.Table:
    """Return what the tables do not tell about the accounts of a `world`: kind, operation and operator.

    Parameters
    ----------
    n_accounts, days, start, automated_share, random_state
        As given to `world`.

    Returns
    -------
    truth : pyarrow.Table
        Columns ``account_id``, ``kind``, ``is_automated``, ``campaign`` and ``operator`` (null for honest
        accounts), in the order of ``accounts``.

    Raises
    ------
    ParameterError
        If an argument is outside its range.

    Examples
    --------
    >>> truth(60, random_state=1).column_names
    ['account_id', 'kind', 'is_automated', 'campaign', 'operator']
    """
    cast = _cast(n_accounts, days, start, automated_share, random_state)
    campaign: list[str | None] = [None] * n_accounts
    operator: list[str | None] = [None] * n_accounts
    for operation in cast.operations:
        for member in operation.members.tolist():
            campaign[member] = rows.campaign_name(operation.number)
            operator[member] = rows.operator_name(operation.operator)
    return pa.table(
        {
            "account_id": pa.array(rows.ids_of(cast)[:n_accounts].tolist(), pa.string()),
            "kind": pa.array([KIND_NAMES[number] for number in cast.kind.tolist()], pa.string()),
            "is_automated": pa.array(cast.is_automated),
            "campaign": pa.array(campaign, pa.string()),
            "operator": pa.array(operator, pa.string()),
        }
    )


def _check(name: str, value: float, least: float, most: float, advice: str) -> None:
    if not least <= value <= most:
        rule = f"at least {least:g}" if most == np.inf else f"in [{least:g}, {most:g}]"
        raise ParameterError(f"simulate.world: {name} must be {rule}; got {value!r}. {advice}.")


def _cast(n_accounts: int, days: int, start: str | date, automated_share: float, random_state: int) -> Cast:
    _check("n_accounts", n_accounts, 20, 5_000_000, "Use 400 for a small world")
    _check("days", days, 3, 3650, "Use 30 for a month")
    _check("automated_share", automated_share, 0.0, 0.9, "Use 0 for an honest world")
    _check("random_state", random_state, 0, np.inf, "Use 0")
    try:
        day = date.fromisoformat(str(start))
    except ValueError:
        msg = (
            f"simulate.world: start must be a date, YYYY-MM-DD; got {start!r}. Use 2026-05-01, for instance."
        )
        raise ParameterError(msg) from None
    begin = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000
    return draw_cast(np.random.default_rng([random_state, 0]), n_accounts, begin, days, automated_share)


def _within(cast: Cast, log: Log) -> Log:
    """Keep what lies in the simulated days and between accounts that exist by then; sort by time."""
    registered = np.concatenate([cast.registered, np.full(cast.n_outsiders, np.iinfo(np.int64).min)])
    born = np.where(log.is_group, cast.start, registered[np.where(log.is_group, 0, log.recipient)])
    keep = (log.sent_at >= cast.start) & (log.sent_at < cast.end) & (log.sender != log.recipient)
    log = log.where(keep & (log.sent_at > born) & (log.sent_at > registered[log.sender]))
    log = log.where(cast.there(log.sender, log.sent_at))
    return log.where(np.lexsort((log.recipient, log.sender, log.sent_at)))

"""Simulated worlds one after the other in time: much to train on, and nothing that one world has of another."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.errors import ParameterError
from spamclf.schema import TABLES
from spamclf.simulate.world import World, world

__all__ = ["check_world", "each_world", "worlds_in_a_row"]

_LAST_START = date(2026, 5, 1)
#: A month of look-back lies between the worlds, and the labels that come late: they share texts, not time.
_DAYS_APART = 62
_MOST = 300  # or the first would begin before 1970
_IDS = {
    "account_id", "sender_id", "recipient_id", "reporter_id", "network", "device", "campaign", "operator"
}  # fmt: skip
#: Arguments of a world that a row of them leaves free.
_OPTIONS = set(inspect.signature(world).parameters) - {"start", "days", "random_state"}


def worlds_in_a_row(
    seeds: Sequence[int] | Mapping[int, Mapping[str, Any]], n_accounts: int = 5_000, **options: Any
) -> World:
    """Simulate worlds of 30 days, 62 days apart, as one world; nobody writes from one to another.

    Parameters
    ----------
    seeds : sequence of int, or mapping of int to mapping
        A world each; a mapping gives each arguments of its own, which overrule the common ones.
    n_accounts : int, default=5,000
        Of each world.
    **options
        Further arguments of `spamclf.simulate.world`, but for ``start`` and ``days``.

    Returns
    -------
    world : World
        Ids begin with ``w`` and the seed.

    Raises
    ------
    ParameterError
        If there is no seed, one comes twice, or an argument is none of these; as of `spamclf.simulate.world`.

    Examples
    --------
    >>> worlds_in_a_row([1, 2], 60).truth["account_id"].to_pylist()[::60]
    ['w1-a0', 'w2-a0']
    """
    _check(seeds, options)
    parts: dict[str, list[pa.Table]] = {name: [] for name in (*TABLES, "truth")}
    for k, seed in enumerate(seeds):
        start = _LAST_START - timedelta(days=_DAYS_APART * (len(seeds) - 1 - k))
        own = seeds[seed] if isinstance(seeds, Mapping) else {}
        _check([seed], own)
        asked = {"n_accounts": n_accounts, **options, **own}
        made = world(days=30, start=start, random_state=seed, **asked)
        for name, table in {**made, "truth": made.truth}.items():
            parts[name].append(_named_apart(table, f"w{seed}-"))
    joined = {name: pa.concat_tables(tables) for name, tables in parts.items()}
    return World({name: joined[name] for name in TABLES}, joined["truth"])


def each_world(worlds: Any, where: str, name: str) -> Iterator[World]:
    """Go through worlds, and refuse what is none."""
    if isinstance(worlds, World) or not isinstance(worlds, Iterable):
        _refuse_world(where, f"{name} must be worlds in a list", worlds)
    for made in worlds:
        check_world(made, where, name)
        yield made


def check_world(made: Any, where: str, name: str) -> None:
    """Refuse what is no world."""
    if not isinstance(made, World):
        _refuse_world(where, f"{name} must be of simulate.world", made)


def _refuse_world(where: str, rule: str, value: Any) -> None:
    raise ParameterError(f"{where}: {rule}; got {type(value).__name__}. See simulate.world.")


def _check(seeds: Any, options: Any) -> None:
    """Refuse seeds that are none, and what is no argument of a world in a row."""
    several = isinstance(seeds, Sequence | Mapping) and not isinstance(seeds, str)
    fit = several and all(isinstance(seed, int | np.integer) for seed in seeds)
    if not fit or not 0 < len(seeds) <= _MOST or len(set(seeds)) < len(seeds):
        got = seeds if not several or len(seeds) <= _MOST else f"{len(seeds):,}"
        raise ParameterError(
            f"worlds_in_a_row: seeds must be different whole numbers, at most {_MOST}; got {got}. Use [1, 2], for "
            "instance."
        )
    if not isinstance(options, Mapping) or (unknown := sorted(set(options) - _OPTIONS)):
        raise ParameterError(
            f"worlds_in_a_row: options must be of {', '.join(sorted(_OPTIONS))}; got "
            f"{unknown[0] if isinstance(options, Mapping) else options!r}. Leave it out."
        )


def _named_apart(table: pa.Table, prefix: str) -> pa.Table:
    """Put a prefix before every id that worlds would otherwise share."""
    for place, name in enumerate(table.column_names):
        if name in _IDS:
            column = table[name].cast(pa.string())
            table = table.set_column(place, name, pc.binary_join_element_wise(prefix, column, ""))
    return table

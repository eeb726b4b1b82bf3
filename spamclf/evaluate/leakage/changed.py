"""The same dataset with something changed: what an audit recomputes features on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.dataset import Dataset
from spamclf.evaluate.leakage.values import plain_ids
from spamclf.facts import NAT, Instants, column_of, instants_of
from spamclf.ids import IdBook
from spamclf.instants import DAY_US, LAST_US
from spamclf.schema import TABLES

__all__ = [
    "Accounts", "disturbed", "rebuilt", "renamed", "reordered", "with_labels", "without_future", "without_rows",
]  # fmt: skip

Bools = npt.NDArray[np.bool_]
_FEWEST, _MOST = 20, 2000  # rows that are added to a table
_IDS = {column.name for spec in TABLES.values() for column in spec.columns if column.type == "id"}


@dataclass(frozen=True, eq=False)
class Accounts:
    """The accounts of a dataset: its rows of accounts, then other senders by id.

    Attributes
    ----------
    ids : pyarrow.Array of length n
    known_from : ndarray of shape (n,), dtype int64
        The instant after which the account is known: by its row, or by its first message.
    first_sent : ndarray of shape (n,), dtype int64
        The instant of its first message, the greatest number where there is none.
    """

    ids: pa.Array
    known_from: Instants
    first_sent: Instants

    @classmethod
    def of(cls, dataset: Dataset) -> Accounts:
        """Read them from a dataset."""
        accounts, messages = dataset.accounts, dataset.messages
        book = IdBook(plain_ids(column_of(accounts, "account_id"), dataset))
        sender = book.encode(plain_ids(column_of(messages, "sender_id"), dataset))
        first_sent = np.full(len(book), np.iinfo(np.int64).max)
        np.minimum.at(first_sent, sender, instants_of(messages, "sent_at"))
        known_from = first_sent.copy()
        registered = instants_of(accounts, "registered_at")  # unknown is the least number
        known_from[: registered.size] = np.minimum(registered, known_from[: registered.size])
        return cls(book.ids, known_from, first_sent)

    def __len__(self) -> int:
        return len(self.ids)

    def codes(self, ids: pa.Array) -> npt.NDArray[np.int64]:
        """Return where each id stands, -1 for others."""
        return np.asarray(pc.index_in(ids, value_set=self.ids).fill_null(-1), np.int64)


def rebuilt(dataset: Dataset, tables: dict[str, pa.Table]) -> Dataset:
    """Return a dataset with some tables replaced."""
    given = {name: dataset.tables[name] for name in dataset.given} | tables
    made = Dataset(
        **given,
        max_bad_share=1.0,
        not_after=LAST_US,
        folder=dataset.folder,
        schemes=dataset.schemes,
        innocent=dataset.innocent,
    )
    made.frame = dataset.frame  # what the caller's own features get, they get from every dataset
    return made


def without_future(dataset: Dataset, as_of: int) -> Dataset:
    """Return the dataset without the rows at or after an instant."""
    return rebuilt(
        dataset, {name: table.filter(pa.array(when < as_of)) for name, table, when in _timed(dataset)}
    )


def without_rows(dataset: Dataset, table: str, gone: Bools) -> Dataset:
    """Return the dataset without some rows of a table."""
    return rebuilt(dataset, {table: dataset.tables[table].filter(pa.array(~gone))})


def with_labels(dataset: Dataset, change: Callable[[pa.Table], pa.Table]) -> Dataset:
    """Return the dataset with other labels."""
    return rebuilt(dataset, {"labels": change(dataset.labels)})


def disturbed(dataset: Dataset, as_of: int, rng: np.random.Generator) -> Dataset:
    """Return the dataset with other rows at or after an instant: some gone, some changed, some added.

    The rows before the instant stay, in their order. What is added copies what accounts wrote, showed and were
    reported for before, under other ids, some of them new; labels are turned round.
    """
    people = _people(dataset)
    tables = {}
    for name, table, when in _timed(dataset):
        if name == "accounts" and not (when != NAT).any():
            continue  # registrations are not told here: an account that comes later cannot be told from the others
        fate = rng.integers(0, 3, table.num_rows)
        stays = (when < as_of) | (fate == 0)
        past = np.flatnonzero(when < as_of)
        model = past if past.size else np.arange(table.num_rows)
        if not model.size:
            continue
        n_added = int(np.clip(table.num_rows // 5, _FEWEST, _MOST)) + int((~stays & (fate == 1)).sum())
        rows = rng.choice(model, n_added)
        if name == "labels":  # everybody's verdict is overthrown, as far as there is room
            rows[: min(n_added, table.num_rows)] = rng.permutation(table.num_rows)[:n_added]
        fresh = _copies(name, table, rows, as_of, people, rng)
        kept = table.filter(pa.array(stays))
        tables[name] = pa.concat_tables([_plain(kept, dataset), _plain(fresh, dataset)])
    return rebuilt(dataset, tables)


def renamed(dataset: Dataset, rng: np.random.Generator) -> tuple[Dataset, Callable[[pa.Array], pa.Array]]:
    """Return the dataset with the ids dealt out anew among all who bear one, and what each is called now."""
    book = IdBook(plain_ids(column_of(dataset.accounts, "account_id"), dataset))
    codes = {}
    for name in sorted(dataset.given):
        for column in _id_columns(dataset, name):
            codes[name, column] = book.encode(plain_ids(column_of(dataset.tables[name], column), dataset))
    order = rng.permutation(len(book))
    tables = {name: dataset.tables[name] for name in dataset.given}
    for (name, column), values in codes.items():
        place = tables[name].column_names.index(column)
        tables[name] = tables[name].set_column(place, column, book.ids.take(pa.array(order[values])))

    def new_names(ids: pa.Array) -> pa.Array:
        return book.ids.take(pa.array(order[np.asarray(pc.index_in(ids, value_set=book.ids))]))

    return rebuilt(dataset, tables), new_names


def reordered(dataset: Dataset, rng: np.random.Generator) -> Dataset:
    """Return the dataset with the rows of every table in another order."""
    return rebuilt(
        dataset,
        {
            name: dataset.tables[name].take(pa.array(rng.permutation(dataset.tables[name].num_rows)))
            for name in sorted(dataset.given)
        },
    )


def _timed(dataset: Dataset) -> Iterator[tuple[str, pa.Table, Instants]]:
    """Give each table with the instants of its rows; an unknown one is the least number, hence always past."""
    for name in TABLES:
        if name in dataset.given:
            table = dataset.tables[name]
            yield name, table, instants_of(table, TABLES[name].time)


def _id_columns(dataset: Dataset, name: str) -> list[str]:
    there = dataset.tables[name].column_names
    return [each.name for each in TABLES[name].columns if each.type == "id" and each.name in there]


def _people(dataset: Dataset) -> tuple[pa.Array, pa.Array]:
    """Return all accounts, and some ids that nobody bears yet."""
    ids = Accounts.of(dataset).ids
    n_new = int(np.clip(len(ids) // 5, 5, _MOST))
    if not dataset.integer_ids:
        return ids, pa.array([f"new to the audit {k}" for k in range(n_new)], ids.type)
    columns = [dataset.tables[name][each] for name in dataset.given for each in _id_columns(dataset, name)]
    known = [pc.min_max(each).as_py() for each in columns if len(each)]
    top, least = (
        max((each["max"] for each in known), default=0),
        min((each["min"] for each in known), default=0),
    )
    fresh = [top + 1 + k if top < 2**62 else least - 1 - k for k in range(n_new)]
    return ids, pa.array(fresh, ids.type)


def _copies(
    name: str,
    table: pa.Table,
    rows: npt.NDArray[np.int64],
    as_of: int,
    people: tuple[pa.Array, pa.Array],
    rng: np.random.Generator,
) -> pa.Table:
    """Return copies of rows under other ids, at the instant or after it, in time order."""
    known, fresh = people
    n = min(rows.size, len(fresh)) if name == "accounts" else rows.size
    # A third at the very instant: whoever writes "<=" for "<" is found by these.
    later = as_of + np.sort(np.where(rng.integers(0, 3, n) == 0, 0, rng.integers(0, 3 * DAY_US, n)))
    columns = {each: column_of(table, each).take(pa.array(rows[:n])) for each in table.column_names}
    columns[TABLES[name].time] = pa.array(later, pa.timestamp("us", tz="UTC"))
    who = "sender_id" if name == "messages" else "account_id"
    if name == "accounts":
        columns[who] = fresh.slice(0, n)
        return pa.table(columns)
    drawn = pa.concat_arrays([known, fresh]).take(pa.array(rng.integers(0, len(known) + len(fresh), n)))
    if name == "labels":
        columns["is_automated"] = pc.invert(columns["is_automated"])
        n_own = min(n, table.num_rows)
        drawn = pa.concat_arrays([columns[who].slice(0, n_own).cast(known.type), drawn.slice(n_own)])
    columns[who] = drawn
    copied = pa.table(columns)
    if TABLES[name].distinct:
        one, other = (copied[each].cast(known.type) for each in TABLES[name].distinct)
        copied = copied.filter(pc.not_equal(one, other))
    return copied


def _plain(table: pa.Table, dataset: Dataset) -> pa.Table:
    """Return a table without dictionaries, so that it can be joined to another."""
    kind = pa.int64() if dataset.integer_ids else pa.string()
    plain = {}
    for field in table.schema:
        column = table[field.name]
        if field.name in _IDS:
            column = column.cast(kind)
        elif pa.types.is_dictionary(field.type):
            column = column.cast(field.type.value_type)
        plain[field.name] = column
    return pa.table(plain)

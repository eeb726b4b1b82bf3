"""Small random worlds: all tables that features read, with every kind of trouble, as plain rows."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from spamclf import Dataset, extract
from spamclf.features import CATALOGUE
from tests import naive, plain
from tests.rows import (  # noqa: F401 - handed on: who writes a world writes rows
    AS_OF,
    DAY,
    HASHES,
    IDS,
    OPERATORS,
    SHORT_TEXTS,
    SOURCES,
    START,
    TEXTS,
    TIMES,
    TYPES,
    Row,
    Tables,
    account,
    arrow,
    at,
    flipped,
    labelled,
    pictured,
    reported,
    said,
    sent,
    some_hashes,
    some_texts,
    tables_of,
    tied,
)


@dataclass(frozen=True)
class World:
    """Rows of every table (one that is not there was not given), and the instant and look-back of looking."""

    tables: Tables
    as_of: int = AS_OF
    history: int = 2 * DAY
    seed: int = field(default=0, compare=False)

    @property
    def history_days(self) -> float:
        return self.history / DAY

    def dataset(self, **settings: Any) -> Dataset:
        return Dataset(**arrow(self.tables), max_bad_share=1.0, not_after="2040-01-01", **settings)

    def extract(self, **settings: Any) -> dict[str, dict[str, float]]:
        """Extract at the world's instant: values by account, then by feature."""
        settings = {"n_jobs": 1} | settings
        return by_account(
            extract(self.dataset(), as_of=self.as_of, history_days=self.history_days, **settings)
        )

    def twin(self, account: Any, as_of: int | None = None) -> naive.Values:
        return naive.features(self.tables, account, self.as_of if as_of is None else as_of, self.history)

    def with_rows(self, **tables: list[Row]) -> World:
        """The same world with some tables replaced."""
        return replace(self, tables=self.tables | tables)

    def without(self, *names: str) -> World:
        """The same world, some tables of which were never given."""
        return replace(self, tables={name: rows for name, rows in self.tables.items() if name not in names})


def by_account(table: Any) -> dict[Any, dict[str, float]]:
    """A FeatureTable with one instant as a dict of dicts."""
    return {
        account: dict(zip(table.names, values, strict=True))
        for account, values in zip(table.account_ids.to_pylist(), table.values.T.tolist(), strict=True)
    }


def assert_twin(world: World, *families: str) -> None:
    """Every account's features equal their twins'; of some families or of all."""
    got = world.extract(features=families or None)
    assert list(got) == naive.scored(world.tables)
    for who, values in got.items():
        assert_equal_values(values, world.twin(who))


def assert_equal_values(got: dict[str, float], expected: naive.Values) -> None:
    """Counts and flags are equal exactly, other values to 1e-9, what is unknown on both sides."""
    for name, value in got.items():
        wanted = expected[name]
        if wanted is None:
            assert np.isnan(value), f"{name}: null expected, got {value}"
        elif CATALOGUE[name].unit in ("count", "flag"):
            assert value == wanted, f"{name}: {wanted} expected, got {value}"
        else:
            np.testing.assert_allclose(value, wanted, rtol=1e-9, atol=1e-9, err_msg=name)


def differing(one: dict[Any, dict[str, float]], other: dict[Any, dict[str, float]]) -> list[tuple[Any, str]]:
    """The (account, feature) of accounts in both whose values differ in any bit."""
    return [
        (account, name)
        for account in one.keys() & other.keys()
        for name, value in one[account].items()
        if np.float64(value).tobytes() != np.float64(other[account][name]).tobytes()
        and not (np.isnan(value) and np.isnan(other[account][name]))
    ]


# ---- rows by hand --------------------------------------------------------------------------------------------


def look(
    *families: str, seconds: float = 0.0, days: int = 1, history_days: int = 30, **rows: list[Row]
) -> Any:
    """Extract from rows written by hand, at an instant after `START`."""
    world = World(tables_of(**rows), at(seconds, days=days), history_days * DAY)
    assert_twin(world)
    return world.extract(features=families or None)


# ---- strategies ----------------------------------------------------------------------------------------------

_ACCOUNTS = ("a", "b", "c", "d", "e")
_PEOPLE = (*_ACCOUNTS, "x", "y")
_GROUPS = ("g", "a")  # a group may bear the id of a person


def _instants(as_of: int, history: int) -> st.SearchStrategy[int]:
    """Edges of the history, bursts, whole seconds, days; some before the history and some after the instant."""
    since = as_of - history
    return st.one_of(
        st.integers(-2, 2).map(lambda us: as_of + us),
        st.integers(-2, 2).map(lambda us: since + us),
        st.integers(-1, 5).map(lambda us: as_of - DAY + us),  # ties, and gaps of microseconds
        st.integers(-1, 1).map(lambda us: as_of - 7 * DAY + us),
        st.integers(0, 90).map(lambda s: as_of - DAY // 2 + s * 1_000_000),
        st.integers(-8, 40).map(lambda h: (since // plain.HOUR + h) * plain.HOUR),  # exact hours
        st.integers(since - DAY // 4, as_of + DAY // 4),
        st.integers(since, as_of),
    )


def _account_rows(draw: st.DrawFn, instants: st.SearchStrategy[int]) -> list[Row]:
    listed = draw(st.lists(st.sampled_from(_ACCOUNTS), unique=True))
    country = st.sampled_from((None, "DE", "FR"))
    place = st.sampled_from((None, "n1", "n1", "n2"))
    fact = st.tuples(
        st.one_of(st.none(), instants, instants),
        st.sampled_from((None, False, True)),
        country,
        country,
        place,
        place,
    )
    return [{"account_id": account} | dict(zip(naive.FACTS, draw(fact), strict=True)) for account in listed]


def _message_rows(draw: st.DrawFn, instants: st.SearchStrategy[int], size: int) -> list[Row]:
    known = st.sampled_from((None, False, True))
    typed = st.sampled_from((None, 0.0, 0.0004, 1.5, 2.25, 1.5, 60.0))
    message = st.tuples(
        st.sampled_from(_PEOPLE), st.sampled_from(_PEOPLE), instants, known, known, typed, known
    )
    chatty = st.tuples(
        st.just("a"), st.sampled_from(("b", "x")), instants, st.none(), known, typed, st.none()
    )
    names = ("sender_id", "recipient_id", "sent_at", "is_group", "in_contacts", "typed_s", "delivered")
    rows = []
    for values in draw(st.lists(st.one_of(message, chatty), max_size=size)):
        row = dict(zip(names, values, strict=True))
        if row["is_group"]:
            row["recipient_id"] = _GROUPS[_PEOPLE.index(row["recipient_id"]) % len(_GROUPS)]
        elif row["sender_id"] == row["recipient_id"]:
            continue
        rows.append(row)
    if rows:
        rows += draw(st.lists(st.sampled_from(rows), max_size=3))  # exact repetitions
    return rows


def _shown_rows(
    draw: st.DrawFn, who: st.SearchStrategy[str], instants: st.SearchStrategy[int]
) -> dict[str, list[Row]]:
    """Photos, texts and evidence, with exact repetitions."""
    photo = st.tuples(
        who, instants, st.sampled_from((None, None, "p.jpg")), st.sampled_from((None, None, *HASHES))
    )
    text = st.tuples(who, instants, st.sampled_from(SOURCES), st.sampled_from((None, *TEXTS)))
    tie = st.tuples(
        who, instants, st.sampled_from(("off_platform", "on_platform")), st.sampled_from(OPERATORS)
    )
    rows = {}
    for table, drawn, size in (("photos", photo, 12), ("texts", text, 12), ("evidence", tie, 4)):
        names = list(TYPES[table])[:4]
        rows[table] = [
            dict(zip(names, values, strict=True)) for values in draw(st.lists(drawn, max_size=size))
        ]
        if rows[table]:
            rows[table] += draw(st.lists(st.sampled_from(rows[table]), max_size=2))
    for row in rows["photos"]:
        row["photo"] = row["photo_hash"] and row["photo"]  # without a hash the file would be looked for
    return rows


@st.composite
def worlds(draw: st.DrawFn, size: int = 25) -> World:
    """Draw a world of at most `size` messages (and their repetitions) among seven people and two groups."""
    as_of = draw(st.sampled_from((AS_OF, AS_OF - AS_OF % DAY, AS_OF - AS_OF % DAY + 1)))
    history = draw(st.sampled_from((2 * DAY, DAY // 2, 9 * DAY)))
    instants = _instants(as_of, history)
    accounts = _account_rows(draw, instants)
    messages = _message_rows(draw, instants, size)
    scored = sorted({row["account_id"] for row in accounts} | {row["sender_id"] for row in messages})
    tables = {"accounts": accounts, "messages": messages}
    if scored:  # a row about anybody else would go to quarantine
        who = st.sampled_from(scored)
        reporter = st.sampled_from((*_PEOPLE, "r0", "r1", "r2", "r3"))
        report = st.tuples(who, reporter, instants, st.sampled_from(("report", "block")))
        reports = [
            dict(zip(("account_id", "reporter_id", "reported_at", "kind"), values, strict=True))
            for values in draw(st.lists(report, max_size=15))
            if values[0] != values[1]
        ]
        label = st.tuples(who, st.booleans(), instants)
        tables["reports"] = reports
        tables["labels"] = [
            dict(zip(("account_id", "is_automated", "labelled_at"), values, strict=True))
            for values in draw(st.lists(label, max_size=8))
        ]
        tables |= _shown_rows(draw, who, instants)
    return World(tables_of(**tables), as_of, history, draw(st.integers(0, 2**32 - 1)))


# ---- larger worlds, and what must not be seen of them -----------------------------------------------------------


def random_world(seed: int, n_accounts: int = 12, n_messages: int = 150) -> World:
    """A world in which hardly any feature is null for everybody, the same for the same seed."""
    rng = random.Random(seed)
    people = [f"p{k}" for k in range(n_accounts + 4)]
    since = AS_OF - 2 * DAY

    def instant() -> int:
        base = rng.choice(
            (rng.randrange(since - DAY // 2, AS_OF + DAY // 2), AS_OF - DAY + rng.randrange(900_000_000))
        )
        return rng.choice((base, base - base % 1_000_000, since, AS_OF, AS_OF - 1))

    def rows(n: int, **columns: Any) -> list[Row]:
        return [{name: make() for name, make in columns.items()} for _ in range(n)]

    def one_of(*values: Any) -> Any:
        return lambda: rng.choice(values)

    listed = people[:n_accounts]
    accounts = [
        account(who, registered_at=rng.choice((None, instant(), instant(), since + rng.randrange(DAY // 2))),
                is_business=rng.choice((None, False, True)), country=rng.choice((None, "DE", "FR")),
                network_country=rng.choice((None, "DE", "FR")), network=rng.choice((None, "n1", "n2")),
                device=rng.choice((None, "d1", "d2")))
        for who in listed
    ]  # fmt: skip
    messages = rows(
        n_messages, sender_id=one_of(*people[: n_accounts + 1], "p0", "p0", "p1", "p1"), recipient_id=one_of(*people),
        sent_at=instant, is_group=one_of(None, False, False, True), in_contacts=one_of(None, False, True),
        typed_s=one_of(None, 0.0, 1.5, 2.25, 7.125), delivered=one_of(None, True, True, False),
    )  # fmt: skip
    messages = [m for m in messages if m["sender_id"] != m["recipient_id"]]
    reports = rows(
        60, account_id=one_of(*listed), reporter_id=one_of(*people, "r0", "r1", "r2", "r3"), reported_at=instant,
        kind=one_of("report", "block"),
    )  # fmt: skip
    photos = rows(
        2 * n_accounts, account_id=one_of(*listed), set_at=instant, photo_hash=one_of(None, *some_hashes(rng)),
    )  # fmt: skip
    texts = rows(
        4 * n_accounts, account_id=one_of(*listed), observed_at=instant, source=one_of(*SOURCES),
        text=one_of(None, *some_texts(rng)),
    )  # fmt: skip
    return World(
        tables_of(
            accounts=accounts, messages=messages + messages[:3],
            reports=[r for r in reports if r["account_id"] != r["reporter_id"]],
            labels=rows(10, account_id=one_of(*listed), is_automated=one_of(False, True), labelled_at=instant),
            photos=photos + photos[:3], texts=texts + texts[:3],
            evidence=rows(
                8, account_id=one_of(*listed), observed_at=instant, kind=one_of("on_platform"),
                operator=one_of(*OPERATORS),
            ),
        ), seed=seed,
    )  # fmt: skip


def shuffled(world: World, rng: random.Random) -> World:
    """The same rows in another order, in every table."""
    return world.with_rows(**{name: rng.sample(rows, len(rows)) for name, rows in world.tables.items()})


STRANGERS = ("a", "b", "c", "x", "new", "p0", "p1", "p5", "p12", "p13")


def all_known(world: World) -> World:
    """The same world, in which everybody always was: no unseen row can make an account known."""
    rows = [row | {"registered_at": None} for row in world.tables["accounts"]]
    others = {row[name] for rows in world.tables.values() for row in rows for name in IDS if name in row}
    others |= {*STRANGERS, *_PEOPLE}
    others -= {row["account_id"] for row in rows}
    empty = dict.fromkeys(TYPES["accounts"])
    return world.with_rows(accounts=rows + [empty | {"account_id": name} for name in sorted(others)])


def disturbed(world: World, rng: random.Random) -> World:
    """Remove, change and add rows that must not be seen: at or after the instant, or before the history.

    A row of the accounts table is a state rather than an event: an account registered before the history is seen.
    """
    since = world.as_of - world.history

    def unseen(name: str) -> int:
        after = world.as_of + rng.choice((0, 1, rng.randrange(3 * DAY)))
        before = since - rng.choice((1, rng.randrange(1, 3 * DAY)))
        return after if name == "accounts" else rng.choice((before, after))

    def is_unseen(name: str, row: Row) -> bool:
        instant = row[TIMES[name]]
        if instant is None or since <= instant < world.as_of:
            return False
        return name != "accounts" or instant >= world.as_of

    def shown(name: str, column: str) -> list[Any]:
        """What the world shows already: a copy of it would join the same cluster."""
        return [row[column] for row in world.tables.get(name, [])]

    values: dict[str, Any] = {
        "is_group": (None, True), "in_contacts": (None, False, True), "delivered": (None, False),
        "typed_s": (None, 3.0), "kind": None, "is_automated": (False, True), "is_business": (None, True),
        "country": (None, "DE", "FR"), "network_country": (None, "FR"), "network": (None, "n1", "n2"),
        "device": (None, "n1", "d1"), "source": SOURCES, "operator": OPERATORS,
        "photo_hash": (None, *HASHES, *shown("photos", "photo_hash")),
        "text": (None, *TEXTS, *shown("texts", "text")),
    }  # fmt: skip

    def fresh(name: str) -> Row:
        row: Row = {}
        ids = rng.sample(STRANGERS, 2)
        for column in TYPES[name]:
            if column in IDS:
                row[column] = ids.pop()
            elif column == TIMES[name]:
                row[column] = unseen(name)
            elif column == "kind":
                row[column] = rng.choice(("report", "block") if name == "reports" else ("on_platform",))
            else:
                row[column] = rng.choice(values.get(column, (None,)))
        return row

    tables = {}
    for name, rows in world.tables.items():
        kept = []
        for row in rows:
            fate = rng.choice(("stay", "go", "change")) if is_unseen(name, row) else "stay"
            if fate != "go":
                identity = {"account_id": row["account_id"]} if name == "accounts" else {}
                kept.append(row if fate == "stay" else fresh(name) | identity)
        tables[name] = kept + [fresh(name) for _ in range(rng.randrange(6))]
    return world.with_rows(**tables)

"""An operation that joins a world afterwards and follows a policy: the attacker of evasion studies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from numbers import Real

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.errors import ParameterError
from spamclf.schema import TABLES
from spamclf.simulate import rows, words
from spamclf.simulate.aftermath import Reports, draw_reports, undelivered
from spamclf.simulate.automated import to_strangers
from spamclf.simulate.cast import Operation
from spamclf.simulate.joined import FAMILY, Joined, joined
from spamclf.simulate.kinds import COUNTRIES
from spamclf.simulate.log import DAY, MINUTE, Log
from spamclf.simulate.pacing import paced
from spamclf.simulate.photos import BEYOND, simulated_hash
from spamclf.simulate.policy import Policy
from spamclf.simulate.pools import chatter
from spamclf.simulate.talk import answers
from spamclf.simulate.texts import compose, spin
from spamclf.simulate.world import Behind, World, within

__all__ = ["attack"]

#: Chance that the people behind an account write on when somebody answers. Assumed.
_WRITES_BACK = 0.5
#: Accounts that share a network and a device, where the policy is to share. Assumed.
_PER_DEVICE = 10
#: Reports in which the reporter discloses what was written: as everywhere in these worlds.
_DISCLOSED = 0.6


def attack(
    world: World,
    policy: Policy,
    n_accounts: int = 20,
    random_state: int = 0,
    *,
    start_day: float | None = None,
) -> World:
    """Add one more operation to a world: accounts that follow a policy to the end of the world, whatever happens.

    Nothing of the world changes: its rows stay as they are, and those of the operation join them. Recipients answer,
    block and report as they do to a SIM farm of the simulator. Nobody labels or closes the new accounts.

    Parameters
    ----------
    world : World
        From `world`, without pictures (``media=False``).
    policy : Policy
    n_accounts : int, default=20
        At least 1, and at most as many as the world has. Half of the world's accounts are on its lists, and
        everybody outside, who never answer. Accounts run out first, so that a large operation in a small world hears
        less; where outsiders run out, too, lists overlap.
    random_state : int, default=0
        Seed, at least 0.
    start_day : float, optional
        Accounts begin within a day from here on, in days since the world began; by default in the middle.

    Returns
    -------
    world : World
        The new accounts stand last in ``accounts`` and in ``truth``, with the family ``attacker``.

    Raises
    ------
    ParameterError
        If an argument is outside its range, or the world was not made by `world`.

    Examples
    --------
    >>> from spamclf import simulate
    >>> before = simulate.world(60, days=7, random_state=1)
    >>> after = simulate.attack(before, simulate.Policy(strangers_per_day=10), n_accounts=3)
    >>> after["accounts"].num_rows, after.truth["family"].to_pylist()[-3:]
    (63, ['attacker', 'attacker', 'attacker'])
    """
    behind = _checked(world, policy, n_accounts, random_state)
    days = (behind.cast.end - behind.cast.start) / DAY
    start_day = days / 2 if start_day is None else start_day
    if isinstance(start_day, bool) or not isinstance(start_day, Real) or not 0 <= start_day <= days - 1:
        rule = f"a number from 0 to {days - 1:g}"
        raise _wrong("start_day", rule, repr(start_day), "Leave a day at least to the world")
    cast = joined(behind.cast, policy, n_accounts, random_state, start_day)
    operation = cast.operations[-1]
    members = operation.members
    ids = behind.ids.copy()
    ids[members] = [f"a{behind.cast.n_accounts + k}" for k in range(n_accounts)]
    log = _messages(cast, policy)
    reports = _reports(cast, policy, log)
    log = undelivered(cast, log, reports)
    texts = _texts(cast, policy, reports)
    added = {
        "accounts": _accounts(cast, policy, ids, world["accounts"], behind.unknown_share),
        "messages": rows.messages_table(cast, ids, log, behind.unknown_share, behind.tick_s),
        "photos": _photos(cast, policy, ids),
        "texts": rows.in_time_order(
            "texts",
            {
                "account_id": ids[np.array([row[0] for row in texts], dtype=np.int64)],
                "observed_at": np.array([row[1] for row in texts], dtype=np.int64),
                "source": [row[2] for row in texts],
                "text": [row[3] for row in texts],
                "signature": pa.nulls(len(texts), pa.list_(pa.uint32())),
            },
        ),
        "reports": rows.reports_table(ids, reports),
    }
    tables = {name: _merged(name, world[name], added.get(name)) for name in world}
    return World(tables, _truth(world.truth, operation, ids), replace(behind, cast=cast, ids=ids))


# ---- what they write, and what comes back -------------------------------------------------------------------------


def _messages(cast: Joined, policy: Policy) -> Log:
    operation, rng = cast.operations[-1], cast.stream("sends")
    member, nth, when, typed = paced(rng, operation.pace, operation.starts, operation.reach, cast.end)
    lists = operation.targets.reshape(len(operation.members), -1)
    target = lists[member, nth % max(lists.shape[1], 1)]
    sends = to_strangers(cast, operation.members[member], target, when, typed)
    share = operation.replies * (sends.recipient < cast.n_honest)
    back = answers(
        cast.stream("answers"), cast, sends, share=share, turns=2.5, answered=_WRITES_BACK, known=0.03
    )
    begin, until = np.maximum(operation.registered, cast.start), np.full(len(operation.members), cast.end)
    chat = chatter(cast, cast.stream("chatter"), operation, begin, until, policy.chats_per_day)
    return within(cast, Log.join([sends, back, chat]))


def _reports(cast: Joined, policy: Policy, log: Log) -> Reports:
    """Return complaints about the newcomers, theirs about each other included."""
    operation, rng = cast.operations[-1], cast.stream("self reports")
    members, size = operation.members, len(operation.members)
    among = np.isin(log.sender, members) & np.isin(log.recipient, members)
    account, reporter, when, block = draw_reports(cast, log.where(~among))  # fellows do not complain
    ours = np.isin(account, members)
    about = np.repeat(np.arange(size), rng.poisson(policy.self_reports, size) if size > 1 else 0)
    by = (about + 1 + (rng.random(len(about)) * (size - 1)).astype(np.int64)) % size
    begin = np.maximum(np.maximum(operation.registered[about], operation.registered[by]), cast.start)
    at = begin + 1 + (rng.random(len(about)) * (cast.end - begin - 1)).astype(np.int64)
    return (
        np.append(account[ours], members[about]),
        np.append(reporter[ours], members[by]),
        np.append(when[ours], at),
        np.append(block[ours], np.zeros(len(about), dtype=np.bool_)),
    )


# ---- what they show -------------------------------------------------------------------------------------------------


def _accounts(
    cast: Joined, policy: Policy, ids: rows.Ids, before: pa.Table, unknown_share: float
) -> pa.Table:
    """Return the newcomers' rows; a fresh account stands behind a network that many people of its country use."""
    operation, rng = cast.operations[-1], cast.stream("registration")
    size = len(operation.members)
    code = COUNTRIES[operation.country][0]
    opaque = [f"{rng.integers(1 << 40)}" for _ in range(size)]
    shared = [opaque[k // _PER_DEVICE] for k in range(size)]
    networks = [f"n{number}" for number in shared]
    if policy.registration == "fresh":
        native = before.filter(pc.fill_null(pc.equal(before["country"], code), False))["network"].drop_null()
        known = native.to_pylist() or [f"n{opaque[0]}"]
        networks = [known[k] for k in rng.integers(0, len(known), size).tolist()]
    devices = [f"d{number}" for number in (opaque if policy.registration == "fresh" else shared)]
    columns = {
        "registered_at": operation.registered,
        "is_business": np.zeros(size, dtype=np.bool_),
        "country": np.full(size, code, dtype=np.object_),
        "network_country": np.full(size, code, dtype=np.object_),
        "network": np.array(networks, dtype=np.object_),
        "device": np.array(devices, dtype=np.object_),
    }
    known_facts = {
        name: pa.array(values, mask=rng.random(size) < unknown_share) for name, values in columns.items()
    }
    return rows.table_of("accounts", {"account_id": ids[operation.members], **known_facts})


def _photos(cast: Joined, policy: Policy, ids: rows.Ids) -> pa.Table:
    operation, rng = cast.operations[-1], cast.stream("photos")
    members = operation.members if policy.photo != "none" else operation.members[:0]
    size = len(members)
    first = BEYOND + int(rng.integers(BEYOND))
    design = first + (np.arange(size) if policy.photo == "own" else np.zeros(size, dtype=np.int64))
    edit = rng.integers(1, 40, size) if policy.photo == "edited" else np.zeros(size, dtype=np.int64)
    wait = (rng.exponential(10.0, size) * MINUTE).astype(np.int64)
    hashes = [simulated_hash(*pair) for pair in zip(design.tolist(), edit.tolist(), strict=True)]
    return rows.in_time_order(
        "photos",
        {
            "account_id": ids[members],
            "set_at": operation.registered[:size] + wait,
            "photo": pa.nulls(size, pa.string()),
            "photo_hash": pa.array(hashes, pa.string()),
        },
    )


def _texts(cast: Joined, policy: Policy, reports: Reports) -> list[tuple[int, int, str, str]]:
    """Return names, what the profiles show, and what reporters disclose: account, instant, source, text."""
    operation, rng = cast.operations[-1], cast.stream("texts")
    said = dict(zip(operation.members.tolist(), _said(policy, rng, len(operation.members)), strict=True))
    begin = np.maximum(operation.registered, cast.start)
    found = []
    for code, since in zip(operation.members.tolist(), begin.tolist(), strict=True):
        name = f"{spin(rng.choice(words.GIVEN), rng)} {spin(rng.choice(words.FAMILY), rng)}"
        found.append((code, since + int(rng.exponential(20.0) * MINUTE), "name", name))
        if policy.text != "none":
            found.append((code, since + int(rng.exponential(20.0) * MINUTE), "about", next(said[code])))
    account, _, reported_at, block = reports
    told = ~block & np.isin(account, operation.members) & (rng.random(len(account)) < _DISCLOSED)
    for code, when in zip(account[told].tolist(), reported_at[told].tolist(), strict=True):
        found.append((code, when, "reported", next(said[code])))
    return [row for row in found if row[1] < cast.end]


def _said(policy: Policy, rng: np.random.Generator, size: int) -> list[Iterator[str]]:
    """Return what each account says, time after time."""
    common = compose(rng, 1.0 if policy.text == "spun" else 0.0)
    fixed = spin(common, rng)

    def sayings() -> Iterator[str]:
        own = compose(rng, 1.0) if policy.text == "own" else common
        while True:
            yield fixed if policy.text in ("one", "none") else spin(own, rng)

    return [sayings() for _ in range(size)]


def _truth(before: pa.Table, operation: Operation, ids: rows.Ids) -> pa.Table:
    size = len(operation.members)
    added = {
        "account_id": ids[operation.members],
        "family": [FAMILY] * size,
        "is_automated": [True] * size,
        "campaign": [operation.name] * size,
        "operator": [operation.operator] * size,
        "starts_at": pa.array(operation.starts).cast(before.schema.field("starts_at").type),
    }
    return pa.concat_tables([before, pa.table(added, schema=before.schema)])


# ---- the tables -----------------------------------------------------------------------------------------------------


def _merged(name: str, before: pa.Table, added: pa.Table | None) -> pa.Table:
    """Return both in time order, rows of before first among those of one instant; accounts stand one after another."""
    if added is None:
        return before
    both = pa.concat_tables([before, added])
    time = TABLES[name].time
    if name == "accounts" or time is None:
        return both
    return both.take(pa.array(np.argsort(both[time].cast(pa.int64()).to_numpy(), kind="stable")))


def _checked(world: World, policy: Policy, n_accounts: int, random_state: int) -> Behind:
    behind: Behind | None = getattr(world, "behind", None)
    if behind is None:
        raise _wrong("world", "one that simulate.world made", type(world).__name__, "Use simulate.world")
    if behind.media:
        raise _wrong("world", "without pictures", "media=True", "Use simulate.world(..., media=False)")
    if not isinstance(policy, Policy):
        raise _wrong("policy", "a simulate.Policy", type(policy).__name__, "Use simulate.Policy()")
    most = behind.cast.n_accounts
    for name, value, least, largest in (
        ("n_accounts", n_accounts, 1, most),
        ("random_state", random_state, 0, 2**32 - 1),
    ):
        if (
            isinstance(value, bool)
            or not isinstance(value, int | np.integer)
            or not least <= value <= largest
        ):
            raise _wrong(name, f"a whole number from {least} to {largest:,}", repr(value), "See attack")
    return behind


def _wrong(name: str, rule: str, value: object, advice: str) -> ParameterError:
    return ParameterError(f"simulate.attack: {name} must be {rule}; got {value}. {advice}.")

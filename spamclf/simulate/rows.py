"""A simulated world as Arrow tables of the contract: ids instead of codes, unknown facts as nulls."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spamclf.schema import TABLES, ColumnType
from spamclf.simulate.aftermath import Labels, Reports, draw_evidence
from spamclf.simulate.cast import KIND_NAMES, Cast
from spamclf.simulate.kinds import AUTOMATED, COUNTRIES, HONEST
from spamclf.simulate.log import BoolArray, IntArray, Log
from spamclf.simulate.photos import draw_photos, picture_name, simulated_hash
from spamclf.simulate.registration import draw_registration
from spamclf.simulate.texts import draw_texts

__all__ = [
    "Ids",
    "accounts_table",
    "evidence_table",
    "ids_of",
    "in_time_order",
    "labels_table",
    "messages_table",
    "photos_table",
    "reports_table",
    "table_of",
    "texts_table",
    "truth_table",
]

Ids = npt.NDArray[np.object_]

_ARROW: dict[ColumnType, pa.DataType] = {
    "id": pa.string(),
    "string": pa.string(),
    "time": pa.timestamp("us", tz="UTC"),
    "bool": pa.bool_(),
    "float": pa.float64(),
    "signature": pa.list_(pa.uint32()),
}


def ids_of(cast: Cast) -> Ids:
    """Return the id of every code: accounts ``a…``, other numbers ``p…``, groups ``g…``; shuffled, so opaque."""
    rng = cast.stream("ids")
    counts = (
        ("a", cast.n_accounts),
        ("p", cast.first_group - cast.n_accounts),
        ("g", len(cast.groups)),
    )
    names = [[f"{letter}{number}" for number in rng.permutation(count).tolist()] for letter, count in counts]
    return np.array([name for part in names for name in part], dtype=np.object_)


def table_of(
    name: str, columns: dict[str, Sequence[object] | npt.NDArray[np.generic] | pa.Array]
) -> pa.Table:
    """Make a table of the contract's columns and types; instants come in microseconds."""
    arrays = []
    for column in TABLES[name].columns:
        kind, values = _ARROW[column.type], columns[column.name]
        values = (
            values
            if isinstance(values, pa.Array)
            else pa.array(values, None if column.type == "time" else kind)
        )
        arrays.append(values.cast(pa.int64()).cast(kind) if column.type == "time" else values)
    schema = pa.schema(
        [
            pa.field(column.name, _ARROW[column.type], nullable=column.nullable)
            for column in TABLES[name].columns
        ]
    )
    return pa.Table.from_arrays(arrays, schema=schema)


def _hidden(values: npt.NDArray[np.generic], unknown: BoolArray) -> pa.Array:
    return pa.array(values, mask=unknown)


def account_order(ids: Ids, n_accounts: int) -> IntArray:
    """Return the codes of the accounts in the order of their ids' numbers: that of the table."""
    return np.argsort([int(name[1:]) for name in ids[:n_accounts].tolist()])


def accounts_table(cast: Cast, ids: Ids, unknown_share: float) -> pa.Table:
    """Return the accounts with what their registration tells."""
    size, rng = cast.n_accounts, cast.stream("accounts table")
    codes = np.array([code for code, _, _ in COUNTRIES], dtype=np.object_)
    networks, devices, abroad = draw_registration(cast)
    business = rng.random(size) < _business_share(cast)
    columns = {
        "registered_at": cast.registered,
        "is_business": business,
        "country": codes[cast.number_country],
        "network_country": codes[abroad],
        "network": np.array([f"n{number}" for number in networks], dtype=np.object_),
        "device": np.array([f"d{number}" for number in devices], dtype=np.object_),
    }
    known = {name: _hidden(values, rng.random(size) < unknown_share) for name, values in columns.items()}
    table = table_of("accounts", {"account_id": ids[:size], **known})
    return table.take(pa.array(account_order(ids, size)))


def _business_share(cast: Cast) -> npt.NDArray[np.float64]:
    return np.array([row.business for row in HONEST] + [0.1] * len(AUTOMATED))[cast.kind]


def messages_table(cast: Cast, ids: Ids, log: Log, unknown_share: float, tick_s: float) -> pa.Table:
    """Turn the log into a table; coarse clocks and unknown facts do not depend on what an account is."""
    rng = cast.stream("messages table")
    tick = np.where(rng.random(cast.n_accounts) < 1 / 6, 1_000_000, 1)
    tick = np.maximum(tick, round(tick_s * 1e6))[log.sender]
    sent_at = log.sent_at // tick * tick
    hides = rng.random((3, cast.first_group + 1)) < unknown_share
    recipient = np.minimum(log.recipient, cast.first_group)
    names = pa.array(ids.tolist(), pa.string())
    rank = np.argsort(
        np.argsort(rng.random(len(ids)))
    )  # of two rows at one instant, none tells by standing first
    order = np.lexsort((rank[log.recipient], rank[log.sender], sent_at))
    # A second message to the same recipient within a tick would be the same row again.
    same = [np.diff(part[order], prepend=-1) == 0 for part in (sent_at, log.sender, log.recipient)]
    order = order[~np.logical_and.reduce(same)]
    table = table_of(
        "messages",
        {
            "sender_id": names.take(pa.array(log.sender)),
            "recipient_id": names.take(pa.array(log.recipient)),
            "sent_at": sent_at,
            "is_group": log.is_group,
            "in_contacts": _hidden(log.in_contacts, hides[0][recipient] | log.is_group),
            "typed_s": _hidden(np.round(log.typed_s, 1), hides[1][log.sender]),
            "delivered": _hidden(log.delivered, hides[2][log.sender] | log.is_group),
        },
    )
    return table.take(pa.array(order))


def photos_table(cast: Cast, ids: Ids, media: bool) -> pa.Table:
    """Return who set which photo when."""
    account, set_at, design, edit = draw_photos(cast)
    names = picture_name if media else simulated_hash
    values = [names(*pair) for pair in zip(design.tolist(), edit.tolist(), strict=True)]
    nothing = pa.nulls(len(values), pa.string())
    return in_time_order(
        "photos",
        {
            "account_id": ids[account],
            "set_at": set_at,
            "photo": pa.array(values, pa.string()) if media else nothing,
            "photo_hash": nothing if media else pa.array(values, pa.string()),
        },
    )


def texts_table(cast: Cast, ids: Ids, reports: Reports) -> pa.Table:
    """Return public and reported texts."""
    account, observed_at, source, text = draw_texts(cast, reports)
    return in_time_order(
        "texts",
        {
            "account_id": ids[np.array(account, dtype=np.int64)],
            "observed_at": np.array(observed_at, dtype=np.int64),
            "source": source,
            "text": text,
            "signature": pa.nulls(len(text), _ARROW["signature"]),
        },
    )


def reports_table(ids: Ids, reports: Reports) -> pa.Table:
    """Return reports and blocks."""
    account, reporter, when, block = reports
    kind = np.where(block, "block", "report").tolist()
    return in_time_order(
        "reports",
        {"account_id": ids[account], "reporter_id": ids[reporter], "reported_at": when, "kind": kind},
    )


def labels_table(cast: Cast, ids: Ids, labels: Labels) -> pa.Table:
    """Return the labels."""
    account, labelled_at, operation, automated = labels
    names = [None if place < 0 else cast.operations[place].name for place in operation.tolist()]
    return in_time_order(
        "labels",
        {
            "account_id": ids[account],
            "is_automated": automated,
            "labelled_at": labelled_at,
            "campaign": names,
        },
    )


def evidence_table(cast: Cast, ids: Ids) -> pa.Table:
    """Return what was seen elsewhere about operators."""
    account, observed_at, off_platform, operation = draw_evidence(cast)
    operators = [cast.operations[place].operator for place in operation.tolist()]
    off = off_platform.tolist()
    return in_time_order(
        "evidence",
        {
            "account_id": ids[account],
            "observed_at": observed_at,
            "kind": ["off_platform" if one else "on_platform" for one in off],
            "operator": operators,
            "source": [
                f"{'advertisement' if one else 'case'} {operator[-4:]}"
                for one, operator in zip(off, operators, strict=True)
            ],
        },
    )


def truth_table(cast: Cast, ids: Ids) -> pa.Table:
    """Return what no table tells: the family of each account, its operation and operator, and when it began."""
    size = cast.n_accounts
    campaign, operator = np.full((2, size), None, dtype=np.object_)
    starts = np.zeros(size, dtype=np.int64)
    for operation in cast.operations:
        campaign[operation.members], operator[operation.members] = operation.name, operation.operator
        starts[operation.members] = operation.starts
    table = pa.table(
        {
            "account_id": pa.array(ids[:size].tolist(), pa.string()),
            "family": pa.array([KIND_NAMES[number] for number in cast.kind.tolist()], pa.string()),
            "is_automated": pa.array(cast.is_automated),
            "campaign": pa.array(campaign.tolist(), pa.string()),
            "operator": pa.array(operator.tolist(), pa.string()),
            "starts_at": pa.array(starts, mask=~cast.is_automated).cast(_ARROW["time"]),
        }
    )
    return table.take(pa.array(account_order(ids, size)))


def in_time_order(
    name: str, columns: dict[str, Sequence[object] | npt.NDArray[np.generic] | pa.Array]
) -> pa.Table:
    """Make a table whose rows stand in time order, those of one instant by account, so that order tells nothing."""
    table = table_of(name, columns)
    order = pc.sort_indices(table, [(TABLES[name].time, "ascending"), ("account_id", "ascending")])
    return table.take(order)

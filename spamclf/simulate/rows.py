"""A simulated world as Arrow tables of the contract: ids instead of codes, unknown facts as nulls."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spamclf.schema import TABLES, ColumnType
from spamclf.simulate.aftermath import Labels, Reports, draw_evidence
from spamclf.simulate.cast import Cast
from spamclf.simulate.kinds import AUTOMATED, COUNTRIES, HONEST
from spamclf.simulate.log import BoolArray, IntArray, Log
from spamclf.simulate.photos import draw_photos, picture_name, simulated_hash
from spamclf.simulate.texts import draw_texts

__all__ = [
    "accounts_table",
    "campaign_name",
    "evidence_table",
    "ids_of",
    "labels_table",
    "messages_table",
    "operator_name",
    "photos_table",
    "reports_table",
    "texts_table",
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
    """Return the id of every code: accounts ``a…``, outsiders ``p…``, groups ``g…``."""
    counts = (("a", cast.n_accounts), ("p", cast.n_outsiders), ("g", cast.n_groups))
    return np.array(
        [f"{letter}{number}" for letter, count in counts for number in range(count)], dtype=np.object_
    )


def campaign_name(number: int) -> str:
    """Return the name of an operation, as labels give it."""
    return f"campaign-{number:03d}"


def operator_name(number: int) -> str:
    """Return the name of an operator, as evidence gives it."""
    return f"operator-{number:03d}"


def _table(name: str, columns: dict[str, Sequence[object] | npt.NDArray[np.generic] | pa.Array]) -> pa.Table:
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


def accounts_table(cast: Cast, ids: Ids, unknown_share: float, rng: np.random.Generator) -> pa.Table:
    """Return the accounts with what their registration tells."""
    size = cast.n_accounts
    codes = np.array([code for code, _, _ in COUNTRIES], dtype=np.object_)
    networks, devices, abroad = _registration(cast, rng)
    business = rng.random(size) < _business_share(cast)
    columns = {
        "registered_at": cast.registered,
        "is_business": business,
        "country": codes[cast.country],
        "network_country": codes[abroad],
        "network": np.array([f"n{number}" for number in networks], dtype=np.object_),
        "device": np.array([f"d{number}" for number in devices], dtype=np.object_),
    }
    known = {name: _hidden(values, rng.random(size) < unknown_share) for name, values in columns.items()}
    return _table("accounts", {"account_id": ids[:size], **known})


def _business_share(cast: Cast) -> npt.NDArray[np.float64]:
    return np.array([row.business for row in HONEST] + [0.1] * len(AUTOMATED))[cast.kind]


def _registration(cast: Cast, rng: np.random.Generator) -> tuple[IntArray, IntArray, IntArray]:
    """Return network, device and the network's country: operations share them, carriers are large."""
    size, per_country = cast.n_accounts, max(cast.n_accounts // 40, 4)
    network = cast.country * per_country + (per_country * rng.random(size) ** 2).astype(np.int64)
    device = np.arange(size)
    family = np.flatnonzero((rng.random(size) < 0.06) & ~cast.is_automated)
    device[family] = device[np.maximum(family - 1, 0)]
    abroad = np.where(rng.random(size) < 0.05, rng.integers(0, len(COUNTRIES), size), cast.country)
    for operation in cast.operations:
        members, number = operation.members, operation.number
        if operation.shared:
            n_devices = 1 + len(members) // int(rng.integers(3, 14))
            network[members] = len(COUNTRIES) * per_country + 2 * number + rng.integers(0, 2, len(members))
            device[members] = size + 100 * number + rng.integers(0, n_devices, len(members))
        if rng.random() < 0.45:
            abroad[members] = rng.integers(0, len(COUNTRIES))
    # Opaque: the numbers tell nothing about who shares them.
    return rng.permutation(network.max() + 1)[network], rng.permutation(device.max() + 1)[device], abroad


def messages_table(
    cast: Cast, ids: Ids, log: Log, unknown_share: float, tick_s: float, rng: np.random.Generator
) -> pa.Table:
    """Turn the log into a table; coarse clocks and unknown facts do not depend on what an account is."""
    tick = np.where(rng.random(cast.n_accounts) < 1 / 6, 1_000_000, 1)
    tick = np.maximum(tick, round(tick_s * 1e6))[log.sender]
    sent_at = log.sent_at // tick * tick
    hides = rng.random((3, cast.first_group + 1)) < unknown_share
    recipient = np.minimum(log.recipient, cast.first_group)
    order = np.lexsort((log.recipient, log.sender, sent_at))
    names = pa.array(ids.tolist(), pa.string())
    table = _table(
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


def photos_table(cast: Cast, ids: Ids, media: bool, rng: np.random.Generator) -> pa.Table:
    """Return who set which photo when."""
    account, set_at, design, edit = draw_photos(cast, rng)
    names = picture_name if media else simulated_hash
    values = [names(*pair) for pair in zip(design.tolist(), edit.tolist(), strict=True)]
    nothing = pa.nulls(len(values), pa.string())
    return _table(
        "photos",
        {
            "account_id": ids[account],
            "set_at": set_at,
            "photo": values if media else nothing,
            "photo_hash": nothing if media else values,
        },
    )


def texts_table(cast: Cast, ids: Ids, reports: Reports, rng: np.random.Generator) -> pa.Table:
    """Return public and reported texts."""
    account, observed_at, source, text = draw_texts(cast, reports, rng)
    return _table(
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
    """Return reports and blocks in time order."""
    order = np.argsort(reports[2], kind="stable")
    account, reporter, when, block = (column[order] for column in reports)
    kind = np.where(block, "block", "report").tolist()
    return _table(
        "reports",
        {"account_id": ids[account], "reporter_id": ids[reporter], "reported_at": when, "kind": kind},
    )


def labels_table(ids: Ids, labels: Labels) -> pa.Table:
    """Return the labels."""
    account, labelled_at, campaign, automated = labels
    names = [None if number < 0 else campaign_name(number) for number in campaign.tolist()]
    return _table(
        "labels",
        {
            "account_id": ids[account],
            "is_automated": automated,
            "labelled_at": labelled_at,
            "campaign": names,
        },
    )


def evidence_table(cast: Cast, ids: Ids, rng: np.random.Generator) -> pa.Table:
    """Return what was seen elsewhere about operators."""
    account, observed_at, off_platform, operator = draw_evidence(cast, rng)
    pairs = list(zip(off_platform.tolist(), operator.tolist(), strict=True))
    return _table(
        "evidence",
        {
            "account_id": ids[account],
            "observed_at": observed_at,
            "kind": ["off_platform" if off else "on_platform" for off, _ in pairs],
            "operator": [operator_name(number) for _, number in pairs],
            "source": [f"{'advertisement' if off else 'case'} {number:04d}" for off, number in pairs],
        },
    )

"""Rows of the test worlds, written by hand: what accounts do, and what they show."""

from __future__ import annotations

import random
from typing import Any

import pyarrow as pa

from tests import plain

Row = dict[str, Any]
Tables = dict[str, list[Row]]

TIMES = {
    "accounts": "registered_at", "messages": "sent_at", "photos": "set_at", "texts": "observed_at",
    "reports": "reported_at", "labels": "labelled_at", "evidence": "observed_at",
}  # fmt: skip
_TIME = pa.timestamp("us", tz="UTC")
TYPES: dict[str, dict[str, pa.DataType]] = {
    "accounts": {
        "account_id": pa.string(), "registered_at": _TIME, "is_business": pa.bool_(), "country": pa.string(),
        "network_country": pa.string(), "network": pa.string(), "device": pa.string(),
    },
    "messages": {
        "sender_id": pa.string(), "recipient_id": pa.string(), "sent_at": _TIME, "is_group": pa.bool_(),
        "in_contacts": pa.bool_(), "typed_s": pa.float64(), "delivered": pa.bool_(),
    },
    "photos": {"account_id": pa.string(), "set_at": _TIME, "photo": pa.string(), "photo_hash": pa.string()},
    "texts": {
        "account_id": pa.string(), "observed_at": _TIME, "source": pa.string(), "text": pa.string(),
        "signature": pa.list_(pa.uint64()),
    },
    "reports": {"account_id": pa.string(), "reporter_id": pa.string(), "reported_at": _TIME, "kind": pa.string()},
    "labels": {
        "account_id": pa.string(), "is_automated": pa.bool_(), "labelled_at": _TIME, "campaign": pa.string(),
    },
    "evidence": {
        "account_id": pa.string(), "observed_at": _TIME, "kind": pa.string(), "operator": pa.string(),
        "source": pa.string(),
    },
}  # fmt: skip
IDS = ("account_id", "sender_id", "recipient_id", "reporter_id")

DAY = plain.DAY
AS_OF = 1_781_094_896_789_012  # 2026-06-10 12:34:56.789012 UTC


def tables_of(**rows: list[Row]) -> Tables:
    """All seven tables, columns that are left out filled with null."""
    return {
        name: [dict.fromkeys(columns) | row for row in rows.get(name, [])] for name, columns in TYPES.items()
    }


def arrow(tables: Tables, *, ids: pa.DataType | None = None) -> dict[str, pa.Table]:
    """Turn rows into Arrow tables, ids as strings or as integers."""
    made = {}
    for name, rows in tables.items():
        types = {c: ids if ids and c in IDS else kind for c, kind in TYPES[name].items()}
        made[name] = pa.table({c: pa.array([row[c] for row in rows], kind) for c, kind in types.items()})
    return made


# ---- rows by hand --------------------------------------------------------------------------------------------

START = AS_OF - AS_OF % DAY  # 2026-06-10 00:00 UTC


def at(seconds: float = 0.0, *, days: int = 0) -> int:
    """An instant after `START`."""
    return START + days * DAY + round(seconds * 1_000_000)


def sent(sender: Any, recipient: Any, seconds: float, **facts: Any) -> Row:
    return {"sender_id": sender, "recipient_id": recipient, "sent_at": at(seconds)} | facts


def account(name: Any, **facts: Any) -> Row:
    return {"account_id": name} | facts


def reported(who: Any, reporter: Any, seconds: float, kind: str = "report") -> Row:
    return {"account_id": who, "reporter_id": reporter, "reported_at": at(seconds), "kind": kind}


def labelled(who: Any, is_automated: bool, seconds: float) -> Row:
    return {"account_id": who, "is_automated": is_automated, "labelled_at": at(seconds)}


def pictured(who: Any, photo_hash: str | None, seconds: float, **facts: Any) -> Row:
    return {"account_id": who, "photo_hash": photo_hash, "set_at": at(seconds)} | facts


def said(who: Any, text: str | None, seconds: float, source: str = "about", **facts: Any) -> Row:
    return {"account_id": who, "text": text, "observed_at": at(seconds), "source": source} | facts


def tied(who: Any, operator: str | None, seconds: float, kind: str = "on_platform") -> Row:
    return {"account_id": who, "operator": operator, "observed_at": at(seconds), "kind": kind}


# ---- what accounts show ----------------------------------------------------------------------------------------


def flipped(photo_hash: str, n_bits: int, rng: random.Random) -> str:
    """A hash at exactly this distance."""
    mask = sum(1 << bit for bit in rng.sample(range(256), n_bits))
    return f"{int(photo_hash, 16) ^ mask:064x}"


def some_hashes(rng: random.Random, n_bases: int = 3) -> list[str]:
    """A few pictures and their edits: many pairs lie near 31 bits, some exactly at 31 and at 32."""
    made = []
    for _ in range(n_bases):
        base = f"{rng.getrandbits(256):064x}"
        made += [base, base] + [flipped(base, n, rng) for n in (1, 15, 16, 31, 31, 32, 32, rng.randrange(61))]
    return made


_TEMPLATES = (
    (" ", "limited offer: buy cheap golden watches today, save half the price and pay nothing until June"),
    (
        " ",
        "Guten Tag, wir suchen dringend Mitarbeiter im Homeoffice, bis zu 300 Euro am Tag, melden Sie sich",
    ),
    (" ", "🙂 Ich verkaufe Torten für Hochzeiten und Feste ✨ alles von Hand gemacht 🎂 in Köln"),
    ("", "สวัสดีค่ะ รับสมัคร งานออนไลน์ รายได้ดี ทำที่บ้าน ได้ทุกวัน ไม่มี ค่าใช้จ่าย ติดต่อ แอดไลน์ ได้เลย"),
    (" ", "good morning everybody"),
)
_OTHER_WORDS = (
    "silver",
    "shoes",
    "Deutschland",
    "morgen",
    "วันนี้",
    "เพื่อน",
    "credit",
    "12345",
    "FREE",
    "лучший",
)
_TAILS = ("", "", "", " https://example.com/a?b=1", " http://bit.ly/x", " +49 170 1234567", " 🙂", "   ")
SHORT_TEXTS = ("", "hi", "ok", "🙂", "  ", "สวัสดี", "hello there", "0171 9876543", "https://t.me/joinchat")


def some_texts(rng: random.Random, n_each: int = 8) -> list[str]:
    """A few templates and what spinning makes of them: from equal to hardly alike; and short ones."""
    made = list(SHORT_TEXTS)
    for joint, words in _TEMPLATES:
        for k in range(n_each):
            spun = words.split(" ")
            for place in rng.sample(range(len(spun)), min(k % 5, len(spun))):
                spun[place] = rng.choice(_OTHER_WORDS)
            made.append(joint.join(spun) + rng.choice(_TAILS))
    return made


HASHES = tuple(some_hashes(random.Random(1)))
TEXTS = tuple(some_texts(random.Random(1)))
SOURCES = ("about", "about", "description", "reported", "reported", "name")
OPERATORS = (None, "o1", "o1", "o2")

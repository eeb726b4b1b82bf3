"""What the features of hot clusters cost: rows of the bench of clusters."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from spamclf import Dataset
from spamclf.campaigns.photos import to_hex
from spamclf.campaigns.shown import read_photos, read_texts
from spamclf.ego import EgoLog
from spamclf.features.extract import measure
from tests.campaigns.near_copies import flipped

Rows = Iterator[list[str]]

DAY_S = 86_400
AS_OF_S = 1_780_000_000
N_SNAPSHOTS = 4  # of each account, at instants of its own


def shown_by(n: int, rng: np.random.Generator, share_known: float = 1.0) -> dict[str, Any]:
    """Accounts, of which some are registered a day too late, and when each showed something in the last 20 days."""
    ids = [f"a{k}" for k in range(n)]
    born = np.where(rng.random(n) < share_known, AS_OF_S - 90 * DAY_S, AS_OF_S + DAY_S)
    return {
        "accounts": {"account_id": ids, "registered_at": born},
        "messages": {"sender_id": ids[:1], "recipient_id": ids[1:2], "sent_at": [AS_OF_S - 10]},
        "time_unit": "s",
        "not_after": "2040-01-01",
    }


def photos(n: int, share_near: float, share_known: float = 1.0) -> Dataset:
    """Of one photo: a share of the accounts shows it changed in 1 to 15 bits."""
    rng = np.random.default_rng(n)
    rows = shown_by(n, rng, share_known)
    words = np.repeat(rng.integers(0, 2**64, (1, 4), np.uint64), n, axis=0)
    near = rng.permutation(n)[: int(share_near * n)]
    words[near] = flipped(words[near], 15, rng)
    set_at = AS_OF_S - rng.integers(1, 20 * DAY_S, n)
    shown = {"account_id": rows["accounts"]["account_id"], "set_at": set_at, "photo_hash": to_hex(words)}
    return Dataset(**rows, photos=shown)


def texts(n: int, n_spun: int, n_options: int = 3000) -> Dataset:
    """Of one text of 24 words: each account shows it with so many of them spun."""
    rng, dice = np.random.default_rng(n), random.Random(n)
    words = [
        "".join(dice.choices("abcdefghijklmnopqrstuvwxyz", k=dice.randint(3, 8))) for _ in range(n_options)
    ]
    template = dice.choices(words, k=24)

    def spun() -> str:
        text = list(template)
        for place in dice.choices(range(24), k=n_spun):
            text[place] = dice.choice(words)
        return " ".join(text)

    rows = shown_by(n, rng)
    shown = {
        "account_id": rows["accounts"]["account_id"],
        "observed_at": AS_OF_S - rng.integers(1, 20 * DAY_S, n),
        "source": ["about"] * n,
        "text": [spun() for _ in range(n)],
    }
    return Dataset(**rows, texts=shown)


def cost(
    dataset: Dataset, family: str, n: int, rounds: int, *, snapshots: bool = False
) -> tuple[float, float]:
    """Seconds of one thread for a family's features, of files and texts that are hashed; and the median cluster."""
    if family == "photo":
        read_photos(dataset)
    else:
        read_texts(dataset)
    rng = np.random.default_rng(0)
    account, as_of = np.arange(n), np.full(n, AS_OF_S * 1_000_000)
    if snapshots:
        account = np.repeat(account, N_SNAPSHOTS)
        as_of = (AS_OF_S - rng.integers(0, 20 * DAY_S, account.size)) * 1_000_000
    took = []
    for _ in range(rounds):
        ego = EgoLog.build(dataset)
        slices = ego.slices(account, as_of, history_days=30)
        start = time.process_time()
        values = measure(ego, slices, [f"{family}_cluster_accounts"], n_jobs=1)
        took.append(time.process_time() - start)
    return statistics.median(took), float(np.nanmedian(values))


def hot_features(rounds: int, scale: float) -> Rows:
    n = int(100_000 * scale)
    cases: dict[str, Any] = {
        "one photo": lambda n: photos(n, 0.0),
        "photos 1 to 15 bits from one": lambda n: photos(n, 1.0),
        "half of them one photo, half 1 to 15 bits from it": lambda n: photos(n, 0.5),
        "one photo, 99 % of the accounts not known yet": lambda n: photos(n, 0.0, 0.01),
        "one text": lambda n: texts(n, 0),
        "texts with 1 of 24 words spun": lambda n: texts(n, 1),
        "texts with 3 of 24 words spun": lambda n: texts(n, 3),
        "texts with 1 of 24 words spun, of 8 words": lambda n: texts(n, 1, 8),
    }
    cost(photos(2000, 1.0), "photo", 2000, 1)
    cost(texts(2000, 1), "template", 2000, 1)
    for name, make in cases.items():
        family = "template" if "text" in name else "photo"
        half, _ = cost(make(n // 2), family, n // 2, rounds)
        whole, accounts = cost(make(n), family, n, rounds)
        yield [
            f"features of {n // 2:,} accounts, one thread, after hashing, {name}: {half:.2f} s; of {n:,}: "
            f"{whole:.2f} s (median cluster: {accounts:,.0f} others)",
            f"{whole:.2f} s; {whole / half:.2f} x",
            "< 5 s; <= 2.3 x",
        ]
    for name in ("one photo", "photos 1 to 15 bits from one"):
        n_few = n // 5
        half, _ = cost(cases[name](n_few // 2), "photo", n_few // 2, rounds, snapshots=True)
        whole, _ = cost(cases[name](n_few), "photo", n_few, rounds, snapshots=True)
        yield [
            f"{N_SNAPSHOTS} snapshots of each of {n_few // 2:,} accounts, at instants of their own, {name}: "
            f"{half:.2f} s; of {n_few:,}: {whole:.2f} s",
            f"{whole / half:.2f} x",
            "<= 2.3 x",
        ]

"""Crowds: many accounts with nearly the same photos and texts, and limits low enough for small worlds to meet them."""

from __future__ import annotations

import random

import pytest

from spamclf.features import around
from tests import naive_near
from tests.worlds import (
    DAY,
    Row,
    World,
    account,
    at,
    flipped,
    labelled,
    pictured,
    said,
    sent,
    tables_of,
    tied,
)

#: Limits: different fingerprints that count, sightings that make a fingerprint one of many, neighbours that are listed.
LOWERED = [(4, 1, 2), (4, 10**9, 0), (9, 3, 1), (2, 2, 1), (1000, 1, 64), (1000, 10**9, 64)]

_TEMPLATE = (
    "order your golden watch at half the price from our friendly little shop before the end of this week"
)
_SPUN = ("silver", "leather", "diamond", "modern", "antique", "genuine", "luxury", "popular")


def lower(monkeypatch: pytest.MonkeyPatch, most: int, few: int, listed: int) -> None:
    """Lower the limits of the library and of its twin; room for listed fingerprints is short, too."""
    for module in (around, naive_near):
        monkeypatch.setattr(module, "MOST_PHOTOS", most)
        monkeypatch.setattr(module, "MOST_TEXTS", most)
    for name, value in (("FEW", few), ("LISTED", listed), ("_ROOM", 3 * most)):
        monkeypatch.setattr(around, name, value)


def crowd_world(seed: int, n_accounts: int = 20) -> World:
    """A world of near copies: accounts that come late, are known by their sends alone, or show twenty in a row."""
    rng = random.Random(seed)
    base, as_of = f"{rng.getrandbits(256):064x}", at(days=4)
    hashes = [base, base, *(flipped(base, rng.choice((2, 5, 9, 15, 20, 34)), rng) for _ in range(24))]
    words = _TEMPLATE.split()
    texts = [_TEMPLATE, _TEMPLATE]
    for _ in range(22):
        spun = list(words)
        for place in rng.sample(range(len(words)), rng.choice((1, 1, 2, 4))):
            spun[place] = rng.choice(_SPUN)
        texts.append(" ".join(spun))

    def seconds() -> float:
        since, until = -DAY / 1e6, 4 * DAY / 1e6 + 9_000
        return rng.choice((rng.uniform(since, until), float(rng.randrange(3 * 86_400, 4 * 86_400, 3_600))))

    people = [f"p{k}" for k in range(n_accounts)]
    listed, senders = people[: -n_accounts // 4], people[-n_accounts // 4 :]
    who = [*people, "z", "z"]
    photos: list[Row] = [
        pictured(rng.choice(who), rng.choice(hashes), seconds()) for _ in range(4 * n_accounts)
    ]
    photos += [pictured("z", each, 3.5 * 86_400 + rng.randrange(20)) for each in hashes]
    shown: list[Row] = [said(rng.choice(who), rng.choice(texts), seconds()) for _ in range(4 * n_accounts)]
    shown += [said("z", each, 3.5 * 86_400 + rng.randrange(20)) for each in texts]
    accounts = [account(each, registered_at=rng.choice((None, None, at(seconds())))) for each in listed]
    messages = [sent(each, "p0", seconds()) for each in senders for _ in range(rng.randrange(1, 4))]
    return World(
        tables_of(
            accounts=[*accounts, account("z")],
            messages=messages,
            photos=photos,
            texts=shown,
            labels=[labelled(rng.choice(people), rng.random() < 0.6, seconds()) for _ in range(n_accounts)],
            evidence=[tied(rng.choice(people), "o", seconds()) for _ in range(n_accounts // 2)],
        ),
        as_of,
        rng.choice((2 * DAY, 3 * DAY, 9 * DAY)),
        seed,
    )  # fmt: skip

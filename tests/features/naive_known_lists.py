"""The slow, obvious twin of remembered recipient lists: every list against every remembered one, as sets of items."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from tests import naive
from tests.campaigns import naive_texts

Signature = tuple[int, ...]


@dataclass(frozen=True)
class Remembered:
    """A list of people, some of them popular then, and when the account first and last wrote to one of it."""

    account: Any
    people: frozenset[Any]
    popular: frozenset[Any]
    first: int
    last: int

    @property
    def signature(self) -> Signature:
        return signed(self.people, self.popular)


@cache
def signed(people: frozenset[Any], popular: frozenset[Any]) -> Signature:
    """By datasketch's permutations; a recipient is four items, a popular one is one."""
    from spamclf.campaigns.schemes import MinHashScheme

    a, b = MinHashScheme().permutations
    hashes = [
        naive_texts.mix((naive_texts.HASHES["xxh32"](str(person).encode()) + copy * 0x9E3779B9) % 2**32)
        for person in people
        for copy in range(1 if person in popular else 4)
    ]
    return tuple((np.array(hashes, np.uint32)[:, None] * a + b).min(axis=0).tolist())


def known(view: naive.View, memory: list[Remembered]) -> tuple[set[Any], float]:
    """Return the accounts with nearly the same list, and the largest similarity to any list."""
    own = frozenset(view.strangers)
    if len(own) < 5:
        return set(), 0.0
    mine = [signed(own, own), signed(own, frozenset())]
    found, most = set(), 0.0
    for each in memory:
        if not view.as_of - view.history <= each.last < view.as_of or each.account == view.account:
            continue
        theirs = naive.View(view.tables, each.account, view.as_of, view.history)
        if any(message["sent_at"] <= each.last for message in [*theirs.sends, *theirs.received]):
            continue  # the data know better
        words = each.signature
        if not any(one[k] == words[k] for one in mine for k in range(32)):
            continue
        equal = max(sum(x == y for x, y in zip(one, words, strict=True)) for one in mine)
        most = max(most, equal / 128)
        if equal >= 39:
            found.add(each.account)
    return found, most

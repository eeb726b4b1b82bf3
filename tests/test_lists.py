"""Recipient lists as sightings: each account's strangers of the look-back, seen at the first and at the last one."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spamclf import Dataset
from spamclf.campaigns.recipients import LEAST_RECIPIENTS, SCHEME
from spamclf.campaigns.sightings import pseudonyms
from spamclf.ego import EgoLog
from spamclf.instants import DAY_US
from spamclf.lists import lists_of
from tests.doors import tables


def naive_lists(messages: pa.Table, since: int, until: int) -> dict[str, dict[str, int]]:
    """The first message of a conversation, to somebody who does not have the account in the contacts."""
    found: dict[str, dict[str, int]] = {}
    met: set[frozenset[str]] = set()
    for row in messages.sort_by("sent_at").set_column(
        messages.column_names.index("sent_at"), "sent_at", messages["sent_at"].cast(pa.int64())
    ).to_pylist():  # fmt: skip
        if row["is_group"] or not since <= row["sent_at"] < until:
            continue
        sender, recipient = row["sender_id"], row["recipient_id"]
        if frozenset((sender, recipient)) not in met and row["in_contacts"] is not True:
            found.setdefault(sender, {})[recipient] = row["sent_at"]
        met.add(frozenset((sender, recipient)))
    return found


def test_lists_are_of_the_look_back_alone() -> None:
    data = Dataset(**tables())
    until = (data.last_instant() or 0) - 2 * DAY_US
    since = until - 9 * DAY_US
    expected = lists_of(EgoLog.build(data), until, 9)
    sent = data.messages["sent_at"].cast(pa.int64())
    inside = pc.and_(pc.greater_equal(sent, since), pc.less(sent, until))
    cut = Dataset(**tables() | {"messages": data.messages.filter(inside)})
    found = lists_of(EgoLog.build(cut, n_jobs=1), until, 9, n_jobs=1)
    for name in ("account", "instant", "group", "words"):
        assert np.array_equal(getattr(found.sightings, name), getattr(expected.sightings, name))
    assert len(found.sightings)
    assert ((found.instant >= since) & (found.instant < until)).all()
    assert found.sightings.scheme == str(SCHEME)


def test_each_list_is_seen_at_its_first_and_at_its_last_stranger() -> None:
    data = Dataset(**tables())
    until = (data.last_instant() or 0) + 1
    found = lists_of(EgoLog.build(data), until, 30)
    by_hand = naive_lists(data.messages, until - 30 * DAY_US, until)
    n = len(found.account_ids) // 2
    assert n > 20
    for k, account in enumerate(found.account_ids.to_pylist()[:n]):
        strangers = by_hand[account]
        assert found.row[k] == len(strangers) >= LEAST_RECIPIENTS
        assert found.instant[k] == min(strangers.values())
        assert found.instant[n + k] == max(strangers.values())
    assert set(found.sightings.account) == set(pseudonyms(found.account_ids))
    assert np.array_equal(found.row[:n], found.row[n:])
    assert np.array_equal(found.group[:n], found.group[n:])

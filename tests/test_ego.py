from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spamclf import Dataset
from spamclf.ego import NAT, EgoLog, instants_of
from spamclf.kernels import _common as bits
from tests import naive
from tests.worlds import DAY, World, account, at, labelled, reported, sent, tables_of, worlds


def entries(ego: EgoLog, code: int) -> list[tuple[Any, ...]]:
    """An account's log: instant, is out, known peers by id, facts."""
    ids = ego.account_ids.to_pylist()
    log = []
    for i in range(ego.offsets[code], ego.offsets[code + 1]):
        flag = int(ego.flag[i])
        contact = bool(flag & bits.CONTACT) if flag & bits.CONTACT_KNOWN else None
        delivered = not flag & bits.UNDELIVERED if flag & bits.DELIVERY_KNOWN else None
        typed = None if not ego.typed_s.size or np.isnan(ego.typed_s[i]) else float(ego.typed_s[i])
        peer = ids[ego.peer[i]] if ego.peer[i] < len(ids) else None
        log.append(
            (
                int(ego.time[i]),
                bool(flag & bits.OUT),
                peer,
                bool(flag & bits.GROUP),
                contact,
                delivered,
                typed,
            )
        )
    return log


@settings(max_examples=60)
@given(worlds())
def test_each_message_stands_in_both_logs(world: World) -> None:
    ego = EgoLog.build(world.dataset(), n_jobs=1)
    names = ego.account_ids.to_pylist()
    assert names == naive.scored(world.tables)
    view = naive.View(world.tables, None, 2 * world.as_of, 2 * world.as_of)  # all of the time
    for code, name in enumerate(names):
        wanted = []
        for m in view.messages:
            facts = (bool(m["is_group"]), m["in_contacts"], m["delivered"], m["typed_s"])
            recipient = m["recipient_id"] if m["recipient_id"] in names and not m["is_group"] else None
            if m["sender_id"] == name:
                wanted.append((m["sent_at"], True, recipient, *facts))
            if m["recipient_id"] == name and not m["is_group"]:
                wanted.append((m["sent_at"], False, m["sender_id"], *facts))
        log = entries(ego, code)
        assert Counter(log) == Counter(wanted)
        order = [(entry[0], entry[1]) for entry in log]
        assert order == sorted(order)  # by time; at one instant what was received comes first
    assert ego.n_duplicates == len(world.tables["messages"]) - len(view.messages)
    assert not ego.peer.size or ego.peer.max() < ego.n_peers


def test_peers_have_one_code_each_and_groups_their_own() -> None:
    rows = [
        sent("a", "x", 1),
        sent("a", "a", 2, is_group=True),
        sent("a", "x", 3, is_group=True),
        sent("b", "x", 4),
    ]
    ego = EgoLog.build(World(tables_of(messages=rows)).dataset())
    log = {int(t): int(p) for t, p in zip(ego.time, ego.peer, strict=True)}
    x, a_group, x_group, x_again = (log[at(s)] for s in (1, 2, 3, 4))
    assert x == x_again
    assert len({0, 1, x, a_group, x_group}) == 5
    assert ego.n_peers == 5


def test_facts_reports_and_labels_by_code() -> None:
    tables = tables_of(
        accounts=[
            account("b", registered_at=at(5), country="FR", network_country="DE", is_business=False),
            account("a"),
        ],
        messages=[sent("z", "a", 0)],
        reports=[reported("z", "stranger", 1, "block"), reported("a", "b", 2)],
        labels=[labelled("a", True, 3)],
    )
    ego = EgoLog.build(World(tables).dataset())
    assert ego.account_ids.to_pylist() == ["b", "a", "z"]
    assert ego.facts.registered_at.tolist() == [at(5), NAT, NAT]
    assert ego.facts.is_business.tolist() == [0, -1, -1]
    assert ego.facts.country[0] != ego.facts.network_country[0]
    assert ego.facts.country[2] == -1
    assert ego.facts.filled.tolist()[:2] == [4 / 6, 0]
    assert np.isnan(ego.facts.filled[2])
    who, reporter, when, block = ego.reports
    assert who.tolist() == [2, 1]
    assert reporter.tolist() == [3, 0]
    assert when.tolist() == [at(1), at(2)]
    assert block.tolist() == [True, False]
    assert [part.tolist() for part in ego.labels] == [[1], [at(3)], [True]]


@settings(max_examples=30)
@given(worlds(), st.floats(0.01, 5))
def test_slices_hold_what_is_seen(world: World, history_days: float) -> None:
    ego = EgoLog.build(world.dataset(), n_jobs=1)
    codes = np.arange(ego.n_accounts)
    slices = ego.slices(codes, world.as_of, history_days=history_days)
    assert slices.history == round(history_days * DAY)
    for code in codes:
        log = ego.time[ego.offsets[code] : ego.offsets[code + 1]]
        inside = ego.time[slices.starts[code] : slices.ends[code]]
        seen = (log >= world.as_of - slices.history) & (log < world.as_of)
        assert inside.tolist() == log[seen].tolist()


@settings(max_examples=30)
@given(worlds(), st.lists(st.integers(1, 6), min_size=1))
def test_after_sends(world: World, counts: list[int]) -> None:
    ego = EgoLog.build(world.dataset(), n_jobs=1)
    code, instant = ego.after_sends(counts, world.as_of)
    wanted = []
    for k, name in enumerate(ego.account_ids.to_pylist()):
        times = naive.View(world.tables, name, world.as_of, 2 * world.as_of).times
        wanted += [(k, times[n - 1] + 1) for n in sorted(set(counts)) if n <= len(times)]
    assert list(zip(code.tolist(), instant.tolist(), strict=True)) == wanted


@settings(max_examples=30)
@given(worlds())
def test_after_the_last_send(world: World) -> None:
    ego = EgoLog.build(world.dataset(), n_jobs=1)
    code, instant = ego.after_last_send(world.as_of)
    wanted = []
    for k, name in enumerate(ego.account_ids.to_pylist()):
        times = naive.View(world.tables, name, world.as_of, 2 * world.as_of).times
        wanted += [(k, times[-1] + 1)] if times else []
    assert list(zip(code.tolist(), instant.tolist(), strict=True)) == wanted


def test_after_sends_before_each_accounts_own_limit() -> None:
    dataset = World(tables_of(messages=[sent(who, "x", s) for who in "ab" for s in range(5)])).dataset()
    code, instant = EgoLog.build(dataset).after_sends([1, 3], [at(2), at(99)])
    assert list(zip(code.tolist(), instant.tolist(), strict=True)) == [
        (0, at(0) + 1), (1, at(0) + 1), (1, at(2) + 1),
    ]  # fmt: skip


@pytest.mark.parametrize("order", ["ascending", "descending", "random", "one instant"])
def test_threads_and_order_do_not_matter(order: str) -> None:
    n, rng = 120_000, np.random.default_rng(0)
    times = at() + np.sort(rng.integers(0, 10 * DAY if order != "one instant" else 1, n))
    columns = {
        "sender_id": rng.integers(0, 300, n), "recipient_id": rng.integers(300, 500, n), "sent_at": times,
        "in_contacts": rng.random(n) < 0.5, "typed_s": rng.integers(0, 4, n).astype(float),
    }  # fmt: skip
    rows = {"ascending": np.arange(n), "descending": np.arange(n)[::-1]}.get(order, rng.permutation(n))

    def build(rows: np.ndarray, n_jobs: int) -> EgoLog:
        messages = {name: np.ascontiguousarray(values[rows]) for name, values in columns.items()}
        accounts = {"account_id": np.arange(0, 400, 2)}
        dataset = Dataset(accounts=accounts, messages=messages, time_unit="us", not_after="2040-01-01")
        return EgoLog.build(dataset, n_jobs=n_jobs)

    whole, *others = [build(np.arange(n), 1), build(rows, 1), build(rows, 2), build(rows, 3)]
    for other in others:
        assert other.n_duplicates == whole.n_duplicates
        assert other.account_ids.equals(whole.account_ids)
        for name in ("offsets", "time", "peer", "flag", "typed_s"):
            assert getattr(other, name).tobytes() == getattr(whole, name).tobytes()


def test_arrays_can_be_written_to() -> None:
    ego = EgoLog.build(
        World(tables_of(messages=[sent("a", "b", 1)], reports=[reported("a", "b", 2)])).dataset()
    )
    for array in (ego.offsets, ego.time, ego.peer, ego.flag, ego.typed_s, *ego.reports[:3]):
        assert array.flags.writeable
        assert array.flags.c_contiguous


def test_a_column_that_nobody_fills_costs_nothing() -> None:
    ego = EgoLog.build(World(tables_of(messages=[sent("a", "b", 1)])).dataset())
    assert ego.typed_s.size == 0


def test_instants_of_a_column_with_nulls() -> None:
    table = World(tables_of(accounts=[account("a", registered_at=at(1)), account("b")])).dataset().accounts
    assert instants_of(table, "registered_at").tolist() == [at(1), NAT]


def test_pseudonyms_are_kept_and_cannot_be_changed() -> None:
    ego = EgoLog.build(World(tables_of(messages=[sent("a", "b", DAY)])).dataset())
    assert ego.pseudonyms() is ego.pseudonyms()
    with pytest.raises(ValueError, match="read-only"):
        ego.pseudonyms()[0] = 0

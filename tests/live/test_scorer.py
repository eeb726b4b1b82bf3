from __future__ import annotations

import random
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spamclf import Dataset, predict
from spamclf.errors import BadRowsError, InsufficientDataError, ParameterError, SchemaError
from spamclf.predict import LiveScorer
from spamclf.tables.quarantine import RowCounts
from tests import doors
from tests.features.test_co_target import lists_worlds
from tests.live.observing import LATE_S, differing, model_of, observe_in_batches
from tests.plain import HOUR
from tests.rows import START, arrow
from tests.worlds import DAY, World, worlds


def live_of(world: World, seed: int) -> LiveScorer:
    live = LiveScorer(
        model_of(world.history_days),
        lateness_s=LATE_S,
        max_bad_share=1.0,
        not_after="2040-01-01",
        tables=world.tables,
    )
    observe_in_batches(live, arrow(world.tables), random.Random(seed))
    return live


def assert_live_equals_extract(world: World, seed: int) -> None:
    live, dataset = live_of(world, seed), world.dataset()
    for instant in (world.as_of, world.as_of - DAY // 3, world.as_of + 1, world.as_of - world.history):
        assert not differing(live, dataset, instant)


@settings(max_examples=25)
@given(worlds(), st.integers(0, 2**32))
def test_it_equals_extract(world: World, seed: int) -> None:
    assert_live_equals_extract(world, seed)


@settings(max_examples=15)
@given(lists_worlds(), st.integers(0, 2**32))
def test_it_equals_extract_where_lists_overlap(world: World, seed: int) -> None:
    assert_live_equals_extract(world, seed)


@pytest.mark.slow
@settings(max_examples=120)
@given(st.one_of(worlds(), lists_worlds()), st.integers(0, 2**32))
def test_it_equals_extract_in_hundreds_of_worlds(world: World, seed: int) -> None:
    assert_live_equals_extract(world, seed)


def world_of_doors(**settings: Any) -> tuple[LiveScorer, Dataset]:
    live = LiveScorer(doors.model(), lateness_s=LATE_S, **settings)
    for name, table in doors.tables().items():
        live.observe(name, table)
    return live, doors.dataset()


def assert_same_scores(live: LiveScorer, dataset: Dataset, as_of: Any = None, model: Any = None) -> None:
    wanted = doors.by_account(predict.score(dataset, model or doors.model(), as_of=as_of, n_jobs=1))
    got = doors.by_account(live.score(as_of=as_of))
    assert got == wanted


@pytest.mark.parametrize("days", [0, 3, 7.123456, 19])
def test_it_equals_score_with_reasons_and_memory(days: float) -> None:
    live, dataset = world_of_doors()
    last = dataset.last_instant()
    assert last is not None
    assert_same_scores(live, dataset, last + 1 - round(days * DAY))
    some = doors.dataset().accounts["account_id"].to_pylist()[10:13]
    rows = live.score(some, last + 1, n_reasons=3, reasons_for="all").to_pylist()
    wanted = doors.by_account(
        predict.score(dataset, doors.model(), as_of=last + 1, n_reasons=3, reasons_for="all", n_jobs=1)
    )
    assert rows == [wanted[name] for name in some]


def test_without_an_instant_it_looks_just_after_the_last_row() -> None:
    live, dataset = world_of_doors()
    assert_same_scores(live, dataset)


def test_integer_ids_and_frames() -> None:
    rng = np.random.default_rng(5)
    accounts = pd.DataFrame({"account_id": np.arange(40) * 10})
    sender = rng.integers(0, 40, 900)
    messages = pd.DataFrame(
        {"sender_id": sender * 10, "recipient_id": (sender + rng.integers(1, 60, 900)) * 10 + (sender == 3),
         "sent_at": 1_780_000_000 + rng.integers(0, 9 * 86_400, 900)}
    )  # fmt: skip
    live = LiveScorer(doors.model(), time_unit="s", lateness_s=LATE_S)
    live.observe("messages", messages[:500])
    live.observe("accounts", accounts)
    live.observe("messages", messages[500:])
    got = live.score()
    assert isinstance(got, pd.DataFrame)
    wanted = predict.score(
        Dataset(accounts=accounts, messages=messages, time_unit="s"), doors.model(), n_jobs=1
    )
    key = "account_id"
    pd.testing.assert_frame_equal(
        got.sort_values(key, ignore_index=True), wanted.sort_values(key, ignore_index=True)
    )
    with pytest.raises(SchemaError, match="observe: ids of messages must be integers"):
        live.observe("messages", {"sender_id": ["a"], "recipient_id": ["b"], "sent_at": [1_780_000_000]})


# ---- time: what falls out, what comes too late -------------------------------------------------------------------


def stream(n: int, seed: int, *, days: float = 60.0, n_people: int = 30) -> pa.Table:
    rng = np.random.default_rng(seed)
    sender = rng.integers(0, n_people, n)
    recipient = (sender + rng.integers(1, n_people, n)) % (n_people + 5)
    recipient = np.where(recipient == sender, n_people + 6, recipient)
    sent_at = START + np.sort(rng.integers(0, int(days * DAY), n))
    sent_at[1::7] = sent_at[0::7][: sent_at[1::7].size]  # some at once
    return pa.table(
        {
            "sender_id": pa.array([f"a{k}" for k in sender]),
            "recipient_id": pa.array([f"a{k}" for k in recipient]),
            "sent_at": pa.array(np.sort(sent_at), pa.timestamp("us", "UTC")),
            "in_contacts": pa.array(rng.random(n) < 0.3),
        }
    )


@pytest.mark.parametrize("seed", range(3))
def test_old_messages_fall_out_and_nothing_that_may_be_asked_changes(seed: int) -> None:
    model = model_of(5.0)
    live = LiveScorer(model, lateness_s=3600.0, not_after="2040-01-01")
    messages = stream(12_000, seed)
    for low in range(0, messages.num_rows, 500):
        live.observe("messages", messages.slice(low, 500))
        none = np.empty(0, np.int64)
        live._observed.logs._renew(
            live._observed.newest_message - 2 * 5 * DAY - HOUR, 0, none, none
        )  # as when it is full
    dataset = Dataset(
        accounts={"account_id": pa.array([], pa.string())}, messages=messages, not_after="2040-01-01"
    )
    kept, newest = live._observed.logs.kept_since, live._observed.newest_message
    assert kept is not None
    assert newest is not None
    assert live._observed.logs.sent().sent_at.min() >= kept
    for instant in (newest + 1, newest - DAY, kept + 5 * DAY, newest + 3 * DAY):
        assert not differing(live, dataset, instant)
    with pytest.raises(InsufficientDataError, match="older messages have fallen out"):
        live.score(as_of=kept + 5 * DAY - 1)


def test_the_pool_does_not_grow_with_the_stream() -> None:
    live = LiveScorer(model_of(1.0, "send_rate_sends"), lateness_s=60.0, not_after="2040-01-01")
    sizes = []
    messages = stream(200_000, 1, days=400.0, n_people=100)
    for low in range(0, messages.num_rows, 10_000):
        live.observe("messages", messages.slice(low, 10_000))
        sizes.append(live.nbytes)
    assert sizes[-1] <= 1.5 * sizes[2]
    assert live._observed.logs.kept_since is not None


def test_messages_that_come_too_late_are_set_aside_and_counted() -> None:
    live = LiveScorer(doors.model(), time_unit="s", lateness_s=100)
    row = {"sender_id": ["a"], "recipient_id": ["b"]}
    live.observe("messages", row | {"sent_at": [1_780_000_000]})
    live.observe("messages", row | {"sent_at": [1_780_000_000 - 100]})  # just in time
    with pytest.warns(UserWarning, match="at most 100 s behind the newest one; got 1 message so far"):
        live.observe("messages", row | {"sent_at": [1_780_000_000 - 101]})
    live.observe("messages", row | {"sent_at": [1_780_000_000]})  # once more
    assert live.quarantine.counts == {("messages", "sent_at", "too_late"): 1}
    assert (live.n_late, live.n_duplicates) == (1, 1)
    assert live.counts["messages"] == RowCounts(4, 3, 1)
    assert live.watermark == (1_780_000_000 - 100) * 1_000_000
    assert live.score(["a"], as_of=1_780_000_001_000_000)["n_messages"].to_pylist() == [2]


def test_bad_rows_that_come_one_by_one_are_refused_as_well() -> None:
    live = LiveScorer(doors.model(), time_unit="s")
    row = {"sender_id": ["a"], "recipient_id": ["b"], "sent_at": [1_780_000_000]}
    bad = row | {"recipient_id": [None]}
    for k in range(99):
        if k == 50:
            with pytest.warns(UserWarning, match=r"got 1 row so far that do not \(recipient_id null\)"):
                live.observe("messages", bad)
        live.observe("messages", row | {"sent_at": [1_780_000_000 + k]})
    with pytest.raises(BadRowsError, match=r"all batches so far: bad rows must be at most 1 % of 101; got 2"):
        live.observe("messages", bad)
    assert live.counts["messages"] == RowCounts(100, 99, 1)
    for k in range(101):
        live.observe("messages", row | {"sent_at": [1_780_001_000 + k]})
    live.observe("messages", bad)
    assert live.counts["messages"] == RowCounts(202, 200, 2)


def test_ids_that_need_64_bits_are_as_in_a_dataset() -> None:
    rows = pa.table({
        "sender_id": pa.array([1, 2**63 + 1], pa.uint64()), "recipient_id": pa.array([2**63 + 5, 2], pa.uint64()),
        "sent_at": [1_780_300_800, 1_780_300_801],
    })  # fmt: skip
    live = LiveScorer(doors.model(), time_unit="s")
    live.observe("messages", rows)
    assert live.score([str(2**63 + 1)])["n_messages"].to_pylist() == [1]


@pytest.mark.parametrize("first", [["a"], [7]])
def test_a_batch_without_an_id_says_nothing_of_their_kind(first: list[Any]) -> None:
    live = LiveScorer(doors.model(), time_unit="s", max_bad_share=1.0)
    other = pa.int64() if first == ["a"] else pa.string()
    none = pa.nulls(1, other)
    nobody = pa.table({"sender_id": none, "recipient_id": pa.nulls(1), "sent_at": [1_780_300_800]})
    somebody = {"sender_id": first, "recipient_id": [first[0] * 2], "sent_at": [1_780_300_800]}
    with pytest.warns(UserWarning, match="got 1 row so far that do not"):
        live.observe("messages", nobody)
    live.observe("messages", somebody)
    live.observe("messages", nobody)
    assert live.counts["messages"] == RowCounts(3, 1, 2)
    with pytest.warns(UserWarning, match=r"rows of accounts should keep .*account_id null"):
        live.observe("accounts", [{"account_id": None, "registered_at": None}])
    assert repr(live) == f"<LiveScorer: 1 account, 1 message, model {doors.model().name}>"


def test_photos_of_which_there_are_files_alone_are_told_once(tmp_path: Path) -> None:
    live = LiveScorer(doors.model(), time_unit="s")
    photos = {"account_id": ["a", "a"], "set_at": [1_780_300_800, 1_780_300_801], "photo": ["a.png", "b.png"]}
    live.observe("photos", photos | {"photo_hash": ["0f" * 32] * 2})
    with pytest.warns(
        UserWarning, match="photos must come with their photo_hash; got 1 row with a file alone"
    ):
        live.observe("photos", photos | {"photo_hash": ["0f" * 32, None]})
    live.observe("photos", photos)
    live.observe("messages", {"sender_id": ["a"], "recipient_id": ["b"], "sent_at": [1_780_300_800]})
    live.checkpoint(tmp_path)
    assert LiveScorer.restore(tmp_path, doors.model()).counts["photos"] == RowCounts(6, 6, 0)


def test_rows_may_come_as_dicts_and_ids_of_one_kind() -> None:
    live = LiveScorer(doors.model(), time_unit="s")
    live.observe("messages", [{"sender_id": "a", "recipient_id": "b", "sent_at": 1_780_000_000}])
    assert live.counts["messages"] == RowCounts(1, 1, 0)
    with pytest.raises(
        SchemaError, match="ids of accounts must be strings, as the first ones were; got integers"
    ):
        live.observe("accounts", [{"account_id": 1}])
    with pytest.raises(SchemaError, match="must be strings in every column; got integers in recipient_id"):
        live.observe("messages", {"sender_id": ["a"], "recipient_id": [7], "sent_at": [1_780_000_001]})
    assert live.counts["messages"] == RowCounts(1, 1, 0)
    with pytest.raises(SchemaError, match="a dict of single values"):
        live.observe("accounts", {"account_id": "a"})
    with pytest.raises(
        ParameterError, match="as_of must be microseconds since the epoch, where it is a number"
    ):
        live.score(["a"], as_of=1_780_000_001)


def test_a_second_row_of_an_account_is_set_aside_and_told() -> None:
    live = LiveScorer(doors.model())
    live.observe("accounts", {"account_id": ["a", "b"], "country": ["DE", "FR"]})
    live.observe("accounts", {"account_id": ["b", "a"], "country": ["FR", "BR"]})
    assert live.counts["accounts"] == RowCounts(4, 3, 1)
    assert live.quarantine.to_arrow().to_pylist() == [
        {"table": "accounts", "file": "", "row": 1, "column": "account_id", "rule": "duplicate_key"}
    ]


def test_a_memory_limit_drops_the_oldest_first_and_never_a_history() -> None:
    messages = stream(60_000, 3, days=12.0)
    free = LiveScorer(
        model_of(5.0, "send_rate_sends", "fan_out_strangers"), lateness_s=60.0, not_after="2040-01-01"
    )
    free.observe("messages", messages)
    limited = LiveScorer(free.model, lateness_s=60.0, not_after="2040-01-01", memory_limit_mb=2.0)
    for low in range(0, messages.num_rows, 1000):
        limited.observe("messages", messages.slice(low, 1000))
    assert limited._observed.logs._pool[0].size * limited._observed.logs._bytes_each <= 2.0 * 2**20
    assert limited._observed.logs.kept_since is not None
    newest = limited._observed.newest_message
    assert newest is not None
    assert free.features(None, newest + 1).equals(limited.features(None, newest + 1))
    tight = LiveScorer(free.model, lateness_s=60.0, not_after="2040-01-01", memory_limit_mb=1.0)
    with pytest.raises(InsufficientDataError, match="LiveScorer: memory_limit_mb must hold one history"):
        tight.observe("messages", messages)
    assert tight.n_accounts == 0


# ---- whom it knows -----------------------------------------------------------------------------------------------


def test_rows_about_somebody_unknown_wait() -> None:
    live = LiveScorer(model_of(30.0, "registration_network_automated_share"), time_unit="s")
    live.observe("accounts", {"account_id": ["a"], "network": ["n"], "registered_at": [1_780_000_000]})
    live.observe("labels", {"account_id": ["b"], "is_automated": [True], "labelled_at": [1_780_000_100]})
    share = "registration_network_automated_share"
    at = 1_780_000_200_000_000
    assert live.features(["a"], at)[share].to_pylist() == [None]
    live.observe("accounts", {"account_id": ["b"], "network": ["n"], "registered_at": [1_780_000_001]})
    assert live.features(["a"], at)[share].to_pylist() == [2 / 3]


def test_of_two_rows_of_an_account_the_one_that_claims_less_counts() -> None:
    rows = [
        {"account_id": ["a"], "registered_at": [1_780_000_050], "country": ["DE"], "network": ["n"]},
        {"account_id": ["a"], "registered_at": [1_780_000_000], "country": ["FR"], "network": ["m"]},
        {"account_id": ["b"], "registered_at": [1_780_000_000], "country": ["FR"], "network": ["m"]},
    ]
    for order in ((0, 1, 2), (1, 0, 2), (2, 1, 0), (1, 2, 1)):
        live = LiveScorer(model_of(30.0, "account_age_s", "registration_network_history"), time_unit="s")
        for k in order:
            live.observe("accounts", rows[k])
        got = doors.by_account(live.features(None, 1_780_000_100_000_000))
        assert got["a"]["account_age_s"] == 100
        assert got["a"]["registration_network_history"] == 1
        assert live.counts["accounts"].rows_quarantined == (0 if order == (1, 2, 1) else 1)


def test_accounts_that_were_never_observed_are_refused() -> None:
    live, _ = world_of_doors()
    with pytest.raises(ParameterError, match="score: account_ids must be accounts that were observed"):
        live.score(["nobody"])
    name = doors.tables()["accounts"]["account_id"][0].as_py()
    with pytest.raises(ParameterError, match="the first at place 1"):
        live.score([name, "nobody"])
    with pytest.raises(ParameterError, match="each once; got one twice"):
        live.score([name, name])
    with pytest.raises(ParameterError, match="ids are of another type: string"):
        live.score([7])
    with pytest.raises(InsufficientDataError, match="as_of must be given"):
        LiveScorer(doors.model()).score()
    assert LiveScorer(doors.model()).score(as_of="2026-06-01").num_rows == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lateness_s": -1}, "lateness_s must be a number of seconds"),
        ({"lateness_s": "1"}, "lateness_s must be a number of seconds"),
        ({"memory_limit_mb": 0}, "memory_limit_mb must be a number above 0"),
        ({"memory_limit_mb": "64"}, "memory_limit_mb must be a number above 0"),
        ({"time_unit": "seconds"}, "time_unit must be one of"),
        ({"time_zone": "Mars/X"}, "time_zone must be a zone's name"),
        ({"max_bad_share": 7}, "max_bad_share must be from 0 to 1"),
        ({"max_bad_share": "x"}, "max_bad_share must be from 0 to 1"),
        ({"tables": ["posts"]}, "tables must be of accounts"),
    ],
)
def test_arguments_out_of_range(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        LiveScorer(doors.model(), **arguments)


def test_a_refused_batch_leaves_nothing_behind() -> None:
    live, dataset = world_of_doors()
    before = live.counts
    rows = doors.tables()["messages"].slice(0, 200)
    spoilt = rows.set_column(1, "recipient_id", rows["sender_id"])
    with pytest.raises(BadRowsError):
        live.observe("messages", spoilt)
    with pytest.raises(SchemaError):
        live.observe("messages", {"sender_id": ["a"]})
    with pytest.raises(ParameterError, match="observe: table must be of"):
        live.observe("posts", rows)
    assert live.counts == before
    assert_same_scores(live, dataset)


def test_threads_never_see_half_of_a_batch() -> None:
    """Pairs of messages come together: whoever scores sees both or none."""
    live = LiveScorer(model_of(30.0, "send_rate_sends", "replies_began_share"), time_unit="s")
    live.observe("accounts", {"account_id": ["a", "b"]})
    live.observe(
        "messages", {"sender_id": ["a", "b"], "recipient_id": ["b", "a"], "sent_at": [1_780_000_000] * 2}
    )
    done, wrong = threading.Event(), []

    def look() -> None:
        while not done.is_set():
            sends = live.features(["a", "b"], 1_780_010_000_000_000)["send_rate_sends"].to_pylist()
            if sends[0] != sends[1]:
                wrong.append(sends)

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    for k in range(1, 200):
        live.observe(
            "messages",
            {"sender_id": ["a", "b"], "recipient_id": ["b", "a"], "sent_at": [1_780_000_000 + k] * 2},
        )
    done.set()
    for thread in threads:
        thread.join()
    assert not wrong
    assert live.features(["a"], 1_780_010_000_000_000)["send_rate_sends"].to_pylist() == [200]


@pytest.mark.parametrize("ids", [1, [[1]], [True], [1.0], b"a", None])
def test_ids_that_are_none(ids: Any) -> None:
    live, _ = world_of_doors()
    if ids is not None:
        with pytest.raises(ParameterError, match="score: account_ids must be"):
            live.score(ids)
    with pytest.raises(SchemaError, match="schemes"):
        LiveScorer(doors.model(), schemes={"photo_hash": {"scheme": "wat"}})


def test_the_last_row_in_use_is_the_usual_instant() -> None:
    """Rows that are set aside, were replaced or wait for their account do not move it."""
    t = 1_780_000_000
    message = {"sender_id": ["a"], "recipient_id": ["b"], "sent_at": [t + 100]}
    rows = [
        {"account_id": ["a"], "registered_at": [t + 50]},
        {"account_id": ["a"], "registered_at": [t + 900_000]},
    ]
    report = {"account_id": ["zz"], "reporter_id": ["b"], "reported_at": [t + 8_000_000], "kind": ["report"]}
    for order in ((0, 1), (1, 0)):
        live = LiveScorer(model_of(30.0, "send_rate_sends"), time_unit="s", not_after="2040-01-01")
        live.observe("messages", message)
        for k in order:
            live.observe("accounts", rows[k])
        live.observe("reports", report)
        assert live.features()["as_of"].cast("int64").to_pylist() == [(t + 100) * 1_000_000 + 1]
        live.observe("accounts", {"account_id": ["zz"]})
        assert live.features(["a"])["as_of"].cast("int64").to_pylist() == [(t + 8_000_000) * 1_000_000 + 1]


def test_a_batch_too_large_for_memory_leaves_nothing_behind() -> None:
    live = LiveScorer(model_of(30.0, "send_rate_sends"), time_unit="s", memory_limit_mb=0.5, lateness_s=60)
    people = np.arange(60_000)
    sent_at = np.full(60_000, 1_780_000_000)
    before = live.nbytes
    with pytest.raises(InsufficientDataError, match="memory_limit_mb must hold one history"):
        live.observe(
            "messages",
            {"sender_id": people, "recipient_id": people + 1, "sent_at": sent_at, "typed_s": sent_at * 0.5},
        )
    assert live.nbytes == before
    live.observe("messages", {"sender_id": ["a"], "recipient_id": ["b"], "sent_at": [1_780_000_000]})
    assert live.features(["a"], 1_780_000_001_000_000)["send_rate_sends"].to_pylist() == [1]


def test_accounts_told_again_cost_little_and_change_nothing() -> None:
    n = 3000
    accounts = pa.table(
        {
            "account_id": np.arange(n), "registered_at": 1_780_000_000 + np.arange(n) % 7,
            "network": [f"n{k % 9}" for k in range(n)], "device": [f"d{k}" for k in range(n)],
            "country": [("DE", "FR", None)[k % 3] for k in range(n)],
        }
    )  # fmt: skip
    live = LiveScorer(model_of(30.0, "registration_network_1h", "registration_device_history"), time_unit="s")
    for _ in range(3):
        live.observe("accounts", accounts)
    assert live.counts["accounts"] == RowCounts(3 * n, 3 * n, 0)
    dataset = Dataset(
        accounts=accounts, messages={"sender_id": [], "recipient_id": [], "sent_at": []}, time_unit="s"
    )
    assert not differing(live, dataset, 1_780_000_100_000_000)


def test_an_hour_of_answers_in_the_same_second() -> None:
    """Ties, answers at once and late rows are put in their places, in whatever order they come."""
    rng = np.random.default_rng(8)
    n = 4000
    hub, other = np.zeros(n, np.int64), 1 + rng.integers(0, 30, n)
    second = 1_780_000_000 + rng.integers(0, 400, n)
    answers = rng.random(n) < 0.5
    messages = pa.table(
        {
            "sender_id": np.concatenate([other, hub[answers]]), "recipient_id": np.concatenate([hub, other[answers]]),
            "sent_at": np.concatenate([second, second[answers]]),
        }
    )  # fmt: skip
    order = rng.permutation(messages.num_rows)
    live = LiveScorer(model_of(0.002), time_unit="s", lateness_s=LATE_S, tables=["accounts"])
    for low in range(0, order.size, 300):
        live.observe("messages", messages.take(pa.array(order[low : low + 300])))
    dataset = Dataset(accounts={"account_id": pa.array([], pa.int64())}, messages=messages, time_unit="s")
    for after in (401, 300, 177, 100.5):
        assert not differing(live, dataset, round((1_780_000_000 + after) * 1e6))


def test_whoever_sends_again_is_known_again() -> None:
    """An account without a row is known by its messages: one more of it changes what others see of its texts."""
    day = 86_400
    until = 1_780_000_000
    tables: dict[str, dict[str, list[Any]]] = {
        "accounts": {"account_id": ["a"], "registered_at": [until - 90 * day]},
        "messages": {"sender_id": ["b"], "recipient_id": ["c"], "sent_at": [until - 45 * day]},
        "texts": {
            "account_id": ["a", "b"],
            "observed_at": [until - 20 * day, until - 19 * day],
            "source": ["about", "about"],
            "text": ["Order your gold now, call the office of gold, only today"] * 2,
        },
    }
    live = LiveScorer(doors.model(), lateness_s=1e8, time_unit="s")
    for name, rows in tables.items():
        live.observe(name, rows)
    assert live.features(["a"], until * 1_000_000)["template_cluster_accounts"].to_pylist() == [0.0]
    again = {"sender_id": ["b"], "recipient_id": ["c"], "sent_at": [until - 5 * day]}
    live.observe("messages", again)
    tables["messages"] = {name: [*tables["messages"][name], *again[name]] for name in again}
    wanted = predict.score(Dataset(**tables, time_unit="s"), doors.model(), as_of=until * 1_000_000)
    assert live.features(["a"], until * 1_000_000)["template_cluster_accounts"].to_pylist() == [1.0]
    got = live.score(["a"], until * 1_000_000)
    assert (
        got["score_id"].to_pylist()
        == wanted.filter(pa.compute.equal(wanted["account_id"], "a"))["score_id"].to_pylist()
    )


@pytest.mark.parametrize("table", ["texts", "photos"])
def test_integer_ids_groups_and_notes(table: str) -> None:
    """A group has no id among the people's, who are integers."""
    when = 1_780_000_000
    rows: dict[str, dict[str, list[Any]]] = {
        "messages": {"sender_id": [1], "recipient_id": [7], "sent_at": [when], "is_group": [True]},
        "texts": {
            "account_id": [1],
            "observed_at": [when],
            "source": ["about"],
            "text": ["Order your gold now"],
        },
        "photos": {"account_id": [1], "set_at": [when], "photo_hash": ["0" * 64]},
    }
    rows = {name: rows[name] for name in ("messages", table)}
    live = LiveScorer(doors.model(), time_unit="s")
    for name, each in rows.items():
        live.observe(name, each)
    wanted = predict.score(
        Dataset(accounts={"account_id": [1]}, **rows, time_unit="s"), doors.model(), n_jobs=1
    )
    assert live.score()["score"].to_pylist() == wanted["score"].to_pylist()


def test_the_unit_of_an_instant_where_no_message_came() -> None:
    live = LiveScorer(doors.model(), time_unit="s")
    live.observe("messages", [])
    live.observe("accounts", {"account_id": ["a"], "registered_at": [1_780_000_000]})
    with pytest.raises(ParameterError, match="as_of must be microseconds"):
        live.score(as_of=1_780_000_001)

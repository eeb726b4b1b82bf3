"""The attacker that joins a world: its policy is what comes out, and the world around it stays as it was."""

from __future__ import annotations

from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from spamclf import simulate
from spamclf.errors import ParameterError
from spamclf.simulate import Policy
from spamclf.simulate.kinds import COUNTRIES
from tests.simulate.test_world import check_contract

DAY, HOUR = 86_400_000_000, 3_600_000_000
SIZE, START_DAY = 12, 4.0
OFFSET = {code: round(hours * HOUR) for code, hours, _ in COUNTRIES}


@cache
def before() -> simulate.World:
    return simulate.world(300, days=10, random_state=5, unknown_share=0.0)


NAIVE = Policy()


@cache
def after(policy: Policy = NAIVE, random_state: int = 0) -> simulate.World:
    return simulate.attack(before(), policy, SIZE, random_state, start_day=START_DAY)


def newcomers(made: simulate.World) -> list[str]:
    return made.truth["account_id"].to_pylist()[-SIZE:]


def among(table: pa.Table, column: str, ids: list[str]) -> pa.ChunkedArray:
    return pc.is_in(table[column], pa.array(ids, pa.string()))


def to_strangers(made: simulate.World) -> dict[str, tuple[np.ndarray, list[str]]]:
    """Instants and recipients of each newcomer's first messages to people outside the operation."""
    ids = newcomers(made)
    table = made["messages"].filter(among(made["messages"], "sender_id", ids))
    table = table.filter(pc.invert(among(table, "recipient_id", ids)))
    found: dict[str, tuple[list[int], dict[str, None]]] = {one: ([], {}) for one in ids}
    rows = zip(*(table[name].to_pylist() for name in ("sender_id", "recipient_id")), strict=True)
    for (sender, recipient), when in zip(rows, table["sent_at"].cast(pa.int64()).to_pylist(), strict=True):
        times, seen = found[sender]
        if recipient not in seen:
            times.append(when)
            seen[recipient] = None
    return {one: (np.array(times), list(seen)) for one, (times, seen) in found.items()}


def gaps_s(made: simulate.World) -> np.ndarray:
    return np.concatenate([np.diff(times) / 1e6 for times, _ in to_strangers(made).values()])


# ---- the world --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "policy", [Policy(), Policy(chats_per_day=3, self_reports=4, photo="own", text="own")]
)
def test_the_tables_hold_the_contract_and_the_dataset_takes_every_row(policy):
    made = after(policy)
    check_contract(made)
    assert made.dataset.accounts.num_rows == before()["accounts"].num_rows + SIZE
    assert made.dataset.messages.num_rows == made["messages"].num_rows


def test_the_world_stays_as_it_was():
    made, ids = after(Policy(chats_per_day=2, self_reports=3)), newcomers(after())
    for name, who in (
        ("accounts", "account_id"),
        ("photos", "account_id"),
        ("texts", "account_id"),
        ("reports", "account_id"),
        ("labels", "account_id"),
        ("evidence", "account_id"),
    ):
        assert made[name].filter(pc.invert(among(made[name], who, ids))).equals(before()[name]), name
    messages = made["messages"]
    theirs = pc.or_(among(messages, "sender_id", ids), among(messages, "recipient_id", ids))
    assert messages.filter(pc.invert(theirs)).equals(before()["messages"])
    assert made.truth.slice(0, 300).equals(before().truth)


def test_newcomers_have_ids_like_all_accounts_and_nobody_elses():
    ids = newcomers(after())
    assert len(set(ids)) == SIZE
    assert not set(ids) & set(before()["accounts"]["account_id"].to_pylist())
    assert all(one[0] == "a" and one[1:].isdigit() for one in ids)
    everybody = set(before()["messages"]["recipient_id"].to_pylist())
    assert not set(ids) & everybody


def test_truth_tells_the_attacker():
    rows = after().truth.slice(300)
    assert set(rows["family"].to_pylist()) == {"attacker"}
    assert all(rows["is_automated"].to_pylist())
    assert len(set(rows["campaign"].to_pylist())) == 1
    assert not set(rows["campaign"].to_pylist()) & set(before().truth["campaign"].to_pylist())


def test_the_same_arguments_give_the_same_tables():
    again = simulate.attack(before(), Policy(), SIZE, 0, start_day=START_DAY)
    assert all(again[name].equals(after()[name]) for name in again)
    assert not after(random_state=1)["messages"].equals(after()["messages"])


def test_a_second_attacker_joins_beside_the_first():
    both = simulate.attack(after(), Policy(text="own"), 5, 0, start_day=START_DAY)
    check_contract(both)
    assert both.truth["family"].to_pylist()[-SIZE - 5 :] == ["attacker"] * (SIZE + 5)
    assert len(set(both.truth["campaign"].to_pylist()[-SIZE - 5 :])) == 2
    ids = both.truth["account_id"].to_pylist()[-5:]
    rows = both["messages"]
    theirs = pc.or_(among(rows, "sender_id", ids), among(rows, "recipient_id", ids))
    assert rows.filter(pc.invert(theirs)).equals(after()["messages"])


def test_recipients_answer_and_complain_whatever_the_policy():
    made, ids = after(Policy(strangers_per_day=8, gap_s=60, overlap=0.0)), newcomers(after())
    messages, reports = made["messages"], made["reports"]
    came = messages.filter(among(messages, "recipient_id", ids))
    n_sent = sum(len(seen) for _, seen in to_strangers(made).values())
    assert 0.003 < came.num_rows / n_sent < 0.2
    complaints = reports.filter(among(reports, "account_id", ids)).num_rows
    assert 0.002 < complaints / n_sent < 0.03


# ---- the policy -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [5.0, 40.0])
def test_the_rate_is_that_of_the_policy(rate):
    made = after(Policy(strangers_per_day=rate, gap_s=60))
    days = (10 - START_DAY) - 0.5  # accounts begin within the first day
    sent = np.array([len(seen) for _, seen in to_strangers(made).values()])
    assert sent.mean() / days == pytest.approx(rate, rel=0.2)


def test_gaps_have_their_shape():
    fixed, jittered, human, bursts = (
        gaps_s(after(Policy(strangers_per_day=100, gap=gap, gap_s=20)))
        for gap in ("fixed", "jittered", "human", "bursts")
    )
    within = [gap[gap < 3600] for gap in (fixed, jittered, human)]
    assert all(np.median(gap) == pytest.approx(20, rel=0.15) for gap in within)
    assert np.quantile(within[0], [0.05, 0.95]) == pytest.approx([20, 20], abs=1.01)
    assert 9 <= within[1].min() <= 12
    assert np.quantile(within[1], 0.98) == pytest.approx(29.5, abs=1.5)
    assert np.log(np.maximum(within[2], 1)).std() == pytest.approx(1.0, rel=0.2)
    assert (bursts > 1800).mean() == pytest.approx(0.11, abs=0.03)


def test_sends_keep_the_hours_of_their_country():
    made = after(Policy(strangers_per_day=30, gap_s=600, hours=(8.0, 21.0)))
    country = made["accounts"]["country"].to_pylist()[-1]
    hours = [((times + OFFSET[country]) % DAY) / HOUR for times, _ in to_strangers(made).values()]
    assert min(map(np.min, hours)) >= 8
    assert max(map(np.max, hours)) < 21
    asleep = after(Policy(strangers_per_day=30, gap_s=600))
    all_hours = np.concatenate([(times % DAY) / HOUR for times, _ in to_strangers(asleep).values()])
    assert np.ptp(all_hours) > 20


@pytest.mark.parametrize("wait", [0.004, 1.0, 60.0])
def test_accounts_wait_after_registering(wait):
    made = after(Policy(wait_days=wait))
    starts = made.truth["starts_at"].slice(300).cast(pa.int64()).to_numpy()
    registered = made["accounts"]["registered_at"].slice(300).cast(pa.int64()).to_numpy()
    assert (starts - registered) / DAY == pytest.approx(np.full(SIZE, wait), rel=0.5)
    first = np.array([times[0] for times, _ in to_strangers(made).values()])
    assert ((first >= starts // 1_000_000 * 1_000_000) & (first < starts + HOUR)).all()
    begin = before().behind.cast.start + START_DAY * DAY
    assert ((starts >= begin) & (starts < begin + DAY)).all()


@pytest.mark.parametrize("overlap", [0.0, 0.5, 1.0])
def test_lists_overlap_as_they_should(overlap):
    made = after(Policy(strangers_per_day=30, gap_s=60, overlap=overlap))
    lists = [set(seen) for _, seen in to_strangers(made).values()]
    shared = [
        len(own & set().union(*(other for other in lists if other is not own))) / len(own) for own in lists
    ]
    assert np.mean(shared) == pytest.approx(overlap, abs=0.1)


@pytest.mark.parametrize("overlap", [0.0, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("n_accounts", [1, 7, 150])
def test_where_people_run_out_lists_overlap(n_accounts, overlap):
    small = simulate.world(150, days=3, random_state=1)
    made = simulate.attack(small, Policy(strangers_per_day=900, overlap=overlap), n_accounts)
    check_contract(made)
    sent = made["messages"].filter(
        among(made["messages"], "sender_id", made.truth["account_id"].to_pylist()[150:])
    )
    pairs = sent.group_by(["sender_id", "recipient_id"]).aggregate([]).num_rows
    assert pairs > 700 * n_accounts  # nobody is written to again as long as there are others


def test_chatter_stays_in_the_pool_and_leaves_the_sends_alone():
    quiet, loud = after(Policy(wait_days=3)), after(Policy(wait_days=3, chats_per_day=4))
    for (times, seen), (other_times, others) in zip(
        to_strangers(quiet).values(), to_strangers(loud).values(), strict=True
    ):
        assert np.array_equal(times, other_times)
        assert seen == others
    ids = newcomers(loud)
    messages = loud["messages"]
    inside = pc.and_(among(messages, "sender_id", ids), among(messages, "recipient_id", ids))
    begun = messages.filter(inside).num_rows / 4.5  # messages of a conversation
    assert begun / SIZE / (10 - START_DAY + 2.5) == pytest.approx(4, rel=0.25)
    assert quiet["reports"].equals(loud["reports"])


def test_photos_are_shared_edited_own_or_none():
    found = {
        photo: made["photos"].filter(among(made["photos"], "account_id", newcomers(made)))
        for photo in ("shared", "edited", "own", "none")
        for made in [after(Policy(photo=photo))]
    }
    assert {photo: table.num_rows for photo, table in found.items()} == {
        "shared": SIZE,
        "edited": SIZE,
        "own": SIZE,
        "none": 0,
    }
    bits = {
        photo: [int(one, 16) for one in table["photo_hash"].to_pylist()] for photo, table in found.items()
    }
    furthest = {
        photo: max(((a ^ b).bit_count() for a in ones for b in ones), default=0)
        for photo, ones in bits.items()
    }
    assert furthest["shared"] == 0 < furthest["edited"] <= 28
    assert min((a ^ b).bit_count() for a in bits["own"] for b in bits["own"] if a != b) > 60


def test_texts_are_one_spun_own_or_none():
    found = {}
    for text in ("one", "spun", "own", "none"):
        made = after(Policy(text=text))
        rows = made["texts"].filter(among(made["texts"], "account_id", newcomers(made)))
        found[text] = rows.filter(pc.equal(rows["source"], "about"))["text"].to_pylist()
    assert [len(set(found[text])) for text in ("one", "none")] == [1, 0]
    assert len(set(found["spun"])) > 1
    assert len(set(found["own"])) == SIZE

    def alike(texts):
        words = [set(one.split()) for one in texts]
        return np.mean([len(a & b) / len(a | b) for a in words for b in words if a is not b])

    assert alike(found["spun"]) > 2 * alike(found["own"])


def test_registration_is_shared_or_fresh():
    shared, fresh = (after(Policy(registration=kind))["accounts"].slice(300) for kind in ("shared", "fresh"))
    assert [len(set(shared[name].to_pylist())) for name in ("network", "device")] == [2, 2]
    assert len(set(fresh["device"].to_pylist())) == SIZE
    assert set(fresh["network"].to_pylist()) <= set(before()["accounts"]["network"].to_pylist())


def test_typing_is_acted_or_not():
    for typing in (False, True):
        made = after(Policy(typing=typing, strangers_per_day=20))
        ids = newcomers(made)
        rows = made["messages"].filter(among(made["messages"], "sender_id", ids))
        first = rows.filter(pc.invert(pc.is_in(rows["recipient_id"], before()["accounts"]["account_id"])))
        assert all((typed > 0) == typing for typed in first["typed_s"].to_pylist())


def test_fellows_report_each_other_when_told_to():
    made, ids = after(Policy(self_reports=6)), newcomers(after())
    own = made["reports"].filter(among(made["reports"], "reporter_id", ids))
    assert set(own["account_id"].to_pylist()) <= set(ids)
    assert own.num_rows / SIZE == pytest.approx(6, rel=0.4)


def test_who_sends_nothing_reaches_nobody():
    made = after(Policy(strangers_per_day=0))
    assert not any(seen for _, seen in to_strangers(made).values())
    assert made["messages"].equals(before()["messages"])


# ---- what is refused --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("strangers_per_day", -1),
        ("strangers_per_day", float("nan")),
        ("gap", "random"),
        ("gap_s", 0),
        ("hours", (21, 8)),
        ("hours", 8),
        ("wait_days", -1),
        ("chats_per_day", "many"),
        ("overlap", 1.5),
        ("photo", "big"),
        ("text", None),
        ("registration", "old"),
        ("typing", 1),
        ("self_reports", True),
    ],
)
def test_a_policy_refuses_nonsense(name, value):
    with pytest.raises(ParameterError, match=rf"^Policy: {name} must be .*; got .*\. .*\.$"):
        Policy(**{name: value})


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("world", {"world": simulate.World({}, pa.table({}))}),
        ("world", {"world": {}}),
        ("policy", {"policy": "blaster"}),
        ("n_accounts", {"n_accounts": 0}),
        ("n_accounts", {"n_accounts": 301}),
        ("n_accounts", {"n_accounts": 2.5}),
        ("random_state", {"random_state": -1}),
        ("start_day", {"start_day": 9.5}),
    ],
)
def test_an_attack_refuses_nonsense(name, change):
    given = {"world": before(), "policy": Policy(), "n_accounts": 3, "random_state": 0, "start_day": None}
    with pytest.raises(ParameterError, match=rf"^simulate.attack: {name} must be .*; got .*\. .*\.$"):
        simulate.attack(**(given | change))


def test_a_world_with_pictures_is_refused():
    with pytest.raises(ParameterError, match="media=True"):
        simulate.attack(simulate.world(20, days=3, media=True), Policy())

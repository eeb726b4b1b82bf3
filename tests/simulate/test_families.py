"""Every family does what its row says, in a world of that family alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from spamclf.simulate.kinds import AUTOMATED
from spamclf.simulate.presets import STRICTEST_QUOTA
from tests.simulate.conftest import FAMILIES, cast_of
from tests.simulate.looks import daily, gaps_s, world_of

ROWS = {row.name: row for row in AUTOMATED}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_world_of_one_family_has_no_other(family):
    look = world_of(family)
    automated = look.truth[look.truth.is_automated]
    assert set(automated.family) == {family}
    assert len(automated) == 150
    assert look.truth.starts_at.notna().equals(look.truth.is_automated)
    assert look.by(family).sender_id.nunique() > 0.9 * 150


@pytest.mark.parametrize("family", sorted(set(FAMILIES) - {"auto_responder"}))
def test_strangers_are_written_to_from_the_start_on_and_few_answer(family):
    look, row = world_of(family), ROWS[family]
    log = look.bulk(family)
    first = log.groupby("sender_id").sent_at.min()
    wait = first - look.truth.starts_at.reindex(first.index)
    assert wait.median() < pd.Timedelta("12h")
    assert 5 < log.groupby("sender_id").size().median() <= row.reach[1]
    assert look.answered(log).mean() < row.replies[1]


def test_blasters_send_a_hundred_in_fifteen_seconds_five_minutes_after_registering():
    look = world_of("blaster")
    born = look["accounts"].set_index("account_id").registered_at
    log = look.bulk("blaster")
    first = log.groupby("sender_id").sent_at.min()
    assert 2 < (first - born.reindex(first.index)).dt.total_seconds().median() / 60 < 20
    hundredth = log.groupby("sender_id").nth(99).set_index("sender_id").sent_at
    took = (hundredth - first.reindex(hundredth.index)).dt.total_seconds()
    assert 10 < took.median() < 30


def test_steady_ones_keep_an_interval_and_some_run_day_and_night():
    log = world_of("steady").bulk("steady")
    gaps = gaps_s(log).groupby("sender_id")
    even = gaps.quantile(0.6) / gaps.quantile(0.4) < 1.1
    assert 0.3 < even.mean() < 0.95
    assert 150 < gaps.median().median() < 6000
    assert (log.groupby("sender_id").sent_at.agg(lambda t: t.dt.hour.nunique()) >= 20).any()


def test_scheduled_ones_send_on_round_minutes():
    log = world_of("scheduled").bulk("scheduled")
    round_share = (log.sent_at.dt.second < 4).groupby(log.sender_id).mean()
    assert (round_share > 0.9).mean() > 0.5
    assert (round_share < 0.7).any()


def test_drips_write_to_five_to_fifteen_strangers_a_day_and_sleep():
    log = world_of("drip").bulk("drip")
    per_day = daily(log).groupby("sender_id").median()
    assert per_day.max() <= 18
    assert 4 <= per_day.median() <= 15
    assert (log.groupby("sender_id").sent_at.agg(lambda t: t.dt.hour.nunique()) <= 18).mean() > 0.8
    assert gaps_s(log).median() > 300


def test_the_strictest_preset_writes_to_few_and_stops_while_too_few_have_answered():
    look, cast = world_of("anti_ban", n_accounts=1000), cast_of(1000, 11, ("anti_ban",), 0.3)
    offset = {one.name: one.pace.offset for one in cast.operations if one.pace.per_day == STRICTEST_QUOTA}
    log = look.bulk("anti_ban")
    log = log[log.campaign.isin(list(offset))]
    assert log.sender_id.nunique() > 10
    local = log.sent_at + pd.to_timedelta(log.campaign.map(offset), unit="us")
    assert log.groupby(["sender_id", local.dt.floor("D")]).size().max() <= STRICTEST_QUOTA
    back = look.sent.groupby(["sender_id", "recipient_id"]).sent_at.min()
    for sender, mine in log.groupby("sender_id"):
        pairs = pd.MultiIndex.from_arrays([mine.recipient_id, [sender] * len(mine)])
        replied = back.reindex(pairs).dropna().astype("int64").sort_values().to_numpy()
        # A coarse clock floors an instant by up to a second.
        so_far = np.searchsorted(replied, mine.sent_at.astype("int64").to_numpy() + 1_000_000)
        assert (so_far >= 0.1 * np.arange(len(mine)))[10:].all()


def test_other_presets_run_from_eight_to_nine_and_grow():
    look, cast = world_of("anti_ban", n_accounts=1000), cast_of(1000, 11, ("anti_ban",), 0.3)
    log = look.bulk("anti_ban")
    local = log.sent_at + pd.to_timedelta(
        log.campaign.map({one.name: one.pace.offset for one in cast.operations}), unit="us"
    )
    assert local.dt.hour.between(8, 20).mean() > 0.99
    assert daily(log).max() > 80


def test_pools_chat_among_themselves_before_they_send():
    look = world_of("warm_up")
    log = look.sent
    inside = log[log.campaign.notna() & (log.campaign == look.of(log.recipient_id, "campaign"))]
    assert (inside.sent_at < look.of(inside.sender_id, "starts_at")).mean() > 0.5
    assert inside.sender_id.nunique() > 0.7 * 150
    assert look.answered(inside).mean() > 0.8


def test_farms_share_networks_devices_and_photos_but_not_all_of_them():
    look = world_of("sim_farm", n_accounts=1500)
    truth = look.truth[look.truth.is_automated].reset_index()
    joined = truth.merge(look["accounts"], on="account_id")
    by = joined.groupby("campaign")
    for column in ("network", "device"):
        same = by[column].agg(lambda x: x.value_counts(normalize=True).iloc[0])
        assert 0.2 < (same > 0.2).mean() < 0.95, column
    assert by.registered_at.agg(lambda t: (t.max() - t.min()).total_seconds()).median() < 6 * 3600
    photos = look["photos"].drop_duplicates("account_id").merge(truth, on="account_id")
    alike = photos.groupby("campaign").photo_hash.agg(alike_share)
    assert 0.3 < (alike > 0.5).mean() < 0.85


def alike_share(hashes):
    """The largest share of photos that are near one of them."""
    bits = [int(one, 16) for one in hashes]
    return max(np.mean([(one ^ other).bit_count() <= 31 for one in bits]) for other in bits)


def test_farms_work_lists_off_in_slices_that_overlap_here_and_there():
    log = world_of("sim_farm", n_accounts=1500).bulk("sim_farm")
    writers = log.groupby(["campaign", "recipient_id"]).sender_id.nunique()
    assert 0.02 < (writers >= 2).mean() < 0.6
    assert (log.groupby("recipient_id").campaign.nunique() >= 2).mean() > 0.03


def test_hijacked_accounts_had_friends_and_write_to_them_too():
    look = world_of("hijacked")
    born = look["accounts"].set_index("account_id").registered_at
    mine = look.by("hijacked")
    stolen = mine.sent_at >= look.of(mine.sender_id, "starts_at")
    assert mine[~stolen].sender_id.nunique() > 40
    assert mine[~stolen].in_contacts.mean() > 0.6
    assert 0.05 < mine[stolen].in_contacts.mean() < 0.6
    assert (look.truth.starts_at - born.reindex(look.truth.index)).min() > pd.Timedelta("99D")
    heard = look.sent[(look.sent.to_family == "hijacked") & (look.sent.family != "hijacked")]
    assert heard.recipient_id.nunique() > 0.7 * 150


def test_auto_responders_are_written_to_first_and_answer_within_seconds_at_any_hour():
    look = world_of("auto_responder")
    quick = look.turns("auto_responder").query("waited < 30")
    assert len(quick) > 0.5 * len(look.turns("auto_responder"))
    assert 1 < quick.waited.median() < 6
    assert quick.sent_at.dt.hour.nunique() == 24
    assert look.by("auto_responder").stranger.mean() < 0.2


def test_group_spammers_post_to_many_groups_within_minutes_then_write_to_members():
    look = world_of("group_spammer", n_accounts=1500)
    posts = look.by("group_spammer").query("is_group")
    within = posts.groupby(["sender_id", posts.sent_at.dt.floor("10min")]).recipient_id.nunique()
    assert within.groupby("sender_id").max().median() >= 4
    members = look.sent[look.sent.is_group & ~look.sent.automated].sender_id.unique()
    direct = look.bulk("group_spammer")
    others = world_of("sim_farm", n_accounts=1500).bulk("sim_farm")
    assert direct.recipient_id.isin(members).mean() > others.recipient_id.isin(members).mean() + 0.2


def test_conversationalists_answer_at_once_for_several_turns():
    look = world_of("conversational")
    turns = look.turns("conversational").query("to_family != 'conversational'")
    assert 3 < turns.waited.median() < 60
    assert turns.groupby(["sender_id", "recipient_id"]).size().mean() > 1.5
    assert daily(look.bulk("conversational")).median() <= 20


def test_enumerators_reach_hardly_anybody_seconds_apart():
    log = world_of("enumerator").bulk("enumerator")
    assert 0.5 < 1 - log.delivered.mean() < 0.9
    assert gaps_s(log).median() < 10
    assert log.recipient_id.str.startswith("p").mean() > 0.7


@pytest.mark.parametrize("family", sorted(set(FAMILIES) - {"blaster", "enumerator"}))
def test_operations_of_a_family_differ_in_care(family):
    mine = [one for one in cast_of(3000, 5).operations if one.kind.name == family]
    care = [one.care for one in mine]
    assert max(care) - min(care) > 0.3
    quotas = [one.pace.quota for one in mine]
    assert max(quotas) > 1.5 * min(quotas)


def test_operators_go_on_and_names_do_not_tell_the_family():
    operations = cast_of(3000, 5).operations
    assert len({one.name for one in operations}) == len(operations)
    assert 0.5 * len(operations) < len({one.operator for one in operations}) < len(operations)
    assert not any(family in one.name + one.operator for one in operations for family in FAMILIES)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_does_not_depend_on_the_others(family):
    alone = cast_of(3000, 5, (family,)).operations
    among = [one for one in cast_of(3000, 5).operations if one.kind.name == family]
    assert len(alone) > len(among)
    for one, other in zip(alone, among[:-1], strict=False):  # the last operation takes what is left
        assert len(one.members) == len(other.members)
        for name in ("name", "operator", "care", "pace", "replies", "complaints", "country"):
            assert getattr(one, name) == getattr(other, name)
        for name in ("starts", "registered", "reach", "targets"):
            assert getattr(one, name).tolist() == getattr(other, name).tolist()

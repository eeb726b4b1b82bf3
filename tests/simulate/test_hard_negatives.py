"""Honest accounts that look like automated ones: each kind is there in numbers and does what it is known for."""

from __future__ import annotations

import pandas as pd
import pytest

from spamclf.simulate.kinds import COUNTRIES, HONEST
from tests.simulate.conftest import cast_of
from tests.simulate.looks import daily, gaps_s, world_of


def look():
    return world_of(n_accounts=2000, share=0.2, seed=21)


@pytest.mark.parametrize("row", HONEST, ids=lambda row: row.name)
def test_every_kind_is_there_in_numbers_and_writes(row):
    truth = look().truth
    count = (truth.family == row.name).sum()
    assert count == pytest.approx(row.share / sum(one.share for one in HONEST) * 1600, abs=1)
    assert count >= 8
    assert look().by(row.name).sender_id.nunique() > 0.7 * count
    assert truth.campaign[truth.family == row.name].isna().all()


def test_cold_callers_write_to_ten_to_sixty_strangers_in_working_hours_and_some_answer():
    log = look().bulk("cold_caller")
    per_day = daily(log).groupby("sender_id").median()
    assert 8 <= per_day.median() <= 60
    assert daily(log).max() <= 80
    assert (log.sent_at.dt.day_of_week < 5).mean() > 0.9
    assert 0.03 < look().answered(log).mean() < 0.2
    assert gaps_s(log).median() > 20
    typed = (log.typed_s > 0).groupby(log.sender_id).mean()
    assert typed.min() < 0.2
    assert typed.max() > 0.7


def test_cold_callers_are_complained_about_like_drips():
    reports = look()["reports"].account_id.map(look().truth.family)
    strangers = look().sent.query("stranger and in_contacts == False").family.value_counts()
    rate = reports.value_counts() / strangers
    assert 0.3 < rate["cold_caller"] / rate["drip"] < 3


def test_some_cold_callers_have_no_friends_here_and_some_buy_where_others_buy():
    cast = cast_of(4000, 5)
    assert 0.4 < (cast.circle.degree[cast.of("cold_caller")] == 0).mean() < 0.8
    made = look()
    automated = made.sent[made.sent.automated & made.sent.stranger]
    shared = made.bulk("cold_caller")
    shared = shared.recipient_id.isin(set(automated.recipient_id)).groupby(shared.sender_id).mean()
    assert shared.max() > shared.median() + 0.1


def test_new_numbers_tell_contacts_within_hours_of_registering_and_hear_back():
    made = look()
    born = made["accounts"].set_index("account_id").registered_at
    log = made.by("new_number")
    early = log[log.sent_at < log.sender_id.map(born) + pd.Timedelta("6h")]
    reached = early.groupby("sender_id").recipient_id.nunique()
    assert (reached >= 8).mean() > 0.5
    assert early.in_contacts.mean() > 0.4
    assert made.answered(early).mean() > 0.12


def test_shops_are_asked_first_and_some_greet_at_once():
    turns = look().turns("shop")
    first, later = (
        part.groupby("sender_id").waited.median() for part in (turns[turns.nth == 1], turns[turns.nth > 1])
    )
    greets = first < 5
    assert 0.15 < greets.mean() < 0.6
    assert first[~greets].median() > 60
    assert later.reindex(first.index[greets]).median() > 60


def test_notifiers_write_one_way_some_at_one_hour():
    made = look()
    log = made.by("notifier")
    assert made.answered(log).mean() < 0.1
    assert (log.typed_s == 0).mean() > 0.8
    hours = log.groupby("sender_id").sent_at.agg(lambda t: t.dt.hour.value_counts(normalize=True).iloc[0])
    assert hours.max() > 0.9
    assert hours.min() < 0.3


def test_group_admins_post_to_several_groups_within_minutes():
    posts = look().by("group_admin").query("is_group")
    within = posts.groupby(["sender_id", posts.sent_at.dt.floor("10min")]).recipient_id.nunique()
    assert within.groupby("sender_id").max().median() >= 3


def test_broadcasters_write_to_the_same_family_every_morning():
    log = look().by("broadcaster")
    morning = daily(log)
    often = morning[morning >= 8].groupby("sender_id").size()
    assert often.median() >= 8
    assert log.in_contacts.mean() > 0.7


def test_night_workers_write_at_night():
    zone_h = {code: hours for code, hours, _ in COUNTRIES}
    country = look()["accounts"].set_index("account_id").country
    at_night = {}
    for family in ("ordinary", "night_worker"):
        log = look().by(family)
        hour = (log.sent_at.dt.hour + log.sender_id.map(country).map(zone_h)) % 24
        at_night[family] = ((hour < 5) | (hour >= 23)).groupby(log.sender_id).mean().median()
    assert at_night["night_worker"] > 0.3 > 2 * at_night["ordinary"]


def test_a_brigade_reports_its_victim_within_two_hours():
    made = look()
    reports = made["reports"]
    victims = made.truth.index[made.truth.family == "brigaded"]
    for victim in victims:
        mine = reports[reports.account_id == victim].sort_values("reported_at")
        within = mine.rolling("2h", on="reported_at").reported_at.count().max()
        assert 6 <= within <= 25, victim  # a part of the two hours may lie after the end
    assert not made.truth.is_automated.reindex(reports[reports.account_id.isin(victims)].reporter_id).any()


def test_fans_share_a_photo_and_a_text_in_a_wave_that_grows():
    made = look()
    photos = made["photos"].drop_duplicates("account_id", keep="first")
    fans = photos[photos.account_id.map(made.truth.family) == "fan"]
    largest = fans[fans.photo_hash.isin(near_ones(fans.photo_hash))]
    assert len(largest) >= 15
    others = photos[photos.account_id.map(made.truth.family) != "fan"]
    assert others.photo_hash.isin(set(largest.photo_hash)).sum() > 3  # other people carry it too
    assert 0.1 < largest.photo_hash.duplicated(keep=False).mean() < 0.95  # some edit it
    when = largest.set_at.sort_values()
    middle = when.iloc[len(when) // 2]
    assert middle - when.quantile(0.1) > 0.8 * (when.quantile(0.9) - middle)  # most join late


def near_ones(hashes):
    """The photos near the one that most are near."""
    bits = {one: int(one, 16) for one in hashes}
    near = {
        one: [other for other in bits if (bits[one] ^ bits[other]).bit_count() <= 31] for one in list(bits)
    }
    counts = hashes.value_counts()
    return set(max(near.values(), key=lambda ones: counts[ones].sum()))


def test_a_chain_text_goes_round_within_days_among_honest_people_of_every_kind():
    made = world_of(n_accounts=4000, share=0.1, seed=22)
    texts = made["texts"].query("source == 'about'")
    chains = texts[texts.text.str.len() > 60]
    chains = chains[~chains.account_id.map(made.truth.is_automated).astype(bool)]
    chains = chains[~chains.account_id.map(made.truth.family).isin(["fan", "cold_caller"])]
    most = chains.text.value_counts()
    assert most.iloc[0] >= 8
    when = chains[chains.text == most.index[0]].observed_at
    assert (when.quantile(0.9) - when.quantile(0.1)) < pd.Timedelta("12D")
    assert chains.account_id.map(made.truth.family).nunique() >= 6


def test_people_of_every_kind_share_default_photos_usual_texts_networks_and_devices():
    made = look()
    honest = made.truth.index[~made.truth.is_automated]
    for table, column in (
        ("photos", "photo_hash"),
        ("texts", "text"),
        ("accounts", "network"),
        ("accounts", "device"),
    ):
        rows = made[table]
        rows = rows[rows.account_id.isin(honest)]
        if table == "texts":
            rows = rows[rows.source == "about"]
        shared = rows[rows[column].duplicated(keep=False)]
        assert shared.account_id.map(made.truth.family).nunique() >= (10 if column != "device" else 6), column

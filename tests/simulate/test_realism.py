"""The worlds are learnable, yet not trivial, and honest accounts look like those of real logs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from tests.benches import public_data
from tests.benches.plain_baseline import interval, looked_at, measure, threshold_at
from tests.benches.realism import PAIRS, compared, measures, real, simulated
from tests.simulate.looks import world_of

#: Largest Kolmogorov-Smirnov distance from the real log, measure by measure. Half of a distance of 0.12 is chance where
#: the real log has a hundred accounts (the company), and where a world has few commenters.
TOLERANCE = {
    "ordinary": {
        "sends": 0.15, "out_degree": 0.13, "in_degree": 0.22, "messages_per_recipient": 0.2, "reciprocity": 0.15,
        "gap_q10_s": 0.15, "gap_q50_s": 0.17, "gap_q90_s": 0.27, "burstiness": 0.24, "memory": 0.17, "reply_s": 0.2,
        "hour_concentration": 0.12,
    },
    "office": {
        "sends": 0.2, "out_degree": 0.22, "in_degree": 0.32, "messages_per_recipient": 0.25, "reciprocity": 0.42,
        "gap_q10_s": 0.18, "gap_q50_s": 0.3, "gap_q90_s": 0.28, "burstiness": 0.2, "memory": 0.32, "reply_s": 0.22,
        "hour_concentration": 0.35,
    },
    "commenter": {
        "sends": 0.22, "out_degree": 0.2, "in_degree": 0.3, "messages_per_recipient": 0.35, "reciprocity": 0.15,
        "gap_q10_s": 0.3, "gap_q50_s": 0.35, "gap_q90_s": 0.2, "burstiness": 0.4, "memory": 0.35,
        "hour_concentration": 0.35,
    },
}  # fmt: skip

#: Medians over the accounts of the real logs, for where they are not at hand.
MEDIANS = {
    "ordinary": {
        "sends": 11, "out_degree": 6, "in_degree": 7, "messages_per_recipient": 1.8, "reciprocity": 0.8,
        "gap_q10_s": 77, "gap_q50_s": 1800, "gap_q90_s": 121_000, "burstiness": 0.5, "reply_s": 3400,
        "hour_concentration": 0.48,
    },
    "office": {
        "sends": 53, "out_degree": 19, "in_degree": 21, "messages_per_recipient": 2.6, "reciprocity": 0.93,
        "gap_q50_s": 1500, "gap_q90_s": 89_000, "burstiness": 0.48, "reply_s": 3600, "hour_concentration": 0.83,
    },
    "commenter": {"sends": 2, "out_degree": 2, "messages_per_recipient": 1},
}  # fmt: skip


def test_measures_of_a_log_by_hand():
    # a writes to b at 0, 60, 120 and 3600 s and to c at 7200 s; b answers three times, each after 30 s.
    rows = [
        (0, 1, 0),
        (1, 0, 30),
        (0, 1, 60),
        (1, 0, 90),
        (0, 1, 120),
        (1, 0, 150),
        (0, 1, 3600),
        (0, 2, 7200),
    ]
    sender, recipient, second = (np.array(column) for column in zip(*rows, strict=True))
    table = measures(sender, recipient, second.astype(float))
    assert table.loc[0, ["sends", "out_degree", "in_degree"]].tolist() == [5, 2, 1]
    assert table.loc[0, "messages_per_recipient"] == 2.5
    assert table.reciprocity.tolist() == [0.5, 1.0]
    assert table.loc[1, "reply_s"] == 30
    assert table.loc[0, "reply_s"] == 30  # 60 - 30, 120 - 90, 3600 - 150
    assert table[["gap_q50_s", "burstiness", "memory", "hour_concentration"]].isna().all(axis=None)


def test_regular_gaps_are_not_bursty_and_random_ones_are_in_between():
    rng = np.random.default_rng(0)
    for gaps, expected in ((np.full(400, 60.0), -1.0), (rng.exponential(60.0, 400), 0.0)):
        table = measures(np.zeros(401, int), np.ones(401, int), np.concatenate([[0.0], np.cumsum(gaps)]))
        assert table.burstiness.iloc[0] == pytest.approx(expected, abs=0.1)
        assert table.gap_q50_s.iloc[0] == pytest.approx(np.median(gaps))
    paired = np.repeat([5.0, 500.0], 10)[np.tile(np.arange(20), 20)]
    table = measures(np.zeros(401, int), np.ones(401, int), np.concatenate([[0.0], np.cumsum(paired)]))
    expected = np.corrcoef(paired[:-1], paired[1:])[0, 1]
    assert table.memory.iloc[0] == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.family)
def test_medians_are_those_of_real_people(pair):
    made = world_of(n_accounts=2000, share=0.2, seed=21).made
    table = simulated(pair, made)
    assert len(table) >= 25
    for name, median in MEDIANS[pair.family].items():
        factor = 1.5 if median <= 1 else 4.0 if name.startswith("gap") else 3.0
        assert median / factor <= table[name].median() <= median * factor, name


@pytest.mark.slow
@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.family)
def test_honest_traffic_is_near_the_real_logs(pair):
    if public_data.folder() is None:
        pytest.skip(public_data.why_not())
    made = world_of(n_accounts=10_000, share=0.1, seed=31).made
    distance = compared(simulated(pair, made), real(pair)).distance
    assert set(distance.index) == set(TOLERANCE[pair.family])
    too_far = {name: value for name, value in distance.items() if value > TOLERANCE[pair.family][name]}
    assert not too_far


@pytest.fixture(scope="module")
def plain():
    """Ten plain features of accounts that wrote, and the truth."""
    return looked_at(world_of(n_accounts=2000, share=0.2, seed=21).made)


def test_no_single_plain_feature_tells(plain):
    features, truth = plain
    automated = truth.is_automated.to_numpy(dtype=bool)
    for name in features:
        column = features[name].fillna(features[name].median())
        assert 0.04 < roc_auc_score(automated, column) < 0.96, name


def test_hard_negatives_overlap_with_automated_accounts_in_every_plain_feature(plain):
    features, truth = plain
    subtle = truth.is_automated & ~truth.family.isin(["blaster", "enumerator"])
    hard = truth.family.isin(["cold_caller", "seeker", "notifier", "shop"])
    for name in features:
        column = features[name].fillna(features[name].median())
        area = roc_auc_score(subtle[subtle | hard], column[subtle | hard])
        assert 0.1 < area < 0.9, name


def test_honest_volume_spans_orders_of_magnitude(plain):
    features, truth = plain
    honest = features[~truth.is_automated.astype(bool)]
    assert honest.sends.quantile(0.05) <= 3
    assert honest.sends.max() >= 1000


def test_people_answer_each_other_and_forums_do_not(plain):
    features, truth = plain
    share = features.replied_share.groupby(truth.family).median()
    assert share["ordinary"] > 0.3
    assert share["commenter"] < 0.3
    assert share["notifier"] < 0.1


def test_office_mail_goes_to_many_at_one_instant():
    log = world_of(n_accounts=2000, share=0.2, seed=21).by("office")
    copies = log.groupby(["sender_id", "sent_at"]).size()
    assert copies.max() >= 8
    assert 0.15 < (copies - 1).sum() / len(log) < 0.6


def test_the_threshold_lets_the_stated_share_through():
    scores = np.random.default_rng(0).random(5000)
    threshold = threshold_at(scores, 1e-3)
    assert (scores >= threshold).sum() == 5
    assert (np.ones(100) >= threshold_at(np.ones(100), 1e-3)).sum() == 0


def test_the_interval_is_that_of_clopper_and_pearson():
    assert interval(0, 10) == (0.0, pytest.approx(1 - 0.025**0.1))
    assert interval(10, 10) == (pytest.approx(0.025**0.1), 1.0)
    low, high = interval(5, 10)
    assert (low, high) == (pytest.approx(0.187, abs=1e-3), pytest.approx(0.813, abs=1e-3))


@pytest.mark.slow
def test_plain_features_find_the_blatant_and_miss_most_others():
    scores, truth = measure(8000, (41, 42))
    flagged, automated = pd.Series(scores >= 0, index=truth.index), truth.is_automated.astype(bool)
    assert flagged[~automated].mean() < 4e-3
    assert 0.2 < flagged[automated].mean() <= 0.75
    assert flagged[truth.family.isin(["blaster", "enumerator"])].mean() > 0.8

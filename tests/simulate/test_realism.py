"""The worlds are learnable, yet not trivial, and honest accounts look like those of real logs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict

from spamclf import simulate


@pytest.fixture(scope="module")
def measures() -> pd.DataFrame:
    """A handful of crude measures per account that wrote, computed without the library."""
    truth = simulate.truth(1500, random_state=7).to_pandas().set_index("account_id")
    log = simulate.world(1500, random_state=7)["messages"].to_pandas()
    log["t"] = log.sent_at.astype("int64") / 1e6
    pairs = log[~log.is_group].groupby(["sender_id", "recipient_id"]).t.agg(["min", "size"]).reset_index()
    back = pairs.rename(columns={"sender_id": "recipient_id", "recipient_id": "sender_id", "min": "back"})
    pairs = pairs.merge(back.drop(columns="size"), how="left", on=["sender_id", "recipient_id"])
    pairs["mutual"] = pairs.back.notna()
    pairs["stranger"] = ~(pairs.back < pairs["min"])
    by = log.groupby("sender_id")
    table = pd.DataFrame({"n": by.size()})
    table["recipients"] = pairs.groupby("sender_id").size()
    table["strangers"] = pairs.groupby("sender_id").stranger.sum()
    table["mutual"] = pairs.groupby("sender_id").mutual.mean()
    table["most_per_day"] = log.groupby(["sender_id", log.t // 86400]).size().groupby("sender_id").max()
    table["median_gap_s"] = by.t.apply(lambda t: np.median(np.diff(t)) if len(t) > 1 else np.nan)
    return table.join(truth[["kind", "is_automated", "campaign"]])


def test_no_single_measure_tells_and_together_they_nearly_do(measures):
    automated = measures.is_automated.to_numpy(dtype=bool)
    names = ["n", "recipients", "strangers", "mutual", "most_per_day", "median_gap_s"]
    values = measures[names].astype(float)
    for name in names:
        column = values[name].fillna(values[name].median())
        area = roc_auc_score(automated, column)
        assert 0.03 < area < 0.97, name
    # Accounts of one campaign stay on one side of the split.
    groups = measures.campaign.fillna(pd.Series(measures.index, index=measures.index))
    split = GroupKFold(5).split(values, automated, groups)
    model = HistGradientBoostingClassifier(max_iter=60, random_state=0)
    scores = cross_val_predict(model, values.to_numpy(), automated, cv=split, method="predict_proba")[:, 1]
    assert 0.95 < roc_auc_score(automated, scores) < 0.999


def test_honest_volume_spans_orders_of_magnitude(measures):
    honest = measures[~measures.is_automated.astype(bool)]
    assert honest.n.quantile(0.03) <= 3
    assert honest.most_per_day.max() >= 100


def test_people_answer_each_other_and_forums_do_not(measures):
    share = measures.groupby("kind").mutual.median()
    assert share["ordinary"] > 0.6
    assert share["commenter"] < 0.5
    assert share["notifier"] < 0.2


def test_office_mail_goes_to_many_at_one_instant():
    kind = simulate.truth(400, random_state=0).to_pandas().set_index("account_id").kind
    log = simulate.world(400, random_state=0)["messages"].to_pandas()
    log = log[log.sender_id.map(kind) == "office"]
    copies = log.groupby(["sender_id", "sent_at"]).size()
    assert copies.max() >= 15
    assert 0.15 < (copies - 1).sum() / len(log) < 0.6


def test_operations_share_networks_devices_photos_and_targets():
    truth = simulate.truth(1500, random_state=7).to_pandas()
    tables = simulate.world(1500, random_state=7, unknown_share=0.0)
    joined = truth.merge(tables["accounts"].to_pandas(), on="account_id")
    farm = joined[joined.kind == "sim_farm"]
    per_device = farm.groupby("device").size()
    assert (farm.device.map(per_device) >= 3).mean() > 0.6
    spread = farm.groupby("campaign").registered_at.agg(lambda t: (t.max() - t.min()).total_seconds())
    assert spread.median() < 6 * 3600
    log = tables["messages"].to_pandas()
    bulk = log[log.sender_id.isin(set(joined.account_id[joined.is_automated])) & ~log.is_group]
    senders = bulk.groupby("recipient_id").sender_id.nunique()
    assert np.quantile(senders, 0.9) >= 2

"""The card says what a model is, what it was made from and how good it is."""

from __future__ import annotations

import numpy as np

from spamclf import Dataset, train
from spamclf.campaigns.index import CampaignIndex
from spamclf.campaigns.sightings import Sightings
from spamclf.model.card import card as card_of
from tests.doors import model, tables


def test_card_tells_the_facts(tmp_path):
    model().save(tmp_path / "m")
    card = (tmp_path / "m" / "card.md").read_text("utf-8")
    info = model().info
    assert card == info["card"]
    assert card.startswith(f"# Model {model().name}\n")
    assert f"from {len(model().feature_names)} features\n" in card
    assert f"{info['data']['accounts']:,} accounts and {info['data']['messages']:,} messages" in card
    for part, count in info["counts"].items():
        assert f"| {part} | {count['automated']:,} | {count['honest']:,} | {count['rows']:,} |" in card
    for name in info["metrics"]:
        assert f"| {name.replace('_', ' ')} | " in card
    assert f"{model().threshold:.4f}" in card
    assert "must not be used for" in card
    assert "left out: none." in card


def test_card_tells_what_it_reads():
    bare = {name: tables()[name] for name in ("messages", "labels", "reports")}
    data = Dataset(accounts=tables()["accounts"].select(["account_id"]), **bare)
    features = ["feedback", "send_rate_sends", "account_age_s"]
    card = train.fit(data, features=features, max_iter=2, n_jobs=1).info["card"]
    assert "of the families feedback, send_rate." in card
    assert "left out: `account_age_s`." in card


def test_card_tells_what_it_remembers():
    facts = (model().name, model().feature_names, model().history_days, model().threshold, model().info)
    seen = Sightings.of("photo", "pdq", [7, 5, 9], [1, 2, 3], np.array([[1, 0, 0, 2]] * 2 + [[1, 0, 0, 3]]))
    text = card_of(*facts, CampaignIndex(photos=seen))
    assert (
        "\n## What it remembers\n\nIt was trained with a memory of 3 accounts: 2 photos, 0 texts and 0"
        in text
    )
    assert "personal data" in text
    assert "\n\n## What it must not be used for\n" in text
    for nothing in (None, CampaignIndex.empty()):
        assert "remembers" not in card_of(*facts, nothing)

"""The card says what a model is, what it was made from and how good it is."""

from __future__ import annotations

from spamclf import Dataset, train
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

"""The command ``evaluate``: a folder or simulated worlds in, tables, JSON and plots out."""

from __future__ import annotations

import json
from dataclasses import replace

import matplotlib
import pyarrow.parquet as pq
import pytest

from spamclf import evaluate, load_model, simulate, train
from spamclf.errors import InsufficientDataError
from tests.doors import SAMPLE, cli, write_folder
from tests.evaluate.common import shipped, stump, world

matplotlib.use("Agg")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "stump"
    plain = stump()
    replace(plain, info=plain.info | {"boosting": {"label_noise": {"true": 0.1}}}).save(folder)
    return folder


def done(result):
    assert result.exit_code == 0, (result.stdout, result.stderr, result.exception)
    return result.stdout


def test_the_help_names_the_default_once():
    told = " ".join(done(cli("evaluate", "--help")).split())
    assert "accounts of each; by default 5,000. [x>=20]" in told


def test_a_folder_with_its_truth(tmp_path, model):
    folder = write_folder(dict(world()), tmp_path / "world")
    pq.write_table(world().truth, tmp_path / "truth.parquet")
    arguments = ("evaluate", folder, "--model", model, "--truth", tmp_path / "truth.parquet", "--jobs", 1)
    text = done(cli(*arguments, "--out", tmp_path / "new" / "report"))
    expected = evaluate.evaluate(world().dataset, load_model(model), world().truth)
    assert text.splitlines()[:-1] == str(expected).splitlines()
    report = tmp_path / "new" / "report"
    assert json.loads((report / "evaluation.json").read_text()) == expected.to_dict()
    plots = sorted(path.name for path in report.glob("*.png"))
    assert plots == ["cold_start.png", "families.png", "recall.png", "strangers.png"]
    assert all((report / name).read_bytes().startswith(b"\x89PNG") for name in plots)
    assert done(cli(*arguments)) == str(expected) + "\n"
    early = done(cli(*arguments, "--as-of", "2026-05-10"))
    assert (
        early
        == str(evaluate.evaluate(world().dataset, load_model(model), world().truth, as_of="2026-05-10"))
        + "\n"
    )


def test_labels_and_the_shipped_model_by_default():
    text = done(cli("evaluate", SAMPLE, "--jobs", 1))
    assert text.startswith("model default on ")


def test_worlds(model):
    text = done(cli("evaluate", "--worlds", "3001, 3002", "--accounts", 100, "--model", model))
    made = [simulate.world(100, random_state=seed) for seed in (3001, 3002)]
    assert text == str(evaluate.evaluate_worlds(made, load_model(model))) + "\n"


@pytest.mark.slow
def test_leaving_out_trains_as_the_model_was_trained(model, monkeypatch, tmp_path):
    asked = []

    def fit(dataset, **settings):
        asked.append(settings)
        return stump()

    monkeypatch.setattr("spamclf.train.fit", fit)
    text = done(
        cli(
            "evaluate", "--worlds", "3001", "--accounts", 150, "--model", model, "--leave-one-out", "11,12",
            "--out", tmp_path / "report",
        )
    )  # fmt: skip
    for name in ("tiers", "families", "campaigns"):
        assert f"models trained anew: {name}" in text
    assert {(each["fpr"], each["confidence"], each["history_days"]) for each in asked} == {(0.1, None, 30.0)}
    tiers = [tuple(each["tiers"]) for each in asked]
    assert tiers[:4] == [("0",), ("0", "1"), ("0", "1", "2"), ("0", "1", "2", "3")]
    assert set(tiers[4:]) == {("1",)}  # as the model itself
    assert [each["label_noise"] for each in asked] == [{True: 0.1}] * len(asked)
    told = json.loads((tmp_path / "report" / "evaluation.json").read_text())["retrained"]
    assert told["families"][-1]["family"] == "mean over families"
    assert len(asked) == 4 + 1 + (len(told["families"]) - 1) + 3


def test_what_was_found_is_told_and_kept_where_training_anew_fails(model, monkeypatch, tmp_path):
    def fit(dataset, **settings):
        raise InsufficientDataError("fit: worlds must do; got too little. Try whole_campaigns=False.")

    monkeypatch.setattr("spamclf.train.fit", fit)
    report = tmp_path / "report"
    asked = ("evaluate", "--worlds", "3001", "--accounts", 150, "--model", model)
    result = cli(*asked, "--leave-one-out", "11,12", "--out", report)
    expected = evaluate.evaluate_worlds([simulate.world(150, random_state=3001)], load_model(model))
    assert (result.exit_code, result.stdout) == (1, f"{expected}\n")
    assert "worlds must do; got too little. Give more seeds, or more --accounts." in result.stderr
    assert json.loads((report / "evaluation.json").read_text()) == expected.to_dict()
    assert (report / "recall.png").exists()


def test_models_that_are_trained_anew_promise_the_same_by_further_worlds(tmp_path, monkeypatch):
    asked, certified = [], []

    def fit(dataset, **settings):
        asked.append(settings)
        return stump()

    def certify(model, dataset, **settings):
        certified.append((settings["fpr"], settings["confidence"], dataset.accounts["account_id"][0].as_py()))
        return real(model, dataset, **settings)

    real = train.certify
    monkeypatch.setattr("spamclf.train.fit", fit)
    monkeypatch.setattr("spamclf.train.certify", certify)
    shipped().certify(fpr=0.05).save(tmp_path / "certified")
    done(
        cli(
            "evaluate", "--worlds", "3001", "--accounts", 150, "--model", tmp_path / "certified", "--leave-one-out",
            "11,12", "--jobs", 1,
        )
    )  # fmt: skip
    assert {each["confidence"] for each in asked} == {None}
    assert set(certified) == {(0.05, 0.95, "w3002-a0")}
    assert len(certified) == len(asked)


def test_a_searched_model_is_trained_anew_with_the_settings_that_were_found(tmp_path, monkeypatch):
    asked = []

    def fit(dataset, **settings):
        asked.append(settings)
        return stump()

    monkeypatch.setattr("spamclf.train.fit", fit)
    best = {"round": 1, "n_rows": 9, "score": 0.5, "score_std": 0.1, "max_leaf_nodes": 7}
    plain = stump()
    info = plain.info | {
        "searched": [best, best | {"max_leaf_nodes": 15}],
        "features_left_out": ["fan_out_strangers", "photo_shown"],  # of a tier that it does not look at
    }
    replace(plain, info=info).save(tmp_path / "searched")
    done(
        cli(
            "evaluate", "--worlds", "3001", "--accounts", 150, "--model", tmp_path / "searched", "--leave-one-out",
            "11,12",
        )
    )  # fmt: skip
    assert {each["max_leaf_nodes"] for each in asked} == {7}
    assert all("score" not in each for each in asked)
    assert {tuple(each.get("features", ())) for each in asked[4:]} == {
        ("send_rate_sends", "fan_out_strangers")
    }


@pytest.mark.slow
def test_an_attacker_who_knows_the_model(model, monkeypatch, tmp_path):
    asked = []

    def search(used, made, *, progress, n_jobs):
        """Search from one start, with two accounts."""
        asked.append((used.name, made.truth.num_rows, n_jobs))
        return real(used, made, n_starts=1, n_accounts=2, n_jobs=n_jobs)

    real = evaluate.evasion_cost
    monkeypatch.setattr("spamclf.evaluate.evasion_cost", search)
    arguments = (
        "evaluate",
        "--worlds",
        "3001,3002",
        "--accounts",
        150,
        "--model",
        model,
        "--evade",
        "--jobs",
        1,
    )
    text = done(cli(*arguments, "--out", tmp_path / "report"))
    assert asked == [(load_model(model).name, 150, 1)]
    assert "evasion of model" in text
    told = json.loads((tmp_path / "report" / "evaluation.json").read_text())["evasion"]
    assert [each["name"] for each in told["policies"]] == ["naive", "best response"]
    assert (tmp_path / "report" / "evasion.png").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "there must be a FOLDER or --worlds; got neither"),
        ((SAMPLE, "--worlds", "1"), "got both"),
        (("--worlds", "1,x"), "--worlds must be different whole numbers; got '1,x'"),
        (("--worlds", "1,1"), "got '1,1'"),
        (("--worlds", "1", "--truth", "t.csv"), "--truth and --as-of must be left out with --worlds"),
        (
            ("--worlds", "1", "--leave-one-out", "1,2"),
            "--leave-one-out must be seeds beside --worlds of other seeds",
        ),
        ((SAMPLE, "--leave-one-out", "1"), "got no --worlds"),
        ((SAMPLE, "--accounts", "100"), "--accounts must stand with --worlds"),
        ((SAMPLE, "--evade"), "--evade must stand with --worlds"),
    ],
)
def test_what_does_not_go_together(arguments, words):
    result = cli("evaluate", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr


def test_results_never_go_among_the_tables(tmp_path):
    for out in (SAMPLE, SAMPLE / "messages", SAMPLE / "dataset.toml", ""):
        result = cli("evaluate", SAMPLE, "--out", out)
        assert result.exit_code == 1
        assert "out: " in result.stderr
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert "must be one that can be made" in cli("evaluate", SAMPLE, "--out", blocked / "in").stderr
    assert "the file must exist" in cli("evaluate", SAMPLE, "--truth", tmp_path / "none.csv").stderr

"""The card says what a model is, what it was made from and how good it is; it is made of the model alone."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from spamclf import Dataset, Model, evaluate, load_model, simulate, train
from spamclf.campaigns.index import CampaignIndex
from spamclf.campaigns.sightings import Sightings
from spamclf.model.card import card as card_of
from tests.doors import SMALL, model, tables

SECTIONS = [
    "Made from",
    "How good it is, on the accounts of the test part",
    "When an account is flagged",
    "The accounts of the test part, by segment",
    "What it is held against",
    "What it remembers",
    "What it must not be used for",
]


@cache
def certified() -> Model:
    data = Dataset(**simulate.world(700, 30, random_state=1021, media=False))
    return train.fit(data, fpr=0.05, tiers=("0", "1"), max_iter=10, n_jobs=1, unlabelled=0.25)


def card(of: Model) -> str:
    assert of.card is not None
    return of.card


def section(of: Model, title: str) -> str:
    return card(of).split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(text: str) -> dict[str, list[str]]:
    """The cells of a table, by their first."""
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"
    ]
    return {first: rest for first, *rest in cells}


# ---- sections ----------------------------------------------------------------------------------------------------


def test_every_section_is_there_once() -> None:
    assert card(model()).startswith(f"# Model {model().name}\n")
    forgetful = replace(certified(), memory=None)
    for each, left_out in ((model(), ""), (certified(), ""), (forgetful, "What it remembers")):
        wanted = [section for section in SECTIONS if section != left_out]
        assert re.findall(r"^## (.*)$", card(each), flags=re.M) == wanted
    for each in (model(), certified()):
        assert not re.search(
            r"\n\n\n|[ \t]$|\bNone\b|\bnan\b", card(each).replace("memory=None", ""), flags=re.M
        )


def test_it_tells_what_the_model_was_made_from() -> None:
    info, text = model().info, section(model(), "Made from")
    data = info["data"]
    assert f"from {len(model().feature_names)} features over the last 30 days" in card(model()).replace(
        "\n", " "
    )
    assert f"{data['accounts']:,} accounts and {data['messages']:,} messages" in text
    for told in (data["first_message"], data["last_message"], info["as_of"], f"`{data['fingerprint'][:16]}`"):
        assert told in text
    parts = rows(text)
    for (part, count), until in zip(info["counts"].items(), info["parts_end"], strict=True):
        assert parts[part] == [until, *(f"{count[kind]:,}" for kind in ("automated", "honest", "rows"))]
    told = section(certified(), "Made from").replace("\n", " ")
    assert "Automated accounts of one campaign, known or found, are in one part" in told
    assert f"{certified().info['left_out']:,} of them that stand between campaigns are in none." in told
    assert f"{certified().info['late_labels']:,} had no label yet when the test part began" in told
    assert "campaign" not in text  # this one was not split so


def test_it_tells_of_accounts_without_a_label() -> None:
    n_more = certified().info["unlabelled_accounts"]
    assert n_more > 0
    said = f"{n_more:,} accounts without a label were trained on, too, as honest ones; each weighs 0.25."
    assert said in section(certified(), "Made from")
    assert "without a label" not in card(model())


def test_it_tells_how_good_the_model_is() -> None:
    figures = rows(section(model(), "How good it is, on the accounts of the test part"))
    for name, value in model().info["metrics"].items():
        assert figures[name.replace("_", " ")] == [f"{value[0]:.3f} ({value[1]:.3f} to {value[2]:.3f})"]
    assert "calibrated by a sigmoid" in card(model())


@pytest.mark.parametrize(
    ("share", "said"),
    [
        ([0.0, 0.0, 0.04], "here it is kept."),
        ([0.1, 0.06, 0.2], "here it is broken."),
        ([0.02, 0.01, 0.09], "whether that is kept here, nobody can tell: too few accounts."),
    ],
)
def test_it_says_whether_the_test_part_bears_the_promise_out(share: list[float], said: str) -> None:
    info = certified().info
    info = info | {"metrics": info["metrics"] | {"honest_flagged_share": share}}
    wanted = f"Promised are at most 0.05 of the honest accounts; {said}"
    assert wanted in card_of(replace(certified(), info=info))
    assert wanted in train.summary(replace(certified(), info=info))
    assert "Promised are" not in card(model())  # its threshold is an estimate


def test_it_tells_of_every_segment() -> None:
    figures = {"accounts": 12, "flagged_share": [0.25, 0.125, 0.5]}
    nobody = {"accounts": 0, "flagged_share": None}
    abroad = {
        "automated": nobody,
        "honest": figures,
        "roc_auc": None,
    }  # a segment without an account of a kind
    segments = certified().info["segments"] | {"country=XX": abroad}
    text = section(replace(certified(), info=certified().info | {"segments": segments}), SECTIONS[3])
    assert "The threshold was moved" not in text
    shares = rows(text)
    assert list(shares)[2:] == ["new", "established", "business", "country=XX", "other countries"]
    for name, told in segments.items():
        *cells, auc = shares[name]
        assert auc == shown(told["roc_auc"])
        for pair, kind in ((cells[:2], "automated"), (cells[2:], "honest")):
            assert pair == [f"{told[kind]['accounts']:,}", shown(told[kind]["flagged_share"])]


def shown(interval: list[float] | None) -> str:
    return "" if interval is None else f"{interval[0]:.3f} ({interval[1]:.3f} to {interval[2]:.3f})"


def test_it_tells_the_rule_and_the_tree() -> None:
    beside = section(model(), "What it is held against")
    for line in (*model().info["beside"]["rules"], *model().info["beside"]["tree"]):
        assert line in beside


def test_it_tells_what_the_model_must_not_be_used_for() -> None:
    for each in (model(), certified()):
        text = section(each, "What it must not be used for")
        assert "Not for automated bans without review and appeal" in text
        assert "Known limits: " in text


@pytest.mark.parametrize("value", [[0.5, 0.25, 0.75], 0.5, None, "send_rate_sends"])
def test_figures_of_every_kind_can_be_shown(value: object) -> None:
    text = card(replace(model(), info=model().info | {"metrics": {"a_figure": value}}))
    shown = {
        "list": "0.500 (0.250 to 0.750)",
        "float": "0.5000",
        "NoneType": "not known",
        "str": "`send_rate_sends`",
    }
    assert f"| a figure | {shown[type(value).__name__]} |" in text
    assert "counts as flagged" not in text


# ---- the promise -------------------------------------------------------------------------------------------------


def test_the_certificate_stands_in_it() -> None:
    text = section(certified(), "When an account is flagged")
    assert f"From a score of {certified().threshold:.6g}. The certificate:" in text
    assert str(certified().certificate) in text
    assert "no guarantee" not in text


def test_without_a_certificate_it_says_so() -> None:
    text = section(model(), "When an account is flagged")
    assert f"From a score of {model().threshold:.6g}. " in text
    assert "about 5 % of the" in text
    assert "That is an estimate, no guarantee: it is exceeded about every other time." in text


def test_nothing_of_the_former_threshold_stays() -> None:
    moved = certified().certify(fpr=0.2, confidence=0.9)
    assert moved.threshold < certified().threshold
    text = card(moved)
    assert str(moved.certificate) in text
    former = f"{certified().threshold:.6g}"
    assert f"From a score of {former}. " in card(certified())
    assert f"threshold {former} from " in card(certified())
    assert f"From a score of {former}" not in text
    assert f"threshold {former} from " not in text
    assert "at most 50,000 of a million" in card(certified())
    assert "50,000 of a million" not in text
    assert (
        "The threshold was moved since:\nwhich of them are flagged by the new one was not measured." in text
    )
    segments, left = (rows(section(each, SECTIONS[3])) for each in (certified(), moved))
    assert {name: cells[::2] for name, cells in left.items()} == {
        name: cells[::2] for name, cells in segments.items()
    }
    assert all(left[name][1] == left[name][3] == "" for name in moved.info["segments"])
    assert all(left[name][4] == shown(told["roc_auc"]) for name, told in certified().info["segments"].items())
    assert "flagged share" not in text
    assert "counts as flagged" not in text
    kept = {each for each in certified().info["metrics"] if "flagged" not in each}
    assert {each.replace(" ", "_") for each in rows(text)} >= kept
    newly = card(model().certify(fpr=0.2))  # one that had none
    assert "no guarantee" not in newly
    assert "at most 200,000 of a million" in newly


# ---- made of the model alone -----------------------------------------------------------------------------------------


def test_it_is_saved_beside_the_model(tmp_path: Path) -> None:
    for name, each in (("one", model()), ("two", certified()), ("three", certified().certify(0.2))):
        each.save(tmp_path / name)
        assert (tmp_path / name / "card.md").read_text("utf-8") == each.card
        loaded = load_model(tmp_path / name)
        assert loaded.card == each.card
        assert train.summary(loaded) == train.summary(each)


def test_a_text_can_be_put_in() -> None:
    about = "Trained on a simulated world.\nIt speaks of no real platform."
    text = card(replace(model(), info=model().info | {"about": f"\n{about}\n\n"}))
    assert f"\n\n{about}\n\n## Made from\n" in text
    assert text.replace(f"{about}\n\n", "") == card(model())


def test_it_repeats_what_was_found_on_unseen_accounts() -> None:
    made = simulate.world(150, random_state=1001)
    plain = certified()
    found = evaluate.evaluate(made.dataset, plain, made.truth)
    row = {"accounts": 5, "value": 0.5, "low": 0.25, "high": 0.75, "honest_flagged": 0.0125}
    anew = {
        "tiers": pa.Table.from_pylist([{"tiers": "0,1"} | row]),
        "families": pa.Table.from_pylist([{"family": "left out", "known": 0.875} | row]),
    }
    told = replace(found, retrained=anew).to_dict()
    share = {"value": 0.5, "low": 0.25, "high": 0.75}
    told["elsewhere"] = [
        {"worlds": "small ones", "automated": 1234, "honest": 20, "recall": share, "honest_flagged": share}
    ]
    model = replace(plain, info=plain.info | {"evaluated": told})
    text = section(model, "How good it is, on accounts that had no part in its making")
    for name in ("recall", "honest_flagged", "roc_auc"):
        figure = found.figure(name)
        assert (
            f"{figure.value:.4f} ({figure.low:.4f} to {figure.high:.4f})"
            in rows(text)[name.replace("_", " ")]
        )
    everybody = found.promise.to_pylist()[0]
    assert rows(text)["all accounts"][2] == everybody["verdict"] == "cannot tell"
    assert f"Promised: at most {plain.certificate.fpr:g} of the honest accounts" in text
    for each in found.by_family.to_pylist():
        assert rows(text)[each["family"]][1] == f"{each['accounts']:,}"
    for look in found.cold_start["look"].to_pylist():
        assert look in rows(text)
    assert rows(text)["0,1"] == ["5", "0.5000 (0.2500 to 0.7500)", "", "0.0125"]
    assert rows(text)["small ones"] == [
        "1,234",
        "0.5000 (0.2500 to 0.7500)",
        "20",
        "0.5000 (0.2500 to 0.7500)",
    ]
    assert rows(text)["left out"] == ["5", "0.5000 (0.2500 to 0.7500)", "0.8750", "0.0125"]
    assert "How good it is, on accounts that had no part" not in card(plain)


def test_it_repeats_what_evading_costs() -> None:
    made = simulate.world(100, 8, automated_share=0, random_state=1001)
    cost = evaluate.evasion_cost(certified(), made, n_accounts=3, policies=[simulate.Policy()])
    model = replace(certified(), info=certified().info | {"evasion": cost.to_dict()})
    text = section(model, "What it costs to evade it")
    reached, flagged = cost.policies[0].strangers_per_day, cost.policies[0].flagged
    assert rows(text)[cost.policies[0].name][:2] == [
        f"{reached.value:.1f} ({reached.low:.1f} to {reached.high:.1f})",
        f"{flagged.value:.2f} ({flagged.low:.2f} to {flagged.high:.2f})",
    ]


def test_a_model_that_fit_did_not_make_has_none(tmp_path: Path) -> None:
    bare = replace(model(), info={"about": "mine"}, certificate=None)
    assert bare.card is None
    bare.save(tmp_path / "m")
    assert not (tmp_path / "m" / "card.md").exists()


def test_it_tells_what_the_model_reads() -> None:
    bare = {name: tables()[name] for name in ("messages", "labels", "reports")}
    data = Dataset(accounts=tables()["accounts"].select(["account_id"]), **bare)
    features = ["feedback", "send_rate_sends", "account_age_s"]
    text = card(train.fit(data, **SMALL, features=features, max_iter=2, n_jobs=1))
    assert "of the families\nfeedback, send_rate." in text
    assert "left out: `account_age_s`." in text
    assert "left out: none." in card(model())


def test_it_tells_what_the_model_remembers() -> None:
    seen = Sightings.of("photo", "pdq", [7, 5, 9], [1, 2, 3], np.array([[1, 0, 0, 2]] * 2 + [[1, 0, 0, 3]]))
    text = card_of(replace(model(), memory=CampaignIndex(photos=seen)))
    assert "\n## What it remembers\n\nIt has a memory of 3 accounts: 2 photos, 0 texts and 0" in text
    assert "personal data" in text
    for nothing in (None, CampaignIndex.empty()):
        assert "remembers" not in card_of(replace(model(), memory=nothing))

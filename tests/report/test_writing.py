"""The report holds what the other doors say, and nothing that strangers wrote is markup in it."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import re
from functools import cache

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spamclf import Dataset, evaluate, explain, extract, find, predict, read_dataset, report
from spamclf.ego import EgoLog
from spamclf.errors import OutputError, ParameterError
from spamclf.explain.tallies import tallies
from spamclf.instants import iso
from spamclf.model.promise import promise_verdict
from spamclf.report import cases
from spamclf.report.crowds import crowds_of
from spamclf.report.page import as_json, page_of, script_of
from spamclf.report.pictures import Pictures
from tests.doors import SAMPLE, cli, dataset, model, tables, write_folder
from tests.rows import START, TIMES, account, arrow, at, sent, tables_of

HOSTILE = "</script><img src=x onerror=alert(1)>{{title}}\u2028&<!--"
FEW = {"n_changes": 3, "n_pictures": 12, "n_jobs": 1}


@cache
def sample():
    return read_dataset(SAMPLE)


@cache
def scores():
    return predict.score(sample(), n_jobs=1)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    out = tmp_path_factory.mktemp("report") / "report.html"
    n = report.write(sample(), out, **FEW)
    return n, out.read_text("utf-8")


def held(text: str):
    """What a page holds, as its script reads it."""
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    return json.loads(data)


def part(table, name, k):
    return table[name][table["offsets"][k] : table["offsets"][k + 1]]


@pytest.fixture(scope="module")
def data(page):
    return held(page[1])


@pytest.fixture(scope="module")
def flagged():
    rows = [row for row in scores().to_pylist() if row["verdict"] == "automated"]
    return sorted(rows, key=lambda row: -row["score"])


def test_every_flagged_account_is_there_as_it_was_scored(page, data, flagged):
    assert page[0] == len(flagged) == len(data["accounts"]["id"])
    for name, column in (("id", "account_id"), ("score", "score"), ("score_id", "score_id")):
        assert data["accounts"][name] == [row[column] for row in flagged]
    for k, row in enumerate(flagged):
        told = [data["words"][word] for word in part(data["reasons"], "sentence", k)]
        assert told == [reason["sentence"] for reason in row["reasons"]]
        sizes = [round(reason["contribution"], 2) for reason in row["reasons"]]
        assert part(data["reasons"], "contribution", k) == sizes


def test_the_summary_counts_and_says_what_is_not_known(data):
    verdicts = scores()["verdict"].to_pylist()
    assert data["summary"]["counts"] == {verdict: verdicts.count(verdict) for verdict in predict.VERDICTS}
    certificate = predict.load_shipped_model().certificate
    assert data["summary"]["certificate"] == str(certificate).splitlines()
    assert any("sent nothing in the 30 days" in line for line in data["summary"]["unknown"])


def test_statements_and_changes_are_those_of_explain(data, flagged):
    for k in (0, 2, 7):
        told = explain.statement(sample(), account_id=flagged[k]["account_id"], audience="user")
        facts = [data["words"][word] for word in part(data["statements"], "facts", k)]
        assert tuple(facts) == told.facts
        assert data["words"][data["statements"]["initiative"][k]] == told.initiative
        assert data["statements"]["same"]["redress"] == list(told.redress)
    assert len(data["changes"]) == FEW["n_changes"]
    margins = [row["score"] - row["threshold"] for row in flagged]
    closest = margins.index(min(margins))
    found = explain.counterfactual(sample(), account_id=flagged[closest]["account_id"])
    change = data["changes"][str(closest)]
    assert change["lead"] == str(found).splitlines()[0]
    assert change["changes"] == [[each.sentence, each.sentence_to] for each in found.changes]


def test_what_speaks_against_a_flag_has_the_figures_of_explain(data, flagged):
    for k, change in data["changes"].items():
        why = explain.reasons(sample(), account_id=flagged[int(k)]["account_id"])
        assert change["against"] == [
            [each.family, round(each.contribution, 2), each.sentence] for each in why.against
        ]
        assert change["against"]
        for family, size, sentence in change["against"]:
            assert f"{size:+.2f}  {family.replace('_', ' ')}: {sentence}" in str(why)


def test_known_labels_are_those_of_explain(data, flagged):
    for k in range(0, len(flagged), 8):
        known = explain.reasons(sample(), account_id=flagged[k]["account_id"]).known_label
        told = data["accounts"]["label"][k], data["accounts"]["labelled"][k]
        assert told == (
            (None, None) if known is None else (known.is_automated, known.labelled_at // 1_000_000)
        )
    assert {True, None} <= set(data["accounts"]["label"])


def cleared_world():
    """The doors' world; the two highest flags were cleared, the one label before the end and the other after it."""
    rows = predict.score(dataset(), model(), n_reasons=0, n_jobs=1).to_pylist()
    rows = sorted((row for row in rows if row["verdict"] == "automated"), key=lambda row: -row["score"])
    ids = [row["account_id"] for row in rows]
    until = 1 + dataset().last_instant()
    labels = tables()["labels"]
    added = {
        "account_id": ids[:2],
        "is_automated": [False] * 2,
        "labelled_at": [until - 1, until],
        "campaign": [None] * 2,
    }
    added = pa.Table.from_pydict(added, schema=labels.schema)
    return Dataset(**(tables() | {"labels": pa.concat_tables([labels, added])})), until, ids


def test_who_was_cleared_by_then_can_be_left_out_and_is_counted(tmp_path):
    world, until, ids = cleared_world()
    settings = {"as_of": until, "n_changes": 0, "n_pictures": 0, "n_jobs": 1}
    whole = report.write(world, tmp_path / "whole.html", model(), **settings)
    n = report.write(world, tmp_path / "queue.html", model(), leave_out_cleared=True, **settings)
    whole_data, data = (held((tmp_path / f"{name}.html").read_text("utf-8")) for name in ("whole", "queue"))
    cleared = [k for k, label in enumerate(whole_data["accounts"]["label"]) if label is False]
    assert ids[0] in [whole_data["accounts"]["id"][k] for k in cleared]
    assert data["summary"]["n_cleared"] == whole - n == len(cleared) > 0
    assert ids[0] not in data["accounts"]["id"]
    assert data["accounts"]["id"] == [
        each for k, each in enumerate(whole_data["accounts"]["id"]) if k not in cleared
    ]
    assert ids[1] in data["accounts"]["id"]  # cleared at the instant, which is not before it
    assert sum("left out of this page" in line for line in data["summary"]["unknown"]) == 1
    assert not any("of the lowest scores" in line for line in data["summary"]["unknown"])
    both = (dict(zip(zip(each["kind"], each["campaign"], strict=True), each["n_flagged"], strict=True))
            for each in (whole_data["campaigns"], data["campaigns"]))  # fmt: skip
    all_of, left = both
    assert left.items() <= all_of.items()
    report.write(
        world, tmp_path / "few.html", model(), leave_out_cleared=True, max_accounts=n - 1, **settings
    )
    unknown = held((tmp_path / "few.html").read_text("utf-8"))["summary"]["unknown"]
    assert any(line.startswith("1 flagged account of the lowest scores") for line in unknown)


def test_the_command_tells_how_many_are_left_out(tmp_path):
    folder = write_folder(tables() | {"labels": cleared_world()[0].labels}, tmp_path / "world")
    model().save(tmp_path / "m")
    arguments = (
        "report",
        folder,
        "--model",
        tmp_path / "m",
        "--as-of",
        iso(cleared_world()[1]),
        "--changes",
        0,
        "--pictures",
        0,
    )
    result = cli(*arguments, "--out", tmp_path / "x.html", "--leave-out-cleared")
    assert result.exit_code == 0, result.stderr
    n = held((tmp_path / "x.html").read_text("utf-8"))["summary"]["n_cleared"]
    assert f"{n} flagged account" in result.stdout.splitlines()[-1]
    assert "left out: the latest label says not automated" in result.stdout
    assert "Say --as-of to hear them" not in result.stderr
    late = cli(*(each for each in arguments if each not in ("--as-of", iso(cleared_world()[1]))),
               "--out", tmp_path / "y.html", "--leave-out-cleared")  # fmt: skip
    n_late = sum(
        at.value // 1000 >= cleared_world()[1] for at in cleared_world()[0].labels["labelled_at"].to_pandas()
    )
    assert f"Warning: {n_late} label" in late.stderr
    assert "Say --as-of to hear them" in late.stderr


def test_campaigns_are_those_of_find(data, flagged):
    history = predict.load_shipped_model().history_days
    found = find.campaigns(sample(), as_of=scores()["as_of"][0].as_py(), history_days=history)
    ids = {row["account_id"] for row in flagged}
    wanted = {}
    for row in found.members().to_pylist():
        wanted.setdefault((row["kind"], row["campaign"]), set()).add(row["account_id"])
    wanted = {key: members & ids for key, members in wanted.items() if members & ids}
    campaigns = data["campaigns"]
    keys = list(zip(campaigns["kind"], campaigns["campaign"], strict=True))
    shown = [{data["accounts"]["id"][i] for i in part(campaigns, "members", k)} for k in range(len(keys))]
    assert dict(zip(keys, shown, strict=True)) == wanted
    assert campaigns["n_flagged"] == [len(wanted[key]) for key in keys]
    assert wanted


def test_pictures_are_few_and_pictures(data):
    assert 0 < len(data["pictures"]) <= FEW["n_pictures"]
    assert all(base64.b64decode(each).startswith(b"\xff\xd8\xff") for each in data["pictures"])
    assert max(data["photos"]["picture"]) < len(data["pictures"])
    assert max(data["photos"]["picture"]) >= 0


def test_who_is_not_flagged_is_not_named(page, flagged):
    ids = {row["account_id"] for row in flagged}
    named = set(re.findall(r'"(a\d+)"', page[1]))
    assert named == ids


def test_a_campaign_shows_pictures_of_flagged_accounts_alone(flagged):
    """A picture of somebody who is not flagged is a name of theirs."""
    asked = []

    class Asked(Pictures):
        def number(self, photo):
            asked.append(photo)
            return -1

    found = find.campaigns(sample())
    table = scores().filter(pa.compute.equal(scores()["verdict"], "automated"))
    columns = crowds_of(found, sample(), table, len(table), np.arange(len(table)), Asked(None, 0))
    ids = {row["account_id"] for row in flagged}
    photos = sample().photos.to_pylist()
    theirs = {row["photo"] for row in photos if row["account_id"] in ids}
    others = {row["photo"] for row in photos} - theirs
    assert asked
    assert set(asked) <= theirs
    prints = found.fingerprints().filter(pa.compute.equal(found.fingerprints()["kind"], "photo"))
    assert {photos[row]["photo"] for row in prints["row"].to_pylist()} & others  # what would have been shown
    kinds = zip(columns["kind"], columns["pictures"], strict=True)
    assert all(len(pictures) >= (kind == "photo") for kind, pictures in kinds)


def test_the_same_call_writes_the_same_bytes(page, tmp_path):
    report.write(read_dataset(SAMPLE), tmp_path / "again.html", **(FEW | {"n_jobs": 2}))
    assert (tmp_path / "again.html").read_text("utf-8") == page[1]


def test_timelines_add_up_to_the_features():
    ego = EgoLog.build(dataset())
    until = 1 + dataset().last_instant()
    slices = ego.slices(np.arange(ego.n_accounts), until, history_days=30)
    told = tallies(ego, slices)
    names = ["send_rate_sends", "fan_out_strangers", "fan_out_recipients", "replies_recipient_share"]
    features = extract(dataset(), as_of=until, features=names, ego=ego)
    sends, strangers, replies, reports = told.totals()
    assert (sends == features[names[0]]).all()
    assert (strangers == features[names[1]]).all()
    answered = np.nan_to_num(features[names[2]] * features[names[3]])
    assert (replies == np.round(answered)).all()
    since = until - slices.history
    inside = (ego.reports[2] >= since) & (ego.reports[2] < until)
    assert (reports == np.bincount(ego.reports[0][inside], minlength=ego.n_accounts)).all()
    assert replies.any()
    assert reports.any()


def test_scores_over_time_are_those_of_explain(data, flagged):
    looks = data["looks"]
    assert len(looks["offsets"]) == len(flagged) + 1
    for k in (0, 5):
        own = explain.timeline(sample(), account_id=flagged[k]["account_id"], n_looks=12).looks.to_pylist()
        assert part(looks, "at", k) == [int(row["as_of"].timestamp()) for row in own]
        silent = [row["verdict"] == "insufficient_data" for row in own]
        wanted = [None if none else round(row["score"], 8) for row, none in zip(own, silent, strict=True)]
        assert part(looks, "score", k) == wanted
        assert part(looks, "flagged", k) == [int(row["verdict"] == "automated") for row in own]


def test_many_accounts_are_looked_at_less_often(tmp_path, monkeypatch):
    monkeypatch.setattr(cases, "_LOOKS", 0)
    monkeypatch.setattr(cases, "_LOOKS_SHARE", 0.0)
    report.write(dataset(), tmp_path / "x.html", model(), n_changes=0)
    offsets = held((tmp_path / "x.html").read_text("utf-8"))["looks"]["offsets"]
    assert set(np.diff(offsets).tolist()) <= {1, 2}


def test_how_good_it_is_is_what_one_look_finds(data):
    look, quality = evaluate.one_look(sample()), data["quality"]
    told = {(what, of): values for what, of, *values in quality["figures"]}
    for row in look.figures.to_pylist():
        of = "model" if row["of"] == "model" else "rule"
        assert told.pop((row["what"], of)) == [round(row[end], 4) for end in ("value", "low", "high")]
    assert not told
    curve = evaluate.flagging_curve(look.y, look.scores["model"])
    steps = set(
        zip(curve["honest_flagged"].to_numpy().round(5), curve["recall"].to_numpy().round(4), strict=True)
    )
    drawn = list(zip(*quality["curves"]["model"]["recall"], strict=True))
    assert set(drawn) <= steps
    assert drawn == sorted(drawn)
    assert (quality["n_automated"], quality["n_honest"], quality["rule"]) == (
        look.y.sum(),
        (~look.y).sum(),
        look.rule,
    )
    flagged = look.figure("honest_flagged")
    verdict = promise_verdict(flagged.low, flagged.high, look.fpr)
    assert (
        quality["promise"]
        == f"promised are at most {100 * look.fpr:g} % over all looks; by this one alone: {verdict}"
    )
    assert quality["said"][-1].startswith("None of these labels is in the model's memory")


def test_a_model_that_learned_from_these_labels_is_told(tmp_path):
    report.write(dataset(), tmp_path / "x.html", model(), n_changes=0)
    said = held((tmp_path / "x.html").read_text("utf-8"))["quality"]["said"]
    assert said[-1].startswith("The model learned from labels of ")


@pytest.mark.parametrize(("n", "says"), [(0, "No account of each kind"), (15, "too few to measure by")])
def test_few_labels_are_a_sentence(tmp_path, n, says):
    labels = dataset().labels.sort_by("labelled_at")
    honest = labels.filter(pa.compute.invert(labels["is_automated"]))
    few = pa.concat_tables([labels.filter(labels["is_automated"])[:n], honest])
    report.write(Dataset(**(tables() | {"labels": few})), tmp_path / "x.html", model(), n_changes=0)
    quality = held((tmp_path / "x.html").read_text("utf-8"))["quality"]
    assert list(quality) == ["said"]
    assert says in quality["said"][0]


def test_timelines_are_short():
    ego = EgoLog.build(dataset())
    slices = ego.slices(np.arange(ego.n_accounts), 1 + dataset().last_instant(), history_days=30)
    told = tallies(ego, slices)
    step = np.repeat(told.step_h, np.diff(told.offsets))
    assert (told.begin % step == 0).all()
    assert np.diff(told.offsets).max() <= 60
    assert {1, 12} <= set(told.step_h.tolist())


def test_nothing_at_or_after_the_instant_is_on_the_page(tmp_path):
    until = iso(dataset().last_instant() - 10 * 86_400_000_000)
    report.write(dataset(), tmp_path / "whole.html", model(), as_of=until, n_changes=1)
    cut = Dataset(
        **{
            name: table if time is None else table.filter(pa.compute.less(table[time], pa.scalar(until).cast(
                table.schema.field(time).type)))
            for name, table, time in _tables()
        }
    )  # fmt: skip
    report.write(cut, tmp_path / "cut.html", model(), as_of=until, n_changes=1)
    whole, part = (held((tmp_path / name).read_text("utf-8")) for name in ("whole.html", "cut.html"))
    assert whole["accounts"]["id"]
    for each in (whole, part):
        del each["summary"]["rows"]
    assert whole == part


def test_the_summary_counts_who_was_there_before_the_instant(tmp_path):
    """Accounts that begin at or after it are in nobody's count, nor in what is not known."""
    until = dataset().last_instant() - 10 * 86_400_000_000
    day = pa.scalar(until, pa.timestamp("us", "UTC"))
    late = {
        "accounts": {"account_id": ["late", "later"], "registered_at": [day, None]},
        "messages": {
            "sender_id": ["unheard", "later"],
            "recipient_id": ["late", "late"],
            "sent_at": [day, day],
        },
    }
    more = tables() | {
        name: pa.concat_tables([tables()[name], pa.table(rows)], promote_options="permissive")
        for name, rows in late.items()
    }
    found = []
    for name, world in (("without.html", dataset()), ("with.html", Dataset(**more))):
        report.write(world, tmp_path / name, model(), as_of=iso(until), n_changes=0, n_jobs=1)
        found.append(held((tmp_path / name).read_text("utf-8"))["summary"])
    silent = [each["counts"].pop("insufficient_data") for each in found]
    assert silent[1] == silent[0] + 1  # "later" has a row that tells no instant: it may have been there
    assert f"{silent[1]:,} accounts sent nothing" in str(found[1]["unknown"])
    assert found[0]["counts"] == found[1]["counts"]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1))
def test_what_begins_later_changes_no_count(tmp_path, seed):
    """Accounts and messages around the instant, some at it to the microsecond; the later ones are cut away."""
    rng = random.Random(seed)
    ids = [f"a{k}" for k in range(9)]

    def when():
        return rng.choice([-1e-6, 0.0, rng.uniform(-40, 5) * 86_400])

    rows = {
        "accounts": [account(each, registered_at=at(when())) for each in ids[:6]],
        "messages": [sent(*rng.sample(ids, 2), when()) for _ in range(25)] + [sent("a0", "a1", -60.0)],
    }
    early = {
        name: [row for row in part if row[TIMES[name]] < START] for name, part in tables_of(**rows).items()
    }
    found = []
    for world in (tables_of(**rows), early):
        shown = Dataset(**arrow(world), not_after="2040-01-01", max_bad_share=1.0)
        report.write(shown, tmp_path / "r.html", model(), as_of=START, n_changes=0, n_jobs=1)
        found.append(held((tmp_path / "r.html").read_text("utf-8"))["summary"])
    for each in found:
        del each["rows"]  # of the whole data
    assert found[0] == found[1]


def test_the_order_of_rows_does_not_matter(tmp_path):
    """Neither of accounts of equal scores, nor of texts and photos of one instant."""
    world = dict(tables())
    for name, column, word in (("photos", "photo", "x.png"), ("texts", "text", "hello")):
        again = world[name].set_column(
            world[name].column_names.index(column), column, pa.array([word] * len(world[name]))
        )
        world[name] = pa.concat_tables([world[name], again])
    pages = []
    for seed in (None, 1, 2):
        rng = np.random.default_rng(seed)
        shuffled = {
            name: table if seed is None else table.take(pa.array(rng.permutation(len(table))))
            for name, table in world.items()
        }
        report.write(Dataset(**shuffled), tmp_path / "r.html", model(), n_changes=2, n_jobs=1)
        pages.append((tmp_path / "r.html").read_bytes())
    assert pages[0] == pages[1] == pages[2]


def _tables():
    times = {
        "accounts": None, "messages": "sent_at", "photos": "set_at", "texts": "observed_at", "reports": "reported_at",
        "labels": "labelled_at", "evidence": "observed_at",
    }  # fmt: skip
    return [(name, getattr(dataset(), name), time) for name, time in times.items()]


# ---- what strangers wrote -------------------------------------------------------------------------------------------


def test_hostile_text_stays_text():
    text = page_of({"id": [HOSTILE]}, title=HOSTILE).decode()
    assert held(text) == {"id": [HOSTILE]}
    assert "onerror=alert(1)>" not in text
    assert text.count("</script>") == 2
    assert not set("<>&\u2028\u2029") & set(as_json([HOSTILE]))


def test_only_the_own_script_and_style_may_run(page):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page[1])[1]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    script, style = (re.findall(rf"<{tag}>(.*?)</{tag}>", page[1], re.S) for tag in ("script", "style"))
    for name, (source,) in (("script-src", script), ("style-src", style)):
        digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
        assert f"{name} 'sha256-{digest}'" in policy


def test_the_script_makes_no_markup_of_data():
    script = script_of().replace("http://www.w3.org/2000/svg", "")  # a name, which nobody fetches
    banned = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", "://")
    assert not [word for word in banned if word in script]


# ---- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"out": "report.pdf"}, r"out: the file must end in \.html; got 'report\.pdf'"),
        ({"out": 3}, "report: out must be a path"),
        ({"n_changes": -1}, "report: n_changes must be a whole number from 0; got -1"),
        ({"n_pictures": 1.5}, "report: n_pictures must be a whole number from 0; got 1.5"),
        ({"max_accounts": None}, "report: max_accounts must be a whole number from 0; got None"),
        ({"leave_out_cleared": "yes"}, "report: leave_out_cleared must be True or False; got 'yes'"),
        ({"as_of": "soon"}, "report: as_of must be an instant"),
    ],
)
def test_what_is_refused(tmp_path, arguments, says):
    with pytest.raises(ParameterError, match=says):
        report.write(**({"dataset": dataset(), "out": tmp_path / "x.html", "model": model()} | arguments))
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(OutputError, match="out: its folder must exist"):
        report.write(dataset(), tmp_path / "none" / "x.html", model())


# ---- few or no accounts, other ids ----------------------------------------------------------------------------------


def test_fewer_accounts_than_are_flagged(tmp_path, flagged):
    assert report.write(sample(), tmp_path / "x.html", n_changes=0, n_pictures=0, max_accounts=4) == 4
    data = held((tmp_path / "x.html").read_text("utf-8"))
    assert data["accounts"]["id"] == [row["account_id"] for row in flagged[:4]]
    assert any(line.startswith(f"{len(flagged) - 4} flagged accounts") for line in data["summary"]["unknown"])
    assert all(member < 4 for member in data["campaigns"]["members"])
    assert any(
        flagged[4]["account_id"] == row["account_id"]
        for row in find.campaigns(sample()).members().to_pylist()
    )
    assert data["pictures"] == []
    assert data["changes"] == {}


def test_nobody_is_flagged_and_ids_are_numbers(tmp_path):
    messages = {"sender_id": [2**60], "recipient_id": [2], "sent_at": [1_780_000_000]}
    few = Dataset(accounts={"account_id": [2**60, 2]}, messages=messages, time_unit="s")
    assert report.write(few, tmp_path / "x.html") == 0
    data = held((tmp_path / "x.html").read_text("utf-8"))
    assert data["accounts"]["id"] == data["campaigns"]["kind"] == []
    assert sum("were given" in line for line in data["summary"]["unknown"]) == 4


def test_the_command(tmp_path):
    out = tmp_path / "report.html"
    result = cli("report", SAMPLE, "--out", out, "--changes", 0, "--pictures", 0, "--max-accounts", 3)
    assert result.exit_code == 0, result.stderr
    assert "3 flagged accounts written to" in result.stdout
    assert len(held(out.read_text("utf-8"))["accounts"]["id"]) == 3
    assert cli("report", SAMPLE, "--out", tmp_path / "report.txt").exit_code == 2

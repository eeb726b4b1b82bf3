"""The page in a real browser: sort, filter, open a case, decide, and what strangers wrote runs nothing."""

from __future__ import annotations

import csv
import json
import re
import time
from contextlib import contextmanager
from functools import cache, partial
from itertools import pairwise

import pyarrow as pa
import pytest

from spamclf import Dataset, explain, report
from tests.doors import model, tables
from tests.report.axe import grave
from tests.report.browser import DOWN, ENTER, ESCAPE, MISSING, browser

pytestmark = [pytest.mark.slow, pytest.mark.skipif(MISSING is not None, reason=str(MISSING))]

HOSTILE = "</script><img src=x onerror=alert(1)>"
NAMES = {"accounts": ["account_id"], "messages": ["sender_id", "recipient_id"]}


@cache
def hostile() -> Dataset:
    """The world of the doors; every id, text and path of a photo is an attack."""
    attacked = {}
    for name, table in tables().items():
        for column in table.column_names:
            if column.endswith("_id") or column in ("text", "photo"):
                values = table[column].to_pylist()
                harmful = [None if each is None else f"{HOSTILE}{each}" for each in values]
                table = table.set_column(table.column_names.index(column), column, pa.array(harmful))
        attacked[name] = table
    return Dataset(**attacked)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    out = tmp_path_factory.mktemp("page") / "report.html"
    report.write(hostile(), out, model(), n_changes=500)
    return out


@pytest.fixture(scope="module")
def window():
    with browser() as started:
        yield started


@pytest.fixture
def opened(window, page):
    window.open(page)
    window.run("localStorage.clear()")
    window.open(page, "?")  # another address, so that it is loaded again
    window.log()
    return window


@contextmanager
def second(window, page):
    """Open a page in a second tab, and return ways to change to the first and to the second."""
    one = window.call("GET", "/window")
    two = window.call("POST", "/window/new", {"type": "tab"})["handle"]
    change = [partial(window.call, "POST", "/window", {"handle": each}) for each in (one, two)]
    try:
        change[1]()
        window.open(page)
        yield change
    finally:
        change[1]()
        window.call("DELETE", "/window")
        change[0]()


def shown(window, column):
    return window.texts(f"#rows tr > :nth-child({column})")


OPEN = "!document.getElementById('case').hidden"


def go(window, fragment):
    """Follow an address within the page."""
    window.run("location.hash = arguments[0]", fragment)
    what = fragment.split("-")[0]
    window.until(OPEN if what == "account" else f"document.activeElement.id === '{fragment}'")


def case(window):
    hidden = window.run("return document.getElementById('case').hidden")
    return None if hidden else window.texts("#case-title")[0].removeprefix("Account ")


def test_it_is_all_there_and_nothing_runs(opened):
    ids = shown(opened, 1)
    assert len(ids) > 5
    assert all(each.startswith(HOSTILE) for each in ids)
    for i in range(len(ids)):
        go(opened, f"account-{i}")
        opened.until(f"document.querySelector('#case-title bdi').textContent === {json.dumps(ids[i])}")
    images = opened.run("return [...document.images].filter((each) => !each.src.startsWith('data:')).length")
    assert images == 0
    assert opened.run("return document.scripts.length") == 2
    with pytest.raises(AssertionError, match="no such alert"):
        opened.call("GET", "/alert/text")
    assert opened.log() == []


def test_the_policy_stops_what_gets_in(opened):
    opened.run("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.ran = 1\">')")
    opened.run(
        "const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s)"
    )
    heard = []
    for _ in range(100):
        heard += [line for line in opened.log() if "Content Security Policy" in line]
        if len(heard) >= 2:
            break
        time.sleep(0.02)
    assert len(heard) >= 2
    assert opened.run("return window.ran === undefined")


def test_sorting(opened):
    scores = opened.run("return JSON.parse(document.getElementById('data').textContent).accounts.score")
    assert scores == sorted(scores, reverse=True)
    opened.click("#head th:nth-child(3) button")
    sends = [int(each.replace(",", "")) for each in shown(opened, 3)]
    assert sends == sorted(sends, reverse=True)
    assert len(set(sends)) > 3
    opened.click("#head th:nth-child(3) button")
    assert [int(each.replace(",", "")) for each in shown(opened, 3)] != sends
    sorts = opened.run(
        "return [...document.querySelectorAll('#head th')].map((each) => each.getAttribute('aria-sort'))"
    )
    assert [each for each in sorts if each] == ["ascending"]
    assert sorts[2] == "ascending"
    opened.click("#head th:nth-child(1) button")
    ids = [int(each.rpartition(">")[2].lstrip("a")) for each in shown(opened, 1)]
    assert ids == sorted(ids)


def test_searching_and_filtering(opened):
    ids = shown(opened, 1)
    wanted = ids[2].removeprefix(HOSTILE)
    opened.keys("/")
    opened.keys(f">{wanted}")
    assert shown(opened, 1) == [each for each in ids if f">{wanted}" in each]
    opened.click("#clear")
    opened.until(
        "!document.querySelector('#search').value && document.querySelector('#rows').children.length > 1"
    )
    assert shown(opened, 1) == ids
    data = opened.run("return JSON.parse(document.getElementById('data').textContent)")
    campaigns = data["campaigns"]
    members = campaigns["members"][campaigns["offsets"][0] : campaigns["offsets"][1]]
    pick = "const list = document.getElementById('by-campaign'); list.value = '0';"
    opened.run(f"{pick} list.dispatchEvent(new Event('input', {{ bubbles: true }}))")
    assert shown(opened, 1) == [data["accounts"]["id"][i] for i in members]
    assert len(members) < len(ids)


def test_known_labels_are_sorted_filtered_and_told(opened):
    data = opened.run("return JSON.parse(document.getElementById('data').textContent)")["accounts"]
    words = {None: "", True: "Automated", False: "Not automated"}
    wanted = {each: words[label] for each, label in zip(data["id"], data["label"], strict=True)}
    assert [each.rpartition(" ")[0] for each in shown(opened, 8)] == [
        wanted[each] for each in shown(opened, 1)
    ]
    opened.click("#head th:nth-child(8) button")
    told = [wanted[each] for each in shown(opened, 1)]
    assert told == sorted(told, reverse=True)
    for value in {each or "none" for each in told}:
        opened.run("document.getElementById('by-label').value = arguments[0]", value)
        opened.run("document.getElementById('by-label').dispatchEvent(new Event('input'))")
        assert {wanted[each] or "none" for each in shown(opened, 1)} == {value}
    k = data["label"].index(True)
    go(opened, f"account-{k}")
    said = " ".join(opened.texts("#case .facts dd"))
    assert "Automated, since " in said
    assert "it is no part of the score" in said
    assert any(line.startswith("For you, not for the user:") for line in opened.texts("#case section > p"))
    assert not any("label" in line for line in opened.texts("#case .statement"))


def test_nothing_is_said_of_reports_where_none_are_given(window, opened, tmp_path):
    assert "Reports" in opened.texts("#head th")
    given = {name: table for name, table in tables().items() if name != "reports"}
    report.write(Dataset(**given), tmp_path / "r.html", model(), n_changes=0)
    window.open(tmp_path / "r.html")
    assert "Reports" not in window.texts("#head th")
    go(window, "account-0")
    window.run("document.querySelectorAll('#case details').forEach((each) => { each.open = true; })")
    said = " ".join(
        window.texts("#case .facts dd") + window.texts("#case .legend") + window.texts("#case th")
    )
    assert "sends" in said
    assert "report" not in said
    assert window.log() == []


def test_figures_are_rounded_as_explain_rounds_them(opened):
    data = opened.run("return JSON.parse(document.getElementById('data').textContent)")
    for k in (0, len(data["accounts"]["id"]) - 1):
        why = explain.reasons(hostile(), model(), data["accounts"]["id"][k])
        go(opened, f"account-{k}")
        opened.until(
            f"document.querySelector('#case-title bdi').textContent === {json.dumps(data['accounts']['id'][k])}"
        )
        told = [each.replace("\u2212", "-") for each in opened.texts("#case .bars .n")]
        assert told == [f"{each.contribution:+.2f}" for each in (*why.top, *why.against)]
        score, threshold = opened.texts("#case .facts dd")[0].split(", flagged from ")
        assert f"score {score}, threshold {threshold}:" in str(why)


def test_a_decision_is_not_cut_off_beside_a_case(opened):
    go(opened, "account-1")
    opened.click("#decide button[value=not_automated]")
    opened.until("document.querySelector('#rows .mark')")
    room = opened.run(
        "const table = document.querySelector('.scroll'); return [table.scrollWidth, table.clientWidth]"
    )
    assert room[0] == room[1]


def test_a_case_by_keys(opened):
    ids = shown(opened, 1)
    opened.keys("/")
    opened.keys(DOWN + DOWN + ENTER)
    opened.until(OPEN)
    assert case(opened) == ids[1]
    assert opened.run("return document.activeElement.id") == "case-title"
    headings = opened.texts("#case h3")
    assert {"What it did", "Why it is flagged", "What speaks against it", "What would clear it"} <= set(
        headings
    )
    data = opened.run("return JSON.parse(document.getElementById('data').textContent)")
    low, high = data["reasons"]["offsets"][1:3]
    sentences = [data["words"][word] for word in data["reasons"]["sentence"][low:high]]
    assert opened.texts("#case .bars.for .sentence") == sentences
    assert opened.run("return document.querySelectorAll('#case svg .sends').length") > 0
    opened.click("#note")
    opened.keys("seen before")
    opened.keys(ESCAPE)
    assert case(opened) is None
    assert opened.run("return document.activeElement.textContent") == ids[1]
    opened.keys(DOWN + ENTER)
    opened.until(OPEN)
    assert case(opened) == ids[2]
    go(opened, "account-1")
    opened.until("document.getElementById('note').value === 'seen before'")


def test_a_timeline_as_numbers_adds_up(opened):
    go(opened, "account-0")
    opened.click("#case details summary")
    opened.until("document.querySelector('#case details td')")
    rows = opened.texts("#case section:has(svg .sends) details td")
    sends = sum(int(each.replace(",", "")) for each in rows[::4])
    assert f"{sends:,} sends" in "".join(opened.texts("#case .facts"))


def test_decisions_are_kept_and_exported(opened, page):
    opened.run(
        "window.saved = []; const made = URL.createObjectURL; "
        "URL.createObjectURL = (blob) => { blob.text().then((text) => window.saved.push(text)); return made(blob); }"
    )
    opened.click("#reviewer")
    opened.keys("=Zoe")
    go(opened, "account-1")
    opened.click("#note")
    opened.keys('=1+1, "quoted"')
    opened.click("#decide button[value=not_automated]")
    opened.click("#case-next")
    opened.until("location.hash === '#account-2' && !document.querySelector('#decide [aria-pressed=true]')")
    opened.click("#decide button[value=appeal_accepted]")
    opened.click("#decide button[value=unsure]")
    opened.click("#case-next")
    opened.until("location.hash === '#account-3' && !document.querySelector('#decide [aria-pressed=true]')")
    opened.click("#decide button[value=automated]")
    opened.click("#decide button[value=automated]")  # taken back
    opened.click("#case-close")
    opened.click("#as-json")
    opened.click("#as-csv")
    opened.until("window.saved.length === 2")
    as_json, as_csv = opened.run("return window.saved")
    data = opened.run("return JSON.parse(document.getElementById('data').textContent)")
    exported = json.loads(as_json)
    assert {name: exported[name] for name in ("format", "version")} == {
        "format": "spamclf-decisions",
        "version": 1,
    }
    first, second = exported["decisions"]
    assert list(first) == ["account_id", "decided_at", "decision", "note", "score_id", "reviewer"]
    assert first["account_id"] == data["accounts"]["id"][1]
    assert first["score_id"] == data["accounts"]["score_id"][1]
    assert (first["decision"], first["note"], first["reviewer"]) == (
        "not_automated",
        '=1+1, "quoted"',
        "=Zoe",
    )
    assert (second["decision"], second["note"]) == ("unsure", "")
    assert first["decided_at"].endswith("Z")
    rows = list(csv.DictReader(as_csv.splitlines()))
    for row, each in zip(rows, exported["decisions"], strict=True):  # what people wrote is no formula
        assert row == {**each, "note": each["note"] and f"'{each['note']}", "reviewer": "'=Zoe"}
    opened.open(page)
    opened.until(
        "document.querySelector('#rows .mark')"
    )  # a download may end the waiting for a page too early
    assert opened.texts("#rows .mark") == ["Not automated", "Unsure"]
    opened.run("document.getElementById('by-decision').value = 'unsure'")
    opened.run("document.getElementById('by-decision').dispatchEvent(new Event('input'))")
    assert shown(opened, 1) == [data["accounts"]["id"][2]]


def stored(window):
    return window.run("return JSON.parse(Object.values(localStorage)[0])")


def test_two_tabs_keep_the_decisions_of_both(opened, page):
    ids = opened.run("return JSON.parse(document.getElementById('data').textContent).accounts.id")
    with second(opened, page) as (first, other):
        for tab, i in ((first, 0), (other, 1), (first, 2)):
            tab()
            go(opened, f"account-{i}")
            opened.until(f"document.querySelector('#case-title bdi').textContent === {json.dumps(ids[i])}")
            opened.click("#decide button[value=unsure]")
        assert [each["account_id"] for each in stored(opened)["decisions"]] == ids[:3]
        for tab in (first, other):  # each hears of the other without being asked
            tab()
            opened.until("document.getElementById('n-decided').textContent.startsWith('3 of ')")
            opened.until("document.querySelectorAll('#rows .mark').length === 3")
        go(opened, "account-0")
        opened.until("document.querySelector('#decide [aria-pressed=true]')")
        opened.click("#decide button[value=unsure]")  # taken back by the other tab
        first()
        opened.until("document.getElementById('n-decided').textContent.startsWith('2 of ')")
        opened.run("document.getElementById('reviewer').value = 'Ada'")
        opened.run("document.getElementById('reviewer').dispatchEvent(new Event('change'))")
        other()
        opened.until("document.getElementById('reviewer').value === 'Ada'")
    assert [each["account_id"] for each in stored(opened)["decisions"]] == ids[1:3]


@pytest.mark.parametrize(
    "spoilt", ["{", "null", "[]", '{"decisions": 5}', '{"decisions": [null, 5, {}], "reviewer": {}}', None]
)
def test_what_is_stored_and_is_no_decision_is_left_aside(opened, page, spoilt):
    go(opened, "account-1")
    opened.click("#decide button[value=unsure]")
    if spoilt is None:
        each = stored(opened)["decisions"][0]
        wrong = [{"decided_at": 5}, {"decided_at": None}, {"decision": "zzz"}, {"decision": "toString"}]
        spoilt = json.dumps({"decisions": [each | more for more in wrong]})
    opened.run("localStorage.setItem(Object.keys(localStorage)[0], arguments[0])", spoilt)
    opened.open(page, "?again")
    opened.until("document.querySelector('#rows tr')")
    assert opened.texts("#n-decided")[0].startswith("0 of ")
    go(opened, "account-1")
    opened.click("#decide button[value=unsure]")
    assert len(stored(opened)["decisions"]) == 1
    assert opened.log() == []


def test_a_long_id_is_shown_short_and_exported_whole(opened, page, tmp_path):
    """A browser that lays out a word of 100,000 letters takes a minute."""
    text = page.read_text("utf-8")
    first = re.search(r'"accounts":\{"id":\["((?:[^"\\]|\\.)*)"', text)[1]
    assert text.count(f'"{first}"') == 1
    (tmp_path / "long.html").write_text(text.replace(f'"{first}"', f'"={"A" * 100_000}"'), "utf-8")
    opened.open(tmp_path / "long.html", "#account-0")
    opened.until(OPEN)
    told = f"={'A' * 63}…"
    assert told in shown(opened, 1)
    assert case(opened) == told
    assert opened.run("return document.querySelector('#case-title bdi').title.length") == 100_001
    assert opened.run("return document.body.innerText.length") < 100_000
    opened.run(
        "window.saved = []; const made = URL.createObjectURL; "
        "URL.createObjectURL = (blob) => { blob.text().then((text) => window.saved.push(text)); return made(blob); }"
    )
    opened.click("#decide button[value=unsure]")
    opened.click("#as-json")
    opened.click("#as-csv")
    opened.until("window.saved.length === 2")
    as_json, as_csv = opened.run("return window.saved")
    assert json.loads(as_json)["decisions"][0]["account_id"] == f"={'A' * 100_000}"
    (row,) = csv.DictReader(as_csv.splitlines())
    assert row["account_id"] == f"'={'A' * 100_000}"  # no formula


def test_a_campaign_and_back(opened):
    go(opened, "campaign-0")
    opened.click("#campaign-0 .members a")
    opened.until(OPEN)
    data = opened.run("return JSON.parse(document.getElementById('data').textContent)")
    assert case(opened) == data["accounts"]["id"][data["campaigns"]["members"][0]]


def test_scores_over_time_are_drawn_and_told(opened):
    data = opened.run("return JSON.parse(document.getElementById('data').textContent)")
    looks = data["looks"]
    sizes = [end - begin for begin, end in pairwise(looks["offsets"])]
    i = sizes.index(max(sizes))
    low, high = looks["offsets"][i : i + 2]
    go(opened, f"account-{i}")
    known = [each for each in looks["score"][low:high] if each is not None]
    assert len(opened.texts("#case svg .dot")) == len(known) > 1
    assert len(opened.texts("#case svg .dot.flagged")) == sum(looks["flagged"][low:high]) > 0
    said = opened.run("return document.querySelector('#case svg:has(.dot)').getAttribute('aria-label')")
    assert said.startswith("Score over time, threshold ")
    assert said.count(";") == high - low - 1
    assert said.count("not flagged") == len(known) - sum(looks["flagged"][low:high])


def test_how_good_it_is_is_drawn_and_told(opened):
    data = opened.run("return JSON.parse(document.getElementById('data').textContent)")["quality"]
    assert opened.texts("#quality-said p") == data["said"]
    cells = opened.texts("#quality .figures td:nth-child(2)")
    value, low, high = next(row[2:] for row in data["figures"] if row[:2] == ["roc_auc", "model"])
    assert f"{value:.3f} [{low:.3f}, {high:.3f}]" in cells
    said = opened.run(
        "return [...document.querySelectorAll('#quality svg')].map((each) => each.getAttribute('aria-label'))"
    )
    assert [each.split()[0] for each in said] == ["At", "Average", "Of"]
    assert not any("NaN" in each or "undefined" in each for each in said)
    lines = opened.run(
        "return [...document.querySelectorAll('#quality polyline')].map((each) => each.getAttribute('points'))"
    )
    assert len(lines) == 5
    assert not any("NaN" in each for each in lines)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("where", ["accounts", "account-1"])
def test_nothing_grave_is_wrong_for_those_who_do_not_see(opened, where, scheme):
    opened.emulate(prefers_color_scheme=scheme)
    if where != "accounts":
        go(opened, where)
    assert grave(opened) == []


def test_it_prints(opened):
    assert opened.printed().startswith(b"%PDF")
    go(opened, "account-1")
    assert opened.printed().startswith(b"%PDF")
    assert opened.log() == []


def test_everything_has_a_name_and_enough_contrast(opened):
    go(opened, "account-1")
    unnamed = opened.run(
        """return [...document.querySelectorAll("button, input, select, textarea, a")].filter((each) =>
        !each.textContent.trim() && !each.getAttribute("aria-label") && !(each.labels && each.labels.length)
        ).map((each) => each.outerHTML)"""
    )
    assert unnamed == []
    for scheme in ("light", "dark"):
        opened.emulate(prefers_color_scheme=scheme)
        assert opened.run(_FAINT) == [], scheme


_FAINT = """
const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
const light = (colour) => {
  const [r, g, b] = channels(colour).map((c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ground = (node) => {
  for (; node; node = node.parentElement) {
    const colour = getComputedStyle(node).backgroundColor;
    if (channels(colour)[3] !== 0) return colour;
  }
  return "rgb(255, 255, 255)";
};
const faint = [];
for (const node of document.querySelectorAll("body *")) {
  const own = [...node.childNodes].some((each) => each.nodeType === 3 && each.textContent.trim());
  if (!own || !node.checkVisibility() || node.matches(":disabled, script, svg *, option")) continue;
  const [a, b] = [light(getComputedStyle(node).color), light(ground(node))].sort((x, y) => y - x);
  if ((a + 0.05) / (b + 0.05) < 4.5) faint.push(`${node.tagName}.${node.className}`);
}
return [...new Set(faint)];
"""

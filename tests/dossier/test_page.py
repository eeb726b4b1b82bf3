"""The page is one file that needs no network, and what strangers wrote stays text."""

from __future__ import annotations

from functools import cache
from html.parser import HTMLParser

from spamclf import dossier
from spamclf.dossier.page import page_of
from tests.dossier.common import BAD, DAY, HOUR, START, by_hand, found

VOID = {"meta", "img", "br", "line", "rect"}


class Page(HTMLParser):
    """Every tag with its attributes, and all text; tags must close as they open."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.texts, self.open = [], [], []
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def of(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


@cache
def hostile():
    data = by_hand(name=f"Bulk{BAD}", hostile=BAD)
    case = dossier.gather(
        data, operator=f"Bulk{BAD}", as_of=START + 35 * HOUR, policy_date=START + DAY, n_jobs=1
    )
    return case.to_html()


def test_names_of_strangers_stay_text():
    page = Page(hostile())
    assert not page.of("script")
    assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)
    assert "\u202e" not in hostile()
    assert "\x1b" not in hostile()
    shown = "<script>alert(1)</script>\"'&\\u202e\\x1b[2J"
    for name in ("Bulk", "b0", "b1", "device phone", "advertisement ", "ask our adviser "):
        assert any(f"{name}{shown}" in text for text in page.texts), name


def test_no_network():
    for html in (hostile(), found().to_html()):
        page = Page(html)
        links = [attrs[name] for _, attrs in page.tags for name in ("href", "src") if name in attrs]
        assert links
        assert all(link.startswith(("#", "data:image/jpeg;base64,")) for link in links)
        assert not page.of("link")
        assert "url(" not in html
        assert "@import" not in html
        policies = [attrs["content"] for attrs in page.of("meta") if "http-equiv" in attrs]
        assert policies == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]


def test_it_is_accessible():
    page = Page(found().to_html())
    assert page.of("html") == [{"lang": "en"}]
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert {attrs["aria-labelledby"] for attrs in page.of("section")} == set(ids)
    assert {attrs["href"] for attrs in page.of("a")} == {f"#{each}" for each in ids}
    assert len(page.of("caption")) == len(page.of("table"))
    assert all(attrs["scope"] in ("col", "row") for attrs in page.of("th"))
    assert page.of("img")
    assert all(attrs["alt"] for attrs in page.of("img"))
    assert all(attrs["aria-label"] for attrs in page.of("svg"))
    assert "prefers-color-scheme: dark" in found().to_html()
    assert "@media print" in found().to_html()


def test_all_of_the_data_is_told():
    page, contents = "".join(Page(found().to_html()).texts), found().to_dict()
    for row in contents["accounts"]:
        assert row["account_id"] in page
    for row in contents["evidence"]:
        assert row["sha256"] in page
        assert row["source"] in page
    for remarks in contents["remarks"].values():
        assert all(sentence in page for sentence in remarks)
    assert contents["about"]["model"]["digest"] in page
    for each in contents["inputs"]["files"]:
        assert each["sha256"] in page


def test_the_page_tells_the_hash_of_the_data():
    import hashlib

    assert hashlib.sha256(found().to_json().encode()).hexdigest() in found().to_html()


def test_no_score_is_written_as_certain():
    """A probability that rounds to 1 would be read as a proof."""
    contents = found().to_dict()
    account = next(row for row in contents["accounts"] if row["score"]["verdict"] == "automated")
    for score, told in ((0.99996, "over 0.9999, automated"), (0.9998, "0.9998, automated")):
        account["score"]["score"] = score
        assert told in page_of(contents, {}, "")
        assert "1.0000, " not in page_of(contents, {}, "")

"""Sections of a dossier's page: the accounts, the evidence on them, what they share, their photos."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from spamclf.dossier.markup import Markup, number, picture, table, text, when
from spamclf.dossier.pictures import MOST_PICTURES
from spamclf.wording import counted

__all__ = ["PLACES", "accounts_of", "evidence_of", "photos_of", "shared_of"]

Contents = Mapping[str, Any]
#: Where evidence was seen, in words.
PLACES = {"on_platform": "on the platform", "off_platform": "off the platform"}
_ID = 64  # letters of an id
_HIGH = 0.9999  # a score above it would be written as 1 and read as a proof


def accounts_of(contents: Contents) -> str:
    """Lay out what ties each account, and what it did."""
    ties, sends = [], []
    for each in contents["accounts"]:
        name, score = text(each["account_id"], longest=_ID), each["score"]
        verdict = score["verdict"].replace("_", " ")
        told = verdict
        if score["verdict"] != "insufficient_data":
            chance = f"over {_HIGH}" if score["score"] > _HIGH else f"{score['score']:.4f}"
            told = f"{chance}, {verdict}"
        basis = "known" if each["known"] else "inferred"
        tied = Markup("; ".join(_tie(tie) for tie in each["ties"]))
        registered = when(each["registration"]["registered_at"])
        tag = Markup(f'<span class="tag {basis}">{basis}</span>')
        ties.append((name, tag, tied, registered, each["label"] or "none", told))
        sends.append((name, *_sends(each)))
    heads = ["Account", "#Sent", "#Strangers", "First sent", "Last sent", "#Reports", "#Blocks"]
    if contents["after_policy"] is not None:
        heads += ["#Sent since policy date", "#Strangers since", "Registered since"]
    html = table(
        "What ties the accounts, by id",
        ["Account", "Basis", "Evidence, and what it shares", "Registered", "Label", "Model's score"],
        ties,
    )
    html = Markup(html + table("What the accounts did", heads, sends))
    note = "Reasons of the scores, labels with their dates and the hashes of all rows are in dossier.json."
    return f'{html}<p class="soft">{note}</p>'


def _sends(each: Contents) -> list[Any]:
    """Return what an account did: the cells of its row."""
    cells = [
        number(each["n_sent"]),
        number(each["n_strangers"]),
        when(each["first_sent"], none="never"),
        when(each["last_sent"], none="never"),
        number(each["n_reports"]),
        number(each["n_blocks"]),
    ]
    after = each.get("after_policy")
    if after is not None:
        new = {None: "not known", True: "yes", False: "no"}[after["registered"]]
        cells += [number(after["n_sent"]), number(after["n_strangers"]), new]
    return cells


def _tie(tie: Contents) -> Markup:
    if tie["known"]:
        return Markup(f"evidence {PLACES[tie['what']]}")
    name = text(tie["what"], longest=_ID)
    return name if tie["used"] else Markup(f'<span class="soft">{name} (not used)</span>')


def evidence_of(contents: Contents) -> str:
    """Lay out the evidence on the accounts."""
    rows = [
        (
            when(row["observed_at"]),
            text(row["account_id"], longest=_ID),
            PLACES[row["kind"]],
            text(row["operator"]) if row["operator"] is not None else "not named",
            text(row["source"]) if row["source"] is not None else "not named",
            Markup(f"<code>{row['sha256']}</code>"),
        )
        for row in contents["evidence"]
    ]
    if not rows:
        return "<p>The dataset has no evidence on these accounts.</p>"
    heads = ["Observed", "Account", "Where", "Operator", "Source", "SHA-256 of the row"]
    return table("Evidence on these accounts", heads, rows)


def shared_of(contents: Contents) -> str:
    """Lay out what accounts share, and the texts among it."""
    if not contents["shared"]:
        return "<p>Nothing was found that accounts of the operation share.</p>"
    heads = [
        "Shared",
        "To infer membership",
        "#Accounts",
        "#Listed here",
        "#Of the core",
        "#Labelled automated",
    ]
    html = table(
        "Photos, texts, recipient lists, devices and networks that accounts share",
        [*heads, "Seen", "Detail"],
        (_shared_row(each) for each in contents["shared"]),
    )
    for each in contents["shared"]:
        if each["used"] and each.get("texts"):
            html = Markup(html + f"<h3>{text(each['name'])}: public texts</h3>")
            html = Markup(html + "".join(_template(one) for one in each["texts"]))
    return html


def _shared_row(each: Contents) -> list[Any]:
    seen = ""
    if "first_seen" in each:
        seen = Markup(f"{when(each['first_seen'])} to {when(each['last_seen'])}")
    counts = each["n_accounts"], len(each["accounts"]), each["n_core"]
    labels = f"{each['n_automated']:,} of {each['n_labelled']:,}"
    used = "used" if each["used"] else "not used"
    return [text(each["name"]), used, *map(number, counts), labels, seen, _detail(each)]


def _detail(each: Contents) -> str:
    if each["kind"] == "list":
        overlap = f"{each['time_overlap']:.0%} of the accounts at the same time as another"
        return f"{counted(each['n_recipients'], 'recipient')}; {overlap}"
    return counted(each["n_fingerprints"], "version") if "n_fingerprints" in each else ""


def _template(one: Contents) -> str:
    words = text(one["text"]) if one["text"] is not None else "(only its signature is known)"
    return f'<blockquote>{words} <span class="soft">({counted(one["n_accounts"], "account")})</span></blockquote>'


def photos_of(contents: Contents, thumbnails: Mapping[str, bytes]) -> str:
    """Lay out the different photos, most used first."""
    accounts: dict[str, set[str]] = defaultdict(set)
    for row in contents["photos"]:
        if row["perceptual_hash"]:
            accounts[row["perceptual_hash"]].add(row["account_id"])
    order = sorted(accounts, key=lambda each: (-len(accounts[each]), each))
    if not order:
        return "<p>No photo with a fingerprint is known of these accounts.</p>"
    shown = []
    for digest in order[:MOST_PICTURES]:
        said = counted(len(accounts[digest]), "account")
        caption = Markup(f"{said}<br><code>{digest}</code>")
        shown.append(picture(thumbnails.get(digest), f"Profile photo of {said}, hash {digest[:8]}", caption))
    more = len(order) - len(shown)
    note = f"<p>{counted(more, 'more picture')} in dossier.json.</p>" if more > 0 else ""
    said = "<p>Different pictures, most used first, each with its perceptual hash.</p>"
    return f'{said}<div class="photos">{"".join(shown)}</div>{note}'

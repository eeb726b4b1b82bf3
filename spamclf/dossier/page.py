"""The page of a dossier, made of its data alone: one file, no network, to be read on a screen or on paper."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from spamclf.dossier.markup import Markup, chart, figures, listed, number, picture, table, text, when
from spamclf.dossier.pictures import MOST_PICTURES
from spamclf.dossier.style import STYLE
from spamclf.wording import counted

__all__ = ["page_of"]

Contents = Mapping[str, Any]
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_EVIDENCE = {"on_platform": "on the platform", "off_platform": "off the platform"}
_ID = 64  # letters of an id


def page_of(contents: Contents, thumbnails: Mapping[str, bytes], digest: str) -> str:
    """Return the page.

    Parameters
    ----------
    contents : mapping
        As of `Dossier.to_dict`.
    thumbnails : mapping of str to bytes
        JPEG pictures by perceptual hash.
    digest : str
        SHA-256 of the data's file, which the page tells.
    """
    about = contents["about"]
    title = text(about["operation"])
    sections = {
        "Summary": _summary(contents),
        "How to read this": _remarks(contents),
        "Activity by day": _days(contents),
        "Accounts": _accounts(contents),
        "Evidence": _evidence(contents),
        "What the accounts share": _shared(contents),
        "Photos": _photos(contents, thumbnails),
        "Where this comes from": _inputs(contents, digest),
    }
    links = "".join(f'<li><a href="#s{k}">{name}</a></li>' for k, name in enumerate(sections))
    body = "".join(
        f'<section aria-labelledby="s{k}"><h2 id="s{k}">{name}</h2>{html}</section>\n'
        for k, (name, html) in enumerate(sections.items())
    )
    library = about["library"]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Operator dossier: {_plain(title)}</title>\n<style>{STYLE}</style></head>\n<body>"
        f'<header><h1>Operator dossier: {title}</h1><p class="soft">As of {when(about["as_of"])}; all times are UTC. '
        f"Made by {library['name']} {library['version']}.</p>"
        f'<nav aria-label="Sections"><ul>{links}</ul></nav></header>\n<main>{body}</main>\n'
        f"<footer><p>SHA-256 of dossier.json: <code>{digest}</code></p></footer></body></html>\n"
    )


def _plain(html: Markup) -> str:
    return html.replace("<bdi>", "").replace("</bdi>", "")


def _summary(contents: Contents) -> str:
    summary, after = contents["summary"], contents["after_policy"]
    cards = [
        (
            "Accounts",
            number(summary["n_accounts"]),
            f"{summary['n_known']:,} known by evidence, {summary['n_inferred']:,} inferred",
        ),
        ("Messages sent", number(summary["n_sent"]), "by these accounts, in all"),
        ("Strangers reached", number(summary["n_strangers"]), "different people"),
        (
            "Evidence",
            number(sum(summary["n_evidence"].values())),
            ", ".join(f"{n:,} {_EVIDENCE[kind]}" for kind, n in summary["n_evidence"].items()),
        ),
    ]
    html: str = figures(cards)
    if summary["first_sent"] is not None:
        html += f"<p>They sent from {when(summary['first_sent'])} to {when(summary['last_sent'])}. "
    else:
        html += "<p>None of them sent a message. "
    html += (
        f"Of the accounts, {summary['n_labelled_automated']:,} are labelled automated and "
        f"{summary['n_labelled_not_automated']:,} not automated; the model's score calls {summary['n_flagged']:,} "
        "automated.</p>"
    )
    if summary["operators"]:
        html += (
            f"<p>Operators that the evidence on them names: {', '.join(map(text, summary['operators']))}.</p>"
        )
    return html + ("" if after is None else _after(after))


def _after(after: Contents) -> str:
    return f"<h3>At or after the policy date, {when(after['policy_date'])}</h3>" + figures(
        [
            ("Accounts that sent", number(after["n_senders"]), "of those listed here"),
            ("Messages sent", number(after["n_sent"]), "by these"),
            ("Strangers reached", number(after["n_strangers"]), "whom none of them had written to before"),
            ("New accounts", number(after["n_registered"]), "registered since"),
        ]
    )


def _remarks(contents: Contents) -> str:
    heads = {
        "known": "What is known",
        "inferred": "What is inferred",
        "not_shown": "What the numbers do not show",
    }
    return "".join(f"<h3>{head}</h3>{listed(contents['remarks'][name])}" for name, head in heads.items())


def _days(contents: Contents) -> str:
    days, policy = contents["days"], contents["about"]["arguments"]["policy_date"]
    if not days:
        return "<p>No message was sent.</p>"
    rows = [
        (day["day"], number(day["n_sent"]), number(day["n_senders"]), number(day["n_strangers"]))
        for day in days
    ]
    heads = ["Day", "#Messages sent", "#Accounts that sent", "#New strangers"]
    return chart(days, policy) + table(
        "Messages, by UTC day; days without a message are left out", heads, rows
    )


def _accounts(contents: Contents) -> str:
    ties, sends = [], []
    for each in contents["accounts"]:
        name, score = text(each["account_id"], longest=_ID), each["score"]
        verdict = score["verdict"].replace("_", " ")
        told = verdict if score["verdict"] == "insufficient_data" else f"{score['score']:.4f}, {verdict}"
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
        ["Account", "Basis", "Tied by", "Registered", "Label", "Model's score"],
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
        return Markup(f"evidence {_EVIDENCE[tie['what']]}")
    name = text(tie["what"], longest=_ID)
    return name if tie["used"] else Markup(f'<span class="soft">{name} (not used)</span>')


def _evidence(contents: Contents) -> str:
    rows = [
        (
            when(row["observed_at"]),
            text(row["account_id"], longest=_ID),
            _EVIDENCE[row["kind"]],
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


def _shared(contents: Contents) -> str:
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


def _photos(contents: Contents, thumbnails: Mapping[str, bytes]) -> str:
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


def _inputs(contents: Contents, digest: str) -> str:
    about, inputs = contents["about"], contents["inputs"]
    given: list[tuple[str, str]] = [
        (name, text(value)) for name, value in about["arguments"].items() if value is not None
    ]
    given += [("model", text(about["model"]["name"])), ("digest of the model", about["model"]["digest"])]
    given += [("version", f"{about['library']['name']} {about['library']['version']}")]
    html = (
        "<p>The same data, model and arguments give this dossier again, byte for byte. dossier.json holds the SHA-256 "
        "of every row about these accounts that was seen; spamclf.dossier.row_text says which text of a row is hashed, "
        "and spamclf.dossier.row_hash makes the hash again. Scores, and how many other accounts share something, rest "
        "on rows about others, too: those are covered by the hashes of the files.</p>"
    )
    html += table("Arguments and versions", ["Name", "Value"], given)
    counts = [(name, number(len(hashes))) for name, hashes in inputs["rows"].items()]
    html += table("Rows about these accounts that are hashed", ["Table", "#Rows"], counts)
    files = [(text(each["file"]), Markup(f"<code>{each['sha256']}</code>")) for each in inputs["files"]]
    if files:
        html += table("Files of the dataset", ["File", "SHA-256"], files)
    return html

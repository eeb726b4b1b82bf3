"""The page of a dossier, made of its data alone: one file, no network, to be read on a screen or on paper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spamclf.dossier.markup import Markup, chart, figures, listed, number, table, text, when
from spamclf.dossier.sections import PLACES, accounts_of, evidence_of, photos_of, shared_of
from spamclf.dossier.style import STYLE

__all__ = ["page_of"]

Contents = Mapping[str, Any]
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


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
        "Accounts": accounts_of(contents),
        "Evidence": evidence_of(contents),
        "What the accounts share": shared_of(contents),
        "Photos": photos_of(contents, thumbnails),
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
            ", ".join(f"{n:,} {PLACES[kind]}" for kind, n in summary["n_evidence"].items()),
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
            (
                "Strangers reached",
                number(after["n_strangers"]),
                "whom none of them had written to before that instant",
            ),
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
    counts = {"n_sent": "#Messages sent", "n_senders": "#Accounts that sent", "n_strangers": "#New strangers"}
    if policy is not None:
        counts["n_sent_after_policy"] = "#Sent since policy date"
    rows = [(day["day"], *(number(day[name]) for name in counts)) for day in days]
    said = (
        "Messages, by UTC day; days without a message are left out. New are strangers whom none of the accounts had "
        "written to on a day before."
    )
    return chart(days, policy) + table(said, ["Day", *counts.values()], rows)


def _inputs(contents: Contents, digest: str) -> str:
    about, inputs = contents["about"], contents["inputs"]
    given: list[tuple[str, str]] = [
        (name, text(value)) for name, value in about["arguments"].items() if value is not None
    ]
    given += [
        (name, text(f"{each['value']} ({each['from']})"))
        for name, each in about["reading"].items()
        if each["value"] is not None
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

"""The sections of a model card that repeat what an evaluation found on accounts that had no part in the training."""

from __future__ import annotations

from typing import Any

__all__ = ["evaded", "evaluated"]

_INTERVAL = "{} (95 % interval)"
_LEFT_OUT = {"tiers": "tiers looked at", "families": "family left out", "campaigns": "campaigns left out"}


def evaluated(info: dict[str, Any]) -> str:
    """Repeat the tables of an evaluation on accounts that had no part in the training."""
    found = info.get("evaluated")
    if not found:
        return ""
    counts = found["counts"]
    overall: dict[str, dict[str, str]] = {}
    for row in found["overall"]:
        overall.setdefault(row["what"].replace("_", " "), {})[row["of"]] = _spelt(row)
    whose = list(dict.fromkeys(row["of"] for row in found["overall"]))
    figures = [[what, *(told.get(of, "") for of in whose)] for what, told in overall.items()]
    flagged = [[row["family"], *_kind(row)] for row in found["by_family"]]
    looks = [[row["look"], *_kind(row)] for row in found["cold_start"]]
    strangers = [
        [
            row["threshold"],
            row["family"],
            row["quantile"],
            _spelt(row, ".0f"),
            f"{row['never_flagged']:,} of {row['accounts']:,}",
        ]
        for row in found["strangers"]
        if row["family"] == "all automated"
    ]
    share = ["accounts", "kind", "how many", _INTERVAL.format("share flagged")]
    return f"""## How good it is, on accounts that had no part in its making

{counts["automated"]:,} automated and {counts["honest"]:,} honest accounts that sent. One counts as flagged if one of
the looks that the certificate speaks of flags it, {counts["honest_looks"] / counts["honest"]:.1f} at an honest account.
Labels of their platform, and evidence, count as far as they were known at each look: not what an account's own label
says, but that it has one tells, too. "Nobody labelled" is the same model where none is known yet. Rule and tree are
fitted on the other half of these very accounts and cut on them, which flatters them; "recall cut here" is that of the
model, too, if cut so.

{_table([_INTERVAL.format("figure"), *whose], figures)}

{_promise(found)}{_table(share, flagged)}

Cold start, flagged by this look alone:

{_table(["look", *share[1:]], looks)}

Strangers that automated accounts wrote to before they were flagged, or in all, watched after each of the first 20
sends, then less often:

{_table(["threshold", "accounts", "quantile", _INTERVAL.format("strangers"), "never flagged"], strangers)}
{_elsewhere(found)}{_retrained(found)}""".strip()


def _promise(found: dict[str, Any]) -> str:
    """Repeat whether the certificate kept its word on these accounts."""
    head = ["segment", "honest", _INTERVAL.format("flagged"), "promise"]
    rows = [
        [row["segment"], f"{row['accounts']:,}", _spelt(row), row["verdict"]]
        for row in found.get("promise", ())
    ]
    told = (
        f"Promised: at most {found['fpr']:g} of the honest accounts, and in each segment that is not pooled."
    )
    return f"{told}\n\n{_table(head, rows)}\n\n" if rows else ""


def _elsewhere(found: dict[str, Any]) -> str:
    """Repeat what the model finds, and whom it flags, on platforms that are unlike those above."""
    head = ["worlds", "automated accounts", _INTERVAL.format("found"), "honest", _INTERVAL.format("flagged")]
    rows = [
        [
            row["worlds"],
            f"{row['automated']:,}",
            _spelt(row["recall"]),
            f"{row['honest']:,}",
            _spelt(row["honest_flagged"]),
        ]
        for row in found.get("elsewhere", ())
    ]
    return f"\nOn other simulated platforms:\n\n{_table(head, rows)}\n" if rows else ""


def _retrained(found: dict[str, Any]) -> str:
    """Repeat what models found that were trained anew without something."""
    told = []
    for name, title in _LEFT_OUT.items():
        head = [title, "accounts", _INTERVAL.format("share flagged"), "taught all", "honest flagged"]
        rows = [
            [
                row.get("tiers") or row.get("family") or row.get("campaigns") or "", f"{row['accounts']:,}",
                _spelt(row), "" if row.get("known") is None else f"{row['known']:.4f}", f"{row['honest_flagged']:.4f}",
            ]
            for row in found.get("retrained", {}).get(name, ())
        ]  # fmt: skip
        if rows:
            told += ["", _table(head, rows)]
    return "\n".join(["", "Models that were trained alike, without something:", *told]) if told else ""


def evaded(info: dict[str, Any]) -> str:
    """Repeat what an attacker reaches who knows the model."""
    cost = info.get("evasion")
    if not cost:
        return ""
    rows = [
        [each["name"], _spelt(each["strangers_per_day"], ".1f"), _spelt(each["flagged"], ".2f"),
         f"{each['price_per_1000']:.1f}"]
        for each in cost["policies"]
    ]  # fmt: skip
    head = [
        "policy",
        _INTERVAL.format("strangers per account-day"),
        "share flagged",
        "fresh numbers per 1,000 strangers",
    ]
    searched = ""
    if cost["knobs"]:
        best = cost["policies"][-1]["policy"]
        turned = ", ".join(f"{each['name']} {best[each['name']]}" for each in cost["knobs"] if each["step"])
        searched = f" The best response is the best of {cost['n_tried']:,} policies:\n{turned}."
    return f"""## What it costs to evade it

An operation of {cost["n_accounts"]} simulated accounts that has the model, over {cost["horizon_days"]:g} days, looked
at {cost["looks"]}.{searched}

{_table(head, rows)}"""


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _kind(row: dict[str, Any]) -> list[str]:
    return ["automated" if row["is_automated"] else "honest", f"{row['accounts']:,}", _spelt(row)]


def _spelt(row: dict[str, Any], digits: str = ".4f") -> str:
    if row["value"] is None:
        return "not known"
    value, low, high = (format(row[name], digits) for name in ("value", "low", "high"))
    return f"{value} ({low} to {high})"

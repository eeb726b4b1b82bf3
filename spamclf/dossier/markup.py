"""Pieces of a page: text that strangers wrote, tables, figures, a chart. Nothing reaches the page unescaped."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from html import escape
from typing import Any

from spamclf.campaigns.table import safe_text

__all__ = ["Markup", "chart", "figures", "listed", "number", "picture", "table", "text", "when"]

_LONGEST = 2000  # letters of a template
_WIDTH, _HEIGHT, _TOP, _LEFT, _FOOT = 960, 220, 24, 56, 24


class Markup(str):
    """Text that is HTML already: whatever else is handed to `table` and others is escaped."""

    __slots__ = ()


def text(value: Any, *, longest: int = _LONGEST) -> Markup:
    """Return a stranger's text: escaped, without letters that move a cursor, its direction kept to itself.

    Examples
    --------
    >>> text("<b>\\u202eevil")
    '<bdi>&lt;b&gt;\\\\u202eevil</bdi>'
    """
    return Markup(f"<bdi>{escape(safe_text(str(value), longest=longest) or '')}</bdi>")


def number(value: int | None) -> str:
    """Write a count, or that it is not known.

    Examples
    --------
    >>> number(1200), number(None)
    ('1,200', 'not known')
    """
    return "not known" if value is None else f"{value:,}"


def when(instant: str | None, *, none: str = "not known") -> Markup:
    """Write an instant to the minute.

    Examples
    --------
    >>> when("2026-05-13T02:07:05.641146Z")
    '<time datetime="2026-05-13T02:07:05.641146Z">2026-05-13 02:07</time>'
    """
    if instant is None:
        return Markup(escape(none))
    return Markup(f'<time datetime="{escape(instant)}">{escape(instant[:16].replace("T", " "))}</time>')


def _html(value: Any) -> str:
    return value if isinstance(value, Markup) else escape(str(value))


def listed(entries: Iterable[Any]) -> Markup:
    """Return a list of entries."""
    return Markup("<ul>" + "".join(f"<li>{_html(each)}</li>" for each in entries) + "</ul>")


def figures(entries: Sequence[tuple[str, Any, str]]) -> Markup:
    """Return what was counted: name, count and a remark each."""
    cards = (
        f"<div><dt>{_html(name)}</dt><dd>{_html(value)}<small>{_html(remark)}</small></dd></div>"
        for name, value, remark in entries
    )
    return Markup(f'<dl class="figures">{"".join(cards)}</dl>')


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> Markup:
    """Return a table; the first column names its rows, and heads that begin with ``#`` are of numbers."""
    kinds = [' class="number"' if head.startswith("#") else "" for head in heads]
    head = "".join(
        f'<th scope="col"{kind}>{escape(name.removeprefix("#"))}</th>'
        for name, kind in zip(heads, kinds, strict=True)
    )
    body = []
    for first, *others in rows:
        cells = (f"<td{kind}>{_html(cell)}</td>" for cell, kind in zip(others, kinds[1:], strict=True))
        body.append(f'<tr><th scope="row">{_html(first)}</th>{"".join(cells)}</tr>')
    return Markup(
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>\n"
        + "\n".join(body)
        + "\n</tbody></table></div>"
    )


def picture(jpeg: bytes | None, described: str, caption: Any) -> Markup:
    """Return a small picture with its caption; a box where its file is not at hand."""
    shown = '<div class="blank">no file at hand</div>'
    if jpeg is not None:
        data = base64.b64encode(jpeg).decode("ascii")
        shown = f'<img src="data:image/jpeg;base64,{data}" alt="{escape(described)}">'
    return Markup(f"<figure>{shown}<figcaption>{_html(caption)}</figcaption></figure>")


def _day_and_share(instant: str) -> tuple[int, float]:
    """Return the day of an instant, and the share of that day that is over by then."""
    at = datetime.fromisoformat(instant)
    return at.toordinal(), (at - at.replace(hour=0, minute=0, second=0, microsecond=0)) / timedelta(days=1)


def chart(days: Sequence[dict[str, Any]], policy: str | None) -> Markup:
    """Draw the messages sent by day; what was sent from the policy date on stands in another colour, behind a line.

    The bar of the policy date's own day is split at its hour, where the line is.
    """
    place = [date.fromisoformat(day["day"]).toordinal() for day in days]
    first, span = place[0], place[-1] - place[0] + 1
    most = max(day["n_sent"] for day in days)
    step = (_WIDTH - _LEFT) / span
    base = _TOP + _HEIGHT
    parts = [f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH}" y1="{base}" y2="{base}"/>']
    line, hour = (None, 0.0) if policy is None else _day_and_share(policy)
    for day, at in zip(days, place, strict=True):
        after = day.get("n_sent_after_policy", 0)
        split = hour if at == line else 0.0
        for kind, n, begin, end in (
            ("bar", day["n_sent"] - after, 0.0, split or 1.0),
            ("bar late", after, split, 1.0),
        ):
            if n:
                height = max(_HEIGHT * n / most, 1.0)
                left, width = _LEFT + (at - first + begin) * step, (end - begin) * step * 0.8
                parts.append(
                    f'<rect class="{kind}" x="{left:.1f}" y="{base - height:.1f}" '
                    f'width="{min(max(width, 0.6), 48):.1f}" height="{height:.1f}"/>'
                )
    labels: list[tuple[float, int, str, str]] = [
        (_LEFT - 8, _TOP + 12, "end", f"{most:,}"),
        (_LEFT - 8, base, "end", "0"),
    ]
    labels += [(_LEFT, base + 18, "start", days[0]["day"])]
    if span > 1:
        labels.append((_WIDTH, base + 18, "end", days[-1]["day"]))
    if policy is not None and line is not None and 0 <= line - first < span:
        x = _LEFT + (line - first + hour) * step - (0.0 if hour else step * 0.1)
        parts.append(f'<line class="policy" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 8}" y2="{base}"/>')
        beside = "start" if x < 0.7 * _WIDTH else "end"
        labels.append(
            (
                x + (6 if beside == "start" else -6),
                _TOP + 4,
                beside,
                f"policy date {policy[: 16 if hour else 10].replace('T', ' ')}",
            )
        )
    parts += [
        f'<text x="{x:.1f}" y="{y}" text-anchor="{side}">{words}</text>' for x, y, side, words in labels
    ]
    told = f"Messages sent by day, {days[0]['day']} to {days[-1]['day']}, at most {most:,}; the table below tells each."
    return Markup(
        f'<svg viewBox="0 0 {_WIDTH} {base + _FOOT}" role="img" aria-label="{told}">{"".join(parts)}</svg>'
    )

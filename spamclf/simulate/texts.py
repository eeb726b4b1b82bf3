"""Public profile texts and texts disclosed in reports, made of small word lists."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from spamclf.simulate import words
from spamclf.simulate.aftermath import Reports
from spamclf.simulate.cast import Cast, Operation
from spamclf.simulate.log import DAY, MINUTE, IntArray
from spamclf.simulate.phrases import PHRASES
from spamclf.simulate.waves import wave_instants

__all__ = ["Texts", "compose", "draw_texts", "spin"]

#: account, instant, source, text
Texts = tuple[list[int], list[int], list[str], list[str]]
_Row = tuple[int, int, str, str]

# Assumed throughout.
#: Share of honest accounts that show a chain text, word for word, in the days in which it goes round.
_CHAINED = 0.03
#: People who call by hand for one office have one text: so many accounts.
_PER_OFFICE = 8
#: Reports in which the reporter discloses what was written.
_DISCLOSED = 0.6

_CHOICE = re.compile(r"\{([^{}]*)\}")
_SITES = (
    "work",
    "prize",
    "paket",
    "lucro",
    "kerja",
    "club",
    "gift",
    "oferta",
    "info",
    "coin",
    "home",
    "parcel",
    "vip",
)
_ENDS = (
    "desk",
    "zone",
    "now",
    "plus",
    "hub",
    "casa",
    "office",
    "point",
    "line",
    "star",
    "team",
    "space",
    "one",
)


def spin(template: str, rng: np.random.Generator) -> str:
    """Choose one of the words in each pair of braces, from the innermost out.

    Examples
    --------
    >>> spin("{Hello|Hi} you", np.random.default_rng(0)) in ("Hello you", "Hi you")
    True
    """
    while "{" in template:
        template = _CHOICE.sub(
            lambda match: (words := match.group(1).split("|"))[int(rng.random() * len(words))], template
        )
    return template.strip()


def compose(rng: np.random.Generator, care: float) -> str:
    """Put the template of an operation together, to be spun: no two operations have one by chance.

    With more care, more slots have several phrases to choose from, so that texts are less alike.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> compose(rng, care=0.0) != compose(rng, care=0.0)
    True
    """
    language = sorted(PHRASES)[int(rng.integers(len(PHRASES)))]
    parts = []
    for slot in PHRASES[language]:
        n_phrases = 1 + int(rng.random() < 0.7 * care) + int(rng.random() < 0.3 * care)
        chosen = [slot[k] for k in rng.permutation(len(slot))[:n_phrases].tolist()]
        parts.append(chosen[0] if n_phrases == 1 else "{" + "|".join(chosen) + "}")
    if rng.random() < 0.5:  # some argue before they promise
        parts[2], parts[3] = parts[3], parts[2]
    gap = "" if language == "th" else " "
    mark = str(rng.choice([",", ".", "!", " -"]))
    text = (mark + gap).join(parts)
    site = f"https://{rng.choice(_SITES)}{rng.integers(10, 1000)}-{rng.choice(_ENDS)}.example"
    text = text.replace("<link>", site + "/{a|b|c|d}{1|2|3|4}")
    text = text.replace("<phone>", f"+99 000 {rng.integers(100, 1000)} {{1|2|3|4}}{rng.integers(0, 10)}")
    return text.replace("<amount>", f"{{{'|'.join(str(n) for n in np.sort(rng.integers(2, 400, 3) * 5))}}}")


def draw_texts(cast: Cast, reports: Reports) -> Texts:
    """Draw names, abouts and descriptions of most accounts, and what some reporters disclosed.

    Returns
    -------
    account, observed_at, source, text : lists of equal length
    """
    templates = _templates(cast)
    rows = [*_names(cast), *_abouts(cast), *_waves(cast)]
    for operation, template in zip(cast.operations, templates, strict=True):
        rows += _operation_texts(cast, operation, template)
    rows += _disclosed(cast, reports, templates)
    rows = [row for row in rows if row[1] < cast.end + DAY]
    return [r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows], [r[3] for r in rows]


def _templates(cast: Cast) -> list[str]:
    """Return the template of each operation; half of the operators keep theirs for the next campaign."""
    templates: list[str] = []
    for number, operation in enumerate(cast.operations):
        rng = cast.stream("template", operation.name)
        again = number and cast.operations[number - 1].operator == operation.operator and rng.random() < 0.5
        templates.append(templates[-1] if again else compose(rng, operation.care))
    return templates


def _some(rng: np.random.Generator, lines: tuple[str, ...]) -> str:
    return spin(lines[int(rng.random() * len(lines))], rng)


def _begin(cast: Cast, rng: np.random.Generator) -> IntArray:
    """Return when each profile is filled in: mostly minutes after it was registered or the world began."""
    wait = rng.exponential(20.0, cast.n_accounts) * np.where(rng.random(cast.n_accounts) < 0.15, 300.0, 1.0)
    return np.maximum(cast.registered, cast.start) + (wait * MINUTE).astype(np.int64)


def _names(cast: Cast) -> Iterator[_Row]:
    rng = cast.stream("names")
    for code, when in enumerate(_begin(cast, rng).tolist()):
        drawn, given, family = rng.random(2), _some(rng, words.GIVEN), _some(rng, words.FAMILY)
        if drawn[0] < 0.9:
            yield code, when, "name", given if drawn[1] < 0.35 else f"{given} {family}"


def _abouts(cast: Cast) -> Iterator[_Row]:
    """What honest people and businesses say of themselves; half of it thousands say in the same words."""
    rng = cast.stream("abouts")
    begin = _begin(cast, rng).tolist()
    business = dict.fromkeys(cast.of("shop").tolist(), words.SHOP)
    business |= dict.fromkeys(cast.of("notifier").tolist(), words.NOTIFIER)
    callers = set(cast.of("cold_caller").tolist())
    for code in range(cast.n_honest):
        if code in business:
            yield code, begin[code], "description", spin(business[code], rng)
        elif code in callers and rng.random() < 0.6:
            yield code, begin[code], "about", _pitch(cast, code, rng)
        elif (habit := rng.random()) < 0.55:
            later = int(rng.random() * (cast.end - begin[code]) * (rng.random() < 0.3))
            lines = words.ABOUT if habit < 0.3 else words.COMMON_ABOUT
            yield code, begin[code] + max(later, 0), "about", _some(rng, lines)


def _pitch(cast: Cast, code: int, rng: np.random.Generator) -> str:
    """Return the text of somebody who calls by hand: the office's, with a word changed here and there."""
    office = spin(words.PITCH, cast.stream("office", code // _PER_OFFICE))
    return office if rng.random() < 0.6 else f"{_some(rng, words.GIVEN)} here. {office}"


def _waves(cast: Cast) -> Iterator[_Row]:
    """Fans of somebody, and chain texts in the profiles of people of every kind, who join within days."""
    rng = cast.stream("chained")
    chained = np.flatnonzero(rng.random(cast.n_honest) < _CHAINED)
    fans = cast.of("fan")
    for who, lines, kind in (
        (fans[rng.random(len(fans)) < 0.8], words.FAN, "fans"),
        (chained, words.CHAINS, "chain"),
    ):
        wave, when = wave_instants(cast, who, kind)
        for code, number, instant in zip(who.tolist(), wave.tolist(), when.tolist(), strict=True):
            text = _some(cast.stream("wave text", kind, number), lines)
            yield (
                code,
                instant,
                "about",
                text if rng.random() < 0.8 else text + _some(rng, (" 🕯", " ❤", " !!", " pls")),
            )


def _operation_texts(cast: Cast, operation: Operation, template: str) -> Iterator[_Row]:
    """Some members show the template, spun anew; others what everybody shows."""
    rng = cast.stream("texts", operation.name)
    share = rng.uniform(0.0, 0.75) * (1.0 - 0.4 * operation.care)
    begin = np.maximum(operation.registered, cast.start)
    for code, since, start in zip(
        operation.members.tolist(), begin.tolist(), operation.starts.tolist(), strict=True
    ):
        when = since + int(rng.exponential(20.0) * MINUTE)
        when = when if rng.random() < 0.5 else max(when, start - int(rng.exponential(0.5) * DAY))
        if rng.random() < share:
            yield code, when, "about" if rng.random() < 0.7 else "description", spin(template, rng)
        elif rng.random() < 0.55:
            yield code, when, "about", _some(rng, words.ABOUT if rng.random() < 0.5 else words.COMMON_ABOUT)


def _disclosed(cast: Cast, reports: Reports, templates: list[str]) -> Iterator[_Row]:
    """What reporters show of what they got; of honest accounts a pitch, a search, a chain text or a quarrel."""
    rng = cast.stream("disclosed")
    template = {
        m: text for one, text in zip(cast.operations, templates, strict=True) for m in one.members.tolist()
    }
    own = {"seeker": words.SEEK, "forwarder": words.CHAINS}
    lines = {code: own[kind] for kind in own for code in cast.of(kind).tolist()}
    callers = set(cast.of("cold_caller").tolist())
    account, _, reported_at, block = reports
    for code, when in zip(account[~block].tolist(), reported_at[~block].tolist(), strict=True):
        if rng.random() >= _DISCLOSED:
            continue
        if code in template:
            text = spin(template[code], rng)
        elif code in callers:
            text = _pitch(cast, code, rng)
        elif code in lines:
            text = _some(cast.stream("own text", code), lines[code])
        else:
            text = _some(rng, words.GRUDGE)
        yield code, when, "reported", text

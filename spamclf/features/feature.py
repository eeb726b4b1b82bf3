"""What a feature and a family of features are, as data."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Literal

import numpy as np
import numpy.typing as npt

from spamclf.ego import EgoLog, Slices

__all__ = ["Family", "Feature", "Tier", "Unit", "Work"]

# English has a singular.
_SINGULAR = {
    "accounts": "account", "bits": "bit", "countries": "country", "days": "day", "groups": "group",
    "messages": "message", "people": "person", "seconds": "second", "strangers": "stranger", "texts": "text",
    "times": "time", "versions": "version", "were": "was",
}  # fmt: skip
_ONE = re.compile(
    rf"(?<![\d.,])\b1 (?:other |public )?(?:{'|'.join(_SINGULAR)})(?: were| wrote, as strangers)?\b"
)

Tier = Literal["0", "1", "2", "3", "F"]
Unit = Literal["count", "share", "s", "bits", "ratio", "flag", "1/min", "1/day", "1/day^2"]
Work = Callable[[int, int], None]


@dataclass(frozen=True)
class Feature:
    """One entry of the catalogue.

    Attributes
    ----------
    name : str
        ``family_measure[_window]``.
    unit : str
    direction : {-1, 0, 1}
        1: more is more suspicious; -1: less is; 0: neither.
    formula : str
        How it is computed from the rows in ``[as_of - history, as_of)``, and when it is null. In all of them an
        account's row is seen when its registration lies before `as_of` or is unknown; a message repeated exactly
        counts once; at one instant what an account received comes before what it sent, and of messages to one
        person those with in_contacts unknown, then false, come first; quantiles are interpolated linearly, and
        standard deviations are those of a population.
    sentence : str
        Template of a reason; ``{value}`` is the value with its unit in words, of a flag nothing or "not ". The name of
        another feature in braces stands for that one's value, or for nothing where it is not known.
    needs : tuple of str
        ``table.column`` without which it is null, or the same, for everybody; ``one|other`` where either will do.
    tier : {"0", "1", "2", "3", "F"}
        What a platform must be willing to look at: 0 registration, 1 message metadata, 2 photos, 3 texts or
        signatures, F reports and evidence.
    reference : str
    actionable : bool, default=True
        Whether it is the account's own doing, and it could have done otherwise: how much, how fast, when and to whom it
        sent, what it showed. False for its age and registration, and for whatever others decide: who answers, blocks,
        reports, labels, or shows the same.

    Examples
    --------
    >>> from spamclf.features import CATALOGUE
    >>> feature = CATALOGUE["fan_out_strangers"]
    >>> feature.unit, feature.direction, feature.tier, feature.needs
    ('count', 1, '1', ('messages.recipient_id',))
    """

    name: str
    unit: Unit
    direction: int
    formula: str
    sentence: str
    needs: tuple[str, ...]
    tier: Tier
    reference: str = ""
    actionable: bool = True

    @property
    def companions(self) -> tuple[str, ...]:
        """Other features whose values the sentence gives, too."""
        fields = [field for _, field, _, _ in Formatter().parse(self.sentence) if field]
        return tuple(field for field in fields if field != "value")

    def say(self, value: float, others: Mapping[str, str] | None = None) -> str:
        """Return the reason's sentence for a value.

        Parameters
        ----------
        value : float
        others : mapping of str to str, optional
            What `companions` are, in words.

        Returns
        -------
        sentence : str

        Examples
        --------
        >>> from spamclf.features import CATALOGUE
        >>> CATALOGUE["fan_out_strangers"].say(214.0)
        'wrote to 214 strangers'
        >>> CATALOGUE["photo_cluster_pictures"].say(3.0, {"photo_cluster_accounts": "23"})
        'nearly the same photo is shown by 23 other accounts, in 3 versions'
        >>> CATALOGUE["account_age_first_send_s"].say(-7200.0)
        'sent its first message 2 hours before registering'
        >>> CATALOGUE["account_age_s"].say(float("nan"))
        'nothing is known of account_age_s'
        """
        if np.isnan(value):
            return f"nothing is known of {self.name}"
        words = dict.fromkeys(self.companions, "") | dict(others or {})
        sentence = self.sentence
        if self.unit == "s" and value < 0:  # the first send of a number that was registered anew later
            sentence, value = sentence.replace("{value} after", "{value} before"), -value
        said = sentence.format(value=self.in_words(value), **words)
        return _ONE.sub(_one, said.strip().replace("  ", " "))

    def in_words(self, value: float) -> str:
        """Return a value with its unit; nothing for one that is not known.

        Parameters
        ----------
        value : float
            In the feature's unit.

        Returns
        -------
        words : str
        """
        return "" if np.isnan(value) else _in_words(value, self.unit)


@dataclass(frozen=True)
class Family:
    """Features computed together.

    Attributes
    ----------
    name : str
    features : tuple of Feature
        In the order of the rows that `measure` fills.
    measure : callable
        ``measure(ego, slices, out)`` returns the work ``f(low, high)`` that fills ``out[:, low:high]`` for these
        slices; `out` has shape (n_features, n_slices). Works on different slices may run in different threads.

    Examples
    --------
    >>> from spamclf.features import FAMILIES
    >>> [feature.name for feature in FAMILIES["evidence"].features]
    ['evidence_photo_accounts', 'evidence_template_accounts', 'evidence_reported_accounts']
    """

    name: str
    features: tuple[Feature, ...]
    measure: Callable[[EgoLog, Slices, npt.NDArray[np.float64]], Work]


def _one(said: re.Match[str]) -> str:
    words = said[0].replace("as strangers", "as a stranger").split(" ")
    return " ".join(_SINGULAR.get(word, word) for word in words)


def _in_words(value: float, unit: Unit) -> str:
    if unit == "share":
        return f"{_short(100 * value)} %"
    if unit == "flag":
        return "" if value else "not "
    if unit == "s":
        return _duration(value)
    return _short(value)


def _short(value: float) -> str:
    """Write three digits, and whole numbers in full; never an exponent, unless it is beyond all reason."""
    if abs(value) >= 1e15:
        return f"{value:.3g}"
    if value == round(value) or abs(value) >= 1000:
        return f"{value + 0.0:,.0f}"  # one zero
    return np.format_float_positional(value, precision=3, fractional=False, trim="-")


def _duration(seconds: float) -> str:
    for name, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if abs(seconds) >= 2 * size:
            return f"{_short(seconds / size)} {name}"
    return f"{_short(seconds)} seconds"

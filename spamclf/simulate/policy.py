"""What an operator decides about its accounts, as data: the knobs of evasion, and what they cost."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal, get_args

from spamclf.errors import ParameterError
from spamclf.simulate.pacing import Pace

__all__ = ["Policy"]

GapShape = Literal["fixed", "jittered", "human", "bursts"]
Photo = Literal["shared", "edited", "own", "none"]
Text = Literal["one", "spun", "own", "none"]
Registration = Literal["shared", "fresh"]

# Assumed: prices differ from market to market; the unit is one fresh number with its account.
#: Each day of age beyond a week, for which somebody else kept the account.
_PER_AGED_DAY, _FREE_DAYS = 0.02, 7.0
#: A device and an address of its own; a face of its own; a text of its own.
_FRESH, _OWN_PHOTO, _OWN_TEXT = 1.0, 0.1, 0.05
#: Words of a message, for the typing indicator.
_WORDS = 15.0


@dataclass(frozen=True)
class Policy:
    """How an operation runs its accounts: all that it controls, and nothing that it does not.

    It does not control whether strangers answer, report or block. The defaults are those of a naive blaster: a
    hundred messages in fifteen seconds, five minutes after registering.

    Parameters
    ----------
    strangers_per_day : float, default=100
        Median number of strangers that an account writes to on a day, if its hours hold as many; at least 0.
    gap : {"fixed", "jittered", "human", "bursts"}, default="fixed"
        Gaps between two sends: all alike; up to half longer or shorter; log-normal as people's (sigma 1); such, with
        a break of half an hour to two hours after every tenth send or so.
    gap_s : float, default=0.15
        Median gap in seconds, breaks aside; above 0.
    hours : tuple of float, optional
        Local hours between which it sends, such as ``(8, 21)``; day and night by default.
    wait_days : float, default=0.004
        Days from registration to the first stranger; at least 0. Accounts older than the world are bought ones.
    chats_per_day : float, default=0
        Conversations that each account begins with its fellows a day, from its registration on.
    overlap : float, default=0.5
        Share of each account's list that all its fellows write to as well, in [0, 1].
    photo : {"shared", "edited", "own", "none"}, default="shared"
        One photo for all; edits of one; a stolen face each; none.
    text : {"one", "spun", "own", "none"}, default="one"
        What they write, and show of themselves: one text; one template, spun anew for each; a text each; one text that
        no profile shows.
    registration : {"shared", "fresh"}, default="shared"
        Ten accounts behind one network and on one device, or each on a device of its own behind a carrier's network.
    typing : bool, default=False
        Whether the typing indicator is acted, word by word.
    self_reports : float, default=0
        Mean number of reports on each account that its fellows hand in, to see what such noise does; at least 0.

    Raises
    ------
    ParameterError
        If a field is outside its range.

    Examples
    --------
    >>> Policy().price
    1.0
    >>> Policy(strangers_per_day=10, gap="human", gap_s=900, hours=(8, 21), wait_days=30, registration="fresh").price
    2.46
    """

    strangers_per_day: float = 100.0
    gap: GapShape = "fixed"
    gap_s: float = 0.15
    hours: tuple[float, float] | None = None
    wait_days: float = 0.004
    chats_per_day: float = 0.0
    overlap: float = 0.5
    photo: Photo = "shared"
    text: Text = "one"
    registration: Registration = "shared"
    typing: bool = False
    self_reports: float = 0.0

    def __post_init__(self) -> None:
        for name, least, most in (
            ("strangers_per_day", 0.0, 10_000.0),
            ("gap_s", 1e-6, 1e6),
            ("wait_days", 0.0, 3650.0),
            ("chats_per_day", 0.0, 1000.0),
            ("overlap", 0.0, 1.0),
            ("self_reports", 0.0, 1000.0),
        ):
            value = getattr(self, name)
            if not _is_number(value) or not least <= value <= most:
                raise _wrong(name, f"a number from {least:,g} to {most:,g}", value, "See Policy for its unit")
        for name, kind in (
            ("gap", GapShape),
            ("photo", Photo),
            ("text", Text),
            ("registration", Registration),
        ):
            if getattr(self, name) not in get_args(kind):
                rule = f"one of {', '.join(get_args(kind))}"
                raise _wrong(name, rule, getattr(self, name), f"Use {get_args(kind)[0]!r}")
        if self.hours is not None:
            whole = (
                isinstance(self.hours, tuple) and len(self.hours) == 2 and all(map(_is_number, self.hours))
            )
            if not whole or not 0 <= self.hours[0] < self.hours[1] <= 24:
                rule = "None, or the local hours between which it sends"
                raise _wrong("hours", rule, self.hours, "Use (8, 21), for instance")
        if not isinstance(self.typing, bool):
            raise _wrong("typing", "True or False", self.typing, "Use True to act the typing indicator")

    @property
    def price(self) -> float:
        """What an account costs, in fresh numbers; assumed, see ``spamclf/simulate/policy.py``."""
        aged = _PER_AGED_DAY * max(self.wait_days - _FREE_DAYS, 0.0)
        extras = (self.registration == "fresh", _FRESH), (self.photo == "own", _OWN_PHOTO)
        price = 1.0 + aged + sum(cost for taken, cost in (*extras, (self.text == "own", _OWN_TEXT)) if taken)
        return round(price, 4)

    def pace(self, offset: int) -> Pace:
        """Return the settings of the sender.

        Parameters
        ----------
        offset : int
            Local time minus UTC, in microseconds.

        Returns
        -------
        pace : Pace
        """
        shape = "fixed" if self.gap in ("fixed", "jittered") else "lognormal"
        jitter = {"fixed": 0.0, "jittered": 0.5}.get(self.gap, 1.0)
        return Pace(
            quota=self.strangers_per_day,
            gap="fixed" if shape == "fixed" else "lognormal",
            gap_s=(self.gap_s, self.gap_s),
            jitter=jitter,
            hours=self.hours,
            pauses=((0.1, 1800.0, 7200.0),) if self.gap == "bursts" else (),
            words=_WORDS if self.typing else 0.0,
            by_hand=True,
            varied=0.5,
            offset=offset,
        )


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _wrong(name: str, rule: str, value: Any, advice: str) -> ParameterError:
    return ParameterError(f"Policy: {name} must be {rule}; got {value!r}. {advice}.")

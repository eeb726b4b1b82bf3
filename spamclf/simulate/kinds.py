"""Who lives in a simulated world: every kind of account as a row of data, every number with where it is from.

Sources, as the comments name them: *college*, *email*, *digg*: the fit to a public log of honest people (private
messages of students, mail of a company, replies on a news site), held by ``tests/simulate/test_realism.py``;
*published*: presets that makers of bulk senders print (see `spamclf.simulate.presets`); *assumed*: nobody
publishes it, so it is spread widely and differs from account to account or from operation to operation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["AUTOMATED", "COUNTRIES", "HONEST", "ROUNDS", "AutomatedKind", "HonestKind", "Range", "Round"]

#: Least and most; what lies between is drawn evenly on a logarithmic scale unless said otherwise.
Range = tuple[float, float]


@dataclass(frozen=True)
class HonestKind:
    """A kind of honest account.

    Attributes
    ----------
    name : str
    share : float
        Share among the honest accounts; far more hard negatives than a platform has, so that they can be counted.
    chats : float
        Median conversations begun with friends per day; 0 for accounts without friends (shops, forums).
    sits : float
        Median sittings per day, when everything is answered that waits.
    new : float
        Share registered inside the simulated days; the others are up to five years old.
    business : float
        Share declared as business accounts.
    rhythm : str
        A row of `spamclf.simulate.clock.RHYTHMS`.
    complaints : float
        Chance that a recipient who does not have the account in its contacts blocks or reports it.
    alone : float
        Share without friends here: a phone for work, a second number.
    """

    name: str
    share: float
    chats: float
    sits: float = 0.8
    new: float = 0.15
    business: float = 0.0
    rhythm: str = "day"
    complaints: float = 0.004
    alone: float = 0.0


@dataclass(frozen=True)
class Round:
    """How a kind of honest account writes to many, one after the other; each account draws from the ranges.

    Attributes
    ----------
    kind : str
    to : {"contacts", "strangers", "leads", "customers", "groups"}
        ``contacts`` and ``customers`` are the same people every time; ``leads`` are strangers that colleagues
        and other buyers of the same list write to as well.
    when : {"awake", "registered", "working day", "morning", "day"}
        ``morning`` is a batch at one hour; ``day`` spreads the round over a working day.
    per_day : tuple of (median, sigma)
        Rounds per day that the account is there, log-normal by account; at most one but for ``awake``;
        ``registered`` has one in all.
    size : tuple of (median, sigma, least, most)
        Recipients of a round.
    gap_s : Range
        Median seconds between two sends, by account.
    known : Range
        Share of the recipients that have the account in their contacts, drawn evenly.
    answers : Range
        Chance that a recipient with an account answers, drawn evenly.
    pasted : Range
        Share of messages without typing, drawn evenly.
    turns : float
        Mean turns of a conversation that comes of it.
    outside : float
        Share of recipients that are outsiders.
    by : float
        Share of the accounts of the kind that do it.
    uneven : Range
        Sigma of the logarithm of the gaps, drawn evenly by account: a queue sends evenly, a person does not.
    """

    kind: str
    to: Literal["contacts", "strangers", "leads", "customers", "groups"]
    when: Literal["awake", "registered", "working day", "morning", "day"]
    per_day: tuple[float, float]
    size: tuple[float, float, float, float]
    gap_s: Range
    known: Range
    answers: Range
    pasted: Range = (0.1, 0.5)
    turns: float = 3.0
    outside: float = 0.4
    by: float = 1.0
    uneven: Range = (0.5, 1.2)


@dataclass(frozen=True)
class AutomatedKind:
    """A family of automated operations; each operation draws its own numbers from the ranges.

    Attributes
    ----------
    name : str
    share : float
        Share among the automated accounts.
    team : tuple of int
        Least and most accounts of one operation.
    aged_days : Range
        Time from registration to the first bulk send.
    reach : Range
        Strangers each account writes to, if nobody stops it.
    quota : Range
        Most strangers a day.
    gap_s : Range
        Median gap between two sends of a sitting.
    gap : {"lognormal", "exponential", "uniform", "fixed"}
        Shape of the gaps; ``uniform`` lies between two hard edges, ``fixed`` is a clock with some jitter.
    awake : float
        Chance that the program sleeps at night.
    acts : float
        Chance that it shows the typing indicator.
    replies : Range
        Chance that somebody who can answers.
    complaints : Range
        Chance that a recipient blocks or reports.
    found_days : float
        Median time from the first bulk send to the label.
    together : float
        Chance that the operation registers its accounts on its own networks and devices.
    chats : float
        Median conversations begun with friends per day: a stolen account has had a life.
    """

    name: str
    share: float
    team: tuple[int, int]
    aged_days: Range
    reach: Range
    quota: Range
    gap_s: Range
    gap: Literal["lognormal", "exponential", "uniform", "fixed"]
    awake: float
    acts: float
    replies: Range
    complaints: Range
    found_days: float
    together: float = 0.6
    chats: float = 0.0


HONEST = (
    # chats and sits of ordinary people: college. Shares, new, business and complaints: assumed throughout.
    HonestKind("ordinary", 0.44, 0.08),
    HonestKind("commenter", 0.06, 0.0, new=0.3, complaints=0.003),  # digg: answers strangers, hardly answered
    HonestKind("office", 0.07, 0.0, sits=8.0, rhythm="work"),  # email: one mail to many at the same instant
    HonestKind(
        "seeker", 0.06, 0.08, new=0.35, complaints=0.012, alone=0.35
    ),  # flats, jobs: the same text to strangers
    HonestKind(
        "cold_caller", 0.03, 0.1, sits=3.0, new=0.45, business=0.2, rhythm="work", complaints=0.012, alone=0.6
    ),
    HonestKind("new_number", 0.03, 0.3, new=1.0),
    HonestKind("organiser", 0.03, 0.25, complaints=0.006),
    HonestKind("group_admin", 0.03, 0.25),
    HonestKind("shop", 0.05, 0.0, sits=4.0, new=0.25, business=0.75, rhythm="work", complaints=0.012),
    HonestKind("notifier", 0.04, 0.0, new=0.25, business=0.7, rhythm="work", complaints=0.006),
    HonestKind("broadcaster", 0.03, 0.2),
    HonestKind("forwarder", 0.03, 0.3, complaints=0.012),
    HonestKind("night_worker", 0.03, 0.3, rhythm="night"),
    HonestKind("fan", 0.08, 0.2, new=0.2),
    HonestKind("brigaded", 0.008, 0.2),
)

#: All of it assumed, but for what cold callers do by hand: ten to sixty strangers a day, 5 to 20 % of whom answer.
ROUNDS = (
    Round("seeker", "strangers", "awake", (0.12, 1.1), (9, 0.9, 1, 150), (8, 2700), (0.01, 0.04), (0.0, 0.9),
          pasted=(0.0, 1.1), turns=4.0, outside=0.55),
    Round("cold_caller", "leads", "working day", (0.8, 0.4), (20, 0.5, 10, 60), (40, 1800), (0.01, 0.05),
          (0.12, 0.45), pasted=(0.05, 1.1), outside=0.55),
    Round("new_number", "contacts", "registered", (1.0, 0.0), (40, 0.7, 8, 160), (0.3, 15), (0.2, 1.0),
          (0.2, 0.6), pasted=(0.3, 1.0), turns=4.0, outside=0.35),
    Round("organiser", "contacts", "awake", (0.1, 0.5), (60, 0.5, 15, 180), (3, 60), (0.3, 0.8), (0.2, 0.6),
          pasted=(0.2, 1.0)),
    Round("group_admin", "groups", "awake", (1.5, 0.9), (4, 0.6, 2, 12), (4, 60), (0.0, 0.0), (0.0, 0.0),
          pasted=(0.3, 1.0)),
    Round("shop", "contacts", "morning", (0.14, 0.3), (45, 0.6, 10, 150), (0.5, 15), (0.2, 0.5), (0.05, 0.2),
          pasted=(0.5, 1.0), outside=0.6, by=0.4),
    Round("notifier", "customers", "morning", (0.8, 0.2), (12, 1.0, 1, 120), (1, 4), (0.05, 0.4), (0.0, 0.12),
          pasted=(1.0, 1.0), turns=2.0, outside=0.65, by=0.45),
    Round("notifier", "customers", "day", (0.9, 0.2), (12, 1.0, 1, 120), (60, 2400), (0.02, 0.3), (0.0, 0.12),
          pasted=(0.7, 1.1), turns=2.0, outside=0.65, by=0.65, uneven=(0.02, 1.0)),
    Round("broadcaster", "contacts", "morning", (0.85, 0.3), (22, 0.5, 8, 80), (0.1, 8), (0.8, 1.0), (0.05, 0.15),
          pasted=(0.8, 1.0), outside=0.35),
    Round("forwarder", "contacts", "awake", (0.25, 0.6), (25, 0.6, 5, 120), (1, 15), (0.5, 0.8), (0.05, 0.25),
          pasted=(0.8, 1.0), outside=0.45),
    Round("fan", "contacts", "awake", (0.03, 0.8), (15, 0.6, 4, 80), (1, 20), (0.5, 0.9), (0.1, 0.4),
          pasted=(0.6, 1.0)),
)  # fmt: skip

#: Shares, replies, complaints and what no comment tells are assumed; they overlap with the hard negatives on purpose.
AUTOMATED = (
    # published: a hundred messages in fifteen seconds, five minutes after registering
    AutomatedKind(
        "blaster", 0.07, (1, 6), (0.002, 0.02), (100, 400), (200, 600), (0.1, 0.25), "uniform",
        awake=0.0, acts=0.2, replies=(0.005, 0.05), complaints=(0.01, 0.04), found_days=0.5,
    ),
    AutomatedKind(
        "steady", 0.08, (1, 6), (0.5, 300), (30, 300), (12, 150), (200, 1800), "fixed",
        awake=0.5, acts=0.4, replies=(0.02, 0.2), complaints=(0.004, 0.025), found_days=3.0,
    ),
    AutomatedKind(
        "scheduled", 0.06, (1, 6), (1, 400), (30, 250), (10, 120), (60, 3600), "fixed",
        awake=0.4, acts=0.4, replies=(0.02, 0.2), complaints=(0.004, 0.025), found_days=3.0,
    ),
    # published advice: five to fifteen strangers a day, as a person would
    AutomatedKind(
        "drip", 0.12, (3, 14), (5, 400), (30, 160), (5, 15), (300, 3000), "lognormal",
        awake=1.0, acts=0.8, replies=(0.05, 0.45), complaints=(0.003, 0.018), found_days=6.0,
    ),
    # caps, gaps, warm-up, typing, breaks: published (presets.py); reach is what a slice of a list holds: assumed
    AutomatedKind(
        "anti_ban", 0.13, (2, 12), (1, 200), (40, 500), (15, 60), (0.4, 7), "uniform",
        awake=1.0, acts=1.0, replies=(0.04, 0.4), complaints=(0.004, 0.025), found_days=4.0,
    ),
    AutomatedKind(
        "warm_up", 0.08, (4, 14), (4, 14), (30, 180), (15, 60), (30, 600), "exponential",
        awake=0.8, acts=0.7, replies=(0.03, 0.3), complaints=(0.004, 0.025), found_days=3.0,
    ),
    AutomatedKind(
        "sim_farm", 0.16, (8, 30), (0.02, 60), (20, 160), (10, 70), (15, 300), "exponential",
        awake=0.7, acts=0.5, replies=(0.02, 0.25), complaints=(0.005, 0.025), found_days=2.5, together=0.7,
    ),
    AutomatedKind(
        "hijacked", 0.08, (2, 10), (100, 1500), (15, 150), (20, 100), (5, 120), "exponential",
        awake=0.5, acts=0.4, replies=(0.1, 0.6), complaints=(0.004, 0.02), found_days=2.0, together=0.0,
        chats=0.16,
    ),
    AutomatedKind(
        "auto_responder", 0.06, (2, 8), (2, 300), (15, 200), (3, 30), (1, 4), "uniform",
        awake=0.0, acts=0.3, replies=(0.3, 0.7), complaints=(0.004, 0.02), found_days=5.0,
    ),
    AutomatedKind(
        "group_spammer", 0.05, (2, 10), (1, 200), (20, 120), (5, 40), (10, 300), "exponential",
        awake=0.7, acts=0.3, replies=(0.03, 0.3), complaints=(0.005, 0.025), found_days=2.0,
    ),
    AutomatedKind(
        "conversational", 0.07, (2, 10), (3, 300), (25, 140), (4, 20), (400, 3600), "lognormal",
        awake=1.0, acts=1.0, replies=(0.2, 0.8), complaints=(0.004, 0.018), found_days=5.0,
    ),
    AutomatedKind(
        "enumerator", 0.04, (1, 5), (0.02, 30), (200, 800), (200, 800), (0.2, 1.5), "exponential",
        awake=0.4, acts=0.1, replies=(0.02, 0.15), complaints=(0.003, 0.015), found_days=1.5,
    ),
)  # fmt: skip

#: Country code, hours from UTC, weight: assumed.
COUNTRIES: tuple[tuple[str, float, float], ...] = (
    ("BR", -3.0, 0.2),
    ("DE", 2.0, 0.15),
    ("GB", 1.0, 0.1),
    ("ID", 7.0, 0.15),
    ("IN", 5.5, 0.2),
    ("MX", -6.0, 0.1),
    ("NG", 1.0, 0.1),
)

"""Who lives in a simulated world: every kind of account as a row of data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spamclf.simulate.log import FloatArray

__all__ = ["AUTOMATED", "CHATS", "COUNTRIES", "HONEST", "RHYTHMS", "AutomatedKind", "HonestKind"]


@dataclass(frozen=True)
class HonestKind:
    """A kind of honest account.

    Attributes
    ----------
    name : str
    share : float
        Share among the honest accounts.
    chats : float
        Median conversations begun with friends per day; 0 for accounts without friends (shops, forums).
    new : float
        Share registered inside the simulated days; the others are up to five years old.
    business : float
        Share declared as business accounts.
    rhythm : str
        A row of `RHYTHMS`.
    complaints : float
        Chance that a recipient who does not have the account in its contacts blocks or reports it.
    """

    name: str
    share: float
    chats: float
    new: float = 0.15
    business: float = 0.0
    rhythm: str = "day"
    complaints: float = 0.004


@dataclass(frozen=True)
class AutomatedKind:
    """A kind of automated operation.

    Attributes
    ----------
    name : str
    share : float
        Share among the automated accounts.
    team : tuple of int
        Least and most accounts of one operation.
    aged_days : tuple of float
        Time from registration to the first send to a stranger.
    reach : tuple of int
        Least and most strangers each account writes to.
    shared : float
        Chance that the operation registers its accounts on shared networks and devices and with one photo.
    replies : float
        Chance that a recipient answers.
    complaints : float
        Chance that a recipient blocks or reports.
    found_days : float
        Median time from the first send to the label.
    chats : float
        Median conversations begun with friends per day: a stolen account has had a life, others make one up.
    """

    name: str
    share: float
    team: tuple[int, int]
    aged_days: tuple[float, float]
    reach: tuple[int, int]
    shared: float
    replies: float
    complaints: float
    found_days: float
    chats: float = 0.0


HONEST = (
    HonestKind("ordinary", 0.54, 0.16),
    HonestKind(
        "commenter", 0.08, 0.0, new=0.3, complaints=0.003
    ),  # answers strangers in public, hardly answered
    HonestKind("office", 0.08, 0.05, rhythm="work"),  # one mail to many colleagues at the same instant
    HonestKind(
        "seeker", 0.07, 0.08, new=0.3, complaints=0.012
    ),  # flats, jobs, dates: the same text to strangers
    HonestKind("new_number", 0.03, 0.35, new=1.0),
    HonestKind("organiser", 0.03, 0.25, complaints=0.006),
    HonestKind("group_admin", 0.03, 0.25),
    HonestKind("shop", 0.04, 0.0, business=0.75, rhythm="work", new=0.25, complaints=0.012),
    HonestKind("notifier", 0.03, 0.0, business=0.85, rhythm="work", new=0.25, complaints=0.005),
    HonestKind("broadcaster", 0.03, 0.2),
    HonestKind("forwarder", 0.02, 0.3, complaints=0.012),
    HonestKind("night_worker", 0.02, 0.3, rhythm="night"),
)

AUTOMATED = (
    AutomatedKind("blaster", 0.18, (1, 6), (0.0002, 0.2), (25, 300), 0.6, 0.06, 0.03, 0.4),
    AutomatedKind("sim_farm", 0.28, (8, 30), (0.005, 3.0), (10, 140), 0.95, 0.08, 0.025, 1.5),
    AutomatedKind("patient", 0.20, (3, 8), (10.0, 200.0), (8, 160), 0.3, 0.25, 0.012, 5.0, chats=0.03),
    AutomatedKind("warm_up", 0.10, (5, 12), (5.0, 12.0), (20, 140), 0.6, 0.12, 0.02, 2.5),
    AutomatedKind("scheduled", 0.08, (1, 4), (1.0, 400.0), (30, 260), 0.4, 0.1, 0.015, 3.0),
    AutomatedKind("conversational", 0.08, (1, 4), (3.0, 300.0), (8, 80), 0.3, 0.5, 0.012, 4.0, chats=0.02),
    AutomatedKind("hijacked", 0.08, (2, 6), (100.0, 1500.0), (15, 150), 0.0, 0.25, 0.02, 1.5, chats=0.16),
)

#: Country code, hours from UTC, weight.
COUNTRIES: tuple[tuple[str, float, float], ...] = (
    ("BR", -3.0, 0.2),
    ("DE", 2.0, 0.15),
    ("GB", 1.0, 0.1),
    ("ID", 7.0, 0.15),
    ("IN", 5.5, 0.2),
    ("MX", -6.0, 0.1),
    ("NG", 1.0, 0.1),
)

#: How much is written in each local hour of the day; rows need not sum to one.
RHYTHMS: dict[str, FloatArray] = {
    "day": np.array(
        [2, 1, 0.5, 0.3, 0.3, 0.6, 2, 4, 5, 5, 5, 5, 6, 6, 5, 5, 6, 7, 8, 9, 10, 9, 7, 4], dtype=np.float64
    ),
    "work": np.array(
        [0, 0, 0, 0, 0, 0.1, 1, 5, 10, 10, 10, 9, 6, 8, 10, 9, 7, 3, 1, 0.5, 0.3, 0.3, 0.1, 0],
        dtype=np.float64,
    ),
    "night": np.array(
        [9, 8, 8, 7, 6, 5, 4, 2, 1, 0.3, 0.2, 0.1, 0.1, 0.2, 0.5, 1, 2, 3, 4, 5, 6, 8, 9, 9], dtype=np.float64
    ),
}

#: Median conversations begun per day, by position of the kind: honest kinds, then automated ones.
CHATS: FloatArray = np.array([row.chats for row in (*HONEST, *AUTOMATED)])

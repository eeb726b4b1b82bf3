"""Causal columns that the catalogue does not hold (yet): what happens on the pages, and who edits after whom.

One pass over the edits in time; a row sees what came before it and itself, a ban from the edit that earned it on.
Nothing merely grows with the log's length: such columns would mean another thing in its last part.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tests.benches.public_data import Edits

HOUR_US = 3_600_000_000
_VETERAN = 50  # edits after which somebody counts as a veteran


@dataclass
class _Page:
    edits: int = 0
    by_newcomers: int = 0
    last: tuple[int, int] | None = None  # instant and user of the latest edit
    day: deque[tuple[int, int]] = field(default_factory=deque)  # the same of the last 24 hours

    def look(self, user: int, now: int) -> dict[str, float]:
        """Measure the page just before an edit."""
        while self.day and self.day[0][0] < now - 24 * HOUR_US:
            self.day.popleft()
        hour = [each for each in self.day if each[0] >= now - HOUR_US]
        others = [instant for instant, who in self.day if who != user]
        seen = {
            "page_edits_1h": len(hour),
            "page_edits_24h": len(self.day),
            "page_others_1h": len({who for _, who in hour} - {user}),
            "page_others_24h": len({who for _, who in self.day} - {user}),
            "page_newcomer_share": (self.by_newcomers + 5) / (self.edits + 10),
        }
        if others:
            seen["page_since_other_s"] = (now - others[-1]) / 1e6
        return seen

    def add(self, user: int, now: int, newcomer: bool) -> None:
        self.edits += 1
        self.by_newcomers += newcomer
        self.last = (now, user)
        self.day.append((now, user))


@dataclass
class _User:
    born: int
    edits: int = 0
    last: int | None = None
    per_page: dict[int, int] = field(default_factory=dict)
    followed: int = 0  # how often the next edit on the page was another's
    followed_10m: int = 0
    followed_1h: int = 0
    followed_by_veteran: int = 0
    returns: int = 0  # how often it came back to a page right after another's edit there
    delays_s: deque[float] = field(default_factory=lambda: deque(maxlen=20))

    def look(self, page: int, now: int) -> dict[str, float]:
        """Measure the user just before its edit; the edit's page counts."""
        seen: dict[str, float] = {
            "user_page_edits": self.per_page.get(page, 0),
            "user_pages": len(self.per_page.keys() | {page}),
            "user_returns": self.returns,
        }
        if self.last is not None:
            seen["user_gap_s"] = (now - self.last) / 1e6
            seen["user_followed_share"] = self.followed / self.edits
            seen["user_followed_10m_share"] = self.followed_10m / self.edits
            seen["user_followed_1h_share"] = self.followed_1h / self.edits
            seen["user_followed_by_veteran_share"] = self.followed_by_veteran / self.edits
        if self.delays_s:
            seen["user_followed_delay_s"] = float(np.median(self.delays_s))
        return seen

    def follow(self, delay_us: int, veteran: bool) -> None:
        """Note that another edited the page after this user."""
        self.followed += 1
        self.followed_10m += delay_us < HOUR_US / 6
        self.followed_1h += delay_us < HOUR_US
        self.followed_by_veteran += veteran
        self.delays_s.append(delay_us / 1e6)

    def add(self, page: int, now: int) -> None:
        self.edits += 1
        self.last = now
        self.per_page[page] = self.per_page.get(page, 0) + 1


def columns(edits: Edits) -> dict[str, npt.NDArray[np.float64]]:
    """Return the columns, each of shape (n_edits,), NaN where there is nothing to measure."""
    pages: defaultdict[int, _Page] = defaultdict(_Page)
    users: dict[int, _User] = {}
    rows: list[dict[str, float]] = []
    log = zip(*(each.tolist() for each in (edits.user, edits.page, edits.instant)), strict=True)
    for user, page, now in log:
        here = pages[page]
        who = users.setdefault(user, _User(now))
        row = here.look(user, now)
        if here.last is not None:
            then, before = here.last
            other = users[before]
            row["page_gap_s"] = (now - then) / 1e6
            row["page_same_editor"] = before == user
            row["page_last_editor_edits"] = other.edits
            row["page_last_editor_age_s"] = (now - other.born) / 1e6
            if before != user:
                other.follow(now - then, who.edits > _VETERAN)
                who.returns += page in who.per_page
        rows.append(row | who.look(page, now) | {"hour": now / HOUR_US % 24})
        here.add(user, now, who.edits < 3)
        who.add(page, now)
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: np.array([row.get(name, np.nan) for row in rows], np.float64) for name in names}

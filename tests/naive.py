"""The slow, obvious twin of every feature: plain rows in, plain numbers out.

Nothing here knows an array or the order of a log. Each function takes a `World` of row dicts, an account, an
instant and a look-back, and computes one family as its formulas in the catalogue say. ``None`` is a null.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from tests import naive_near
from tests.features import naive_co_target
from tests.plain import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    answer_times,
    burstiness,
    conditional_entropy,
    entropy,
    in_seconds,
    memory,
    most,
    most_different,
    quantile,
    quiet_spell,
    share,
    slope,
    spread,
    utc,
)

Row = dict[str, Any]
Values = dict[str, float | None]

FACTS = ("registered_at", "is_business", "country", "network_country", "network", "device")


@dataclass(frozen=True)
class View:
    """What may be seen of the tables at one instant, and what one account did in its history."""

    tables: dict[str, list[Row]]
    account: Any
    as_of: int
    history: int

    def seen(self, instant: int) -> bool:
        return self.as_of - self.history <= instant < self.as_of

    def row(self, account: Any) -> Row | None:
        """The account's row, if there is one and it is not registered at or after the instant."""
        for row in self.tables["accounts"]:
            if row["account_id"] == account:
                born = row["registered_at"]
                return row if born is None or born < self.as_of else None
        return None

    def knows(self, account: Any) -> bool:
        """Whether an account is known at the instant: its row, or a send of the history."""
        return self.row(account) is not None or any(m["sender_id"] == account for m in self.messages)

    @property
    def born(self) -> int | None:
        row = self.row(self.account)
        return None if row is None else row["registered_at"]

    @property
    def born_in_history(self) -> bool:
        return self.born is not None and self.seen(self.born)

    @cached_property
    def messages(self) -> list[Row]:
        """Every message of the history, exact repetitions once."""
        unique = {
            (m["sender_id"], m["recipient_id"], m["sent_at"], bool(m["is_group"]), m["in_contacts"], m["typed_s"],
             m["delivered"]): m
            for m in self.tables["messages"] if self.seen(m["sent_at"])
        }  # fmt: skip
        return list(unique.values())

    @cached_property
    def sends(self) -> list[Row]:
        return sorted((m for m in self.messages if m["sender_id"] == self.account), key=_when)

    @cached_property
    def received(self) -> list[Row]:
        mine = (m for m in self.messages if m["recipient_id"] == self.account and not m["is_group"])
        return sorted(mine, key=_when)

    @property
    def times(self) -> list[int]:
        return [m["sent_at"] for m in self.sends]

    @cached_property
    def first_messages(self) -> dict[Any, Row]:
        """The first message to each person; of several at once, the one of which the least is known."""
        first: dict[Any, Row] = {}
        for m in sorted(
            (m for m in self.sends if not m["is_group"]), key=lambda m: (m["sent_at"], _known(m))
        ):
            first.setdefault(m["recipient_id"], m)
        return first

    @cached_property
    def strangers(self) -> dict[Any, int]:
        """When the account first wrote to each stranger."""
        wrote_first = {m["sender_id"]: m["sent_at"] for m in reversed(self.received)}
        return {
            person: m["sent_at"]
            for person, m in self.first_messages.items()
            if wrote_first.get(person, math.inf) > m["sent_at"] and not m["in_contacts"]
        }

    def label(self, account: Any) -> bool | None:
        """The latest label of the history; of several at once the milder one."""
        labels = [
            (r["labelled_at"], not r["is_automated"]) for r in self.tables["labels"]
            if r["account_id"] == account and self.seen(r["labelled_at"])
        ]  # fmt: skip
        return not max(labels)[1] if labels else None

    def conversations(self) -> dict[Any, list[tuple[int, bool]]]:
        """Each person's messages with the account, (instant, is out); at one instant what it received comes first."""
        talks = defaultdict(list)
        for m in self.sends:
            if not m["is_group"]:
                talks[m["recipient_id"]].append((m["sent_at"], True))
        for m in self.received:
            talks[m["sender_id"]].append((m["sent_at"], False))
        return {person: sorted(talk) for person, talk in talks.items()}


def features(tables: dict[str, list[Row]], account: Any, as_of: int, history: int) -> Values:
    """Every feature of the catalogue, by name."""
    view = View(tables, account, as_of, history)
    values: Values = {}
    near = (naive_near.photo, naive_near.template, naive_near.evidence)
    messages = (send_rate, fan_out, replies, rhythm, naive_co_target.co_target)
    for family in (account_facts, registration, *messages, *near, feedback):
        values |= family(view)
    return values


def scored(tables: dict[str, list[Row]]) -> list[Any]:
    """The accounts that get a row: the accounts table in its order, then other senders by id."""
    listed = [row["account_id"] for row in tables["accounts"]]
    return listed + sorted({m["sender_id"] for m in tables["messages"]} - set(listed))


# ---- families ------------------------------------------------------------------------------------------------


def account_facts(view: View) -> Values:
    row, born = view.row(view.account), view.born
    after = {}
    for n in (1, 10, 100):
        known = view.born_in_history and len(view.sends) >= n
        after[n] = (view.times[n - 1] - born) / SECOND if known else None
    return {
        "account_age_s": None if born is None else (view.as_of - born) / SECOND,
        "account_age_first_send_s": after[1],
        "account_time_to_send_10_s": after[10],
        "account_time_to_send_100_s": after[100],
        "account_is_business": None
        if row is None or row["is_business"] is None
        else float(row["is_business"]),
        "account_completeness": None
        if row is None
        else sum(row[name] is not None for name in FACTS) / len(FACTS),
    }


def registration(view: View) -> Values:
    row = view.row(view.account) or dict.fromkeys(FACTS)
    places = (row["country"], row["network_country"])
    values: Values = {
        "registration_foreign_network": None if None in places else float(places[0] != places[1]),
    }
    others = [
        r for r in view.tables["accounts"] if r["account_id"] != view.account and view.row(r["account_id"])
    ]
    for where in ("network", "device"):
        same = [r for r in others if row[where] is not None and r[where] == row[where]]
        dated = [r["registered_at"] for r in same if r["registered_at"] is not None]
        for name, width in (("1h", HOUR), ("24h", DAY)):
            known = row[where] is not None and view.born is not None and view.seen(view.born - width)
            n = sum(view.born - width <= t <= view.born for t in dated) if known else None
            values[f"registration_{where}_{name}"] = n
        n = sum(view.seen(t) for t in dated)
        values[f"registration_{where}_history"] = None if row[where] is None else n
        here = [label for r in same if (label := view.label(r["account_id"])) is not None]
        share = (sum(here) + 1) / (len(here) + 2) if here and view.label(view.account) is None else None
        values[f"registration_{where}_automated_share"] = share
    return values


def send_rate(view: View) -> Values:
    times, born, n = view.times, view.born, len(view.times)
    minutes = 0.0 if born is None else (view.as_of - max(born, view.as_of - view.history)) / MINUTE
    return {
        "send_rate_sends": n,
        "send_rate_per_active_day": share(n, len({utc(t).date() for t in times})),
        "send_rate_max_15s": most(times, 15 * SECOND),
        "send_rate_max_1m": most(times, MINUTE),
        "send_rate_max_10m": most(times, 10 * MINUTE),
        "send_rate_max_1h": most(times, HOUR),
        "send_rate_max_24h": most(times, DAY),
        "send_rate_first_hour": sum(t < born + HOUR for t in times) if view.born_in_history else None,
        "send_rate_busiest_hour_share": share(most(times, HOUR), n),
        "send_rate_per_minute_of_life": None if born is None else n / max(minutes, 1.0),
        "send_rate_slope": slope(times, view.as_of),
    }


def fan_out(view: View) -> Values:
    to_people = [m for m in view.sends if not m["is_group"]]
    to_groups = [m for m in view.sends if m["is_group"]]
    counts = Counter(m["recipient_id"] for m in to_people)
    n, once, strangers = len(counts), sum(c == 1 for c in counts.values()), len(view.strangers)
    met = list(view.strangers.values())
    in_contacts = [m["in_contacts"] for m in to_people if m["in_contacts"] is not None]
    delivered = [m["delivered"] for m in view.sends if m["delivered"] is not None]
    ages, countries = [], []
    for person, m in view.first_messages.items():
        row = view.row(person)
        if row is not None and (row["registered_at"] is None or row["registered_at"] < m["sent_at"]):
            ages += [] if row["registered_at"] is None else [m["sent_at"] - row["registered_at"]]
            countries += [] if row["country"] is None else [row["country"]]
    own = (view.row(view.account) or {}).get("country")
    abroad = None if own is None else share(sum(there != own for there in countries), len(countries))
    return {
        "fan_out_recipients": n,
        "fan_out_strangers": strangers,
        "fan_out_stranger_share": share(strangers, n),
        "fan_out_max_strangers_10m": most(met, 10 * MINUTE),
        "fan_out_max_strangers_1h": most(met, HOUR),
        "fan_out_max_strangers_24h": most(met, DAY),
        "fan_out_once": once,
        "fan_out_once_share": share(once, n),
        "fan_out_entropy": entropy(counts.values()),
        "fan_out_messages_per_recipient": share(len(to_people), n),
        "fan_out_outside_contacts_share": share(in_contacts.count(False), len(in_contacts)),
        "fan_out_undelivered_share": share(delivered.count(False), len(delivered)),
        "fan_out_recipient_age_median_s": in_seconds(quantile(ages, 50)),
        "fan_out_recipient_countries": len(set(countries)) or None,
        "fan_out_foreign_share": abroad,
        "fan_out_groups": len({m["recipient_id"] for m in to_groups}),
        "fan_out_max_groups_1h": most_different([(m["sent_at"], m["recipient_id"]) for m in to_groups], HOUR),
    }


def replies(view: View) -> Values:
    talks = view.conversations()
    answered_at, latencies, own_latencies = {}, [], []
    for person, talk in talks.items():
        sent = [t for t, out in talk if out]
        if sent:
            # at one instant the received message comes first: it answers nothing sent in that instant
            answered_at[person] = min((t for t, out in talk if not out and t > sent[0]), default=None)
        latencies += answer_times(talk, asks=True)
        own_latencies += answer_times(talk, asks=False)
    n_out = [sum(out for _, out in talk) for talk in talks.values()]
    mutual = sum(n > 0 and 2 * n == len(talk) for n, talk in zip(n_out, talks.values(), strict=True))
    soon = [p for p, t in view.strangers.items() if answered_at[p] is not None and answered_at[p] - t <= DAY]
    return {
        "replies_recipient_share": share(sum(t is not None for t in answered_at.values()), len(answered_at)),
        "replies_stranger_24h_share": share(len(soon), len(view.strangers)),
        "replies_debt": sum(answered_at[person] is None for person in view.strangers),
        "replies_latency_median_s": in_seconds(quantile(latencies, 50)),
        "replies_in_out_ratio": share(len(view.received), len(view.sends)),
        "replies_began_share": share(sum(talk[0][1] for talk in talks.values()), len(talks)),
        "replies_own_latency_median_s": in_seconds(quantile(own_latencies, 50)),
        "replies_mutual_share": share(mutual, len(talks)),
    }


def rhythm(view: View) -> Values:
    times = view.times
    gaps = [b - a for a, b in pairwise(times)]
    cv = spread(gaps)
    short = sorted(gap for gap in gaps if gap < HOUR)
    usual = statistics.median(short) if len(short) >= 5 else 0
    off = [min(t % SECOND, SECOND - t % SECOND) for t in times]
    hours = [utc(t).hour for t in times]
    typed = [m["typed_s"] for m in view.sends if m["typed_s"] is not None]
    typed_ms = [max(1, math.floor(x * 1000 + 0.5)) for x in typed if x > 0]
    seconds = Counter((2 * gap + SECOND) // (2 * SECOND) for gap in gaps)
    return {
        "rhythm_gap_p01_s": in_seconds(quantile(gaps, 1)),
        "rhythm_gap_p10_s": in_seconds(quantile(gaps, 10)),
        "rhythm_gap_p50_s": in_seconds(quantile(gaps, 50)),
        "rhythm_gap_p90_s": in_seconds(quantile(gaps, 90)),
        "rhythm_gap_cv": cv,
        "rhythm_burstiness": None if cv is None else burstiness(cv, len(gaps)),
        "rhythm_memory": memory(gaps),
        "rhythm_gap_entropy": entropy(Counter(gap.bit_length() for gap in gaps).values()),
        "rhythm_conditional_entropy": conditional_entropy(gaps),
        "rhythm_modal_gap_share": share(max(seconds.values(), default=0), len(gaps)),
        "rhythm_lower_edge": short[0] / usual if usual else None,
        "rhythm_upper_edge": usual / short[-1] if usual else None,
        "rhythm_round_second_mass": share(sum(x <= 50_000 for x in off), len(off)) if any(off) else None,
        "rhythm_hour_entropy": entropy(Counter(hours).values()),
        "rhythm_quiet_spell_s": quiet_spell(times, view.as_of),
        "rhythm_night_share": share(sum(hour < 6 for hour in hours), len(hours)),
        "rhythm_active_days": len({utc(t).date() for t in times}),
        "rhythm_untyped_share": share(typed.count(0.0), len(typed)),
        "rhythm_typed_cv": spread(typed_ms),
    }


def feedback(view: View) -> Values:
    own = [
        r for r in view.tables["reports"] if r["account_id"] == view.account and view.seen(r["reported_at"])
    ]
    reporters = {r["reporter_id"] for r in own}
    contacts = [talk for talk in view.conversations().values() if {out for _, out in talk} == {True, False}]
    contacts = [talk for talk in contacts if talk[-1][0] - talk[0][0] >= DAY]
    if len(reporters) <= 3 * len(contacts):
        own, reporters = [], set()
    n_written = [
        sum(m["recipient_id"] == r["reporter_id"] and m["sent_at"] <= r["reported_at"] for m in view.sends
            if not m["is_group"])
        for r in own
    ]  # fmt: skip
    others = {who: also_reported(view, who) for who in reporters}
    together = Counter(other for each in others.values() for other in each)
    credibility = []
    for each in others.values():
        labels = [label for other in each if (label := view.label(other)) is not None]
        credibility.append((sum(labels) + 1) / (len(labels) + 2))
    return {
        "feedback_reports": sum(r["kind"] == "report" for r in own),
        "feedback_blocks": sum(r["kind"] == "block" for r in own),
        "feedback_per_100_strangers": share(100 * len(own), len(view.strangers)),
        "feedback_first_message_share": share(n_written.count(1), sum(n > 0 for n in n_written)),
        "feedback_reporters": len(reporters),
        "feedback_reporter_credibility": statistics.fmean(credibility) if credibility else None,
        "feedback_co_report_share": (
            max(together.values(), default=0) / len(reporters) if len(reporters) >= 2 else None
        ),
    }


# ---- pieces --------------------------------------------------------------------------------------------------


def also_reported(view: View, reporter: Any, latest: int = 1000) -> set[Any]:
    """The other accounts, known by then, that somebody reported lately."""
    made = [
        r for r in view.tables["reports"]
        if r["reporter_id"] == reporter and r["account_id"] != view.account and view.seen(r["reported_at"])
        and view.knows(r["account_id"])
    ]  # fmt: skip
    made.sort(key=lambda r: r["reported_at"])
    cut = made[-latest - 1]["reported_at"] if len(made) > latest else -1
    return {r["account_id"] for r in made if r["reported_at"] > cut}


def _when(message: Row) -> int:
    return message["sent_at"]


def _known(message: Row) -> int:
    """Order of in_contacts: unknown, no, yes."""
    return (None, False, True).index(message["in_contacts"])

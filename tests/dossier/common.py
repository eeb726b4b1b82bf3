"""What the tests of dossiers share: a small dataset made by hand, and the sample's dossier."""

from __future__ import annotations

from functools import cache

import pyarrow as pa

from spamclf import Dataset, dossier, read_dataset, simulate
from tests.doors import SAMPLE

START, HOUR, DAY = 1_780_272_000_000_000, 3_600_000_000, 86_400_000_000  # 2026-06-01
OPERATOR, POLICY = "operator-6f3e88f4", "2026-05-20"
BAD = "<script>alert(1)</script>\"'&\u202e\x1b[2J"


@cache
def sample():
    return read_dataset(SAMPLE)


@cache
def found():
    return dossier.gather(sample(), operator=OPERATOR, policy_date=POLICY, n_jobs=1)


@cache
def world():
    """A simulated world; seeds from 1000 on are nobody's training data."""
    return dict(simulate.world(400, 20, random_state=1207))


def at(hours):
    return pa.array([START + round(each * HOUR) for each in hours], pa.timestamp("us", "UTC"))


def by_hand(*, name="Bulk", hostile="", n_bulk=3, **more):
    """Three bulk senders (b0 known by evidence, b1 and b2 with its photo); 30 people share another photo with b0.

    The senders write to the strangers victim-0 ... victim-9, b0 before the second day, b1 after it; b2 is silent.
    """
    bulk = [f"b{k}{hostile}" for k in range(n_bulk)]
    late = n_bulk - 2
    people = [f"p{k}" for k in range(30)]
    accounts = {"account_id": bulk + people, "registered_at": at([0, 1] + [26] * late + [0] * 30)}
    accounts["device"] = [f"phone{hostile}", f"phone{hostile}"] + [None] * (late + 30)
    accounts["network"] = ["carrier"] * (n_bulk + 30)
    messages = {
        "sender_id": [bulk[0]] * 10 + [bulk[1]] * 6,
        "recipient_id": [f"victim-{k}" for k in [*range(10), *range(4, 10)]],
        "sent_at": at([2 + k / 10 for k in range(10)] + [30 + k / 10 for k in range(6)]),
    }
    rng = ["0123456789abcdef" * 4, "5a3c96f0e1d2b487" * 4]
    photos = {
        "account_id": bulk + people + [bulk[0]],
        "set_at": at([1, 2] + [27] * late + [1] * 30 + [3]),
        "photo_hash": [rng[0]] * n_bulk + [rng[1]] * 31,
    }
    texts = {
        "account_id": bulk * 2,
        "observed_at": at(([1, 2] + [27] * late) * 2),
        "source": ["name"] * n_bulk + ["description"] * n_bulk,
        "text": [f"Name {hostile}"] * n_bulk
        + [f"Win a thousand coins this very week, ask our adviser {hostile}"] * n_bulk,
    }
    labels = {
        "account_id": bulk[:2] + people[:10],
        "is_automated": [True] * 2 + [False] * 10,
        "labelled_at": at([5] * 12),
    }
    evidence = {
        "account_id": [bulk[0], people[3]],
        "observed_at": at([4, 40]),
        "kind": ["off_platform", "on_platform"],
        "operator": [name] * 2,
        "source": [f"advertisement {hostile}", None],
    }
    tables = {"accounts": accounts, "messages": messages, "photos": photos, "texts": texts, "labels": labels}
    tables |= {"evidence": evidence} | more
    return Dataset(**tables, schemes={"photo_hash": {"scheme": "pdq"}}, not_after="2040-01-01")

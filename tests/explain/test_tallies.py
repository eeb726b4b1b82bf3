"""What is tallied lies in [as_of - history, as_of): things at either end, to the microsecond."""

from __future__ import annotations

import pytest

from spamclf import Dataset
from spamclf.ego import EgoLog
from spamclf.explain.tallies import COUNTED, happenings, tallies
from tests.rows import AS_OF, DAY, account, arrow, tables_of


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_what_is_at_as_of_is_not_tallied(offset):
    assert counted(AS_OF + offset) == dict.fromkeys(("sends", "strangers", "reports"), int(offset < 0))


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_what_is_where_the_history_begins_is_tallied(offset):
    assert counted(AS_OF - DAY + offset) == dict.fromkeys(("sends", "strangers", "reports"), int(offset >= 0))


def counted(when):
    """Tally one send to a stranger and one report at an instant, over a day."""
    rows = tables_of(
        accounts=[account("a")],
        messages=[{"sender_id": "a", "recipient_id": "f", "sent_at": when}],
        reports=[{"account_id": "a", "reporter_id": "f", "reported_at": when, "kind": "block"}],
    )
    ego = EgoLog.build(Dataset(**arrow(rows), not_after="2040-01-01"))
    slices = ego.slices([0], AS_OF, history_days=1)
    totals = dict(zip(COUNTED, tallies(ego, slices).totals()[:, 0].tolist(), strict=True))
    happened = {name: at.size for name, (_, at) in happenings(ego, slices).items()}
    assert totals == {name: happened[name] for name in COUNTED}
    return {name: totals[name] for name in ("sends", "strangers", "reports")}

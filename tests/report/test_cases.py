"""A case file holds what was before the instant: rows at it, to the microsecond, are not told."""

from __future__ import annotations

import numpy as np
import pytest

from spamclf import Dataset
from spamclf.report.cases import cases_of
from spamclf.report.pictures import Pictures
from spamclf.report.words import Words
from spamclf.scoring import ScoreTables, Scoring
from tests.doors import model
from tests.rows import AS_OF, DAY, HASHES, account, arrow, tables_of


def wrote(recipient, when):
    return {"sender_id": "a", "recipient_id": recipient, "sent_at": when}


def case(when):
    """The case file of an account that sent a day before, and of which a row of each table is of an instant."""
    tables = tables_of(
        accounts=[account("a", registered_at=when)],
        messages=[wrote("f", AS_OF - DAY), wrote("g", when)],
        photos=[{"account_id": "a", "set_at": when, "photo_hash": HASHES[0]}],
        texts=[{"account_id": "a", "observed_at": when, "source": "about", "text": "good morning everybody"}],
        reports=[{"account_id": "a", "reporter_id": "f", "reported_at": when, "kind": "report"}],
    )
    data = Dataset(**arrow(tables), schemes={"photo_hash": {"scheme": "pdq"}}, not_after="2040-01-01")
    scoring = Scoring(data, model(), AS_OF, 1, None, where="report")
    scores = ScoreTables(scoring, 3, "all").part(0, 1)
    settings = {"n_changes": 0, "words": Words(), "pictures": Pictures(None, 0), "say": print}
    return cases_of(scoring, scores, np.array([0]), AS_OF, **settings)


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_a_row_is_told_just_before_the_instant_and_not_at_it(offset):
    told, seen = case(AS_OF + offset), offset < 0
    assert told["accounts"]["registered"] == [(AS_OF - 1) // 1_000_000 if seen else None]
    totals = told["timelines"]["totals"]
    assert (totals["sends"], totals["strangers"], totals["reports"]) == ([1 + seen], [1 + seen], [int(seen)])
    assert told["texts"]["offsets"] == [0, int(seen)]
    assert (told["photos"]["name"] != [-1]) == seen

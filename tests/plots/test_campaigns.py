"""The growth of campaigns is that of their members."""

from __future__ import annotations

from functools import cache

import numpy as np
import pyarrow as pa
import pytest
from matplotlib.dates import date2num

from spamclf import find, plots
from spamclf.campaigns import Campaigns
from spamclf.errors import ParameterError
from tests.doors import dataset


@cache
def found() -> Campaigns:
    return find.campaigns(dataset(), kinds=["text", "list"])


def test_each_account_is_a_step_when_it_was_first_seen():
    display = plots.CampaignGrowthDisplay.from_campaigns(found(), top=3)
    rows = found().table.slice(0, 3).to_pylist()
    assert list(display.joined) == [f"{row['kind']} {row['campaign']}" for row in rows]
    members = found().members().to_pylist()
    for line, row in zip(display.ax_.lines, rows, strict=True):
        mine = [
            each for each in members if (each["kind"], each["campaign"]) == (row["kind"], row["campaign"])
        ]
        x, y = line.get_data()
        first = np.sort(pa.array([each["first_seen"] for each in mine]).cast(pa.int64()).to_numpy())
        np.testing.assert_allclose(date2num(x[1:-1]), date2num(first.astype("datetime64[us]")))
        assert y.tolist() == [0, *range(1, row["n_accounts"] + 1), row["n_accounts"]]
        assert line.get_drawstyle() == "steps-post"
        assert line.get_label() == f"{row['kind']} {row['campaign']} ({row['n_accounts']:,})"
    assert display.span[1] == found().as_of


def test_campaigns_are_chosen_by_name():
    last = found().table.slice(len(found()) - 1).to_pylist()[0]
    display = plots.CampaignGrowthDisplay.from_campaigns(found(), [(last["kind"], last["campaign"])])
    name = f"{last['kind']} {last['campaign']}"
    assert list(display.joined) == [name]
    told = display.ax_.get_title(loc="left")
    assert told == f"How campaign {name} grows to {last['n_accounts']:,} accounts"


@pytest.mark.parametrize("which", [[("photo", 99_999)], []])
def test_others_are_refused(which):
    with pytest.raises(ParameterError, match=r"^CampaignGrowthDisplay: which must name campaigns"):
        plots.CampaignGrowthDisplay.from_campaigns(found(), which)

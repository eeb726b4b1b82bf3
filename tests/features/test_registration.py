from __future__ import annotations

import math

import pytest
from hypothesis import given, settings

from tests.worlds import World, account, assert_twin, at, labelled, look, worlds


@settings(max_examples=40)
@given(worlds(size=5))
def test_kernel_equals_twin(world: World) -> None:
    assert_twin(world, "registration")


def test_counts_others_up_to_its_own_registration() -> None:
    born = {"early": 0, "edge": 36_000, "own": 39_600, "same": 39_600, "later": 39_601}
    accounts = [account(name, registered_at=at(s), network="n", device=name) for name, s in born.items()]
    got = look("registration", accounts=accounts)["own"]
    assert got["registration_network_1h"] == 2  # "edge", an hour before to the microsecond, and "same"
    assert got["registration_network_24h"] == 3  # and "early"
    assert got["registration_network_history"] == 4
    assert got["registration_device_history"] == 0


def test_foreign_network() -> None:
    accounts = [
        account("home", country="DE", network_country="DE"), account("abroad", country="DE", network_country="FR"),
        account("unknown", country="DE"),
    ]  # fmt: skip
    values = [v["registration_foreign_network"] for v in look("registration", accounts=accounts).values()]
    assert values[:2] == [0, 1]
    assert math.isnan(values[2])


def test_automated_share_leaves_itself_out() -> None:
    accounts = [account(name, network=where) for name, where in zip("abcdefg", "nnnmmmn", strict=True)]
    labels = [
        labelled("a", True, 10),
        labelled("b", True, 10),
        labelled("c", True, 10),
        labelled("d", False, 10),
    ]
    share = {
        name: values["registration_network_automated_share"]
        for name, values in look("registration", accounts=accounts, labels=labels).items()
    }
    assert all(math.isnan(share[who]) for who in "abcd")  # each is labelled: the others would give it away
    assert share["e"] == share["f"] == (0 + 1) / (1 + 2)
    assert share["g"] == (3 + 1) / (3 + 2)


def test_the_latest_label_stands_and_of_two_at_once_the_milder() -> None:
    accounts = [account(name, network="n") for name in "ab"]

    def share(*labels: dict[str, object]) -> float:
        return look("registration", accounts=accounts, labels=list(labels))["a"][
            "registration_network_automated_share"
        ]

    guilty = (1 + 1) / (1 + 2)
    assert share(labelled("b", False, 10), labelled("b", True, 20)) == pytest.approx(guilty)
    cleared = (0 + 1) / (1 + 2)
    assert share(labelled("b", True, 10), labelled("b", False, 20)) == pytest.approx(cleared)
    assert share(labelled("b", True, 10), labelled("b", False, 10)) == pytest.approx(cleared)
    assert math.isnan(share(labelled("a", True, 10)))  # its own label tells nothing about others


def test_a_label_stands_from_just_after_it_to_the_end_of_the_history() -> None:
    accounts = [account(name, network="n") for name in "ab"]
    labels = [labelled("b", True, 10)]

    def known(seconds: float, days: int) -> bool:
        got = look(
            "registration", accounts=accounts, labels=labels, seconds=seconds, days=days, history_days=2
        )
        return not math.isnan(got["a"]["registration_network_automated_share"])

    assert [known(10, 0), known(10.000001, 0), known(10, 2), known(10.000001, 2)] == [
        False,
        True,
        True,
        False,
    ]

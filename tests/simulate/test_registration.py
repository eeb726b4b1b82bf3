from __future__ import annotations

import numpy as np

from spamclf.simulate.registration import draw_registration
from tests.simulate.conftest import cast_of


def test_people_share_networks_and_a_few_devices_innocently():
    cast = cast_of(4000, 5)
    network, device, abroad = draw_registration(cast)
    people = np.arange(cast.n_honest)
    on_network = np.bincount(network[people])[network[people]]
    assert on_network.max() > 50  # a carrier
    assert ((on_network >= 2) & (on_network <= 6)).mean() > 0.1  # a home
    on_device = np.bincount(device[people])[device[people]]
    assert 0.05 < (on_device >= 2).mean() < 0.3
    assert on_device.max() >= 4
    assert 0.02 < (abroad[people] != cast.country[people]).mean() < 0.08


def test_operations_hide_more_or_less_well():
    cast = cast_of(4000, 5)
    network, device, _ = draw_registration(cast)
    largest = [one for one in cast.operations if len(one.members) >= 4]
    for facts in (network, device):
        same = np.array([np.bincount(facts[one.members]).max() / len(one.members) for one in largest])
        assert 0.15 < (same > 0.5).mean() < 0.8
        assert (same < 0.5).mean() > 0.2
    on_network = np.bincount(network[: cast.n_honest], minlength=network.max() + 1)
    mixed = np.array([(on_network[network[one.members]] > 0).mean() for one in largest])
    assert 0.3 < (mixed > 0.5).mean() < 0.9  # among people


def test_numbers_of_an_operation_are_of_one_country_and_codes_do_not_show():
    cast = cast_of(4000, 5)
    for one in cast.operations:
        assert set(cast.number_country[one.members].tolist()) == {one.country}
    network, _, _ = draw_registration(cast)
    first, last = network[: cast.n_honest], network[cast.n_honest :]
    assert abs(np.median(first) - np.median(last)) < 0.25 * network.max()


def test_a_few_phones_were_an_honest_account_s_and_an_operation_s():
    cast = cast_of(4000, 5)
    _, device, _ = draw_registration(cast)
    honest, automated = device[: cast.n_honest], device[cast.n_honest :]
    assert 0.03 < np.isin(automated, honest).mean() < 0.2
    assert 0.003 < np.isin(honest, automated).mean() < 0.05

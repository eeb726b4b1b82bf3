"""Networks and devices at registration: what operations share on purpose, and what people share innocently."""

from __future__ import annotations

import numpy as np

from spamclf.simulate.cast import Cast
from spamclf.simulate.kinds import COUNTRIES
from spamclf.simulate.log import IntArray

__all__ = ["draw_registration"]

# Assumed throughout.
#: Shares of people behind a carrier, at home with a few others, and behind the address of a university or office.
_CARRIER, _HOME = 0.55, 0.27
#: Accounts behind one carrier address, and behind one campus.
_PER_CARRIER, _PER_CAMPUS = 150, 120
#: Share of office workers who registered at work, and how many stand behind one address there.
_OFFICE, _PER_OFFICE = 0.6, 40
#: Share of devices that a second account of the neighbourhood was registered on: a family tablet, a resold phone.
_SHARED_DEVICE = 0.08
#: Share of people who registered on the phone of a shop or a school, and how many did on each.
_LENT, _PER_LENT = 0.02, 5
#: Share of people who registered abroad; share of operations that did.
_TRAVELLERS, _ABROAD = 0.05, 0.3
#: Share of an operation's phones that somebody honest was registered on: bought second-hand, or sold on afterwards.
_SECOND_HAND = 0.08
#: Networks that operations rent from the same hosts, one for so many accounts; a few people use them too.
_PER_HOST, _HOSTED = 300, 0.02


def draw_registration(cast: Cast) -> tuple[IntArray, IntArray, IntArray]:
    """Return the network, the device and the network's country of each account; the numbers are opaque."""
    rng = cast.stream("registration")
    size = cast.n_accounts
    network, device, abroad = _innocent(cast, rng)
    for number, operation in enumerate(cast.operations):
        own = cast.stream("hideout", operation.name)
        members = operation.members
        if own.random() < operation.kind.together * (1.4 - 0.9 * operation.care):
            n_networks = 1 + len(members) // int(own.integers(4, 20))
            network[members] = 20 * size + 100 * number + own.integers(0, n_networks, len(members))
        elif own.random() < 0.4:  # rented where others rent too
            network[members] = 10 * size + own.integers(0, size // _PER_HOST + 2, len(members))
        if own.random() < operation.kind.together * (1.2 - 1.1 * operation.care):
            n_devices = 1 + len(members) // int(own.integers(3, 10))
            device[members] = size + 100 * number + own.integers(0, n_devices, len(members))
        if own.random() < _ABROAD:
            abroad[members] = own.integers(0, len(COUNTRIES))
        phones, which = np.unique(device[members], return_inverse=True)
        once = cast.people[own.integers(0, len(cast.people), len(phones))]
        device[members] = np.where(own.random(len(phones)) < _SECOND_HAND, device[once], phones)[which]
    return _opaque(rng, network), _opaque(rng, device), abroad


def _innocent(cast: Cast, rng: np.random.Generator) -> tuple[IntArray, IntArray, IntArray]:
    """Draw what everybody would have without an operator."""
    size, where = cast.n_accounts, rng.random(cast.n_accounts)
    carriers = max(size // _PER_CARRIER, 3)
    carrier = cast.number_country * carriers + (carriers * rng.random(size) ** 2).astype(np.int64)
    home = 30 * size + cast.place // 3
    campus = 40 * size + cast.place // _PER_CAMPUS
    network = np.where(where < _CARRIER, carrier, np.where(where < _CARRIER + _HOME, home, campus))
    office = np.isin(
        cast.kind, [cast.kind[cast.of(name)[0]] for name in ("office", "cold_caller") if len(cast.of(name))]
    )
    at_work = office & (rng.random(size) < _OFFICE)  # whole offices stand behind one address
    network = np.where(at_work, 50 * size + np.arange(size) // _PER_OFFICE, network)
    hosted = rng.random(size) < _HOSTED
    network = np.where(hosted, 10 * size + rng.integers(0, size // _PER_HOST + 2, size), network)
    device = np.arange(size)
    second = np.flatnonzero(rng.random(len(cast.people)) < _SHARED_DEVICE)
    device[cast.people[second]] = cast.people[np.maximum(second - 1, 0)]
    lent = np.flatnonzero(cast.own(np.arange(size) // _PER_LENT, "lent") < _LENT)
    device[lent] = lent // _PER_LENT * _PER_LENT
    stranger = np.where(
        rng.random(size) < _TRAVELLERS, rng.integers(0, len(COUNTRIES), size), cast.number_country
    )
    return network, device, stranger


def _opaque(rng: np.random.Generator, numbers: IntArray) -> IntArray:
    """Give each different number another one, which tells nothing."""
    values, inverse = np.unique(numbers, return_inverse=True)
    return rng.permutation(len(values))[inverse]

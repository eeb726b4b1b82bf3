"""Waves of imitation: what honest people show because others do, more of them every day until it ebbs."""

from __future__ import annotations

import numpy as np

from spamclf.simulate.cast import Cast
from spamclf.simulate.log import DAY, IntArray

__all__ = ["n_waves", "wave_instants"]

#: Days that a wave takes, and how steeply it grows (the share that has joined is time to this power): assumed.
_DAYS, _GROWTH = (1.5, 7.0), 2.5


def n_waves(cast: Cast) -> int:
    """Return how many waves of one kind a world sees: one for each 1,000 honest accounts or so."""
    return 2 + cast.n_honest // 1000


def wave_instants(cast: Cast, who: IntArray, kind: str) -> tuple[IntArray, IntArray]:
    """Return which wave of a kind each of `who` joins, and when.

    Parameters
    ----------
    cast : Cast
    who : ndarray of int64
        Account codes.
    kind : str
        Waves of another kind have other instants.
    """
    rng = cast.stream("waves", kind)
    count = n_waves(cast)
    begins = cast.start + rng.uniform(-0.1, 0.7, count) * (cast.end - cast.start)
    lengths = rng.uniform(*_DAYS, count) * DAY
    # Large waves and small ones.
    wave = np.minimum((cast.own(who, f"wave {kind}") ** 2 * count).astype(np.int64), count - 1)
    when = begins[wave] + lengths[wave] * cast.own(who, f"joins {kind}") ** (1.0 / _GROWTH)
    return wave, np.maximum(when.astype(np.int64), np.maximum(cast.registered[who], cast.start))

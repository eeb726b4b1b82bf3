"""Which hashes are near to any of a bank."""

from __future__ import annotations

from typing import Any

from spamclf.kernels._compile import compiled
from spamclf.kernels._types import Bools
from spamclf.kernels.hamming import hamming256


@compiled("void(uint64[:, ::1], uint64[:, ::1], int64, boolean[::1])")
def near_any(words: Any, bank: Any, most: int, found: Bools) -> None:
    """Write whether each hash differs from one of the bank in at most so many bits."""
    for i in range(words.shape[0]):
        found[i] = False
        for k in range(bank.shape[0]):
            if hamming256(words, i, bank, k) <= most:
                found[i] = True
                break

"""The value at a place of the order, without ordering the rest."""

from __future__ import annotations

from spamclf.kernels._compile import compiled
from spamclf.kernels._types import Ints


@compiled("boolean(int64[::1], int64, int64, int64)")
def select(values: Ints, n: int, k: int, rounds: int) -> bool:
    """Bring the value that is at `k` in the order of ``values[:n]`` there, with none larger before it (quickselect).

    Gives up after so many rounds, and returns False: an order made to defeat it needs n of them, and a square of time.
    """
    low, high = 0, n - 1
    while low < high:
        if rounds == 0:
            return False
        rounds -= 1
        pivot = values[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if k <= j:
            high = j
        elif k >= i:
            low = i
        else:
            break
    return True

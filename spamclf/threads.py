"""Work in threads: how many, how it is cut, how it is run."""

from __future__ import annotations

import functools
import itertools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import numpy as np
import numpy.typing as npt

from spamclf.errors import ParameterError

__all__ = ["equal_parts", "in_threads", "n_threads"]


def n_threads(n_jobs: int, where: str = "spamclf") -> int:
    """Return the number of threads that `n_jobs` means to joblib: -1 is all cores that this process may use.

    `where` names the call in errors.

    Examples
    --------
    >>> n_threads(3)
    3
    """
    if not isinstance(n_jobs, int | np.integer) or isinstance(n_jobs, bool):
        raise ParameterError(
            f"{where}: n_jobs must be a number of threads, or negative; got {n_jobs!r}. Use -1 for all cores."
        )
    if n_jobs > 0:
        return int(n_jobs)
    from joblib import effective_n_jobs  # knows affinity and the bounds of a container

    try:
        return int(effective_n_jobs(n_jobs))
    except ValueError:
        raise ParameterError(
            f"{where}: n_jobs must be a number of threads, or negative; got 0. Use -1 for all cores."
        ) from None


def in_threads(work: Callable[[int, int], Any], bounds: Sequence[int], n_jobs: int) -> list[Any]:
    """Call ``work(low, high)`` for each two neighbouring `bounds`, in threads (kernels drop the interpreter lock).

    The caller's thread is one of them: where cores are busy, it does what the others have not begun, and waits for none
    of them to wake up.
    """
    pairs = list(itertools.pairwise(bounds))
    threads = n_threads(n_jobs)
    if threads == 1 or len(pairs) == 1:
        return [work(low, high) for low, high in pairs]
    pool = _pool(os.getpid(), threads - 1)
    tasks = [pool.submit(work, low, high) for low, high in pairs]
    own: dict[int, Any] = {}
    try:
        for k in reversed(range(len(pairs))):
            if tasks[k].cancel():  # nobody has begun it
                own[k] = work(*pairs[k])
    finally:
        wait([task for task in tasks if not task.cancel()])
    return [own[k] if k in own else task.result() for k, task in enumerate(tasks)]


@functools.cache
def _pool(process: int, threads: int) -> ThreadPoolExecutor:
    """Return threads that stay: to start one takes longer than much of the work. A fork has none of its parent's."""
    return ThreadPoolExecutor(threads, thread_name_prefix="spamclf")


def equal_parts(weights_before: npt.NDArray[np.int64], n_parts: int) -> list[int]:
    """Cut items into parts of about equal weight, given the running sum of weights before each item and in all."""
    targets = np.linspace(0, weights_before[-1], n_parts + 1)[1:-1]
    inner = np.searchsorted(weights_before, targets)
    return sorted({0, weights_before.size - 1, *(int(cut) for cut in inner)})

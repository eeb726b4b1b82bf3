"""How a kernel is compiled: for one fixed signature, without the interpreter lock, cached on disk."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba

from spamclf.kernels._ahead import announce, compile_all
from spamclf.kernels._sources import sources

#: A cache that another version of numba writes to at the same moment can hold what this one cannot read.
_UNREADABLE = (ImportError, AttributeError, EOFError, pickle.UnpicklingError)


def compiled(signature: Any, *, inline: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile a function for exactly `signature` (or a list of them) when its module is imported.

    A fixed signature means that no caller can trigger a second, slow compilation by passing an array of another
    layout: it gets a ``TypeError`` instead. ``error_model="numpy"`` makes x / 0 an inf or NaN, as in numpy.

    What is cached is named by a hash of all sources that went into it: numba itself looks at the function's own file
    alone, and would go on to use a kernel whose helpers, in another file, have changed.

    Where one is not cached, others are not either: then all of them are compiled, on all cores.
    """
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
    if inline:
        options["inline"] = "always"

    def wrap(function: Callable[..., Any]) -> Callable[..., Any]:
        function.__qualname__ += f"_{sources(Path(function.__code__.co_filename))}"
        try:
            kernel = numba.njit(signature, cache=True, **options)(function)
        except (RuntimeError, *_UNREADABLE) as error:
            # Nor need there be a writable cache folder anywhere: slower starts, same results.
            if isinstance(error, RuntimeError) and "cannot cache" not in str(error):
                raise
            announce(
                "at every start, for no folder keeps them; set NUMBA_CACHE_DIR to one that can be written to"
            )
            return numba.njit(signature, **options)(function)
        stats = getattr(kernel, "stats", None)  # none where numba is told not to compile
        if stats is not None and stats.cache_misses:
            compile_all(Path(stats.cache_path))
        return kernel

    return wrap

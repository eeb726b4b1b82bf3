"""How a kernel is compiled: for one fixed signature, without the interpreter lock, cached on disk."""

from __future__ import annotations

import functools
import hashlib
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba

#: A cache that another version of numba writes to at the same moment can hold what this one cannot read.
_UNREADABLE = (ImportError, AttributeError, EOFError, pickle.UnpicklingError)


def compiled(signature: Any, *, inline: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile a function for exactly `signature` (or a list of them) when its module is imported.

    A fixed signature means that no caller can trigger a second, slow compilation by passing an array of another
    layout: it gets a ``TypeError`` instead. ``error_model="numpy"`` makes x / 0 an inf or NaN, as in numpy.

    What is cached is named by a hash of all sources that went into it: numba itself looks at the function's own file
    alone, and would go on to use a kernel whose helpers, in another file, have changed.
    """
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
    if inline:
        options["inline"] = "always"

    def wrap(function: Callable[..., Any]) -> Callable[..., Any]:
        function.__qualname__ += f"_{sources(Path(function.__code__.co_filename))}"
        try:
            return numba.njit(signature, cache=True, **options)(function)
        except (RuntimeError, *_UNREADABLE) as error:
            # Nor need there be a writable cache folder anywhere: slower starts, same results.
            if isinstance(error, RuntimeError) and "cannot cache" not in str(error):
                raise
            return numba.njit(signature, **options)(function)

    return wrap


@functools.cache
def sources(path: Path) -> str:
    """Return a hash of a kernel's file and of all that it imports of the kernels, as far as they can be read."""
    found: dict[Path, bytes] = {}
    wanted = [path]
    while wanted:
        each = wanted.pop()
        if each in found:
            continue
        try:
            found[each] = each.read_bytes()
        except OSError:
            found[each] = b""
        names = re.findall(rb"^from spamclf\.kernels\.(\w+) import", found[each], re.MULTILINE)
        wanted += [path.with_name(f"{name.decode()}.py") for name in names]
    whole = hashlib.sha256()
    for each in sorted(found):
        whole.update(each.name.encode() + b"\0" + found[each] + b"\0")
    return whole.hexdigest()[:12]

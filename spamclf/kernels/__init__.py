"""Numba kernels: arrays in, arrays out. They know no table, no data frame and no file.

A kernel module compiles when it is first touched (``kernels.rhythm``) and is cached on disk from then on, so a
family that nobody asks for is never compiled and importing spamclf does not import numba.
"""

from __future__ import annotations

import importlib
import sys
import threading
from types import ModuleType

_MODULES = frozenset(
    {
        "account", "around", "bands", "banks", "co_target", "crowd", "ego", "fan_out", "feedback", "forest",
        "hamming", "ids", "known_lists", "letters", "live", "minhash", "near", "neighbours", "pdq", "registration",
        "replies", "rhythm", "rows", "score_ids", "send_rate", "sets", "shards", "spells", "timeline", "together",
    }
)  # fmt: skip
_announced = threading.Event()


def __getattr__(name: str) -> ModuleType:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    notice = threading.Timer(2.0, _announce)
    notice.daemon = True
    notice.start()
    try:
        return importlib.import_module(f"{__name__}.{name}")
    finally:
        notice.cancel()


def _announce() -> None:
    """Say once per process why the first run ever is slow."""
    if not _announced.is_set():
        _announced.set()
        print("spamclf: compiling its kernels, once; later runs start at once ...", file=sys.stderr)

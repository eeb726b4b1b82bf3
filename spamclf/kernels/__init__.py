"""Numba kernels: arrays in, arrays out. They know no table, no data frame and no file.

A kernel module compiles when it is first touched (``kernels.rhythm``) and is cached on disk from then on, so a
family that nobody asks for is never compiled and importing spamclf does not import numba.
"""

from __future__ import annotations

import importlib
from types import ModuleType

_MODULES = frozenset(
    {
        "account", "around", "bands", "banks", "co_target", "crowd", "ego", "fan_out", "feedback", "forest",
        "hamming", "ids", "known_lists", "letters", "live", "minhash", "near", "neighbours", "pdq", "registration",
        "replies", "rhythm", "rows", "score_ids", "send_rate", "sets", "shards", "spells", "timeline", "together",
    }
)  # fmt: skip


def __getattr__(name: str) -> ModuleType:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return importlib.import_module(f"{__name__}.{name}")

"""The presets that makers of bulk senders publish, so that their users are not banned."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PAUSES", "PRESETS", "STRICTEST_QUOTA", "STRICTEST_REPLIES", "Preset"]


@dataclass(frozen=True)
class Preset:
    """One published preset.

    Attributes
    ----------
    per_minute, per_hour, per_day : int
        Caps.
    gap_s : tuple of float
        Edges of the gap between two sends, beside the typing.
    warm_days : int
    first, growth : float
        Sends on the first day of the warm-up, and their growth from day to day.
    hours : tuple of float
        Local hours of activity.
    weekend : float
        Factor on Saturdays and Sundays.
    """

    per_minute: int
    per_hour: int
    per_day: int
    gap_s: tuple[float, float]
    warm_days: int
    first: float
    growth: float
    hours: tuple[float, float] = (8.0, 21.0)
    weekend: float = 0.5


#: From the most careful to the boldest one.
PRESETS = (
    Preset(5, 100, 800, (2.5, 7.0), 10, 15, 1.8),
    Preset(10, 300, 1500, (1.5, 5.0), 7, 20, 1.8),
    Preset(20, 800, 4000, (0.8, 3.0), 4, 35, 2.0),
    Preset(40, 1500, 8000, (0.4, 1.8), 3, 60, 2.5),
)

#: Distractions and times offline after a share of the sends: (share, least and most seconds).
PAUSES = ((0.05, 300.0, 1200.0), (0.03, 300.0, 900.0))

#: The strictest mode: no more strangers a day than this, and none while fewer than this share have answered.
STRICTEST_QUOTA = 5
STRICTEST_REPLIES = 0.10

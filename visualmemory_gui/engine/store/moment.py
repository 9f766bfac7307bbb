"""Moments in the history of a memory as people type them: a step's number, a date, or how long ago."""

from __future__ import annotations

import re
import time
from datetime import datetime

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


def moment(text: str) -> int | float | None:
    """The number of a step (int), a time in seconds since the epoch (float), or None for anything else.

    ``12`` is a step; ``2026-01-31``, ``90m``, ``2h`` and ``7d`` are times.
    """
    text = text.strip()
    if re.fullmatch(r"\d{1,18}", text):
        return int(text)
    if (ago := seconds(text)) is not None:
        return time.time() - ago
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):  # not a date, or one beyond the range of the system's clock
        return None


def seconds(text: str) -> float | None:
    """How long ``30d`` is, or ``12h``, ``90m``, ``40s``, ``2w``; None for anything that is not such a duration."""
    found = re.fullmatch(r"(\d{1,6})([smhdw])", text.strip().lower())
    return None if found is None else float(int(found[1]) * _UNITS[found[2]])

"""Memory that a long task used and let go of: glibc keeps it for the process until it is asked."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import cache


@cache
def _trim() -> Callable[[int], int] | None:
    """glibc's ``malloc_trim``, None where there is none."""
    return getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None


def give_back() -> None:
    """Let the system have it. Takes some milliseconds: not for the window's thread."""
    trim = _trim()
    if trim is not None:
        trim(0)

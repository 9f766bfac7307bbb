"""Memory that a long task used and let go of: glibc keeps it for the process until it is asked."""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Any


@cache
def _trim() -> Any:
    """glibc's ``malloc_trim``, None where there is none."""
    return getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None


def give_back() -> None:
    """Let the system have it. Takes some milliseconds: not for the window's thread."""
    trim = _trim()
    if trim is not None:
        trim(0)

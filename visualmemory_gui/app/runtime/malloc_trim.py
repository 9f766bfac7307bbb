"""Returns freed memory to the system after a long task: glibc retains it for the process until asked."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import cache


@cache
def _trim() -> Callable[[int], int] | None:
    """glibc's ``malloc_trim``, None if there is none."""
    return getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None


def give_back() -> None:
    """Return it to the system. Takes some milliseconds: not for the window's thread."""
    trim = _trim()
    if trim is not None:
        trim(0)

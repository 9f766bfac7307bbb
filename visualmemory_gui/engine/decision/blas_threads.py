"""One thread for many small products: BLAS would share each of them among threads and wait for these.

A product of 100 x 1280 takes half a millisecond with one thread, and twenty with several while other work runs.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController

_lock = threading.Lock()
_inside: list[object] = []  # what gives the threads back, once for each caller that is inside


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Numpy multiplies with one thread inside, in all threads of the process; the last to leave gives them back."""
    with _lock:
        _inside.append(_inside[0] if _inside else _controller().limit(limits=1, user_api="blas"))
    try:
        yield
    finally:
        with _lock:
            limit = _inside.pop()
            if not _inside:
                limit.restore_original_limits()  # type: ignore[attr-defined]


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()

"""Work on many queries shared out among threads that live as long as the call."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")

PART = 16
"""Queries a thread takes at a time: their similarities to 60,000 exemplars, 4 MB, stay in its cache."""

_usual = [os.cpu_count() or 1]


def set_threads(threads: int) -> None:
    """Among how many threads work is shared out where the caller does not say, 0: one for each core.

    It holds for the process: the setting of the memory that was opened, or changed, last.
    """
    _usual[0] = threads or os.cpu_count() or 1


def shared_out(
    work: Callable[[slice], Sequence[Result]], count: int, *, threads: int | None = None, size: int = PART
) -> list[Result]:
    """``work(part)`` for all parts of ``count`` queries, ``size`` at a time; its results in the order of the queries.

    ``work`` must be safe in several threads at once; threads help as far as it releases the interpreter lock, as
    numpy does in loops over arrays.
    """
    threads = _usual[0] if threads is None else threads
    parts = [slice(start, min(start + size, count)) for start in range(0, count, size)]
    if threads < 2 or len(parts) < 2:
        return [one for part in parts for one in work(part)]
    with ThreadPoolExecutor(min(threads, len(parts)), thread_name_prefix="queries") as pool:
        return [one for done in pool.map(work, parts) for one in done]

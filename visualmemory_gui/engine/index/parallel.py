"""Work on many queries shared out among threads that live as long as the call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")

PART = 16
"""Queries a thread takes at a time: their similarities to 60,000 exemplars, 4 MB, stay in its cache."""


def shared_out(work: Callable[[slice], Sequence[Result]], count: int, *, threads: int) -> list[Result]:
    """``work(part)`` for all parts of ``count`` queries, its results in the order of the queries.

    ``work`` must be safe in several threads at once; threads help as far as it releases the interpreter lock, as
    numpy does in loops over arrays.
    """
    parts = [slice(start, min(start + PART, count)) for start in range(0, count, PART)]
    if threads < 2 or len(parts) < 2:
        return [one for part in parts for one in work(part)]
    with ThreadPoolExecutor(min(threads, len(parts)), thread_name_prefix="search") as pool:
        return [one for done in pool.map(work, parts) for one in done]

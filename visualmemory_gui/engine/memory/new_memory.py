"""Making a memory to be filled; one that stays empty is not left behind."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from visualmemory_gui.engine.errors import VisualMemoryError
from visualmemory_gui.engine.index import checkpoint
from visualmemory_gui.engine.memory.protocol import WholeMemory
from visualmemory_gui.engine.memory.visual_memory import VisualMemory
from visualmemory_gui.engine.store import layout
from visualmemory_gui.engine.store.database import FILE
from visualmemory_gui.engine.store.filesystem import identity_of


@contextmanager
def new_memory(path: Path, make: Callable[[], VisualMemory], *, keep_filled: bool = False) -> Iterator[VisualMemory]:
    """The memory that ``make`` makes at ``path``, open; removed again if the block raises.

    ``keep_filled``: it stays all the same if it holds an exemplar by then.
    """
    was_there = path.exists()
    m = make()
    made = identity_of(path / FILE)
    try:
        yield m
    except BaseException:
        stays = keep_filled and _holds_some(m)
        with contextlib.suppress(VisualMemoryError, OSError):  # the block's own error is the one to report
            m.close()
        if not stays and identity_of(path / FILE) == made:
            _remove(path, keep_folder=was_there)
        raise
    m.close()


def discard(m: WholeMemory) -> bool:
    """Close ``m``, which was made to be filled, and remove it if it holds no exemplar; whether it was removed."""
    path, made = m.path, identity_of(m.path / FILE)
    stays = _holds_some(m)
    m.close()
    gone = not stays and identity_of(path / FILE) == made
    if gone:
        _remove(path, keep_folder=False)
    return gone


def _holds_some(m: WholeMemory) -> bool:
    """Whether it holds an exemplar; True also where that cannot be determined."""
    try:
        return m.catalog.totals()[0] > 0
    except VisualMemoryError:
        return True


def _remove(path: Path, *, keep_folder: bool) -> None:
    with contextlib.suppress(VisualMemoryError):
        checkpoint.delete(path)
    layout.remove(path, keep_folder=keep_folder)

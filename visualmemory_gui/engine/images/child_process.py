"""The process of the decoding child: how it is started, also before what will use it is imported."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from visualmemory_gui.engine.processes.child_process import HOME, end

COMMAND = (sys.executable, "-m", "visualmemory_gui.engine.images.child")
# One image at a time needs no thread pools, and each would count against the child's memory limit.
_QUIET = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
_ahead: list[subprocess.Popen[bytes]] = []


def started(command: Sequence[str] = COMMAND) -> subprocess.Popen[bytes]:
    """The running child, one of ``started_ahead`` if there is one. Its folder is the package's, so that it imports this
    product and nothing that lies around. Raises OSError."""
    if tuple(command) == COMMAND:
        with contextlib.suppress(IndexError):
            return _ahead.pop()
    return _launched(command)


@contextmanager
def started_ahead() -> Iterator[None]:
    """Within the block one child is running already: it becomes ready while its parent imports what will use it.

    It ends with the block if no one has taken it. Where it cannot be started, whoever needs it says so.
    """
    with contextlib.suppress(OSError):
        _ahead.append(_launched(COMMAND))
    try:
        yield
    finally:
        while _ahead:
            end(_ahead.pop())


def _launched(command: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        list(command),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=HOME,
        env={**os.environ, **_QUIET},
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )

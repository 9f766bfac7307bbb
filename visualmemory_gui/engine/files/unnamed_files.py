"""Files that were deleted and that a process still has open: their bytes stay on the disk until it ends.

Linux lists the open files of every process of the same user. Elsewhere nothing is found.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

_PROCESSES = Path("/proc")
_OWN = _PROCESSES / "self" / "fd"
_DELETED = " (deleted)"


def handles(folder: Path, name: re.Pattern[str]) -> Iterator[int]:
    """A descriptor for writing of each file that was deleted from ``folder`` under a ``name`` of this form, once for
    each process that has it open; closed when the next is asked for."""
    place = f"{folder.resolve()}{os.sep}"
    for link, target in _open_files():
        if not target.startswith(place) or not target.endswith(_DELETED):
            continue
        if not name.fullmatch(target[len(place) : -len(_DELETED)]):
            continue
        with contextlib.suppress(OSError):  # it was closed meanwhile, or may not be written
            handle = os.open(link, os.O_RDWR | os.O_CLOEXEC)
            try:
                if str((_OWN / str(handle)).readlink()) == target:  # else another file has taken the number
                    yield handle
            finally:
                os.close(handle)


def _open_files() -> Iterator[tuple[str, str]]:
    """The links to the open files of all processes that may be asked, and where they lead."""
    with contextlib.suppress(OSError), os.scandir(_PROCESSES) as processes:
        for process in processes:
            if not process.name.isdigit():
                continue
            with contextlib.suppress(OSError), os.scandir(f"{process.path}/fd") as links:
                for link in links:
                    with contextlib.suppress(OSError):
                        yield link.path, os.readlink(link.path)  # noqa: PTH115 - of thousands of links

"""How much main memory is left."""

from __future__ import annotations

import re
from pathlib import Path

_MEMINFO = Path("/proc/meminfo")
_AVAILABLE = re.compile(r"^MemAvailable: +([0-9]+) kB$", re.MULTILINE)


def available() -> int | None:
    """Bytes that can be taken without others being moved to the disk; None where the system does not say."""
    try:
        found = _AVAILABLE.search(_MEMINFO.read_text())
    except OSError:
        return None
    return 1024 * int(found[1]) if found else None

"""JSON that only this installation can have written: what it says of a derived file decides whether that is read."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from visualmemory_gui.engine.files import atomic_file, installation

LONGEST = 65_536


class DamagedSeal(Exception):
    """It is not what any installation wrote."""


class ForeignSeal(Exception):
    """Another installation wrote it."""


def text(data: dict[str, Any]) -> str:
    """``data`` with the name of this installation and a check that only it can give."""
    return json.dumps({**data, "installation": installation.name(), "check": _check(data)}, indent=1)


def read(path: Path) -> dict[str, Any]:
    """The data of the file ``path``. Raises DamagedSeal, ForeignSeal, and OSError as ``open_own``."""
    with atomic_file.open_own(path) as file:
        raw = file.read(LONGEST + 1)
    try:
        data: dict[str, Any] = json.loads(raw if len(raw) <= LONGEST else b"")
        check, by = data.pop("check"), data.pop("installation", None)
        if by != installation.name():
            raise ForeignSeal
        sound = hmac.compare_digest(str(check), _check(data))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DamagedSeal from error
    if not sound:
        raise DamagedSeal
    return data


def fits(numbers: Iterable[object], texts: Iterable[object]) -> bool:
    """Whether all that should be ``numbers`` are whole and not negative, and all that should be ``texts`` are texts."""
    return all(type(n) is int and n >= 0 for n in numbers) and all(type(t) is str for t in texts)


def _check(data: dict[str, Any]) -> str:
    return installation.seal(json.dumps(data, sort_keys=True).encode())

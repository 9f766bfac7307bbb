"""Files of weights: where they lie, what their checksum is, and saying what is missing."""

from __future__ import annotations

import functools
import glob
import hashlib
from pathlib import Path
from typing import NoReturn

from visualmemory_gui.engine.errors import EncoderError
from visualmemory_gui.engine.files import installation

TO_FETCH = "`--fetch` or `build --encoder` fetches the weights"


def folder() -> Path:
    """Where the product keeps weights, and looks for those that the user puts there."""
    return installation.data_folder() / "weights"


def arrived(target: Path) -> int:
    """How many bytes of the file ``target`` a fetch that was cut or cancelled has left."""
    return sum(part.stat().st_size for part in target.parent.glob(f"{glob.escape(target.name)}.*.part"))


def sha256(path: Path) -> str:
    """The checksum (hex) of a file; computed once as long as its size and time stay the same."""
    info = path.stat()
    return _sha256(path, info.st_size, info.st_mtime_ns)


@functools.lru_cache(maxsize=64)
def _sha256(path: Path, size: int, mtime_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def not_here(encoder: str) -> NoReturn:
    """Nothing is fetched because a memory names an encoder: say what the user can do. Raises EncoderError."""
    raise EncoderError(
        f"the weights of {encoder} are not on this computer; `visualmemory encoders --fetch {encoder}` fetches them"
    )

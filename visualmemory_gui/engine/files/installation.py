"""This installation: its folders, and a secret in the user's data folder that distinguishes it from all others.

A file that only this installation may have written is sealed with it. The secret never leaves the data folder and is in
no memory, so no one who passes a memory on can make such a seal.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from functools import lru_cache
from pathlib import Path

import platformdirs

from visualmemory_gui.engine.files import atomic_file

APP = "visualmemory_gui"
_SECRET_BYTES = 32


def data_folder() -> Path:
    """Where the product keeps what belongs to the user and is not part of a memory."""
    return Path(platformdirs.user_data_dir(APP))


def cache_folder() -> Path:
    """Where the product keeps what it can make or fetch again."""
    return Path(platformdirs.user_cache_dir(APP))


def name() -> str:
    """16 hex digits that are the same for all files that this installation sealed."""
    return hashlib.sha256(b"name" + _secret(data_folder())).hexdigest()[:16]


def seal(data: bytes) -> str:
    """64 hex digits that only this installation can give for ``data``."""
    return hmac.new(_secret(data_folder()), data, hashlib.sha256).hexdigest()


@lru_cache(maxsize=16)
def _secret(folder: Path) -> bytes:
    """The secret kept in ``folder``; where it cannot be kept, one that lasts as long as this process."""
    path = folder / "installation.key"
    try:
        if (found := _read(path)) is not None:
            return found
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_file.write(path) as file:
            file.write(secrets.token_bytes(_SECRET_BYTES))
        found = _read(path)  # another process may have been faster
    except OSError:
        found = None
    return found or secrets.token_bytes(_SECRET_BYTES)


def _read(path: Path) -> bytes | None:
    try:
        with atomic_file.open_own(path) as file:
            found = file.read(_SECRET_BYTES)
    except FileNotFoundError:
        return None
    return found if len(found) == _SECRET_BYTES else None

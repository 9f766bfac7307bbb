"""Vectors as SQLite keeps them: float32, little-endian, one after the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from visualmemory_gui.engine.errors import DamagedMemory
from visualmemory_gui.engine.store.database import RESTORE, Database
from visualmemory_gui.engine.types import F32


def dim_of(database: Database) -> int:
    """How many components the vectors of the memory have."""
    return int(database.one("select dim from meta")[0])


def loaded_vectors(database: Database, blobs: Sequence[bytes], dim: int) -> F32:
    """(n, dim) float32. Raises DamagedMemory where one has another length."""
    if any(len(blob) != 4 * dim for blob in blobs):
        raise DamagedMemory(f"{database.path} is damaged: one of its vectors is truncated. {RESTORE}")
    return np.frombuffer(b"".join(blobs), "<f4").reshape(-1, dim).astype(np.float32)

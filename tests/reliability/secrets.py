"""What must be gone of an exemplar: telling pieces of its bytes, looked for in plain sight by ``in``.

This knows nothing of the product's own scan, which it judges.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from visualmemory_gui import VisualMemory

PIECE = 24


def secrets_of(memory: VisualMemory, ids: Sequence[int]) -> list[bytes]:
    """Pieces of the vectors (float32, float16), thumbnails, image copies and file names of ``ids``, and their labels
    where neither another exemplar (now or in its history) nor another watched image has them."""
    found: list[bytes] = []
    contents = {exemplar.content for exemplar in memory.catalog.get(ids)}
    others = {watched.expected for watched in memory.watch.all() if watched.image.content not in contents}
    others |= _spoken_of(memory, ids)
    for exemplar, vector in zip(memory.catalog.get(ids), memory.catalog.vectors(ids), strict=True):
        thumbnail = memory.catalog.thumbnail(exemplar.id) or b""
        items = [vector.tobytes(), vector.astype(np.float16).tobytes(), thumbnail[len(thumbnail) // 2 :]]
        if exemplar.sha256 is not None:
            copies = list((memory.path / "images").rglob(f"{exemplar.sha256[2:]}.*"))
            items += [copy.read_bytes()[-200:-20] for copy in copies]
        found += [item[at : at + PIECE] for item in items for at in range(0, len(item) - PIECE, 5 * PIECE)]
        if exemplar.source is not None:
            found.append(Path(exemplar.source).name.encode())
        if set(memory.catalog.ids_under(exemplar.label)) <= set(ids) and exemplar.label not in others:
            found.append(exemplar.label.encode())
    return [piece for piece in found if len(set(piece)) > 8]


def _spoken_of(memory: VisualMemory, ids: Sequence[int]) -> set[str]:
    """Labels in the history of other exemplars than ``ids``."""
    sql = """select distinct path, exemplar from entries join labels on labels.id in (before, after)
             where field = 'label'"""
    return {path for path, exemplar in memory._live.database.rows(sql) if exemplar not in ids}


def left_in(folder: Path, secrets: Sequence[bytes]) -> list[str]:
    """Files below ``folder`` that hold one of ``secrets``."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [str(path.relative_to(folder)) for path in files if _holds(path.read_bytes(), secrets)]


def _holds(data: bytes, secrets: Sequence[bytes]) -> bool:
    return any(secret in data for secret in secrets)

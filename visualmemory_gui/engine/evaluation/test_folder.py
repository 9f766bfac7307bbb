"""Queries with known labels, from a folder of images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from visualmemory_gui.engine.decision.queries import Queries
from visualmemory_gui.engine.errors import BadImage, BadLabel, BadValue
from visualmemory_gui.engine.images.folder import walk
from visualmemory_gui.engine.images.pool import DecodePool
from visualmemory_gui.engine.memory.image_reader import Embed, batched
from visualmemory_gui.engine.memory.protocol import WholeMemory
from visualmemory_gui.engine.memory.tracked_decisions import queries_of
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.store import labels
from visualmemory_gui.engine.types import DecodedImage, Skipped

BATCH = 64


def from_folder(memory: WholeMemory, folder: str | Path, *, report: Report = silent) -> Queries:
    """Decode and embed the images of ``folder``, whose sub-folders are labels as in ``build``.

    What cannot be read is listed in ``skipped``. Raises BadValue (no folder), EncoderError, Cancelled.
    """
    found = walk(folder)
    skipped = list(found.skipped)
    label_of = {}
    for path, name in found.files:
        try:
            label_of[path] = labels.clean(name)
        except BadLabel as error:
            skipped.append(Skipped(path, f"its folder is not a label: {error}"))
    reader = memory.new_reader()
    try:
        with reader.bulk() as embed:
            return _read(lambda: reader.pool, embed, label_of, skipped=skipped, dim=memory.identity.dim, report=report)
    finally:
        reader.close()


def require_read(found: Queries, folder: str | Path) -> Queries:
    """``found`` in ``folder``. Raises BadValue if no image could be read, naming the first file."""
    if not found.labels:
        first = found.skipped[0] if found.skipped else None
        why = f"; {Path(first.path).name}: {first.reason}" if first else ""
        raise BadValue(f"no image could be read in {folder}{why}")
    return found


def _read(
    pool: Callable[[], DecodePool],
    embed: Embed,
    label_of: dict[str, str],
    *,
    skipped: list[Skipped],
    dim: int,
    report: Report,
) -> Queries:
    vectors, names, contents = [np.empty((0, dim), np.float32)], [], []
    report(0, len(label_of), "reading test images")
    for batch in batched(pool().map(sorted(label_of)) if label_of else (), BATCH):
        good: list[DecodedImage] = []
        for path, image in batch:
            if isinstance(image, BadImage):
                skipped.append(Skipped(path, image.reason))
                continue
            good.append(image)
            names.append(label_of[path])
            contents.append(image.content)
        if good:
            vectors.append(embed(good))
        report(len(names), len(label_of), "reading test images")
    return queries_of(np.concatenate(vectors), names, contents=contents, skipped=skipped)

"""Queries whose right label is known, from a folder of pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from visualmemory_gui.engine.errors import BadImage, BadLabel, BadValue
from visualmemory_gui.engine.images.folder import walk
from visualmemory_gui.engine.images.pool import DecodePool
from visualmemory_gui.engine.memory_protocol import WholeMemory
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.reading import Embed, batched
from visualmemory_gui.engine.store import labels
from visualmemory_gui.engine.store.checksum import content_key, vector_hash
from visualmemory_gui.engine.types import F32, I64, Bools, Picture, Skipped

BATCH = 64


@dataclass(frozen=True, slots=True)
class Labelled:
    """Queries with their right labels; ``vectors`` is (n, d) float32 of unit length, in the order of ``labels``.

    ``content`` and ``twin`` are their 64-bit hashes as in a snapshot; content 0 means no picture.
    """

    vectors: F32
    labels: tuple[str, ...]
    content: I64
    twin: I64
    skipped: tuple[Skipped, ...] = ()

    def only(self, which: Bools) -> Labelled:
        """Those of ``which`` (n,)."""
        names = tuple(label for label, wanted in zip(self.labels, which.tolist(), strict=True) if wanted)
        return Labelled(self.vectors[which], names, self.content[which], self.twin[which], self.skipped)


def from_vectors(
    vectors: F32, names: Sequence[str], *, contents: Sequence[str | None] = (), skipped: Sequence[Skipped] = ()
) -> Labelled:
    """Queries from vectors that passed the gate; ``contents`` are content ids (hex), none for all by default."""
    content = [content_key(one) for one in contents or [None] * len(names)]
    twin = [vector_hash(vector) for vector in vectors]
    return Labelled(vectors, tuple(names), np.array(content, np.int64), np.array(twin, np.int64), tuple(skipped))


def from_folder(memory: WholeMemory, folder: str | Path, *, report: Report = silent) -> Labelled:
    """Decode and embed the pictures of ``folder``, whose sub-folders are labels as in ``build``.

    What cannot be read is listed in ``skipped``. Raises BadValue (no folder), EncoderError, Cancelled.
    """
    found = walk(folder)
    skipped = list(found.skipped)
    label_of = {}
    for path, name in found.files:
        try:
            label_of[path] = labels.clean(name)
        except BadLabel as error:
            skipped.append(Skipped(path, f"its folder is no label: {error}"))
    reader = memory.new_reader()
    try:
        with reader.bulk() as embed:
            return _read(lambda: reader.pool, embed, label_of, skipped=skipped, dim=memory.identity.dim, report=report)
    finally:
        reader.close()


def require_read(found: Labelled, folder: str | Path) -> Labelled:
    """``found`` in ``folder``. Raises BadValue where not one picture could be read, naming the first file."""
    if not found.labels:
        first = found.skipped[0] if found.skipped else None
        why = f"; {Path(first.path).name}: {first.reason}" if first else ""
        raise BadValue(f"no picture could be read in {folder}{why}")
    return found


def _read(
    pool: Callable[[], DecodePool],
    embed: Embed,
    label_of: dict[str, str],
    *,
    skipped: list[Skipped],
    dim: int,
    report: Report,
) -> Labelled:
    vectors, names, contents = [np.empty((0, dim), np.float32)], [], []
    report(0, len(label_of), "reading test pictures")
    for batch in batched(pool().map(sorted(label_of)) if label_of else (), BATCH):
        good: list[Picture] = []
        for path, picture in batch:
            if isinstance(picture, BadImage):
                skipped.append(Skipped(path, picture.reason))
                continue
            good.append(picture)
            names.append(label_of[path])
            contents.append(picture.content)
        if good:
            vectors.append(embed(good))
        report(len(names), len(label_of), "reading test pictures")
    return from_vectors(np.concatenate(vectors), names, contents=contents, skipped=skipped)

"""Memories of reduced vectors: PCA is fitted to a sample of the first import, and then belongs to the encoder."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np

from visualmemory_gui.engine.encoders import registry
from visualmemory_gui.engine.errors import BadImage, BadValue
from visualmemory_gui.engine.memory import importer
from visualmemory_gui.engine.memory.image_reader import ImageReader, batched
from visualmemory_gui.engine.memory.visual_memory import VisualMemory
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.projection import fit
from visualmemory_gui.engine.store import schema
from visualmemory_gui.engine.store.filesystem import folder_at
from visualmemory_gui.engine.types import F32, Box, Device, EncoderIdentity

SAMPLE = 2048  # images that PCA is fitted to, or four for each number that is kept, if that is more


def create_reduced(
    path: str | Path,
    folder: str | Path,
    encoder: str,
    dim: int,
    *,
    device: Device | None = None,
    report: Report = silent,
) -> VisualMemory:
    """Make an empty memory in ``path`` for vectors of ``encoder`` reduced to ``dim`` numbers, fitted to ``folder``.

    Raises as ``VisualMemory.create`` and ``fitted``.
    """
    schema.require_room(folder_at(path))
    identity = fitted(folder, encoder, dim, device=device, report=report)
    return VisualMemory.create_for(path, identity, device=device)


def fitted(
    folder: str | Path, encoder: str, dim: int, *, device: Device | None = None, report: Report = silent
) -> EncoderIdentity:
    """``encoder`` with PCA to ``dim`` numbers, fitted to the images of ``folder`` that its import would add first.

    Raises BadValue where there are not more than ``dim`` different images, EncoderError, and what ``report`` raises.
    """
    identity = registry.choose(encoder, report=report)
    if not 2 <= dim < identity.dim:
        most = identity.dim - 1
        raise BadValue(f"vectors of {identity.name} can be reduced to 2 to {most:,} numbers, not to {dim:,}")
    paths = importer.plan(folder, copy=False, label=None).order()
    vectors = _sample(paths, identity, max(SAMPLE, 4 * dim), device or "auto", report) if len(paths) > dim else ()
    if len(vectors) <= dim:
        there = f"{folder} has {len(vectors) or len(paths):,}"
        raise BadValue(f"reducing vectors to {dim:,} numbers needs at least {dim + 1:,} different images; {there}")
    try:
        return identity.reduced(fit(np.stack(vectors), dim))
    except ValueError as error:
        raise BadValue(f"the vectors of {folder} cannot be reduced to {dim:,} numbers: {error}") from None


class _NoVectors:
    """No image is known."""

    def vector_of_file(self, sha256: str, box: Box | None = None) -> F32 | None:
        return None


def _sample(paths: list[str], identity: EncoderIdentity, most: int, device: Device, report: Report) -> list[F32]:
    """The vectors of the first ``most`` different images that can be read."""
    found: dict[str, F32] = {}
    wanted = min(most, len(paths))
    with (
        closing(ImageReader(_NoVectors(), identity, lambda: device)) as reader,
        reader.bulk(wanted, report) as embed,
        closing(reader.pool.map(paths)) as images,
    ):
        for batch in batched((image for _, image in images), importer.BATCH):
            good = {image.content: image for image in batch if not isinstance(image, BadImage)}
            new = {content: image for content, image in good.items() if content not in found}
            if new:
                found.update(zip(new, embed(list(new.values())), strict=True))
            report(min(len(found), wanted), wanted, "fitting PCA")
            if len(found) >= wanted:
                break
    return list(found.values())[:most]

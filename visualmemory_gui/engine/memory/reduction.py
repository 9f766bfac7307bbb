"""Memories of reduced vectors: PCA is fitted to a sample of the first import, and then belongs to the encoder."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from visualmemory_gui.engine.encoders import registry
from visualmemory_gui.engine.errors import BadImage
from visualmemory_gui.engine.memory import importer, pca_fit
from visualmemory_gui.engine.memory.image_reader import ImageReader
from visualmemory_gui.engine.memory.visual_memory import VisualMemory
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.store import schema
from visualmemory_gui.engine.store.filesystem import folder_at
from visualmemory_gui.engine.types import F32, Box, Device, EncoderIdentity


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

    While it is open it knows the vectors of the images that it was fitted to, so that importing these embeds no image
    twice. Raises as ``VisualMemory.create`` and ``fitted``.
    """
    schema.require_room(folder_at(path))
    identity, sample = fitted(folder, encoder, dim, device=device, report=report)
    return VisualMemory.create_for(path, identity, device=device, known=sample)


@dataclass(frozen=True, slots=True)
class SampleVectors:
    """The images that PCA was fitted to: ``rows`` says by the hash of a file (hex) which of ``vectors`` it has."""

    rows: dict[str, int]
    vectors: F32

    def vector_of_file(self, sha256: str, box: Box | None = None) -> F32 | None:
        """As ``KnownVectors`` promises."""
        row = self.rows.get(sha256) if box is None else None
        return None if row is None else self.vectors[row]


def fitted(
    folder: str | Path, encoder: str, dim: int, *, device: Device | None = None, report: Report = silent
) -> tuple[EncoderIdentity, SampleVectors]:
    """``encoder`` with PCA to ``dim`` numbers, fitted to the images of ``folder`` that its import would add first, and
    their reduced vectors.

    Raises BadValue where there are not more than ``dim`` different images, EncoderError, and what ``report`` raises.
    """
    identity = registry.choose(encoder, report=report)
    pca_fit.require_dim(identity, dim)
    paths = importer.plan(folder, copy=False, label=None).order()
    pca_fit.require_enough(len(paths), dim, folder)
    rows, vectors = _sample(paths, identity, pca_fit.sample_size(dim), device or "auto", report)
    reduced = pca_fit.reduced(identity, vectors, dim, of=folder)
    assert reduced.projection is not None
    return reduced, SampleVectors(rows, pca_fit.projected(reduced.projection, np.stack(vectors)))


class _NoVectors:
    """No image is known."""

    def vector_of_file(self, sha256: str, box: Box | None = None) -> F32 | None:
        return None


def _sample(
    paths: list[str], identity: EncoderIdentity, most: int, device: Device, report: Report
) -> tuple[dict[str, int], list[F32]]:
    """The vectors of the first ``most`` different images that can be read, and by file which it has."""
    rows, contents, vectors = dict[str, int](), dict[str, int](), list[F32]()
    wanted = min(most, len(paths))
    with (
        closing(ImageReader(_NoVectors(), identity, lambda: device)) as reader,
        reader.bulk(wanted, report) as embed,
        closing(reader.pool.map(paths)) as images,
    ):
        for batch in embed.batches(image for _, image in images):
            good = [image for image in batch if not isinstance(image, BadImage)]
            new = list({image.content: image for image in good if image.content not in contents}.values())
            new = new[: most - len(vectors)]
            if new:
                contents.update((image.content, len(vectors) + i) for i, image in enumerate(new))
                vectors.extend(embed(new))
            rows.update((i.sha256, contents[i.content]) for i in good if i.sha256 and i.content in contents)
            report(len(vectors), wanted, "fitting PCA")
            if len(vectors) >= wanted:
                break
    return rows, vectors

"""A memory at a glance: its counts and a few of its images, read beside whoever has it open."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from visualmemory_gui.engine.store.catalog import Catalog
from visualmemory_gui.engine.store.database import Database


@dataclass(frozen=True, slots=True)
class Glance:
    """Active exemplars, their classes, and JPEG thumbnails of some of them, each of another class where there are
    enough."""

    exemplars: int
    classes: int
    thumbnails: tuple[bytes, ...]


def glance(folder: str | Path, images: int = 4) -> Glance:
    """What the memory in ``folder`` holds, without a lock, its vectors or its encoder.

    Raises NotAMemory, DamagedMemory or StorageError.
    """
    database = Database.open(folder, readonly=True)
    try:
        catalog = Catalog(database)
        counts = catalog.counts()
        found = catalog.thumbnails(_shown(catalog, list(counts), images))
        return Glance(sum(counts.values()), len(counts), tuple(found.values()))
    finally:
        database.close()


def _shown(catalog: Catalog, labels: list[str], images: int) -> list[int]:
    """Exemplars of classes spread evenly over ``labels``, filled up with any others."""
    spread = {labels[len(labels) * n // images] for n in range(images)} if labels else set()
    first = sorted(catalog.examples(sorted(spread)).values())
    others = (row.id for page in islice(catalog.pages(state="active"), 1) for row in page if row.id not in first)
    return [*first, *islice(others, images - len(first))] if len(first) < images else first

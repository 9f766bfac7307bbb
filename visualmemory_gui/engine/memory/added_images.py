"""Adding decoded images as exemplars, in one step; images that are already here are always reported."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from visualmemory_gui.engine.memory.image_reader import exemplar
from visualmemory_gui.engine.memory.open_memory import OpenMemory
from visualmemory_gui.engine.store.files import ImageFiles
from visualmemory_gui.engine.types import F32, DecodedImage, Exemplar

NO_PIXELS = np.empty((0, 0, 3), np.uint8)


@dataclass(frozen=True, slots=True)
class AddResult:
    """What an add did. ``ids`` has one id per image taken: a new one, or that of the exemplar already here.

    ``present`` maps an image's place in the call to the id it already had under the same label; ``conflicts`` to the
    (id, label) of the same content under another label; ``skipped`` to the reason why it could not be added; ``pages``
    to the number of pages of its file, where only the first of several was taken.
    """

    ids: tuple[int, ...]
    added: tuple[int, ...]
    present: dict[int, int] = field(default_factory=dict)
    conflicts: dict[int, tuple[int, str]] = field(default_factory=dict)
    skipped: dict[int, str] = field(default_factory=dict)
    pages: dict[int, int] = field(default_factory=dict)


class ContentIndex(Protocol):
    """The exemplars of a memory, by the content of their images."""

    def by_content(self, content: str) -> list[Exemplar]: ...


def put(
    live: OpenMemory,
    images: Mapping[int, DecodedImage],
    vectors: Mapping[int, F32],
    names: Sequence[str],
    *,
    keep: Callable[[DecodedImage], bool] | None,
) -> AddResult:
    """Add decoded images, by their place in ``names`` (clean labels), as one step.

    ``keep(image)`` copies its file into the memory, before any row refers to it, and returns whether it did. None: no
    copies. If adding fails, the copies are deleted.
    """
    with live.edit_lock:
        present, conflicts = already_here(live.catalog, images, names)
        fresh = first_of_each(images, names, present)
        with copying(live, [images[i] for i in fresh] if keep else ()):
            kept = {i: keep is not None and keep(images[i]) for i in fresh}
            rows = [exemplar(images[i], vectors[i], label=names[i], copy=kept[i]) for i in fresh]
            added = live.edit("add", lambda writer: live.catalog.add(writer, rows)).added
    return AddResult(ids_of(images, names, present, dict(zip(fresh, added, strict=True))), added, present, conflicts)


def already_here(
    catalog: ContentIndex, images: Mapping[int, DecodedImage], names: Sequence[str]
) -> tuple[dict[int, int], dict[int, tuple[int, str]]]:
    """By place: the id under the same label, and (id, label) of the same content under another."""
    present: dict[int, int] = {}
    conflicts: dict[int, tuple[int, str]] = {}
    for place, image in images.items():
        for found in catalog.by_content(image.content):
            if found.label == names[place]:
                present.setdefault(place, found.id)
            else:
                conflicts.setdefault(place, (found.id, found.label))
    return present, conflicts


def first_of_each(images: Mapping[int, DecodedImage], names: Sequence[str], present: dict[int, int]) -> list[int]:
    """Places of the images to add: not here yet, and each content once per label."""
    first: dict[tuple[str, str], int] = {}
    for place, image in images.items():
        if place not in present:
            first.setdefault((image.content, names[place]), place)
    return sorted(first.values())


def ids_of(
    images: Mapping[int, DecodedImage], names: Sequence[str], present: Mapping[int, int], added: Mapping[int, int]
) -> tuple[int, ...]:
    """The id of each image: the one it had already, or that of the place in ``added`` with its content and label."""
    id_of = {(images[place].content, names[place]): one for place, one in added.items()}
    return tuple(present.get(place) or id_of[image.content, names[place]] for place, image in images.items())


def keep_copy(files: ImageFiles, image: DecodedImage) -> bool:
    """Keep a copy of the image's file in the memory; False for an image without a file."""
    if not (image.source and image.sha256):
        return False
    files.keep(image.source, image.sha256, image.suffix)
    return True


@contextmanager
def copying(live: OpenMemory, images: Collection[DecodedImage]) -> Iterator[None]:
    """For the block in which copies of ``images`` are made and exemplars that use them added: see ``noted``."""
    with live.files.noted({(p.sha256, p.suffix) for p in images if p.source and p.sha256}, live.used_copies):
        yield

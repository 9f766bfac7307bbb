"""Pictures that were read already become exemplars, in one step: what is here already is told, never silent."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from visualmemory_gui.engine.memory.image_reader import exemplar
from visualmemory_gui.engine.memory.open_memory import OpenMemory
from visualmemory_gui.engine.store.catalog import Catalog
from visualmemory_gui.engine.store.files import ImageFiles
from visualmemory_gui.engine.types import F32, Picture

NO_PIXELS = np.empty((0, 0, 3), np.uint8)


@dataclass(frozen=True, slots=True)
class AddResult:
    """What an add did. ``ids`` has one id per picture taken: a new one, or that of the exemplar already here.

    ``present`` maps a picture's place in the call to the id it already had under the same label; ``conflicts`` to the
    (id, label) of the same content under another label; ``skipped`` to the reason why it could not be taken.
    """

    ids: tuple[int, ...]
    added: tuple[int, ...]
    present: dict[int, int] = field(default_factory=dict)
    conflicts: dict[int, tuple[int, str]] = field(default_factory=dict)
    skipped: dict[int, str] = field(default_factory=dict)


def put(
    live: OpenMemory,
    pictures: Mapping[int, Picture],
    vectors: Mapping[int, F32],
    names: Sequence[str],
    *,
    keep: Callable[[Picture], bool] | None,
) -> AddResult:
    """Add pictures that were read already, by their place in ``names`` (clean labels), as one step.

    ``keep(picture)`` keeps a copy of its file in the memory, before any row speaks of it; whether it did. None: no
    copies. When the add fails those it made are gone.
    """
    with live.edit_lock:
        present, conflicts = _already_here(live.catalog, pictures, names)
        fresh = _first_of_each(pictures, names, present)
        with copying(live, [pictures[i] for i in fresh] if keep else ()):
            kept = {i: keep is not None and keep(pictures[i]) for i in fresh}
            rows = [exemplar(pictures[i], vectors[i], label=names[i], copy=kept[i]) for i in fresh]
            added = live.edit("add", lambda writer: live.catalog.add(writer, rows)).added
    id_of = {(pictures[i].content, names[i]): exemplar_id for i, exemplar_id in zip(fresh, added, strict=True)}
    ids = [present.get(i) or id_of[picture.content, names[i]] for i, picture in pictures.items()]
    return AddResult(tuple(ids), added, present, conflicts)


def _already_here(
    catalog: Catalog, pictures: Mapping[int, Picture], names: Sequence[str]
) -> tuple[dict[int, int], dict[int, tuple[int, str]]]:
    """By place: the id under the same label, and (id, label) of the same content under another."""
    present: dict[int, int] = {}
    conflicts: dict[int, tuple[int, str]] = {}
    for place, picture in pictures.items():
        for found in catalog.by_content(picture.content):
            if found.label == names[place]:
                present.setdefault(place, found.id)
            else:
                conflicts.setdefault(place, (found.id, found.label))
    return present, conflicts


def _first_of_each(pictures: Mapping[int, Picture], names: Sequence[str], present: dict[int, int]) -> list[int]:
    """Places of the pictures to add: not here yet, and each content once a label."""
    first: dict[tuple[str, str], int] = {}
    for place, picture in pictures.items():
        if place not in present:
            first.setdefault((picture.content, names[place]), place)
    return sorted(first.values())


def keep_copy(files: ImageFiles, picture: Picture) -> bool:
    """Keep a copy of the picture's file in the memory; False for a picture without a file."""
    if not (picture.source and picture.sha256):
        return False
    files.keep(picture.source, picture.sha256, picture.suffix)
    return True


@contextmanager
def copying(live: OpenMemory, pictures: Collection[Picture]) -> Iterator[None]:
    """Within the block copies of ``pictures`` are kept, and then exemplars added that use them: see ``noted``."""
    with live.files.noted({(p.sha256, p.suffix) for p in pictures if p.source and p.sha256}, live.used_copies):
        yield

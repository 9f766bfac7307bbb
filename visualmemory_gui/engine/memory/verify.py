"""Checks that everything in a memory is what was written: rows, image copies, and the index against exact search."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np

from visualmemory_gui.engine.encoders import registry
from visualmemory_gui.engine.errors import BadValue, DamagedMemory, MemoryFolderError
from visualmemory_gui.engine.files import atomic_file
from visualmemory_gui.engine.index import checkpoint, graph
from visualmemory_gui.engine.index.search import Searcher
from visualmemory_gui.engine.memory.open_memory import OpenMemory
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.store import copies
from visualmemory_gui.engine.store.database import FILE
from visualmemory_gui.engine.store.purge import ERASING
from visualmemory_gui.engine.types import BROUGHT, Damage

PROBES = 50
LEAST_RECALL = 0.9
NEAREST = 10
UNUSED = "no exemplar uses this file; 'visualmemory compact' removes it"
LINK = "a symbolic link: no part of a memory may be one; it is not followed. Remove it"


def verify(live: OpenMemory, report: Report = silent) -> list[Damage]:
    """All damage that can be found; an empty list when there is none. Changes nothing."""
    found: list[Damage] = []
    looks = (
        ("encoder", _encoder),
        ("rows", _rows),
        ("links", _links),
        ("image copies", _copies),
        ("erasing", _erasing),
        ("index", _index),
    )
    for place, (what, look) in enumerate(looks):
        report(place, len(looks), what)
        try:
            found += look(live)
        except DamagedMemory as error:
            found.append(unreadable(error))
    report(len(looks), len(looks), "done")
    return found


def unreadable(error: MemoryFolderError) -> Damage:
    """The damage of a memory that cannot even be opened."""
    return Damage("database", FILE, str(error))


def _encoder(live: OpenMemory) -> Iterator[Damage]:
    name = live.identity.name
    if name != BROUGHT and not registry.is_name(name):
        yield Damage("encoder", FILE, f"{name[:80]!a} is not the name of an encoder")


def _rows(live: OpenMemory) -> Iterator[Damage]:
    return live.catalog.check_rows()


def _copies(live: OpenMemory) -> Iterator[Damage]:
    expected: dict[Path, str] = {}
    for sha256, suffix in copies.all_used(live.database):
        try:
            expected[live.files.path_of(sha256, suffix)] = sha256
        except BadValue as error:
            yield Damage("image", f"{sha256}{suffix}", str(error))
    for path, sha256 in expected.items():
        where = path.relative_to(live.folder).as_posix()
        if not live.files.is_copy(path):
            yield Damage("image", where, "the copy is missing")
        elif atomic_file.sha256(path) != sha256:
            yield Damage("image", where, "its bytes are not those that were copied")
    for path in live.files.all():
        where = path.relative_to(live.folder).as_posix()
        if path.is_symlink():
            yield Damage("link", where, LINK)
        elif path not in expected:
            known = live.files.is_copy(path)
            yield Damage(
                "image", where, UNUSED if known else "this file does not belong to the memory; it is left where it is"
            )


def _links(live: OpenMemory) -> Iterator[Damage]:
    """Links and pipes next to the database; those in place of a file in use are refused at opening."""
    with os.scandir(live.folder) as entries:
        for one in sorted(entries, key=lambda entry: entry.name):
            if one.is_symlink():
                yield Damage("link", one.name, LINK)
            elif not one.is_file() and not one.is_dir():
                yield Damage("file", one.name, "it is neither a file nor a folder")


def _erasing(live: OpenMemory) -> Iterator[Damage]:
    """A forget that has not finished."""
    if live.derived.get(ERASING) is not None:
        yield Damage("forget", FILE, "a forget was interrupted; opening the memory for editing finishes it")


def _index(live: OpenMemory) -> Iterator[Damage]:
    """The checkpoint on disk, read in full, and the graph's answers for some of the memory's own vectors, against exact
    search; also where exact search decides and the graph is otherwise never read. A checkpoint of another installation
    is not damage: it is never read, and is replaced by the next. Without hnswlib none is read."""
    if checkpoint.is_foreign(live.folder) or not graph.installed():
        return
    snapshot = live.snapshot
    searcher = live.new_searcher()
    with closing(searcher):
        damage = searcher.load(live.folder, snapshot, delete=False)
        if damage:
            yield Damage("index", "index.json", f"the checkpoint cannot be used because {damage}")
        if searcher.graph_live and snapshot.active_count:
            yield from _answers(searcher, snapshot)


def _answers(searcher: Searcher, snapshot: Snapshot) -> Iterator[Damage]:
    active = np.flatnonzero(snapshot.active)
    hits = wanted = 0
    for row in active[:: max(1, len(active) // PROBES)]:
        [vector] = snapshot.vectors_of(np.array([row]))
        exact = searcher.nearest(snapshot, vector, NEAREST, mode="exact").rows
        by_graph = searcher.nearest(snapshot, vector, NEAREST, mode="hnsw").rows
        hits, wanted = hits + len(np.intersect1d(exact, by_graph)), wanted + len(exact)
    if hits < LEAST_RECALL * wanted:
        detail = f"it finds {hits} of {wanted} nearest neighbours; 'visualmemory compact' rebuilds it"
        yield Damage("index", "index", detail)

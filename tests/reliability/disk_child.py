"""Every kind of edit of a memory, each acknowledged by a line in the file ``acknowledged`` once it has returned.

What may be told apart afterwards goes into the line: see ``state``. Arguments: the folder, and what is broken on
purpose: "nothing"; "synchronous", a database that does not wait for the disk; "halves", an edit made as two.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.exchange import import_export
from visualmemory_gui.engine.exchange.merge import merge
from visualmemory_gui.engine.store import database

DIM = 16


TABLES = ("meta", "labels", "exemplars", "vectors", "thumbnails", "steps", "entries", "settings", "tags", "queue")
TABLES += ("watch", "kept", "keys", "queries")
WHEN = ("time", "touched", "added", "checksum", "digest", "tables")  # the last three are over the others


def state(memory: VisualMemory) -> dict[str, str]:
    """A hash of each table's rows, without the moments at which they were written. Derived values are left out."""
    database, found = memory._live.database, {}
    for table in TABLES:
        kept = [name for _, name, *_ in database.rows(f"pragma table_info({table})") if name not in WHEN]
        rows = sorted(map(repr, database.rows(f"select {', '.join(kept)} from {table}")))
        found[table] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return found


def main(root: Path, broken: str) -> None:
    if broken == "synchronous":
        database._PRAGMAS = (("synchronous", "OFF", 0), *database._PRAGMAS[1:])
    with (root / "acknowledged").open("ab", buffering=0) as told:

        def acknowledge(name: str, memory: VisualMemory) -> None:
            told.write(json.dumps([memory.path.name, name, state(memory)]).encode() + b"\n")

        with VisualMemory.create(root / "vectors.vmem", dim=DIM) as memory:
            acknowledge("create", memory)
            for name, edit in edits_of_vectors(memory, halves=broken == "halves"):
                edit()
                acknowledge(name, memory)
        if broken == "nothing":
            of_images(root, acknowledge)


def edits_of_vectors(memory: VisualMemory, *, halves: bool) -> Iterator[tuple[str, Callable[[], object]]]:
    vectors = np.random.default_rng(0).normal(size=(60, DIM)).astype(np.float32)
    labels = [f"class {n % 4}" for n in range(len(vectors))]
    ids: list[int] = []
    yield "add", lambda: ids.extend(memory.add_vectors(vectors, labels))
    yield "exact_limit", lambda: memory.set("exact_limit", 100)  # from now on HNSW
    yield "maintain", memory.maintenance.run
    if halves:
        yield "strike two", lambda: [memory.strike(ids[:1]), memory.strike(ids[1:2])]
    yield "strike", lambda: memory.strike(ids[2:5])
    yield "relabel", lambda: memory.relabel(ids[5:9], "class 9")
    yield "reweigh", lambda: memory.reweigh(ids[9:11], 2.0)
    yield "rename", lambda: memory.rename_label("class 1", "class 3")
    yield "undo", memory.undo
    yield "redo", memory.redo
    yield "undo", memory.undo
    yield "restore", lambda: memory.restore(ids[2:3])
    yield "revert", lambda: memory.history.revert(next(s.number for s in memory.history.steps() if s.kind == "relabel"))
    yield "tag", lambda: memory.tags.put("here")
    yield "go back", lambda: memory.history.go_back(memory.history.steps()[2].number)
    yield "maintain", memory.maintenance.run
    yield "forget", lambda: memory.forget(ids[20:24])
    yield "rule", lambda: memory.set("rule", "plurality")
    yield "compact", lambda: memory.maintenance.compact()


def of_images(root: Path, acknowledge: Callable[[str, VisualMemory], None]) -> None:
    """Copies of images, a queue, a bundle, and a merge that adds and relabels."""
    rng, files = np.random.default_rng(1), [root / f"{n}.png" for n in range(8)]
    for file in files:
        Image.fromarray(rng.integers(0, 255, (24, 32, 3), np.uint8)).save(file)
    with VisualMemory.create(root / "images.vmem", encoder="fake") as memory:
        acknowledge("create", memory)
        ids = memory.add(files[:6], ["cat", "dog"] * 3)
        acknowledge("add", memory)
        memory.queue.add(files[6:7])
        acknowledge("queue", memory)
        memory.forget(ids[:2])
        acknowledge("forget", memory)
        memory.add(files[7:], ["cat"])
        acknowledge("add", memory)
        import_export.export(memory, root / "all.vmemz", "bundle")
        acknowledge("export", memory)
        with VisualMemory.create(root / "other.vmem", encoder="fake") as other:
            other.add(files[3:], "cat")
            merge(memory, other, conflicts="take")
        acknowledge("merge", memory)


if __name__ == "__main__":
    os.umask(0o077)
    main(Path(sys.argv[1]), sys.argv[2])

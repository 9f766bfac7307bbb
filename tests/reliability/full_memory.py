"""A small memory with rows in every table."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.conftest import clustered
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.store.kept_images import NewKeptImage
from visualmemory_gui.engine.store.queue import NewQueued
from visualmemory_gui.engine.types import Box, NewExemplar

DIM = 8


def full_memory(path: Path) -> Path:
    """Twelve exemplars of two classes; history, settings, tags, keys, and all that is kept beside them."""
    vectors, labels = clustered(12, dim=DIM, classes=2, seed=3)
    contents = [hashlib.sha256(b"%d" % i).hexdigest() for i in range(12)]
    rows = [
        NewExemplar(
            labels[i], vectors[i], sha256=contents[i], content=contents[i], source=f"/from/{i}.png",
            thumbnail=b"jpeg %d" % i, width=64, height=48, note=f"note {i}", group=f"g{i % 3}",
            **({"box": Box(4, 5, 20, 30), "original": "12" * 32} if i == 0 else {}),
        )
        for i in range(12)
    ]  # fmt: skip
    with VisualMemory.create(path, dim=DIM) as memory:
        memory.add_rows(rows)
        memory.strike([1, 2])
        memory.tags.put("first")
        memory.relabel([3], "other/label")
        memory.reweigh([4], 2.0)
        memory.undo()
        memory.set("k", 7)
        memory.set("rule", "plurality")
        image = NewKeptImage("ef" * 32, "/query.png", "cd" * 32, b"jpeg", vectors[0], Box(4, 5, 20, 30), "34" * 32)
        other = NewKeptImage("ab" * 32, "/other.png", "ba" * 32, b"jpeg", vectors[1])
        memory.queries.add(
            image.source,
            image.content,
            sha256="cd" * 32,
            thumbnail=b"jpeg",
            vector=vectors[0],
            box=image.box,
            original=image.original,
        )
        memory._live.queue_rows.add([NewQueued(one, 4, 3, ".png") for one in (image, other)])
        memory.watch.add([(image, "class 0"), (other, "class 1")])
        memory.kept.keep("label", [((5, 0), "class 0"), ((6, 8), "class 0 class 1")])
        memory.keys.give(4, "class 0")
        memory.keys.give(5, "class 1")
        memory._live.derived.put("note", "{}", memory.catalog.change())
        memory.maintenance.measure()
    return path

"""Small images and random memories for the tests of this folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from visualmemory_gui.engine.memory.visual_memory import VisualMemory

LABELS = ("animals/cat", "animals/dog", "plant", "tool/größer", "tool")


def paint(path: Path, seed: int, **options: object) -> Path:
    """A small noisy image, different for every seed."""
    pixels = np.random.default_rng(seed).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path


def paint_classes(folder: Path, labels: tuple[str, ...] = LABELS[:3], each: int = 4) -> Path:
    for c, label in enumerate(labels):
        for i in range(each):
            paint(folder / label / f"{i}.png", 100 * c + i)
    return folder


def random_memory(place: Path, seed: int) -> Path:
    """A memory of vectors: random labels, trust, struck ones, one withdrawn, one forgotten."""
    random = np.random.default_rng(seed)
    n, dim = int(random.integers(4, 40)), int(random.integers(2, 24))
    with VisualMemory.create(place, dim=dim) as m:
        labels = [LABELS[i] for i in random.integers(0, len(LABELS), n)]
        ids = m.add_vectors(random.normal(size=(n, dim)).astype(np.float32), labels)
        m.strike([int(i) for i in random.choice(ids, n // 4, replace=False)])
        m.reweigh([int(i) for i in random.choice(ids, 2, replace=False)], float(random.uniform(0.1, 4)))
        m.add_vectors(random.normal(size=(1, dim)).astype(np.float32), ["withdrawn"])
        m.undo()
        m.forget([int(random.choice(ids))])
        m.set("k", int(random.integers(1, 9)))
    return place


def facts(m: VisualMemory) -> list[tuple[object, ...]]:
    """What an exchange must keep of every exemplar, vectors bit for bit."""
    shown = m.catalog.select()
    vectors = m.catalog.vectors([e.id for e in shown])
    return [
        (e.label, e.state, e.trust, e.group, e.note, e.content, e.width, e.height, v.tobytes())
        for e, v in zip(shown, vectors, strict=True)
    ]

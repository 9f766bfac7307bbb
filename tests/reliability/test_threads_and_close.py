"""Closing a memory at any moment while other threads use it: they get results or a clear error, nothing hangs."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import clustered, write_images
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.errors import StorageError

DIM = 16
ROUNDS = 300 if os.environ.get("SOAK") else 12
PATIENCE_S = 20


def uses(memory: VisualMemory, seed: int) -> list[Callable[[], object]]:
    """What threads do with a memory, each without end."""
    rng, pick = np.random.default_rng(seed), random.Random(seed)

    def query() -> np.ndarray:
        return rng.normal(size=DIM).astype(np.float32)

    return [
        lambda: memory.decide_vector(query()),
        lambda: memory.decide_vector(query(), search="hnsw"),
        lambda: memory.strike([pick.randrange(1, 200)]),
        lambda: memory.restore([pick.randrange(1, 200)]),
        lambda: memory.add_vectors(query()[None], ["new"]),
        lambda: (memory.undo(), memory.redo()),
        memory.maintenance.run,
        lambda: (memory.summary(), memory.history.steps(5), memory.catalog.select(label="class 1")),
    ]


def close_while_used(memory: VisualMemory, jobs: list[Callable[[], object]], *, after_s: float) -> list[BaseException]:
    """What ended each of ``jobs`` when the memory was closed; fails when one goes on or hangs."""
    ends: list[BaseException] = []

    def use(job: Callable[[], object]) -> None:
        try:
            while True:
                job()
        except BaseException as error:
            ends.append(error)

    threads = [threading.Thread(target=use, args=(job,), daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    time.sleep(after_s)
    closing = threading.Thread(target=memory.close, daemon=True)
    closing.start()
    end = time.monotonic() + PATIENCE_S
    for thread in [closing, *threads]:
        thread.join(max(0.0, end - time.monotonic()))
        assert not thread.is_alive(), "it hangs, or goes on with a memory that is closed"
    return ends


@pytest.mark.parametrize("exact_limit", [0, 26_000_000], ids=["graph", "exact"])
def test_threads_end_with_a_clear_error_and_the_memory_is_whole(tmp_path: Path, exact_limit: int) -> None:
    vectors, labels = clustered(200, dim=DIM, classes=3, seed=1)
    path = tmp_path / "m.vmem"
    with VisualMemory.create(path, dim=DIM) as memory:
        memory.set("exact_limit", exact_limit)
        memory.add_vectors(vectors, labels)
    for number in range(ROUNDS):
        memory = VisualMemory.open(path)
        jobs = uses(memory, number)
        ends = close_while_used(memory, jobs, after_s=random.Random(number).uniform(0, 0.1))
        assert len(ends) == len(jobs)
        assert [error for error in ends if not isinstance(error, StorageError) or "closed" not in str(error)] == []
        with VisualMemory.open(path) as again:
            assert again.maintenance.verify() == []


def test_a_build_ends_when_the_memory_is_closed_and_keeps_what_it_committed(tmp_path: Path) -> None:
    images, path = write_images(tmp_path / "images", each=40), tmp_path / "m.vmem"
    for number in range(4):
        memory = VisualMemory.open(path) if path.exists() else VisualMemory.create(path, "fake")
        ends = close_while_used(memory, [lambda m=memory: m.build(images)], after_s=0.1 + 0.15 * number)  # type: ignore[misc]
        assert [error for error in ends if not isinstance(error, StorageError) or "closed" not in str(error)] == []
        with VisualMemory.open(path) as again:
            assert again.maintenance.verify() == []
    with VisualMemory.open(path) as last:
        last.build(images)
        assert last.catalog.totals()[0] == 120


def test_a_memory_that_is_closed_refuses_everything_in_words(tmp_path: Path) -> None:
    with VisualMemory.create(tmp_path / "m.vmem", "fake") as memory:
        memory.build(write_images(tmp_path / "images", each=2))
        memory.decide(1)
    refused: list[Callable[[], object]] = [
        lambda: memory.decide(1),
        lambda: memory.decide_vector(np.ones(64, np.float32)),
        lambda: memory.decide(tmp_path / "images" / "animals" / "cat" / "0.png"),
        lambda: memory.decide(Image.new("RGB", (9, 9))),
        lambda: memory.strike([1]),
        lambda: memory.undo(),
        lambda: memory.forget([1]),
        lambda: memory.build(tmp_path / "images"),
        lambda: memory.summary(),
        lambda: memory.maintenance.run(),
        lambda: memory.set("k", 3),
    ]
    for job in refused:
        with pytest.raises(StorageError, match="closed"):
            job()
    memory.close()

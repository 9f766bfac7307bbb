"""How long until a whole queue of images is decided again after an edit? And how long until the other decisions are?

Clustered vectors of 384 dimensions, seeded. Each round teaches one image of the queue, then strikes one exemplar out;
timed is what follows the commit: the whole table, read again. For comparison, in the same run, what a product of all
queued vectors with the whole memory takes, without any ordering or vote. The last table is the impact of an edit:
which of 2,000 of the memory's own decisions (leave-one-out) it changed.

    python -m benchmarks.queue [--rounds 30]
"""

from __future__ import annotations

import argparse
import hashlib
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.results import table, write
from benchmarks.vectors import DIM, clustered
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.store.kept_images import NewKeptImage
from visualmemory_gui.engine.store.queue import NewQueued
from visualmemory_gui.engine.types import Changes
from visualmemory_gui.engine.what_if.impact import ImpactTracker

SIZES = (10_000, 100_000)
QUEUES = (500, 10_000)
HEAD = ["exemplars", "queue", "teach ms", "slowest ms", "strike ms", "first table s", "one product ms", "ratio"]


def timed(work: Callable[[], object]) -> float:
    """Milliseconds."""
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1e3


def fill_queue(memory: VisualMemory, vectors: np.ndarray) -> None:
    memory.queue.clear()
    contents = [hashlib.sha256(vector.tobytes()).hexdigest() for vector in vectors]
    rows = [
        NewQueued(NewKeptImage(c, f"/q/{i}.png", vector=v))
        for i, (c, v) in enumerate(zip(contents, vectors, strict=True))
    ]
    memory._live.queue_rows.add(rows)


def measure_queue(memory: VisualMemory, vectors: np.ndarray, rounds: int) -> dict[str, Any]:
    """Medians of one queue on one memory; the edits are undone afterwards."""
    fill_queue(memory, vectors)
    first = timed(memory.queue.table)
    ids = memory.queue.table().ids
    teach, strike = [], []
    for i in range(rounds):
        memory.queue.teach([int(ids[i])], f"class {i}")
        teach.append(timed(memory.queue.table))
        memory.strike([int(memory.snapshot.ids[i * 7])])
        strike.append(timed(memory.queue.table))
    exemplars = memory.snapshot.vectors
    product = statistics.median(timed(lambda: vectors @ exemplars.T) for _ in range(3))
    for _ in range(2 * rounds):
        memory.undo()
    return {
        "exemplars": len(exemplars),
        "queue": len(vectors),
        "teach_ms": statistics.median(teach),
        "teach_slowest_ms": max(teach),
        "strike_ms": statistics.median(strike),
        "first_table_s": first / 1e3,
        "one_product_ms": product,
        "product_over_teach": product / statistics.median(teach),
    }


def measure_impact(memory: VisualMemory, rounds: int) -> dict[str, Any]:
    """Medians of the time to find the impact of one strike and after one more exemplar."""
    tracker = ImpactTracker(memory)
    told: list[Changes] = []
    stop = memory.changed(told.append)
    fresh, labels = clustered(rounds, seed=5)
    strike, add = [], []
    for i in range(rounds):
        memory.strike([int(memory.snapshot.ids[i * 11])])
        strike.append(timed(lambda: tracker.impact_of(told[-1])))
        memory.add_vectors(fresh[i : i + 1], [labels[i]])
        add.append(timed(lambda: tracker.impact_of(told[-1])))
    stop()
    return {
        "exemplars": len(memory.snapshot),
        "tracked": len(tracker),
        "strike_ms": statistics.median(strike),
        "add_ms": statistics.median(add),
        "slowest_ms": max(*strike, *add),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    rounds = parser.parse_args().rounds
    queues, impacts = [], []
    waiting, _ = clustered(max(QUEUES), seed=4)
    for size in SIZES:
        with tempfile.TemporaryDirectory() as name, VisualMemory.create(Path(name) / "q.vmem", dim=DIM) as memory:
            memory.add_vectors(*clustered(size, seed=1))
            memory.maintenance.run()
            queues += [measure_queue(memory, waiting[:count], rounds) for count in QUEUES]
            impacts.append(measure_impact(memory, rounds))
    write("queue", {"dim": DIM, "rounds": rounds, "queues": queues, "impact": impacts})
    print(table(HEAD, [list(row.values()) for row in queues]))
    print()
    print(table(["exemplars", "tracked", "strike ms", "add ms", "slowest ms"], [list(row.values()) for row in impacts]))


if __name__ == "__main__":
    main()

"""Which image of a queue should be taught next? Accuracy on other images after 10, 30 and 100 lessons, by order.

A memory that begins with one exemplar of each class (seeded) decides by ridge; of the images of the demo memory and of
Fashion-MNIST that are left, 500 wait to be taught and 500 others are decided. After each lesson the next image is
the first in the order, which is made again: *what to teach next*, the smallest margin, the least certain (the smallest
share), or at random. No parameter is chosen on these images.

    python -m benchmarks.teach_next --demo DEMO.vmem --fashion FASHION.vmem [--seeds 5]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable

import numpy as np

from benchmarks.results import table, write
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.decision.decide_batch import Verdicts
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.memory.teaching_order import TeachingOrder
from visualmemory_gui.engine.memory.tracked_decisions import TrackedDecisions, queries_of

WAITING = 500
OTHERS = 500
AFTER = (0, 10, 30, 100)
SPEED = (500, 2000, 10_000)
RANDOM = "at random"
Order = Callable[[Verdicts, np.ndarray], int]


def orders(vectors: np.ndarray) -> dict[str, Order]:
    """For each order but the random one, the place of the next image, from all decisions and which were taught."""
    similar = TeachingOrder(np.arange(len(vectors)), vectors)
    return {
        "what to teach next": lambda found, taught: int(similar.order(found.share, taught)[0]),
        "smallest margin first": lambda found, taught: int(np.argmin(np.where(taught, 2.0, found.margin))),
        "least certain first": lambda found, taught: int(np.argmin(np.where(taught, 2.0, found.share))),
    }


def lessons(vectors: np.ndarray, labels: np.ndarray, name: str, *, seed: int) -> list[float]:
    """Accuracy on the others after each of AFTER lessons in the order ``name``."""
    rng = np.random.default_rng(seed)
    mixed = rng.permutation(len(labels))
    begin = np.array([mixed[np.argmax(labels[mixed] == label)] for label in np.unique(labels)])
    left = mixed[~np.isin(mixed, begin)]
    waiting, others = left[:WAITING], left[WAITING : WAITING + OTHERS]
    accuracy = []
    with (
        tempfile.TemporaryDirectory() as folder,
        VisualMemory.create(f"{folder}/m.vmem", dim=vectors.shape[1]) as memory,
    ):
        memory.set("rule", "ridge")
        memory.add_vectors(vectors[begin], labels[begin].tolist())
        scheme, search = VotingScheme.of(memory.settings), memory.searcher.nearest_many
        queue, fresh = (
            TrackedDecisions(memory.snapshot, queries_of(vectors[rows], leave_out=False), search, k=scheme.k)
            for rows in (waiting, others)
        )
        order, taught = orders(vectors[waiting]).get(name), np.zeros(len(waiting), bool)
        for count in range(AFTER[-1] + 1):
            if count in AFTER:
                fresh.update(memory.snapshot)
                found = fresh.decide(scheme)
                accuracy.append(float(np.mean([found.label(n) == labels[row] for n, row in enumerate(others)])))
            place = count  # the waiting images are in random order
            if order is not None:
                queue.update(memory.snapshot)
                place = order(queue.decide(scheme), taught)
            taught[place] = True
            memory.add_vectors(vectors[waiting[place], None], [labels[waiting[place]]])
    return accuracy


def images(path: str) -> tuple[np.ndarray, np.ndarray]:
    """Vectors (n, dim) and labels (n,) of the active exemplars of a memory."""
    with VisualMemory.open(path, readonly=True) as memory:
        snapshot = memory.snapshot
        rows = np.flatnonzero(snapshot.active)
        return snapshot.vectors[rows], np.array([snapshot.labels[code] for code in snapshot.label[rows]])


def speed(vectors: np.ndarray) -> list[dict[str, float]]:
    """Seconds that comparing a queue once takes, and its order after each lesson."""
    rows = []
    rng = np.random.default_rng(0)
    for count in [count for count in SPEED if count <= len(vectors)]:
        start = time.perf_counter()
        similar = TeachingOrder(np.arange(count), vectors[:count])
        compared = time.perf_counter()
        shares, taught = rng.random(count), np.zeros(count, bool)
        taught[similar.order(shares, taught)[:50]] = True
        again = time.perf_counter()
        similar.order(shares, taught)
        rows.append({"images": count, "compare_s": compared - start, "order_s": time.perf_counter() - again})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--demo", required=True, help="the demo memory")
    parser.add_argument("--fashion", required=True, help="a memory of Fashion-MNIST (benchmarks.fashion)")
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    names = [*orders(np.eye(2, dtype=np.float32)), RANDOM]
    sets, rows = {}, []
    for title, path in (("demo images", options.demo), ("Fashion-MNIST", options.fashion)):
        vectors, labels = images(path)
        for name in names:
            runs = [lessons(vectors, labels, name, seed=seed) for seed in range(options.seeds)]
            means = [statistics.mean(run[n] for run in runs) for n in range(len(AFTER))]
            sets.setdefault(title, {})[name] = {"mean": means, "runs": runs}
            rows.append([title, name, *(f"{100 * mean:.1f} %" for mean in means)])
            print(rows[-1], flush=True)
    timed = speed(images(options.fashion)[0])
    write("teach_next", {"seeds": options.seeds, "after": AFTER, "sets": sets, "speed": timed})
    print(table(["images", "order", *(f"after {count}" for count in AFTER)], rows))
    print(
        table(["images waiting", "compared once, s", "order after a lesson, s"], [list(row.values()) for row in timed])
    )


if __name__ == "__main__":
    main()

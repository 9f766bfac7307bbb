"""Which image of a queue should be taught next? Accuracy on other images after 10, 30 and 100 lessons, by order.

A memory that begins with one exemplar of each class (seeded) decides by ridge; of the images of the demo memory and of
Fashion-MNIST that are left, 300 wait to be taught and 500 others are decided. After each lesson the next image is
the first in the order, which is made again: *what to teach next*, the smallest margin, the least certain (the smallest
share), or at random. No parameter is chosen on these images.

    python -m benchmarks.teach_next --demo DEMO.vmem --fashion FASHION.vmem [--seeds 5]
    python -m benchmarks.teach_next --fashion FASHION.vmem --speed
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from benchmarks.results import table, write
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.decision.class_factor import usual_size
from visualmemory_gui.engine.decision.neighbour_arrays import NeighbourArrays, cosines
from visualmemory_gui.engine.decision.votes import tied_vote
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.memory.teaching_order import TeachingOrder
from visualmemory_gui.engine.types import MemorySettings

WAITING = 300
OTHERS = 500
AFTER = (0, 10, 30, 100)
SPEED = (500, 2000, 10_000)
RANDOM = "at random"


class Decided(NamedTuple):
    """Of each image the code of the winner, its share and its margin."""

    winner: np.ndarray
    share: np.ndarray
    margin: np.ndarray


Order = Callable[[Decided, np.ndarray], int]


def orders(vectors: np.ndarray) -> dict[str, Order]:
    """For each order but the random one, the place of the next image, from all decisions and which were taught."""
    similar = TeachingOrder(np.arange(len(vectors)), vectors)
    return {
        "what to teach next": lambda found, taught: int(similar.order(found.share, taught)[0]),
        "smallest margin first": lambda found, taught: int(np.argmin(np.where(taught, 2.0, found.margin))),
        "least certain first": lambda found, taught: int(np.argmin(np.where(taught, 2.0, found.share))),
    }


class Taught:
    """The images of one run, and decisions on them by those that were taught, ``known`` places of ``vectors``.

    Cosines are computed once; votes are weighed as everywhere.
    """

    def __init__(self, vectors: np.ndarray, labels: np.ndarray, known: list[int]) -> None:
        self.cosines = cosines(vectors.astype(np.float64))
        self.names, self.codes = np.unique(labels, return_inverse=True)
        self.known = known
        self.scheme = VotingScheme("ridge", MemorySettings().ridge_k, class_factor="mean")

    def decide(self, which: np.ndarray) -> Decided:
        known = np.array(self.known)
        far = np.clip(1.0 - self.cosines[which][:, known], 0.0, 2.0)
        order = np.argsort(far, axis=1, kind="stable")[:, : self.scheme.k]
        places, codes = known[order], self.codes[known[order]]
        counts = np.bincount(self.codes[known], minlength=len(self.names))
        near = NeighbourArrays(
            np.take_along_axis(far, order, axis=1),
            np.ones(order.shape),
            codes,
            counts[codes],
            usual_size(counts.sum(), np.count_nonzero(counts)),
            twins=places,
            places=places,
            compare=lambda at: self.cosines[at[..., :, None], at[..., None, :]],
            different=True,
        )
        return Decided(*tied_vote(codes, self.scheme.vote_weights(near), tie=self.scheme.tie))


def lessons(vectors: np.ndarray, labels: np.ndarray, name: str, *, seed: int) -> list[float]:
    """Accuracy on the others after each of AFTER lessons in the order ``name``."""
    rng = np.random.default_rng(seed)
    mixed = rng.permutation(len(labels))
    begin = np.array([mixed[np.argmax(labels[mixed] == label)] for label in np.unique(labels)])
    left = mixed[~np.isin(mixed, begin)]
    chosen = np.concatenate([begin, left[: WAITING + OTHERS]])
    run = Taught(vectors[chosen], labels[chosen], list(range(len(begin))))
    waiting = len(begin) + np.arange(WAITING)
    others = len(begin) + WAITING + np.arange(OTHERS)
    order, taught = orders(vectors[chosen[waiting]]).get(name), np.zeros(WAITING, bool)
    accuracy = []
    for count in range(AFTER[-1] + 1):
        if count in AFTER:
            accuracy.append(float(np.mean(run.decide(others).winner == run.codes[others])))
        place = count  # the waiting images are in random order
        if order is not None:
            place = order(run.decide(waiting), taught)
        taught[place] = True
        run.known.append(int(waiting[place]))
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
    parser.add_argument("--demo", help="the demo memory")
    parser.add_argument("--fashion", required=True, help="a memory of Fashion-MNIST (benchmarks.fashion)")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--speed", action="store_true", help="only how long it takes")
    options = parser.parse_args()
    if options.speed:
        timed = speed(images(options.fashion)[0])
        write("teach_next_speed", {"queues": timed})
        print(
            table(["images waiting", "compared once, s", "order after a lesson, s"], [list(r.values()) for r in timed])
        )
        return
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
    write("teach_next", {"seeds": options.seeds, "after": AFTER, "sets": sets})
    print(table(["images", "order", *(f"after {count}" for count in AFTER)], rows))


if __name__ == "__main__":
    main()

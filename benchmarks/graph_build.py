"""Does building the product's graph take longer than hnswlib alone with the same graph?

Vectors in 32 directions and noise. Both sides build the whole graph of the same vectors in as many threads, in turns;
the product checks that no node is there twice, enters them in a random order, and measures how widely the graph must be
searched, which is told apart.

    python -m benchmarks.graph_build [--n 100000] [--rounds 1]
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from unittest import mock

import hnswlib
import numpy as np

from benchmarks.results import read, table, write
from benchmarks.vectors import drawn
from benchmarks.width import working_set
from visualmemory_gui.engine.index import building
from visualmemory_gui.engine.index.graph import CONNECTIONS, CONSTRUCTION, METRIC, roomy
from visualmemory_gui.engine.progress import silent
from visualmemory_gui.engine.types import F32

Spent = tuple[float, float]
"""Seconds on the clock, and of the processor."""


def spent(work: Callable[[], object]) -> Spent:
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - clock, time.process_time() - processor


def alone(vectors: F32, threads: int) -> Spent:
    graph = hnswlib.Index(METRIC, vectors.shape[1])

    def build() -> None:
        graph.init_index(roomy(len(vectors)), M=CONNECTIONS, ef_construction=CONSTRUCTION)
        graph.add_items(vectors, np.arange(len(vectors)), num_threads=threads)

    return spent(build)


def ours(vectors: F32, threads: int) -> tuple[Spent, Spent]:
    """What all took, and the measuring in it."""
    snapshot, measure, measuring = working_set(vectors).snapshot, building.measure, []

    def timed(*given: object, **named: object) -> object:
        found: list[object] = []
        measuring.append(spent(lambda: found.append(measure(*given, **named))))  # type: ignore[arg-type]
        return found[0]

    with mock.patch.object(building, "measure", timed):
        whole = spent(lambda: building.build(snapshot, silent, threads=threads))
    return whole, measuring[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--note", default="", help="what is to be known of the machine, kept with the result")
    given = parser.parse_args()
    threads, vectors = os.cpu_count() or 1, drawn("directions", given.n, 0).vectors
    rounds: list[dict[str, Spent]] = []
    for _ in range(given.rounds):
        bare = alone(vectors, threads)
        whole, measuring = ours(vectors, threads)
        rounds.append({"hnswlib alone": bare, "product": whole, "of it measuring": measuring})
    found = {
        name: [round(statistics.median(one[name][unit] for one in rounds), 2) for unit in (0, 1)] for name in rounds[0]
    }
    result = {"note": given.note, "rounds": given.rounds, "seconds and processor seconds": found}
    write("graph_build", {**read("graph_build"), f"{given.n:,} x {vectors.shape[1]}": result})
    print(table(["", "seconds", "processor seconds"], [[name, *values] for name, values in found.items()]))
    print(f"product / hnswlib alone: {found['product'][1] / found['hnswlib alone'][1]:.3g} of processor time")


if __name__ == "__main__":
    main()

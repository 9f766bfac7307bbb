"""Is the graph searched as widely as its promise takes, and no wider? On three kinds of vectors.

The width (ef) is tuned as in every memory; then the graph is asked for the neighbours of queries that are not in it.
Told are the recall at the tuned width, the smallest width of the same ladder that has a recall of 0.99, and the
processor time of both, one query at a time. Wider graphs (M, ef_construction) are compared with ``--graphs``.

    python -m benchmarks.width [--n 10000] [--kinds islands directions photographs] [--graphs 16x128 24x200]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.fashion import INSTALLED
from benchmarks.results import read, table, write
from benchmarks.vectors import KINDS, drawn
from visualmemory_gui.engine.index import building, graph
from visualmemory_gui.engine.index.ef_tuning import LADDER, PROMISED
from visualmemory_gui.engine.index.graph import Graph
from visualmemory_gui.engine.progress import silent
from visualmemory_gui.engine.snapshot import Rows, WorkingSet
from visualmemory_gui.engine.store.checksum import vector_hash
from visualmemory_gui.engine.types import F32, I64

QUERIES = 1_000


def working_set(vectors: F32) -> WorkingSet:
    """Exemplars with these vectors and nothing else."""
    n = len(vectors)
    none, twins = np.zeros(n, np.int64), np.array([vector_hash(vector) for vector in vectors], np.int64)
    label, active, ids = np.zeros(n, np.int32), np.ones(n, bool), np.arange(1, n + 1)
    rows = Rows(ids, label, ("thing",), active, np.ones(n), none, none, twins, none, none)
    return WorkingSet(rows, change=1, load_vectors=lambda ids: vectors[ids - 1])


def nearest(vectors: F32, queries: F32, k: int) -> I64:
    """The rows of the ``k`` nearest of each query, in any order."""
    blocks = [
        np.argpartition(-(queries[i : i + 200] @ vectors.T), k, axis=1)[:, :k] for i in range(0, len(queries), 200)
    ]
    return np.concatenate(blocks)


def recall(found: Graph, queries: F32, right: I64, width: int) -> float:
    """The share of the ``right`` nodes, (q, k), that a search so wide finds as the k nearest."""
    answer = found.nearest_many(queries, width, threads=1)
    k = right.shape[1]
    return (
        0.0
        if answer is None
        else float(np.mean([np.isin(a[:k], b).mean() for a, b in zip(answer[0], right, strict=True)]))
    )


def cost(found: Graph, queries: F32, width: int) -> float:
    """Microseconds of processor time a query."""
    spent = []
    for query in queries:
        started = time.process_time_ns()
        found.nearest(query, width)
        spent.append((time.process_time_ns() - started) / 1e3)
    return float(np.percentile(spent, 25))


def measured(vectors: F32, queries: F32) -> list[dict[str, Any]]:
    """One entry for each of COUNTS."""
    snapshot = working_set(vectors).snapshot
    started = time.process_time()
    made, widths = building.build(snapshot, silent, threads=1)
    build_s = time.process_time() - started
    entries = []
    for k, width in zip(widths.counts, widths.widths, strict=True):
        right = snapshot.twin[nearest(vectors, queries, k)]
        enough = next((w for w in LADDER if w >= k and recall(made, queries, right, w) >= PROMISED), LADDER[-1])
        entries.append({
            "k": k,
            "width": width,
            "recall": recall(made, queries, right, width),
            "needed": enough,
            "us": cost(made, queries, width),
            "needed_us": cost(made, queries, enough),
            "build_cpu_s": build_s,
        })  # fmt: skip
    return entries


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=10_000)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--graphs", nargs="+", default=[f"{graph.CONNECTIONS}x{graph.CONSTRUCTION}"])
    parser.add_argument("--fashion", type=Path, default=INSTALLED)
    parser.add_argument("--kept", type=Path, default=Path(), help="where memories of photographs are kept")
    options = parser.parse_args()
    results = read("width")
    rows: list[list[object]] = []
    for kind in options.kinds:
        data = drawn(kind, options.n, QUERIES, folder=options.fashion, kept=options.kept)
        for shape in options.graphs:
            graph.CONNECTIONS, graph.CONSTRUCTION = map(int, shape.split("x"))
            entries = measured(data.vectors, data.outside)
            results[f"{kind} {len(data.vectors)} {shape}"] = entries
            rows += [[kind, len(data.vectors), shape, *entry.values()] for entry in entries]
            write("width", results)
    print(table(["vectors", "n", "graph", "k", "ef", "recall", "ef needed", "us", "us at that", "build, cpu s"], rows))


if __name__ == "__main__":
    main()

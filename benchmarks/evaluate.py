"""What does leave-one-out over 60,000 exemplars cost, against a plain exact search of the same by faiss?

60,000 clustered vectors of 1,280 dimensions, seeded, all of them queries, k = 100. Ours finds the neighbours (without
the query, its copies and its group), measures them again in float64 and orders them by (distance, id); faiss searches
k + 1 with ``IndexFlatIP``. The sides take turns, 8,192 queries at a time, in one process. Then a whole evaluation (all
rules, all k, sweeps, calibration, confusion), and, in a separate process, how much memory that takes.

Needs faiss-cpu (extra ``bench``).

    python -m benchmarks.evaluate [--rows 60000]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from functools import partial

import numpy as np

from benchmarks.results import table, write
from visualmemory_gui.engine.decision.leave_one_out import ContentKeys, LeftOut
from visualmemory_gui.engine.evaluation.evaluate import evaluate_snapshot
from visualmemory_gui.engine.index.search import Searcher
from visualmemory_gui.engine.snapshot import Rows, Snapshot, WorkingSet
from visualmemory_gui.engine.types import F32, I64

DIM, CLASSES, K, TURN = 1280, 200, 100, 8192


def made(n: int) -> tuple[F32, I64]:
    """Vectors around seeded centres, and the class of each. Made in parts: float64 of all would set the peak."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(CLASSES, DIM)).astype(np.float32)
    of = rng.integers(0, CLASSES, n)
    vectors = np.empty((n, DIM), np.float32)
    for start in range(0, n, 4096):
        part = slice(start, start + 4096)
        raw = centres[of[part]] + np.float32(1.2) * rng.standard_normal((len(of[part]), DIM), np.float32)
        vectors[part] = raw / np.linalg.norm(raw, axis=1, keepdims=True)
    return vectors, of


def snapshot_of(vectors: F32, of: I64) -> Snapshot:
    n = len(vectors)
    ids, none = np.arange(1, n + 1), np.zeros(n, np.int64)
    labels = tuple(f"class {c}" for c in range(CLASSES))
    rows = Rows(ids, of.astype(np.int32), labels, np.ones(n, bool), np.ones(n), ids, none, ids, none, ids)
    working = WorkingSet(rows, change=1, load_vectors=lambda wanted: vectors[wanted - 1])
    assert len(working.snapshot.vectors) == n
    return working.snapshot


def side_by_side(snapshot: Snapshot, searcher: Searcher) -> dict[str, float]:
    """Seconds of both sides over all queries, taking turns."""
    import faiss

    index = faiss.IndexFlatIP(DIM)
    index.add(np.ascontiguousarray(snapshot.vectors))
    left_out, agree = LeftOut(snapshot, ContentKeys.of(snapshot, np.arange(len(snapshot)))), 0
    seconds = {"visualmemory": 0.0, "faiss": 0.0}
    for start in range(0, len(snapshot), TURN):
        queries = snapshot.vectors[start : start + TURN]
        began = time.perf_counter()
        found = searcher.nearest_many(
            snapshot, queries, K, excluded_rows=lambda i, start=start: left_out(start + i), mode="exact"
        )
        turned = time.perf_counter()
        _, near = index.search(queries, K + 1)
        seconds["visualmemory"] += turned - began
        seconds["faiss"] += time.perf_counter() - turned
        agree += sum(len(set(one.rows.tolist()) & set(other.tolist())) for one, other in zip(found, near, strict=True))
    return {**seconds, "ratio": seconds["visualmemory"] / seconds["faiss"], "agree": agree / (K * len(snapshot))}


def whole(n: int) -> dict[str, float]:
    """In a separate process: seconds of a whole evaluation, and the memory it takes besides the vectors, in MB.

    The vectors are there twice, once as this benchmark made them.
    """
    snapshot, searcher = snapshot_of(*made(n)), Searcher(DIM)
    began = time.perf_counter()
    found = evaluate_snapshot(snapshot, partial(searcher.nearest_many, mode="exact"))
    seconds = time.perf_counter() - began
    return {
        "seconds": seconds,
        "vectors_mb": snapshot.vectors.nbytes / 1e6,
        "beside_mb": _peak_mb() - 2 * snapshot.vectors.nbytes / 1e6,
        "rank_at_10": found.accuracy["rank"][10],
    }


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--whole", action="store_true", help="only the whole evaluation, as JSON")
    options = parser.parse_args()
    if options.whole:
        print(json.dumps(whole(options.rows)))
        return
    search = side_by_side(snapshot_of(*made(options.rows)), Searcher(DIM))
    command = [sys.executable, "-m", "benchmarks.evaluate", "--whole", "--rows", str(options.rows)]
    evaluation = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    evaluation["ratio"] = evaluation["seconds"] / search["faiss"]
    write("evaluate", {"rows": options.rows, "dim": DIM, "k": K, "search": search, "evaluation": evaluation})
    rows: list[list[object]] = [
        ["faiss IndexFlatIP, k + 1", search["faiss"], 1.0],
        ["leave-one-out neighbours, in float64", search["visualmemory"], search["ratio"]],
        ["whole evaluation", evaluation["seconds"], evaluation["ratio"]],
    ]
    print(table(["side", "seconds", "ratio"], rows))
    print(f"neighbours in common: {search['agree']:.6f}; beside the vectors: {evaluation['beside_mb']:.0f} MB")


if __name__ == "__main__":
    main()

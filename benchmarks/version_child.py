"""One version of the product in ``benchmarks.versions``: told "first end" on its input, it runs these rounds.

It uses only what all versions since 0.1 have; its arguments are the memory's folder, how many exemplars it has, the
rule, and "exact" where exact search is to decide.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

import numpy as np

from visualmemory_gui import VisualMemory

DIM, K, PER_ISLAND = 384, 10, 100
LIMITS = {True: 10**9, False: 10**6}


def clustered(n: int, seed: int, *, islands: int) -> tuple[np.ndarray, list[str]]:
    """Vectors (n, 384) float32 of unit length around centres, and the centre's name as label."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(0).normal(size=(islands, DIM))
    of = rng.integers(0, islands, n)
    raw = (centres[of] + rng.normal(size=(n, DIM))).astype(np.float32)
    return raw / np.linalg.norm(raw, axis=1, keepdims=True), [f"class {c}" for c in of]


def spent(work: Callable[..., object], *given: object, **named: object) -> float:
    """Microseconds of processor time of all threads."""
    started = time.process_time_ns()
    work(*given, **named)
    return (time.process_time_ns() - started) / 1e3


def main(folder: str, n: int, rule: str, *, exact: bool) -> None:
    islands = max(n // PER_ISLAND, 2)
    vectors, labels = clustered(n, 1, islands=islands)
    memory = VisualMemory.create(folder, dim=DIM)
    memory.set("exact_limit", str(LIMITS[exact]))
    memory.set("rule", rule)
    k = None if rule == "ridge" else K
    ids = memory.add_vectors(vectors, labels)
    memory.maintenance.run() if hasattr(memory, "maintenance") else memory.maintain()  # type: ignore[attr-defined]
    for line in sys.stdin:
        first, end = map(int, line.split())
        fresh, named = clustered(2 * (end - first), 1000 + first, islands=islands)
        kept: dict[str, list[float]] = {"decide": [], "strike": [], "strike_decide": [], "add_decide": []}
        for i in range(first, end):
            vector, query = fresh[2 * (i - first)], fresh[2 * (i - first) + 1]
            label = named[2 * (i - first)]
            add = spent(memory.add_vectors, vector[None], [label])
            kept["add_decide"].append(add + spent(memory.decide_vector, query, k=k))
            strike = spent(memory.strike, [ids[i * 7 % n]])
            kept["strike"].append(strike)
            kept["strike_decide"].append(strike + spent(memory.decide_vector, query, k=k))
            kept["decide"].append(spent(memory.decide_vector, query, k=k))
        print(json.dumps(kept), flush=True)
    memory.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], exact="exact" in sys.argv)

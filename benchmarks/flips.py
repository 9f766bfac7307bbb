"""Is what *flip* says under the ridge vote true? Every single strike of 200 decisions, made for real.

The queries are exemplars of a memory, drawn by seed and decided by all others. Each of the neighbours that could vote
is struck out in turn, in the arrays, and the query is decided again; the smallest flip must be of one exemplar where
one of them changes the winner, and of more where none does. A larger flip is made too, and must do what it says.

    python -m benchmarks.flips MEMORY [--queries 200]
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.results import table, write
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.decision.decide import decide
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.index.search import nearest_exact, rows_of_known
from visualmemory_gui.engine.memory.classifier import Scope, all_behind, leave_own_out
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import I64, Decision
from visualmemory_gui.engine.what_if.flip import flips


def decided(snapshot: Snapshot, row: int, scheme: VotingScheme, struck: I64) -> Decision:
    """The exemplar of that row, by all that are not like it but those ``struck``."""
    without = snapshot.changed(active=snapshot.active & ~snapshot.among(struck))
    own, scope = leave_own_out(without, Scope.of("exact", (), own=int(snapshot.ids[row])))
    out = rows_of_known(without, scope.exclude)
    [found] = nearest_exact(without, snapshot.vectors[[row]], scheme.k, excluded_rows=lambda _: out, different=True)
    found = all_behind(without, found, scope.exclude)
    return decide(without, found.rows, found.distances, scheme, own=own)


def measure(memory: VisualMemory, queries: int) -> dict[str, Any]:
    snapshot, scheme = memory.snapshot, replace(VotingScheme.of(memory.settings, None, "ridge"), class_factor="mean")
    rows = np.random.default_rng(0).choice(np.flatnonzero(snapshot.active), queries, replace=False)
    agreed, larger, valid, silent, most, times = 0, 0, 0, 0, 1, []
    for row in rows.tolist():
        before = decided(snapshot, row, scheme, np.empty(0, np.int64))
        changing = [
            n
            for n in before.neighbours
            if decided(snapshot, row, scheme, snapshot.rows_of([n.id])).label not in (before.label, None)
        ]
        silent += sum(n.weight == 0.0 for n in changing)
        started = time.perf_counter()
        found = flips(memory, snapshot.vectors[row], scheme, own=int(snapshot.ids[row]), patient=False, most=50).strikes
        times.append(1e3 * (time.perf_counter() - started))
        one = found is not None and found.exact and len(found.ids) == 1
        agreed += one == bool(changing)
        if found is not None and not one:
            larger += 1
            most = max(most, len(found.ids))
            valid += decided(snapshot, row, scheme, snapshot.rows_of(found.ids)).label == found.label
    return {
        "exemplars": snapshot.active_count,
        "queries": queries,
        "size_1_agrees": agreed,
        "larger": larger,
        "larger_valid": valid,
        "largest": most,
        "single_flips_by_non_voters": silent,
        "ms": statistics.median(times),
        "slowest_ms": max(times),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("memory")
    parser.add_argument("--queries", type=int, default=200)
    chosen = parser.parse_args()
    with VisualMemory.open(chosen.memory, readonly=True) as memory:
        found = measure(memory, chosen.queries)
    write("flips", found)
    print(table(["figure", "value"], [[name, value] for name, value in found.items()]))


if __name__ == "__main__":
    main()

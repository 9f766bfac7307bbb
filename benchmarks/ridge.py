"""What does the ridge vote cost beside the rank vote, is its solution the right one, and what does trust do to it?

The demo memory serves for the solutions, 2,000 leave-one-out problems against ``scipy.optimize.nnls``, and for trust:
of voters drawn at random, the share of their class at trusts from 0.01 to 100, and when they are struck out. Costs are
those of memories of 3,300, 20,000 and 100,000 vectors, mixed from pairs of those in a second memory (Fashion-MNIST),
seeded, searched exactly. The rules take turns. Each time is a median, on the clock and of the processor: the clock
also shows what else the machine does.

    python -m benchmarks.ridge DEMO.vmem FASHION.vmem [--rounds 40] [--left-out 20000] [--only PART ...]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import nnls

from benchmarks.queue import fill_queue
from benchmarks.results import read, table, write
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.decision import ridge
from visualmemory_gui.engine.decision.leave_one_out import ContentKeys, LeftOut
from visualmemory_gui.engine.decision.neighbour_arrays import NeighbourArrays
from visualmemory_gui.engine.decision.neighbour_table import NeighbourTable
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.evaluation.query_set import QuerySet, winners
from visualmemory_gui.engine.index.search import nearest_exact
from visualmemory_gui.engine.memory.tracked_decisions import TrackedDecisions, queries_of
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F32, F64, I64, Rule

SIZES = (3_300, 20_000, 100_000)
K = 100
PROBLEMS = 2_000
TRUSTS = (0.01, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 20.0, 100.0)
VOTERS = 4
BLOCK = 2048
RULES: tuple[Rule, ...] = ("rank", "ridge")


def lists_of(snapshot: Snapshot, rows: I64, k: int) -> NeighbourTable:
    """The ``k`` nearest different vectors of exemplars that are left out."""
    left_out = LeftOut(snapshot, ContentKeys.of(snapshot, rows))
    found = nearest_exact(snapshot, snapshot.vectors[rows], k, excluded_rows=left_out, different=True)
    return NeighbourTable.of(found, k)


def problems(near: NeighbourArrays) -> tuple[F64, F64]:
    """K and b of different vectors."""
    return ridge.kernel(near.cosines, near.distances)


def solutions(snapshot: Snapshot, rng: np.random.Generator) -> dict[str, Any]:
    """The largest difference from scipy's weights and the largest KKT residual."""
    rows = rng.choice(np.flatnonzero(snapshot.active), PROBLEMS, replace=False)
    lists, apart, residual, voters = lists_of(snapshot, rows, K), 0.0, 0.0, []
    for start in range(0, PROBLEMS, ridge.AT_ONCE):
        part = slice(start, start + ridge.AT_ONCE)
        gram, target = problems(NeighbourArrays.of(snapshot, lists.rows[part], lists.distances[part]))
        gram[:, range(K), range(K)] += ridge.LAMBDA
        found = ridge.solve(gram, target)
        for one, matrix, wanted in zip(found, gram, target, strict=True):
            lower = np.linalg.cholesky(matrix)
            apart = max(apart, float(np.abs(one - nnls(lower.T, np.linalg.solve(lower, wanted))[0]).max()))
            slope = matrix @ one - wanted
            residual = max(residual, float(np.abs(slope[one > 0.0]).max()), float(-slope.min()))
            voters.append(int((one > 0.0).sum()))
    return {"problems": PROBLEMS, "largest_difference": apart, "kkt": residual, "voters": statistics.median(voters)}


def trusts(snapshot: Snapshot, rng: np.random.Generator) -> dict[str, Any]:
    """How the share of a voter's class moves with the trust in the voter; without class factor."""
    rows = rng.choice(np.flatnonzero(snapshot.active), PROBLEMS, replace=False)
    lists = lists_of(snapshot, rows, K + 1)
    rising, falls, from_strike = [], [], []
    for place in range(PROBLEMS):
        at, away = lists.rows[place], lists.distances[place]
        near = NeighbourArrays.of(snapshot, at[None], away[None])
        gram, target = (part[0] for part in problems(near))
        codes = snapshot.label[at]
        plain = solved(gram[:K, :K], target[:K], np.ones((1, K)))[0]
        drawn = rng.permutation(np.flatnonzero(plain > 0.0))[:VOTERS]
        for voter in drawn.tolist():
            trust = np.ones((len(TRUSTS), K))
            trust[:, voter] = TRUSTS
            votes = solved(gram[:K, :K], target[:K], np.minimum(trust, 1.0)) * np.maximum(trust, 1.0)
            share = votes[:, codes[:K] == codes[voter]].sum(axis=1) / votes.sum(axis=1)
            left = np.delete(np.arange(K + 1), voter)
            struck = solved(gram[np.ix_(left, left)], target[left], np.ones((1, K)))[0]
            without = struck[codes[left] == codes[voter]].sum() / struck.sum()
            steps = np.diff(share)
            rising.append(bool((steps >= -1e-9).all()))
            falls.append(float((np.maximum.accumulate(share) - share).max()))
            from_strike.append(float(abs(share[0] - without)))
    return {
        "voters": len(rising),
        "monotone": float(np.mean(rising)),
        "largest_fall": max(falls),
        "from_strike_median": statistics.median(from_strike),
        "from_strike_within_half_a_point": float((np.array(from_strike) <= 0.005).mean()),
        "from_strike_largest": max(from_strike),
    }


def solved(gram: F64, target: F64, voice: F64) -> F64:
    """The weights (n, k) of one problem under several voices, (n, k)."""
    n, k = voice.shape
    every = np.repeat(gram[None], n, axis=0)
    every[:, range(k), range(k)] = 1.0 + ridge.LAMBDA / voice
    return ridge.solve(every, np.repeat(target[None], n, axis=0))


def mixed(vectors: F32, n: int, rng: np.random.Generator) -> F32:
    """``n`` unit vectors, each between two of ``vectors`` and nearer to one of them."""
    a, b = (vectors[rng.integers(len(vectors), size=n)] for _ in range(2))
    part = rng.uniform(0.0, 0.3, (n, 1)).astype(np.float32)
    raw = (1.0 - part) * a + part * b
    return np.asarray(raw / np.linalg.norm(raw, axis=1, keepdims=True), np.float32)


class Times:
    """Milliseconds by name, on the clock and of the processor."""

    def __init__(self) -> None:
        self._found: dict[str, list[tuple[float, float]]] = {}

    def take(self, name: str, work: Callable[[], object]) -> None:
        clock, processor = time.perf_counter(), time.process_time()
        work()
        took = (time.perf_counter() - clock) * 1e3, (time.process_time() - processor) * 1e3
        self._found.setdefault(name, []).append(took)

    def medians(self) -> Mapping[str, tuple[float, float]]:
        return {
            name: (statistics.median(c for c, _ in took), statistics.median(p for _, p in took))
            for name, took in self._found.items()
        }


def costs(vectors: F32, size: int, rounds: int, rng: np.random.Generator) -> dict[str, Any]:
    """Of one size: a decision, a strike and the decision after it, the queue and what is followed after a lesson."""
    with tempfile.TemporaryDirectory() as name, VisualMemory.create(Path(name) / "c.vmem", dim=1280) as memory:
        memory.set("exact_limit", 10**9)  # no graph is built
        for start in range(0, size, 10_000):
            part = mixed(vectors, min(10_000, size - start), rng)
            memory.add_vectors(part, [f"class {i % 10}" for i in range(len(part))])
        memory.maintenance.run()
        asked, took = mixed(vectors, 2 * rounds, rng), Times()
        for number, query in enumerate(asked):
            for rule in RULES if number % 2 else RULES[::-1]:
                took.take(f"decide {rule}", lambda query=query, rule=rule: memory.decide_vector(query, rule=rule))
        memory.set("rule", "ridge")
        for query in asked[:rounds]:
            voter = next(n.id for n in memory.decide_vector(query).neighbours if n.weight > 0.0)
            took.take("strike and decide", lambda voter=voter, query=query: struck(memory, voter, query))
        moved = followed(memory, vectors, rounds, took, rng)
        return {"exemplars": size, "solved": moved, **{name: list(ms) for name, ms in took.medians().items()}}


def struck(memory: VisualMemory, exemplar: int, query: F32) -> None:
    memory.strike([exemplar])
    memory.decide_vector(query)


def followed(
    memory: VisualMemory, vectors: F32, rounds: int, took: Times, rng: np.random.Generator
) -> dict[str, float]:
    """Times of a queue of 500 and of 10,000 (at 20,000 exemplars), and of 2,000 followed decisions, after one lesson
    each; and how many of them were solved again."""
    solved_again: dict[str, list[int]] = {}
    scheme = VotingScheme.of(memory.settings)
    for count in (500, 10_000) if len(memory.snapshot) < 50_000 else (500,):
        if count > 500 and len(memory.snapshot) < 10_000:
            continue
        fill_queue(memory, mixed(vectors, count, rng))
        ids = memory.queue.table().ids
        for i in range(rounds // 2):
            memory.queue.teach([int(ids[i])], f"class {i % 10}")
            took.take(f"queue of {count:,}", memory.queue.table)
    memory.queue.clear()
    search = memory.searcher.nearest_many
    tracked = TrackedDecisions(
        memory.snapshot, queries_of(mixed(vectors, 2000, rng), leave_out=False), search, k=scheme.k
    )
    tracked.decide(scheme)
    for vector in mixed(vectors, rounds // 2, rng):
        memory.add_vectors(vector[None], ["class 1"])
        took.take("2,000 followed", lambda: (tracked.update(memory.snapshot), tracked.decide(scheme)))
        solved_again.setdefault("2,000 followed", []).append(tracked._solved.solved)
    return {name: statistics.median(counts) for name, counts in solved_again.items()}


def left_out(snapshot: Snapshot, count: int, rng: np.random.Generator) -> dict[str, Any]:
    """Seconds for the leave-one-out decisions of ``count`` exemplars by each rule, search included, and accuracy."""
    rows = np.sort(rng.choice(np.flatnonzero(snapshot.active), min(count, snapshot.active_count), replace=False))
    queries, found = QuerySet.exemplars(snapshot, rows), dict[str, dict[str, float]]()
    schemes = {rule: VotingScheme(rule, K if rule == "ridge" else 10, class_factor="off") for rule in RULES}
    for rule in RULES:
        clock, processor, right = time.perf_counter(), time.process_time(), 0
        for start in range(0, len(rows), BLOCK):
            which, scheme = np.arange(start, min(start + BLOCK, len(rows))), schemes[rule]
            near = queries.neighbours(snapshot, nearest_exact, scheme.k, which=which, different=scheme.joint)
            right += int((winners(near, scheme) == queries.truth[which]).sum())
        took = time.perf_counter() - clock, time.process_time() - processor
        found[rule] = {"clock_s": took[0], "processor_s": took[1], "accuracy": right / len(rows)}
    ratio = found["ridge"]["processor_s"] / found["rank"]["processor_s"]
    return {"queries": len(rows), "exemplars": snapshot.active_count, **found, "processor_ratio": ratio}


PARTS = ("solutions", "trust", "left_out", *(f"costs {size}" for size in SIZES))


def measured(part: str, snapshot: Snapshot, given: argparse.Namespace) -> dict[str, Any]:
    """One part, on the vectors of the demo memory or of the other one."""
    if part == "left_out":
        return left_out(snapshot, given.left_out, np.random.default_rng(2))
    if part.startswith("costs"):
        size = int(part.split()[1])
        return costs(snapshot.vectors, size, given.rounds, np.random.default_rng(size))
    return (solutions if part == "solutions" else trusts)(snapshot, np.random.default_rng(0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("demo", type=Path)
    parser.add_argument("fashion", type=Path)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--left-out", type=int, default=20_000, help="how many exemplars to decide by leave-one-out")
    parser.add_argument("--only", nargs="*", choices=PARTS, default=PARTS, help="measure these alone")
    given = parser.parse_args()
    for part in given.only:
        with VisualMemory.open(given.demo if part in PARTS[:2] else given.fashion, readonly=True) as memory:
            found = measured(part, memory.snapshot, given)
        print(part, found, flush=True)
        write("ridge", {**read("ridge"), part: found})
    rows = {part: row for part, row in read("ridge").items() if part.startswith("costs")}
    names = list(dict.fromkeys(name for row in rows.values() for name in row if name not in ("exemplars", "solved")))
    cells: list[list[object]] = [
        [name, *("{:.1f} ({:.1f})".format(*row[name]) if name in row else "" for row in rows.values())]
        for name in names
    ]
    print(table(["ms, of the processor in brackets", *(f"{row['exemplars']:,}" for row in rows.values())], cells))


if __name__ == "__main__":
    main()

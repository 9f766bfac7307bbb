"""How long does it take to preview what an edit would do to 2,000 other decisions? And to find what flips one?

Clustered vectors of 384 dimensions, seeded. Each round looks ahead at one edit of one exemplar (nothing is written),
then makes some of them, and counts whether what was previewed is what happened. For comparison, in the same run, what
a product of all tracked queries with the whole memory takes: what deciding everything from the start would cost at
least. The last table is the smallest set of strikes of one decision and its twin, as the window asks for it: with
50 ms for trying sets, and at most 50 strikes.

    python -m benchmarks.impact [--rounds 30]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.queue import timed
from benchmarks.results import table, write
from benchmarks.vectors import DIM, clustered
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.types import RULES, Changes
from visualmemory_gui.engine.what_if.flip import flips
from visualmemory_gui.engine.what_if.impact import Impact, ImpactTracker
from visualmemory_gui.engine.what_if.proposed_edit import Lesson, ProposedEdit

SIZES = (10_000, 100_000)
KINDS = ("strike", "restore", "relabel", "reweigh", "teach", "forget")
KS = (10, 50)
VOTES = ({"rule": "rank", "class_factor": "old"}, {"rule": "ridge", "class_factor": "mean"})


def proposals(memory: VisualMemory, rounds: int) -> dict[str, list[ProposedEdit]]:
    """One exemplar each; those to restore are struck before."""
    rng = np.random.default_rng(7)
    ids = rng.choice(memory.snapshot.ids, 2 * rounds, replace=False).tolist()
    struck, others = ids[:rounds], ids[rounds:]
    memory.strike(struck)
    fresh, labels = clustered(rounds, seed=6)
    found = {kind: [ProposedEdit(kind, (i,), label=labels[0], trust=5.0) for i in others] for kind in KINDS}  # type: ignore[arg-type]
    found["restore"] = [ProposedEdit("restore", (i,)) for i in struck]
    found["teach"] = [
        ProposedEdit("teach", label=label, lessons=(Lesson(vector),))
        for vector, label in zip(fresh, labels, strict=True)
    ]
    return found


def moves(impact: Impact) -> list[tuple[int | None, str | None, str | None]]:
    return [(each.query.exemplar, each.before, each.after) for each in impact.changed]


def right(memory: VisualMemory, tracker: ImpactTracker, rounds: int) -> tuple[int, int]:
    """How many edits of the ten neighbours of a tracked exemplar did what was previewed; how many decisions changed."""
    told: list[Changes] = []
    stop = memory.changed(told.append)
    agreed = changed = 0
    for i in range(rounds):
        vector, own = tracker.queries.vectors[i], int(tracker.queries.ids[i])
        near = tuple(n.id for n in memory.decide_vector(vector, exclude=(own,)).neighbours)
        edit = ProposedEdit("relabel", near, label="another") if i % 2 else ProposedEdit("strike", near)
        previewed = tracker.preview(edit)
        memory.relabel(near, "another") if i % 2 else memory.strike(near)
        happened = tracker.impact_of(told[-1])
        agreed += moves(previewed) == moves(happened)
        changed += len(happened.changed)
        memory.undo()
        tracker.impact_of(told[-1])
    stop()
    return agreed, changed


def measure(memory: VisualMemory, rounds: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    edits = proposals(memory, rounds)
    tracker = ImpactTracker(memory)
    rows = []
    for kind in KINDS:
        times = [timed(partial(tracker.preview, edit)) for edit in edits[kind]]
        rows.append(
            {
                "rule": memory.settings.rule,
                "exemplars": len(memory.snapshot),
                "tracked": len(tracker),
                "edit": kind,
                "ms": statistics.median(times),
                "slowest_ms": max(times),
            }
        )
    many = memory.snapshot.ids[memory.snapshot.active][: len(memory.snapshot) // 100]
    agreed, changed = right(memory, tracker, rounds)
    queries = tracker.queries.vectors
    product = statistics.median(timed(lambda: queries @ memory.snapshot.vectors.T) for _ in range(3))
    return rows, {
        "rule": memory.settings.rule,
        "exemplars": len(memory.snapshot),
        "previews_right": f"{agreed} of {rounds}",
        "decisions_changed": changed,
        "strike_1_percent_ms": timed(lambda: tracker.preview(ProposedEdit("strike", tuple(many.tolist())))),
        "one_product_ms": product,
        "product_over_strike": product / rows[0]["ms"],
    }


def measure_flips(memory: VisualMemory, rounds: int) -> list[dict[str, Any]]:
    queries, _ = clustered(rounds, seed=9)
    rows = []
    for rule in RULES:
        for k in KS:
            ask = partial(flips, memory, scheme=VotingScheme.of(memory.settings, k, rule), patient=False, most=50)
            times = [timed(partial(ask, query)) for query in queries]
            found = [ask(query) for query in queries]
            strikes = [len(f.strikes.ids) for f in found if f.strikes] or [0]
            rows.append(
                {
                    "rule": rule,
                    "k": k,
                    "ms": statistics.median(times),
                    "slowest_ms": max(times),
                    "strikes": statistics.median(strikes),
                    "found_percent": 100 * statistics.mean(f.strikes is not None for f in found),
                    "exact_percent": 100 * statistics.mean(bool(f.strikes and f.strikes.exact) for f in found),
                }
            )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    rounds = parser.parse_args().rounds
    previews, whole, flipped = [], [], []
    for size in SIZES:
        with tempfile.TemporaryDirectory() as name, VisualMemory.create(Path(name) / "i.vmem", dim=DIM) as memory:
            memory.add_vectors(*clustered(size, seed=1))
            memory.maintenance.run()
            for vote in VOTES:
                memory.set_all(vote)
                rows, summary = measure(memory, rounds)
                previews += rows
                whole.append(summary)
                if size == SIZES[0] and vote == VOTES[0]:
                    flipped = measure_flips(memory, rounds)
    write("impact", {"dim": DIM, "rounds": rounds, "previews": previews, "whole": whole, "flips": flipped})
    print(table(["rule", "exemplars", "tracked", "edit", "ms", "slowest ms"], [list(row.values()) for row in previews]))
    print()
    head = ["rule", "exemplars", "previews right", "decisions changed", "strike 1 % ms", "one product ms", "ratio"]
    print(table(head, [list(row.values()) for row in whole]))
    print()
    head = ["rule", "k", "ms", "slowest ms", "strikes", "found, %", "smallest, %"]
    print(table(head, [list(row.values()) for row in flipped]))


if __name__ == "__main__":
    main()

"""Where does the processor time of a decision and of a strike go? One memory, in microseconds.

Vectors in islands, seeded, above the limit of exact search, by rank and by ridge. Each round strikes one exemplar out
and decides a query twice; the second decision is told, since the first also does what is done once a state. What a
stage takes is measured around its functions, what is left is the frame: calls, locks, values that are built. Each stamp
costs a little, so the whole is more than in ``benchmarks.versions``. Told is the 25th percentile.

    python -m benchmarks.stages [--n 12000] [--rounds 400] [--kind islands]
"""

from __future__ import annotations

import argparse
import functools
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from benchmarks.results import table, write
from benchmarks.vectors import KINDS, Kind, drawn
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.decision import decide as decide_module
from visualmemory_gui.engine.decision.class_sets import ClassSets
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.index import hnsw, search
from visualmemory_gui.engine.index.graph import Graph
from visualmemory_gui.engine.index.hnsw import HnswIndex
from visualmemory_gui.engine.memory import visual_memory
from visualmemory_gui.engine.snapshot import WorkingSet
from visualmemory_gui.engine.store import exemplar_row, ledger, sealed_table
from visualmemory_gui.engine.store.database import Database
from visualmemory_gui.engine.types import Rule

MEMORY_FILES = "/dev/shm"
Stages = Mapping[str, Sequence[tuple[Any, str]]]
DECISION: Stages = {
    "search: hnswlib": [(Graph, "nearest")],
    "search: from nodes to rows": [(hnsw, "_usable")],
    "rescoring": [(search, "rescore")],
    "vote: weights": [(decide_module.NeighbourArrays, "of"), (VotingScheme, "rule_weights")],
    "vote: neighbours": [(decide_module, "_neighbours")],
    "vote: count": [(decide_module, "tally")],
    "known or unknown, in words": [(decide_module, "judge"), (decide_module, "in_words")],
    "class set": [(ClassSets, "of")],
    "gate": [(visual_memory, "gate_one")],
}
STRIKE: Stages = {
    "SQLite: commit and all statements": [(Database, "rows"), (Database, "many")],
    "checksums": [(exemplar_row, "seal"), (sealed_table, "seal"), (ledger, "seal")],
    "snapshot": [(WorkingSet, "apply")],
    "graph": [(HnswIndex, "follow")],
}
WHOLE = "all"


class Clock:
    """Microseconds of processor time that each stage takes, a sum for each round."""

    def __init__(self) -> None:
        self.rounds: dict[str, list[float]] = defaultdict(list)
        self._now: dict[str, float] = defaultdict(float)
        self._inside = False

    def round(self, work: Callable[[], object], stages: Stages) -> None:
        """One round of ``work``, which begins with no stage."""
        self._now.clear()
        started = time.process_time_ns()
        work()
        self._now[WHOLE] = (time.process_time_ns() - started) / 1e3
        for stage in (*stages, WHOLE):
            self.rounds[stage].append(self._now[stage])

    def timed(self, stage: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """``work`` as part of ``stage``, unless it is called by another stage."""

        @functools.wraps(work)
        def inside(*given: Any, **named: Any) -> Any:
            if self._inside:
                return work(*given, **named)
            self._inside, started = True, time.process_time_ns()
            try:
                return work(*given, **named)
            finally:
                self._now[stage] += (time.process_time_ns() - started) / 1e3
                self._inside = False

        return inside

    @contextmanager
    def watching(self, stages: Stages) -> Iterator[None]:
        """The functions of ``stages`` are timed."""
        patches = [
            mock.patch.object(owner, name, self._wrapped(stage, owner, name))
            for stage, functions in stages.items()
            for owner, name in functions
        ]
        for patch in patches:
            patch.start()
        try:
            yield
        finally:
            for patch in patches:
                patch.stop()

    def _wrapped(self, stage: str, owner: Any, name: str) -> Any:
        found = vars(owner)[name]
        if isinstance(found, classmethod):
            return classmethod(self.timed(stage, found.__func__))
        return self.timed(stage, found)

    def told(self, stages: Stages) -> dict[str, float]:
        """The 25th percentile of each stage, of the frame and of the whole."""
        found = {stage: float(np.percentile(self.rounds[stage], 25)) for stage in (*stages, WHOLE)}
        frame = np.array(self.rounds[WHOLE]) - sum(np.array(self.rounds[stage]) for stage in stages)
        return {**found, "Python: the frame": float(np.percentile(frame, 25))}


def measured(folder: Path, kind: Kind, rule: Rule, options: argparse.Namespace) -> dict[str, dict[str, float]]:
    """The stages of a strike and of a decision by ``rule``."""
    data = drawn(kind, options.n, options.rounds, folder=options.fashion, kept=options.kept)
    decisions, strikes = Clock(), Clock()
    with VisualMemory.create(folder / f"{rule}.vmem", dim=data.vectors.shape[1]) as memory:
        memory.set("rule", rule)
        memory.set("exact_limit", "0")
        ids = memory.add_vectors(data.vectors, data.labels)
        memory.maintenance.run()
        for i, query in enumerate(data.outside):
            with strikes.watching(STRIKE):
                strikes.round(functools.partial(memory.strike, [ids[i * 7 % len(ids)]]), STRIKE)
            memory.decide_vector(query)
            with decisions.watching(DECISION):
                decisions.round(functools.partial(memory.decide_vector, query), DECISION)
    return {"strike": strikes.told(STRIKE), f"decision by {rule}": decisions.told(DECISION)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=12_000)
    parser.add_argument("--rounds", type=int, default=400)
    parser.add_argument("--kind", choices=KINDS, default=KINDS[0])
    parser.add_argument("--fashion", type=Path, default=Path())
    parser.add_argument("--kept", type=Path, default=Path())
    options = parser.parse_args()
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory(dir=MEMORY_FILES if Path(MEMORY_FILES).is_dir() else None) as name:
        for rule in ("rank", "ridge"):
            found |= measured(Path(name), options.kind, rule, options)
    write("stages", {"n": options.n, "rounds": options.rounds, "kind": options.kind, "stages_us": found})
    for what, stages in found.items():
        print(table([what, "us"], [[stage, round(us)] for stage, us in stages.items()]), end="\n\n")


if __name__ == "__main__":
    main()

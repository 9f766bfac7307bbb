"""Decisions while somebody edits: every answer is that of a state which was committed, and nothing ever fails."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests import brute_force
from tests.conftest import clustered
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.types import Decision

DIM, CLASSES, READERS = 16, 5, 4
EDITS = 20_000 if os.environ.get("SOAK") else 60
GRAPH, EXACT = 0, 26_000_000
ROOT = Path(__file__).parents[2]

Voters = dict[int, brute_force.Voter]


@dataclass(frozen=True)
class Seen:
    """An answer, and the states (by number) that stood before and after it was asked for."""

    first: int
    last: int
    query: np.ndarray
    decision: Decision

    @property
    def by_graph(self) -> bool:
        return self.decision.search is not None and self.decision.search.mode == "hnsw"


class Record:
    """What was committed, state by state, read back from the database by the one who edits."""

    def __init__(self, memory: VisualMemory) -> None:
        self._memory = memory
        self._vectors: dict[int, np.ndarray] = {}
        self.states: list[tuple[int, Voters]] = []
        self.note()

    def note(self) -> None:
        catalog = self._memory.catalog
        active = catalog.select(state="active")
        new = [e.id for e in active if e.id not in self._vectors]
        self._vectors.update(zip(new, catalog.vectors(new).astype(np.float64), strict=True))
        voters = {e.id: brute_force.Voter(e.label, e.trust, self._vectors[e.id]) for e in active}
        self.states.append((catalog.change(), voters))

    @property
    def last(self) -> int:
        return len(self.states) - 1

    def between(self, seen: Seen) -> list[Voters]:
        """The states that may have stood then; one more edit may have been under way."""
        return [voters for _, voters in self.states[seen.first : seen.last + 2]]

    def explains(self, seen: Seen) -> bool:
        """Whether one of those states gives this answer. A graph may overlook some; those it found must be right."""
        found = [n.id for n in seen.decision.neighbours]
        among = found if seen.by_graph else None
        return any(
            len(found) == min(10, len(voters))
            and brute_force.agrees(seen.decision, brute_force.decide(voters, seen.query, 10, "rank", among=among))
            for voters in self.between(seen)
        )

    def overlooked(self, seen: Seen) -> int:
        """How many of the nearest neighbours the answer lacks, by the state that fits it best."""
        found = {n.id for n in seen.decision.neighbours}
        nearest = [brute_force.decide(voters, seen.query, 10, "rank").ids for voters in self.between(seen)]
        return min(len(set(ids) - found) for ids in nearest)


def one_edit(memory: VisualMemory, rng: np.random.Generator, pick: random.Random) -> None:
    here = [e.id for e in memory.catalog.select()]
    some, label = pick.sample(here, 3), f"class {pick.randrange(CLASSES)}"
    edits: list[Callable[[], object]] = [
        lambda: memory.add_vectors(rng.normal(size=(4, DIM)).astype(np.float32), [label] * 4),
        lambda: memory.strike(some),
        lambda: memory.restore([e.id for e in memory.catalog.select(state="struck")][:5]),
        lambda: memory.relabel(some, label),
        lambda: memory.reweigh(some, pick.choice([0.5, 2.0])),
        memory.undo,
        memory.redo,
    ]
    pick.choice(edits)()


def write(memory: VisualMemory, record: Record, *, seed: int) -> None:
    """Many edits; every 10th forgets, every 50th does what is due in the background or moves the exact limit."""
    rng, pick = np.random.default_rng(seed), random.Random(seed)
    for number in range(EDITS):
        if number % 10 == 9:
            memory.forget(pick.sample([e.id for e in memory.catalog.select()], 2))
        else:
            one_edit(memory, rng, pick)
        record.note()
        if number % 50 == 25:
            memory.set("exact_limit", EXACT if memory.settings.exact_limit == GRAPH else GRAPH)
        if number % 25 == 20:
            memory.maintenance.run()


def in_threads(jobs: list[Callable[[], None]]) -> list[BaseException]:
    """Run ``jobs`` beside each other; what they raised."""
    raised: list[BaseException] = []

    def guarded(job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=guarded, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@pytest.fixture
def place(tmp_path: Path) -> Path:
    vectors, labels = clustered(300, dim=DIM, classes=CLASSES, seed=1)
    with VisualMemory.create(tmp_path / "m.vmem", dim=DIM) as memory:
        memory.set("exact_limit", str(GRAPH))
        memory.add_vectors(vectors, labels)
    return tmp_path / "m.vmem"


@pytest.mark.timeout(0 if os.environ.get("SOAK") else 300)
@pytest.mark.parametrize("deferred", [False, True], ids=["alone", "with a keeper"])
def test_every_answer_is_that_of_a_committed_state(place: Path, deferred: bool) -> None:
    """``deferred``: what is due is done by a thread of its own, as in the window.

    The queries are of the memory's kind and not in it: for such the width of the graph's search is promised.
    """
    seen: list[Seen] = []
    fresh, _ = clustered(4000, dim=DIM, classes=CLASSES, seed=1)
    done = threading.Event()

    with VisualMemory.open(place) as memory:
        record = Record(memory)

        def edit() -> None:
            try:
                write(memory, record, seed=deferred)
            finally:
                done.set()

        def ask(seed: int) -> None:
            rng, mode = np.random.default_rng(100 + seed), ("auto", "exact", "hnsw", "auto")[seed]
            while not done.is_set():
                query = fresh[rng.integers(len(fresh))]
                first = record.last
                decision = memory.decide_vector(query, search=mode)  # type: ignore[arg-type]
                seen.append(Seen(first, record.last, query, decision))

        def keep() -> None:
            while not done.wait(0.02):
                memory.maintenance.run()

        if deferred:
            memory.maintenance.defer()
        jobs = [edit, *(lambda seed=seed: ask(seed) for seed in range(READERS)), *([keep] if deferred else [])]
        assert in_threads(jobs) == []
        assert memory.maintenance.verify() == []
    checked = random.Random(0).sample(seen, min(len(seen), 1500))
    assert len(checked) > READERS
    assert [s for s in checked if not record.explains(s)] == []
    by_graph = [s for s in checked if s.by_graph]
    assert sum(record.overlooked(s) for s in by_graph) <= 0.01 * 10 * len(by_graph)
    assert by_graph and len(by_graph) < len(checked)


def test_a_process_that_only_reads_sees_committed_states(place: Path, tmp_path: Path) -> None:
    stop = tmp_path / "stop"
    command = [sys.executable, "-m", "tests.reliability.reading_child", str(place), str(stop)]
    with (
        VisualMemory.open(place) as memory,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as child,
    ):
        record = Record(memory)
        try:
            write(memory, record, seed=7)
        finally:
            stop.touch()
            out, err = child.communicate(timeout=60)
    assert child.returncode == 0, err
    answers = [json.loads(line) for line in out.splitlines()]
    assert len(answers) > 5
    for answer in answers:
        voters = [voters for change, voters in record.states if change == answer["change"]]
        assert voters, "a state that nobody committed"
        among = answer["ids"] if answer["mode"] == "hnsw" else None  # a graph may overlook some
        expected = brute_force.decide(voters[-1], np.array(answer["query"], np.float32), 10, "rank", among=among)
        assert answer["ids"] == expected.ids
        assert answer["label"] in expected.winners

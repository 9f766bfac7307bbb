"""A whole memory under any sequence of edits, decisions, forgetting and restarts, against a model in plain Python."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests import brute_force
from tests.property.test_history_machine import Model
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.types import RULES, Box, Changes, NewExemplar, Rule, SearchMode

DIM = 8
MODES: tuple[SearchMode, ...] = ("auto", "exact", "hnsw")
LABELS = st.sampled_from(["cat", "cat/tabby", "dog", "dog/old", "wren"])
TRUSTS = st.sampled_from([0.25, 0.5, 1.0, 3.0, 100.0])
PICKS = st.lists(st.integers(0, 400), min_size=1, max_size=5)
GRAPH, EXACT = 0, 26_000_000


def _pool() -> np.ndarray:
    """200 vectors to draw from: exact ties between the axes, the rest in general position, so that some come twice."""
    raw = np.vstack([np.eye(DIM), -np.eye(DIM), np.random.default_rng(5).normal(size=(184, DIM))])
    return (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)


POOL = _pool()
VECTORS = st.integers(0, len(POOL) - 1)
IMAGES, PARTS = st.integers(0, 3), st.integers(0, 2)  # part 0 is the whole image


def content_of(image: int, part: int) -> str:
    return hashlib.sha256(f"{image} {part}".encode()).hexdigest()


def box_of(part: int) -> Box | None:
    return Box(10 * part, 0, 20, 30) if part else None


class Machine(RuleBasedStateMachine):
    """``model`` holds the fields of each exemplar and both stacks of the history, ``vector_of`` its vector,
    ``image_of`` which part of which image it is, if it is one."""

    @initialize(first=st.sampled_from([0, 3, 190]), limit=st.sampled_from([GRAPH, EXACT]))
    def create(self, first: int, limit: int) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="visualmemory"))
        self.memory = VisualMemory.create(self.folder / "m.vmem", dim=DIM)
        self.model, self.vector_of = Model(), dict[int, np.ndarray]()
        self.image_of = dict[int, tuple[int, int]]()
        self.forgotten: set[int] = set()
        self.memory.set("exact_limit", limit)
        self.memory.set("threads", 1)  # two threads make a graph in no certain order
        if first:
            self.add([(place, ["cat", "dog", "wren"][place % 3]) for place in range(first)])
            self.memory.history.baseline()  # else one undo takes them all away, and the graph with them
            self.model.done.clear()

    def pick(self, picks: list[int]) -> list[int]:
        here = self.model.here()
        return list(dict.fromkeys(here[pick % len(here)] for pick in picks)) if here else []

    def voters(self) -> dict[int, brute_force.Voter]:
        rows = {i: self.model.rows[i] for i in self.model.here() if not self.model.rows[i]["struck"]}
        return {i: brute_force.Voter(r["label"], r["trust"], self.vector_of[i]) for i, r in rows.items()}

    def state(self, memory: VisualMemory | None = None) -> dict[int, dict[str, Any]]:
        """What the memory holds of every exemplar, withdrawn ones too."""
        memory = memory or self.memory
        ids = [i for (i,) in memory._live.database.rows("select id from exemplars order by id")]
        return {
            e.id: {
                "label": e.label,
                "state": e.state,
                "trust": e.trust,
                "bytes": vector.tobytes(),
                "box": e.box,
                "original": e.original,
            }
            for e, vector in zip(memory.catalog.get(ids), memory.catalog.vectors(ids), strict=True)
        }

    def edited(self, changes: Changes, wanted: dict[tuple[int, str], tuple[Any, Any]]) -> None:
        """Tell the model; the memory must have told of the same exemplars."""
        assert set(changes.ids) == {i for i, _ in wanted}
        self.model.edited(wanted)

    @rule(new=st.lists(st.tuples(VECTORS, LABELS), min_size=1, max_size=8))
    def add(self, new: list[tuple[int, str]]) -> None:
        ids = self.memory.add_vectors(POOL[[place for place, _ in new]], [label for _, label in new])
        assert ids == sorted(set(ids)) and ids[0] > max([0, *self.model.rows, *self.forgotten])
        wanted = {}
        for i, (place, label) in zip(ids, new, strict=True):
            self.vector_of[i] = POOL[place].astype(np.float64)
            wanted |= self.model.new(i, label)
        self.model.edited(wanted)

    @precondition(lambda self: self.model.here())
    @rule(picks=PICKS, label=LABELS)
    def add_twins(self, picks: list[int], label: str) -> None:
        """Vectors that are here already."""
        places = [int(np.argmax(POOL @ self.vector_of[i])) for i in self.pick(picks)]
        self.add([(place, label) for place in places])

    @rule(new=st.lists(st.tuples(VECTORS, LABELS, IMAGES, PARTS), min_size=1, max_size=4))
    def add_images_and_parts(self, new: list[tuple[int, str, int, int]]) -> None:
        rows = [
            NewExemplar(
                label,
                POOL[place],
                content=content_of(image, part),
                width=100,
                height=80,
                box=box_of(part),
                original=content_of(image, 0) if part else None,
            )
            for place, label, image, part in new
        ]
        wanted = {}
        for i, (place, label, image, part) in zip(self.memory.add_rows(rows), new, strict=True):
            self.vector_of[i], self.image_of[i] = POOL[place].astype(np.float64), (image, part)
            wanted |= self.model.new(i, label)
        self.model.edited(wanted)

    @precondition(lambda self: self.voters())
    @rule(pick=st.integers(0, 400))
    def decide_an_exemplar_by_all_others(self, pick: int) -> None:
        """Without itself, its twins, and everything of its image."""
        voters = self.voters()
        own = sorted(voters)[pick % len(voters)]
        vector, image = self.vector_of[own], self.image_of.get(own, (None, 0))[0]
        others = {
            i: voter
            for i, voter in voters.items()
            if not np.array_equal(self.vector_of[i], vector)
            and (image is None or self.image_of.get(i, (None, 0))[0] != image)
        }
        found = self.memory.decide_vector(vector.astype(np.float32), 10, "rank", search="exact", own=own)
        assert [n.id for n in found.neighbours] == brute_force.decide(others, vector.astype(np.float32), 10, "rank").ids

    @rule(picks=PICKS)
    def strike(self, picks: list[int]) -> None:
        ids = self.pick(picks)
        self.edited(self.memory.strike(ids), self.model.set(ids, "struck", [True] * len(ids)))

    @rule(picks=PICKS)
    def restore(self, picks: list[int]) -> None:
        ids = self.pick(picks)
        self.edited(self.memory.restore(ids), self.model.set(ids, "struck", [False] * len(ids)))

    @rule(picks=PICKS, label=LABELS)
    def relabel(self, picks: list[int], label: str) -> None:
        ids = self.pick(picks)
        self.edited(self.memory.relabel(ids, label), self.model.set(ids, "label", [label] * len(ids)))

    @rule(picks=PICKS, trust=TRUSTS)
    def reweigh(self, picks: list[int], trust: float) -> None:
        ids = self.pick(picks)
        self.edited(self.memory.reweigh(ids, trust), self.model.set(ids, "trust", [trust] * len(ids)))

    @precondition(lambda self: self.model.here())
    @rule(pick=st.integers(0, 400), new=LABELS)
    def rename_label(self, pick: int, new: str) -> None:
        old = self.model.rows[self.pick([pick])[0]]["label"]
        ids = [i for i in self.model.here() if (self.model.rows[i]["label"] + "/").startswith(old + "/")]
        names = [new + self.model.rows[i]["label"][len(old) :] for i in ids]
        self.edited(self.memory.rename_label(old, new), self.model.set(ids, "label", names))

    @rule()
    def undo(self) -> None:
        assert (self.memory.undo().edit is None) == (not self.model.done)
        if self.model.done:
            self.model.undone.append(self.model.done.pop())
            self.model.apply(self.model.undone[-1], 0)

    @rule()
    def redo(self) -> None:
        assert (self.memory.redo().edit is None) == (not self.model.undone)
        if self.model.undone:
            self.model.done.append(self.model.undone.pop())
            self.model.apply(self.model.done[-1], 1)

    @precondition(lambda self: self.model.here())
    @rule(picks=PICKS, label=LABELS, restart=st.booleans())
    def undo_restores_the_state(self, picks: list[int], label: str, restart: bool) -> None:
        before = self.state()
        self.relabel(picks, label)
        if len(self.model.done) == 0 or self.state() == before:
            return
        after = self.state()
        if restart:
            self.restart()
        self.undo()
        assert self.state() == before
        self.redo()
        assert self.state() == after

    @rule(picks=PICKS)
    def forget(self, picks: list[int]) -> None:
        ids = self.pick(picks[:2])
        if not ids:
            return
        receipt = self.memory.forget(ids).receipt
        ids += self.parts_that_go_with(ids)
        assert receipt is not None
        assert (receipt.forgotten, receipt.status, receipt.hits) == (len(ids), "done", 0)
        self.model.purge(ids)
        self.forgotten |= set(ids)
        for i in ids:
            del self.vector_of[i]
            self.image_of.pop(i, None)

    def parts_that_go_with(self, ids: list[int]) -> list[int]:
        """Parts of the images whose last exemplar is among ``ids``."""
        left = {image for i, (image, part) in self.image_of.items() if not part and i not in ids}
        gone = {self.image_of[i][0] for i in ids if i in self.image_of and not self.image_of[i][1]} - left
        return [i for i, (image, part) in self.image_of.items() if part and image in gone and i not in ids]

    @rule(query=VECTORS, k=st.sampled_from([1, 2, 10, 25, 1000]), voting=st.sampled_from(RULES))
    def decide(self, query: int, k: int, voting: Rule) -> None:
        self.decide_by_all(POOL[query], k, voting)

    def decide_by_all(self, query: np.ndarray, k: int, voting: Rule) -> None:
        expected = brute_force.decide(self.voters(), query, k, voting)
        for mode in MODES:
            found = self.memory.decide_vector(query, k, voting, search=mode)
            assert found.search is not None
            if found.search.mode == "exact":
                assert brute_force.agrees(found, expected), (mode, found, expected)
            else:  # a graph may miss one of ten, seldom
                assert len({n.id for n in found.neighbours} & set(expected.ids)) >= 0.9 * len(expected.ids)
            event(f"{mode}: {found.search.mode}")

    @rule(seed=st.integers(0, 1000), pick=st.integers(0, 400))
    def decide_without_one(self, seed: int, pick: int) -> None:
        """A query from anywhere, one exemplar left out."""
        query = np.random.default_rng(seed).normal(size=DIM).astype(np.float32)
        query = (query.astype(np.float64) / np.linalg.norm(query.astype(np.float64))).astype(np.float32)
        out = self.pick([pick])
        near = {i: voter for i, voter in self.voters().items() if i not in out}
        ids = brute_force.decide(near, query, 10, "rank").ids
        for mode in MODES:
            found = self.memory.decide_vector(query, search=mode, exclude=out)
            assert [n.id for n in found.neighbours] == ids, mode

    @rule(limit=st.sampled_from([GRAPH, EXACT]))
    def move_the_exact_limit(self, limit: int) -> None:
        self.memory.set("exact_limit", limit)

    @rule()
    def maintain(self) -> None:
        self.memory.maintenance.run()

    @rule()
    def restart(self) -> None:
        self.memory.close()
        self.memory = VisualMemory.open(self.folder / "m.vmem")

    @rule(query=VECTORS)
    def a_reader_beside_it_sees_the_same(self, query: int) -> None:
        with VisualMemory.open(self.folder / "m.vmem", readonly=True) as beside:
            assert self.state(beside) == self.state()
            found = beside.decide_vector(POOL[query])
        assert brute_force.agrees(found, brute_force.decide(self.voters(), POOL[query], 10, "rank"))

    @rule()
    def verify_finds_nothing(self) -> None:
        assert self.memory.maintenance.verify() == []

    @invariant()
    def the_memory_holds_what_the_model_holds(self) -> None:
        plain = {
            i: {
                "label": row["label"],
                "state": "withdrawn" if row["withdrawn"] else "struck" if row["struck"] else "active",
                "trust": row["trust"],
                "bytes": self.vector_of[i].astype(np.float32).tobytes(),
                "box": box_of(self.image_of.get(i, (0, 0))[1]),
                "original": content_of(self.image_of[i][0], 0) if self.image_of.get(i, (0, 0))[1] else None,
            }
            for i, row in self.model.rows.items()
        }
        assert self.state() == plain

    @invariant()
    def index_ids_are_the_active_ids(self) -> None:
        active = set(self.voters())
        snapshot = self.memory.snapshot
        assert set(snapshot.ids[snapshot.active].tolist()) == active
        for mode in MODES:
            found = self.memory.decide_vector(POOL[40], k=len(active) + 3, search=mode)
            assert {n.id for n in found.neighbours} == active

    @invariant()
    def every_search_gives_the_same_answer(self) -> None:
        self.decide_by_all(POOL[self.memory.catalog.change() % len(POOL)], 10, "rank")

    @invariant()
    def forgotten_ids_are_nowhere(self) -> None:
        rows = self.memory._live.database.rows
        for sql in (
            "select id from exemplars",
            "select id from vectors",
            "select id from thumbnails",
            "select exemplar from entries",
        ):
            assert self.forgotten.isdisjoint(i for (i,) in rows(sql)), sql
        assert self.forgotten.isdisjoint(self.memory.snapshot.ids.tolist())

    def teardown(self) -> None:
        if hasattr(self, "memory"):
            try:
                assert self.memory.maintenance.verify() == []
            finally:
                self.memory.close()
                shutil.rmtree(self.folder)


EXAMPLES, STEPS = (1000, 100) if os.environ.get("SOAK") else (30, 50)
TestMemory = pytest.mark.timeout(0 if os.environ.get("SOAK") else 900)(Machine.TestCase)  # a failure is shrunk
TestMemory.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    derandomize=True,
)

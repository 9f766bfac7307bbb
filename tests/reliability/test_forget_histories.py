"""Forgetting after any history leaves no bytes, and the memory decides as one that never saw what it forgot."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import hnswlib
import numpy as np
import pytest

from tests.conftest import clustered, paint_image
from tests.reliability.secrets import left_in, secrets_of
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.experiments import unlearning_proof as prove_module
from visualmemory_gui.engine.experiments.unlearning_proof import prove
from visualmemory_gui.engine.memory.forget import own_folders
from visualmemory_gui.engine.store.kept_images import NewKeptImage
from visualmemory_gui.engine.types import CLASS_FACTORS, RULES, NewExemplar

SOAK = bool(os.environ.get("SOAK"))
HISTORIES, FORGETS = (20, 50) if SOAK else (4, 4)
MEMORIES, DECISIONS = (20, 2000) if SOAK else (3, 200)
DIM = 16


def teach(memory: VisualMemory, folder: Path, pick: random.Random, number: int) -> int:
    """Add an image under a telling name and label, decide it, watch it, and put it into the queue."""
    file = folder / f"telling-name-{number}-{pick.randrange(10**6)}.png"
    paint_image((pick.randrange(256), pick.randrange(256), 90), seed=pick.randrange(10**6)).save(file)
    [exemplar] = memory.add([file], [f"telling/label-{number}-{pick.randrange(10**6)}"])
    memory.decide(file)
    [row] = memory.catalog.get([exemplar])
    kept = NewKeptImage(str(row.content), str(file), row.sha256, memory.catalog.thumbnail(exemplar))
    vector = memory.catalog.vectors([exemplar])[0]
    memory.queries.add(str(file), str(row.content), thumbnail=kept.thumbnail, vector=vector)
    memory.watch.add([(NewKeptImage(kept.content, kept.source, None, kept.thumbnail, vector), row.label)])
    return exemplar


def live_through(memory: VisualMemory, ids: list[int], pick: random.Random) -> None:
    """Some random edits of those exemplars that are here."""
    for _ in range(pick.randrange(3, 12)):
        here = [e.id for e in memory.catalog.select()]
        some = [i for i in pick.sample(ids, min(3, len(ids))) if i in here]
        edit = pick.choice(["strike", "restore", "relabel", "reweigh", "undo", "redo", "maintain"])
        if edit == "relabel":
            memory.relabel(some, f"telling/moved-{pick.randrange(10**6)}")
        elif edit == "reweigh":
            memory.reweigh(some, pick.choice([0.5, 2.0]))
        elif edit == "maintain":
            memory.maintenance.run()
        elif edit in ("undo", "redo"):
            getattr(memory, edit)()
        else:
            getattr(memory, edit)(some)


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_no_byte_is_left_whatever_was_done_with_it_before(seed: int, tmp_path: Path) -> None:
    pick = random.Random(seed)
    with VisualMemory.create(tmp_path / "m.vmem", encoder="fake") as memory:
        memory.set("exact_limit", 1)
        ids = [teach(memory, tmp_path, pick, n) for n in range(8)]
        for number in range(FORGETS):
            live_through(memory, ids, pick)
            here = [e.id for state in (None, "withdrawn") for e in memory.catalog.select(state=state)]
            doomed = pick.sample(here, min(len(here), pick.randrange(1, 3)))
            if not doomed:
                break
            secrets = secrets_of(memory, doomed)
            assert left_in(memory.path, secrets), "the control: all of it is there before"
            receipt = memory.forget(doomed).receipt
            assert receipt is not None and (receipt.status, receipt.hits) == ("done", 0)
            assert left_in(memory.path, secrets) == []
            assert all(left_in(place, secrets) == [] for place in own_folders() if place.exists())
            ids = [i for i in ids if i not in doomed] + [teach(memory, tmp_path, pick, 100 + number)]
        assert memory.maintenance.verify() == []


def test_control_marking_a_vector_deleted_leaves_it_in_the_index_file(tmp_path: Path) -> None:
    vectors, _ = clustered(300, dim=DIM, classes=5, seed=1)
    graph = hnswlib.Index("ip", DIM)
    graph.init_index(300, M=16, ef_construction=100, random_seed=1)
    graph.add_items(vectors, np.arange(300), num_threads=1)
    graph.mark_deleted(7)
    graph.save_index(str(tmp_path / "marked.hnsw"))
    assert left_in(tmp_path, [vectors[7].tobytes()[:24]]) == ["marked.hnsw"]


def test_control_a_graph_with_marks_answers_otherwise_than_one_that_never_saw_them() -> None:
    vectors, _ = clustered(2000, dim=DIM, classes=20, seed=2)
    kept, queries = np.arange(200, 2000), clustered(200, dim=DIM, classes=20, seed=3)[0]
    graphs = []
    for rows in (np.arange(2000), kept):
        graph = hnswlib.Index("ip", DIM)
        graph.init_index(2000, M=4, ef_construction=20, random_seed=1)
        graph.add_items(vectors[rows], rows, num_threads=1)
        graph.set_ef(10)
        graphs.append(graph)
    for row in range(200):
        graphs[0].mark_deleted(row)
    marked, fresh = (graph.knn_query(queries, 10, num_threads=1)[0] for graph in graphs)
    assert (marked != fresh).any()


def learned(path: Path, *, seed: int) -> VisualMemory:
    """A memory of 400 vectors in which trust, strikes, rule and level differ from seed to seed."""
    pick = random.Random(seed)
    memory = VisualMemory.create(path, dim=DIM)
    vectors, labels = clustered(400, dim=DIM, classes=6, seed=seed)
    memory.add_vectors(vectors, [f"{'ab'[i % 2]}/{label}" for i, label in enumerate(labels)])
    memory.strike(pick.sample(range(1, 401), 20))
    memory.reweigh(pick.sample(range(1, 401), 20), 3.0)
    memory.set("rule", RULES[seed % len(RULES)])
    memory.set("level", seed % 3)
    memory.set("class_factor", CLASS_FACTORS[seed % 3])
    memory.maintenance.run()
    return memory


@pytest.mark.parametrize("seed", range(MEMORIES))
@pytest.mark.parametrize("part", [0.01, 0.1, 0.5])
def test_decisions_are_those_of_a_memory_that_never_saw_it(seed: int, part: float, tmp_path: Path) -> None:
    with learned(tmp_path / "m.vmem", seed=seed) as memory:
        memory.decide_vector(memory.snapshot.vectors[0])
        memory.forget(random.Random(seed).sample(range(1, 401), int(400 * part)))
        proof = prove(memory, decisions=DECISIONS, seed=seed)
        assert (proof.decisions, proof.different) == (DECISIONS, 0) and proof.holds


def test_control_the_proof_sees_exemplars_that_still_vote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = prove_module._rows

    def without(memory: VisualMemory, ids: list[int]) -> Iterator[NewExemplar]:
        return (replace(new, struck=new.struck or i <= 40) for i, new in zip(ids, whole(memory, ids), strict=True))

    monkeypatch.setattr(prove_module, "_rows", without)
    with learned(tmp_path / "m.vmem", seed=1) as memory:
        assert prove(memory, decisions=200).different > 10


def test_what_was_derived_from_it_is_that_of_a_memory_that_never_saw_it(tmp_path: Path) -> None:
    vectors, labels = clustered(300, dim=DIM, classes=5, seed=4)
    with (
        VisualMemory.create(tmp_path / "a.vmem", dim=DIM) as memory,
        VisualMemory.create(tmp_path / "b.vmem", dim=DIM) as other,
    ):
        memory.add_vectors(vectors, labels)
        memory.maintenance.measure()
        before = derived(memory)
        memory.maintenance.defer()  # else the forget measures it again before it returns
        memory.forget(list(range(1, 31)))
        assert before and derived(memory) == {}, "the control: there was something before"
        other.add_vectors(vectors[30:], labels[30:])
        for each in (memory, other):
            each.maintenance.measure()
        assert derived(memory) == derived(other) != before


def derived(memory: VisualMemory) -> dict[str, object]:
    """Everything computed that is kept, without the change number it was computed at."""
    found = {name: json.loads(text) for name, text in memory._live.database.rows("select name, json from derived")}
    return {name: {k: v for k, v in value.items() if k != "change"} for name, value in found.items()}

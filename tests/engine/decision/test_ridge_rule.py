"""Ridge as a voting rule: small and odd memories, trust, ties, and what refuses it in one sentence."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests import long_tail
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.curation import influence, prune
from visualmemory_gui.engine.decision.ridge import GAMMA, LAMBDA
from visualmemory_gui.engine.decision.votes import tally, winners_of
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.evaluation.evaluate import evaluate
from visualmemory_gui.engine.published_lists import vote as lists
from visualmemory_gui.engine.types import F32, MemorySettings
from visualmemory_gui.engine.what_if.flip import flips
from visualmemory_gui.engine.what_if.impact import ImpactTracker


def unit(rows: np.ndarray) -> F32:
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


def made(tmp_path: Path, vectors: F32, labels: list[str]) -> VisualMemory:
    memory = VisualMemory.create(tmp_path / "m.vmem", dim=vectors.shape[1])
    memory.add_vectors(vectors, labels)
    memory.set("rule", "ridge")
    memory.set("class_factor", "off")
    return memory


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[VisualMemory]:
    with long_tail.filled(tmp_path / "m.vmem", np.random.default_rng(3)) as filled:
        filled.set("rule", "ridge")
        yield filled


def test_k_is_a_hundred_under_ridge_where_it_is_not_given() -> None:
    ridge, rank = MemorySettings(rule="ridge"), MemorySettings(rule="rank")
    assert (VotingScheme.of(ridge).k, VotingScheme.of(rank, rule="ridge").k) == (100, 100)
    assert (VotingScheme.of(ridge, rule="rank").k, VotingScheme.of(ridge, 7).k) == (10, 7)
    assert VotingScheme.of(MemorySettings(rule="ridge", ridge_k=40)).k == 40


def test_one_exemplar_has_the_whole_vote_and_struck_none(tmp_path: Path) -> None:
    vectors = unit(np.random.default_rng(0).normal(size=(1, 8)))
    with made(tmp_path, vectors, ["a"]) as memory:
        [voter] = (decision := memory.decide_vector(vectors[0])).neighbours
        assert voter.weight == pytest.approx(np.exp(-GAMMA * voter.distance) / (1.0 + LAMBDA))
        assert (decision.label, decision.share, decision.margin) == ("a", 1.0, 1.0)
        memory.strike([1])
        nothing = memory.decide_vector(vectors[0])
        assert (nothing.label, nothing.share, nothing.neighbours) == (None, None, ())


def test_a_hundred_copies_of_one_image_share_a_voice_that_is_hardly_larger_than_one(tmp_path: Path) -> None:
    base = unit(np.array([[1.0, 0.2, 0.0], [1.0, -0.2, 0.2], [1.0, -0.2, -0.2]]))
    vectors, labels = np.concatenate([np.repeat(base[:1], 100, axis=0), base[1:]]), ["copy"] * 100 + ["b", "b"]
    query = unit(np.array([1.0, 0.0, 0.0]))
    with made(tmp_path, vectors, labels) as memory:
        for k in (102, 150):
            decision = memory.decide_vector(query, k)
            voices = [n.weight for n in decision.neighbours if n.label == "copy"]
            assert len(voices) == 100 and np.ptp(voices) <= 1e-12
            assert sum(voices) <= 1.3 * np.exp(-GAMMA * (1 - query @ base[0])) / (1.0 + LAMBDA) + 1e-9


@pytest.mark.parametrize("dim", [2, 3])
def test_few_dimensions_give_finite_shares(tmp_path: Path, dim: int) -> None:
    rng = np.random.default_rng(dim)
    vectors = unit(rng.normal(size=(120, dim)))
    with made(tmp_path, vectors, [f"c{i % 3}" for i in range(120)]) as memory:
        for query in unit(rng.normal(size=(10, dim))):
            decision = memory.decide_vector(query)
            assert sum(decision.shares.values()) == pytest.approx(1.0)
            assert all(n.weight >= 0.0 for n in decision.neighbours)


def test_a_memory_of_one_class_answers_with_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    with made(tmp_path, unit(rng.normal(size=(30, 8))), ["only"] * 30) as memory:
        assert memory.decide_vector(unit(rng.normal(size=8))).shares == {"only": 1.0}
        assert evaluate(memory, rules=["ridge"]).accuracy["ridge"][100] == 1.0


def test_more_trust_is_a_larger_share_and_none_is_near_a_strike(memory: VisualMemory) -> None:
    memory.set("class_factor", "off")
    for query in long_tail.unit(10, np.random.default_rng(2)):
        first = memory.decide_vector(query).neighbours[0]
        shares = []
        for trust in (1e-3, 0.05, 0.5, 1.0, 2.0, 100.0):
            memory.reweigh([first.id], trust)
            shares.append(memory.decide_vector(query).neighbours[0].share)
        assert all(less <= more + 1e-9 for less, more in itertools.pairwise(shares)), shares
        assert shares[0] <= 0.005
        memory.reweigh([first.id], first.trust)


def test_of_tied_classes_the_one_with_the_nearest_vote_wins() -> None:
    votes = [0.0, 0.25, 0.5, 0.25 + 1e-12]
    labels = ["b", "a", "b", "a"]
    assert tally(labels, votes, tie=1e-9).winner == "a"
    assert tally(labels, [0.1, 0.25, 0.4, 0.25], tie=1e-9).winner == "b"
    assert tally(labels, [0.0, 0.25, 0.5, 0.26], tie=1e-9).winner == "a"
    assert tally(labels, [0.0, 0.25, 0.5, 0.25], tie=1e-9).margin == 0.0
    codes = np.array([[1, 0, 1, 0]])
    assert winners_of(codes, np.array([votes]), tie=1e-9)[0].tolist() == [0]
    assert winners_of(codes, np.array([[0.0, 0.25, 0.51, 0.25]]), tie=1e-9)[0].tolist() == [1]
    assert winners_of(codes, np.zeros((1, 4)), tie=1e-9)[0].tolist() == [-1]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (lambda memory: prune.plan(memory, "value"), "prune by hard"),
        (lambda memory: influence.misleaders(memory, "value"), "order them by absence"),
        (lambda memory: lists.predictions([], "ridge"), "lists hold no vectors"),
    ],
)
def test_what_cannot_do_it_yet_says_so(memory: VisualMemory, asked: object, words: str) -> None:
    with pytest.raises(BadValue, match=words):
        asked(memory)  # type: ignore[operator]


def test_every_k_is_solved_by_itself(memory: VisualMemory) -> None:
    found = evaluate(memory, rules=["ridge"], ks=(1, 3, 10, 30))
    active = memory.snapshot.ids[memory.snapshot.active].tolist()
    names = memory.class_counts()
    assert names
    for k in (1, 3, 10, 30):
        right = 0
        for i in active:
            [exemplar] = memory.catalog.get([i])
            decision = memory.decide_vector(memory.catalog.vectors([i])[0], k, own=i)
            right += decision.label == exemplar.label
        assert found.accuracy["ridge"][k] == pytest.approx(right / len(active))


def test_a_flip_of_one_is_the_only_one_striking_finds(memory: VisualMemory) -> None:
    for query in long_tail.unit(8, np.random.default_rng(4)):
        before = memory.decide_vector(query).label
        single = []
        for neighbour in memory.snapshot.ids[memory.snapshot.active].tolist():
            if memory.decide_vector(query, exclude=[neighbour]).label != before:
                single.append(neighbour)
        found = flips(memory, query).strikes
        assert found is not None
        memory.strike(found.ids)
        assert memory.decide_vector(query).label == found.label != before
        memory.undo()
        assert (len(found.ids) == 1) == bool(single)


def test_tracked_decisions_follow_every_edit(memory: VisualMemory) -> None:
    tracker, rng = ImpactTracker(memory), np.random.default_rng(6)
    for number in range(12):
        ids = memory.snapshot.ids[memory.snapshot.active]
        picked = rng.choice(ids, 2, replace=False).tolist()
        if number % 4 == 0:
            memory.strike(picked)
        elif number % 4 == 1:
            memory.reweigh(picked, float(rng.choice([0.05, 0.5, 3.0])))
        elif number % 4 == 2:
            memory.relabel(picked, "a/0")
        else:
            memory.add_vectors(long_tail.unit(3, rng), ["b/1"] * 3)
        tracker.catch_up()
        assert tracker.queries.ids is not None
        for i, label in zip(tracker.queries.ids.tolist(), tracker._labels, strict=True):
            assert label == memory.decide_vector(memory.catalog.vectors([i])[0], own=i).label

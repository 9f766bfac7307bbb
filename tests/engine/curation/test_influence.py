"""Exemplars that mislead others, against plain loops, and those that were kept as they are."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from tests.engine.study_memories import memory_of, noisy
from visualmemory_gui.engine.curation import influence
from visualmemory_gui.engine.curation.influence import MISLED, misleaders
from visualmemory_gui.engine.errors import BadValue, Cancelled
from visualmemory_gui.engine.store.kept_images import NewKeptImage


@pytest.fixture
def memory(tmp_path):
    vectors, labels, flipped = noisy(160, seed=4, spread=0.3)
    with memory_of(tmp_path, vectors, labels) as made:
        made.flipped = {i + 1 for i in flipped}
        yield made


def test_wrong_minus_right_are_those_of_a_plain_loop(memory):
    found = misleaders(memory, "count")
    rows = memory.catalog.select()
    vectors = memory.catalog.vectors([e.id for e in rows]).astype(float)
    met: dict[int, list[tuple[float, int]]] = {e.id: [] for e in rows}
    for i in range(len(rows)):
        far = 1 - vectors @ vectors[i]
        for j in [j for j in np.argsort(far, kind="stable") if j != i][: found.m]:
            met[rows[j].id].append((far[j], rows[i].id))
    label = {e.id: e.label for e in rows}
    score = {i: sum(1 if label[q] != label[i] else -1 for _, q in queries) for i, queries in met.items()}
    assert {one.id for one in found.rows} == {i for i, s in score.items() if s > 0}
    assert [one.wrong - one.right for one in found.rows] == sorted((s for s in score.values() if s > 0), reverse=True)
    for one in found.rows:
        nearest = sorted((d, q) for d, q in met[one.id] if label[q] != one.label)[:3]
        assert [q for _, q in nearest] == [i for i, _, _ in one.misled]
        assert [label[i] for i, _, _ in one.misled] == [name for _, name, _ in one.misled]


@pytest.mark.parametrize("order", ["absence", "value", "count"])
def test_flipped_labels_mislead_most(memory, order):
    found = misleaders(memory, order)
    first = [one.id for one in found.rows[: len(memory.flipped)]]
    assert len(memory.flipped & set(first)) >= 0.8 * len(memory.flipped)
    assert (found.rows[0].value is None) == (order == "count")


@pytest.mark.parametrize("rule", ["plurality", "distance", "softmax", "rank", "ridge"])
def test_an_absence_is_what_striking_that_exemplar_alone_does_to_the_share_of_the_right_label(tmp_path, rule):
    vectors, labels, _ = noisy(40, seed=6, spread=0.5)
    with memory_of(tmp_path, vectors, labels) as memory:
        memory.set("rule", rule)
        memory.set("k", 5)
        memory.set("ridge_k", 12)
        found = misleaders(memory)
        before = right_shares(memory, range(1, 41))
        for one in found.rows[:3]:
            memory.strike([one.id])
            after = right_shares(memory, range(1, 41))
            near = {i for i in before if i in after and one.id in before[i][1]}
            change = sum(before[i][0] - after[i][0] for i in near) / 40
            memory.undo()
            assert one.value == pytest.approx(change, abs=1e-9) and one.value < 0
        assert (found.rule, found.queries, found.watched) == (rule, 40, False)
        assert [one.value for one in found.rows] == sorted(one.value for one in found.rows)


def right_shares(memory, ids) -> dict[int, tuple[float, set[int]]]:
    """Of each exemplar, left out: the share of its own label, and its neighbours, with a vote or without."""
    found = {}
    for i in ids:
        [row] = memory.catalog.get([i])
        decision = memory.decide_vector(memory.catalog.vectors([i])[0], own=i)
        found[i] = decision.shares.get(row.label, 0.0), {near.id for near in decision.neighbours}
    return found


def test_with_a_watch_set_it_is_the_watched_decisions_that_count(memory):
    own = misleaders(memory)
    assert own.base == "the vote by rank in 160 decisions of its own exemplars"
    rng = np.random.default_rng(8)
    vectors = memory.catalog.vectors([3, 4]) + 0.01 * rng.normal(size=(2, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    labels = [memory.decide_vector(vector, 160, rule="plurality").label for vector in vectors]
    contents = [hashlib.sha256(vector.tobytes()).hexdigest() for vector in vectors]
    memory.watch.add(
        [(NewKeptImage(c, None, None, None, v), n) for c, v, n in zip(contents, vectors, labels, strict=True)]
    )
    found = misleaders(memory)
    assert found.watched and found.base == "the vote by rank in 2 decisions of the watch set"
    near = {near.id for vector in vectors for near in memory.decide_vector(vector).neighbours}
    assert {one.id for one in found.rows} <= near and len(found.rows) < len(own.rows)


def test_a_large_memory_is_measured_on_a_sample_and_says_so(memory, monkeypatch):
    monkeypatch.setattr(influence, "MOST_QUERIES", 60)
    found = misleaders(memory)
    assert found.queries == 60 and found.base.endswith("60 decisions of its own exemplars, a sample")


def test_the_lowest_value_comes_first(memory):
    values = [one.value for one in misleaders(memory, "value", rule="plurality").rows]
    assert values == sorted(values) and values[-1] < 0


def test_what_was_kept_stays_away_until_its_label_changes(memory):
    first = misleaders(memory).rows[0]
    memory.kept.keep(MISLED, [((first.id, 0), first.label)])
    assert first.id not in {one.id for one in misleaders(memory).rows}
    memory.relabel([first.id], "something else")
    assert first.id in {one.id for one in misleaders(memory).rows}


@pytest.mark.parametrize("rule", ["rank", "ridge"])
def test_two_exemplars_copies_and_vectors_in_two_dimensions_have_values(tmp_path, rule):
    angles = np.array([0.0, 0.0, 0.1, 1.5, 1.5, 1.6, 0.05])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    with memory_of(tmp_path, vectors[:2] * [[1, 1], [1, -1]], ["a", "b"]) as memory:
        memory.set("rule", rule)
        assert misleaders(memory).rows == ()  # a copy is no neighbour of the other
        memory.add_vectors(vectors, ["a", "a", "a", "b", "b", "b", "b"])
        found = misleaders(memory).rows
        assert {one.label for one in found} >= {"b"} and all(one.value < 0 for one in found)


def test_a_memory_that_cannot_be_looked_over_says_why(tmp_path):
    with (
        memory_of(tmp_path, np.eye(3, dtype=np.float32), ["a"] * 3) as memory,
        pytest.raises(BadValue, match="one class"),
    ):
        misleaders(memory)


def test_looking_can_be_stopped(memory):
    def stop(done, total, what=""):
        raise Cancelled

    with pytest.raises(Cancelled):
        misleaders(memory, report=stop)

"""Exemplars that mislead others, against plain loops, and those that were kept as they are."""

from __future__ import annotations

import numpy as np
import pytest

from tests.engine.study_memories import memory_of, noisy
from visualmemory_gui.engine.curation.influence import MISLED, misleaders
from visualmemory_gui.engine.errors import BadValue, Cancelled


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


@pytest.mark.parametrize("order", ["value", "count"])
def test_flipped_labels_mislead_most(memory, order):
    found = misleaders(memory, order)
    first = [one.id for one in found.rows[: len(memory.flipped)]]
    assert len(memory.flipped & set(first)) >= 0.8 * len(memory.flipped)
    assert (found.rows[0].value is None) == (order == "count")


def test_the_lowest_value_comes_first(memory):
    values = [one.value for one in misleaders(memory, "value", rule="plurality").rows]
    assert values == sorted(values) and values[-1] < 0


def test_what_was_kept_stays_away_until_its_label_changes(memory):
    first = misleaders(memory).rows[0]
    memory.kept.keep(MISLED, [((first.id, 0), first.label)])
    assert first.id not in {one.id for one in misleaders(memory).rows}
    memory.relabel([first.id], "something else")
    assert first.id in {one.id for one in misleaders(memory).rows}


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

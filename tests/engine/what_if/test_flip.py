"""What changes one decision of a memory: what is said is done, and it is so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import clustered
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.types import RULES, Rule
from visualmemory_gui.engine.what_if.flip import flips


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[VisualMemory]:
    vectors, labels = clustered(150, dim=8, classes=6, seed=2, spread=0.6)
    with VisualMemory.create(tmp_path / "m.vmem", dim=8) as made:
        made.add_vectors(vectors, [f"{'ab'[int(name[-1]) % 2]}/{name}" for name in labels])
        yield made


def queries(n: int, seed: int) -> np.ndarray:
    return clustered(n, dim=8, classes=6, seed=seed, spread=0.9)[0]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("level", [0, 1])
def test_after_the_strikes_and_after_the_lessons_it_is_what_was_said(
    memory: VisualMemory, rule: Rule, level: int
) -> None:
    for query in queries(6, 5):
        before = memory.decide_vector(query, rule=rule, level=level).label
        found = flips(memory, query, VotingScheme.of(memory.settings, rule=rule, level=level))
        assert found.winner == before and found.strikes is not None and found.lessons is not None
        memory.strike(found.strikes.ids)
        assert memory.decide_vector(query, rule=rule, level=level).label == found.strikes.label != before
        memory.undo()
        memory.add_vectors(
            np.repeat(query[None], found.lessons.count, axis=0), [found.lessons.label] * found.lessons.count
        )
        after = memory.decide_vector(query, rule=rule, level=level).label
        assert after == (found.lessons.label.split("/")[0] if level else found.lessons.label)
        memory.undo()


def test_towards_a_class_both_ways_lead_to_it(memory: VisualMemory) -> None:
    [query] = queries(1, 9)
    found = flips(memory, query, to="a/class 0")
    assert found.strikes is not None and found.lessons is not None
    assert (found.to, found.strikes.label, found.lessons.label) == ("a/class 0",) * 3
    memory.strike(found.strikes.ids)
    assert memory.decide_vector(query).label == "a/class 0"


def test_a_new_class_can_be_taught_and_nothing_struck_for_it(memory: VisualMemory) -> None:
    [query] = queries(1, 9)
    found = flips(memory, query, to="new")
    assert found.strikes is None and found.lessons is not None
    memory.add_vectors(np.repeat(query[None], found.lessons.count, axis=0), ["new"] * found.lessons.count)
    assert memory.decide_vector(query).label == "new"


def test_what_wins_already_needs_nothing(memory: VisualMemory) -> None:
    [query] = queries(1, 9)
    winner = memory.decide_vector(query).label
    found = flips(memory, query, to=winner)
    assert found.strikes is not None and found.strikes.ids == ()
    assert found.lessons is not None and found.lessons.count == 0


def test_those_that_do_not_vote_this_time_are_not_struck(memory: VisualMemory) -> None:
    """An exemplar of the memory is decided without itself."""
    own = int(memory.snapshot.ids[7])
    vector = memory.catalog.vectors([own])[0]
    found = flips(memory, vector, exclude=(own,))
    assert found.winner == memory.decide_vector(vector, exclude=(own,)).label
    assert found.strikes is not None and own not in found.strikes.ids
    memory.strike(found.strikes.ids)
    assert memory.decide_vector(vector, exclude=(own,)).label == found.strikes.label


@pytest.mark.parametrize("labels", [[], ["only"], ["only", "only"]])
def test_an_empty_memory_and_one_class_alone(tmp_path: Path, labels: list[str]) -> None:
    with VisualMemory.create(tmp_path / "m.vmem", dim=8) as memory:
        if labels:
            memory.add_vectors(queries(len(labels), 1), labels)
        [query] = queries(1, 2)
        found = flips(memory, query)
        assert (found.winner, found.strikes, found.lessons) == (labels[0] if labels else None, None, None)
        taught = flips(memory, query, to="new").lessons
        assert taught is not None and taught.label == "new"


def test_all_struck_is_nothing_to_compare_with(memory: VisualMemory) -> None:
    memory.strike(memory.snapshot.ids.tolist())
    found = flips(memory, queries(1, 2)[0], to="a/class 0")
    assert (found.winner, found.strikes) == (None, None)
    assert found.lessons is not None and found.lessons.count == 1

"""The class factor in a memory: what it follows when classes come, go and are emptied."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests import brute_force, long_tail
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.text.visible_text import factor_text
from visualmemory_gui.engine.types import RULES, Decision, Rule

SIZES = (60, 30, 4, 2)  # of a mean size of 24


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[VisualMemory]:
    with long_tail.filled(tmp_path / "m.vmem", np.random.default_rng(1), SIZES) as made:
        made.set_all({"class_factor": "mean", "k": 96})
        yield made


def factors(decision: Decision) -> dict[str, float]:
    return {n.label: n.factor for n in decision.neighbours}


def decided(memory: VisualMemory) -> Decision:
    return memory.decide_vector(long_tail.unit(1, np.random.default_rng(2))[0])


def test_a_class_is_raised_by_comparison_with_the_mean_of_all(memory: VisualMemory) -> None:
    assert factors(decided(memory)) == pytest.approx({"a/0": 1, "b/1": 1, "a/2": 6**0.5, "b/3": 12**0.5})


def test_a_class_that_is_emptied_no_longer_counts_for_the_mean(memory: VisualMemory) -> None:
    small = [e.id for e in memory.catalog.select(label="b/3")]
    memory.strike(small)
    assert factors(decided(memory)) == pytest.approx(
        {"a/0": 1, "b/1": (94 / 3 / 30) ** 0.5, "a/2": (94 / 3 / 4) ** 0.5}
    )
    memory.undo()
    assert factors(decided(memory))["b/3"] == pytest.approx(12**0.5)


def test_when_one_class_is_left_it_has_no_factor(memory: VisualMemory) -> None:
    memory.strike([e.id for label in ("a/0", "b/1", "b/3") for e in memory.catalog.select(label=label)])
    assert factors(decided(memory)) == {"a/2": 1}
    memory.strike([e.id for e in memory.catalog.select(label="a/2")])
    assert (decided(memory).label, decided(memory).shares) == (None, {})


@pytest.mark.parametrize("rule", RULES)
def test_after_strikes_every_decision_is_that_of_plain_python(memory: VisualMemory, rule: Rule) -> None:
    memory.set_all({"rule": rule, "ridge_k": 40, "k": 12})
    rng = np.random.default_rng(3)
    for _ in range(4):
        memory.strike(rng.choice(memory.snapshot.ids[memory.snapshot.active], 9, replace=False).tolist())
        voters = long_tail.voters(memory)
        for query in long_tail.unit(4, rng):
            expected = brute_force.decide(voters, query, 40 if rule == "ridge" else 12, rule, factor="mean")
            assert brute_force.agrees(memory.decide_vector(query), expected)


@pytest.mark.parametrize(
    ("factor", "text"),
    [
        (10.0, "10"),
        (10 / 3, "3.3"),
        (1.96, "2"),
        (1.04, "1.04"),
        (1.0, ""),
        (1.004, ""),
        (0.96, "0.96"),
        (0.05, "0.05"),
    ],
)
def test_a_factor_is_said_as_shortly_as_possible_and_not_where_it_is_as_good_as_one(factor: float, text: str) -> None:
    assert factor_text(factor) == text

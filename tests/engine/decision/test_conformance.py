"""The published neighbour lists and the right answers, to the last label."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from visualmemory_gui.engine.decision.neighbour_lists import parse_lists
from visualmemory_gui.engine.decision.published import predictions
from visualmemory_gui.engine.study.lists import accuracy_at_each_k, entropy_bits, reliability_at_each_k

DATA = Path(__file__).parents[2] / "data"
RULES: dict[str, tuple[Any, float | None]] = {
    "plurality": ("plurality", None),
    "distance": ("distance", None),
    "distance_exponent_20": ("distance", 20.0),
    "softmax_0.07": ("softmax", 0.07),
    "rank_2": ("rank", 2.0),
    "rank_1": ("rank", 1.0),
}


def sets() -> dict[str, dict[str, Any]]:
    edge = json.loads((DATA / "voting_edge.json").read_text())
    return {
        "voting": json.loads((DATA / "voting.json").read_text()),
        "ties": json.loads((DATA / "voting_ties.json").read_text()),
        **{name: part for name, part in edge.items() if isinstance(part, dict)},
    }


SETS = sets()
CASES = [(name, rule) for name, data in SETS.items() for rule in data["expected"]]


@pytest.mark.parametrize(("name", "rule"), CASES)
def test_every_winner_at_every_k_is_the_published_one(name: str, rule: str) -> None:
    data = SETS[name]
    lists = parse_lists(data["neighbors"])
    expected = data["expected"][rule]
    plain = rule.removesuffix("+hard_pruned").removeprefix("soft_") if rule != "softmax_0.07" else rule
    exclude = data["exclude_set"] if rule.endswith("+hard_pruned") else ()
    trust = data["soft_weights"] if rule.startswith("soft_") else None
    base, param = RULES[plain]
    at_k = predictions(lists, base, param=param, exclude=exclude, trust=trust)
    assert at_k == expected["prediction_at_k"]
    assert [[type(c) for c in won] for won in at_k] == [[type(c) for c in won] for won in expected["prediction_at_k"]]
    if "accuracy_at_k_percent" in expected:
        percent = [100 * x for x in accuracy_at_each_k(lists, at_k)]
        assert percent == pytest.approx(expected["accuracy_at_k_percent"], abs=1e-9)


@pytest.mark.parametrize("name", [name for name, data in SETS.items() if "reliability_at_k" in data])
def test_reliability_and_entropy_are_the_published_ones(name: str) -> None:
    lists = parse_lists(SETS[name]["neighbors"])
    assert reliability_at_each_k(lists) == pytest.approx(SETS[name]["reliability_at_k"], abs=1e-12)
    assert [entropy_bits(one.classes) for one in lists] == pytest.approx(SETS[name]["entropy_bits"], abs=1e-9)


def test_the_files_are_all_there() -> None:
    assert {len(SETS[name]["expected"]) for name in ("voting", "ties")} == {10}
    assert len(CASES) == 32

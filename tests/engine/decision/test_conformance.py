"""The published neighbour lists and the right answers, to the last label."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from visualmemory_gui.engine.evaluation.counting import entropy_bits
from visualmemory_gui.engine.evaluation.pruning_rules import soft_trust
from visualmemory_gui.engine.published_lists import prune
from visualmemory_gui.engine.published_lists.evaluate import evaluate_lists
from visualmemory_gui.engine.published_lists.lists import read_lists
from visualmemory_gui.engine.published_lists.neighbour_lists import parse_lists
from visualmemory_gui.engine.published_lists.vote import predictions

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


@pytest.mark.parametrize(
    "name", [name for name, data in SETS.items() if "accuracy_at_k_percent" in data["expected"]["rank_2"]]
)
def test_accuracy_and_reliability_are_the_published_ones(name: str, tmp_path: Path) -> None:
    data = SETS[name]
    (tmp_path / "lists.json").write_text(json.dumps(data["neighbors"]))
    found = evaluate_lists(tmp_path / "lists.json")
    for rule, published in (("plurality", "plurality"), ("softmax", "softmax_0.07"), ("rank", "rank_2")):
        percent = [100 * x for x in found.accuracy[rule].at_each_k]
        assert percent == pytest.approx(data["expected"][published]["accuracy_at_k_percent"], abs=1e-9)
    if "reliability_at_k" in data:
        assert found.reliability_at_k == pytest.approx(data["reliability_at_k"], abs=1e-12)


@pytest.mark.parametrize("name", [name for name, data in SETS.items() if "entropy_bits" in data])
def test_entropy_is_the_published_one(name: str) -> None:
    for one, expected in zip(parse_lists(SETS[name]["neighbors"]), SETS[name]["entropy_bits"], strict=True):
        codes = np.unique(one.classes, return_inverse=True)[1][None]
        assert entropy_bits(codes, np.ones(codes.shape))[0] == pytest.approx(expected, abs=1e-9)


def test_wrong_and_right_counts_are_the_published_ones(tmp_path: Path) -> None:
    data = SETS["voting"]
    (tmp_path / "lists.json").write_text(json.dumps(data["neighbors"]))
    lists = read_lists(tmp_path / "lists.json")
    found = prune.count(lists, 10)
    ids = list(lists.vocabulary.ids)
    for counts, published in ((found.wrong, "wrong_counts_first10"), (found.right, "correct_counts_first10")):
        assert {ids[i]: n for i, n in enumerate(counts.tolist()) if n} == data[published]
    trust = soft_trust(found.wrong)
    assert {ids[i]: trust[i] for i in np.flatnonzero(trust != 1.0)} == pytest.approx(
        {name: weight for name, weight in data["soft_weights"].items() if weight != 1.0}
    )
    assert {ids[i] for i in np.flatnonzero(found.wrong >= 2)} == set(data["exclude_threshold_2"])


def test_the_files_are_all_there() -> None:
    assert {len(SETS[name]["expected"]) for name in ("voting", "ties")} == {10}
    assert len(CASES) == 32

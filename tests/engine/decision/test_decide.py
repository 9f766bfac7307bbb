from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.snapshots import snapshot_of
from visualmemory_gui.engine.decision.decide import decide
from visualmemory_gui.engine.decision.decide_batch import decide_many
from visualmemory_gui.engine.decision.levels import at_level, disagrees, roll_up
from visualmemory_gui.engine.decision.votes import ABSENT
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.types import CLASS_FACTORS, RULES, ClassFactor, Decision, Rule

LABELS = st.lists(st.sampled_from(["a/x", "a/y", "a", "b", "b/x/1", "b/x/2"]), min_size=1, max_size=15)


def vote(labels: list[str], distances: list[float] | None = None, **options: Any) -> Decision:
    snapshot = snapshot_of(labels, trust=options.pop("trust", None))
    near = np.linspace(0.1, 0.9, len(labels)) if distances is None else np.array(distances)
    scheme = VotingScheme(**{"k": len(labels), "class_factor": "off", **options})
    return decide(snapshot, np.arange(len(labels)), near, scheme)


def test_a_decision_tells_each_neighbour_s_part() -> None:
    found = vote(["cat", "dog", "dog"], [0.1, 0.2, 0.3])
    total = 1 / 2 + 1 / 3 + 1 / 4
    assert found.label == "dog"
    assert found.share == pytest.approx((1 / 3 + 1 / 4) / total)
    assert found.margin == pytest.approx((1 / 3 + 1 / 4 - 1 / 2) / total)
    assert [(n.id, n.rank, n.label, n.distance) for n in found.neighbours] == [
        (1, 1, "cat", 0.1),
        (2, 2, "dog", 0.2),
        (3, 3, "dog", 0.3),
    ]
    assert [n.weight for n in found.neighbours] == [1 / 2, 1 / 3, 1 / 4]
    assert [n.share for n in found.neighbours] == pytest.approx([1 / 2 / total, 1 / 3 / total, 1 / 4 / total])


def test_trust_and_class_factor_multiply_the_vote() -> None:
    [cat, *_] = vote(["cat", *["dog"] * 12], trust=[0.5] + [1.0] * 12, class_factor="old").neighbours
    assert (cat.trust, cat.factor, cat.weight) == (0.5, 10.0, 0.5 * 0.5 * 10)


def test_one_taught_exemplar_at_the_first_place_wins_only_with_the_class_factor() -> None:
    labels = ["new", *["known"] * 11]
    assert vote(labels, k=10).label == "known"
    assert vote(labels, k=10, class_factor="old").label == "new"
    assert vote([*labels, *["known"] * 100], k=10, class_factor="mean").label == "new"


def test_neighbours_beyond_k_have_no_vote() -> None:
    found = vote(["a", "b", "b", "b"], k=1)
    assert (found.label, len(found.neighbours), found.k) == ("a", 1, 1)


def test_without_neighbours_there_is_nothing_to_compare_with() -> None:
    snapshot = snapshot_of(["a"])
    none = decide(snapshot, np.empty(0, np.int64), np.empty(0), VotingScheme("softmax", 10))
    assert (none.label, none.share, none.margin, none.shares, none.neighbours) == (None, None, None, {}, ())
    assert none.known is None


@pytest.mark.parametrize("rule", RULES)
def test_of_many_queries_too_one_without_neighbours_has_no_share_and_no_margin(rule: Rule) -> None:
    snapshot = snapshot_of(["a", "a"])
    rows, distances = np.array([[ABSENT, ABSENT], [0, 1]]), np.array([[np.inf, np.inf], [0.1, 0.2]])
    found = decide_many(snapshot, rows, distances, VotingScheme(rule, 2))
    assert [found.label(i) for i in range(2)] == [None, "a"]
    assert np.isnan([found.share[0], found.margin[0]]).all()
    assert not np.isnan([found.share[1], found.margin[1]]).any()


@given(LABELS, st.sampled_from(RULES), st.sampled_from(CLASS_FACTORS))
def test_shares_of_classes_and_of_neighbours_sum_to_one(labels: list[str], rule: Rule, factor: ClassFactor) -> None:
    found = vote(labels, rule=rule, class_factor=factor)
    assert sum(found.shares.values()) == pytest.approx(1.0)
    assert sum(n.share for n in found.neighbours) == pytest.approx(1.0)


@given(LABELS, st.sampled_from(RULES))
def test_rolling_up_to_the_full_label_changes_nothing(labels: list[str], rule: Rule) -> None:
    found = vote(labels, rule=rule)
    assert roll_up(found, 0) == found
    assert roll_up(roll_up(found, 1), 0) == found


@given(LABELS, st.sampled_from(RULES), st.integers(1, 4))
def test_a_level_is_decided_as_if_labels_ended_there(labels: list[str], rule: Rule, level: int) -> None:
    rolled = roll_up(vote(labels, rule=rule), level)
    short = vote([at_level(label, level) for label in labels], rule=rule)
    assert (rolled.label, rolled.share, rolled.margin) == (short.label, short.share, short.margin)
    assert list(rolled.shares.items()) == list(short.shares.items())
    assert [n.label for n in rolled.neighbours] == labels
    assert rolled == vote(labels, rule=rule, level=level)


def test_a_level_may_have_a_winner_of_its_own() -> None:
    full = vote(["bird", "cat/tabby", "cat/siamese"], [0.1, 0.2, 0.3])
    rolled = roll_up(full, 1)
    assert (full.label, rolled.label) == ("bird", "cat")
    assert disagrees(full, rolled)
    assert not disagrees(vote(["cat/tabby"]), roll_up(vote(["cat/tabby"]), 1))


def test_a_shorter_label_counts_as_itself() -> None:
    assert [at_level("a/b/c", n) for n in range(5)] == ["a/b/c", "a", "a/b", "a/b/c", "a/b/c"]

"""Shapley values against all subsets, and what they must sum to."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import clustered
from tests.engine.snapshots import snapshot_of
from visualmemory_gui.engine.curation import shapley
from visualmemory_gui.engine.curation.shapley import rank_weights, shapley_sums, shapley_values, values_in_order
from visualmemory_gui.engine.decision.leave_one_out import ContentKeys, LeftOut
from visualmemory_gui.engine.errors import Cancelled

CAST = {"rank": lambda j: 1.0 / (j + 2), "plurality": lambda j: 1.0}


def utility(rows: tuple[int, ...], right: list[bool], k: int, rule: str) -> float:
    """``rows`` are places in the order of distance."""
    cast = CAST[rule]
    won = sum(cast(j) for j, row in enumerate(sorted(rows)[:k]) if right[row])
    return won / sum(cast(j) for j in range(k))


def brute_force(right: list[bool], k: int, rule: str) -> list[float]:
    """The definition: the mean contribution over all orders, by subsets."""
    n = len(right)
    out = []
    for i in range(n):
        others = [j for j in range(n) if j != i]
        out.append(
            sum(
                (utility((*s, i), right, k, rule) - utility(s, right, k, rule)) / (n * comb(n - 1, size))
                for size in range(n)
                for s in combinations(others, size)
            )
        )
    return out


@settings(max_examples=25, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=10), st.integers(1, 12), st.sampled_from(["rank", "plurality"]))
def test_values_are_those_of_all_subsets(right, k, rule):
    found = values_in_order(np.array([right]), rank_weights(rule, k))
    assert found[0] == pytest.approx(brute_force(right, k, rule), abs=1e-9)


@pytest.mark.parametrize("rule", ["rank", "plurality"])
def test_values_of_a_memory_are_those_of_all_subsets(rule):
    rng = np.random.default_rng(1)
    vectors, labels = clustered(10, dim=4, classes=3, seed=2)
    snapshot = snapshot_of(labels, vectors)
    queries, _ = clustered(6, dim=4, classes=3, seed=3)
    truth = rng.integers(0, 3, 6)
    expected = np.zeros(10)
    for query, code in zip(queries, truth, strict=True):
        order = np.argsort(1 - vectors.astype(float) @ query.astype(float), kind="stable")
        expected[order] += brute_force((snapshot.label[order] == code).tolist(), 4, rule)
    assert shapley_values(snapshot, queries, truth, k=4, rule=rule) == pytest.approx(expected / 6, abs=1e-9)


def leave_one_out(snapshot, rows, *, block, monkeypatch, part=None, parts=1):
    monkeypatch.setattr(shapley, "BLOCK_FLOATS", block)
    return shapley_sums(
        snapshot,
        snapshot.vectors[rows],
        snapshot.label[rows].astype(np.int64),
        part=np.zeros(len(rows), np.int64) if part is None else part,
        parts=parts,
        k=5,
        left_out=LeftOut(snapshot, ContentKeys.of(snapshot, rows)),
    )


def test_the_values_sum_to_the_utility_of_the_whole_memory(monkeypatch):
    """Leave-one-out, with copies, a group and exemplars that are struck."""
    vectors, labels = clustered(60, dim=6, classes=4, seed=4)
    vectors[10:14] = vectors[10]
    group = [7 if 20 <= i < 30 else 0 for i in range(60)]
    snapshot = snapshot_of(labels, vectors, active=[i % 9 != 0 for i in range(60)], group=group)
    rows = np.flatnonzero(snapshot.active)
    found = leave_one_out(snapshot, rows, block=1000, monkeypatch=monkeypatch)
    total, left_out = 0.0, LeftOut(snapshot, ContentKeys.of(snapshot, rows))
    for place, row in enumerate(rows.tolist()):
        out = set(left_out(place).tolist())
        order = np.argsort(np.round(1 - vectors.astype(float) @ vectors[row].astype(float), 10), kind="stable")
        right = [bool(snapshot.label[o] == snapshot.label[row]) for o in order if snapshot.active[o] and o not in out]
        total += utility(tuple(range(len(right))), right, 5, "rank")
    assert found.sum() == pytest.approx(total, abs=1e-9)
    assert not found[0, ~snapshot.active].any()


def test_blocks_and_parts_change_nothing(monkeypatch):
    vectors, labels = clustered(50, dim=6, classes=4, seed=5)
    snapshot = snapshot_of(labels, vectors)
    rows = np.arange(50)
    whole = leave_one_out(snapshot, rows, block=10**6, monkeypatch=monkeypatch)
    part = rows % 3
    apart = leave_one_out(snapshot, rows, block=150, monkeypatch=monkeypatch, part=part, parts=3)
    assert apart.sum(axis=0) == pytest.approx(whole[0], abs=1e-12)
    mine = leave_one_out(snapshot, rows[part == 1], block=10**6, monkeypatch=monkeypatch)
    assert apart[1] == pytest.approx(mine[0], abs=1e-12)


def test_equal_vectors_stand_in_the_order_of_their_ids():
    """The first of two copies is what a vote of one takes."""
    one = np.eye(3, dtype=np.float32)[0]
    snapshot = snapshot_of(["a", "a", "b"], np.stack([one, one, np.eye(3, dtype=np.float32)[1]]))
    found = shapley_values(snapshot, one[None], np.array([1]), k=1)
    right = shapley_values(snapshot, one[None], np.array([0]), k=1)
    assert right[0] == right[1] == pytest.approx(0.5) and right[2] == 0
    assert found[0] == found[1] == pytest.approx(-1 / 6) and found[2] == pytest.approx(1 / 3)


def test_nothing_is_worth_nothing():
    snapshot = snapshot_of(["a", "b"], active=[False, False])
    none = np.empty((0, 2), np.float32)
    assert shapley_values(snapshot, none, np.empty(0, np.int64), k=3).tolist() == [0.0, 0.0]
    alone = snapshot_of(["a", "b"])
    assert shapley_values(alone, none, np.empty(0, np.int64), k=3).tolist() == [0.0, 0.0]
    unknown = shapley_values(alone, alone.vectors[:1], np.array([-1]), k=3)
    assert unknown.tolist() == [0.0, 0.0]


def test_valuing_can_be_stopped():
    def stop(done: int, total: int | None, what: str = "") -> None:
        raise Cancelled

    snapshot = snapshot_of(["a", "b"])
    with pytest.raises(Cancelled):
        shapley_values(snapshot, snapshot.vectors, np.array([0, 1]), k=3, report=stop)

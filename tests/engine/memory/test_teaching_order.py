"""What to teach next, against the greedy choice by plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visualmemory_gui.engine.errors import Cancelled
from visualmemory_gui.engine.memory import teaching_order
from visualmemory_gui.engine.memory.teaching_order import TeachingOrder


def unit(count: int, dim: int, rng: np.random.Generator) -> np.ndarray:
    raw = rng.normal(size=(count, dim)) + 0.5
    return (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)


def gains(vectors: np.ndarray, shares: np.ndarray, taught: set[int]) -> dict[int, float]:
    """What teaching each image that is left would add, by the definition."""
    similar = np.exp(-2.0 * (1.0 - vectors.astype(float) @ vectors.T.astype(float)))
    best = [max((similar[p, t] for t in taught), default=0.0) for p in range(len(vectors))]
    unsure = [1.0 if np.isnan(share) else 1.0 - share for share in shares]
    left = [x for x in range(len(vectors)) if x not in taught]
    return {x: unsure[x] * sum(max(0.0, similar[p, x] - b) for p, b in enumerate(best)) for x in left}


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 25), st.integers(2, 6), st.integers(0, 10_000))
def test_each_place_has_the_largest_gain_beside_those_before_it(count, dim, seed):
    rng = np.random.default_rng(seed)
    vectors, shares, taught = unit(count, dim, rng), rng.random(count), rng.random(count) < 0.2
    shares[rng.random(count) < 0.1] = np.nan
    found = TeachingOrder(np.arange(count), vectors).order(shares, taught)
    known = set(np.flatnonzero(taught).tolist())
    assert sorted(found.tolist()) == list(range(count))
    assert found[count - len(known) :].tolist() == sorted(known)
    for place in found[: count - len(known)].tolist():
        left = gains(vectors, shares, known)
        assert left[place] >= max(left.values()) - 1e-4  # the order is found in float32
        known.add(place)


def test_of_many_alike_one_is_taught_and_the_next_is_unlike_it():
    rng = np.random.default_rng(3)
    group = np.eye(8, dtype=np.float32)[[0] * 10 + [1] * 5 + [2]] + 0.01 * rng.normal(size=(16, 8)).astype(np.float32)
    vectors = group / np.linalg.norm(group, axis=1, keepdims=True)
    found = TeachingOrder(np.arange(16), vectors).order(np.full(16, 0.5), np.zeros(16, bool)).tolist()
    assert [found[0] < 10, 10 <= found[1] < 15, found[2] == 15] == [True] * 3


def test_what_is_decided_surely_comes_later():
    vectors = unit(30, 4, np.random.default_rng(1))
    shares = np.zeros(30)
    order = TeachingOrder(np.arange(30), vectors)
    first = int(order.order(shares, np.zeros(30, bool))[0])
    shares[first] = 1.0
    assert int(order.order(shares, np.zeros(30, bool))[0]) != first


def test_a_large_queue_is_compared_with_a_sample_of_itself(monkeypatch):
    vectors = unit(400, 4, np.random.default_rng(2))
    every = TeachingOrder(np.arange(400), vectors).order(np.zeros(400), np.zeros(400, bool))
    monkeypatch.setattr(teaching_order, "SAMPLE", 200)
    monkeypatch.setattr(teaching_order, "ONE_BY_ONE", 10)
    found = TeachingOrder(np.arange(400), vectors).order(np.zeros(400), np.zeros(400, bool))
    assert sorted(found.tolist()) == list(range(400))
    similar = vectors[every[:10]] @ vectors.T, vectors[found[:10]] @ vectors.T
    covered = [np.exp(2.0 * (one - 1.0)).max(axis=0).mean() for one in similar]
    assert covered[1] == pytest.approx(covered[0], abs=0.02)


def test_an_empty_queue_has_an_empty_order_and_comparing_can_be_stopped():
    nothing = TeachingOrder(np.empty(0, np.int64), np.empty((0, 2), np.float32))
    assert nothing.order(np.empty(0), np.empty(0, bool)).tolist() == []

    def stop(done, total, what=""):
        raise Cancelled

    with pytest.raises(Cancelled):
        TeachingOrder(np.arange(3), unit(3, 2, np.random.default_rng(0)), report=stop)

"""The ridge vote against scipy's solver, and against what it promises of copies, trusts and arrivals."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls

from visualmemory_gui.engine.decision import ridge
from visualmemory_gui.engine.decision.neighbour_arrays import NeighbourArrays, cosines
from visualmemory_gui.engine.decision.voting_rules import RuleParameters
from visualmemory_gui.engine.decision.voting_rules import ridge as ridge_rule
from visualmemory_gui.engine.types import F32, F64


def near(n: int, *, dim: int, seed: int, spread: float = 0.6) -> tuple[F32, F64]:
    """``n`` unit vectors around a direction, and their distances to it, nearest first."""
    rng = np.random.default_rng(seed)
    query = rng.normal(size=dim)
    raw = query / np.linalg.norm(query) + spread * rng.normal(size=(n, dim)) / np.sqrt(dim)
    vectors = (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)
    distances = 1.0 - vectors.astype(np.float64) @ (query / np.linalg.norm(query))
    order = np.argsort(distances, kind="stable")
    return vectors[order], np.maximum(distances[order], 0.0)


def judged(gram: F64, target: F64) -> F64:
    """The same problem by scipy: ||L'w - L^-1 b||^2 with gram = LL'."""
    lower = np.linalg.cholesky(gram)
    found: F64 = nnls(lower.T, np.linalg.solve(lower, target))[0]
    return found


def weights(vectors: F32, distances: F64, **given: object) -> F64:
    n = len(distances)
    twins, trust = given.pop("twins", np.arange(n)), given.pop("trust", np.ones(n))
    near = NeighbourArrays(
        distances,
        np.asarray(trust, float),
        np.zeros(n, int),
        np.full(n, 100),
        np.array(0.0),
        twins=np.asarray(twins),
        places=np.arange(n),
        compare=lambda at: cosines(vectors[at].astype(np.float64)),
    )
    return ridge_rule(near, RuleParameters(**given))  # type: ignore[arg-type]


def kernel(vectors: F32, distances: F64, **given: float) -> tuple[F64, F64]:
    return ridge.kernel(cosines(vectors.astype(np.float64)), distances, **given)


@settings(deadline=None, max_examples=80)
@given(
    n=st.integers(1, 110),
    dim=st.sampled_from([2, 3, 16, 384]),
    seed=st.integers(0, 10_000),
    gamma=st.sampled_from([0.01, 0.5, 2.0, 50.0]),
    penalty=st.sampled_from([1e-3, 0.3, 100.0]),
)
def test_the_weights_are_those_of_scipy(n: int, dim: int, seed: int, gamma: float, penalty: float) -> None:
    vectors, distances = near(n, dim=dim, seed=seed)
    gram, target = kernel(vectors, distances, gamma=gamma)
    gram[np.diag_indices(n)] += penalty
    found = ridge.solve(gram[None], target[None])[0]
    assert np.abs(found - judged(gram, target)).max() <= 1e-8
    slope = gram @ found - target
    assert np.abs(slope[found > 0]).max(initial=0.0) <= 1e-9
    assert slope.min() >= -1e-9


def test_many_problems_at_once_are_solved_like_each_alone() -> None:
    problems = [kernel(*near(60, dim=64, seed=seed)) for seed in range(40)]
    gram, target = (np.stack(part) for part in zip(*problems, strict=True))
    gram[:, range(60), range(60)] += ridge.LAMBDA
    together = ridge.solve(gram, target)
    alone = np.concatenate([ridge.solve(gram[i : i + 1], target[i : i + 1]) for i in range(40)])
    assert np.abs(together - alone).max() <= 1e-12
    warm = ridge.solve(gram, target, passive=np.random.default_rng(0).random(target.shape) < 0.5)
    assert np.abs(together - warm).max() <= 1e-12


@pytest.mark.parametrize("copies", [1, 2, 5, 100])
def test_copies_share_one_voice(copies: int) -> None:
    vectors, distances = near(30, dim=64, seed=4)
    alone = weights(vectors, distances)
    parts = (np.concatenate([np.repeat(part[:1], copies, axis=0), part[1:]]) for part in (vectors, distances))
    found = weights(*parts, twins=np.r_[np.zeros(copies, int), np.arange(1, 30)])
    assert np.ptp(found[:copies]) <= 1e-15
    assert (found[:copies].sum() > alone[0]) == (copies > 1)


def test_a_hundred_copies_of_one_image_raise_its_voice_by_at_most_thirty_percent() -> None:
    vectors, distances = near(1, dim=64, seed=4)
    found = weights(np.repeat(vectors, 100, axis=0), np.repeat(distances, 100), twins=np.zeros(100, int))
    assert weights(vectors, distances)[0] < found.sum() <= 1.3 * weights(vectors, distances)[0]


def test_a_trust_below_one_takes_voice_and_tends_to_a_strike() -> None:
    vectors, distances = near(30, dim=64, seed=4)
    trust, heard = np.ones(30), []
    for trust[0] in (1.0, 0.5, 0.1, 0.01, 1e-6):
        heard.append(weights(vectors, distances, trust=trust))
    assert all(before[0] > after[0] for before, after in itertools.pairwise(heard))
    assert np.abs(heard[-1][1:] - weights(vectors[1:], distances[1:])).max() <= 1e-5


def test_a_trust_above_one_is_not_solved_for() -> None:
    vectors, distances = near(30, dim=64, seed=4)
    assert (weights(vectors, distances, trust=np.full(30, 100.0)) == weights(vectors, distances)).all()


def test_what_adds_nothing_changes_no_weight() -> None:
    vectors, distances = near(60, dim=16, seed=7)
    gram, target = kernel(vectors, distances)
    for place in range(30, 60):
        kept = np.delete(np.arange(60), place)
        before = weights(vectors[kept], distances[kept])
        after = weights(vectors, distances)
        silent = target[place] - gram[place, kept] @ before <= 1e-12
        assert silent == (after[place] == 0.0)
        if silent:
            assert np.abs(after[kept] - before).max() <= 1e-12


def test_no_neighbours_have_no_weights() -> None:
    assert ridge.solve(np.empty((3, 0, 0)), np.empty((3, 0))).shape == (3, 0)
    assert weights(np.empty((0, 8), np.float32), np.empty(0)).shape == (0,)


@settings(deadline=None, max_examples=60)
@given(n=st.integers(1, 60), dim=st.sampled_from([2, 16]), copies=st.integers(1, 5), seed=st.integers(0, 10_000))
def test_copies_and_trusts_are_solved_as_scipy_solves_them(n: int, dim: int, copies: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    one, away = near(n, dim=dim, seed=seed)
    twins = np.repeat(np.arange(n), rng.integers(1, copies + 1, n))
    trust = rng.choice([0.01, 0.05, 0.5, 1.0, 4.0, 100.0], len(twins))
    voice = np.bincount(twins, np.minimum(trust, 1.0))
    gram, target = kernel(one, away)
    gram[np.diag_indices(n)] += ridge.LAMBDA / voice
    expected = judged(gram, target)[twins] * np.minimum(trust, 1.0) / voice[twins]
    order = rng.permutation(len(twins))  # copies need not stand together
    found = weights(one[twins[order]], away[twins[order]], twins=twins[order], trust=trust[order])
    assert np.abs(found - expected[order]).max() <= 1e-8

"""The map from a share of the vote to the chance of being right."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import clustered
from tests.engine.snapshots import snapshot_of
from visualmemory_gui.engine.decision.confidence import FEWEST, STEP, Confidence, fit, measure
from visualmemory_gui.engine.decision.isotonic import pool_adjacent_violators
from visualmemory_gui.engine.decision.sample import ExemplarVotes
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.evaluation.evaluate import evaluate
from visualmemory_gui.engine.index.search import nearest_exact
from visualmemory_gui.engine.memory.visual_memory import VisualMemory

SCHEME = VotingScheme("rank", 10)
numbers = st.floats(0, 1, width=16)
points = st.lists(st.tuples(numbers, st.sampled_from([1.0, 2.0, 5.0])), min_size=1, max_size=7)


def best_steps(values: np.ndarray, masses: np.ndarray) -> float:
    """The least error of any way to cut the sequence into pools whose means do not fall."""
    n, least = len(values), np.inf
    for cuts in itertools.product([False, True], repeat=n - 1):
        pools = np.split(np.arange(n), np.flatnonzero(cuts) + 1)
        means = [np.average(values[pool], weights=masses[pool]) for pool in pools]
        if all(a <= b + 1e-12 for a, b in itertools.pairwise(means)):
            error = sum(masses[pool] @ (values[pool] - mean) ** 2 for pool, mean in zip(pools, means, strict=True))
            least = min(least, float(error))
    return least


@given(points)
def test_pooling_is_the_best_of_all_non_decreasing_steps(made):
    values, masses = (np.array([point[i] for point in made]) for i in range(2))
    found = pool_adjacent_violators(values, masses)
    assert np.all(np.diff(found) >= 0)
    assert masses @ (values - found) ** 2 == pytest.approx(best_steps(values, masses), abs=1e-9)
    assert masses @ found == pytest.approx(masses @ values)


def test_pooling_nothing_gives_nothing():
    assert len(pool_adjacent_violators([], [])) == 0


@given(st.integers(FEWEST, 600), st.integers(0, 9))
def test_the_map_never_falls_and_no_step_rests_on_a_few_answers(n, seed):
    rng = np.random.default_rng(seed)
    shares = np.round(rng.random(n), 2)
    right = rng.random(n) < shares
    known = fit(shares, right, SCHEME)
    assert np.all(np.diff(known.shares) > 0)
    assert np.all(np.diff(known.right) > 0)
    told = np.array([known.of(share) for share in shares])
    assert told.mean() == pytest.approx(right.mean())
    for value in known.right:
        assert (told == value).sum() >= STEP
        assert right[told == value].mean() == pytest.approx(value)
    assert known.of(-0.1) == known.right[0]
    assert known.of(1.1) == known.right[-1]


def test_under_200_answers_nothing_is_said():
    known = fit(np.linspace(0, 1, FEWEST - 1), np.ones(FEWEST - 1, bool), SCHEME)
    assert known.of(0.9) is None


def test_where_all_are_right_the_chance_is_one():
    assert fit(np.linspace(0, 1, 300), np.ones(300, bool), SCHEME).of(0.3) == 1.0


def test_it_survives_json():
    known = fit(np.linspace(0, 1, 300), np.arange(300) % 3 > 0, SCHEME)
    assert Confidence.from_dict(known.to_dict()) == known


@pytest.mark.parametrize("level", [0, 1])
def test_it_is_measured_by_leave_one_out_at_its_level(level):
    vectors, of = clustered(400, dim=8, classes=6, seed=3, spread=0.9)
    snapshot = snapshot_of([f"kind {int(c[-1]) % 2}/{c}" for c in of], vectors)
    scheme = VotingScheme("rank", 7, class_factor="off", level=level)
    known = measure(ExemplarVotes.of(snapshot, nearest_exact, scheme))
    assert known.queries == 400
    assert 0 < known.right[0] < known.right[-1] <= 1


def test_classes_of_one_exemplar_are_all_answered_wrong():
    vectors, _ = clustered(250, dim=8, classes=6, seed=3)
    snapshot = snapshot_of([f"c{i}" for i in range(250)], vectors)
    known = measure(ExemplarVotes.of(snapshot, nearest_exact, SCHEME))
    assert known.of(0.5) == 0.0


@pytest.fixture
def taught(tmp_path):
    vectors, labels = clustered(400, dim=8, classes=6, seed=3, spread=0.9)
    with VisualMemory.create(tmp_path / "m.vmem", dim=8) as m:
        m.add_vectors(vectors, labels)
        yield m


def test_decisions_carry_it_for_the_memory_s_own_way_to_decide(taught):
    decision = taught.decide_vector(taught.snapshot.vectors[3])
    known = taught._live.decider.usual.confidence
    assert known is not None
    assert decision.confidence == known.of(decision.share)
    assert taught.decide_vector(taught.snapshot.vectors[3], k=3).confidence is None
    assert taught.decide_vector(taught.snapshot.vectors[3], rule="plurality").confidence is None
    assert taught.decide_vector(taught.snapshot.vectors[3], level=1).confidence is None


@pytest.mark.parametrize(("name", "value"), [("k", 3), ("rule", "plurality"), ("class_factor", "off"), ("level", 1)])
def test_another_setting_asks_for_another_map(taught, name, value):
    vector = taught.snapshot.vectors[3]
    taught.decide_vector(vector)
    before = taught._live.decider.usual.confidence
    taught.set(name, value)
    decision = taught.decide_vector(vector, level=taught.settings.level)
    after = taught._live.decider.usual.confidence
    assert after.scheme == VotingScheme.of(taught.settings, level=taught.settings.level) != before.scheme
    assert decision.confidence == after.of(decision.share)


def test_in_the_background_a_changed_setting_says_nothing_until_it_is_measured(taught):
    vector = taught.snapshot.vectors[3]
    taught.maintenance.defer()
    assert taught.decide_vector(vector).confidence is not None
    taught.set("k", 3)
    assert taught.decide_vector(vector).confidence is None
    taught.maintenance.run()
    assert taught.decide_vector(vector).confidence is not None


def test_it_is_kept_and_goes_with_any_forgotten_exemplar(taught):
    taught.maintenance.measure()
    kept = taught._live.decider.usual.confidence
    with VisualMemory.open(taught.path, readonly=True) as again:
        assert again._live.decider.usual.confidence == kept
    taught.forget([5])
    assert taught._live.decider.usual.confidence.queries == 399
    with VisualMemory.create(taught.path.parent / "never.vmem", dim=8) as never:
        snapshot = taught.snapshot
        never.add_vectors(snapshot.vectors, [snapshot.labels[c] for c in snapshot.label])
        never.maintenance.measure()
        assert never._live.decider.usual.confidence == taught._live.decider.usual.confidence


def test_after_a_forget_nothing_is_said_until_it_is_measured_in_the_background(taught):
    vector = taught.snapshot.vectors[3]
    taught.maintenance.defer()
    taught.forget([5])
    assert taught._live.derived.get("confidence") is None
    found = taught.decide_vector(vector)
    assert (found.known, found.confidence, found.class_set) == (True, None, None)  # known, for it is an exemplar
    assert taught.decide_vector(-vector).known is None
    assert taught.maintenance.run()
    assert taught.decide_vector(-vector).known is not None


def test_the_map_of_an_evaluation_is_that_of_decisions(taught):
    found = evaluate(taught).confidence
    taught.maintenance.measure()
    assert found is not None
    assert found.confidence == taught._live.decider.usual.confidence
    assert 0 < found.ece < 0.2

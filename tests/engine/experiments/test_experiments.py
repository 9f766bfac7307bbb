"""Adding classes, levels, scaling and novelty: against plain counting, and on data whose answer is known."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import clustered
from tests.engine.snapshots import snapshot_of
from visualmemory_gui.engine.decision.novelty import Limits
from visualmemory_gui.engine.decision.queries import Queries
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.evaluation.evaluate import evaluate_snapshot
from visualmemory_gui.engine.evaluation.query_set import QuerySet
from visualmemory_gui.engine.experiments.new_classes import add_classes
from visualmemory_gui.engine.experiments.novelty import Losses, auroc, hide_classes, measure_novelty
from visualmemory_gui.engine.experiments.scaling import Point, fit, scale, stratified
from visualmemory_gui.engine.experiments.subsampling import hold_out, with_new
from visualmemory_gui.engine.index.search import nearest_exact
from visualmemory_gui.engine.memory.tracked_decisions import queries_of
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import CLASS_FACTORS, ClassFactor

PLAIN = VotingScheme(k=5, class_factor="off")


def tree(each: int = 20, *, spread: float = 1.0, seed: int = 0) -> Snapshot:
    """Twelve classes under three first parts: those of one part lie near each other."""
    rng = np.random.default_rng(seed)
    above = 2.0 * rng.normal(size=(3, 24))
    centres = np.repeat(above, 4, axis=0) + rng.normal(size=(12, 24))
    raw = np.repeat(centres, each, axis=0) + spread * rng.normal(size=(12 * each, 24))
    vectors = (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)
    return snapshot_of([f"part {i // each // 4}/class {i // each}" for i in range(12 * each)], vectors)


def labelled(snapshot: Snapshot, rows: np.ndarray) -> Queries:
    """As images from elsewhere, which came alone."""
    own = Queries.exemplars(snapshot, rows)
    return replace(own, keys=own.keys._replace(group=np.zeros_like(rows)), ids=None)


def test_a_fifth_of_each_class_is_held_out_and_nothing_alike_is_parted() -> None:
    vectors, labels = clustered(300, dim=16, classes=3, seed=1)
    group = np.repeat(np.arange(1, 101), 3)
    snapshot = snapshot_of(labels, vectors, group=group)
    rest, out = hold_out(snapshot, 0.2, seed=0)
    assert sorted([*rest, *out]) == list(range(300))
    assert not set(group[rest]) & set(group[out])
    assert 0.15 < len(out) / 300 < 0.25
    with pytest.raises(BadValue, match="between 0 and 1"):
        hold_out(snapshot, 1.0, seed=0)


@pytest.mark.parametrize("factor", CLASS_FACTORS)
def test_old_classes_before_and_after_are_what_an_evaluation_on_the_same_queries_says(factor: ClassFactor) -> None:
    snapshot = tree(spread=2.0)
    found = add_classes(snapshot, VotingScheme(k=5, class_factor=factor), shots=(None,))
    rest, out = hold_out(snapshot, 0.2, seed=0)
    new = np.isin(snapshot.label, [snapshot.labels.index(name) for name in found.new_classes])
    asked = labelled(snapshot, out[~new[out]])

    def accuracy(rows: np.ndarray, queries: Queries) -> float:
        memory = snapshot.changed(active=snapshot.among(rows))
        told = evaluate_snapshot(
            memory, nearest_exact, queries, ks=(5,), rules=("rank",), scheme=VotingScheme(class_factor=factor)
        )
        return told.accuracy["rank"][5]

    [step] = found.steps
    assert step.old_before == accuracy(rest[~new[rest]], asked)
    assert step.old_after == accuracy(rest, asked)
    assert step.new_by_level[0] == accuracy(rest, labelled(snapshot, out[new[out]]))
    assert step.change.mean == pytest.approx((step.gained - step.lost) / found.old_queries)


def test_a_hidden_class_with_relatives_is_right_above_before_it_is_taught() -> None:
    found = add_classes(tree(), PLAIN, shots=(0, 1, None), related=True)
    none, one, every = found.steps
    assert none.new_by_level[0] == 0 and none.new_by_level[1] > 0.8
    assert none.old_after == none.old_before and not none.change.measurable
    assert none.new_by_level[0] <= one.new_by_level[0] < every.new_by_level[0]
    assert json.loads(json.dumps(found.to_json()))["steps"][2]["shots"] is None


def test_a_class_without_relatives_is_not_drawn_where_relatives_are_wanted() -> None:
    vectors, labels = clustered(200, dim=16, classes=4, seed=2)
    named = [{"class 0": "alone", "class 1": "a/x", "class 2": "a/y", "class 3": "a/z"}[label] for label in labels]
    for seed in range(5):
        found = add_classes(snapshot_of(named, vectors), PLAIN, shots=(1,), related=True, seed=seed)
        assert "alone" not in found.new_classes


def test_what_cannot_be_a_new_class_is_refused() -> None:
    vectors, _ = clustered(40, dim=16, classes=2, seed=3)
    with pytest.raises(BadValue, match="two are needed"):
        add_classes(snapshot_of(["one"] * 40, vectors), PLAIN)
    with pytest.raises(BadValue, match="none of the new classes"):
        add_classes(snapshot_of(["one"] * 20 + ["two"] * 20, vectors), PLAIN, new=["three"])
    with pytest.raises(BadValue, match="two are needed"):
        add_classes(snapshot_of([f"class {i}" for i in range(40)], vectors), PLAIN)


def test_images_from_outside_are_asked_and_taught_as_if_they_were_in_the_memory() -> None:
    vectors, labels = clustered(120, dim=16, classes=4, seed=4)
    inside = snapshot_of(labels[:80], vectors[:80])
    whole = queries_of(vectors[80:], labels[80:]).added_to(inside, active=False)
    assert whole.active.sum() == 80 and len(whole) == 120
    both = whole.changed(active=np.ones(120, bool))
    other = snapshot_of(labels, vectors, content=[*range(1, 81), *[0] * 40])
    queries = (QuerySet.exemplars(memory, np.arange(120)) for memory in (both, other))
    ours, theirs = (each.neighbours(each.snapshot, nearest_exact, PLAIN.k) for each in queries)
    assert np.array_equal(ours.distances, theirs.distances)
    names = [[memory.labels[c] for c in block.codes.ravel()] for memory, block in ((both, ours), (other, theirs))]
    assert names[0] == names[1]


@given(st.lists(st.integers(0, 6), min_size=1, max_size=12), st.lists(st.integers(0, 6), min_size=1, max_size=12))
def test_auroc_is_the_share_of_pairs(known: list[int], unknown: list[int]) -> None:
    pairs = [(u > k) + 0.5 * (u == k) for u in unknown for k in known]
    assert auroc([float(k) for k in known], np.array(unknown, float)) == pytest.approx(np.mean(pairs))


def test_what_lies_elsewhere_is_told_from_what_is_known() -> None:
    vectors, labels = clustered(400, dim=16, classes=4, seed=5, spread=0.1)
    strange, names = clustered(60, dim=16, classes=4, seed=99, spread=0.1)
    found = measure_novelty(snapshot_of(labels, vectors), queries_of(strange, names), None, scheme=PLAIN)
    assert (found.auroc, found.fpr_at_95) == (1.0, 0.0)
    assert 0.9 < found.accepted < 1 and len(found.known) == 200
    assert found.told_unknown is None and found.told_known is None


def test_what_is_of_the_same_kind_is_not() -> None:
    vectors, labels = clustered(600, dim=16, classes=4, seed=6)
    found = measure_novelty(
        snapshot_of(labels[:500], vectors[:500]), queries_of(vectors[500:], labels[500:]), None, scheme=PLAIN
    )
    assert 0.4 < found.auroc < 0.6 and found.fpr_at_95 > 0.85


def test_novelty_without_unknown_images_is_refused() -> None:
    vectors, labels = clustered(20, dim=16, classes=2, seed=0)
    with pytest.raises(BadValue, match="unknown images"):
        measure_novelty(snapshot_of(labels, vectors), queries_of(vectors[:0], []), None, scheme=PLAIN)


def test_fits_find_the_curve_that_made_the_points() -> None:
    sizes = [100, 300, 1000, 5000]
    power = [Point(n, float(np.exp(-0.4 * np.log(n) + 0.2)), 0.0) for n in sizes]
    slow = [Point(n, float(np.exp(-1.5 * np.log(np.log10(n)) + 0.1)), 0.0) for n in sizes]
    found = fit(power, np.log)
    assert found is not None and (found.a, found.b) == (pytest.approx(-0.4), pytest.approx(0.2))
    found = fit(slow, lambda n: np.log(np.log10(n)))
    assert found is not None and found.a == pytest.approx(-1.5) and found.rmse < 1e-9
    assert fit([Point(10, 0.0, 0.0), Point(20, 0.1, 0.0)], np.log) is None


def test_subsets_keep_every_class_and_grow_into_each_other() -> None:
    snapshot = tree()
    rows = np.arange(len(snapshot))
    parts = [stratified(snapshot, rows, n, seed=1) for n in (24, 60, 240)]
    assert all(set(small) <= set(large) for small, large in pairwise(parts))
    assert [len(np.unique(snapshot.label[part])) for part in parts] == [12, 12, 12]
    assert [len(part) for part in parts] == [24, 60, 240]


def test_the_error_falls_as_the_memory_grows_and_ends_with_all_of_it() -> None:
    snapshot = tree(each=40, spread=2.0)
    found = scale(snapshot, PLAIN, seeds=2)
    rest, out = hold_out(snapshot, 0.2, seed=0)
    assert found.points[0].error > found.points[-1].error and found.points[-1].size == len(rest)
    memory, asked = snapshot.changed(active=snapshot.among(rest)), labelled(snapshot, out)
    told = evaluate_snapshot(memory, nearest_exact, asked, ks=(5,), rules=("rank",))
    assert found.points[-1].error == pytest.approx(1 - told.accuracy["rank"][5])
    with pytest.raises(BadValue, match="too few"):
        scale(snapshot_of(["a", "b"], np.eye(2, 8, dtype=np.float32)), PLAIN)


def test_the_curves_in_base_10_are_those_that_the_papers_notebook_fits() -> None:
    found = scale(tree(each=40, spread=2.0), PLAIN, seeds=1)
    sizes, errors = np.array([(p.size, 100 * p.error) for p in found.points]).T
    log_log, power = found.in_log10().log_log, found.in_log10().power
    assert log_log is not None and power is not None
    assert (log_log.a, log_log.b) == pytest.approx(np.polyfit(np.log10(np.log10(sizes)), np.log10(errors), 1))
    assert (power.a, power.b) == pytest.approx(np.polyfit(np.log10(sizes), np.log10(errors), 1))
    residual = power.a * np.log10(sizes) + power.b - np.log10(errors)
    assert power.rmse == pytest.approx(np.sqrt(np.mean(residual**2)))


def test_only_classes_that_the_memory_does_not_hold_are_new() -> None:
    vectors, labels = clustered(60, dim=16, classes=3, seed=7)
    snapshot = snapshot_of(labels, vectors)
    more = queries_of(vectors[:9], [labels[0]] * 3 + ["new/b"] * 3 + ["new/a"] * 3)
    found = with_new(snapshot, more)
    assert (found.new, found.known) == (("new/a", "new/b"), (labels[0],))
    votes = [found.snapshot.labels[code] for code in found.snapshot.label[found.snapshot.active]]
    assert votes == [*labels, *more.labels[3:]]
    assert np.array_equal(found.snapshot.vectors[60:], vectors[3:9])
    with pytest.raises(BadValue, match="holds each of these classes already"):
        with_new(snapshot, queries_of(vectors[:3], [labels[0]] * 3))


RIDGE = VotingScheme("ridge", 20, class_factor="off")


def test_classes_hidden_from_the_memory_are_its_unknown_images() -> None:
    snapshot = tree(each=30, spread=1.5)
    found = hide_classes(snapshot, Limits(), scheme=RIDGE, seed=3)
    assert len(found.hidden) == 2 and len(found.unknown) == 60
    assert set(found.reasons) == {"unlike", "between", "both"}
    for name, each in found.reasons.items():
        assert each.in_use is not None and each.quantile == {"unlike": 0.99, "between": 0.95, "both": None}[name]
        lost = [losses.lost for losses in each.at.values()]
        assert lost == sorted(lost, reverse=True), "a higher quantile loses no more"
    both, unlike, between = (found.reasons[name].in_use for name in ("both", "unlike", "between"))
    assert max(unlike.found, between.found) <= both.found <= unlike.found + between.found
    assert (found.told_unknown, found.told_known) == (both.found, both.lost)
    assert json.loads(json.dumps(found.to_json()))["reasons"]["between"]["at"]["0.95"]["lost_right"] >= 0


def test_what_is_lost_of_right_and_of_wrong_decisions_is_counted_apart() -> None:
    found, lost = np.array([True, False]), np.array([True, False, True, False, False])
    right = np.array([True, True, False, True, True])
    assert Losses.of(found, lost, right) == Losses(0.5, 0.4, 0.25, 1.0)
    assert Losses.of(found, lost, np.ones(5, bool)).lost_wrong is None


def test_a_rule_that_weighs_neighbours_alone_has_one_test_only() -> None:
    found = hide_classes(tree(each=30), Limits(), scheme=PLAIN)
    assert set(found.reasons) == {"unlike"}


def test_a_test_that_is_off_finds_nothing_and_says_so() -> None:
    found = hide_classes(tree(each=30), Limits(unlike=None), scheme=RIDGE)
    assert found.reasons["unlike"].in_use is None and found.reasons["unlike"].quantile is None
    assert found.reasons["both"].in_use == found.reasons["between"].in_use


def test_to_hide_a_class_takes_two() -> None:
    with pytest.raises(BadValue, match="at least two"):
        hide_classes(snapshot_of(["a"] * 60), Limits(), scheme=PLAIN)

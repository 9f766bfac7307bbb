"""The smallest set of strikes and its twin, against trying everything."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest

from tests.engine.snapshots import snapshot_of
from visualmemory_gui.engine.decision import class_factor
from visualmemory_gui.engine.decision.decide import decide
from visualmemory_gui.engine.decision.equal_vectors import ordinals
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.errors import Cancelled
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import CLASS_FACTORS, F32, F64, I64, RULES, ClassFactor, Rule
from visualmemory_gui.engine.what_if.examples_to_win import fewest_lessons
from visualmemory_gui.engine.what_if.flip_sets import fewest_strikes

LABELS = ("a/x", "a/y", "b/x", "b/y", "c")
Retrieve = Callable[[int], tuple[I64, F64]]


def unit(rows: np.ndarray) -> F32:
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


def nearest(snapshot: Snapshot, query: F32, scheme: VotingScheme | None = None) -> Retrieve:
    """By trying all; under ridge so many different vectors, each with all that have it."""
    rows = np.flatnonzero(snapshot.active)
    similarity = np.einsum("ij,j->i", snapshot.vectors[rows].astype(np.float64), query.astype(np.float64))
    distances = np.clip(1.0 - similarity, 0.0, 2.0)
    order = np.argsort(distances, kind="stable")
    rows, distances = rows[order], distances[order]
    number = ordinals(snapshot.twin[rows]) if scheme is not None and scheme.joint else np.arange(len(rows))
    return lambda count: (rows[number < count], distances[number < count])


def without(snapshot: Snapshot, rows: tuple[int, ...]) -> Snapshot:
    """The memory after the strike: what everything is held against."""
    return snapshot.changed(active=snapshot.active & ~snapshot.among(np.array(rows, np.int64)))


def winner(snapshot: Snapshot, query: F32, scheme: VotingScheme) -> str | None:
    rows, distances = nearest(snapshot, query, scheme)(scheme.k)
    return decide(snapshot, rows, distances, scheme).label


def smallest(snapshot: Snapshot, query: F32, scheme: VotingScheme, to: str | None, most: int) -> int | None:
    """By trying every set of exemplars of the memory up to ``most``."""
    now = winner(snapshot, query, scheme)
    for size in range(most + 1):
        for rows in itertools.combinations(np.flatnonzero(snapshot.active).tolist(), size):
            after = winner(without(snapshot, rows), query, scheme)
            if after is not None and (after == to if to is not None else after != now):
                return size
    return None


def world(seed: int, form: ClassFactor | None = None) -> tuple[Snapshot, F32, VotingScheme]:
    """A small random memory, a query and a voting scheme; ties of distance and of votes are frequent."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 9))
    vectors = unit(rng.integers(-2, 3, (n, 3)) + np.array([0.5, 0.25, 0.125]))
    trust = rng.choice([1.0, 1.0, 0.5, 3.0], n) if rng.random() < 0.4 else np.ones(n)
    labels = rng.choice(LABELS, n).tolist()
    snapshot = snapshot_of(labels, vectors, trust=trust.tolist(), active=(rng.random(n) < 0.9).tolist())
    rule: Rule = RULES[seed % len(RULES)]
    scheme = VotingScheme(
        rule,
        int(rng.integers(1, 6)),
        class_factor=form or CLASS_FACTORS[int(rng.integers(3))],
        level=int(rng.integers(0, 2)),
    )
    return snapshot, unit(rng.integers(-2, 3, 3) + np.array([0.5, 0.25, 0.125])), scheme


@pytest.mark.parametrize("part", range(20))
def test_no_smaller_set_of_strikes_does_it_in_a_thousand_small_memories(part: int) -> None:
    no_smaller_set_does_it(range(50 * part, 50 * part + 50), None)


@pytest.mark.parametrize("part", range(4))
def test_no_smaller_set_does_it_where_every_strike_moves_the_mean_of_the_classes(
    part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(class_factor, "ENOUGH", 1)  # or these memories are too small for their mean to count
    no_smaller_set_does_it(range(50 * part, 50 * part + 50), "mean")


def no_smaller_set_does_it(seeds: range, form: ClassFactor | None) -> None:
    for seed in seeds:
        snapshot, query, scheme = world(seed, form)
        to = None if seed % 3 else ("a", "b", "c")[seed % 9 // 3] if scheme.level else LABELS[seed % 5]
        found = fewest_strikes(snapshot, nearest(snapshot, query, scheme), scheme, to=to, budget_s=math.inf)
        if winner(snapshot, query, scheme) is None:
            assert found is None
            continue
        expected = smallest(snapshot, query, scheme, to, most=len(snapshot))
        assert (None if found is None else len(found.rows)) == expected, seed
        if found is not None:
            assert found.exact
            after = winner(without(snapshot, found.rows), query, scheme)
            assert after == found.label, seed
            assert after == to if to is not None else after != winner(snapshot, query, scheme)


def big(n: int, seed: int, *, classes: int = 3) -> tuple[Snapshot, F32]:
    rng = np.random.default_rng(seed)
    labels = [f"class {i}" for i in rng.integers(0, classes, n)]
    return snapshot_of(labels, unit(rng.normal(size=(n, 6)))), unit(rng.normal(size=6))


@pytest.mark.parametrize("rule", ["distance", "softmax", "rank", "ridge"])
def test_what_is_found_when_the_time_is_over_is_labelled_at_most_and_does_it(rule: Rule) -> None:
    snapshot, query = big(200, 3)
    scheme = VotingScheme(rule, 25)
    target = min({"class 0", "class 1", "class 2"} - {winner(snapshot, query, scheme)})
    for label in snapshot.labels:
        if label not in (target, winner(snapshot, query, scheme)):
            target = label
    found = fewest_strikes(snapshot, nearest(snapshot, query, scheme), scheme, to=target, budget_s=0.0)
    assert found is not None
    assert winner(without(snapshot, found.rows), query, scheme) == target
    assert found.exact == (len(found.rows) <= 3)
    for row in found.rows:
        if not found.exact:  # none of them is there in vain
            fewer = tuple(other for other in found.rows if other != row)
            assert winner(without(snapshot, fewer), query, scheme) != target


def test_who_is_not_patient_is_told_at_most_sooner() -> None:
    snapshot, query = big(300, 5)
    scheme = VotingScheme("rank", 60)
    found = fewest_strikes(snapshot, nearest(snapshot, query, scheme), scheme, budget_s=0.0, patient=False)
    exact = fewest_strikes(snapshot, nearest(snapshot, query, scheme), scheme)
    assert found is not None and exact is not None
    assert not found.exact and len(found.rows) >= len(exact.rows)
    assert winner(without(snapshot, found.rows), query, scheme) == found.label


def test_a_search_stops_when_its_report_says_so() -> None:
    snapshot, query = big(300, 5)

    def report(done: int, total: int | None, what: str = "") -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        fewest_strikes(snapshot, nearest(snapshot, query), VotingScheme("rank", 60), report=report)


def test_plurality_is_counted_exactly_at_any_size() -> None:
    """30 of one class stand before 5 of the other: with k = 5, 26 strikes leave four of them against one."""
    n = 36
    angles = np.linspace(0.01, 1.0, n)
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    snapshot = snapshot_of(["near"] * 30 + ["far"] * 6, vectors)
    query = np.array([1, 0], np.float32)
    found = fewest_strikes(
        snapshot, nearest(snapshot, query), VotingScheme("plurality", 5, class_factor="off"), to="far"
    )
    assert found is not None
    assert (len(found.rows), found.exact) == (28, True)
    assert found.rows == tuple(range(28))


def test_the_winner_needs_no_strike_and_a_class_that_is_not_here_gets_none() -> None:
    snapshot, query = big(60, 1)
    scheme = VotingScheme("rank", 5)
    now = winner(snapshot, query, scheme)
    found = fewest_strikes(snapshot, nearest(snapshot, query, scheme), scheme, to=now)
    assert found is not None and found.rows == ()
    asked: list[int] = []

    def retrieve(count: int) -> tuple[np.ndarray, np.ndarray]:
        asked.append(count)
        return nearest(snapshot, query, scheme)(count)

    assert fewest_strikes(snapshot, retrieve, scheme, to="nobody", budget_s=math.inf) is None
    assert len(asked) == 1


@pytest.mark.parametrize("labels", [[], ["a"], ["a", "a", "a"]])
def test_one_class_alone_cannot_lose(labels: list[str]) -> None:
    snapshot = snapshot_of(labels, unit(np.ones((len(labels), 3))))
    query = unit(np.ones(3))
    assert fewest_strikes(snapshot, nearest(snapshot, query), VotingScheme("rank", 10)) is None


def taught(snapshot: Snapshot, query: F32, label: str, count: int) -> Snapshot:
    labels = [snapshot.labels[code] for code in snapshot.label.tolist()] + [label] * count
    vectors = np.concatenate([snapshot.vectors, np.repeat(query[None], count, axis=0)])
    return snapshot_of(
        labels,
        vectors,
        active=[*snapshot.active.tolist(), *[True] * count],
        trust=[*snapshot.trust.tolist(), *[1.0] * count],
    )


@pytest.mark.parametrize("part", range(10))
def test_no_fewer_lessons_do_it_in_a_thousand_small_memories(part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(100 * part, 100 * part + 100):
        snapshot, query, scheme = world(seed)
        monkeypatch.setattr(class_factor, "ENOUGH", 1 if scheme.class_factor == "mean" else 10)
        label = ("a/x", "a/y", "c", "new")[seed % 4]
        found = fewest_lessons(snapshot, nearest(snapshot, query, scheme), scheme, vector=query, label=label)
        wanted = label.split("/")[0] if scheme.level else label
        for count in range(scheme.k + 1):
            if winner(taught(snapshot, query, label, count), query, scheme) == wanted:
                assert found == count, seed
                break
        else:
            assert found is None, seed


def test_a_small_class_that_gets_stronger_with_every_strike_is_toppled_all_the_same() -> None:
    """Ten near exemplars of a class of ten: by the class factor nine of them weigh as much as ten, down to the last."""
    angles = np.linspace(0.01, 1.2, 60)
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    snapshot = snapshot_of(["small"] * 10 + [f"other {i % 5}" for i in range(50)], vectors)
    query = np.array([1, 0], np.float32)
    scheme = VotingScheme("rank", 30)
    found = fewest_strikes(snapshot, nearest(snapshot, query, scheme), scheme, budget_s=0.0)
    assert found is not None and len(found.rows) <= 10
    assert winner(without(snapshot, found.rows), query, scheme) == found.label


def test_a_set_that_only_moves_the_mean_of_the_classes_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two votes of a class of twenty against one of a class of one: once two other classes have gone it weighs more."""
    monkeypatch.setattr(class_factor, "ENOUGH", 1)
    angles = np.linspace(0.01, 1.2, 27)
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    snapshot = snapshot_of(["one", *["twenty"] * 20, *(f"far {i}" for i in range(6))], vectors)
    query, scheme = np.array([1, 0], np.float32), VotingScheme("plurality", 3, class_factor="mean")
    assert winner(snapshot, query, scheme) == "twenty"
    found = fewest_strikes(snapshot, nearest(snapshot, query, scheme), scheme)
    assert found is not None and (found.label, found.exact) == ("one", True)
    assert [snapshot.labels[snapshot.label[row]][:3] for row in found.rows] == ["far", "far"]
    assert winner(without(snapshot, found.rows), query, scheme) == "one"

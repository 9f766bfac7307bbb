"""Pruning: the four methods against plain loops, honest gains, limits, one step, and what must not look good."""

from __future__ import annotations

import hashlib
from collections import Counter

import numpy as np
import pytest

from tests.engine.study_memories import hubs, memory_of, noisy, unit
from visualmemory_gui.engine.curation import prune
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.errors import BadValue, Cancelled
from visualmemory_gui.engine.evaluation.pruning_rules import usual_m
from visualmemory_gui.engine.evaluation.query_set import QueryLists, own_queries
from visualmemory_gui.engine.evaluation.statistics import paired_gain
from visualmemory_gui.engine.store.kept_images import NewKeptImage
from visualmemory_gui.engine.what_if.impact import ImpactTracker
from visualmemory_gui.engine.what_if.proposed_edit import ProposedEdit


@pytest.fixture
def memory(tmp_path):
    vectors, labels, _ = noisy(240, seed=1)
    with memory_of(tmp_path, vectors, labels) as made:
        yield made


def counted(memory, m: int) -> tuple[Counter[int], Counter[int]]:
    """How often each exemplar is a wrong and a right one of the first m neighbours of another, by a plain loop."""
    rows = memory.catalog.select(state="active")
    vectors = memory.catalog.vectors([e.id for e in rows]).astype(float)
    wrong: Counter[int] = Counter()
    right: Counter[int] = Counter()
    for i, query in enumerate(rows):
        order = np.argsort(1 - vectors @ vectors[i], kind="stable")
        for j in [j for j in order if j != i][:m]:
            (right if rows[j].label == query.label else wrong)[rows[j].id] += 1
    return wrong, right


def test_m_is_a_quarter_of_the_median_class_between_5_and_100(memory):
    counts = sorted(memory.catalog.counts().values())
    assert usual_m(memory.snapshot.counts) == min(100, max(5, int((counts[1] + counts[2]) / 2) // 4))


def test_hard_strikes_at_the_smallest_n_that_takes_at_most_2_percent(memory):
    found = prune.plan(memory, "hard")
    wrong, right = counted(memory, found.m)
    assert sum(n >= found.n for n in wrong.values()) <= 0.02 * 240
    assert found.n == 1 or sum(n >= found.n - 1 for n in wrong.values()) > 0.02 * 240
    assert {one.id for one in (*found.pruned, *found.held_back)} == {i for i, n in wrong.items() if n >= found.n}
    assert all((one.wrong, one.right) == (wrong[one.id], right[one.id]) for one in found.pruned)


def test_difference_counts_wrong_minus_right(memory):
    found = prune.plan(memory, "difference")
    wrong, right = counted(memory, found.m)
    difference = {i: wrong[i] - right[i] for i in memory.snapshot.ids.tolist()}
    named = {one.id for one in (*found.pruned, *found.held_back)}
    assert named == {i for i, d in difference.items() if d >= found.n}
    scores = [one.wrong - one.right for one in found.pruned]
    assert scores == sorted(scores, reverse=True) and 0 < len(named) <= 0.02 * 240


def test_soft_gives_less_trust_the_more_often_wrong_among_ten(memory):
    found = prune.plan(memory, "soft")
    wrong, _ = counted(memory, 10)
    assert {one.id: one.trust for one in found.pruned} == {i: 1.75 / (1 + n) for i, n in wrong.items()}
    assert found.m == 10 and found.n is None and found.held_back == ()


def test_value_strikes_the_lowest_of_those_below_nothing(memory):
    found = prune.plan(memory, "value")
    values = [one.value for one in found.pruned]
    assert values == sorted(values) and max(values) < 0
    assert 0 < len(values) + len(found.held_back) <= 0.02 * 240


def test_at_most_a_fifth_of_a_class_goes_and_what_is_held_back_is_told(tmp_path):
    """The three liars stand in everybody's way: a fifth of them is none."""
    vectors, labels, liars = hubs(200, seed=1, liars=2)
    with memory_of(tmp_path, vectors, labels) as memory:
        found = prune.plan(memory, "hard")
        assert {one.id for one in found.held_back} == {i + 1 for i in liars}
        assert not {one.label for one in found.pruned} & {"liar"}
        assert all(gone <= of / 5 for gone, of in found.classes.values())


def test_pruning_is_one_step_that_undo_takes_back(memory):
    found = prune.plan(memory, "value")
    changes = prune.apply(memory, found)
    many = len(found.ids)
    assert changes.edit == f"Prune {many} exemplars" and set(changes.struck) == set(found.ids)
    assert memory.history.steps()[0].kind == "prune"
    memory.undo()
    assert memory.catalog.totals()[2] == 0


def test_soft_pruning_replaces_derived_trust_and_spares_what_was_set_by_hand(memory):
    first = prune.plan(memory, "soft")
    by_hand, other = first.ids[:2]
    memory.reweigh([by_hand], 0.7)
    found = prune.plan(memory, "soft")
    assert found.by_hand == 1 and by_hand not in found.ids
    assert prune.apply(memory, found).edit == f"Prune the trust of {len(found.ids)} exemplars"
    trust = {e.id: e.trust for e in memory.catalog.select()}
    assert trust[by_hand] == 0.7 and trust[other] == {p.id: p.trust for p in found.pruned}[other]
    again = prune.plan(memory, "soft")
    assert prune.apply(memory, again).edit is None  # the same counts, the same trust
    memory.undo()
    assert {e.trust for e in memory.catalog.select()} == {1.0, 0.7}


def test_the_promise_comes_from_queries_that_had_no_say(memory, monkeypatch):
    """The edit of each fifth is made of the other four: a query that only misleads its own fifth changes nothing."""
    seen = []
    real = QueryLists.right

    def noted(self, after=None, which=None):
        if which is not None:
            seen.append((frozenset(np.flatnonzero(self.snapshot.active & ~after.active).tolist()), which))
        return real(self, after, which)

    monkeypatch.setattr(QueryLists, "right", noted)
    found = prune.plan(memory, "hard", seed=3)
    assert sorted(np.concatenate([which for _, which in seen]).tolist()) == list(range(240))
    rows = memory.catalog.select(state="active")
    vectors = memory.catalog.vectors([e.id for e in rows]).astype(float)
    for struck, asked in seen:
        wrong = Counter()
        for i in sorted(set(range(240)) - set(asked.tolist())):
            near = [j for j in np.argsort(1 - vectors @ vectors[i], kind="stable") if j != i][: found.m]
            wrong.update(j for j in near if rows[j].label != rows[i].label)
        n = min(n for n in range(1, 300) if sum(c >= n for c in wrong.values()) <= 4)
        assert struck <= {j for j, c in wrong.items() if c >= n}


def test_a_plan_for_another_state_of_the_memory_is_refused(memory):
    found = prune.plan(memory, "value")
    memory.strike([1])
    before = memory.catalog.totals()
    with pytest.raises(BadValue, match="edited since"):
        prune.apply(memory, found)
    assert memory.catalog.totals() == before


def rare_sights(seed: int) -> tuple[np.ndarray, list[str]]:
    """Four classes, each with one common sight and 40 rare ones of three images; every third image is fresh."""
    rng = np.random.default_rng(seed)
    sights = rng.normal(size=(164, 16))
    of = np.concatenate([np.repeat(np.arange(4), 90), np.repeat(np.arange(4, 164), 3)])
    raw = sights[of] + 0.5 * rng.normal(size=(len(of), 16))
    return unit(raw), [f"class {sight % 4}" for sight in of]


def test_striking_all_that_is_decided_wrong_does_not_look_good(tmp_path):
    """What leave-one-out gets wrong here are rare sights, not wrong labels: fresh images of them need each one. The
    frozen query set does not rise by striking them, while asking only who is left claims a triumph."""
    vectors, labels = rare_sights(1)
    known = np.arange(len(labels)) % 3 != 0
    given = [label for label, here in zip(labels, known, strict=True) if here]
    with memory_of(tmp_path, vectors[known], given) as memory:
        snapshot = memory.snapshot
        lists = QueryLists(
            own_queries(snapshot),
            memory.searcher.nearest_many,
            scheme=VotingScheme.of(memory.settings),
            width=10,
        )

        def fresh() -> np.ndarray:
            places = np.flatnonzero(~known).tolist()
            return np.array([memory.decide_vector(vectors[i]).label == labels[i] for i in places])

        before, fresh_before = lists.right(), fresh()
        wrong = np.flatnonzero(~before)
        after = lists.right(snapshot.changed(active=snapshot.active & ~snapshot.among(wrong)))
        memory.strike(snapshot.ids[wrong].tolist())
        assert len(wrong) > 60
        assert paired_gain(fresh_before, fresh()).mean < 0
        assert after.mean() <= before.mean()
        assert np.delete(after, wrong).mean() > before.mean() + 0.1  # what a query set that is not frozen would show


def watch(memory, vectors, labels):
    memory.watch.add(
        [
            (NewKeptImage(hashlib.sha256(v.tobytes()).hexdigest(), None, None, None, v), label)
            for v, label in zip(vectors, labels, strict=True)
        ]
    )


def test_the_watch_set_may_judge_in_place_of_the_memory(memory):
    with pytest.raises(BadValue, match="no watch set"):
        prune.plan(memory, "value", judge="watch")
    vectors, labels, _ = noisy(300, seed=1, flipped=0.0)
    watch(memory, vectors[240:], labels[240:])
    found = prune.plan(memory, "value", judge="watch")
    assert found.queries == 60 and found.pruned
    watch(memory, vectors[:1], ["a label nobody has"])
    assert prune.plan(memory, "hard", judge="watch").queries == 61


@pytest.mark.parametrize("method", prune.METHODS)
def test_classes_of_one_exemplar_are_never_emptied(tmp_path, method):
    with memory_of(tmp_path, np.eye(8, dtype=np.float32), [f"class {i}" for i in range(8)]) as memory:
        found = prune.plan(memory, method)
        if method != "soft":
            assert found.pruned == ()
        prune.apply(memory, found)
        assert len(memory.catalog.counts()) == 8


@pytest.mark.parametrize("method", prune.METHODS)
def test_one_class_only_and_all_struck_are_told(tmp_path, method):
    with memory_of(tmp_path, np.eye(3, dtype=np.float32), ["a"] * 3) as memory:
        with pytest.raises(BadValue, match="one class"):
            prune.plan(memory, method)
        memory.strike([1, 2, 3])
        with pytest.raises(BadValue, match="no active exemplar"):
            prune.plan(memory, method)


@pytest.mark.parametrize("calls", [0, 1])
def test_a_plan_that_is_stopped_changes_nothing(memory, calls):
    left = [calls]

    def stop(done, total, what=""):
        left[0] -= 1
        if left[0] < 0:
            raise Cancelled

    with pytest.raises(Cancelled):
        prune.plan(memory, "value", report=stop)
    assert memory.history.steps()[0].kind == "add" and memory.catalog.totals()[2] == 0


def test_an_unknown_method_is_named(memory):
    with pytest.raises(BadValue, match="unknown pruning method 'sharp'"):
        prune.plan(memory, "sharp")


@pytest.mark.parametrize("method", ["hard", "soft"])
def test_under_ridge_what_pruning_previews_is_what_it_does(tmp_path, method) -> None:
    vectors, labels, _ = noisy(120, seed=3)
    with memory_of(tmp_path, vectors, labels) as memory:
        memory.set("rule", "ridge")
        memory.set("ridge_k", 20)
        found = prune.plan(memory, method)
        ids, trusts = tuple(one.id for one in found.pruned), tuple(one.trust or 1.0 for one in found.pruned)
        kind = ProposedEdit("strike", ids) if method == "hard" else ProposedEdit("reweigh", ids, trusts=trusts)
        tracker = ImpactTracker(memory)
        previewed = tracker.preview(kind)
        assert previewed.changed
        assert tracker.impact_of(prune.apply(memory, found)) == previewed

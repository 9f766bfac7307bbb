"""Leave-one-out is one thing wherever it is done: against deciding each exemplar in plain Python."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests import brute_force, long_tail
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.curation import review
from visualmemory_gui.engine.decision import confidence
from visualmemory_gui.engine.decision.decide_batch import Verdicts
from visualmemory_gui.engine.decision.queries import Queries
from visualmemory_gui.engine.decision.sample import ExemplarVotes
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.evaluation import query_set
from visualmemory_gui.engine.evaluation.evaluate import evaluate
from visualmemory_gui.engine.index.search import nearest_exact
from visualmemory_gui.engine.memory.tracked_decisions import TrackedDecisions
from visualmemory_gui.engine.store.kept_images import NewKeptImage
from visualmemory_gui.engine.types import CLASS_FACTORS, RULES
from visualmemory_gui.engine.what_if.impact import ImpactTracker

CLOSE = brute_force.CLOSE


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    sizes=st.lists(st.integers(1, 12), min_size=3, max_size=9),
    k=st.integers(1, 12),
    rule=st.sampled_from(RULES),
    factor=st.sampled_from(CLASS_FACTORS),
    struck=st.booleans(),
)
@example(seed=578280, sizes=[1, 1, 1], k=1, rule="ridge", factor="off", struck=False)  # copies of two labels
def test_every_place_decides_an_exemplar_by_all_others_alike(tmp_path_factory, seed, sizes, k, rule, factor, struck):
    rng = np.random.default_rng(seed)
    with (
        long_tail.counting_means(factor),
        long_tail.filled(tmp_path_factory.mktemp("m") / "m.vmem", rng, (20, *sizes)) as memory,
    ):
        memory.set("k", k)
        memory.set("ridge_k", k)
        memory.set("rule", rule)
        memory.set("class_factor", factor)
        if struck:
            memory.strike(rng.choice(memory.snapshot.ids, 3, replace=False).tolist())
        voters = long_tail.voters(memory)
        expected = {i: brute_force.leave_one_out(voters, voter, k, rule, factor=factor) for i, voter in voters.items()}
        one_by_one(memory, expected)
        in_a_row(memory, expected, k)
        evaluated(memory, voters, expected)


def one_by_one(memory: VisualMemory, expected: dict[int, brute_force.Answer]) -> None:
    for i, answer in expected.items():
        found = memory.decide_vector(memory.catalog.vectors([i])[0], own=i)
        assert brute_force.agrees(found, answer), i


def in_a_row(memory: VisualMemory, expected: dict[int, brute_force.Answer], k: int) -> None:
    """Tracked decisions and what the impact takes for the state before."""
    snapshot = memory.snapshot
    rows = np.flatnonzero(snapshot.active)
    tracked = TrackedDecisions(snapshot, Queries.exemplars(snapshot, rows), memory.searcher.nearest_many, k=k)
    same(tracked.decide(VotingScheme.of(memory.settings)), list(expected.values()))
    tracker = ImpactTracker(memory)
    for i, label in zip(tracker.queries.ids.tolist(), tracker._labels, strict=True):
        assert label in expected[i].winners or not expected[i].winners


def same(found: Verdicts, expected: list[brute_force.Answer]) -> None:
    for i, answer in enumerate(expected):
        assert found.label(i) in answer.winners if answer.winners else found.label(i) is None
        if answer.winners:
            assert found.share[i] == pytest.approx(max(answer.shares.values()), abs=CLOSE)


def evaluated(
    memory: VisualMemory, voters: dict[int, brute_force.Voter], expected: dict[int, brute_force.Answer]
) -> None:
    """Evaluation, the query sets of prune, tune and blame, and the memories of experiments."""
    snapshot, k, rule = memory.snapshot, memory.settings.k, memory.settings.rule
    outcomes = evaluate(memory, ks=[k], rules=[rule]).outcomes
    assert outcomes.ids.tolist() == list(expected)
    for i, winner, share in zip(outcomes.ids.tolist(), outcomes.winner.tolist(), outcomes.share.tolist(), strict=True):
        best = max(expected[i].shares.values(), default=0.0)
        assert share == pytest.approx(best, abs=CLOSE)
        assert (outcomes.names[winner] in expected[i].winners) if best else winner == -1
    asked, scheme = query_set.own_queries(snapshot), VotingScheme.of(memory.settings)
    lists = query_set.QueryLists(asked, memory.searcher.nearest_many, scheme=scheme)
    won = query_set.winners(asked.neighbours(snapshot, nearest_exact, k, different=scheme.joint), scheme).tolist()
    for right, one, i in zip(lists.right().tolist(), won, expected, strict=True):
        answer = expected[i]
        if len(answer.winners) == 1:
            assert right == (answer.winners == {voters[i].label})
            assert {snapshot.labels[one]} == answer.winners


@pytest.mark.parametrize("seed", range(3))
def test_confidence_is_fitted_on_the_same_decisions(tmp_path, seed):
    rng = np.random.default_rng(seed)
    with long_tail.filled(tmp_path / "m.vmem", rng, (90, 60, 30, 9, 5, 4, 3, 2, 2, 1, 1, 1, 1)) as memory:
        voters = long_tail.voters(memory)
        answers = [(brute_force.leave_one_out(voters, voter, 10, "rank"), voter.label) for voter in voters.values()]
        shares = np.array([max(answer.shares.values()) for answer, _ in answers])
        right = np.array([answer.winners == {label} for answer, label in answers])
        scheme = VotingScheme("rank", 10)
        found = confidence.measure(ExemplarVotes.of(memory.snapshot, memory.searcher.nearest_many, scheme))
        expected = confidence.fit(shares, right, scheme)
        assert found.shares == pytest.approx(expected.shares, abs=CLOSE)
        assert found.right == pytest.approx(expected.right, abs=CLOSE)


@pytest.mark.parametrize("seed", range(3))
def test_wrong_label_shows_the_own_labels_share_of_the_same_decision(tmp_path, seed):
    rng = np.random.default_rng(seed)
    with long_tail.filled(tmp_path / "m.vmem", rng) as memory:
        voters = long_tail.voters(memory)
        suspects = review.survey(memory, k=20).suspects
        assert suspects
        for suspect in suspects:
            voter = voters[suspect.id]
            expected = brute_force.leave_one_out(voters, voter, 20, "ridge", factor="off")
            assert suspect.share == pytest.approx(expected.shares.get(voter.label, 0.0), abs=CLOSE)
            assert suspect.suggested in expected.winners


@pytest.mark.parametrize("seed", range(4))
def test_a_watched_image_that_was_taught_is_decided_as_if_it_had_not_been(tmp_path, seed):
    rng = np.random.default_rng(seed)
    with long_tail.filled(tmp_path / "m.vmem", rng) as memory:
        [rare] = [row for row in memory.catalog.select() if row.label == "b/7"]
        [vector] = memory.catalog.vectors([rare.id]) + 0.05 * long_tail.unit(1, rng)
        vector /= np.linalg.norm(vector)
        content = long_tail.content(7777)
        memory.watch.add([(NewKeptImage(content, "/q.png", vector=vector), "b/7")])
        tracker = ImpactTracker(memory)
        before = tracker.watched_decisions()[0]
        told = []
        memory.changed(told.append)
        memory.add_rows([long_tail.NewExemplar("b/7", vector, content=content)])
        assert tracker.impact_of(told[-1]).changed == ()
        assert tracker.watched_decisions()[0].share == before.share
        image = brute_force.Voter("b/7", 1.0, vector.astype(np.float64), content)
        expected = brute_force.watched(long_tail.voters(memory), image, 10, "rank")
        assert tracker.watched_decisions()[0].label in expected.winners
        assert tracker.watched_decisions()[0].share == pytest.approx(max(expected.shares.values()), abs=CLOSE)

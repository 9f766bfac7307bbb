"""Whatever decides many queries at once decides each of them as ``decide`` does."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import long_tail
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.curation import prune, review
from visualmemory_gui.engine.decision import confidence, voting_rules
from visualmemory_gui.engine.decision.levels import at_level
from visualmemory_gui.engine.decision.neighbour_arrays import NeighbourArrays
from visualmemory_gui.engine.decision.sample import ExemplarVotes
from visualmemory_gui.engine.decision.voting_rules import RuleParameters
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.evaluation.query_set import QueryLists, own_queries
from visualmemory_gui.engine.store.kept_images import NewKeptImage
from visualmemory_gui.engine.store.queue import NewQueued
from visualmemory_gui.engine.types import CLASS_FACTORS, F64, RULES, Decision, Rule
from visualmemory_gui.engine.what_if.impact import ImpactTracker

KNOWN = {True: 1, False: 0, None: -1}
CLOSE = 1e-9


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    sizes=st.lists(st.integers(1, 9), min_size=2, max_size=7),
    k=st.integers(1, 12),
    rule=st.sampled_from(RULES),
    factor=st.sampled_from(CLASS_FACTORS),
    level=st.integers(0, 1),
)
def test_every_place_decides_as_decide_does(tmp_path_factory, seed, sizes, k, rule, factor, level):
    rng = np.random.default_rng(seed)
    with long_tail.filled(tmp_path_factory.mktemp("m") / "m.vmem", rng, (8, *sizes)) as memory:
        for name, value in (("k", k), ("ridge_k", k), ("rule", rule), ("class_factor", factor), ("level", level)):
            memory.set(name, value)
        memory.strike(rng.choice(memory.snapshot.ids, 2, replace=False).tolist())
        compare(memory, rng)


def test_a_rule_that_looks_at_all_neighbours_is_one_function(tmp_path, monkeypatch):
    def joint(near: NeighbourArrays, _: RuleParameters) -> F64:
        """The farther the farthest neighbour, the more the others weigh."""
        there = np.isfinite(near.distances)
        farthest = np.where(there, near.distances, 0.0).max(axis=-1, keepdims=True, initial=0.0)
        return np.where(there, 1.0 + 5.0 * (farthest - near.distances), 0.0)

    monkeypatch.setitem(voting_rules.RULE_WEIGHTS, "rank", joint)
    rng = np.random.default_rng(5)
    with long_tail.filled(tmp_path / "m.vmem", rng) as memory:
        decision = memory.decide_vector(long_tail.unit(1, rng)[0], 3)
        last = decision.neighbours[-1]
        assert last.weight == last.trust * last.factor
        compare(memory, rng)


def compare(memory: VisualMemory, rng: np.random.Generator) -> None:
    queued(memory, rng)
    pruned(memory)
    expected = decisions(memory, level=memory.settings.level)
    tracked(memory, expected)
    calibrated(memory, expected)
    reviewed(memory, memory.settings.k)


def decisions(memory: VisualMemory, *, level: int = 0, k: int | None = None) -> dict[int, Decision]:
    """Each active exemplar by all others, one after the other."""
    snapshot = memory.snapshot
    rows = np.flatnonzero(snapshot.active)
    return {
        int(snapshot.ids[row]): memory.decide_vector(snapshot.vectors[row], k, level=level, own=int(snapshot.ids[row]))
        for row in rows.tolist()
    }


def same(share: float | None, rule: Rule) -> object:
    """Ridge is solved for many queries at once, which agrees to 1e-9; the other rules agree to the last bit."""
    return pytest.approx(share, abs=CLOSE) if rule == "ridge" and share is not None else share


def labels(memory: VisualMemory) -> Mapping[int, str]:
    snapshot = memory.snapshot
    return {int(i): snapshot.labels[code] for i, code in zip(snapshot.ids, snapshot.label, strict=True)}


def queued(memory: VisualMemory, rng: np.random.Generator) -> None:
    vectors = long_tail.unit(5, rng)
    images = [NewKeptImage(long_tail.content(5000 + i), f"/{i}.png", vector=v) for i, v in enumerate(vectors)]
    memory._live.queue_rows.add([NewQueued(image, 1, 1, ".png") for image in images])
    level = memory.settings.level
    table = memory.queue.table(level=level)
    for i, (vector, image) in enumerate(zip(vectors, images, strict=True)):
        alone = memory.decide_vector(vector, level=level, content=image.content)
        assert table.winners[i] == alone.label
        assert table.shares[i] == same(alone.share, alone.rule)
        assert table.margins[i] == pytest.approx(alone.margin, abs=CLOSE)
        assert table.known[i] == KNOWN[alone.known]


def pruned(memory: VisualMemory) -> None:
    """What pruning, tuning and blame take for right."""
    snapshot, scheme, of = memory.snapshot, VotingScheme.of(memory.settings), labels(memory)
    if np.count_nonzero(snapshot.counts) == 1:
        return  # refused: no neighbour could be wrong
    right = [decision.label == of[i] for i, decision in decisions(memory).items()]
    found = QueryLists(own_queries(snapshot), memory.searcher.nearest_many, scheme=scheme)
    assert found.right().tolist() == right
    assert prune.plan(memory, "hard").accuracy == np.mean(right)


def tracked(memory: VisualMemory, expected: Mapping[int, Decision]) -> None:
    """What impact takes for the state before an edit."""
    tracker = ImpactTracker(memory)
    assert tracker.queries.ids is not None
    found = dict(zip(tracker.queries.ids.tolist(), tracker._labels, strict=True))
    assert found == {i: decision.label for i, decision in expected.items()}


def calibrated(memory: VisualMemory, expected: Mapping[int, Decision]) -> None:
    scheme, of = VotingScheme.of(memory.settings, level=memory.settings.level), labels(memory)
    answered = [(i, decision) for i, decision in expected.items() if decision.share is not None]
    shares = np.array([decision.share for _, decision in answered])
    right = np.array([decision.label == at_level(of[i], scheme.level) for i, decision in answered])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(confidence, "FEWEST", 1)
        patch.setattr(confidence, "STEP", 1)
        found = confidence.measure(ExemplarVotes.of(memory.snapshot, memory.searcher.nearest_many, scheme))
        expected_map = confidence.fit(shares, right, scheme)
        assert found.queries == expected_map.queries
        if scheme.joint:  # solved together, shares differ in the last digits: those of nearly equal ones may swap
            apart = np.diff(np.sort(shares[shares < 1.0]))
            if (apart <= CLOSE).any():
                return
            assert [found.of(share + CLOSE) for share in shares] == [expected_map.of(share + CLOSE) for share in shares]
        else:
            assert found == expected_map


def reviewed(memory: VisualMemory, k: int) -> None:
    """*Wrong label?* decides by ridge and without class factor, whatever the settings are."""
    memory.set("rule", "ridge")
    memory.set("class_factor", "off")
    expected, of = decisions(memory, k=k), labels(memory)
    suspects = {suspect.id: suspect for suspect in review.survey(memory, k=k).suspects}
    wrong = {i: decision for i, decision in expected.items() if decision.label not in (None, of[i])}
    assert suspects.keys() == wrong.keys()
    for i, decision in wrong.items():
        assert suspects[i].suggested == decision.label
        assert suspects[i].suggested_share == pytest.approx(decision.share, abs=CLOSE)
        assert suspects[i].share == pytest.approx(decision.shares.get(of[i], 0.0), abs=CLOSE)

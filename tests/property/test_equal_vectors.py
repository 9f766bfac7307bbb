"""Under ridge k counts different vectors: one query, many, what is followed and evaluation agree about their copies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import brute_force, long_tail
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.decision import equal_vectors
from visualmemory_gui.engine.decision.decide_batch import Verdicts
from visualmemory_gui.engine.decision.neighbour_arrays import StoredVectors
from visualmemory_gui.engine.decision.queries import Queries
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.evaluation.evaluate import evaluate
from visualmemory_gui.engine.memory.tracked_decisions import TrackedDecisions, queries_of
from visualmemory_gui.engine.types import NewExemplar, Rule

CLOSE = brute_force.CLOSE
LABELS = ("a/0", "b/1", "c/2")


def filled(folder: Path, rng: np.random.Generator, different: int, *, copies: int) -> VisualMemory:
    """Up to ``copies`` exemplars of each of ``different`` vectors, labelled, trusted and grouped at random."""
    vectors = np.repeat(long_tail.unit(different, rng), rng.integers(1, copies + 1, different), axis=0)
    memory = VisualMemory.create(folder, dim=long_tail.DIM)
    memory.add_rows([row(vector, rng) for vector in rng.permutation(vectors)])
    return memory


def row(vector: np.ndarray, rng: np.random.Generator) -> NewExemplar:
    return NewExemplar(
        str(rng.choice(LABELS)),
        vector,
        content=long_tail.content(int(rng.integers(40))) if rng.random() < 0.3 else None,
        group=f"group {rng.integers(4)}" if rng.random() < 0.3 else None,
        trust=float(rng.choice([0.05, 0.5, 1.0, 3.0])),
    )


def edit(memory: VisualMemory, rng: np.random.Generator) -> None:
    ids = memory.snapshot.ids
    picked = rng.choice(ids, min(len(ids), int(rng.integers(1, 4))), replace=False).tolist()
    kind = rng.integers(6)
    if kind == 0:
        memory.strike(picked)
    elif kind == 1:
        memory.restore(picked)
    elif kind == 2:
        memory.relabel(picked, str(rng.choice(LABELS)))
    elif kind == 3:
        memory.reweigh(picked, float(rng.choice([0.05, 0.5, 1.0, 3.0])))
    else:
        place = int(rng.integers(len(ids)))
        vector = memory.snapshot.vectors[place] if kind == 4 else long_tail.unit(1, rng)[0]
        memory.add_rows([row(vector, rng)])


def same(found: Verdicts, expected: list[brute_force.Answer]) -> None:
    for i, answer in enumerate(expected):
        assert found.label(i) in answer.winners if answer.winners else found.label(i) is None
        if answer.winners:
            assert found.share[i] == pytest.approx(max(answer.shares.values()), abs=CLOSE)


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    different=st.integers(2, 12),
    copies=st.integers(1, 7),
    k=st.integers(1, 14),
    rule=st.sampled_from(["ridge", "ridge", "rank"]),
)
def test_all_that_decide_agree_about_copies(tmp_path_factory, seed, different, copies, k, rule):
    rng = np.random.default_rng(seed)
    with filled(tmp_path_factory.mktemp("m") / "m.vmem", rng, different, copies=copies) as memory:
        for name in ("k", "ridge_k"):
            memory.set(name, k)
        memory.set("rule", rule)
        asked = np.concatenate([long_tail.unit(4, rng), memory.snapshot.vectors[:3]])
        search, scheme = memory.searcher.nearest_many, VotingScheme.of(memory.settings)
        queue = TrackedDecisions(memory.snapshot, queries_of(asked, leave_out=False), search, k=k)
        here = np.flatnonzero(memory.snapshot.active)
        own = TrackedDecisions(memory.snapshot, Queries.exemplars(memory.snapshot, here), search, k=k)
        for _ in range(6):
            edit(memory, rng)
            voters, form = long_tail.voters(memory), memory.settings.class_factor
            queue.update(memory.snapshot)
            own.update(memory.snapshot)
            answers = [brute_force.decide(voters, vector, k, rule, factor=form) for vector in asked]
            same(queue.decide(scheme), answers)
            for vector, answer in zip(asked, answers, strict=True):
                assert brute_force.agrees(memory.decide_vector(vector), answer)
            left_out(memory, own.decide(scheme), own.queries.ids, voters, k, rule)


def left_out(memory: VisualMemory, found: Verdicts, ids, voters: dict[int, brute_force.Voter], k: int, rule: Rule):
    """What is followed of exemplars, and evaluation."""
    form = memory.settings.class_factor
    answers = {i: brute_force.leave_one_out(voters, voter, k, rule, factor=form) for i, voter in voters.items()}
    for place, i in enumerate(ids.tolist()):
        if i in answers:
            assert found.label(place) in answers[i].winners if answers[i].winners else found.label(place) is None
    if not answers:
        return
    outcomes = evaluate(memory, ks=[k], rules=[rule]).outcomes
    for i, winner, share in zip(outcomes.ids.tolist(), outcomes.winner.tolist(), outcomes.share.tolist(), strict=True):
        assert share == pytest.approx(max(answers[i].shares.values(), default=0.0), abs=CLOSE)
        assert outcomes.names[winner] in answers[i].winners if answers[i].winners else winner == -1


def test_five_thousand_copies_take_one_place(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    others = long_tail.unit(150, rng)
    with VisualMemory.create(tmp_path / "m.vmem", dim=long_tail.DIM) as memory:
        memory.add_vectors(np.repeat(others[:1], 5000, axis=0), ["a"] * 3000 + ["b"] * 2000)
        memory.add_vectors(others[1:], ["c"] * 149)
        memory.set("rule", "ridge")
        memory.set("class_factor", "off")
        asked = others[:1] + 0.2 * long_tail.unit(6, rng)
        asked = (asked / np.linalg.norm(asked, axis=1, keepdims=True)).astype(np.float32)
        queue = TrackedDecisions(
            memory.snapshot, queries_of(asked, leave_out=False), memory.searcher.nearest_many, k=100
        )
        assert queue._lists.rows.shape[1] < 150
        monkeypatch.setattr(equal_vectors, "AT_ONCE", 12_000)
        found = queue.decide(VotingScheme.of(memory.settings))
        compared: list[int] = []
        compare = StoredVectors.__call__
        monkeypatch.setattr(StoredVectors, "__call__", lambda it, at: compared.append(at.shape[-1]) or compare(it, at))
        for place, vector in enumerate(asked):
            alone = memory.decide_vector(vector)
            assert len(alone.neighbours) == 5099
            assert {n.copies for n in alone.neighbours if n.id <= 5000} == {4999}
            assert alone.shares["a"] == pytest.approx(1.5 * alone.shares["b"])
            assert (found.label(place), found.share[place]) == (alone.label, pytest.approx(alone.share, abs=CLOSE))
        assert max(compared) == 100


def test_the_graph_is_asked_for_all_that_vote_and_not_for_k_of_them(tmp_path):
    rng = np.random.default_rng(3)
    with filled(tmp_path / "m.vmem", rng, 600, copies=4) as memory:
        memory.maintenance.defer()
        query = long_tail.unit(1, rng)[0]
        memory.decide_vector(query, 10, "ridge", search="hnsw")  # builds the graph
        decision = memory.decide_vector(query, 10, "ridge")
        assert len(decision.neighbours) > 10
        assert decision.search is not None and decision.search.agreement is not None
        assert decision.search.agreement + len(decision.search.missed) == len(decision.neighbours)

"""What is followed under ridge: after hundreds of edits what deciding afresh finds, and little solving is needed."""

from __future__ import annotations

import numpy as np
import pytest

from tests import long_tail
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.memory.tracked_decisions import TrackedDecisions, queries_of
from visualmemory_gui.engine.types import F32, NewExemplar

CLOSE = 1e-9
DIM, EXEMPLARS, QUERIES, EDITS = 24, 400, 40, 500
KINDS = ["teach", "copy", "strike", "restore", "relabel", "trust", "undo"]
LABELS = [f"c{number}" for number in range(8)]


def clustered(n: int, rng: np.random.Generator) -> F32:
    """Around few directions, as the vectors of images are."""
    centres = np.random.default_rng(1).normal(size=(12, DIM))
    raw = centres[rng.integers(len(centres), size=n)] + 0.7 * rng.normal(size=(n, DIM))
    return (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)


def edit(memory: VisualMemory, rng: np.random.Generator) -> None:
    ids, kind = memory.snapshot.ids[memory.snapshot.active], str(rng.choice(KINDS))
    picked = rng.choice(ids, int(rng.integers(1, 4)), replace=False).tolist()
    if kind == "teach":
        memory.add_rows([NewExemplar(str(rng.choice(LABELS)), clustered(1, rng)[0])])
    elif kind == "copy":
        [vector] = memory.catalog.vectors(picked[:1])
        memory.add_rows([NewExemplar(str(rng.choice(LABELS)), vector)])
    elif kind == "strike":
        memory.strike(picked)
    elif kind == "restore":
        memory.restore([row.id for row in memory.catalog.select() if row.state == "struck"][:3])
    elif kind == "relabel":
        memory.relabel(picked, str(rng.choice(LABELS)))
    elif kind == "trust":
        memory.reweigh(picked, float(rng.choice([0.05, 0.5, 1.0, 3.0, 100.0])))
    else:
        memory.undo()


def test_one_query_many_and_what_is_followed_agree_after_five_hundred_edits(tmp_path):
    rng = np.random.default_rng(7)
    with VisualMemory.create(tmp_path / "m.vmem", dim=DIM) as memory:
        memory.add_vectors(clustered(EXEMPLARS, rng), [LABELS[i % 8] for i in range(EXEMPLARS)])
        memory.set("rule", "ridge")
        memory.set("ridge_k", 30)
        scheme, search = VotingScheme.of(memory.settings), memory.searcher.nearest_many
        asked = clustered(QUERIES, rng)
        queries = queries_of(asked, leave_out=False)
        followed = TrackedDecisions(memory.snapshot, queries, search, k=scheme.k)
        solved = []
        for number in range(EDITS):
            edit(memory, rng)
            followed.update(memory.snapshot)
            found = followed.decide(scheme)
            solved.append(followed._solved.solved)
            if number % 10 == 9:
                many = TrackedDecisions(memory.snapshot, queries, search, k=scheme.k).decide(scheme)
                assert np.abs(found.share - many.share).max() <= CLOSE
                assert np.abs(found.margin - many.margin).max() <= CLOSE
            if number % 100 == 99:
                for place, vector in enumerate(asked):
                    one = memory.decide_vector(vector)
                    assert found.share[place] == pytest.approx(one.share, abs=CLOSE)
        assert np.mean(solved[1:]) < 0.25 * QUERIES


@pytest.fixture
def followed(tmp_path):
    rng = np.random.default_rng(3)
    with VisualMemory.create(tmp_path / "m.vmem", dim=DIM) as memory:
        memory.add_vectors(clustered(EXEMPLARS, rng), [LABELS[i % 8] for i in range(EXEMPLARS)])
        memory.set("rule", "ridge")
        scheme = VotingScheme.of(memory.settings)
        queries = queries_of(clustered(1, rng), leave_out=False)
        tracked = TrackedDecisions(memory.snapshot, queries, memory.searcher.nearest_many, k=scheme.k)
        tracked.decide(scheme)

        def solved_by(change) -> int:
            change()
            tracked.update(memory.snapshot)
            found = tracked.decide(scheme)
            one = memory.decide_vector(queries.vectors[0])
            assert found.share[0] == pytest.approx(one.share, abs=CLOSE)
            return tracked._solved.solved

        yield memory, memory.decide_vector(queries.vectors[0]).neighbours, solved_by


def test_what_cannot_change_the_answer_solves_nothing(followed):
    memory, neighbours, solved_by = followed
    voters = [n.id for n in neighbours if n.weight > 0.0]
    silent = [n.id for n in neighbours if n.weight == 0.0]
    assert solved_by(lambda: memory.relabel(voters[:2], "c7")) == 0
    assert solved_by(lambda: memory.reweigh(voters[:2], 40.0)) == 0
    assert solved_by(lambda: memory.reweigh(silent[:2], 0.1)) == 0
    assert solved_by(lambda: memory.set("class_factor", "off")) == 0
    far = long_tail.unit(1, np.random.default_rng(0))
    far = np.pad(far, ((0, 0), (0, DIM - far.shape[1])))
    assert solved_by(lambda: memory.add_vectors(far, ["c1"])) == 0


def test_what_can_change_the_answer_is_solved(followed):
    memory, neighbours, solved_by = followed
    voter = next(n.id for n in neighbours if n.weight > 0.0)
    assert solved_by(lambda: memory.reweigh([voter], 0.5)) == 1
    assert solved_by(lambda: memory.strike([voter])) == 1
    assert solved_by(lambda: memory.restore([voter])) == 1
    [vector] = memory.catalog.vectors([voter])
    assert solved_by(lambda: memory.add_vectors(vector[None], ["c1"])) == 1

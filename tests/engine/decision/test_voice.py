"""What neighbours explain under the ridge rule, which of them are near copies, and the words for it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.engine.snapshots import snapshot_of
from visualmemory_gui.engine.decision.decide import decide
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.text.voice import meaning, without_a_vote
from visualmemory_gui.engine.types import F32, Decision

RNG = np.random.default_rng(5)


def unit(rows: np.ndarray) -> F32:
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


def decided(vectors: F32, query: F32, scheme: VotingScheme, trust: list[float]) -> Decision:
    snapshot = snapshot_of(["a", "b"] * (len(vectors) // 2), vectors, trust=trust)
    distances = 1.0 - np.einsum("ij,j->i", vectors.astype(np.float64), query.astype(np.float64))
    rows = np.argsort(distances, kind="stable")[: scheme.k]
    return decide(snapshot, rows, distances[rows], scheme)


@pytest.fixture
def vectors() -> F32:
    """60 vectors of which the first three are nearly one."""
    raw = RNG.normal(size=(60, 12)) + 0.4
    raw[1:3] = raw[0] + 0.01 * RNG.normal(size=(2, 12))
    return unit(raw)


def test_what_neighbours_explain_sums_to_all_and_no_trust_above_1_counts(vectors: F32) -> None:
    plain = decided(vectors, vectors[0], VotingScheme("ridge", 40), [1.0] * 60)
    trusted = decided(vectors, vectors[0], VotingScheme("ridge", 40), [1.0, 3.0] * 30)
    assert sum(n.explains or 0.0 for n in plain.neighbours) == pytest.approx(1.0)
    assert [n.explains for n in trusted.neighbours] == pytest.approx([n.explains for n in plain.neighbours])
    assert [n.share for n in trusted.neighbours] != pytest.approx([n.share for n in plain.neighbours])
    assert {n.id for n in plain.silent} == {n.id for n in plain.neighbours if n.meaning.startswith("adds nothing")}
    assert len(plain.silent) + len(plain.voters) == 40


def test_near_copies_that_vote_are_counted(vectors: F32) -> None:
    found = decided(vectors, vectors[0], VotingScheme("ridge", 40), [1.0] * 60)
    first = found.neighbours[0]
    voting = [n for n in found.neighbours[:3] if n.weight > 0]
    assert first.copies == len(voting) - 1 > 0
    assert first.meaning.endswith("that voice")
    assert all(n.copies == 0 for n in found.neighbours[3:])


def test_by_the_papers_rules_no_neighbour_explains_anything(vectors: F32) -> None:
    found = decided(vectors, vectors[0], VotingScheme("rank", 10), [1.0] * 60)
    assert {(n.explains, n.copies, n.meaning) for n in found.neighbours} == {(None, 0, "")}
    assert (found.silent, found.silent_words) == ((), "")


@pytest.mark.parametrize(
    ("explains", "copies", "said"),
    [
        (0.312, 3, "explains 31 % of this image; three near copies share that voice"),
        (0.312, 1, "explains 31 % of this image; one near copy shares that voice"),
        (0.004, 0, "explains less than 1 % of this image"),
        (0.0, 2, "adds nothing that nearer ones do not show"),
        (None, 0, ""),
    ],
)
def test_a_vote_in_words(explains: float | None, copies: int, said: str) -> None:
    assert meaning(explains, copies) == said


def test_those_without_a_vote_in_words() -> None:
    assert without_a_vote(58, 100, explaining=True) == (
        "58 more of the 100 nearest add nothing that nearer ones do not show"
    )
    assert without_a_vote(1, 10, explaining=False) == "1 more of the 10 nearest weighs nothing"
    assert without_a_vote(0, 10, explaining=True) == ""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest

from tests.engine.snapshots import snapshot_of
from visualmemory_gui.engine.decision import novelty, sample
from visualmemory_gui.engine.decision.decide import decide
from visualmemory_gui.engine.decision.leave_one_out import ContentKeys, Related
from visualmemory_gui.engine.decision.novelty import (
    Limits,
    OwnFigures,
    Thresholds,
    in_words,
    judge,
    judge_many,
    measure,
)
from visualmemory_gui.engine.decision.sample import ExemplarVotes
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.index.search import nearest_exact
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F32, Decision, Novelty

SCHEME = VotingScheme("rank", 10, class_factor="off")
USUAL = Thresholds({1: 0.1, 3: 0.2, 10: 0.3}, different=60)


def cloud(n: int, *, seed: int = 0) -> F32:
    raw = np.random.default_rng(seed).normal(size=(n, 8))
    return (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)


def said_of(
    snapshot: Snapshot,
    distances: list[float],
    *,
    first: int = 0,
    winner: int = 0,
    usual: Thresholds | None,
    twin: int = 0,
) -> tuple[bool | None, Novelty]:
    """What is said of one query, whose neighbours are the exemplars from ``first`` on; as one and as one of many."""
    rows, far = np.arange(first, first + len(distances)), np.array(distances)
    related = Related.of(snapshot, rows[None], ContentKeys(np.array([0]), np.array([twin])))
    judged = judge(snapshot, rows, far, SCHEME, winner=winner, total=0.0, thresholds=usual, related=related)
    many = judge_many(
        snapshot,
        rows[None],
        far[None],
        SCHEME,
        winner=np.array([winner]),
        total=np.zeros(1),
        thresholds=usual,
        related=related,
    )
    for one, of_many in zip(judged, many, strict=True):
        np.testing.assert_array_equal(of_many, one)
    said = {novelty.KNOWN: True, novelty.UNKNOWN: False, novelty.UNTOLD: None}[judged.known]
    return said, in_words(judged, usual, snapshot.labels[0])


def thresholds_of(snapshot: Snapshot) -> Thresholds:
    return measure(ExemplarVotes.of(snapshot, nearest_exact, SCHEME)).thresholds(Limits())


def ask(labels: list[str], distances: list[float], *, content: int = 0, image: int = 0) -> Decision:
    snapshot = snapshot_of(labels)
    rows = np.arange(len(distances))
    related = Related.of(snapshot, rows[None], ContentKeys.one(content, 0, image))
    return decide(snapshot, rows, np.array(distances), SCHEME, novelty=USUAL, related=related)


@pytest.mark.parametrize(("exemplars", "m"), [(1, 1), (2, 1), (3, 3), (9, 3), (10, 10), (40, 10)])
def test_m_is_the_largest_not_above_the_winner_s_exemplars(exemplars: int, m: int) -> None:
    snapshot = snapshot_of(["winner"] * exemplars + ["other"] * 60)
    distances = np.linspace(0.01, 0.5, 20)
    _, why = said_of(snapshot, distances.tolist(), usual=USUAL)
    assert why.m == m
    assert why.statistic == pytest.approx(distances[:m].mean())
    assert why.threshold == USUAL.distances[m]


def test_a_query_beyond_the_threshold_is_unknown_and_says_so_in_numbers() -> None:
    far = ask(["a"] * 60, [0.5] * 10)
    near = ask(["a"] * 60, [0.3] * 10)
    assert (far.known, near.known) == (False, True)
    assert far.novelty is not None
    assert far.novelty.reason == (
        "unlike anything here: mean distance to the 10 nearest exemplars is 0.500, "
        "above the 0.300 that holds for 99 % of the memory's own exemplars"
    )


def test_struck_exemplars_of_the_winner_do_not_count_towards_m() -> None:
    snapshot = snapshot_of(["a"] * 10 + ["b"] * 60, active=[True] * 2 + [False] * 8 + [True] * 60)
    _, why = said_of(snapshot, [0.05] * 20, first=10, usual=USUAL)
    assert why.m == 1


def test_neighbours_of_the_query_s_own_content_do_not_count_and_make_it_known() -> None:
    same = ask(["a"] * 60, [0.0, *[1.0] * 11], content=1)
    assert same.known is True
    assert same.novelty is not None
    assert same.novelty.statistic == 1.0
    other = ask(["a"] * 60, [0.0, *[1.0] * 11], content=1000)
    assert other.known is False


def test_an_exemplar_of_the_query_s_content_behind_ten_others_does_not_make_it_known() -> None:
    snapshot = snapshot_of(["a"] * 60)
    for retrieved in (10, 11, 12, 21):
        rows, keys = np.arange(retrieved), ContentKeys.one(int(snapshot.content[10]), 0, 0)
        behind = Related.of(snapshot, rows[None], keys)
        assert decide(snapshot, rows, np.ones(retrieved), SCHEME, novelty=USUAL, related=behind).known is False
    rows = np.arange(11)
    before = Related.of(snapshot, rows[None], ContentKeys.one(int(snapshot.content[9]), 0, 0))
    assert decide(snapshot, rows, np.ones(11), SCHEME, novelty=USUAL, related=before).known is True


def test_the_whole_image_of_a_part_does_not_count_and_does_not_make_it_known() -> None:
    part = ask(["a"] * 60, [0.0, *[1.0] * 11], content=1000, image=1)
    assert part.known is False
    assert part.novelty is not None
    assert part.novelty.statistic == 1.0


def test_a_query_whose_vector_is_an_exemplar_s_is_known() -> None:
    snapshot = snapshot_of(["a"] * 60)
    twin = int(snapshot.twin[0])
    known, why = said_of(snapshot, [1.0] * 12, usual=USUAL, twin=twin)
    assert known is True
    assert "is an exemplar" in why.reason


def test_under_fifty_different_exemplars_nothing_can_be_told() -> None:
    few = ask(["a"] * 49, [0.0] * 12, content=1)
    assert few.known is None
    assert few.novelty is not None
    assert few.novelty.reason.startswith("too few to tell: 49")


def test_copies_are_not_different() -> None:
    vectors = np.repeat(cloud(40), 2, axis=0)
    snapshot = snapshot_of(["a"] * 80, vectors)
    assert novelty.different_exemplars(snapshot) == 40
    thresholds = thresholds_of(snapshot)
    known, why = said_of(snapshot, [0.1] * 12, usual=thresholds)
    assert (known, thresholds.distances) == (None, {})
    assert why.reason.startswith("too few to tell: 40")


def test_not_measured_yet_is_not_unknown() -> None:
    snapshot = snapshot_of(["a"] * 60)
    known, why = said_of(snapshot, [0.1] * 12, usual=None)
    assert known is None
    assert "not been measured" in why.reason


def slow_thresholds(snapshot: Snapshot) -> dict[int, float]:
    """Leave-one-out by hand, one exemplar at a time."""
    active = np.flatnonzero(snapshot.active)
    figures: dict[int, list[float]] = {1: [], 3: [], 10: []}
    for row in active:
        alike = (snapshot.content == snapshot.content[row]) & (snapshot.content[row] != 0)
        alike |= (snapshot.group == snapshot.group[row]) & (snapshot.group[row] != 0)
        alike |= snapshot.twin == snapshot.twin[row]
        rest = np.flatnonzero(snapshot.active & ~alike)
        cosine = snapshot.vectors[rest].astype(np.float64) @ snapshot.vectors[row].astype(np.float64)
        distances = np.sort(np.clip(1 - cosine, 0, 2))
        for m, found in figures.items():
            if len(distances) >= m:
                found.append(float(distances[:m].mean()))
    return {m: float(np.quantile(found, 0.99)) for m, found in figures.items()}


def test_thresholds_are_the_quantiles_of_leave_one_out() -> None:
    rng = np.random.default_rng(1)
    vectors = cloud(120)
    vectors[100:110] = vectors[:10]
    snapshot = snapshot_of(
        ["a", "b"] * 60,
        vectors,
        active=list(rng.random(120) > 0.1),
        content=[int(c) for c in rng.integers(0, 90, 120)],
        group=[int(g) for g in rng.integers(0, 20, 120)],
    )
    found = measure(ExemplarVotes.of(snapshot, nearest_exact, SCHEME))
    assert found.thresholds(Limits()).distances == pytest.approx(slow_thresholds(snapshot))
    assert found.sampled == snapshot.active_count


def test_figures_pass_through_json() -> None:
    votes = ExemplarVotes.of(snapshot_of(["a", "b"] * 40, cloud(80)), nearest_exact, VotingScheme("ridge", 20))
    found = measure(votes)
    assert set(found.distances) == {1, 3, 10} and set(found.totals) == {0, 1}
    assert OwnFigures.from_dict(json.loads(json.dumps(found.to_dict()))) == found


def test_thresholds_that_an_earlier_version_kept_still_judge_distances() -> None:
    kept = {"values": {"1": 0.1, "3": 0.2, "10": 0.3}, "different": 60, "sampled": 60, "seed": 0, "change": 1}
    found = OwnFigures.from_dict(kept)
    assert found.thresholds(Limits()).distances == USUAL.distances
    assert found.scheme is None and found.thresholds(Limits()).least(SCHEME) is None


def test_the_sample_is_drawn_by_content_and_seed() -> None:
    snapshot = snapshot_of(["a"] * 300, cloud(300))
    drawn = sample.sample(snapshot, seed=7, size=100)
    digest = {i: hashlib.sha256(int(i + 1).to_bytes(8, "little") + b"7").digest() for i in range(300)}
    assert drawn.tolist() == sorted(sorted(range(300), key=lambda i: digest[i])[:100])
    assert drawn.tolist() != sample.sample(snapshot, seed=8, size=100).tolist()


def test_forgetting_leaves_the_sample_of_a_memory_that_never_saw_it() -> None:
    vectors, content = cloud(300), list(range(1000, 1300))
    gone = set(range(0, 300, 7))
    left = [i for i in range(300) if i not in gone]
    struck = snapshot_of(["a"] * 300, vectors, content=content, active=[i not in gone for i in range(300)])
    never = snapshot_of(["a"] * len(left), vectors[left], content=[content[i] for i in left])
    drawn = sample.sample(struck, size=100)
    assert struck.content[drawn].tolist() == never.content[sample.sample(never, size=100)].tolist()

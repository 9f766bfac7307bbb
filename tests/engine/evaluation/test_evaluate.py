from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import paint_image, write_images
from tests.engine.rule_weights import weights
from tests.engine.snapshots import snapshot_of
from visualmemory_gui.engine.decision.class_factor import class_factor as factor_of
from visualmemory_gui.engine.decision.class_factor import usual_size_of
from visualmemory_gui.engine.decision.levels import at_level
from visualmemory_gui.engine.decision.queries import Queries
from visualmemory_gui.engine.decision.votes import tally
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.errors import BadValue, Cancelled
from visualmemory_gui.engine.evaluation.evaluate import evaluate, evaluate_snapshot
from visualmemory_gui.engine.evaluation.query_set import QuerySet, winners
from visualmemory_gui.engine.index.search import Searcher, SearchResult, nearest_exact
from visualmemory_gui.engine.memory.tracked_decisions import queries_of
from visualmemory_gui.engine.memory.visual_memory import VisualMemory
from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import CLASS_FACTORS, F32, F64, I64, PAPER_RULES, ClassFactor, SearchInfo

LABELS = ["a/x", "a/y", "b", "b/z/1", "c"]
# Unit vectors with exact float32 products, so that equal distances are equal to the last bit.
LATTICE = (np.array([[s & 1, s >> 1 & 1, s >> 2 & 1, s >> 3 & 1] for s in range(16)], np.float32) * 2 - 1) / 2


@dataclass
class Query:
    vector: Any
    label: str
    own: bool
    hidden: Any


@st.composite
def memories(draw: st.DrawFn) -> Snapshot:
    n = draw(st.integers(2, 24))

    def column(values: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(values, min_size=n, max_size=n))

    return snapshot_of(
        column(st.sampled_from(LABELS)),
        LATTICE[column(st.integers(0, 15))],
        active=[True, *column(st.sampled_from([True, True, True, False]))[1:]],
        trust=column(st.sampled_from([1.0, 1.0, 0.5, 3.0])),
        content=column(st.integers(0, 9)),
        group=column(st.sampled_from([0, 0, 0, 1, 2])),
    )


def own_queries(snapshot: Snapshot) -> list[Query]:
    """Leave-one-out in its plainest words."""
    queries = []
    for row in np.flatnonzero(snapshot.active):
        hidden = np.arange(len(snapshot)) == row
        hidden |= snapshot.twin == snapshot.twin[row]
        if snapshot.content[row]:
            hidden |= snapshot.content == snapshot.content[row]
        if snapshot.group[row]:
            hidden |= snapshot.group == snapshot.group[row]
        label = snapshot.labels[snapshot.label[row]]
        queries.append(Query(snapshot.vectors[row], label, label, hidden))
    return queries


def given_queries(snapshot: Snapshot, asked: Queries) -> list[Query]:
    out = []
    for vector, label, content, twin in zip(asked.vectors, asked.labels, *asked.keys[:2], strict=True):
        hidden = snapshot.twin == twin
        if content:
            hidden |= snapshot.content == content
        copies = [snapshot.labels[code] for code in snapshot.label[hidden & snapshot.active]]
        own = label if label in copies else next(iter(copies), None)
        out.append(Query(vector, label, own, hidden))
    return out


def neighbours(snapshot: Snapshot, query: Query) -> tuple[I64, F64]:
    rows = np.flatnonzero(snapshot.active & ~query.hidden)
    distances = np.clip(1 - snapshot.vectors[rows].astype(np.float64) @ query.vector.astype(np.float64), 0, 2)
    order = np.lexsort((rows, distances))
    return rows[order], distances[order]


def slow(snapshot: Snapshot, queries: list[Query], *, ks: list[int], k: int, factor: ClassFactor) -> dict[str, Any]:
    """Every query, rule, k and level by itself."""
    hits: dict[tuple[str, int, int], int] = defaultdict(int)
    reliability: dict[int, list[bool]] = defaultdict(list)
    confusion: dict[str, dict[str, int]] = {}
    shares = []
    deepest = max(label.count("/") + 1 for label in {*snapshot.labels, *(q.label for q in queries)})
    for query in queries:
        rows, distances = neighbours(snapshot, query)
        names = [snapshot.labels[c] for c in snapshot.label[rows]]
        for i, name in enumerate(names[: max(*ks, k)]):
            reliability[i].append(name == query.label)
        counts = snapshot.counts[snapshot.label[rows]]
        counts = counts - np.array([name == query.own for name in names], int)
        scale = snapshot.trust[rows] * factor_of(factor, counts, usual_size_of(snapshot))
        for rule in PAPER_RULES:
            for n in ks:
                cast = (weights(rule, distances[:n]) * scale[:n]).tolist()
                for level in range(deepest + 1):
                    won = tally([at_level(name, level) for name in names[:n]], cast).winner
                    hits[rule, n, level] += won == at_level(query.label, level)
        found = tally(names[:k], (weights("rank", distances[:k]) * scale[:k]).tolist())
        of_label = confusion.setdefault(query.label, {})
        of_label[found.winner or ""] = of_label.get(found.winner or "", 0) + 1
        if found.winner is not None:
            shares.append(found.share)
    accuracy = {
        level: {rule: {n: hits[rule, n, level] / len(queries) for n in ks} for rule in PAPER_RULES}
        for level in range(deepest + 1)
    }
    return {
        "by_level": accuracy,
        "reliability": [sum(right) / len(right) for _, right in sorted(reliability.items())],
        "confusion": confusion,
        "shares": shares,
    }


@settings(max_examples=60, deadline=None)
@given(memories(), st.sampled_from(CLASS_FACTORS), st.integers(1, 12))
def test_leave_one_out_is_that_of_a_plain_loop(snapshot: Snapshot, factor: ClassFactor, k: int) -> None:
    ks = [1, 2, 5, 30]
    found = evaluate_snapshot(snapshot, nearest_exact, ks=ks, scheme=VotingScheme("rank", k, class_factor=factor))
    check(found, slow(snapshot, own_queries(snapshot), ks=ks, k=k, factor=factor))


@settings(max_examples=40, deadline=None)
@given(memories(), st.sampled_from(CLASS_FACTORS), st.data())
def test_given_queries_are_those_of_a_plain_loop(snapshot: Snapshot, factor: ClassFactor, data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 8))
    columns = st.lists(st.integers(0, 15), min_size=n, max_size=n)
    at, content = data.draw(columns), data.draw(columns)
    names = data.draw(st.lists(st.sampled_from([*LABELS, "never/seen"]), min_size=n, max_size=n))
    asked = queries_of(LATTICE[at], names)
    asked = replace(asked, keys=asked.keys._replace(content=np.array(content, np.int64)))
    ks = [1, 3, 30]
    found = evaluate_snapshot(
        snapshot, nearest_exact, asked, ks=ks, scheme=VotingScheme("rank", 4, class_factor=factor)
    )
    check(found, slow(snapshot, given_queries(snapshot, asked), ks=ks, k=4, factor=factor))


def check(found: Any, expected: dict[str, Any]) -> None:
    assert found.accuracy_by_level == expected["by_level"]
    assert found.accuracy == expected["by_level"][0]
    assert list(found.reliability_at_k) == expected["reliability"]
    assert found.confusion == expected["confusion"]
    told = found.calibration
    for level in found.levels:
        outcomes, by_k = found.at(level), found.accuracy_by_level[level][told.rule]
        assert outcomes.accuracy == by_k.get(told.k, outcomes.accuracy)
        figures = outcomes.per_class.values()
        assert sum(one.accuracy * one.support for one in figures) == pytest.approx(outcomes.accuracy * found.queries)
        assert [one.accuracy for _, one in outcomes.hardest()] == sorted(one.accuracy for one in figures)
    bins = found.calibration.bins
    assert sum(one.queries for one in bins) == len(expected["shares"])
    mass = [one.queries for one in bins]
    assert not mass or max(mass) - min(mass) <= 1
    assert sum(one.share * one.queries for one in bins) == pytest.approx(sum(expected["shares"]))
    assert [one.share for one in bins] == sorted(one.share for one in bins)


def cloud(n: int, *, seed: int = 0) -> Snapshot:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(6, 12))
    of = rng.integers(0, 6, n)
    raw = centres[of] + 1.5 * rng.normal(size=(n, 12))
    vectors = (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)
    group = [int(g) for g in rng.integers(0, 40, n)]
    return snapshot_of([f"kind {c % 2}/class {c}" for c in of], vectors, group=group)


def by_plain_products(
    snapshot: Snapshot, queries: F32, k: int, *, excluded_rows: Callable[[int], I64], report: Report, different: bool
) -> list[SearchResult]:
    """Every distance in float64, sorted: no candidates, nothing measured twice."""
    found = []
    for i, query in enumerate(queries):
        distances = 1.0 - np.einsum("ij,j->i", snapshot.vectors.astype(np.float64), query.astype(np.float64))
        distances[~snapshot.active] = np.inf
        distances[excluded_rows(i)] = np.inf
        rows = np.argsort(distances, kind="stable")[:k]
        rows = rows[np.isfinite(distances[rows])]
        found.append(SearchResult(rows, np.clip(distances[rows], 0.0, 2.0), SearchInfo("exact", "cpu")))
    return found


def test_the_memory_s_own_search_gives_the_figures_of_plain_products() -> None:
    snapshot = cloud(1500)
    searcher = Searcher(12)
    assert evaluate_snapshot(snapshot, searcher.nearest_many) == evaluate_snapshot(snapshot, by_plain_products)
    searcher.close()


RIDGE = VotingScheme("ridge", 20, class_factor="off")


def test_under_ridge_each_k_and_each_parameter_is_solved_by_itself() -> None:
    snapshot, ks = cloud(700), (5, 20, 40)
    found = evaluate_snapshot(snapshot, nearest_exact, ks=ks, rules=("rank", "ridge"), scheme=RIDGE)
    asked = QuerySet.active(snapshot)

    def right(k: int, scheme: VotingScheme) -> float:
        near = asked.neighbours(snapshot, nearest_exact, k)
        return float((winners(near, replace(scheme, k=k)) == asked.truth).mean())

    assert found.accuracy["ridge"] == {k: right(k, RIDGE) for k in ks}
    assert found.accuracy["ridge"][40] != found.accuracy["rank"][40]
    used = {one.name: one.used for one in found.sweeps}
    assert used == {"rank": 2.0, "ridge gamma": 2.0, "ridge penalty": 0.3}
    for sweep in found.sweeps[1:]:
        assert sweep.accuracy[sweep.used] == found.accuracy["ridge"]
        value = min(sweep.accuracy)
        assert sweep.accuracy[value][20] == right(20, RIDGE.with_parameters(**{sweep.parameter: value}))


def test_where_k_is_large_fewer_queries_are_compared_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot, asked = cloud(300), list[int]()

    def noted(snapshot: Snapshot, queries: F32, count: int, **how: Any) -> list[SearchResult]:
        asked.append(len(queries))
        return nearest_exact(snapshot, queries, count, **how)

    whole = evaluate_snapshot(snapshot, nearest_exact, ks=(40,), rules=("ridge",), scheme=RIDGE)
    monkeypatch.setattr("visualmemory_gui.engine.evaluation.winners.PAIRS", 50 * 40 * 40)
    found = evaluate_snapshot(snapshot, noted, ks=(40,), rules=("ridge",), scheme=RIDGE)
    assert found.accuracy == whole.accuracy and max(asked) == 50


def test_parameters_of_ridge_are_varied_on_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("visualmemory_gui.engine.evaluation.evaluate.SWEPT", 100)
    found = evaluate_snapshot(cloud(700), nearest_exact, ks=(20,), rules=("rank", "ridge"), scheme=RIDGE)
    of_rank, *of_ridge = (one.queries for one in found.sweeps)
    assert of_rank == 700
    assert all(80 <= queries <= 120 for queries in of_ridge)
    assert found.to_json()["sweeps"]["ridge gamma"]["queries"] == of_ridge[0]


def test_calibration_is_that_of_its_definition() -> None:
    found = evaluate_snapshot(
        cloud(600), nearest_exact, scheme=VotingScheme("softmax", 7, class_factor="off")
    ).calibration
    assert (found.k, found.rule, len(found.bins)) == (7, "softmax", 15)
    assert {one.queries for one in found.bins} == {40}
    assert found.ece == pytest.approx(np.mean([abs(one.share - one.accuracy) for one in found.bins]))
    assert found.entropy_bits is not None
    assert 0 < found.entropy_bits < np.log2(6)


def test_the_entropy_of_an_even_vote_of_four_classes_is_two_bits() -> None:
    vectors = np.eye(5, dtype=np.float32)
    asked = queries_of(vectors[4:], ["a"])
    snapshot = snapshot_of(["a", "b", "c", "d"], vectors[:4])
    found = evaluate_snapshot(
        snapshot, nearest_exact, asked, scheme=VotingScheme("plurality", 4, class_factor="off")
    ).calibration
    assert found.entropy_bits == pytest.approx(2.0)


def test_json_has_text_keys_and_fractions() -> None:
    found = evaluate_snapshot(cloud(80), nearest_exact, ks=(1, 5), rules=("rank",)).to_json()
    assert found["queries"] == 80
    assert list(found["accuracy"]) == ["rank"]
    assert list(found["accuracy"]["rank"]) == ["1", "5"]
    assert list(found["accuracy_by_level"]) == ["0", "1", "2"]
    assert found["accuracy_by_level"]["0"] == found["accuracy"]
    assert len(found["reliability_at_k"]) == 10
    assert all(0 <= x <= 1 for x in found["reliability_at_k"])
    assert sum(sum(row.values()) for row in found["confusion"].values()) == 80


def test_a_single_exemplar_has_nothing_to_compare_with() -> None:
    found = evaluate_snapshot(snapshot_of(["a"]), nearest_exact)
    assert found.accuracy["rank"][1] == 0.0
    assert found.confusion == {"a": {"": 1}}
    assert (found.calibration.bins, found.calibration.ece) == ((), None)


def test_an_empty_memory_cannot_be_evaluated() -> None:
    with pytest.raises(BadValue, match="no active exemplar"):
        evaluate_snapshot(snapshot_of(["a"], active=[False]), nearest_exact)


def test_k_below_one_is_refused() -> None:
    with pytest.raises(BadValue, match="at least 1"):
        evaluate_snapshot(snapshot_of(["a"]), nearest_exact, ks=(0,))


def test_an_evaluation_can_be_stopped() -> None:
    def stop(done: int, total: int | None, what: str = "") -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        evaluate_snapshot(cloud(80), nearest_exact, report=stop)


def test_a_memory_is_evaluated_with_its_settings(memory: VisualMemory) -> None:
    memory.set("k", 3)
    memory.set("rule", "distance")
    found = evaluate(memory, ks=(1, 3))
    assert (found.calibration.k, found.calibration.rule, found.class_factor) == (3, "distance", "old")
    assert found.queries == 18
    assert found.accuracy["distance"][1] == 1.0


def test_a_test_folder_is_asked_and_what_cannot_be_read_is_listed(memory: VisualMemory, tmp_path: Path) -> None:
    folder = tmp_path / "test" / "animals" / "cat"
    folder.mkdir(parents=True)
    paint_image((200, 60, 40), seed=77).save(folder / "new.png")
    paint_image((60, 70, 210), seed=78).save(folder / "a rose in truth.png")
    (folder / "broken.png").write_bytes(b"no image")
    found = evaluate(memory, tmp_path / "test")
    assert found.queries == 2
    assert found.confusion == {"animals/cat": {"animals/cat": 1, "plants/rose": 1}}
    assert found.accuracy["rank"][1] == 0.5
    assert [Path(one.path).name for one in found.skipped] == ["broken.png"]


def test_test_images_that_are_exemplars_do_not_answer_for_themselves(memory: VisualMemory, tmp_path: Path) -> None:
    again = write_images(tmp_path / "again", each=6)
    memory.set("class_factor", "off")
    on_folder, left_out = evaluate(memory, again), evaluate(memory)
    assert on_folder == left_out


def test_a_folder_without_images_is_refused(memory: VisualMemory, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    with pytest.raises(BadValue, match="no image"):
        evaluate(memory, tmp_path / "none")

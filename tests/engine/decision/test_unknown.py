"""Unknown for two reasons, on real memories: each with its own switch and quantile, measured and never waited for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import clustered
from visualmemory_gui.engine.decision.novelty import KNOWN, UNKNOWN, UNTOLD, Limits
from visualmemory_gui.engine.decision.own_measures import OwnMeasures
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.memory.tracked_decisions import TrackedDecisions, queries_of
from visualmemory_gui.engine.memory.visual_memory import VisualMemory
from visualmemory_gui.engine.types import F32, Decision

DIM, EACH = 16, 60


def unit(raw: np.ndarray) -> F32:
    return (raw / np.linalg.norm(raw, axis=-1, keepdims=True)).astype(np.float32)


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[VisualMemory]:
    """Six classes under three first parts, each around an axis of its own, decided by ridge."""
    rng = np.random.default_rng(1)
    vectors = unit(np.repeat(np.eye(6, DIM), EACH, axis=0) + 0.12 * rng.normal(size=(6 * EACH, DIM)))
    with VisualMemory.create(tmp_path / "m.vmem", dim=DIM) as m:
        for name, value in (("rule", "ridge"), ("ridge_k", 20), ("class_factor", "off")):
            m.set(name, value)
        m.add_vectors(vectors, [f"part {i // EACH // 2}/class {i // EACH}" for i in range(6 * EACH)])
        yield m


def between(first: int, second: int) -> F32:
    """Halfway between two classes."""
    return unit(np.eye(6, DIM)[first] + np.eye(6, DIM)[second])


def reasons(decision: Decision) -> tuple[str, ...]:
    assert decision.novelty is not None
    return decision.novelty.because


def test_each_reason_has_a_switch_of_its_own(memory: VisualMemory) -> None:
    halfway, elsewhere, inside = between(0, 3), unit(np.eye(16)[12]), unit(np.eye(6, DIM)[2])
    assert memory.decide_vector(inside).known is True
    assert reasons(memory.decide_vector(halfway)) == ("unlike", "between")
    assert "unlike" in reasons(memory.decide_vector(elsewhere))
    memory.set("unlike", "off")
    found = memory.decide_vector(halfway)
    assert (found.known, reasons(found)) == (False, ("between",))
    assert found.novelty.reason.startswith("between classes: the votes for part")
    memory.set("between", "off")
    found = memory.decide_vector(halfway)
    assert found.known is None and "both tests are off" in found.novelty.reason
    memory.set("unlike", "on")
    assert reasons(memory.decide_vector(halfway)) == ("unlike",)


def test_a_quantile_holds_at_once_without_measuring_again(
    memory: VisualMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OwnMeasures, "of", never)
    figures = memory._live.decider.usual.figures
    for quantile in (0.6, 0.9):
        memory.set("between_quantile", quantile)
        assert memory.maintenance.thresholds.totals[0] == pytest.approx(np.quantile(figures.totals[0], 1 - quantile))
        memory.set("unlike_quantile", quantile)
        assert memory.maintenance.thresholds.distances[3] == np.quantile(figures.distances[3], quantile)


@pytest.mark.parametrize(("name", "value"), [("unlike_quantile", "1"), ("between_quantile", "nan"), ("between", "5")])
def test_a_setting_out_of_range_is_refused(memory: VisualMemory, name: str, value: str) -> None:
    with pytest.raises(BadValue, match=name):
        memory.set(name, value)


def never(*_: object, **__: object) -> OwnMeasures:
    raise AssertionError("a decision waited for what is usual")


def test_totals_are_those_of_each_exemplar_decided_by_the_others(memory: VisualMemory) -> None:
    figures = memory._live.decider.usual.figures
    for level in (0, 1, 2):
        own = [
            memory.decide_vector(v, own=i, level=level).novelty.total
            for i, v in zip(memory.snapshot.ids.tolist(), memory.snapshot.vectors, strict=True)
        ]
        assert figures.totals[level] == pytest.approx(sorted(own), abs=1e-7)


def test_neither_trust_above_1_nor_the_class_factor_changes_a_total(memory: VisualMemory) -> None:
    asked = between(0, 3)
    before = memory.decide_vector(asked)
    memory.maintenance.defer()
    memory.reweigh(memory.snapshot.ids.tolist(), 5.0)
    assert memory.decide_vector(asked).novelty.total == pytest.approx(before.novelty.total)
    memory.strike([n.id for n in before.neighbours if n.label != before.label][:1])
    assert memory.decide_vector(asked).novelty.total != before.novelty.total


@pytest.mark.parametrize("level", [0, 1])
def test_one_query_and_many_are_judged_alike(memory: VisualMemory, level: int) -> None:
    rng = np.random.default_rng(4)
    mixed = np.concatenate([memory.snapshot.vectors[:20], unit(rng.normal(size=(40, DIM)))])
    weights = rng.random((80, 6)) ** 4
    asked = np.concatenate([mixed, unit(weights @ np.eye(6, DIM) + 0.1 * rng.normal(size=(80, DIM)))])
    queries = queries_of(asked, leave_out=False)
    tracked = TrackedDecisions(memory.snapshot, queries, memory.searcher.nearest_many, k=20)
    scheme = memory._live.scheme.__class__.of(memory.settings, level=level)
    found = tracked.decide(scheme, thresholds=memory.maintenance.thresholds)
    said = {True: KNOWN, False: UNKNOWN, None: UNTOLD}
    alone = [memory.decide_vector(v, level=level) for v in asked]
    assert [said[one.known] for one in alone] == found.known.tolist()
    assert {KNOWN, UNKNOWN} <= set(found.known.tolist())
    assert {("unlike", "between"), ("between",)} <= {reasons(one) for one in alone}


def test_at_a_level_a_query_between_two_classes_of_one_part_is_known(memory: VisualMemory) -> None:
    memory.set("unlike", "off")
    halfway = between(0, 1)
    assert memory.decide_vector(halfway).known is False
    assert memory.decide_vector(halfway, level=1).known is True


def test_other_ways_to_decide_are_judged_by_distance_alone(memory: VisualMemory) -> None:
    for k, rule in ((5, "ridge"), (None, "rank")):
        found = memory.decide_vector(between(0, 3), k, rule)
        assert found.novelty.least is None and reasons(found) == ("unlike",)


def test_no_decision_and_no_queue_measures(memory: VisualMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    memory.maintenance.defer()
    memory.forget([1])
    monkeypatch.setattr(OwnMeasures, "of", never)
    memory.set("rule", "rank")
    memory.strike(list(range(2, 100)))
    found = memory.decide_vector(between(0, 3))
    assert (found.known, found.confidence, found.class_set) == (None, None, None)
    assert "has not been measured yet" in found.novelty.reason
    assert memory.queue.table().known.tolist() == []


def test_without_a_background_an_edit_of_many_rows_and_a_forget_measure(
    memory: VisualMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measured() -> int:
        return memory._live.decider.usual.figures.sampled

    assert measured() == 6 * EACH
    memory.add_vectors(memory.snapshot.vectors[:5], "other")
    assert measured() == 6 * EACH, "a few rows wait for the next time"
    vectors, labels = clustered(100, dim=DIM, classes=2, seed=2)
    memory.add_vectors(vectors, labels)
    assert measured() == 6 * EACH + 105
    memory.forget([1])
    assert measured() == 6 * EACH + 104
    with VisualMemory.open(memory.path, readonly=True) as reader:
        monkeypatch.setattr(OwnMeasures, "of", never)
        assert reader.decide_vector(between(0, 3)).known is not None


def test_limits_are_those_of_the_settings(memory: VisualMemory) -> None:
    memory.set("between", "off")
    assert Limits.of(memory.settings) == Limits(0.99, None)

"""Best settings: chosen on one half, measured on the other, applied at once, refused where they do not help."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import clustered
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.errors import BadValue, Cancelled
from visualmemory_gui.engine.evaluation import best_settings
from visualmemory_gui.engine.evaluation.best_settings import apply, suggest
from visualmemory_gui.engine.evaluation.query_set import QuerySet, winners
from visualmemory_gui.engine.memory.visual_memory import VisualMemory

DIM, CLASSES = 16, 6


def fill(memory: VisualMemory, n: int) -> None:
    """Clusters that overlap, in two kinds."""
    vectors, labels = clustered(n, dim=DIM, classes=CLASSES, seed=0, spread=0.4)
    memory.add_vectors(vectors, [f"kind {int(label[-1]) % 2}/{label}" for label in labels])


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[VisualMemory]:
    with VisualMemory.create(tmp_path / "m.vmem", dim=DIM) as memory:
        fill(memory, 600)
        memory.set_all({"rule": "plurality", "k": 1, "class_factor": "off"})
        yield memory


def test_the_gain_is_that_of_the_other_half(memory: VisualMemory) -> None:
    found = suggest(memory)
    assert found.helps
    assert found.now.scheme == VotingScheme("plurality", 1, class_factor="off")
    assert sum(found.queries) == found.exemplars == 600
    queries = QuerySet.active(memory.snapshot)
    chosen, measured = queries.parts([best_settings.MOST] * 2)
    assert not set(chosen) & set(measured)

    def accuracy(scheme: VotingScheme, which: np.ndarray) -> float:
        search = memory.searcher.nearest_many
        near = queries.neighbours(memory.snapshot, search, scheme.k, which=which, different=scheme.joint)
        return float((winners(near, scheme) == queries.truth[which]).mean())

    for one in (found.now, found.best, *found.rules):
        assert one.accuracy == accuracy(one.scheme, measured)
        assert one.chosen_on == accuracy(one.scheme, chosen)
    assert found.gain.mean == pytest.approx(found.best.accuracy - found.now.accuracy)
    assert [one.scheme.rule for one in found.rules] == ["plurality", "distance", "softmax", "rank", "ridge"]
    assert max(one.chosen_on for one in found.rules) >= found.best.chosen_on
    assert sum(one.queries for one in found.per_class.values()) == found.queries[1]
    assert set(found.by_level) == {0, 1}
    assert found.by_level[0].after == found.best.accuracy
    assert found.words.startswith("Use ")
    assert " points better (" in found.words


def test_what_is_applied_is_what_was_measured_and_nothing_better_is_left(memory: VisualMemory) -> None:
    before, found = memory.settings, suggest(memory)
    apply(memory, found)
    assert VotingScheme.of(memory.settings) == found.best.scheme
    assert found.changes == {
        name: getattr(memory.settings, name)
        for name in found.changes
        if getattr(memory.settings, name) != getattr(before, name)
    }
    again = suggest(memory)
    assert not again.helps
    with pytest.raises(BadValue, match="not applied"):
        apply(memory, again)
    with pytest.raises(BadValue, match="changed since"):
        apply(memory, found)


def test_of_settings_that_do_as_well_those_with_the_fewest_changes_are_taken(memory: VisualMemory) -> None:
    apply(memory, suggest(memory))
    memory.set("class_factor", "mean")  # the classes are of one size: the factor changes next to nothing
    found = suggest(memory)
    assert "class_factor" not in found.changes
    assert not found.helps


def test_all_settings_are_set_or_none(memory: VisualMemory) -> None:
    heard = []
    memory.changed(heard.append)
    before = memory.settings
    with pytest.raises(BadValue, match="k must be"):
        memory.set_all({"rule": "rank", "k": 0})
    assert memory.settings == before
    assert not heard
    memory.set_all({"rule": "rank", "k": 5})
    assert [one.settings for one in heard] == [("rule", "k")]
    assert memory.settings == replace(before, rule="rank", k=5)


def test_at_a_level_only_that_level_counts(memory: VisualMemory) -> None:
    found = suggest(memory, level=1)
    assert found.level == 1
    assert set(found.per_class) == {"kind 0", "kind 1"}
    assert found.by_level[1].after == found.best.accuracy
    assert found.best.scheme.level == 1
    assert found.to_json()["by_level"]["1"]["after"] == found.best.accuracy


def test_a_large_memory_is_sampled_and_says_so(memory: VisualMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(best_settings, "MOST", 150)
    found = suggest(memory)
    assert all(140 <= queries <= 160 for queries in found.queries)
    assert "a sample of 600" in found.measured_on


def test_thirty_exemplars_are_too_few(tmp_path: Path) -> None:
    with VisualMemory.create(tmp_path / "small.vmem", dim=DIM) as small:
        fill(small, 30)
        with pytest.raises(BadValue, match="30 exemplars are too few to choose settings by: 200 are needed"):
            suggest(small)


def test_one_class_is_refused(tmp_path: Path) -> None:
    with VisualMemory.create(tmp_path / "one.vmem", dim=DIM) as one:
        one.add_vectors(np.random.default_rng(0).normal(size=(250, DIM)).astype(np.float32), "only")
        with pytest.raises(BadValue, match="one class"):
            suggest(one)


def test_it_can_be_stopped(memory: VisualMemory) -> None:
    def stop(done: int, total: int | None, what: str = "") -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        suggest(memory, report=stop)

"""What an edit does to other decisions, against deciding all of them before and after."""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Iterator

import numpy as np
import pytest

from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.store.kept_images import NewKeptImage
from visualmemory_gui.engine.what_if.impact import Impact, ImpactTracker
from visualmemory_gui.engine.what_if.proposed_edit import ProposedEdit

DIM = 5


def vectors(n: int, seed: int) -> np.ndarray:
    raw = np.random.default_rng(seed).normal(size=(n, DIM)).astype(np.float32)
    return raw / np.linalg.norm(raw, axis=1, keepdims=True)


def paint_image(vector: np.ndarray, number: int) -> NewKeptImage:
    return NewKeptImage(hashlib.sha256(b"%d" % number).hexdigest(), f"/q/{number}.png", vector=vector)


@pytest.fixture
def memory(tmp_path) -> Iterator[VisualMemory]:
    with VisualMemory.create(tmp_path / "m.vmem", dim=DIM) as made:
        made.add_vectors(vectors(120, 1), [f"{'ab'[i % 2]}/{i % 4}" for i in range(120)])
        yield made


def alone(memory: VisualMemory) -> dict[int, str | None]:
    """Each exemplar decided by all others."""
    snapshot = memory.snapshot
    return {
        i: memory.decide_vector(v, own=i).label for i, v in zip(snapshot.ids.tolist(), snapshot.vectors, strict=True)
    }


def moves(impact: Impact) -> dict[int | None, tuple[str | None, str | None]]:
    return {moved.query.exemplar: (moved.before, moved.after) for moved in impact.changed}


@pytest.mark.parametrize("rule", ["rank", "ridge"])
@pytest.mark.parametrize(
    ("kind", "of", "own", "base"),
    [
        ("strike", 117, 0, "117 other decisions"),
        ("relabel", 117, 0, "117 other decisions"),
        ("reweigh", 120, 3, "120 decisions"),
        ("add", 120, 0, "120 other decisions"),
    ],
)
def test_the_radius_is_what_deciding_everything_twice_finds(memory, kind, of, own, base, rule):
    memory.set("rule", rule)
    tracker = ImpactTracker(memory)
    before = alone(memory)
    changes = None
    stop = memory.changed(lambda told: setattr(tracker, "told", told))
    {
        "strike": lambda: memory.strike([3, 9, 20]),
        "relabel": lambda: memory.relabel([3, 9, 20], "new"),
        "reweigh": lambda: memory.reweigh([3, 9, 20], 0.05 if rule == "ridge" else 20),
        "add": lambda: memory.add_vectors(vectors(5, 2), ["new"] * 5),
    }[kind]()
    stop()
    changes = tracker.told
    after = alone(memory)
    counted = set(before) - (set() if kind == "reweigh" else set(changes.ids))
    expected = {i: (before[i], after[i]) for i in counted if before[i] != after[i]}
    impact = tracker.impact_of(changes)
    assert expected and moves(impact) == expected
    assert (impact.of, impact.own, impact.watched, impact.base) == (of, own, False, base)


@pytest.mark.parametrize("kind", ["strike", "relabel", "reweigh"])
def test_an_edit_of_one_exemplar_never_moves_its_own_decision(memory, kind):
    memory.relabel([1, 2, 3], "small")  # where the class factor is large
    before = alone(memory)
    for i in (1, 2, 3, 4):
        {
            "strike": lambda i: memory.strike([i]),
            "relabel": lambda i: memory.relabel([i], "a/0"),
            "reweigh": lambda i: memory.reweigh([i], 20),
        }[kind](i)
        assert memory.decide_vector(memory.catalog.vectors([i])[0], own=i).label == before[i]
        memory.undo()


def test_the_sample_follows_what_comes_and_goes(memory):
    tracker = ImpactTracker(memory)
    told = []
    memory.changed(told.append)
    ids = memory.add_vectors(vectors(40, 5), ["late"] * 40)
    assert tracker.impact_of(told[-1]).of == 120
    assert tracker.impact_of(memory.reweigh(ids[:1], 5)).of == 160
    assert tracker.impact_of(memory.undo()).of == 160
    assert tracker.impact_of(memory.strike(ids[:10])).of == 150
    assert tracker.impact_of(memory.reweigh(ids[10:12], 5)).base == "150 decisions"


def test_a_sample_that_was_drawn_in_an_empty_memory_grows_with_it(tmp_path):
    with VisualMemory.create(tmp_path / "m.vmem", dim=DIM) as memory:
        tracker = ImpactTracker(memory)
        told = []
        memory.changed(told.append)
        memory.add_vectors(vectors(300, 1), ["a", "b", "c"] * 100)
        tracker.impact_of(told[-1])
        assert tracker.outgrown and tracker.impact_of(memory.strike([1])).of == 0
        fresh = ImpactTracker(memory)
        assert fresh.impact_of(memory.strike([2, 3])).of == 297 and not fresh.outgrown


def test_edits_that_are_asked_about_late_are_told_apart(memory):
    tracker, prompt = ImpactTracker(memory), ImpactTracker(memory)
    edits = [
        lambda: memory.relabel(list(range(1, 20)), "new"),
        lambda: memory.strike(list(range(20, 40))),
        lambda: memory.reweigh(list(range(40, 90)), 9),
        memory.undo,
    ]
    told, expected = [], []
    for make in edits:
        told.append(make())
        expected.append(prompt.impact_of(told[-1]))
    tracker.preview(ProposedEdit("strike", (100,)))  # a preview does not swallow them
    assert [tracker.impact_of(changes) for changes in told] == expected
    assert all(impact.changed for impact in expected)


def test_an_edit_that_came_before_is_not_told(memory):
    changes = memory.relabel(list(range(1, 40)), "new")
    assert ImpactTracker(memory).impact_of(changes).of == 0


def test_a_follower_that_nobody_keeps_hears_of_no_edit(memory):
    before = len(memory._live._callbacks)
    tracker = ImpactTracker(memory)
    assert len(memory._live._callbacks) == before + 1
    del tracker
    gc.collect()
    assert len(memory._live._callbacks) == before


def test_what_is_watched_goes_with_a_class_that_is_renamed(memory):
    [target] = vectors(1, 7)
    label = memory.decide_vector(target).label
    memory.watch.add([(paint_image(target, 1), label)])
    tracker = ImpactTracker(memory)
    [moved] = tracker.impact_of(memory.rename_label(label, "renamed")).changed
    assert (moved.before, moved.after, moved.query.expected, moved.kind) == (label, "renamed", "renamed", "moved")
    assert tracker.watched_decisions()[0].right


def test_undo_brings_back_what_the_edit_moved(memory):
    tracker = ImpactTracker(memory)
    there = tracker.impact_of(memory.relabel([1, 2, 3, 4, 5], "new"))
    back = tracker.impact_of(memory.undo())
    assert {(m.query.exemplar, m.before, m.after) for m in there.changed} == {
        (m.query.exemplar, m.after, m.before) for m in back.changed
    }


def test_watched_images_take_the_place_of_the_sample(memory):
    [target] = vectors(1, 7)
    near = memory.decide_vector(target).neighbours
    memory.watch.add([(paint_image(target, 1), "new"), (paint_image(vectors(1, 8)[0], 2), near[0].label)])
    tracker = ImpactTracker(memory)
    assert not tracker.watched_decisions()[0].right
    impact = tracker.impact_of(memory.relabel([n.id for n in near], "new"))
    assert (impact.of, impact.watched) == (2, True)
    assert [(m.kind, m.after) for m in impact.changed if m.query.expected == "new"] == [("fixed", "new")]
    assert tracker.watched_decisions()[0].right
    broken = tracker.impact_of(memory.undo())
    assert [m.kind for m in broken.changed if m.query.image.source == "/q/1.png"] == ["broken"]


def test_a_watched_image_is_decided_without_exemplars_of_its_content(memory):
    [target] = vectors(1, 7)
    memory.watch.add([(paint_image(target, 1), "new")])
    tracker = ImpactTracker(memory)
    memory.add_vectors(target[None], ["new"])  # the same vector
    memory.add_vectors(target[None], ["new"])
    tracker.impact_of(memory.undo())
    assert tracker.watched_decisions()[0].label != "new"


def test_settings_are_followed_and_a_level_has_its_own_winners(memory):
    tracker = ImpactTracker(memory)
    told = []
    memory.changed(told.append)
    memory.set("k", 30)
    memory.set("level", 1)
    tracker.impact_of(told[-1])
    impact = tracker.impact_of(memory.relabel(list(range(1, 40)), "c/1"))
    assert {label for moved in impact.changed for label in (moved.before, moved.after)} <= {"a", "b", "c"}


def test_an_empty_memory_has_nothing_to_follow(tmp_path):
    with VisualMemory.create(tmp_path / "m.vmem", dim=DIM) as memory:
        tracker = ImpactTracker(memory)
        told = []
        memory.changed(told.append)
        memory.add_vectors(vectors(3, 1), ["a", "b", "c"])
        assert tracker.impact_of(told[-1]) == Impact((), 0, watched=False)
        assert tracker.watched_decisions() == ()

"""The watch set of a shared memory: decided and foreseen as in a folder, edit by edit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.conftest import clustered
from tests.engine.shared_memory.conftest import DIM, opened
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.errors import UnknownExemplar
from visualmemory_gui.engine.memory.protocol import Memory
from visualmemory_gui.engine.shared_memory.push import push
from visualmemory_gui.engine.shared_memory.server import Server
from visualmemory_gui.engine.store.kept_images import NewKeptImage
from visualmemory_gui.engine.what_if.impact import Impact
from visualmemory_gui.engine.what_if.proposed_edit import Lesson, ProposedEdit
from visualmemory_gui.engine.what_if.watch_tracker import Tracker, tracker_of

VECTORS, LABELS = clustered(30, dim=DIM, classes=5, seed=11)
NEAR = tuple(range(1, 40))
EDITS: list[tuple[ProposedEdit, Callable[[Memory], object]]] = [
    (ProposedEdit("strike", NEAR), lambda m: m.strike(NEAR)),
    (ProposedEdit("restore", (3, 30)), lambda m: m.restore((3, 30))),
    (ProposedEdit("relabel", NEAR, label="new/class"), lambda m: m.relabel(NEAR, "new/class")),
    (
        ProposedEdit("relabel", (50, 51), labels=("class 0", "else")),
        lambda m: m.relabel_each({"class 0": 50, "else": 51}),
    ),
    (ProposedEdit("reweigh", NEAR, trust=0.1), lambda m: m.reweigh(NEAR, 0.1)),
    (
        ProposedEdit("teach", label="taught", lessons=tuple(Lesson(vector) for vector in VECTORS[:6])),
        lambda m: m.add_vectors(VECTORS[:6], "taught"),
    ),
    (ProposedEdit("forget", (100, 101)), lambda m: m.erase((100, 101)).finish()),
]


def watch(memory: Memory) -> None:
    """Watch thirty vectors, one of which is that of an exemplar."""
    vectors = [memory.catalog.vectors([5])[0], *VECTORS[1:]]
    labels = [memory.catalog.get([5])[0].label, *LABELS[1:]]
    images = [NewKeptImage(f"{i:064x}", vector=np.asarray(vector)) for i, vector in enumerate(vectors, 1)]
    memory.watch.add(list(zip(images, labels, strict=True)))


def told(impact: Impact) -> list[object]:
    """All of it but when the images were watched."""
    changed = [(one.query.image and one.query.image.id, one.before, one.after, one.kind) for one in impact.changed]
    return [changed, impact.of, impact.watched, impact.own, impact.left_out]


def decided(tracker: Tracker) -> list[object]:
    """A share is that of a solve of many queries or of one, which differ in the last digit."""
    return [(one.image.id, one.expected, one.label, pytest.approx(one.share)) for one in tracker.watched_decisions()]


@pytest.mark.parametrize("rule", ["ridge", "rank"])
@pytest.mark.parametrize("level", [0, 1])
def test_the_watch_set_is_decided_and_foreseen_as_in_the_folder(
    folder: VisualMemory, server: Server, collection: str, rule: str, level: int
) -> None:
    folder.set_all({"rule": rule, "level": level, "class_factor": "mean"})
    push(folder, server, collection)
    with opened(server, collection) as shared:
        for m in (shared, folder):
            watch(m)
        there, here = tracker_of(shared), tracker_of(folder)
        heard: list[list[object]] = []
        for m, tracker in ((shared, there), (folder, here)):
            m.changed(lambda changes, tracker=tracker: heard.append([tracker, changes]))  # type: ignore[misc]
        moved = 0
        for edit, make in EDITS:
            assert told(there.preview(edit)) == told(here.preview(edit)), edit.words
            heard.clear()
            for m in (shared, folder):
                make(m)
            impacts = [told(tracker.impact_of(changes)) for tracker, changes in heard[:2]]
            assert impacts[0] == impacts[1], edit.words
            moved += len(impacts[0][0])  # type: ignore[arg-type]
            assert decided(there) == decided(here), edit.words
        assert moved > 5
        with pytest.raises(UnknownExemplar):
            there.preview(ProposedEdit("strike", (100,)))


def test_without_a_watch_set_nothing_is_tracked(folder: VisualMemory, server: Server, collection: str) -> None:
    push(folder, server, collection)
    with opened(server, collection) as shared:
        tracker = tracker_of(shared)
        assert len(tracker) == 0
        assert tracker.preview(ProposedEdit("strike", (1,))).of == 0

"""A memory made before new ones had settings from the start: what they would do to it is said once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.app.conftest import Desk
from tests.conftest import clustered
from visualmemory_gui.app.widgets.panels.note_bar import NoteBar
from visualmemory_gui.engine.memory.visual_memory import VisualMemory


@pytest.fixture
def earlier(tmp_path: Path, made_before: None) -> Path:
    with VisualMemory.create(tmp_path / "earlier.vmem", dim=16) as memory:
        memory.add_vectors(*clustered(120, dim=16, classes=4, seed=1, spread=0.6))
    return tmp_path / "earlier.vmem"


def opened(desk: Desk, path: Path, *, readonly: bool = False) -> list[str]:
    """The notes after opening ``path`` and what follows in the background."""
    desk.notes.clear()
    desk.window.session.open(path, readonly=readonly)
    desk.settle()
    desk.settle()
    return [note for note in desk.notes if note.startswith("New memories have")]


def test_it_is_said_once_and_used_and_taken_back_in_one_act_each(desk: Desk, earlier: Path) -> None:
    [said] = opened(desk, earlier)
    assert "the rule ridge and the class factor mean. On 120 exemplars of this one that is" in said
    assert (desk.memory.settings.rule, desk.memory.settings.class_factor) == ("rank", "old")
    assert desk.window.notes.log.newest == said  # what is kept as set changes no decision
    bar: NoteBar = desk.window.note
    [action] = bar._extra
    assert action.text == "Use them"
    desk.window.session.decision.ask_exemplar(1)
    desk.settle()
    assert desk.decision.rule == "rank"
    action.call()
    desk.settle()
    assert (desk.memory.settings.rule, desk.memory.settings.class_factor) == ("ridge", "mean")
    assert (desk.decision.rule, desk.decision.k, desk.window.session.decision.rule) == ("ridge", 100, "ridge")
    desk.window.notes.on_undo()
    desk.settle()
    assert (desk.memory.settings.rule, desk.memory.settings.class_factor) == ("rank", "old")
    assert (desk.decision.rule, desk.decision.k) == ("rank", 10)
    assert opened(desk, earlier) == []


def test_of_a_memory_that_can_only_be_read_nothing_is_said(desk: Desk, earlier: Path) -> None:
    assert opened(desk, earlier, readonly=True) == []


@pytest.mark.usefixtures("as_new_memories_are")
def test_a_new_memory_decides_by_ridge_and_says_nothing(desk: Desk, tmp_path: Path) -> None:
    with VisualMemory.create(tmp_path / "new.vmem", dim=16) as memory:
        memory.add_vectors(*clustered(120, dim=16, classes=4, seed=1, spread=0.6))
    assert opened(desk, tmp_path / "new.vmem") == []
    desk.window.session.decision.ask_exemplar(1)
    desk.settle()
    assert (desk.decision.rule, desk.decision.k) == ("ridge", 100)

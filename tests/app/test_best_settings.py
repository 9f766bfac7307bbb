"""The tab of Evaluate that compares settings, sets the best ones at once, and takes them back at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QPushButton

from tests.app.conftest import Desk
from tests.conftest import clustered, write_images
from visualmemory_gui.app.models.note import NoteAction
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.views.study.evaluate_page import EvaluatePage
from visualmemory_gui.engine.evaluation import best_settings
from visualmemory_gui.engine.memory.visual_memory import VisualMemory


def opened(desk: Desk, folder: Path, n: int) -> EvaluatePage:
    """A memory that decides by the nearest exemplar alone, where more of them are right more often."""
    with VisualMemory.create(folder / "m.vmem", dim=16) as memory:
        memory.add_vectors(*clustered(n, dim=16, classes=5, seed=0, spread=0.4))
        memory.set_all({"rule": "plurality", "k": 1, "class_factor": "off"})
    desk.open(folder / "m.vmem")
    desk.press("actionStudy")
    page = desk.window.study.evaluate
    desk.window.study.tabs.setCurrentWidget(page)
    return page


def compare(desk: Desk, page: EvaluatePage) -> None:
    button = desk.window.findChild(QPushButton, "compareSettings")
    assert button is not None
    button.click()
    assert page.settings.isVisible()
    desk.settle()


def test_the_best_settings_are_set_at_once_and_taken_back_at_once(empty_desk: Desk, tmp_path: Path) -> None:
    page = opened(empty_desk, tmp_path, 300)
    panel, decision, before = page.settings, empty_desk.window.session.decision, empty_desk.memory.settings
    compare(empty_desk, page)
    found = panel.model.found
    assert found is not None
    assert found.helps
    assert panel.verdict.text() == found.words
    for words in (
        "Chosen on 150 exemplars and measured on 150 others",
        " % at the full label",
        "It moves most: class ",
    ):
        assert words in panel.explained.text()
    gain = found.gain
    words = f"Use this ({100 * gain.mean:+.1f} points, {100 * gain.low:.1f} to {100 * gain.high:.1f})"
    assert panel.use_button.text() == words
    names = [panel.table.item(row, 0).text() for row in range(panel.table.rowCount())]
    assert names == ["present", "", "", "", "", "", "suggested"]
    assert empty_desk.memory.settings == before
    panel.use_button.click()
    empty_desk.settle()
    assert not found.is_of(empty_desk.memory.settings)
    assert (decision.rule, decision.k) == (found.best.scheme.rule, found.best.scheme.k)
    assert empty_desk.notes[-1] == f"This memory now decides by {found.best.scheme.words}."
    assert panel.model.found is None  # it was measured against settings that are no more
    empty_desk.undos[-1]()
    empty_desk.settle()
    assert empty_desk.memory.settings == before
    assert (decision.rule, decision.k) == ("plurality", 1)
    assert empty_desk.notes[-1] == "The settings are what they were before."
    assert not empty_desk.errors


def test_thirty_exemplars_are_too_few_and_the_page_says_so(empty_desk: Desk, tmp_path: Path) -> None:
    page = opened(empty_desk, tmp_path, 30)
    compare(empty_desk, page)
    assert page.settings.verdict.text().startswith("30 exemplars are too few to choose settings by")
    assert not page.settings.use_button.isVisible()
    assert not empty_desk.errors


@pytest.mark.parametrize("enough", [5, 5000])
def test_a_large_first_import_offers_to_find_the_best_settings(
    empty_desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, enough: int
) -> None:
    monkeypatch.setattr(best_settings, "FEWEST", enough)
    offered: list[NoteAction] = []
    empty_desk.window.session.note_posted.connect(lambda text, undo, actions: offered.extend(actions))
    create = Session.create
    monkeypatch.setattr(Session, "create", lambda session, path, _, **named: create(session, path, "fake", **named))
    images = write_images(tmp_path / "images", each=4)
    empty_desk.drop_files(empty_desk.window.empty, images)
    empty_desk.settle()
    assert len(empty_desk.memory.snapshot) > 5
    assert [action.text for action in offered] == (["Find the best settings"] if enough == 5 else [])
    for action in offered:
        action.call()
        empty_desk.settle()
        assert empty_desk.window.workspace == "study"
        assert empty_desk.window.study.evaluate.settings.isVisible()
        assert empty_desk.window.study.evaluate.settings.verdict.text()

"""The note floats over the images and covers none of them for good."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QApplication, QWidget

from tests.app.conftest import Desk
from visualmemory_gui.app.views.kit.status_bar import StatusBar
from visualmemory_gui.app.widgets.panels.note_bar import NoteBar


def where(window: QWidget, widget: QWidget) -> QRect:
    return QRect(widget.mapTo(window, QPoint(0, 0)), widget.size())


@pytest.mark.parametrize("workspace", ["Decide", "Curate"])
@pytest.mark.parametrize("width", [900, 1280])
def test_the_note_lies_below_the_images_that_can_be_reached(desk: Desk, workspace: str, width: int) -> None:
    desk.window.resize(width, 700)
    desk.press(f"action{workspace}")
    grid = desk.window.decide.neighbours.grid if workspace == "Decide" else desk.window.curate.grid
    whole = where(desk.window, grid.viewport())
    desk.window.session.post_note("Something was done.")
    note = where(desk.window, desk.window.findChild(NoteBar))
    assert where(desk.window, grid).contains(note)
    assert where(desk.window, grid.viewport()).bottom() < note.top()
    desk.window.note.hide()
    assert where(desk.window, grid.viewport()) == whole


def test_the_note_goes_along_to_the_other_workspace(desk: Desk) -> None:
    desk.window.session.post_note("Something was done.")
    desk.press("actionCurate")
    assert where(desk.window, desk.window.curate.grid).contains(where(desk.window, desk.window.note))
    assert desk.window.decide.neighbours.grid.viewportMargins().bottom() == 0


def test_nothing_moves_when_a_task_comes_and_goes(desk: Desk) -> None:
    bar = desk.window.findChild(StatusBar)
    before = bar.height()
    bar.task_bar.show()
    QApplication.processEvents()
    assert bar.height() == before

"""What the scenes are made with: asking, typing, selecting, waiting."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QItemSelectionModel
from PySide6.QtWidgets import QAbstractItemView, QApplication, QDialog, QLineEdit, QTabWidget, QWidget

from visualmemory_gui.app.screenshot import wait_until_idle
from visualmemory_gui.engine.exchange.originals import original

if TYPE_CHECKING:
    from make import Stage

Page = TypeVar("Page", bound=QWidget)


def ask(stage: Stage, name: str) -> None:
    """Decide the recent query of that file name."""
    recent = stage.window.decide.recent
    query = next(q for q in map(recent.query, range(recent.rowCount())) if q.name == name)
    stage.window.session.decision.ask_query(query)
    stage.settle()


def unpack(stage: Stage, folder: Path, *, most: int = 10_000) -> None:
    """The memory's own pictures as class folders, as an export writes them."""
    memory = stage.window.session.memory
    assert memory is not None
    for exemplar in memory.catalog.select(state="active")[:most]:
        found = original(memory, exemplar, keep_private=True)
        if found is not None:
            place = folder / exemplar.label / f"{exemplar.id}{found[1]}"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(found[0])


def turn_to(stage: Stage, kind: type[Page]) -> Page:
    """Show that page of Study."""
    stage.press("actionStudy")
    tabs, page = stage.window.study.findChild(QTabWidget), stage.window.study.findChild(kind)
    assert tabs is not None and page is not None
    tabs.setCurrentWidget(page)
    stage.settle()
    return page


def type_into(dialog: QDialog, text: str) -> None:
    field = next(each for each in dialog.findChildren(QLineEdit) if each.isVisible() and not each.isReadOnly())
    field.setText(text)
    QApplication.processEvents()


def select_rows(view: QAbstractItemView, *rows: int) -> None:
    model = view.model()
    flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
    view.setFocus()
    for row in rows:
        view.selectionModel().setCurrentIndex(model.index(row, 0), flags)
    QApplication.processEvents()


def wait(stage: Stage, until: Callable[[], object], *, seconds: float = 30) -> None:
    """Let the window work until ``until()`` holds."""
    end = time.monotonic() + seconds
    while not until() and time.monotonic() < end:
        wait_until_idle(stage.window, longest_ms=50)

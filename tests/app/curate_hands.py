"""A test's hands on the workspace Curate."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from visualmemory_gui.app.session import Session
from visualmemory_gui.app.views.curate.curate_view import CurateView
from visualmemory_gui.app.widgets.dialogs.label_chooser import LabelChooser


class Hands:
    """The view, and what a test does with it."""

    def __init__(self, view: CurateView, session: Session, bot) -> None:
        self.view, self.session, self._bot = view, session, bot

    @property
    def memory(self):
        return self.session.memory

    def settle(self) -> None:
        self._bot.waitUntil(lambda: not self.session.tasks.busy, timeout=20_000)
        QApplication.processEvents()
        self._bot.waitUntil(lambda: not self.session.tasks.busy, timeout=20_000)

    def select(self, *ids: int) -> None:
        self.view.grid.setFocus()
        self.view.grid.selection.clear()
        for exemplar in ids:
            self.view.grid.selection.toggle(self.view.grid.ids.tolist().index(exemplar))
        self.view.grid.changed_selection()

    def key(self, key: Qt.Key, keys=Qt.KeyboardModifier.NoModifier) -> None:
        QTest.keyClick(self.view.grid, key, keys)
        self.settle()

    def dialog(self, kind):
        """The dialog of that kind that is open."""
        found = [dialog for dialog in self.view.findChildren(kind) if dialog.isVisible()]
        assert len(found) == 1, f"{len(found)} dialogs"
        return found[0]

    def choose(self, label: str) -> None:
        dialog = self.dialog(LabelChooser)
        dialog.findChild(QLineEdit).setText(label)
        dialog.accept()
        self.settle()

    def states(self, *ids: int) -> list[str]:
        return [exemplar.state for exemplar in self.memory.catalog.get(ids)]

    def labels(self, *ids: int) -> list[str]:
        return [exemplar.label for exemplar in self.memory.catalog.get(ids)]

    def drop(self, widget, data: QMimeData, at: QPoint) -> None:
        actions, left, keys = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        QApplication.sendEvent(widget, QDragEnterEvent(at, actions, data, left, keys))
        QApplication.sendEvent(widget, QDragMoveEvent(at, actions, data, left, keys))
        QApplication.sendEvent(widget, QDropEvent(QPointF(at), actions, data, left, keys))
        self.settle()

    def drop_on_class(self, data: QMimeData, kind: str, path: str | None = None) -> None:
        at = self.view.tree.visualRect(self.view.tree.model().find(kind, path)).center()
        self.drop(self.view.tree.viewport(), data, at)

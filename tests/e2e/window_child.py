"""The program with its window, as a user starts it, and a probe that says what the window shows.

The probe lives here and not in the product. It answers every line on standard input with one line of JSON on standard
output; "close" closes the window, "grab:FILE" keeps what the screen shows as an image.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from PySide6.QtCore import QEvent, QObject, QPoint, QSocketNotifier, Qt
from PySide6.QtGui import QAction, QDragMoveEvent
from PySide6.QtWidgets import QAbstractItemView, QApplication, QComboBox, QLabel, QSpinBox, QWidget

from tests.e2e.window_lists import lists_of
from visualmemory_gui.app import application
from visualmemory_gui.app.main_window import MainWindow
from visualmemory_gui.app.models.card_roles import CardRole

WATCHED = ("queryPanel", "classList", "emptyState")  # where drags are noticed
CARD = ("Exemplar", "Rank", "Label", "Distance", "Share", "State")


class Probe(QObject):
    """Reads the window from the names of its widgets, while ``main()`` runs."""

    def __init__(self) -> None:
        super().__init__()
        self._window: MainWindow | None = None
        self._over: list[int] | None = None
        self._notifier = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self.on_asked)

    def on_asked(self) -> None:
        asked = os.read(sys.stdin.fileno(), 4096).decode().split()
        if not asked:  # whoever started this process is gone
            self._notifier.setEnabled(False)
            QApplication.closeAllWindows()
        for word in asked:
            if word.startswith("grab:"):
                QApplication.primaryScreen().grabWindow(0).save(word.removeprefix("grab:"))
            sys.stdout.write(json.dumps(self._state()) + "\n")
            sys.stdout.flush()
            if word == "close" and self._window is not None:
                self._window.close()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.DragEnter, QEvent.Type.DragMove) and isinstance(event, QDragMoveEvent):
            spot = watched.mapToGlobal(event.position().toPoint()) if isinstance(watched, QWidget) else QPoint()
            self._over = [spot.x(), spot.y()]
        elif event.type() in (QEvent.Type.DragLeave, QEvent.Type.Drop):
            self._over = None
        return False

    def _found(self) -> MainWindow | None:
        if self._window is None:
            self._window = next((w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow)), None)
            for name in WATCHED if self._window is not None else ():
                widget = self._widget(QWidget, name)
                widget = widget.viewport() if isinstance(widget, QAbstractItemView) else widget
                widget.installEventFilter(self)
        return self._window

    def _state(self) -> dict[str, Any]:
        window = self._found()
        if window is None:
            return {"shown": False, "busy": True}
        modal, focus = QApplication.activeModalWidget(), QApplication.focusWidget()
        active = QApplication.activeWindow()
        return {
            "shown": window.isVisible(),
            "workspace": window.workspace,
            "busy": window.session.tasks.busy,
            "active": active.objectName() if active else "",
            "focus": focus.objectName() if focus else "",
            "focus_name": (focus.accessibleName() or str(focus.property("text") or "")) if focus else "",
            "ring": self._widget(QWidget, "focusRing").isVisible(),
            "dialog": modal.objectName() if modal else "",
            "windows": {w.objectName(): int(w.winId()) for w in QApplication.topLevelWidgets() if w.isVisible()},
            "texts": {label.objectName(): label.text() for label in window.findChildren(QLabel) if label.objectName()},
            "k": self._widget(QSpinBox, "kSpin").value(),
            "rule": self._widget(QComboBox, "ruleBox").currentText(),
            "level": self._widget(QComboBox, "levelBox").currentIndex(),
            "shares": self._widget(QWidget, "sharesPlot").accessibleDescription(),
            "undo": self._action("actionUndo").text(),
            "redo": self._action("actionRedo").text(),
            "over": self._over,
            **self._cards(),
            **self._places(),
            **lists_of(window),
        }

    def _cards(self) -> dict[str, Any]:
        grid = self._widget(QAbstractItemView, "neighbourGrid")
        model = grid.model()
        rows = [model.index(row, 0) for row in range(model.rowCount())]
        cards = [{role.lower(): row.data(CardRole[role]) for role in CARD} for row in rows]
        spoken = [row.data(Qt.ItemDataRole.AccessibleTextRole) for row in rows]
        selected = sorted(index.row() for index in grid.selectionModel().selectedIndexes())
        return {"cards": cards, "spoken": spoken, "selected": selected}

    def _places(self) -> dict[str, Any]:
        """Where a mouse would go, in pixels of the screen; and the classes that are offered."""
        query, classes = self._widget(QWidget, "queryPanel"), self._widget(QAbstractItemView, "classList")
        model, empty = classes.model(), self._widget(QWidget, "emptyState")
        last = classes.visualRect(model.index(model.rowCount() - 1, 0)).center()
        spots = {
            "queryPanel": query.mapToGlobal(query.rect().center()),
            "newClass": classes.viewport().mapToGlobal(last),
            "emptyState": empty.mapToGlobal(empty.rect().center()),
        }
        return {
            "spots": {name: [spot.x(), spot.y()] for name, spot in spots.items()},
            "classes": [model.index(row, 0).data() for row in range(model.rowCount())],
        }

    def _widget(self, kind: type[Any], name: str) -> Any:
        found = self._window.findChild(kind, name) if self._window is not None else None
        if found is None:
            raise LookupError(name)
        return found

    def _action(self, name: str) -> QAction:
        return self._widget(QAction, name)


def main(argv: list[str]) -> int:
    app = QApplication(argv)  # the program uses the application that is there, so that the probe is there first
    probe = Probe()
    ended = application.main(argv)
    del probe, app
    return ended


if __name__ == "__main__":
    sys.exit(main(["visualmemory-gui", *sys.argv[1:]]))

"""The hand: moves the pointer, clicks, drops files and types, with events as a person's hand causes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QPixmap, QWindow
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QWidget

from tools.film.camera import TICK_MS, Camera
from tools.screenshots.stage import Stage, wait

STEPS = 7  # frames of one movement
KEY_MS = 90
CARGO = 84  # pixels of the image under the pointer
NONE = Qt.KeyboardModifier.NoModifier


class Hand:
    """Acts on the window of ``stage``, and lets ``camera`` film it."""

    def __init__(self, stage: Stage, camera: Camera) -> None:
        self._stage = stage
        self._camera = camera
        self._window = stage.window

    def go_to(self, place: QPoint) -> None:
        """Move the pointer to ``place`` of the window, slower at both ends."""
        start = self._camera.pointer
        for step in range(1, STEPS + 1):
            part = step / STEPS
            part = part * part * (3 - 2 * part)
            self._camera.pointer = start + QPoint(
                round((place.x() - start.x()) * part), round((place.y() - start.y()) * part)
            )
            if self._camera.cargo is None:
                QTest.mouseMove(self._handle, self._camera.pointer)
            self._camera.hold(TICK_MS)

    def click(self, widget: QWidget, at: QPoint | None = None) -> None:
        """Go to the middle of ``widget``, or to ``at`` in it, and click."""
        place = widget.mapTo(self._window, widget.rect().center() if at is None else at)
        self.go_to(place)
        QTest.mouseClick(self._handle, Qt.MouseButton.LeftButton, NONE, place)
        self._camera.hold(TICK_MS)

    def drop(self, files: Sequence[Path], widget: QWidget) -> None:
        """Bring ``files`` from outside the window and drop them on ``widget``."""
        self._camera.pointer = QPoint(2, self._window.height() * 2 // 3)
        self._camera.cargo = stack(files)
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(file)) for file in files])
        how = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, NONE)
        at = widget.rect().center()
        QApplication.sendEvent(widget, QDragEnterEvent(at, *how))
        self.go_to(widget.mapTo(self._window, at))
        QApplication.sendEvent(widget, QDragMoveEvent(at, *how))
        self._camera.hold(300)
        self._camera.cargo = None
        QApplication.sendEvent(widget, QDropEvent(QPointF(at), *how))

    def press(self, key: Qt.Key, keys: Qt.KeyboardModifier = NONE) -> None:
        """Press a key where the focus is."""
        self._window.activateWindow()  # offscreen a dialog that closes gives the activation to no window
        QApplication.processEvents()
        QTest.keyClick(QApplication.focusWidget() or self._window, key, keys)
        QApplication.processEvents()

    def type_class(self, name: str) -> None:
        """Type ``name`` into the open dialog, letter by letter, and press Enter."""
        line = next(each for each in self._stage.dialog().findChildren(QLineEdit) if each.isVisible())
        line.selectAll()
        for letter in name:
            QTest.keyClicks(line, letter)
            self._camera.hold(KEY_MS)
        if offered := line.completer().popup():
            offered.hide()
        told = self._stage.dialog().findChildren(QLabel)
        wait(self._stage, lambda: any(f"as {name} would" in each.text() for each in told), seconds=10)
        self._camera.hold(1800)
        QTest.keyClick(line, Qt.Key.Key_Return)

    @property
    def _handle(self) -> QWindow:
        handle = self._window.windowHandle()
        assert handle is not None
        return handle


def stack(files: Sequence[Path]) -> QPixmap:
    """The first of ``files`` as it is carried."""
    flags = (Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
    return QPixmap(str(files[0])).scaled(CARGO, CARGO, *flags)

"""Where the note floats: over the bottom of the images, which leave room for it, so that none stays covered."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QEvent, QObject, QPoint, QRect
from PySide6.QtWidgets import QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.widgets.panels.note_bar import NoteBar

WIDEST_PT = 400


class AdjustableGrid(Protocol):
    """A view of images that can leave room below them."""

    def set_room_below(self, room: int) -> None: ...
    def installEventFilter(self, watcher: QObject) -> None: ...
    def removeEventFilter(self, watcher: QObject) -> None: ...
    def mapTo(self, parent: QWidget, spot: QPoint) -> QPoint: ...
    def rect(self) -> QRect: ...


class NotePlace(QObject):
    """Keeps ``note`` at the bottom of ``over``, or of the grid in it, whenever one of them is resized."""

    def __init__(self, note: NoteBar, over: QWidget) -> None:
        super().__init__(over)
        self._note = note
        self._over = over
        self._grid: AdjustableGrid | None = None
        note.setParent(over)
        note.setAutoFillBackground(True)
        note.hide()
        over.installEventFilter(self)
        note.installEventFilter(self)

    def lie_over(self, grid: AdjustableGrid | None) -> None:
        """Float over ``grid``, which leaves room while there is a note; None: over the whole of ``over``."""
        if self._grid is not None:
            self._grid.removeEventFilter(self)
            self._grid.set_room_below(0)
        self._grid = grid
        if grid is not None:
            grid.installEventFilter(self)
        self.place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kinds = (QEvent.Type.Resize, QEvent.Type.Move, QEvent.Type.Show, QEvent.Type.Hide, QEvent.Type.LayoutRequest)
        if event.type() in kinds:
            self.place()
        return False

    def place(self) -> None:
        margin = theme.px(6)
        room = self._room()
        wide = min(theme.px(WIDEST_PT), room.width() - 2 * margin)
        high = max(self._note.sizeHint().height(), self._note.heightForWidth(wide))
        left, top = room.x() + (room.width() - wide) // 2, room.y() + room.height() - high - margin
        self._note.setGeometry(left, top, wide, high)
        if self._grid is not None:
            self._grid.set_room_below(high + 2 * margin if self._note.isVisibleTo(self._over) else 0)

    def _room(self) -> QRect:
        """Where the note may be, in the coordinates of ``over``."""
        if self._grid is None:
            return self._over.rect()
        return QRect(self._grid.mapTo(self._over, QPoint(0, 0)), self._grid.rect().size())

"""The mouse in the memory's grid: click, Shift, Ctrl, rubber band, dragging out and dropping in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt
from PySide6.QtGui import QDrag, QDragMoveEvent, QDropEvent, QMouseEvent
from PySide6.QtWidgets import QApplication

from visualmemory_gui.app.models import mime

if TYPE_CHECKING:
    from visualmemory_gui.app.widgets.memory_grid import MemoryGrid


class GridMouse(QObject):
    """Filters the events of the grid's viewport. ``band`` is the rubber band in the coordinates of the whole grid."""

    def __init__(self, grid: MemoryGrid) -> None:
        super().__init__(grid)
        self._grid = grid
        self.hovered = -1
        self.band: QRect | None = None
        self._pressed = QPoint()
        self._on = -1
        self._banding = False
        self._later = False
        grid.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QMouseEvent):
            return self._mouse(event)
        if event.type() == QEvent.Type.Leave:
            self._hover(-1)
        elif event.type() in (QEvent.Type.DragEnter, QEvent.Type.DragMove) and isinstance(event, QDragMoveEvent):
            return self._consider(event)
        elif event.type() == QEvent.Type.Drop and isinstance(event, QDropEvent):
            self._consider(event)
            self._grid.pictures_dropped.emit(mime.paths(event.mimeData()))
            return True
        return False

    def _mouse(self, event: QMouseEvent) -> bool:
        kind, left = event.type(), event.button() == Qt.MouseButton.LeftButton
        if kind == QEvent.Type.MouseMove:
            self._moved(event)
        elif kind == QEvent.Type.MouseButtonPress:
            self._press(event)
        elif kind == QEvent.Type.MouseButtonRelease and left:
            self._release()
        elif kind == QEvent.Type.MouseButtonDblClick and left and self._at(event) >= 0:
            self._grid.activated.emit(int(self._grid.ids[self._at(event)]))
        else:
            return False
        return True

    def _press(self, event: QMouseEvent) -> None:
        selection, at = self._grid.selection, self._at(event)
        self._grid.setFocus(Qt.FocusReason.MouseFocusReason)
        self._pressed, self._on, self._later = event.position().toPoint(), at, False
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if event.button() == Qt.MouseButton.RightButton:
            if at >= 0 and not selection.holds(at):
                selection.click(at)
        elif at < 0:
            self._banding = True
            selection.begin_band(keep=control or shift)
            if not (control or shift):
                selection.clear()
        elif shift:
            selection.extend(at)
        elif control:
            selection.toggle(at)
        elif selection.holds(at):
            self._later = True  # it may become a drag of all that is selected
        else:
            selection.click(at)
        self._grid.changed_selection()

    def _moved(self, event: QMouseEvent) -> None:
        spot = event.position().toPoint()
        if not event.buttons() & Qt.MouseButton.LeftButton:
            self._hover(self._at(event))
        elif self._banding:
            self._stretch(spot)
        elif self._on >= 0 and (spot - self._pressed).manhattanLength() >= QApplication.startDragDistance():
            self._later = False
            self._on = -1
            self._drag()

    def _release(self) -> None:
        if self._later and 0 <= self._on < len(self._grid.ids):
            self._grid.selection.click(self._on)
            self._grid.changed_selection()
        self._banding, self._later, self._on = False, False, -1
        if self.band is not None:
            self.band = None
            self._grid.changed_selection()

    def _stretch(self, spot: QPoint) -> None:
        scrolled = QPoint(0, self._grid.verticalScrollBar().value())
        if self.band is None:
            self._origin = self._pressed + scrolled
        self._scroll_at_edge(spot)
        self.band = QRect(self._origin, spot + scrolled).normalized()
        band = self.band
        cells = self._grid.geometry_of_cells.touched(band.left(), band.top(), band.right(), band.bottom())
        self._grid.selection.band(cells)
        self._grid.changed_selection()

    def _scroll_at_edge(self, spot: QPoint) -> None:
        bar, high = self._grid.verticalScrollBar(), self._grid.viewport().height()
        beyond = min(0, spot.y()) + max(0, spot.y() - high)
        if beyond:
            bar.setValue(bar.value() + beyond)

    def _drag(self) -> None:
        ids = self._grid.selection.ids
        if not ids:
            return
        drag = QDrag(self._grid)
        drag.setMimeData(mime.of_exemplars(ids))
        at = self._grid.selection.current
        if at >= 0:
            drag.setPixmap(self._grid.viewport().grab(self._grid.cell_rect(at)))
        drag.exec(Qt.DropAction.CopyAction)

    def _consider(self, event: QDropEvent) -> bool:
        """Pictures and folders from outside are welcome; what was dragged from here is not dropped here."""
        if mime.paths(event.mimeData()) and not mime.exemplars(event.mimeData()):
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
        else:
            event.ignore()
        return True

    def _at(self, event: QMouseEvent) -> int:
        return self._grid.cell_at(event.position().toPoint())

    def _hover(self, at: int) -> None:
        if at != self.hovered:
            self.hovered = at
            self._grid.viewport().update()

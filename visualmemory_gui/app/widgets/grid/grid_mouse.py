"""The mouse in the memory's grid: click, Shift, Ctrl, rubber band, dragging out and dropping in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QDrag, QDragMoveEvent, QDropEvent, QMouseEvent, QPixmap
from PySide6.QtWidgets import QApplication, QScrollBar, QWidget

from visualmemory_gui.app.models import mime
from visualmemory_gui.app.models.exemplars import Ids
from visualmemory_gui.app.models.incoming_images import brought
from visualmemory_gui.app.widgets.grid.drag_image import hang
from visualmemory_gui.app.widgets.grid.grid_layout import GridLayout
from visualmemory_gui.app.widgets.grid.grid_selection import GridSelection


class MouseGrid(Protocol):
    """What the mouse handling needs from its grid."""

    selection: GridSelection

    @property
    def ids(self) -> Ids: ...
    @property
    def geometry_of_cells(self) -> GridLayout: ...
    def cell_at(self, spot: QPoint) -> int: ...
    def image_at(self, at: int) -> QPixmap | None: ...
    def files_of(self, ids: list[int]) -> Sequence[str]: ...
    def changed_selection(self) -> None: ...
    def setFocus(self, reason: Qt.FocusReason) -> None: ...
    def verticalScrollBar(self) -> QScrollBar: ...


class GridMouse(QObject):
    """Filters the events of the grid's ``viewport``. ``band`` is the rubber band in the coordinates of the whole grid,
    ``inviting`` whether images are being dragged over it."""

    opened = Signal(int)
    images_dropped = Signal(list)  # paths and PIL images
    words_dropped = Signal()  # an address or text, nothing that could be an image

    def __init__(self, grid: MouseGrid, viewport: QWidget) -> None:
        super().__init__(viewport)
        self._grid = grid
        self._viewport = viewport
        self.inviting = False
        self.hovered = -1
        self.band: QRect | None = None
        self._pressed = QPoint()
        self._on = -1
        self._banding = False
        self._later = False
        viewport.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QMouseEvent):
            return self._mouse(event)
        if event.type() == QEvent.Type.Leave:
            self._hover(-1)
        elif event.type() in (QEvent.Type.DragEnter, QEvent.Type.DragMove) and isinstance(event, QDragMoveEvent):
            return self._consider(event)
        elif event.type() == QEvent.Type.DragLeave:
            self._invite(False)
        elif event.type() == QEvent.Type.Drop and isinstance(event, QDropEvent):
            return self._take(event)
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
            self.opened.emit(int(self._grid.ids[self._at(event)]))
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
            self._later = True  # it may become a drag of the whole selection
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
        bar, high = self._grid.verticalScrollBar(), self._viewport.height()
        beyond = min(0, spot.y()) + max(0, spot.y() - high)
        if beyond:
            bar.setValue(bar.value() + beyond)

    def _drag(self) -> None:
        ids = self._grid.selection.ids
        if not ids:
            return
        drag = QDrag(self._viewport)
        drag.setMimeData(mime.of_exemplars(ids, self._grid.files_of(ids)))
        image = self._grid.image_at(self._grid.selection.current)
        hang(drag, image, len(ids), self._viewport.devicePixelRatioF())
        drag.exec(Qt.DropAction.CopyAction)

    def _consider(self, event: QDropEvent) -> bool:
        """Accept images and folders from outside, and words only to say that they are not images. What was dragged
        from here cannot be dropped here."""
        data = event.mimeData()
        images = mime.holds_images(data) and not mime.exemplars(data)
        self._invite(images)
        if images or mime.holds_words(data):
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
        else:
            event.ignore()
        return True

    def _take(self, event: QDropEvent) -> bool:
        self._consider(event)
        self._invite(False)
        if mime.holds_words(event.mimeData()):
            self.words_dropped.emit()
        elif event.isAccepted():
            self.images_dropped.emit(brought(event.mimeData()))
        return True

    def _invite(self, inviting: bool) -> None:
        if inviting != self.inviting:
            self.inviting = inviting
            self._viewport.update()

    def _at(self, event: QMouseEvent) -> int:
        return self._grid.cell_at(event.position().toPoint())

    def _hover(self, at: int) -> None:
        if at != self.hovered:
            self.hovered = at
            self._viewport.update()

"""A list of cards that always fills its width: as many columns as fit, with the widest cards possible."""

from __future__ import annotations

from math import ceil

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPersistentModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QDrag, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QListView, QStyleOptionViewItem, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.card_roles import CardRole
from visualmemory_gui.app.widgets.cards.neighbour_card import USUAL_PT, NeighbourDelegate, prepare_view
from visualmemory_gui.app.widgets.grid.drag_image import hang

Index = QModelIndex | QPersistentModelIndex
ROOMY_PT = 150.0  # what no one chose is no larger: stored images have 256 pixels
USUAL_COLUMNS = 5
RESTS_MS = 150
ARROWS = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down)


class CardGrid(QListView):
    """The neighbours' cards, drawn by the delegate ``cards``. Space requests the large image of the current card.

    With nothing selected, Space, an arrow or Home selects the current card: Qt makes the first card current without
    selecting it when it gets the focus, and would then never select it by key.
    """

    preview_requested = Signal()
    chosen = Signal(int)  # an exemplar by double click
    current_changed = Signal()
    size_stepped = Signal(int)  # +1 larger, -1 smaller
    side_changed = Signal(int)  # of the images, in logical pixels; once the size has settled

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("neighbourGrid")
        self.setAccessibleName("Neighbours, nearest first")
        self.cards = NeighbourDelegate(self)
        prepare_view(self, self.cards)
        self._side = 0
        self._chosen: float | None = None
        self._rest = QTimer(self, singleShot=True, interval=RESTS_MS)
        self._rest.timeout.connect(lambda: self.side_changed.emit(self._side))
        self.cards.set_side(self._side_pt())
        self._empty = ""
        self.setDragEnabled(True)
        self.setDragDropMode(QListView.DragDropMode.DragOnly)
        self.setFrameShape(QListView.Shape.NoFrame)

    def set_largest(self, points: float | None) -> None:
        """Let images be at most that large, in points; None: as the room suggests."""
        self._chosen = points
        self._fit()

    @property
    def largest(self) -> float:
        """The largest side of an image, in points: the chosen one, or one that shows about five cards in a row."""
        if self._chosen is not None:
            return self._chosen
        room = self.width() * USUAL_PT / theme.px(USUAL_PT)
        return max(USUAL_PT, min(ROOMY_PT, room / USUAL_COLUMNS))

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()
        super().resizeEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Resize the cards with Ctrl, as elsewhere."""
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.size_stepped.emit(1 if event.angleDelta().y() > 0 else -1)
            event.accept()
        else:
            super().wheelEvent(event)

    def _fit(self) -> None:
        """Give the cards the largest side at which whole columns fill the width."""
        frame = self._cell() - theme.px(self._side_pt())
        bar = self.verticalScrollBar().sizeHint().width()
        side = best_side(self.width() - bar - 2, frame=frame, gap=self.spacing(), largest=theme.px(self.largest))
        if side != self._side:
            self._side = side
            self.cards.set_side(self._side_pt())
            self.scheduleDelayedItemsLayout()
            self._rest.start()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and event.modifiers() == Qt.KeyboardModifier.NoModifier:
            self._select_current(event)
            self.preview_requested.emit()
        elif event.key() not in ARROWS or not self._select_current(event):
            super().keyPressEvent(event)
            if event.key() == Qt.Key.Key_Home:
                self._select_current(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Treat two fast clicks on the button of a card as two clicks on it."""
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and event.button() == Qt.MouseButton.LeftButton:
            option = QStyleOptionViewItem()
            self.initViewItemOption(option)
            if self.cards.button_rect(option, self.visualRect(index)).contains(event.position().toPoint()):
                super().mousePressEvent(event)
            else:
                self.chosen.emit(int(index.data(CardRole.Exemplar) or 0))
            return
        super().mouseDoubleClickEvent(event)

    def set_full_labels(self, shown: bool) -> None:
        """Show the full label in a line of its own, where chips have those of a level."""
        self.cards.set_full_labels(shown)
        self.scheduleDelayedItemsLayout()

    def set_empty_text(self, text: str) -> None:
        """Set the text shown in the middle while there are no cards."""
        self._empty = text
        self.setAccessibleDescription(text)
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._empty and not self.model().rowCount():
            painter = QPainter(self.viewport())
            painter.setPen(QColor(theme.current().dim))
            flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
            painter.drawText(self.viewport().rect().adjusted(20, 20, -20, -20), flags, self._empty)

    def startDrag(self, supported: Qt.DropAction) -> None:
        """Drag the selected cards, shown as the current one."""
        chosen = self.selectedIndexes()
        if not chosen:
            return
        shown = self.currentIndex() if self.currentIndex() in chosen else chosen[0]
        drag = QDrag(self)
        drag.setMimeData(self.model().mimeData(chosen))
        hang(drag, shown.data(CardRole.Pixmap), len(chosen), self.devicePixelRatioF())
        drag.exec(Qt.DropAction.CopyAction)

    def set_room_below(self, room: int) -> None:
        """Keep ``room`` pixels free below the cards, where something is floating."""
        self.setViewportMargins(0, 0, 0, room)

    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        self.current_changed.emit()

    def _select_current(self, event: QKeyEvent) -> bool:
        """Select the current card if nothing is selected and no modifier is held; return whether it was."""
        chosen, current = self.selectionModel(), self.currentIndex()
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        if not plain or not current.isValid() or chosen.hasSelection():
            return False
        chosen.select(current, QItemSelectionModel.SelectionFlag.Select)
        return True

    def _side_pt(self) -> float:
        """The points that yield the given pixels."""
        return (self._side or theme.px(USUAL_PT)) * 72.0 / (theme.px(720.0) / 10.0)

    def _cell(self) -> int:
        option = QStyleOptionViewItem()
        self.initViewItemOption(option)
        return self.cards.sizeHint(option, self.rootIndex()).width()


def best_side(width: int, *, frame: int, gap: int, largest: int) -> int:
    """The image's side in pixels at which cards fill ``width``; ``frame`` is what a card adds to its image."""
    columns = max(1, ceil((width - gap) / (largest + frame + gap)))
    return max(24, min(largest, (width - gap) // columns - gap - frame))

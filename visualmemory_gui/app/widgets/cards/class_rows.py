"""The classes of a decision as drop targets: images dropped on one teach it, cards are relabelled to it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent, QPainter, QPen
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models import mime
from visualmemory_gui.app.models.card_roles import ALONE
from visualmemory_gui.app.models.class_rows import ClassRole, ClassRow, ClassRows
from visualmemory_gui.app.models.incoming_images import incoming
from visualmemory_gui.app.models.label_match import ranked
from visualmemory_gui.app.widgets.cards.label_chip import shortened
from visualmemory_gui.app.widgets.tables.letters import Letters
from visualmemory_gui.engine.decision.short_labels import ShortLabels

Index = QModelIndex | QPersistentModelIndex
USUAL_ROWS, LEAST_ROWS = 8, 3


class ClassList(QListView):
    """The list of classes. ``label`` is None in a signal that means the row for a new class."""

    images_dropped = Signal(list, object)  # paths and PIL images, label
    cards_dropped = Signal(list, object)  # ids, label
    class_chosen = Signal(str)
    new_class_requested = Signal()
    menu_requested = Signal(QPoint, str)  # global, label

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("classList")
        self.setAccessibleName("Classes of this decision")
        self.setAcceptDrops(True)
        self.setMouseTracking(True)
        self.setUniformItemSizes(True)
        self.setLayoutMode(QListView.LayoutMode.Batched)  # of a thousand classes, those in view come first
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QListView.Shape.NoFrame)
        self._rows = ClassRows(self)
        self.setModel(self._rows)
        self._all: tuple[ClassRow, ...] = ()
        self._typed = ""
        self._over = -1
        self.names = ALONE
        self.setItemDelegate(_ClassDelegate(self))
        Letters(self)
        self.activated.connect(self._on_activated)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._on_menu)
        theme.notifier.changed.connect(self.viewport().update)

    @property
    def over(self) -> int:
        """The row under a drag, -1 without one."""
        return self._over

    def set_rows(self, rows: Sequence[ClassRow], names: ShortLabels = ALONE) -> None:
        """Show ``rows``; ``names`` are the labels shown alongside them."""
        self.names, self._all = names, tuple(rows)
        self._show()

    def set_filter(self, typed: str) -> None:
        """Show the classes that have the letters of ``typed`` alone, the likeliest first; "" shows all."""
        self._typed = typed
        self._show()

    def choose_first(self) -> None:
        """Choose the first class that is shown, if there is one."""
        if self._rows.rows:
            self.class_chosen.emit(self._rows.rows[0].label)

    def _show(self) -> None:
        shown = self._all
        if self._typed:
            of = {row.label: row for row in self._all}
            shown = tuple(of[label] for label in ranked(list(of), self._typed))
        wanted = self.sizeHint()
        self._rows.set_rows(shown)
        if self.sizeHint() != wanted:
            self.updateGeometry()

    def sizeHint(self) -> QSize:
        return self._size_of(USUAL_ROWS)

    def minimumSizeHint(self) -> QSize:
        return self._size_of(LEAST_ROWS)

    def _size_of(self, rows: int) -> QSize:
        """The size at which ``rows`` are in sight, fewer if there are no more."""
        pitch = self.fontMetrics().height() + theme.px(8)
        return QSize(theme.px(150), pitch * min(rows, self._rows.rowCount()) + 4)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self._consider(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self._consider(event)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._set_over(-1)

    def dropEvent(self, event: QDropEvent) -> None:
        row = self._row_at(event.position().toPoint())
        self._set_over(-1)
        if row < 0:
            return
        label = self._rows.index(row).data(ClassRole.Label)
        ids = mime.exemplars(event.mimeData())
        images = [] if ids else incoming(event.mimeData())
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        if ids:
            self.cards_dropped.emit(ids, label)
        elif images:
            self.images_dropped.emit(images, label)

    def _consider(self, event: QDragMoveEvent) -> None:
        data = event.mimeData()
        row = self._row_at(event.position().toPoint())
        fits = bool(mime.exemplars(data)) or mime.holds_images(data)
        self._set_over(row if fits else -1)
        if not fits:
            event.ignore()
            return
        # Accepted in the gaps too, so that the next move event arrives.
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()

    def _row_at(self, spot: QPoint) -> int:
        return self.indexAt(spot).row()

    def _set_over(self, row: int) -> None:
        if row != self._over:
            self._over = row
            self.viewport().update()

    def _on_menu(self, spot: QPoint) -> None:
        label = self.indexAt(spot).data(ClassRole.Label)
        if label is not None:
            self.menu_requested.emit(self.viewport().mapToGlobal(spot), label)

    def _on_activated(self, index: QModelIndex) -> None:
        label = index.data(ClassRole.Label)
        if label is None:
            self.new_class_requested.emit()
        else:
            self.class_chosen.emit(label)


class _ClassDelegate(QStyledItemDelegate):
    def __init__(self, view: ClassList) -> None:
        super().__init__(view)
        self._view = view

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(theme.px(100), option.fontMetrics.height() + theme.px(8))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_ground(painter, option, target=index.row() == self._view.over)
        row = index.data(ClassRole.Row)
        room = QRectF(option.rect).adjusted(theme.px(5), 0, -theme.px(5), 0)
        if row is None:
            painter.setPen(QColor(theme.current().link))
            painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter), str(index.data()))
        else:
            self._paint_row(painter, room, row)
        painter.restore()

    def _paint_ground(self, painter: QPainter, option: QStyleOptionViewItem, *, target: bool) -> None:
        c = theme.current()
        box = QRectF(option.rect).adjusted(1, 1, -1, -1)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        ring = target or (bool(option.state & QStyle.StateFlag.State_HasFocus) and self._view.hasFocus())
        ground = c.selected if selected or target else c.hover if hovered else c.surface
        painter.setPen(QPen(QColor(c.accent), 2.0) if ring else Qt.PenStyle.NoPen)
        painter.setBrush(QColor(ground))
        painter.drawRoundedRect(box, theme.px(3), theme.px(3))

    def _paint_row(self, painter: QPainter, room: QRectF, row: ClassRow) -> None:
        """A key cap (or a dot) in the colour of the class, the class, its count."""
        c = theme.current()
        middle = int(Qt.AlignmentFlag.AlignVCenter)
        side = painter.fontMetrics().height()
        _paint_cap(painter, QRectF(room.x(), room.center().y() - side / 2, side, side), row)
        count = f"{row.count:,}"
        painter.setPen(QColor(c.dim))
        painter.drawText(room, middle | int(Qt.AlignmentFlag.AlignRight), count)
        taken = painter.fontMetrics().horizontalAdvance(count) + theme.px(6)
        text = room.adjusted(side + theme.px(6), 0, -taken, 0)
        painter.setPen(QColor(c.text))
        shown = shortened(painter.fontMetrics(), row.label, int(text.width()), self._view.names)
        painter.drawText(text, middle, shown)


def _paint_cap(painter: QPainter, cap: QRectF, row: ClassRow) -> None:
    """The key of the class on its colour; a dot if it has none."""
    c = theme.current()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(row.colour or c.grey_chip))
    if not row.key:
        painter.drawEllipse(cap.center(), cap.width() / 5, cap.width() / 5)
        return
    painter.drawRoundedRect(cap, theme.px(3), theme.px(3))
    painter.setPen(QColor(c.on_chip))
    painter.drawText(cap, int(Qt.AlignmentFlag.AlignCenter), row.key)

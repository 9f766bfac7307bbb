"""The memory as a grid of thumbnails. It paints only the cells in view, so a million cost what fifty do."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.exemplars import Ids
from visualmemory_gui.app.models.grid_cells import Cells, CellsModel
from visualmemory_gui.app.models.thumbnails import Thumbnails
from visualmemory_gui.app.widgets.cards.card_painter import Look
from visualmemory_gui.app.widgets.grid.grid_accessibility import GridVoice
from visualmemory_gui.app.widgets.grid.grid_base import CellView
from visualmemory_gui.app.widgets.grid.grid_keys import Move, move_of, target_of
from visualmemory_gui.app.widgets.grid.grid_layout import GridLayout
from visualmemory_gui.app.widgets.grid.grid_mouse import GridMouse
from visualmemory_gui.app.widgets.grid.grid_painter import CellPainter, CellSize
from visualmemory_gui.app.widgets.grid.grid_selection import GridSelection, place_of
from visualmemory_gui.engine.decision.short_labels import ShortLabels


class MemoryGrid(CellView):
    """``cells(ids)`` says what to paint for ids; ``thumbnails`` supplies the images as they load; ``files_of(ids)``
    are the files that other programs get when ``ids`` are dragged there."""

    selection_changed = Signal()
    current_changed = Signal()
    opened = Signal(int)
    preview_requested = Signal()
    menu_requested = Signal(QPoint)  # global
    images_dropped = Signal(list)  # paths and PIL images
    words_dropped = Signal()  # an address or text, nothing that could be an image
    larger_requested = Signal(int)  # 1: larger images, -1: smaller ones

    def __init__(
        self,
        cells: Cells,
        thumbnails: Thumbnails,
        parent: QWidget | None = None,
        *,
        side_pt: float = 78.0,
        files_of: Callable[[list[int]], Sequence[str]] = lambda _: (),
    ) -> None:
        super().__init__(CellsModel(cells), parent)
        self.rows.setParent(self)
        self.setObjectName("memoryGrid")
        self.setAccessibleName("Exemplars")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setAcceptDrops(True)
        self.viewport().setMouseTracking(True)
        self._cells, self._thumbnails, self._side_pt = cells, thumbnails, side_pt
        self.files_of = files_of
        self._empty = "No exemplars"
        self.selection = GridSelection()
        self._painter = CellPainter(CellSize.of(self.font(), side_pt), ShortLabels())
        self._layout = GridLayout(0, 1, 1, 1, 0)
        self._mouse = GridMouse(self, self.viewport())
        self._voice = GridVoice(self, self.rows)
        self._mouse.opened.connect(self.opened)
        self._mouse.images_dropped.connect(self.images_dropped)
        self._mouse.words_dropped.connect(self.words_dropped)
        thumbnails.loaded.connect(self._on_loaded)
        theme.notifier.changed.connect(self._on_theme)
        self._lay_out()

    @property
    def ids(self) -> Ids:
        return self.rows.ids

    @property
    def geometry_of_cells(self) -> GridLayout:
        return self._layout

    @property
    def gap(self) -> int:
        return self._painter.size.gap

    def set_ids(self, ids: Ids) -> None:
        """Show ``ids`` in this order. Selection, current cell and scroll position are kept where they still apply."""
        before = len(self.selection)
        self.selection.set_ids(ids)
        if not np.array_equal(ids, self.ids):
            self.rows.set_ids(ids)
        self._lay_out()
        if len(self.selection) != before:
            self.selection_changed.emit()
        self._voice.tell(self.selection, self._in_sight())

    def set_names(self, names: ShortLabels) -> None:
        """Set the labels of all cells, which each must stay distinct from."""
        if names is not self._painter.names:
            self._painter = CellPainter(self._painter.size, names)
            self.viewport().update()

    def set_empty_text(self, text: str) -> None:
        self._empty = text
        self.viewport().update()

    def cell_at(self, spot: QPoint) -> int:
        """The position under ``spot`` of the viewport, -1 in the gaps."""
        return self._layout.at(spot.x(), spot.y() + self.verticalScrollBar().value(), gap=self.gap)

    def cell_rect(self, at: int) -> QRect:
        """The rectangle of position ``at`` in the viewport."""
        left, top = self._layout.origin(at)
        size = self._painter.size
        top -= self.verticalScrollBar().value()
        return QRect(left, top, size.width - size.gap, size.height - size.gap)

    def image_at(self, at: int) -> QPixmap | None:
        """The thumbnail of position ``at``, None if there is none yet."""
        return self._thumbnails.get(int(self.ids[at])) if 0 <= at < len(self.ids) else None

    def set_side(self, side_pt: float) -> None:
        """Set the size of the images; what was at the top stays there."""
        first = self._layout.columns * (self.verticalScrollBar().value() // max(1, self._layout.cell_h))
        self._side_pt = side_pt
        self._on_theme()
        self.verticalScrollBar().setValue(self._layout.origin(first)[1] if first < len(self.ids) else 0)

    def set_room_below(self, room: int) -> None:
        """Keep ``room`` pixels free below the cells, where something is floating."""
        self.setViewportMargins(0, 0, 0, room)

    def go_to(self, at: int) -> None:
        """Scroll so that position ``at`` is in view."""
        rect, bar = self.cell_rect(at), self.verticalScrollBar()
        if rect.top() < 0:
            bar.setValue(bar.value() + rect.top() - self.gap)
        elif rect.bottom() > self.viewport().height():
            bar.setValue(bar.value() + rect.bottom() - self.viewport().height() + self.gap)

    @property
    def top_id(self) -> int | None:
        """The first exemplar in sight; None without any."""
        seen = self._in_sight()
        return int(self.ids[seen[0]]) if len(seen) and len(self.ids) else None

    def show_at_top(self, exemplar: int) -> None:
        """Scroll so that ``exemplar`` is in the first row, if it is here."""
        at = place_of(self.ids, exemplar)
        if at >= 0:
            self.verticalScrollBar().setValue(self._layout.origin(at)[1] - self.gap)

    def select(self, ids: Ids) -> None:
        """Select those of ``ids`` that are here, and nothing else, and bring the current one into view."""
        self.selection.select(ids)
        if len(self.selection):
            self.go_to(self.selection.current)
        self.changed_selection()

    def changed_selection(self) -> None:
        """Announce that the selection or the current cell has changed."""
        self.viewport().update()
        self._voice.tell(self.selection, self._in_sight())
        self.current_changed.emit()
        self.selection_changed.emit()

    def sizeHint(self) -> QSize:
        size = self._painter.size
        return QSize(size.width * 5, size.height * 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        painter.fillRect(event.rect(), QColor(theme.current().surface))
        if not len(self.ids):
            painter.setPen(QColor(theme.current().dim))
            flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
            painter.drawText(self.viewport().rect().adjusted(20, 20, -20, -20), flags, self._empty)
        painter.setFont(self._painter.size.font)
        self._paint_cells(painter)
        self._paint_mouse(painter)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._lay_out()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self._voice.scrolled(self.selection, self._in_sight())
        self.viewport().update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.larger_requested.emit(1 if event.angleDelta().y() > 0 else -1)
        else:
            QAbstractScrollArea.wheelEvent(self, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        move = move_of(event)
        if move is None or not len(self.ids):
            QAbstractScrollArea.keyPressEvent(self, event)
        else:
            self._move(move)

    def focusInEvent(self, event: QFocusEvent) -> None:
        if self.selection.current < 0 and len(self.ids):
            self.selection.move(self._in_sight().start)
        self._voice.tell(self.selection, self._in_sight())
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.viewport().update()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if event.reason() == QContextMenuEvent.Reason.Keyboard and self.selection.current >= 0:
            self.menu_requested.emit(self.viewport().mapToGlobal(self.cell_rect(self.selection.current).center()))
        else:
            self.menu_requested.emit(event.globalPos())

    def _paint_cells(self, painter: QPainter) -> None:
        sight = self._in_sight()
        known = {cell.id: cell for cell in self._cells(self.ids[sight.start : sight.stop])}
        here, focus = self.selection.current, self.hasFocus()
        scrolled = self.verticalScrollBar().value()
        for at in reversed(sight):  # the newest request is read first, so that the top left one loads first
            exemplar = int(self.ids[at])
            if (cell := known.get(exemplar)) is None:
                continue
            left, top = self._layout.origin(at)
            look = Look(self.selection.holds(at), at == self._mouse.hovered, focus and at == here)
            image = self._thumbnails.get(exemplar)
            self._painter.paint(painter, left, top - scrolled, cell=cell, image=image, look=look)

    def _paint_mouse(self, painter: QPainter) -> None:
        """Paint the rubber band, and the frame that invites a drop."""
        accent = QColor(theme.current().accent)
        if (band := self._mouse.band) is not None:
            painter.setPen(QPen(accent, 1))
            painter.setBrush(QColor(accent.red(), accent.green(), accent.blue(), 40))
            painter.drawRect(band.translated(0, -self.verticalScrollBar().value()))
        if self._mouse.inviting:
            painter.setPen(QPen(accent, 2, Qt.PenStyle.DashLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(self.viewport().rect().adjusted(1, 1, -2, -2), theme.px(5), theme.px(5))

    def _in_sight(self) -> range:
        top = self.verticalScrollBar().value()
        return self._layout.between(top, top + self.viewport().height())

    def _lay_out(self) -> None:
        size = self._painter.size
        self._layout = GridLayout(len(self.ids), self.viewport().width(), size.width, size.height, theme.px(4))
        bar, page = self.verticalScrollBar(), self.viewport().height()
        bar.setRange(0, max(0, self._layout.height - page))
        bar.setPageStep(page)
        bar.setSingleStep(max(1, size.height // 3))
        self.viewport().update()

    def _move(self, move: Move) -> None:
        """Carry out what a key asks: move, extend the selection, or request something."""
        selection = self.selection
        if move.what in ("go", "extend", "wander"):
            per_page = max(1, self.viewport().height() // self._layout.cell_h)
            at = target_of(move, selection.current, count=len(self.ids), columns=self._layout.columns, page=per_page)
            {"go": selection.click, "extend": selection.extend, "wander": selection.move}[move.what](at)
            self.go_to(at)
        elif move.what == "all":
            selection.select_all()
        elif move.what == "none":
            selection.clear()
        elif move.what == "toggle" and selection.current >= 0:
            selection.toggle(selection.current)
        elif move.what == "preview":
            self.preview_requested.emit()
            return
        elif move.what == "open" and selection.current_id is not None:
            self.opened.emit(selection.current_id)
            return
        self.changed_selection()

    def _on_loaded(self, ids: list[int]) -> None:
        sight = self._in_sight()
        if sight and not np.isin(self.ids[sight.start : sight.stop], ids).any():
            return
        self.viewport().update()

    def _on_theme(self) -> None:
        self._painter = CellPainter(CellSize.of(self.font(), self._side_pt), self._painter.names)
        self._lay_out()

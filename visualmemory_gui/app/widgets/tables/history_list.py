"""The history as a list by day: what was done to which images, when, what undo took back, and the names of states."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QPointF, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.history import HistoryModel, StepRole
from visualmemory_gui.app.models.thumbnails import Thumbnails
from visualmemory_gui.app.widgets.cards.label_chip import paint_chip
from visualmemory_gui.engine.decision.short_labels import ShortLabels
from visualmemory_gui.engine.types import Step

Index = QModelIndex | QPersistentModelIndex
LEFT = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
SIDE_PT = 20
RIGHT = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight)


class HistoryList(QListView):
    """The list. ``step_chosen`` says that another step, or none, is selected. ``thumbnails`` arrive later."""

    step_chosen = Signal()
    menu_requested = Signal(QPoint)  # global

    def __init__(self, model: HistoryModel, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.names = ShortLabels()  # among which the labels of steps stay distinct when they are cut
        self.setObjectName("historyList")
        self.setAccessibleName("History")
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setItemDelegate(_LineDelegate(self, thumbnails))
        thumbnails.loaded.connect(lambda _: self.viewport().update())
        self._model = model
        self.setModel(model)
        self._kept: int | None = None
        model.modelAboutToBeReset.connect(self._keep)
        model.modelReset.connect(self._select_kept)
        self.selectionModel().selectionChanged.connect(lambda *_: self.step_chosen.emit())

    @property
    def step(self) -> Step | None:
        """The selected step."""
        chosen = self.selectionModel().selectedRows()
        return self._model.step_at(chosen[0].row()) if chosen else None

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        place = event.globalPos()
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            place = self.viewport().mapToGlobal(self.visualRect(self.currentIndex()).center())
        self.menu_requested.emit(place)

    def _keep(self) -> None:
        self._kept = self.step.number if self.step is not None else None

    def _select_kept(self) -> None:
        for row in range(self._model.rowCount()):
            step = self._model.step_at(row)
            if step is not None and step.number == self._kept:
                self.setCurrentIndex(self._model.index(row))
                return
        self.step_chosen.emit()


class _LineDelegate(QStyledItemDelegate):
    def __init__(self, view: HistoryList, thumbnails: Thumbnails) -> None:
        super().__init__(view)
        self._view, self._thumbnails = view, thumbnails

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        shown = theme.px(SIDE_PT + 2) if _is_illustrated(index.data(StepRole.Step)) else 0
        return QSize(theme.px(100), 2 * option.fontMetrics.height() + theme.px(6) + shown)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        room = QRectF(option.rect).adjusted(theme.px(5), theme.px(3), -theme.px(5), -theme.px(3))
        upper = QRectF(room.x(), room.y(), room.width(), option.fontMetrics.height())
        if index.data(StepRole.Step) is None:
            self._paint_day(painter, option, index, upper)
        else:
            self._paint_step(painter, option, index, upper)
        painter.restore()

    @staticmethod
    def _paint_day(painter: QPainter, option: QStyleOptionViewItem, index: Index, upper: QRectF) -> None:
        c = theme.current()
        if index.row():
            painter.setPen(QPen(QColor(c.border), 1))
            painter.drawLine(option.rect.topLeft(), option.rect.topRight())
        painter.setFont(theme.points(option.font, bold=True))
        painter.setPen(QColor(c.text))
        painter.drawText(upper, LEFT, str(index.data()))
        painter.setFont(theme.points(option.font, -1))
        painter.setPen(QColor(c.dim))
        _draw_elided(painter, upper.translated(0, upper.height()), str(index.data(StepRole.When) or ""))

    def _paint_step(self, painter: QPainter, option: QStyleOptionViewItem, index: Index, upper: QRectF) -> None:
        c, step = theme.current(), index.data(StepRole.Step)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        if selected or hovered:
            painter.fillRect(option.rect, QColor(c.selected if selected else c.hover))
        if selected and option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(QColor(c.accent), 1))
            painter.drawRect(option.rect.adjusted(0, 0, -1, -1))
        undone = bool(index.data(StepRole.Undone))
        font = theme.points(option.font)
        font.setStrikeOut(undone)
        painter.setFont(font)
        painter.setPen(QColor(c.dim if undone else c.text))
        words = str(index.data())
        _draw_elided(painter, upper, words.removesuffix(step.label) if step.label else words)
        lower = upper.translated(0, upper.height())
        if _is_illustrated(step):
            self._paint_images(painter, lower, step)
            lower.translate(0, theme.px(SIDE_PT + 2))
        painter.setFont(theme.points(option.font, -1))
        painter.setPen(QColor(c.dim))
        place = "" if step.after is not None and index.data(StepRole.Tags) else index.data(StepRole.Place)
        text = " · ".join(filter(None, (index.data(StepRole.When), place)))
        _draw_elided(painter, lower, text)
        if tags := str(index.data(StepRole.Tags)):
            painter.setPen(QColor(c.link))
            painter.setFont(theme.points(option.font, -1, bold=True))
            beside = lower.adjusted(painter.fontMetrics().horizontalAdvance(f"{text}  "), 0, 0, 0)
            shown = painter.fontMetrics().elidedText(tags, Qt.TextElideMode.ElideRight, int(beside.width()))
            painter.drawText(beside, RIGHT, shown)

    def _paint_images(self, painter: QPainter, line: QRectF, step: Step) -> None:
        """The images of the step, and the chip of the class that it gave them."""
        side = float(theme.px(SIDE_PT))
        place = QRectF(line.x(), line.y() + theme.px(1), side, side)
        painter.setOpacity(0.5 if step.state == "undone" else 1.0)
        for exemplar in step.sample:
            image = self._thumbnails.get(exemplar)
            if image is None or image.isNull():
                painter.fillRect(place, QColor(theme.current().track))
            else:
                _draw_fitting(painter, place, image)
            place.translate(side + theme.px(3), 0)
        painter.setOpacity(1.0)
        if step.label is not None:
            painter.setFont(theme.points(painter.font(), -1))
            high = painter.fontMetrics().height() + theme.px(2)
            chip = QRectF(place.x(), place.center().y() - high / 2, line.right() - place.x(), high)
            paint_chip(painter, chip, step.label, None, names=self._view.names)


def _is_illustrated(step: Step | None) -> bool:
    return step is not None and bool(step.sample)


def _draw_fitting(painter: QPainter, place: QRectF, image: QPixmap) -> None:
    size = QSizeF(image.size()).scaled(place.size(), Qt.AspectRatioMode.KeepAspectRatio)
    shown = QRectF(QPointF(0, 0), size)
    shown.moveCenter(place.center())
    painter.drawPixmap(shown, image, QRectF(image.rect()))


def _draw_elided(painter: QPainter, room: QRectF, text: str) -> None:
    shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(room.width()))
    painter.drawText(room, LEFT, shown)

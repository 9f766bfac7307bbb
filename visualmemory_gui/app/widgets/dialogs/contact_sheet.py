"""The contact sheet: images side by side, each ticked with the class it is about to be taught as."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QPainter, QPixmap
from PySide6.QtWidgets import (
    QApplication,
    QLabel,
    QListView,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionButton,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.headline import percent
from visualmemory_gui.app.widgets.cards.label_chip import paint_chip
from visualmemory_gui.app.widgets.cards.pixmap_cache import fitted, paint_centred
from visualmemory_gui.app.widgets.dialogs.fitting_dialog import FittingDialog
from visualmemory_gui.app.widgets.tables.table_cells import cell
from visualmemory_gui.engine.decision.short_labels import ShortLabels
from visualmemory_gui.engine.text.visible_text import how_many

Index = QModelIndex | QPersistentModelIndex
COLUMNS, ROWS = 4, 3
AROUND_PT = 140.0  # of height for the texts, the buttons, and what a desktop puts above and below a window
SIDE_PT, FADED = 92.0, 0.3
ROW = int(Qt.ItemDataRole.UserRole) + 1
MEANING = "Click an image, or press Space, to leave it out. Enter teaches the others, in one step."


@dataclass(frozen=True, slots=True)
class SheetRow:
    """An image of the sheet, by the ``id`` that it is confirmed by; ``colour`` is that of its class."""

    id: int
    name: str
    label: str
    share: float
    colour: QColor
    image: QImage

    def words(self, *, ticked: bool) -> str:
        """ "IMG_12.jpg, tiger, 93 % of the vote, ticked"."""
        return f"{self.name}, {self.label}, {percent(self.share)} of the vote, {'ticked' if ticked else 'left out'}"


class ContactSheet(FittingDialog):
    """Use ``open()``; ``confirmed`` reports the ids of the images that stayed ticked. ``names`` are the labels that
    those of ``rows`` must stay distinct from."""

    confirmed = Signal(list)

    def __init__(self, parent: QWidget | None, *, title: str, rows: Sequence[SheetRow], names: ShortLabels) -> None:
        super().__init__(parent)
        self.setObjectName("contactSheet")
        self.setWindowTitle("Teach certain images")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        heading, meaning = QLabel(title), QLabel(MEANING)
        heading.setFont(theme.points(self.font(), 2, bold=True))
        meaning.setProperty("dim", True)
        for label in (heading, meaning):
            label.setWordWrap(True)
        self.list = _Sheet(rows, names)
        self.list.ticks_changed.connect(self.on_ticks_changed)
        self.teach, buttons = self.verb_or_cancel("Teach")
        column = QVBoxLayout(self)
        for widget in (heading, meaning, self.list, buttons):
            column.addWidget(widget)
        self.list.setFocus()
        self.on_ticks_changed()

    def on_ticks_changed(self) -> None:
        count = len(self.list.ticked())
        self.teach.setText(f"Teach {how_many(count, 'image')}")
        self.teach.setEnabled(count > 0)

    def accept(self) -> None:
        self.confirmed.emit(self.list.ticked())
        super().accept()


class _Sheet(QListWidget):
    """The images in a grid; a click or Space ticks one, or leaves it out."""

    ticks_changed = Signal()

    def __init__(self, rows: Sequence[SheetRow], names: ShortLabels) -> None:
        super().__init__()
        self.setObjectName("contactSheetList")
        self.setAccessibleName("Images to teach")
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setSelectionMode(QListWidget.SelectionMode.NoSelection)
        self.setMouseTracking(True)
        self.setUniformItemSizes(True)
        self.setItemDelegate(_TileDelegate(self, names))
        tile, edge = self.tile(), 2 * self.frameWidth() + 1
        self.setGridSize(tile)
        bar = self.verticalScrollBar().sizeHint().width()
        fit = (self.screen().availableGeometry().height() - theme.px(AROUND_PT)) // tile.height()
        high = max(1, min(ROWS, fit, -(-len(rows) // COLUMNS)))
        self.setMinimumSize(COLUMNS * tile.width() + bar + edge, high * tile.height() + edge)
        for row in rows:
            item = QListWidgetItem()
            item.setData(ROW, row)
            item.setToolTip(f"{row.name}\n{row.label}, {percent(row.share)} of the vote")
            self._tick(item, ticked=True)
            self.addItem(item)
        self.setCurrentRow(0)
        self.itemClicked.connect(self._turn)

    def tile(self) -> QSize:
        side = theme.px(SIDE_PT)
        return QSize(side + theme.px(8), side + self.fontMetrics().height() + theme.px(12))

    def ticked(self) -> list[int]:
        """Ids of the ticked images, in their order."""
        items = map(self.item, range(self.count()))
        return [item.data(ROW).id for item in items if item.checkState() == Qt.CheckState.Checked]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and (item := self.currentItem()) is not None:
            self._turn(item)
        else:
            super().keyPressEvent(event)

    def _turn(self, item: QListWidgetItem) -> None:
        self._tick(item, ticked=item.checkState() != Qt.CheckState.Checked)
        self.ticks_changed.emit()

    def _tick(self, item: QListWidgetItem, *, ticked: bool) -> None:
        item.setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, item.data(ROW).words(ticked=ticked))


class _TileDelegate(QStyledItemDelegate):
    """Paints one image with its tick, its class and its share; one that is left out is faded."""

    def __init__(self, parent: QWidget, names: ShortLabels) -> None:
        super().__init__(parent)
        self._names = names

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: SheetRow = index.data(ROW)
        ticked = Qt.CheckState(index.data(Qt.ItemDataRole.CheckStateRole)) == Qt.CheckState.Checked
        side = theme.px(SIDE_PT)
        with cell(painter, option) as room:
            painter.setOpacity(1.0 if ticked else FADED)
            ratio = option.widget.devicePixelRatioF() if option.widget is not None else 1.0
            spot = QRectF(room.x(), room.y() + theme.px(2), room.width(), side)
            if not row.image.isNull():
                paint_centred(painter, spot, fitted(QPixmap.fromImage(row.image), int(room.width()), side, ratio))
            share, metrics = percent(row.share), painter.fontMetrics()
            wide = metrics.horizontalAdvance(share) + theme.px(4)
            below = QRectF(room.x(), spot.bottom() + theme.px(3), room.width(), metrics.height() + theme.px(2))
            colour = row.colour if ticked else None
            paint_chip(painter, below.adjusted(0, 0, -wide, 0), row.label, colour, names=self._names)
            painter.setPen(QColor(theme.current().dim))
            painter.drawText(below, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), share)
            painter.setOpacity(1.0)
            _paint_tick(painter, spot.topLeft().toPoint().x(), round(spot.y()), ticked=ticked, on=option.widget)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        view = self.parent()
        return view.tile() if isinstance(view, _Sheet) else super().sizeHint(option, index)


def _paint_tick(painter: QPainter, left: int, top: int, *, ticked: bool, on: QWidget | None) -> None:
    """A check box as the style draws it."""
    style = on.style() if on is not None else QApplication.style()
    box = QStyleOptionButton()
    if on is not None:
        box.initFrom(on)
    wide, high = (style.pixelMetric(size, box, on) for size in _INDICATOR)
    box.rect = QRect(left, top, wide, high)
    on_or_off = QStyle.StateFlag.State_On if ticked else QStyle.StateFlag.State_Off
    box.state = QStyle.StateFlag.State_Enabled | on_or_off
    style.drawPrimitive(QStyle.PrimitiveElement.PE_IndicatorCheckBox, box, painter, on)


_INDICATOR = (QStyle.PixelMetric.PM_IndicatorWidth, QStyle.PixelMetric.PM_IndicatorHeight)

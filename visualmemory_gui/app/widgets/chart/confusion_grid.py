"""The confusion matrix as a painted grid: a row for each true class, a column for what it was decided as."""

from __future__ import annotations

import math
from collections.abc import Mapping

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.evaluation import ConfusionCell
from visualmemory_gui.app.widgets.cards.label_chip import shortened
from visualmemory_gui.engine.decision.short_labels import ShortLabels

NAMES = 0.26  # of the width, for the labels of the rows
NO_ANSWER = "no answer"
TRUE, DECIDED = "true class ↓", "decided as →"


class ConfusionGrid(QWidget):
    """A cell is stronger the larger its share of the row; right decisions are on the diagonal in another colour.
    The axes are named above it, the colours below.

    Arrow keys move the chosen cell; Enter and a double click activate it.
    """

    chosen_changed = Signal()
    activated = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("confusionGrid")
        self.setAccessibleName("Confusion matrix: rows are true classes, columns what they were decided as")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._rows: tuple[str, ...] = ()
        self._columns: tuple[str, ...] = ()
        self._counts: Mapping[str, Mapping[str, int]] = {}
        self._at: tuple[int, int] | None = None
        self.names = ShortLabels()
        theme.notifier.changed.connect(self.update)

    def set_confusion(self, confusion: Mapping[str, Mapping[str, int]]) -> None:
        """Show true label -> predicted label -> queries; "" is no answer."""
        labels = sorted({*confusion, *(label for row in confusion.values() for label in row)} - {""})
        none = any("" in row for row in confusion.values())
        self._rows = tuple(label for label in labels if label in confusion)
        self._columns = (*labels, "") if none else tuple(labels)
        self._counts, self._at = confusion, None
        self.names = ShortLabels(labels)
        self.update()
        self.chosen_changed.emit()

    def chosen(self) -> ConfusionCell | None:
        if self._at is None or not self._rows:
            return None
        true, predicted = self._rows[self._at[0]], self._columns[self._at[1]]
        return ConfusionCell(true, predicted, self._counts[true].get(predicted, 0))

    def choose(self, cell: ConfusionCell) -> None:
        """Choose the cell of a true and a predicted class."""
        self._move_to(self._rows.index(cell.true), self._columns.index(cell.predicted))

    def centre_of(self, cell: ConfusionCell) -> QPointF:
        """Where the middle of a cell is painted, for scripts and tests."""
        return self._room(self._rows.index(cell.true), self._columns.index(cell.predicted)).center()

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(150), theme.px(110))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if not self._rows:
            return
        c = theme.current()
        self._paint_names(painter)
        self._paint_axes(painter)
        self._paint_legend(painter)
        for row, true in enumerate(self._rows):
            whole = sum(self._counts[true].values())
            for column, predicted in enumerate(self._columns):
                n = self._counts[true].get(predicted, 0)
                room = self._room(row, column)
                room.setWidth(room.width() - (1.0 if room.width() > 6 else 0.0))
                room.setHeight(room.height() - (1.0 if room.height() > 6 else 0.0))
                painter.fillRect(room, QColor(c.surface if n else c.window))
                if n:
                    colour = QColor(c.chips[2] if true == predicted else c.chips[1])
                    colour.setAlphaF(0.3 + 0.7 * math.sqrt(n / whole))
                    painter.fillRect(room, colour)
        if self._at is not None:
            painter.setPen(QPen(QColor(c.text), 2))
            painter.drawRect(self._room(*self._at).adjusted(-1, -1, 1, 1))

    def _paint_axes(self, painter: QPainter) -> None:
        """Paint what rows and columns are, and the label of the chosen column."""
        painter.setFont(self.font())
        painter.setPen(QColor(theme.current().dim))
        line = self._line()
        flags = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        painter.drawText(QRectF(0, 0, self._left() - theme.px(4), line), flags, TRUE)
        label = self._columns[self._at[1]] if self._at is not None else ""
        room = QRectF(self._left(), 0, self.width() - self._left(), line)
        words = f"{DECIDED} {label or NO_ANSWER}" if self._at is not None else DECIDED
        painter.drawText(
            room,
            int(Qt.AlignmentFlag.AlignVCenter),
            self.fontMetrics().elidedText(words, Qt.TextElideMode.ElideMiddle, int(room.width())),
        )

    def _paint_legend(self, painter: QPainter) -> None:
        c, line = theme.current(), self._line()
        place, side = QPointF(self._left(), self.height() - line), self.fontMetrics().ascent()
        for colour, words in ((c.chips[2], "right"), (c.chips[1], "wrong"), ("", "stronger: a larger part of its row")):
            if colour:
                painter.fillRect(QRectF(place.x(), place.y() + (line - side) / 2, side, side), QColor(colour))
                place.setX(place.x() + side + theme.px(3))
            painter.setPen(QColor(c.dim))
            painter.drawText(
                QRectF(place.x(), place.y(), self.width() - place.x(), line), int(Qt.AlignmentFlag.AlignVCenter), words
            )
            place.setX(place.x() + self.fontMetrics().horizontalAdvance(words) + theme.px(10))

    def _paint_names(self, painter: QPainter) -> None:
        """Paint the row labels, as many as fit; always that of the chosen row."""
        c, high = theme.current(), self._side()[1]
        font = QFont(self.font())
        font.setPointSizeF(max(min(self.font().pointSizeF() - 1, high * 0.6), 6.5))
        painter.setFont(font)
        metrics = painter.fontMetrics()
        every = max(1, -(-metrics.height() // max(int(high), 1)))
        chosen = self._at[0] if self._at else None
        for row, label in enumerate(self._rows):
            if row != chosen and (row % every or (chosen is not None and abs(row - chosen) < every)):
                continue
            room = QRectF(
                0, self._room(row, 0).center().y() - metrics.height() / 2, self._left() - theme.px(4), metrics.height()
            )
            painter.setPen(QColor(c.text if row == chosen else c.dim))
            text = shortened(metrics, label, int(room.width()), self.names)
            painter.drawText(room, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), text)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = self._place(event.position())
        if at is not None:
            self._move_to(*at)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._place(event.position()) is not None:
            self.activated.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0)}
        step = steps.get(Qt.Key(event.key()))
        if step is not None and self._rows:
            row, column = self._at or (0, 0)
            self._move_to(row + step[0], column + step[1])
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._at is not None:
            self.activated.emit()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            at = self._place(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), "" if at is None else self._words(*at), self)
            return True
        return super().event(event)

    def _words(self, row: int, column: int) -> str:
        true, predicted = self._rows[row], self._columns[column]
        n, whole = self._counts[true].get(predicted, 0), sum(self._counts[true].values())
        return f"{n} of {whole}: {true} → {predicted or NO_ANSWER}"

    def _move_to(self, row: int, column: int) -> None:
        self._at = min(max(row, 0), len(self._rows) - 1), min(max(column, 0), len(self._columns) - 1)
        self.setAccessibleDescription(self._words(*self._at))
        self.update()
        self.chosen_changed.emit()

    def _place(self, point: QPointF) -> tuple[int, int] | None:
        wide, high = self._side()
        column, row = int((point.x() - self._left()) // wide), int((point.y() - self._line()) // high)
        inside = 0 <= row < len(self._rows) and 0 <= column < len(self._columns)
        return (row, column) if inside else None

    def _left(self) -> float:
        return self.width() * NAMES

    def _line(self) -> int:
        """The height of the line above the cells, and of that below them."""
        return self.fontMetrics().height() + theme.px(3)

    def _side(self) -> tuple[float, float]:
        return (
            (self.width() - self._left() - 2) / max(len(self._columns), 1),
            (self.height() - 2 * self._line() - 2) / max(len(self._rows), 1),
        )

    def _room(self, row: int, column: int) -> QRectF:
        wide, high = self._side()
        return QRectF(self._left() + column * wide, self._line() + 1 + row * high, wide, high)

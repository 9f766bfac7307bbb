"""The shares of a decision as bars, with a tick where each was before the last edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.card_roles import ALONE
from visualmemory_gui.app.widgets.cards.label_chip import shortened
from visualmemory_gui.engine.decision.short_labels import ShortLabels
from visualmemory_gui.engine.text.visible_text import NO_ANSWER

MOST = 8


@dataclass(frozen=True, slots=True)
class Bar:
    """One class of the decision; shares are 0 to 1, ``before`` is None when no edit moved it."""

    label: str
    share: float
    before: float | None
    colour: QColor


class SharesBars(QWidget):
    """Bars of the first eight classes; one more, grey, sums up the rest."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sharesPlot")
        self.setAccessibleName("Shares of the vote")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._bars: tuple[Bar, ...] = ()
        self._spoken: list[QWidget] = []  # one over each bar, for screen readers
        theme.notifier.changed.connect(self.update)
        self.set_shares(())

    @property
    def bars(self) -> tuple[Bar, ...]:
        return self._bars

    def set_shares(
        self,
        shares: Sequence[tuple[str, float, float | None, QColor | str | None]],
        names: ShortLabels = ALONE,
    ) -> None:
        """Show ``(label, share, share before or None, colour or None)``, largest first as given. ``names`` are the
        labels shown alongside them."""
        self._names = names
        rest_colour = QColor(theme.current().grey_chip)
        bars = [Bar(label, share, before, QColor(colour or rest_colour)) for label, share, before, colour in shares]
        count, self._bars = len(self._bars), tuple(with_rest(bars, rest_colour))
        self.setAccessibleDescription("; ".join(in_words(bar) for bar in self._bars) or NO_ANSWER.capitalize())
        self.setToolTip("\n".join(in_words(bar) for bar in self._bars))
        self._speak()
        if len(self._bars) != count:
            self.updateGeometry()
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._speak()

    def sizeHint(self) -> QSize:
        return QSize(theme.px(180), max(1, len(self._bars)) * self._pitch() + theme.px(4))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(90), self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self._bars:
            painter.setPen(QColor(theme.current().dim))
            painter.drawText(
                self.rect(), int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), "No vote yet"
            )
        names = min(self.width() * 0.4, max((self._wide(b.label) for b in self._bars), default=0) + theme.px(4))
        figures = max((self._wide(figure(b)) for b in self._bars), default=0) + theme.px(5)
        for row, bar in enumerate(self._bars):
            self._paint_bar(
                painter, bar, QRectF(0, row * self._pitch() + 2, self.width(), self._pitch()), names, figures
            )

    def _paint_bar(self, painter: QPainter, bar: Bar, row: QRectF, names: float, figures: float) -> None:
        c = theme.current()
        middle = int(Qt.AlignmentFlag.AlignVCenter)
        painter.setPen(QColor(c.text))
        label = shortened(self.fontMetrics(), bar.label, int(names - theme.px(4)), self._names)
        painter.drawText(QRectF(0, row.y(), names, row.height()), middle | int(Qt.AlignmentFlag.AlignLeft), label)
        painter.drawText(row, middle | int(Qt.AlignmentFlag.AlignRight), figure(bar))
        track = row.adjusted(names + theme.px(2), row.height() * 0.22, -figures, -row.height() * 0.22)
        radius = theme.px(2)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(c.track))
        painter.drawRoundedRect(track, radius, radius)
        painter.setBrush(bar.colour)
        painter.drawRoundedRect(QRectF(track.x(), track.y(), track.width() * bar.share, track.height()), radius, radius)
        if bar.before is not None:
            x = track.x() + track.width() * bar.before
            painter.setPen(QPen(QColor(c.text), 2))
            painter.drawLine(QPointF(x, track.y() - 2), QPointF(x, track.bottom() + 2))

    def _speak(self) -> None:
        """Make every bar an element of its own in the accessibility tree, where it is painted."""
        while len(self._spoken) < len(self._bars):
            over = QWidget(self)
            over.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            self._spoken.append(over)
        for row, over in enumerate(self._spoken):
            over.setVisible(row < len(self._bars))
            if row < len(self._bars):
                over.setAccessibleName(f"{in_words(self._bars[row])} of the vote")
                over.setGeometry(0, row * self._pitch() + 2, self.width(), self._pitch())

    def _pitch(self) -> int:
        return self.fontMetrics().height() + theme.px(7)

    def _wide(self, text: str) -> int:
        return self.fontMetrics().horizontalAdvance(text)


def with_rest(bars: list[Bar], colour: QColor) -> list[Bar]:
    """``bars`` with those beyond the first eight summed up in one."""
    if len(bars) <= MOST + 1:
        return bars
    rest = bars[MOST:]
    before = sum(b.share if b.before is None else b.before for b in rest)
    moved = any(b.before is not None for b in rest)
    last = Bar(f"{len(rest)} more", sum(b.share for b in rest), before if moved else None, colour)
    return [*bars[:MOST], last]


def figure(bar: Bar) -> str:
    """ "71 %", or "62 → 71 %" when an edit moved it."""
    if bar.before is None or round(bar.before * 100) == round(bar.share * 100):
        return f"{bar.share * 100:.0f} %"
    return f"{bar.before * 100:.0f} → {bar.share * 100:.0f} %"


def in_words(bar: Bar) -> str:
    was = "" if bar.before is None else f", was {bar.before * 100:.0f} %"
    return f"{bar.label} {bar.share * 100:.0f} %{was}"

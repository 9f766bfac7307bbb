"""The hints of a first start: over the window itself, one at a time, each beside what it is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from visualmemory_gui.app import theme

WIDTH_PT = 152.0
Side = Literal["right", "above", "below"]


@dataclass(frozen=True, slots=True)
class Hint:
    """``text`` about the widget ``about``, on whose ``side`` the card lies."""

    about: QWidget
    side: Side
    text: str


class Hints(QObject):
    """Shows ``hints`` over the workspace ``over``, which they are part of; they take neither keys nor the focus."""

    ended = Signal()  # the last one was read, or they were closed

    def __init__(self, over: QWidget, hints: Sequence[Hint]) -> None:
        super().__init__(over)
        self._over, self._hints, self._at = over, tuple(hints), 0
        self.ring, self.card = _Ring(over), _Card(over)
        self.card.next.clicked.connect(self.go_on)
        self.card.leave.clicked.connect(self.close)
        self._show(shown=False)

    @property
    def shown(self) -> bool:
        return not self.card.isHidden()

    def begin(self) -> None:
        """Show the first one."""
        self._at = 0
        self._show(shown=True)

    def go_on(self) -> None:
        """Show the next one; after the last they end."""
        if self._at + 1 < len(self._hints):
            self._at += 1
            self._show(shown=True)
        else:
            self.close()

    def close(self) -> bool:
        """Show no more of them; whether any was shown."""
        was = self.shown
        self._show(shown=False)
        if was:
            self.ended.emit()
        return was

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay beside what the hint is about."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Move, QEvent.Type.Show):
            self._place()
        return False

    def _show(self, *, shown: bool) -> None:
        if shown:
            self.card.say(self._hints[self._at].text, self._at + 1, len(self._hints))
            self._place()
        for part in (self.ring, self.card):
            part.setVisible(shown)
            part.raise_()
        for moved in (self._over, *(hint.about for hint in self._hints)):
            (moved.installEventFilter if shown else moved.removeEventFilter)(self)

    def _place(self) -> None:
        """Put the ring around what the hint is about, and the card beside it, inside the workspace."""
        hint, margin, room = self._hints[self._at], theme.px(6), self._over.rect()
        about = QRect(hint.about.mapTo(self._over, QPoint(0, 0)), hint.about.size()).intersected(room)
        self.ring.setGeometry(about.adjusted(-2, -2, 2, 2))
        wide = min(theme.px(WIDTH_PT), room.width() - 2 * margin)
        card = QRect(0, 0, wide, self.card.heightForWidth(wide))
        card.moveTopLeft(
            {
                "right": QPoint(about.right() + margin, about.top() + margin),
                "above": QPoint(about.left(), about.top() - card.height() - margin),
                "below": QPoint(about.left(), about.bottom() + margin),
            }[hint.side]
        )
        free = room.adjusted(margin, margin, -margin - card.width() + 1, -margin - card.height() + 1)
        card.moveLeft(max(free.left(), min(card.left(), free.right())))
        card.moveTop(max(free.top(), min(card.top(), free.bottom())))
        self.card.setGeometry(card)


class _Ring(QWidget):
    """An outline that the mouse goes through."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(theme.current().accent), 2))
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), theme.px(4), theme.px(4))


class _Card(QFrame):
    """The words of a hint, which of how many it is, *Next* and *Close*."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("hintCard")
        self.setProperty("panel", True)
        self.setAutoFillBackground(True)
        self.text, self.count = QLabel(), QLabel()
        self.text.setWordWrap(True)
        self.count.setProperty("dim", True)
        self.next, self.leave = QPushButton("Next"), QPushButton("Close")
        self.next.setObjectName("hintNext")
        self.next.setProperty("primary", True)
        self.leave.setObjectName("hintClose")
        self.leave.setAccessibleName("Close the hints")
        row = QHBoxLayout()
        row.addWidget(self.count)
        row.addStretch(1)
        row.addWidget(self.leave)
        row.addWidget(self.next)
        column = QVBoxLayout(self)
        column.addWidget(self.text)
        column.addLayout(row)

    def say(self, text: str, number: int, count: int) -> None:
        self.text.setText(text)
        self.count.setText(f"{number} of {count}")
        self.setAccessibleName(f"Hint {number} of {count}: {text}")
        self.next.setText("Next" if number < count else "Done")
        self.next.setAccessibleName("Next hint" if number < count else "Done with the hints")

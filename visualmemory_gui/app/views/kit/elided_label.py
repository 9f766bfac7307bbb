"""One-line labels that are cut where they do not fit; a screen reader gets the whole text."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from visualmemory_gui.app import theme


class ElidedLabel(QLabel):
    """A label that takes the remaining room and is cut in the middle; one with a brief form is never cut."""

    MODE = Qt.TextElideMode.ElideMiddle

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self._full = self._brief = ""
        self.set_full_text(text)

    @property
    def full_text(self) -> str:
        return self._full

    def set_full_text(self, text: str, brief: str = "") -> None:
        """Show ``text``; with ``brief`` that one where ``text`` has no room, and nothing where it has none either."""
        self._full, self._brief = text, brief
        self.setAccessibleName(text)
        self._cut()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._cut()
        super().resizeEvent(event)

    def _cut(self) -> None:
        room, metrics = self.contentsRect().width() - 2 * max(self.indent(), 0), self.fontMetrics()
        if self._brief:
            forms = (self._full, self._brief)
            self.setText(next((form for form in forms if metrics.horizontalAdvance(form) <= room), ""))
        else:
            self.setText(metrics.elidedText(self._full, self.MODE, max(40, room)))


class ShrinkingLabel(ElidedLabel):
    """A label that asks for room for all its text and is cut at its end where the window is narrow."""

    MODE = Qt.TextElideMode.ElideRight

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.setIndent(theme.px(5))
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def set_full_text(self, text: str, brief: str = "") -> None:
        super().set_full_text(text, brief)
        self.setToolTip(text)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        wide = self.fontMetrics().horizontalAdvance(self._full) + 2 * self.indent() + 1
        return QSize(wide if self._full else 0, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(min(self.sizeHint().width(), theme.px(40)), super().minimumSizeHint().height())

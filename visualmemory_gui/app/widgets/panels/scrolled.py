"""A panel that scrolls where its room is too low, and is never narrower than what it holds."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QScrollArea, QSizePolicy, QStyle, QWidget

from visualmemory_gui.app import theme

LEAST_PT = 130.0  # the width of the narrowest panel


class ScrolledPanel(QScrollArea):
    """``panel`` is as wide as the area and as high, but never lower than its layout needs at that width.

    Qt's own ``widgetResizable`` scrolls below the height that a panel likes to have; here it shrinks first.
    """

    def __init__(self, panel: QWidget, *, name: str) -> None:
        super().__init__()
        self._panel = panel
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(panel.sizePolicy().horizontalPolicy(), QSizePolicy.Policy.Expanding)
        self.setAccessibleName(name)
        self.setWidget(panel)
        self._fit()

    def sizeHint(self) -> QSize:
        return self._panel.sizeHint()

    def minimumSizeHint(self) -> QSize:
        wide = self._panel.minimumSizeHint().width() + self._bar
        return QSize(max(wide, theme.px(LEAST_PT)), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        asked = watched is self._panel and event.type() == QEvent.Type.LayoutRequest
        handled = super().eventFilter(watched, event)
        if asked:
            self._fit()
            self.updateGeometry()
        return handled

    def _fit(self) -> None:
        """Give the panel its size: first without a scroll bar, and beside one where it is too high for that."""
        room, low = self.maximumViewportSize(), self._least_height
        wide = room.width() if low(room.width()) <= room.height() else room.width() - self._bar
        self._panel.resize(wide, max(room.height(), low(wide)))

    @property
    def _bar(self) -> int:
        """The width of a scroll bar."""
        return self.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent, None, self)

    def _least_height(self, width: int) -> int:
        layout = self._panel.layout()
        assert layout is not None  # a panel is laid out
        high: int = layout.totalMinimumHeightForWidth(width) if layout.hasHeightForWidth() else -1
        return max(high, layout.totalMinimumSize().height())

"""A panel that scrolls where there is too little height, and is never narrower than its content."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QScrollArea, QSizePolicy, QStyle, QWidget

from visualmemory_gui.app import theme

LEAST_PT = 130.0  # the width of the narrowest panel


class ScrolledPanel(QScrollArea):
    """Makes ``panel`` as wide and as high as the area, but never lower than its layout needs at that width.

    Qt's own ``widgetResizable`` scrolls below a panel's preferred height; here the panel shrinks first.
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
        """Set the panel's size: without a scroll bar if it fits, else next to one."""
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

"""A panel that scrolls where there is too little height, and is never narrower than its content."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QScrollArea, QSizePolicy, QWidget

from visualmemory_gui.app import theme

LEAST_PT = 130.0  # the width of the narrowest panel
STEP_PT = 8.0


class ScrolledPanel(QScrollArea):
    """Makes ``panel`` as wide and as high as the area, but never lower than its layout needs at that width.

    Qt's own ``widgetResizable`` scrolls below a panel's preferred height; here the panel shrinks first. ``inside``
    another panel the area has no ground of its own, and is no higher than its content.
    """

    def __init__(self, panel: QWidget, *, name: str, inside: bool = False) -> None:
        super().__init__()
        self._panel = panel
        self._heights: dict[int, int] = {}  # the least by width: a layout of texts takes long to ask
        self._told = QSize(), QSize()  # the sizes that were last asked for
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        policy = QSizePolicy.Policy.Maximum if inside else QSizePolicy.Policy.Expanding
        self.setSizePolicy(panel.sizePolicy().horizontalPolicy(), policy)
        self.setAccessibleName(name)
        self.setWidget(panel)
        self.verticalScrollBar().setSingleStep(theme.px(STEP_PT))  # the wheel takes three
        if inside:
            panel.setAutoFillBackground(False)
            self.viewport().setAutoFillBackground(False)
        self._fit()

    def sizeHint(self) -> QSize:
        return QSize(self._panel.sizeHint().width(), self._least_height(self.maximumViewportSize().width()))

    def minimumSizeHint(self) -> QSize:
        wide = self._panel.minimumSizeHint().width() + self._bar
        return QSize(max(wide, theme.px(LEAST_PT)), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()
        if event.size().width() != event.oldSize().width():
            self._tell()  # what it needs in height depends on the width

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        asked = watched is self._panel and event.type() == QEvent.Type.LayoutRequest
        if asked:
            self._heights.clear()
        handled = super().eventFilter(watched, event)
        if asked:
            self._fit()
            self._tell()
        return handled

    def _fit(self) -> None:
        """Set the panel's size: without a scroll bar if it fits, else next to one."""
        room, low = self.maximumViewportSize(), self._least_height
        wide = room.width() if low(room.width()) <= room.height() else room.width() - self._bar
        self._panel.resize(wide, max(room.height(), low(wide)))

    def _tell(self) -> None:
        """Have the layout around it done again, where it asks for other sizes than before."""
        if (sizes := (self.sizeHint(), self.minimumSizeHint())) != self._told:
            self._told = sizes
            self.updateGeometry()

    @property
    def _bar(self) -> int:
        """The width of a scroll bar."""
        return self.verticalScrollBar().sizeHint().width()

    def _least_height(self, width: int) -> int:
        """What the panel's layout needs at ``width``; asked once until it says that something in it has changed."""
        if width not in self._heights:
            layout = self._panel.layout()
            assert layout is not None  # a panel is laid out
            high: int = layout.totalMinimumHeightForWidth(width) if layout.hasHeightForWidth() else -1
            self._heights[width] = max(high, layout.totalMinimumSize().height())
        return self._heights[width]

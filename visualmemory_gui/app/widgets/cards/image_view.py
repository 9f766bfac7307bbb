"""One image, as large as the room allows, or a sentence in its place."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.widgets.cards.pixmap_cache import fitted, on_white, paint_centred


class ImageView(QWidget):
    """A letterboxed image with rounded corners. ``set_inviting`` highlights it while something is dragged over it.

    ``pointed`` reports where on the image the mouse is, (x, y) in fractions of its sides, None when it leaves.
    """

    pointed = Signal(object)

    def __init__(self, parent: QWidget | None = None, *, empty_text: str = "Drop an image here") -> None:
        super().__init__(parent)
        self._empty = empty_text
        self._pixmap = QPixmap()
        self._fitted = QPixmap()
        self._inviting = False
        self._spot = QRectF()
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(empty_text)
        theme.notifier.changed.connect(self.update)

    @property
    def pixmap(self) -> QPixmap:
        return self._pixmap

    def set_pixmap(self, pixmap: QPixmap | None, name: str = "") -> None:
        """Show ``pixmap``; None clears the view. ``name`` is what a screen reader says."""
        self._pixmap = pixmap or QPixmap()
        self._fitted = QPixmap()
        self.setAccessibleName((name or "Image") if not self._pixmap.isNull() else self._empty)
        self.update()

    def set_inviting(self, inviting: bool) -> None:
        if inviting != self._inviting:
            self._inviting = inviting
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(theme.px(200), theme.px(200))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(90), theme.px(90))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._pixmap.isNull():
            self._paint_empty(painter)
            return
        self._spot = self._paint_image(painter)
        if self._inviting:
            self._paint_frame(painter)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at, spot = event.position(), self._spot
        inside = not self._pixmap.isNull() and spot.contains(at)
        place = ((at.x() - spot.x()) / spot.width(), (at.y() - spot.y()) / spot.height()) if inside else None
        self.pointed.emit(place)
        super().mouseMoveEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self.pointed.emit(None)
        super().leaveEvent(event)

    def resizeEvent(self, event: object) -> None:
        self._fitted = QPixmap()

    def _paint_image(self, painter: QPainter) -> QRectF:
        """Paint the image, and return where all of it lies."""
        if self._fitted.isNull():
            self._fitted = fitted(on_white(self._pixmap), self.width(), self.height(), self.devicePixelRatioF())
        return paint_centred(painter, QRectF(self.rect()), self._fitted, radius=theme.px(4))

    def _paint_empty(self, painter: QPainter) -> None:
        c = theme.current()
        path = QPainterPath()
        path.addRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), theme.px(5), theme.px(5))
        painter.fillPath(path, QColor(c.selected if self._inviting else c.hover))
        self._paint_frame(painter)
        painter.setPen(QColor(c.text if self._inviting else c.dim))
        margin = theme.px(8)
        flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
        painter.drawText(self.rect().adjusted(margin, margin, -margin, -margin), flags, self._empty)

    def _paint_frame(self, painter: QPainter) -> None:
        c = theme.current()
        pen = QPen(QColor(c.accent if self._inviting else c.dim), 2.0 if self._inviting else 1.0, Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), theme.px(5), theme.px(5))

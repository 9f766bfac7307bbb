"""An image to look closer at: the wheel zooms at the mouse, dragging moves it, a double click fits it or shows 1:1."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPen, QPixmap, QWheelEvent
from PySide6.QtWidgets import QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.image_pyramid import ImagePyramid
from visualmemory_gui.app.models.viewport import FIT, NUDGE, STEP, ImageFrame, Viewport
from visualmemory_gui.app.widgets.cards.image_view import ImageView
from visualmemory_gui.app.widgets.cards.pixmap_cache import fitted, on_white, paint_centred
from visualmemory_gui.app.widgets.keys import is_plain, take_key
from visualmemory_gui.engine.types import Box

WHOLE = QRectF(0, 0, 1, 1)
CRISP = 3.0  # device pixels for one of the image, from which on its pixels are shown as squares
_ARROWS = {Qt.Key.Key_Left: (1, 0), Qt.Key.Key_Right: (-1, 0), Qt.Key.Key_Up: (0, 1), Qt.Key.Key_Down: (0, -1)}
_NEARER, _FARTHER = (Qt.Key.Key_Plus, Qt.Key.Key_Equal), (Qt.Key.Key_Minus, Qt.Key.Key_Underscore)


class ZoomableImage(ImageView):
    """An image whose thumbnail is shown at once, and all of its pixels as soon as ``set_pyramid`` brings them.

    With the focus + and - zoom, 0 fits, 1 shows it 1:1, and the arrows move it. A click does not take the focus, so
    that digits keep their meaning for those who use the mouse. ``digits``: whether 0 and 1 are keys here.
    """

    viewport_changed = Signal(object)  # the Viewport, after the user moved it

    def __init__(
        self, parent: QWidget | None = None, *, empty_text: str = "Drop an image here", digits: bool = True
    ) -> None:
        super().__init__(parent, empty_text=empty_text)
        self._name = ""
        self._digits = digits
        self._pyramid: ImagePyramid | None = None
        self._sized = False  # whether the pyramid's size is that of the original
        self._layer: QImage | None = None
        self._part = WHOLE
        self._boxes: tuple[Box, ...] = ()
        self._current: Box | None = None
        self._view = FIT
        self._dragged: QPointF | None = None
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    @property
    def pixmap(self) -> QPixmap:
        """What is shown in place of the image, else its thumbnail."""
        return self._pixmap if self._layer is None else QPixmap.fromImage(self._layer)

    @property
    def pyramid(self) -> ImagePyramid | None:
        return self._pyramid

    @property
    def viewport(self) -> Viewport:
        return self._view

    @property
    def frame(self) -> ImageFrame:
        size = self._pyramid.size if self._pyramid is not None else QSize(1, 1)
        return ImageFrame(size, QSizeF(self.size()), self.devicePixelRatioF())

    @property
    def percent(self) -> int:
        """Device pixels for a hundred pixels of the image."""
        return round(100 * self.frame.scale(self._view))

    def set_pixmap(self, pixmap: QPixmap | None, name: str = "", *, size: QSize | None = None) -> None:
        """Show another image, fitted. ``pixmap`` may be its thumbnail; ``size`` is that of the original, if known."""
        super().set_pixmap(pixmap, name)
        self._name, self._sized = name or "Image", size is not None
        there = not self._pixmap.isNull()
        self._pyramid = ImagePyramid.of(on_white(self._pixmap).toImage(), size) if there else None
        self._layer, self._part = None, WHOLE
        self._boxes, self._current = (), None
        self._dragged = None
        self.set_viewport(FIT)

    def rename(self, name: str) -> None:
        """Call the image otherwise; it stays as it is seen now."""
        self._name = name
        self.set_viewport(self._view)

    def set_pyramid(self, pyramid: ImagePyramid) -> None:
        """Show the same image with all of its pixels, where it is seen now."""
        if not self._pixmap.isNull():
            self._pyramid, self._sized, self._fitted = pyramid, True, QPixmap()
            self.set_viewport(self._view)

    def set_layer(self, layer: QImage | None, part: QRectF = WHOLE) -> None:
        """Paint ``layer`` in place of the ``part`` (in fractions of the sides) of the image; None: the image alone."""
        self._layer, self._part = layer, part
        self.update()

    def set_boxes(self, boxes: Sequence[Box], current: Box | None = None) -> None:
        """Outline parts of the image, the ``current`` one more than the others; several are numbered from 1."""
        self._boxes, self._current = tuple(boxes), current
        self.update()

    def set_viewport(self, view: Viewport) -> None:
        self._view = self.frame.within(view)
        if self._pyramid is not None:
            self.setAccessibleName(f"{self._name}{self._zoom_text()}")
        self.setCursor(Qt.CursorShape.OpenHandCursor if self._larger else Qt.CursorShape.ArrowCursor)
        self.update()

    def fit(self) -> None:
        self._move_to(FIT)

    def show_full(self, at: QPointF | None = None) -> None:
        """Show one pixel of the image as one of the screen, around ``at``."""
        self._move_to(self.frame.zoomed(self._view, self.frame.full, at))

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        self._move_to(self.frame.zoomed(self._view, self._view.zoom * factor, at))

    def place(self) -> QRectF:
        """Where in the widget the whole image lies, on whole pixels of the screen."""
        place, ratio = self.frame.place(self._view), self.devicePixelRatioF()
        place.moveTo(round(place.x() * ratio) / ratio, round(place.y() * ratio) / ratio)
        return place

    def place_of(self, box: Box) -> QRectF:
        """Where in the widget a part of the image lies."""
        place, size = self.place(), self.frame.size
        across, down = place.width() / size.width(), place.height() / size.height()
        return QRectF(place.x() + box.x * across, place.y() + box.y * down, box.w * across, box.h * down)

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned = event.angleDelta().y()
        if self._pyramid is None or not turned:
            event.ignore()
            return
        self.zoom_by(STEP ** (turned / 120), event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._larger:
            self._dragged = event.position()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragged is None:
            super().mouseMoveEvent(event)
            return
        by, self._dragged = event.position() - self._dragged, event.position()
        self._move_to(self.frame.moved(self._view, by))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._dragged is None:
            super().mouseReleaseEvent(event)
            return
        self._dragged = None
        self.set_viewport(self._view)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._pyramid is None:
            super().mouseDoubleClickEvent(event)
        elif self._view.zoom == 1.0:
            self.show_full(event.position())
        else:
            self.fit()

    def event(self, event: QEvent) -> bool:
        """Keys that zoom come before shortcuts of the window, such as the digits that teach."""
        return take_key(event, self._hears) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._hears(event):
            super().keyPressEvent(event)
            return
        key = event.key()
        if key in _ARROWS:
            across, down = _ARROWS[Qt.Key(key)]
            by = QPointF(across * NUDGE * self.width(), down * NUDGE * self.height())
            self._move_to(self.frame.moved(self._view, by))
        elif key == Qt.Key.Key_0:
            self.fit()
        elif key == Qt.Key.Key_1:
            self.show_full()
        else:
            self.zoom_by(STEP if key in _NEARER else 1 / STEP)

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)
        self.set_viewport(self._view)

    @property
    def _larger(self) -> bool:
        """Whether some of the image is out of sight."""
        return self._pyramid is not None and self._view.zoom > 1.0

    def _hears(self, event: QKeyEvent) -> bool:
        if self._pyramid is None or not is_plain(event):
            return False
        key = event.key()
        if key in _ARROWS:
            return self._larger and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        return key in (*_NEARER, *_FARTHER) or (self._digits and key in (Qt.Key.Key_0, Qt.Key.Key_1))

    def _move_to(self, view: Viewport) -> None:
        self.set_viewport(view)
        if self._dragged is not None:
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        self.viewport_changed.emit(self._view)

    def _zoom_text(self) -> str:
        if self._sized:
            return f", {self.percent} %"
        return "" if self._view.zoom == 1.0 else f", enlarged {self._view.zoom:.1f} times"

    def _paint_image(self, painter: QPainter) -> QRectF:
        assert self._pyramid is not None
        place, hint = self.place(), QPainter.RenderHint.SmoothPixmapTransform
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.current().track))  # a white image ends somewhere
        painter.drawRoundedRect(QRectF(self.rect()), theme.px(4), theme.px(4))
        scale = self.frame.scale(self._view)
        if self._layer is None or self._part != WHOLE:
            if self._view.zoom == 1.0:
                self._paint_fitted(painter, scale)
            else:
                painter.setRenderHint(hint, scale < CRISP)
                _paint_visible(painter, QRectF(self.rect()), place, self._pyramid.level(scale))
        if self._layer is not None:
            part = QRectF(
                place.x() + self._part.x() * place.width(),
                place.y() + self._part.y() * place.height(),
                self._part.width() * place.width(),
                self._part.height() * place.height(),
            )
            painter.setRenderHint(hint)
            _paint_visible(painter, QRectF(self.rect()), part, self._layer)
        for number, box in enumerate(self._boxes, start=1):
            paint_box(painter, self.place_of(box), strong=box == self._current)
            if len(self._boxes) > 1:
                self._paint_tag(painter, self.place_of(box).topLeft(), str(number))
        if self._view.zoom != 1.0:
            text = f"{self.percent} %" if self._sized else f"{self._view.zoom:.1f} ×"
            self._paint_tag(painter, QPointF(theme.px(4), self.height() - theme.px(4)), text, above=True)
        return place

    def _paint_fitted(self, painter: QPainter, scale: float) -> None:
        assert self._pyramid is not None
        if self._fitted.isNull():
            self._fitted = self._made_to_fit(self._pyramid.level(scale))
        paint_centred(painter, QRectF(self.rect()), self._fitted, radius=theme.px(4))

    def _made_to_fit(self, level: QImage) -> QPixmap:
        """``level`` as large as the view. A larger one is painted smaller, which is quicker than to scale it."""
        room, ratio = self.size() * self.devicePixelRatioF(), self.devicePixelRatioF()
        size = level.size().scaled(room, Qt.AspectRatioMode.KeepAspectRatio)
        if level.width() < size.width() or size.isEmpty():
            return fitted(QPixmap.fromImage(level), self.width(), self.height(), ratio)
        made = QPixmap(size)
        painter = QPainter(made)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(made.rect(), level)
        painter.end()
        made.setDevicePixelRatio(ratio)
        return made

    def _paint_tag(self, painter: QPainter, at: QPointF, text: str, *, above: bool = False) -> None:
        """Words over the image, readable on any."""
        pad, metrics = theme.px(4), self.fontMetrics()
        size = QSizeF(metrics.horizontalAdvance(text) + 2 * pad, metrics.height() + pad)
        tag = QRectF(at - QPointF(0, size.height() if above else 0), size)
        ground = QColor(theme.current().surface)
        ground.setAlphaF(0.92)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawRoundedRect(tag, pad, pad)
        painter.setPen(QColor(theme.current().text))
        painter.drawText(tag, Qt.AlignmentFlag.AlignCenter, text)


def paint_box(painter: QPainter, place: QRectF, *, strong: bool) -> None:
    """The outline of a part: two lines, one of which is seen on any image."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    colour = QColor(theme.current().accent) if strong else QColor(Qt.GlobalColor.black)
    for pen in (QPen(Qt.GlobalColor.white, 4.0 if strong else 3.0), QPen(colour, 2.0 if strong else 1.0)):
        pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
        painter.setPen(pen)
        painter.drawRect(place)


def _paint_visible(painter: QPainter, room: QRectF, place: QRectF, image: QImage) -> None:
    """Paint of ``image``, which would cover ``place``, what lies in ``room``."""
    seen = place.intersected(room)
    if seen.isEmpty():
        return
    across, down = image.width() / place.width(), image.height() / place.height()
    source = QRectF(
        (seen.x() - place.x()) * across, (seen.y() - place.y()) * down, seen.width() * across, seen.height() * down
    )
    painter.drawImage(seen, image, source)

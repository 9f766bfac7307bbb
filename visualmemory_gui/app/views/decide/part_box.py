"""The rectangle with which a part of the query is chosen: dragged with the mouse, or moved and resized by keys."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.query import place_of
from visualmemory_gui.app.views.kit.zoomable_image import ZoomableImage, paint_box
from visualmemory_gui.app.widgets.keys import take_key
from visualmemory_gui.engine.types import SMALLEST_BOX, Box

STEP_PT = 6.0  # one press of an arrow moves or resizes by so much of the screen; with Ctrl by a pixel of the image
HINT = "Arrows move the box, with Shift they resize it, Enter decides the part, Esc cancels; or drag a box."
TOO_SMALL = f"A part is at least {SMALLEST_BOX} x {SMALLEST_BOX} pixels of the image."
ARROWS = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}
ACCEPT, ZOOM = (Qt.Key.Key_Return, Qt.Key.Key_Enter), (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus)


class PartBox(QWidget):
    """Lies over ``image``. A drag with Shift, or any drag after ``begin``, draws a box; so do keys after ``begin``.

    Boxes are in pixels of the upright original, inside it. ``refusal()`` says why none can be drawn now, "" if one can.
    """

    drawn = Signal(object)  # the Box
    said = Signal(str)  # what to do, or why nothing can be done; "" when drawing ends

    def __init__(self, image: ZoomableImage, refusal: Callable[[], str]) -> None:
        super().__init__(image)
        self.setObjectName("partBox")
        self.setAccessibleName("Part of the image")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._image, self._refusal = image, refusal
        self._rect: QRectF | None = None
        self._corner: QPointF | None = None  # where a drag began
        self._before: QWidget | None = None  # had the focus
        image.installEventFilter(self)
        image.viewport_changed.connect(lambda _: self.update())
        self.hide()

    @property
    def box(self) -> Box | None:
        """The box as it is drawn now; None while none is, or while it is too small."""
        if self._rect is None:
            return None
        left, top = round(self._rect.left()), round(self._rect.top())
        wide, high = round(self._rect.right()) - left, round(self._rect.bottom()) - top
        return Box(left, top, wide, high) if min(wide, high) >= SMALLEST_BOX else None

    def begin(self) -> None:
        """Put a box into the middle of what is seen, for keys or a drag to change."""
        if why := self._refusal():
            self.said.emit(why)
            return
        seen = self._seen()
        self._open()
        self._set(
            QRectF(seen.x() + seen.width() / 4, seen.y() + seen.height() / 4, seen.width() / 2, seen.height() / 2)
        )
        self._before = QApplication.focusWidget()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFocus()
        self.said.emit(HINT)

    def accept(self) -> None:
        """Decide the part in the box, unless it is too small."""
        box = self.box
        if box is None:
            self.said.emit(TOO_SMALL)
            return
        self.cancel()
        self.drawn.emit(box)

    def cancel(self) -> None:
        """Stop drawing; the focus returns to where it was."""
        if self._rect is None:
            return
        self._rect = self._corner = None
        before, self._before = self._before, None
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        if before is not None and before.isVisible():
            before.setFocus()
        self.hide()
        self.said.emit("")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.Resize:
            self.setGeometry(self._image.rect())
        if not isinstance(event, QMouseEvent):
            return False
        if kind == QEvent.Type.MouseButtonPress:
            return self._press(event)
        if self._corner is None:
            return self._rect is not None and kind == QEvent.Type.MouseButtonDblClick
        if kind in (QEvent.Type.MouseMove, QEvent.Type.MouseButtonRelease):
            self._set(QRectF(self._corner, self._at(event.position())).normalized())
            if kind == QEvent.Type.MouseButtonRelease:
                self._release()
            return True
        return False

    def event(self, event: QEvent) -> bool:
        return take_key(event, self._hears) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if self._rect is None or not self._hears(event):
            super().keyPressEvent(event)
        elif key in ARROWS:
            self._step(*ARROWS[Qt.Key(key)], event.modifiers())
        elif key in ACCEPT:
            self.accept()
        elif key == Qt.Key.Key_Escape:
            self.cancel()
        elif key in ZOOM:
            self._image.keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() in (Qt.FocusReason.MouseFocusReason, Qt.FocusReason.TabFocusReason):
            self._before = None
            self.cancel()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._rect is None:
            return
        place, whole = self._image.place(), self._image.frame.size
        across, down = place.width() / whole.width(), place.height() / whole.height()
        box = QRectF(
            place.x() + self._rect.x() * across,
            place.y() + self._rect.y() * down,
            self._rect.width() * across,
            self._rect.height() * down,
        )
        paint_box(QPainter(self), box, strong=True)

    def _press(self, event: QMouseEvent) -> bool:
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if event.button() != Qt.MouseButton.LeftButton or not (shift or self._rect is not None):
            return False
        if why := self._refusal():
            self.said.emit(why)
            return True
        self._open()
        self._corner = self._at(event.position())
        self._set(QRectF(self._corner, self._corner))
        return True

    def _release(self) -> None:
        """End a drag: decide the part, or say that it is too small; a click alone draws nothing."""
        self._corner = None
        if self.box is not None:
            self.accept()
        elif self._rect is not None and max(self._rect.width(), self._rect.height()) > 1:
            self.cancel()
            self.said.emit(TOO_SMALL)
        else:
            self.cancel()

    def _open(self) -> None:
        self.setGeometry(self._image.rect())
        self.show()
        self.raise_()

    def _hears(self, event: QKeyEvent) -> bool:
        """Digits are heard too, so that none teaches the whole image meanwhile."""
        digit = Qt.Key.Key_0 <= event.key() <= Qt.Key.Key_9
        return event.key() in (*ARROWS, *ACCEPT, *ZOOM, Qt.Key.Key_Escape) or digit

    def _step(self, across: int, down: int, modifiers: Qt.KeyboardModifier) -> None:
        assert self._rect is not None
        fine = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
        place, whole = self._image.place(), self._image.frame.size
        by = 1.0 if fine else max(1.0, round(theme.px(STEP_PT) * whole.width() / place.width()))
        rect = QRectF(self._rect)
        if modifiers & Qt.KeyboardModifier.ShiftModifier:
            rect.setWidth(min(max(rect.width() + by * across, SMALLEST_BOX), whole.width() - rect.x()))
            rect.setHeight(min(max(rect.height() + by * down, SMALLEST_BOX), whole.height() - rect.y()))
        else:
            left = min(max(rect.x() + by * across, 0.0), whole.width() - rect.width())
            rect.moveTo(left, min(max(rect.y() + by * down, 0.0), whole.height() - rect.height()))
        self._set(rect)

    def _set(self, rect: QRectF) -> None:
        self._rect = rect
        self.setAccessibleName(
            f"Part of the image: {place_of(self.box)}" if self.box else "Part of the image: too small"
        )
        self.update()

    def _at(self, spot: QPointF) -> QPointF:
        """The pixel of the image nearest to ``spot``."""
        place, whole = self._image.place(), self._image.frame.size
        x = (spot.x() - place.x()) / place.width() * whole.width()
        y = (spot.y() - place.y()) / place.height() * whole.height()
        return QPointF(min(max(x, 0.0), whole.width()), min(max(y, 0.0), whole.height()))

    def _seen(self) -> QRectF:
        """What of the image is in sight, in its pixels."""
        room = QRectF(self._image.rect())
        return QRectF(self._at(room.topLeft()), self._at(room.bottomRight()))

"""The camera: frames of the window with a pointer and a caption, each with the time that it is shown."""

from __future__ import annotations

import time
from pathlib import Path

from PIL import Image
from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap, QPolygonF
from PySide6.QtWidgets import QApplication

from tools.screenshots.stage import Stage, composed
from visualmemory_gui.app import theme

WIDTH = 960  # pixels of a frame
STRIP = 46  # pixels below the window for the caption
TICK_MS = 80  # between two frames while something moves
ARROW = ((0, 0), (0, 17), (4, 13.5), (7, 20), (10, 18.7), (7, 12.5), (12, 12))  # a pointer of 12 by 20 pixels


class Camera:
    """Films ``stage``. ``pointer`` is in pixels of the window; ``cargo`` is the image that it carries."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._frames: list[QImage] = []
        self._durations: list[int] = []
        self.caption = ""
        self.pointer = QPoint(stage.window.width() // 2, stage.window.height() // 2)
        self.cargo: QPixmap | None = None

    @property
    def length_ms(self) -> int:
        return sum(self._durations)

    def hold(self, ms: int) -> None:
        """Show what is to be seen now for ``ms``; a frame like the one before makes that one longer."""
        QApplication.processEvents()
        frame = self._frame()
        if self._frames and frame == self._frames[-1]:
            self._durations[-1] += ms
        else:
            self._frames.append(frame)
            self._durations.append(ms)

    def roll(self, ms: int) -> None:
        """Film what happens in the next ``ms`` as it happens."""
        end = time.monotonic() + ms / 1000
        while time.monotonic() < end:
            began = time.monotonic()
            while (time.monotonic() - began) * 1000 < TICK_MS:
                QApplication.processEvents()
            self.hold(round((time.monotonic() - began) * 1000))

    def write(self, to: Path, *, quality: int) -> int:
        """Write the film as animated WebP that repeats for ever; returns its bytes."""
        first, *rest = map(as_pil, self._frames)
        to.parent.mkdir(parents=True, exist_ok=True)
        first.save(to, save_all=True, append_images=rest, duration=self._durations, loop=0, quality=quality, method=4,
                   kmin=30, kmax=120)  # fmt: skip
        return to.stat().st_size

    def _frame(self) -> QImage:
        window = composed(self._stage.window)
        self._draw_pointer(window)
        small = window.toImage().scaledToWidth(WIDTH, Qt.TransformationMode.SmoothTransformation)
        frame = QImage(WIDTH, small.height() + STRIP, QImage.Format.Format_RGB888)
        look = theme.current()
        frame.fill(QColor(look.text))
        painter = QPainter(frame)
        painter.drawImage(0, 0, small)
        painter.setPen(QColor(look.surface))
        painter.setFont(theme.points(self._stage.window.font(), 4))
        painter.drawText(QRect(0, small.height(), WIDTH, STRIP), int(Qt.AlignmentFlag.AlignCenter), self.caption)
        painter.end()
        return frame

    def _draw_pointer(self, window: QPixmap) -> None:
        painter = QPainter(window)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.cargo is not None:
            painter.setOpacity(0.85)
            painter.drawPixmap(self.pointer + QPoint(10, 12), self.cargo)
            painter.setOpacity(1)
        painter.translate(QPointF(self.pointer))
        painter.scale(1.3, 1.3)
        painter.setPen(QColor("white"))
        painter.setBrush(QColor("black"))
        painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in ARROW]))
        painter.end()


def as_pil(frame: QImage) -> Image.Image:
    """The pixels of an RGB888 image."""
    size = (frame.width(), frame.height())
    return Image.frombytes("RGB", size, bytes(frame.constBits()), "raw", "RGB", frame.bytesPerLine())

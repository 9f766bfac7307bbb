"""Drawing an SVG with Qt. Only a decoding child imports this: it is the one module of the engine that knows Qt."""

from __future__ import annotations

import os
from functools import cache

from PIL import Image
from PySide6.QtCore import QByteArray, QMessageLogContext, QSize, Qt, QtMsgType, qInstallMessageHandler
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

from visualmemory_gui.engine.images.refusal import Refused

SIDE = 1024
_UNDRAWN = "an SVG drawing that is too deep or too complex to be drawn whole; save it as PNG"
_DAMAGED = "an SVG drawing that cannot be drawn: it is damaged, or refers to itself"
_NO_SIZE = "an SVG drawing without a size"


def draw_svg(data: bytes) -> Image.Image:
    """The drawing ``data``, which ``check_svg`` let through, on white: RGB, the longer side ``SIDE`` pixels.

    Raises Refused for what Qt cannot draw, or cannot draw whole.
    """
    _start_qt()
    complaints: list[str] = []

    def keep(_kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
        if context.category == "qt.svg.draw":
            complaints.append(message)

    qInstallMessageHandler(keep)
    try:
        image = _drawn(data)
    finally:
        qInstallMessageHandler(None)
    if complaints:
        raise Refused(_UNDRAWN)
    return image


@cache
def _start_qt() -> QGuiApplication:
    """Text needs an application for its fonts. It has no screen, and Qt's own limits for files from strangers."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    os.environ.pop("QT_SVG_DEFAULT_OPTIONS", None)
    return QGuiApplication(["decoding"])


def _drawn(data: bytes) -> Image.Image:
    renderer = QSvgRenderer()
    if not renderer.load(QByteArray(data)):
        raise Refused(_DAMAGED)
    renderer.setAspectRatioMode(Qt.AspectRatioMode.KeepAspectRatio)
    size = renderer.defaultSize()
    if size.width() <= 0 or size.height() <= 0:
        raise Refused(_NO_SIZE)
    size = size.scaled(SIDE, SIDE, Qt.AspectRatioMode.KeepAspectRatio).expandedTo(QSize(1, 1))
    canvas = QImage(size, QImage.Format.Format_RGBX8888)
    canvas.fill(Qt.GlobalColor.white)
    painter = QPainter(canvas)
    renderer.render(painter)
    painter.end()
    shape, stride = (canvas.width(), canvas.height()), canvas.bytesPerLine()
    return Image.frombuffer("RGB", shape, bytes(canvas.constBits()), "raw", "RGBX", stride, 1).copy()

"""The buttons that fit an image, or show it 1:1."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QToolButton

from visualmemory_gui.app.views.kit.zoomable_image import ZoomableImage


def zoom_buttons(image: ZoomableImage) -> tuple[QToolButton, QToolButton]:
    """*Fit* and *1:1* for ``image``, named after it."""
    name = image.objectName()
    return (
        _button("Fit", f"{name}Fit", "Show the whole image (double click, or 0 while it has the focus)", image.fit),
        _button("1:1", f"{name}Full", "Show one pixel of the image as one of the screen (1)", image.show_full),
    )


def _button(text: str, name: str, tip: str, do: Callable[[], None]) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setObjectName(name)
    button.setToolTip(tip)
    button.clicked.connect(lambda _checked=False: do())
    return button

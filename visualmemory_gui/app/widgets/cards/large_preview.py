"""A large image over the workspace. It takes no focus: the arrow keys still reach what is below."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QImage, QPixmap, QShowEvent
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.widgets.cards.image_view import ImageView


class LargePreview(QFrame):
    """An image in the middle of ``parent``."""

    visible_changed = Signal(bool)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._above = parent
        self.setObjectName("preview")
        self.setProperty("panel", True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._image = ImageView(empty_text="No image is stored for this exemplar")
        self._caption = QLabel()
        self._caption.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._caption.setWordWrap(True)
        column = QVBoxLayout(self)
        column.addWidget(self._image, 1)
        column.addWidget(self._caption)
        self.hide()

    def showEvent(self, event: QShowEvent) -> None:
        self.visible_changed.emit(True)

    def hideEvent(self, event: QHideEvent) -> None:
        self.visible_changed.emit(False)

    def show_image(self, jpeg: bytes | None, caption: str) -> None:
        image = QImage.fromData(jpeg or b"")
        self._image.set_pixmap(None if image.isNull() else QPixmap.fromImage(image), caption)
        self._caption.setText(caption)
        self.setAccessibleName(caption)
        side = min(theme.px(400), self._above.height() - theme.px(20), self._above.width() - theme.px(20))
        self.resize(side, side)
        self.move((self._above.width() - side) // 2, (self._above.height() - side) // 2)
        self.show()
        self.raise_()

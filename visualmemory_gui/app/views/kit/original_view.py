"""The original of an exemplar over a workspace: all of its pixels, and the part of it that the exemplar is."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from visualmemory_gui.app.models.exemplar_image import ExemplarImageModel
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.views.kit.elided_label import ElidedLabel
from visualmemory_gui.app.views.kit.overlay import Overlay
from visualmemory_gui.app.views.kit.zoom_buttons import zoom_buttons
from visualmemory_gui.app.views.kit.zoomable_image import ZoomableImage


class OriginalView(Overlay):
    """Lies over ``above``; Esc or Space closes it."""

    def __init__(self, above: QWidget, session: Session) -> None:
        self.image = ZoomableImage(empty_text="No image is stored for this exemplar")
        super().__init__(above, name="originalView", image=self.image)
        self._session = session
        self._read = ExemplarImageModel(session.tasks, self)
        self.image.setObjectName("originalImage")
        self.image.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.words = ElidedLabel()
        self._lay_out()
        self._read.found.connect(self.on_read)
        self._read.updated.connect(self.on_read)
        session.memory_closed.connect(self.hide)
        self.hide()

    def toggle(self, exemplar: int | None) -> None:
        """Close it, or show the original of ``exemplar``."""
        if self.isVisible():
            self.hide()
        elif exemplar is not None and self._session.memory is not None:
            self.image.set_pixmap(None)
            self._read.show(self._session.memory, exemplar)
            self.lay_over()

    def on_read(self) -> None:
        """Show what is known by now: the thumbnail, then all of the pixels, or why there are none."""
        found, row = self._read, self._read.exemplar
        if row is None:
            return
        self.words.set_full_text(found.words)
        self.setAccessibleName(f"Original of {found.words}")
        self.words.setToolTip(row.source or "")
        if found.whole is not None:
            self.image.set_pixmap(QPixmap.fromImage(found.whole.levels[-1]), found.name, size=found.whole.size)
            self.image.set_pyramid(found.whole)
            self.image.set_boxes([found.box] if found.box is not None else [], found.box)
        elif not found.thumbnail.isNull():
            self.image.set_pixmap(QPixmap.fromImage(found.thumbnail), found.name)

    def let_go(self) -> None:
        self._read.close()
        self.image.set_pixmap(None)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.words, 1)
        for button in (*zoom_buttons(self.image), self.close_button()):
            top.addWidget(button)
        column = QVBoxLayout(self)
        column.addLayout(top)
        column.addWidget(self.image, 1)

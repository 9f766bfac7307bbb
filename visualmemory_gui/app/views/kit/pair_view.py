"""Two exemplars side by side over a workspace, zoomed and moved together."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from visualmemory_gui.app.models.exemplar_image import ExemplarImageModel
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.views.kit.elided_label import ElidedLabel
from visualmemory_gui.app.views.kit.overlay import Overlay
from visualmemory_gui.app.views.kit.zoom_buttons import zoom_buttons
from visualmemory_gui.app.views.kit.zoomable_image import ZoomableImage


class _Side:
    """One of the two: its image, its words, and what reads it."""

    def __init__(self, session: Session, parent: QWidget, name: str) -> None:
        self.image = ZoomableImage(empty_text="No image is stored for this exemplar")
        self.image.setObjectName(name)
        self.image.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.words = ElidedLabel()
        self.read = ExemplarImageModel(session.tasks, parent)
        for told in (self.read.found, self.read.updated):
            told.connect(self.on_read)

    def on_read(self) -> None:
        """Show the thumbnail, then all of the pixels, in the place that both are zoomed to."""
        found = self.read
        if found.exemplar is None:
            return
        at = self.image.viewport
        self.words.set_full_text(found.words)
        self.words.setToolTip(found.exemplar.source or "")
        if found.pyramid is not None:
            shown = QPixmap.fromImage(found.pyramid.levels[-1])
            self.image.set_pixmap(shown, found.name, size=found.pyramid.size)
            self.image.set_pyramid(found.pyramid)
        elif not found.thumbnail.isNull():
            self.image.set_pixmap(QPixmap.fromImage(found.thumbnail), found.name)
        self.image.set_viewport(at)


class PairView(Overlay):
    """Lies over ``above``; Esc or Space closes it. A part is shown as its part."""

    def __init__(self, above: QWidget, session: Session) -> None:
        self.sides = tuple(_Side(session, above, name) for name in ("pairLeft", "pairRight"))
        left, right = (side.image for side in self.sides)
        super().__init__(above, name="pairView", image=left)
        self.setAccessibleName("Two exemplars side by side")
        self._session = session
        self._lay_out()
        left.viewport_changed.connect(right.set_viewport)
        right.viewport_changed.connect(left.set_viewport)
        session.memory_closed.connect(self.hide)
        self.hide()

    def show_pair(self, ids: Sequence[int]) -> None:
        """Show two exemplars; does nothing for another number of them."""
        memory = self._session.memory
        if memory is None or len(ids) != len(self.sides):
            return
        for side, exemplar in zip(self.sides, ids, strict=True):
            side.image.set_pixmap(None)
            side.read.show(memory, int(exemplar))
        self.lay_over()

    def let_go(self) -> None:
        for side in self.sides:
            side.read.close()
            side.image.set_pixmap(None)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        title = QLabel("Compare")
        title.setProperty("title", True)
        top.addWidget(title)
        top.addStretch(1)
        for button in (*zoom_buttons(self.sides[0].image), self.close_button()):
            top.addWidget(button)
        both = QGridLayout()
        for column, side in enumerate(self.sides):
            both.addWidget(side.words, 0, column)
            both.addWidget(side.image, 1, column)
            both.setColumnStretch(column, 1)
        both.setRowStretch(1, 1)
        lines = QVBoxLayout(self)
        lines.addLayout(top)
        lines.addLayout(both, 1)

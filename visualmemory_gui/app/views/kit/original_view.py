"""The original of an exemplar over a workspace: all of its pixels, and the part of it that the exemplar is."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QHideEvent, QKeyEvent, QPixmap
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.exemplar_image import ExemplarImageModel
from visualmemory_gui.app.models.query import name_of
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.views.kit.elided_label import ElidedLabel
from visualmemory_gui.app.views.kit.zoom_buttons import zoom_buttons
from visualmemory_gui.app.views.kit.zoomable_image import ZoomableImage, is_plain

CLOSES = (Qt.Key.Key_Escape, Qt.Key.Key_Space, Qt.Key.Key_Return)


class OriginalView(QFrame):
    """Lies over ``above``. The wheel, + and - zoom, 0 fits, 1 shows 1:1; Esc or Space closes it."""

    def __init__(self, above: QWidget, session: Session) -> None:
        super().__init__(above)
        self.setObjectName("originalView")
        self.setProperty("panel", True)
        self.setAutoFillBackground(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._above, self._session = above, session
        self._read = ExemplarImageModel(session.tasks, self)
        self._before: QWidget | None = None  # what had the focus
        self.image = ZoomableImage(empty_text="No image is stored for this exemplar")
        self.image.setObjectName("originalImage")
        self.image.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.words = ElidedLabel()
        self._lay_out()
        self._read.found.connect(self.on_read)
        self._read.updated.connect(self.on_read)
        session.memory_closed.connect(self.hide)
        above.installEventFilter(self)
        self.hide()

    def toggle(self, exemplar: int | None) -> None:
        """Close it, or show the original of ``exemplar``."""
        if self.isVisible():
            self.hide()
        elif exemplar is not None and self._session.memory is not None:
            self._before = QApplication.focusWidget()
            self.image.set_pixmap(None)
            self._read.show(self._session.memory, exemplar)
            self.setGeometry(self._above.rect())
            self.show()
            self.raise_()
            self.setFocus()

    def on_read(self) -> None:
        """Show what is known by now: the thumbnail, then all of the pixels, or why there are none."""
        found, row = self._read, self._read.exemplar
        if row is None:
            return
        name = name_of(row.source, row.box, f"exemplar {row.id}")
        why = f" · shown from its thumbnail: {found.why}" if found.why else ""
        self.words.set_full_text(f"{row.label} · {name}{why}")
        self.setAccessibleName(f"Original of {row.label}, {name}{why}")
        self.words.setToolTip(row.source or "")
        if found.whole is not None:
            self.image.set_pixmap(QPixmap.fromImage(found.whole.levels[-1]), name, size=found.whole.size)
            self.image.set_pyramid(found.whole)
            self.image.set_boxes([found.box] if found.box is not None else [], found.box)
        elif not found.thumbnail.isNull():
            self.image.set_pixmap(QPixmap.fromImage(found.thumbnail), name)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self.setGeometry(self._above.rect())
        return False

    def event(self, event: QEvent) -> bool:
        """Keys without Ctrl or Alt are heard here alone: none strikes or teaches meanwhile."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and is_plain(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in CLOSES:
            self.hide()
        else:
            self.image.keyPressEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._read.close()
        self.image.set_pixmap(None)
        if self._before is not None and self._before.isVisible():
            self._before.setFocus()
        self._before = None

    def _lay_out(self) -> None:
        leave = QToolButton()
        leave.setAutoRaise(True)
        leave.setToolTip("Close (Esc)")
        leave.setAccessibleName("Close")
        theme.set_icon(leave, "close")
        leave.clicked.connect(lambda _checked=False: self.hide())
        top = QHBoxLayout()
        top.addWidget(self.words, 1)
        for button in (*zoom_buttons(self.image), leave):
            top.addWidget(button)
        column = QVBoxLayout(self)
        column.addLayout(top)
        column.addWidget(self.image, 1)

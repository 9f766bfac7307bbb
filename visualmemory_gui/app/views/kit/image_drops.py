"""Images dropped on a widget: an event filter that turns drops into one signal."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QWidget

from visualmemory_gui.app.models import incoming_images, mime


class ImageDrops(QObject):
    """Lets ``widget`` accept images: files, folders, and pixels from a browser.

    A bare address or text is accepted too, only to say that it is not an image. Thousands of files take time to check:
    what a drag brings is checked when it enters and when it is dropped, not at every move.
    """

    dropped = Signal(list)  # paths and PIL images
    words_dropped = Signal()
    hovering = Signal(bool)  # whether images are dragged over the widget

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self._images = self._words = False  # what the drag over the widget brings
        widget.setAcceptDrops(True)
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.DragEnter, QEvent.Type.DragMove) and isinstance(event, QDragMoveEvent):
            if event.type() == QEvent.Type.DragEnter:
                self._images = mime.holds_images(event.mimeData())
                self._words = not self._images and mime.holds_words(event.mimeData())
            self.hovering.emit(self._images)
            return accept(event, self._images or self._words)
        if event.type() == QEvent.Type.DragLeave:
            self.hovering.emit(False)
        if event.type() == QEvent.Type.Drop and isinstance(event, QDropEvent):
            self.hovering.emit(False)
            found = incoming_images.brought(event.mimeData())
            words = not found and mime.holds_words(event.mimeData())
            accept(event, bool(found) or words)
            if found:
                self.dropped.emit(found)
            elif words:
                self.words_dropped.emit()
            return True
        return False


def accept(event: QDropEvent, wanted: bool) -> bool:
    """Accept a drag as a copy, so that no file manager removes the originals; or leave it to others."""
    if wanted:
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
    else:
        event.ignore()
    return wanted

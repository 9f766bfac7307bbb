"""Where the note floats: over the bottom of the work, in its middle, so that nothing moves when it comes and goes."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.widgets.note_bar import NoteBar

WIDEST_PT = 400


class NotePlace(QObject):
    """Keeps ``note`` at the bottom of ``over`` whenever one of them changes its size."""

    def __init__(self, note: NoteBar, over: QWidget) -> None:
        super().__init__(over)
        self._note = note
        self._over = over
        note.setParent(over)
        note.setAutoFillBackground(True)
        note.hide()
        over.installEventFilter(self)
        note.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.LayoutRequest):
            self.place()
        return False

    def place(self) -> None:
        margin = theme.px(10)
        wide = min(theme.px(WIDEST_PT), self._over.width() - 2 * margin)
        high = max(self._note.sizeHint().height(), self._note.heightForWidth(wide))
        left, top = (self._over.width() - wide) // 2, self._over.height() - high - margin
        self._note.setGeometry(left, top, wide, high)

"""The list of the parts that were drawn on an image."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QListView, QMenu, QWidget

from visualmemory_gui.app.widgets.keys import take_key

REMOVE, CHOOSE = (Qt.Key.Key_Delete, Qt.Key.Key_Backspace), (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class PartList(QListView):
    """A click or Enter chooses a row; Delete, or *Remove* of its menu, asks to remove the part in it."""

    chosen = Signal(int)  # row
    remove_requested = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("partList")
        self.setAccessibleName("Parts of this image")
        self.setToolTip("A click decides a part again; Delete removes it from this list")
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self.on_context_menu)
        self.clicked.connect(lambda index: self.chosen.emit(index.row()))
        self.hide()

    def on_context_menu(self, at: QPoint) -> None:
        row = self.indexAt(at).row()
        if row > 0:
            menu = QMenu(self)
            menu.addAction("Remove from this list").triggered.connect(lambda: self.remove_requested.emit(row))
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(self.viewport().mapToGlobal(at))

    def event(self, event: QEvent) -> bool:
        """Keys of the list come before shortcuts of the window, which strike the selected neighbours."""
        return take_key(event, lambda pressed: pressed.key() in (*REMOVE, *CHOOSE)) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = self.currentIndex().row()
        if event.key() in REMOVE:
            self.remove_requested.emit(row)
        elif event.key() in CHOOSE:
            self.chosen.emit(row)
        else:
            super().keyPressEvent(event)

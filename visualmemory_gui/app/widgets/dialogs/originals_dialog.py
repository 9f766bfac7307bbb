"""Shows which linked originals are missing, folder by folder, and asks where one folder is now."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialogButtonBox, QLabel, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.widgets.dialogs.fitting_dialog import FittingDialog

MOST_SHOWN = 6  # folders without scrolling
MEANING = (
    "The memory decides without them: vectors and thumbnails are its own. An export made now would contain "
    "thumbnails in their place. If a folder was moved or renamed, say where it is now; images are recognised by their "
    "content."
)


class OriginalsDialog(FittingDialog):
    """Use ``open()``; ``locate_requested`` reports the folder to look for. ``folders`` are (path, how many)."""

    locate_requested = Signal(str)

    def __init__(self, parent: QWidget | None, *, heading: str, folders: Sequence[tuple[str, int]]) -> None:
        super().__init__(parent)
        self.setObjectName("originalsDialog")
        self.setWindowTitle("Originals")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        title = QLabel(heading)
        title.setFont(theme.points(self.font(), 2, bold=True))
        meaning = QLabel(MEANING)
        meaning.setWordWrap(True)
        meaning.setProperty("dim", True)
        self.list = QListWidget()
        self.list.setObjectName("originalsFolders")
        self.list.setAccessibleName("Folders of missing originals")
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        for path, count in folders:
            item = QListWidgetItem(f"{path}\n{count:,} missing")
            item.setData(Qt.ItemDataRole.UserRole, path)
            item.setToolTip(path)
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        self.list.activated.connect(lambda _: self._locate())
        column = QVBoxLayout(self)
        for widget in (title, meaning, self.list, self._buttons()):
            column.addWidget(widget)
        line = self.list.sizeHintForRow(0) + 2 * self.list.frameWidth()
        self.list.setFixedHeight(min(len(folders), MOST_SHOWN) * line + theme.px(4))
        self.list.setMinimumWidth(theme.px(360))
        self.list.setFocus()

    def _locate(self) -> None:
        item = self.list.currentItem()
        if item is not None:
            self.accept()
            self.locate_requested.emit(item.data(Qt.ItemDataRole.UserRole))

    def _buttons(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox()
        locate = buttons.addButton("Locate folder…", QDialogButtonBox.ButtonRole.ActionRole)
        locate.setProperty("primary", True)
        locate.setDefault(True)
        locate.clicked.connect(self._locate)
        buttons.addButton(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        return buttons

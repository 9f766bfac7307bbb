"""Shows which decisions an edit changed: from which class to which, and whether that is better or worse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QImage, QPixmap
from PySide6.QtWidgets import QDialogButtonBox, QLabel, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.widgets.dialogs.fitting_dialog import FittingDialog


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """``before`` and ``after`` in words; ``kind`` is "fixed", "broken" or "moved"."""

    name: str
    before: str
    after: str
    kind: str
    image: QImage


class ChangedDecisionsDialog(FittingDialog):
    """Use ``open()``; ``chosen`` reports the row to decide."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None, *, title: str, rows: Sequence[DecisionRow]) -> None:
        super().__init__(parent)
        self.setObjectName("changedDecisionsDialog")
        self.setWindowTitle("Decisions that changed")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        heading = QLabel(title)
        heading.setWordWrap(True)
        self.list = QListWidget()
        self.list.setObjectName("changedDecisionsList")
        self.list.setAccessibleName("Decisions that changed")
        side = theme.px(36)
        self.list.setIconSize(QSize(side, side))
        for row in rows:
            self.list.addItem(_item(row))
        self.list.activated.connect(lambda index: self._choose(index.row()))
        hint = QLabel("Return or a double click decides the image.")
        hint.setProperty("dim", True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        for widget in (heading, self.list, hint, buttons):
            column.addWidget(widget)
        self.resize(theme.px(380), theme.px(300))
        if rows:
            self.list.setCurrentRow(0)
        self.list.setFocus()

    def _choose(self, row: int) -> None:
        self.chosen.emit(row)
        self.accept()


def _item(row: DecisionRow) -> QListWidgetItem:
    text = f"{row.name}\n{row.before} → {row.after} ({row.kind})"
    item = QListWidgetItem(QIcon(QPixmap.fromImage(row.image)), text)
    item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{row.name}, was {row.before}, is now {row.after}, {row.kind}")
    item.setToolTip(row.name)
    return item

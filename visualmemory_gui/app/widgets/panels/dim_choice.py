"""To how many numbers the vectors of a memory are reduced, with what that means."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

DIMS = (512, 256, 128, 64)
MEANING = (
    "Fewer numbers take less room and are searched faster; the most telling ones are kept (PCA). With 128 or more, "
    "accuracy hardly changed where it was measured. Images cannot then be found by words. Re-embedding undoes it."
)


class DimChoice(QWidget):
    """``dim_chosen`` has the numbers that each vector is reduced to, None for all of them."""

    dim_chosen = Signal(object)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        """``name`` is the objectName of the list."""
        super().__init__(parent)
        self._dims = QComboBox()
        self._dims.setObjectName(name)
        self._dims.setAccessibleName("Numbers for each image")
        self._dims.setAccessibleDescription(MEANING)
        self._dims.addItem("All numbers of the encoder", None)
        for dim in DIMS:
            self._dims.addItem(f"Reduced to {dim} numbers", dim)
        words = QLabel("Vectors:")
        words.setBuddy(self._dims)
        self._meaning = QLabel(MEANING)
        self._meaning.setWordWrap(True)
        self._meaning.setProperty("dim", True)
        self._meaning.hide()
        row = QHBoxLayout()
        row.addWidget(words)
        row.addWidget(self._dims, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(row)
        column.addWidget(self._meaning)
        self._dims.currentIndexChanged.connect(self.on_chosen)

    def on_chosen(self, at: int) -> None:
        self._meaning.setVisible(at > 0)
        self.dim_chosen.emit(self._dims.currentData())

    def set_most(self, dim: int) -> None:
        """Offer only what is fewer than the ``dim`` numbers of an encoder."""
        items = self._dims.model()
        assert isinstance(items, QStandardItemModel)
        for at in range(1, self._dims.count()):
            items.item(at).setEnabled(self._dims.itemData(at) < dim)
        if not items.item(self._dims.currentIndex()).isEnabled():
            self._dims.setCurrentIndex(0)

"""Asks for the format and target of an export, and what stays private."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from visualmemory_gui.app import theme
from visualmemory_gui.app.widgets.dialogs.fitting_dialog import FittingDialog

Choose = Callable[[QWidget, str, Callable[[str], object]], object]

BUNDLE = ("bundle", "Bundle: one file with everything, to open elsewhere", ".vmemz")
FORMATS_OF_CLASSES: tuple[tuple[str, str, str], ...] = (
    ("imagefolder", "Image folder: a folder for each class", ""),
    ("coco", "COCO: images, and their labels and boxes in labels.json", ""),
    ("fiftyone", "FiftyOne: images, and their labels in labels.json", ""),
    ("parquet", "Parquet: a table of labels and vectors", ".parquet"),
    ("csv", "CSV: a table of labels and paths, for a spreadsheet", ".csv"),
)
"""Keys, words and endings of the formats for a whole memory or one class."""
FORMATS = (BUNDLE, *FORMATS_OF_CLASSES)


class ExportDialog(FittingDialog):
    """Use ``open()``; ``confirmed`` reports target, format and whether to keep paths and places."""

    confirmed = Signal(str, str, bool)

    def __init__(
        self,
        parent: QWidget | None,
        *,
        name: str,
        folder: str | Path,
        label: str | None = None,
        choose: Choose | None = None,
    ) -> None:
        """The suggested target is ``name`` in ``folder``; ``choose(parent, suggested, then)`` asks for another.

        With ``label`` it is for this class alone.
        """
        super().__init__(parent)
        self.setObjectName("exportDialog")
        self.setWindowTitle("Export" if label is None else f"Export class {label}")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._choose = choose or choose_target
        self._stem = str(Path(folder) / name)
        self._formats = QComboBox()
        self._formats.setAccessibleName("Format")
        self._offered = FORMATS if label is None else FORMATS_OF_CLASSES
        for key, text, _ in self._offered:
            self._formats.addItem(text, key)
        self._target = QLineEdit()
        self._target.setMinimumWidth(theme.px(280))
        self._strip = QCheckBox("Leave out file paths and the places where images were taken")
        self._strip.setChecked(True)
        self._warning = QLabel(" ")
        self._warning.setWordWrap(True)
        self._export, self._buttons = self.verb_or_cancel("Export")
        self._arrange()
        self._formats.currentIndexChanged.connect(self._suggest)
        self._target.textChanged.connect(self._check)
        self._suggest()

    @property
    def format(self) -> str:
        return str(self._formats.currentData())

    def accept(self) -> None:
        if self._export.isEnabled():
            self.confirmed.emit(self._target.text().strip(), self.format, not self._strip.isChecked())
            super().accept()

    def _arrange(self) -> None:
        form = QFormLayout()
        form.addRow("&Format", self._formats)
        row = QHBoxLayout()
        row.addWidget(self._target, 1)
        browse = QPushButton("Choose…")
        browse.setAutoDefault(False)
        browse.clicked.connect(self._browse)
        row.addWidget(browse)
        to = QLabel("&Target")
        to.setBuddy(self._target)
        form.addRow(to, row)
        self._target.setAccessibleName("Target")
        column = QVBoxLayout(self)
        column.addLayout(form)
        for widget in (self._strip, self._warning, self._buttons):
            column.addWidget(widget)

    def _suggest(self) -> None:
        self._target.setText(free_name(self._stem, self._offered[self._formats.currentIndex()][2]))

    def _browse(self) -> None:
        self._choose(self, self._target.text(), self._target.setText)

    def _check(self, text: str) -> None:
        """Warn early of what the export would refuse: a target that is not empty."""
        target = Path(text.strip()).expanduser()
        taken = bool(text.strip()) and is_taken(target)
        self._warning.setText(f"{target.name} is not empty; choose another name." if taken else " ")
        self._export.setEnabled(bool(text.strip()) and not taken)


def choose_target(parent: QWidget, suggested: str, then: Callable[[str], object]) -> None:
    """Ask with the desktop's file dialog; returns before it is answered."""
    dialog = QFileDialog(parent, "Export to")
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.selectFile(suggested)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.fileSelected.connect(then)
    dialog.open()


def is_taken(target: Path) -> bool:
    """Whether ``target`` is a file, a folder that is not empty, or cannot be checked."""
    try:
        return any(target.iterdir()) if target.is_dir() else target.exists()
    except OSError:
        return True


def free_name(stem: str, suffix: str) -> str:
    """``stem + suffix``, or with a number if that is taken."""
    path, number = Path(stem + suffix), 2
    while is_taken(path):
        path, number = Path(f"{stem}-{number}{suffix}"), number + 1
    return str(path)

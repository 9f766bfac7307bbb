"""Everything that asks before something is done. Each opens a dialog, returns at once, and calls back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QFileDialog, QHeaderView, QTableWidget, QTableWidgetItem, QVBoxLayout, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.widgets.export_dialog import ExportDialog
from visualmemory_gui.app.widgets.import_dialog import FolderFacts, ImportDialog
from visualmemory_gui.app.widgets.label_chooser import LabelChooser

PICTURES = "Pictures (*.png *.jpg *.jpeg *.webp *.bmp *.gif *.tif *.tiff *.ppm *.pgm *.heic *.avif);;All files (*)"


class Choosers:
    """The dialogs over ``window``. Scripts and tests bring their own object with these methods."""

    def __init__(self, window: QWidget) -> None:
        self._window = window

    def memory(self, then: Callable[[str], object]) -> None:
        """The folder of a memory that is there."""
        self._folder("Open a memory (a folder NAME.vmem)", then)

    def folder(self, question: str, then: Callable[[str], object]) -> None:
        self._folder(question, then)

    def new_memory(self, suggested: Path, then: Callable[[str], object]) -> None:
        """A name for a memory that is not there yet."""
        dialog = self._file_dialog("Make the memory as", suggested.parent)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.selectFile(suggested.name)
        dialog.fileSelected.connect(lambda path: then(path if path.endswith(".vmem") else f"{path}.vmem"))
        dialog.open()

    def pictures(self, then: Callable[[list[str]], object]) -> None:
        dialog = self._file_dialog("Decide pictures", None)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setNameFilter(PICTURES)
        dialog.filesSelected.connect(lambda paths: then(list(paths)))
        dialog.open()

    def label(
        self,
        question: str,
        labels: Sequence[str],
        then: Callable[[str], object],
        *,
        preselected: str = "",
        verb: str = "Teach",
    ) -> None:
        """A class: one of ``labels`` or a new one."""
        dialog = LabelChooser(self._window, question=question, labels=labels, preselected=preselected, verb=verb)
        dialog.chosen.connect(then)
        dialog.open()

    def import_options(self, folder: str, then: Callable[[bool], object]) -> Callable[[FolderFacts], object]:
        """Link or copy? What comes back takes what was counted meanwhile."""
        dialog = ImportDialog(self._window, folder=folder)
        dialog.confirmed.connect(then)
        dialog.open()
        return lambda facts: dialog.set_facts(facts) if shiboken6.isValid(dialog) else None

    def export_options(self, name: str, folder: Path, then: Callable[[str, str, bool], object]) -> None:
        """Target, format, and whether paths and places stay in."""
        dialog = ExportDialog(self._window, name=name, folder=folder)
        dialog.confirmed.connect(then)
        dialog.open()

    def keys(self, rows: Sequence[tuple[str, str]]) -> None:
        """The sheet of keys."""
        KeySheet(rows, self._window).open()

    def _folder(self, question: str, then: Callable[[str], object]) -> None:
        dialog = self._file_dialog(question, None)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(then)
        dialog.open()

    def _file_dialog(self, title: str, folder: Path | None) -> QFileDialog:
        dialog = QFileDialog(self._window, title, str(folder or ""))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return dialog


class KeySheet(QDialog):
    """All keys, as the table of actions has them."""

    def __init__(self, rows: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("keySheet")
        self.setWindowTitle("Keys")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        table = QTableWidget(len(rows), 2)
        table.setAccessibleName("Keys and what they do")
        table.setHorizontalHeaderLabels(["Key", "What it does"])
        table.verticalHeader().hide()
        table.setShowGrid(False)
        table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        for row, cells in enumerate(rows):
            for column, text in enumerate(cells):
                table.setItem(row, column, QTableWidgetItem(text))
        table.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        table.setWordWrap(False)
        table.verticalHeader().setDefaultSectionSize(table.fontMetrics().height() + theme.px(4))
        header = table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        QVBoxLayout(self).addWidget(table)
        self.resize(theme.px(520), theme.px(480))

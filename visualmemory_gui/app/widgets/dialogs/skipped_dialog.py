"""Shows which files were left out, by reason, the most frequent first; the whole list can be copied."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialogButtonBox, QHeaderView, QLabel, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.widgets.dialogs.fitting_dialog import FittingDialog

MOST_SHOWN = 1_000
UNFOLDED = 12  # files up to which all groups are open
_OF_ANOTHER = re.compile(r"(the same file|this image is already here) as .*", re.DOTALL)
_OF_PAGES = re.compile(r"only the first of [\d,]+ pages was taken")


class SkippedDialog(FittingDialog):
    """Use ``open()``. ``rows`` are (path, reason)."""

    def __init__(self, parent: QWidget | None, *, title: str, rows: Sequence[tuple[str, str]]) -> None:
        super().__init__(parent)
        self.setObjectName("skippedDialog")
        self.setWindowTitle("Files that were left out")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._rows = list(rows)
        shown = f"; the first {MOST_SHOWN:,} of them" if len(self._rows) > MOST_SHOWN else ""
        heading = QLabel(f"{title}{shown}.")
        heading.setWordWrap(True)
        self.tree = self._make_tree()
        column = QVBoxLayout(self)
        for widget in (heading, self.tree, self._buttons()):
            column.addWidget(widget)
        self.resize(theme.px(480), theme.px(300))
        self.tree.setFocus()

    @property
    def text(self) -> str:
        """One line per file: path, tab, reason."""
        return "\n".join(f"{path}\t{reason}" for path, reason in self._rows)

    def copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text)

    def _make_tree(self) -> QTreeWidget:
        tree = QTreeWidget()
        tree.setObjectName("skippedTree")
        tree.setAccessibleName("Files that were left out, by reason")
        tree.setHeaderLabels(["Reason and file", "Files"])
        tree.header().setStretchLastSection(False)
        tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        tree.headerItem().setTextAlignment(1, Qt.AlignmentFlag.AlignRight)
        for reason, files in by_reason(self._rows[:MOST_SHOWN]):
            group = QTreeWidgetItem(tree, [reason, f"{len(files):,}"])
            group.setTextAlignment(1, Qt.AlignmentFlag.AlignRight)
            for path, why in files:
                item = QTreeWidgetItem(group, [Path(path).name or path])
                item.setToolTip(0, path if why == reason else f"{path}: {why}")
            group.setExpanded(len(self._rows) <= UNFOLDED)
        if (first := tree.topLevelItem(0)) is not None:
            tree.setCurrentItem(first)
        return tree

    def _buttons(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        copy = buttons.addButton("Copy list", QDialogButtonBox.ButtonRole.ActionRole)
        copy.setAutoDefault(False)
        buttons.button(QDialogButtonBox.StandardButton.Close).setDefault(True)
        copy.setToolTip("Put paths and reasons on the clipboard")
        copy.clicked.connect(self.copy)
        buttons.rejected.connect(self.reject)
        return buttons


def by_reason(rows: Sequence[tuple[str, str]]) -> list[tuple[str, list[tuple[str, str]]]]:
    """(path, reason) by reason, the most frequent first. Which other file or exemplar one is the same as, and how many
    pages it has, does not make another reason."""
    groups: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for path, reason in rows:
        alike = _OF_PAGES.sub("only the first page was taken", _OF_ANOTHER.sub(r"\1 as another", reason))
        groups[alike].append((path, reason))
    return sorted(groups.items(), key=lambda group: -len(group[1]))

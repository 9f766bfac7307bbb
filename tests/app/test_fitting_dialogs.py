"""A sentence in a dialog is never cut at half its height, and what is told while typing is never hidden."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QRect
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from tests.app.test_accessible import DIALOGS
from visualmemory_gui.app import theme
from visualmemory_gui.app.widgets.dialogs.import_dialog import FolderFacts, ImportDialog
from visualmemory_gui.app.widgets.dialogs.label_chooser import LabelChooser

LONG = "12,345 images as a class of a very long name, and others are skipped. " * 3
OPENED = [name for name in DIALOGS if name != "settings"]


def cut(dialog: QDialog) -> list[str]:
    """The sentences that have less height than their lines take."""
    QApplication.processEvents()
    wrapped = [label for label in dialog.findChildren(QLabel) if label.isVisible() and label.wordWrap()]
    return [label.text() for label in wrapped if label.height() < label.heightForWidth(label.width())]


@pytest.mark.parametrize("look", ["light", "dark"])
def test_adding_images_says_its_two_lines_whole(qtbot: QtBot, qapp: QApplication, look: str) -> None:
    theme.apply(qapp, look)
    dialog = ImportDialog(None, folder="/photos/summer", label="animals/mammals/cats/tabby/long-haired")
    qtbot.addWidget(dialog)
    dialog.open()
    qtbot.waitExposed(dialog)
    for facts in (FolderFacts(1_205, 12, 10**7, skipped=311), FolderFacts(1_205, 12, 10**7, 311, True, 4_000.0, 10**8)):
        dialog.set_facts(facts)
        assert not cut(dialog)
    assert dialog.findChildren(QLabel)[1].height() >= 2 * dialog.fontMetrics().height()
    theme.apply(qapp, "light")


@pytest.mark.parametrize("name", OPENED)
def test_every_dialog_grows_with_what_it_says(
    name: str, qtbot: QtBot, tmp_path: Path, opened: Callable[[str], QDialog]
) -> None:
    dialog = opened(name)
    assert not cut(dialog)
    for label in dialog.findChildren(QLabel):
        if label.wordWrap():
            label.setText(LONG)
    assert not cut(dialog)
    dialog.resize(dialog.minimumSizeHint().width(), 50)
    assert not cut(dialog)


@pytest.fixture
def opened(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Callable[[str], QDialog]:
    def make(name: str) -> QDialog:
        theme.apply(qapp, "light")
        dialog: QDialog = DIALOGS[name](tmp_path)
        qtbot.addWidget(dialog)
        dialog.open()
        qtbot.waitExposed(dialog)
        return dialog

    return make


def place(widget: QLabel | QLineEdit) -> QRect:
    return QRect(widget.mapToGlobal(widget.rect().topLeft()), widget.size())


def test_what_a_class_would_do_is_seen_while_it_is_typed(qtbot: QtBot, qapp: QApplication) -> None:
    labels = [f"cats/{name}" for name in ("tabby", "lynx", "manx", "siamese", "persian", "sphynx")]
    dialog = LabelChooser(None, question="Rename cat to", labels=labels, preselected="cat", verb="Rename")
    qtbot.addWidget(dialog)
    dialog.open()
    qtbot.waitExposed(dialog)
    edit = dialog.findChild(QLineEdit)
    edit.clear()
    qtbot.keyClicks(edit, "cats/tabby")
    edit.completer().complete()
    dialog.set_impact("Renaming cat would change 3 of 2,000 other decisions.")
    popup = edit.completer().popup()
    qtbot.waitUntil(popup.isVisible)
    told = [
        label for label in dialog.findChildren(QLabel) if "both become one" in label.text() or "2,000" in label.text()
    ]
    assert len(told) == 2
    over = QRect(popup.mapToGlobal(popup.rect().topLeft()), popup.size())
    assert not any(over.intersects(place(label)) for label in told)
    assert not cut(dialog)
    popup.hide()

"""Everything that can be used says what it is, and every action can be found by words, tip, icon and key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QAbstractSpinBox,
    QComboBox,
    QDialogButtonBox,
    QHeaderView,
    QLineEdit,
    QProgressBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from tests.app.conftest import Desk
from visualmemory_gui.app import actions
from visualmemory_gui.app.views import curate_actions, review_tabs
from visualmemory_gui.app.widgets.export_dialog import ExportDialog
from visualmemory_gui.app.widgets.forget_dialog import ForgetDialog
from visualmemory_gui.app.widgets.import_dialog import ImportDialog
from visualmemory_gui.app.widgets.key_sheet import KeySheet
from visualmemory_gui.app.widgets.label_chooser import LabelChooser

USED = (QAbstractButton, QAbstractItemView, QAbstractScrollArea, QAbstractSpinBox, QComboBox, QLineEdit, QProgressBar)
INNER = (QHeaderView,)  # spoken of by the view they belong to


def nameless(root: QWidget) -> list[str]:
    """Widgets below ``root`` that can be used and do not say what they are."""
    return [
        f"{type(widget).__name__} {widget.objectName()!r} in {type(widget.parentWidget()).__name__}"
        for widget in root.findChildren(QWidget)
        if isinstance(widget, USED)
        and not isinstance(widget, INNER)
        and not widget.objectName().startswith("qt_")
        and not isinstance(widget.parentWidget(), (QAbstractSpinBox, QComboBox, QLineEdit, QDialogButtonBox))
        and not isinstance(widget.window().parentWidget(), QComboBox)
        and not (widget.accessibleName() or widget.accessibleDescription() or said(widget))
    ]


def said(widget: QWidget) -> str:
    """What Qt itself tells of a widget: its words."""
    return widget.text().strip() if isinstance(widget, QAbstractButton) else ""


def test_everything_in_the_window_has_a_name(desk: Desk) -> None:
    desk.window.on_query_chosen(1)
    desk.settle()
    desk.window.commands.strike([2])
    desk.settle()
    assert nameless(desk.window) == []


def test_the_panels_and_the_pictures_have_names_too(desk: Desk) -> None:
    for name in ("queryPanel", "queryImage", "decisionPanel", "sharesPlot", "taskBar", "memoryGrid", "classTree"):
        widget = desk.window.findChild(QWidget, name)
        assert widget is not None and (widget.accessibleName() or widget.accessibleDescription()), name


DIALOGS: dict[str, Callable[[Path], QWidget]] = {
    "keys": lambda folder: KeySheet([("", "Keys"), ("T", "Teach")]),
    "export": lambda folder: ExportDialog(None, name="m", folder=folder),
    "forget": lambda folder: ForgetDialog(None, count=3, what="3 exemplars"),
    "import": lambda folder: ImportDialog(None, folder=str(folder)),
    "label": lambda folder: LabelChooser(None, question="Teach as", labels=["cat"]),
}


@pytest.mark.parametrize("name", DIALOGS)
def test_everything_in_a_dialog_has_a_name(name: str, tmp_path: Path, qtbot: QtBot) -> None:
    dialog = DIALOGS[name](tmp_path)
    qtbot.addWidget(dialog)
    assert nameless(dialog) == [] and dialog.windowTitle()


def test_every_action_has_words_a_tip_and_an_icon(desk: Desk) -> None:
    for action in desk.window.findChildren(QAction):
        if not action.objectName() or action.objectName().startswith("_q_"):
            continue  # Qt's own
        assert action.text() and action.toolTip(), action.objectName()
        assert not action.icon().isNull(), action.objectName()


def test_every_key_stands_on_the_key_sheet(desk: Desk) -> None:
    places = (actions, curate_actions, review_tabs, desk.window.study)
    sheet = " ".join(keys for place in places for keys, _ in place.key_sheet())
    digits = {str(n) for n in range(1, 10)}
    for action in desk.window.findChildren(QAction):
        for key in action.shortcuts():
            text = key.toString(QKeySequence.SequenceFormat.PortableText)
            assert text in sheet or text in digits, f"{action.objectName()}: {text}"

"""Everything that can be used says what it is, and every action can be found by words, tip, icon and key."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAction, QColor, QImage, QKeySequence
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
from visualmemory_gui.app.actions import window_actions
from visualmemory_gui.app.models.encoders import EncodersModel
from visualmemory_gui.app.models.window_settings import OfMemory, WindowSettings
from visualmemory_gui.app.operations import exemplars
from visualmemory_gui.app.runtime.tasks import Tasks
from visualmemory_gui.app.views.curate import curate_actions, review_tabs
from visualmemory_gui.app.views.decide import cull_actions
from visualmemory_gui.app.views.kit.error_dialog import ErrorDialog
from visualmemory_gui.app.widgets.dialogs.changed_decisions_dialog import ChangedDecisionsDialog, DecisionRow
from visualmemory_gui.app.widgets.dialogs.contact_sheet import ContactSheet, SheetRow
from visualmemory_gui.app.widgets.dialogs.encoder_dialog import EncoderDialog
from visualmemory_gui.app.widgets.dialogs.export_dialog import ExportDialog
from visualmemory_gui.app.widgets.dialogs.forget_dialog import ForgetDialog
from visualmemory_gui.app.widgets.dialogs.import_dialog import ImportDialog
from visualmemory_gui.app.widgets.dialogs.key_sheet import KeySheet
from visualmemory_gui.app.widgets.dialogs.label_chooser import LabelChooser
from visualmemory_gui.app.widgets.dialogs.settings_dialog import SettingsDialog
from visualmemory_gui.app.widgets.dialogs.shared_dialog import SharedDialog
from visualmemory_gui.app.widgets.dialogs.trust_dialog import TrustDialog
from visualmemory_gui.app.widgets.dialogs.video_dialog import VideoDialog
from visualmemory_gui.engine.decision.short_labels import ShortLabels
from visualmemory_gui.engine.types import EncoderInfo, MemorySettings

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
    exemplars.strike(desk.window.session, [2], here=True)
    desk.settle()
    assert nameless(desk.window) == []


def test_the_panels_and_the_images_have_names_too(desk: Desk) -> None:
    for name in ("queryPanel", "queryImage", "decisionPanel", "sharesPlot", "taskBar", "memoryGrid", "classTree"):
        widget = desk.window.findChild(QWidget, name)
        assert widget is not None and (widget.accessibleName() or widget.accessibleDescription()), name


def heard(widget: QWidget) -> list[str]:
    """What a screen reader finds below ``widget``: the names of its elements, as Qt's accessibility tree has them."""
    tree = QAccessible.queryAccessibleInterface(widget)
    found = [tree.child(i) for i in range(tree.childCount())]
    return [child.text(QAccessible.Text.Name) for child in found if child and not child.state().invisible]


def test_every_card_bar_and_cell_is_heard_with_its_values(desk: Desk) -> None:
    desk.window.on_query_chosen(1)
    desk.settle()
    decide, near = desk.window.decide, desk.decision.neighbours
    decide.decision.details.fold.setChecked(True)
    cards = [text for text in heard(decide.neighbours.grid) if "rank" in text]
    assert len(cards) == len(near)
    for text, n in zip(cards, near, strict=True):
        assert text.startswith(f"{n.label}, rank {n.rank}, distance {n.distance:.3f}, {n.share:.0%}".replace("%", " %"))
    bars = [text for text in heard(decide.decision.bars) if text]
    assert len(bars) == len(desk.decision.shares)
    assert all(re.fullmatch(r".+ \d+ % of the vote", text) for text in bars)
    assert {"rank", "plurality", "distance", "softmax"} <= set(heard(decide.decision.details.rules))
    assert any(re.match(r"animals/cat, 6 exemplars, key \d", text) for text in heard(decide.decision.classes))


def rows_of(widget: QWidget) -> dict[str, bool]:
    """The rows of a list as they are heard, and whether each is said to be selected."""
    tree = QAccessible.queryAccessibleInterface(widget)
    found = [child for i in range(tree.childCount()) if (child := tree.child(i)) is not None and child.isValid()]
    rows = [child for child in found if child.role() == QAccessible.Role.ListItem]
    return {child.text(QAccessible.Text.Name): bool(child.state().selected) for child in rows}


def test_the_map_is_heard_through_the_list_beside_it_which_has_its_selection(desk: Desk) -> None:
    page = desk.window.study.map
    desk.window.show_workspace("study")
    desk.window.study.tabs.setCurrentWidget(page)
    desk.settle()
    tree = QAccessible.queryAccessibleInterface(page.view)
    told = [tree.text(kind) for kind in (QAccessible.Text.Name, QAccessible.Text.Description)]
    assert told == ["Map of the memory", "The list beside it has the same exemplars and the same selection."]
    page.view.select(desk.memory.snapshot.ids[[1, 3]])
    rows = rows_of(page.grid)
    assert len(rows) == len(desk.memory.snapshot) and [*rows.values()].count(True) == 2
    assert [*rows.values()][1] and [*rows.values()][3]
    assert page.grid.accessibleDescription().endswith("2 selected")
    names = [button.accessibleName() for button in page.legend.findChildren(QAbstractButton)]
    assert names[0] == "animals/cat, 6 exemplars: select"


def test_the_kept_notes_are_heard_with_their_actions_and_what_is_not_possible(desk: Desk) -> None:
    for exemplar in (1, 2):
        exemplars.strike(desk.window.session, [exemplar])
        desk.settle()
    desk.press("actionUndo")
    desk.press("actionNotes")
    told = list(rows_of(desk.window.bell.panel.list))
    desk.window.bell.panel.close()
    assert any(text.startswith("Struck 1 exemplar") for text in told)
    assert any(text.startswith("Undo: Struck") and "Not possible: It has been undone." in text for text in told), told


def test_a_card_that_has_no_vote_says_why(desk: Desk) -> None:
    desk.window.on_query_chosen(1)
    desk.settle()
    first, second = [n.id for n in desk.decision.neighbours[:2]]
    exemplars.strike(desk.window.session, [first], here=True)
    desk.settle()
    desk.select([second])
    desk.window.commands.decide.leave_out()
    desk.settle()
    told = heard(desk.window.decide.neighbours.grid)
    assert any("struck out" in text for text in told) and any("left out of this query" in text for text in told)


@pytest.mark.parametrize("workspace", ["decide", "curate", "study"])
def test_the_keyboard_reaches_what_can_be_used_and_the_focus_is_seen(desk: Desk, workspace: str, qtbot: QtBot) -> None:
    desk.window.activateWindow()
    qtbot.waitActive(desk.window)
    desk.window.on_query_chosen(1)
    desk.settle()
    desk.window.show_workspace(workspace)
    seen = 0
    for widget in desk.window.stack.currentWidget().findChildren(QWidget):
        if not isinstance(widget, USED) or not widget.isVisible() or not widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            continue
        widget.clearFocus()
        without = widget.grab().toImage()
        widget.setFocus(Qt.FocusReason.TabFocusReason)
        desk.window.setAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange)  # as a real Tab does
        if not widget.hasFocus() or isinstance(widget, QLineEdit):  # a cursor blinks in it
            continue
        seen += 1
        assert widget.grab().toImage() != without or isinstance(widget, QAbstractScrollArea), widget.objectName()
    assert seen


DIALOGS: dict[str, Callable[[Path], QWidget]] = {
    "keys": lambda folder: KeySheet([("", "Keys"), ("T", "Teach")]),
    "encoder": lambda folder: encoder_dialog(),
    "export": lambda folder: ExportDialog(None, name="m", folder=folder),
    "forget": lambda folder: ForgetDialog(None, count=3, what="3 exemplars"),
    "import": lambda folder: ImportDialog(None, folder=str(folder)),
    "error": lambda folder: told(ErrorDialog(None)),
    "changed_decisions": lambda folder: ChangedDecisionsDialog(
        None, title="1 of 20 changed", rows=[DecisionRow("a.png", "cat", "dog", "moved", QImage())]
    ),
    "settings": lambda folder: SettingsDialog(
        None, window=WindowSettings(), memory=OfMemory(MemorySettings(), dim=64, writable=True)
    ),
    "trust": lambda folder: TrustDialog(None, what="3 exemplars", now=1.0),
    "video": lambda folder: VideoDialog(None, videos=["film.mp4"]),
    "sheet": lambda folder: ContactSheet(
        None,
        title="Next 1",
        rows=[SheetRow(1, "a.png", "cat", 0.9, QColor("red"), QImage())],
        names=ShortLabels(["cat"]),
    ),
    "shared": lambda folder: SharedDialog(None),
    "label": lambda folder: LabelChooser(None, question="Teach as", labels=["cat"]),
}


def encoder_dialog() -> EncoderDialog:
    """The chooser over two encoders, one of which is not here."""
    tasks = Tasks()
    model = EncodersModel(tasks, tasks)
    dialog = EncoderDialog(None, model, now="lite0")
    tasks.setParent(dialog)
    tasks.shutdown()
    terms = "https://example.org/terms"
    model.set_rows(
        [EncoderInfo("lite0", 1280, "Apache-2.0", 19, True), EncoderInfo("own", 4, "Own", 9, False, "", terms)]
    )
    return dialog


def told(dialog: ErrorDialog) -> ErrorDialog:
    dialog.tell("It broke.", "Try again.", "details")
    return dialog


@pytest.mark.parametrize("name", DIALOGS)
def test_everything_in_a_dialog_has_a_name(name: str, tmp_path: Path, qtbot: QtBot) -> None:
    dialog = DIALOGS[name](tmp_path)
    qtbot.addWidget(dialog)
    assert nameless(dialog) == [] and dialog.windowTitle()


@pytest.mark.parametrize("name", DIALOGS)
def test_escape_closes_a_dialog(name: str, tmp_path: Path, qtbot: QtBot) -> None:
    dialog = DIALOGS[name](tmp_path)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_every_action_has_words_a_tip_and_an_icon(desk: Desk) -> None:
    for action in desk.window.findChildren(QAction):
        if not action.objectName() or action.objectName().startswith("_q_"):
            continue  # Qt's own
        assert action.text() and action.toolTip(), action.objectName()
        assert not action.icon().isNull(), action.objectName()


def test_every_key_stands_on_the_key_sheet(desk: Desk) -> None:
    places = (window_actions, cull_actions, curate_actions, review_tabs, desk.window.study)
    sheet = " ".join(keys for place in places for keys, _ in place.key_sheet())
    digits = {str(n) for n in range(1, 10)}
    for action in desk.window.findChildren(QAction):
        for key in action.shortcuts():
            text = key.toString(QKeySequence.SequenceFormat.PortableText)
            assert text in sheet or text in digits, f"{action.objectName()}: {text}"

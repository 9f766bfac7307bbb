"""The line that asks for a class: by name its letters find one that is here, else it may be a new one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from visualmemory_gui.app.models.label_match import ranked
from visualmemory_gui.app.views.kit.choosers import show_impact
from visualmemory_gui.app.widgets.dialogs.label_chooser import LabelChooser

LABELS = ("animals/cats", "clothes", "clocks", "tools/clamps", "vehicles")


def chooser(qtbot: QtBot, typed: str | None) -> tuple[LabelChooser, list[str]]:
    dialog = LabelChooser(None, question="Teach this image as", labels=LABELS, preselected="vehicles", typed=typed)
    qtbot.addWidget(dialog)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    taken: list[str] = []
    dialog.chosen.connect(taken.append)
    dialog.open()
    qtbot.waitExposed(dialog)
    return dialog, taken


def type_into(dialog: LabelChooser, text: str) -> None:
    line = dialog.findChild(QLineEdit)
    assert line is not None
    QTest.keyClicks(line, text)


def press_enter(dialog: LabelChooser) -> None:
    line = dialog.findChild(QLineEdit)
    assert line is not None
    QTest.keyClick(line, Qt.Key.Key_Return)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("clothes", ["clothes"]),
        ("CLO", ["clothes", "clocks"]),
        ("cl", ["clothes", "clocks", "tools/clamps", "vehicles"]),
        ("cts", ["animals/cats", "clothes"]),
        ("lths", ["clothes"]),
        ("cks ", ["clocks"]),
        ("xyz", []),
        ("", list(LABELS)),
    ],
)
def test_the_likeliest_class_comes_first(typed: str, found: list[str]) -> None:
    assert ranked(LABELS, typed) == found


@pytest.mark.parametrize(
    ("first", "rest", "label"),
    [("", "clothes", "clothes"), ("c", "lot", "clothes"), ("v", "", "vehicles"), ("", "cts", "animals/cats")],
)
def test_by_name_one_enter_takes_the_first_class_with_those_letters_once(
    qtbot: QtBot, first: str, rest: str, label: str
) -> None:
    dialog, taken = chooser(qtbot, first)
    type_into(dialog, rest)
    assert f"Enter takes {label}" in [each.text() for each in dialog.findChildren(QLabel)]
    press_enter(dialog)
    assert taken == [label] and not dialog.isVisible()


def test_by_name_letters_of_no_class_make_none(qtbot: QtBot) -> None:
    dialog, taken = chooser(qtbot, "x")
    type_into(dialog, "yz")
    press_enter(dialog)
    assert taken == [] and dialog.isVisible()
    dialog.reject()


def test_otherwise_what_stands_in_the_line_is_taken_as_it_is(qtbot: QtBot) -> None:
    dialog, taken = chooser(qtbot, None)
    line = dialog.findChild(QLineEdit)
    assert line is not None and line.text() == "vehicles"
    line.setText("cl")
    assert "A new class" in [each.text() for each in dialog.findChildren(QLabel)]
    dialog.accept()
    assert taken == ["cl"]


def test_what_another_class_would_change_is_not_said_of_the_one_in_the_line(qtbot: QtBot) -> None:
    dialog, _ = chooser(qtbot, None)
    asked: list[tuple[str, Callable[[str], object]]] = []
    show_impact(dialog, lambda label, tell: asked.append((label, tell)))
    type_into(dialog, "clouds")
    said = [label for label in dialog.findChildren(QLabel) if label.accessibleDescription() == "What it would change"]
    asked[0][1]("Teaching it as vehicles would change 3 decisions.")  # asked for before, and answered late
    assert asked[0][0] == "vehicles" and said[0].text() == " "
    dialog.propose()
    asked[-1][1]("Teaching it as clouds would change 1 decision.")
    assert said[0].text() == "Teaching it as clouds would change 1 decision."

"""The "?" beside terms: what each means is said to the mouse, to the keyboard and to a screen reader."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolTip, QWidget

from tests.app.conftest import Desk
from visualmemory_gui.app.models.window_settings import OfMemory, WindowSettings
from visualmemory_gui.app.widgets.dialogs.settings_dialog import SettingsDialog
from visualmemory_gui.app.widgets.panels.term_help import TermHelp
from visualmemory_gui.engine.types import MemorySettings


def shown(widget: QWidget) -> dict[str, TermHelp]:
    return {each.accessibleName(): each for each in widget.findChildren(TermHelp) if each.isVisible()}


@pytest.fixture
def decided(desk: Desk) -> Desk:
    desk.window.session.decision.ask_exemplar(1)
    desk.settle()
    return desk


def test_the_keyboard_is_told_what_a_term_means(decided: Desk) -> None:
    helped = shown(decided.window.decide.neighbours)["What “HNSW agrees” means"]
    helped.setFocus()
    decided.bot.keyClick(helped, Qt.Key.Key_Space)
    assert "index that finds nearly all" in QToolTip.text() == helped.accessibleDescription()
    QToolTip.hideText()


def test_what_is_not_there_is_not_explained(decided: Desk) -> None:
    assert shown(decided.window.status_bar) == {}  # no edit since
    decided.window.session.decision.clear()
    decided.settle()
    assert shown(decided.window.decide.neighbours) == {}


@pytest.mark.parametrize(("rule", "terms"), [("ridge", {"Gamma", "Penalty"}), ("rank", {"Offset"})])
def test_the_settings_explain_the_parameters_of_the_rule(desk: Desk, rule: str, terms: set[str]) -> None:
    memory = OfMemory(MemorySettings(rule=rule), dim=64, writable=True)  # type: ignore[arg-type]
    dialog = SettingsDialog(desk.window, window=WindowSettings(), memory=memory)
    dialog.open()
    named = {name.removeprefix("What “").removesuffix("” means") for name in shown(dialog)}
    assert terms <= named and "Class factor" in named and not (named & {"Temperature"})
    assert all(each.toolTip().endswith(".") for each in shown(dialog).values())
    dialog.close()


@pytest.mark.parametrize(("page", "term"), [("Tune", "fit and choose"), ("Novelty", "m")])
def test_the_pages_of_study_explain_theirs(desk: Desk, page: str, term: str) -> None:
    desk.press("actionStudy")
    desk.window.study.go_to(page)
    assert f"What “{term}” means" in shown(desk.window.study)
    desk.settle()

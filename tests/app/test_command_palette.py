"""Ctrl+K lists every command of the action tables, finds one by its letters, and says why one is not possible."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from tests.app.conftest import Desk
from visualmemory_gui.app.actions.action import LACKS
from visualmemory_gui.app.actions.window_actions import ACTIONS
from visualmemory_gui.app.models.commands import CommandList, CommandRole, PaletteCommand
from visualmemory_gui.app.operations import exemplars
from visualmemory_gui.app.views.curate import curate_actions


def shown(desk: Desk, typed: str = "") -> dict[str, str]:
    """Texts of the commands listed, and why each is not possible; the likeliest first."""
    desk.press("actionPalette")
    palette = desk.window.command_palette
    palette.line.setText(typed)
    rows = [palette.model.index(row) for row in range(palette.model.rowCount())]
    found = {f"{row.data(CommandRole.Place)}: {row.data()}": row.data(CommandRole.Refusal) for row in rows}
    palette.close()
    return found


def run(desk: Desk, typed: str) -> None:
    desk.press("actionPalette")
    line = desk.window.command_palette.line
    desk.bot.keyClicks(line, typed)
    desk.bot.keyClick(line, Qt.Key.Key_Return)
    desk.settle()


def test_every_action_of_the_tables_is_listed_with_its_key(desk: Desk) -> None:
    names = {name.partition(": ")[2] for name in shown(desk)}
    listed = {each.text.rstrip("…") for each in ACTIONS if each.id != "actionPalette"}
    assert listed - names == set()
    assert {each.bare.rstrip("…") for each in curate_actions.ACTIONS} - names == set()
    desk.press("actionPalette")
    model = desk.window.command_palette.model
    keys = {model.index(row).data(): model.index(row).data(CommandRole.Keys) for row in range(model.rowCount())}
    assert keys["Export"] == "Ctrl+E" and keys["Settings"] == "Ctrl+,"
    desk.window.command_palette.close()


def test_a_few_letters_and_enter_run_a_command_and_arrows_choose_another(desk: Desk) -> None:
    run(desk, "cura")
    assert desk.window.workspace == "curate"
    assert not desk.window.command_palette.isVisible()
    desk.press("actionPalette")
    line = desk.window.command_palette.line
    rows = [desk.window.command_palette.model.index(row).data() for row in range(2)]
    desk.bot.keyClick(line, Qt.Key.Key_Down)
    assert desk.window.command_palette.list.currentIndex().data() == rows[1]
    desk.window.command_palette.close()


def test_an_edit_is_undone_by_the_words_of_its_step(desk: Desk) -> None:
    exemplars.strike(desk.window.session, [1, 2])
    desk.settle()
    assert next(iter(shown(desk, "undo strike"))) == ": Undo: Strike out 2 exemplars"
    run(desk, "undo strike")
    assert desk.memory.summary().struck == 0


def test_what_is_not_possible_is_listed_with_the_reason_and_does_nothing(desk: Desk) -> None:
    found = shown(desk)
    assert found[": Undo"] == LACKS["undo"] and found["Decide: Teach as"] == LACKS["query"]
    assert found["Curate: Larger images"] == "Only where it is shown: Curate."
    assert "Curate › Wrong label?: Keep" in found
    run(desk, "redo")
    assert desk.window.command_palette.isVisible() and desk.errors == []
    desk.window.command_palette.close()


def test_edits_of_a_read_only_memory_say_so(desk: Desk) -> None:
    desk.window.session.open(desk.memory.path, readonly=True)
    desk.settle()
    assert shown(desk)[": Add images"] == LACKS["writable"]


def test_without_a_memory_only_what_opens_one_is_possible(empty_desk: Desk) -> None:
    found = shown(empty_desk)
    assert found[": Export"] == LACKS["memory"] and found[": Open"] == ""


def test_letters_that_no_command_has_say_so(desk: Desk) -> None:
    assert shown(desk, "qqqq") == {}
    desk.press("actionPalette")
    desk.window.command_palette.line.setText("qqqq")
    assert desk.window.command_palette.nothing.isVisible()
    desk.window.command_palette.close()


@pytest.mark.parametrize("place", ["Curate", "Study"])
def test_it_opens_in_every_workspace(desk: Desk, place: str) -> None:
    desk.press(f"action{place}")
    assert shown(desk)["Decide: Paste"] == "Only in Decide."


def test_possible_commands_come_first_where_letters_fit_alike() -> None:
    model = CommandList()
    made = [PaletteCommand(f"Strike {n}", "", "", "", why, lambda: None) for n, why in (("a", "Nothing."), ("b", ""))]
    model.set_commands(made)
    assert [model.index(row).data() for row in range(2)] == ["Strike b", "Strike a"]
    model.narrow("strike")
    assert [model.index(row).data() for row in range(2)] == ["Strike b", "Strike a"]

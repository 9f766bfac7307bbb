"""History in Curate: by day, reverting, going back, tags, and what changed since; filters over the grid."""

from __future__ import annotations

import time
from datetime import datetime

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication, QComboBox, QInputDialog, QToolButton

from visualmemory_gui.app.models.history import Day, StepRole, by_day
from visualmemory_gui.app.operations import exemplars, history
from visualmemory_gui.app.widgets.panels.filter_bar import FilterBar
from visualmemory_gui.engine.store.difference import Difference
from visualmemory_gui.engine.types import Step

NOW = datetime(2026, 5, 3, 12, 0)


def at(day: int, hour: int, number: int, kind: str, count: int, state: str = "done") -> Step:
    return Step(number, kind.title(), kind, datetime(2026, 5, day, hour).timestamp(), state, count, kind.title())


@pytest.fixture
def edited(curate):
    """Three steps: strike 1 and 2, relabel 3, strike 3."""
    curate.notes = []
    curate.session.note_posted.connect(lambda text, undo, _: curate.notes.append((text, undo)))
    for edit in (
        lambda: exemplars.strike(curate.session, [1, 2]),
        lambda: exemplars.relabel(curate.session, [3], "animals/fox"),
        lambda: exemplars.strike(curate.session, [3]),
    ):
        edit()
        curate.settle()
    return curate


def choose(curate, name: str) -> None:
    """Select the step of that name in the list."""
    model = curate.view.history
    row = next(i for i in range(model.rowCount()) if model.index(i).data() == name)
    curate.view.steps.list.setCurrentIndex(model.index(row))


def press(curate, name: str) -> None:
    curate.view.steps.actions_by_id[name].trigger()
    curate.settle()


def last_note(curate) -> str:
    return curate.notes[-1][0]


class TestDays:
    def test_each_day_has_a_line_with_what_was_done_in_it(self):
        steps = [
            at(3, 9, 5, "strike", 4, "undone"),
            at(3, 8, 4, "relabel", 2),
            at(2, 23, 3, "add", 10),
            at(2, 22, 2, "strike", 3),
            at(1, 1, 1, "import", 50),
        ]
        found = list(by_day(steps, now=NOW))
        assert [row if isinstance(row, Day) else row.number for row in found] == [
            Day("Today", "2 relabelled"), 5, 4,
            Day("Yesterday", "+10, 3 struck"), 3, 2,
            Day("1 May", "+50"), 1,
        ]  # fmt: skip

    def test_the_oldest_day_counts_nothing_where_it_may_go_on(self):
        found = list(by_day([at(3, 8, 4, "relabel", 2), at(2, 8, 3, "strike", 1)], whole=False, now=NOW))
        assert found[0] == Day("Today", "2 relabelled") and found[2] == Day("Yesterday", "")

    def test_a_day_is_no_step_that_can_be_selected(self, edited):
        model = edited.view.history
        assert model.index(0).data() == "Today"
        assert not model.flags(model.index(0)) & Qt.ItemFlag.ItemIsSelectable
        assert model.index(0).data(Qt.ItemDataRole.AccessibleTextRole) == "Today: 3 struck, 1 relabelled"
        assert edited.view.steps.list.step is None


class TestReverting:
    def test_an_earlier_step_is_taken_back_and_later_ones_stay(self, edited):
        choose(edited, "Struck out 2 exemplars")
        press(edited, "revert")
        assert edited.states(1, 2, 3) == ["active", "active", "struck"]
        assert last_note(edited) == "Reverted: Struck out 2 exemplars."
        edited.notes[-1][1]()
        edited.settle()
        assert edited.states(1, 2, 3) == ["struck", "struck", "struck"]

    def test_what_was_changed_since_stays_and_is_told(self, edited):
        exemplars.restore(edited.session, [1])
        edited.settle()
        choose(edited, "Struck out 2 exemplars")
        press(edited, "revert")
        assert edited.states(1, 2) == ["active", "active"]
        assert last_note(edited).endswith("1 exemplar changed since stays as it is.")

    def test_nothing_left_to_take_back_is_told(self, edited):
        exemplars.restore(edited.session, [1, 2])
        edited.settle()
        choose(edited, "Struck out 2 exemplars")
        press(edited, "revert")
        assert last_note(edited).startswith("Nothing of “Struck out 2 exemplars” could be taken back.")


class TestGoingBack:
    def test_the_memory_is_as_it_was_and_comes_forward_again(self, edited):
        choose(edited, "Struck out 2 exemplars")
        press(edited, "back")
        assert edited.states(1, 2, 3) == ["struck", "struck", "active"] and edited.labels(3) != ["animals/fox"]
        choose(edited, "Struck out 1 exemplar")
        assert edited.view.steps.actions_by_id["back"].text() == "Go forward to after “Struck out 1 exemplar”"
        press(edited, "back")
        assert edited.states(3) == ["struck"] and edited.labels(3) == ["animals/fox"]

    def test_the_note_goes_to_where_the_memory_was(self, edited):
        choose(edited, "Struck out 2 exemplars")
        press(edited, "back")
        edited.notes[-1][1]()
        edited.settle()
        assert edited.states(3) == ["struck"]

    def test_where_the_memory_is_there_is_no_way_to_go(self, edited):
        choose(edited, "Struck out 1 exemplar")
        assert not edited.view.steps.actions_by_id["back"].isEnabled()
        assert edited.view.steps.actions_by_id["revert"].text() == "Revert “Struck out 1 exemplar”"


class TestUndone:
    """Undone steps lie above the others, in one line of time with them."""

    def rows(self, edited, role) -> list[str]:
        model = edited.view.history
        return [str(model.index(row).data(role)) for row in range(model.rowCount()) if model.step_at(row) is not None]

    def test_the_list_is_the_line_of_time_and_says_where_redo_goes_on(self, edited):
        before = self.rows(edited, Qt.ItemDataRole.DisplayRole)
        assert self.rows(edited, StepRole.Place) == ["", "", ""]
        for _ in range(2):
            history.undo(edited.session)
            edited.settle()
        assert self.rows(edited, Qt.ItemDataRole.DisplayRole) == before
        assert self.rows(edited, StepRole.Place) == ["undone", "undone, next to redo", "the memory is here"]
        spoken = self.rows(edited, Qt.ItemDataRole.AccessibleTextRole)
        assert spoken[1].endswith(", undone, next to redo")
        assert edited.memory.history.can_redo().past == before[1]

    def test_the_list_has_the_order_of_the_command_line(self, edited):
        for _ in range(3):
            history.undo(edited.session)
            edited.settle()
        numbers = [step.number for step in edited.view.history.steps]
        assert numbers == [step.number for step in edited.memory.history.steps()] == sorted(numbers, reverse=True)


class TestTags:
    def put(self, curate, name: str) -> None:
        press(curate, "tag")
        dialog = curate.dialog(QInputDialog)
        dialog.setTextValue(name)
        dialog.accept()
        curate.settle()

    def test_a_tag_stands_at_the_step_it_was_put_after(self, edited):
        self.put(edited, " clean ")
        model = edited.view.history
        assert model.index(1).data(StepRole.Tags) == "clean"
        assert model.index(1).data(Qt.ItemDataRole.AccessibleTextRole).endswith("tagged clean")
        assert last_note(edited) == "The memory as it is now is tagged “clean”."
        choose(edited, "Struck out 1 exemplar")
        menu = edited.view.steps.menu()
        [drop] = [action for action in menu.actions() if action.text() == "Remove tag “clean”"]
        drop.trigger()
        menu.deleteLater()
        edited.settle()
        assert edited.memory.tags.all() == [] and model.index(1).data(StepRole.Tags) == ""

    def test_a_name_that_cannot_be_is_refused_in_words(self, edited):
        problems = []
        edited.session.error_raised.connect(lambda what, todo, _: problems.append(what))
        self.put(edited, "x" * 101)
        assert len(problems) == 1 and edited.memory.tags.all() == []


class TestSince:
    def test_the_grid_shows_what_is_different(self, edited):
        choose(edited, "Struck out 2 exemplars")
        press(edited, "since")
        assert edited.view.grid.ids.tolist() == [3]
        assert last_note(edited) == "Since “Struck out 2 exemplars”: 1 struck, 1 relabelled."
        chip = edited.view.findChild(QToolButton, "filterPick")
        assert chip.isVisibleTo(edited.view) and chip.accessibleName().startswith("Only these: changed since")
        chip.click()
        edited.settle()
        assert len(edited.view.grid.ids) == 18 and not chip.isVisibleTo(edited.view)

    @pytest.mark.parametrize(
        ("found", "text"),
        [
            (Difference(), "nothing"),
            (Difference(added=(1, 2), removed=(3,), restored=(4,)), "2 added, 1 taken out, 1 restored"),
            (Difference(reweighed=((1, None, 2.0),)), "1 with another trust"),
        ],
    )
    def test_a_difference_in_words(self, found, text):
        assert history.in_words(found) == text


class TestFilters:
    def test_only_what_was_selected_is_shown_and_can_be_inverted(self, curate):
        curate.select(2, 5)
        curate.key(Qt.Key.Key_O)
        assert curate.view.grid.ids.tolist() == [2, 5] and curate.view.exemplars.summary() == "2 of 18"
        curate.view.on_pick_requested(None)
        curate.settle()
        curate.select(2, 5)
        curate.key(Qt.Key.Key_I, Qt.KeyboardModifier.ControlModifier)
        assert len(curate.view.grid.selection.ids) == 16 and 2 not in curate.view.grid.selection.ids

    def test_trust_that_is_not_one(self, curate):
        exemplars.reweigh(curate.session, [4, 7], 0.5)
        curate.settle()
        curate.view.filter.set_state("weighed")
        curate.settle()
        assert curate.view.grid.ids.tolist() == [4, 7]

    def test_added_since_today(self, curate):
        # Now, not when the fixture added them: a day may have begun since.
        curate.memory._live.database.execute("update exemplars set added = ? - 1e6 * (id < 10)", (time.time(),))
        ages = curate.view.filter.findChild(QComboBox, "filterAge")
        for entry, expected in ((1, 9), (2, 9), (3, 18), (0, 18)):
            ages.setCurrentIndex(entry)
            curate.settle()
            assert len(curate.view.grid.ids) == expected

    def test_a_long_name_is_cut_and_told_whole(self, qtbot):
        bar = FilterBar()
        qtbot.addWidget(bar)
        bar.set_pick("x" * 50)
        assert bar.findChild(QToolButton, "filterPick").text().endswith("…")
        assert "x" * 50 in bar.findChild(QToolButton, "filterPick").toolTip()


def test_a_memory_for_reading_only_has_no_way_to_change_the_past(edited, small):
    edited.session.open(small, readonly=True)
    edited.settle()
    choose(edited, "Struck out 2 exemplars")
    on = {name: action.isEnabled() for name, action in edited.view.steps.actions_by_id.items()}
    assert on == {"revert": False, "back": False, "since": True, "tag": False}


def test_the_menu_opens_by_mouse_and_by_key(edited, qtbot):
    asked = []
    edited.view.steps.list.menu_requested.disconnect()
    edited.view.steps.list.menu_requested.connect(asked.append)
    choose(edited, "Struck out 2 exemplars")

    for reason in (QContextMenuEvent.Reason.Mouse, QContextMenuEvent.Reason.Keyboard):
        event = QContextMenuEvent(reason, QPoint(5, 5), edited.view.steps.list.mapToGlobal(QPoint(5, 5)))
        QApplication.sendEvent(edited.view.steps.list.viewport(), event)
    assert len(asked) == 2


def test_a_history_without_steps_says_so(curate):
    assert curate.view.steps.empty.isVisibleTo(curate.view)
    exemplars.strike(curate.session, [1])
    curate.settle()
    assert not curate.view.steps.empty.isVisibleTo(curate.view)


def test_files_dropped_on_the_history_are_not_taken(edited):
    before = edited.memory.summary().active
    edited.drop(edited.view.steps.list.viewport(), QMimeData(), QPoint(5, 5))
    assert edited.memory.summary().active == before


class TestImages:
    def images(self, curate):
        view, grid = curate.view.steps.list, curate.view.thumbnails
        view.resize(240, 400)
        view.grab()
        curate.settle()
        return {i: grid.get(i) for step in curate.view.history.steps for i in step.sample}

    def test_a_step_shows_up_to_three_of_its_images_and_the_chip_of_its_class(self, edited):
        exemplars.strike(edited.session, [5, 6, 7, 8])
        edited.settle()
        struck, _, relabelled, _ = edited.view.history.steps
        assert struck.sample == (5, 6, 7) and relabelled.label == "animals/fox"
        assert all(image is not None and not image.isNull() for image in self.images(edited).values())

    def test_a_forgotten_exemplar_leaves_neither_step_nor_image(self, edited):
        self.images(edited)
        edited.session.memory.forget([1, 3])
        edited.settle()
        assert [step.past for step in edited.view.history.steps] == ["Struck out 1 exemplar"]
        assert set(self.images(edited)) == {2} and edited.view.thumbnails._images.keys().isdisjoint({1, 3})


def test_undo_and_redo_name_their_step_after_a_restart_too(desk):
    exemplars.strike(desk.window.session, [1, 2])
    desk.settle()
    place = desk.memory.path
    desk.window.session.close()
    desk.settle()
    desk.open(place)
    undo, redo = (desk.window.actions_by_id[name] for name in ("actionUndo", "actionRedo"))
    assert undo.text() == "Undo: Strike out 2 exemplars" and undo.toolTip() == "Undo: Strike out 2 exemplars (Ctrl+Z)"
    assert undo.iconText() == "Undo"
    desk.press("actionUndo")
    assert redo.toolTip() == "Redo: Strike out 2 exemplars (Ctrl+Shift+Z)" and undo.text() == "Undo"


def test_a_read_only_memory_shows_its_history_and_undoes_nothing(desk):
    exemplars.strike(desk.window.session, [1, 2])
    desk.settle()
    desk.window.session.open(desk.memory.path, readonly=True)
    desk.settle()
    [step] = desk.window.curate.history.steps
    assert step.past == "Struck out 2 exemplars" and not desk.window.actions_by_id["actionUndo"].isEnabled()

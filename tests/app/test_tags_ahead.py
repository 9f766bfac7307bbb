"""A tagged state that was undone stays: the window says so before an edit and after it, and leads back there."""

from __future__ import annotations

import pytest

from tests.app.conftest import Desk
from visualmemory_gui.app.models.history import StepRole
from visualmemory_gui.app.operations import exemplars, history


@pytest.fixture
def gone_back(desk: Desk) -> Desk:
    """Exemplar 1 struck, that state tagged "clean", and gone back from."""
    exemplars.strike(desk.window.session, [1])
    desk.settle()
    history.tag(desk.window.session, "clean", lambda: None)
    desk.settle()
    history.undo(desk.window.session)
    desk.settle()
    return desk


def states(desk: Desk, *ids: int) -> list[str]:
    return [exemplar.state for exemplar in desk.memory.catalog.get(ids)]


def row_of(desk: Desk, text: str) -> int:
    model = desk.window.curate.history
    return next(row for row in range(model.rowCount()) if model.index(row).data() == text)


def test_undo_says_what_the_next_edit_would_put_on_a_branch(gone_back: Desk) -> None:
    undone, ahead = gone_back.notes[-1].split(". ")
    assert undone == "Undone: Strike out 1 exemplar"
    assert ahead == "Redo leads to the state tagged “clean”, which stays on a branch if you edit now."


def test_the_edit_is_made_at_once_and_says_where_the_state_is(gone_back: Desk) -> None:
    exemplars.strike(gone_back.window.session, [2])
    gone_back.settle()
    assert gone_back.ask.asked == [] and gone_back.errors == [] and states(gone_back, 1, 2) == ["active", "struck"]
    assert gone_back.notes[-1].endswith("The state tagged “clean” stays on a branch of the history.")


def test_the_branch_is_listed_below_the_steps_and_gone_to_and_back(gone_back: Desk) -> None:
    exemplars.strike(gone_back.window.session, [2, 3])
    gone_back.settle()
    panel, model = gone_back.window.curate.steps, gone_back.window.curate.history
    assert model.index(row_of(gone_back, "On a branch")).row() > row_of(gone_back, "Struck out 2 exemplars")
    panel.list.setCurrentIndex(model.index(row_of(gone_back, "Struck out 1 exemplar")))
    assert panel.list.currentIndex().data(StepRole.Tags) == "clean"
    assert panel.list.currentIndex().data(StepRole.Place) == "after the beginning"
    assert panel.actions_by_id["back"].text() == "Go to the branch, after “Struck out 1 exemplar”"
    assert not panel.actions_by_id["revert"].isEnabled()
    panel.back()
    gone_back.settle()
    assert states(gone_back, 1, 2, 3) == ["struck", "active", "active"]
    gone_back.undos[-1]()
    gone_back.settle()
    assert states(gone_back, 1, 2, 3) == ["active", "struck", "struck"] and gone_back.errors == []

"""A class keeps its colour and its digit for as long as it is on screen, whatever is decided and edited."""

from __future__ import annotations

from PySide6.QtCore import Qt

from tests.app.conftest import Desk
from visualmemory_gui.app.models.card_roles import CardRole
from visualmemory_gui.app.models.class_marks import hand_out
from visualmemory_gui.app.operations import exemplars


def test_what_is_handed_out_stays_when_the_order_changes() -> None:
    held = hand_out({}, ["a", "b", "c"], range(3))
    assert held == {"a": 0, "b": 1, "c": 2}
    assert hand_out(held, ["c", "x", "a"], range(3)) == {"a": 0, "c": 2, "x": 1}


def test_a_late_class_keeps_its_mark_until_an_early_one_needs_it() -> None:
    assert hand_out({"a": 0, "b": 1}, ["x"], range(2), spare=["a", "b"]) == {"x": 0, "a": 1}
    assert hand_out({"a": 0}, ["x"], range(2), spare=["a", "b"]) == {"a": 0, "x": 1}
    held = {"a": 0, "b": 1}
    assert hand_out(held, ["a", "x", "b"], range(3)) == {"a": 0, "b": 1, "x": 2}
    assert hand_out(held, ["x", "a", "b"], range(2)) == {"a": 0, "x": 1}


def marks(desk: Desk) -> dict[str, tuple[int, str]]:
    """Of the classes of the decision: what chips, bars and the class list show of each."""
    own = desk.window.session.class_marks
    return {label: (own.colour(label).rgb(), own.digit(label)) for label in desk.decision.shares}


def test_a_strike_a_relabel_and_their_undo_mark_no_class_anew(asked: Desk) -> None:
    before = marks(asked)
    first = asked.decision.neighbours[0]
    for edit in (
        lambda: exemplars.strike(asked.window.session, [first.id]),
        lambda: exemplars.relabel(asked.window.session, [asked.decision.neighbours[0].id], "plants/rose"),
        lambda: asked.window.actions_by_id["actionUndo"].trigger(),
        lambda: asked.window.actions_by_id["actionUndo"].trigger(),
    ):
        edit()
        asked.settle()
        now = marks(asked)
        assert {label: now[label] for label in now if label in before} == {
            label: before[label] for label in before if label in now
        }


def test_the_digit_in_a_chip_is_that_of_the_class_list(asked: Desk) -> None:
    grid = asked.window.decide.neighbours.grid
    rows = {row.label: row.key for row in asked.window.session.class_marks.rows()}
    shown = [grid.model().index(row, 0) for row in range(grid.model().rowCount())]
    assert [index.data(CardRole.Key) for index in shown] == [rows[index.data(CardRole.Label)] for index in shown]


def test_a_class_that_was_taught_keeps_its_digit_when_many_others_vote(asked: Desk) -> None:
    own = asked.window.session.class_marks
    asked.key(Qt.Key.Key_3)
    taught = asked.memory.catalog.select()[-1].label
    asked.window.session.decision.counts = {**asked.memory.class_counts(), **{f"a/{n}": 1 for n in range(20)}}
    asked.window.session.decision.decision = None
    asked.window.session.decision.decided.emit()
    assert own.digit(taught) == "3"

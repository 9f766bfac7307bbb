"""What an edit leaves until its decision is on screen: it still comes, and what can be clicked before is not stale."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QLabel

from tests.app.conftest import Desk
from visualmemory_gui.app.actions import notifications
from visualmemory_gui.app.models import decision as decisions
from visualmemory_gui.app.operations import exemplars
from visualmemory_gui.app.session import SAVING
from visualmemory_gui.app.views.kit import status_bar


def strike_nearest(desk: Desk) -> int:
    """Strike the nearest neighbour, and wait for nothing."""
    nearest = int(desk.decision.neighbours[0].id)
    exemplars.strike(desk.window.session, [nearest], here=True)
    return nearest


def test_the_note_of_an_edit_comes_after_the_decision_that_it_moves(
    asked: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifications, "HELD_MS", 20_000)
    order: list[str] = []
    asked.window.session.decision.decided.connect(lambda: order.append("decision"))
    asked.window.notes.log.updated.connect(lambda: order.append("note"))
    strike_nearest(asked)
    asked.settle()
    assert order[:2] == ["decision", "note"]
    assert asked.window.note.isVisible() and asked.window.note.text.startswith("Struck 1 exemplar from the memory")


def test_a_note_does_not_wait_for_a_slow_decision(asked: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    go, answer = threading.Event(), decisions.answer

    def slow(*args: object, **options: object) -> object:
        assert go.wait(20)
        return answer(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(decisions, "answer", slow)
    before = asked.decision
    strike_nearest(asked)
    asked.bot.waitUntil(asked.window.note.isVisible)
    assert asked.decision is before
    go.set()
    asked.settle()
    assert asked.decision is not before


def test_a_note_that_waits_comes_before_what_is_added_to_it(asked: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked.window.session.decision._tasks, "waits_for", lambda topic: True)
    session = asked.window.session
    session.post_note("First.")
    session.post_note("Second.")
    assert asked.window.note.isHidden()
    session.note_finished.emit()
    assert [note.text for note in asked.window.notes.log.notes] == ["Second.", "First."]


def test_a_note_that_waits_goes_with_its_memory(asked: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked.window.session.decision._tasks, "waits_for", lambda topic: True)
    asked.window.session.post_note("Struck.")
    asked.window.session.close()
    asked.settle()
    asked.bot.wait(2 * notifications.HELD_MS)
    assert asked.window.note.isHidden() and not asked.window.notes.log.notes


def test_undo_takes_back_the_last_edit_before_its_name_is_read(asked: Desk) -> None:
    first = strike_nearest(asked)
    asked.settle()
    undo = asked.window.actions_by_id["actionUndo"]
    read, seen = asked.window.state.state, list[object]()

    def press() -> None:
        """As soon as the decision is there, and once."""
        asked.window.session.decision.decided.disconnect(press)
        seen.append(asked.window.state.state)
        undo.trigger()

    asked.window.session.decision.decided.connect(press)
    second = strike_nearest(asked)
    asked.settle()
    assert seen == [read], "the state was read before the decision was shown"
    active = asked.memory.snapshot.active[asked.memory.snapshot.rows_of([first, second])]
    assert active.tolist() == [False, True]
    assert undo.text() == "Undo: Strike out 1 exemplar"


def test_an_edit_is_said_to_be_saving_only_where_that_is_felt(asked: Desk) -> None:
    label = asked.window.findChild(QLabel, "statusSaved")
    assert label is not None
    asked.window.session.tell_saving(SAVING)
    assert label.accessibleName() == "saved"
    asked.bot.waitUntil(lambda: label.accessibleName() == SAVING)
    asked.window.session.tell_saving("not saved")
    assert label.accessibleName() == "not saved" and label.font().bold()
    asked.window.session.tell_saving(SAVING)
    asked.window.session.tell_saving("saved")
    asked.bot.wait(2 * status_bar.FELT_MS)
    assert label.accessibleName() == "saved" and not label.font().bold()


def test_edits_that_follow_each_other_are_said_to_be_saving(asked: Desk) -> None:
    label = asked.window.findChild(QLabel, "statusSaved")
    assert label is not None
    again = QTimer(interval=status_bar.FELT_MS // 5)
    again.timeout.connect(lambda: asked.window.session.tell_saving(status_bar.SAVING))
    again.start()
    asked.bot.waitUntil(lambda: label.accessibleName() == status_bar.SAVING)


def test_the_class_list_makes_anew_only_the_rows_that_an_edit_changed(asked: Desk) -> None:
    marks, counts = asked.window.session.class_marks, asked.window.session.decision.counts
    asked.window.session.decision.decision = None  # no class has a colour
    asked.window.session.decision.decided.emit()
    before = {row.label: row for row in marks.rows()}
    label, *others = before
    asked.window.session.decision.counts = {**counts, label: counts[label] - 1}
    asked.window.session.decision.decided.emit()
    after = {row.label: row for row in marks.rows()}
    assert after[label].count == before[label].count - 1
    assert all(after[other] is before[other] for other in others)
    asked.window.session.decision.counts = {label: counts[label] for label in others}
    asked.window.session.decision.decided.emit()
    assert [row.label for row in marks.rows()] == others


def test_the_window_reads_no_database_and_draws_no_chart_to_be_built() -> None:
    ask = (
        "import sys, visualmemory_gui.app.main_window; print(sorted({'apsw', 'pyqtgraph', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout == "[]\n"


def test_details_that_were_folded_away_are_of_the_decision_that_is_shown(asked: Desk) -> None:
    details = asked.window.decide.decision.details
    assert not details.fold.isChecked()
    before = asked.decision
    strike_nearest(asked)
    asked.settle()
    details.fold.setChecked(True)
    assert asked.decision is not before
    assert [dot.distance for dot in details.distances.dots] == [n.distance for n in asked.decision.neighbours]
    row = next(i for i in range(details.rules.rowCount()) if details.rules.item(i, 0).text() == asked.decision.rule)
    assert details.rules.item(row, 1).text() == asked.decision.label

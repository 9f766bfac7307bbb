"""The watch set, and what an edit does to other decisions."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QTableView

from tests.app.conftest import Desk
from tests.conftest import write_images
from visualmemory_gui.app.operations import exemplars, folders, forget
from visualmemory_gui.engine.types import Changes


def ask(desk: Desk, tmp_path: Path) -> None:
    images = write_images(tmp_path / "asked", each=1)
    desk.window.commands.decide.decide([str(next(images.rglob("*.png")))])
    desk.settle()


def table(desk: Desk) -> QTableView:
    found = desk.window.findChild(QTableView, "watchTable")
    assert found is not None
    return found


def cell(desk: Desk, row: int, column: int) -> str:
    return str(table(desk).model().index(row, column).data())


def test_w_watches_the_query_under_the_class_that_is_chosen(desk: Desk, tmp_path: Path) -> None:
    ask(desk, tmp_path)
    winner = desk.decision.label
    desk.ask.label_answer = "lynx"
    desk.key(Qt.Key.Key_W)
    assert desk.ask.preselected == winner
    assert [w.expected for w in desk.memory.watch.all()] == ["lynx"]
    assert [cell(desk, 0, column) for column in (1, 2, 4)] == ["lynx", winner, "no"]
    assert "should be lynx" in desk.notes[-1]


def test_the_note_takes_watching_back(desk: Desk, tmp_path: Path) -> None:
    ask(desk, tmp_path)
    desk.ask.label_answer = "lynx"
    desk.press("actionWatch")
    desk.window.notes.on_undo()
    desk.settle()
    assert len(desk.memory.watch) == 0
    assert table(desk).model().rowCount() == 0


def test_an_edit_tells_which_watched_decisions_it_changed_and_shows_them(desk: Desk, tmp_path: Path) -> None:
    ask(desk, tmp_path)
    before = desk.decision.label
    desk.ask.label_answer = "lynx"
    desk.press("actionWatch")
    desk.window.commands.decide.relabel_to([n.id for n in desk.decision.neighbours], "lynx")
    desk.settle()
    assert desk.window.note.text.endswith("1 of 1 watched decision changed.")
    assert cell(desk, 0, 4) == "yes"
    show = next(b for b in desk.window.note.findChildren(QPushButton) if b.text() == "Show the decision that changed")
    show.click()
    desk.settle()
    [row] = desk.ask.rows
    assert (row.before, row.after, row.kind) == (before, "lynx", "fixed")
    assert desk.window.workspace == "decide"


def test_without_a_watch_set_the_memory_is_its_own_judge(desk: Desk) -> None:
    desk.window.on_query_chosen(1)
    desk.settle()
    exemplars.strike(desk.window.session, [desk.decision.neighbours[0].id], here=True)
    desk.settle()
    assert " of 17 other decisions changed." in desk.window.note.text
    desk.press("actionUndo")
    assert " of 17 other decisions changed." in desk.window.note.text


def cancel_all(desk: Desk) -> None:
    for task in desk.window.session.tasks.running:
        task.cancel()


def test_an_edit_of_trust_counts_the_decisions_of_those_it_trusts_otherwise(desk: Desk) -> None:
    exemplars.reweigh(desk.window.session, list(range(1, 17)), 0.2)
    desk.settle()
    assert " of 18 decisions changed." in desk.window.note.text


def test_what_is_tracked_after_a_cancelled_import_is_the_memory_as_it_is(desk: Desk, tmp_path: Path) -> None:
    more = write_images(tmp_path / "more", each=40)
    session = desk.window.session

    def stop(changes: Changes) -> None:
        if changes.added:
            cancel_all(desk)

    session.changed.connect(stop)
    folders.import_folder(session, str(more), copy=False)
    desk.settle()
    session.changed.disconnect(stop)
    here = desk.memory.snapshot.active_count
    assert 18 < here < 138
    exemplars.reweigh(session, [1], 0.5)
    desk.settle()
    assert f" of {here} decisions changed." in desk.window.note.text


def test_tracking_that_was_stopped_begins_with_the_next_edit(desk: Desk) -> None:
    watch = desk.window.session.watch
    watch.restart()
    cancel_all(desk)
    desk.settle()
    assert watch.found is None
    exemplars.reweigh(desk.window.session, [1], 0.5)
    desk.settle()
    assert watch.found is not None


def test_the_watch_table_decides_an_image_and_stops_watching_it(desk: Desk, tmp_path: Path) -> None:
    ask(desk, tmp_path)
    desk.ask.label_answer = "lynx"
    desk.press("actionWatch")
    name = desk.window.session.decision.query.name  # type: ignore[union-attr]
    desk.window.on_query_chosen(1)
    desk.press("actionStudy")
    assert desk.window.workspace == "study"
    table(desk).selectRow(0)
    desk.window.study.watch.actions_by_id["ask"].trigger()
    desk.settle()
    assert desk.window.workspace == "decide"
    assert desk.window.session.decision.query.name == name  # type: ignore[union-attr]
    desk.press("actionStudy")
    table(desk).selectRow(0)
    desk.window.study.watch.actions_by_id["unwatch"].trigger()
    desk.settle()
    assert len(desk.memory.watch) == 0
    assert desk.window.study.watch.findChild(QLabel) is not None and not table(desk).isVisible()


def test_the_watch_set_outlives_a_restart_and_forgets_with_its_image(desk: Desk, small: Path, tmp_path: Path) -> None:
    ask(desk, tmp_path)
    desk.ask.label_answer = "lynx"
    desk.press("actionWatch")
    desk.press("actionTeach")
    desk.window.session.close()
    desk.settle()
    desk.open(small)
    assert cell(desk, 0, 1) == "lynx"
    taught = int(desk.memory.snapshot.ids[-1])
    forget.forget(desk.window.session, [taught])
    desk.settle()
    assert table(desk).model().rowCount() == 0

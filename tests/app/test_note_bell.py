"""The bell keeps what notes offered: fifty of them, with their actions, each possible or saying why it is not."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from tests.app.conftest import Desk
from tests.conftest import paint_image, write_images
from visualmemory_gui.app.models.note import KeptNote, NoteAction
from visualmemory_gui.app.models.note_log import DROPPED, MOST, NOT_LAST, UNDONE, NoteLog, NoteRole
from visualmemory_gui.app.operations import exemplars, folders
from visualmemory_gui.app.operations.edit import READ_ONLY
from visualmemory_gui.app.operations.forget import forget
from visualmemory_gui.app.runtime.tasks import Tasks
from visualmemory_gui.engine.errors import StorageError


def log(desk: Desk) -> NoteLog:
    return desk.window.notes.log


def strike(desk: Desk, *ids: int) -> None:
    for exemplar in ids:
        exemplars.strike(desk.window.session, [exemplar])
        desk.settle()


def opened(desk: Desk) -> dict[str, str]:
    """What can be done about the newest note for each text, and why not, as the open list shows it."""
    desk.window.bell.open()
    desk.settle()
    rows = [log(desk).index(row) for row in range(log(desk).rowCount())]
    shown = {str(row.data()): str(row.data(NoteRole.Refusal)) for row in reversed(rows) if row.data(NoteRole.IsAction)}
    desk.window.bell.panel.close()
    return shown


def use(desk: Desk, note: str, text: str) -> None:
    """Open the bell and choose the action ``text`` of the oldest note that begins with ``note``, by keyboard."""
    desk.press("actionNotes")
    view = desk.window.bell.panel.list
    rows = range(log(desk).rowCount())
    begins = max(row for row in rows if str(log(desk).index(row).data()).startswith(note))
    view.setCurrentIndex(log(desk).index(next(row for row in rows[begins:] if log(desk).index(row).data() == text)))
    desk.bot.keyClick(view, Qt.Key.Key_Return)
    desk.settle()


def test_the_bell_counts_what_was_not_read_and_lists_it_newest_first(desk: Desk) -> None:
    strike(desk, 1, 2)
    bell = desk.window.findChild(QToolButton, "noteBell")
    assert bell is not None and bell.accessibleName() == "Notes, 2 unread"
    strike(desk, 3)
    assert [note.text[:6] for note in log(desk).notes] == ["Struck"] * 3
    assert log(desk).notes[0].time >= log(desk).notes[-1].time
    opened(desk)
    assert bell.accessibleName() == "Notes"


def test_nothing_is_lost_after_ten_minutes_of_notes(desk: Desk) -> None:
    strike(desk, 1)
    for turn in range(MOST - 1):
        exemplars.reweigh(desk.window.session, [2 + turn % 9], 0.5 + turn / 100)
        desk.settle()
    assert len(log(desk).notes) == MOST and desk.memory.summary().struck == 1
    use(desk, "Struck", "Revert this step alone")
    assert desk.memory.summary().struck == 0 and desk.notes[-1].startswith("Reverted: Struck 1 exemplar")
    assert desk.memory.history.steps()[0].kind == "revert"


def test_using_one_action_of_a_note_leaves_the_others(desk: Desk, tmp_path: Path) -> None:
    folder = write_images(tmp_path / "more", each=9)
    (folder / "broken.png").write_text("no image")
    folders.import_folder(desk.window.session, folder, copy=True)
    desk.settle()
    for _ in range(2):
        use(desk, "Added", "Show the file that was skipped")
        assert desk.ask.asked[-1] == "1 file was left out"
    before = desk.memory.summary().active
    use(desk, "Added", "Undo")
    assert desk.memory.summary().active < before and opened(desk)["Show the file that was skipped"] == ""


def test_what_is_no_longer_possible_says_why(desk: Desk, tmp_path: Path) -> None:
    paint_image((200, 30, 30), seed=9).save(tmp_path / "query.png")
    desk.drop_files(desk.window.decide, tmp_path / "query.png")
    nearest = desk.decision.neighbours[0].id
    exemplars.strike(desk.window.session, [nearest], here=True)
    desk.settle()
    assert opened(desk)["Undo"] == opened(desk)["Only for this query"] == ""
    strike(desk, next(i for i in range(1, 19) if i != nearest))
    assert opened(desk)["Only for this query"] == NOT_LAST and opened(desk)["Revert this step alone"] == ""
    desk.press("actionUndo")
    desk.press("actionUndo")
    assert opened(desk)["Only for this query"] == opened(desk)["Undo"] == UNDONE
    strike(desk, 5)
    assert opened(desk)["Only for this query"] == DROPPED


def test_an_action_that_is_not_possible_does_nothing_when_chosen(desk: Desk, qtbot: QtBot) -> None:
    used: list[str] = []
    never = NoteAction("Show it", lambda: used.append("shown"), refusal=lambda: "It is gone.")
    desk.window.session.post_note("Done.", None, (never,))
    use(desk, "Done.", "Show it")
    assert used == [] and opened(desk) == {"Show it": "It is gone."}


def test_the_decisions_that_an_edit_changed_can_be_shown_after_its_note_is_gone(desk: Desk) -> None:
    label = next(iter(desk.memory.class_counts()))
    exemplars.relabel(desk.window.session, desk.memory.catalog.ids_under(label)[:4], "lynx")
    desk.window.note.hide()
    desk.settle()
    show = next(text for text in opened(desk) if text.startswith("Show the"))
    use(desk, "Relabelled", show)
    assert desk.ask.rows and show.endswith("changed")


def test_errors_are_kept_after_their_dialog(desk: Desk) -> None:
    desk.window.session.raise_error(StorageError("the disk is full"))
    desk.window.errors.close()
    assert log(desk).notes[0].is_error and log(desk).unread == 0
    desk.window.session.close()
    desk.settle()
    use(desk, f"Error: {log(desk).notes[0].text}", "Show the details")
    assert desk.window.errors.isVisible() and len(log(desk).notes) == 1
    desk.window.errors.close()


def test_notes_of_a_memory_go_with_it_and_hold_on_to_nothing(desk: Desk) -> None:
    class Thing:
        def shown(self) -> None: ...

    thing = Thing()
    gone = weakref.ref(thing)
    desk.window.session.post_note("Done.", None, (NoteAction("Show it", thing.shown),))
    del thing
    desk.window.session.close()
    desk.settle()
    gc.collect()
    assert log(desk).notes == () and log(desk).unread == 0 and gone() is None


def test_a_forgotten_step_is_not_offered_again(desk: Desk) -> None:
    strike(desk, 1)
    forget(desk.window.session, [1])
    desk.settle()
    strike(desk, 2)
    assert opened(desk)["Prove it"] == ""
    index = log(desk).rowCount() - 1
    assert log(desk).index(index).data(NoteRole.Refusal) == DROPPED


def test_a_read_only_memory_has_notes_and_the_list_says_when_there_is_none(desk: Desk) -> None:
    desk.window.session.open(desk.memory.path, readonly=True)
    desk.settle()
    desk.press("actionNotes")
    assert desk.window.bell.panel.empty.isVisible() and not desk.window.bell.panel.list.isVisible()
    desk.window.bell.panel.close()
    strike(desk, 1)
    assert [note.text for note in log(desk).notes] == [READ_ONLY] and opened(desk) == {}


def test_a_hundred_thousand_notes_take_the_room_of_fifty(qtbot: QtBot) -> None:
    tasks = Tasks()
    kept = NoteLog(tasks)
    for number in range(100_000):
        kept.keep(KeptNote(f"Note {number}.", (NoteAction("Show it", lambda: None),)))
    assert len(kept.notes) == MOST and kept.rowCount() == 2 * MOST
    assert (kept.notes[0].text, kept.notes[-1].text) == ("Note 99999.", "Note 99950.")
    tasks.shutdown()


@pytest.mark.parametrize("workspace", ["Curate", "Study"])
def test_the_notes_are_there_in_every_workspace(desk: Desk, workspace: str) -> None:
    strike(desk, 1)
    desk.press(f"action{workspace}")
    use(desk, "Struck", "Undo")
    assert desk.memory.summary().struck == 0

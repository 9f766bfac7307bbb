"""The note at the bottom of the window: its buttons name what they show, and one that was used leaves the others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from tests.app.conftest import Desk
from tests.conftest import write_images
from visualmemory_gui.app.models.note import NoteAction
from visualmemory_gui.app.operations import folders
from visualmemory_gui.app.widgets.panels.note_bar import NoteBar


def words(note: NoteBar) -> list[str]:
    """What the note's buttons say."""
    return [button.text() for button in note.findChildren(QPushButton) if not button.isHidden()]


def press(note: NoteBar, text: str) -> None:
    next(b for b in note.findChildren(QPushButton) if b.text() == text and not b.isHidden()).click()


@pytest.fixture
def note(qtbot: QtBot) -> Iterator[NoteBar]:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(500, 400)
    edit, bar = QLineEdit(window), NoteBar(window)
    bar.move(100, 300)
    window.show()
    edit.setFocus()
    yield bar  # while its window lives


def test_a_button_that_was_pressed_goes_and_the_others_stay(note: NoteBar) -> None:
    pressed: list[str] = []
    actions = [NoteAction(name, lambda name=name: pressed.append(name)) for name in ("Show files", "Show decisions")]
    note.show_note("Added 3 exemplars.", undo=True, actions=actions)
    press(note, "Show files")
    assert pressed == ["Show files"] and words(note) == ["Undo", "Show decisions"] and not note.isHidden()
    press(note, "Show decisions")
    assert words(note) == ["Undo"] and not note.isHidden()
    press(note, "Undo")
    assert note.isHidden()


def test_time_takes_a_note(note: NoteBar, qtbot: QtBot) -> None:
    note.show_note("Added 3.", actions=[NoteAction("Show files", lambda: None)], seconds=0.01)
    qtbot.waitUntil(note.isHidden)


@pytest.fixture
def partly_read(desk: Desk, tmp_path: Path) -> Desk:
    """A window that has imported a folder with a file that is no image."""
    folder = write_images(tmp_path / "more", each=2)
    (folder / "broken.png").write_text("no image")
    folders.import_folder(desk.window.session, folder, copy=True)
    desk.settle()
    return desk


def test_no_two_buttons_of_a_note_say_the_same(partly_read: Desk) -> None:
    partly_read.window.session.watch.restart()
    partly_read.settle()
    shown = words(partly_read.window.note)
    assert "Show the file that was skipped" in shown and len(set(shown)) == len(shown)


def test_notes_of_a_memory_go_with_it(partly_read: Desk) -> None:
    partly_read.window.session.post_note("Done.")
    partly_read.window.session.close()
    partly_read.settle()
    assert partly_read.window.note.isHidden()

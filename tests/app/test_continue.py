"""The next start goes on where the window was closed, or says why it cannot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from shiboken6 import delete

from tests.app.conftest import Answers, Desk
from tests.conftest import write_images
from visualmemory_gui.app import preferences
from visualmemory_gui.app.main_window import MainWindow
from visualmemory_gui.app.models.last_place import LastPlace
from visualmemory_gui.app.operations import folders
from visualmemory_gui.app.runtime.handover import WindowServer
from visualmemory_gui.app.runtime.start_request import StartRequest
from visualmemory_gui.engine.encoders.fake import FakeEncoder
from visualmemory_gui.engine.memory.visual_memory import VisualMemory
from visualmemory_gui.engine.types import F32, U8


@pytest.fixture
def again(desk: Desk, qtbot: QtBot) -> Iterator[Desk]:
    """A second window with the same settings, not yet continued; close that of ``desk`` first."""
    ask = Answers()
    window = MainWindow(ask=ask)
    other = Desk(window, qtbot, ask)
    yield other
    window.close()
    delete(window)


def restart(desk: Desk, again: Desk) -> None:
    desk.window.close()
    again.window.resize(1280, 800)
    again.window.show()
    again.window.start.continue_last()
    again.settle()
    QApplication.processEvents()
    again.settle()


def test_workspace_page_query_and_class_are_those_of_before(desk: Desk, again: Desk, small: Path) -> None:
    desk.window.session.decision.ask_exemplar(5)
    desk.press("actionCurate")
    label = desk.memory.catalog.get([9])[0].label
    desk.window.curate.tree.go_to("class", label)
    desk.settle()
    desk.press("actionStudy")
    desk.window.study.go_to("Prune")
    desk.settle()
    restart(desk, again)
    window = again.window
    assert again.memory.path == small and window.workspace == "study" and window.study.page == "Prune"
    assert window.session.decision.query.exemplar == 5 and again.decision is not None
    assert window.curate.tree.place == ("class", label)


def test_a_recent_query_comes_back(desk: Desk, again: Desk, tmp_path: Path) -> None:
    own = next(write_images(tmp_path / "queries", each=1).rglob("*.png"))
    desk.window.session.decision.ask(str(own))
    desk.settle()
    restart(desk, again)
    assert again.window.workspace == "decide" and again.window.session.decision.query.name == own.name


def test_nothing_is_opened_where_that_is_switched_off(desk: Desk, again: Desk) -> None:
    settings = again.window.settings
    kept = preferences.window_settings(settings)
    preferences.keep_window_settings(settings, type(kept)(kept.theme, kept.still, kept.side_pt, continues=False))
    restart(desk, again)
    assert again.window.session.memory is None and again.window.workspace == "empty"


def test_a_memory_that_is_gone_is_said_in_a_note_over_the_start(desk: Desk, again: Desk, small: Path) -> None:
    desk.window.close()
    small.rename(small.with_name("elsewhere.vmem"))
    restart(desk, again)
    assert again.window.workspace == "empty" and again.errors == []
    assert again.notes[-1].startswith("The last memory was not opened.")


def test_a_memory_open_elsewhere_is_offered_for_reading(desk: Desk, again: Desk, small: Path) -> None:
    desk.window.close()
    offered: list[Any] = []
    taken: list[StartRequest] = []
    again.window.session.note_posted.connect(lambda _, __, also: offered.extend(also))
    with VisualMemory.open(small):
        restart(desk, again)
        assert again.window.workspace == "empty" and again.ask.asked == []
        asked = WindowServer(lambda request: taken.append(request) or "")
        offered[0]()
        again.settle()
        assert "No window of yours has it open" in again.notes[-1]
        asked.listen(str(small))
        offered[0]()
        again.settle()
        assert taken == [StartRequest(str(small))] and len(again.notes) == 2
        asked.stop()
        offered[-1]()
        again.settle()
        assert again.memory.readonly


def test_a_start_that_ended_while_opening_is_not_repeated(desk: Desk, again: Desk) -> None:
    desk.window.close()
    preferences.mark_opening(again.window.settings, True)
    restart(desk, again)
    assert again.window.session.memory is None and "is not opened now" in again.notes[-1]
    again.window.start.continue_last()
    again.settle()
    assert again.window.session.memory is not None


def test_what_was_forgotten_since_is_left_out(desk: Desk, again: Desk, small: Path) -> None:
    desk.window.session.decision.ask_exemplar(5)
    desk.settle()
    desk.window.close()
    with VisualMemory.open(small) as memory:
        memory.forget([5])
    restart(desk, again)
    assert again.errors == [] and again.window.session.decision.query is None


@pytest.mark.parametrize("text", ["", "[]", "{", '{"memory": 3}', '{"unknown": 1}', '{"top": true}', "[" * 5000])
def test_a_damaged_settings_file_says_no_place(text: str) -> None:
    assert LastPlace.of(text) is None


def test_a_place_survives_the_settings_file() -> None:
    place = LastPlace("/münchen/ \n.vmem", True, "curate", "Map", "recent", 7, 9, -1)
    assert LastPlace.of(place.text()) == place


def test_an_import_that_was_stopped_goes_on_from_its_note_and_after_a_restart(
    desk: Desk, again: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = write_images(tmp_path / "more", each=12)
    for image in more.rglob("*.png"):
        image.write_bytes(image.read_bytes() + b"other")
    tasks, offered = desk.window.session.tasks, []
    desk.window.session.note_posted.connect(lambda _, __, also: offered.append(also))
    encode, batches = FakeEncoder.encode, list[int]()

    def encode_until_stopped(encoder: FakeEncoder, batch: U8) -> F32:
        batches.append(len(batch))
        if len(batches) == 2:
            for task in tasks.running:
                task.cancel()
        return encode(encoder, batch)

    monkeypatch.setattr(FakeEncoder, "encode", encode_until_stopped)
    folders.import_folder(desk.window.session, more, copy=False)
    desk.settle()
    here = len(desk.memory.catalog.known_files()) - 18
    assert desk.notes[-1].startswith(f"Stopped: added {here} exemplars") and 0 < here < 36
    assert [action.text for action in offered[-1]] == [f"Go on: {here} of 36 are in"]
    desk.window.close()
    offered.clear()
    again.window.session.note_posted.connect(lambda text, _, also: offered.append((text, also)))
    restart(desk, again)
    [(go_on, leave)] = [also for text, also in offered if text == "Adding the images of more was cut short."]
    assert (go_on.text, leave.text) == (f"Go on: {here} of 36 are in", "Leave it")
    leave()
    again.settle()
    assert "will not be offered again" in again.notes[-1]
    go_on()
    again.settle()
    assert again.notes[-1].startswith(f"Added {36 - here} exemplars; {here} were already here.")

"""Whatever raises, the window lives on: it is told once, logged without paths and labels, and the next edit works."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from tests.app.conftest import Desk
from tests.conftest import paint_image
from visualmemory_gui.app.actions import window_actions
from visualmemory_gui.app.application import keep_log
from visualmemory_gui.app.operations import exemplars, folders, history, teach
from visualmemory_gui.app.preferences import log_folder
from visualmemory_gui.app.runtime.excepthook import Uncaught
from visualmemory_gui.app.session import log
from visualmemory_gui.app.widgets.cards.shares_bars import SharesBars
from visualmemory_gui.engine.memory.maintenance import FolderMaintenance
from visualmemory_gui.engine.memory.visual_memory import VisualMemory

SECRET = "secret-label"
pytestmark = pytest.mark.qt_no_exception_capture


class Broken(RuntimeError):
    pass


def broken(*_args: object, **_kwargs: object) -> Any:
    raise Broken(f"{SECRET} in /home/someone/secret-image.png")


@pytest.fixture
def alive(desk: Desk) -> Iterator[Desk]:
    """A window over a memory, a query on it and two cards selected, guarded as ``main`` guards it."""
    keep_log()
    uncaught = Uncaught(desk.window.session.tasks, desk.window.session.raise_error, end=desk.window.close)
    desk.window.on_query_chosen(1)
    desk.settle()
    desk.window._upkeep.on_quiet()  # so that no threshold moves later, after which the query is decided again
    desk.bot.waitUntil(lambda: not desk.window.decide.neighbours.grid._rest.isActive())  # nor the size of its cards
    desk.settle()
    desk.select([n.id for n in desk.decision.neighbours[:2]])
    yield desk
    uncaught.stop()
    for handler in list(log.handlers):
        log.removeHandler(handler)
        handler.close()


def logged() -> str:
    return (log_folder() / "window.log").read_text()


def lives_on(desk: Desk) -> None:
    """It was told in one dialog and logged without label or path, and the next edit is on disk."""
    assert len(desk.errors) == 1 and all(desk.errors[0])
    assert desk.window.errors.isVisible()
    assert " at " in logged() and SECRET not in logged() and "/home" not in logged()
    desk.window.errors.accept()
    before, snapshot = desk.memory.summary().struck, desk.memory.snapshot
    exemplars.strike(desk.window.session, [int(snapshot.ids[snapshot.active][0])], here=True)
    desk.settle()
    assert desk.memory.summary().struck == before + 1
    assert len(desk.errors) == 1


def test_an_exception_in_a_slot(alive: Desk, qtbot: QtBot) -> None:
    QTimer.singleShot(0, broken)
    qtbot.waitUntil(lambda: bool(alive.errors))
    lives_on(alive)


def test_an_exception_in_a_thread_that_nobody_waits_for(alive: Desk, qtbot: QtBot) -> None:
    thread = threading.Thread(target=broken)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: bool(alive.errors))
    lives_on(alive)


def test_an_exception_in_a_paint_event_is_told_once_however_often_the_window_is_painted(
    alive: Desk, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    painted: list[None] = []

    def paint_bar(*_: object) -> None:  # the painter is open meanwhile
        painted.append(None)
        broken()

    with monkeypatch.context() as while_broken:
        while_broken.setattr(SharesBars, "_paint_bar", paint_bar)
        for count in (1, 2, 3):
            alive.window.decide.decision.bars.update()
            qtbot.waitUntil(lambda count=count: len(painted) >= count)
    lives_on(alive)


@pytest.mark.parametrize("name", window_actions.BY_ID)
def test_an_exception_in_the_handler_of_an_action(alive: Desk, name: str, qtbot: QtBot) -> None:
    action = alive.window.actions_by_id[name]
    action.triggered.disconnect()
    action.triggered.connect(broken)

    def trigger() -> None:  # whatever was decided meanwhile
        action.setEnabled(True)
        action.trigger()

    QTimer.singleShot(0, trigger)
    qtbot.waitUntil(lambda: bool(alive.errors))
    lives_on(alive)


ASKED: dict[str, Callable[[Desk, Path], object]] = {
    "strike": lambda d, _: exemplars.strike(d.window.session, [1]),
    "restore": lambda d, _: exemplars.restore(d.window.session, [1]),
    "relabel": lambda d, _: exemplars.relabel(d.window.session, [1], "plants/rose"),
    "reweigh": lambda d, _: exemplars.reweigh(d.window.session, [1], 0.5),
    "rename_label": lambda d, _: exemplars.rename_label(d.window.session, "animals/cat", "cat"),
    "add_images": lambda d, folder: teach.teach(d.window.session, [folder / "new.png"], "new"),
    "undo": lambda d, _: history.undo(d.window.session),
    "redo": lambda d, _: history.redo(d.window.session),
    "build": lambda d, folder: folders.import_folder(d.window.session, folder, copy=False),
    "decide_vector": lambda d, _: d.window.session.decision.ask_exemplar(2),
    "decode": lambda d, folder: d.window.session.decision.ask(str(folder / "new.png")),
    "embed": lambda d, folder: d.window.session.decision.ask(str(folder / "new.png")),
    "run": lambda d, _: d.window._upkeep.on_quiet(),
}


@pytest.mark.parametrize("verb", ASKED)
def test_an_exception_of_the_engine_in_a_worker(
    alive: Desk, verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "p" / "new").mkdir(parents=True)
    paint_image((9, 200, 9), seed=77).save(tmp_path / "p" / "new.png")
    with monkeypatch.context() as while_broken:
        while_broken.setattr(FolderMaintenance if verb == "run" else VisualMemory, verb, broken)
        ASKED[verb](alive, tmp_path / "p")
        alive.settle()
    lives_on(alive)


def test_details_can_be_copied_and_the_dialog_stays(alive: Desk) -> None:
    alive.window.session.raise_error(Broken("it broke"))
    dialog = alive.window.errors
    [button] = [b for b in dialog.findChildren(QPushButton) if b.text() == "Copy details"]
    button.click()
    copied = QGuiApplication.clipboard().text()
    assert dialog.isVisible()
    assert "it broke" in copied and "visualmemory_gui" in copied and "Broken" in copied
    dialog.accept()


def test_many_errors_make_one_dialog(alive: Desk) -> None:
    for n in range(5):
        alive.window.session.raise_error(Broken(f"number {n}"))
    shown = [w for w in alive.window.findChildren(QMessageBox) if w.isVisible()]
    assert shown == [alive.window.errors] and "4 more" in shown[0].text()
    shown[0].accept()


def test_the_log_takes_no_words_of_the_engine(alive: Desk) -> None:
    logging.getLogger("visualmemory_gui.engine.memory.forget").warning("%s", SECRET)
    assert SECRET not in logged()

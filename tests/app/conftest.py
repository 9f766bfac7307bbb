"""Fixtures of the window's tests: an offscreen window over a small memory, and dialogs that answer at once."""

from __future__ import annotations

import os

os.environ["QT_QPA_PLATFORM"] = "offscreen"  # before anything makes an application

import gc
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, QSettings, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import delete

from tests.app.curate_hands import Hands
from tests.conftest import paint_image, write_images
from visualmemory_gui.app import theme
from visualmemory_gui.app.main_window import MainWindow
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.views.curate.curate_view import CurateView
from visualmemory_gui.engine.memory.visual_memory import VisualMemory


@dataclass
class Answers:
    """Stands in for the dialogs: each answers at once with what the test put in; ``asked`` keeps the questions."""

    label_answer: str = ""
    encoder_answer: str = "fake"
    encoder_choice: Any = None
    path: str = ""
    paths: list[str] = field(default_factory=list)
    copy: bool = True
    read_only: bool = True
    asked: list[str] = field(default_factory=list)
    preselected: str = ""
    typed: str | None = None
    trust_answer: float = 0.5
    rows: list[Any] = field(default_factory=list)
    of_memory: dict[str, object] = field(default_factory=dict)
    window_settings: Any = None
    settings_shown: Any = None
    impact_of: Any = None
    impacts: list[tuple[str, bool]] = field(default_factory=list)
    apply: Any = None
    show: Any = None
    always: bool | None = False  # None: nothing is sent
    endpoint_answer: Any = None
    key: str = ""

    def memory(self, then: Callable[[str], object]) -> None:
        then(self.path)

    def shared(self, then: Callable[[str, str], object]) -> None:
        then(self.path, self.key)

    def reading(self, why: str, then: Callable[[], object]) -> None:
        self.asked.append(why)
        if self.read_only:
            then()

    def folder(self, question: str, then: Callable[[str], object]) -> None:
        then(self.path)

    def new_memory(self, suggested: Path, then: Callable[[str], object]) -> None:
        self.asked.append(str(suggested))
        then(str(suggested))

    def bundle(self, then: Callable[[str], object]) -> None:
        then(self.path)

    def images(self, then: Callable[[list[str]], object]) -> None:
        then(self.paths)

    def frames(self, videos: Sequence[str], then: Callable[[float], object]) -> None:
        self.asked.append(", ".join(videos))
        then(1.0)

    def import_options(
        self, folder: str, then: Callable[[bool], object], *, label: str | None = None, encoder: Any = None
    ) -> Callable[[Any], object]:
        self.encoder_choice = encoder
        return lambda facts: None if facts.measured else then(self.copy)

    def encoder(self, choice: Any, then: Callable[[str], object], *, reduces: bool = False) -> None:
        self.asked.append(choice.name)
        then(self.encoder_answer)

    def network(self, then: Callable[[str], object]) -> None:
        then(self.path)

    def export_options(
        self, name: str, folder: Path, then: Callable[[str, str, bool], object], *, label: str | None = None
    ) -> None:
        self.asked.append(name)
        then(str(folder / name) if label else str(folder / f"{name}.vmemz"), "coco" if label else "bundle", False)

    def label(
        self,
        question: str,
        labels: Sequence[str],
        then: Callable[[str], object],
        *,
        preselected: str = "",
        verb: str = "Teach",
        typed: str | None = None,
        impact_of: Any = None,
    ) -> None:
        self.asked.append(question)
        self.impact_of = impact_of
        self.typed = typed
        self.preselected = preselected
        if self.label_answer:
            then(self.label_answer)

    def originals(self, missing: Any, then: Callable[[str, str], object]) -> None:
        self.asked.append(f"{missing.count} of {missing.linked}")
        if self.path:
            then(missing.folders[0][0], self.path)

    def trust(self, what: str, now: float, then: Callable[[float], object]) -> None:
        self.asked.append(what)
        then(self.trust_answer)

    def changed_decisions(self, title: str, rows: Sequence[Any], then: Callable[[int], object]) -> None:
        self.asked.append(title)
        self.rows = list(rows)
        then(0)

    def flip(self, title: str, note: str, rows: Sequence[Any], then: Any, show: Any) -> Callable[[str, bool], object]:
        self.asked.append(title)
        self.rows, self.apply, self.show = list(rows), then, show
        return lambda text, shows: self.impacts.append((text, shows))

    def opinion(self, host: str, what: str, rows: Sequence[Any], then: Any, set_up: Any) -> None:
        self.asked.append(what)
        self.rows = list(rows)
        if self.always is not None:
            then(self.always)

    def endpoint(self, now: Any, then: Callable[[Any, str], object]) -> None:
        self.asked.append("endpoint")
        then(self.endpoint_answer, self.key)

    def report_file(self, suggested: Path, then: Callable[[str], object]) -> None:
        then(self.path or str(suggested))

    def confirm(self, question: str, verb: str, then: Callable[[], object], *, careful: bool = False) -> None:
        self.asked.append(question)
        then()

    def sheet(self, title: str, rows: Sequence[Any], names: Any, then: Callable[[list[int]], object]) -> None:
        self.asked.append(title)
        self.rows, self.apply = list(rows), then

    def skipped(self, title: str, rows: Sequence[tuple[str, str]]) -> None:
        self.asked.append(title)
        self.rows = list(rows)

    def table_file(self, suggested: Path, then: Callable[[str], object]) -> None:
        then(self.path)

    def settings(self, window: Any, memory: Any, then: Callable[[dict[str, object], Any], object]) -> None:
        self.asked.append("settings")
        self.settings_shown = (window, memory)
        then(self.of_memory, self.window_settings or window)

    def keys(self, rows: Sequence[tuple[str, str]]) -> None:
        self.asked.extend(keys for keys, _ in rows)


class Desk:
    """A window with its test's hands: it waits until the window rests, and drops things on widgets."""

    def __init__(self, window: MainWindow, bot: QtBot, ask: Answers) -> None:
        self.window = window
        self.ask = ask
        self.notes: list[str] = []
        self.undos: list[Any] = []  # what takes the edit of each note back
        self.errors: list[tuple[str, str]] = []
        self.bot = bot
        window.session.note_posted.connect(lambda text, undo, _: (self.notes.append(text), self.undos.append(undo)))
        window.session.error_raised.connect(lambda what, todo, _: self.errors.append((what, todo)))

    @property
    def decision(self) -> Any:
        return self.window.session.decision.decision

    @property
    def memory(self) -> VisualMemory:
        memory = self.window.session.memory
        assert isinstance(memory, VisualMemory)
        return memory

    def settle(self) -> None:
        """Wait until no task is left and every queued signal has arrived."""
        self.bot.waitUntil(lambda: not self.window.session.tasks.busy, timeout=20_000)
        QApplication.processEvents()

    def open(self, path: Path) -> None:
        self.window.open(str(path))
        self.settle()

    def press(self, action: str) -> None:
        self.window.actions_by_id[action].trigger()
        self.settle()

    def key(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        self.bot.keyClick(self.window, key, modifiers)
        self.settle()

    def select(self, ids: Sequence[int]) -> None:
        self.window.decide.neighbours.select(list(ids))

    def drop(self, widget: QWidget, data: QMimeData, at: QPoint | None = None) -> bool:
        """Drag ``data`` over ``widget`` and let it go; whether it was taken."""
        at = at or widget.rect().center()
        actions, buttons = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction, Qt.MouseButton.LeftButton
        no_keys = Qt.KeyboardModifier.NoModifier
        QApplication.sendEvent(widget, QDragEnterEvent(at, actions, data, buttons, no_keys))
        QApplication.sendEvent(widget, QDragMoveEvent(at, actions, data, buttons, no_keys))
        drop = QDropEvent(QPointF(at), actions, data, buttons, no_keys)
        drop.ignore()
        QApplication.sendEvent(widget, drop)
        self.settle()
        return drop.isAccepted()

    def drop_files(self, widget: QWidget, *paths: Path, at: QPoint | None = None) -> bool:
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        return self.drop(widget, data, at)


@pytest.fixture(autouse=True)
def own_settings(homes: Iterator[Path]) -> None:
    """No test reads or writes the settings of the user, or of another test."""
    home = str(next(homes))
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, home)


@pytest.fixture(autouse=True, scope="module")
def collected() -> Iterator[None]:
    """What a module leaves behind of Qt dies here, not in a thread of a later test; its tasks have been shut down."""
    yield
    gc.collect()
    assert gc.isenabled(), "tasks of this module were not shut down: the collection of cycles is still theirs"


@pytest.fixture(scope="session")
def small_original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once: 3 classes of 6 images, by the ``fake`` encoder."""
    folder = tmp_path_factory.mktemp("original")
    with VisualMemory.create(folder / "small.vmem", encoder="fake") as memory:
        memory.build(write_images(folder / "images", each=6))
    return folder / "small.vmem"


@pytest.fixture
def small(small_original: Path, tmp_path: Path) -> Path:
    """The folder of a closed memory that the test may change."""
    return Path(shutil.copytree(small_original, tmp_path / "small.vmem"))


@pytest.fixture
def empty_desk(qtbot: QtBot, qapp: QApplication) -> Iterator[Desk]:
    """A window without a memory."""
    theme.apply(qapp, "light")
    ask = Answers()
    window = MainWindow(ask=ask)
    desk = Desk(window, qtbot, ask)
    window.resize(1280, 800)
    window.show()
    qtbot.waitExposed(window)
    qtbot.keyRelease(window, Qt.Key.Key_Shift)  # an earlier test may have held a key down, which rows are selected with
    yield desk
    window.close()
    delete(window)  # a window that is only closed would be styled anew with every later change of the theme
    vars(window).clear()  # Qt's connections keep what is left of it, and that would keep 2 MB


@pytest.fixture
def desk(empty_desk: Desk, small: Path) -> Desk:
    """A window over the small memory."""
    empty_desk.open(small)
    return empty_desk


@pytest.fixture
def asked(desk: Desk, tmp_path: Path) -> Desk:
    """A window that has decided a red image."""
    paint_image((200, 30, 30), seed=9).save(tmp_path / "query.png")
    desk.drop_files(desk.window.decide, tmp_path / "query.png")
    return desk


@pytest.fixture
def curate(qtbot: QtBot, qapp: QApplication, small: Path) -> Iterator[Hands]:
    """Curate alone, over the small memory."""
    theme.apply(qapp, "light")
    session = Session()
    with theme.styled_once():
        view = CurateView(session)
    qtbot.addWidget(view)
    view.resize(1200, 700)
    view.show()
    qtbot.waitExposed(view)
    hands = Hands(view, session, qtbot)
    session.open(small)
    hands.settle()
    yield hands
    session.shutdown()

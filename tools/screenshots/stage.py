"""The window on a stage: what the scenes do with it, and how it is photographed."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from PySide6.QtCore import QItemSelectionModel, QRect, QSettings, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QApplication, QDialog, QLineEdit, QMenu, QTabWidget, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.application import create
from visualmemory_gui.app.main_window import MainWindow
from visualmemory_gui.app.screenshot import rest_mouse, wait_until_idle
from visualmemory_gui.app.views.kit.note_bell import NotePanel
from visualmemory_gui.app.widgets.chart.chart_view import ChartView
from visualmemory_gui.app.widgets.panels.command_palette import CommandPalette
from visualmemory_gui.engine.exchange.originals import original

LOOKS: tuple[theme.Name, ...] = ("light", "dark")

Page = TypeVar("Page", bound=QWidget)


class Stage:
    """The window, and what the scenes need to drive it. ``room`` is a folder for what they make."""

    def __init__(self, window: MainWindow, room: Path, to: Path) -> None:
        self.window = window
        self.room = room
        self._to = to

    def settle(self) -> None:
        """Wait until no task is left, and what it brought is shown."""
        for _ in range(3):
            wait_until_idle(self.window)
            QApplication.processEvents()

    def press(self, action: str) -> None:
        self.window.actions_by_id[action].trigger()
        self.settle()

    def shoot(self, name: str) -> None:
        """Photograph the window with what is open over it, once in each look."""
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        scale = self.window.devicePixelRatio()
        size = f"{self.window.width()}x{self.window.height()}" + (f"@{scale:g}" if scale != 1 else "")
        for look in LOOKS:
            theme.apply(app, look)
            self.settle_look()
            png = self._to / f"{name}-{look}-{size}.png"
            if not composed(self.window).save(str(png)):
                raise SystemExit(f"{png} cannot be written")
        print(f"{name} {size}", file=sys.stderr)

    def settle_look(self) -> None:
        """Let the look arrive without waiting for the tasks: some scenes show one that runs."""
        rest_mouse(self.window)
        for _ in range(3):
            QApplication.processEvents()
        while not all(chart.drawn for chart in self.window.findChildren(ChartView)):
            QApplication.processEvents()

    def dialog(self) -> QDialog:
        """The dialog that is open."""
        return next(each for each in over(self.window) if isinstance(each, QDialog))

    def close_dialogs(self) -> None:
        for each in over(self.window):
            each.close()
        self.window.notes.bar.hide()
        self.settle()


@contextmanager
def staged(demo: Path, to: Path, size: tuple[int, int]) -> Iterator[Stage]:
    """A window of that size and a copy of the demo memory for it to open; the user's settings are left alone."""
    with TemporaryDirectory(prefix="visualmemory-") as folder:
        room = Path(folder)
        copied(demo, room / "birthday" / "demo.vmem")
        settings = QSettings(str(room / "window.ini"), QSettings.Format.IniFormat)
        _, window = create(["visualmemory-gui"], settings=settings)
        try:
            window.resize(*size)
            window.show()
            yield Stage(window, room, to)
        finally:
            window.close()
            settings.sync()


def copied(demo: Path, place: Path) -> Path:
    """A copy of the memory, and of the images of its recent queries next to it."""
    shutil.copytree(demo, place)
    queries = demo.with_name(f"{demo.stem}-queries")
    if queries.is_dir():
        shutil.copytree(queries, place.with_name(queries.name))
    return place


def over(window: QWidget) -> list[QWidget]:
    """Dialogs, menus and lists over the window, the lowest first."""
    shown = [w for w in QApplication.topLevelWidgets() if w.isVisible() and w is not window]
    return sorted((w for w in shown if isinstance(w, QDialog | QMenu | NotePanel | CommandPalette)), key=_depth)


def _depth(widget: QWidget) -> int:
    """How many widgets it was opened from."""
    above = widget.parentWidget()
    return 0 if above is None else 1 + _depth(above)


def composed(window: QWidget) -> QPixmap:
    """The window, and over it each dialog with a frame and its title, as a desktop would show them."""
    image = window.grab()
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    look = theme.current()
    for each in over(window):
        part = each.grab()
        bar = theme.px(15) if isinstance(each, QDialog) else 0
        place = QRect(each.pos() - window.pos(), each.size())
        if isinstance(each, QDialog):
            place.moveCenter(window.rect().center())
        framed = place.adjusted(-1, -bar - 1, 1, 1)
        painter.fillRect(window.rect() if bar else QRect(), QColor(0, 0, 0, 70))
        painter.fillRect(framed, QColor(look.border))
        painter.fillRect(place.adjusted(0, -bar, 0, 0), QColor(look.surface))
        painter.setPen(QColor(look.text))
        painter.setFont(theme.points(window.font(), bold=True))
        painter.drawText(QRect(place.x(), place.y() - bar, place.width(), bar), int(Qt.AlignmentFlag.AlignCenter),
                         each.windowTitle())  # fmt: skip
        painter.drawPixmap(place.topLeft(), part)
    painter.end()
    return image


def ask(stage: Stage, name: str) -> None:
    """Decide the recent query of that file name."""
    recent = stage.window.decide.recent
    query = next(q for q in map(recent.query, range(recent.rowCount())) if q.name == name)
    stage.window.session.decision.ask_query(query)
    stage.settle()


def unpack(stage: Stage, folder: Path, *, most: int = 10_000) -> None:
    """The memory's own images as class folders, as an export writes them."""
    memory = stage.window.session.whole
    assert memory is not None
    for exemplar in memory.catalog.select(state="active")[:most]:
        found = original(memory, exemplar, keep_private=True)
        if found is not None:
            place = folder / exemplar.label / f"{exemplar.id}{found[1]}"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(found[0])


def turn_to(stage: Stage, kind: type[Page]) -> Page:
    """Show that page of Study."""
    stage.press("actionStudy")
    tabs, page = stage.window.study.findChild(QTabWidget), stage.window.study.findChild(kind)
    assert tabs is not None and page is not None
    tabs.setCurrentWidget(page)
    stage.settle()
    return page


def type_into(dialog: QDialog, text: str) -> None:
    field = next(each for each in dialog.findChildren(QLineEdit) if each.isVisible() and not each.isReadOnly())
    field.setText(text)
    QApplication.processEvents()


def select_rows(view: QAbstractItemView, *rows: int) -> None:
    model = view.model()
    flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
    view.setFocus()
    for row in rows:
        view.selectionModel().setCurrentIndex(model.index(row, 0), flags)
    QApplication.processEvents()


def wait(stage: Stage, until: Callable[[], object], *, seconds: float = 30) -> None:
    """Let the window work until ``until()`` holds."""
    end = time.monotonic() + seconds
    while not until() and time.monotonic() < end:
        wait_until_idle(stage.window, longest_ms=50)

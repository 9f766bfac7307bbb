"""Makes all pictures of the window, in both looks and two sizes, from a copy of the demo memory.

    python resources/screenshots/make.py                 # build/screenshots/NAME-LOOK-WIDTHxHEIGHT.png
    python resources/screenshots/make.py --keep          # and renews those in resources/screenshots

The window is the real one and does what a person would do in it; neither the user's memories nor settings are touched.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ["QT_QPA_PLATFORM"] = "offscreen"  # before anything makes an application
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

import scenes  # noqa: E402
from PIL import Image  # noqa: E402
from PySide6.QtCore import QRect, QSettings, Qt  # noqa: E402
from PySide6.QtGui import QColor, QPainter, QPixmap  # noqa: E402
from PySide6.QtWidgets import QApplication, QDialog, QMenu, QWidget  # noqa: E402

from visualmemory_gui.app import theme  # noqa: E402
from visualmemory_gui.app.application import create  # noqa: E402
from visualmemory_gui.app.main_window import MainWindow  # noqa: E402
from visualmemory_gui.app.screenshot import rest_mouse, silent_plugin, wait_until_idle  # noqa: E402
from visualmemory_gui.app.widgets.chart_view import ChartView  # noqa: E402
from visualmemory_gui.engine.exchange.demo import default_place, make_demo  # noqa: E402

SIZES = ((1280, 800), (1920, 1080))
LOOKS: tuple[theme.Name, ...] = ("light", "dark")
KEPT = (
    "struck-light", "teach-light", "taught-light", "queue-light", "curate-dark", "review-labels-light",
    "history-light", "export-light",
)  # fmt: skip
LARGEST = 240_000  # bytes of a kept picture


class Stage:
    """The window, and the hands that the scenes need. ``room`` is a folder for what they make."""

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
        size = f"{self.window.width()}x{self.window.height()}"
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


def over(window: QWidget) -> list[QWidget]:
    """Dialogs and menus that stand over the window, the lowest first."""
    shown = [w for w in QApplication.topLevelWidgets() if w.isVisible() and w is not window]
    return [w for w in shown if isinstance(w, QDialog | QMenu)]


def composed(window: QWidget) -> QPixmap:
    """The window, and over it each dialog with a frame and its title, as a desktop would show them."""
    picture = window.grab()
    painter = QPainter(picture)
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
    return picture


def play(demo: Path, to: Path, size: tuple[int, int], story: Sequence[Callable[[Stage], object]]) -> None:
    """All scenes in one window of that size, over a copy of the demo memory of their own."""
    with TemporaryDirectory(prefix="visualmemory-") as folder:
        room = Path(folder)
        copied(demo, room / "birthday" / "demo.vmem")
        settings = QSettings(str(room / "window.ini"), QSettings.Format.IniFormat)
        _, window = create(["visualmemory-gui"], settings=settings)
        stage = Stage(window, room, to)
        try:
            window.resize(*size)
            window.show()
            for scene in story:
                scene(stage)
                stage.close_dialogs()
        finally:
            window.close()
            settings.sync()


def copied(demo: Path, place: Path) -> Path:
    """A copy of the memory, and of the pictures of its recent queries beside it."""
    shutil.copytree(demo, place)
    queries = demo.with_name(f"{demo.stem}-queries")
    if queries.is_dir():
        shutil.copytree(queries, place.with_name(queries.name))
    return place


def keep(to: Path) -> None:
    """Put the chosen ones beside this script, with few enough colours to be small."""
    for name in KEPT:
        with Image.open(to / f"{name}-1280x800.png") as picture:
            small = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
            small.save(HERE / f"{name}.png", optimize=True)
        size = (HERE / f"{name}.png").stat().st_size
        print(f"{name}.png {size / 1000:.0f} kB{' (large)' if size > LARGEST else ''}", file=sys.stderr)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--memory", type=Path, help="the demo memory to copy; made where it is not there")
    options.add_argument("--to", type=Path, default=Path("build/screenshots"))
    options.add_argument("--only", nargs="*", help="names of scenes")
    options.add_argument("--size", choices=[f"{w}x{h}" for w, h in SIZES])
    options.add_argument("--keep", action="store_true", help="renew those in resources/screenshots")
    chosen = options.parse_args()
    demo = make_demo(chosen.memory or default_place())
    chosen.to.mkdir(parents=True, exist_ok=True)
    story = [scene for scene in scenes.STORY if not chosen.only or scene.__name__ in chosen.only]
    with silent_plugin():
        for width, height in SIZES:
            if chosen.size in (None, f"{width}x{height}"):
                play(demo, chosen.to, (width, height), story)
    if chosen.keep:
        keep(chosen.to)


if __name__ == "__main__":
    main()

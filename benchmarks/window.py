"""How long does the window take to show what was done? New cards, a strike, a drop, and a strike during an import.

The real window on Qt's offscreen platform, driven by real key and drop events. A time ends when the frame that shows
the decision is painted whole, or when the note says that the strike is on disk. The event loop is late by as much as a
precise timer of 5 ms is.

Making the memories that are struck from takes longer than all that is measured: --keep FOLDER makes them there, once,
and takes those that are there (--only make does nothing else).

    python -m benchmarks.window [--memory DEMO.vmem] [--rounds 100] [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, QMimeData, QPointF, QSettings, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import delete

from benchmarks.frames import Decided, Heartbeat, spread, wait_for
from benchmarks.results import read, table, write
from benchmarks.vectors import DIM, clustered
from visualmemory_gui import VisualMemory
from visualmemory_gui.app.application import create
from visualmemory_gui.app.main_window import MainWindow
from visualmemory_gui.app.operations import folders
from visualmemory_gui.app.screenshot import silent_plugin, wait_until_idle
from visualmemory_gui.engine.exchange.demo.demo import make_demo
from visualmemory_gui.engine.memory.protocol import WholeMemory
from visualmemory_gui.engine.types import RULES, Rule

SIZES = (10_000, 100_000)
CARDS = 50
SCREENS = ((1280, 800), (2560, 1600))  # on the large one all cards are in sight
IMPORTED = 3000
STRIKE_EVERY_S = 0.3
PARTS = ("cards", "strike", "drop", "import", "make")


@contextmanager
def opened(memory: Path, size: tuple[int, int] = SCREENS[0]) -> Iterator[MainWindow]:
    """The real window over ``memory``, at rest."""
    with silent_plugin(), tempfile.TemporaryDirectory() as folder:
        settings = QSettings(str(Path(folder) / "window.ini"), QSettings.Format.IniFormat)
        _, window = create(["visualmemory-gui", str(memory)], settings=settings)
        pulse = QTimer(interval=50)  # so that waiting for what never comes ends
        pulse.start()
        window.resize(*size)
        window.show()
        wait_until_idle(window, longest_ms=120_000)
        try:
            yield window
        finally:
            window.close()
            delete(window)
            settings.sync()


def memory_of(window: MainWindow) -> WholeMemory:
    assert window.session.whole is not None
    return window.session.whole


def measure_cards(memory: Path, rounds: int, size: tuple[int, int]) -> dict[str, Any]:
    """From the reset of the model to the painted cards, for queries that have few neighbours in common."""
    with opened(memory, size) as window:
        grid = window.decide.neighbours.grid
        model, cards, taken, began = grid.model(), grid.viewport(), [], [0.0]

        def begin() -> None:
            began[0] = time.perf_counter()

        def paint() -> None:
            cards.repaint()
            taken.append((time.perf_counter() - began[0]) * 1e3)

        window.session.decision.set_k(CARDS)
        model.modelAboutToBeReset.connect(begin)
        model.modelReset.connect(paint)
        ids = memory_of(window).snapshot.ids
        for i in range(rounds):
            window.session.decision.ask_exemplar(int(ids[i * 1009 % len(ids)]))
            wait_until_idle(window)
        rows = range(model.rowCount())
        shown = sum(cards.rect().intersects(grid.visualRect(model.index(row, 0))) for row in rows)
    return {"window": f"{size[0]} x {size[1]}", "cards": CARDS, "in sight": shown, **spread(taken[4:])}


def made(kept: Path, size: int, thumbnails: list[bytes]) -> Path:
    """The memory of so many exemplars in ``kept``, with its index; made where it is not there."""
    path = kept / f"{size}.vmem"
    if not path.exists():
        half = kept / f"{size}.half.vmem"
        shutil.rmtree(half, ignore_errors=True)
        with VisualMemory.create(half, dim=DIM) as memory:
            few = [thumbnails[i % len(thumbnails)] for i in range(size)]
            memory.add_vectors(*clustered(size, seed=1), few)
            memory.maintenance.run()
        half.rename(path)
    return path


def measure_strike(folder: Path, source: Path, rounds: int, *, rule: Rule) -> dict[str, Any]:
    """From the key to the painted decision, the commit among it; the nearest neighbour is struck each time, in a copy
    of ``source``."""
    path = Path(shutil.copytree(source, folder / "struck.vmem"))
    with VisualMemory.open(path) as memory:
        memory.set("rule", rule)
        size = len(memory.snapshot)
    taken = []
    with opened(path) as window:
        decided, ids = Decided(window), memory_of(window).snapshot.ids
        for i in range(rounds):
            window.session.decision.ask_exemplar(int(ids[i * 1009 % len(ids)]))
            wait_until_idle(window)
            select_first(window)
            started = time.perf_counter()
            QTest.keyClick(window, Qt.Key.Key_X)
            wait_for(partial(decided.shown_since, started))
            taken.append(decided.ms_since(started))
            wait_until_idle(window)
    shutil.rmtree(path)
    return {"exemplars": size, "rule": rule, **spread(taken[4:])}


def select_first(window: MainWindow) -> None:
    first = next(n.id for n in window.session.decision.decision.neighbours)  # type: ignore[union-attr]
    window.decide.neighbours.select([first])


def measure_drop(memory: Path, images: Sequence[Path]) -> dict[str, Any]:
    """From the drop to the painted decision; in turn, what reading and embedding the same image takes alone."""
    taken: list[float] = []
    alone: list[float] = []
    with opened(memory) as window:
        decided, m = Decided(window), memory_of(window)
        for path in images:
            started = time.perf_counter()
            drop(window.decide.query, path)
            wait_for(partial(decided.shown_since, started))
            taken.append(decided.ms_since(started))
            wait_until_idle(window)
            window.session.tasks.run_edit("alone", partial(timed, m, path), alone.append)  # in the same thread
            wait_until_idle(window)
    beyond = [whole - part for whole, part in zip(taken, alone, strict=True)][4:]
    return {**spread(taken[4:]), "decode + encode": statistics.median(alone[4:]), "beyond": spread(beyond)}


def timed(memory: WholeMemory, path: Path) -> float:
    """Milliseconds of reading and embedding an image."""
    started = time.perf_counter()
    memory.embed([memory.decode(path)])
    return (time.perf_counter() - started) * 1e3


def drop(widget: QWidget, path: Path) -> None:
    data, at = QMimeData(), widget.rect().center()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    how = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(widget, QDragEnterEvent(at, *how))
    QApplication.sendEvent(widget, QDropEvent(QPointF(at), *how))


def measure_import(memory: Path, folder: Path, *, strike: bool) -> dict[str, Any]:
    """How late the event loop is while images come in, and how long a strike by key takes until its note."""
    acknowledged: list[float] = []
    with opened(memory) as window:
        window.session.decision.ask_exemplar(int(memory_of(window).snapshot.ids[0]))
        wait_until_idle(window)
        told = [0.0]
        window.session.note_posted.connect(lambda *_: told.__setitem__(0, time.perf_counter()))
        ended: list[object] = []
        window.session.step_finished.connect(lambda: ended.append(None))
        heart, began = Heartbeat(), time.perf_counter()
        folders.import_folder(window.session, folder, copy=False)
        due = began + 2
        while not ended:
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
            if strike and time.perf_counter() > due and not ended:
                select_first(window)
                started = time.perf_counter()
                QTest.keyClick(window, Qt.Key.Key_X)
                wait_for(partial(told_since, told, started))
                acknowledged.append((told[0] - started) * 1e3)
                due = time.perf_counter() + STRIKE_EVERY_S
        took, late = time.perf_counter() - began, heart.stop()
        added = len(memory_of(window).snapshot)
    return {"seconds": took, "exemplars": added, "late": spread(late), "strike": spread(acknowledged or [0.0])}


def told_since(told: list[float], started: float) -> bool:
    """Whether the last note came after ``started``."""
    return told[0] > started


def sub_folder(images: Sequence[Path], folder: Path) -> Path:
    """Links to ``images`` in ten folders: as many classes."""
    for i, path in enumerate(images):
        (folder / f"class {i % 10}").mkdir(parents=True, exist_ok=True)
        (folder / f"class {i % 10}" / f"{i}{path.suffix}").hardlink_to(path)
    return folder


def seeded(folder: Path, images: Sequence[Path]) -> Path:
    """A memory of a few of ``images`` to strike from while others come in."""
    with VisualMemory.create(folder / "import.vmem") as memory:
        memory.add(list(images), ["first"] * len(images))
    return folder / "import.vmem"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memory", type=Path, help="a demo memory; without it the demo is made")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--only", choices=PARTS, help="measure one part again")
    parser.add_argument("--keep", type=Path, help="where the memories that are struck from are, or are to be made")
    parser.add_argument(
        "--rule", choices=RULES, default="ridge", help="the voting rule of the memories that are struck"
    )
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=Path.cwd() if args.memory is None else None) as name:
        kept = args.keep or Path(name)
        run(args.memory or make_demo(), Path(name), kept, rounds=args.rounds, rule=args.rule, only=args.only)


def run(demo: Path, folder: Path, kept: Path, *, rounds: int, rule: Rule, only: str | None) -> None:
    own = Path(shutil.copytree(demo, folder / "demo.vmem"))
    images = sorted(path for path in (own / "images").rglob("*") if path.is_file())
    with VisualMemory.open(own, readonly=True) as memory:
        thumbnails = [jpeg for jpeg in memory.catalog.thumbnails(range(1, 101)).values() if jpeg]
    kept.mkdir(parents=True, exist_ok=True)
    large = [made(kept, size, thumbnails) for size in SIZES if only in (None, "strike", "make")]
    if only == "make":
        return
    found: dict[str, Any] = {}
    if only in (None, "cards"):
        many_cards = Path(shutil.copytree(own, folder / "cards.vmem"))  # a memory keeps its k
        found["cards"] = [measure_cards(many_cards, rounds, size) for size in SCREENS]
    if only in (None, "strike"):
        found["strike"] = [measure_strike(folder, source, rounds, rule=rule) for source in large]
    if only in (None, "drop"):
        found["drop"] = measure_drop(own, sorted(demo.with_name(f"{demo.stem}-queries").iterdir()))
    if only in (None, "import"):
        few, many = images[-100:], sub_folder(images[:IMPORTED], folder / "images")
        found["import"] = measure_import(seeded(folder, few), many, strike=True)
    write("window", {**read("window"), **found})
    print(found if only else tables(found))


def tables(found: dict[str, Any]) -> str:
    drop, brought = found["drop"], found["import"]
    lines = [
        *((f"{CARDS} cards, {c['in sight']} in sight, {c['window']}", c) for c in found["cards"]),
        *((f"strike to painted decision, {s['exemplars']:,} exemplars, {s['rule']}", s) for s in found["strike"]),
        (f"drop to painted decision (reading and embedding alone: {drop['decode + encode']:.1f})", drop),
        ("drop to painted decision, beyond reading and embedding", drop["beyond"]),
        (f"event loop late while {IMPORTED:,} images come in", brought["late"]),
        ("strike to its note meanwhile", brought["strike"]),
    ]
    return table(["ms", "median", "p99", "slowest"], [[name, v["median"], v["p99"], v["slowest"]] for name, v in lines])


if __name__ == "__main__":
    main()

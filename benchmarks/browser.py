"""Can a memory of a million exemplars be browsed like one of fifty?

Makes a memory of so many exemplars with thumbnails (once; --keep PATH keeps it, and takes it again), opens it in the
real window and works in Curate: first paint, jumps to pages that were never seen and to such that were, filters, a
drag of the scroll bar while the window does what it does after every opening; and the map is moved. Then the memory
held in addition to the vectors. The peer is Qt's own QListView in icon mode, which lays out every row. The results of
every size are kept.

    python -m benchmarks.browser [--n 1000000] [--keep PATH]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.icon_view import peer
from benchmarks.large_memory import DIM, GROUPS, make
from benchmarks.results import read, table, write

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from visualmemory_gui.app.main_window import MainWindow

JUMPS, SETTLED_S, MOVES = 60, 15.0, 300
PEER_SIZES = (10_000, 100_000)
ROWS = (  # figure, what is wanted, key
    ("opening: rows read, ms", "", "open_ms"),
    ("first paint after it, ms", "50", "first_paint_ms"),
    ("  in a process that never showed Curate before", "", "cold_paint_ms"),
    ("until the first images are there, ms", "", "images_ms"),
    ("jump to a new page, placeholders, ms", "5", "jump_ms"),
    ("  slowest", "", "jump_slowest_ms"),
    ("jump to a new page until all its images are there, ms", "20", "jump_until_images_ms"),
    ("  slowest", "", "jump_until_images_slowest_ms"),
    ("a page whose images are here, ms", "20", "jump_with_images_ms"),
    ("scroll bar dragged while the window settles, a step, ms", "", "drag_median_ms"),
    ("  slowest", "50", "drag_slowest_ms"),
    ("filter by class, ms", "", "class_ms"),
    ("filter by a class with others below it, ms", "", "group_ms"),
    ("back to all, ms", "", "all_ms"),
    ("filter by state, ms", "", "state_ms"),
    ("filter by text, ms", "", "text_ms"),
    ("map: a frame while it is moved, ms (60 a second for 100,000: 16)", "16", "map_move_ms"),
    ("  95 of 100 frames within", "16", "map_move_p95_ms"),
    ("  slowest", "", "map_move_slowest_ms"),
    ("map: all dots painted again, ms", "", "map_paint_ms"),
    ("map: a frame while it is moved over images, ms", "16", "map_move_images_ms"),
    ("process before a memory is open, MB", "", "before"),
    ("held at the end, MB", "", "rss_mb"),
    ("  beside the vectors", "300", "beside_vectors_mb"),
    ("highest on the way, MB", "", "peak_mb"),
)


class Hands:
    """Works in the window and looks at the clock. Times are milliseconds."""

    def __init__(self, app: QApplication, window: MainWindow) -> None:
        from PySide6.QtCore import QEvent, QObject

        self.app, self.window, self.grid = app, window, window.curate.grid
        hands = self

        class Watcher(QObject):
            def eventFilter(self, watched: QObject, event: QEvent) -> bool:
                if event.type() == QEvent.Type.Paint and len(hands.grid.ids):
                    hands.paints += 1
                return False

        self.paints = 0
        self._watcher = Watcher()
        self.grid.viewport().installEventFilter(self._watcher)

    def until(self, done: Callable[[], bool], *, most_s: float = 60.0) -> float:
        """Let the window work until ``done()``; how long it took."""
        from PySide6.QtCore import QEventLoop

        started = time.perf_counter()
        while not done():
            self.app.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)  # asleep in between, as in exec()
            if time.perf_counter() - started > most_s:
                raise SystemExit("the window did not come to it")
        return (time.perf_counter() - started) * 1e3

    def repaint(self) -> float:
        started = time.perf_counter()
        self.grid.viewport().repaint()
        return (time.perf_counter() - started) * 1e3

    def rest(self) -> None:
        self.until(lambda: not self.window.session.tasks.busy, most_s=600)

    def in_sight(self) -> list[int]:
        sight = self.grid._in_sight()
        return self.grid.ids[sight.start : sight.stop].tolist()

    def all_there(self) -> bool:
        """Whether every image of the page is here; asks for none."""
        there = self.window.curate.thumbnails._images
        return all(exemplar in there for exemplar in self.in_sight())

    def page(self, part: float) -> None:
        bar = self.grid.verticalScrollBar()
        bar.setValue(int(part * bar.maximum()))


def open_window(path: Path, before: Path | None = None) -> tuple[Hands, dict[str, Any]]:
    """``before`` is a memory that the window shows first, None where ``path`` is the first of the process."""
    from visualmemory_gui.app import application

    app, window = application.create(["browser"], settings=_own_settings())
    window.resize(1280, 800)
    window.show()
    hands = Hands(app, window)
    hands.rest()
    at: dict[str, Any] = {"before": rss()}
    if before is not None:
        window.open(str(before))
        hands.rest()
        window.show_workspace("curate")
        hands.until(lambda: hands.paints > 0)
        hands.rest()
        window.session.close()
        hands.rest()
        hands.paints = 0
    opened: list[float] = []
    window.session.saving_changed.connect(lambda _: opened or opened.append(time.perf_counter()))
    window.session.memory_opened.connect(lambda: window.show_workspace("curate"))
    started = time.perf_counter()
    window.open(str(path))
    hands.until(lambda: hands.paints > 0)
    ended = time.perf_counter()
    at |= {"open_ms": (opened[0] - started) * 1e3, "first_paint_ms": (ended - opened[0]) * 1e3}
    at["images_ms"] = at["first_paint_ms"] + hands.until(hands.all_there)
    return hands, at


def _own_settings() -> Any:
    from PySide6.QtCore import QSettings

    return QSettings(str(Path(tempfile.mkdtemp()) / "settings.ini"), QSettings.Format.IniFormat)


def jumps(hands: Hands) -> dict[str, float]:
    """Pages that were never seen: painted at once without images; until all images are; and once they are here."""
    bare, filled, again = [], [], []
    for part in np.random.default_rng(1).random(JUMPS):
        hands.page(float(part))
        bare.append(hands.repaint())
        started = time.perf_counter()
        hands.until(hands.all_there)
        hands.repaint()
        filled.append(bare[-1] + (time.perf_counter() - started) * 1e3)
        again.append(hands.repaint())
    return {
        "jump_ms": statistics.median(bare),
        "jump_slowest_ms": max(bare),
        "jump_until_images_ms": statistics.median(filled),
        "jump_until_images_slowest_ms": max(filled),
        "jump_with_images_ms": statistics.median(again),
        "jump_with_images_slowest_ms": max(again),
    }


def drag(hands: Hands, *, seconds: float) -> dict[str, Any]:
    """The handle of the scroll bar goes from top to bottom, 60 times a second: how long the window was deaf at most."""
    spent, begun, ends, beside = [0.0], time.perf_counter(), time.perf_counter() + seconds, ""
    while (now := time.perf_counter()) < ends:
        hands.page((now - begun) / seconds)
        hands.app.processEvents()
        spent.append((time.perf_counter() - now) * 1e3)
        if spent[-1] == max(spent):
            beside = ", ".join(task.title for task in hands.window.session.tasks.running)
        time.sleep(max(0.0, 1 / 60 - spent[-1] / 1e3))
    slow = {"drag_slowest_ms": max(spent), "drag_slowest_beside": beside}
    return {"drag_median_ms": statistics.median(spent), **slow, "drag_steps": len(spent)}


def filters(hands: Hands) -> dict[str, float]:
    """From the choice to the first paint of what fits."""
    model, tree = hands.window.curate.exemplars, hands.window.curate.tree

    def timed(choose: Callable[[], object]) -> float:
        updates: list[int] = []
        hook = model.updated.connect(lambda: updates.append(hands.paints))
        started = time.perf_counter()
        choose()
        hands.until(lambda: bool(updates) and hands.paints > updates[-1])
        model.disconnect(hook)
        return (time.perf_counter() - started) * 1e3

    labels = [f"group {c % GROUPS:02d}/class {c:04d}" for c in range(1, 40)]
    by_class = [timed(lambda label=label: tree.go_to("class", label)) for label in labels]
    by_group = [timed(lambda g=g: tree.go_to("class", f"group {g:02d}")) for g in range(10)]
    back = timed(lambda: tree.go_to("all"))
    by_state = timed(lambda: model.set_filter(replace(model.filter, state="active")))
    model.set_filter(replace(model.filter, state="all"))
    hands.rest()
    by_text = [
        timed(lambda text=text: model.set_filter(replace(model.filter, text=text)))
        for text in ("012345", "class 0777/", "9.jpg")
    ]
    model.set_filter(replace(model.filter, text=""))
    hands.rest()
    return {
        "class_ms": statistics.median(by_class),
        "group_ms": statistics.median(by_group),
        "all_ms": back,
        "state_ms": by_state,
        "text_ms": statistics.median(by_text),
        "text_slowest_ms": max(by_text),
    }


def map_frames(hands: Hands) -> dict[str, float]:
    """The map is moved by hand, 8 pixels a frame, as dots and then as images; and painted from nothing."""
    window, page = hands.window, hands.window.study.map
    window.study.tabs.setCurrentWidget(page)
    window.show_workspace("study")
    hands.until(lambda: page.model.found is not None, most_s=600)
    hands.rest()
    view = page.view

    def frames() -> list[float]:
        spent = []
        for step in range(MOVES):
            right = 8 if step % 60 < 30 else -8
            started = time.perf_counter()
            view.look(view.camera.moved(right, right / 2))
            hands.app.processEvents()
            spent.append((time.perf_counter() - started) * 1e3)
            time.sleep(max(0.0, 1 / 60 - spent[-1] / 1e3))
        return sorted(spent)

    def painted() -> float:
        view.repaint_dots()
        started = time.perf_counter()
        view.repaint()
        return (time.perf_counter() - started) * 1e3

    dots, paint = frames(), statistics.median(painted() for _ in range(9))
    while not view.shows_images:
        view.look(view.camera.zoomed(1.5, view.width() / 2, view.height() / 2))
        painted()
    hands.rest()
    images = frames()
    return {
        "map_move_ms": statistics.median(dots),
        "map_move_p95_ms": dots[int(0.95 * len(dots))],
        "map_move_slowest_ms": dots[-1],
        "map_paint_ms": paint,
        "map_move_images_ms": statistics.median(images),
    }


def rss() -> float:
    """MB that this process holds."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path, help="a memory of an earlier run, or where to keep this one")
    parser.add_argument("--cold", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as name:
        path = options.keep or Path(name) / "browser.vmem"
        if options.cold:
            print(json.dumps(open_window(path)[1]), flush=True)
            os._exit(0)  # it is measured; what the window began is not needed any more
        if not (path / "memory.sqlite").exists():
            make(path, options.n)
        make(small := Path(name) / "small.vmem", 100)
        report(path, small)


def cold(path: Path) -> dict[str, float]:
    """The first paint of a process that never showed Curate before."""
    command = [sys.executable, "-m", "benchmarks.browser", "--cold", "--keep", str(path)]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def report(path: Path, small: Path) -> None:
    first = cold(path)
    hands, found = open_window(path, small)
    found["cold_paint_ms"] = first["first_paint_ms"]
    found |= drag(hands, seconds=SETTLED_S)
    hands.rest()
    found |= jumps(hands) | filters(hands) | map_frames(hands)
    hands.rest()
    memory = hands.window.session.memory
    assert memory is not None
    n, vectors = len(memory.snapshot), memory.snapshot.vectors.nbytes / 2**20
    held = rss()
    found |= {"rss_mb": held, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}
    found |= {"vectors_mb": vectors, "beside_vectors_mb": held - vectors, "cells_in_sight": len(hands.in_sight())}
    peers = [peer(hands.app, size) for size in PEER_SIZES]
    hands.window.close()
    slope = (peers[1]["first_paint_ms"] - peers[0]["first_paint_ms"]) / (PEER_SIZES[1] - PEER_SIZES[0])
    laid_out = peers[1]["first_paint_ms"] + slope * (n - PEER_SIZES[1])
    ratios = {"list view's layout of as many (extrapolated) / first paint": laid_out / found["first_paint_ms"]}
    sizes = {**read("browser").get("exemplars", {}), str(n): {"window": found, "peer": peers, "ratios": ratios}}
    write("browser", {"dim": DIM, "jumps": JUMPS, "exemplars": sizes})
    print(table(["figure", "wanted", "measured"], [[what, most, found[key]] for what, most, key in ROWS]))
    print()
    print(table(["QListView, rows", "first paint ms", "jump ms"], [list(each.values()) for each in peers]))
    print()
    print(table(["ratio", "value"], [[name, value] for name, value in ratios.items()]))


if __name__ == "__main__":
    main()

"""How quickly does the window look closer? Zoom and pan of 24 megapixels, a box to its decision, opening a comparison.

The real window on Qt's offscreen platform over a copy of the demo memory. A frame is what one turn of the wheel or one
move of the mouse costs until it is painted. From a box to its decision, what reading a part and encoding it take alone
is measured on boxes of the same size, and what the window adds is the rest. The palette is open when its list is
painted. While photographs are decided and all of their pixels read, the event loop is late by as much as a precise
timer of 5 ms is.

    python -m benchmarks.closer [--memory DEMO.vmem] [--rounds 40]
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from PySide6.QtCore import QPointF

from benchmarks.frames import Decided, Heartbeat, spread, wait_for
from benchmarks.results import table, write
from benchmarks.window import memory_of, opened
from visualmemory_gui.app.main_window import MainWindow
from visualmemory_gui.app.screenshot import wait_until_idle
from visualmemory_gui.engine.exchange.demo.demo import default_place, make_demo
from visualmemory_gui.engine.types import Box

WIDE, HIGH, PART = 6000, 4000, 900
PHOTOGRAPHS = 5


def photograph(path: Path, seed: int) -> Path:
    """24 megapixels with detail at every size, as a JPEG."""
    rng = np.random.default_rng(seed)
    layers = [rng.integers(0, 256, (HIGH // n, WIDE // n, 3), np.uint8) for n in (400, 40, 8)]
    sized = [np.asarray(Image.fromarray(layer).resize((WIDE, HIGH)), np.uint16) for layer in layers]
    Image.fromarray((sum(sized) // len(sized)).astype(np.uint8)).save(path, quality=90)
    return path


def measure_frames(window: MainWindow, rounds: int) -> dict[str, float]:
    image = window.decide.query.image
    image.setParent(None)
    image.resize(1280, 800)
    image.show()
    wait_until_idle(window)
    taken = []
    for turn in range(rounds):
        began = time.perf_counter()
        image.zoom_by(1.1 if turn % 40 < 30 else 0.8, QPointF(400, 300))
        image.repaint()
        taken.append((time.perf_counter() - began) * 1e3)
        began = time.perf_counter()
        image.set_viewport(image.frame.moved(image.viewport, QPointF(-7.3, 5.1)))
        image.repaint()
        taken.append((time.perf_counter() - began) * 1e3)
    return spread(taken)


def measure_compare(window: MainWindow, rounds: int) -> dict[str, float]:
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        window.actions_by_id["actionCompare"].trigger()
        window.decide.compare.repaint()
        taken.append((time.perf_counter() - began) * 1e3)
        wait_until_idle(window)
        window.decide.compare.hide()
        wait_until_idle(window)
    return spread(taken)


def measure_palette(window: MainWindow, rounds: int) -> dict[str, float]:
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        window.actions_by_id["actionPalette"].trigger()
        window.command_palette.repaint()
        taken.append((time.perf_counter() - began) * 1e3)
        wait_until_idle(window)
        window.command_palette.close()
        wait_until_idle(window)
    return spread(taken)


def measure_reading(window: MainWindow, photographs: Sequence[Path]) -> dict[str, Any]:
    """How late the event loop is from the drop of a photograph until all of its pixels can be zoomed."""
    seconds, late = [], []
    for path in photographs:
        heart, began = Heartbeat(), time.perf_counter()
        window.commands.decide.decide([str(path)])
        wait_for(lambda path=path: is_read(window, path))  # type: ignore[misc]
        seconds.append(time.perf_counter() - began)
        wait_until_idle(window)
        late += heart.stop()
    return {"seconds": statistics.median(seconds), "late": spread(late)}


def is_read(window: MainWindow, path: Path) -> bool:
    query = window.session.decision.query
    return query is not None and query.source == str(path) and window.decide.query_image.part is not None


def measure_boxes(window: MainWindow, path: Path, rounds: int) -> dict[str, dict[str, float]]:
    memory, decided, shown, alone = memory_of(window), Decided(window), [], []
    for turn in range(rounds):
        began = time.perf_counter()
        window.decide.parts.decide(Box(20 * turn, 100, PART, PART))
        wait_for(lambda began=began: decided.shown_since(began))  # type: ignore[misc]
        shown.append(decided.ms_since(began))
        wait_until_idle(window)
        began = time.perf_counter()
        memory.embed(memory.decode(path, Box(20 * turn, 1100, PART, PART)))
        alone.append((time.perf_counter() - began) * 1e3)
    beyond = [both - one for both, one in zip(shown, alone, strict=True)]
    return {"shown": spread(shown), "alone": spread(alone), "beyond": spread(beyond)}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--memory", type=Path)
    options.add_argument("--rounds", type=int, default=40)
    chosen = options.parse_args()
    demo = make_demo(chosen.memory or default_place())
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name, opened(Path(shutil.copytree(demo, f"{name}/demo.vmem"))) as window:
        photographs = [photograph(Path(name) / f"photograph {seed}.jpg", seed) for seed in range(PHOTOGRAPHS)]
        found["reading"] = measure_reading(window, photographs)
        path = photographs[-1]
        found["palette"] = measure_palette(window, chosen.rounds)
        found["compare"] = measure_compare(window, chosen.rounds)
        found["box"] = measure_boxes(window, path, chosen.rounds)
        found["frame"] = measure_frames(window, 3 * chosen.rounds)
    write("closer", found)
    lines = [
        ("zoom or pan of 24 megapixels, 1280 x 800", found["frame"]),
        ("open a comparison", found["compare"]),
        ("open the list of commands", found["palette"]),
        ("event loop late while a photograph is decided and read", found["reading"]["late"]),
        ("box to painted decision", found["box"]["shown"]),
        ("reading and encoding the part alone", found["box"]["alone"]),
        ("box to painted decision, beyond that", found["box"]["beyond"]),
    ]
    print(table(["ms", "median", "p99", "slowest"], [[name, v["median"], v["p99"], v["slowest"]] for name, v in lines]))


if __name__ == "__main__":
    sys.exit(main())

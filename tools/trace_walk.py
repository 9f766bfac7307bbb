"""Lists the modules that an action of the user passes, in order, and the jobs it queues, in the real window.

``python -m tools.trace_walk strike``: from the key to the painted decision, the commit among it; ``drop``: from an
image that is dropped to its painted decision. ``--json`` for scripts. The window is offscreen, over a small memory.

The *way* is what a reader has to follow: the modules on the stack at its stations, where a job is given to an executor,
SQLite is called, the vote is counted, and the shares are handed to their bars. Modules that are *entered* are
all of which a function runs in that time: also those that hear of the edit, answer events, or draw.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from benchmarks.frames import Decided, wait_for
from benchmarks.window import drop, opened, select_first
from visualmemory_gui import VisualMemory
from visualmemory_gui.app.main_window import MainWindow
from visualmemory_gui.app.runtime.tasks import Task
from visualmemory_gui.app.screenshot import wait_until_idle

PACKAGE = "visualmemory_gui."
QUEUES = ("run_edit", "run_background", "run_beside")
WAITED_FOR = {"strike": ("Striking out", "Deciding"), "drop": ("Deciding",)}
"""The jobs by their titles that the painted decision waits for."""
VOTE, BARS = ".votes", "set_shares"
LABELS = ("cat", "dog", "rose")
EACH = 6


@dataclass
class Walk:
    """``way`` and ``entered``: modules in the order in which they were first passed, each with its thread; ``jobs`` are
    the titles of those that the decision waited for, ``others`` of those it did not."""

    waited_for: tuple[str, ...]
    way: dict[str, str] = field(default_factory=dict)
    entered: dict[str, str] = field(default_factory=dict)
    jobs: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    recording: bool = False

    def note(self, frame: FrameType, event: str, called: object) -> None:
        """A profile function."""
        module = frame.f_globals.get("__name__", "")
        if not self.recording or not module.startswith(PACKAGE):
            return
        if event == "c_call" and type(getattr(called, "__self__", None)).__module__ == "apsw":
            self._pass(frame)
        elif event == "call":
            self.entered.setdefault(module.removeprefix(PACKAGE), threading.current_thread().name)
            if frame.f_code.co_name in QUEUES:
                self._queue(frame)
            elif frame.f_code.co_name == BARS or (module.endswith(VOTE) and _jobs(frame)):
                self._pass(frame)

    def _queue(self, frame: FrameType) -> None:
        title = str(frame.f_locals["title"])
        (self.jobs if title in self.waited_for else self.others).append(title)
        if title in self.waited_for:
            self._pass(frame)

    def _pass(self, frame: FrameType) -> None:
        """A station; in an executor only where the decision waits for the job."""
        if set(_jobs(frame)) <= set(self.waited_for):
            for each in reversed(list(_stack(frame))):
                module = each.f_globals.get("__name__", "")
                if module.startswith(PACKAGE):
                    self.way.setdefault(module.removeprefix(PACKAGE), threading.current_thread().name)

    @contextmanager
    def everywhere(self) -> Iterator[None]:
        """In this thread and in all that begin inside."""
        sys.setprofile(self.note)
        threading.setprofile(self.note)
        try:
            yield
        finally:
            sys.setprofile(None)
            threading.setprofile(None)


def _stack(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _jobs(frame: FrameType) -> list[str]:
    """The title of the job that runs here, if one does: in the window's thread none."""
    if threading.current_thread() is threading.main_thread():
        return []
    tasks = [each.f_locals.get("task") for each in _stack(frame)]
    return [task.title for task in tasks if isinstance(task, Task)]


def trace(name: str, folder: Path) -> Walk:
    """The walk of one action, over a memory made in ``folder``; the same was done once before."""
    memory, images = _memory(folder)
    walk = Walk(WAITED_FOR[name])
    with walk.everywhere(), opened(memory) as window:
        decided = Decided(window)
        for recording, image in enumerate(images):
            _prepare(name, window)
            walk.recording = bool(recording)
            started = time.perf_counter()
            if name == "strike":
                QTest.keyClick(window, Qt.Key.Key_X)
            else:
                drop(window.decide.query, image)
            wait_for(partial(decided.shown_since, started))
            walk.recording = False
            wait_until_idle(window)
    return walk


def _prepare(name: str, window: MainWindow) -> None:
    if name == "strike":
        assert window.session.memory is not None
        window.session.decision.ask_exemplar(int(window.session.memory.listing.ids[-1]))
        wait_until_idle(window)
        select_first(window)
    wait_until_idle(window)


def _memory(folder: Path) -> tuple[Path, list[Path]]:
    """A memory of three classes, and two images that are not in it."""
    random = np.random.default_rng(0)
    made = []
    for i in range(EACH * len(LABELS) + 2):
        made.append(folder / f"{i}.png")
        Image.fromarray(random.integers(0, 255, (48, 64, 3), np.uint8)).save(made[-1])
    with VisualMemory.create(folder / "walk.vmem", encoder="fake") as memory:
        memory.add(made[:-2], list(LABELS * EACH))
    return folder / "walk.vmem", made[-2:]


def lines(walk: Walk) -> Iterator[str]:
    """What the command prints."""
    yield f"the way: {len(walk.way)} modules, {len(walk.jobs)} jobs ({', '.join(walk.jobs)})"
    yield from (f"  {thread:12} {module}" for module, thread in walk.way.items())
    yield f"entered: {len(walk.entered)} modules; other jobs: {', '.join(walk.others)}"
    yield from (f"  {thread:12} {module}" for module, thread in walk.entered.items() if module not in walk.way)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("walk", choices=WAITED_FOR)
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        walk = trace(chosen.walk, Path(folder))
    print(json.dumps(figures(walk), indent=1) if chosen.json else "\n".join(lines(walk)))


def figures(walk: Walk) -> dict[str, list[str]]:
    return {"way": [*walk.way], "jobs": walk.jobs, "entered": [*walk.entered], "others": walk.others}


if __name__ == "__main__":
    main()

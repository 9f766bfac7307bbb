"""A second start on a memory, in processes of their own: the window that is open shows what was asked for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest

from tests.conftest import paint_image, write_images
from tests.e2e.real_screen import ROOT, Child, State
from visualmemory_gui.engine.memory.visual_memory import VisualMemory


@pytest.fixture
def surroundings(tmp_path: Path) -> dict[str, str]:
    folders = {f"XDG_{name}": str(tmp_path / name) for name in ("RUNTIME_DIR", "CONFIG_HOME", "STATE_HOME")}
    for folder in folders.values():
        Path(folder).mkdir(mode=0o700)
    return {**os.environ, **folders, "QT_QPA_PLATFORM": "offscreen"}


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    with VisualMemory.create(tmp_path / "m.vmem", encoder="fake") as made:
        made.build(write_images(tmp_path / "images", each=4))
    return tmp_path / "m.vmem"


@pytest.fixture
def started(surroundings: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., Child]]:
    """Starts the program with a window; all that were started have ended at the end."""
    windows: list[Child] = []

    def start(*arguments: object) -> Child:
        told = tmp_path / f"{len(windows)}.err"
        windows.append(Child("tests.e2e.window_child", [*map(str, arguments)], surroundings, told))
        return windows[-1]

    yield start
    for window in windows:
        window.end()


def until(window: Child, holds: Callable[[State], bool]) -> State:
    for _ in range(600):
        window.say("state")
        state: State = json.loads(window.lines.next())
        if holds(state):
            return state
        Event().wait(0.05)
    raise AssertionError(f"it never came to that; the window: {state}")


def test_the_open_window_is_shown_what_a_second_start_asks_for(
    memory: Path, started: Callable[..., Child], surroundings: dict[str, str], tmp_path: Path
) -> None:
    def again(*options: object) -> tuple[int, str]:
        command = [sys.executable, "-m", "visualmemory_gui", "gui", str(memory), *map(str, options)]
        done = subprocess.run(
            command, cwd=tmp_path, env={**surroundings, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
            timeout=60, check=False,
        )  # fmt: skip
        return done.returncode, done.stderr

    for colour, name in (((200, 60, 40), "red.png"), ((60, 70, 210), "blue.png")):
        paint_image(colour, seed=9).save(tmp_path / name)
    first = started(memory, "--query", tmp_path / "red.png")
    shown = until(first, lambda s: not s["busy"] and bool(s["cards"]))
    assert (shown["workspace"], shown["texts"]["queryWinner"]) == ("decide", "animals/cat")
    said = again("--query", "blue.png", "--workspace", "curate")  # a path from where the second start is
    assert said == (0, "m.vmem is open already; its window is in front now\n")
    until(first, lambda s: s["workspace"] == "curate" and s["texts"]["queryWinner"] == "plants/rose")
    first.say("close")
    assert first.process.wait(30) == 0
    complaints = [line for line in first.complaints().splitlines() if "This plugin does not support" not in line]
    assert complaints == []

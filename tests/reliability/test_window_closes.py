"""The window can be closed at any moment of any task: the process ends by itself, soon, and the memory is whole."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import write_images
from visualmemory_gui.engine.memory.visual_memory import VisualMemory

ROOT = Path(__file__).parents[2]
TASKS = ("open", "import", "export", "queue", "review", "index", "edits", "look")
ROUNDS = 300 if os.environ.get("SOAK") else 24
SOON_S = 5.0
LATEST_MS = {"open": 900}  # the others are over earlier


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images to add, and two closed memories: one of images, and an empty one whose encoder is a real one."""
    folder = tmp_path_factory.mktemp("closing")
    write_images(folder / "images", each=40)
    with VisualMemory.create(folder / "images.vmem", "fake") as memory:
        memory.build(write_images(folder / "first", each=30))
    VisualMemory.create(folder / "lite.vmem", "lite0").close()
    return folder


def closed(world: Path, place: Path, number: int) -> str:
    """Close a window in the middle of something; says what was wrong, "" where nothing was."""
    chance, task = random.Random(number), TASKS[number % len(TASKS)]
    memory = place / f"{number}.vmem"
    shutil.copytree(world / ("lite.vmem" if task == "open" and number % 16 else "images.vmem"), memory)
    wait_ms = chance.randrange(LATEST_MS.get(task, 400))
    words = [task, str(memory), str(world / "images"), str(place / f"{number}.vmemz"), str(wait_ms)]
    child = subprocess.Popen(
        [sys.executable, "-X", "faulthandler", "-W", "ignore", "-m", "tests.reliability.closing_child", *words],
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    child.stdout.readline()  # "closing"
    began = time.monotonic()
    try:
        _, errors = child.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        return f"{task} after {wait_ms} ms: still there after 30 s"
    took = time.monotonic() - began
    if child.returncode or took > SOON_S:
        return f"{task} after {wait_ms} ms: exit {child.returncode} in {took:.1f} s\n{errors}"
    with VisualMemory.open(memory) as again:
        found = again.maintenance.verify()
    shutil.rmtree(memory)
    return f"{task} after {wait_ms} ms: {found}" if found else ""


def test_the_window_closes_soon_at_any_moment_of_any_task(world: Path, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        wrong = [text for text in pool.map(lambda number: closed(world, tmp_path, number), range(ROUNDS)) if text]
    assert wrong == []

"""Fixtures that every test may use: generated images and small memories of the ``fake`` encoder."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.fork_server import POSSIBLE, ForkServer
from visualmemory_gui.engine.images import child_process
from visualmemory_gui.engine.memory.visual_memory import VisualMemory
from visualmemory_gui.engine.store import settings

NEW = settings.NEW
STARTS_PROCESSES = {"images", "reliability", "e2e", "test_wheel.py", "test_first_decision.py", "test_races.py"}
"""Where tests look at how a decoding child starts, crashes or ends."""
COLOURS = {"animals/cat": (200, 60, 40), "animals/dog": (40, 160, 70), "plants/rose": (60, 70, 210)}


def paint_image(colour: tuple[int, int, int], *, seed: int, size: tuple[int, int] = (64, 48)) -> Image.Image:
    """An image of mostly one colour, with seeded noise so that no two are equal."""
    noise = np.random.default_rng(seed).integers(-40, 40, (size[1], size[0], 3))
    return Image.fromarray(np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8))


def write_images(folder: Path, *, each: int) -> Path:
    """``folder/animals/cat/0.png`` …: ``each`` images of three classes."""
    for place, (label, colour) in enumerate(COLOURS.items()):
        (folder / label).mkdir(parents=True, exist_ok=True)
        for i in range(each):
            paint_image(colour, seed=1000 * place + i).save(folder / label / f"{i}.png")
    return folder


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where no test has been before, again and again: cheaper than a numbered folder among thousands."""
    folder = tmp_path_factory.mktemp("homes")
    return (folder / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def user_folders(homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Data, settings and logs of a test lie in a folder of its own; the cache of converted models is shared."""
    home = next(homes)
    home.mkdir()
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(home / name.lower()))


@pytest.fixture(scope="session")
def fork_server() -> Iterator[ForkServer]:
    server = ForkServer()
    yield server
    server.end()


@pytest.fixture(autouse=True)
def decoding_children(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Decoding children are forked, except where the start or the end of a process is tested."""
    if POSSIBLE and not STARTS_PROCESSES & {*request.path.parts, request.path.name}:
        launch, server = child_process._launched, request.getfixturevalue("fork_server")

        def forked(command: Sequence[str]) -> Any:
            return server.child() if tuple(command) == child_process.COMMAND else launch(command)

        monkeypatch.setattr(child_process, "_launched", forked)


@pytest.fixture(autouse=True)
def no_thread_is_left_over() -> Iterator[None]:
    """A test that leaves a thread running fails."""
    before = set(threading.enumerate())
    yield
    end = time.monotonic() + 5
    while left := [t for t in threading.enumerate() if t not in before and t.is_alive() and not _library_thread(t)]:
        if time.monotonic() > end:
            pytest.fail(f"threads left running: {', '.join(t.name for t in left)}")
        left[0].join(0.05)


def _library_thread(thread: threading.Thread) -> bool:
    """Threads of libraries that live as long as the process."""
    return thread.name.startswith(("tqdm", "pyarrow", "_TMonitor", "Dummy"))


@pytest.fixture(autouse=True, scope="session")
def votes_by_rank() -> Iterator[None]:
    """Memories that tests make vote by rank, with the old class factor, unless a test sets something else: such votes a
    reader can add up. ``as_new_memories_are`` takes this back."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "NEW", {"rule": "rank", "class_factor": "old"})
        yield


@pytest.fixture
def as_new_memories_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memories that this test makes have the settings that the product gives to new ones."""
    monkeypatch.setattr(settings, "NEW", NEW)


@pytest.fixture
def made_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memories that this test makes are as if made before new ones had settings from the start."""
    monkeypatch.setattr(settings, "begin", lambda _: None)
    monkeypatch.setattr(settings, "NEW", NEW)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder with 3 classes of 6 images."""
    return write_images(tmp_path / "images", each=6)


@pytest.fixture
def memory(images: Path, tmp_path: Path) -> Iterator[VisualMemory]:
    """An open memory of those images, made by the ``fake`` encoder."""
    with VisualMemory.create(tmp_path / "small.vmem", encoder="fake") as made:
        made.build(images)
        yield made


@pytest.fixture
def vectors() -> tuple[np.ndarray, list[str]]:
    """300 unit vectors of 16 dimensions around 5 seeded centres, and their labels."""
    return clustered(300, dim=16, classes=5, seed=0)


def clustered(n: int, *, dim: int, classes: int, seed: int, spread: float = 0.35) -> tuple[np.ndarray, list[str]]:
    """Seeded vectors (n, dim) float32 of unit length around ``classes`` centres, and their labels."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(classes, dim))
    of = rng.integers(0, classes, n)
    raw = centres[of] / np.linalg.norm(centres[of], axis=1, keepdims=True) + spread * rng.normal(size=(n, dim))
    return (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32), [f"class {c}" for c in of]


@pytest.fixture(scope="session")
def unprivileged() -> int:
    """A user id without rights, for tests of permissions that run as root."""
    return 65534 if os.geteuid() == 0 else os.geteuid()

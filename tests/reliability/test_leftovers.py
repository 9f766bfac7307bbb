"""What failed or was killed leaves nothing behind: adds, builds, imports, exports, a map's table, a fetch of weights.

They are cut at 200 moments: after operations on the disk, by errors of the disk, by kill -9, by a disk that is full.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reliability.disk import ROOT, Disk, Operation, run, watched
from tests.reliability.leaving_child import DEEDS, FAULTS, prepare
from tests.reliability.leftovers import READY, wrong
from visualmemory_gui.engine.errors import VisualMemoryError
from visualmemory_gui.engine.files import atomic_file
from visualmemory_gui.engine.store.files import ImageFiles

SOAK = bool(os.environ.get("SOAK"))
CUTS = 2000 if SOAK else 112
KILLS = 100 if SOAK else 8
FREE_KB = range(0, 400, 10) if SOAK else range(0, 400, 20)
CHILD = "tests.reliability.leaving_child"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="watches the disk as Linux lets it")


@pytest.fixture(scope="module")
def story(disk_so: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Operation]:
    root = tmp_path_factory.mktemp("watched") / "disk"
    return watched(disk_so, root, [CHILD, str(root), "once"])


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which any of the deeds can be done."""
    root = tmp_path_factory.mktemp("prepared")
    prepare(root)
    return root


@pytest.fixture
def no_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atomic_file, "sweep", lambda folder: None)
    monkeypatch.setattr(ImageFiles, "sweep", lambda files, used: None)


def cut(story: list[Operation], room: Path, count: int) -> list[str]:
    """What is wrong after a kill at ``count`` operations, seeded."""
    begin = next(at for at, one in enumerate(story) if one.path == READY)
    moments = range(begin + 1, len(story) + 1)
    disk, done, found = Disk(), 0, []
    for at in sorted(random.Random(0).sample(moments, min(count, len(moments)))):
        for one in story[done:at]:
            disk.apply(one)
        done = at
        with tempfile.TemporaryDirectory(dir=room) as folder:
            disk.save(Path(folder))
            found += [f"at {at}, {story[at - 1].kind} {story[at - 1].path}: {one}" for one in wrong(Path(folder))]
    return found


def test_a_kill_at_any_operation_leaves_nothing_behind(story: list[Operation], tmp_path: Path) -> None:
    assert len(story) > 500
    assert cut(story, tmp_path, CUTS) == []


@pytest.mark.usefixtures("no_sweep")
def test_control_without_the_sweep_something_is_left(story: list[Operation], tmp_path: Path) -> None:
    found = cut(story, tmp_path, 30)
    assert any("left:" in one for one in found) and any("no exemplar uses this file" in one for one in found)


def test_a_disk_that_fails_leaves_nothing_behind(disk_so: Path, tmp_path: Path) -> None:
    prepare(tmp_path)
    said = [json.loads(line) for line in run(disk_so, tmp_path, [CHILD, str(tmp_path), "failing"]).splitlines()]
    assert len(said) == len(DEEDS) * FAULTS
    assert [(name, found) for name, found in said if found] == []


def test_a_process_that_is_killed_leaves_nothing_behind(prepared: Path, tmp_path: Path) -> None:
    for number in range(KILLS):
        root = tmp_path / "now"
        shutil.copytree(prepared, root)
        command = [sys.executable, "-m", CHILD, str(root), "endless"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as child:
            assert child.stdout is not None and child.stdout.readline() == b"begins\n"
            killer = threading.Timer(random.Random(number).uniform(0.0, 0.8), child.send_signal, [signal.SIGKILL])
            killer.start()
            child.wait()
            killer.join()
        assert child.returncode == -signal.SIGKILL and wrong(root) == []
        shutil.rmtree(root)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path | None]:
    """A disk of 1 MB; None where none may be made."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk]
    made = subprocess.run(command, capture_output=True, check=False).returncode == 0
    yield disk if made else None
    if made:
        subprocess.run(["umount", disk], check=True)


def test_a_disk_that_is_full_leaves_nothing_behind(small_disk: Path | None, prepared: Path) -> None:
    if small_disk is None:
        return  # the test of a disk that fails stands in
    names = list(DEEDS)
    for number, free in enumerate(FREE_KB):
        root = small_disk / "root"
        shutil.copytree(prepared, root)
        there = shutil.disk_usage(small_disk).free
        (small_disk / "ballast").write_bytes(b"x" * max(0, there - free * 1024))
        with contextlib.suppress(VisualMemoryError, OSError):
            DEEDS[names[number % len(names)]](root, number)
        (small_disk / "ballast").unlink()
        assert wrong(root) == [], (names[number % len(names)], free)
        shutil.rmtree(root)

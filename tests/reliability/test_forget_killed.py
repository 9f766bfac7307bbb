"""A forget that is killed is done to its end at the next opening: nothing is left, and nobody said "done" too early."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import paint_image
from tests.reliability.secrets import left_in, secrets_of
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.memory import forget

KILLS = 300 if os.environ.get("SOAK") else 24
LONGEST_S = 0.025
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Original:
    """A closed memory, some of its exemplars, and what must be gone of them."""

    path: Path
    doomed: list[int]
    secrets: list[bytes]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Original:
    """Twelve images with copies under telling names, half of them doomed, edited, and an index file on disk."""
    folder = tmp_path_factory.mktemp("original")
    with VisualMemory.create(folder / "m.vmem", encoder="fake") as memory:
        memory.set("exact_limit", 1)
        for i in range(12):
            file = folder / f"telling-name-of-image-{i}.png"
            paint_image((20 * i, 255 - 20 * i, 128), seed=i).save(file)
            memory.add([file], [f"telling/label number {i}"])
            memory.decide(file)
        memory.strike([1, 2, 3])
        memory.relabel([2], "telling/another label")
        memory.maintenance.run()
        doomed = [1, 2, 5, 7, 9, 11]
        found = Original(memory.path, doomed, secrets_of(memory, doomed))
    assert len(left_in(found.path, found.secrets)) >= 3, "the control: all that must go is there before"
    return found


def kill(path: Path, doomed: list[int], *, after_s: float) -> str:
    """Forget in another process and kill that ``after_s`` after it began; what it said of the forget."""
    command = [sys.executable, "-m", "tests.reliability.forgetting_child", str(path), *map(str, doomed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        killer = threading.Timer(after_s, child.send_signal, [signal.SIGKILL])
        killer.start()
        said = child.stdout.read()
        killer.join()
    return said.strip()


@pytest.fixture
def copies(original: Original, tmp_path: Path) -> Iterator[Path]:
    """Fresh copies of the memory, one after the other."""

    def made() -> Iterator[Path]:
        place = tmp_path / "copy.vmem"
        while True:
            shutil.rmtree(place, ignore_errors=True)
            yield Path(shutil.copytree(original.path, place))

    return made()


def test_after_a_kill_inside_forget_and_an_opening_nothing_is_left(original: Original, copies: Iterator[Path]) -> None:
    began = finished = 0
    for number in range(KILLS):
        path = next(copies)
        said = kill(path, original.doomed, after_s=random.Random(number).uniform(0, LONGEST_S))
        done = said == "done"
        assert not (done and left_in(path, original.secrets)), "it said done while bytes were there"
        with VisualMemory.open(path) as memory:
            here = {exemplar.id for exemplar in memory.catalog.select()}
            assert not here & set(original.doomed) or here >= set(original.doomed), "half of them are gone"
            gone = not here & set(original.doomed)
            assert gone or not done
            began += gone
            receipt = memory.maintenance.finished_forget
            if receipt is not None:
                finished += 1
                assert (receipt.status, receipt.forgotten) == ("not scanned", len(original.doomed))
            assert memory.maintenance.verify() == []
        if gone:
            assert left_in(path, original.secrets) == []
    assert began and finished, "no kill came inside a forget"


def test_control_without_finishing_it_the_bytes_stay(
    original: Original, copies: Iterator[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forget, "resume", lambda live: None)
    left = 0
    for number in range(KILLS):
        path = next(copies)
        kill(path, original.doomed, after_s=random.Random(number).uniform(0, LONGEST_S))
        with VisualMemory.open(path) as memory:
            gone = 1 not in {exemplar.id for exemplar in memory.catalog.select()}
            left += gone and bool(left_in(path, original.secrets))
        if left:
            return
    pytest.fail("the test does not see bytes that a killed forget left")

"""The decoding pool: late, dead and talkative children, many threads, early ends."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from visualmemory_gui.engine.errors import BadImage, Cancelled, VisualMemoryError
from visualmemory_gui.engine.images import pool as pooling
from visualmemory_gui.engine.images.decode import decode
from visualmemory_gui.engine.images.pool import DecodePool
from visualmemory_gui.engine.types import DecodedImage, Geometry


@pytest.fixture
def files(tmp_path: Path, scene: Image.Image) -> Callable[[Iterable[str]], list[str]]:
    def saved(names: Iterable[str]) -> list[str]:
        paths = [tmp_path / name for name in names]
        for path in paths:
            scene.save(path)
        return [str(path) for path in paths]

    return saved


def test_a_child_decodes_what_this_process_would(pool: DecodePool, files: Callable, geometry: Geometry) -> None:
    (path,) = files(["a.png"])
    here, there = decode(path, geometry), pool.decode(path)
    assert np.array_equal(here.pixels, there.pixels)
    for name in ("content", "thumbnail", "width", "height", "sha256", "source", "suffix"):
        assert getattr(here, name) == getattr(there, name)
    there.pixels[0] = 0


def test_a_relative_path_is_this_process_s(
    pool: DecodePool, files: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files(["a.png"])
    monkeypatch.chdir(tmp_path)
    assert pool.decode("a.png").source == str(tmp_path / "a.png")
    with pytest.raises(BadImage) as refusal:
        pool.decode("b.png")
    assert refusal.value.path == "b.png"


def test_an_image_that_hangs_is_refused_and_its_child_replaced(files: Callable, odd_child: list[str]) -> None:
    good, hanging = files(["good.png", "hang.png"])
    with DecodePool(1, timeout_s=0.5, command=odd_child) as pool:
        first = pool.decode(good)
        begun = time.monotonic()
        with pytest.raises(BadImage, match=r"longer than 0\.5 s"):
            pool.decode(hanging)
        assert time.monotonic() - begun < 5
        assert pool.decode(good).content == first.content


def test_a_patient_pool_shows_that_the_hanging_child_really_hangs(files: Callable, odd_child: list[str]) -> None:
    (hanging,) = files(["hang.png"])
    with DecodePool(1, timeout_s=60, command=odd_child) as pool:

        def refused() -> None:
            with pytest.raises(BadImage, match="stopped"):
                pool.decode(hanging)

        waiting = threading.Thread(target=refused)
        waiting.start()
        waiting.join(1.0)
        assert waiting.is_alive()
        pool.close()
        waiting.join(5)
        assert not waiting.is_alive()


def test_an_image_that_kills_its_child_is_refused_and_the_child_replaced(files: Callable, odd_child: list[str]) -> None:
    good, deadly = files(["good.png", "crash.png"])
    with DecodePool(1, command=odd_child) as pool:
        for _ in range(2):
            with pytest.raises(BadImage, match="crashed"):
                pool.decode(deadly)
            assert pool.decode(good).width == 96


def test_a_child_killed_while_it_was_idle_is_replaced_unnoticed(files: Callable) -> None:
    (good,) = files(["good.png"])
    with DecodePool(1) as pool:
        pool.decode(good)
        process = pool._workers[0]._process
        assert process is not None
        process.kill()
        process.wait()
        assert pool.decode(good).width == 96


def test_what_libraries_print_does_not_disturb(files: Callable, odd_child: list[str]) -> None:
    chatty = files(["chatty.png"])[0]
    with DecodePool(1, command=odd_child) as pool:
        assert [pool.decode(chatty).width for _ in range(3)] == [96, 96, 96]


@pytest.mark.parametrize(
    "command", [["/no/such/program"], [sys.executable, "-c", "pass"], [sys.executable, "-c", "print(1)"]]
)
def test_a_child_that_does_not_start_is_told(files: Callable, command: list[str]) -> None:
    (good,) = files(["good.png"])
    with pytest.raises(VisualMemoryError, match="start"), DecodePool(1, command=command) as pool:
        pool.decode(good)


def test_map_gives_every_image_or_its_reason(pool: DecodePool, files: Callable, tmp_path: Path) -> None:
    paths = files(f"{i}.png" for i in range(150))
    (tmp_path / "bad.png").write_bytes(b"bad")
    told: list[tuple[int, int | None]] = []
    outcomes = dict(pool.map([*paths, tmp_path / "bad.png"], lambda done, total, what="": told.append((done, total))))
    assert set(outcomes) == {*paths, str(tmp_path / "bad.png")}
    assert isinstance(outcomes.pop(str(tmp_path / "bad.png")), BadImage)
    assert all(isinstance(outcome, DecodedImage) for outcome in outcomes.values())
    assert told[-1] == (151, 151)


def test_a_second_child_starts_when_there_is_work_for_it(files: Callable) -> None:
    paths = files(f"{i}.png" for i in range(2 * pooling.ALONE))
    with DecodePool(2) as pool:

        def started() -> list[bool]:
            return [worker._process is not None for worker in pool._workers]

        assert started() == [True, False]
        assert len(list(pool.map(paths[: pooling.ALONE - 1]))) == pooling.ALONE - 1
        assert started() == [True, False]
        assert len(list(pool.map(paths))) == len(paths)
        assert started() == [True, True]


@pytest.mark.parametrize(("cores", "children"), [(None, 2), (2, 2), (6, 3), (64, 8)])
def test_more_cores_may_have_more_children(monkeypatch: pytest.MonkeyPatch, cores: int | None, children: int) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    with DecodePool() as pool:
        assert len(pool._workers) == children and sum(one._process is not None for one in pool._workers) == 1


def test_map_reads_only_so_far_ahead(pool: DecodePool, files: Callable) -> None:
    (path,) = files(["a.png"])
    taken = 0

    def endless() -> Iterable[str]:
        nonlocal taken
        while True:
            taken += 1
            yield path

    with closing(pool.map(endless())) as outcomes:
        for _ in range(5):
            next(outcomes)
    assert taken <= 5 + pooling.READ_AHEAD + 2


def test_a_stopped_map_ends_its_threads_and_leaves_the_pool_usable(pool: DecodePool, files: Callable) -> None:
    paths = files(f"{i}.png" for i in range(30))

    def stop(done: int, total: int | None, what: str = "") -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        list(pool.map(paths, stop))
    assert pool.decode(paths[0]).width == 96


def test_an_error_of_the_paths_is_raised_where_they_are_used(pool: DecodePool) -> None:
    def failing() -> Iterable[str]:
        raise LookupError("the list of images is gone")
        yield ""

    with pytest.raises(LookupError, match="is gone"):
        list(pool.map(failing()))


def test_many_threads_share_a_pool(pool: DecodePool, files: Callable) -> None:
    paths = files(f"{i}.png" for i in range(8))
    seen: list[str] = []
    threads = [threading.Thread(target=lambda p=path: seen.append(pool.decode(p).source)) for path in paths * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == sorted(paths * 3)


def test_a_closed_pool_says_so_and_closes_again(files: Callable) -> None:
    (path,) = files(["a.png"])
    pool = DecodePool(1)
    pool.close()
    pool.close()
    with pytest.raises(RuntimeError, match="closed"):
        pool.decode(path)


def test_the_child_loads_neither_torch_nor_qt(tmp_path: Path) -> None:
    script = (
        "import sys; from visualmemory_gui.engine.images import child; "
        "print([m for m in sys.modules if m.split('.')[0] in ('torch', 'timm', 'PySide6', 'openvino', 'apsw')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_using_the_pool_does_not_load_pillow() -> None:
    script = "import sys; import visualmemory_gui.engine.images.pool; print('PIL' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_children_end_with_their_parent(tmp_path: Path) -> None:
    script = (
        "import os, signal; from visualmemory_gui.engine.images.pool import DecodePool; pool = DecodePool(2); "
        "pool._workers[1].start(); print(*[w._process.pid for w in pool._workers], flush=True); "
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    pids = [int(pid) for pid in done.stdout.split()]
    assert len(pids) == 2
    end = time.monotonic() + 10
    while any(running(pid) for pid in pids):
        assert time.monotonic() < end, "a child outlived its parent"
        os.sched_yield()


def running(pid: int) -> bool:
    """Whether a process is there and no zombie that only waits to be collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_the_child_is_not_fooled_by_modules_that_lie_around(
    files: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = files(["a.png"])
    for name in ("json.py", "PIL.py", "numpy.py"):
        (tmp_path / name).write_text("raise SystemExit('imported from the working folder')")
    monkeypatch.chdir(tmp_path)
    with DecodePool(1) as pool:
        assert pool.decode(path).width == 96

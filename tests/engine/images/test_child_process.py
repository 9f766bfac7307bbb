"""A decoding child that is started before what will use it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.conftest import paint_image
from visualmemory_gui.engine.images import child_process
from visualmemory_gui.engine.images.pool import DecodePool
from visualmemory_gui.engine.processes.child_process import end


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """The children launched by the test, in order."""
    each: list[subprocess.Popen[bytes]] = []
    launch = child_process._launched

    def noted(command: tuple[str, ...]) -> subprocess.Popen[bytes]:
        each.append(launch(command))
        return each[-1]

    monkeypatch.setattr(child_process, "_launched", noted)
    return each


def test_the_pool_takes_the_child_that_is_there(tmp_path: Path, launched: list[subprocess.Popen[bytes]]) -> None:
    paint_image((200, 60, 40), seed=1).save(tmp_path / "one.png")
    with child_process.started_ahead():
        with DecodePool() as pool:
            assert pool.decode(tmp_path / "one.png").width == 64
            assert len(launched) == 1
        with DecodePool():
            assert len(launched) == 2, "a second pool starts its own"


def test_a_child_that_no_one_took_ends_with_the_block(launched: list[subprocess.Popen[bytes]]) -> None:
    with child_process.started_ahead():
        assert launched[0].poll() is None
    assert launched[0].poll() is not None and not child_process._ahead


def test_another_program_is_not_mistaken_for_the_child(launched: list[subprocess.Popen[bytes]]) -> None:
    with child_process.started_ahead():
        other = child_process.started(("true",))
        end(other)
        assert other is not launched[0] and len(child_process._ahead) == 1


def test_a_child_that_died_is_replaced(tmp_path: Path, launched: list[subprocess.Popen[bytes]]) -> None:
    paint_image((200, 60, 40), seed=1).save(tmp_path / "one.png")
    with child_process.started_ahead():
        launched[0].kill()
        launched[0].wait()
        with DecodePool() as pool:
            assert pool.decode(tmp_path / "one.png").width == 64
    assert len(launched) == 2

"""A memory of which nothing came is not left behind, and nothing else goes with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.encoders import lite, openvino_lite
from visualmemory_gui.engine.errors import EncoderError, MemoryExists
from visualmemory_gui.engine.memory.new_memory import new_memory
from visualmemory_gui.engine.memory.open_memory import OpenMemory
from visualmemory_gui.engine.store import schema
from visualmemory_gui.engine.types import EncoderIdentity

ONE = np.eye(1, 4, dtype=np.float32)


def fail(place: Path, *, filled: bool = False, keep_filled: bool = False, foreign: str = "") -> None:
    """Make a memory at ``place`` to fill it, which an error ends."""
    with (
        pytest.raises(KeyboardInterrupt),
        new_memory(place, lambda: VisualMemory.create(place, dim=4), keep_filled=keep_filled) as memory,
    ):
        if filled:
            memory.add_vectors(ONE, ["x"])
        if foreign:
            (place / foreign).write_bytes(b"precious")
        raise KeyboardInterrupt


def test_a_memory_is_gone_when_its_making_fails(tmp_path: Path) -> None:
    fail(tmp_path / "m.vmem", filled=True)
    assert list(tmp_path.iterdir()) == []
    fail(tmp_path / "m.vmem", keep_filled=True)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_that_was_there_stays(tmp_path: Path) -> None:
    fail(tmp_path)
    assert tmp_path.is_dir() and list(tmp_path.iterdir()) == []


def test_a_filled_one_stays_where_that_is_wanted(tmp_path: Path) -> None:
    fail(tmp_path / "m.vmem", filled=True, keep_filled=True)
    with VisualMemory.open(tmp_path / "m.vmem", readonly=True) as memory:
        assert memory.summary().exemplars == 1


def test_files_of_others_stay(tmp_path: Path) -> None:
    fail(tmp_path / "m.vmem", foreign="letter.txt")
    assert [path.name for path in (tmp_path / "m.vmem").iterdir()] == ["letter.txt"]


def test_a_memory_put_in_its_place_meanwhile_stays(tmp_path: Path) -> None:
    place = tmp_path / "m.vmem"
    VisualMemory.create(tmp_path / "other.vmem", dim=4).close()
    with pytest.raises(KeyboardInterrupt), new_memory(place, lambda: VisualMemory.create(place, dim=4)):
        place.rename(tmp_path / "aside.vmem")
        (tmp_path / "other.vmem").rename(place)
        raise KeyboardInterrupt
    assert (place / "memory.sqlite").is_file()


def test_a_memory_another_process_made_first_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    VisualMemory.create(tmp_path / "m.vmem", dim=4).close()
    monkeypatch.setattr(schema, "make_folder", lambda path: None)  # it looked before the other had made it
    monkeypatch.setattr(schema, "create_memory", _exists)
    with pytest.raises(MemoryExists):
        OpenMemory.create(tmp_path / "m.vmem", EncoderIdentity("x", 4), device=None)
    assert (tmp_path / "m.vmem" / "memory.sqlite").is_file()


def _exists(path: Path, identity: EncoderIdentity) -> None:
    raise MemoryExists(str(path))


def test_no_memory_is_made_before_its_encoder_has_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lite, "weights_file", lambda: None)
    monkeypatch.setattr(openvino_lite, "ready", lambda: False)
    with pytest.raises(EncoderError):
        VisualMemory.create(tmp_path / "m.vmem", encoder="lite0")
    assert list(tmp_path.iterdir()) == []

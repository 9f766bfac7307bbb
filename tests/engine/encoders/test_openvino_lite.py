"""The cache of the converted model: made once, whole or not at all, checked when it is used."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from visualmemory_gui.engine.encoders import lite, openvino_lite, openvino_runtime, registry
from visualmemory_gui.engine.errors import Cancelled, EncoderError


@pytest.fixture
def own_cache(tmp_path: Path, converted: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test's own that holds a copy of the converted model."""
    made = openvino_lite.folder()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    shutil.copytree(made, openvino_lite.folder())
    return openvino_lite.folder()


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_cache_is_used_when_it_is_whole(own_cache: Path) -> None:
    assert openvino_lite.ready()
    assert registry.load(lite.IDENTITY, device="cpu").backend == "openvino"
    assert [info.note for info in registry.available() if info.name == "lite0"] == ["fast on this computer"]


def test_preparing_again_changes_nothing(own_cache: Path) -> None:
    before = (own_cache / "model.bin").stat().st_mtime_ns
    openvino_lite.prepare()
    assert (own_cache / "model.bin").stat().st_mtime_ns == before


@pytest.mark.parametrize("name", ["model.xml", "model.bin", "seal.json"])
@pytest.mark.parametrize("how", ["flipped", "cut", "gone"])
def test_a_damaged_model_is_removed_and_torch_takes_over(own_cache: Path, name: str, how: str) -> None:
    path = own_cache / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.unlink() if how == "gone" else path.write_bytes(data if how == "flipped" else data[: len(data) // 2])
    encoder = registry.load(lite.IDENTITY, device="cpu")
    assert encoder.backend == "torch"
    assert not openvino_lite.ready()


def test_loading_a_damaged_model_names_it(own_cache: Path) -> None:
    (own_cache / "model.bin").write_bytes(b"no weights")
    with pytest.raises(EncoderError, match="removed"):
        openvino_lite.load(bulk=False)


def test_without_the_cache_torch_computes(empty_cache: Path) -> None:
    assert not openvino_lite.ready()
    assert registry.load(lite.IDENTITY, device="cpu").backend == "torch"


def test_without_openvino_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openvino_runtime, "installed", lambda: False)
    assert not openvino_lite.ready()
    with pytest.raises(EncoderError, match="pip install openvino"):
        openvino_lite.prepare()


def test_a_stopped_conversion_leaves_nothing(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped_half_way(place: Path, report: object) -> None:
        (place / "model.xml").write_text("half a model")
        raise Cancelled

    monkeypatch.setattr(openvino_lite, "_convert", stopped_half_way)
    with pytest.raises(Cancelled):
        openvino_lite.prepare()
    assert not openvino_lite.ready()
    assert list((empty_cache / "visualmemory_gui" / "encoders").iterdir()) == []


def test_a_cache_that_cannot_be_written_is_told(empty_cache: Path) -> None:
    empty_cache.write_text("a file where the folder should be")
    with pytest.raises(EncoderError, match="cannot be kept"):
        openvino_lite.prepare()


def test_a_second_process_that_was_faster_wins(own_cache: Path, tmp_path: Path) -> None:
    made = tmp_path / "made"
    made.mkdir()
    openvino_lite._put(made, own_cache)
    assert openvino_lite.ready() and made.is_dir()


def test_an_unsealed_leftover_is_replaced(own_cache: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    own_cache.rename(whole)
    own_cache.mkdir()
    (own_cache / "model.bin").write_bytes(b"half")
    openvino_lite._put(whole, own_cache)
    assert openvino_lite.load(bulk=False).encode(np.zeros((1, 224, 224, 3), np.uint8)).shape == (1, 1280)


def test_openvino_reports_nothing_over_the_network(converted: None) -> None:
    script = (
        "import sys, threading; from visualmemory_gui.engine.encoders import openvino_lite; "
        "openvino_lite.load(bulk=False); "
        "print(sys.modules['openvino_telemetry'], threading.active_count(), 'requests' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "None 1 False\n"


def test_what_converts_models_is_imported_only_to_convert(converted: None) -> None:
    script = (
        "import sys; from visualmemory_gui.engine.encoders import openvino_lite; "
        "openvino_lite.load(bulk=False); before = 'openvino.tools.ovc' in sys.modules; "
        "from openvino.tools import ovc; print(before, callable(ovc.convert_model))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False True\n"

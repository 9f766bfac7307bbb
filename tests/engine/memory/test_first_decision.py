"""What happens while the first decoding child starts, and what runs before it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import paint_image, write_images
from visualmemory_gui.engine.encoders import registry
from visualmemory_gui.engine.errors import BadImage, EncoderError
from visualmemory_gui.engine.images.pool import DecodePool
from visualmemory_gui.engine.memory.visual_memory import VisualMemory


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A memory of ``fake`` with six images, ``new.png`` that it does not know, and a text."""
    place = tmp_path_factory.mktemp("start")
    with VisualMemory.create(place / "m.vmem", "fake") as m:
        m.build(write_images(place / "images", each=2))
    paint_image((90, 90, 90), seed=7).save(place / "new.png")
    (place / "text.txt").write_text("no image")
    return place


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The steps "load" and "decode" in the order in which a decision comes to them."""
    done: list[str] = []
    load, decode = registry.load, DecodePool.decode

    def noted_load(*given: Any, **named: Any) -> Any:
        done.append("load")
        return load(*given, **named)

    def noted_decode(*given: Any) -> Any:
        done.append("decode")
        return decode(*given)

    monkeypatch.setattr(registry, "load", noted_load)
    monkeypatch.setattr(DecodePool, "decode", noted_decode)
    return done


def test_the_encoder_is_loaded_while_the_child_starts(folder: Path, steps: list[str]) -> None:
    with VisualMemory.open(folder / "m.vmem", readonly=True) as m:
        m.decide(folder / "new.png")
        assert steps == ["load", "decode"]
        m.decide(folder / "new.png")
    assert steps == ["load", "decode", "decode"]


def test_an_image_of_the_memory_needs_no_encoder(folder: Path, steps: list[str]) -> None:
    with VisualMemory.open(folder / "m.vmem", readonly=True) as m:
        m.decide(folder / "images/animals/cat/0.png")
    assert steps == ["decode"]


@pytest.mark.parametrize("name", ["text.txt", "missing.png"])
def test_what_is_no_image_loads_no_encoder(folder: Path, steps: list[str], name: str) -> None:
    with VisualMemory.open(folder / "m.vmem", readonly=True) as m, pytest.raises(BadImage):
        m.decide(folder / name)
    assert steps == ["decode"]


def test_an_encoder_that_fails_is_reported_after_the_image_is_read(
    folder: Path, steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object, **__: object) -> None:
        raise EncoderError("no weights")

    monkeypatch.setattr(registry, "load", missing)
    (folder / "broken.png").write_bytes(b"\x89PNG broken")
    with VisualMemory.open(folder / "m.vmem", readonly=True) as m:
        with pytest.raises(BadImage):
            m.decide(folder / "broken.png")
        with pytest.raises(EncoderError, match="no weights"):
            m.decide(folder / "new.png")


def test_classify_starts_the_child_before_it_imports_numpy(folder: Path) -> None:
    script = (
        "import sys; from visualmemory_gui.engine.images import child_process as process\n"
        "launch = process._launched\n"
        "def noted(command):\n"
        "    print('numpy' in sys.modules, file=sys.stderr); return launch(command)\n"
        "process._launched = noted\n"
        "from visualmemory_gui.cli.main import main; main()"
    )
    command = [sys.executable, "-c", script, "classify", str(folder / "m.vmem"), str(folder / "new.png"), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[0] == "False" and '"label"' in done.stdout

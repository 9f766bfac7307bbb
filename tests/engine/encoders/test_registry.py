"""Encoders by name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from visualmemory_gui.engine.encoders import registry
from visualmemory_gui.engine.errors import BadValue, EncoderError


def test_the_encoder_that_needs_no_network_comes_first() -> None:
    first, *others = registry.available()
    assert (first.name, first.dim, first.weights_here) == ("lite0", 1280, True)
    assert all(info.licence and info.name for info in others)
    assert len({info.name for info in registry.available()}) == len(others) + 1


def test_listing_naming_and_the_fake_load_no_library_for_models() -> None:
    script = (
        "import sys; from visualmemory_gui.engine.encoders import registry as r; r.available(); r.identity('lite0'); "
        "r.geometry('dinov2-small'); r.load('fake'); "
        "print([m for m in ('torch', 'timm', 'torchvision', 'openvino', 'PIL', 'huggingface_hub') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize("ask", [registry.load, registry.identity, registry.geometry])
@pytest.mark.parametrize("name", ["", "lite1", "../lite0", "resnet50"])
def test_an_unknown_name_is_told(ask: object, name: str) -> None:
    with pytest.raises(EncoderError, match="there is no encoder called"):
        ask(name)  # type: ignore[operator]


def test_a_device_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("visualmemory_gui.engine.device._usable", list)
    with pytest.raises(BadValue, match="choose auto or cpu"):
        registry.load("lite0", device="cuda")


def test_the_fake_is_what_it_says() -> None:
    encoder = registry.load("fake")
    assert encoder.identity == registry.identity("fake") and encoder.geometry == registry.geometry("fake")


def test_preparing_is_for_the_default_encoder_on_a_cpu_and_happens_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    made: list[str] = []
    monkeypatch.setattr("visualmemory_gui.engine.encoders.openvino_lite.prepare", lambda report: made.append("lite0"))
    assert not registry.prepare("fake") and not registry.prepare("dinov2-small")
    assert registry.prepare("lite0", device="cpu") and made == ["lite0"]
    monkeypatch.setattr("visualmemory_gui.engine.encoders.openvino_lite.ready", lambda: True)
    assert not registry.prepare("lite0", device="cpu")

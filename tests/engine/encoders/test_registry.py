"""Encoders by name."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from visualmemory_gui.engine.encoders import lite, registry
from visualmemory_gui.engine.errors import BadValue, EncoderError, EncoderMismatch
from visualmemory_gui.engine.types import EncoderIdentity


def test_the_encoder_that_needs_no_network_comes_first() -> None:
    first, *others = registry.available()
    assert (first.name, first.dim, first.weights_here) == ("lite0", 1280, True)
    assert all(info.licence and info.name for info in others)
    assert len({info.name for info in registry.available()}) == len(others) + 1


def test_listing_naming_and_the_fake_load_no_library_for_models() -> None:
    script = (
        "import sys; from visualmemory_gui.engine.encoders import registry as r; r.available(); "
        "from visualmemory_gui.engine.types import EncoderIdentity; r.require(r.choose('lite0')); "
        "r.geometry(EncoderIdentity('dinov2-small', 384)); r.load(r.choose('fake')); "
        "print([m for m in ('torch', 'timm', 'torchvision', 'openvino', 'PIL', 'huggingface_hub') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "[]\n"


ODD = (
    "", "lite1", "../lite0", "x/enc.pt", "./enc.pt", "/etc/enc.pt", "C:\\enc.pt", "enc.pt", "local/../enc.pt",
    "local/a/b.pt", "local/.pt", "local/a.pkl", "local-dir:/tmp/x", "hf-hub:timm/vit_tiny", "resnet50",
    "timm/vit_tiny_patch16_224", "vit_small_patch14_dinov2.lvd142m", "https://host/enc.pt", "file:///enc.pt",
    "torchvision/os.system", "torchvision/Os.SYSTEM", "torchvision/../x.V1", "torchvision/models.resnet.X", "lite0\n",
    "lite0\x1b[2J", "li\u202ete0", "dinov2-small/", "a" * 100_000,
)  # fmt: skip


@pytest.mark.parametrize("name", ODD, ids=lambda name: ascii(name[:40]))
def test_a_name_out_of_a_memory_that_is_none_of_ours_is_told_and_reaches_no_file(
    name: str, tmp_path: Path, weights_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for file in ("enc.pt", "x/enc.pt"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_bytes(b"no network")
    for ask in (registry.load, registry.require, registry.geometry):
        with pytest.raises(EncoderError, match=r"unknown encoder|no weights called") as told:
            ask(EncoderIdentity(name, 4))  # type: ignore[operator]
        assert str(told.value).isprintable() and len(str(told.value)) < 300
    assert list(weights_folder.iterdir()) == []


@pytest.mark.parametrize("name", sorted({*ODD} - {"lite1", "resnet50", "torchvision/Os.SYSTEM"}))
def test_paths_addresses_and_control_characters_have_not_the_form_of_a_name(name: str) -> None:
    assert not registry.is_name(name)


@pytest.mark.parametrize(
    "name", ["lite0", "fake", "dinov2-small", "siglip2-so400m", "local/mein Netz (2).onnx", "local/a.pt",
             "torchvision/ResNet50_Weights.IMAGENET1K_V2"]
)  # fmt: skip
def test_names_of_encoders_have_the_form_of_one(name: str) -> None:
    assert registry.is_name(name)


@pytest.mark.parametrize("name", ["dinov2-small", "torchvision/ResNet18_Weights.IMAGENET1K_V1"])
def test_weights_that_a_memory_names_and_that_are_not_here_are_not_fetched(
    name: str, weights_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched: list[str] = []
    monkeypatch.setattr(
        "visualmemory_gui.engine.encoders.download.fetch", lambda *_, address, **__: fetched.append(address)
    )
    for ask in (registry.load, registry.require):
        with pytest.raises(EncoderError, match=f"`visualmemory encoders --fetch {name}` fetches them"):
            ask(EncoderIdentity(name, 384, weights_sha256="0" * 64))  # type: ignore[operator]
    assert fetched == []


def test_other_weights_than_the_memorys_are_told_before_anything_is_loaded() -> None:
    with pytest.raises(EncoderMismatch, match="made by lite0 with other weights"):
        registry.require(replace(lite.IDENTITY, weights_sha256="0" * 64))


def test_a_device_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("visualmemory_gui.engine.device.choice.usable", tuple)
    with pytest.raises(BadValue, match="choose auto or cpu"):
        registry.load(registry.choose("lite0"), device="cuda")


def test_the_fake_is_what_it_says() -> None:
    identity = registry.choose("fake")
    encoder = registry.load(identity)
    assert encoder.identity == identity and encoder.geometry == registry.geometry(identity)


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

"""Networks of timm and torchvision on OpenVINO, where that is faster and gives the same vectors."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file

from tests.engine.encoders.test_timm_models import images, save_weights, small
from visualmemory_gui.engine.encoders import openvino_network, openvino_runtime, registry, timm_models, weights
from visualmemory_gui.engine.encoders.base import SpatialEncoder
from visualmemory_gui.engine.encoders.timm_models import Spec
from visualmemory_gui.engine.errors import Cancelled, EncoderError
from visualmemory_gui.engine.types import EncoderIdentity

NAME = "dinov2-small"


@pytest.fixture
def of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Spec:
    """A small network under that name, whose weights are here, and an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    spec = small(NAME)
    monkeypatch.setattr(timm_models, "SPECS", (spec,))
    save_weights(spec)
    return spec


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """What a measurement finds, and what a conversion writes, in place of both."""
    found = SimpleNamespace(cosine=1.0, gain=2.0, conversions=0)

    def convert(encoder: object, place: Path) -> None:
        found.conversions += 1
        for name in ("model.xml", "model.bin"):
            (place / name).write_bytes(b"converted")

    monkeypatch.setattr(openvino_network, "_convert", convert)
    monkeypatch.setattr(openvino_network, "_least_cosine", lambda *_: found.cosine)
    monkeypatch.setattr(openvino_network, "_gain", lambda *_: found.gain)
    monkeypatch.setattr(openvino_runtime, "compiled", lambda *_, **__: None)
    return found


def kept(identity: EncoderIdentity) -> list[str]:
    place = openvino_network.folder(identity)
    return sorted(path.name for path in place.parent.rglob("*") if path.is_file())


def test_the_converted_network_gives_the_same_vectors_and_torch_the_cells(
    of: Spec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openvino_network, "_gain", lambda *_: 2.0)
    identity = registry.choose(NAME)
    torch = registry.load(identity, device="cpu")
    assert torch.backend == "torch" and registry.prepare(NAME, device="cpu")
    encoder = registry.load(identity, device="cpu")
    assert (encoder.backend, encoder.identity, encoder.geometry) == ("openvino", identity, torch.geometry)
    batch = images(of)
    assert np.abs(encoder.encode(batch) - torch.encode(batch)).max() < 1e-5
    assert np.abs(encoder.encode(batch[:1]) - encoder.encode(batch)[:1]).max() <= 1e-6
    assert isinstance(encoder, SpatialEncoder) and isinstance(torch, SpatialEncoder)
    assert np.array_equal(encoder.features(batch), torch.features(batch))
    assert encoder.encode(batch[:0]).shape == (0, of.dim)
    found = openvino_network.verdict(identity)
    assert found is not None and found.cosine >= openvino_network.SAME
    encoder.close()


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_a_file_of_ones_own_is_converted_too(
    of: Spec, suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openvino_network, "_gain", lambda *_: 2.0)
    identity = registry.choose(str(own_file(tmp_path / f"mine{suffix}")))
    plain = registry.load(identity, device="cpu")
    assert plain.backend == "torch" and registry.prepare(identity.name, device="cpu")
    encoder = registry.load(identity, device="cpu")
    batch = np.random.default_rng(6).integers(0, 255, (3, 160, 160, 3), np.uint8)
    assert encoder.backend == "openvino" and np.abs(encoder.encode(batch) - plain.encode(batch)).max() < 1e-5
    assert not registry.prepare("local/another.pt", device="cpu")  # a memory may name a file that was never added
    weights.folder().joinpath(f"mine{suffix}.added").unlink()
    with pytest.raises(EncoderError, match="was not added on this computer"):
        registry.load(identity, device="cpu")


def own_file(path: Path) -> Path:
    """A small network for 160 pixels, as a file of the user's own."""
    torch.manual_seed(0)
    network = timm.create_model("test_vit", pretrained=False, num_classes=0).eval()
    if path.suffix == ".pt":
        with warnings.catch_warnings(), torch.inference_mode():
            warnings.simplefilter("ignore")
            torch.jit.trace(network, torch.zeros(2, 3, 160, 160)).save(str(path))
        path.with_name(f"{path.name}.json").write_text(json.dumps({"size": 160}))
    else:
        save_file(network.state_dict(), path)
        path.with_name(f"{path.name}.json").write_text(json.dumps({"architecture": "test_vit"}))
    return path


@pytest.mark.parametrize(("cosine", "gain"), [(0.9998, 3.0), (1.0, 1.05), (1.0, 0.4)])
def test_what_is_not_the_same_or_not_faster_is_not_used_nor_tried_again(
    of: Spec, measured: SimpleNamespace, cosine: float, gain: float
) -> None:
    measured.cosine, measured.gain = cosine, gain
    identity = registry.choose(NAME)
    assert not registry.prepare(NAME, device="cpu") and kept(identity) == ["verdict.json"]
    assert registry.load(identity, device="cpu").backend == "torch"
    assert not registry.prepare(NAME, device="cpu") and measured.conversions == 1


def test_what_is_faster_is_converted_once(of: Spec, measured: SimpleNamespace) -> None:
    assert registry.prepare(NAME, device="cpu") and not registry.prepare(NAME, device="cpu")
    assert measured.conversions == 1
    assert registry.load(registry.choose(NAME), device="cpu").backend == "openvino"


def test_a_network_that_openvino_does_not_know_stays_in_torch(
    of: Spec, measured: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no conversion rule")

    monkeypatch.setattr(openvino_network, "_convert", fail)
    assert not registry.prepare(NAME, device="cpu")
    assert registry.load(registry.choose(NAME), device="cpu").backend == "torch"


def test_a_damaged_file_is_removed_and_torch_takes_its_place(of: Spec, measured: SimpleNamespace) -> None:
    registry.prepare(NAME, device="cpu")
    identity = registry.choose(NAME)
    (openvino_network.folder(identity) / "model.bin").write_bytes(b"changed")
    assert registry.load(identity, device="cpu").backend == "torch"
    assert kept(identity) == [] and registry.prepare(NAME, device="cpu")


def test_cancel_leaves_nothing(of: Spec, measured: SimpleNamespace) -> None:
    def stop(done: int, total: int | None, what: str = "") -> None:
        if measured.conversions:
            raise Cancelled

    with pytest.raises(Cancelled):
        registry.prepare(NAME, device="cpu", report=stop)
    assert kept(registry.choose(NAME)) == []


def test_a_large_network_is_left_in_torch(of: Spec, measured: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openvino_network, "LARGEST", 1000)
    assert not registry.prepare(NAME, device="cpu") and measured.conversions == 0


def test_the_gain_is_how_many_times_as_many_images_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    speeds = iter([10.0, 28.0, 14.0, 21.0])
    monkeypatch.setattr(openvino_network.throughput, "images_per_second", lambda *_, **__: next(speeds))
    assert openvino_network._gain("torch", "openvino", lambda *_: None) == 2.0  # type: ignore[arg-type]

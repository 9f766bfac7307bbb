"""Models of timm, with small networks of the same make in place of the real weights."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save, save_file

from tests.hub_server import Hub, hub_server
from visualmemory_gui.engine.encoders import registry, timm_models
from visualmemory_gui.engine.encoders.base import SpatialEncoder
from visualmemory_gui.engine.encoders.timm_models import SPECS, Spec
from visualmemory_gui.engine.errors import EncoderError
from visualmemory_gui.engine.memory.visual_memory import VisualMemory

SMALL = {"depth": 2, "embed_dim": 48, "num_heads": 3}
FAMILIES = ["dinov2-small", "dinov2-base-reg4", "dinov3-small", "clip-base-32", "siglip2-base"]


def images(of: Spec) -> np.ndarray:
    size = of.geometry.size
    return np.random.default_rng(5).integers(0, 255, (3, size, size, 3), np.uint8)


def small(name: str) -> Spec:
    """The spec ``name`` with a network of two layers of 48 numbers."""
    of = timm_models.spec(name)
    assert of is not None
    projected = of.options["num_classes"]
    return replace(of, dim=projected or 48, options={**of.options, **SMALL})


def save_weights(of: Spec, **changed: object) -> torch.nn.Module:
    """Put random weights for ``of`` where they are looked for, as its authors would publish them."""
    torch.manual_seed(0)
    options = {**of.options, **changed}
    network = timm.create_model(of.timm_name, pretrained=False, **options)
    of.target.parent.mkdir(parents=True, exist_ok=True)
    save_file({key: value.contiguous() for key, value in network.state_dict().items()}, of.target)
    return network.eval()


@pytest.mark.parametrize("name", FAMILIES)
def test_a_network_is_loaded_and_read_as_its_authors_do(name: str) -> None:
    of = small(name)
    network = save_weights(of)
    encoder = timm_models.load(of, device="cpu", bulk=True)
    batch = images(of)
    mean, std = (torch.tensor(colours).view(1, 3, 1, 1) for colours in of.colours)
    inputs = (torch.from_numpy(batch).permute(0, 3, 1, 2) / 255.0 - mean) / std
    with torch.inference_mode():
        tokens = network.forward_features(inputs)
        wanted = network(inputs).numpy()
        if of.read == "class token":
            assert np.allclose(wanted, tokens[:, 0].numpy(), atol=1e-5)
    vectors = encoder.encode(batch)
    assert vectors.shape == (3, of.dim)
    assert np.abs(vectors - wanted / np.linalg.norm(wanted, axis=1, keepdims=True)).max() < 1e-6
    assert np.abs(encoder.encode(batch[:1]) - vectors[:1]).max() <= 1e-6


@pytest.mark.parametrize("name", ["dinov2-base-reg4", "dinov3-small", "siglip2-base"])
def test_cells_are_the_patches_without_other_tokens(name: str) -> None:
    of = small(name)
    save_weights(of)
    encoder = timm_models.load(of, device="cpu", bulk=True)
    side = {"dinov2-base-reg4": 16, "dinov3-small": 16, "siglip2-base": 14}[name]
    assert isinstance(encoder, SpatialEncoder)
    assert encoder.features(images(of)[:2]).shape == (2, side, side, 48)


def test_dinov2_weights_of_518_pixels_serve_224() -> None:
    of = small("dinov2-small")
    save_weights(of, img_size=518)
    assert timm_models.load(of, device="cpu", bulk=True).encode(images(of)).shape == (3, 48)


def test_the_identity_holds_the_checksum_of_the_weights() -> None:
    of = small("dinov2-small")
    save_weights(of)
    identity = timm_models.identity(of)
    assert identity == timm_models.load(of, device="cpu", bulk=False).identity
    assert identity.weights_sha256 == hashlib.sha256(of.target.read_bytes()).hexdigest()
    assert identity.name == "dinov2-small" and "class token" in identity.preprocess


@pytest.mark.parametrize("of", SPECS, ids=lambda of: of.name)
def test_every_listed_model_is_known_to_timm_and_has_its_dimension(of: Spec) -> None:
    size = of.geometry.size
    with torch.device("meta"):
        network = timm.create_model(of.timm_name, pretrained=False, **of.options).eval()
        assert network(torch.zeros(1, 3, size, size)).shape == (1, of.dim)
        stored = timm.create_model(of.timm_name, pretrained=False)
        assert round(sum(each.numel() for each in stored.state_dict().values()) * 4 / 1e6) == of.megabytes
    config = timm.get_pretrained_cfg(of.timm_name)
    assert config.hf_hub_id == of.repository
    assert (config.mean, config.std, config.interpolation) == (*of.colours, of.geometry.interpolation)


@pytest.mark.parametrize("what", ["no safetensors", "another network", "cut"])
def test_a_file_that_does_not_fit_is_told(what: str) -> None:
    of = small("dinov2-small")
    save_weights(of, **({"embed_dim": 96} if what == "another network" else {}))
    if what != "another network":
        of.target.write_bytes(b"no weights" if what == "no safetensors" else of.target.read_bytes()[:5000])
    with pytest.raises(EncoderError, match="does not hold the weights of dinov2-small"):
        timm_models.load(of, device="cpu", bulk=False)


@pytest.mark.parametrize("ask", [registry.choose, registry.fetch])
def test_without_a_network_the_file_and_its_place_are_named_within_seconds(ask: object, weights_folder: Path) -> None:
    begun = time.monotonic()
    with pytest.raises(EncoderError) as error:
        ask("dinov2-small")  # type: ignore[operator]
    assert time.monotonic() - begun < 10
    assert "timm/vit_small_patch14_dinov2.lvd142m/resolve/main/model.safetensors" in str(error.value)
    assert str(weights_folder / "dinov2-small.safetensors") in str(error.value)
    assert list(weights_folder.iterdir()) == []


def published(of: Spec, hub: Hub, **changed: object) -> torch.nn.Module:
    """Random weights for ``of``, which the hub has and this computer has not."""
    network = save_weights(of, **changed)
    hub.files[of.repository] = of.target.read_bytes()
    of.target.unlink()
    return network


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with hub_server() as running:
        monkeypatch.setenv("HF_ENDPOINT", running.endpoint)
        yield running


def by_hand(of: Spec, network: torch.nn.Module, batch: np.ndarray) -> np.ndarray:
    """The vectors as timm's own transforms and network give them, brought to unit length."""
    mean, std = (torch.tensor(colours).view(1, 3, 1, 1) for colours in of.colours)
    with torch.inference_mode():
        wanted = network((torch.from_numpy(batch).permute(0, 3, 1, 2) / 255.0 - mean) / std).double().numpy()
    return wanted / np.linalg.norm(wanted, axis=1, keepdims=True)


@pytest.mark.parametrize("name", FAMILIES)
def test_what_is_fetched_gives_the_vectors_of_timm(name: str, hub: Hub) -> None:
    of = small(name)
    network = published(of, hub)
    assert timm_models.fetch(of) == of.target and len(hub.asked) == 2
    batch = images(of)[:2]
    vectors = timm_models.load(of, device="cpu", bulk=True).encode(batch)
    assert np.abs(vectors - by_hand(of, network, batch)).max() < 1e-6
    hub.asked.clear()
    assert timm_models.fetch(of) == of.target and hub.asked == []


@pytest.mark.parametrize("name", FAMILIES)
def test_a_name_is_enough_to_fetch_remember_and_load(name: str, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    of = small(name)
    monkeypatch.setattr(timm_models, "SPECS", (of,))
    network = published(of, hub)
    encoder = registry.load(registry.choose(name))
    assert encoder.identity.weights_sha256 == hashlib.sha256(hub.files[of.repository]).hexdigest()
    batch = images(of)[:2]
    assert np.abs(encoder.encode(batch) - by_hand(of, network, batch)).max() < 1e-6


@pytest.mark.parametrize("changed", [{"embed_dim": 96}, {"depth": 1}])
def test_a_whole_file_of_another_network_is_tried_and_does_not_count(hub: Hub, changed: dict[str, int]) -> None:
    of = small("dinov2-small")
    published(of, hub, **changed)
    with pytest.raises(EncoderError, match=r"does not hold the weights of dinov2-small.*what arrived was removed"):
        timm_models.fetch(of)
    assert list(of.target.parent.iterdir()) == []


def test_a_file_that_lacks_weights_is_told_although_timm_takes_it(hub: Hub) -> None:
    of = small("dinov2-small")
    network = published(of, hub)
    state = {key: value for key, value in network.state_dict().items() if "blocks.1.mlp" not in key}
    hub.files[of.repository] = save(state)
    with pytest.raises(EncoderError, match=r"lacks weights|does not hold the weights"):
        timm_models.fetch(of)
    assert list(of.target.parent.iterdir()) == []


def test_weights_that_give_no_numbers_do_not_count(hub: Hub) -> None:
    of = small("dinov2-small")
    network = published(of, hub)
    state = {key: torch.full_like(value, torch.nan) for key, value in network.state_dict().items()}
    hub.files[of.repository] = save(state)
    with pytest.raises(EncoderError, match="gives no vectors with these weights"):
        timm_models.fetch(of)
    assert list(of.target.parent.iterdir()) == []


def test_no_memory_is_made_before_its_encoder_has_loaded(hub: Hub, tmp_path: Path) -> None:
    hub.files["timm/vit_small_patch14_dinov2.lvd142m"] = b"no network"
    with pytest.raises(EncoderError, match="does not hold the weights of dinov2-small"):
        VisualMemory.create(tmp_path / "m.vmem", "dinov2-small")
    assert not (tmp_path / "m.vmem").exists()


def test_a_file_of_the_hub_s_cache_is_used_unless_it_is_damaged(tmp_path: Path) -> None:
    of = small("dinov2-small")
    save_weights(of)
    body = of.target.read_bytes()
    cache = tmp_path / "hub" / "hub" / f"models--{of.repository.replace('/', '--')}"
    blob = cache / "blobs" / hashlib.sha256(body).hexdigest()
    named = cache / "snapshots" / "abc" / "model.safetensors"
    for path in (blob, named):
        path.parent.mkdir(parents=True)
    of.target.rename(blob)
    named.symlink_to(blob)
    assert timm_models.identity(of).weights_sha256 == blob.name
    blob.write_bytes(body[:-100] + bytes(100))
    with pytest.raises(EncoderError, match=f"{blob.name} is damaged: remove it"):
        timm_models.load(of, device="cpu", bulk=False)


def test_weights_on_this_computer_are_listed() -> None:
    of = small("dinov2-small")
    assert not [info for info in timm_models.infos() if info.weights_here]
    save_weights(of)
    assert [info.name for info in timm_models.infos() if info.weights_here] == ["dinov2-small"]

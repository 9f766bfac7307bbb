"""Weights of the user's own for an architecture of timm."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file

from visualmemory_gui.engine.encoders import local_file, registry, timm_file
from visualmemory_gui.engine.encoders.base import SpatialEncoder
from visualmemory_gui.engine.errors import EncoderError
from visualmemory_gui.engine.types import Geometry


def saved(path: Path, architecture: str, **options: Any) -> torch.nn.Module:
    """A random network of that architecture, whose weights are at ``path``."""
    torch.manual_seed(0)
    network = timm.create_model(architecture, pretrained=False, **options).eval()
    save_file({key: value.contiguous() for key, value in network.state_dict().items()}, path)
    return network


def say(path: Path, **said: Any) -> None:
    path.with_name(path.name + ".json").write_text(json.dumps(said))


def batch(size: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (2, size, size, 3), np.uint8)


def by_hand(network: torch.nn.Module, images: np.ndarray, mean: Any, std: Any) -> np.ndarray:
    centre, spread = (torch.tensor(colours).view(1, 3, 1, 1) for colours in (mean, std))
    with torch.inference_mode():
        out = network((torch.from_numpy(images).permute(0, 3, 1, 2) / 255.0 - centre) / spread).double().numpy()
    return out / np.linalg.norm(out, axis=1, keepdims=True)


def test_weights_with_the_name_of_their_architecture_are_an_encoder(tmp_path: Path, weights_folder: Path) -> None:
    path = tmp_path / "mine.safetensors"
    network = saved(path, "test_vit", num_classes=10)
    say(path, architecture="test_vit")
    identity = registry.choose(str(path))
    path.unlink()
    encoder = registry.load(identity, device="cpu", bulk=True)
    network.reset_classifier(0)
    cfg = timm.get_pretrained_cfg("test_vit")
    assert np.abs(encoder.encode(batch(160)) - by_hand(network, batch(160), cfg.mean, cfg.std)).max() < 1e-6
    assert identity.name == "local/mine.safetensors" and "architecture test_vit" in identity.preprocess
    assert registry.geometry(identity) == Geometry(160, "crop", round(160 / cfg.crop_pct - 0.5), cfg.interpolation)
    assert isinstance(encoder, SpatialEncoder) and encoder.features(batch(160)).shape[:3] == (2, 10, 10)
    [info] = local_file.infos()
    assert (info.name, info.dim) == (identity.name, identity.dim)
    assert sorted(one.name for one in weights_folder.iterdir()) == [
        "mine.safetensors", "mine.safetensors.added", "mine.safetensors.json"
    ]  # fmt: skip


def test_the_file_with_which_timm_publishes_them_is_read(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    network = saved(path, "test_resnet", num_classes=0)
    colours = {"mean": [0.1, 0.2, 0.3], "std": [0.5, 0.5, 0.5], "crop_pct": 1.0, "interpolation": "bilinear"}
    config = {"architecture": "test_resnet", "pretrained_cfg": {"input_size": [3, 96, 96], **colours}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    encoder = registry.load(registry.choose(str(path)), device="cpu")
    assert encoder.geometry == Geometry(96, "crop", 96, "bilinear")
    wanted = by_hand(network, batch(96), colours["mean"], colours["std"])
    assert np.abs(encoder.encode(batch(96)) - wanted).max() < 1e-6


def test_what_the_user_says_comes_before_what_timm_knows(tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    saved(path, "test_vit", num_classes=7, img_size=96)
    say(path, architecture="test_vit", num_classes=7, img_size=96, global_pool="token", mean=[0, 0, 0])
    identity = registry.choose(str(path))
    assert identity.dim == 7 and registry.geometry(identity).size == 96
    assert "num_classes 7" in identity.preprocess and "mean (0.0, 0.0, 0.0)" in identity.preprocess


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({}, "holds weights alone: say in mine.safetensors.json beside it which architecture"),
        ({"architecture": "no_such_network"}, "timm has no architecture called 'no_such_network'"),
        ({"architecture": "hf-hub:timm/vit_tiny"}, "timm has no architecture called"),
        ({"architecture": "local-dir:/etc"}, "timm has no architecture called"),
        ({"architecture": "test_vit.no_such_tag"}, "timm has no architecture called 'test_vit.no_such_tag'"),
        ({"architecture": "test_vit", "size": "large"}, "says of its input cannot be used"),
        ({"architecture": "test_resnet"}, "it lacks weights that the network needs"),
        ({"architecture": "test_vit", "checkpoint_path": "/etc/passwd"}, "it may say size"),
        ({"architecture": "test_vit", "mean": 3}, "it may say size"),
    ],
)
def test_what_does_not_fit_is_told_and_not_kept(
    tmp_path: Path, weights_folder: Path, said: dict[str, Any], why: str
) -> None:
    path = tmp_path / "mine.safetensors"
    saved(path, "test_vit")
    if said:
        say(path, **said)
    with pytest.raises(EncoderError, match=why):
        registry.choose(str(path))
    assert list(weights_folder.iterdir()) == []


@pytest.mark.parametrize("said", [{"crop_pct": 0}, {"crop_pct": None}, {"input_size": []}, {"mean": 3}])
def test_what_a_published_file_says_wrongly_is_told(tmp_path: Path, said: dict[str, Any]) -> None:
    config = {"architecture": "test_vit", "pretrained_cfg": said}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(EncoderError, match=r"mine.safetensors.json or config.json beside .* cannot be used"):
        timm_file.described(tmp_path / "mine.safetensors", {})


@pytest.mark.parametrize("said", [None, [1]])
def test_where_a_published_file_says_nothing_of_the_input_timm_knows_it(tmp_path: Path, said: object) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"architecture": "test_vit", "pretrained_cfg": said}))
    plain = timm_file.described(tmp_path / "other" / "mine.safetensors", {"architecture": "test_vit"})
    assert timm_file.described(tmp_path / "mine.safetensors", {}) == plain


def test_a_pickle_with_the_ending_of_weights_is_not_opened_as_one(tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    torch.save(torch.nn.Linear(2, 2), path)
    say(path, architecture="test_vit")
    with pytest.raises(EncoderError, match="cannot be used as an encoder"):
        registry.choose(str(path))

"""Classifiers of torchvision, read before their last layer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision import models

from tests.hub_server import Hub, hub_server
from visualmemory_gui.engine.encoders import registry, torchvision_models
from visualmemory_gui.engine.encoders.base import SpatialEncoder
from visualmemory_gui.engine.errors import EncoderError
from visualmemory_gui.engine.types import Geometry

NAME = "torchvision/ResNet18_Weights.IMAGENET1K_V1"


@pytest.fixture
def saved(weights_folder: Path, monkeypatch: pytest.MonkeyPatch) -> torch.nn.Module:
    """A random ResNet-18, saved under the name of the published file with a checksum that fits."""
    torch.manual_seed(0)
    network = models.resnet18(weights=None)
    path = weights_folder / "resnet18.pth"
    torch.save(network.state_dict(), path)
    path.rename(weights_folder / f"resnet18-{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}.pth")
    url = f"https://download.pytorch.org/models/{next(weights_folder.iterdir()).name}"
    monkeypatch.setattr(type(models.ResNet18_Weights.IMAGENET1K_V1), "url", url, raising=False)
    return network.eval()


def test_vectors_are_the_inputs_of_the_last_layer(saved: torch.nn.Module) -> None:
    encoder = registry.load(registry.choose(NAME), device="cpu", bulk=True)
    batch = np.random.default_rng(0).integers(0, 255, (2, 224, 224, 3), np.uint8)
    mean, std = (torch.tensor(c).view(1, 3, 1, 1) for c in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    saved.fc = torch.nn.Identity()
    with torch.inference_mode():
        wanted = saved((torch.from_numpy(batch).permute(0, 3, 1, 2) / 255.0 - mean) / std).numpy()
    vectors = encoder.encode(batch)
    assert vectors.shape == (2, 512) and encoder.identity.dim == 512
    assert np.abs(vectors - wanted / np.linalg.norm(wanted, axis=1, keepdims=True)).max() < 1e-5
    assert encoder.identity == registry.choose(NAME)


@pytest.fixture
def published(saved: torch.nn.Module, weights_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A server that has that file, which this computer has not."""
    path = next(weights_folder.iterdir())
    with hub_server() as hub:
        hub.files["resnet18"] = path.read_bytes()
        path.unlink()
        url = f"{hub.store}/resnet18?name=/{path.name}"
        monkeypatch.setattr(type(models.ResNet18_Weights.IMAGENET1K_V1), "url", url, raising=False)
        yield hub


def test_weights_are_fetched_and_checked_by_the_digits_in_their_name(published: Hub, weights_folder: Path) -> None:
    published.cuts = 1
    path = torchvision_models.fetch(NAME)
    assert list(weights_folder.iterdir()) == [path] and path.read_bytes() == published.files["resnet18"]
    assert registry.load(registry.choose(NAME)).identity.dim == 512


def test_a_damaged_file_is_told_by_those_digits_and_does_not_stay(published: Hub, weights_folder: Path) -> None:
    published.sent = published.files["resnet18"][:-50_000] + bytes(50_000)
    with pytest.raises(EncoderError, match="its SHA-256 is another"):
        torchvision_models.fetch(NAME)
    assert list(weights_folder.iterdir()) == []


def test_the_cells_before_the_pooling_average_to_the_vector(saved: torch.nn.Module) -> None:
    encoder = registry.load(registry.choose(NAME), device="cpu", bulk=True)
    batch = np.random.default_rng(0).integers(0, 255, (2, 224, 224, 3), np.uint8)
    assert isinstance(encoder, SpatialEncoder)
    cells = encoder.features(batch)
    assert cells.shape == (2, 7, 7, 512)
    mean = cells.mean(axis=(1, 2))
    assert np.abs(mean / np.linalg.norm(mean, axis=1, keepdims=True) - encoder.encode(batch)).max() < 1e-5


def test_a_file_whose_checksum_differs_from_its_name_is_refused(saved: torch.nn.Module, weights_folder: Path) -> None:
    with next(weights_folder.iterdir()).open("ab") as file:
        file.write(b"x")
    with pytest.raises(EncoderError, match="is damaged"):
        registry.choose(NAME)


@pytest.mark.parametrize(
    ("name", "geometry"),
    [
        ("ResNet50_Weights.IMAGENET1K_V2", Geometry(224, "crop", 232, "bilinear")),
        ("EfficientNet_B3_Weights.IMAGENET1K_V1", Geometry(300, "crop", 320, "bicubic")),
        ("ViT_B_16_Weights.IMAGENET1K_V1", Geometry(224, "crop", 256, "bilinear")),
    ],
)
def test_the_transforms_that_come_with_the_weights_are_kept(name: str, geometry: Geometry) -> None:
    assert torchvision_models.geometry(f"torchvision/{name}") == geometry


@pytest.mark.parametrize(
    ("weights", "dim"),
    [
        ("ResNet50_Weights.IMAGENET1K_V2", 2048),
        ("ConvNeXt_Tiny_Weights.IMAGENET1K_V1", 768),
        ("ViT_B_16_Weights.IMAGENET1K_V1", 768),
        ("EfficientNet_V2_S_Weights.IMAGENET1K_V1", 1280),
        ("MobileNet_V3_Large_Weights.IMAGENET1K_V2", 1280),
        ("Swin_T_Weights.IMAGENET1K_V1", 768),
        ("DenseNet121_Weights.IMAGENET1K_V1", 1024),
        ("RegNet_Y_400MF_Weights.IMAGENET1K_V2", 440),
    ],
)
def test_many_kinds_of_networks_can_be_read_before_their_last_layer(weights: str, dim: int) -> None:
    name = f"torchvision/{weights}"
    size = torchvision_models.geometry(name).size
    assert torchvision_models._dimension(name) == dim
    network = torchvision_models._network(name)
    torchvision_models._beheaded(network, classes=1000)
    with torch.device("meta"):
        assert network.to("meta")(torch.zeros(2, 3, size, size)).shape == (2, dim)


def test_the_listed_examples_are_true() -> None:
    for name, dim, megabytes, file in torchvision_models._EXAMPLES:
        assert round(models.get_weight(name).meta["_file_size"]) == megabytes
        assert models.get_weight(name).url.endswith(f"/{file}")
        assert torchvision_models._dimension(f"torchvision/{name}") == dim


def test_a_network_without_a_linear_end_is_refused() -> None:
    with pytest.raises(EncoderError, match="linear"):
        torchvision_models._dimension("torchvision/SqueezeNet1_0_Weights.IMAGENET1K_V1")


@pytest.mark.parametrize(
    "name", ["Nothing_Weights.V1", "ResNet50_Weights.NONE", "resnet50", "resnet50.V1", "os.system", "_api.WeightsEnum"]
)
def test_unknown_weights_are_told(name: str) -> None:
    with pytest.raises(EncoderError, match="no weights called"):
        torchvision_models.geometry(f"torchvision/{name}")


def test_weights_of_other_tasks_are_refused() -> None:
    with pytest.raises(EncoderError, match="not the weights of an image classifier"):
        torchvision_models.geometry("torchvision/FCN_ResNet50_Weights.COCO_WITH_VOC_LABELS_V1")

"""Classifiers of torchvision by the name of their weights, read just before their last layer.

``torchvision/ResNet50_Weights.IMAGENET1K_V2`` is an example of a name; the transforms that come with the weights are
kept.
"""

from __future__ import annotations

import re
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from visualmemory_gui.engine.encoders import weights
from visualmemory_gui.engine.encoders.base import EncoderInfo
from visualmemory_gui.engine.errors import EncoderError
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.types import EncoderIdentity, Geometry

if TYPE_CHECKING:
    import torch

    from visualmemory_gui.engine.encoders.torch_encoder import TorchEncoder

PREFIX = "torchvision/"
LICENCE = "BSD-3-Clause (code); weights as torchvision states for each"
# Listed as examples, so that listing encoders need not import torchvision.
_EXAMPLES = (
    ("ResNet50_Weights.IMAGENET1K_V2", 2048, "resnet50-11ad3fa6.pth"),
    ("ConvNeXt_Tiny_Weights.IMAGENET1K_V1", 768, "convnext_tiny-983f1562.pth"),
    ("ViT_B_16_Weights.IMAGENET1K_V1", 768, "vit_b_16-c867db91.pth"),
)
_NOTE = "any classification weights of torchvision can be named like this"


def infos() -> list[EncoderInfo]:
    return [
        EncoderInfo(PREFIX + name, dim, LICENCE, (weights.folder() / file).is_file(), _NOTE)
        for name, dim, file in _EXAMPLES
    ]


def geometry(name: str) -> Geometry:
    transforms = _weights(name).transforms()
    return Geometry(
        size=transforms.crop_size[0],
        fit="crop",
        resize=transforms.resize_size[0],
        interpolation="bicubic" if transforms.interpolation.value == "bicubic" else "bilinear",
    )


def identity(name: str, *, report: Report = silent) -> EncoderIdentity:
    """Fetches the weights if they are not here, for their checksum is part of it. Raises EncoderError."""
    path = _fetched(name, report)
    return _identity(name, _dimension(name), path)


def load(name: str, *, device: str, bulk: bool, report: Report = silent) -> TorchEncoder:
    """The encoder, its weights fetched if they are not here. Raises EncoderError."""
    import torch

    from visualmemory_gui.engine.encoders.torch_encoder import Network, SpatialTorchEncoder, TorchEncoder

    path = _fetched(name, report)
    module = _network(name)
    try:
        module.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:  # torch raises errors of many kinds for files that are not its own
        raise EncoderError(f"{path} does not hold the weights of {name}: remove it to have it fetched again") from error
    dim = _beheaded(module, classes=_classes(name))
    transforms = _weights(name).transforms()
    spatial = hasattr(module, "avgpool")
    cells = partial(_before_pool, module) if spatial else None
    network = Network(module, module, tuple(transforms.mean), tuple(transforms.std), cells=cells)
    made = SpatialTorchEncoder if spatial else TorchEncoder
    return made(network, _identity(name, dim, path), geometry=geometry(name), device=device, bulk=bulk)


def _before_pool(module: torch.nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    """(n, 3, s, s) normalised -> (n, h, w, d): what the network averages over the picture."""
    seen: list[torch.Tensor] = []
    here = threading.get_ident()

    def note(_: torch.nn.Module, given: tuple[torch.Tensor, ...]) -> None:
        if threading.get_ident() == here:  # other threads encode with the same network
            seen.append(given[0])

    hook = module.get_submodule("avgpool").register_forward_pre_hook(note)
    try:
        module(inputs)
    finally:
        hook.remove()
    return seen[0].permute(0, 2, 3, 1)


def _weights(name: str) -> Any:
    """The member of torchvision's enum. Raises EncoderError unless it is one of a classifier."""
    import torchvision

    try:
        found = torchvision.models.get_weight(name.removeprefix(PREFIX))
    except (ValueError, AttributeError, KeyError):
        raise EncoderError(f"torchvision has no weights called {name.removeprefix(PREFIX)!r}") from None
    if not hasattr(found.transforms(), "crop_size") or not found.meta.get("categories"):
        raise EncoderError(f"{name} are not the weights of an image classifier")
    return found


def _network(name: str) -> torch.nn.Module:
    """The network that these weights are for, not yet loaded with them."""
    from torchvision import models

    wanted = _weights(name)
    builder = next(each for each in models.list_models() if wanted in models.get_model_weights(each))
    network: torch.nn.Module = models.get_model(builder, weights=None)
    return network.eval()


def _dimension(name: str) -> int:
    import torch

    try:
        with torch.device("meta"):  # no memory, no random numbers: milliseconds
            return _beheaded(_network(name), classes=_classes(name))
    except NotImplementedError:  # some networks look at their numbers while they are built
        return _beheaded(_network(name), classes=_classes(name))


def _classes(name: str) -> int:
    return len(_weights(name).meta["categories"])


def _beheaded(network: torch.nn.Module, *, classes: int) -> int:
    """Replace the layer that gives the classes by nothing; its number of inputs, the dimension of the vectors."""
    from torch import nn

    layers = [(path, layer) for path, layer in network.named_modules() if isinstance(layer, nn.Linear)]
    path, last = layers[-1] if layers else ("", None)
    if last is None or last.out_features != classes:
        raise EncoderError("this network does not end in a linear layer and cannot be read before it")
    parent, _, child = path.rpartition(".")
    setattr(network.get_submodule(parent), child, nn.Identity())
    return last.in_features


def _identity(name: str, dim: int, path: Path) -> EncoderIdentity:
    where, transforms = geometry(name), _weights(name).transforms()
    colours = f"mean {tuple(transforms.mean)} std {tuple(transforms.std)}"
    preprocess = f"crop {where.size} of {where.resize} {where.interpolation}; {colours}; input of the last layer"
    return EncoderIdentity(name, dim, weights_sha256=weights.sha256(path), preprocess=preprocess)


def _fetched(name: str, report: Report) -> Path:
    """The file of weights, checked against the checksum in its own name."""
    import torch

    url = str(_weights(name).url)
    target = weights.folder() / url.rpartition("/")[2]
    shared = Path(torch.hub.get_dir()) / "checkpoints" / target.name
    path = next((each for each in (target, shared) if each.is_file()), None)
    path = path or weights.fetch(url, target, encoder=name, report=report)
    prefix = re.search(r"-([0-9a-f]{8,})\.", path.name)
    if prefix and not weights.sha256(path).startswith(prefix[1]):
        raise EncoderError(f"{path} is damaged: remove it to have it fetched again")
    return path

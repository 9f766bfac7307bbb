"""Classifiers of torchvision by the name of their weights, read just before their last layer.

``torchvision/ResNet50_Weights.IMAGENET1K_V2`` is an example of a name; the transforms that come with the weights are
kept.
"""

from __future__ import annotations

import re
import threading
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from visualmemory_gui.engine.encoders import download, weights
from visualmemory_gui.engine.errors import EncoderError
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.types import EncoderIdentity, EncoderInfo, Geometry

if TYPE_CHECKING:
    import torch

    from visualmemory_gui.engine.encoders.torch_encoder import TorchEncoder

PREFIX = "torchvision/"
FORM = re.compile(r"torchvision/[A-Za-z]\w{0,63}\.[A-Z]\w{0,63}", re.ASCII)
LICENCE = "BSD-3-Clause (code); weights as torchvision states for each"
# Listed as examples, with their megabytes, so that listing encoders need not import torchvision.
_EXAMPLES = (
    ("ResNet50_Weights.IMAGENET1K_V2", 2048, 98, "resnet50-11ad3fa6.pth"),
    ("ConvNeXt_Tiny_Weights.IMAGENET1K_V1", 768, 109, "convnext_tiny-983f1562.pth"),
    ("ViT_B_16_Weights.IMAGENET1K_V1", 768, 330, "vit_b_16-c867db91.pth"),
)
_NOTE = "any classification weights of torchvision can be named like this"


def infos() -> list[EncoderInfo]:
    return [
        EncoderInfo(
            PREFIX + name, dim, LICENCE, megabytes * 1_000_000, target.is_file(), _NOTE, arrived=weights.arrived(target)
        )
        for name, dim, megabytes, file in _EXAMPLES
        for target in (weights.folder() / file,)
    ]


def geometry(name: str) -> Geometry:
    transforms = _weights(name).transforms()
    return Geometry(
        size=transforms.crop_size[0],
        fit="crop",
        resize=transforms.resize_size[0],
        interpolation="bicubic" if transforms.interpolation.value == "bicubic" else "bilinear",
    )


def info(name: str) -> EncoderInfo:
    """Any weights, as ``infos`` lists them. Raises EncoderError."""
    size = round(_weights(name).meta["_file_size"] * 1_000_000)
    return EncoderInfo(name, _dimension(name), LICENCE, size, here(name) is not None)


def fetch(name: str, report: Report = silent) -> Path:
    """The file of weights, fetched if it is not here. Raises EncoderError."""
    url, file = str(_weights(name).url), _file_name(name)
    return here(name) or download.fetch(
        lambda: download.Remote(url, _checksum(file)),
        weights.folder() / file,
        encoder=name,
        address=url,
        attempt=lambda path: _attempt(name, path),
        report=report,
    )


def here(name: str) -> Path | None:
    """The file of weights, in the product's folder or in that of torch; None when there is none."""
    import torch

    shared = Path(torch.hub.get_dir()) / "checkpoints"
    places = (folder / _file_name(name) for folder in (weights.folder(), shared))
    return next((each for each in places if each.is_file()), None)


def identity(name: str, *, dim: int | None = None) -> EncoderIdentity:
    """The identity, with the checksum of the weights. Without ``dim`` an empty network is built to find it.

    Raises EncoderError, also when the weights are not here.
    """
    return _identity(name, _dimension(name) if dim is None else dim, _file(name))


def load(name: str, *, device: str, bulk: bool) -> TorchEncoder:
    """The encoder. Raises EncoderError, also when its weights are not here."""
    from visualmemory_gui.engine.encoders.torch_encoder import Network, SpatialTorchEncoder, TorchEncoder

    path = _file(name)
    try:
        module = _filled(name, path)
    except EncoderError as error:
        raise EncoderError(f"{error}: remove {path} to have it fetched again") from error
    dim = _beheaded(module, classes=_classes(name))
    transforms = _weights(name).transforms()
    spatial = hasattr(module, "avgpool")
    cells = partial(_before_pool, module) if spatial else None
    network = Network(module, module, tuple(transforms.mean), tuple(transforms.std), cells=cells)
    made = SpatialTorchEncoder if spatial else TorchEncoder
    return made(network, _identity(name, dim, path), geometry=geometry(name), device=device, bulk=bulk)


def _before_pool(module: torch.nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    """(n, 3, s, s) normalised -> (n, h, w, d): what the network averages over the image."""
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


@cache
def _enums() -> dict[str, Any]:
    """Torchvision's enums of weights by their names: a name is looked up here and nowhere else."""
    from torchvision import models

    enums = [models.get_model_weights(builder) for builder in models.list_models()]
    return {each.__name__: each for each in enums}


def _weights(name: str) -> Any:
    """The member of torchvision's enum. Raises EncoderError unless it is one of a classifier."""
    enum, _, member = name.removeprefix(PREFIX).partition(".")
    found = getattr(_enums().get(enum), "__members__", {}).get(member)
    if found is None:
        raise EncoderError(f"torchvision has no weights called {name.removeprefix(PREFIX)!r}")
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


def _filled(name: str, path: Path) -> torch.nn.Module:
    """The network with the weights in the file at ``path``. Raises EncoderError."""
    import torch

    network = _network(name)
    try:
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:  # torch raises errors of many kinds for files that are not its own
        raise EncoderError(f"{path.name} does not hold the weights of {name}") from error
    return network


def _attempt(name: str, path: Path) -> None:
    """Raise EncoderError unless the file at ``path`` gives a vector of an image."""
    import torch

    network, size = _filled(name, path), geometry(name).size
    dim = _beheaded(network, classes=_classes(name))
    with torch.inference_mode():
        vector = network(torch.zeros(1, 3, size, size))
    if vector.shape != (1, dim) or not torch.isfinite(vector).all():
        raise EncoderError(f"{path.name} gives no vectors of {dim} numbers for {name}")


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


def _file_name(name: str) -> str:
    return str(_weights(name).url).rpartition("/")[2]


def _file(name: str) -> Path:
    """The file of weights, checked against the checksum in its own name."""
    path = here(name) or weights.not_here(name)
    if not weights.sha256(path).startswith(_checksum(path.name)):
        raise EncoderError(f"{path} is damaged: remove it to have it fetched again")
    return path


def _checksum(file: str) -> str:
    """How the sha256 of a published file begins, which its name says; "" where it does not."""
    said = re.search(r"-([0-9a-f]{8,})\.", file)
    return said[1] if said else ""

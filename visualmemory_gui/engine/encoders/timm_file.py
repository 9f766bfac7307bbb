"""A file of weights of the user's own (``.safetensors``) for an architecture of timm.

Such a file holds numbers alone. ``FILE.json`` beside it, or the ``config.json`` with which timm publishes it, names the
``architecture``, and may say ``num_classes``, ``global_pool`` and ``img_size`` as timm takes them, besides what any
file of the user's own may say of its input. What neither says is what timm knows of the architecture.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from visualmemory_gui.engine.encoders import timm_models
from visualmemory_gui.engine.errors import EncoderError

if TYPE_CHECKING:
    import torch

SUFFIX = ".safetensors"
OPTIONS = ("num_classes", "global_pool", "img_size")
_CONFIG = "config.json"


def described(path: Path, said: dict[str, Any]) -> dict[str, Any]:
    """All that has to be known to use ``path``, whose own JSON file says ``said``. Raises EncoderError."""
    named, published = _published(path.with_name(_CONFIG))
    architecture = said.get("architecture") or named
    if not architecture:
        raise EncoderError(
            f"{path} holds weights alone: say in {path.name}.json beside it which architecture of timm they are for, "
            'as in {"architecture": "vit_small_patch16_224"}'
        )
    known = _known(str(architecture))
    try:
        return {"architecture": str(architecture), "num_classes": 0, **_input(said, known | published), **said}
    except (KeyError, IndexError, TypeError, ValueError, ArithmeticError) as error:
        where = f"{path.name}.json or {_CONFIG}"
        raise EncoderError(f"what {where} beside {path} says of its input cannot be used ({error})") from error


def _input(said: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """What the network is fed, by what is ``known`` where the user's own file does not say a ``size``."""
    size = int(said.get("size") or said.get("img_size") or known["input_size"][-1])
    return {
        "size": size,
        "resize": math.floor(size / float(known["crop_pct"])),
        "interpolation": "bicubic" if known["interpolation"] == "bicubic" else "bilinear",
        "mean": list(known["mean"]),
        "std": list(known["std"]),
    }


def network(path: Path, said: dict[str, Any]) -> torch.nn.Module:
    """The network of ``described`` with the weights in ``path``, in eval mode. Raises what timm and torch raise."""
    options = {name: said[name] for name in OPTIONS if name in said}
    return timm_models.network(str(said["architecture"]), path, options)


def try_out(path: Path, said: dict[str, Any]) -> None:
    """Raise EncoderError unless ``path`` fills the network of ``described``."""
    timm_models.try_out(lambda: network(path, said), int(said["size"]))


def _published(path: Path) -> tuple[str, dict[str, Any]]:
    """The architecture that timm's own file beside the weights names, "" for none, and what it says of its input."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return "", {}
    if not isinstance(found, dict) or not found.get("architecture"):
        return "", {}
    said = found.get("pretrained_cfg")
    return str(found["architecture"]), said if isinstance(said, dict) else {}


def _known(architecture: str) -> dict[str, Any]:
    """What timm knows of the input of an architecture. Raises EncoderError for a name that is not one."""
    import timm

    try:
        if timm.is_model(architecture):  # it is none where it is an address: nothing is fetched
            return dict(timm.get_pretrained_cfg(architecture).to_dict())
    except RuntimeError:  # for a tag after its name that there is not
        pass
    raise EncoderError(f"timm has no architecture called {architecture[:80]!a}")

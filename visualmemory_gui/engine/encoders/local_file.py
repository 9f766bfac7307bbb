"""A network of the user's own: TorchScript (``.pt``) on torch, ONNX (``.onnx``) on OpenVINO.

The file lies in the folder of weights and is called ``local/FILE``, so that a memory finds it again and remembers no
path of this computer. It takes (n, 3, s, s) normalised colours and gives (n, d) vectors or an (n, d, h, w) map, which
is averaged. ``FILE.json`` beside it may say ``size``, ``fit``, ``resize``, ``interpolation``, ``mean`` and ``std``;
without it: the middle 224 of 256 pixels, bicubic, the colours of ImageNet.
"""

from __future__ import annotations

import json
import shutil
import warnings
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from visualmemory_gui.engine import atomic_file
from visualmemory_gui.engine.encoders import openvino_runtime, weights
from visualmemory_gui.engine.encoders.base import Encoder, EncoderInfo, check, unit
from visualmemory_gui.engine.errors import EncoderError
from visualmemory_gui.engine.types import F32, U8, EncoderIdentity, Geometry

if TYPE_CHECKING:
    import torch

PREFIX = "local/"
SUFFIXES = (".pt", ".onnx")
_LICENCE = "as its author states"
_CHUNK = 32
Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Input:
    """What the network is fed."""

    geometry: Geometry
    mean: Triple = (0.485, 0.456, 0.406)
    std: Triple = (0.229, 0.224, 0.225)

    @property
    def preprocess(self) -> str:
        where = self.geometry
        return f"{where.fit} {where.size} of {where.resize} {where.interpolation}; mean {self.mean} std {self.std}"


def infos() -> list[EncoderInfo]:
    found = sorted(path.name for path in weights.folder().glob("*") if path.suffix in SUFFIXES)
    return [EncoderInfo(PREFIX + name, 0, _LICENCE, True, "a file of your own") for name in found]


def adopt(path: Path) -> str:
    """Copy a network and the JSON file beside it into the folder of weights; its name from now on.

    Raises EncoderError when it is no file, or another one is there under the same name.
    """
    if path.suffix not in SUFFIXES or not path.is_file():
        raise EncoderError(f"{path} is no TorchScript or ONNX file")
    target = weights.folder() / path.name
    if target.is_file() and weights.sha256(target) != weights.sha256(path):
        raise EncoderError(f"another file called {path.name} is in {target.parent}: give yours another name")
    try:
        for source in (path.with_name(path.name + ".json"), path):
            if source.is_file() and not target.is_file():
                _copy(source, weights.folder() / source.name)
    except OSError as error:
        raise EncoderError(f"{path} cannot be copied to {target.parent} ({error.strerror})") from error
    return PREFIX + path.name


def geometry(name: str) -> Geometry:
    return _input(_file(name)).geometry


def identity(name: str) -> EncoderIdentity:
    """Loads the network: only a run tells the dimension of its vectors. Raises EncoderError."""
    encoder = load(name, device="cpu", bulk=False)
    encoder.close()
    return encoder.identity


def load(name: str, *, device: str, bulk: bool) -> Encoder:
    """The encoder. Raises EncoderError."""
    path = _file(name)
    fed = _input(path)
    try:
        if path.suffix == ".pt":
            return _torchscript(name, path, fed, device=device, bulk=bulk)
        return OnnxEncoder(name, path, fed, bulk=bulk)
    except EncoderError:
        raise
    except Exception as error:  # torch and OpenVINO raise plain RuntimeErrors for files that are not theirs
        detail = " ".join(str(error).split())[:200]
        raise EncoderError(f"{path} cannot be used as an encoder ({detail})") from error


def _file(name: str) -> Path:
    file = name.removeprefix(PREFIX)
    path = weights.folder() / file
    if Path(file).name != file or path.suffix not in SUFFIXES:
        raise EncoderError(f"{name!r} names no TorchScript (.pt) or ONNX (.onnx) file")
    if not path.is_file():
        raise EncoderError(f"the network {file} is not here: put it at {path}")
    return path


def _input(path: Path) -> Input:
    beside = path.with_name(path.name + ".json")
    if not beside.is_file():
        return Input(Geometry(size=224, fit="crop", resize=256))
    try:
        said = json.loads(beside.read_text(encoding="utf-8"))
        colours = {key: _triple(said.pop(key)) for key in ("mean", "std") if key in said}
        size = int(said.get("size", 224))
        return Input(Geometry(**{"size": size, "fit": "crop", "resize": size * 256 // 224, **said}), **colours)
    except (ValueError, TypeError, AttributeError) as error:
        keys = ", ".join([field.name for field in fields(Geometry)] + ["mean", "std"])
        raise EncoderError(f"{beside} cannot be used: it may say {keys} ({error})") from error


def _triple(values: Any) -> Triple:
    red, green, blue = (float(value) for value in values)
    return red, green, blue


def _identity(name: str, path: Path, fed: Input, dim: int) -> EncoderIdentity:
    return EncoderIdentity(name, dim, weights_sha256=weights.sha256(path), preprocess=fed.preprocess)


def _torchscript(name: str, path: Path, fed: Input, *, device: str, bulk: bool) -> Encoder:
    import torch

    from visualmemory_gui.engine.encoders.torch_encoder import Network, TorchEncoder

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch announces that TorchScript will not grow any further
        module = torch.jit.load(str(path), map_location="cpu").eval()  # type: ignore[no-untyped-call]

    def vectors(inputs: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = module(inputs)
        return out.mean((2, 3)) if out.dim() == 4 else out

    size = fed.geometry.size
    with torch.inference_mode():
        dim = _dim(tuple(vectors(torch.zeros(1, 3, size, size)).shape))
    network = Network(module, vectors, fed.mean, fed.std)
    return TorchEncoder(network, _identity(name, path, fed, dim), geometry=fed.geometry, device=device, bulk=bulk)


def _dim(shape: tuple[int, ...]) -> int:
    if len(shape) != 2:
        raise EncoderError(f"the network gives {shape} for one picture; (1, d) or (1, d, h, w) can be used")
    return shape[1]


class OnnxEncoder:
    """An ONNX network on OpenVINO, on the CPU."""

    device = "cpu"
    backend = "openvino"

    def __init__(self, name: str, path: Path, fed: Input, *, bulk: bool) -> None:
        size = fed.geometry.size
        model = openvino_runtime.module().Core().read_model(str(path))
        model.reshape([-1, 3, size, size])
        self._compiled = openvino_runtime.compiled(model, bulk=bulk)
        self._scale = np.float32(1.0) / (255.0 * np.asarray(fed.std, np.float32))
        self._offset = -np.asarray(fed.mean, np.float32) / np.asarray(fed.std, np.float32)
        self.geometry = fed.geometry
        self.identity = _identity(name, path, fed, _dim(self._vectors(np.zeros((1, size, size, 3), np.uint8)).shape))

    def encode(self, batch: U8) -> F32:
        """As ``base.Encoder`` promises."""
        check(batch, self.geometry)
        parts = [self._vectors(batch[at : at + _CHUNK]) for at in range(0, len(batch), _CHUNK)]
        return unit(np.concatenate(parts)) if parts else np.empty((0, self.identity.dim), np.float32)

    def close(self) -> None:
        """Nothing that would not go by itself."""

    def _vectors(self, chunk: U8) -> F32:
        inputs = np.ascontiguousarray((chunk * self._scale + self._offset).transpose(0, 3, 1, 2), np.float32)
        request = self._compiled.create_infer_request()
        request.infer([inputs], share_inputs=True)
        out: F32 = request.get_output_tensor(0).data.copy()
        return out.mean(axis=(2, 3)) if out.ndim == 4 else out


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as file, atomic_file.write(target) as copy:
        shutil.copyfileobj(file, copy)

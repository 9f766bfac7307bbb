"""A network of the user's own: TorchScript (``.pt``) on torch, ONNX (``.onnx``) on OpenVINO.

It is used only after the user added its file: a copy lies in the folder of weights, and ``FILE.added`` beside it holds
its sha256. A memory remembers ``local/FILE`` and the sha256, and the sha256 decides which file is meant; no path is
remembered. A TorchScript file is program code, so no file is opened because a memory names one.

The network takes (n, 3, s, s) normalised colours and gives (n, d) vectors or an (n, d, h, w) map, which is averaged.
``FILE.json`` beside it may say ``size``, ``fit``, ``resize``, ``interpolation``, ``mean`` and ``std``; without it: the
middle 224 of 256 pixels, bicubic, the colours of ImageNet.
"""

from __future__ import annotations

import json
import re
import shutil
import warnings
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from visualmemory_gui.engine.encoders import openvino_runtime, weights
from visualmemory_gui.engine.encoders.base import Encoder, check, unit
from visualmemory_gui.engine.errors import EncoderError
from visualmemory_gui.engine.files import atomic_file
from visualmemory_gui.engine.types import F32, U8, EncoderIdentity, EncoderInfo, Geometry

if TYPE_CHECKING:
    import torch

PREFIX = "local/"
NOTES = {
    ".pt": "a file of your own: program code, which runs with your rights whenever it is used",
    ".onnx": "a file of your own",
}
SUFFIXES = tuple(NOTES)
FORM = re.compile(r"local/\w[\w .()+-]{0,119}\.(?:pt|onnx)")
_RECORD = ".added"
_HOW = "`visualmemory encoders --add FILE` adds it, if you trust it"
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


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A file that the user added; ``dim`` is that of its vectors."""

    path: Path
    sha256: str
    dim: int

    def checked(self) -> Path:
        """The file. Raises EncoderError when it is not the one that was added."""
        if weights.sha256(self.path) != self.sha256:
            raise EncoderError(f"{self.path} is not the file that was added: `visualmemory encoders --add` adds it")
        return self.path


def infos() -> list[EncoderInfo]:
    return [
        EncoderInfo(PREFIX + one.path.name, one.dim, _LICENCE, one.path.stat().st_size, True, NOTES[one.path.suffix])
        for one in _all()
    ]


def is_path(text: str) -> bool:
    """Whether ``text``, typed by the user in place of a name, is the path of a network."""
    return not FORM.fullmatch(text) and Path(text).suffix in SUFFIXES


def add(path: Path) -> EncoderIdentity:
    """Try a network, and copy it and the JSON file beside it into the folder of weights, known by its sha256.

    Only for a file that the user names: trying it runs its code. Raises EncoderError when it cannot be used, or
    another one is there under the same name.
    """
    if not FORM.fullmatch(PREFIX + path.name) or not path.is_file():
        raise EncoderError(f"{path} is not a TorchScript (.pt) or ONNX (.onnx) file with a plain name")
    target = weights.folder() / path.name
    if target.is_file() and weights.sha256(target) != weights.sha256(path):
        raise EncoderError(f"another file called {path.name} is in {target.parent}: give yours another name")
    dim = _tried(path)
    try:
        for source in (path.with_name(path.name + ".json"), path):
            if source.is_file() and not target.is_file():
                _copy(source, target.parent / source.name)
        _record(ModelFile(target, weights.sha256(target), dim))
    except OSError as error:
        raise EncoderError(f"{path} cannot be copied to {target.parent} ({error.strerror})") from error
    return identity(PREFIX + path.name)


def identity(name: str) -> EncoderIdentity:
    """The identity of the file that was added under ``name``. Raises EncoderError."""
    for one in _all():
        if PREFIX + one.path.name == name:
            return _identity(name, one.checked(), _input(one.path), one.dim)
    raise EncoderError(f"no model file was added as {name}: {_HOW}")


def remembered(wanted: EncoderIdentity) -> EncoderIdentity:
    """The identity here of the file that ``wanted`` means, under its name in the memory. Raises EncoderError."""
    one = _meant(wanted)
    return _identity(wanted.name, one.checked(), _input(one.path), one.dim)


def geometry(wanted: EncoderIdentity) -> Geometry:
    return _input(_meant(wanted).path).geometry


def load(wanted: EncoderIdentity, *, device: str, bulk: bool) -> Encoder:
    """The encoder. Raises EncoderError, before the file is opened where it is not the one that ``wanted`` means."""
    return _loaded(wanted.name, _meant(wanted).checked(), device=device, bulk=bulk)


def _all() -> list[ModelFile]:
    records = sorted(weights.folder().glob("*" + _RECORD))
    return [one for record in records for one in (_read(record),) if one is not None]


def _read(record: Path) -> ModelFile | None:
    """What is recorded of a file; None where the record cannot be read or the file is gone."""
    path = record.with_name(record.name.removesuffix(_RECORD))
    try:
        said = json.loads(record.read_text(encoding="utf-8"))
        one = ModelFile(path, str(said["sha256"]), int(said["dim"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return one if FORM.fullmatch(PREFIX + path.name) and path.is_file() else None


def _record(one: ModelFile) -> None:
    text = json.dumps({"sha256": one.sha256, "dim": one.dim})
    with atomic_file.write(one.path.with_name(one.path.name + _RECORD)) as file:
        file.write(text.encode())


def _meant(wanted: EncoderIdentity) -> ModelFile:
    """The added file of the sha256 that a memory remembers. Raises EncoderError."""
    for one in _all():
        if one.sha256 == wanted.weights_sha256:
            return one
    file, sha256 = wanted.name.removeprefix(PREFIX), ascii(wanted.weights_sha256[:64]).strip("'")
    raise EncoderError(f"the model file {file} (sha256 {sha256}) was not added on this computer: {_HOW}")


def _tried(path: Path) -> int:
    """How many numbers the network's vectors have, which only a run shows. Raises EncoderError."""
    encoder = _loaded(PREFIX + path.name, path, device="cpu", bulk=False)
    encoder.close()
    return encoder.identity.dim


def _loaded(name: str, path: Path, *, device: str, bulk: bool) -> Encoder:
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
        warnings.simplefilter("ignore")  # torch warns that TorchScript is no longer developed
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
        raise EncoderError(f"the network gives {shape} for one image; (1, d) or (1, d, h, w) can be used")
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
        """Nothing to release: all of it is freed on its own."""

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

"""A network of the user's own: TorchScript (``.pt``) or weights for timm (``.safetensors``) on torch, ONNX on OpenVINO.

It is used only after the user added its file: a copy lies in the folder of weights, and ``FILE.added`` beside it holds
its sha256. A memory remembers ``local/FILE`` and the sha256, and the sha256 decides which file is meant; no path is
remembered. A TorchScript file is program code, so no file is opened because a memory names one.

The network takes (n, 3, s, s) normalised colours and gives (n, d) vectors or an (n, d, h, w) map, which is averaged.
``FILE.json`` beside it may say ``size``, ``fit``, ``resize``, ``interpolation``, ``mean`` and ``std``; without it: the
middle 224 of 256 pixels, bicubic, the colours of ImageNet. For weights alone it also names the network, see
``timm_file``.
"""

from __future__ import annotations

import json
import re
import shutil
import warnings
import zipfile
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from visualmemory_gui.engine.device.torch_required import torch_required
from visualmemory_gui.engine.encoders import openvino_runtime, timm_file, timm_models, weights
from visualmemory_gui.engine.encoders.base import FEW, Encoder, check, in_parts, unit
from visualmemory_gui.engine.errors import EncoderError
from visualmemory_gui.engine.files import atomic_file
from visualmemory_gui.engine.types import F32, U8, EncoderIdentity, EncoderInfo, Geometry

if TYPE_CHECKING:
    import torch

PREFIX = "local/"
_ONNX = ".onnx"
NOTES = {
    ".pt": "a file of your own: program code, which runs with your rights whenever it is used",
    _ONNX: "a file of your own",
    timm_file.SUFFIX: "weights of your own, for an architecture of timm",
}
SUFFIXES = tuple(NOTES)
FORM = re.compile(r"local/\w[\w .()+-]{0,119}\.(?:pt|onnx|safetensors)")
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
    network: str = ""  # what weights alone are put into

    @property
    def preprocess(self) -> str:
        where, network = self.geometry, f"; {self.network}" if self.network else ""
        colours = f"mean {self.mean} std {self.std}"
        return f"{where.fit} {where.size} of {where.resize} {where.interpolation}; {colours}{network}"


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


def is_onnx(name: str) -> bool:
    """Whether the encoder ``name`` is a network in ONNX; others of this form are computed by torch."""
    return FORM.fullmatch(name) is not None and name.endswith(_ONNX)


def added(name: str) -> Path | None:
    """The file that was added under ``name``; None where there is none."""
    return next((one.path for one in _all() if PREFIX + one.path.name == name), None)


@torch_required
def add(path: Path) -> EncoderIdentity:
    """Try a network, and copy it and what its JSON file says into the folder of weights, known by its sha256.

    Only for a file that the user names: trying it runs its code. Raises EncoderError when it cannot be used, or
    another one, or the same with another description, was added under the same name.
    """
    if not path.is_file():
        raise EncoderError(f"there is no file {path}")
    if not FORM.fullmatch(PREFIX + path.name):
        raise EncoderError(
            f"{path} cannot be added under its name: it has to end in {', '.join(SUFFIXES)}, and to consist of "
            "letters, digits, spaces and the signs _.()+-"
        )
    target = weights.folder() / path.name
    if target.is_file() and weights.sha256(target) != weights.sha256(path):
        raise EncoderError(f"another file called {path.name} is in {target.parent}: give yours another name")
    said = _said(path)
    if path.suffix == timm_file.SUFFIX:
        said = timm_file.described(path, said)
    described = said == _said(target)
    if not described and any(one.path == target for one in _all()):
        raise EncoderError(
            f"{path.name} was added before, but {_beside(path)} says something else of it now: give both another name"
        )
    dim = _tried(path, said)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if not described:
            _write(_beside(target), json.dumps(said))
        if not target.is_file():
            _copy(path, target)
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
    path = _meant(wanted).checked()
    return _loaded(wanted.name, path, _said(path), device=device, bulk=bulk)


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
    _write(one.path.with_name(one.path.name + _RECORD), text)


def _meant(wanted: EncoderIdentity) -> ModelFile:
    """The added file of the sha256 that a memory remembers, of several the one fed as it says. Raises EncoderError."""
    if found := [one for one in _all() if one.sha256 == wanted.weights_sha256]:
        return next((one for one in found[1:] if _input(one.path).preprocess == wanted.preprocess), found[0])
    file, sha256 = wanted.name.removeprefix(PREFIX), ascii(wanted.weights_sha256[:64]).strip("'")
    raise EncoderError(f"the model file {file} (sha256 {sha256}) was not added on this computer: {_HOW}")


def _tried(path: Path, said: dict[str, Any]) -> int:
    """How many numbers the network's vectors have, which only a run shows. Raises EncoderError."""
    encoder = _loaded(PREFIX + path.name, path, said, device="cpu", bulk=False)
    if path.suffix == timm_file.SUFFIX:
        timm_file.try_out(path, said)
    encoder.close()
    return encoder.identity.dim


def _loaded(name: str, path: Path, said: dict[str, Any], *, device: str, bulk: bool) -> Encoder:
    fed = _fed(path, said)
    try:
        if path.suffix == ".pt":
            _require_script(path)
            return _torchscript(name, path, fed, device=device, bulk=bulk)
        if path.suffix == timm_file.SUFFIX:
            return _timm(name, path, fed, timm_file.network(path, said), device=device, bulk=bulk)
        return OnnxEncoder(name, path, fed, bulk=bulk)
    except (EncoderError, ModuleNotFoundError):
        raise
    except Exception as error:  # torch and OpenVINO raise plain RuntimeErrors for files that are not theirs
        detail = " ".join(str(error).split())[:200]
        raise EncoderError(f"{path} cannot be used as an encoder ({detail})") from error


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _said(path: Path) -> dict[str, Any]:
    """What the JSON file beside ``path`` says; empty where there is none."""
    try:
        found = json.loads(_beside(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise _unclear(path, error) from error
    if not isinstance(found, dict):
        raise _unclear(path, "it is not an object")
    return found


def _input(path: Path) -> Input:
    return _fed(path, _said(path))


def _fed(path: Path, said: dict[str, Any]) -> Input:
    built = {key: said[key] for key in ("architecture", *timm_file.OPTIONS) if key in said}
    shape = {key: value for key, value in said.items() if key not in (*built, "mean", "std")}
    network = ", ".join(f"{key} {value}" for key, value in built.items())
    try:
        colours = {key: _triple(said[key]) for key in ("mean", "std") if key in said}
        size = int(shape.get("size", 224))
        geometry = Geometry(**{"size": size, "fit": "crop", "resize": size * 256 // 224, **shape})
        return Input(geometry, **colours, network=network)
    except (ValueError, TypeError, OverflowError) as error:
        raise _unclear(path, error) from error


def _unclear(path: Path, why: object) -> EncoderError:
    keys = ", ".join([field.name for field in fields(Geometry)] + ["mean", "std"])
    return EncoderError(f"{_beside(path)} cannot be used: it may say {keys} ({why})")


def _triple(values: Any) -> Triple:
    red, green, blue = (float(value) for value in values)
    return red, green, blue


def _identity(name: str, path: Path, fed: Input, dim: int) -> EncoderIdentity:
    return EncoderIdentity(name, dim, weights_sha256=weights.sha256(path), preprocess=fed.preprocess)


def _require_script(path: Path) -> None:
    """Raise EncoderError unless ``path`` is an archive with a program in it, as TorchScript files are."""
    try:
        with zipfile.ZipFile(path) as archive:
            if any("/code/" in name for name in archive.namelist()):
                return
    except zipfile.BadZipFile:
        pass
    raise EncoderError(
        f"{path} is no TorchScript file. If it is a checkpoint of torch, it can hold any program in pickled form, and "
        "is not opened: save its weights as .safetensors"
    )


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


def _timm(name: str, path: Path, fed: Input, module: torch.nn.Module, *, device: str, bulk: bool) -> Encoder:
    import torch

    from visualmemory_gui.engine.encoders.torch_encoder import Network, SpatialTorchEncoder, TorchEncoder

    size = fed.geometry.size
    with torch.inference_mode():
        dim = _dim(tuple(module(torch.zeros(1, 3, size, size)).shape))
    cells = partial(timm_models.cells, module) if timm_models.has_cells(module) else None
    made = SpatialTorchEncoder if cells else TorchEncoder
    network = Network(module, module, fed.mean, fed.std, cells=cells)
    return made(network, _identity(name, path, fed, dim), geometry=fed.geometry, device=device, bulk=bulk)


def _dim(shape: tuple[int, ...]) -> int:
    if len(shape) != 2:
        raise EncoderError(f"the network gives {shape} for one image; (1, d) or (1, d, h, w) can be used")
    return shape[1]


class OnnxEncoder:
    """An ONNX network on OpenVINO, on the CPU."""

    device = "cpu"
    backend = "openvino"
    at_once = FEW

    def __init__(self, name: str, path: Path, fed: Input, *, bulk: bool) -> None:
        size = fed.geometry.size
        model = openvino_runtime.onnx_model(path)
        model.reshape([-1, 3, size, size])
        self._compiled = openvino_runtime.compiled(model, bulk=bulk)
        self._scale = np.float32(1.0) / (255.0 * np.asarray(fed.std, np.float32))
        self._offset = -np.asarray(fed.mean, np.float32) / np.asarray(fed.std, np.float32)
        self.geometry = fed.geometry
        self.identity = _identity(name, path, fed, _dim(self._vectors(np.zeros((1, size, size, 3), np.uint8)).shape))

    def encode(self, batch: U8) -> F32:
        """As ``base.Encoder`` promises."""
        check(batch, self.geometry)
        return unit(in_parts(self._vectors, batch, _CHUNK, self.identity.dim))

    def close(self) -> None:
        """Nothing to release: all of it is freed on its own."""

    def _vectors(self, chunk: U8) -> F32:
        inputs = np.ascontiguousarray((chunk * self._scale + self._offset).transpose(0, 3, 1, 2), np.float32)
        request = self._compiled.create_infer_request()
        request.infer([inputs], share_inputs=True)
        out: F32 = request.get_output_tensor(0).data.copy()
        return out.mean(axis=(2, 3)) if out.ndim == 4 else out


def _write(path: Path, text: str) -> None:
    with atomic_file.write(path) as file:
        file.write(text.encode())


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as file, atomic_file.write(target) as copy:
        shutil.copyfileobj(file, copy)

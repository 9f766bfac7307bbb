"""Encoders by name: what there is, what a memory remembers of each, and loading it."""

from __future__ import annotations

import logging
from pathlib import Path

from visualmemory_gui.engine import device as devices
from visualmemory_gui.engine.encoders import (
    fake,
    lite,
    local_file,
    openvino_lite,
    openvino_runtime,
    timm_models,
    torchvision_models,
)
from visualmemory_gui.engine.encoders.base import Encoder, EncoderInfo
from visualmemory_gui.engine.errors import EncoderError
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.types import Device, EncoderIdentity, Geometry

log = logging.getLogger(__name__)


def load(name: str, *, device: Device = "auto", bulk: bool = False, report: Report = silent) -> Encoder:
    """The encoder ``name``, ready to compute. ``bulk`` takes all cores of a CPU, for imports.

    ``name`` is one that ``available`` lists, the name of weights of torchvision, or the path of a TorchScript or ONNX
    file. Weights that are not here are fetched, which ``report`` follows. Raises EncoderError, and BadValue for a
    device that is not there.
    """
    if name == fake.NAME:
        return fake.FakeEncoder()
    where = devices.resolve(device)
    if name == lite.NAME:
        return _lite(where, bulk=bulk)
    if spec := timm_models.spec(name):
        return timm_models.load(spec, device=where, bulk=bulk, report=report)
    if name.startswith(torchvision_models.PREFIX):
        return torchvision_models.load(name, device=where, bulk=bulk, report=report)
    return local_file.load(_local(name), device=where, bulk=bulk)


def identity(name: str, *, report: Report = silent) -> EncoderIdentity:
    """What a memory remembers of ``name``. Raises EncoderError.

    Nothing is loaded for ``lite0`` and the models of timm; weights that are not here are fetched, because their
    checksum is part of the identity.
    """
    if name == fake.NAME:
        return fake.IDENTITY
    if name == lite.NAME:
        return lite.IDENTITY
    if spec := timm_models.spec(name):
        return timm_models.identity(spec, report=report)
    if name.startswith(torchvision_models.PREFIX):
        return torchvision_models.identity(name, report=report)
    return local_file.identity(_local(name))


def geometry(name: str) -> Geometry:
    """How pictures are brought to the encoder ``name``; its weights need not be here. Raises EncoderError."""
    if name == fake.NAME:
        return fake.FakeEncoder.geometry
    if name == lite.NAME:
        return lite.GEOMETRY
    if spec := timm_models.spec(name):
        return spec.geometry
    if name.startswith(torchvision_models.PREFIX):
        return torchvision_models.geometry(name)
    return local_file.geometry(_local(name))


def prepare(name: str, *, device: Device = "auto", report: Report = silent) -> bool:
    """Make what lets ``name`` compute faster here, if it is missing: the converted model. True when it was made."""
    missing = name == lite.NAME and openvino_runtime.installed() and not openvino_lite.ready()
    if not missing or devices.resolve(device) != "cpu":
        return False
    openvino_lite.prepare(report)
    return True


def available() -> list[EncoderInfo]:
    """Every encoder that can be named, the one that needs no network first. Loads no model and no library for one."""
    note = "fast on this computer" if openvino_lite.ready() else ""
    first = EncoderInfo(lite.NAME, lite.IDENTITY.dim, lite.LICENCE, lite.weights_file() is not None, note)
    return [first, *timm_models.infos(), *torchvision_models.infos(), *local_file.infos()]


def _lite(device: str, *, bulk: bool) -> Encoder:
    if device == "cpu" and openvino_lite.ready():
        try:
            return openvino_lite.load(bulk=bulk)
        except EncoderError as error:
            log.warning("%s", error)
    return lite.load(device=device, bulk=bulk)


def _local(name: str) -> str:
    """The name of a file in the folder of weights; a file given by its path is copied there."""
    if name.startswith(local_file.PREFIX):
        return name
    if Path(name).suffix in local_file.SUFFIXES:
        return local_file.adopt(Path(name))
    raise EncoderError(f"there is no encoder called {name!r}; `visualmemory encoders` lists them")

"""Encoders by name: what there is, what a memory remembers of it, and loading it."""

from __future__ import annotations

import logging

from visualmemory_gui.engine import device as devices
from visualmemory_gui.engine.encoders import fake, lite, openvino_lite
from visualmemory_gui.engine.encoders.base import Encoder, EncoderInfo
from visualmemory_gui.engine.errors import EncoderError
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.types import Device, EncoderIdentity

log = logging.getLogger(__name__)


def load(name: str, *, device: Device = "auto", bulk: bool = False, report: Report = silent) -> Encoder:
    """The encoder ``name``, ready to compute. ``bulk`` takes all cores of a CPU, for imports.

    Weights that are not here are fetched, which ``report`` follows. Raises EncoderError, BadValue for a device that is
    not there.
    """
    if name == fake.NAME:
        return fake.FakeEncoder()
    if name == lite.NAME:
        return _lite(device, bulk=bulk)
    raise _unknown(name)


def identity(name: str) -> EncoderIdentity:
    """What a memory remembers of ``name``; of the encoders that come with the product without loading anything."""
    if name == fake.NAME:
        return fake.IDENTITY
    if name == lite.NAME:
        return lite.IDENTITY
    raise _unknown(name)


def available() -> list[EncoderInfo]:
    return [EncoderInfo(lite.NAME, lite.IDENTITY.dim, lite.LICENCE, lite.weights_file() is not None)]


def _lite(device: Device, *, bulk: bool) -> Encoder:
    where = devices.resolve(device)
    if where == "cpu" and openvino_lite.ready():
        try:
            return openvino_lite.load(bulk=bulk)
        except EncoderError as error:
            log.warning("%s", error)
    return lite.load(device=where, bulk=bulk)


def _unknown(name: str) -> EncoderError:
    return EncoderError(f"there is no encoder called {name!r}; `visualmemory encoders` lists them")

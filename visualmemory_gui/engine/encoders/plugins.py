"""Encoders of other packages, by the entry points ``visualmemory.encoders``.

An entry point names what a class of the protocol ``Encoder`` has and makes: ``identity``, whose name is the entry
point's, ``geometry`` and ``licence`` without making one, and a call with ``device`` and ``bulk`` that makes one.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Protocol, cast

import numpy as np

from visualmemory_gui.engine.encoders.base import FEW, Encoder, check
from visualmemory_gui.engine.errors import EncoderError, PluginError
from visualmemory_gui.engine.plugins import entry_points
from visualmemory_gui.engine.types import F32, U8, EncoderIdentity, EncoderInfo, Geometry

UNIT_TOLERANCE = 1e-3
"""How far from 1 the length of a vector may be, which is brought to it afterwards."""


class EncoderPlugin(Protocol):
    """What an entry point must name: a class, or an object that can be called like one."""

    identity: EncoderIdentity
    geometry: Geometry
    licence: str

    def __call__(self, *, device: str, bulk: bool) -> Encoder: ...


def found(name: str) -> EncoderPlugin | None:
    """The plug-in of this name; None where no installed package has one. Runs the package's code.

    Raises EncoderError where it cannot be used.
    """
    try:
        entry = entry_points.find(entry_points.ENCODERS, name)
        return None if entry is None else _checked(entry)
    except PluginError as error:
        raise EncoderError(str(error)) from error


def infos(built_in: frozenset[str]) -> list[EncoderInfo]:
    """Those of installed packages as ``encoders`` lists them, without names that are the product's own."""
    return [_info(name) for name in entry_points.names(entry_points.ENCODERS) if name not in built_in]


def load(name: str, *, device: str, bulk: bool) -> Encoder:
    """The encoder, whose every answer is checked. Raises EncoderError."""
    plugin = found(name)
    if plugin is None:
        raise EncoderError(f"no installed package provides the encoder {name}")
    try:
        return CheckedEncoder(plugin(device=device, bulk=bulk), plugin.identity)
    except Exception as error:
        raise EncoderError(f"the encoder {name} does not start ({type(error).__name__}: {error})") from error


class CheckedEncoder:
    """An encoder of another package that answers as it promises, or ends in an EncoderError that names it."""

    def __init__(self, encoder: Encoder, identity: EncoderIdentity) -> None:
        self._encoder = encoder
        self.identity = identity
        self.geometry = encoder.geometry
        self.device = str(getattr(encoder, "device", "cpu"))
        self.backend = str(getattr(encoder, "backend", identity.name))

    @property
    def at_once(self) -> int:
        """As ``base.Encoder`` says, where the package says it."""
        said = getattr(self._encoder, "at_once", FEW)
        return said if isinstance(said, int) and said > 0 else FEW

    def encode(self, batch: U8) -> F32:
        """As ``base.Encoder`` promises. Raises EncoderError."""
        check(batch, self.geometry)
        try:
            vectors = np.asarray(self._encoder.encode(batch))
        except Exception as error:
            raise self._broken(f"fails to encode ({type(error).__name__}: {error})") from error
        wanted = (len(batch), self.identity.dim)
        if vectors.shape != wanted or vectors.dtype != np.float32:
            raise self._broken(f"gives {vectors.dtype} {vectors.shape} where it promises float32 {wanted}")
        lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)
        if not (np.abs(lengths - 1.0) <= UNIT_TOLERANCE).all():  # also where it is not a number
            raise self._broken("gives vectors that are not of unit length")
        return vectors

    def close(self) -> None:
        self._encoder.close()

    def _broken(self, why: str) -> EncoderError:
        return EncoderError(f"the encoder {self.identity.name}, of an installed package, {why}")


def _checked(entry: EntryPoint) -> EncoderPlugin:
    plugin = entry_points.load(entry)
    identity, geometry = getattr(plugin, "identity", None), getattr(plugin, "geometry", None)
    if not callable(plugin) or not isinstance(identity, EncoderIdentity) or not isinstance(geometry, Geometry):
        raise entry_points.broken(entry, "is no encoder: it needs identity, geometry, and a call that makes one")
    if identity.name != entry.name or not isinstance(identity.dim, int) or identity.dim < 1:
        raise entry_points.broken(entry, f"says that it is {identity.name[:80]!a} of {identity.dim} numbers")
    return cast(EncoderPlugin, plugin)


def _info(name: str) -> EncoderInfo:
    try:
        plugin = found(name)
    except EncoderError as error:
        return EncoderInfo(name, 0, "", 0, weights_here=False, note=str(error))
    assert plugin is not None
    licence = str(getattr(plugin, "licence", ""))
    return EncoderInfo(name, plugin.identity.dim, licence, 0, weights_here=True, note="of an installed package")

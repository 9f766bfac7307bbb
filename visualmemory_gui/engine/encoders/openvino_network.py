"""A network of torch on OpenVINO, where a measurement says that this is faster here and gives the same vectors.

What was measured is kept in the user's cache folder, by weights, preprocessing and version of OpenVINO, with the
converted network where it is used.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from visualmemory_gui.engine.encoders import openvino_runtime, throughput
from visualmemory_gui.engine.encoders.base import FEW, Encoder, check, in_parts, unit
from visualmemory_gui.engine.errors import EncoderError, VisualMemoryError
from visualmemory_gui.engine.files import atomic_file, installation
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.types import F32, U8, EncoderIdentity, Geometry

if TYPE_CHECKING:
    from visualmemory_gui.engine.encoders.torch_encoder import SpatialTorchEncoder, TorchEncoder

SAME = 0.9999
"""The least cosine between the vectors of both, over the images that are tried."""
FASTER = 1.1
"""How many times as fast it has to be."""
_MODEL, _WEIGHTS, _VERDICT = "model.xml", "model.bin", "verdict.json"
_LAYOUT = 1  # raised when what is kept changes
LARGEST = 600_000_000
"""Bytes of weights above which it is not tried: it would take four times as much memory."""
_CHUNK = 8
_TRIED = 16
_WHAT = "Trying a faster form of the encoder"


@dataclass(frozen=True, slots=True)
class OpenVinoVerdict:
    """What was measured: whether it is ``used``, how many times as fast it is, and the least cosine to torch.

    ``spatial`` says that the network has cells; ``sha256`` are the checksums of the kept files, by their names.
    """

    used: bool
    gain: float
    cosine: float
    spatial: bool
    sha256: dict[str, str]


def folder(identity: EncoderIdentity) -> Path:
    """Where what was measured of this encoder with this OpenVINO is kept."""
    key = hashlib.sha256(json.dumps(identity.to_json(), sort_keys=True).encode()).hexdigest()[:16]
    name = re.sub(r"[^\w.-]", "-", identity.name)
    return installation.cache_folder() / "encoders" / f"{name}-{key}-openvino-{metadata.version('openvino')}-{_LAYOUT}"


def verdict(identity: EncoderIdentity) -> OpenVinoVerdict | None:
    """What was measured; None where it has not been, or OpenVINO is not installed."""
    if not openvino_runtime.installed():
        return None
    try:
        return OpenVinoVerdict(**json.loads((folder(identity) / _VERDICT).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def prepare(encoder: TorchEncoder, report: Report = silent) -> OpenVinoVerdict:
    """Convert the network of ``encoder``, which computes on the CPU, measure both, and keep the verdict.

    Takes up to a minute. Raises EncoderError, or what ``report`` raises.
    """
    report(0, None, _WHAT)
    target = folder(encoder.identity)
    with openvino_runtime.room_beside(target) as made:
        found = _measured(encoder, made, report)
        with atomic_file.create(made / _VERDICT) as file:
            file.write(json.dumps(asdict(found)).encode())
        shutil.rmtree(target, ignore_errors=True)
        made.rename(target)
    return found


def load(
    identity: EncoderIdentity, geometry: Geometry, *, bulk: bool, torch: Callable[[], TorchEncoder]
) -> OpenVinoNetwork:
    """The encoder from the cache; ``torch`` loads it in torch, which still gives the cells.

    Raises EncoderError, after removing what is damaged.
    """
    place, found = folder(identity), verdict(identity)
    try:
        if found is None or not found.used or found.sha256 != _sums(place):
            raise ValueError("the converted network is damaged")
        made = SpatialOpenVinoNetwork if found.spatial else OpenVinoNetwork
        return made(place / _MODEL, identity, geometry, bulk=bulk, torch=torch)
    except Exception as error:  # OpenVINO raises plain RuntimeErrors of many kinds
        shutil.rmtree(place, ignore_errors=True)
        raise EncoderError(f"the fast encoder in {place} cannot be used and was removed ({error})") from error


class OpenVinoNetwork:
    """The converted network on the CPU."""

    device = "cpu"
    backend = "openvino"
    at_once = FEW

    def __init__(
        self,
        model: Path,
        identity: EncoderIdentity,
        geometry: Geometry,
        *,
        bulk: bool,
        torch: Callable[[], TorchEncoder],
    ) -> None:
        self.identity, self.geometry = identity, geometry
        self._compiled = openvino_runtime.compiled(model, bulk=bulk)
        self._torch = torch
        self._loaded: list[TorchEncoder] = []

    def encode(self, batch: U8) -> F32:
        """As ``base.Encoder`` promises."""
        check(batch, self.geometry)
        return unit(in_parts(self._vectors, batch, _CHUNK, self.identity.dim))

    def close(self) -> None:
        """Release what was loaded in torch; the rest is freed on its own."""
        while self._loaded:
            self._loaded.pop().close()

    def _vectors(self, chunk: U8) -> F32:
        request = self._compiled.create_infer_request()
        request.infer([np.ascontiguousarray(chunk)], share_inputs=True)
        out: F32 = request.get_output_tensor(0).data.copy()
        return out

    def _in_torch(self) -> TorchEncoder:
        if not self._loaded:
            self._loaded.append(self._torch())
        return self._loaded[0]


class SpatialOpenVinoNetwork(OpenVinoNetwork):
    """An OpenVinoNetwork that has cells: torch computes them."""

    def features(self, batch: U8) -> F32:
        """As ``base.SpatialEncoder`` promises."""
        spatial: SpatialTorchEncoder = self._in_torch()  # type: ignore[assignment]
        return spatial.features(batch)


def _measured(encoder: TorchEncoder, place: Path, report: Report) -> OpenVinoVerdict:
    """Convert into ``place``, and compare; where it is not used, the converted files are removed again."""
    spatial = hasattr(encoder, "features")
    try:
        _convert(encoder, place)
        report(0, None, _WHAT)
        other = OpenVinoNetwork(place / _MODEL, encoder.identity, encoder.geometry, bulk=True, torch=lambda: encoder)
        cosine = _least_cosine(encoder, other)
        gain = _gain(encoder, other, report) if cosine >= SAME else 0.0
    except (VisualMemoryError, OSError):
        raise
    except Exception:  # a network that OpenVINO does not know; it raises errors of many kinds
        cosine, gain = 0.0, 0.0
    used = cosine >= SAME and gain >= FASTER
    if not used:
        for path in place.iterdir():
            path.unlink()
    return OpenVinoVerdict(used, round(gain, 3), round(cosine, 7), spatial, _sums(place) if used else {})


def _convert(encoder: TorchEncoder, place: Path) -> None:
    import torch

    openvino, size = openvino_runtime.module(), encoder.geometry.size
    example = torch.zeros((1, size, size, 3), dtype=torch.uint8)
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch and OpenVINO warn about coming renames
        model = openvino_runtime.convert_model(encoder.from_pixels(), example_input=example, input=[-1, size, size, 3])
    openvino.save_model(model, str(place / _MODEL), compress_to_fp16=False)


def _least_cosine(encoder: Encoder, other: Encoder) -> float:
    """Over images of noise, and of coarse squares."""
    size, rng = encoder.geometry.size, np.random.default_rng(0)
    side = size // 8 + 1
    batch = rng.integers(0, 256, (_TRIED, 8, 8, 3), np.uint8).repeat(side, 1).repeat(side, 2)[:, :size, :size]
    batch[::2] = rng.integers(0, 256, batch[::2].shape, np.uint8)
    return float((encoder.encode(batch) * other.encode(batch)).sum(axis=1).min())


def _gain(encoder: Encoder, other: Encoder, report: Report) -> float:
    """How many times as fast ``other`` is: each is measured twice, in turn, and its better figure counts."""
    best = [0.0, 0.0]
    for _ in range(2):
        for at, each in enumerate((encoder, other)):
            best[at] = max(best[at], throughput.images_per_second(each, seconds=0.5, report=report))
    return best[1] / best[0]


def _sums(place: Path) -> dict[str, str]:
    return {name: atomic_file.sha256(place / name) for name in (_MODEL, _WEIGHTS)}

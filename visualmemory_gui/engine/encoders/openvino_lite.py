"""``lite0`` on OpenVINO: four times as fast as torch on a CPU, and neither torch nor timm is loaded.

Converting takes seconds and needs torch; the result is kept in the user's cache folder, sealed with its checksums.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import queue
import shutil
import warnings
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from visualmemory_gui.engine.encoders import lite, openvino_runtime
from visualmemory_gui.engine.encoders.base import FEW, check, unit
from visualmemory_gui.engine.errors import EncoderError
from visualmemory_gui.engine.files import atomic_file, installation
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.types import F32, U8

_MODEL, _WEIGHTS, _SEAL = "model.xml", "model.bin", "seal.json"
# The layout of the converted model: raised when what it takes or gives changes.
_LAYOUT = 1
# Four images at a time keep what passes between the layers in the cache of the processor.
_CHUNK = 4
_STEPS = 3


def folder() -> Path:
    """Where the converted model of these weights and this OpenVINO is kept."""
    key = f"{lite.IDENTITY.weights_sha256[:16]}-openvino-{metadata.version('openvino')}-{_LAYOUT}"
    return installation.cache_folder() / "encoders" / f"{lite.NAME}-{key}"


def ready() -> bool:
    """Whether OpenVINO is installed and the converted model is in the cache; loading it checks its bytes."""
    return openvino_runtime.installed() and (folder() / _SEAL).is_file()


def prepare(report: Report = silent) -> None:
    """Convert the model and keep it, unless it is there. Takes seconds. Raises EncoderError, or what ``report`` raises.

    The model is made in a folder of its own and renamed when it is whole, so another process sees all of it or none.
    """
    if not openvino_runtime.installed():
        raise EncoderError(openvino_runtime.MISSING)
    if ready():
        return
    report(0, _STEPS, "Preparing the fast encoder")
    target = folder()
    with openvino_runtime.room_beside(target) as made:
        _convert(made, report)
        _put(made, target)
    report(_STEPS, _STEPS, "Preparing the fast encoder")


def load(*, bulk: bool) -> OpenVinoLite:
    """The encoder from the cache. Raises EncoderError, after removing a converted model that is damaged."""
    openvino_runtime.module()
    place = folder()
    try:
        seal = json.loads((place / _SEAL).read_text())
        if seal != _sums(place):
            raise ValueError("the converted model is damaged")
        return OpenVinoLite(place / _MODEL, bulk=bulk)
    except Exception as error:  # OpenVINO raises plain RuntimeErrors of many kinds
        shutil.rmtree(place, ignore_errors=True)
        raise EncoderError(f"the fast encoder in {place} cannot be used and was removed ({error})") from error


class OpenVinoLite:
    """The converted network on the CPU. Threads that encode at once each borrow inference requests of their own."""

    identity = lite.IDENTITY
    geometry = lite.GEOMETRY
    device = "cpu"
    backend = "openvino"
    at_once = FEW

    def __init__(self, model: Path, *, bulk: bool) -> None:
        self._compiled = openvino_runtime.compiled(model, bulk=bulk)
        streams = self._compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
        # Two requests a stream: one is filled while the other computes.
        self._lanes = 2 * int(streams) if bulk else 1
        self._idle: queue.LifoQueue[Any] = queue.LifoQueue()

    def encode(self, batch: U8) -> F32:
        """As ``base.Encoder`` promises."""
        return unit(self._computed(batch, _POOLED))

    def features(self, batch: U8) -> F32:
        """As ``base.SpatialEncoder`` promises: (n, 7, 7, 1280)."""
        return self._computed(batch, _CELLS)

    def close(self) -> None:
        """Release the idle requests."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._idle.get_nowait()

    def _computed(self, batch: U8, output: int) -> F32:
        check(batch, self.geometry)
        chunks = [batch[at : at + _CHUNK] for at in range(0, len(batch), _CHUNK)]
        if not chunks:
            return np.empty(_EMPTY[output], np.float32)
        requests = [self._borrowed() for _ in range(min(self._lanes, len(chunks)))]
        parts = list(_in_turn(requests, chunks, output))
        for request in requests:
            self._idle.put(request)
        return np.concatenate(parts)

    def _borrowed(self) -> Any:
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            return self._compiled.create_infer_request()


def _in_turn(requests: list[Any], chunks: list[U8], output: int) -> Iterator[F32]:
    """Send ``chunks`` through ``requests`` in turn; their results in the same order."""
    lanes = len(requests)
    for i, chunk in enumerate(chunks):
        if i >= lanes:
            yield _result(requests[i % lanes], output)
        requests[i % lanes].start_async([np.ascontiguousarray(chunk)])
    for i in range(len(chunks) - lanes, len(chunks)):
        yield _result(requests[i % lanes], output)


def _result(request: Any, output: int) -> F32:
    request.wait()
    result: F32 = request.get_output_tensor(output).data.copy()
    return result


_POOLED, _CELLS = 0, 1
_EMPTY = {_POOLED: (0, lite.IDENTITY.dim), _CELLS: (0, 7, 7, lite.IDENTITY.dim)}


def _convert(place: Path, report: Report) -> None:
    """Write the converted model and its seal into ``place``."""
    import torch

    openvino = openvino_runtime.module()

    class FromPixels(torch.nn.Module):
        """The network from (n, 224, 224, 3) uint8 to the vector before normalisation and the cells."""

        def __init__(self) -> None:
            super().__init__()
            self.network = lite.build()
            mean, std = (torch.tensor(colours).view(1, 3, 1, 1) for colours in (lite.MEAN, lite.STD))
            self.scale, self.offset = 1.0 / (255.0 * std), -mean / std

        def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            inputs = pixels.permute(0, 3, 1, 2).float() * self.scale + self.offset
            features = lite.feature_map(self.network, inputs)
            return features.mean((2, 3)), features.permute(0, 2, 3, 1)

    size = lite.GEOMETRY.size
    example = torch.zeros((1, size, size, 3), dtype=torch.uint8)
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch and OpenVINO warn about coming renames
        model = openvino_runtime.convert_model(FromPixels().eval(), example_input=example, input=[-1, size, size, 3])
    report(1, _STEPS, "Preparing the fast encoder")
    openvino.save_model(model, str(place / _MODEL), compress_to_fp16=False)
    with atomic_file.create(place / _SEAL) as seal:
        seal.write(json.dumps(_sums(place)).encode())
    report(2, _STEPS, "Preparing the fast encoder")


def _sums(place: Path) -> dict[str, str]:
    return {name: hashlib.sha256((place / name).read_bytes()).hexdigest() for name in (_MODEL, _WEIGHTS)}


def _put(made: Path, target: Path) -> None:
    """Rename the whole folder into its place, unless another process was faster; what is there unsealed is replaced."""
    if not ready():
        shutil.rmtree(target, ignore_errors=True)
    try:
        made.rename(target)
    except OSError:
        if not ready():
            raise

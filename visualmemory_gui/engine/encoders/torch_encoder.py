"""Any torch network as an encoder: normalisation, threads, devices, batches. Imported late, since it imports torch."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from visualmemory_gui.engine.device import room
from visualmemory_gui.engine.device.arithmetic import full_precision
from visualmemory_gui.engine.device.fallback import fallbacks, on_device
from visualmemory_gui.engine.encoders.base import FEW, check, unit
from visualmemory_gui.engine.errors import DeviceError
from visualmemory_gui.engine.types import F32, U8, EncoderIdentity, Geometry

CHUNK = 32
"""Images that pass through a network together on a CPU, and on a GPU whose memory cannot be measured."""
MOST_AT_ONCE = 512
PROBE = 8
_ALL_THREADS = torch.get_num_threads()
Read = Callable[[Tensor], Tensor]
T = TypeVar("T")
Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Network:
    """A torch module and how it is read: ``vectors`` takes (n, 3, s, s) normalised floats and gives (n, dim).

    ``cells`` gives (n, h, w, d), one vector per cell, where the module has cells. ``mean`` and ``std`` are those
    of the colours in [0, 1].
    """

    module: nn.Module
    vectors: Read
    mean: Triple
    std: Triple
    cells: Read | None = None


class TorchEncoder:
    """``network`` as an encoder. ``bulk`` computes on all cores of the CPU, else on one.

    On a GPU as many images pass through the network together as a measurement says that fit; fewer when its memory runs
    out. Where one image is too much, or the GPU stops working, ``device`` becomes "cpu" and the fallback is noted: the
    weights are kept in the computer's own memory for that.
    """

    backend = "torch"

    def __init__(
        self,
        network: Network,
        identity: EncoderIdentity,
        *,
        geometry: Geometry,
        device: str = "cpu",
        bulk: bool = False,
    ) -> None:
        self.identity = identity
        self.geometry = geometry
        self.device = device
        self._network = network
        self._threads = _ALL_THREADS if bulk else 1
        self._alone = threading.Lock()
        self._portion: room.Portion | None = None
        module = network.module.eval().to(memory_format=torch.channels_last)
        self._host = [tensor.data for tensor in _tensors(module)] if device != "cpu" else []
        self._scale, self._offset = _affine(network)
        if device != "cpu":
            fallbacks.clear("encoding")
            self._on_device(self._move)

    @property
    def at_once(self) -> int:
        """As ``base.Encoder`` says: on a GPU what was measured to fit, once the first images have passed."""
        if self.device == "cpu":
            return FEW
        return CHUNK if self._portion is None else self._portion.most

    def encode(self, batch: U8) -> F32:
        """As ``base.Encoder`` promises."""
        return unit(self._computed(batch, self._network.vectors))

    def from_pixels(self) -> nn.Module:
        """The network from (n, s, s, 3) uint8 to (n, dim), before these are brought to unit length."""
        return _FromPixels(self._network)

    def close(self) -> None:
        """Release the GPU's memory."""
        with self._alone:
            device = self.device
            if device != "cpu":
                self._bring_back()
                with contextlib.suppress(DeviceError):
                    room.release(device)

    def _computed(self, batch: U8, read: Read) -> F32:
        check(batch, self.geometry)
        found = None
        if self.device != "cpu" and len(batch):
            found = self._on_device(lambda: self._in_portions(batch, read))
        if found is None:
            starts = range(0, max(1, len(batch)), CHUNK)
            found = [self._read(batch[at : at + CHUNK], read) for at in starts]
        return np.concatenate(found)

    def _on_device(self, work: Callable[[], T]) -> T | None:
        """The result of ``work`` on the GPU; None where it must be done on the CPU, as all that comes after it."""
        with self._alone:
            device = self.device
            if device == "cpu":
                return None
            found = on_device("encoding", device, work)
            if found is None:
                self._bring_back()
            return found

    def _in_portions(self, batch: U8, read: Read) -> list[F32]:
        if self._portion is None:
            self._portion = room.Portion(self.device, self._most_at_once(read))
        return self._portion.over(len(batch), lambda part: self._read(batch[part], read))

    def _most_at_once(self, read: Read) -> int:
        """How many images may pass together, after what a few of them take."""
        size = self.geometry.size
        blank = np.zeros((PROBE, size, size, 3), np.uint8)
        took = room.peak_bytes(self.device, lambda: self._read(blank, read))
        free = room.free_bytes(self.device)
        if took is None or free is None:
            return CHUNK
        return int(min(max(free // 2 // max(took // PROBE, 1), 1), MOST_AT_ONCE))

    def _read(self, chunk: U8, read: Read) -> F32:
        with threads(self._threads), full_precision.on(self.device), torch.inference_mode():
            out: F32 = read(self._inputs(chunk)).float().cpu().numpy()
        return out

    def _inputs(self, chunk: U8) -> Tensor:
        pixels = torch.from_numpy(np.array(chunk)).to(self.device)
        # Pixels lie as (h, w, 3), which is channels_last already: permuting them copies nothing.
        return pixels.permute(0, 3, 1, 2).float() * self._scale + self._offset

    def _move(self) -> nn.Module:
        self._scale, self._offset = self._scale.to(self.device), self._offset.to(self.device)
        return self._network.module.to(self.device)

    def _bring_back(self) -> None:
        """Compute on the CPU from now on; asks nothing of the device, which may be gone."""
        self.device = "cpu"
        for tensor, kept in zip(_tensors(self._network.module), self._host, strict=True):
            tensor.data = kept
        self._scale, self._offset = _affine(self._network)


class _FromPixels(nn.Module):
    """A network with what comes before it."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.module = network.module  # its weights are found by this name
        self._read = network.vectors
        self._scale, self._offset = _affine(network)

    def forward(self, pixels: Tensor) -> Tensor:
        return self._read(pixels.permute(0, 3, 1, 2).float() * self._scale + self._offset)


def _tensors(module: nn.Module) -> list[Tensor]:
    return [*module.parameters(), *module.buffers()]


def _affine(network: Network) -> tuple[Tensor, Tensor]:
    """What brings pixels of 0 to 255 to the network's colours: a factor and a summand, (1, 3, 1, 1)."""
    mean, std = (torch.tensor(colours).view(1, 3, 1, 1) for colours in (network.mean, network.std))
    return 1.0 / (255.0 * std), -mean / std


class SpatialTorchEncoder(TorchEncoder):
    """A TorchEncoder whose network has cells."""

    def features(self, batch: U8) -> F32:
        """As ``base.SpatialEncoder`` promises."""
        if self._network.cells is None:
            raise TypeError("this network has no cells")
        return self._computed(batch, self._network.cells)


@contextlib.contextmanager
def threads(count: int) -> Iterator[None]:
    """Compute on ``count`` threads within the block, in the thread that runs it: torch keeps the number per thread."""
    before = torch.get_num_threads()
    if before == count:
        yield
        return
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)

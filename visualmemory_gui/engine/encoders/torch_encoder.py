"""Any torch network as an encoder: normalisation, threads, devices, batches. Imported late, since it imports torch."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from visualmemory_gui.engine.encoders.base import check, unit
from visualmemory_gui.engine.types import F32, U8, EncoderIdentity, Geometry

CHUNK = 32
_ALL_THREADS = torch.get_num_threads()
Read = Callable[[Tensor], Tensor]
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
    """``network`` as an encoder. ``bulk`` computes on all cores of the CPU, else on one."""

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
        network.module.eval().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        mean, std = (torch.tensor(colours, device=device).view(1, 3, 1, 1) for colours in (network.mean, network.std))
        self._scale, self._offset = 1.0 / (255.0 * std), -mean / std

    def encode(self, batch: U8) -> F32:
        """As ``base.Encoder`` promises; images pass through the network 32 at a time."""
        return unit(self._computed(batch, self._network.vectors))

    def close(self) -> None:
        """Release the GPU's memory."""
        if self.device != "cpu":
            self._network.module.to("cpu")
        if self.device == "cuda":
            torch.cuda.empty_cache()

    def _computed(self, batch: U8, read: Read) -> F32:
        check(batch, self.geometry)
        starts = range(0, max(1, len(batch)), CHUNK)
        with threads(self._threads), torch.inference_mode():
            parts = [read(self._inputs(batch[at : at + CHUNK])).float().cpu().numpy() for at in starts]
        return np.concatenate(parts)

    def _inputs(self, batch: U8) -> Tensor:
        pixels = torch.from_numpy(np.array(batch)).to(self.device)
        # Pixels lie as (h, w, 3), which is channels_last already: permuting them copies nothing.
        return pixels.permute(0, 3, 1, 2).float() * self._scale + self._offset


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

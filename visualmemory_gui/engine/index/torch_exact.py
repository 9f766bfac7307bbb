"""Exact search on a GPU, where the vectors lie in blocks that fill up. Imported only where there is one."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress

import numpy as np
import torch

from visualmemory_gui.engine.device.arithmetic import full_precision
from visualmemory_gui.engine.device.room import Portion, attempt, has_room, release
from visualmemory_gui.engine.errors import DeviceError
from visualmemory_gui.engine.index.base import NO_ROWS, same_line
from visualmemory_gui.engine.index.exact import MOST_QUERIES, queries_at_once
from visualmemory_gui.engine.index.rescore import TIE
from visualmemory_gui.engine.index.rw_lock import SharedLock
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F32, I64

BLOCK_BYTES = 128 << 20
UPLOAD_ROWS = 16_384


class TorchExactIndex:
    """Matrix products on ``device`` ("cuda:1", "mps", …), of vectors rounded to ``dtype``. Safe from any thread.

    A block of rows is allocated whole and filled by what is added: no row moves. What may be among the nearest is
    proposed with all that rounding could hide (``_Rounding``), so that rescoring finds the order of the stored vectors.
    All methods raise DeviceError where the device has no memory for a single query, or stopped working.
    """

    def __init__(
        self, dim: int, device: str, *, dtype: torch.dtype = torch.float16, block_bytes: int = BLOCK_BYTES
    ) -> None:
        self.device = device
        self._dim, self._dtype = dim, dtype
        self._block_rows = max(block_bytes // (dim * dtype.itemsize), 1)
        self._filling = threading.Lock()
        self._use = SharedLock()  # searches share it; whoever erases what they read has it alone
        self._portion = Portion(device, MOST_QUERIES)
        self._blocks: list[torch.Tensor] = []
        self._rows = 0
        self._rounding = _Rounding(dim, dtype)
        self._line: Snapshot | None = None
        self._silent: tuple[Snapshot, torch.Tensor] | None = None

    def candidates_many(
        self,
        snapshot: Snapshot,
        queries: F32,
        count: int,
        *,
        excluded: Sequence[I64] | None = None,
        report: Report = silent,
    ) -> list[I64]:
        """As ``base.Index`` promises."""
        self.follow(snapshot)

        def work(part: slice) -> list[I64]:
            report(part.start, len(queries))
            out = None if excluded is None else excluded[part]
            with self._use.shared, full_precision.on(self.device), torch.inference_mode():
                return self._candidates(snapshot, queries[part], count, out)

        found = self._portion.over(len(queries), work, most=queries_at_once(len(snapshot)))
        return [rows for part in found for rows in part]

    def takes(self, snapshot: Snapshot) -> bool:
        """Whether rows of ``snapshot`` are those that are on the device, or nothing is there yet."""
        line = self._line
        return line is None or same_line(line, snapshot)

    @property
    def filled(self) -> bool:
        """Whether anything was uploaded."""
        return self._line is not None

    def follow(self, snapshot: Snapshot) -> None:
        """Upload what ``snapshot`` has and the device does not have yet."""

        def work() -> None:
            with self._use.shared, torch.inference_mode():
                self._prepared(snapshot)

        attempt(self.device, work)

    def fits(self, rows: int) -> bool:
        """Whether so many rows are there, or the device has room for those that are missing."""
        missing = self._blocks_for(rows) - len(self._blocks)
        size = missing * self._block_rows * self._dim * self._dtype.itemsize
        return missing <= 0 or attempt(self.device, lambda: has_room(self.device, size))

    def close(self) -> None:
        """Overwrite all rows and give the memory back; waits for searches. The next one uploads its rows."""
        with self._use.alone, suppress(DeviceError):  # of a device that stopped working nothing can be overwritten
            attempt(self.device, self._erase)

    def _candidates(self, snapshot: Snapshot, queries: F32, count: int, excluded: Sequence[I64] | None) -> list[I64]:
        mute = self._prepared(snapshot)
        exact = torch.tensor(queries, device=self.device)
        asked = exact.to(self._dtype)
        similarity = torch.empty((len(queries), len(snapshot)), dtype=self._dtype, device=self.device)
        for part, block in self._parts(len(snapshot)):
            similarity[:, part] = asked @ block.T
        similarity.masked_fill_(mute, -torch.inf)
        if excluded is not None:
            self._silence(similarity, excluded)
        return _best(similarity, count, TIE + 2.0 * self._rounding.of_product(exact, asked))

    def _prepared(self, snapshot: Snapshot) -> torch.Tensor:
        """Which rows of the snapshot must be silent, (n,) bool; all of its rows are on the device afterwards."""
        with self._filling:
            assert self.takes(snapshot)
            self._line = self._line or snapshot
            self._upload(snapshot)
            if self._silent is None or self._silent[0] is not snapshot:
                self._silent = (snapshot, torch.from_numpy(~snapshot.active).to(self.device))
            return self._silent[1]

    def _upload(self, snapshot: Snapshot) -> None:
        n = len(snapshot)
        while len(self._blocks) < self._blocks_for(n):
            room = torch.empty((self._block_rows, self._dim), dtype=self._dtype, device=self.device)
            self._blocks.append(room)
        at = self._rows
        while at < n:
            number, place = divmod(at, self._block_rows)
            end = min(at + UPLOAD_ROWS, n, at + self._block_rows - place)
            rows = torch.tensor(snapshot.vectors[at:end], device=self.device)
            rounded = rows.to(self._dtype)
            self._rounding.note(rows, rounded)
            self._blocks[number][place : place + end - at] = rounded
            rows.zero_()  # the allocator keeps these bytes for later
            rounded.zero_()
            self._rows = at = end

    def _blocks_for(self, rows: int) -> int:
        return -(-rows // self._block_rows)

    def _parts(self, rows: int) -> Iterator[tuple[slice, torch.Tensor]]:
        """The first ``rows`` rows, block by block, and which they are."""
        for number in range(self._blocks_for(rows)):
            start = number * self._block_rows
            end = min(start + self._block_rows, rows)
            yield slice(start, end), self._blocks[number][: end - start]

    def _erase(self) -> None:
        blocks, self._blocks = self._blocks, []
        self._rows, self._line, self._silent = 0, None, None
        self._rounding = _Rounding(self._dim, self._dtype)
        with torch.inference_mode():
            for block in blocks:
                block.zero_()
        if blocks:
            del blocks, block
            release(self.device)

    def _silence(self, similarity: torch.Tensor, excluded: Sequence[I64]) -> None:
        rows = np.concatenate(excluded)
        if len(rows):
            queries = np.repeat(np.arange(len(excluded)), [len(e) for e in excluded])
            at = torch.from_numpy(queries).to(self.device), torch.from_numpy(rows).to(self.device)
            similarity[at] = -torch.inf


class _Rounding:
    """How far a product of rounded vectors can be from the product of those that were rounded.

    For x = x' + r and q = q' + s, |q'x' - qx| <= |q'| |r| + |s| |x|, by Cauchy and Schwarz. The sum of ``dim`` products
    in float32 adds at most ``dim`` roundings, doubled for units that cut off instead, and the result is rounded once.
    """

    def __init__(self, dim: int, dtype: torch.dtype) -> None:
        self._largest = 0.0
        last = torch.finfo(dtype).eps if dtype != torch.float32 else 0.0
        self._fixed = 0.0 if dtype == torch.float32 else last + 2.0 * dim * float(np.finfo(np.float32).eps)

    def note(self, rows: torch.Tensor, rounded: torch.Tensor) -> None:
        """Take ``rows`` (n, d) into account, which were ``rounded``."""
        self._largest = max(self._largest, _apart(rows, rounded))

    def of_product(self, queries: torch.Tensor, rounded: torch.Tensor) -> float:
        """The bound for these ``queries`` (q, d), of unit length, and all rows that were noted."""
        asked = _apart(queries, rounded)
        return self._fixed + (1.0 + asked) * self._largest + (1.0 + self._largest) * asked


def _apart(rows: torch.Tensor, rounded: torch.Tensor) -> float:
    """The largest length of the difference of two rows; 0 of none."""
    if not len(rows) or rows.dtype == rounded.dtype:
        return 0.0
    return float((rows - rounded.to(rows.dtype)).norm(dim=1).max())


def _best(similarity: torch.Tensor, count: int, slack: float) -> list[I64]:
    """For each row of ``similarity`` (q, n) places of its ``count`` largest finite values, and of all that are at most
    ``slack`` below the last of these."""
    if not similarity.shape[1]:
        return [NO_ROWS] * len(similarity)
    last = torch.topk(similarity, min(count, similarity.shape[1]), dim=1).values[:, -1:]
    good = (similarity >= last.float() - slack) & (similarity > -torch.inf)
    queries, rows = (part.cpu().numpy() for part in torch.nonzero(good, as_tuple=True))
    ends = np.searchsorted(queries, np.arange(1, len(similarity)))
    return list(np.split(rows, ends))

"""Exact search on a GPU, where the matrix lives and grows with the memory. Imported only where there is one."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch

from visualmemory_gui.engine.index.base import NO_ROWS, same_line
from visualmemory_gui.engine.index.exact import queries_at_once
from visualmemory_gui.engine.index.rescore import TIE
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F32, I64

LEAST_CAPACITY = 1024
UPLOAD_ROWS = 16_384


class TorchExactIndex:
    """One matrix product on ``device`` ("cuda", "mps", or "cpu"). Safe from any thread.

    Rows that were appended are uploaded when they are first needed; which rows are active is uploaded once per edit.
    """

    kind: Literal["exact"] = "exact"

    def __init__(self, dim: int, device: str) -> None:
        self.device = device
        self._lock = threading.Lock()
        self._matrix = torch.empty((0, dim), dtype=torch.float32, device=device)
        self._rows = 0
        self._line: Snapshot | None = None
        self._silent: tuple[Snapshot, torch.Tensor] | None = None

    def candidates(self, snapshot: Snapshot, query: F32, count: int, *, excluded: I64 = NO_ROWS) -> I64:
        return self.candidates_many(snapshot, query[None], count, excluded=[excluded])[0]

    def candidates_many(
        self,
        snapshot: Snapshot,
        queries: F32,
        count: int,
        *,
        excluded: Sequence[I64] | None = None,
        report: Report = silent,
    ) -> list[I64]:
        matrix, mute = self._prepared(snapshot)
        found: list[I64] = []
        block = queries_at_once(len(snapshot))
        for start in range(0, len(queries), block):
            report(start, len(queries))
            part = torch.from_numpy(np.ascontiguousarray(queries[start : start + block])).to(self.device)
            similarity = (part @ matrix.T).masked_fill_(mute, -torch.inf)
            if excluded is not None:
                self._silence(similarity, excluded[start : start + block])
            found += _best(similarity, count)
        return found

    def follow(self, snapshot: Snapshot) -> None:
        if self._line is not None:
            self._prepared(snapshot)

    def close(self) -> None:
        with self._lock:
            self._forget()

    def _prepared(self, snapshot: Snapshot) -> tuple[torch.Tensor, torch.Tensor]:
        """The snapshot's rows on the device, (n, d), and which of them must be silent, (n,) bool."""
        with self._lock:
            if self._line is None or not same_line(self._line, snapshot):
                self._forget()
                self._line = snapshot
            self._upload(snapshot)
            if self._silent is None or self._silent[0] is not snapshot:
                self._silent = (snapshot, torch.from_numpy(~snapshot.active).to(self.device))
            return self._matrix[: len(snapshot)], self._silent[1]

    def _upload(self, snapshot: Snapshot) -> None:
        """Append the missing rows. The matrix grows by doubling; searches in progress keep the old one."""
        n = len(snapshot)
        if n > len(self._matrix):
            grown = torch.empty(
                (max(n, 2 * len(self._matrix), LEAST_CAPACITY), self._matrix.shape[1]), device=self.device
            )
            grown[: self._rows] = self._matrix[: self._rows]
            self._matrix = grown
        for start in range(self._rows, n, UPLOAD_ROWS):
            end = min(start + UPLOAD_ROWS, n)
            self._matrix[start:end] = torch.tensor(snapshot.vectors[start:end], device=self.device)
        self._rows = max(self._rows, n)

    def _forget(self) -> None:
        self._matrix = self._matrix[:0].clone()
        self._rows, self._line, self._silent = 0, None, None

    def _silence(self, similarity: torch.Tensor, excluded: Sequence[I64]) -> None:
        rows = np.concatenate(excluded)
        if len(rows):
            queries = np.repeat(np.arange(len(excluded)), [len(e) for e in excluded])
            at = torch.from_numpy(queries).to(self.device), torch.from_numpy(rows).to(self.device)
            similarity[at] = -torch.inf


def _best(similarity: torch.Tensor, count: int) -> list[I64]:
    """For each row of ``similarity`` (q, n) places of its ``count`` largest finite values and what ties with them."""
    if not similarity.shape[1]:
        return [NO_ROWS] * len(similarity)
    last = torch.topk(similarity, min(count, similarity.shape[1]), dim=1).values[:, -1:]
    good = (similarity >= last - TIE) & (similarity > -torch.inf)
    queries, rows = (part.cpu().numpy() for part in torch.nonzero(good, as_tuple=True))
    ends = np.searchsorted(queries, np.arange(1, len(similarity)))
    return list(np.split(rows, ends))

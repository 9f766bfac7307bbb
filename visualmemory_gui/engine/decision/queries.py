"""Queries: the images a memory is asked about, their right labels, and what each must not see of the memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from visualmemory_gui.engine.decision.leave_one_out import ContentKeys, Copies, LeftOut
from visualmemory_gui.engine.snapshot import Rows, Snapshot
from visualmemory_gui.engine.types import F32, I64, Bools, Skipped

_NO_ROWS: I64 = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Queries:
    """q queries. ``vectors`` is (q, dim) float32 of unit length, ``keys`` are (q,) each.

    ``labels`` are the right ones, () where they are not known; ``ids`` (q,) those of the exemplars that they are, None
    for images from elsewhere. With ``leave_out`` they are decided without what is like them, and their own class counts
    one less: that of the exemplar, or of a copy of the image, rather one of the right label. ``skipped`` could not be
    read.
    """

    vectors: F32
    keys: ContentKeys
    labels: tuple[str, ...] = ()
    ids: I64 | None = None
    leave_out: bool = True
    skipped: tuple[Skipped, ...] = ()

    @classmethod
    def exemplars(cls, snapshot: Snapshot, rows: I64) -> Queries:
        """Exemplars of the memory, for leave-one-out."""
        labels = tuple(snapshot.labels[code] for code in snapshot.label[rows].tolist())
        return cls(snapshot.vectors_of(rows), ContentKeys.of(snapshot, rows), labels, snapshot.ids[rows])

    def __len__(self) -> int:
        return len(self.vectors)

    def part(self, which: I64 | Bools) -> Queries:
        """Those at the places ``which``."""
        places = np.arange(len(self))[which]
        labels = tuple(self.labels[i] for i in places.tolist()) if self.labels else ()
        ids = None if self.ids is None else self.ids[places]
        keys = ContentKeys(*(key[places] for key in self.keys))
        return Queries(self.vectors[places], keys, labels, ids, self.leave_out, self.skipped)

    def joined(self, more: Queries) -> Queries:
        """These and ``more`` of the same kind."""
        ids = None if self.ids is None or more.ids is None else np.concatenate([self.ids, more.ids])
        keys = ContentKeys(*(np.concatenate(pair) for pair in zip(self.keys, more.keys, strict=True)))
        vectors = np.concatenate([self.vectors, more.vectors])
        return Queries(vectors, keys, self.labels + more.labels, ids, self.leave_out, self.skipped + more.skipped)

    def added_to(self, snapshot: Snapshot, *, active: bool = True) -> Snapshot:
        """``snapshot`` as if they were exemplars under their labels, behind its own; ``active``: they vote."""
        first = int(snapshot.ids[-1]) + 1 if len(snapshot) else 1
        content, twin, _, image = self.keys
        rows = Rows.supposed(self.labels, first=first, content=content, twin=twin, image=image, active=active)
        return snapshot.changed(more=(rows, self.vectors))

    def left_out(self, snapshot: Snapshot) -> LeftOut | None:
        """The rows that each of them must not see; None where they see all."""
        return LeftOut(snapshot, self.keys) if self.leave_out else None

    def copies(self, snapshot: Snapshot, *, first: int = 0) -> Copies:
        """Those of the rows from ``first`` on that ``own_rows`` needs to know of."""
        if self.ids is not None or not self.leave_out:
            return Copies(_NO_ROWS, _NO_ROWS)
        return Copies.find(snapshot, self.keys.content, self.keys.twin, first=first)

    def own_rows(self, snapshot: Snapshot, copies: Copies | None = None) -> I64:
        """The exemplar that each query itself is, (q,) rows; ABSENT where it is none."""
        if self.ids is not None:
            return snapshot.rows_if_here(self.ids)
        expected: Sequence[str] = self.labels or [""] * len(self)
        return (self.copies(snapshot) if copies is None else copies).own_rows(snapshot, expected)

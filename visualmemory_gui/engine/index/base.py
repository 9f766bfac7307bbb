"""What every index promises: to propose rows that include the nearest. Rescoring decides their order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np

from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F32, I64

NO_ROWS: I64 = np.empty(0, np.int64)


class Index(Protocol):
    """Proposes candidates on any snapshot, even one that is older or newer than what it followed last.

    Candidates are increasing rows of the snapshot, active in it and not excluded. Among them are the first ``count`` by
    distance and all rows within 1e-5 of the last of these (HNSW: with the recall it was tuned to). ``query`` is (d,)
    float32 of unit length. None says that this index cannot answer, and exact search must.
    """

    @property
    def kind(self) -> Literal["exact", "hnsw"]: ...

    def candidates(self, snapshot: Snapshot, query: F32, count: int, *, excluded: I64 = NO_ROWS) -> I64 | None: ...

    def candidates_many(
        self, snapshot: Snapshot, queries: F32, count: int, *, excluded: Sequence[I64] | None = None
    ) -> Sequence[I64 | None]: ...

    def follow(self, snapshot: Snapshot) -> None:
        """Bring what is derived up to ``snapshot``, in time that grows with what changed."""

    def close(self) -> None: ...


class ExactSearch(Index, Protocol):
    """An index that always answers: the judge. ``device`` is where it computes, as long as it can."""

    @property
    def device(self) -> str: ...

    @property
    def holder(self) -> str | None:
        """The GPU that holds vectors now; None where none does."""

    def where(self, snapshot: Snapshot) -> str:
        """The device on which ``snapshot`` is searched: "cpu" also for one that ``device`` does not take."""

    def candidates(self, snapshot: Snapshot, query: F32, count: int, *, excluded: I64 = NO_ROWS) -> I64: ...

    def candidates_many(
        self,
        snapshot: Snapshot,
        queries: F32,
        count: int,
        *,
        excluded: Sequence[I64] | None = None,
        report: Report = silent,
    ) -> Sequence[I64]: ...


def same_line(one: Snapshot, other: Snapshot) -> bool:
    """Whether two snapshots come from one working set, so that a row number means the same exemplar in both."""
    return one.stored is other.stored

"""The rows that a transaction wrote, kept so that the edit can be shown without reading it back from the disk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from visualmemory_gui.engine.snapshot import Now, Rows
from visualmemory_gui.engine.store.exemplar_row import Row, as_snapshot_rows, effective_trust
from visualmemory_gui.engine.types import F32

MOST_COMPONENTS = 64_000_000  # of the vectors of one transaction


class Written:
    """Answers like the catalog, for the exemplars of one transaction only. Holds the vectors of new ones alone.

    Where those are too many, it holds none and is not ``whole``: then the catalog is asked.
    """

    def __init__(self) -> None:
        self._rows: dict[int, Row] = {}
        self._vectors: dict[int, F32] = {}
        self.whole = True

    def note(self, row: Row) -> None:
        """``row`` is what an exemplar has become."""
        self._rows[row.id] = row

    def note_vector(self, exemplar: int, vector: F32) -> None:
        if self.whole:
            self._vectors[exemplar] = vector
            if len(self._vectors) * vector.size > MOST_COMPONENTS:
                self.whole = False
                self._vectors.clear()

    def copy(self) -> Written:
        """A copy that later notes do not change."""
        kept = Written()
        kept._rows, kept._vectors, kept.whole = dict(self._rows), dict(self._vectors), self.whole
        return kept

    def label_of_all(self, ids: Iterable[int]) -> str | None:
        """The label that all of ``ids`` have now; None where they have several, or one of them was not written."""
        labels = {row.label if (row := self._rows.get(i)) is not None else None for i in ids}
        return labels.pop() if len(labels) == 1 else None

    def now(self, ids: Iterable[int]) -> list[Now]:
        """What ``ids`` have become, in the order of ids."""
        found = []
        for row in map(self._rows.__getitem__, sorted(ids)):
            active, trust = not (row.struck or row.withdrawn), effective_trust(row.trust, row.derived)
            found.append(Now(row.id, row.label, active, trust, row.change))
        return found

    def snapshot_rows(self, ids: Iterable[int]) -> Rows:
        """What decisions need of ``ids``, in the order of ids."""
        rows = [self._rows[i] for i in sorted(ids)]
        return as_snapshot_rows(
            [
                (
                    row.id,
                    row.label,
                    not (row.struck or row.withdrawn),
                    row.trust,
                    row.derived,
                    row.content,
                    row.group,
                    row.vector_hash,
                    row.change,
                    row.original,
                )
                for row in rows
            ]
        )

    def vectors(self, ids: Sequence[int]) -> F32:
        """(n, dim) float32: the vectors of the new exemplars ``ids`` in their order."""
        return np.stack([self._vectors[i] for i in ids])

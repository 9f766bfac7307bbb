"""The rows that a server proposes for one query, as a snapshot that counts as the whole memory does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from visualmemory_gui.engine.errors import DamagedMemory
from visualmemory_gui.engine.index.rescore import TIE
from visualmemory_gui.engine.index.search import SearchResult
from visualmemory_gui.engine.shared_memory.folder_rows import label_numbers
from visualmemory_gui.engine.shared_memory.shared_row import AGAIN, SharedRow, vectors_of
from visualmemory_gui.engine.shared_memory.shared_store import SharedLabel
from visualmemory_gui.engine.snapshot import Rows, Snapshot, WorkingSet
from visualmemory_gui.engine.store.checksum import content_key, group_key, vector_hash
from visualmemory_gui.engine.types import F32


@dataclass(frozen=True, slots=True)
class LabelTable:
    """All labels of a shared memory: their numbers, in order, and how many active exemplars each has."""

    labels: Mapping[int, SharedLabel]
    code_of: Mapping[int, int]

    @classmethod
    def of(cls, labels: Mapping[int, SharedLabel]) -> LabelTable:
        return cls(labels, {number: code for code, number in enumerate(labels)})

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(label.path for label in self.labels.values())

    def require(self, numbers: Iterable[int]) -> LabelTable:
        """The same, where all ``numbers`` are among them. Raises DamagedMemory."""
        if missing := [number for number in numbers if number not in self.labels]:
            raise DamagedMemory(f"the shared memory has no label {missing[0]}, which an exemplar has. {AGAIN}")
        return self

    @property
    def numbers(self) -> dict[str, int]:
        """The number of each label by its path."""
        return {label.path: number for number, label in self.labels.items()}

    def with_labels(self, paths: Iterable[str], *, above: int = 0) -> LabelTable:
        """With a number for each of ``paths``; new ones are above all that are known, and ``above``."""
        known = self.numbers
        numbers = label_numbers(paths, known, above=above)
        new = {number: SharedLabel(path, 0) for path, number in numbers.items() if path not in known}
        return LabelTable.of({**self.labels, **new}) if new else self

    def number_of(self, path: str) -> int | None:
        """The number of a label, None for one that there is not."""
        return next((number for number, label in self.labels.items() if label.path == path), None)


@dataclass(frozen=True, slots=True)
class Candidates:
    """Rows that may be the nearest to a query; ``edge`` is the distance within which all active ones are among them.

    ``rows`` is searched, and counts these rows alone; ``snapshot`` holds the same and counts the whole memory: it
    decides.
    """

    rows: Snapshot
    snapshot: Snapshot
    edge: float

    @classmethod
    def of(
        cls,
        query: F32,
        proposed: Sequence[SharedRow],
        labels: LabelTable,
        *,
        limit: int,
        own: Mapping[int, SharedRow],
        always: int | None = None,
    ) -> Candidates:
        """``proposed`` are what the server found, up to ``limit``; ``own`` edits, by id, replace and join them. The row
        ``always`` is among them even if it does not vote."""
        all_rows = {**{row.id: row for row in proposed}, **own}
        rows = snapshot_of(
            [row for _, row in sorted(all_rows.items()) if row.active or row.id == always], labels, len(query)
        )
        counts = np.array([label.active for label in labels.labels.values()], np.int64)
        edge = max((_distance(row, query) for row in proposed), default=np.inf) if len(proposed) >= limit else np.inf
        return cls(rows, replace(rows, counts=counts), edge)

    def cover(self, found: SearchResult) -> bool:
        """Whether no row that the server did not propose could be among those ``found``."""
        if self.edge == np.inf:
            return True
        return len(found.rows) > 0 and float(found.distances[-1]) + TIE < self.edge


def snapshot_of(rows: Sequence[SharedRow], labels: LabelTable, dim: int) -> Snapshot:
    """The ``rows``, by id."""
    content = np.array([content_key(row.content) for row in rows], np.int64)
    original = np.array([content_key(row.original) for row in rows], np.int64)
    return WorkingSet(
        Rows(
            ids=np.array([row.id for row in rows], np.int64),
            label=np.array([labels.code_of[row.label] for row in rows], np.int32),
            labels=labels.paths,
            active=np.array([row.active for row in rows], np.bool_),
            trust=np.array([row.voice for row in rows], np.float64),
            content=content,
            group=np.array([group_key(row.group) for row in rows], np.int64),
            twin=np.array([vector_hash(row.vector) for row in rows], np.int64),
            change=np.array([row.version for row in rows], np.int64),
            image=np.where(original != 0, original, content),
        ),
        change=0,
        load_vectors=lambda _: vectors_of(list(rows), dim),
    ).snapshot


def _distance(row: SharedRow, query: F32) -> float:
    return 1.0 - float(row.vector.astype(np.float64) @ query.astype(np.float64))

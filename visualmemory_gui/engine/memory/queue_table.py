"""The decisions of the queue: one row per waiting image, and the exemplars of the same content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from visualmemory_gui.engine.decision.novelty import UNKNOWN
from visualmemory_gui.engine.decision.queries import Queries
from visualmemory_gui.engine.memory.tracked_decisions import TrackedDecisions, queries_of
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.store.exemplar_row import loaded
from visualmemory_gui.engine.store.queue import Fact
from visualmemory_gui.engine.types import F32, F64, I64, Bools


@dataclass(frozen=True, slots=True)
class QueueTable:
    """The whole queue, decided on one state of the memory; one entry per image, in the order they were read.

    ``sources`` are paths, None for images without a file. ``labels`` are the full labels that won: at a level, the
    strongest below the winner. ``shares`` and ``margins`` are NaN where there is nothing to compare with. ``known`` is
    1, 0, or -1 where there are too few exemplars to say. ``taught`` is the label under which an active exemplar of the
    same content is in the memory. ``teach_next`` are the places in the order to teach them, None where it is not known.
    """

    change: int
    ids: I64
    sources: tuple[str | None, ...]
    winners: tuple[str | None, ...]
    labels: tuple[str | None, ...]
    shares: F64
    margins: F64
    known: npt.NDArray[np.int8]
    taught: tuple[str | None, ...]
    teach_next: I64 | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def name(self, place: int) -> str:
        """The image's file name, or its number in the queue."""
        source = self.sources[place]
        return f"image {int(self.ids[place])}" if source is None else Path(source).name

    def is_taught(self) -> Bools:
        return np.array([label is not None for label in self.taught], bool)

    def certain(self, least: float) -> Bools:
        """(n,): images whose winner has at least this share and is not unknown, and those already taught."""
        with np.errstate(invalid="ignore"):
            sure: Bools = (self.shares >= least) & (self.known != UNKNOWN)
        return sure | self.is_taught()


@dataclass(slots=True)
class Waiting:
    """The loaded queue: its rows in order, their decisions, and the exemplars of the same content."""

    ids: I64
    sources: list[str | None]
    decisions: TrackedDecisions
    snapshot: Snapshot
    alike: dict[int, list[int]] = field(default_factory=dict)  # place in the queue -> rows of the snapshot

    def note_alike(self, rows: I64) -> None:
        """Record which of ``rows`` of the snapshot have the content of a queued image."""
        if not len(self.ids):
            return
        content, keys = self.decisions.queries.keys.content, self.snapshot.content[rows]
        order = np.argsort(content, kind="stable")
        at = order[np.minimum(np.searchsorted(content[order], keys), len(order) - 1)]
        for place, row in zip(at[hit := content[at] == keys].tolist(), rows[hit].tolist(), strict=True):
            there = self.alike.setdefault(place, [])
            if row not in there:
                there.append(row)

    def taught(self) -> list[str | None]:
        """By place, the label under which an active exemplar has the image's content."""
        found: list[str | None] = [None] * len(self.ids)
        for place, rows in self.alike.items():
            active = [row for row in rows if self.snapshot.active[row]]
            if active:
                found[place] = self.snapshot.labels[self.snapshot.label[active[0]]]
        return found


def queue_queries(vectors: F32, facts: Sequence[Fact]) -> Queries:
    """Images of the queue, which see every exemplar."""
    originals = [None if fact.original is None else fact.original.hex() for fact in facts]
    return queries_of(vectors, contents=[fact.content.hex() for fact in facts], originals=originals, leave_out=False)


def source_of(stored: str | bytes | None) -> str | None:
    """The path of a stored source."""
    return None if stored is None else loaded(stored)

"""The teaching queue of a shared memory: its images wait on this machine, and are decided on the server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from visualmemory_gui.engine.decision.levels import winning_label
from visualmemory_gui.engine.decision.novelty import CODES
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.memory import importer
from visualmemory_gui.engine.memory.added_images import AddResult
from visualmemory_gui.engine.memory.classifier import ContentIds
from visualmemory_gui.engine.memory.image_reader import ImageReader
from visualmemory_gui.engine.memory.open_memory import OpenMemory
from visualmemory_gui.engine.memory.queue_table import QueueTable, source_of
from visualmemory_gui.engine.memory.teaching_queue import QueueAdded, TeachingQueue, Write, queued_image
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.shared_memory.followed_decisions import FollowedDecisions, FollowedQuery
from visualmemory_gui.engine.shared_memory.own_edits import OwnEdits
from visualmemory_gui.engine.shared_memory.shared_classifier import SharedClassifier
from visualmemory_gui.engine.store import labels
from visualmemory_gui.engine.store.queue import Fact, Queued
from visualmemory_gui.engine.types import F32, DecodedImage, MemorySettings, Rule


class Teach(Protocol):
    """Adds decoded images, by their place in the labels, as one step."""

    def __call__(
        self, images: Mapping[int, DecodedImage], vectors: Mapping[int, F32], names: Sequence[str]
    ) -> AddResult: ...


class SharedQueue:
    """The queue of this user. After an own edit all images are decided again from what the server proposed before, with
    the edit laid over it; the server is asked again only where that does not suffice, or others have edited.

    May be called from any thread.
    """

    def __init__(
        self,
        tables: OpenMemory,
        reader: ImageReader,
        own: OwnEdits,
        classifier: SharedClassifier,
        *,
        settings: Callable[[], MemorySettings],
        teach: Teach,
        taught: Callable[[Sequence[str]], Mapping[str, str]],
    ) -> None:
        self._waiting = TeachingQueue(tables, reader)
        self._tables = tables
        self._own = own
        self._decisions = FollowedDecisions(own, classifier)
        self._settings = settings
        self._teach = teach
        self._taught = taught
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(
        self, paths: Sequence[str | Path], *, report: Report = silent, write: Write = importer.directly
    ) -> QueueAdded:
        """Put images at the end of the queue, as ``TeachingQueue.add`` does."""
        return self._waiting.add(paths, report=report, write=write)

    def table(
        self, *, k: int | None = None, rule: Rule | None = None, level: int = 0, ordered: bool = False
    ) -> QueueTable:
        """All decisions on the memory as it is now, as ``TeachingQueue.table`` makes them. Raises ServerError."""
        scheme = VotingScheme.of(self._settings(), k, rule, level=level)
        with self._lock:
            facts = self._tables.queue_rows.facts()
            change = self._own.change
            vectors = self._tables.queue_rows.vectors([fact.id for fact in facts])
            decided = self._decisions.decide([_followed(fact) for fact in facts], vectors, scheme)
            taught = self._taught([fact.content.hex() for fact in facts])
            table = QueueTable(
                change=change,
                ids=np.array([fact.id for fact in facts], np.int64),
                sources=tuple(source_of(fact.source) for fact in facts),
                winners=tuple(one.label for one in decided),
                labels=tuple(winning_label(one) for one in decided),
                shares=np.array([np.nan if one.share is None else one.share for one in decided], np.float64),
                margins=np.array([np.nan if one.margin is None else one.margin for one in decided], np.float64),
                known=np.array([CODES[one.known] for one in decided], np.int8),
                taught=tuple(taught.get(fact.content.hex()) for fact in facts),
            )
            return self._waiting.in_order(table, gamma=self._settings().ridge_gamma) if ordered else table

    def compare(self, report: Report = silent) -> None:
        """Compare the images with each other, for the order to teach them in. Raises Cancelled."""
        self._waiting.compare(report, gamma=self._settings().ridge_gamma)

    def teach(self, ids: Sequence[int], label: str) -> AddResult:
        """Add these images to the memory as ``label``, in one step. They stay in the queue, as taught."""
        return self.teach_each([(i, label) for i in ids])

    def teach_each(self, wanted: Sequence[tuple[int, str]]) -> AddResult:
        """The same with a label for each image. Raises BadLabel, BadValue, ServerError."""
        names = [labels.clean(label) for _, label in wanted]
        queued = self._tables.queue_rows.get([i for i, _ in wanted])
        images = {place: queued_image(one) for place, one in enumerate(queued)}
        vectors = {place: one.image.vector for place, one in enumerate(queued) if one.image.vector is not None}
        return self._teach(images, vectors, names)

    def query(self, number: int) -> Queued:
        """One image of the queue. Raises BadValue if it is no longer waiting."""
        return self._waiting.query(number)

    def thumbnails(self, ids: Sequence[int]) -> Mapping[int, bytes]:
        """JPEGs of those among ``ids`` that have one."""
        return self._waiting.thumbnails(ids)

    def remove(self, ids: Sequence[int]) -> None:
        """Take images out of the queue; the memory stays as it is."""
        self._waiting.remove(ids)

    def clear(self) -> None:
        """Empty the queue; the memory stays as it is."""
        self._waiting.clear()


def _followed(fact: Fact) -> FollowedQuery:
    original = None if fact.original is None else fact.original.hex()
    return FollowedQuery(fact.id, ContentIds(fact.content.hex(), original))

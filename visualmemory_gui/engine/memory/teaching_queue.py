"""The teaching queue: images without a label that wait to be taught; after each edit all are decided again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np

from visualmemory_gui.engine.arguments import paths_of
from visualmemory_gui.engine.decision.votes import ABSENT
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.errors import BadImage, Cancelled
from visualmemory_gui.engine.files.path_kind import is_folder
from visualmemory_gui.engine.images.folder import walk
from visualmemory_gui.engine.memory import importer
from visualmemory_gui.engine.memory.added_images import NO_PIXELS, AddResult, keep_copy, put
from visualmemory_gui.engine.memory.image_reader import Embed, ImageReader, batched, file_sha256
from visualmemory_gui.engine.memory.open_memory import OpenMemory
from visualmemory_gui.engine.memory.queue_table import QueueTable, Waiting, queue_queries, source_of
from visualmemory_gui.engine.memory.teaching_order import TeachingOrder
from visualmemory_gui.engine.memory.tracked_decisions import TrackedDecisions, continues, touched_rows
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.store import labels
from visualmemory_gui.engine.store.kept_images import NewKeptImage
from visualmemory_gui.engine.store.queue import NewQueued, Queued
from visualmemory_gui.engine.types import Bools, Changes, DecodedImage, FirstPage, Rule, Skipped, first_pages

Write = Callable[[Callable[[], list[int]]], list[int]]


@dataclass(frozen=True, slots=True)
class QueueAdded:
    """``present`` images were waiting already. ``stopped``: the user stopped it; what was added so far stays.

    ``first_pages`` are the files of which only the first page was taken.
    """

    added: int
    present: int
    skipped: tuple[Skipped, ...] = ()
    stopped: bool = False
    first_pages: tuple[FirstPage, ...] = ()


class TeachingQueue:
    """The teaching queue of one memory. Usable from any thread; survives a restart.

    Its decisions are made when the table is first needed, and from then on kept current with every edit.
    """

    def __init__(self, live: OpenMemory, reader: ImageReader) -> None:
        self._live = live
        self._reader = reader
        self._lock = threading.RLock()
        self._rows: Waiting | None = None
        self._compared: TeachingOrder | None = None
        self._forgotten = False  # since the rows were read
        live.subscribe(self._on_changed)

    def __len__(self) -> int:
        return len(self._live.queue_rows)

    def add(
        self, paths: Sequence[str | Path], *, report: Report = silent, write: Write = importer.directly
    ) -> QueueAdded:
        """Put images at the end of the queue; a folder adds all of its images. What cannot be read is reported.

        Batch by batch: when stopped, what was added so far stays. ``write(job)`` runs each commit where edits are
        allowed. Raises EncoderError, ReadOnlyMemory.
        """
        self._live.require_writable()
        files, skipped = _files(paths)
        pages: list[FirstPage] = []
        added = waited = 0
        stopped = False
        try:
            report(0, len(files), "reading images")
            with self._reader.bulk(len(files), report) as embed, closing(self._reader.pool.map(files)) as images:
                done = 0
                for batch in embed.batches(images):
                    skipped += [Skipped(path, p.reason) for path, p in batch if isinstance(p, BadImage)]
                    read = [(path, image) for path, image in batch if isinstance(image, DecodedImage)]
                    good = [image for _, image in read]
                    new = self._put(good, embed, write) if good else []
                    added, waited = added + len(new), waited + len(good) - len(new)
                    pages += first_pages(read)
                    done += len(batch)
                    report(done, len(files), "reading images")
        except (Cancelled, KeyboardInterrupt):
            stopped = True
        return QueueAdded(added, waited, tuple(skipped), stopped, tuple(pages))

    def table(
        self, *, k: int | None = None, rule: Rule | None = None, level: int = 0, ordered: bool = False
    ) -> QueueTable:
        """All decisions on the memory as it is now. ``k`` and ``rule`` of None mean the memory's settings.

        ``ordered``: with the order to teach them in, if they have been compared since the queue grew or shrank.
        """
        scheme = VotingScheme.of(self._live.settings, k, rule, level=level)
        decider, snapshot = self._live.decider, self._live.snapshot
        with self._lock:
            rows = self._followed(snapshot, scheme.k)
            found = rows.decisions.decide(scheme, thresholds=decider.thresholds)
            names, full = (*found.labels, None), (*rows.snapshot.labels, None)  # ABSENT is -1
            assert names[ABSENT] is None
            table = QueueTable(
                change=rows.snapshot.change,
                ids=rows.ids,
                sources=tuple(rows.sources),
                winners=tuple(names[code] for code in found.winner.tolist()),
                labels=tuple(full[code] for code in found.full.tolist()),
                shares=found.share,
                margins=found.margin,
                known=found.known,
                taught=tuple(rows.taught()),
            )
            return self.in_order(table, gamma=self._live.settings.ridge_gamma) if ordered else table

    def in_order(self, table: QueueTable, *, gamma: float) -> QueueTable:
        """``table`` with the order to teach its images in, if they have been compared since they came."""
        compared = self._compared
        if compared is None or not compared.fits(table.ids, gamma):
            return table
        return replace(table, teach_next=compared.order(table.shares, table.is_taught()))

    def compare(self, report: Report = silent, *, gamma: float | None = None) -> None:
        """Compare the images with each other, for the order to teach them in: 3 s for 10,000. Raises Cancelled.

        ``gamma`` is the setting ``ridge_gamma`` where it is not that of this memory.
        """
        ids = np.array([fact.id for fact in self._live.queue_rows.facts()], np.int64)
        gamma = self._live.settings.ridge_gamma if gamma is None else gamma
        compared = TeachingOrder(ids, self._live.queue_rows.vectors(ids), gamma=gamma, report=report)
        with self._lock:
            self._compared = compared

    def teach(self, ids: Sequence[int], label: str) -> AddResult:
        """Add these images to the memory as ``label``, in one step. They stay in the queue, as taught.

        Raises BadLabel, and BadValue for an image that is not waiting.
        """
        return self.teach_each([(i, label) for i in ids])

    def teach_each(self, wanted: Sequence[tuple[int, str]]) -> AddResult:
        """The same with a label for each image."""
        self._live.require_writable()
        names = [labels.clean(label) for _, label in wanted]
        queued = self._live.queue_rows.get([i for i, _ in wanted])
        images = {place: queued_image(one) for place, one in enumerate(queued)}
        vectors = {place: one.image.vector for place, one in enumerate(queued) if one.image.vector is not None}
        return put(self._live, images, vectors, names, keep=self._keep)

    def query(self, number: int) -> Queued:
        """One image of the queue. Raises BadValue if it is no longer waiting."""
        return self._live.queue_rows.get([number])[0]

    def thumbnails(self, ids: Sequence[int]) -> Mapping[int, bytes]:
        """JPEGs of those among ``ids`` that have one."""
        return self._live.queue_rows.thumbnails(ids)

    def remove(self, ids: Sequence[int]) -> None:
        """Take images out of the queue; the memory stays as it is."""
        self._live.require_writable()
        with self._lock:
            self._live.queue_rows.remove(ids)
            if self._rows is not None:
                self._rows = self._kept(self._rows, ~np.isin(self._rows.ids, np.asarray(ids, np.int64)))

    def clear(self) -> None:
        """Empty the queue; the memory stays as it is."""
        self._live.require_writable()
        with self._lock:
            self._live.queue_rows.clear()
            self._rows = self._compared = None

    def _on_changed(self, changes: Changes) -> None:
        """Drop images whose content was forgotten. Takes no lock: the edit that calls this holds it."""
        if changes.forgotten:
            self._forgotten = True

    def _put(self, images: Sequence[DecodedImage], embed: Embed, write: Write) -> list[int]:
        found: list[int] = []
        new = [
            NewQueued(NewKeptImage.of(image, vector), image.width, image.height, image.suffix)
            for image, vector in zip(images, embed(images), strict=True)
        ]
        for part in batched(new, importer.BATCH):
            # Without the lock, which a table in that thread may hold.
            found += write(lambda part=part: self._live.queue_rows.add(part))  # type: ignore[misc]
        with self._lock:
            if found and self._rows is not None:
                self._grow(self._rows)
        return found

    def _keep(self, image: DecodedImage) -> bool:
        """Copy the file into the memory if it is still what was read."""
        there = image.source is not None and file_sha256(image.source) == image.sha256
        return there and keep_copy(self._live.files, image)

    def _followed(self, snapshot: Snapshot, k: int) -> Waiting:
        """The rows, their decisions brought up to ``snapshot``."""
        if self._forgotten:
            self._forgotten, self._rows, self._compared = False, None, None
        rows = self._rows
        if rows is None or rows.decisions.max_k < k or not continues(rows.snapshot, snapshot):
            self._rows = rows = self._read(snapshot, k)
        elif rows.snapshot is not snapshot:
            before, rows.snapshot = rows.snapshot, snapshot
            rows.decisions.update(snapshot)
            rows.note_alike(touched_rows(before, snapshot))
        return rows

    def _read(self, snapshot: Snapshot, k: int) -> Waiting:
        facts = self._live.queue_rows.facts()
        ids = np.array([fact.id for fact in facts], np.int64)
        queries = queue_queries(self._live.queue_rows.vectors(ids), facts)
        decisions = TrackedDecisions(snapshot, queries, self._live.searcher.nearest_many, k=k)
        rows = Waiting(ids, [source_of(fact.source) for fact in facts], decisions, snapshot)
        rows.note_alike(np.flatnonzero(np.isin(snapshot.content, queries.keys.content)))
        return rows

    def _grow(self, rows: Waiting) -> None:
        """Load the images added to the end since."""
        last = int(rows.ids[-1]) if len(rows.ids) else 0
        facts = self._live.queue_rows.facts(after=last)
        ids = [fact.id for fact in facts]
        queries = queue_queries(self._live.queue_rows.vectors(ids), facts)
        rows.ids = np.concatenate([rows.ids, np.array(ids, np.int64)])
        rows.sources += [source_of(fact.source) for fact in facts]
        rows.decisions.extend(queries)
        rows.note_alike(np.flatnonzero(np.isin(rows.snapshot.content, queries.keys.content)))

    def _kept(self, rows: Waiting, which: Bools) -> Waiting:
        rows.decisions.keep(np.flatnonzero(which))
        sources = [source for source, stays in zip(rows.sources, which, strict=True) if stays]
        left = Waiting(rows.ids[which], sources, rows.decisions, rows.snapshot)
        left.note_alike(np.array(sorted(set(chain(*rows.alike.values()))), np.int64))
        return left


def _files(paths: Sequence[str | Path]) -> tuple[list[str], list[Skipped]]:
    """The files in order; folders are walked."""
    files: list[str] = []
    skipped: list[Skipped] = []
    for path in map(Path, paths_of(paths)):
        if is_folder(path):
            found = walk(path)
            files += [file for file, _ in found.files]
            skipped += found.skipped
        else:
            files.append(str(path.absolute()))
    return files, skipped


def queued_image(queued: Queued) -> DecodedImage:
    """An image of the queue as one that was read, without its pixels."""
    kept = queued.image
    return DecodedImage(
        pixels=NO_PIXELS,
        content=kept.content,
        thumbnail=kept.thumbnail or b"",
        width=queued.width,
        height=queued.height,
        sha256=kept.sha256,
        source=kept.source,
        suffix=queued.suffix,
        box=kept.box,
        original=kept.original,
    )

"""An open memory: its database, its lock, the arrays that decisions read, and the index that follows edits."""

from __future__ import annotations

import json
import threading
from bisect import bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from visualmemory_gui.engine.decision import ridge
from visualmemory_gui.engine.decision.class_sets import ClassSets
from visualmemory_gui.engine.decision.confidence import Confidence
from visualmemory_gui.engine.decision.novelty import FEWEST, Limits, OwnFigures
from visualmemory_gui.engine.decision.own_measures import OwnMeasures
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.device import choice, room
from visualmemory_gui.engine.device.fallback import Fallback, fallbacks
from visualmemory_gui.engine.errors import MemoryExists, ReadOnlyMemory, StorageError
from visualmemory_gui.engine.index import checkpoint, graph
from visualmemory_gui.engine.index.search import Searcher
from visualmemory_gui.engine.memory.classifier import OUTDATED, ContentIds, Decider, Scope
from visualmemory_gui.engine.memory.saved_rows import SavedRows
from visualmemory_gui.engine.processes import parallel
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot, WorkingSet
from visualmemory_gui.engine.store import copies, layout, schema, settings
from visualmemory_gui.engine.store import load_snapshot as working_set
from visualmemory_gui.engine.store.catalog import Catalog
from visualmemory_gui.engine.store.class_hotkeys import ClassHotkeys
from visualmemory_gui.engine.store.database import FILE, Database, require_file
from visualmemory_gui.engine.store.derived_values import Derived
from visualmemory_gui.engine.store.dismissals import Kept
from visualmemory_gui.engine.store.files import ImageFiles
from visualmemory_gui.engine.store.filesystem import folder_at
from visualmemory_gui.engine.store.history import History
from visualmemory_gui.engine.store.lock import FolderLock
from visualmemory_gui.engine.store.queries import RecentQueries
from visualmemory_gui.engine.store.queue import QueueRows
from visualmemory_gui.engine.store.tags import Tags
from visualmemory_gui.engine.store.watch import Watch
from visualmemory_gui.engine.store.writer import Writer
from visualmemory_gui.engine.store.written_rows import Written
from visualmemory_gui.engine.types import (
    F32,
    Changes,
    Decision,
    Device,
    EncoderIdentity,
    IndexState,
    MemorySettings,
    Receipt,
)

T = TypeVar("T")
Callback = Callable[[Changes], object]
NOVELTY, CONFIDENCE, SETS = "novelty", "confidence", "sets"
SHADOWED = range(100, 200_000)  # exemplars; building a graph of a million takes all cores minutes, for one line of text


class OpenMemory:
    """What the edits and decisions of one open memory share.

    One re-entrant lock orders edits. A decision reads the snapshot, which an edit replaces after its commit. The
    arrays, the vectors and the index are created when a decision first needs them, so editing alone loads nothing.
    """

    def __init__(self, database: Database, lock: FolderLock | None, *, device: Device | None) -> None:
        self.database = database
        self.folder = database.folder
        self.readonly = database.readonly
        self.identity = schema.encoder_identity(database)
        self.catalog = Catalog(database)
        self.history = History(database, self.catalog)
        self.queries = RecentQueries(database)
        self.queue_rows = QueueRows(database)
        self.watch = Watch(database)
        self.kept = Kept(database)
        self.keys = ClassHotkeys(database)
        self.tags = Tags(database)
        self.files = ImageFiles(self.folder)
        self.derived = Derived(database)
        self._rows = SavedRows(database)
        self._loaded_settings = settings.load(database)
        self.edit_lock = threading.RLock()
        self._device = device
        self._folder_lock = lock
        self._working: WorkingSet | None = None
        self._decider: Decider | None = None
        self._callbacks: list[Callback] = []
        self.deferred = False  # True if the caller runs ``maintain`` in the background
        self.index_damage: str | None = None  # why the checkpoint on disk could not be used, if it could not
        self.finished_forget: Receipt | None = None  # of one that was interrupted and completed at opening
        self._closed = False

    @classmethod
    def create(cls, path: str | Path, identity: EncoderIdentity, *, device: Device | None) -> OpenMemory:
        """Make the folder and its empty memory.

        Raises MemoryExists, StorageError, and BadValue for an address or where ``device`` is not available.
        """
        path = folder_at(path)
        choice.require(device)
        was_there = path.exists()
        schema.make_folder(path)
        lock = FolderLock(path).acquire()
        try:
            return cls(schema.create_memory(path, identity), lock, device=device)
        except MemoryExists:  # another process was faster: it is not ours to remove
            lock.release()
            raise
        except BaseException:
            layout.remove(path, keep_folder=was_there)
            lock.release()
            raise

    @classmethod
    def open(cls, path: str | Path, *, readonly: bool, device: Device | None) -> OpenMemory:
        """Open a memory for editing, or for reading while another process edits it.

        Raises MemoryFolderError's kinds, and BadValue for an address or where ``device`` is not available.
        """
        path = folder_at(path)
        choice.require(device)
        if readonly:
            return cls(schema.open_memory(path, readonly=True), None, device=device)
        require_file(path.absolute() / FILE, readonly=False)
        lock = FolderLock(path).acquire()
        try:
            live = cls(schema.open_memory(path, readonly=False), lock, device=device)
            live.files.sweep(live.used_copies)
            return live
        except BaseException:
            lock.release()
            raise

    @property
    def settings(self) -> MemorySettings:
        return self._loaded_settings.settings

    @property
    def damaged_settings(self) -> Mapping[str, str]:
        """By name, why a setting cannot be used; its default applies."""
        return self._loaded_settings.damaged

    @property
    def unset_settings(self) -> Mapping[str, str]:
        """What new memories have set, by name, and this one never had: it was made before."""
        return self._loaded_settings.unset

    def used_copies(self, among: Collection[copies.Copy]) -> set[copies.Copy]:
        """Those image copies that an exemplar uses."""
        return copies.used(self.database, among)

    @property
    def device(self) -> Device:
        """Where to compute, as torch names it: the device of this opening, else of the memory's settings; the CPU in
        place of a GPU that this computer lacks, which is noted. torch is asked only where a GPU is named or likely."""
        return choice.resolve_or_cpu(self._device or self.settings.device)

    @property
    def snapshot(self) -> Snapshot:
        working = self._working
        if working is None:
            with self.edit_lock:
                working = self._working = self._working or working_set.load(self.database, self.catalog)
        return working.snapshot

    @property
    def decider(self) -> Decider:
        decider = self._decider  # read once: an edit in another thread may drop it
        if decider is None:
            with self.edit_lock:
                decider = self._decider = self._decider or self._new_decider()
        return decider

    @property
    def scheme(self) -> VotingScheme:
        """How the memory's settings decide."""
        return VotingScheme.of(self.settings, level=self.settings.level)

    def decide(self, vector: F32, scheme: VotingScheme, *, scope: Scope, image: ContentIds) -> Decision:
        """Decide one query vector, (dim,) float32 of unit length, on the memory as it is now."""
        return self._on_what_is_there(
            lambda: self.decider.decide(self.snapshot, vector, scheme, scope=scope, image=image)
        )

    def decide_many(
        self, vectors: Sequence[F32], scheme: VotingScheme, *, scope: Scope, images: Sequence[ContentIds]
    ) -> list[Decision]:
        """``decide`` for each of ``vectors``, all on one state of the memory."""
        if not vectors:
            return []
        queries = np.stack(vectors)
        return self._on_what_is_there(
            lambda: self.decider.decide_many(self.snapshot, queries, scheme, scope=scope, images=images)
        )

    def _on_what_is_there(self, decide: Callable[[], T]) -> T:
        """The result of ``decide``, repeated if exemplars were forgotten in between, by this or another process."""
        while True:
            working = self._working
            try:
                return decide()
            except working_set.Overtaken:
                with self.edit_lock:
                    if self.readonly:
                        self._close_decider()
                        self._working = None
                    elif self._working is working:
                        raise

    @property
    def searcher(self) -> Searcher:
        return self.decider.searcher

    def subscribe(self, callback: Callback) -> Callable[[], None]:
        """Call ``callback(changes)`` after each edit, in the editing thread. Returns a function that ends it."""
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback) if callback in self._callbacks else None

    def require_writable(self) -> None:
        """Raise ReadOnlyMemory or MemoryGone, before anything is read or copied for an edit that cannot be made."""
        self._require_editing()
        self.database.require_there()

    def _require_editing(self) -> None:
        """Raise ReadOnlyMemory. Whether the memory still exists is checked by the transaction."""
        if self.readonly:
            raise ReadOnlyMemory(f"{self.folder} was opened for reading; open it for editing to change it")

    def edit(self, kind: str, work: Callable[[Writer], object]) -> Changes:
        """Run ``work`` in one transaction that makes one undoable step, and notify the listeners."""
        self._require_editing()
        with self.edit_lock:
            with self.history.step(kind) as writer:
                work(writer)
            changes, ids = writer.changes, writer.changes.ids
            self._follow(changes, ids, writer.written if writer.written.whole else self.catalog)
        return self._told(changes, ids)

    def apply(self, commit: Callable[[], Changes]) -> Changes:
        """Run ``commit``, bring snapshot and index up to what it changed, and notify the listeners."""
        self.require_writable()
        with self.edit_lock:
            changes = commit()
            ids = changes.ids
            self._follow(changes, ids, self.catalog)
        return self._told(changes, ids)

    def _told(self, changes: Changes, ids: Sequence[int]) -> Changes:
        if self._callbacks and (ids or changes.settings):
            for callback in tuple(self._callbacks):
                callback(changes)
        return changes

    def refresh(self, report: Report = silent) -> None:
        """Measure what is usual here, and keep it where the memory may be written."""
        decider, snapshot = self.decider, self.snapshot
        usual = decider.refresh(snapshot, report)
        with self.edit_lock:
            # The decider was replaced: what was measured may come from exemplars forgotten since.
            if self._decider is not decider or self.readonly:
                return
            for name, found in ((NOVELTY, usual.figures), (CONFIDENCE, usual.confidence), (SETS, usual.sets)):
                if found is not None:
                    self.derived.put(name, json.dumps(found.to_dict()), snapshot.change)

    def _raise_shadow(self, report: Report) -> None:
        """A graph in addition to exact search, to show how HNSW would do: read from disk, else built."""
        self.searcher.load(self.folder, self.snapshot, delete=not self.readonly)
        if not self.searcher.graph_live:
            self.searcher.build(self.snapshot, report)
            self.checkpoint()

    def defer(self) -> None:
        """From now on the caller runs ``maintain`` in the background; edits and decisions never wait for it."""
        self.deferred = self.decider.deferred = self.searcher.deferred = True

    def maintain(self, report: Report = silent) -> None:
        """Do what is due: build the graph where it is missing, save its checkpoint, measure the thresholds."""
        snapshot, searcher = self.snapshot, self.searcher
        report(0, None, "reading the index")
        searcher.load_expected(snapshot)
        if searcher.wants_build(snapshot):
            self.build_index(report)
        elif searcher.due(snapshot):
            self.checkpoint()
        elif self.deferred and graph.installed() and not searcher.graph_live and len(snapshot) in SHADOWED:
            self._raise_shadow(report)
        self._save_rows(report)
        if self.decider.stale(self.snapshot):
            self.refresh(report)

    def keep_up(self, report: Report = silent) -> None:
        """After an edit of many rows or of the settings: build the graph if exact search has become slow, and measure
        what is usual here if that says little any more. Does nothing where the caller does so in the background."""
        if self.deferred:
            return
        rows = self._row_count()
        with suppress(StorageError):  # the edit is made; what cannot be stored now is built and measured another time
            if self._exceeds(rows):
                self.searcher.load_expected(self.snapshot)
                if self.searcher.wants_build(self.snapshot):
                    self.build_index(report)
                elif self.searcher.unsaved:
                    self.checkpoint()
                    self._save_rows(report)
            if rows >= FEWEST and self._outdated(rows):
                self.refresh(report)

    def _row_count(self) -> int:
        """How many exemplars there are; reads none."""
        return len(self._working.snapshot) if self._working else int(self.database.one("select count from meta")[0])

    def _exceeds(self, rows: int) -> bool:
        """Whether so many are beyond the limit of exact search."""
        return rows * self.identity.dim > self.settings.exact_limit

    def _outdated(self, rows: int) -> bool:
        """Whether what is usual was not measured, or not as the memory decides now, or before much of it changed; reads
        no vectors."""
        if self._decider is not None:
            return self._decider.outdated(self.snapshot)
        usual, at = self._own_measures()
        if not usual.holds_for(self.scheme):
            return True
        touched: int = self.database.one("select count(*) from exemplars where change > ?", (at,))[0]
        return touched > OUTDATED * rows

    def build_index(self, report: Report = silent) -> None:
        """Build the HNSW graph of the present memory and save its checkpoint. The file of rows is written before, where
        it is due, so that all vectors and the graph are not in main memory together."""
        self._save_rows(report)
        self.searcher.build(self.snapshot, report)
        self.checkpoint()

    def _save_rows(self, report: Report) -> None:
        """Write the file of rows where that is due. Where a graph proposes, or is about to, vectors are then read from
        it one by one, and no longer kept in main memory."""
        if not self._rows.keep_up(lambda: self.snapshot, report):
            return
        with self.edit_lock:  # no exemplar is forgotten meanwhile, with which the file would go
            working = self._working
            if working is not None and self.searcher.exceeds(working.snapshot):
                disk = working_set.rows_on_disk(self.database, working.snapshot)
                if disk is not None:
                    working.vectors.leave_to(disk)

    def checkpoint(self) -> None:
        """Save the live graph with its seal; does nothing without a graph, or where it is on disk as it is."""
        if self.readonly or self._decider is None or self._working is None or self.searcher.saved(self.snapshot):
            return
        self.searcher.save(self.folder, self.snapshot)

    def index_state(self) -> IndexState:
        """Which search decides, and how old the index on disk is; loads no vectors."""
        if self._decider is not None:
            return self.searcher.state(self.snapshot)
        rows, change = self.database.one("select count, change from meta")
        behind = None if (saved := checkpoint.saved_change(self.folder)) is None else max(change - saved, 0)
        if rows * self.identity.dim <= self.settings.exact_limit or not graph.installed():
            return IndexState("exact", current=True, behind=behind)
        device = self.device
        if device != "cpu" and room.holds(device, rows, self.identity.dim):
            return IndexState("exact", current=True, behind=behind, device=device)
        if device != "cpu":
            fallbacks.note(Fallback("searching", device, "room"))
        return IndexState("exact" if saved is None else "hnsw", current=behind == 0, behind=behind)

    def drop_arrays(self) -> str | None:
        """Drop the arrays, the graph and the index files; the next decision loads them again. The vectors on a GPU are
        overwritten and its memory is given back: returns its name, None where none held any."""
        device = None
        if self._decider is not None:
            device = self.searcher.drop(self.folder)
        else:
            checkpoint.delete(self.folder)
        self._close_decider()
        self._working = None
        self._rows.delete()
        return device

    def prepare_erasing(self) -> None:
        """Where a graph decides, read it and bring it up to the last edit, for which rows are needed that are about to
        go. Called under the edit lock."""
        if self._exceeds(self._row_count()) and graph.installed():
            snapshot = self.snapshot
            if self.searcher.graph_live or checkpoint.saved_change(self.folder) is not None:
                self.searcher.catch_up(snapshot)
                snapshot.vectors_of(np.array([len(snapshot) - 1]))

    def erase_rows(self, ids: Sequence[int]) -> bool:
        """Where the graph decides, go on without ``ids``, which are no longer in the database: they are erased from the
        graph and left out of the arrays, what is usual is unknown, and the files of the index and of the rows are
        deleted. False where that is not possible, or where loading all again is as fast: then ``drop_arrays``."""
        working, decider = self._working, self._decider
        if working is None or decider is None or not decider.searcher.erasable(working.snapshot):
            return False
        rest = working.without(ids, change=self.catalog.change())
        if rest is None:
            return False
        self._rows.erase(rest.vectors)
        if not decider.searcher.erase(self.folder, working.snapshot, rest.snapshot):
            return False
        self._working = rest
        self._decider = self._decider_with(decider.searcher, OwnMeasures(None, None, None), touched=0)
        return True

    def set(self, values: Mapping[str, str]) -> MemorySettings:
        """Change settings, all of ``values`` or none. Raises BadValue, also for a device that is not here."""
        before, were = self.scheme, self.settings
        choice.require(values.get("device"))

        def commit() -> Changes:
            with self.database.atomic():
                for name, value in values.items():
                    loaded = settings.save(self.database, name, value)
            self._loaded_settings = loaded
            changed = tuple(name for name in values if getattr(loaded.settings, name) != getattr(were, name))
            return Changes(edit=None, change=self.catalog.change(), settings=changed)

        if not values:
            return self.settings
        self.apply(commit)
        with self.edit_lock:
            if not {"device", "exact_limit", "threads"}.isdisjoint(values):
                self._close_decider()
            elif self._decider is not None:
                self._decider.follow_settings(self.scheme, Limits.of(self.settings))
        if self.scheme != before:
            self.keep_up()
        return self.settings

    def close(self) -> None:
        """Save the graph's checkpoint and release the folder. A second call does nothing."""
        with self.edit_lock:
            if self._closed:
                return
            self._closed = True
            try:
                self.checkpoint()
                self._close_decider()
            finally:
                self.database.close()
                if self._folder_lock is not None:
                    self._folder_lock.release()

    def _follow(self, changes: Changes, ids: Sequence[int], rows: Catalog | Written) -> None:
        """Bring what decisions read up to ``changes`` of ``ids``; ``rows`` gives the new state of the exemplars."""
        working = self._working
        if not ids or working is None or changes.forgotten:
            return
        last = working.snapshot.ids.item(-1) if len(working.snapshot) else 0
        at = bisect_right(ids, last)
        old, new = ids[:at], ids[at:]
        fresh = (rows.snapshot_rows(new), rows.vectors(new)) if new else None
        working.apply(changes.change, new=fresh, old=rows.now(old) if old else ())
        if self._decider is not None:
            self._decider.note_edit(len(ids))
            self.searcher.follow(working.snapshot)

    def new_searcher(self) -> Searcher:
        """A searcher for this memory's vectors, without a graph yet."""
        device = self.device
        fallbacks.clear("searching", "voting")
        parallel.set_threads(self.settings.threads)
        ridge.solve_on(device)
        return Searcher(
            self.identity.dim,
            encoder=f"{self.identity.name} {self.identity.weights_sha256} {self.identity.preprocess}",
            exact_limit=self.settings.exact_limit,
            device=device,
            threads=self.settings.threads,
        )

    def _new_decider(self) -> Decider:
        searcher = self.new_searcher()
        searcher.deferred = self.deferred
        if searcher.wants_build(self.snapshot):
            searcher.expect(self.folder, delete=not self.readonly, tell=self._note_index)
            if not self.snapshot.on_disk:  # exact search would have to read all vectors from the database
                searcher.load_expected(self.snapshot)
        else:
            searcher.peek(self.folder)
        usual, at = self._own_measures()
        touched = 0 if usual.figures is None else int((self.snapshot.row_change > at).sum())
        return self._decider_with(searcher, usual, touched=touched)

    def _note_index(self, damage: str | None) -> None:
        self.index_damage = damage

    def _decider_with(self, searcher: Searcher, usual: OwnMeasures, *, touched: int) -> Decider:
        return Decider(
            searcher,
            usual,
            touched=touched,
            deferred=self.deferred,
            scheme=self.scheme,
            limits=Limits.of(self.settings),
        )

    def _own_measures(self) -> tuple[OwnMeasures, int]:
        """What is usual here as it was kept, and the change number that it holds for."""
        figures, at = self._measured(NOVELTY, OwnFigures.from_dict)
        calibrated, _ = self._measured(CONFIDENCE, Confidence.from_dict)
        sets, _ = self._measured(SETS, ClassSets.from_dict)
        return OwnMeasures(figures, calibrated, sets), at

    def _measured(self, name: str, read: Callable[[dict[str, Any]], T]) -> tuple[T | None, int]:
        """What ``refresh`` kept, and the change number it holds for; None if it must be measured again, because there
        is none or it cannot be read."""
        found = self.derived.get(name)
        try:
            return (None, 0) if found is None else (read(json.loads(found[0])), found[1])
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None, 0

    def _close_decider(self) -> None:
        if self._decider is not None:
            self._decider.searcher.close()
            self._decider = None

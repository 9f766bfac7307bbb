"""Maintenance of a memory: what is due after edits, checks, compaction, originals that moved."""

from __future__ import annotations

import os
import time
from array import array
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from visualmemory_gui.engine.decision.novelty import Thresholds
from visualmemory_gui.engine.decision.own_measures import OwnMeasures
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.files.atomic_file import is_own
from visualmemory_gui.engine.files.path_kind import is_file
from visualmemory_gui.engine.memory import verify as checks
from visualmemory_gui.engine.memory.image_reader import ImageReader, file_sha256
from visualmemory_gui.engine.memory.open_memory import OpenMemory
from visualmemory_gui.engine.memory.unfinished_import import UnfinishedImport, end, unfinished_import
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.store import copies, sources
from visualmemory_gui.engine.store.writer import writing
from visualmemory_gui.engine.types import I64, Changes, Damage, IndexState, Receipt, ServerState


@dataclass(frozen=True, slots=True)
class Compacted:
    """The result of compacting. Sizes in bytes of the whole folder; ``purged`` withdrawn exemplars were deleted."""

    before: int
    after: int
    purged: int


@dataclass(frozen=True, slots=True)
class Relinked:
    """The result of relinking: ``moved`` originals were found at the new place, ``missing`` (old paths) were not."""

    moved: int
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """Linked originals that are not where they were: ids (n,), increasing, by the folder that was added. ``linked``
    counts all linked originals."""

    linked: int
    folders: tuple[tuple[str, I64], ...]

    @property
    def count(self) -> int:
        return sum(len(ids) for _, ids in self.folders)


class FolderMaintenance:
    """Maintenance of one memory in a folder, and what was found when it and its index were opened."""

    def __init__(self, live: OpenMemory, reader: ImageReader) -> None:
        self._live = live
        self._reader = reader
        self._unfinished = unfinished_import(live)

    @property
    def finished_edit(self) -> None:
        """None: an edit of a folder is whole or not there."""

    @property
    def finished_forget(self) -> Receipt | None:
        """The receipt of an interrupted forget that was completed when the memory was opened."""
        return self._live.finished_forget

    @property
    def unfinished_import(self) -> UnfinishedImport | None:
        """The import that was cut short before the memory was opened, and can be continued."""
        return self._unfinished

    def leave_import(self) -> None:
        """Offer that import no more; what it added stays. Raises ReadOnlyMemory."""
        self._live.require_writable()
        self._unfinished = None
        end(self._live)

    @property
    def damaged_settings(self) -> Mapping[str, str]:
        """By name, why a setting cannot be used; its default applies."""
        return self._live.damaged_settings

    @property
    def unset_settings(self) -> Mapping[str, str]:
        """What new memories have set, by name, and this one never had: it was made before."""
        return self._live.unset_settings

    @property
    def index_damage(self) -> str | None:
        """Why the index on disk could not be used; None if it could, or has not been needed yet."""
        return self._live.index_damage

    @property
    def thresholds(self) -> Thresholds | None:
        """The thresholds of known and unknown, as last measured."""
        return self._live.decider.thresholds

    @property
    def own_measures(self) -> OwnMeasures:
        """What is usual in the memory, as last measured."""
        return self._live.decider.usual

    def measure(self, report: Report = silent) -> None:
        """Measure what is usual in the memory as it is now: the thresholds of known and unknown, the confidence and
        the class sets."""
        self._live.refresh(report)

    def defer(self) -> None:
        """From now on the caller runs ``run`` in the background; edits and decisions never wait for it."""
        self._live.defer()

    def keep_up(self, report: Report = silent) -> None:
        """After many new rows: build the HNSW index of a memory that has become large, and measure what is usual here
        where that is missing or out of date; nothing where the caller does so in the background."""
        self._live.keep_up(report)

    def run(self, report: Report = silent) -> bool:
        """Do what is due: HNSW index and its checkpoint, what is usual here, the encoder's fast form.

        Returns whether decisions may look different now, because what is usual was measured.
        """
        decider = self._live.decider
        before = decider.usual
        self._live.maintain(report)
        self._reader.prepare(report)
        return decider.usual is not before

    def index_state(self) -> IndexState:
        """Whether neighbours come from exact search or HNSW, and how far the checkpoint on disk is behind."""
        return self._live.index_state()

    def server_state(self) -> ServerState | None:
        """None: there is no server."""
        return None

    def ask_server(self) -> str | None:
        """None: there is no server."""
        return None

    def verify(self, report: Report = silent) -> list[Damage]:
        """All damage that can be found; an empty list when there is none. Changes nothing."""
        return checks.verify(self._live, report)

    def missing_originals(self, report: Report = silent) -> Missing:
        """Check every original of which the memory keeps no copy, by path alone; folders with most missing first."""
        live = self._live
        count, done = sources.count_linked(live.database), 0
        gone: dict[str, array[int]] = {}
        for folder, path, exemplar in sources.linked(live.database):
            report(done, count, "looking for originals")
            done += 1
            if not os.path.isfile(path):  # noqa: PTH113 - a place that may not be read is not an error
                gone.setdefault(folder, array("q")).append(exemplar)
        folders = sorted(gone.items(), key=lambda item: (-len(item[1]), item[0]))
        return Missing(done, tuple((folder, np.array(ids, np.int64)) for folder, ids in folders))

    def compact(self, *, keep_history_s: float | None = None, report: Report = silent) -> Compacted:
        """Shrink the database, rebuild the index, and measure what is usual here where that is due.

        Steps older than ``keep_history_s`` seconds leave the history (None: all stay); withdrawn exemplars that no step
        can bring back are deleted, as are image copies that no exemplar uses.
        """
        live = self._live
        live.require_writable()
        before = _size(live.folder)
        with live.edit_lock:
            report(0, 3, "history")
            with live.files.noted(copies.withdrawn(live.database), live.used_copies):
                if keep_history_s is None:
                    purged = live.history.purge_unreachable()
                else:
                    purged = live.history.forget_before(time.time() - keep_history_s)
                live.files.drop_unused(copies.all_used(live.database))
            live.drop_arrays()
            report(1, 3, "database")
            live.database.compact()
            report(2, 3, "index")
            if live.searcher.wants_build(live.snapshot):
                live.build_index(report)
            live.keep_up(report)
        report(3, 3, "done")
        return Compacted(before, _size(live.folder), len(purged.ids))

    def relink(self, old: str, new: str, report: Report = silent, *, only: Collection[int] | None = None) -> Relinked:
        """Relink originals from ``old`` (a file or folder) to ``new``, where the bytes are equal.

        A file that is not at the same place below ``new`` is searched by its bytes among all files there. ``only``
        are the exemplars to find; None: all that were at ``old``. Raises BadValue, StorageError; Cancelled changes
        nothing.
        """
        live = self._live
        ids = [i for i in live.catalog.ids_of_source(old) if only is None or i in only]
        if not ids:
            raise BadValue(f"no exemplar's original is at {old}")
        old_path, new_path = Path(old).absolute(), Path(new).absolute()
        moved: dict[int, str] = {}
        lost: dict[int, str] = {}
        by_bytes: dict[str, str] | None = None
        for done, exemplar in enumerate(live.catalog.get(ids)):
            report(done, len(ids), "comparing files")
            place = Path(str(exemplar.source))
            candidate = new_path / place.relative_to(old_path) if place != old_path else new_path
            if file_sha256(str(candidate)) != exemplar.sha256:
                by_bytes = _by_bytes(new_path, report) if by_bytes is None else by_bytes
                candidate = Path(by_bytes.get(str(exemplar.sha256), ""))
            if is_file(candidate):
                moved[exemplar.id] = str(candidate)
            else:
                lost[exemplar.id] = str(place)
        if moved:
            live.apply(lambda: _write(live, moved, root=str(new_path)))
        return Relinked(len(moved), tuple(lost.values()))


def _write(live: OpenMemory, moved: dict[int, str], *, root: str) -> Changes:
    with writing(live.database) as writer:
        live.catalog.relink(writer, moved, root=root)
    return Changes(edit=None, change=writer.change)


def _by_bytes(folder: Path, report: Report) -> dict[str, str]:
    files = sorted(_files(folder))
    found: dict[str, str] = {}
    for done, path in enumerate(files):
        report(done, len(files), "looking for moved files")
        sha256 = file_sha256(str(path))
        if sha256:
            found.setdefault(sha256, str(path))
    return found


def _size(folder: Path) -> int:
    return sum(path.lstat().st_size for path in _files(folder))


def _files(folder: Path) -> Iterator[Path]:
    """Files below ``folder``, without following links."""
    for place, _, names in os.walk(folder):
        yield from filter(is_own, (Path(place) / name for name in names))

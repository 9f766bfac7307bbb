"""Erasing exemplars for good: from every place that holds them, then a scan for bytes that should be gone."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import platformdirs

from visualmemory_gui.engine.errors import Cancelled, StorageError
from visualmemory_gui.engine.files import installation
from visualmemory_gui.engine.memory.open_memory import OpenMemory
from visualmemory_gui.engine.processes.byte_scan import (
    PIECES_PER_ITEM,
    Hit,
    PieceTable,
    Scanner,
    ScanResult,
    find_pieces,
    pieces,
)
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.store import remains
from visualmemory_gui.engine.store.database import Database
from visualmemory_gui.engine.store.derived_values import STUDIED
from visualmemory_gui.engine.store.purge import ERASING, FILES, journal
from visualmemory_gui.engine.text.visible_text import how_many
from visualmemory_gui.engine.types import Changes, Exemplar, Receipt

log = logging.getLogger(__name__)

LOG_PATIENCE_S = 10.0
MOST_PIECES, FEWEST_PIECES = 10_000, 2
"""Of how many pieces the scan looks for about as many, and no fewer of each vector or image."""
VECTORS_AT_ONCE = 4096
START_OF_SCAN = b"\xff\xda"  # what precedes it in a JPEG is much the same in all of them
UNREACHABLE = (
    "exports and bundles written before",
    "backups and other copies of the memory's folder",
    "snapshots kept by the disk or its file system",
    "the original images outside the memory",
)


@dataclass(slots=True)
class _Erased:
    """What of erasing the receipt tells: whether the database's log was ``emptied``, and the GPU that held vectors."""

    emptied: bool = False
    device: str | None = None


class Erasing:
    """Exemplars that were erased, and the scan for what remains of them, which has not begun yet.

    ``changes`` is what the listeners were told. The memory can be used in the meantime.
    """

    def __init__(
        self,
        live: OpenMemory,
        doomed: Sequence[Exemplar],
        changes: Changes,
        *,
        scanner: Scanner | None = None,
        erased: _Erased | None = None,
    ) -> None:
        self.changes = changes
        self._live = live
        self._doomed = doomed
        self._scanner = scanner
        self._erased = erased or _Erased(emptied=True)

    def finish(self, report: Report = silent) -> Receipt:
        """Scan for remaining bytes and return the receipt. If ``report`` stops it, the receipt says "not scanned"."""
        if self._scanner is None:
            return Receipt(0, "done", 0, 0, shared=0, labels=(), unreachable=UNREACHABLE)
        try:
            found = _scanned(self._live, self._scanner, report)
            return _receipt(self._live, self._doomed, found, self._erased)
        finally:
            self._scanner.close()


def forget(live: OpenMemory, ids: Sequence[int], *, report: Report = silent) -> Changes:
    """Erase ``ids`` and scan for what remains; ``Changes.receipt`` says what was done. What is usual in the memory goes
    with them and is measured again.

    Raises UnknownExemplar, and StorageError where the scan cannot be prepared; then nothing was erased.
    """
    erasing = erase(live, ids)
    changes = replace(erasing.changes, receipt=erasing.finish(report))
    with suppress(Cancelled):  # what was erased stays erased
        live.keep_up(report)
    return changes


def erase(live: OpenMemory, ids: Sequence[int]) -> Erasing:
    """Erase ``ids`` and the parts that go with them, and notify the listeners; call ``finish`` on the result. Raises as
    ``forget``.

    The bytes to look for go to the scanning process by pipe before anything is deleted. Decisions leave the exemplars
    out as soon as the rows are gone. They are erased from an index that decides; any other is dropped with them, and
    rebuilt when it is next due.
    """
    live.require_writable()
    with live.edit_lock:
        doomed = live.catalog.get(sorted(set(ids)))
        doomed += live.catalog.parts_of([exemplar.id for exemplar in doomed])
        if not doomed:
            return Erasing(live, (), Changes(edit=None, change=live.catalog.change()))
        live.prepare_erasing()
        scanner = Scanner(_needles(live, doomed))
        try:
            changes, erased = _erase(live, doomed)
        except BaseException:
            scanner.close()
            raise
    return Erasing(live, doomed, changes, scanner=scanner, erased=erased)


def resume(live: OpenMemory) -> None:
    """Repeat the steps that an interrupted forget may not have finished, if any. Closes ``live`` when that fails.

    ``live.finished_forget`` then holds its receipt: the bytes to look for were lost with the process that had them.
    """
    try:
        if live.readonly:
            return
        live.derived.require_whole(ERASING)
        left = live.derived.get(ERASING)
        if left is not None:
            live.finished_forget = _finish(live, json.loads(left[0]))
    except BaseException:
        live.close()
        raise


def _finish(live: OpenMemory, left: dict[str, list[int] | list[list[str]]]) -> Receipt:
    copies = [(str(sha256), str(suffix)) for sha256, suffix in left["copies"]]  # type: ignore[misc]
    _wipe(live, sorted(set(copies) - live.used_copies(copies)))
    emptied = live.database.checkpoint() == (0, 0, 0)
    if emptied:
        live.derived.drop(ERASING)
    status: Literal["not scanned", "bytes remain"] = "not scanned" if emptied else "bytes remain"
    return Receipt(len(left["ids"]), status, 0, 0, shared=0, labels=(), unreachable=UNREACHABLE)


def _erase(live: OpenMemory, doomed: Sequence[Exemplar]) -> tuple[Changes, _Erased]:
    """Everything but the scan: returns what the listeners were told, and what else is for the receipt."""
    erased = _Erased()
    others_change = live.derived.get(STUDIED) is not None  # their derived trust may go with ``doomed``

    def commit() -> Changes:
        purged = live.catalog.purge([exemplar.id for exemplar in doomed])
        try:
            erased.device = _wipe(live, purged.copies, ids=() if others_change else purged.ids)
            journal(live.database, purged.ids, FILES)
            if empty_log(live.database):
                live.derived.drop(ERASING)
                erased.emptied = True
        except (StorageError, OSError) as error:  # the rows are gone; the rest is done at the next open
            log.warning("%s: %s", type(error).__name__, error)
        name = f"Forget {how_many(len(purged.ids))}"
        return Changes(edit=name, change=purged.change, removed=purged.ids, forgotten=purged.ids)

    return live.apply(commit), erased


def _wipe(live: OpenMemory, copies: Sequence[tuple[str, str]], *, ids: Sequence[int] = ()) -> str | None:
    """Everything outside the rows and the log: arrays, index, image copies, derived values. Returns the GPU whose copy
    of the vectors was overwritten, None where none held any. ``ids`` are erased from a large index, where nothing else
    has changed; without them it is dropped."""
    device = None if ids and live.erase_rows(ids) else live.drop_arrays()
    for sha256, suffix in copies:
        live.files.unlink(sha256, suffix)
    live.derived.clear(but=ERASING)
    return device


def empty_log(database: Database) -> bool:
    """Move the log into the database and empty it, waiting for readers; False if one kept it in use."""
    end = time.monotonic() + LOG_PATIENCE_S
    while database.checkpoint() != (0, 0, 0):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def own_folders() -> tuple[Path, ...]:
    """Where this program keeps its files other than memories: its log and the window's settings."""
    places = (platformdirs.user_log_dir, platformdirs.user_config_dir, platformdirs.user_state_dir)
    found = [Path(place(installation.APP, appauthor=False)) for place in places]
    return tuple(place for place in found if not any(place != other and other in place.parents for other in found))


def _scanned(live: OpenMemory, scanner: Scanner, report: Report) -> ScanResult | None:
    """The hits of the scan; None if it did not finish."""
    try:
        return scanner.scan(live.folder, *own_folders(), report=report)
    except (StorageError, Cancelled) as error:
        log.warning("%s: %s", type(error).__name__, error)
        return None


def _receipt(live: OpenMemory, doomed: Sequence[Exemplar], found: ScanResult | None, erased: _Erased) -> Receipt:
    seen = () if found is None else found.hits
    shared = {hit.piece for hit in seen if _is_copy(hit)}
    shared |= _held(live, {hit.piece for hit in seen} - shared)
    hits = [hit for hit in seen if hit.piece not in shared]
    status: Literal["done", "bytes remain", "not scanned"] = "done" if erased.emptied and not hits else "bytes remain"
    return Receipt(
        forgotten=len(doomed),
        status="not scanned" if found is None else status,
        files_scanned=0 if found is None else found.files,
        hits=len(hits),
        shared=len(shared),
        labels=tuple(sorted({exemplar.label for exemplar in doomed})),
        unreachable=UNREACHABLE,
        in_original=tuple(live.catalog.keepers(doomed)),
        device=erased.device,
    )


def _held(live: OpenMemory, pieces: Collection[bytes]) -> set[bytes]:
    """Those of ``pieces`` that a remaining row also holds."""
    if not pieces:
        return set()
    table = PieceTable(pieces)
    return remains.held(live.database, pieces, lambda value: find_pieces(value, table))


def _needles(live: OpenMemory, doomed: Sequence[Exemplar]) -> Iterator[bytes]:
    """Pieces of everything stored for ``doomed``: vector, thumbnail, image copy, file name, a label unique to them."""
    ids = [exemplar.id for exemplar in doomed]
    most = min(max(MOST_PIECES // len(ids), FEWEST_PIECES), PIECES_PER_ITEM)
    for start in range(0, len(ids), VECTORS_AT_ONCE):
        some = ids[start : start + VECTORS_AT_ONCE]
        for vector in live.catalog.vectors(some):
            yield from pieces(vector.tobytes(), most)
            yield from pieces(vector.astype(np.float16).tobytes(), most)
        for jpeg in live.catalog.thumbnails(some).values():
            yield from pieces(jpeg[jpeg.find(START_OF_SCAN) :], most)
    for sha256, suffix in remains.copies(live.database, ids):
        path = live.files.path_of(sha256, suffix)
        yield from pieces(path.read_bytes(), most) if live.files.is_copy(path) else ()
    for part in remains.path_parts(live.database, ids):
        yield from pieces(part)
    for label in remains.labels_of_nobody_else(live.database, ids):
        yield from pieces(label.encode())


def _is_copy(hit: Hit) -> bool:
    """Whether bytes are in an image copy: the remaining copies belong to other exemplars."""
    return hit.file.startswith("images/")

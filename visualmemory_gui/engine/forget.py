"""Erasing exemplars for good: every place that holds them, then a scan that looks for what should be gone."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from visualmemory_gui.engine.errors import StorageError
from visualmemory_gui.engine.live import LiveMemory
from visualmemory_gui.engine.scan import Hit, Scanner, ScanResult, pieces
from visualmemory_gui.engine.store import traces
from visualmemory_gui.engine.store.database import Database
from visualmemory_gui.engine.store.purge import ERASING
from visualmemory_gui.engine.types import Changes, Exemplar, Receipt

log = logging.getLogger(__name__)

LOG_PATIENCE_S = 10.0
START_OF_SCAN = b"\xff\xda"  # what stands before it in a JPEG is much the same in all of them
UNREACHABLE = (
    "exports and bundles written before",
    "backups and other copies of the memory's folder",
    "snapshots kept by the disk or its file system",
    "the original pictures outside the memory",
)


def forget(live: LiveMemory, ids: Sequence[int]) -> Changes:
    """Erase ``ids``; ``Changes.receipt`` says what was done. Raises UnknownExemplar, then nothing was erased.

    What to look for goes to the scanning process by pipe before anything is deleted. Decisions leave the exemplars out
    from the moment the rows are gone; the index is dropped with them and built anew when it is next due.
    """
    live.require_writable()
    with live.edit_lock:
        doomed = live.catalog.get(sorted(set(ids)))
        if not doomed:
            return _nothing_to_forget(live)
        scanner = Scanner(_needles(live, doomed))
        try:
            return live.apply(lambda: _erase(live, doomed, scanner))
        finally:
            scanner.close()


def resume(live: LiveMemory) -> None:
    """Do again what a forget that was interrupted may not have done, else nothing. Closes ``live`` when that fails."""
    try:
        left = None if live.readonly else live.derived.get(ERASING)
        if left is not None:
            used = set(traces.all_copies(live.database))
            _wipe(live, [copy for copy in map(tuple, json.loads(left[0])) if copy not in used])
            if live.database.checkpoint() == (0, 0, 0):
                live.derived.drop(ERASING)
    except BaseException:
        live.close()
        raise


def _erase(live: LiveMemory, doomed: Sequence[Exemplar], scanner: Scanner) -> Changes:
    purged = live.catalog.purge([exemplar.id for exemplar in doomed])
    _wipe(live, purged.copies)
    emptied = _empty_log(live.database)
    if emptied:
        live.derived.drop(ERASING)
    receipt = _receipt(live, doomed, _scanned(live, scanner), emptied=emptied)
    name = f"Forget {len(purged.ids):,} exemplar{'' if len(purged.ids) == 1 else 's'}"
    return Changes(edit=name, change=purged.change, removed=purged.ids, forgotten=purged.ids, receipt=receipt)


def _wipe(live: LiveMemory, copies: Sequence[tuple[str, str]]) -> None:
    """Everything outside the rows and the log: arrays, index, image copies, derived values."""
    live.drop_arrays()
    for sha256, suffix in copies:
        live.files.unlink(sha256, suffix)
    live.derived.clear(but=ERASING)


def _empty_log(database: Database) -> bool:
    """Move the log into the database and empty it, waiting for readers; False when one held on to it."""
    end = time.monotonic() + LOG_PATIENCE_S
    while database.checkpoint() != (0, 0, 0):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def _scanned(live: LiveMemory, scanner: Scanner) -> ScanResult | None:
    try:
        return scanner.scan(live.folder)
    except StorageError as error:
        log.warning("%s", error)
        return None


def _receipt(live: LiveMemory, doomed: Sequence[Exemplar], found: ScanResult | None, *, emptied: bool) -> Receipt:
    seen = () if found is None else found.hits
    shared = {hit.piece for hit in seen if traces.held(live.database, hit.piece) or _is_copy(hit)}
    hits = [hit for hit in seen if hit.piece not in shared]
    status: Literal["done", "bytes remain", "not scanned"] = "done" if emptied and not hits else "bytes remain"
    return Receipt(
        forgotten=len(doomed),
        status="not scanned" if found is None else status,
        files_scanned=0 if found is None else found.files,
        hits=len(hits),
        shared=len(shared),
        labels=tuple(sorted({exemplar.label for exemplar in doomed})),
        unreachable=UNREACHABLE,
    )


def _nothing_to_forget(live: LiveMemory) -> Changes:
    receipt = Receipt(0, "done", 0, 0, shared=0, labels=(), unreachable=UNREACHABLE)
    return Changes(edit=None, change=live.catalog.change(), receipt=receipt)


def _needles(live: LiveMemory, doomed: Sequence[Exemplar]) -> Iterator[bytes]:
    """Pieces of everything stored for ``doomed``: vector, thumbnail, image copy, file name, a label of nobody else."""
    ids = [exemplar.id for exemplar in doomed]
    for vector in live.catalog.vectors(ids):
        yield from pieces(vector.tobytes())
        yield from pieces(vector.astype(np.float16).tobytes())
    for jpeg in live.catalog.thumbnails(ids).values():
        yield from pieces(jpeg[jpeg.find(START_OF_SCAN) :])
    for sha256, suffix in traces.copies(live.database, ids):
        path = live.files.path_of(sha256, suffix)
        yield from pieces(path.read_bytes()) if path.exists() else ()
    for exemplar in doomed:
        if exemplar.source:
            yield from pieces(Path(exemplar.source).name.encode("utf-8", "surrogateescape"))
    for label in traces.labels_of_nobody_else(live.database, ids):
        yield from pieces(label.encode())


def _is_copy(hit: Hit) -> bool:
    """Bytes in an image copy: those copies that are left belong to other exemplars."""
    return hit.file.startswith("images/")

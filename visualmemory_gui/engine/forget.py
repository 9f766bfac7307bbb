"""Erasing exemplars for good: every place that holds them, then a scan that looks for what should be gone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from visualmemory_gui.engine.live import LiveMemory
from visualmemory_gui.engine.scan import Hit, Scanner, pieces
from visualmemory_gui.engine.store import traces
from visualmemory_gui.engine.types import Changes, Exemplar, Receipt

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
    wanted = sorted(set(ids))
    live.require_writable()
    with live.edit_lock:
        doomed = live.catalog.get(wanted)
        scanner = Scanner(_needles(live, doomed))
        try:
            return live.apply(lambda: _erase(live, doomed, scanner))
        finally:
            scanner.close()


def _erase(live: LiveMemory, doomed: Sequence[Exemplar], scanner: Scanner) -> Changes:
    purged = live.catalog.purge([exemplar.id for exemplar in doomed])
    live.drop_derived()
    for sha256, suffix in purged.copies:
        live.files.unlink(sha256, suffix)
    live.empty_log()
    found = scanner.scan(live.folder)
    shared = {hit.piece for hit in found.hits if traces.held(live.database, hit.piece) or _is_copy(hit)}
    hits = [hit for hit in found.hits if hit.piece not in shared]
    receipt = Receipt(
        forgotten=len(purged.ids),
        status="bytes remain" if hits else "done",
        files_scanned=found.files,
        hits=len(hits),
        shared=len(shared),
        labels=tuple(sorted({exemplar.label for exemplar in doomed})),
        unreachable=UNREACHABLE,
    )
    name = f"Forget {len(purged.ids):,} exemplar{'' if len(purged.ids) == 1 else 's'}"
    return Changes(edit=name, change=purged.change, removed=purged.ids, forgotten=purged.ids, receipt=receipt)


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

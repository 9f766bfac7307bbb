"""Pushing a memory from a folder to a server: in pages that can be gone on with, and compared in the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from visualmemory_gui.engine.errors import BadValue, MemoryExists, ServerError
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.shared_memory import measures, shared_settings
from visualmemory_gui.engine.shared_memory.folder_rows import label_numbers, rows_of
from visualmemory_gui.engine.shared_memory.server import Server
from visualmemory_gui.engine.shared_memory.shared_row import SharedRow
from visualmemory_gui.engine.shared_memory.shared_store import BATCH, SharedLabel, SharedStore, fitting
from visualmemory_gui.engine.store.checksum import added, hash64

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import WholeMemory

WRITER = "push"
FILLING, COMPLETE = "filling", "complete"


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push did: ``exemplars`` are there, of which ``written`` had to be sent; ``thumbnails`` too."""

    exemplars: int
    written: int
    thumbnails: int


def push(m: WholeMemory, server: Server, collection: str, *, report: Report = silent) -> Pushed:
    """Copy the memory ``m``, but for its history and its image copies, into the new ``collection``.

    A push that was cut short goes on when it is asked for again. In the end all rows are read back, counted and their
    digest compared. Raises MemoryExists where another memory has that name, BadValue where its vectors are reduced,
    ServerError, and StorageError where ``m`` is given a new label meanwhile.
    """
    if m.identity != m.identity.whole:
        raise BadValue(
            f"its vectors are reduced ({m.identity.words}), and a server cannot hold the projection; "
            "`reembed` makes a memory whose vectors are whole"
        )
    store = _begun(m, server, collection)
    numbers = _write_labels(m, store)
    pages = rows_of(m, numbers, writer=WRITER)
    before = _RowsBefore(store)
    written, total = 0, m.catalog.totals()[0]
    last, count, digest, thumbnails = 0, 0, 0, ThumbnailTally()
    for page in pages:
        for start in range(0, len(page), BATCH):
            rows = page[start : start + BATCH]
            report(count, total, "pushing")
            store.put("next_id", max(rows[-1].id + 1, before.next_id))
            written += _write(m, store, rows, before.up_to(rows[-1].id), thumbnails)
            last, count = rows[-1].id, count + len(rows)
            digest = added(digest, *(row.checksum for row in rows))
    store.remove_above(last)
    _write_state(m, store)
    store.flush()
    verify(store, count, digest, thumbnails, report=report)
    store.put("push", {"state": COMPLETE, "digest": digest, "exemplars": count})
    return Pushed(count, written, thumbnails.count)


class _RowsBefore:
    """The checksums of the rows that an earlier push left, by id, in the order of the ids: none of a new memory.

    A read that waits for the server's clock takes a fifth of a second, so one is made for a whole page of rows.
    """

    def __init__(self, store: SharedStore) -> None:
        self.next_id = store.number("next_id") or 1
        self._pages: Iterator[dict[int, int]] = store.checksums() if self.next_id > 1 else iter(())
        self._waiting: dict[int, int] = {}
        self._read_to = 0

    def up_to(self, last: int) -> dict[int, int]:
        """Those with an id up to ``last`` that were not given before."""
        while self._read_to < last and (page := next(self._pages, None)) is not None:
            self._waiting |= page
            self._read_to = max(page)
        return {one: self._waiting.pop(one) for one in list(self._waiting) if one <= last}


class ThumbnailTally:
    """How many thumbnails were sent, and the sum of their hashes."""

    def __init__(self) -> None:
        self.count, self.digest = 0, 0

    def add(self, exemplar: int, jpeg: bytes) -> None:
        self.count += 1
        self.digest = added(self.digest, hash64(exemplar.to_bytes(8, "little") + jpeg))


def _begun(m: WholeMemory, server: Server, collection: str) -> SharedStore:
    """The collections to fill: new ones, or those of a push that was cut short."""
    if not server.has(f"{collection}_meta"):
        active = m.catalog.totals()[1]
        graph = active * m.identity.dim > m.settings.exact_limit
        store = SharedStore.create(server, collection, m.identity, graph=graph)
        store.put("push", {"state": FILLING})
        return store
    store = SharedStore.resume(server, collection, m.identity)
    if (store.get("push") or {"state": FILLING}).get("state") != FILLING:
        raise MemoryExists(
            f"{server.name} has a memory {collection} already: choose another name, or pull that one to a folder"
        )
    return store


def _write_labels(m: WholeMemory, store: SharedStore) -> dict[str, int]:
    """Give each label a number, and say how many active exemplars it has."""
    known = {label.path: number for number, label in store.labels().items()}
    counts, names = m.class_counts(), Counter(one.label for page in m.catalog.pages() for one in page)
    numbers = label_numbers(sorted(names), known)
    store.write_labels({number: SharedLabel(path, counts.get(path, 0)) for path, number in numbers.items()})
    return numbers


def _write(
    m: WholeMemory, store: SharedStore, rows: Sequence[SharedRow], there: dict[int, int], thumbnails: ThumbnailTally
) -> int:
    """Send those of ``rows`` that are not ``there``, by id and checksum, as they are; remove what else is there."""
    new = [row for row in rows if there.pop(row.id, None) != row.checksum]
    jpegs = {exemplar: fitting(jpeg) for exemplar, jpeg in m.catalog.thumbnails([row.id for row in rows]).items()}
    for exemplar, jpeg in jpegs.items():
        thumbnails.add(exemplar, jpeg)
    store.write_thumbnails({row.id: jpegs[row.id] for row in new if row.id in jpegs})
    store.write(new)
    store.remove(list(there))
    return len(new)


def _write_state(m: WholeMemory, store: SharedStore) -> None:
    shared_settings.write(store, m.settings)
    store.put("change", max(m.snapshot.change, 1))
    measures.write(store, m.maintenance.own_measures, m.snapshot.change)


def verify(
    store: SharedStore,
    count: int,
    digest: int,
    thumbnails: ThumbnailTally,
    *,
    then: str = "push again; what is right is not sent twice",
    report: Report,
) -> None:
    """Read back all that this client wrote. Raises ServerError, which says what to do ``then``, where it is not what
    was sent, or more is there."""
    found, seen, jpegs = 0, 0, ThumbnailTally()
    for page in store.pages(read="session"):
        report(seen, count, "verifying")
        seen += len(page)
        found = added(found, *(row.checksum for row in page))
        for exemplar, jpeg in store.thumbnails([row.id for row in page]).items():
            jpegs.add(exemplar, jpeg)
    counted = store.count()
    if (seen, counted, found) != (count, count, digest):
        raise ServerError(
            f"{store.server.name} holds {counted:,} exemplars of {count:,}, "
            f"and they are not those that were sent: {then}"
        )
    if (jpegs.count, jpegs.digest) != (thumbnails.count, thumbnails.digest):
        raise ServerError(f"{store.server.name} does not hold the thumbnails that were sent: {then}")

"""Pulling a shared memory, or a random part of it, into a new folder: in pages that can be gone on with."""

from __future__ import annotations

import hashlib
import random
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from visualmemory_gui.engine.errors import BadValue, DamagedMemory, MemoryExists, NotAMemory, ServerError
from visualmemory_gui.engine.files.path_kind import is_taken
from visualmemory_gui.engine.memory.visual_memory import VisualMemory
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.shared_memory import shared_settings
from visualmemory_gui.engine.shared_memory.address import SharedAddress
from visualmemory_gui.engine.shared_memory.folder_rows import label_numbers, new_exemplar, rows_of
from visualmemory_gui.engine.shared_memory.journal import Journal
from visualmemory_gui.engine.shared_memory.own_edits import OwnEdits
from visualmemory_gui.engine.shared_memory.push import COMPLETE
from visualmemory_gui.engine.shared_memory.server import Server
from visualmemory_gui.engine.shared_memory.shared_row import SharedRow
from visualmemory_gui.engine.shared_memory.shared_store import ACTIVE, BATCH, NOT_WITHDRAWN, SharedLabel, SharedStore
from visualmemory_gui.engine.store.checksum import added
from visualmemory_gui.engine.store.filesystem import folder_at
from visualmemory_gui.engine.types import NewExemplar

DRAWN = 4
"""Ids that are drawn for each exemplar of a sample that is still wanted: some are not given, or do not vote."""
MOST_DRAWS = 1_000


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull made: ``exemplars`` of the ``there`` that the shared memory holds."""

    exemplars: int
    there: int


def pull(
    server: Server,
    collection: str,
    to: str | Path,
    *,
    sample: int | None = None,
    seed: int = 0,
    journal: Journal | None = None,
    report: Report = silent,
) -> Pulled:
    """Make the memory ``to`` of all exemplars of the shared memory, or of ``sample`` active ones, under the same ids.

    What was pulled is compared before the folder appears. A pull that was cut short goes on when it is asked for again.
    The history stays where it is; what was forgotten from this machine, as ``journal`` says, is left out. Raises
    MemoryExists, ServerError, NotAMemory.
    """
    place = folder_at(to)
    if is_taken(place):
        raise MemoryExists(f"{place} is there already: choose another folder")
    if sample is not None and sample < 1:
        raise BadValue(f"a sample has at least 1 exemplar, not {sample}")
    store = open_complete(server, collection)
    if journal is not None and journal.is_of(store.token):
        store.forgotten = journal.forgotten()
    part = _unfinished(place, f"{server.name}/{collection} {store.token} {sample} {seed}")
    there = store.count(NOT_WITHDRAWN)
    wanted = None if sample is None else sorted(_drawn(store, sample, seed))
    with _opened(part, store) as m:
        count = _fill(m, store, wanted, report=report, total=there if wanted is None else len(wanted))
        _set(m, store)
        m.history.baseline()
        m.maintenance.keep_up(report)
    if place.exists():
        place.rmdir()
    part.rename(place)
    return Pulled(count, there)


def pull_from(
    address: str, to: str | Path, *, sample: int | None = None, seed: int = 0, report: Report = silent
) -> Pulled:
    """``pull`` from the memory at ``address``, over a connection of its own."""
    from visualmemory_gui.engine.shared_memory.milvus_server import connected

    place = SharedAddress.of(address)
    folder_at(to)
    with connected(place) as server:
        journal = Journal.if_there(place)
        try:
            return pull(server, place.collection, to, sample=sample, seed=seed, journal=journal, report=report)
        finally:
            if journal is not None:
                journal.close()


def open_complete(server: Server, collection: str, *, keep_texts: bool = False) -> SharedStore:
    """The memory of that name, as ``SharedStore.open``. Raises NotAMemory and others, and MemoryExists while a push is
    still filling it."""
    store = SharedStore.open(server, collection, keep_texts=keep_texts)
    state = store.get("push")
    if not isinstance(state, dict) or state.get("state") != COMPLETE:
        raise MemoryExists(f"{collection} is not complete: a push was cut short. Push again, and it goes on")
    return store


def _unfinished(place: Path, what: str) -> Path:
    """Where it is made until it is whole; its name says what of."""
    name = hashlib.sha256(what.encode()).hexdigest()[:12]
    return place.absolute().with_name(f".{place.name}-{name}.pull")


def _opened(part: Path, store: SharedStore) -> VisualMemory:
    if part.exists():
        try:
            return VisualMemory.open(part)
        except (NotAMemory, DamagedMemory):  # it was cut short before it was one
            shutil.rmtree(part)
    return VisualMemory.create_for(part, store.identity)


def _fill(m: VisualMemory, store: SharedStore, wanted: Sequence[int] | None, *, report: Report, total: int) -> int:
    """Add what is not there yet, and compare all. Raises ServerError where the memory was edited meanwhile."""
    own, last = OwnEdits(store), int(m.snapshot.ids[-1]) if len(m.snapshot) else 0
    count, digest = 0, 0
    for rows in _pages(store, wanted):
        report(count, total, "pulling")
        fresh = [row for row in rows if row.id > last]
        exemplars = _exemplars(store, fresh, own.labels_of(fresh).labels)
        m.add_numbered(list(zip((row.id for row in fresh), exemplars, strict=True)))
        count += len(rows)
        digest = added(digest, *(_pulled(row).checksum for row in rows))
    known = own.labels().numbers
    numbers = label_numbers(m.snapshot.labels, known)  # where a label is not known, the rows are not those there
    for page in rows_of(m, numbers, writer=""):
        count -= len(page)
        digest = added(digest, *(-row.checksum for row in page))
    if (count, digest) != (0, 0):
        m.close()
        shutil.rmtree(m.path)
        raise ServerError("the shared memory was edited while it was pulled: pull again")
    return m.catalog.totals()[0]


def _pages(store: SharedStore, wanted: Sequence[int] | None) -> Iterator[list[SharedRow]]:
    if wanted is None:
        yield from store.pages(NOT_WITHDRAWN)
        return
    for start in range(0, len(wanted), BATCH):
        rows = store.rows(wanted[start : start + BATCH])
        yield [rows[exemplar] for exemplar in sorted(rows)]


def _exemplars(
    store: SharedStore, rows: Sequence[SharedRow], labels: Mapping[int, SharedLabel]
) -> Iterator[NewExemplar]:
    jpegs = store.thumbnails([row.id for row in rows])
    for row in rows:
        yield new_exemplar(row, label=labels[row.label].path, thumbnail=jpegs.get(row.id))


def _pulled(row: SharedRow) -> SharedRow:
    """The row as a folder has it: its trust is one set by hand."""
    return replace(row, trust=None if row.voice == 1.0 else row.voice, derived=None)


def _drawn(store: SharedStore, sample: int, seed: int) -> Iterable[int]:
    """``sample`` ids of active exemplars, or all, each as likely as any other."""
    if store.count(ACTIVE) <= sample:
        return list(store.ids(ACTIVE))
    end, rng = store.number("next_id") or 1, random.Random(seed)
    found: dict[int, None] = {}
    for _ in range(MOST_DRAWS if end > 1 else 0):
        drawn = [rng.randrange(1, end) for _ in range(min(DRAWN * (sample - len(found)), BATCH))]
        there = {row.id for row in store.rows(drawn).values() if row.active}
        found.update((exemplar, None) for exemplar in drawn if exemplar in there)
        if len(found) >= sample:
            break
    if len(found) < sample:  # so many draws find few that are new
        rest = [exemplar for exemplar in store.ids(ACTIVE) if exemplar not in found]
        rng.shuffle(rest)
        found.update(dict.fromkeys(rest))
    return list(found)[:sample]


def _set(m: VisualMemory, store: SharedStore) -> None:
    """The settings of the shared memory."""
    here = shared_settings.texts(m.settings)
    wanted = shared_settings.texts(shared_settings.read(store))
    m.set_all({name: text for name, text in wanted.items() if text != here[name]})

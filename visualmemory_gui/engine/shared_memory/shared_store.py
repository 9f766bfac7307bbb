"""The four collections of a shared memory, read and written by rows: exemplars, thumbnails, labels, and what is known.

``NAME`` has the exemplars, ``NAME_images`` their thumbnails, ``NAME_labels`` the labels with how many active exemplars
each has, ``NAME_meta`` everything else by key. Exemplars that were forgotten here are left out of every answer.
"""

from __future__ import annotations

import base64
import io
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, get_args

from visualmemory_gui.engine.encoders import registry
from visualmemory_gui.engine.errors import DamagedMemory, EncoderMismatch, MemoryExists, NewerFormat, NotAMemory
from visualmemory_gui.engine.images.small_jpeg import is_small_jpeg
from visualmemory_gui.engine.shared_memory.server import (
    LONGEST_TEXT,
    MOST_ROWS,
    Read,
    RowCondition,
    Server,
    ServerColumns,
    ServerRow,
)
from visualmemory_gui.engine.shared_memory.shared_collections import IMAGES, LABELS, META, NOTHING, Bases
from visualmemory_gui.engine.shared_memory.shared_row import ROW_COLUMNS, SharedRow, exemplar_columns
from visualmemory_gui.engine.shared_memory.shared_texts import SharedTexts
from visualmemory_gui.engine.store.schema import MOST_DIM
from visualmemory_gui.engine.types import BROUGHT, F32, EncoderIdentity, Erasure

FORMAT = 1
PRODUCT = "visualmemory_gui"
BATCH = 500
"""Rows that are read or written at once: with vectors of 1,280 numbers 2.5 MB."""
ACTIVE = RowCondition("state", "==", 0)
NOT_WITHDRAWN = RowCondition("state", "in", (0, 1))


@dataclass(frozen=True, slots=True)
class SharedLabel:
    """A label by its path, and how many active exemplars have it."""

    path: str
    active: int


class SharedStore(SharedTexts):
    """A shared memory on its server; ``identity`` is that of its encoder. Starts no thread, keeps no rows.

    ``base`` is what the names of its collections begin with. Rows whose ids are among ``forgotten`` are left out of
    every answer, whatever the server still has.
    """

    def __init__(self, server: Server, collection: str, identity: EncoderIdentity) -> None:
        super().__init__(server, collection)
        self.identity = identity
        self.base = collection
        self.forgotten: frozenset[int] = frozenset()
        self._highest_label: int | None = None  # as it was last read or written

    @classmethod
    def create(cls, server: Server, collection: str, identity: EncoderIdentity, *, graph: bool) -> SharedStore:
        """Make the collections, the exemplars' last. Raises MemoryExists where the name is taken."""
        if taken := [name for name in cls(server, collection, identity)._names if server.has(name)]:
            raise MemoryExists(f"{server.name} has a collection {taken[0]} already: choose another name")
        store = cls(server, collection, identity)
        server.create(store._meta, META)
        store.put("format", {"product": PRODUCT, "format": FORMAT})
        store.put("encoder", identity.to_json())
        store.put("memory", secrets.token_hex(8))
        store.create_collections(graph=graph)
        return store

    @classmethod
    def open(cls, server: Server, collection: str, *, keep_texts: bool = False) -> SharedStore:
        """The memory that is there. Raises NotAMemory, NewerFormat, DamagedMemory; nothing is written. With
        ``keep_texts`` its texts are read at once, and the caller drops them."""
        if not server.has(f"{collection}_meta"):
            what = "is not a memory" if server.has(collection) else "is not there"
            raise NotAMemory(f"the collection {collection} of {server.name} {what}")
        store = cls(server, collection, EncoderIdentity("", 0))
        store._require_ours(keep_texts=keep_texts)
        store.base = store.bases().now
        store.identity = store._encoder()
        for name, columns in store._expected().items():
            store._require_columns(name, columns)
        return store

    @classmethod
    def resume(cls, server: Server, collection: str, identity: EncoderIdentity) -> SharedStore:
        """A memory of this encoder that may be half made: what is missing is made. Raises as ``open``, and
        EncoderMismatch; nothing of another program is written to."""
        store = cls(server, collection, identity)
        store._require_ours()
        if store._encoder() != identity:
            raise EncoderMismatch(f"the shared memory {collection} has vectors of another encoder than this one")
        store.base = store.bases().now
        for name, columns in store._expected().items():
            if not server.has(name):
                server.create(name, columns)
            store._require_columns(name, columns)
        return store

    def bases(self) -> Bases:
        """Which collections count. Raises DamagedMemory."""
        try:
            return Bases.of(self.collection, self.get("collections"))
        except ValueError:
            raise DamagedMemory(f"the shared memory {self.collection} does not say which collections it has") from None

    def put_bases(self, bases: Bases) -> None:
        """Have other collections count from now on, for this client too."""
        self.put("collections", bases.to_dict())
        self.base = bases.now

    def at(self, base: str) -> SharedStore:
        """The same memory with its collections at another base, there or not."""
        found = SharedStore(self.server, self.collection, self.identity)
        found.base, found.forgotten = base, self.forgotten
        return found

    def create_collections(self, *, graph: bool) -> None:
        """Make all but that of the format, the exemplars' last."""
        self.server.create(self._images, IMAGES)
        self.server.create(self._labels, LABELS)
        self.server.create(self.base, exemplar_columns(self.identity.dim, graph=graph))

    def drop_collections(self) -> None:
        """Drop those that ``create_collections`` made, as far as they are there. Raises NotAMemory for a foreign one,
        which stays."""
        there = {name: columns for name, columns in self._expected().items() if self.server.has(name)}
        del there[self._meta]
        for name, columns in there.items():
            self._require_columns(name, columns)
        for name in there:
            self.server.drop(name)

    @property
    def graph(self) -> bool:
        """Whether the server searches by a graph, which proposes, or compares all rows."""
        return self.server.is_graph(self.base)

    @property
    def token(self) -> str:
        """What tells this memory from another one that has, or had, its name."""
        return str(self.get("memory"))

    def change(self, *, read: Read = "strong") -> int:
        """The change number of the last edit."""
        return self.number("change", read=read) or 0

    def rows(self, ids: Iterable[int], *, read: Read = "strong") -> dict[int, SharedRow]:
        """Those of ``ids`` that are there, by id."""
        found: dict[int, SharedRow] = {}
        for part in _batches(self._kept(ids)):
            rows = self.server.query(self.base, [RowCondition("id", "in", tuple(part))], ROW_COLUMNS, read=read)
            found.update((row.id, row) for row in map(SharedRow.from_server, rows))
        return found

    def matching(self, *where: RowCondition, read: Read = "session") -> list[SharedRow]:
        """The rows for which all of ``where`` holds, by id; for conditions that few rows meet."""
        found = self.server.query(self.base, where, ROW_COLUMNS, limit=BATCH, read=read)
        return sorted(map(SharedRow.from_server, self._without_forgotten(found)), key=lambda row: row.id)

    def columns(
        self, names: Sequence[str], among: str, values: Sequence[str], *where: RowCondition
    ) -> Iterator[ServerRow]:
        """Some columns, with the id, of the rows whose column ``among`` has one of ``values``; for few rows each."""
        for part in _batches(values):
            found = self.server.query(self.base, [RowCondition(among, "in", tuple(part)), *where], names)
            yield from self._without_forgotten(found)

    def pages(self, *where: RowCondition, read: Read = "strong") -> Iterator[list[SharedRow]]:
        """All rows for which ``where`` holds, by id, a page at a time."""
        for page in self._windows(self.base, "id", where, ROW_COLUMNS, read=read):
            yield [SharedRow.from_server(row) for row in self._without_forgotten(page)]

    def column_pages(self, names: Sequence[str], *where: RowCondition) -> Iterator[list[ServerRow]]:
        """Some columns, with the id, of all rows for which ``where`` holds, by id, a page at a time."""
        most = BATCH if "vector" in names else MOST_ROWS
        for page in self._windows(self.base, "id", where, names, read="strong", most=most):
            yield self._without_forgotten(page)

    def ids(self, *where: RowCondition, read: Read = "strong") -> Iterator[int]:
        """The ids of these rows, increasing."""
        for page in self._windows(self.base, "id", where, ["id"], read=read, most=MOST_ROWS):
            yield from (_int(row["id"]) for row in self._without_forgotten(page))

    def count(self, *where: RowCondition, read: Read = "strong") -> int:
        """How many rows ``where`` holds for, as the server counts them."""
        return self.server.count(self.base, where, read=read)

    def recounted(self, among: Mapping[int, SharedLabel]) -> dict[int, SharedLabel]:
        """How many active exemplars labels have, as the server counts them."""
        return {
            number: SharedLabel(label.path, self.count(RowCondition("label", "==", number), ACTIVE))
            for number, label in among.items()
        }

    def lingering(self) -> dict[int, int]:
        """Forgotten ids that the server has nevertheless, with the numbers of their labels."""
        found: dict[int, int] = {}
        for part in _batches(sorted(self.forgotten), MOST_ROWS):
            where = [RowCondition("id", "in", tuple(part))]
            rows = self.server.query(self.base, where, ["id", "label"])
            found.update((_int(row["id"]), _int(row["label"])) for row in rows)
        return found

    def nearest(self, vectors: F32, limit: int, *, read: Read) -> list[list[SharedRow]]:
        """For each of ``vectors`` (q, dim), up to ``limit`` active rows that the server finds nearest."""
        hidden: set[int] = set()
        while True:
            where = [ACTIVE, RowCondition("id", "not in", tuple(sorted(hidden)))] if hidden else [ACTIVE]
            found = self.server.search(self.base, vectors, where, ROW_COLUMNS, limit=limit, read=read)
            seen = {_int(one.row["id"]) for of_query in found for one in of_query} & self.forgotten
            if seen <= hidden:
                return [
                    [SharedRow.from_server(one.row) for one in of_query if _int(one.row["id"]) not in hidden]
                    for of_query in found
                ]
            hidden |= seen

    def likeness(self, vector: F32) -> list[tuple[int, float]]:
        """(id, distance) of the rows, struck ones too, that the server finds nearest to ``vector`` (dim,), as many as
        it names; by its distances, which are of single precision."""
        where = [NOT_WITHDRAWN]
        [found] = self.server.search(self.base, vector[None], where, ["id"], limit=MOST_ROWS, read="session")
        near = [(max(0.0, 1.0 - one.similarity), _int(one.row["id"])) for one in found]
        return [(exemplar, distance) for distance, exemplar in sorted(near) if exemplar not in self.forgotten]

    def checksums(self) -> Iterator[dict[int, int]]:
        """The checksums of all rows by id, increasing, a page at a time."""
        for page in self.column_pages(["id", "checksum"]):
            if page:
                yield {_int(row["id"]): _int(row["checksum"]) for row in page}

    def remove(self, ids: Sequence[int]) -> None:
        """Delete rows and their thumbnails."""
        for part in _batches(ids):
            self.server.delete(self._images, tuple(part))
            self.server.delete(self.base, tuple(part))

    def remove_above(self, last: int) -> None:
        """Delete all rows with a higher id."""
        while found := self.server.query(self.base, [RowCondition("id", ">", last)], ["id"]):
            self.remove([_int(row["id"]) for row in found])

    def write(self, rows: Sequence[SharedRow]) -> None:
        for part in _batches(rows):
            self.server.upsert(self.base, [row.to_server() for row in part])

    def labels(self, *, read: Read = "strong") -> dict[int, SharedLabel]:
        """All labels by number, in the order of the numbers."""
        found: dict[int, SharedLabel] = {}
        columns = ["label_id", "path", "active"]
        for page in self._windows(self._labels, "label_id", (), columns, read=read, most=MOST_ROWS):
            found.update((_int(row["label_id"]), SharedLabel(str(row["path"]), _int(row["active"]))) for row in page)
        return found

    def write_labels(self, labels: Mapping[int, SharedLabel]) -> None:
        rows = [
            {"label_id": number, "path": label.path, "active": label.active, "dummy": NOTHING}
            for number, label in labels.items()
        ]
        for part in _batches(rows):
            self.server.upsert(self._labels, part)
        if (last := max(labels, default=0)) > self.highest_label:
            self.put("last_label", last)
            self._highest_label = last

    @property
    def highest_label(self) -> int:
        """The highest number that a label was ever given, also one that is no more."""
        if self._highest_label is None:
            self._highest_label = self.number("last_label") or 0
        return self._highest_label

    def remove_labels(self, numbers: Sequence[int]) -> None:
        """Delete labels that no row has."""
        for part in _batches(numbers):
            self.server.delete(self._labels, tuple(part))

    def thumbnails(self, ids: Iterable[int], *, read: Read = "session") -> dict[int, bytes]:
        """JPEGs of those among ``ids`` that have one. Raises DamagedMemory for what is no small JPEG."""
        found: dict[int, bytes] = {}
        for part in _batches(self._kept(ids)):
            where = [RowCondition("id", "in", tuple(part))]
            rows = self.server.query(self._images, where, ["id", "thumbnail"], read=read)
            found.update((_int(row["id"]), _jpeg_of(row)) for row in rows)
        return found

    def write_thumbnails(self, jpegs: Mapping[int, bytes]) -> None:
        """Keep thumbnails, each made smaller where it does not fit into a text."""
        for part in _batches(list(jpegs.items())):
            rows = [
                {"id": exemplar, "thumbnail": base64.b64encode(fitting(jpeg)).decode(), "dummy": NOTHING}
                for exemplar, jpeg in part
            ]
            self.server.upsert(self._images, rows)

    def flush(self) -> None:
        """Have the server write to its disk what it holds."""
        for name in self._names:
            self.server.flush(name)

    def compact(self) -> Erasure:
        """Have the server leave out of its files what was deleted; returns the least that it says of any collection."""
        with ThreadPoolExecutor(len(self._names)) as pool:  # a server begins each many seconds after it was asked
            said = list(pool.map(self.server.compact, self._names))
        return min(said, key=get_args(Erasure).index)

    def _kept(self, ids: Iterable[int]) -> list[int]:
        """``ids``, each once, without forgotten ones."""
        return [one for one in dict.fromkeys(ids) if one not in self.forgotten]

    def _without_forgotten(self, rows: Iterable[ServerRow]) -> list[ServerRow]:
        return [row for row in rows if row["id"] not in self.forgotten]

    @property
    def _names(self) -> tuple[str, ...]:
        return self.base, self._images, self._labels, self._meta

    @property
    def _images(self) -> str:
        return f"{self.base}_images"

    @property
    def _labels(self) -> str:
        return f"{self.base}_labels"

    def _windows(
        self,
        collection: str,
        key: str,
        where: Sequence[RowCondition],
        columns: Sequence[str],
        *,
        read: Read,
        most: int | None = None,
    ) -> Iterator[list[ServerRow]]:
        """Rows by increasing ``key``: those between two keys, since an answer has no order and 16,384 rows at most.

        A window that fills an answer may hold more, and is asked for again, half as wide; a sparse one is widened.
        """
        most = most or BATCH
        last, width, end = 0, most, self._last(key)
        while last < end:
            within = [RowCondition(key, ">", last), RowCondition(key, "<=", last + width)]
            found = self.server.query(collection, [*within, *where], columns, limit=most, read=read)
            if len(found) == most and width > most:
                width = max(width // 2, most)
                continue
            if found:
                yield sorted(found, key=lambda row: _int(row[key]))
            last += width
            if 4 * len(found) < most:
                width *= 2

    def _last(self, key: str) -> int:
        """The highest key that was given so far."""
        return (self.number("next_id") or 1) - 1 if key == "id" else self.number("last_label") or 0

    def _expected(self) -> dict[str, ServerColumns]:
        exemplars = exemplar_columns(self.identity.dim, graph=False)
        return {self.base: exemplars, self._images: IMAGES, self._labels: LABELS, self._meta: META}

    def _require_ours(self, *, keep_texts: bool = False) -> None:
        self._require_columns(self._meta, META)
        if keep_texts:
            self.keep_texts()
        found = self.get("format")
        if not isinstance(found, dict) or found.get("product") != PRODUCT or not isinstance(found.get("format"), int):
            raise self._foreign(self._meta)
        if found["format"] > FORMAT:
            raise NewerFormat(
                f"the shared memory {self.collection} was written by a newer version of this program: update it"
            )

    def _require_columns(self, name: str, columns: ServerColumns) -> None:
        if not self.server.has(name):
            raise DamagedMemory(f"the shared memory {self.collection} is not complete: {name} is missing")
        found = self.server.columns(name)
        if {n: (c.kind, c.size if c.kind == "vector" else 0) for n, c in found.items()} != {
            n: (c.kind, c.size if c.kind == "vector" else 0) for n, c in columns.columns.items()
        }:
            raise self._foreign(name)

    def _foreign(self, name: str) -> NotAMemory:
        return NotAMemory(
            f"the collection {name} of {self.server.name} is not that of a memory: another program made it. "
            "It was left as it is."
        )

    def _encoder(self) -> EncoderIdentity:
        """What is kept is a name, never a path: nothing is loaded because a server says so."""
        found = self.get("encoder")
        try:
            name, dim = str(found["name"]), int(found["dim"])
            if (name == BROUGHT or registry.is_name(name)) and 1 <= dim <= MOST_DIM:
                return EncoderIdentity(name, dim, str(found["weights_sha256"]), str(found["preprocess"]))
            raise ValueError(name)
        except (KeyError, TypeError, ValueError):
            raise DamagedMemory(f"the shared memory {self.collection} does not say which encoder it has") from None


def fitting(jpeg: bytes) -> bytes:
    """``jpeg``, or a smaller form of it where its base64 is longer than a text may be."""
    most = LONGEST_TEXT // 4 * 3
    if len(jpeg) <= most:
        return jpeg
    from PIL import Image

    with Image.open(io.BytesIO(jpeg)) as opened:
        image = opened.convert("RGB")
    quality = 80
    while True:
        out = io.BytesIO()
        image.save(out, "JPEG", quality=quality)
        if out.tell() <= most:
            return out.getvalue()
        quality -= 20
        if quality < 40:
            image, quality = image.resize((max(image.width // 2, 1), max(image.height // 2, 1))), 80


def _jpeg_of(row: ServerRow) -> bytes:
    try:
        jpeg = base64.b64decode(str(row["thumbnail"]), validate=True)
    except ValueError:
        jpeg = b""
    if not is_small_jpeg(jpeg):
        raise DamagedMemory(f"the thumbnail of exemplar {row['id']} of the shared memory is not a small JPEG image")
    return jpeg


def _int(value: object) -> int:
    return int(value)  # type: ignore[call-overload,no-any-return]


def _batches(items: Sequence[Any], most: int | None = None) -> Iterator[Sequence[Any]]:
    size = most or BATCH
    for start in range(0, len(items), size):
        yield items[start : start + size]

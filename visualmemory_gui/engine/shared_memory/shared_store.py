"""The four collections of a shared memory, read and written by rows: exemplars, thumbnails, labels, and what is known.

``NAME`` has the exemplars, ``NAME_images`` their thumbnails, ``NAME_labels`` the labels with how many active exemplars
each has, ``NAME_meta`` everything else by key. A collection without vectors cannot be loaded: three carry a dummy.
"""

from __future__ import annotations

import base64
import io
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from visualmemory_gui.engine.encoders import registry
from visualmemory_gui.engine.errors import DamagedMemory, EncoderMismatch, MemoryExists, NewerFormat, NotAMemory
from visualmemory_gui.engine.images.small_jpeg import is_small_jpeg
from visualmemory_gui.engine.shared_memory.server import (
    LONGEST_TEXT,
    MOST_ROWS,
    Found,
    Read,
    RowCondition,
    Server,
    ServerColumn,
    ServerColumns,
    ServerRow,
)
from visualmemory_gui.engine.shared_memory.shared_row import AGAIN, ROW_COLUMNS, SharedRow, exemplar_columns
from visualmemory_gui.engine.store.checksum import hash64
from visualmemory_gui.engine.store.schema import MOST_DIM
from visualmemory_gui.engine.types import BROUGHT, F32, EncoderIdentity

FORMAT = 1
PRODUCT = "visualmemory_gui"
BATCH = 500
"""Rows that are read or written at once: with vectors of 1,280 numbers 2.5 MB."""
PARTS = "parts of a long text"
MOST_PARTS = 1_000
_DUMMY = ServerColumn("vector", 2)
_NOTHING = np.array([1.0, 0.0], np.float32)
_META = ServerColumns(
    "name", {"name": ServerColumn("text", 200), "value": ServerColumn("text", LONGEST_TEXT), "dummy": _DUMMY}
)
_IMAGES = ServerColumns(
    "id", {"id": ServerColumn("int"), "thumbnail": ServerColumn("text", LONGEST_TEXT), "dummy": _DUMMY}
)
_LABELS = ServerColumns(
    "label_id",
    {
        "label_id": ServerColumn("int"),
        "path": ServerColumn("text", 1000),
        "active": ServerColumn("int"),
        "dummy": _DUMMY,
    },
)
ACTIVE = RowCondition("state", "==", 0)
NOT_WITHDRAWN = RowCondition("state", "in", (0, 1))


@dataclass(frozen=True, slots=True)
class SharedLabel:
    """A label by its path, and how many active exemplars have it."""

    path: str
    active: int


class SharedStore:
    """A shared memory on its server; ``identity`` is that of its encoder. Starts no thread, keeps no rows."""

    def __init__(self, server: Server, collection: str, identity: EncoderIdentity) -> None:
        self.server = server
        self.collection = collection
        self.identity = identity
        self._highest_label: int | None = None  # as it was last read or written

    @classmethod
    def create(cls, server: Server, collection: str, identity: EncoderIdentity, *, graph: bool) -> SharedStore:
        """Make the collections, the exemplars' last. Raises MemoryExists where the name is taken."""
        if taken := [name for name in _names(collection) if server.has(name)]:
            raise MemoryExists(f"{server.name} has a collection {taken[0]} already: choose another name")
        store = cls(server, collection, identity)
        server.create(store._meta, _META)
        store.put("format", {"product": PRODUCT, "format": FORMAT})
        store.put("encoder", identity.to_json())
        store.put("memory", secrets.token_hex(8))
        server.create(store._images, _IMAGES)
        server.create(store._labels, _LABELS)
        server.create(collection, exemplar_columns(identity.dim, graph=graph))
        return store

    @classmethod
    def open(cls, server: Server, collection: str) -> SharedStore:
        """The memory that is there. Raises NotAMemory, NewerFormat, DamagedMemory; nothing is written."""
        if not server.has(f"{collection}_meta"):
            what = "is not a memory" if server.has(collection) else "is not there"
            raise NotAMemory(f"the collection {collection} of {server.name} {what}")
        store = cls(server, collection, EncoderIdentity("", 0))
        store._require_ours()
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
        for name, columns in store._expected().items():
            if not server.has(name):
                server.create(name, columns)
            store._require_columns(name, columns)
        return store

    @property
    def graph(self) -> bool:
        """Whether the server searches by a graph, which proposes, or compares all rows."""
        return self.server.is_graph(self.collection)

    def get(self, name: str, *, read: Read = "strong") -> Any:
        """What is kept under ``name``, None for nothing. Raises DamagedMemory."""
        text = self._texts([name], read).get(name)
        try:
            found = None if text is None else json.loads(text)
            if isinstance(found, dict) and PARTS in found:
                found = json.loads(self._joined(name, found, read))
            return found
        except (ValueError, TypeError, KeyError, RecursionError):
            raise self._unreadable(name) from None

    def number(self, name: str, *, read: Read = "strong") -> int | None:
        """The whole number that is kept under ``name``, None for nothing. Raises DamagedMemory."""
        found = self.get(name, read=read)
        if found is not None and type(found) is not int:
            raise self._unreadable(name)
        return found

    def _unreadable(self, name: str) -> DamagedMemory:
        return DamagedMemory(f"{name} of the shared memory {self.collection} cannot be read. {AGAIN}")

    def put(self, name: str, value: object) -> None:
        """Keep ``value``, which JSON can hold, under ``name``: in parts where it is longer than a text may be."""
        text = json.dumps(value)
        if len(text) > LONGEST_TEXT:
            parts = [text[start : start + LONGEST_TEXT] for start in range(0, len(text), LONGEST_TEXT)]
            self._write_texts({_part(name, number): part for number, part in enumerate(parts)})
            text = json.dumps({PARTS: len(parts), "digest": hash64(text.encode())})
        self._write_texts({name: text})

    def _joined(self, name: str, found: dict[str, Any], read: Read) -> str:
        """The parts of a long text. Raises KeyError, ValueError where they are not those that were written together."""
        names = [_part(name, number) for number in range(min(int(found[PARTS]), MOST_PARTS))]
        texts = self._texts(names, read)
        text = "".join(texts[one] for one in names)
        if hash64(text.encode()) != found["digest"]:
            raise ValueError(name)
        return text

    def _texts(self, names: Sequence[str], read: Read) -> dict[str, str]:
        where = [RowCondition("name", "in", tuple(names))]
        found = self.server.query(self._meta, where, ["name", "value"], read=read)
        return {str(row["name"]): str(row["value"]) for row in found}

    def _write_texts(self, texts: Mapping[str, str]) -> None:
        for name, text in texts.items():
            self.server.upsert(self._meta, [{"name": name, "value": text, "dummy": _NOTHING}])

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
        for part in _batches(list(dict.fromkeys(ids))):
            rows = self.server.query(self.collection, [RowCondition("id", "in", tuple(part))], ROW_COLUMNS, read=read)
            found.update((row.id, row) for row in map(SharedRow.from_server, rows))
        return found

    def matching(self, *where: RowCondition, read: Read = "session") -> list[SharedRow]:
        """The rows for which all of ``where`` holds, by id; for conditions that few rows meet."""
        found = self.server.query(self.collection, where, ROW_COLUMNS, limit=BATCH, read=read)
        return sorted(map(SharedRow.from_server, found), key=lambda row: row.id)

    def pages(self, *where: RowCondition, read: Read = "strong") -> Iterator[list[SharedRow]]:
        """All rows for which ``where`` holds, by id, a page at a time."""
        for page in self._windows(self.collection, "id", where, ROW_COLUMNS, read=read):
            yield [SharedRow.from_server(row) for row in page]

    def ids(self, *where: RowCondition, read: Read = "strong") -> Iterator[int]:
        """The ids of these rows, increasing."""
        for page in self._windows(self.collection, "id", where, ["id"], read=read, most=MOST_ROWS):
            yield from (int(row["id"]) for row in page)

    def count(self, *where: RowCondition, read: Read = "strong") -> int:
        """How many rows ``where`` holds for, as the server counts them."""
        return self.server.count(self.collection, where, read=read)

    def nearest(self, vectors: F32, limit: int, *, read: Read) -> list[list[SharedRow]]:
        """For each of ``vectors`` (q, dim), up to ``limit`` active rows that the server finds nearest."""
        found = self.server.search(self.collection, vectors, [ACTIVE], ROW_COLUMNS, limit=limit, read=read)
        return [[_row_of(one) for one in of_query] for of_query in found]

    def checksums(self, *where: RowCondition) -> dict[int, int]:
        """Of the rows for which ``where`` holds, which are no more than ``MOST_ROWS``, the checksums by id."""
        found = self.server.query(self.collection, where, ["id", "checksum"])
        return {_int(row["id"]): _int(row["checksum"]) for row in found}

    def remove(self, ids: Sequence[int]) -> None:
        """Delete rows and their thumbnails."""
        for part in _batches(ids):
            self.server.delete(self._images, tuple(part))
            self.server.delete(self.collection, tuple(part))

    def remove_above(self, last: int) -> None:
        """Delete all rows with a higher id."""
        while found := self.server.query(self.collection, [RowCondition("id", ">", last)], ["id"]):
            self.remove([_int(row["id"]) for row in found])

    def write(self, rows: Sequence[SharedRow]) -> None:
        for part in _batches(rows):
            self.server.upsert(self.collection, [row.to_server() for row in part])

    def labels(self, *, read: Read = "strong") -> dict[int, SharedLabel]:
        """All labels by number, in the order of the numbers."""
        found: dict[int, SharedLabel] = {}
        columns = ["label_id", "path", "active"]
        for page in self._windows(self._labels, "label_id", (), columns, read=read, most=MOST_ROWS):
            found.update((_int(row["label_id"]), SharedLabel(str(row["path"]), _int(row["active"]))) for row in page)
        return found

    def write_labels(self, labels: Mapping[int, SharedLabel]) -> None:
        rows = [
            {"label_id": number, "path": label.path, "active": label.active, "dummy": _NOTHING}
            for number, label in labels.items()
        ]
        for part in _batches(rows):
            self.server.upsert(self._labels, part)
        if self._highest_label is None:
            self._highest_label = self.number("last_label") or 0
        if (last := max(labels, default=0)) > self._highest_label:
            self.put("last_label", last)
            self._highest_label = last

    def thumbnails(self, ids: Iterable[int], *, read: Read = "session") -> dict[int, bytes]:
        """JPEGs of those among ``ids`` that have one. Raises DamagedMemory for what is no small JPEG."""
        found: dict[int, bytes] = {}
        for part in _batches(list(ids)):
            where = [RowCondition("id", "in", tuple(part))]
            rows = self.server.query(self._images, where, ["id", "thumbnail"], read=read)
            found.update((_int(row["id"]), _jpeg_of(row)) for row in rows)
        return found

    def write_thumbnails(self, jpegs: Mapping[int, bytes]) -> None:
        """Keep thumbnails, each made smaller where it does not fit into a text."""
        for part in _batches(list(jpegs.items())):
            rows = [
                {"id": exemplar, "thumbnail": base64.b64encode(fitting(jpeg)).decode(), "dummy": _NOTHING}
                for exemplar, jpeg in part
            ]
            self.server.upsert(self._images, rows)

    def flush(self) -> None:
        """Have the server write to its disk what it holds."""
        for name in _names(self.collection):
            self.server.flush(name)

    @property
    def _meta(self) -> str:
        return f"{self.collection}_meta"

    @property
    def _images(self) -> str:
        return f"{self.collection}_images"

    @property
    def _labels(self) -> str:
        return f"{self.collection}_labels"

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
        return {self.collection: exemplars, self._images: _IMAGES, self._labels: _LABELS, self._meta: _META}

    def _require_ours(self) -> None:
        self._require_columns(self._meta, _META)
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


def _part(name: str, number: int) -> str:
    return f"{name}/{number}"


def _jpeg_of(row: ServerRow) -> bytes:
    try:
        jpeg = base64.b64decode(str(row["thumbnail"]), validate=True)
    except ValueError:
        jpeg = b""
    if not is_small_jpeg(jpeg):
        raise DamagedMemory(f"the thumbnail of exemplar {row['id']} of the shared memory is not a small JPEG image")
    return jpeg


def _row_of(found: Found) -> SharedRow:
    return SharedRow.from_server(found.row)


def _names(collection: str) -> tuple[str, ...]:
    return collection, f"{collection}_images", f"{collection}_labels", f"{collection}_meta"


def _int(value: object) -> int:
    return int(value)  # type: ignore[call-overload,no-any-return]


def _batches(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]

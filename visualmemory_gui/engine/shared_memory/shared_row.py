"""An exemplar as the server keeps it: one row with its vector, and where it comes from."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, fields, replace
from typing import TypedDict

import numpy as np

from visualmemory_gui.engine.errors import DamagedMemory
from visualmemory_gui.engine.shared_memory.server import LONGEST_TEXT, ServerColumn, ServerColumns, ServerRow, as_vector
from visualmemory_gui.engine.store.checksum import seal, vector_hash
from visualmemory_gui.engine.store.exemplar_row import HIGHEST_TRUST, effective_trust, stored_box
from visualmemory_gui.engine.types import F32, LARGEST_SIDE, Exemplar, State

STRUCK, WITHDRAWN = 1, 2
"""The flags of a row's ``state``; 0: it votes."""
_HASH, _SHORT = 64, 256
HEX64 = re.compile(r"[0-9a-f]{64}")
UNIT = 1e-4
"""How far from 1 the square of a vector's length may be."""


def exemplar_columns(dim: int, *, graph: bool) -> ServerColumns:
    """The columns of the collection of exemplars."""
    texts = {"content": _HASH, "sha256": _HASH, "original": _HASH, "box": _SHORT, "writer": _SHORT}
    long = ("source", "group_name", "note")
    return ServerColumns(
        "id",
        {
            "id": ServerColumn("int"),
            "vector": ServerColumn("vector", dim),
            **{name: ServerColumn("int") for name in ("label", "state", "width", "height", "version", "checksum")},
            **{name: ServerColumn("float") for name in ("trust", "derived", "added")},
            **{name: ServerColumn("text", size) for name, size in texts.items()},
            **{name: ServerColumn("text", LONGEST_TEXT) for name in long},
        },
        graph=graph,
    )


class Changed(TypedDict, total=False):
    """What an edit sets of a row."""

    label: int
    struck: bool
    withdrawn: bool
    trust: float | None
    derived: float | None


@dataclass(frozen=True, slots=True, eq=False)
class SharedRow:
    """One exemplar; the same fields as ``exemplar_row.Row``, but that ``label`` is the number of a shared label.

    ``version`` counts what was written of it, ``writer`` says who wrote last. ``vector`` is (dim,) float32.
    """

    id: int
    label: int
    struck: bool
    withdrawn: bool
    trust: float | None
    derived: float | None
    content: str | None
    sha256: str | None
    source: str | None
    group: str | None
    width: int
    height: int
    note: str
    added: float
    box: str | None
    original: str | None
    version: int
    writer: str
    vector: F32

    @property
    def active(self) -> bool:
        """Whether it votes."""
        return not (self.struck or self.withdrawn)

    @property
    def state(self) -> State:
        return "withdrawn" if self.withdrawn else "struck" if self.struck else "active"

    @property
    def voice(self) -> float:
        """What its vote is multiplied by."""
        return effective_trust(self.trust, self.derived)

    @property
    def checksum(self) -> int:
        """Over all but the version, the writer and the time: equal in a folder and on a server."""
        left_out = ("version", "writer", "added", "vector")
        values = [getattr(self, each.name) for each in fields(self) if each.name not in left_out]
        return seal(*values, vector_hash(self.vector))

    def changed(self, what: Changed, writer: str) -> SharedRow:
        """The row after an edit by ``writer``."""
        return replace(self, **what, version=self.version + 1, writer=writer)

    def exemplar(self, label: str) -> Exemplar:
        """As it is listed. Raises DamagedMemory where its box is none."""
        return Exemplar(
            id=self.id,
            label=label,
            state=self.state,
            trust=self.voice,
            source=self.source,
            sha256=self.sha256,
            content=self.content,
            group=self.group,
            width=self.width,
            height=self.height,
            note=self.note,
            added=self.added,
            box=stored_box(self.box, f"exemplar {self.id}", (self.width, self.height)),
            original=self.original,
        )

    def to_server(self) -> ServerRow:
        """The row as columns. A path may hold bytes that are no text, so that it is kept as JSON writes it."""
        return {
            "id": self.id,
            "vector": self.vector,
            "label": self.label,
            "state": STRUCK * self.struck + WITHDRAWN * self.withdrawn,
            "trust": self.trust or 0.0,
            "derived": self.derived or 0.0,
            "content": self.content or "",
            "sha256": self.sha256 or "",
            "source": "" if self.source is None else json.dumps(self.source),
            "group_name": self.group or "",
            "width": self.width,
            "height": self.height,
            "note": self.note,
            "added": self.added,
            "box": self.box or "",
            "original": self.original or "",
            "version": self.version,
            "writer": self.writer,
            "checksum": self.checksum,
        }

    def _is_possible(self) -> bool:
        """Whether it holds what an exemplar can hold: whoever writes to the server may write anything."""
        hashes = all(one is None or HEX64.fullmatch(one) for one in (self.content, self.sha256, self.original))
        trusts = all(one is None or 0 < one <= HIGHEST_TRUST for one in (self.trust, self.derived))
        sizes = 0 <= self.width <= LARGEST_SIDE and 0 <= self.height <= LARGEST_SIDE
        wide = self.vector.astype(np.float64)
        return hashes and trusts and sizes and self.id > 0 and abs(float(wide @ wide) - 1.0) < UNIT

    @classmethod
    def from_server(cls, row: ServerRow) -> SharedRow:
        """Raises DamagedMemory where the columns do not make a row, or are not what was written."""
        try:
            found = cls(
                id=int(row["id"]),
                label=int(row["label"]),
                struck=bool(int(row["state"]) & STRUCK),
                withdrawn=bool(int(row["state"]) & WITHDRAWN),
                trust=float(row["trust"]) or None,
                derived=float(row["derived"]) or None,
                content=str(row["content"]) or None,
                sha256=str(row["sha256"]) or None,
                source=_path(str(row["source"])),
                group=str(row["group_name"]) or None,
                width=int(row["width"]),
                height=int(row["height"]),
                note=str(row["note"]),
                added=float(row["added"]),
                box=str(row["box"]) or None,
                original=str(row["original"]) or None,
                version=int(row["version"]),
                writer=str(row["writer"]),
                vector=as_vector(row["vector"]),
            )
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise DamagedMemory(f"a row of the shared memory cannot be read ({error}). {AGAIN}") from error
        if not found._is_possible():
            raise DamagedMemory(f"exemplar {found.id} of the shared memory holds what no exemplar can. {AGAIN}")
        if found.checksum != row["checksum"]:
            raise DamagedMemory(f"exemplar {found.id} of the shared memory is not what was written. {AGAIN}")
        return found


AGAIN = "Push it again from a folder, or restore the server's backup."
"""What to do about a shared memory that is damaged."""
ROW_COLUMNS = tuple(exemplar_columns(1, graph=False).columns)
"""All columns of a row."""


def _path(text: str) -> str | None:
    """A path as ``SharedRow.to_server`` wrote it. Raises ValueError."""
    found = json.loads(text) if text else None
    if found is not None and not isinstance(found, str):
        raise ValueError("its source is not a path")
    return found


def vectors_of(rows: list[SharedRow], dim: int) -> F32:
    """(n, dim) float32."""
    return np.stack([row.vector for row in rows]) if rows else np.empty((0, dim), np.float32)

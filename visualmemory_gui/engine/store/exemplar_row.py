"""A row of ``exemplars`` as it is read, with the label and the source's root spelled out."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from visualmemory_gui.engine.errors import BadValue, DamagedMemory
from visualmemory_gui.engine.snapshot import Now, Rows
from visualmemory_gui.engine.store.checksum import content_key, group_key, seal
from visualmemory_gui.engine.store.tables import PART
from visualmemory_gui.engine.types import Box, Exemplar, State

if TYPE_CHECKING:
    from visualmemory_gui.engine.store.database import Database

HIGHEST_TRUST = 100.0

# A path that is not valid UTF-8 is stored as the bytes the file system gave.
StoredPath = str | bytes


class Row(NamedTuple):
    """Columns in the order of ``select``; all of them are under the checksum.

    ``struck`` and ``withdrawn`` are independent, so that undoing an import around a strike is exact. ``trust`` is set
    by hand, ``derived`` by a study; None where it was not.
    """

    id: int
    label: str
    root: StoredPath | None
    source: StoredPath | None
    sha256: bytes | None
    content: bytes | None
    group: str | None
    width: int
    height: int
    copy: str | None
    struck: int
    withdrawn: int
    trust: float | None
    derived: float | None
    note: str
    added: float
    vector_hash: int
    thumbnail_hash: int | None
    change: int
    box: str | None
    original: bytes | None

    @property
    def checksum(self) -> int:
        """Over all columns; without those of a part where it is none, as before there were parts."""
        return seal(*self[:_WHOLE]) if self.box is None and self.original is None else seal(*self)

    @property
    def is_part(self) -> bool:
        return self.box is not None or self.original is not None

    @property
    def state(self) -> State:
        return "withdrawn" if self.withdrawn else "struck" if self.struck else "active"

    @property
    def path(self) -> str | None:
        """Absolute path of the original, None for a vector or an image without a file."""
        if self.root is None or self.source is None:
            return None
        return os.path.join(loaded(self.root), loaded(self.source))  # noqa: PTH118 - text in, text out

    @property
    def part(self) -> Box | None:
        """The box, if there is one. Raises DamagedMemory where it cannot be that of the image."""
        return stored_box(self.box, f"exemplar {self.id}", (self.width, self.height))

    def exemplar(self) -> Exemplar:
        """Raises DamagedMemory, as ``part``."""
        return Exemplar(
            id=self.id,
            label=self.label,
            state=self.state,
            trust=effective_trust(self.trust, self.derived),
            source=self.path,
            sha256=self.sha256.hex() if self.sha256 else None,
            content=self.content.hex() if self.content else None,
            group=self.group,
            width=self.width,
            height=self.height,
            note=self.note,
            added=self.added,
            box=self.part,
            original=self.original.hex() if self.original else None,
        )


_WHOLE = len(Row._fields) - len(PART)  # columns of an image that is no part

# Subqueries, not joins: with two left joins SQLite takes five times as long for one row.
_SELECT = """select e.id, (select path from labels where id = e.label_id),
    (select path from roots where id = e.root_id), e.source, e.sha256, e.content, e.grp, e.width, e.height, e.copy,
    e.struck, e.withdrawn, e.trust, e.derived, e.note, e.added, e.vector_hash, e.thumbnail_hash, e.change, {part}
    from exemplars e"""
_PARTS, _NO_PARTS = _SELECT.format(part=", ".join(f"e.{column}" for column in PART)), _SELECT.format(part="null, null")
_STORED = {
    has_parts: sql.replace("select ", "select e.checksum, ", 1)
    for has_parts, sql in ((True, _PARTS), (False, _NO_PARTS))
}


def select(database: Database) -> str:
    """The SQL that reads rows of ``Row``, up to the condition; also from a memory of before there were parts."""
    return select_parts(has_parts=database.has_parts)


def select_stored(database: Database) -> str:
    """``select`` with the stored checksum in front."""
    return _STORED[database.has_parts]


def select_parts(*, has_parts: bool) -> str:
    return _PARTS if has_parts else _NO_PARTS


def stored_box(text: str | None, named: str, size: tuple[int, int]) -> Box | None:
    """The box that a row keeps as ``text``. Raises DamagedMemory where it is none, or not in an image of ``size``."""
    if text is None:
        return None
    try:
        box = Box.of(text)
        if box.within(*size) == box and str(box) == text:
            return box
    except BadValue:
        pass
    raise DamagedMemory(
        f"{named} is damaged: {text[:40]!a} is not a part of its image of {size[0]} x {size[1]} pixels."
    )


def effective_trust(trust: float | None, derived: float | None) -> float:
    """What the vote is multiplied by: set by hand, else by a study, else 1."""
    return trust if trust is not None else derived if derived is not None else 1.0


def checked_trust(trust: float) -> float:
    """``trust`` when a vote may be multiplied by it. Raises BadValue."""
    if not (math.isfinite(trust) and 0 < trust <= HIGHEST_TRUST):
        raise BadValue(
            f"trust must be above 0 and at most {HIGHEST_TRUST:g}, not {trust:g}; to give no vote, strike it out"
        )
    return trust


def stored(path: str) -> StoredPath:
    """``path`` as SQLite can keep it."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return os.fsencode(path)
    return path


def loaded(path: StoredPath) -> str:
    return os.fsdecode(path) if isinstance(path, bytes) else path


def as_snapshot_rows(found: list[tuple[Any, ...]]) -> Rows:
    """Rows made of the id, label, active, trust, derived, content, group, vector hash, change and original of each."""
    columns: list[tuple[Any, ...]] = list(zip(*found, strict=True)) if found else [()] * 10
    content = np.array([content_key(value and value[:8].hex()) for value in columns[5]], np.int64)
    original = np.array([content_key(value and value[:8].hex()) for value in columns[9]], np.int64)
    group = {name: group_key(name) for name in set(columns[6])}
    code = {label: code for code, label in enumerate(dict.fromkeys(columns[1]))}
    return Rows(
        ids=np.array(columns[0], np.int64),
        label=np.array([code[label] for label in columns[1]], np.int32),
        labels=tuple(code),
        active=np.array(columns[2], np.bool_),
        trust=np.array([effective_trust(*pair) for pair in zip(columns[3], columns[4], strict=True)], np.float64),
        content=content,
        group=np.array([group[name] for name in columns[6]], np.int64),
        twin=np.array(columns[7], np.int64),
        change=np.array(columns[8], np.int64),
        image=np.where(original != 0, original, content),
    )


def as_now(rows: Rows) -> list[Now]:
    """What an edit can change in each of ``rows``."""
    labels = [rows.labels[code] for code in rows.label.tolist()]
    columns = (rows.ids.tolist(), labels, rows.active.tolist(), rows.trust.tolist(), rows.change.tolist())
    return [Now(*of) for of in zip(*columns, strict=True)]

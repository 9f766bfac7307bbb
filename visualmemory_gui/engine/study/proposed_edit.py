"""A proposed edit, in words, and the memory as it would be after it. Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from visualmemory_gui.engine.errors import BadValue, UnknownExemplar
from visualmemory_gui.engine.index.base import NO_ROWS
from visualmemory_gui.engine.index.gate import gate
from visualmemory_gui.engine.snapshot import Rows, Snapshot
from visualmemory_gui.engine.store import labels
from visualmemory_gui.engine.store.checksum import content_key, vector_hash
from visualmemory_gui.engine.store.rows import checked_trust
from visualmemory_gui.engine.types import F32, I64, Exemplar

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory import VisualMemory

EditKind = Literal["strike", "restore", "relabel", "reweigh", "teach", "forget"]
_VERBS: dict[EditKind, str] = {
    "strike": "Striking out",
    "restore": "Restoring",
    "relabel": "Relabelling",
    "teach": "Teaching",
    "reweigh": "Trusting otherwise",
    "forget": "Forgetting",
}


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """An image that would be taught: its vector, (dim,) float32 of unit length, and its content id, if it has one."""

    vector: F32
    content: str | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lesson) and self.content == other.content and np.array_equal(self.vector, other.vector)

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class ProposedEdit:
    """An edit that might be made: of the exemplars ``ids``, or "teach" of ``lessons``.

    ``label`` goes with relabel and teach, ``trust`` with reweigh; where they differ, ``labels`` or ``trusts`` hold one
    for each of ``ids``. Pruning is a strike, or a reweigh, of many. ``verb`` is for an edit that has a name other than
    that of its kind: "Pruning".
    """

    kind: EditKind
    ids: tuple[int, ...] = ()
    label: str = ""
    trust: float = 1.0
    labels: tuple[str, ...] = ()
    trusts: tuple[float, ...] = ()
    lessons: tuple[Lesson, ...] = ()
    verb: str = ""

    @property
    def words(self) -> str:
        """ "Striking out 2 exemplars", "Teaching it as lynx", "Pruning 64 exemplars"."""
        what = "it" if self.lessons else f"{len(self.ids):,} exemplar{'' if len(self.ids) == 1 else 's'}"
        as_ = f" {'as' if self.kind == 'teach' else 'to'} {self.label}" if self.label else ""
        as_ = " as suggested" if self.labels else as_
        return f"{self.verb or _VERBS[self.kind]} {what}{as_}"

    def applied_to(self, memory: VisualMemory) -> EditedSnapshot:
        """``memory`` as if this edit were made. Raises UnknownExemplar, BadLabel, BadValue where the edit would."""
        snapshot = memory.snapshot
        if self.kind == "teach":
            return _taught(memory, snapshot, self)
        rows = memory.catalog.get(tuple(dict.fromkeys(self.ids)))
        withdrawn = [row.id for row in rows if row.state == "withdrawn"]
        if withdrawn and self.kind != "forget":
            raise UnknownExemplar(withdrawn)
        if self.kind == "relabel":
            wanted = [labels.clean(label) for label in self.labels or (self.label,) * len(self.ids)]
            return _relabelled(snapshot, rows, dict(zip(self.ids, wanted, strict=True)))
        if self.kind == "reweigh":
            values = [checked_trust(value) for value in self.trusts or (self.trust,) * len(self.ids)]
            return _reweighed(snapshot, rows, dict(zip(self.ids, values, strict=True)))
        return _voting(snapshot, rows, self.kind)


@dataclass(frozen=True, slots=True)
class EditedSnapshot:
    """The memory as it would be after an edit: ``snapshot``, whose vectors cannot be fetched.

    ``gone`` are rows that would vote no more, ``came`` those that would vote from then on, with their ``vectors``.
    Where the edit forgets exemplars, ``contents`` are their content ids.
    """

    snapshot: Snapshot
    vectors: F32 = field(default_factory=lambda: np.empty((0, 0), np.float32))
    gone: I64 = field(default_factory=lambda: NO_ROWS)
    came: I64 = field(default_factory=lambda: NO_ROWS)
    contents: frozenset[str] = frozenset()


def _voting(snapshot: Snapshot, rows: Sequence[Exemplar], kind: EditKind) -> EditedSnapshot:
    """Strike, restore and forget: who votes."""
    votes = kind == "restore"
    touched = [row.id for row in rows if row.state == ("struck" if votes else "active")]
    at = np.sort(snapshot.rows_of(touched))
    after = snapshot.changed(active=snapshot.active ^ snapshot.among(at))
    if votes:
        return EditedSnapshot(after, snapshot.vectors[at], came=at)
    contents = frozenset(row.content for row in rows if kind == "forget" and row.content)
    return EditedSnapshot(after, gone=at, contents=contents)


def _relabelled(snapshot: Snapshot, rows: Sequence[Exemplar], label_of: Mapping[int, str]) -> EditedSnapshot:
    touched = [row.id for row in rows if row.label != label_of[row.id]]
    at = snapshot.rows_of(touched).tolist()
    return EditedSnapshot(snapshot.changed(label=dict(zip(at, (label_of[i] for i in touched), strict=True))))


def _reweighed(snapshot: Snapshot, rows: Sequence[Exemplar], trust_of: Mapping[int, float]) -> EditedSnapshot:
    touched = [row.id for row in rows if row.trust != trust_of[row.id]]
    trust = snapshot.trust.copy()
    trust[snapshot.rows_of(touched)] = [trust_of[i] for i in touched]
    return EditedSnapshot(snapshot.changed(trust=trust))


def _taught(memory: VisualMemory, snapshot: Snapshot, edit: ProposedEdit) -> EditedSnapshot:
    """New exemplars stand behind all others. A picture that is here under the label already is not added again."""
    if not edit.lessons:
        raise BadValue("teaching needs pictures")
    label = labels.clean(edit.label)
    here: set[str] = set()
    new: list[Lesson] = []
    for lesson in edit.lessons:
        if lesson.content is not None:
            if lesson.content in here or any(e.label == label for e in memory.catalog.by_content(lesson.content)):
                continue
            here.add(lesson.content)
        new.append(lesson)
    vectors = np.empty((0, memory.identity.dim), np.float32)
    if new:
        vectors = gate(np.stack([lesson.vector for lesson in new]), memory.identity.dim)
    rows = Rows.supposed(
        [label] * len(new),
        first=int(snapshot.ids[-1]) + 1 if len(snapshot) else 1,
        content=np.array([content_key(lesson.content) for lesson in new], np.int64),
        twin=np.array([vector_hash(vector) for vector in vectors], np.int64),
    )
    came = len(snapshot) + np.arange(len(new))
    return EditedSnapshot(snapshot.changed(more=(rows, vectors)), vectors, came=came)

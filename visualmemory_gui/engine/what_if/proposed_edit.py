"""A proposed edit, in words, and the memory as it would be after it. Nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from visualmemory_gui.engine.errors import BadValue, UnknownExemplar
from visualmemory_gui.engine.index.vector_check import gate
from visualmemory_gui.engine.memory.tracked_decisions import queries_of
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.store import labels
from visualmemory_gui.engine.store.exemplar_row import checked_trust
from visualmemory_gui.engine.types import F32, Exemplar

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import Memory, WholeMemory

EditKind = Literal["strike", "restore", "relabel", "reweigh", "teach", "forget"]
_VERBS: dict[EditKind, str] = {
    "strike": "Striking out",
    "restore": "Restoring",
    "relabel": "Relabelling",
    "teach": "Teaching",
    "reweigh": "Changing the trust of",
    "forget": "Forgetting",
}


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """An image to be taught: its vector, (dim,) float32 of unit length, and its content id, if it has one; ``original``
    is that of the whole image where it is a part of one."""

    vector: F32
    content: str | None = None
    original: str | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lesson) and self.content == other.content and np.array_equal(self.vector, other.vector)

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class ProposedEdit:
    """A proposed edit: of the exemplars ``ids``, or "teach" with ``lessons``.

    ``label`` goes with relabel and teach, ``trust`` with reweigh; where they differ, ``labels`` or ``trusts`` hold one
    for each of ``ids``. Pruning is a strike, or a reweigh, of many. ``verb`` is for an edit whose name is not that of
    its kind: "Pruning".
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

    def applied_to(self, memory: WholeMemory) -> EditedSnapshot:
        """``memory`` as if this edit were made. Raises UnknownExemplar, BadLabel, BadValue where the edit would."""
        if self.kind == "teach":
            return _taught(memory, self)
        rows = self._rows(memory)
        withdrawn = [row.id for row in rows if row.state == "withdrawn"]
        if withdrawn and self.kind != "forget":
            raise UnknownExemplar(withdrawn)
        return EditedSnapshot(self._changed(memory.snapshot, rows), forgotten=self._forgotten(rows))

    def forgotten(self, memory: Memory) -> frozenset[str]:
        """The content ids that ``memory`` would forget. Raises UnknownExemplar."""
        return self._forgotten(self._rows(memory)) if self.kind == "forget" else frozenset()

    def _rows(self, memory: Memory) -> list[Exemplar]:
        """The exemplars that it is about: also the parts of those that are to be forgotten."""
        rows = memory.catalog.get(tuple(dict.fromkeys(self.ids)))
        return rows + (memory.catalog.parts_of([row.id for row in rows]) if self.kind == "forget" else [])

    def _forgotten(self, rows: Sequence[Exemplar]) -> frozenset[str]:
        return frozenset(row.content for row in rows if self.kind == "forget" and row.content)

    def _changed(self, snapshot: Snapshot, rows: Sequence[Exemplar]) -> Snapshot:
        """``snapshot`` with ``rows``, those of the exemplars ``ids``, as the edit would leave them."""
        if self.kind == "relabel":
            wanted = [labels.clean(label) for label in self.labels or (self.label,) * len(self.ids)]
            label_of = dict(zip(self.ids, wanted, strict=True))
            at = snapshot.rows_of([row.id for row in rows]).tolist()
            return snapshot.changed(label={i: label_of[row.id] for i, row in zip(at, rows, strict=True)})
        if self.kind == "reweigh":
            values = [checked_trust(value) for value in self.trusts or (self.trust,) * len(self.ids)]
            trust = snapshot.trust.copy()
            trust[snapshot.rows_of(self.ids)] = values
            return snapshot.changed(trust=trust)
        votes = self.kind == "restore"
        touched = [row.id for row in rows if row.state == ("struck" if votes else "active")]
        return snapshot.changed(active=snapshot.active ^ snapshot.among(snapshot.rows_of(touched)))


@dataclass(frozen=True, slots=True)
class EditedSnapshot:
    """The memory as it would be after an edit: ``added`` are the vectors of the exemplars that it adds, (m, d), behind
    all others; ``forgotten`` the content ids of those that it forgets."""

    snapshot: Snapshot
    added: F32 = field(default_factory=lambda: np.empty((0, 0), np.float32))
    forgotten: frozenset[str] = frozenset()


def _taught(memory: WholeMemory, edit: ProposedEdit) -> EditedSnapshot:
    """The memory after teaching; an image that is already here under the label is not added again."""
    if not edit.lessons:
        raise BadValue("teaching needs images")
    label = labels.clean(edit.label)
    here: set[str] = set()
    new: list[Lesson] = []
    for lesson in edit.lessons:
        if lesson.content is not None:
            if lesson.content in here or any(e.label == label for e in memory.catalog.by_content(lesson.content)):
                continue
            here.add(lesson.content)
        new.append(lesson)
    snapshot = memory.snapshot
    dim = memory.identity.dim
    added = gate(np.stack([lesson.vector for lesson in new]), dim) if new else np.empty((0, dim), np.float32)
    contents, originals = [lesson.content for lesson in new], [lesson.original for lesson in new]
    queries = queries_of(added, [label] * len(new), contents=contents, originals=originals)
    return EditedSnapshot(queries.added_to(snapshot), added)

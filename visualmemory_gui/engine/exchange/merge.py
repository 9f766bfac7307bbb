"""Merging another memory into one: what it has and this one lacks, and what both hold otherwise, as one step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

from visualmemory_gui.engine.errors import BadValue, DamagedMemory, ExchangeError
from visualmemory_gui.engine.evaluation.memory_difference import Conflict, MemoryDifference, difference
from visualmemory_gui.engine.exchange.bundle import SETTINGS
from visualmemory_gui.engine.exchange.import_rows import (
    BATCH,
    NewRow,
    complete,
    exemplar_of,
    made_for,
    opened,
    require_encoder,
)
from visualmemory_gui.engine.exchange.originals import original
from visualmemory_gui.engine.index.vector_check import gate
from visualmemory_gui.engine.memory.image_reader import batched
from visualmemory_gui.engine.memory.protocol import Memory, whole
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.text.visible_text import how_many
from visualmemory_gui.engine.types import F32, Changes, Exemplar, NewExemplar

Settlement = Literal["refuse", "keep", "take", "both"]
SETTLEMENTS: tuple[Settlement, ...] = get_args(Settlement)
Settle = Settlement | Callable[[Conflict], Settlement]
_IMAGE, _JPEG = "image", "thumbnail"
_ROW = ("label", "state", "trust", "source", "sha256", "content", "original", "group", "width", "height", "note")


class MergeConflicts(ExchangeError):
    """Two memories hold the same content otherwise, and nothing says which of them is right; ``conflicts`` are all."""

    def __init__(self, message: str, conflicts: tuple[Conflict, ...]) -> None:
        super().__init__(message)
        self.conflicts = conflicts


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge did: ``changes`` of the one step, and the difference ``found`` before it. ``settled`` are the
    conflicts in which the other memory's label, state or trust was taken over or added; ``created``: into a new one."""

    changes: Changes
    found: MemoryDifference
    settled: tuple[Conflict, ...]
    created: bool = False


def merge(m: Memory, other: Memory, *, conflicts: Settle = "refuse", report: Report = silent) -> Merged:
    """Add to ``m`` the exemplars of ``other`` that it lacks, struck ones too, as one step; ``other`` stays as it is.

    ``conflicts`` says what becomes of what both hold otherwise, of all or of each: "keep" leaves it as ``m`` has it,
    "take" gives it the label, state and trust of ``other``, "both" adds it once more under the other label, and leaves
    states and trusts. "refuse" raises MergeConflicts if there are any; then nothing has changed. So it is for
    EncoderMismatch, BadValue, DamagedMemory (of either), ExchangeError, ServerError, StorageError and Cancelled. A
    shared memory takes 20,000 exemplars at once, and no copies of images.
    """
    require_encoder(m, other.identity)
    if m.is_at(other.address):
        raise BadValue(f"{other.address} is the memory to merge into: name another one")
    found = difference(m, other, report=report)
    settled = _Settled.of(found, conflicts, other.name)
    missing = sorted([*found.second_only, *settled.added])
    copies = _copies(other, missing) if m.is_whole else {}
    changes = m.merge_rows(
        _new(m, other, missing, copies, report),
        copies=set(copies.items()),
        relabel=settled.relabelled,
        strike=settled.struck,
        restore=settled.restored,
        reweigh=settled.reweighed,
    )
    return Merged(changes, found, tuple(settled.conflicts))


def merge_into(memory: str | Path, other: Memory, *, conflicts: Settle = "refuse", report: Report = silent) -> Merged:
    """``merge`` into the memory in the folder ``memory``. A missing one is made, with those settings of ``other`` that
    shape decisions; it has nothing to undo."""
    place = Path(memory)
    with opened(place, other.identity, lambda: made_for(place, other.identity)) as (m, new):
        if new:
            m.set_all({name: getattr(other.settings, name) for name in SETTINGS})
        done = merge(m, other, conflicts=conflicts, report=report)
        if new:
            m.history.baseline()
        m.maintenance.keep_up(report)
    return replace(done, created=new)


@dataclass(slots=True)
class _Settled:
    """What the settlement of conflicts does: ids of the first memory by what they are given; ``added`` are of the
    second."""

    relabelled: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    struck: list[int] = field(default_factory=list)
    restored: list[int] = field(default_factory=list)
    reweighed: dict[float, list[int]] = field(default_factory=lambda: defaultdict(list))
    added: list[int] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)

    @classmethod
    def of(cls, found: MemoryDifference, settle: Settle, other: str) -> _Settled:
        """Raises MergeConflicts, BadValue."""
        settled, refused = cls(), 0
        first, second = set[int](), set[int]()
        for conflict in found.conflicts:
            wanted = settle(conflict) if callable(settle) else settle
            if wanted not in SETTLEMENTS:
                raise BadValue(f"a conflict is settled by one of {', '.join(SETTLEMENTS)}, not {wanted!r}")
            refused += wanted == "refuse"
            again = conflict.first.id in first
            if wanted == "take" and not again:
                settled._take(conflict)
            elif wanted in ("take", "both") and "label" in conflict.fields and conflict.second.id not in second:
                settled.added.append(conflict.second.id)
                settled.conflicts.append(conflict)
            first.add(conflict.first.id)
            second.add(conflict.second.id)
        if refused:
            raise MergeConflicts(
                f"{how_many(refused)} of {other} {'is' if refused == 1 else 'are'} held otherwise here "
                f"({found.conflicting_words}), so nothing was merged: say which to keep",
                found.conflicts,
            )
        return settled

    def _take(self, conflict: Conflict) -> None:
        mine, theirs = conflict
        if mine.label != theirs.label:
            self.relabelled[theirs.label].append(mine.id)
        if mine.state != theirs.state:
            (self.struck if theirs.state == "struck" else self.restored).append(mine.id)
        if mine.trust != theirs.trust:
            self.reweighed[theirs.trust].append(mine.id)
        self.conflicts.append(conflict)


def _copies(other: Memory, ids: Sequence[int]) -> dict[str, str]:
    """By the hash of its file, the ending of each copy that ``other`` keeps of an image of ``ids``."""
    found: dict[str, str] = {}
    for part in batched(ids, BATCH) if other.is_whole else ():
        for one in other.catalog.get(part):
            if one.sha256 is not None and (copies := other.files.find(one.sha256)):
                found[one.sha256] = copies[0].suffix
    return found


def _new(
    m: Memory, other: Memory, ids: Sequence[int], copies: Mapping[str, str], report: Report
) -> Iterator[list[NewExemplar]]:
    """The exemplars ``ids`` of ``other``, ready to be added, a batch at a time; their images are copied before."""
    done = 0
    for part in batched(ids, BATCH):
        report(done, len(ids), "merging")
        if other.is_whole:
            whole(other).catalog.require_whole(part)
        exemplars, jpegs = other.catalog.get(part), other.catalog.thumbnails(part)
        fetch = _Fetch(other, {one.id: one for one in exemplars}, jpegs)
        rows = zip(exemplars, gate(other.catalog.vectors(part), m.identity.dim), strict=True)
        yield [complete(m, _row(one, vector, copies, thumbnail=one.id in jpegs), fetch) for one, vector in rows]
        done += len(part)


def _row(one: Exemplar, vector: F32, copies: Mapping[str, str], *, thumbnail: bool) -> NewRow:
    shown = f"exemplar {one.id}"
    new = exemplar_of({"box": one.box, **{name: getattr(one, name) for name in _ROW}}, vector, shown=shown)
    copy = copies.get(one.sha256 or "")
    image = None if copy is None else f"{_IMAGE} {one.id}"
    return NewRow(replace(new, copy=copy), shown, image=image, thumbnail=f"{_JPEG} {one.id}" if thumbnail else None)


@dataclass(frozen=True, slots=True)
class _Fetch:
    """The bytes of the image or the thumbnail that a row names."""

    other: Memory
    exemplars: Mapping[int, Exemplar]
    jpegs: Mapping[int, bytes]

    def __call__(self, name: str) -> bytes:
        kind, number = name.split()
        if kind == _JPEG:
            return self.jpegs[int(number)]
        found = original(self.other, self.exemplars[int(number)], keep_private=True)
        if found is None:
            raise DamagedMemory(
                f"{self.other.address} is damaged: its copy of the image of exemplar {number} is not what was kept. "
                "'visualmemory verify' names all damage"
            )
        return found[0]

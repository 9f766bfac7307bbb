"""A memory as it would be after an edit that nobody has made yet. Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from visualmemory_gui.engine.errors import BadValue, UnknownExemplar
from visualmemory_gui.engine.index.gate import gate
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.store import labels
from visualmemory_gui.engine.store.checksum import content_key, vector_hash
from visualmemory_gui.engine.store.rows import checked_trust
from visualmemory_gui.engine.types import F32, I64, Exemplar

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory import VisualMemory

Kind = Literal["strike", "restore", "relabel", "reweigh", "teach", "forget"]
_NOBODY = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Lesson:
    """A picture that would be taught: its vector, (dim,) float32 of unit length, and its content id, if it has one."""

    vector: F32
    content: str | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """An edit that might be made: of the exemplars ``ids``, or "teach" of ``lessons``.

    ``label`` goes with relabel and teach, ``trust`` with reweigh; where they differ, ``labels`` or ``trusts`` hold one
    for each of ``ids``. Pruning is a strike, or a reweigh, of many.
    """

    kind: Kind
    ids: tuple[int, ...] = ()
    label: str = ""
    trust: float = 1.0
    labels: tuple[str, ...] = ()
    trusts: tuple[float, ...] = ()
    lessons: tuple[Lesson, ...] = ()


@dataclass(frozen=True, slots=True)
class Supposed:
    """The memory after the edit: ``snapshot``, whose vectors cannot be fetched.

    ``gone`` are rows that would vote no more, ``came`` those that would vote from then on, with their ``vectors``;
    ``ids`` are the exemplars that the edit would change; where it ``forgets`` them, ``contents`` are their content ids.
    """

    snapshot: Snapshot
    vectors: F32
    gone: I64 = field(default_factory=lambda: _NOBODY)
    came: I64 = field(default_factory=lambda: _NOBODY)
    ids: frozenset[int] = frozenset()
    forgets: bool = False
    contents: frozenset[str] = frozenset()


def suppose(memory: VisualMemory, proposal: Proposal) -> Supposed:
    """What ``memory`` would be. Raises UnknownExemplar, BadLabel, BadValue where the edit itself would."""
    snapshot = memory.snapshot
    if proposal.kind == "teach":
        return _taught(memory, snapshot, proposal)
    rows = memory.catalog.get(tuple(dict.fromkeys(proposal.ids)))
    withdrawn = [row.id for row in rows if row.state == "withdrawn"]
    if withdrawn and proposal.kind != "forget":
        raise UnknownExemplar(withdrawn)
    if proposal.kind == "relabel":
        wanted = [labels.clean(label) for label in proposal.labels or (proposal.label,) * len(proposal.ids)]
        return _relabelled(snapshot, rows, dict(zip(proposal.ids, wanted, strict=True)))
    if proposal.kind == "reweigh":
        values = [checked_trust(value) for value in proposal.trusts or (proposal.trust,) * len(proposal.ids)]
        return _reweighed(snapshot, rows, dict(zip(proposal.ids, values, strict=True)))
    return _voting(snapshot, rows, proposal)


def _voting(snapshot: Snapshot, rows: Sequence[Exemplar], proposal: Proposal) -> Supposed:
    """Strike, restore and forget: who votes."""
    votes = proposal.kind == "restore"
    touched = [row.id for row in rows if row.state == ("struck" if votes else "active")]
    at = np.sort(snapshot.rows_of(touched))
    active, counts = snapshot.active.copy(), snapshot.counts.copy()
    active[at] = votes
    np.add.at(counts, snapshot.label[at], 1 if votes else -1)
    after = replace(snapshot, active=active, counts=counts)
    vectors = snapshot.vectors[at] if votes else np.empty((0, 0), np.float32)
    forgotten = rows if proposal.kind == "forget" else ()
    return Supposed(
        after,
        vectors,
        gone=_NOBODY if votes else at,
        came=at if votes else _NOBODY,
        ids=frozenset(touched) | {row.id for row in forgotten},
        forgets=proposal.kind == "forget",
        contents=frozenset(row.content for row in forgotten if row.content),
    )


def _relabelled(snapshot: Snapshot, rows: Sequence[Exemplar], label_of: Mapping[int, str]) -> Supposed:
    touched = [row.id for row in rows if row.label != label_of[row.id]]
    names, counts = _with_labels(snapshot, [label_of[i] for i in touched])
    code_of = {label: code for code, label in enumerate(names)}
    at, codes = snapshot.rows_of(touched), snapshot.label.copy()
    codes[at] = [code_of[label_of[i]] for i in touched]
    voting = at[snapshot.active[at]]
    np.subtract.at(counts, snapshot.label[voting], 1)
    np.add.at(counts, codes[voting], 1)
    after = replace(snapshot, label=codes, labels=names, counts=counts)
    return Supposed(after, np.empty((0, 0), np.float32), ids=frozenset(touched))


def _reweighed(snapshot: Snapshot, rows: Sequence[Exemplar], trust_of: Mapping[int, float]) -> Supposed:
    touched = [row.id for row in rows if row.trust != trust_of[row.id]]
    trust = snapshot.trust.copy()
    trust[snapshot.rows_of(touched)] = [trust_of[i] for i in touched]
    return Supposed(replace(snapshot, trust=trust), np.empty((0, 0), np.float32), ids=frozenset(touched))


def _taught(memory: VisualMemory, snapshot: Snapshot, proposal: Proposal) -> Supposed:
    """New exemplars stand behind all others. A picture that is here under the label already is not added again."""
    if not proposal.lessons:
        raise BadValue("teaching needs pictures")
    label = labels.clean(proposal.label)
    here: set[str] = set()
    new: list[Lesson] = []
    for lesson in proposal.lessons:
        if lesson.content is not None:
            if lesson.content in here or any(e.label == label for e in memory.catalog.by_content(lesson.content)):
                continue
            here.add(lesson.content)
        new.append(lesson)
    names, counts = _with_labels(snapshot, [label])
    code = names.index(label)
    counts[code] += len(new)
    n, m = len(snapshot), len(new)
    vectors = np.empty((0, memory.identity.dim), np.float32)
    if new:
        vectors = gate(np.stack([lesson.vector for lesson in new]), memory.identity.dim)
    after = replace(
        snapshot,
        label=np.append(snapshot.label, np.full(m, code, np.int32)),
        labels=names,
        active=np.append(snapshot.active, np.ones(m, bool)),
        trust=np.append(snapshot.trust, np.ones(m)),
        content=np.append(snapshot.content, np.array([content_key(lesson.content) for lesson in new], np.int64)),
        group=np.append(snapshot.group, np.zeros(m, np.int64)),
        twin=np.append(snapshot.twin, np.array([vector_hash(v) for v in vectors], np.int64)),
        counts=counts,
    )
    return Supposed(after, vectors, came=np.arange(n, n + m))


def _with_labels(snapshot: Snapshot, wanted: Sequence[str]) -> tuple[tuple[str, ...], I64]:
    """The labels with ``wanted`` among them, and counts that have a place for each."""
    names = tuple(dict.fromkeys((*snapshot.labels, *wanted)))
    return names, np.append(snapshot.counts, np.zeros(len(names) - len(snapshot.labels), np.int64))

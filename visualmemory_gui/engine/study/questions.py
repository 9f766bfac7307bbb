"""What an evaluation asks: queries whose right label is known, and what each of them must not see."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from visualmemory_gui.engine.decision.leave_one_out import Keys, LeftOut, own_class
from visualmemory_gui.engine.decision.queries import Queries
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.study.honest import together
from visualmemory_gui.engine.types import F32, I64


@dataclass(frozen=True, slots=True)
class Frozen:
    """Exemplars, by id (q,), with the labels they had when they were first asked: what two runs can be compared on."""

    ids: I64
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Questions:
    """``vectors(part)`` are the queries' vectors, ``left_out(i)`` the rows that query i must not see.

    ``names`` are the labels of the right codes ``truth`` (q,), those of the snapshot first; ``own_class`` is that
    of which a query is itself an exemplar (see ``leave_one_out``), ``ids`` its id there (0: it is none), ``unit`` a key
    above 0 that queries of one group, content or vector share, ``key`` the 64-bit hash of its content, or of its
    vector where it has none. ``query_set`` is a hash of contents, labels and what is left out. ``seen`` are the ids of
    all exemplars that were there at change number ``change``.
    """

    names: tuple[str, ...]
    truth: I64
    own_class: I64
    ids: I64
    unit: I64
    key: I64
    vectors: Callable[[slice], F32]
    left_out: Callable[[int], I64]
    query_set: str
    change: int
    seen: I64

    def __len__(self) -> int:
        return len(self.truth)


def own(snapshot: Snapshot) -> Questions:
    """All active exemplars by leave-one-out."""
    rows = np.flatnonzero(snapshot.active)
    return _exemplars(snapshot, rows, snapshot.labels, snapshot.label[rows].astype(np.int64))


def frozen(snapshot: Snapshot, asked: Frozen) -> Questions:
    """The exemplars of an earlier run by leave-one-out, whatever became of them since. Raises UnknownExemplar."""
    names, truth = _coded(snapshot, asked.labels)
    return _exemplars(snapshot, snapshot.rows_of(asked.ids), names, truth)


def given(snapshot: Snapshot, asked: Queries) -> Questions:
    """Queries from elsewhere. Labels that the memory does not know get codes of their own, which nothing can win."""
    if not asked.labels:
        raise BadValue("there is no query with a label")
    names, truth = _coded(snapshot, asked.labels)
    content, twin, none = asked.keys
    key = np.where(content != 0, content, twin)
    return Questions(
        names,
        truth,
        own_class=own_class(snapshot, asked.own_rows(snapshot)),
        ids=none,
        unit=together(content, twin),
        key=key,
        vectors=lambda part: asked.vectors[part],
        left_out=LeftOut(snapshot, asked.keys),
        query_set=_query_set(key, group=none, labels=asked.labels),
        change=snapshot.change,
        seen=snapshot.ids,
    )


def _exemplars(snapshot: Snapshot, rows: I64, names: tuple[str, ...], truth: I64) -> Questions:
    vectors, (content, twin, group) = snapshot.vectors, Keys.of(snapshot, rows)
    key = np.where(content != 0, content, twin)
    return Questions(
        names,
        truth,
        own_class=own_class(snapshot, rows),
        ids=snapshot.ids[rows],
        unit=together(content, twin, group),
        key=key,
        vectors=lambda part: vectors[rows[part]],
        left_out=LeftOut(snapshot, Keys(content, twin, group)),
        query_set=_query_set(key, group=group, labels=[names[code] for code in truth.tolist()]),
        change=snapshot.change,
        seen=snapshot.ids,
    )


def _query_set(key: I64, *, group: I64, labels: Sequence[str]) -> str:
    """SHA-256 (hex) of what is asked, in any order, and of what is left out with each: its content and group."""
    lines = sorted(f"{at} {near} {label}" for at, near, label in zip(key.tolist(), group.tolist(), labels, strict=True))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _coded(snapshot: Snapshot, labels: Sequence[str]) -> tuple[tuple[str, ...], I64]:
    names = tuple(dict.fromkeys((*snapshot.labels, *labels)))
    code_of = {name: code for code, name in enumerate(names)}
    return names, np.array([code_of[label] for label in labels], np.int64)

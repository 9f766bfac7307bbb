"""A memory with only some of its exemplars, and how it decides the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from visualmemory_gui.engine.decision.leave_one_out import ContentKeys
from visualmemory_gui.engine.decision.queries import Queries
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.evaluation.statistics import split, together
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.text.visible_text import first_few
from visualmemory_gui.engine.types import I64

NAMED = 5  # classes in a sentence


def hold_out(snapshot: Snapshot, share: float, *, seed: int) -> tuple[I64, I64]:
    """The active rows that stay, and the held-out ``share`` of each class; groups and equal images are not separated.

    Raises BadValue unless 0 < share < 1.
    """
    if not 0 < share < 1:
        raise BadValue(f"the held-out part must be between 0 and 1, not {share:g}")
    rows = np.flatnonzero(snapshot.active)
    alike = together(*ContentKeys.of(snapshot, rows))
    part = split(snapshot.label[rows].astype(np.int64), alike, (1 - share, share), seed=seed)
    return rows[part == 0], rows[part == 1]


@dataclass(frozen=True, slots=True)
class Newcomers:
    """A memory in which the images of ``new`` classes vote too; images of the classes ``known`` were left out."""

    snapshot: Snapshot
    new: tuple[str, ...]
    known: tuple[str, ...]


def with_new(snapshot: Snapshot, more: Queries) -> Newcomers:
    """``snapshot`` with the images of ``more`` voting whose classes have no active exemplar yet.

    Raises BadValue where there is none.
    """
    here = {snapshot.labels[code] for code in np.flatnonzero(snapshot.counts).tolist()}
    new, known = tuple(sorted(set(more.labels) - here)), tuple(sorted(set(more.labels) & here))
    if known and not new:
        raise BadValue(f"the memory holds each of these classes already: {first_few(known, NAMED)}")
    fresh = np.array([label not in here for label in more.labels], bool)
    return Newcomers(more.part(fresh).added_to(snapshot), new, known)

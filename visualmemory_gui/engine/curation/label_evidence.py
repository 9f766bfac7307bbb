"""The evidence on a label: the nearest exemplars of the label itself, and of the one suggested in its place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from visualmemory_gui.engine.curation.suspect import Suspect
from visualmemory_gui.engine.decision.leave_one_out import ContentKeys, alike
from visualmemory_gui.engine.index.exact import nearest_among
from visualmemory_gui.engine.index.rescore import rescore
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import I64

SHOWN = 3

Near = tuple[int, float]
"""An exemplar's id, and its distance."""


@dataclass(frozen=True, slots=True)
class LabelEvidence:
    """What speaks for and against the label of ``suspect``: the nearest exemplars of each of its two labels, nearest
    first. Copies of it and those of its group are left out, as in the review."""

    suspect: Suspect
    own: tuple[Near, ...]
    suggested: tuple[Near, ...]


def label_evidence(snapshot: Snapshot, suspect: Suspect, *, count: int = SHOWN) -> LabelEvidence:
    """The ``count`` nearest of each label, fewer where no more are active. Raises UnknownExemplar."""
    row = snapshot.rows_of([suspect.id])
    own, suggested = (_nearest(snapshot, row, label, count) for label in (suspect.label, suspect.suggested))
    return LabelEvidence(suspect, own, suggested)


def _nearest(snapshot: Snapshot, row: I64, label: str, count: int) -> tuple[Near, ...]:
    """The ``count`` nearest active exemplars of ``label``, without that of ``row`` (1,) and what it must not see."""
    if label not in snapshot.labels:
        return ()
    of_label = np.flatnonzero(snapshot.active & (snapshot.label == snapshot.labels.index(label)))
    rows = of_label[~alike(snapshot, of_label, ContentKeys.of(snapshot, row))]
    query = snapshot.vectors_of(row)[0]
    found, distances = rescore(snapshot, nearest_among(snapshot, rows, query, count), query, count)
    return tuple(zip(snapshot.ids[found].tolist(), distances.tolist(), strict=True))

"""The rows of the teaching queue: columns and their contents, the order, and which rows an edit moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from visualmemory_gui.app.models.headline import percent
from visualmemory_gui.engine.text.visible_text import NO_ANSWER
from visualmemory_gui.engine.types import F64, I64

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.queue_table import QueueTable

MOVED = 0.005  # a share that moved by less counts as unmoved


class QueueColumn(IntEnum):
    """The columns of the queue's table."""

    DecodedImage = 0
    Winner = 1
    Share = 2
    Margin = 3
    Known = 4
    Taught = 5


TEACH_NEXT = -1
"""In place of a column: the order in which to teach the images."""

HEADS = ("Image", "Winner", "Share", "Margin", "Known", "Taught as")
TIPS = (
    "The waiting images",
    "The class with most of the vote",
    "The winner's share of the vote",
    "The winner's share of the vote minus that of the second",
    "Whether the image is as near to the memory as its own exemplars are to each other",
    "The class that the image has been taught as",
)
KNOWN = {1: "known", 0: "unknown", -1: ""}


@dataclass(frozen=True, slots=True)
class QueueRow:
    """``label`` is the full label that won. ``share`` and ``margin`` are None if there is nothing to compare with."""

    id: int
    name: str
    winner: str | None
    label: str | None
    share: float | None
    margin: float | None
    known: str
    taught: str | None


def cells(row: QueueRow) -> tuple[str, ...]:
    share = "" if row.share is None else percent(row.share)
    margin = "" if row.margin is None else percent(row.margin)
    return row.name, row.winner or NO_ANSWER, share, margin, row.known, row.taught or ""


def in_words(row: QueueRow) -> str:
    """ "IMG_12.jpg, tiger, 43 % of the vote, unknown, not taught"."""
    name, winner, share, _, known, taught = cells(row)
    parts = [name, winner, f"{share} of the vote" if share else "", known]
    return ", ".join([part for part in parts if part] + [f"taught as {taught}" if taught else "not taught"])


def sort_keys(table: QueueTable, column: int) -> F64 | I64:
    """The sort key of a column, or of TEACH_NEXT; for the share, unknown images are less certain than all known ones.

    While the order to teach in is not known, the least certain come first.
    """
    if column == TEACH_NEXT and table.teach_next is not None:
        return np.argsort(table.teach_next)
    if column in (QueueColumn.Share, TEACH_NEXT):
        certainty: F64 = np.where(np.isnan(table.shares), -2.0, table.shares) - (table.known == 0)
        return certainty
    if column == QueueColumn.Margin:
        return np.where(np.isnan(table.margins), -1.0, table.margins)
    if column == QueueColumn.Known:
        known: I64 = table.known.astype(np.int64)
        return known
    texts: Sequence[str | None] = (
        [table.name(place) for place in range(len(table))]
        if column == QueueColumn.DecodedImage
        else {QueueColumn.Winner: table.winners, QueueColumn.Taught: table.taught}[QueueColumn(column)]
    )
    ranks = {text: rank for rank, text in enumerate(sorted({text or "" for text in texts}, key=str.casefold))}
    return np.array([ranks[text or ""] for text in texts], np.int64)


def moved(before: QueueTable | None, after: QueueTable | None) -> frozenset[int]:
    """Ids of images that were here before and are decided differently now."""
    if before is None or after is None or not len(before):
        return frozenset()
    at = np.minimum(np.searchsorted(before.ids, after.ids), len(before) - 1)
    there = before.ids[at] == after.ids
    with np.errstate(invalid="ignore"):
        shares = ~(np.abs(after.shares - before.shares[at]) < MOVED) & ~(
            np.isnan(after.shares) & np.isnan(before.shares[at])
        )
    winners = np.array([a != before.winners[i] for a, i in zip(after.winners, at.tolist(), strict=True)], bool)
    return frozenset(after.ids[there & (shares | winners)].tolist())

"""The decisions of the teaching queue as a CSV table."""

from __future__ import annotations

from collections.abc import Iterable

from visualmemory_gui.engine.decision.novelty import UNTOLD
from visualmemory_gui.engine.exchange.csv_table import DECISION, csv_table, known_word
from visualmemory_gui.engine.memory.queue_table import QueueTable

COLUMNS = ("image", *DECISION, "taught", "path")


def queue_csv(table: QueueTable, order: Iterable[int] | None = None) -> str:
    """One line per image, at the places ``order`` of the table, else in the table's order.

    ``label`` is the decision. If it is at a level, ``full_label`` at the end is the full label that won. Shares and
    margins are fractions, empty where there is none; ``path`` is where the image was read, which distinguishes images
    of the same name.
    """
    places = list(range(len(table)) if order is None else order)
    rows = [_row(table, place) for place in places]
    if table.winners == table.labels:
        return csv_table(COLUMNS, rows)
    full = ((*row, table.labels[place]) for row, place in zip(rows, places, strict=True))
    return csv_table((*COLUMNS, "full_label"), full)


def _row(table: QueueTable, i: int) -> tuple[object, ...]:
    name, known = table.name(i), int(table.known[i])
    decided = table.winners[i], table.shares[i], table.margins[i], known_word(None if known == UNTOLD else bool(known))
    return name, *decided, table.taught[i], table.sources[i]

"""What a neighbour's card shows: the roles that a model answers and a delegate paints."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QPixmap

from visualmemory_gui.engine.decision.short_labels import ShortLabels

ALONE = ShortLabels()
_FIRST = int(Qt.ItemDataRole.UserRole) + 1


class CardRole(IntEnum):
    """Exemplar: int id. Pixmap: QPixmap or None while it is loading. Rank: int from 1. Label: the class that the
    exemplar votes for at the level of the decision. Distance: float. Share: float 0 to 1. Factor: float, by what
    the vote is multiplied: class factor times trust (1 = no effect). State: "active", "struck" or "excluded"
    (left out of this query only). Colour: QColor of the chip or None. Key: the digit that labels with this class,
    or "". Closeness: float 0 to 1 or None, the fraction of same-class pairs farther apart than this distance;
    tooltip and accessible text say it in words. Whole: a ``Card`` with all of them in one call."""

    Exemplar = _FIRST
    Pixmap = _FIRST + 1
    Rank = _FIRST + 2
    Label = _FIRST + 3
    Distance = _FIRST + 4
    Share = _FIRST + 5
    Factor = _FIRST + 6
    State = _FIRST + 7
    Colour = _FIRST + 8
    Key = _FIRST + 9
    Closeness = _FIRST + 10
    Whole = _FIRST + 11


@dataclass(frozen=True, slots=True)
class Card:
    """The values of one card, read from a model in one call.

    ``made_for`` is the side in device pixels for which the image was made ready (on white, with round corners); 0
    if it is unprepared. ``names`` are the labels shown alongside this one. ``locked``:
    the memory is read-only and the button is disabled. ``copies`` counts near copies that share its vote. ``full`` is
    the full label where ``label`` is that of a level, and ``full_key`` its digit.
    """

    exemplar: int
    pixmap: QPixmap | None
    rank: int
    label: str
    distance: float
    share: float
    factor: float = 1.0
    state: str = "active"
    colour: QColor | None = None
    key: str = ""
    closeness: float | None = None
    made_for: int = 0
    names: ShortLabels = ALONE
    locked: bool = False
    copies: int = 0
    full: str = ""
    full_key: str = ""


def card_at(index: QModelIndex | QPersistentModelIndex) -> Card:
    """The card of a row; roles that the model does not answer take neutral values."""
    data = index.data
    whole = data(CardRole.Whole)
    if isinstance(whole, Card):
        return whole
    return Card(
        exemplar=int(data(CardRole.Exemplar) or 0),
        pixmap=data(CardRole.Pixmap),
        rank=int(data(CardRole.Rank) or 0),
        label=str(data(CardRole.Label) or ""),
        distance=float(data(CardRole.Distance) or 0.0),
        share=float(data(CardRole.Share) or 0.0),
        factor=float(data(CardRole.Factor) or 1.0),
        state=str(data(CardRole.State) or "active"),
        colour=data(CardRole.Colour),
        key=str(data(CardRole.Key) or ""),
        closeness=data(CardRole.Closeness),
    )

"""The neighbours of the query as rows of cards: those that vote, by distance or by vote, those without a vote where
they are shown, then those that have lost their vote since."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from PySide6.QtCore import QAbstractListModel, QMimeData, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPixmap

from visualmemory_gui.app.models import mime
from visualmemory_gui.app.models.card_images import card_layer
from visualmemory_gui.app.models.card_roles import Card, CardRole
from visualmemory_gui.app.models.class_marks import ClassMarks
from visualmemory_gui.app.models.decision import DecisionModel
from visualmemory_gui.app.models.headline import percent
from visualmemory_gui.app.models.query import by_vote
from visualmemory_gui.engine.decision.levels import at_level
from visualmemory_gui.engine.text.visible_text import factor_text
from visualmemory_gui.engine.types import Neighbour

Index = QModelIndex | QPersistentModelIndex
State = Literal["active", "struck", "excluded"]
LOCKED = "It cannot be struck out or restored: this memory is open for reading only"
Ready = tuple[QPixmap, int]  # a card's image, and the side in device pixels it was made for


class NeighboursModel(QAbstractListModel):
    """Answers ``CardRole`` and the accessible texts; ``marks`` has the colours and digits of the chips."""

    def __init__(self, decision: DecisionModel, marks: ClassMarks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._decision = decision
        self._marks = marks
        self._rows: list[Neighbour] = []
        self._voting = 0
        self.by_vote = False
        self._pixmaps: dict[int, Ready] = {}
        self._layered: tuple[int, QImage] | None = None
        self._layer: Ready | None = None  # the layered image as its card shows it
        decision.decided.connect(self.on_decided)
        decision.closeness_changed.connect(self.on_values_changed)
        decision.images_read.connect(self.on_values_changed)
        marks.updated.connect(self.on_values_changed)

    def on_decided(self) -> None:
        """Show a decision. Rows keep their identity if only votes changed, so that a selection stays."""
        decision = self._decision.decision
        voting: list[Neighbour] = []
        if decision is not None:
            voters = by_vote(decision.voters) if self.by_vote else decision.voters
            voting = [*voters, *(decision.silent if self._decision.silent_shown else ())]
        rows = voting + list(self._decision.struck) + list(self._decision.left_out)
        same = [n.id for n in rows] == [n.id for n in self._rows]
        if not same:
            self.beginResetModel()
        self._rows, self._voting = rows, len(voting)
        images = self._decision.images
        self._pixmaps = {i: ready for i, ready in self._pixmaps.items() if i in images}
        self._layer = None
        if same and rows:
            self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))
        elif not same:
            self.endResetModel()

    def order_by_vote(self, by_vote: bool) -> None:
        """Put the largest vote first, or the nearest neighbour; those without a vote follow in either case."""
        if by_vote != self.by_vote:
            self.by_vote = by_vote
            self.on_decided()

    def on_values_changed(self) -> None:
        if self._rows:
            self.dataChanged.emit(self.index(0), self.index(len(self._rows) - 1))

    def show_layered(self, exemplar: int, image: QImage | None) -> None:
        """Let only the card of ``exemplar`` show ``image`` in place of its own; None: its own again."""
        before, self._layered = self._layered, (exemplar, image) if image is not None else None
        self._layer = None
        for row in self.rows_of([exemplar, *([before[0]] if before else [])]):
            self.dataChanged.emit(self.index(row), self.index(row))

    def neighbour(self, row: int) -> Neighbour:
        return self._rows[row]

    def is_struck(self, row: int) -> bool:
        """Whether the row has no vote: struck out of the memory, or left out of this query."""
        return row >= self._voting

    def _state(self, row: int) -> State:
        if not self.is_struck(row):
            return "active"
        return "excluded" if self._rows[row].id in self._decision.left_out_ids else "struck"

    def rows_of(self, ids: Sequence[int]) -> list[int]:
        """The rows of ``ids``, without those that are gone."""
        wanted = set(ids)
        return [row for row, neighbour in enumerate(self._rows) if neighbour.id in wanted]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row, neighbour = index.row(), self._rows[index.row()]
        if role == CardRole.Whole:
            return self._card(row, neighbour)
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            said = spoken(neighbour, level=self._level, state=self._state(row))
            said = f"{said}. {near}" if (near := self._nearness(neighbour)) else said
            return f"{said}. {LOCKED}" if self._locked and role == Qt.ItemDataRole.ToolTipRole else said
        if role == Qt.ItemDataRole.AccessibleDescriptionRole:
            return LOCKED if self._locked else ""
        if role == CardRole.Label:
            return at_level(neighbour.label, self._level)
        if role == CardRole.Closeness:
            return self._farther(neighbour)
        if role == CardRole.Colour:
            return self._colour_of(neighbour)
        if role == CardRole.Key:
            return self._marks.chip_digit(neighbour.label)
        if role == CardRole.Pixmap:
            return self._pixmap(neighbour.id)
        if role == CardRole.Share:
            return 0.0 if self.is_struck(row) else neighbour.share
        if role == CardRole.State:
            return self._state(row)
        return _PLAIN[role](neighbour) if role in _PLAIN else None

    def flags(self, index: Index) -> Qt.ItemFlag:
        base = super().flags(index)
        return base | Qt.ItemFlag.ItemIsDragEnabled if index.isValid() else base

    def mimeTypes(self) -> list[str]:
        return [mime.EXEMPLARS]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        return mime.of_exemplars([self._rows[i.row()].id for i in sorted(indexes, key=QModelIndex.row)])

    @property
    def _locked(self) -> bool:
        memory = self._decision.memory
        return memory is not None and memory.readonly

    @property
    def _level(self) -> int:
        return self._decision.decision.level if self._decision.decision is not None else 0

    def _card(self, row: int, neighbour: Neighbour) -> Card:
        pixmap, made_for = self._ready(neighbour.id) or (None, 0)
        return Card(
            exemplar=neighbour.id,
            pixmap=pixmap,
            rank=neighbour.rank,
            label=at_level(neighbour.label, self._level),
            distance=neighbour.distance,
            share=0.0 if self.is_struck(row) else neighbour.share,
            factor=neighbour.factor * neighbour.trust,
            state=self._state(row),
            colour=self._colour_of(neighbour),
            key=self._marks.chip_digit(neighbour.label),
            closeness=self._farther(neighbour),
            made_for=made_for,
            names=self._decision.names,
            locked=self._locked,
            copies=neighbour.copies,
            full=neighbour.label if self._level else "",
            full_key=self._marks.digit(neighbour.label) if self._level else "",
        )

    def _colour_of(self, neighbour: Neighbour) -> QColor | None:
        decision = self._decision.decision
        if decision is None:
            return None
        return self._marks.colour(at_level(neighbour.label, decision.level))

    def _pixmap(self, exemplar: int) -> QPixmap | None:
        ready = self._ready(exemplar)
        return ready[0] if ready is not None else None

    def _ready(self, exemplar: int) -> Ready | None:
        """The image, made when it is first painted: most neighbours of a large k are out of view."""
        if self._layered is not None and self._layered[0] == exemplar:
            return self._ready_layer(exemplar, self._layered[1])
        image, side, ready = self._decision.images.get(exemplar), self._decision.side, self._pixmaps.get(exemplar)
        if image is not None and (ready is None or ready[1] != side):
            ready = self._pixmaps[exemplar] = QPixmap.fromImage(image), side
        return ready

    def _ready_layer(self, exemplar: int, image: QImage) -> Ready:
        side = self._decision.side
        if self._layer is None or self._layer[1] != side:
            own = self._decision.images.get(exemplar)
            made = card_layer(image, side, own.size() if own is not None else QSize())
            self._layer = QPixmap.fromImage(made), side
        return self._layer

    def _farther(self, neighbour: Neighbour) -> float | None:
        known = self._decision.closeness
        return known.share_farther(neighbour.distance) if known is not None else None

    def _nearness(self, neighbour: Neighbour) -> str:
        farther = self._farther(neighbour)
        return closeness_text(farther) if farther is not None else ""


_PLAIN: dict[int, Callable[[Neighbour], object]] = {
    Qt.ItemDataRole.DisplayRole: lambda n: n.label,
    CardRole.Exemplar: lambda n: n.id,
    CardRole.Rank: lambda n: n.rank,
    CardRole.Distance: lambda n: n.distance,
    CardRole.Factor: lambda n: n.factor * n.trust,
}


def spoken(neighbour: Neighbour, *, level: int = 0, state: State = "active") -> str:
    """ "cat, rank 2, distance 0.210, 12 % of the vote": the card for a screen reader.

    At a level the class voted for comes first: "animals (animals/cat), rank 2, …".
    """
    voted = at_level(neighbour.label, level)
    label = voted if voted == neighbour.label else f"{voted} ({neighbour.label})"
    if state != "active":
        why = "struck out" if state == "struck" else "left out of this query"
        return f"{label}, {why}, distance {neighbour.distance:.3f}, no vote"
    text = f"{label}, rank {neighbour.rank}, distance {neighbour.distance:.3f}"
    text += f", {percent(neighbour.share)} of the vote"
    text += f", {neighbour.meaning}" if neighbour.meaning else ""
    text += f", trust {neighbour.trust:g}" if neighbour.trust != 1 else ""
    factor = factor_text(neighbour.factor)
    return text + (f", vote times {factor} for a small class" if factor else "")


def closeness_text(farther: float) -> str:
    """ "Closer than 80 % of same-class pairs"; ``farther`` is the fraction of them that is farther apart."""
    if farther < 0.005:
        return "Farther apart than all same-class pairs of this memory"
    if farther > 0.995:
        return "Closer than all same-class pairs of this memory"
    return f"Closer than {100 * farther:.0f} % of same-class pairs of this memory"

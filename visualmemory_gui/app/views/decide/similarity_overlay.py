"""The similarity map over the query and its neighbour's card; pointing at a cell shows what it resembles."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image
from PySide6.QtCore import QEvent, QModelIndex, QObject
from PySide6.QtGui import QImage

from visualmemory_gui.app.models.card_roles import CardRole
from visualmemory_gui.app.models.neighbours import NeighboursModel
from visualmemory_gui.app.models.similarity import SimilarityModel
from visualmemory_gui.app.views.decide.neighbours_panel import NeighboursPanel
from visualmemory_gui.app.views.decide.query_panel import QueryPanel
from visualmemory_gui.engine.types import F64

if TYPE_CHECKING:
    from visualmemory_gui.engine.attribution.attribute import Seen

Point = tuple[float, float]


class SimilarityOverlay(QObject):
    """Connects ``model`` to the panels that show it."""

    def __init__(
        self, model: SimilarityModel, query: QueryPanel, neighbours: NeighboursPanel, cards: NeighboursModel
    ) -> None:
        super().__init__(query)
        self._model, self._query, self._neighbours, self._cards = model, query, neighbours, cards
        self._shown = self._pointing = False
        self._hovered: int | None = None
        query.similarity.toggled.connect(model.switch)
        query.image.pointed.connect(self.on_pointed)
        model.updated.connect(self.on_updated)
        neighbours.grid.entered.connect(self.on_card_entered)
        neighbours.selection_changed.connect(self.on_selection_changed)
        neighbours.grid.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self._hovered = None
            self.on_selection_changed()
        return False

    def on_card_entered(self, index: QModelIndex) -> None:
        self._hovered = index.data(CardRole.Exemplar)
        self.on_selection_changed()

    def on_selection_changed(self) -> None:
        """Compare with the card under the mouse, else with the selected one."""
        chosen = self._neighbours.selected()
        self._model.look_at(self._hovered or (chosen[0] if len(chosen) == 1 else None))

    def on_updated(self) -> None:
        from visualmemory_gui.engine.attribution.attribute import CAPTIONS
        from visualmemory_gui.engine.attribution.sheet import sentence

        splitting = self._model.splitting
        if splitting is None:
            self._say(self._model.why)
            if self._shown:
                self._shown = False
                self._query.image.set_layer(None)
                self._cards.show_layered(0, None)
            return
        notes = "".join(
            f" {whose}: {seen.note}."
            for whose, seen in (("This image", splitting.seen), ("The neighbour", splitting.seen_other))
            if seen.note
        )
        self._say(f"{sentence(splitting)}. {CAPTIONS[splitting.kind]}.{notes}")
        self._shown = True
        self._query.image.set_layer(layered(splitting.seen, splitting.query), self._query.part_shown)
        self._show_neighbour(splitting.other)

    def on_pointed(self, place: Point | None) -> None:
        """Show which cells of the neighbour resemble the query's cell under the mouse."""
        splitting = self._model.splitting
        if splitting is None:
            return
        part = self._query.part_shown
        if place is not None:
            place = (place[0] - part.x()) / part.width(), (place[1] - part.y()) / part.height()
        cell = cell_at(splitting.seen, place) if place is not None else None
        if cell is not None:
            self._pointing = True
            self._show_neighbour(splitting.pairs[cell], scale=float(splitting.pairs.max()))
        elif self._pointing:
            self._pointing = False
            self._show_neighbour(splitting.other)

    def _show_neighbour(self, cells: F64, *, scale: float | None = None) -> None:
        splitting = self._model.splitting
        if splitting is not None:
            self._cards.show_layered(splitting.neighbour.id, layered(splitting.seen_other, cells, scale=scale))

    def _say(self, text: str) -> None:
        self._query.caption.setText(text)
        self._query.caption.setVisible(bool(text))


def layered(seen: Seen, cells: F64, *, scale: float | None = None) -> QImage:
    """The thumbnail in grey with the map over it."""
    from visualmemory_gui.engine.images import heat

    image = heat.over(Image.open(BytesIO(seen.thumbnail)).convert("RGB"), cells, seen.square, scale=scale)
    return QImage(image.tobytes(), image.width, image.height, 3 * image.width, QImage.Format.Format_RGB888).copy()


def cell_at(seen: Seen, place: Point) -> tuple[int, int] | None:
    """Row and column of the cell at ``place``, in fractions of the image's sides; None outside the encoder's square."""
    left, top, right, bottom = seen.square
    rows, columns = seen.cells.shape[:2]
    row, column = int((place[1] - top) / (bottom - top) * rows), int((place[0] - left) / (right - left) * columns)
    return (row, column) if 0 <= row < rows and 0 <= column < columns else None

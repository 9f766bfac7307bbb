"""The parts drawn on the query's image: a second one does not lose the first."""

from __future__ import annotations

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from visualmemory_gui.app.models.decision import DecisionModel
from visualmemory_gui.app.models.headline import headline, percent
from visualmemory_gui.app.models.query import Query, place_of
from visualmemory_gui.app.models.query_image import QueryImageModel
from visualmemory_gui.engine.types import Box, Changes

Index = QModelIndex | QPersistentModelIndex
WHOLE = "Whole image"


class DrawnPartsModel(QAbstractListModel):
    """Row 0 is the whole image, each further one a part of it with its latest answer; empty while none is drawn.

    They last as long as queries are of one image, and are not in the memory unless they are taught.
    """

    updated = Signal()

    def __init__(self, decision: DecisionModel, whole: QueryImageModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._decision, self._image = decision, whole
        self._key: object = None
        self._whole: Query | None = None
        self._parts: list[Query] = []
        self._said: dict[Box | None, str] = {}
        decision.query_changed.connect(self.on_query_changed)
        decision.decided.connect(self.on_decided)

    @property
    def boxes(self) -> list[Box]:
        """Those of the parts, in the order they were drawn."""
        return [part.box for part in self._parts if part.box is not None]

    @property
    def current(self) -> Box | None:
        """The part that is the query, None for the whole image."""
        return self._decision.query.box if self._decision.query is not None else None

    @property
    def current_row(self) -> int:
        return self.boxes.index(self.current) + 1 if self.current in self.boxes else 0

    def decide(self, box: Box) -> None:
        """Make a part of the query's image the query."""
        if self._decision.query is not None:
            self._decision.ask_part(self._decision.query, box, self._image.pyramid)

    def choose(self, row: int) -> None:
        """Make the image or the part in ``row`` the query again."""
        wanted = self._whole if row == 0 else self._parts[row - 1]
        if wanted is not None and wanted is not self._decision.query:
            self._decision.ask_query(wanted)
        elif wanted is None and self._parts:
            self._decision.ask_part(self._parts[0], None)

    def remove(self, row: int) -> None:
        """Remove a part from the list; where it is the query, the whole image is decided."""
        if not 0 < row <= len(self._parts):
            return
        shown = self.current_row == row
        if shown:
            self.choose(0)
        self._replace([part for at, part in enumerate(self._parts, start=1) if at != row])

    def on_query_changed(self) -> None:
        query = self._decision.query
        key = query.file_key if query is not None else None
        if key is None or key != self._key:
            self._key, self._whole, self._said = key, None, {}
            self._replace([])
        if query is None or key is None:
            return
        if query.box is None:
            self._whole = query
        elif query.box in self.boxes:
            self._parts[self.boxes.index(query.box)] = query
        else:
            self._replace([*self._parts, query])
        self.updated.emit()

    def on_decided(self) -> None:
        decision = self._decision.decision
        if decision is None:
            return
        share = f", {percent(decision.share)}" if decision.share is not None else ""
        self._said[self.current] = f"{headline(decision).title}{share}"
        if self._parts:
            self.dataChanged.emit(self.index(0), self.index(len(self._parts)))

    def on_changed(self, changes: Changes) -> None:
        """Drop what was drawn when something is forgotten: it may be among it."""
        if changes.forgotten and self._parts:
            self._replace([])

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() or not self._parts else len(self._parts) + 1

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        words = (
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.ToolTipRole,
            Qt.ItemDataRole.AccessibleTextRole,
        )
        if not index.isValid() or role not in words:
            return None
        box = None if index.row() == 0 else self._parts[index.row() - 1].box
        name = WHOLE if box is None else f"{index.row()}  {place_of(box)}"
        said = self._said.get(box, "")
        return f"{name}: {said}" if said else name

    def _replace(self, parts: list[Query]) -> None:
        if parts or self._parts:
            self.beginResetModel()
            self._parts = parts
            self.endResetModel()
            self.updated.emit()

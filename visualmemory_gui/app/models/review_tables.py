"""The findings of a review as rows for tables and lists."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractListModel, QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from visualmemory_gui.app.models import image_rows
from visualmemory_gui.app.models.headline import percent
from visualmemory_gui.app.models.review import ReviewModel
from visualmemory_gui.engine.decision.short_labels import ShortLabels
from visualmemory_gui.engine.text.visible_text import how_many

if TYPE_CHECKING:
    from visualmemory_gui.engine.curation.review import Group
    from visualmemory_gui.engine.curation.suspect import Suspect

Index = QModelIndex | QPersistentModelIndex
FOUND = int(Qt.ItemDataRole.UserRole) + 1  # the Suspect or Group of a row
HEADERS = ("Exemplar", "Labelled", "Share", "Suggested", "Share", "Nearest of other classes")
TIPS = (
    "The exemplar",
    "The label it has",
    "The share of the vote that all other exemplars give its label",
    "The label that the other exemplars suggest",
    "The share of the vote that the suggested label gets",
    "The nearest exemplars of other classes",
)


class ReviewColumn(IntEnum):
    """The columns of the table of suspects."""

    DecodedImage = 0
    Label = 1
    Share = 2
    Suggested = 3
    SuggestedShare = 4
    Against = 5


class SuspectsModel(QAbstractTableModel):
    """The suspect labels that are shown, as a table model."""

    def __init__(self, review: ReviewModel) -> None:
        super().__init__(review)
        self._review = review
        self._rows: tuple[Suspect, ...] = ()
        self.names = ShortLabels()  # of the labels shown
        review.updated.connect(self.on_updated)

    def on_updated(self) -> None:
        if self._rows is not self._review.rows:
            self.beginResetModel()
            self._rows = self._review.rows
            self.names = ShortLabels(label for one in self._rows for label in (one.label, one.suggested))
            self.endResetModel()

    def row(self, at: int) -> Suspect:
        return self._rows[at]

    def rows_like(self, at: int) -> list[int]:
        """The rows of the same label and suggestion."""
        one = self._rows[at]
        same = [(row.label, row.suggested) == (one.label, one.suggested) for row in self._rows]
        return [row for row, like in enumerate(same) if like]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(ReviewColumn)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return HEADERS[section]
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.ToolTipRole:
            return TIPS[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        suspect = self._rows[index.row()]
        if role == FOUND:
            return suspect
        if role == Qt.ItemDataRole.AccessibleTextRole and index.column() == ReviewColumn.DecodedImage:
            return suspect_in_words(suspect)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            return cells(suspect)[index.column()]
        return None


class GroupsModel(QAbstractListModel):
    """The groups of duplicates as a list model."""

    def __init__(self, review: ReviewModel) -> None:
        super().__init__(review)
        self._review = review
        self._rows: tuple[Group, ...] = ()
        self.names = ShortLabels()  # of the labels shown
        review.updated.connect(self.on_updated)

    def on_updated(self) -> None:
        if self._rows is not self._review.groups:
            self.beginResetModel()
            self._rows = self._review.groups
            self.names = ShortLabels(label for group in self._rows for label in group.labels)
            self.endResetModel()

    def row(self, at: int) -> Group:
        return self._rows[at]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        group = self._rows[index.row()]
        if role == FOUND:
            return group
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            return group_in_words(group)
        return None


def cells(suspect: Suspect) -> tuple[str, ...]:
    return (
        f"exemplar {suspect.id}",
        suspect.label,
        percent(suspect.share),
        suspect.suggested,
        percent(suspect.suggested_share),
        image_rows.in_words(suspect.against),
    )


def suspect_in_words(suspect: Suspect) -> str:
    """ "exemplar 12, labelled cat with 3 % of the vote; lynx is suggested with 60 %"."""
    own, other = percent(suspect.share), percent(suspect.suggested_share)
    return (
        f"exemplar {suspect.id}, labelled {suspect.label} with {own} of the vote; "
        f"{suspect.suggested} is suggested with {other}"
    )


def group_in_words(group: Group) -> str:
    """ "3 exemplars, the same content: cat, cat, lynx; conflict"."""
    return (
        f"{len(group.ids)} exemplars, {likeness(group)}: {', '.join(group.labels)}"
        f"{'; conflict of labels' if group.conflict else ''}"
    )


def likeness(group: Group) -> str:
    return "equal" if group.distance == 0 else f"within {group.distance:.3f}"


def summed_up(review: ReviewModel) -> str:
    """What the list of suspects that is shown is, and what it is worth."""
    if review.left is None:
        return ""
    if review.part == "check":
        return review.answers.words if review.answers is not None else "Drawing labels at random…"
    if review.part == "likely":
        checked = f" {review.answers.words}" if review.answers is not None else ""
        return f"{review.left.recall}{checked}"
    order = "by label and suggestion, the largest group first" if review.part == "groups" else "most suspicious first"
    likely = (
        f"; the first {len(review.left.likely):,} are likely to be wrong"
        if review.part == "all" and review.left.cut
        else ""
    )
    return f"{len(review.suspects):,} of {review.looked_at:,} exemplars, {order}{likely}. Shares are of the ridge vote."


def counted(review: ReviewModel) -> str:
    """ "12 groups of 31 exemplars, 4 with a conflict"."""
    groups = review.groups
    conflicts = sum(group.conflict for group in groups)
    many = sum(len(group.ids) for group in groups)
    return f"{how_many(len(groups), 'group')} of {many:,} exemplars, {conflicts:,} with a conflict"

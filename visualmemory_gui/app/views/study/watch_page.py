"""The page of Study that lists the watch set: decisions tracked across edits."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from visualmemory_gui.app import theme
from visualmemory_gui.app.actions.action import Action, Fact, build, show_targets
from visualmemory_gui.app.models.query import Query
from visualmemory_gui.app.models.watch_table import LABELLED, WatchTableModel
from visualmemory_gui.app.operations.watch_set import query_of
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.views.kit.buttons import button_of
from visualmemory_gui.app.views.kit.titles import title_of
from visualmemory_gui.app.views.study.study_page import StudyPage
from visualmemory_gui.app.widgets.tables.label_delegate import LabelDelegate
from visualmemory_gui.app.widgets.tables.table_style import dress

EMPTY = (
    "No decision is watched yet. Decide an image, press W and say what it should be: from then on every edit shows "
    "whether it still is."
)
ACTIONS: tuple[Action[WatchPage], ...] = (
    Action("ask", "Decide it", "Show this image with its neighbours in Decide", "scale-balance",
           lambda page: page.ask(), ("Return",), ("one",)),
    Action("expect", "Expect another class…", "Change what this image should be", "tag-edit-outline",
           lambda page: page.expect(), ("R",), ("writable", "one")),
    Action("unwatch", "Stop watching {}", "Stop following the selected images; the memory stays as it is",
           "eye-off-outline", lambda page: page.unwatch(), ("Del",), ("writable", "selection")),
)  # fmt: skip


class WatchPage(StudyPage):
    """The watch set page. The table follows ``session.watch``; requests go up as signals."""

    title = "Watch set"
    specs = ACTIONS
    expect_requested = Signal(object)  # Query
    unwatch_requested = Signal(list)  # numbers of watched images

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._watch = session, session.watch
        self.model = WatchTableModel(session.watch, self)
        self.table = _table(self.model)
        for column in LABELLED:
            self.table.setItemDelegateForColumn(column, LabelDelegate(self.table, lambda: self.model.names))
        self.actions_by_id = build(self, ACTIONS, prefix="study", heard_in=[self])
        self._lay_out()
        self.table.activated.connect(lambda _: self.ask())
        self.table.selectionModel().selectionChanged.connect(lambda *_: self.on_selection_changed())
        self.model.modelReset.connect(self.on_updated)
        self.on_updated()

    def on_updated(self) -> None:
        count = self.model.rowCount()
        self.summary.setText(self._watch.words)
        self.empty.setVisible(not count)
        self.table.setVisible(bool(count))
        self.on_selection_changed()

    def on_selection_changed(self) -> None:
        chosen = len(self._chosen())
        facts: dict[Fact, bool] = {"selection": chosen > 0, "one": chosen == 1}
        many = f"{chosen:,} images" if chosen > 1 else ""
        show_targets(self.actions_by_id, ACTIONS, facts, many, readonly=self._session.readonly)

    def ask(self) -> None:
        if query := self._query():
            self.query_chosen.emit(query)

    def expect(self) -> None:
        if query := self._query():
            self.expect_requested.emit(query)

    def unwatch(self) -> None:
        self.unwatch_requested.emit([self.model.decision(index.row()).image.id for index in self._chosen()])

    def _chosen(self) -> list[QModelIndex]:
        return self.table.selectionModel().selectedRows()

    def _query(self) -> Query | None:
        chosen = self._chosen()
        if len(chosen) != 1:
            return None
        return query_of(self.model.decision(chosen[0].row()).image)

    def _lay_out(self) -> None:
        title, self.summary, self.empty = title_of(self.title), QLabel(), QLabel(EMPTY)
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        for label in (self.summary, self.empty):
            label.setProperty("dim", True)
        self.summary.setAccessibleDescription("How many watched decisions are as expected")
        header = QHBoxLayout()
        header.addWidget(title)
        header.addWidget(self.summary, 1)
        for action in self.actions_by_id.values():
            header.addWidget(button_of(action))
        column = QVBoxLayout(self)
        column.addLayout(header)
        column.addWidget(self.table, 1)
        column.addWidget(self.empty, 1)


def _table(model: WatchTableModel) -> QTableView:
    table = QTableView()
    table.setObjectName("watchTable")
    table.setProperty("plain", True)
    table.setAccessibleName("Watched decisions")
    table.setModel(model)
    side = theme.px(30)
    table.setIconSize(QSize(side, side))
    dress(table, high=side + theme.px(4))
    header = table.horizontalHeader()
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    return table

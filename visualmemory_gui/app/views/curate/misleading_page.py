"""The page of the review that lists exemplars that mislead others."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox

from visualmemory_gui.app.actions.action import Action, Fact, show_targets
from visualmemory_gui.app.actions.exemplar_actions import PREVIEW, STRIKE_LISTED
from visualmemory_gui.app.models.impact import propose
from visualmemory_gui.app.models.misleaders import MisleadersModel, MisleadingModel
from visualmemory_gui.app.models.thumbnails import Thumbnails
from visualmemory_gui.app.operations import exemplars, review
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.views.curate.review_view import ReviewPage
from visualmemory_gui.app.widgets.tables.image_table import ImageTable
from visualmemory_gui.engine.text.visible_text import how_many
from visualmemory_gui.engine.what_if.proposed_edit import ProposedEdit

ACTIONS: tuple[Action[MisleadingPage], ...] = (
    Action("open", "Decide it", "Show it with its neighbours in Decide", "scale-balance",
           lambda page: page.open(), ("Return", "Enter"), ("one",)),
    STRIKE_LISTED,
    Action("keep", "Keep {}", "Accept that it misleads: keep it off this list until its label changes", "check",
           lambda page: page.keep(), ("K",), ("writable", "selection")),
    PREVIEW,
)  # fmt: skip
ORDERS = (
    ("absence", "by absence", "How much larger the share of the right label would be without it, by the memory's rule"),
    ("value", "by Shapley value", "Its k-NN Shapley value, for votes weighed by rank"),
    ("count", "by wrong minus right", "How often it is a neighbour of another class, minus of its own"),
)


class MisleadingPage(ReviewPage):
    """The misleading exemplars. ``exemplar_chosen`` asks Decide for one of them."""

    exemplar_chosen = Signal(int)

    def __init__(self, session: Session, model: MisleadingModel, thumbnails: Thumbnails) -> None:
        self.rows = MisleadersModel(model)
        words = "Exemplars that mislead others"
        self.table = ImageTable(self.rows, thumbnails, name="misleadingTable", words=words)
        self.table.widen_last()
        super().__init__(session, model, content=self.table, nothing="No exemplar misleads more than it helps.")
        self.found = model
        self.order = QComboBox()
        self.order.setObjectName("misleadingOrder")
        self.order.setAccessibleName("Order of the list")
        for key, text, tip in ORDERS:
            self.order.addItem(text, key)
            self.order.setItemData(self.order.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.order.activated.connect(lambda _: model.set_order(self.order.currentData()))
        self.head.insertWidget(1, self.order)
        self.add_actions(ACTIONS, prefix="misleading")
        model.updated.connect(self.on_updated)
        self.table.chosen_changed.connect(self.on_chosen_changed)
        self.table.opened.connect(self.exemplar_chosen)
        self.on_updated()

    def on_updated(self) -> None:
        self.order.setCurrentIndex(self.order.findData(self.found.order))
        count = len(self.found.rows)
        base = f" Values are of {self.found.base}." if self.found.base else ""
        words = f"{count:,} of {self.found.looked_at:,} exemplars mislead more than they help, worst first.{base}"
        self.show_state(count, words)
        self.on_chosen_changed()

    def on_chosen_changed(self) -> None:
        chosen = self.chosen()
        facts: dict[Fact, bool] = {"selection": bool(chosen), "one": len(chosen) == 1}
        many = how_many(len(chosen))
        show_targets(self.actions_by_id, ACTIONS, facts, many, readonly=self._session.readonly)
        count = f" {len(chosen):,}" if chosen else ""
        self.actions_by_id["strike"].setIconText(f"Strike out{count}")
        self.actions_by_id["keep"].setIconText(f"Keep{count}")
        self.preview_binding.update()

    def proposed_edit(self) -> ProposedEdit | None:
        return propose("strike", self.chosen())

    def chosen(self) -> list[int]:
        """Ids of the selected exemplars, in the order shown."""
        return [self.rows.row(at).id for at in self.table.chosen()]

    def open(self) -> None:
        if len(chosen := self.chosen()) == 1:
            self.exemplar_chosen.emit(chosen[0])

    def strike(self) -> None:
        exemplars.strike(self._session, self.chosen())

    def keep(self) -> None:
        chosen = [self.rows.misleader(at) for at in self.table.chosen()]
        review.keep_misleading(self._session, chosen, self.found.scan)

    def preview(self) -> None:
        if chosen := self.chosen():
            self.preview_requested.emit(chosen[0])

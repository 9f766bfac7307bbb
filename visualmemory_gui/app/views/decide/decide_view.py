"""The workspace Decide: query, neighbours, decision."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtCore import QItemSelectionModel, QPoint, Qt, Signal
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QMenu, QSplitter, QVBoxLayout, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.card_roles import CardRole
from visualmemory_gui.app.models.class_names import ClassNamesModel
from visualmemory_gui.app.models.counterfactuals import flip_sentence
from visualmemory_gui.app.models.drawn_parts import DrawnPartsModel
from visualmemory_gui.app.models.exemplar_image import ExemplarImageModel
from visualmemory_gui.app.models.incoming_images import NO_IMAGE
from visualmemory_gui.app.models.literal_text import literal
from visualmemory_gui.app.models.neighbours import NeighboursModel
from visualmemory_gui.app.models.query_image import QueryImageModel
from visualmemory_gui.app.models.recent import RecentQueriesModel
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.views.decide.compare_view import CompareView
from visualmemory_gui.app.views.decide.decide_preview import DecidePreview
from visualmemory_gui.app.views.decide.decision_panel import DecisionPanel
from visualmemory_gui.app.views.decide.neighbours_panel import NeighboursPanel
from visualmemory_gui.app.views.decide.query_panel import QueryPanel
from visualmemory_gui.app.views.decide.queue_panel import QueuePanel
from visualmemory_gui.app.views.decide.similarity_overlay import SimilarityOverlay
from visualmemory_gui.app.views.kit.buttons import bind
from visualmemory_gui.app.views.kit.hints import Hint, Hints, Side
from visualmemory_gui.app.views.kit.image_drops import ImageDrops
from visualmemory_gui.app.views.kit.menus import empty_menu, menu_of
from visualmemory_gui.app.views.kit.original_view import OriginalView
from visualmemory_gui.app.widgets.cards.large_preview import LargePreview
from visualmemory_gui.app.widgets.panels.scrolled_panel import ScrolledPanel

WIDTHS = (330, 640, 300)
HEIGHTS = (400, 340)  # with a queue below
FIRST_HINTS = (
    "Drop an image here, or paste one: it is decided at once, and nothing is stored.",
    "These exemplars decided it, the nearest first. Each votes for its class, with the share on its card.",
    "One of them misleads? The cross on its card, or X, strikes it out. Undo takes every edit back.",
    "Wrong, or something new? Teach it: T and a name, or the digit of a class. The next decision knows it.",
)


class DecideView(QWidget):
    """Query, neighbours, decision and queue. Images dropped on it become queries; edits are requested by signals.

    ``label`` is None in a signal that means a new class.
    """

    images_dropped = Signal(list)
    teach_requested = Signal(list, object)  # paths and PIL images, label
    relabel_requested = Signal(list, object)  # ids, label
    class_chosen = Signal(object)  # label
    class_shown = Signal(str)  # in Curate
    strike_requested = Signal(list)  # ids
    restore_requested = Signal(list)  # ids
    typed = Signal(str)  # the beginning of a class name, in the queue
    facts_changed = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("workspaceDecide")
        self._session = session
        self._decision = session.decision
        self._neighbours = NeighboursModel(session.decision, session.class_marks, self)
        self.recent = RecentQueriesModel(session.decision, session.tasks, self)
        self.query_image = QueryImageModel(session.tasks, session.decision, self)
        self.parts = DrawnPartsModel(session.decision, self.query_image, self)
        session.changed.connect(self.parts.on_changed)
        self.query = QueryPanel(session.decision, self.recent, self.query_image, self.parts)
        self.neighbours = NeighboursPanel(session.decision, self._neighbours)
        self.decision = DecisionPanel(session.decision, session.class_marks, session.opinion)
        self.class_names = ClassNamesModel(session.tasks, session.decision, self)
        self.queue = QueuePanel(session.queue)
        self._folded = False
        self.preview = LargePreview(self)
        self.original = OriginalView(self, session)
        comparison = ExemplarImageModel(session.tasks, self)
        self.compare = CompareView(
            self, session.decision, self._neighbours, self.query_image, comparison, session.similarity
        )
        self._lay_out()
        self.hints = self._make_hints()
        self._connect()
        DecidePreview(session, self.query, self.neighbours, self.decision)
        SimilarityOverlay(session.similarity, self.query, self.neighbours, self._neighbours)

    def facts(self) -> set[str]:
        """What Decide offers to act on: see ``Action.needs``."""
        decision = self._decision.decision
        found = {
            "query": self._decision.query is not None,
            "winner": decision is not None and decision.label is not None and not self._decision.here,
            "selection": bool(self.selected(struck=False)),
            "trail": bool(self._decision.trail),
            "struck": bool(self.selected(struck=True)),
            "queue": self._session.queue.rowCount() > 0,
            "waiting": self._session.queue.first_untaught() is not None,
            "queued": bool(self.queued()),
            "certain": bool(self._session.queue.certain()),
        }
        return {name for name, there in found.items() if there}

    def selected(self, *, struck: bool | None = None) -> list[int]:
        return self.neighbours.selected(struck=struck)

    def queued(self) -> list[int]:
        """The selected images of the queue, as long as one of them is the query."""
        query = self._decision.query
        if query is None or query.queued is None:
            return []
        chosen = self.queue.table.chosen()
        return chosen if query.queued in chosen else [query.queued]

    @property
    def queue_shown(self) -> bool:
        return not self._folded and self._session.queue.rowCount() > 0

    def toggle_queue(self) -> None:
        """Hide the queue, or show it again."""
        self._folded = self.queue_shown
        self.on_queue_updated()

    def on_queue_updated(self) -> None:
        came = self.queue_shown and self.queue.isHidden()
        self.queue.setVisible(self.queue_shown)
        self.query.set_recent_shown(not self.queue_shown)
        self.decision.set_brief(self.queue_shown)
        if came and self._decision.query is None:
            self.queue.begin()
        self.facts_changed.emit()

    def select_all(self) -> None:
        if self.queue.table.hasFocus():
            self.queue.table.selectAll()
            return
        self.neighbours.grid.selectAll()
        self.neighbours.grid.setFocus()

    def clear_selection(self) -> None:
        self.neighbours.grid.clearSelection()

    def say(self, text: str) -> None:
        """Show a hint over the neighbours; "" removes it."""
        self.neighbours.say(text)

    def set_actions(
        self,
        actions: Mapping[str, QAction],
        on_cards: tuple[str | None, ...],
        on_queue: tuple[str, ...],
        small_on_queue: tuple[str, ...],
    ) -> None:
        """Connect the buttons and the context menu to the window's actions."""
        queue, small = ([actions[name] for name in names] for names in (on_queue, small_on_queue))
        self.queue.set_actions(queue, small=small, hide=actions["actionQueue"])
        bind(self.query.back, actions["actionBack"])
        bind(self.query.teach, actions["actionTeach"])
        bind(self.query.confirm, actions["actionConfirm"])
        bind(self.query.watch, actions["actionWatch"])
        bind(self.query.choose, actions["actionQuery"])
        self.query.part.setDefaultAction(actions["actionPart"])
        bind(self.query.report, actions["actionReport"])
        self.neighbours.set_menu(partial(menu_of, self, actions, on_cards), compare=actions["actionCompare"])

    def set_menus(self, of_query: Callable[[], QMenu], of_queued: Callable[[], QMenu]) -> None:
        """Set what the context menus of the query, of a recent one, and of the queue offer."""
        self.query.menu_requested.connect(lambda spot: of_query().popup(spot))
        self.queue.table.menu_requested.connect(lambda spot: of_queued().popup(spot))

    @property
    def comparing(self) -> bool:
        """Whether the query and a neighbour are shown side by side."""
        return self.compare.isVisible()

    def open_compare(self) -> None:
        """Show the query beside the selected neighbour, else beside the nearest."""
        chosen = self._neighbours.rows_of(self.selected()[:1])
        self.preview.hide()
        self.compare.open(chosen[0] if chosen else 0)

    def show_original(self) -> None:
        """Show the original of the selected neighbour."""
        self.original.toggle(self.selected()[0] if self.selected() else None)

    def draw_part(self) -> None:
        """Let a part of the query be chosen, by keys or with the mouse."""
        self.query.box.begin()

    def let_go(self) -> bool:
        """Close the large image or the comparison if one is open, and return whether it was."""
        was_open = self.preview.isVisible() or self.comparing or self.original.isVisible()
        self.preview.hide()
        self.original.hide()
        self.compare.hide()
        return was_open

    def _make_hints(self) -> Hints:
        query, cards = self.query, self.neighbours.grid
        about: tuple[tuple[QWidget, Side], ...] = (
            (query.image, "below"),
            (cards, "right"),
            (cards, "right"),
            (query.teach, "above"),
        )
        return Hints(self, [Hint(*where, text) for where, text in zip(about, FIRST_HINTS, strict=True)])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.compare.setGeometry(self.rect())

    def on_compared(self, exemplar: int) -> None:
        """Let the card of the neighbour that is compared be the selected one."""
        self.neighbours.select([exemplar])
        for row in self._neighbours.rows_of([exemplar]):
            current, keep = self._neighbours.index(row), QItemSelectionModel.SelectionFlag.NoUpdate
            self.neighbours.grid.selectionModel().setCurrentIndex(current, keep)

    def on_preview_requested(self) -> None:
        if not self.let_go():
            self._load_preview()

    def on_class_menu(self, spot: QPoint, label: str) -> None:
        menu = empty_menu(self)
        teach = menu.addAction(literal(f"Teach the query as {label}"), partial(self.class_chosen.emit, label))
        teach.setEnabled(self._decision.query is not None and not self._session.readonly)
        menu.addAction(literal(f"Show {label} in Curate"), partial(self.class_shown.emit, label))
        menu.popup(spot)

    def on_current_changed(self) -> None:
        if self.preview.isVisible():
            self._load_preview()

    def on_query_changed(self) -> None:
        query = self._decision.query
        self.queue.on_query_changed(query.queued if query is not None else None)
        self.facts_changed.emit()

    def on_recent_chosen(self, row: int) -> None:
        self._decision.ask_query(self.recent.query(row))

    def on_counterfactuals_updated(self) -> None:
        found = self._session.counterfactuals.found
        strikes = found is not None and found.strikes is not None and bool(found.strikes.ids)
        writable = self._session.memory is not None and not self._session.memory.readonly
        self.decision.flip.say(flip_sentence(found), strikes=strikes and writable)

    def on_side_changed(self, side: int) -> None:
        self._decision.set_side(round(side * self.devicePixelRatioF()))

    def _load_preview(self) -> None:
        memory, exemplar = self._session.memory, self.neighbours.grid.currentIndex().data(CardRole.Exemplar)
        if memory is None or exemplar is None:
            return
        caption = str(self.neighbours.grid.currentIndex().data(Qt.ItemDataRole.AccessibleTextRole))
        self._session.tasks.run_edit(
            "Reading images",
            lambda: memory.catalog.thumbnail(exemplar),
            lambda jpeg: self.preview.show_image(jpeg, caption),
            topic="preview",
        )

    def _lay_out(self) -> None:
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setObjectName("decideSplit")
        split.setChildrenCollapsible(False)
        split.setHandleWidth(theme.px(6))
        self.neighbours.setMinimumWidth(theme.px(255))
        for panel in (ScrolledPanel(self.query, name="Query"), self.neighbours, self.decision):
            split.addWidget(panel)
            split.setStretchFactor(split.count() - 1, 8 if panel is self.neighbours else 1)
        split.setSizes(list(WIDTHS))
        column = QVBoxLayout(self)
        margin = theme.px(6)
        column.setContentsMargins(margin, margin, margin, margin)
        down = QSplitter(Qt.Orientation.Vertical)
        down.setObjectName("decideQueueSplit")
        down.setChildrenCollapsible(False)
        down.setHandleWidth(theme.px(6))
        for part, stretch in ((split, 3), (self.queue, 2)):
            down.addWidget(part)
            down.setStretchFactor(down.count() - 1, stretch)
        down.setSizes(list(HEIGHTS))
        self.queue.hide()
        column.addWidget(down)

    def _connect(self) -> None:
        drops = ImageDrops(self)
        drops.dropped.connect(self.images_dropped)
        for each in (drops, self.query):
            each.words_dropped.connect(lambda: self._session.post_note(NO_IMAGE))
        details = self.decision.details
        details.fold.toggled.connect(self.class_names.set_on)
        self.class_names.updated.connect(lambda: details.show_names(self.class_names.sentence))
        self._session.queue.updated.connect(self.on_queue_updated)
        self.queue.image_chosen.connect(self._decision.ask_queued)
        self.queue.selection_changed.connect(self.facts_changed)
        self.queue.typed.connect(self.typed)
        self.query.images_dropped.connect(self.images_dropped)
        self.query.recent_chosen.connect(self.on_recent_chosen)
        self.neighbours.strike_requested.connect(self.strike_requested)
        self.neighbours.restore_requested.connect(self.restore_requested)
        self.neighbours.grid.chosen.connect(self._decision.follow)
        self.neighbours.grid.preview_requested.connect(self.on_preview_requested)
        self.neighbours.grid.side_changed.connect(self.on_side_changed)
        self.neighbours.grid.current_changed.connect(self.on_current_changed)
        self._decision.query_changed.connect(self.preview.hide)
        self.compare.strike_requested.connect(self.strike_requested)
        self.compare.restore_requested.connect(self.restore_requested)
        self.compare.moved.connect(self.on_compared)
        self.compare.closed.connect(self.neighbours.grid.setFocus)
        self.query.similarity.toggled.connect(self.compare.map.setChecked)
        self.compare.map.toggled.connect(self.query.similarity.setChecked)
        self.neighbours.selection_changed.connect(self.facts_changed)
        classes = self.decision.classes
        classes.images_dropped.connect(self.teach_requested)
        classes.cards_dropped.connect(self.relabel_requested)
        classes.class_chosen.connect(lambda label: self.class_chosen.emit(label))
        classes.menu_requested.connect(self.on_class_menu)
        classes.new_class_requested.connect(lambda: self.class_chosen.emit(None))
        self._session.counterfactuals.updated.connect(self.on_counterfactuals_updated)
        self._decision.decided.connect(self.facts_changed)
        self._decision.query_changed.connect(self.on_query_changed)

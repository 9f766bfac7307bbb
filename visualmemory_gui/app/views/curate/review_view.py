"""The review: what a person should check in the memory, next to the grid of all exemplars."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Self

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from visualmemory_gui.app import theme
from visualmemory_gui.app.actions.action import Action, Fact, build, show_targets
from visualmemory_gui.app.actions.exemplar_actions import PREVIEW, STRIKE_LISTED
from visualmemory_gui.app.models.impact import propose, propose_labels
from visualmemory_gui.app.models.label_evidence import LabelEvidenceModel
from visualmemory_gui.app.models.misleaders import MisleadingModel
from visualmemory_gui.app.models.review import Part, ReviewModel
from visualmemory_gui.app.models.review_tables import GroupsModel, SuspectsModel, counted, summed_up
from visualmemory_gui.app.models.thumbnails import Thumbnails
from visualmemory_gui.app.operations import exemplars, review
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.views.kit.buttons import button_of
from visualmemory_gui.app.views.kit.impact_preview import PreviewBinding
from visualmemory_gui.app.widgets.panels.impact_line import ImpactLine
from visualmemory_gui.app.widgets.tables.evidence_strip import EvidenceStrip
from visualmemory_gui.app.widgets.tables.group_list import GroupList
from visualmemory_gui.app.widgets.tables.suspect_table import SuspectTable
from visualmemory_gui.engine.text.visible_text import how_many
from visualmemory_gui.engine.what_if.proposed_edit import ProposedEdit

AskLabel = Callable[[Sequence[int]], object]  # asks for a class and relabels these exemplars to it
Scan = ReviewModel | MisleadingModel
WIDEST_MILLI = 100  # the slider's maximum, in thousandths of a distance
SUSPECT_ACTIONS: tuple[Action[SuspectsPage], ...] = (
    Action("take", "Relabel {}", "Give each its suggested class", "tag-check-outline",
           lambda page: page.take(), ("Return", "Enter"), ("writable", "selection")),
    Action("relabel", "Relabel {}…", "Give them a class other than the one suggested", "tag-edit-outline",
           lambda page: page.relabel(), ("R",), ("writable", "selection")),
    STRIKE_LISTED,
    Action("keep", "Keep {}", "The label is right: keep it off this list until it changes", "check",
           lambda page: page.keep(), ("K",), ("writable", "selection")),
    Action("alike", "Select all of {}", "Select the rows of the same label and suggestion", "select-group",
           lambda page: page.select_alike(), ("G",), ("one",)),
    PREVIEW,
)  # fmt: skip
PARTS: tuple[tuple[Part, str, str], ...] = (
    ("all", "most suspicious first", "All labels that the other exemplars contradict"),
    (
        "likely",
        "likely to be wrong",
        "Those above the cut that finds half of the labels flipped at random to measure it",
    ),
    ("groups", "by label and suggestion", "All of them, so that those of one mistake can be relabelled together"),
    ("check", "check 20 at random", "Some of the likely ones, drawn at random: your answers tell how many are wrong"),
)
NO_SUSPECT = "No label is contradicted by the other exemplars."
NOTHING: dict[Part, str] = {"likely": "No label is likely to be wrong.", "check": "Nothing is left to check."}
GROUP_ACTIONS: tuple[Action[GroupsPage], ...] = (
    Action("strike", "Keep the first of {}", "Strike out all others of each selected group", "content-duplicate",
           lambda page: page.strike(), ("Return", "S", "X", "Del"), ("writable", "selection")),
    Action("relabel", "Relabel all of {}…", "Give all exemplars of the selected groups one class", "tag-edit-outline",
           lambda page: page.relabel(), ("R",), ("writable", "selection")),
    Action("keep", "Keep {}", "Not duplicates, or wanted: keep them off this list until a label changes", "check",
           lambda page: page.keep(), ("K",), ("writable", "selection")),
    replace(PREVIEW, tip="Show the first of the group large; arrows move on"),
)  # fmt: skip


class ReviewPage(QFrame):
    """A heading, buttons, and a list that is replaced by a sentence while there is nothing to show.

    Below it is what the edit offered for the selection would do to other decisions, or what striking it out would do
    while the mouse is over that button.

    ``preview_requested`` asks for a large image.
    """

    preview_requested = Signal(object)  # an exemplar's id

    def __init__(self, session: Session, model: Scan, *, content: QWidget, nothing: str) -> None:
        super().__init__()
        self._session = session
        self.setProperty("panel", True)
        self.scan = model
        self.actions_by_id: dict[str, QAction] = {}
        self._content, self._nothing = content, nothing
        self.summary = QLabel()
        self.summary.setWordWrap(True)
        self.summary.setProperty("dim", True)
        self.again = QPushButton("Scan again")
        self.again.setToolTip("Scan the whole memory again")
        self.again.clicked.connect(model.scan)
        self._empty = QLabel()
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        self._empty.setProperty("dim", True)
        self._stack = QStackedWidget()
        for widget in (content, self._empty):
            self._stack.addWidget(widget)
        self.head = QHBoxLayout()
        self.head.addWidget(self.summary, 1)
        self.head.addWidget(self.again)
        self.buttons = QHBoxLayout()
        self.buttons.addStretch(1)
        self._column = QVBoxLayout(self)
        self._column.addLayout(self.head)
        self._column.addLayout(self.buttons)
        self._column.addWidget(self._stack, 1)
        self.impact = ImpactLine()
        self._column.addWidget(self.impact)
        self.preview_binding = PreviewBinding(self, session, self.impact, self.proposed_edit)
        self.set_room_below(0)

    @abstractmethod
    def proposed_edit(self) -> ProposedEdit | None:
        """The edit offered for the selection; None without one."""

    def proposed_strike(self) -> ProposedEdit | None:
        """The edit that the strike-out button would make."""
        return self.proposed_edit()

    def add_actions(self, specs: Sequence[Action[Self]], *, prefix: str) -> None:
        self.actions_by_id = build(self, specs, prefix=prefix, heard_in=[self])
        for spec in specs:
            if spec.id != "preview":
                button = button_of(self.actions_by_id[spec.id])
                button.setMinimumWidth(theme.px(50))  # its text is cut in a narrow window
                self.buttons.addWidget(button)
            if spec.id == "strike":
                self.preview_binding.over(button, self.proposed_strike)

    def set_room_below(self, room: int) -> None:
        """Keep ``room`` pixels free below the rows, where something is floating."""
        margin = theme.px(6)
        self._column.setContentsMargins(margin, margin, margin, margin + room)

    def take_keys(self) -> None:
        """Give the focus to the rows, as soon as there are some."""
        rows = self._stack.currentWidget() is self._content
        (self._content if rows else self._empty).setFocus()

    def show_state(self, count: int, words: str) -> None:
        """Show the state of a list of ``count`` rows, which ``words`` describe."""
        waiting = self._empty.hasFocus()
        self._stack.setCurrentWidget(self._content if count else self._empty)
        if waiting and count:
            self._content.setFocus()
        there, since = self.scan.found is not None, self.scan.edits_since
        if self.scan.running and not there:
            self._empty.setText("Scanning the memory…")
        else:
            self._empty.setText(self._nothing if there else "The memory has not been scanned yet.")
        self.again.setEnabled(not self.scan.running)
        stale = f" {how_many(since, 'edit')} since." if since else ""
        self.summary.setText(f"{words}{stale}" if there else "")


class SuspectsPage(ReviewPage):
    """Labels that the other exemplars contradict, and below them the evidence on the selected one."""

    def __init__(self, session: Session, model: ReviewModel, thumbnails: Thumbnails, ask_label: AskLabel) -> None:
        self.table = SuspectTable(SuspectsModel(model), thumbnails)
        super().__init__(session, model, content=self.table, nothing=NO_SUSPECT)
        self.model = model
        self._ask_label = ask_label
        self.part = QComboBox()
        self.part.setObjectName("suspectPart")
        self.part.setAccessibleName("Which labels are listed")
        for key, text, tip in PARTS:
            self.part.addItem(text, key)
            self.part.setItemData(self.part.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.part.activated.connect(lambda _: model.show_part(self.part.currentData()))
        self.head.insertWidget(1, self.part)
        self.evidence = LabelEvidenceModel(session.tasks, self)
        self.strip = EvidenceStrip(self.evidence, thumbnails)
        self.strip.opened.connect(self.preview_requested)
        self._column.insertWidget(self._column.indexOf(self.impact), self.strip)
        self.add_actions(SUSPECT_ACTIONS, prefix="suspect")
        model.updated.connect(self.on_updated)
        self.table.chosen_changed.connect(self.on_chosen_changed)
        self.on_updated()

    def on_updated(self) -> None:
        self.part.setCurrentIndex(self.part.findData(self.model.part))
        self._nothing = NOTHING.get(self.model.part, NO_SUSPECT)
        self.show_state(len(self.model.rows), summed_up(self.model))
        self.on_chosen_changed()

    def on_chosen_changed(self) -> None:
        chosen = self.table.chosen()
        many = how_many(len(chosen))
        only = chosen[0] if len(chosen) == 1 else None
        to = f"to {only.suggested}" if only else f"{many} as suggested"
        pair = f"{only.label} that should be {only.suggested}" if only else "its kind"
        kept = f"as {only.label}" if only else many
        targets = {"take": to, "relabel": many, "strike": many, "keep": kept, "alike": pair}
        facts: dict[Fact, bool] = {"selection": bool(chosen), "one": only is not None}
        show_targets(self.actions_by_id, SUSPECT_ACTIONS, facts, targets, readonly=self._session.readonly)
        count = f" {len(chosen):,}" if chosen else ""
        for action, words in (
            ("take", "Relabel as suggested" if len(chosen) < 2 else f"Relabel{count} as suggested"),
            ("relabel", "Another class…"),
            ("strike", f"Strike out{count}"),
            ("keep", f"Keep{count}"),
            ("alike", "Select its kind"),
        ):
            self.actions_by_id[action].setIconText(words)
        self.evidence.show(chosen[0] if chosen else None)
        self.preview_binding.update()

    def proposed_edit(self) -> ProposedEdit | None:
        return propose_labels({suspect.id: suspect.suggested for suspect in self.table.chosen()})

    def proposed_strike(self) -> ProposedEdit | None:
        return propose("strike", [suspect.id for suspect in self.table.chosen()])

    def take(self) -> None:
        review.take_suggestions(self._session, self.table.chosen())

    def relabel(self) -> None:
        self._ask_label([suspect.id for suspect in self.table.chosen()])

    def strike(self) -> None:
        exemplars.strike(self._session, [suspect.id for suspect in self.table.chosen()])

    def keep(self) -> None:
        review.keep_labels(self._session, self.table.chosen(), self.model.scan)

    def select_alike(self) -> None:
        self.table.select_alike()

    def preview(self) -> None:
        if chosen := self.table.chosen():
            self.preview_requested.emit(chosen[0].id)


class GroupsPage(ReviewPage):
    """Duplicate and near-duplicate images, up to a distance that a slider sets."""

    def __init__(self, session: Session, model: ReviewModel, thumbnails: Thumbnails, ask_label: AskLabel) -> None:
        self.list = GroupList(GroupsModel(model), thumbnails)
        super().__init__(session, model, content=self.list, nothing="No two exemplars are that similar.")
        self.model = model
        self._ask_label = ask_label
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setObjectName("duplicateThreshold")
        self.slider.setRange(0, WIDEST_MILLI)
        self.slider.setPageStep(10)
        self.slider.setFixedWidth(theme.px(120))
        self.slider.setAccessibleName("Distance up to which two images count as near-equal")
        self.slider.setToolTip("0: equal images only; further right: near-equal ones too")
        self.slider.setValue(round(model.threshold * 1000))
        self.slider.valueChanged.connect(lambda milli: model.set_threshold(milli / 1000))
        self.head.insertWidget(0, self.slider)
        self.add_actions(GROUP_ACTIONS, prefix="group")
        model.updated.connect(self.on_updated)
        self.list.chosen_changed.connect(self.on_chosen_changed)
        self.on_updated()

    def on_updated(self) -> None:
        near = f"Distance up to {self.model.threshold:.3f}" if self.model.threshold else "Equal images only"
        self.show_state(len(self.model.groups), f"{near}: {counted(self.model)}.")
        self.on_chosen_changed()

    def on_chosen_changed(self) -> None:
        chosen = self.list.chosen()
        many = f"{len(chosen):,} groups" if len(chosen) != 1 else "this group"
        keep = f"{many} as {'they are' if len(chosen) != 1 else 'it is'}"
        targets = {"strike": many, "relabel": many, "keep": keep}
        facts: dict[Fact, bool] = {"selection": bool(chosen)}
        show_targets(self.actions_by_id, GROUP_ACTIONS, facts, targets, readonly=self._session.readonly)
        self.preview_binding.update()

    def proposed_edit(self) -> ProposedEdit | None:
        return propose("strike", [i for group in self.list.chosen() for i in group.ids[1:]])

    def strike(self) -> None:
        review.strike_all_but_first(self._session, self.list.chosen())

    def relabel(self) -> None:
        self._ask_label([i for group in self.list.chosen() for i in group.ids])

    def keep(self) -> None:
        review.keep_groups(self._session, self.list.chosen(), self.model.scan)

    def preview(self) -> None:
        if chosen := self.list.chosen():
            self.preview_requested.emit(chosen[0].ids[0])

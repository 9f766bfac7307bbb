"""Culling: the images of the queue one by one, each large beside its decision, taught by single keys."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QKeySequence, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QStackedWidget, QVBoxLayout, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.actions.action import PLACE, REFUSAL, Fact, build, show_targets
from visualmemory_gui.app.actions.refused_keys import EDITS
from visualmemory_gui.app.models.class_marks import NO_CLASS
from visualmemory_gui.app.models.cull_run import CullModel, summary
from visualmemory_gui.app.models.query_image import QueryImageModel
from visualmemory_gui.app.models.queue_rows import QueueRow, in_words
from visualmemory_gui.app.operations import cull_run
from visualmemory_gui.app.operations.edit import READ_ONLY, may_write
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.views.decide.cull_actions import ACTIONS
from visualmemory_gui.app.views.decide.cull_panel import CullPanel
from visualmemory_gui.app.views.decide.queue_order import QueueOrder
from visualmemory_gui.app.views.kit.buttons import ActionButton, bind, button_of
from visualmemory_gui.app.views.kit.elided_label import ElidedLabel, ShrinkingLabel
from visualmemory_gui.app.views.kit.zoomable_image import ZoomableImage
from visualmemory_gui.app.widgets.panels.scrolled_panel import ScrolledPanel
from visualmemory_gui.app.widgets.tables.letters import ASKS, Letters, is_letter

KEYS = "Return confirms · 1 to 9 or letters teach a class · Space skips · ← back · U undo · + zooms · Esc leaves"
KEYS_AT_END = "← back · Shift+Space shows the skipped again · Shift+U undoes all · Esc leaves"
COMMANDS = (ASKS, Qt.Key.Key_U)  # letters that begin no name
IMAGE_PART = 3  # of four of the width
NO_IMAGE = "The image is not stored"
DONE = "All images were shown"


class CullView(QWidget):
    """One image of the queue at a time. ``left`` asks for the queue again; ``class_requested`` for a class by a dialog:
    the letters typed so far, or None for one that may be new."""

    left = Signal()
    certain_requested = Signal()  # a contact sheet of the next certain images
    class_requested = Signal(object)

    def __init__(self, session: Session, whole: QueryImageModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("cullView")
        self.setAccessibleName("Queue, one image at a time")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._session = session
        self.run: CullModel = CullModel(session.queue, session.decision, self)
        self.actions_by_id = build(self, ACTIONS, prefix="cull")
        for action in self.actions_by_id.values():
            action.setProperty(PLACE, "One by one")
            action.setAutoRepeat(not action.property(EDITS))  # a key that is held down teaches one image
        self._whole = whole
        self._image: int | None = None  # whose image is shown
        self.image: ZoomableImage = ZoomableImage(empty_text=NO_IMAGE, digits=False)
        self.image.setObjectName("cullImage")
        self.panel = CullPanel(session.decision, session.class_marks)
        self.said, self.foot = ShrinkingLabel(), QLabel(KEYS)
        self._make_words()
        self._lay_out()
        Letters(self, COMMANDS)
        self.run.moved.connect(self.on_moved)
        self.run.updated.connect(self.on_updated)
        whole.updated.connect(self.on_whole_read)
        session.memory_opened.connect(self.on_updated)
        session.class_marks.updated.connect(self.on_updated)
        theme.notifier.changed.connect(self.on_updated)
        self.panel.class_chosen.connect(self.on_class_chosen)
        self.on_updated()

    # A run

    def begin(self) -> None:
        """Start a run at the first image that is not taught."""
        self.setFocus()
        self.say("")
        self._set_calm(True)
        self.run.begin()

    def end(self) -> None:
        """End the run; a note says what it did, and offers to undo it."""
        if self.run.running and self._session.memory is not None:
            cull_run.post_summary(self._session, self.run)
        self.run.end()
        self._image = None
        self._whole.read_ahead([])
        self._set_calm(False)

    def _set_calm(self, calm: bool) -> None:
        """Let the next image come before what a lesson does to other decisions, and before flips, which are not shown
        here."""
        self._session.watch.set_calm(calm)
        self._session.counterfactuals.set_on(not calm)

    # What the actions do

    def confirm(self) -> None:
        row = self.run.row
        if row is not None and row.label is not None:
            self._teach(row.label)

    def teach_digit(self, digit: int) -> None:
        label = self._session.class_marks.label_of(digit)
        if label is None:
            self._session.post_note(NO_CLASS.format(digit))
        else:
            self._teach(label)

    def ask_class(self, typed: str | None = None) -> None:
        if self.run.decision is not None:
            self.class_requested.emit(typed)

    def on_class_chosen(self, label: str | None) -> None:
        """Teach a class of the list; None: a new one."""
        if not may_write(self._session):
            return
        if label is None:
            self.ask_class()
        else:
            self._teach(label)

    def ask_certain(self) -> None:
        self.certain_requested.emit()

    def leave(self) -> None:
        self.left.emit()

    def undo(self) -> None:
        cull_run.undo_last(self._session, self.run)

    def undo_all(self) -> None:
        cull_run.undo_all(self._session, list(self.run.steps), self.run.before)

    def _teach(self, label: str) -> None:
        self._session.class_marks.use(label)
        cull_run.teach(self._session, self.run, label)

    # What is shown

    def say(self, text: str) -> None:
        """Show the newest note below the image, where it covers nothing."""
        self.said.set_full_text(text if self.run.running else "")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Letters begin the name of a class; a key whose action is not possible says why."""
        if is_letter(event, COMMANDS) and self.actions_by_id["name"].isEnabled():
            self.ask_class(event.text())
            return
        pressed = QKeySequence(event.keyCombination())
        for action in self.actions_by_id.values():
            if not action.isEnabled() and pressed in action.shortcuts():
                self._session.post_note(str(action.property(REFUSAL)))
                return
        super().keyPressEvent(event)

    def on_moved(self) -> None:
        done = self.run.current is None
        self.pages.setCurrentWidget(self._done if done else self._shown)
        self.foot.setText(READ_ONLY if self._session.readonly else KEYS_AT_END if done else KEYS)

    def on_updated(self) -> None:
        run = self.run
        if not run.running:
            self._update_actions(None)
            return
        counts, row, decision = run.counts(), run.row, run.decision
        self._whole.read_ahead(run.near)
        self.progress.set_full_text(counts.in_words())
        self.bar.setMaximum(max(1, counts.total))
        self.bar.setValue(counts.taught + counts.skipped)
        if row is not None:
            self._show_image(row)
            self._show_name(row)
            self._say_where(f"{in_words(row)}; {counts.in_words()}")
            self.panel.show_decision(row, decision)
        else:
            self.name.set_full_text("")
            self.summary.setText("\n".join(summary(counts, run.taught.values())))
            self._say_where(f"{DONE}. {self.summary.text()}")
        self._update_actions(row)

    def on_whole_read(self) -> None:
        query, pyramid = self._session.decision.query, self._whole.pyramid
        shown = query is not None and query.queued is not None and query.queued == self._image
        if shown and pyramid is not None and pyramid is not self.image.pyramid:
            self.image.set_pyramid(pyramid)
        elif shown and self._whole.why and (row := self.run.row) is not None:
            self._show_name(row)

    def _show_name(self, row: QueueRow) -> None:
        """The name of the file, and why only a small image is shown."""
        query = self._session.decision.query
        why = self._whole.why if query is not None and query.queued == row.id else ""
        self.name.set_full_text(f"{row.name} · shown from its thumbnail: {why}" if why else row.name)

    def _say_where(self, text: str) -> None:
        """Let a screen reader read what is shown: the view has the focus."""
        if text != self.accessibleName():
            self.setAccessibleName(text)

    def _show_image(self, row: QueueRow) -> None:
        """Show another image: as it was read ahead, else its thumbnail, before which the image before it stays."""
        query, pyramid = self._session.decision.query, self._whole.ahead(row.id)
        if row.id == self._image:
            return
        if pyramid is not None:
            self.image.set_pixmap(QPixmap.fromImage(pyramid.levels[-1]), row.name, size=pyramid.size)
            self.image.set_pyramid(pyramid)
        elif query is not None and query.queued == row.id:
            self.image.set_pixmap(QPixmap.fromImage(QImage.fromData(query.thumbnail or b"")), row.name)
        else:
            return
        self._image = row.id
        self.on_whole_read()

    def _update_actions(self, row: QueueRow | None) -> None:
        winner = row.label if row is not None else None
        run, skipped, taught, certain = self.run, len(self.run.skipped), len(self.run.taught), len(self.run.certain)
        facts: dict[Fact, bool] = {
            "shown": run.current is not None,
            "winner": winner is not None,
            "before": run.has_before,
            "lesson": taught > 0,
            "certain": certain > 0,
            "skipped": skipped > 0 and run.current is None,
        }
        level = row is not None and row.winner != winner
        targets = {
            "confirm": f"as {winner}" if level else winner or "",
            "all": f"{taught:,}",
            "certain": f"{certain:,}",
            "skipped": f"{skipped:,}",
        }
        self.actions_by_id["confirm"].setData(winner)
        show_targets(self.actions_by_id, ACTIONS, facts, targets, readonly=self._session.readonly)
        self.confirm_button.set_names(self._session.decision.names)

    # Building

    def _make_words(self) -> None:
        self.progress, self.name = ShrinkingLabel(), ElidedLabel()
        self.progress.setObjectName("cullProgress")
        self.progress.setFont(theme.points(self.font(), 1, bold=True))
        self.progress.setAccessibleDescription("How far the run is")
        self.name.setProperty("dim", True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedSize(theme.px(90), theme.px(6))
        self.bar.setAccessibleName("Part of the queue that was shown")
        self.order = QueueOrder(self._session.queue, "cullOrder")
        self.summary = QLabel()
        self.summary.setObjectName("cullSummary")
        self.summary.setFont(theme.points(self.font(), 2))
        self.summary.setAccessibleDescription(DONE)

        self.said.setObjectName("cullSaid")
        self.said.setAccessibleDescription("The newest note")
        for line in (self.said, self.foot):
            line.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.foot.setObjectName("cullFoot")
        self.foot.setProperty("dim", True)
        self.foot.setWordWrap(True)

    def _lay_out(self) -> None:
        self._shown, self._done, self.pages = self._image_page(), self._end_page(), QStackedWidget()
        for page in (self._shown, self._done):
            self.pages.addWidget(page)
        column = QVBoxLayout(self)
        margin = theme.px(6)
        column.setContentsMargins(margin, margin, margin, margin)
        column.addLayout(self._head())
        column.addWidget(self.pages, 1)
        for line in (self.said, self.foot):
            column.addWidget(line)

    def _head(self) -> QHBoxLayout:
        head = QHBoxLayout()
        head.addWidget(button_of(self.actions_by_id["leave"]))
        for widget in (self.progress, self.bar):
            head.addWidget(widget)
        head.addWidget(self.name, 1)
        head.addWidget(self.order)
        return head

    def _image_page(self) -> QWidget:
        page = QWidget()
        row = QHBoxLayout(page)
        row.setContentsMargins(0, 0, 0, 0)
        left = QVBoxLayout()
        left.addWidget(self.image, 1)
        left.addLayout(self._buttons())
        row.addLayout(left, IMAGE_PART)
        row.addWidget(ScrolledPanel(self.panel, name="Decision"), 1)
        return page

    def _buttons(self) -> QHBoxLayout:
        buttons = QHBoxLayout()
        for name in ("back", "undo", "skip", "certain"):
            buttons.addWidget(button_of(self.actions_by_id[name]))
        self.teach_button = ActionButton("cullTeachButton")
        self.confirm_button = ActionButton("cullConfirmButton", primary=True)
        bind(self.teach_button, self.actions_by_id["teach"])
        bind(self.confirm_button, self.actions_by_id["confirm"])
        buttons.addWidget(self.teach_button, 2)
        buttons.addWidget(self.confirm_button, 3)
        return buttons

    def _end_page(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        title = QLabel(DONE)
        title.setFont(theme.points(self.font(), 6, bold=True))
        column.addStretch(1)
        for label in (title, self.summary):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setWordWrap(True)
            column.addWidget(label)
        row = QHBoxLayout()
        row.addStretch(1)
        for name in ("back", "skipped", "all"):
            row.addWidget(button_of(self.actions_by_id[name]))
        row.addStretch(1)
        column.addLayout(row)
        column.addStretch(2)
        return page

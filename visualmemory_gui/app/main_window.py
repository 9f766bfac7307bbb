"""The window: its workspaces, and the one place where everything is wired to everything."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QSettings, QTimer
from PySide6.QtGui import QCloseEvent, QIcon, QPaintEvent
from PySide6.QtWidgets import QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from visualmemory_gui.app import actions, operations, preferences, resources, watch_operations
from visualmemory_gui.app.commands import Commands
from visualmemory_gui.app.dialogs import Asking
from visualmemory_gui.app.memory_commands import MemoryCommands
from visualmemory_gui.app.models.asking import Query
from visualmemory_gui.app.models.followed import radius_text
from visualmemory_gui.app.models.headline import winning_label
from visualmemory_gui.app.models.memory_state import MemoryStateModel
from visualmemory_gui.app.session import Also, Session
from visualmemory_gui.app.settings_commands import SettingsCommands
from visualmemory_gui.app.upkeep import Upkeep
from visualmemory_gui.app.views import curate_actions, review, study
from visualmemory_gui.app.views.choosers import Choosers
from visualmemory_gui.app.views.curate import CurateView
from visualmemory_gui.app.views.decide import DecideView
from visualmemory_gui.app.views.error_dialog import ErrorDialog
from visualmemory_gui.app.views.note_place import Grid, NotePlace
from visualmemory_gui.app.views.status_bar import StatusBar
from visualmemory_gui.app.views.tool_bar import ToolBar
from visualmemory_gui.app.widgets.empty_state import EmptyState
from visualmemory_gui.app.widgets.note_bar import NoteBar

if TYPE_CHECKING:
    from visualmemory_gui.engine.study.impact import Radius

NAME = "Visual Memory"


class MainWindow(QMainWindow):
    """Owns the session. ``ask`` brings the dialogs; without it the real ones are used."""

    def __init__(self, *, settings: QSettings | None = None, ask: Asking | None = None) -> None:
        super().__init__()
        self.setObjectName("mainWindow")
        self.setWindowTitle(NAME)
        self.setWindowIcon(QIcon(resources.app_icon()))
        self.settings = settings or preferences.settings()
        self.session = Session(self)
        self.state = MemoryStateModel(self.session.tasks, self)
        self._upkeep = Upkeep(self.session, self)
        self._make_workspaces()
        self.ask: Asking = ask or Choosers(self)
        self.memory_commands = MemoryCommands(self.session, self.ask)
        self.look = SettingsCommands(self.session, self.settings, self.ask, self.curate.set_side)
        self.commands = Commands(self.session, self.decide, self.ask, self)
        self.actions_by_id = actions.build(self, self._handler)
        self.note = NoteBar()
        self.errors = ErrorDialog(self)
        self._undo_note: Callable[[], object] | None = None
        self._painted = False
        self._lay_out()
        self._connect()
        preferences.restore_window(self.settings, self)
        self.empty.set_recent(preferences.recent_memories(self.settings))
        self.on_workspace("decide")

    @property
    def workspace(self) -> str:
        """The workspace that is shown: "decide", "curate", "study", or "empty" without a memory."""
        shown = self.stack.currentWidget()
        return next((name for name, view in self.workspaces.items() if view is shown), "empty")

    def open(self, path: str) -> None:
        self.session.open(path)

    # What is not the commands' but the window's

    def show_decide(self) -> None:
        self.on_workspace("decide")

    def show_curate(self) -> None:
        self.on_workspace("curate")

    def show_study(self) -> None:
        self.on_workspace("study")

    def show_keys(self) -> None:
        self.ask.keys(
            [
                *(("", "Everywhere and in Decide"), *actions.key_sheet()),
                *(("", "In Curate"), *curate_actions.key_sheet()),
                *(("", "In Curate's review"), *review.key_sheet()),
                *(("", "In Study"), *study.key_sheet()),
            ]
        )

    def let_go(self) -> None:
        """One step back: the large picture, the note, relabelling, the selection."""
        if self.decide.let_go():
            return
        if self.note.isVisible():
            self.note.hide()
        else:
            self.commands.let_go()

    # Slots

    def on_workspace(self, name: str) -> None:
        """Show a workspace; without a memory the empty state stands in its place."""
        view = self.workspaces.get(name, self.decide) if self.session.memory is not None else self.empty
        self.stack.setCurrentWidget(view)
        curated = self.curate.tabs.review_page or self.curate.grid
        grids: dict[QWidget, Grid] = {self.decide: self.decide.neighbours.grid, self.curate: curated}
        self._note_place.lie_over(grids.get(view))
        for each in self.workspaces:
            self.actions_by_id[f"action{each.capitalize()}"].setChecked(view is self.workspaces[each])
        self.on_facts_changed()

    def on_facts_changed(self) -> None:
        """Turn every action on or off, and let those that have a target name it."""
        facts = self._facts()
        for name, action in self.actions_by_id.items():
            action.setEnabled(actions.is_on(actions.SPECS[name], facts, self.workspace))
        query, decision, state = self.session.decision.query, self.session.decision.decision, self.state.state
        winner = winning_label(decision) if decision is not None else None
        selected = len(self.decide.selected(struck=False))
        for name, text in actions.texts(
            winner=winner,
            own=query is not None and query.exemplar is not None,
            level=decision is not None and winner != decision.label,
            selected=selected,
            struck=len(self.decide.selected(struck=True)),
            queued=len(self.decide.queued()),
            waiting=self.session.queue.rowCount(),
            certain=len(self.session.queue.certain()),
            undo=state.undo if state else None,
            redo=state.redo if state else None,
        ).items():
            self.actions_by_id[name].setText(text)
        self.actions_by_id["actionConfirm"].setData(winner)
        self.actions_by_id["actionQueue"].setChecked(self.decide.queue_shown)
        self.actions_by_id["actionQueue"].setIconText(self.actions_by_id["actionQueue"].text())

    def on_memory_opened(self) -> None:
        memory = self.session.memory
        if memory is not None:
            self.empty.set_recent(preferences.remember_memory(self.settings, str(memory.path)))
            name = memory.path.name.removesuffix(".vmem") + (" (read only)" if memory.readonly else "")
            self.setWindowTitle(f"{name} – {NAME}")
        self._drop_note()
        self.state.set_memory(memory)
        self.on_workspace("decide")
        self.decide.neighbours.grid.setFocus()

    def on_memory_closed(self) -> None:
        self.setWindowTitle(NAME)
        self._drop_note()
        self.state.set_memory(None)
        self.on_workspace("empty")

    def on_note_posted(self, text: str, undo: Callable[[], object] | None, also: tuple[Also, ...]) -> None:
        self._undo_note = undo
        self.note.show_note(text, undo=undo is not None, actions=also)

    def _drop_note(self) -> None:
        """What it says, and its Undo, belong to a memory that is not here any more."""
        self._undo_note = None
        self.note.hide()

    def on_note_undo(self) -> None:
        if self._undo_note is not None:
            self._undo_note()

    def on_exemplar_chosen(self, exemplar: int) -> None:
        self.on_workspace("decide")
        self.session.decision.ask_exemplar(exemplar)

    def on_query_chosen(self, query: Query) -> None:
        self.on_workspace("decide")
        self.session.decision.ask_query(query)

    def on_moved(self, radius: Radius) -> None:
        """The note of an edit goes on with what the edit did to other decisions."""
        if self.note.isVisible() and radius.of:
            show = partial(
                watch_operations.show_moved, self.session, radius, ask=self.ask, then=self.on_followed_chosen
            )
            self.note.add(radius_text(radius), (("Show", show),) if radius.moved else ())

    def on_followed_chosen(self, query: Query | int) -> None:
        """A decision that an edit moved: an exemplar's, or that of a watched picture."""
        self.on_exemplar_chosen(query) if isinstance(query, int) else self.on_query_chosen(query)

    def on_dropped_on_empty(self, paths: list[str]) -> None:
        """A memory is opened, a folder of pictures becomes one."""
        kind = preferences.kind_of(paths)
        if kind == "memory":
            self.open(paths[0])
        elif kind == "folder":
            self.memory_commands.new_memory_of(paths[0])
        else:
            self.session.post_note("Open a memory first, or drop a folder of pictures to make one.")

    def paintEvent(self, event: QPaintEvent) -> None:
        """After the first paint the heavy parts may load."""
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            QTimer.singleShot(0, self, self.session.allow_heavy)

    def closeEvent(self, event: QCloseEvent) -> None:
        preferences.save_window(self.settings, self)
        self.session.shutdown()
        super().closeEvent(event)

    # Building

    def _make_workspaces(self) -> None:
        self.decide = DecideView(self.session)
        self.curate = CurateView(self.session)
        self.study = study.StudyView(self.session)
        self.workspaces: dict[str, QWidget] = {"decide": self.decide, "curate": self.curate, "study": self.study}
        self.empty = EmptyState(
            "A memory is a folder of labelled pictures that decides by its nearest examples. "
            "Open one, or make one from your own pictures.",
            drop_text="Drop a memory here, or a folder whose sub-folders are classes",
        )
        self.stack = QStackedWidget()
        for view in (self.empty, *self.workspaces.values()):
            self.stack.addWidget(view)

    def _lay_out(self) -> None:
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.stack, 1)
        self._note_place = NotePlace(self.note, centre)
        self.setCentralWidget(centre)
        self.setStatusBar(StatusBar(self.session, self.state))
        self.addToolBar(ToolBar(self.actions_by_id, shown=actions.TOOL_BAR, right=actions.TOOL_BAR_RIGHT))
        self.decide.set_actions(self.actions_by_id, actions.ON_CARDS, actions.ON_QUEUE)

    def _connect(self) -> None:
        """All wiring of the window, on one page."""
        session, decide, commands = self.session, self.decide, self.commands
        session.memory_opened.connect(self.on_memory_opened)
        session.memory_closed.connect(self.on_memory_closed)
        session.changed.connect(lambda _: self.state.refresh())
        session.error_raised.connect(self.errors.tell)
        session.note_posted.connect(self.on_note_posted)
        session.not_writable.connect(self.memory_commands.offer_reading)
        session.decision.chosen.connect(partial(operations.keep_choice, session))
        self.state.updated.connect(self.on_facts_changed)
        session.step_finished.connect(self.state.refresh)
        self._upkeep.done.connect(self.state.refresh)
        self.note.undo_requested.connect(self.on_note_undo)
        self.empty.dropped.connect(self.on_dropped_on_empty)
        self.empty.recent_chosen.connect(self.open)
        demo = self.empty.add_button("Open demo memory", primary=True)
        demo.clicked.connect(partial(operations.open_demo, session))
        for name in ("actionOpen", "actionNew"):
            button = self.empty.add_button(actions.SPECS[name].text, icon=actions.SPECS[name].icon)
            button.clicked.connect(self.actions_by_id[name].trigger)
        decide.facts_changed.connect(self.on_facts_changed)
        decide.pictures_dropped.connect(commands.decide)
        decide.typed.connect(commands.teach)
        decide.teach_requested.connect(commands.teach_pictures)
        decide.relabel_requested.connect(commands.relabel_to)
        decide.class_chosen.connect(commands.teach_as)
        decide.strike_requested.connect(commands.strike)
        decide.restore_requested.connect(commands.restore)
        self.curate.exemplar_chosen.connect(self.on_exemplar_chosen)
        self.curate.tabs.grid_shown.connect(lambda _: self.on_workspace(self.workspace))
        session.followed.moved.connect(self.on_moved)
        self.study.query_chosen.connect(self.on_query_chosen)
        self.study.expect_requested.connect(commands.expect)
        self.study.unwatch_requested.connect(partial(watch_operations.unwatch, session))

    def _handler(self, name: str) -> Callable[..., object]:
        """The method of that name: the window's own, else the commands'."""
        owners = (self, self.commands, self.memory_commands, self.look)
        owner = next(owner for owner in owners if hasattr(type(owner), name))
        handler: Callable[..., object] = getattr(owner, name)
        return handler

    def _facts(self) -> set[str]:
        memory, state = self.session.memory, self.state.state
        facts = self.decide.facts() if memory is not None else set()
        if memory is not None:
            facts |= {"memory"} | (set() if memory.readonly else {"writable"})
        if state is not None and "writable" in facts:
            facts |= {name for name, step in (("undo", state.undo), ("redo", state.redo)) if step}
        return facts

"""The window: its workspaces, and the one place where everything is wired together."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSettings, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QIcon, QPaintEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from visualmemory_gui.app import preferences, resources, theme
from visualmemory_gui.app.actions import window_actions
from visualmemory_gui.app.actions.action_states import ActionStates
from visualmemory_gui.app.actions.command_list import commands_of
from visualmemory_gui.app.actions.decide_commands import DecideCommands
from visualmemory_gui.app.actions.dialogs import Dialogs
from visualmemory_gui.app.actions.memory_commands import MemoryCommands
from visualmemory_gui.app.actions.notifications import Notes
from visualmemory_gui.app.actions.opinion_commands import OpinionCommands
from visualmemory_gui.app.actions.reason_commands import ReasonCommands
from visualmemory_gui.app.actions.refused_keys import RefusedKeys
from visualmemory_gui.app.actions.settings_commands import SettingsCommands
from visualmemory_gui.app.actions.start import Start
from visualmemory_gui.app.actions.window_actions import Commands
from visualmemory_gui.app.models.decision import AFTER_PAINT_MS
from visualmemory_gui.app.models.exemplars import Ids, Pick
from visualmemory_gui.app.models.memory_state import MemoryStateModel
from visualmemory_gui.app.models.query import Query
from visualmemory_gui.app.models.recent_memories import RecentMemoriesModel
from visualmemory_gui.app.operations import exchange, exemplars, watch_set
from visualmemory_gui.app.operations.edit import may_write
from visualmemory_gui.app.operations.maintenance import Upkeep
from visualmemory_gui.app.operations.shared_server import ServerWatch, server_text
from visualmemory_gui.app.runtime.place import opening, show_in_folder
from visualmemory_gui.app.runtime.preload import Warming
from visualmemory_gui.app.runtime.start_request import StartRequest, Workspace
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.views.curate import curate_actions, review_tabs
from visualmemory_gui.app.views.curate.curate_view import CurateView
from visualmemory_gui.app.views.decide import cull_actions
from visualmemory_gui.app.views.decide.cull_view import CullView
from visualmemory_gui.app.views.decide.decide_view import DecideView
from visualmemory_gui.app.views.kit.choosers import Choosers
from visualmemory_gui.app.views.kit.error_dialog import ErrorDialog
from visualmemory_gui.app.views.kit.menus import menu_of
from visualmemory_gui.app.views.kit.note_bell import NoteBell
from visualmemory_gui.app.views.kit.note_place import AdjustableGrid, NotePlace
from visualmemory_gui.app.views.kit.status_bar import StatusBar
from visualmemory_gui.app.views.kit.tool_bar import ToolBar
from visualmemory_gui.app.views.study.study_view import StudyView
from visualmemory_gui.app.widgets.grid.focus_ring import FocusRing
from visualmemory_gui.app.widgets.panels.command_palette import CommandPalette
from visualmemory_gui.app.widgets.panels.empty_state import EmptyState
from visualmemory_gui.app.widgets.panels.impact_line import ImpactLine
from visualmemory_gui.app.widgets.panels.long_task import LongTask
from visualmemory_gui.app.widgets.panels.note_bar import NoteBar
from visualmemory_gui.app.widgets.panels.recent_tile import RecentTile

NAME = "Visual Memory"
BUSY = "a question is open in the window of this memory; answer it first"


class MainWindow(QMainWindow):
    """The main window. It owns the session. ``ask`` supplies the dialogs; without it the real ones are used."""

    def __init__(self, *, settings: QSettings | None = None, ask: Dialogs | None = None) -> None:
        super().__init__()
        self.setObjectName("mainWindow")
        self.setWindowTitle(NAME)
        self.setWindowIcon(QIcon(resources.app_icon()))
        self.settings = settings or preferences.settings()
        self.session = Session(self)
        self.state = MemoryStateModel(self.session.tasks, self)
        self._upkeep = Upkeep(self.session, self)
        self.server_watch = ServerWatch(self.session, self)
        self._recent = RecentMemoriesModel(self.session.tasks, self)
        self._warming = Warming(self.session.tasks, self._is_open, self)
        with theme.styled_once():
            self._make_workspaces()
            self.ask: Dialogs = ask or Choosers(self)
            self.commands = Commands(
                self.session,
                self,
                MemoryCommands(self.session, self.ask),
                DecideCommands(self.session, self.decide, self.ask, self),
                ReasonCommands(self.session, self.ask, self.on_query_chosen),
                OpinionCommands(self.session, self.settings, self.ask),
                SettingsCommands(self.session, self.settings, self.ask, self.curate.set_side),
            )
            self.start = Start(
                self, self.session, self.settings, self.commands.decide, self.decide.recent, self.curate, self.study
            )
            self.actions_by_id = window_actions.build(self, self.commands)
            self._states = ActionStates(self.actions_by_id, self.session, self.state, self.decide)
            self.notes = Notes(self.session, self)
            self.errors = ErrorDialog(self)
            self._focus_ring = FocusRing(self)
            self._painted = False
            self._closing = False
            self._lay_out()
        self._refused_keys = RefusedKeys(self, partial(may_write, self.session))
        self._connect()
        preferences.restore_window(self.settings, self)
        decide = self.decide.neighbours
        decide.set_order(by_vote=preferences.cards_by_vote(self.settings))
        decide.set_largest(preferences.card_side(self.settings))
        self.show_recent()
        self.show_workspace("decide")

    @property
    def note(self) -> NoteBar:
        return self.notes.bar

    @property
    def workspace(self) -> str:
        """The workspace shown: "decide", "cull", "curate", "study", or "empty" without a memory."""
        shown = self.stack.currentWidget()
        return next((name for name, view in self.workspaces.items() if view is shown), "empty")

    def open(self, path: str) -> None:
        self.commands.memory.open_path(path)

    def take(self, request: StartRequest) -> str:
        """Come to the front and do what another start asks for; "", or why that is not possible."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()
        if QApplication.activeModalWidget() is not None and (request.query or request.workspace):
            return BUSY  # its answer is meant for what is shown now
        self.start.begin(request)
        return ""

    # What the window does itself, not the commands

    def show_recent(self) -> None:
        """List recent memories in the empty state, and read there what they hold and what the demo takes."""
        paths = preferences.recent_memories(self.settings)
        self.empty.set_recent(paths)
        self._recent.look(paths, round(RecentTile.image_side() * self.devicePixelRatioF()))
        exchange.ask_demo_needs(self.session, self.empty.set_fact)

    def show_workspace(self, name: str) -> None:
        """Show a workspace; without a memory, the empty state in its place."""
        view = self.workspaces.get(name, self.decide) if self.session.memory is not None else self.empty
        self.stack.setCurrentWidget(view)
        if view is self.empty:
            view.setFocus()
        curated = self.curate.tabs.review_page or self.curate.grid
        grids: dict[QWidget, AdjustableGrid] = {self.decide: self.decide.neighbours.grid, self.curate: curated}
        if (mapped := self.study.map_in_view) is not None:
            grids[self.study] = mapped
        self._note_place.lie_over(grids.get(view))
        self.on_facts_changed()

    def show_keys(self) -> None:
        self.ask.keys(
            [
                *(("", "Everywhere and in Decide"), *window_actions.key_sheet()),
                *(("", "One by one, from the queue"), *cull_actions.key_sheet()),
                *(("", "In Curate"), *curate_actions.key_sheet()),
                *(("", "In Curate's review"), *review_tabs.key_sheet()),
                *(("", "In Study"), *self.study.key_sheet()),
            ]
        )

    def show_hints(self) -> None:
        self.show_workspace("decide")
        self.decide.hints.begin()

    def show_palette(self) -> None:
        self.on_facts_changed()
        self.command_palette.open(commands_of(self))

    def show_notes(self) -> None:
        self.bell.open()

    def show_similar_to_query(self) -> None:
        self.show_workspace("curate")
        self.curate.show_near_query()

    def let_go(self) -> None:
        """Go one step back: close the large image or the note, stop relabelling, or clear the selection."""
        if self.decide.let_go() or self.decide.hints.close():
            return
        if self.notes.bar.isVisible():
            self.notes.bar.hide()
        else:
            self.commands.decide.let_go()

    # Slots

    def on_facts_changed(self) -> None:
        self._states.update(self.workspace, tuple(self.workspaces))

    def on_server_state(self, state: str, server: str) -> None:
        self.status_bar.server.set_full_text(server_text(state, server))
        if state == "there":
            self.curate.thumbnails.ask_again()

    def on_painted(self) -> None:
        self.session.allow_heavy()
        self.start.show_requested()

    def on_view_shown(self) -> None:
        """Begin to go through the queue one by one, or end it."""
        shown = self.stack.currentWidget() is self.cull
        self.notes.set_quiet(shown)
        if shown:
            self.decide.queue.let_go()
            self.cull.begin()
        elif self.cull.run.running:
            self.cull.end()
            self.decide.queue.go_to_query()

    def on_memory_opened(self) -> None:
        memory = self.session.memory
        if memory is not None:
            preferences.remember_memory(self.settings, memory.address)
            name = memory.name + (" (read only)" if memory.readonly else "")
            self.setWindowTitle(f"{name} – {NAME}")
        self._refused_keys.set_on(self.session.readonly)
        self.state.set_memory(memory)
        self.show_workspace("decide")
        self.decide.neighbours.grid.setFocus()
        self.start.show_requested()

    def on_memory_closed(self) -> None:
        self.setWindowTitle(NAME)
        self._refused_keys.set_on(False)
        self.state.set_memory(None)
        self.show_workspace("empty")
        if not self._closing:
            self.show_recent()

    def on_recent_removed(self, path: str) -> None:
        preferences.forget_memory(self.settings, path)
        self.show_recent()

    def on_query_chosen(self, query: Query | int) -> None:
        """Decide a query, or the exemplar of an id."""
        self.show_workspace("decide")
        if isinstance(query, int):
            self.session.decision.ask_exemplar(query)
        else:
            self.session.decision.ask_query(query)

    def on_demo_opened(self) -> None:
        """Show the hints, once: who sees the demo is new here."""
        if not preferences.hints_shown(self.settings):
            self.show_hints()

    def on_settings_asked(self) -> None:
        self.show_workspace("study")
        self.study.tabs.setCurrentWidget(self.study.evaluate)
        self.study.evaluate.compare_settings()

    def on_exemplars_chosen(self, name: str, ids: Ids) -> None:
        """Show some exemplars alone in Curate."""
        self.show_workspace("curate")
        self.curate.on_pick_requested(Pick(name, ids))

    def on_class_shown(self, label: str) -> None:
        """Show a class in Curate."""
        self.show_workspace("curate")
        self.curate.tabs.show_grid()
        self.curate.tree.go_to("class", label)

    def on_similar_requested(self, exemplar: int) -> None:
        """Show in Curate what is like an exemplar."""
        self.show_workspace("curate")
        self.curate.show_similar(exemplar)

    def on_dropped_on_empty(self, paths: list[str]) -> None:
        """Open a memory, or make one from a bundle or a folder of images."""
        kind = preferences.kind_of(paths)
        if kind in ("memory", "bundle"):
            self.open(paths[0])
        elif kind == "folder":
            self.commands.memory.new_memory_of(paths[0])
        else:
            self.session.post_note("Open a memory first, or drop a folder of images to make one.")

    def paintEvent(self, event: QPaintEvent) -> None:
        """Let the heavy parts load after the first paint."""
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            QTimer.singleShot(0, self, self.on_painted)

    def closeEvent(self, event: QCloseEvent) -> None:
        preferences.save_window(self.settings, self)
        if not self._closing:  # Qt may ask twice
            preferences.keep_last_place(self.settings, self.start.place())
        self._closing = True
        self.session.shutdown()
        super().closeEvent(event)

    # Building

    def _is_open(self) -> bool:
        return self.session.heavy_allowed and self.session.memory is not None

    def _make_workspaces(self) -> None:
        self.decide = DecideView(self.session)
        self.cull = CullView(self.session, self.decide.query_image)
        self.curate = CurateView(self.session)
        self.study = StudyView(self.session)
        self.workspaces: dict[str, QWidget] = {
            Workspace.decide: self.decide,
            "cull": self.cull,
            Workspace.curate: self.curate,
            Workspace.study: self.study,
        }
        self.empty = EmptyState(
            "Teach a memory with labelled images. It decides new ones by the most similar, and you can correct it.",
            drop_text="Drop a memory, a bundle, or a folder whose sub-folders are classes",
            job_of=opening,
        )
        self.empty.set_busy_panel(
            LongTask(self.session.tasks, exchange.DEMO, stopping="Stopping; what was made so far is kept")
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
        self._note_place = NotePlace(self.notes.bar, centre)
        self.setCentralWidget(centre)
        self.command_palette = CommandPalette(self)
        self.bell = NoteBell(self.actions_by_id["actionNotes"], self.notes.log, self.notes.refresh)
        self.status_bar = StatusBar(self.session, self.state, bell=self.bell)
        self.setStatusBar(self.status_bar)
        shown, right = window_actions.TOOL_BAR, window_actions.TOOL_BAR_RIGHT
        self.addToolBar(ToolBar(self.actions_by_id, shown=shown, right=right))
        self.decide.set_actions(
            self.actions_by_id, window_actions.ON_CARDS, window_actions.ON_QUEUE, window_actions.SMALL_ON_QUEUE
        )
        of_query, of_queued = window_actions.ON_QUERY, window_actions.ON_QUEUED
        menu = partial(menu_of, self, self.actions_by_id)
        self.decide.set_menus(partial(menu, of_query), partial(menu, of_queued))

    def _connect(self) -> None:
        """All the wiring of the window, on one page."""
        session, decide, commands = self.session, self.decide, self.commands.decide
        session.memory_opened.connect(self.on_memory_opened)
        session.memory_closed.connect(self.on_memory_closed)
        session.changed.connect(lambda _: self.state.refresh(AFTER_PAINT_MS))
        session.error_raised.connect(self.errors.tell)
        session.skipped_asked.connect(self.ask.skipped)
        session.settings_asked.connect(self.on_settings_asked)
        session.demo_opened.connect(self.on_demo_opened)
        decide.hints.ended.connect(partial(preferences.keep_hints_shown, self.settings))
        session.not_writable.connect(self.commands.memory.offer_reading)
        session.decision.chosen.connect(self.commands.settings.keep_choice)
        self.state.updated.connect(self.on_facts_changed)
        session.step_finished.connect(self.state.refresh)
        session.fell_back.connect(lambda _: self.state.refresh())
        self._upkeep.done.connect(self.state.refresh)
        self._upkeep.done.connect(self.commands.memory.look_once)
        self.empty.dropped.connect(self.on_dropped_on_empty)
        self.empty.recent_chosen.connect(self.open)
        self.empty.recent_removed.connect(self.on_recent_removed)
        session.memory_discarded.connect(self.on_recent_removed)
        self.empty.folder_requested.connect(show_in_folder)
        self._recent.updated.connect(self.empty.show_recent)
        for told in (session.tasks.started, session.tasks.finished):
            told.connect(lambda _: self.empty.set_running(session.tasks.running_jobs))
        demo = self.empty.add_button(
            "Open demo memory", primary=True, job=exchange.DEMO, busy="Making the demo memory…"
        )
        demo.clicked.connect(partial(exchange.open_demo, session))
        self.empty.setFocusProxy(demo)
        for name in ("actionOpen", "actionBundle", "actionNew"):
            button = self.empty.add_button(window_actions.BY_ID[name].text, icon=window_actions.BY_ID[name].icon)
            button.clicked.connect(self.actions_by_id[name].trigger)
        decide.facts_changed.connect(self.on_facts_changed)
        decide.images_dropped.connect(commands.decide)
        decide.typed.connect(commands.teach_by_name)
        decide.teach_requested.connect(commands.teach_images)
        decide.relabel_requested.connect(commands.relabel_to)
        decide.class_chosen.connect(commands.teach_as)
        decide.class_shown.connect(self.on_class_shown)
        commands.similar_requested.connect(self.on_similar_requested)
        decide.strike_requested.connect(partial(exemplars.strike, session, here=True))
        decide.restore_requested.connect(commands.restore)
        decide.neighbours.order_chosen.connect(partial(preferences.keep_cards_by_vote, self.settings))
        decide.neighbours.size_chosen.connect(partial(preferences.keep_card_side, self.settings))
        self.stack.currentChanged.connect(self.on_view_shown)
        self.notes.log.updated.connect(lambda: self.cull.say(self.notes.log.newest))
        self.cull.left.connect(partial(self.show_workspace, "decide"))
        self.cull.certain_requested.connect(partial(commands.ask_certain, self.cull.run))
        self.cull.class_requested.connect(partial(commands.ask_class_of_culled, self.cull.run))
        self.curate.side_chosen.connect(self.commands.settings.keep_side)
        self.curate.exemplar_chosen.connect(self.on_query_chosen)
        self.curate.tabs.grid_shown.connect(lambda _: self.show_workspace(self.workspace))
        decide.decision.flip.preview_requested.connect(self.commands.reasons.preview_flip)
        decide.decision.opinion.ask_requested.connect(self.commands.opinion.ask)
        for line in self.findChildren(ImpactLine):
            line.show_requested.connect(self.commands.reasons.show_impact)
        self.notes.error_requested.connect(self.errors.tell)
        self.notes.changed_requested.connect(self.commands.reasons.show_changed)
        self.study.tabs.currentChanged.connect(lambda _: self.show_workspace(self.workspace))
        self.study.sample_wanted.connect(self.commands.memory.pull_sample)
        self.server_watch.state_changed.connect(self.on_server_state)
        self.study.query_chosen.connect(self.on_query_chosen)
        self.study.map.similar_requested.connect(self.on_similar_requested)
        self.study.exemplars_chosen.connect(self.on_exemplars_chosen)
        self.study.folder_wanted.connect(self.ask.folder)
        self.study.watch.expect_requested.connect(commands.expect)
        self.study.watch.unwatch_requested.connect(partial(watch_set.unwatch, session))

"""What the window shows when it starts: what the start asks for, or what was shown last."""

from __future__ import annotations

from functools import partial
from typing import Protocol

from PySide6.QtCore import QSettings

from visualmemory_gui.app import preferences
from visualmemory_gui.app.actions.decide_commands import DecideCommands
from visualmemory_gui.app.models.last_place import LastPlace, class_at, query_at, source_of
from visualmemory_gui.app.models.note import NoteAction
from visualmemory_gui.app.models.query import Query
from visualmemory_gui.app.models.recent import RecentQueriesModel
from visualmemory_gui.app.runtime.error_messages import problem_of
from visualmemory_gui.app.runtime.handover import hand_over
from visualmemory_gui.app.runtime.place import only_readable
from visualmemory_gui.app.runtime.start_request import StartRequest
from visualmemory_gui.app.session import Session
from visualmemory_gui.engine.errors import MemoryLocked
from visualmemory_gui.engine.progress import Report


class Workspaces(Protocol):
    """What a start needs of the window around the workspaces."""

    @property
    def workspace(self) -> str: ...
    def open(self, path: str) -> None: ...
    def show_workspace(self, name: str) -> None: ...


class Classes(Protocol):
    """What a start needs of Curate: the first exemplar in sight, and how deep a class is chosen."""

    def place(self) -> tuple[int, int]: ...
    def go_to_place(self, top: int, depth: int, label: str | None) -> None: ...


class Pages(Protocol):
    """What a start needs of Study: the title of the page shown."""

    @property
    def page(self) -> str: ...
    def go_to(self, title: str) -> None: ...


class Start:
    """Opens the memory of a start and shows there what it asks for; without one, continues where the user was."""

    def __init__(
        self,
        window: Workspaces,
        session: Session,
        settings: QSettings,
        decide: DecideCommands,
        recent: RecentQueriesModel,
        curate: Classes,
        study: Pages,
    ) -> None:
        self._window, self._session, self._settings = window, session, settings
        self._decide, self._recent, self._curate, self._study = decide, recent, curate, study
        self._request: StartRequest | None = None  # what is to be shown as soon as its memory is open

    def begin(self, request: StartRequest) -> None:
        """Open the memory that a start asks for, if it is not open, and show there what it asks for."""
        memory, self._request = self._session.memory, request
        if memory is not None and memory.is_there and memory.is_at(request.memory):
            self.show_requested()
        else:
            self._window.open(request.memory)

    def show_requested(self) -> None:
        """Show the workspace at once, and decide the query when the encoder may load."""
        memory, request = self._session.memory, self._request
        if memory is None or request is None:
            return
        if not memory.is_at(request.memory):
            self._request = None
            return
        self._window.show_workspace(request.workspace or ("decide" if request.query else self._window.workspace))
        if self._session.heavy_allowed:
            self._request = None
            if request.query:
                self._decide.decide([request.query])

    def continue_last(self) -> None:
        """Open the memory that was open last, and show what was shown; a note says why that is not possible."""
        if preferences.was_opening(self._settings):
            preferences.mark_opening(self._settings, False)
            self._session.post_note("The program ended while it opened the last memory, so it is not opened now.")
            return
        place = preferences.last_place(self._settings)
        if place is not None:
            preferences.mark_opening(self._settings, True)
            back, failed = partial(self._go_back_to, place), partial(self._cannot_continue, place)
            self._session.open(place.memory, readonly=place.readonly, then=back, failed=failed)

    def place(self) -> LastPlace:
        """What is shown now, for the next start."""
        memory, query = self._session.memory, self._session.decision.query
        if memory is None:
            return LastPlace()
        if query is not None and query.recent is None and query.exemplar is None and query.queued is None:
            query = self._recent.of_content(query.content)
        source, number = source_of(query)
        top, depth = self._curate.place()
        workspace = "decide" if self._window.workspace == "cull" else self._window.workspace
        return LastPlace(memory.address, memory.readonly, workspace, self._study.page, source, number, top, depth)

    def _go_back_to(self, place: LastPlace) -> None:
        preferences.mark_opening(self._settings, False)
        self._study.go_to(place.page)
        self._window.show_workspace(place.workspace)
        memory = self._session.memory
        assert memory is not None  # it has just been opened

        def show(found: tuple[Query | None, str | None]) -> None:
            if self._session.memory is memory:
                query, label = found
                if query is not None and self._session.decision.query is None:
                    self._session.decision.ask_query(query)
                self._curate.go_to_place(place.top, place.depth, label)

        self._session.tasks.run_edit(
            "Finding the last query", lambda: (query_at(memory, place), class_at(memory, place)), show
        )

    def _cannot_continue(self, place: LastPlace, error: BaseException) -> None:
        preferences.mark_opening(self._settings, False)
        self._session.post_note(
            f"The last memory was not opened. {problem_of(error).what}", also=self._ways(place, error)
        )

    def _ways(self, place: LastPlace, error: BaseException) -> tuple[NoteAction, ...]:
        """What can be done about a memory that was not opened."""
        read = NoteAction("Open for reading", partial(self._session.open, place.memory, readonly=True))
        show = NoteAction("Show its window", partial(self._show_window_of, place.memory))
        ways = (show,) if isinstance(error, MemoryLocked) else ()
        return (*ways, read) if not place.readonly and only_readable(place.memory, error) else ways

    def _show_window_of(self, memory: str) -> None:
        """Bring the other window that has ``memory`` open to the front."""

        def say(shown: bool) -> None:
            if not shown:
                self._session.post_note("No window of yours has it open; a command may be editing it.")

        def work(_: Report) -> bool:
            return hand_over(StartRequest(memory))

        self._session.tasks.run_background("Asking its window", work, say, stoppable=False)

"""A shared memory in the window: whether its server answers, and pulling a sample of it to a folder."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from visualmemory_gui.app.models.note import NoteAction
from visualmemory_gui.app.operations.edit import Job, Note
from visualmemory_gui.app.session import Session
from visualmemory_gui.engine.memory.protocol import Memory
from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.text.visible_text import how_many
from visualmemory_gui.engine.types import ServerState

LOOK_MS = 500
ASK_MS = 3_000
SAMPLE = 5_000
"""Exemplars of a sample: as many as Study works through in minutes."""


class ServerWatch(QObject):
    """Follows how the server of the open memory does; asks one that is gone again, and finishes an edit it lacked."""

    state_changed = Signal(str, str)  # "there", "slow" or "gone", and its name; "" without a server

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._state: ServerState | None = None
        self._saved = ""
        self._looks = QTimer(self, interval=LOOK_MS)
        self._looks.timeout.connect(self.look)
        self._asks = QTimer(self, interval=ASK_MS)
        self._asks.timeout.connect(self.ask)
        session.memory_opened.connect(self.on_memory_opened)
        session.memory_closed.connect(self.on_memory_closed)
        session.saving_changed.connect(self.on_saving_changed)

    def on_memory_opened(self) -> None:
        memory = self._session.memory
        if memory is not None and not memory.is_whole:
            self._looks.start()
            self.look()

    def on_memory_closed(self) -> None:
        self._looks.stop()
        self._asks.stop()
        self._state = None
        self.state_changed.emit("", "")

    def on_saving_changed(self, text: str) -> None:
        self._saved = text

    def look(self) -> None:
        """Read the state, which asks the server nothing."""
        memory = self._session.memory
        state = memory.maintenance.server_state() if memory is not None else None
        if memory is None or state is None or state == self._state:
            return
        self._state = state
        self.state_changed.emit(state, memory.maintenance.index_state().server or "")
        if state == "gone":
            self._asks.start()
        else:
            self._asks.stop()

    def ask(self) -> None:
        """Ask the server whether it is back, and give it what it lacks."""

        def work(memory: Memory, _: Report) -> str | None:
            return memory.maintenance.ask_server()

        def said(finished: str | None) -> Note | None:
            self.look()
            if self._saved == "not saved":  # what was cut short is done, and nothing else is left to be
                self._session.tell_saving("saved")
            return Note(f"The server answers again. Completed: {finished}.") if finished else None

        job = Job("Asking the server", work, said, once="ask server", only_reads=True, stoppable=False, failed=_ignore)
        job.run(self._session)


def pull_sample(session: Session, to: str) -> None:
    """Make the memory ``to`` of a sample of the open shared memory, in the background, and offer to open it."""
    name = Path(to).name

    def work(memory: Memory, report: Report) -> tuple[int, int]:
        from visualmemory_gui.engine.shared_memory.pull import pull_from

        done = pull_from(memory.address, to, sample=SAMPLE, report=report)
        return done.exemplars, done.there

    def said(done: tuple[int, int]) -> Note:
        pulled, there = done
        text = f"{name} holds {how_many(pulled)}, drawn from the {there:,} of the shared memory."
        return Note(text, actions=(NoteAction("Open it", partial(session.open, to)),))

    stopped = "Stopped; pulling again to the same place goes on."
    Job(f"Pulling {name}", work, said, stopped, once=f"pull to {to}", only_reads=True).run(session)


def server_text(state: str, server: str) -> str:
    """What the status bar says of a server; "" while it answers."""
    if state == "gone":
        return f"{server} does not answer"
    return f"{server} is slow" if state == "slow" else ""


def _ignore(error: BaseException) -> None:
    """It is still gone, which the status bar says."""

"""Looking over the whole memory in the background, and again after edits; what an edit touched goes at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from PySide6.QtCore import QObject, QTimer, Signal

from visualmemory_gui.app.models.exemplars import Runner
from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.types import Changes

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory import VisualMemory

AUTO = 20_000  # up to so many exemplars the memory is looked over again after each edit; beyond, when it is asked for
PAUSE_MS = 300


class Looking(QObject):
    """Looks when ``begin`` is called first, and again after edits.

    A kind of look says what it is called (``title``, ``topic``), does it (``_work``, in the background), keeps what
    came of it (``_keep``; None: nothing yet) and shows it without what was ``touched`` since (``_show``).
    """

    topic: ClassVar[str]
    title: ClassVar[str]
    updated = Signal()
    failed = Signal(object)  # the exception that ended a look

    def __init__(self, runner: Runner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._memory: VisualMemory | None = None
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(self.look)
        self.touched: set[int] = set()
        self.looking = False
        self.edits_since = 0

    @property
    def looked(self) -> bool:
        raise NotImplementedError

    @property
    def looked_at(self) -> int:
        """How many exemplars the last look went over."""
        raise NotImplementedError

    def set_memory(self, memory: VisualMemory | None) -> None:
        self._runner.supersede(self.topic)
        self._pause.stop()
        self._memory, self.looking = memory, False
        self._keep(None)
        self.touched.clear()
        self._show()

    def begin(self) -> None:
        """Somebody wants to see it."""
        if not self.looked and not self.looking:
            self.look()

    def look(self) -> None:
        """Go over the whole memory, in the background."""
        memory = self._memory
        if memory is None:
            return
        self.looking = True
        self.updated.emit()
        self._runner.run_background(
            self.title, lambda report: self._work(memory, report), self._take, self._stopped, topic=self.topic
        )

    def on_changed(self, changes: Changes) -> None:
        if not self.looked and not self.looking:
            return
        self.edits_since += 1
        self.drop(changes.ids)
        if self._memory is not None and len(self._memory.snapshot) <= AUTO:
            self._pause.start()

    def drop(self, ids: tuple[int, ...]) -> None:
        """These were dealt with: they go from what is shown until the next look."""
        self.touched.update(ids)
        self._show()

    def _work(self, memory: VisualMemory, report: Report) -> Any:
        raise NotImplementedError

    def _keep(self, found: Any) -> None:
        raise NotImplementedError

    def _show(self) -> None:
        raise NotImplementedError

    def _take(self, found: Any) -> None:
        self._keep(found)
        self.looking, self.edits_since = False, 0
        self.touched.clear()
        self._show()

    def _stopped(self, error: BaseException) -> None:
        from visualmemory_gui.engine.errors import Cancelled

        self.looking = False
        self.updated.emit()
        if not isinstance(error, Cancelled):
            self.failed.emit(error)

"""A background scan of the whole memory, repeated after edits; what an edit touched is dropped immediately."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Generic, Protocol, Self, TypeVar

from PySide6.QtCore import QObject, QTimer

from visualmemory_gui.app.models.background_result import BackgroundResult
from visualmemory_gui.app.runtime.tasks import Tasks
from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.types import Changes

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import WholeMemory

AUTO = 20_000  # exemplars; in a larger memory a scan is repeated on request only
PAUSE_MS = 300


class Findings(Protocol):
    """What a scan found in ``looked_at`` exemplars."""

    @property
    def looked_at(self) -> int: ...

    def without(self, ids: Collection[int], /) -> Self: ...


Found = TypeVar("Found", bound=Findings)


class MemoryScan(BackgroundResult[Found], Generic[Found]):
    """Scans when ``begin`` is first called, and again after edits.

    ``left`` is what was found less the exemplars that edits have ``touched`` since.
    """

    def __init__(
        self,
        tasks: Tasks,
        topic: str,
        title: str,
        work: Callable[[WholeMemory, Report], Found],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(tasks, topic, parent)
        self._title, self._work = title, work
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(self.scan)
        self.touched: set[int] = set()
        self.left: Found | None = None

    @property
    def auto(self) -> int:
        """Up to so many exemplars the memory is scanned again after each edit."""
        return AUTO

    @property
    def looked_at(self) -> int:
        """How many exemplars the last scan covered."""
        return 0 if self.found is None else self.found.looked_at

    def begin(self) -> None:
        """Start the first scan, now that its findings are on view."""
        if self.found is None and not self.running:
            self.scan()

    def scan(self) -> None:
        """Scan the whole memory in the background."""
        self.run(self._title, self._work)

    def clear(self) -> None:
        self._pause.stop()
        super().clear()

    def on_changed(self, changes: Changes) -> None:
        if self.found is None and not self.running:
            return
        self.touched.update(changes.ids)
        self._sift()
        self.count_edit()
        if self._memory is not None and len(self._memory.snapshot) <= self.auto:
            self._pause.start()

    def _put(self, found: Found | None) -> None:
        super()._put(found)
        self.touched.clear()
        self._sift()

    def _sift(self) -> None:
        """Drop what was touched from ``left``."""
        self.left = self.found.without(self.touched) if self.found is not None else None

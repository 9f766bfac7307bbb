"""The files behind the selected exemplars, looked up once the selection settles, so that a drag has them immediately.

Other programs see a drag as the files of its images.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from visualmemory_gui.app.models.exemplars import NONE, Ids
from visualmemory_gui.app.runtime.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from visualmemory_gui.engine.memory.protocol import Memory

TOPIC = "dragged files"
REST_MS = 100
MOST = 1000  # more than that are dragged as exemplars only


class DraggedFiles(QObject):
    """The paths behind the present selection, empty until they are looked up."""

    def __init__(self, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._memory: Memory | None = None
        self._ids: Ids = NONE
        self._files: Mapping[int, str | None] = {}
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._look)

    def set_memory(self, memory: Memory | None) -> None:
        self._tasks.supersede(TOPIC)
        self._memory, self._ids, self._files = memory, NONE, {}

    def select(self, ids: Ids) -> None:
        """Set the selected ids, (n,)."""
        self._ids = ids if len(ids) <= MOST else NONE
        self._rest.start()

    def files(self, ids: list[int]) -> list[str]:
        """Paths of the originals of ``ids``, as far as they are known so far."""
        return [path for path in map(self._files.get, ids) if path] if len(ids) <= MOST else []

    def _look(self) -> None:
        memory, ids = self._memory, self._ids.tolist()
        if memory is None or not ids:
            self._files = {}
            return
        self._tasks.run_edit("Looking up files", lambda: memory.catalog.sources(ids), self._take, topic=TOPIC)

    def _take(self, found: Mapping[int, str | None]) -> None:
        self._files = found

"""Originals that are no longer where they were, checked in the background once the cells in view settle.

A disconnected drive may block a check for a minute: neither the window nor an edit waits for it.
"""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from visualmemory_gui.app.runtime.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from visualmemory_gui.engine.memory.protocol import Memory

TOPIC = "originals"
REST_MS = 300
AGAIN_S = 60.0  # after so long an original in view is checked again
KEPT = 20_000
WISHES = 800


class OriginalsModel(QObject):
    """The missing originals in view. An exemplar whose image was copied into the memory is never missing one."""

    updated = Signal()

    def __init__(self, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._memory: Memory | None = None
        self._known: OrderedDict[int, tuple[str, float]] = OrderedDict()
        self._wishes: OrderedDict[int, None] = OrderedDict()
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._look)

    def set_memory(self, memory: Memory | None) -> None:
        self._tasks.supersede(TOPIC)
        self._memory = memory
        self._wishes.clear()
        self._known.clear()

    def look_again(self) -> None:
        """Check those in view again: originals may be elsewhere now."""
        self._known = OrderedDict((exemplar, (path, 0.0)) for exemplar, (path, _) in self._known.items())
        self.updated.emit()

    def forget(self, ids: Iterable[int]) -> None:
        """Drop exemplars that are gone."""
        for exemplar in ids:
            self._known.pop(exemplar, None)
            self._wishes.pop(exemplar, None)

    def missing(self, exemplar: int) -> str:
        """Where the original was; "" if it is there or has not been checked, which then follows soon."""
        path, seen = self._known.get(exemplar, ("", 0.0))
        if time.monotonic() - seen > AGAIN_S or not seen:
            self._wishes[exemplar] = None
            self._wishes.move_to_end(exemplar)
            while len(self._wishes) > WISHES:
                self._wishes.popitem(last=False)
            self._rest.start()
        return path

    def _look(self) -> None:
        memory, wanted = self._memory, list(self._wishes)
        self._wishes.clear()
        if memory is not None and wanted:
            self._tasks.run_background(
                "Checking originals in view",
                lambda _: missing_originals(memory, wanted),
                self._take,
                self._tasks.passed_over,
                topic=TOPIC,
            )

    def _take(self, found: Mapping[int, str]) -> None:
        now = time.monotonic()
        before = {exemplar: self._known.get(exemplar, ("", 0.0))[0] for exemplar in found}
        self._known.update({exemplar: (path, now) for exemplar, path in found.items()})
        while len(self._known) > KEPT:
            self._known.popitem(last=False)
        if before != found:
            self.updated.emit()


def missing_originals(memory: Memory, ids: Iterable[int]) -> dict[int, str]:
    """For each of ``ids`` the path where its original should be but is not, "" if nothing is missing."""
    linked = memory.catalog.sources(ids, linked=True)
    return {i: "" if path is None or os.path.isfile(path) else path for i, path in linked.items()}  # noqa: PTH113

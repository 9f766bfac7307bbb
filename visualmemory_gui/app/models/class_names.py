"""What the names of the classes alone would say of the query, while someone looks at it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from visualmemory_gui.app.models.decision import DecisionModel
from visualmemory_gui.app.models.headline import percent
from visualmemory_gui.app.runtime.tasks import Tasks
from visualmemory_gui.engine.errors import VisualMemoryError

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import Memory

TOPIC = "class names"
MOST = 3


class ClassNamesModel(QObject):
    """``shares`` belong to the decision shown, largest first; None while they are off, or not there yet.

    They are computed only while they are ``on``, and where the memory's encoder knows words.
    """

    updated = Signal()

    def __init__(self, tasks: Tasks, decision: DecisionModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks, self._decision = tasks, decision
        self._on = False
        self.shares: Mapping[str, float] | None = None
        decision.decided.connect(self.on_decided)

    @property
    def sentence(self) -> str:
        """ "By the names of the classes alone: cat 61 %, lynx 30 %, dog 4 %."; "" without shares."""
        if not self.shares:
            return ""
        first = ", ".join(f"{label} {percent(share)}" for label, share in list(self.shares.items())[:MOST])
        return f"By the names of the classes alone: {first}."

    def set_on(self, on: bool) -> None:
        if on != self._on:
            self._on = on
            self.on_decided()

    def on_decided(self) -> None:
        """Drop what belongs to the last decision, and compute it for this one."""
        self._tasks.supersede(TOPIC)
        self._take(None)
        memory, query, decision = self._decision.memory, self._decision.query, self._decision.decision
        if not self._on or memory is None or query is None or decision is None or not _knows_words(memory):
            return
        labels, level = [label for label, count in self._decision.counts.items() if count], decision.level

        def work() -> Mapping[str, float]:
            from visualmemory_gui.engine.language.class_names import class_name_shares

            return class_name_shares(memory, query.vector, labels, level=level)

        self._tasks.run_beside("Comparing with the names of the classes", work, self._take, self._fail, topic=TOPIC)

    def _fail(self, error: BaseException) -> None:
        if not isinstance(error, VisualMemoryError):
            self._tasks.crashed.emit(None, error)

    def _take(self, shares: Mapping[str, float] | None) -> None:
        if shares is not self.shares:
            self.shares = shares
            self.updated.emit()


def _knows_words(memory: Memory) -> bool:
    from visualmemory_gui.engine.language.text_vectors import refusal  # with it the encoders

    return not refusal(memory)

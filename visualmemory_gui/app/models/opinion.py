"""The second opinion on the query shown: asked for, awaited, compared with the vote."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from visualmemory_gui.app.models.background_result import MemoryResult
from visualmemory_gui.app.models.decision import DecisionModel
from visualmemory_gui.app.runtime.tasks import Tasks
from visualmemory_gui.engine.errors import BadValue, EndpointError
from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.second_opinion.endpoint import Endpoint, key_of

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import Memory
    from visualmemory_gui.engine.second_opinion.opinion import Opinion
    from visualmemory_gui.engine.second_opinion.question import Question

TITLE = "Asking for a second opinion"
PREPARE = "second opinion, question"


class OpinionModel(MemoryResult["Memory", "Opinion"]):
    """``found`` is the opinion on the decision's query, at its level; it goes with either, and nothing stores it.

    ``endpoint`` is None while second opinions are off.
    """

    def __init__(self, tasks: Tasks, decision: DecisionModel, parent: QObject | None = None) -> None:
        super().__init__(tasks, "second opinion", parent, told_here=(EndpointError, BadValue))
        self._decision = decision
        self._level = 0
        self.endpoint: Endpoint | None = None
        decision.query_changed.connect(self.clear)
        decision.settings_changed.connect(self.on_settings_changed)

    @property
    def winner(self) -> str | None:
        """What the vote says now."""
        return self._decision.decision.label if self._decision.decision is not None else None

    def set_endpoint(self, endpoint: Endpoint | None) -> None:
        self.endpoint = endpoint
        self.clear()

    def on_settings_changed(self) -> None:
        if self._decision.level != self._level:
            self.clear()

    def prepare(self, then: Callable[[Question], object]) -> None:
        """Make the question about the decision shown; it is not sent. What it lacks is reported as its error."""
        memory, query, decision = self._decision.memory, self._decision.query, self._decision.decision
        if memory is None or query is None or decision is None:
            return

        def work() -> Question:
            from visualmemory_gui.engine.second_opinion.question import question_of

            return question_of(memory, decision, query.thumbnail)

        self._level = self._decision.level
        self._tasks.run_edit("Reading images", work, then, self._failed, topic=PREPARE)

    def send(self, question: Question) -> None:
        """Ask the endpoint; ``cancel`` stops it."""
        endpoint = self.endpoint
        if endpoint is None:
            return

        def work(_: Memory, report: Report) -> Opinion:
            from visualmemory_gui.engine.second_opinion.opinion import ask  # with it ssl, which takes time at the start

            return ask(question, endpoint, key=key_of(endpoint), report=report)

        self.run(TITLE, work, keep=False)

    def clear(self) -> None:
        self._tasks.supersede(PREPARE)
        super().clear()

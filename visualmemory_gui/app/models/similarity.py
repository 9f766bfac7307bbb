"""Where the query resembles its neighbours, while the similarity map is on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QObject, QTimer, Signal

from visualmemory_gui.app.models.decision import DecisionModel
from visualmemory_gui.app.models.query import Query
from visualmemory_gui.app.runtime.tasks import Tasks
from visualmemory_gui.engine.errors import VisualMemoryError
from visualmemory_gui.engine.text.visible_text import as_sentence
from visualmemory_gui.engine.types import Changes

if TYPE_CHECKING:
    from visualmemory_gui.engine.attribution.attribute import Seen, Splitting
    from visualmemory_gui.engine.memory.protocol import Memory

TOPIC = "similarity"
DELAY_MS = 100  # a mouse passing over the cards starts nothing
MOST_SEEN = 48
Place = int | Literal["query"]  # an exemplar, or the query


class SimilarityModel(QObject):
    """``splitting`` belongs to the decision shown, None until it is ready; ``why`` says why there is none.

    What was computed from images is cached for a while, and dropped when something is forgotten.
    """

    updated = Signal()

    def __init__(self, tasks: Tasks, decision: DecisionModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks, self._decision = tasks, decision
        self.on = False
        self.splitting: Splitting | None = None
        self.why = ""
        self._exemplar: int | None = None
        self._seen: dict[Place, Seen] = {}
        self._timer = QTimer(self, singleShot=True, interval=DELAY_MS)
        self._timer.timeout.connect(self._ask)
        decision.query_changed.connect(self.on_query_changed)
        decision.decided.connect(self._again)

    def switch(self, on: bool) -> None:
        self.on = on
        self._exemplar = None
        self._again()

    def look_at(self, exemplar: int | None) -> None:
        """Show the similarity to this neighbour; None: the winner's against the runner-up's."""
        if exemplar != self._exemplar:
            self._exemplar = exemplar
            if self.on:
                self._timer.start()

    def on_query_changed(self) -> None:
        self._exemplar = None
        self._seen.pop("query", None)
        self._take(None)

    def on_changed(self, changes: Changes) -> None:
        if changes.forgotten:
            self._seen.clear()

    def _again(self) -> None:
        self._tasks.supersede(TOPIC)
        if not self.on or self._decision.decision is None:
            self._timer.stop()
            self._take(None)
        else:
            self._timer.start()

    def _ask(self) -> None:
        memory, query, decision = self._decision.memory, self._decision.query, self._decision.decision
        if memory is None or query is None or decision is None or not self.on:
            return
        exemplar, seen = self._exemplar, dict(self._seen)

        def work() -> tuple[Splitting, dict[Place, Seen]]:
            from visualmemory_gui.engine.attribution.attribute import attribute, look_at_exemplar

            def see(i: int) -> Seen:
                found: Seen = seen.get(i) or look_at_exemplar(memory, i)
                seen[i] = found
                return found

            if "query" not in seen:
                seen["query"] = look_at_query(memory, query)
            return attribute(memory, seen["query"], decision, neighbour=exemplar, see=see), seen

        self._tasks.run_beside("Comparing the images", work, self._found, self._failed, topic=TOPIC)

    def _found(self, found: tuple[Splitting, dict[Place, Seen]]) -> None:
        splitting, seen = found
        self._seen = dict(list(seen.items())[-MOST_SEEN:]) | {"query": seen["query"]}
        self._take(splitting)

    def _failed(self, error: BaseException) -> None:
        said = str(error) if isinstance(error, VisualMemoryError) else "where they are alike could not be found"
        self._take(None, as_sentence(said))

    def _take(self, splitting: Splitting | None, why: str = "") -> None:
        self.splitting, self.why = splitting, why
        self.updated.emit()


def look_at_query(memory: Memory, query: Query) -> Seen:
    """What the encoder sees in ``query``, cell by cell."""
    from visualmemory_gui.engine.attribution.attribute import look, look_again, look_at_exemplar

    if query.exemplar is not None:
        return look_at_exemplar(memory, query.exemplar)
    if query.image is not None:
        return look(memory, query.image, vector=query.vector)
    return look_again(
        memory,
        source=query.source,
        content=query.content,
        vector=query.vector,
        thumbnail=query.thumbnail,
        box=query.box,
    )

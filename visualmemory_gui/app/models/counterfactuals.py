"""What it would take to change the decision shown: the sentence below the vote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from visualmemory_gui.app.models.decision import DecisionModel
from visualmemory_gui.app.models.watch import WatchModel
from visualmemory_gui.app.runtime.tasks import Tasks
from visualmemory_gui.engine.decision.levels import at_level
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.errors import Cancelled
from visualmemory_gui.engine.memory.protocol import whole

if TYPE_CHECKING:
    from visualmemory_gui.engine.what_if.flip import Flips

TOPIC = "flips"
DELAY_MS = 60
MOST = 50  # strikes; a flip that takes more is of no practical use


class CounterfactualsModel(QObject):
    """Flips of the decision shown. ``found`` belongs to that decision, None until it is ready.

    While it is off, because nothing shows them, none are searched for.
    """

    updated = Signal()

    def __init__(self, tasks: Tasks, decision: DecisionModel, watch: WatchModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks, self._decision, self._watch = tasks, decision, watch
        self.found: Flips | None = None
        self._on = True
        self._expected: str | None = None  # what the search, running or done, assumed
        self._timer = QTimer(self, singleShot=True, interval=DELAY_MS)
        self._timer.timeout.connect(self._ask)
        decision.decided.connect(self.on_decided)
        watch.decisions_changed.connect(self.on_watch_changed)

    def set_on(self, on: bool) -> None:
        if on != self._on:
            self._on = on
            self.on_decided()

    def on_decided(self) -> None:
        """React to another decision: drop what was found for the last one immediately."""
        self._tasks.supersede(TOPIC)
        self._take(None)
        self._expected = self.expected
        decision = self._decision.decision
        if self._on and decision is not None and decision.label is not None:
            self._timer.start()
        else:
            self._timer.stop()

    def on_watch_changed(self) -> None:
        """Search again only if the query should be something else now."""
        if self.expected != self._expected:
            self.on_decided()

    @property
    def expected(self) -> str | None:
        """What the query should be, in full: as it is watched, else an exemplar's own label."""
        query = self._decision.query
        if query is None:
            return None
        own = next((row.label for row in self._decision.here if row.id == query.exemplar), None)
        return self._watch.expected(query.content) or own

    def _ask(self) -> None:
        model, memory = self._decision, self._decision.memory
        query, decision = model.query, model.decision
        if memory is None or not memory.is_whole or query is None or decision is None:
            return
        rows, expected = whole(memory), self._expected
        to = None if expected is not None and at_level(expected, decision.level) == decision.label else expected
        left_out, give_way = model.left_out_ids, self._tasks.give_way

        def work() -> Flips | None:
            from visualmemory_gui.engine.what_if.flip import flips

            try:
                return flips(
                    rows,
                    query.vector,
                    VotingScheme.of(memory.settings, decision.k, decision.rule, level=decision.level),
                    to=to,
                    exclude=left_out,
                    own=query.exemplar,
                    patient=False,
                    most=MOST,
                    report=give_way,
                )
            except Cancelled:
                return None

        self._tasks.run_edit("Searching for flips", work, self._looked, topic=TOPIC)

    def _looked(self, found: Flips | None) -> None:
        """Search again a little later if something else was more urgent."""
        if found is None:
            self._timer.start()
        else:
            self._take(found)

    def _take(self, found: Flips | None) -> None:
        if found is not self.found:
            self.found = found
            self.updated.emit()


def flip_sentence(found: Flips | None) -> str:
    """ "Strike 2 and it is lynx; or teach 2 more lynx."; "" if there is nothing to say."""
    if found is None:
        return ""
    strikes, lessons = found.strikes, found.lessons
    parts = []
    if strikes is not None and strikes.ids:
        most = "" if strikes.exact else "at most "
        parts.append(f"Strike {most}{len(strikes.ids):,} and it is {strikes.label}")
    if lessons is not None and lessons.count:
        teach = "or teach" if parts else "Teach"
        more = f"{lessons.count:,} more {lessons.label}"
        parts.append(f"{teach} {more}" if parts else f"{teach} {more} and it is {found.to or lessons.label}")
    return f"{'; '.join(parts)}." if parts else ""

"""The decisions that are followed across edits: which of them an edit moved, and how the watch set stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from PySide6.QtCore import QObject, Signal

from visualmemory_gui.app.models.decision import AFTER_PAINT_MS
from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.types import Changes

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory import VisualMemory
    from visualmemory_gui.engine.study.impact import Follower, Radius, Verdict

TOPIC = "followed"


class Runner(Protocol):
    """The two executors, as far as the model needs them."""

    def run_edit(self, title: str, fn: Any, then: Any, *, topic: str = "", wait_ms: int = 0) -> object: ...
    def run_background(self, title: str, fn: Any, then: Any, *, topic: str = "") -> object: ...
    def supersede(self, topic: str) -> None: ...


class FollowedModel(QObject):
    """Begun in the background once a memory is open; from then on every edit is followed in the edits' thread."""

    moved = Signal(object)  # Radius of the edit that came last
    updated = Signal()  # ``rows`` are others now

    def __init__(self, runner: Runner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._memory: VisualMemory | None = None
        self._follower: Follower | None = None
        self.rows: tuple[Verdict, ...] = ()

    @property
    def follower(self) -> Follower | None:
        """What looks ahead too; to be used in the edits' thread only."""
        return self._follower

    def expected(self, content: str | None) -> str | None:
        """What the watched picture of this content ought to be; None where it is not watched."""
        watched = (row.query for row in self.rows if content and row.query.picture)
        return next((q.expected for q in watched if q.picture and q.picture.content == content), None)

    @property
    def right(self) -> int:
        """How many of the watched decisions are as expected."""
        return sum(row.right for row in self.rows)

    def set_memory(self, memory: VisualMemory | None) -> None:
        self._memory = memory
        self.begin()

    def begin(self) -> None:
        """Follow anew: another memory, or another watch set."""
        self._runner.supersede(TOPIC)
        memory, self._follower = self._memory, None
        if memory is None:
            self._show(())
            return

        def work(report: Report) -> Follower:
            from visualmemory_gui.engine.study.impact import Follower

            return Follower(memory, report=report)

        self._runner.run_background("Following decisions", work, self._take, topic=TOPIC)

    def on_changed(self, changes: Changes) -> None:
        """Tell which decisions ``changes`` moved. Forgetting begins anew: nothing of what is gone may be kept."""
        if changes.forgotten:
            self.begin()
        follower = self._follower
        if follower is None or not (changes.ids or changes.settings):
            return

        def work() -> tuple[Radius, tuple[Verdict, ...]] | None:
            alive = follower is self._follower  # else the memory may be closed by now
            return (follower.follow(changes), follower.rows()) if alive else None

        self._runner.run_edit("Looking at other decisions", work, self._followed, wait_ms=AFTER_PAINT_MS)

    def _take(self, follower: Follower) -> None:
        self._follower = follower
        self._runner.run_edit("Reading the watch set", follower.rows, self._show, topic=TOPIC)

    def _followed(self, found: tuple[Radius, tuple[Verdict, ...]] | None) -> None:
        if found is None:
            return
        radius, rows = found
        self._show(rows)
        self.moved.emit(radius)

    def _show(self, rows: tuple[Verdict, ...]) -> None:
        self.rows = rows
        self.updated.emit()


def radius_text(radius: Radius) -> str:
    """ "3 of 2,000 other decisions changed." Watched ones are named so."""
    what = f"{'watched' if radius.watched else 'other'} decision{'' if radius.of == 1 else 's'}"
    many = f"{len(radius.moved):,}" if radius.moved else "none"
    return f"{many} of {radius.of:,} {what} changed."

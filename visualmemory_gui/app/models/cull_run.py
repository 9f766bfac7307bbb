"""Culling: the queue one image at a time, in its order, which every lesson makes again for the images that are left."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import QObject, Signal

from visualmemory_gui.app.models.decision import DecisionModel
from visualmemory_gui.app.models.headline import Headline, headline, percent
from visualmemory_gui.app.models.query import by_vote
from visualmemory_gui.app.models.queue import QueueModel
from visualmemory_gui.app.models.queue_rows import QueueRow
from visualmemory_gui.engine.text.visible_text import how_many
from visualmemory_gui.engine.types import Decision, Neighbour

AHEAD = 3  # images that are decoded before they are shown
SHEET = 12  # images that are taught together


@dataclass(slots=True)
class CullRun:
    """The images shown so far, by id, in the order in which they were shown; that at ``place`` is shown now.

    ``place`` is ``len(seen)`` where none is left.
    """

    seen: list[int] = field(default_factory=list)
    place: int = 0

    @property
    def current(self) -> int | None:
        return self.seen[self.place] if 0 <= self.place < len(self.seen) else None

    def forward(self, waiting: Sequence[int]) -> None:
        """Go on to the image shown after this one; after the last of them, to the first that was not shown yet."""
        self.place = min(self.place + 1, len(self.seen))
        if self.place == len(self.seen) and (ahead := self.ahead(waiting)):
            self.seen.append(ahead[0])

    def back(self) -> None:
        self.place = max(0, self.place - 1)

    def go_to(self, image: int) -> None:
        self.place = self.seen.index(image)

    def keep(self, there: Collection[int]) -> None:
        """Forget the images that are not ``there`` any more; the place stays with its image, or with the next one."""
        gone = sum(image not in there for image in self.seen[: self.place])
        self.seen = [image for image in self.seen if image in there]
        self.place -= gone

    def pass_over(self, images: Sequence[int]) -> None:
        """Count ``images``, which were dealt with elsewhere, as shown before this one."""
        unseen = [image for image in images if image not in self.seen]
        self.seen[self.place : self.place] = unseen
        self.place += len(unseen)

    def ahead(self, waiting: Sequence[int]) -> list[int]:
        """Those of ``waiting`` that were not shown yet."""
        shown = set(self.seen)
        return [image for image in waiting if image not in shown]


@dataclass(frozen=True, slots=True)
class CullCounts:
    """How far a run is: the ``place`` of the image shown, from 1, of ``total``; how many were taught and skipped."""

    place: int
    total: int
    taught: int
    skipped: int

    def in_words(self) -> str:
        """ "12 of 60 · 7 taught · 3 skipped"."""
        return f"{self.place:,} of {self.total:,} · {self.taught:,} taught · {self.skipped:,} skipped"


class CullModel(QObject):
    """A run through the images of the queue that are not taught. The image shown is the query of the decision.

    What is taught is read from the queue, so that an undo, from wherever it comes, leads back to its image.
    ``pending`` is the image whose lesson is on its way, None if there is none.
    """

    moved = Signal()  # another image is shown, or none is left
    updated = Signal()  # what is known of the image shown, or the counts

    def __init__(self, queue: QueueModel, decision: DecisionModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._queue, self._decision = queue, decision
        self._run: CullRun | None = None
        self._labels: Mapping[int, str] = {}
        self.steps: list[int] = []  # of the history, one for each lesson of this run
        self.before = 0  # the last step before the first of them, 0 for none
        self.pending: int | None = None
        queue.updated.connect(self.on_queue_updated)
        decision.decided.connect(self.on_decided)

    # What is shown

    @property
    def running(self) -> bool:
        return self._run is not None

    @property
    def current(self) -> int | None:
        """The id of the image shown, None where none is left."""
        return self._run.current if self._run is not None else None

    @property
    def row(self) -> QueueRow | None:
        """The image shown as a row of the queue."""
        rows = self._queue.rows_of([self.current]) if self.current is not None else []
        return self._queue.row(rows[0]) if rows else None

    @property
    def decision(self) -> Decision | None:
        """The decision of the image shown, None while it is on its way."""
        query = self._decision.query
        here = query is not None and query.queued is not None and query.queued == self.current
        return self._decision.decision if here else None

    @property
    def own(self) -> list[int]:
        """Ids of the active exemplars that the image shown was taught as."""
        found = self.decision.in_memory if self.decision is not None else ()
        return [each.id for each in found if each.state == "active"]

    @property
    def near(self) -> list[int]:
        """The image shown, those that are likely to be shown next, in that order, and the one before."""
        run = self._run
        return [*self._onward[: 1 + AHEAD], *run.seen[max(0, run.place - 1) : run.place]] if run is not None else []

    @property
    def _onward(self) -> list[int]:
        """The image shown and all that follow it."""
        run = self._run
        return [*run.seen[run.place :], *run.ahead(self._queue.waiting())] if run is not None else []

    @property
    def certain(self) -> list[tuple[int, str]]:
        """The next images that are certain, at most SHEET, and the full labels that won; those of a class together."""
        sure = dict(self._queue.certain())
        found = [(image, sure[image]) for image in self._onward if image in sure][:SHEET]
        return sorted(found, key=lambda each: each[1].casefold())

    @property
    def has_before(self) -> bool:
        return self._run is not None and self._run.place > 0

    @property
    def skipped(self) -> list[int]:
        """Images that were shown and not taught, without the one shown now."""
        seen = self._run.seen if self._run is not None else ()
        return [image for image in seen if image not in self._labels and image != self.current]

    @property
    def taught(self) -> dict[int, str]:
        """The labels of the images taught in this run."""
        seen = self._run.seen if self._run is not None else ()
        return {image: self._labels[image] for image in seen if image in self._labels}

    def counts(self) -> CullCounts:
        run = self._run or CullRun()
        total = len(run.seen) + len(run.ahead(self._queue.waiting()))
        return CullCounts(min(run.place + 1, total), total, len(self.taught), len(self.skipped))

    # Moving

    def begin(self) -> None:
        """Start a run with the first image that is not taught."""
        self._run, self.steps, self.before, self.pending = CullRun(place=-1), [], 0, None
        self._labels = self._queue.taught()
        self.forward()

    def end(self) -> None:
        self._run, self.pending = None, None

    def forward(self) -> None:
        if self._run is not None:
            self._run.forward(self._queue.waiting())
            self._show()

    def back(self) -> None:
        if self._run is not None:
            self._run.back()
            self._show()

    def first_skipped(self) -> None:
        """Go through the skipped images again."""
        if self._run is not None and (skipped := set(self.skipped)):
            self._run.seen = [image for image in self._run.seen if image not in skipped]
            self._run.place = len(self._run.seen) - 1
            self.forward()

    # Teaching

    def wait_for_lesson(self) -> bool:
        """Note that the image shown is being taught; False if a lesson is on its way already."""
        if self.pending is not None or self.current is None:
            return False
        self.pending = self.current
        return True

    def on_taught(self, step: int | None, before: int, others: Sequence[int] = ()) -> None:
        """Note the step of a lesson that is on disk, and the last one before it. None: it changed nothing.

        ``others`` are images that it taught besides the one shown.
        """
        if self._run is not None:
            self._run.pass_over([image for image in others if image != self.current])
        if step is None:
            self.pending = None
        else:
            self.before = before if not self.steps else self.before
            self.steps.append(step)
        self.updated.emit()

    def on_failed(self) -> None:
        self.pending = None

    def on_decided(self) -> None:
        if self.running:
            self.updated.emit()

    def on_queue_updated(self) -> None:
        """Go on once the image shown is taught, and back to one that no longer is."""
        run = self._run
        if run is None or self._queue.table is None:
            return
        before, shown, self._labels = self._labels, run.current, self._queue.taught()
        run.keep(set(self._queue.table.ids.tolist()))
        if self.pending is not None and self._labels.get(self.pending) != before.get(self.pending):
            self.pending = None
        untaught = [image for image in run.seen if image in before and image not in self._labels]
        if untaught:
            run.go_to(untaught[0])
            self._show()
        elif shown is not None and self._labels.get(shown) not in (None, before.get(shown)):
            self.forward()
        elif run.current != shown or run.current is None:
            run.place -= 1
            self.forward()
        else:
            self.updated.emit()

    def _show(self) -> None:
        if self.current is not None:
            self._decision.ask_queued(self.current)
        self.moved.emit()
        self.updated.emit()


def cull_headline(row: QueueRow | None, decision: Decision | None) -> Headline:
    """The decision in a line; until it is there, as the row of the queue has it."""
    if decision is not None:
        return headline(decision)
    if row is None or row.winner is None:
        return headline(None)
    title = f"Unknown. Nearest: {row.winner}" if row.known == "unknown" else row.winner
    numbers = "" if row.share is None else f"{percent(row.share)} of the vote"
    return Headline(title, numbers, "")


def strongest(decision: Decision | None, most: int) -> tuple[Neighbour, ...]:
    """The neighbours with the largest votes, at most so many."""
    voters = decision.voters if decision is not None else ()
    return tuple(by_vote(voters)[:most])


def summary(counts: CullCounts, labels: Collection[str]) -> Iterator[str]:
    """What a run did, line by line: "45 of 60 images taught, 15 skipped.", then how many as which class."""
    skipped = f", {counts.skipped:,} skipped" if counts.skipped else ""
    yield f"{counts.taught:,} of {how_many(counts.total, 'image')} taught{skipped}."
    by_class = {label: sum(each == label for each in labels) for label in set(labels)}
    for label, many in sorted(by_class.items(), key=lambda pair: (-pair[1], pair[0].casefold())):
        yield f"{label}: {many:,}"

"""The query, its decision, and the settings it is decided with: what the workspace Decide shows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QImage

from visualmemory_gui.app.models.image_pyramid import ImagePyramid
from visualmemory_gui.app.models.query import (
    Answer,
    Query,
    answer,
    card_images,
    embed,
    keep_query,
    part_of,
    query_of,
    queued_query,
)
from visualmemory_gui.app.runtime.tasks import Tasks
from visualmemory_gui.engine.decision.distance_scale import Closeness
from visualmemory_gui.engine.decision.levels import at_level, deepest
from visualmemory_gui.engine.decision.short_labels import ShortLabels, short_labels
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme, k_setting, usual_k
from visualmemory_gui.engine.types import RULES, Box, Changes, Decision, Exemplar, MemorySettings, Neighbour, Rule

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.image_reader import ImageLike
    from visualmemory_gui.engine.memory.protocol import Memory

ANSWER, EMBED, IMAGES = "answer", "embed", "images of cards"
MOST_PIXELS = 1000 * 160 * 160  # of images for cards
AFTER_PAINT_MS = 30  # the decision is on screen by then
MOST_BACK = 20
SIDE = 160
KEPT = {"k", "ridge_k", "rule", "level"}  # settings already in use when the memory reports that they changed


class DecisionModel(QObject):
    """One query and its up-to-date decision: it decides again after every edit and when k, rule or level change.

    ``previous`` holds the shares before the last edit, None if no edit has moved this query yet. ``struck`` are
    neighbours that were struck out while this query was shown, as they were before, ``left_out`` those that only this
    query is decided without. ``trail`` holds the queries that led here, each to one of its neighbours. ``side`` is the
    longest side of ``images`` in device pixels, ``closeness`` what distances mean here, None until measured.
    ``names`` are the labels shown around the decision: all classes, and those of the vote at its level; the longest has
    ``deepest`` parts.
    ``silent_shown``: neighbours without a vote are shown too.
    """

    query_changed = Signal()
    decided = Signal()
    settings_changed = Signal()
    recent_changed = Signal()
    closeness_changed = Signal()
    images_read = Signal()  # of further cards, a moment after the decision
    chosen = Signal(str, object)  # k, ridge_k, rule or level and its value, set by hand

    def __init__(self, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._memory: Memory | None = None
        self.encoder_ready = False
        self.k, self.level = 10, 0
        self.rule: Rule = "rank"
        self._ks: dict[str, int] = {}
        self.counts: Mapping[str, int] = {}
        self.names, self.deepest = ShortLabels(), 1
        self.images: dict[int, QImage] = {}
        self.side = SIDE
        self.silent_shown = False
        self.closeness: Closeness | None = None
        self.query: Query | None = None
        self.trail: tuple[Query, ...] = ()
        self.decision: Decision | None = None
        self.previous: Mapping[str, float] | None = None
        self.struck: tuple[Neighbour, ...] = ()
        self.left_out: tuple[Neighbour, ...] = ()
        self._edited = False
        self._heard = 0  # changes

    @property
    def memory(self) -> Memory | None:
        return self._memory

    def set_memory(self, memory: Memory | None) -> None:
        """Start over on ``memory``, with its own k, rule and level."""
        for topic in (EMBED, ANSWER, IMAGES):
            self._tasks.supersede(topic)
        self._memory = memory
        self._take_counts({})
        self.encoder_ready = False
        self.images.clear()
        self.closeness = None
        self._forget_query()
        if memory is not None:
            self._read_settings(memory)
        self.settings_changed.emit()
        self.query_changed.emit()
        self.decided.emit()
        self.recent_changed.emit()
        self._decide(edited=False)

    def ask(self, image: ImageLike) -> None:
        """Make a path, a PIL image or a decoded image the query."""
        self._bring(lambda memory: embed(memory, image), loads=True)

    def ask_part(self, of: Query, box: Box | None, known: ImagePyramid | None = None) -> None:
        """Make the part ``box`` of the image of a query the query; None: all of that image. ``known`` are its pixels,
        if they have been read."""
        self._bring(lambda memory: part_of(memory, of, box, known), loads=True)

    def ask_exemplar(self, exemplar: int) -> None:
        """Make one of the memory's own exemplars the query."""
        self._bring(lambda memory: query_of(memory, exemplar))

    def follow(self, exemplar: int) -> None:
        """Make a neighbour of the query the query; ``go_back`` returns from it."""
        if self.query is not None:
            self._bring(lambda memory: query_of(memory, exemplar), back=self.query)

    def go_back(self) -> None:
        """Return to the query from which ``follow`` led here."""
        if self.trail:
            self._tasks.supersede(EMBED)
            self._set_query(self.trail[-1], self.trail[:-1])

    def ask_queued(self, number: int) -> None:
        """Decide an image of the teaching queue."""
        self._bring(lambda memory: queued_query(memory, number))

    def ask_query(self, query: Query) -> None:
        """Decide a query that already has its vector."""
        self._tasks.supersede(EMBED)
        self._set_query(query)

    @property
    def deciding(self) -> bool:
        """Whether another decision than the one shown is on its way."""
        return self._tasks.waits_for(ANSWER)

    @property
    def here(self) -> tuple[Exemplar, ...]:
        """Exemplars with the query's content."""
        return self.decision.in_memory if self.decision is not None else ()

    @property
    def left_out_ids(self) -> frozenset[int]:
        return frozenset(n.id for n in self.left_out)

    def shown(self, ids: Collection[int]) -> tuple[Neighbour, ...]:
        """Those of ``ids`` that vote, or that were struck out while this query was shown."""
        voting = self.decision.neighbours if self.decision is not None else ()
        return tuple(n for n in (*voting, *self.struck) if n.id in ids)

    def leave_out(self, rows: Collection[Neighbour]) -> None:
        """Decide this query without ``rows``; the memory and the next query are unaffected."""
        self._leave_out({n.id: n for n in (*self.left_out, *rows)})

    def take_back(self, ids: Collection[int]) -> None:
        """Let ``ids``, which were left out of this query, vote again."""
        if self.left_out_ids & set(ids):
            self._leave_out({n.id: n for n in self.left_out if n.id not in ids})

    def clear(self) -> None:
        for topic in (EMBED, ANSWER, IMAGES):
            self._tasks.supersede(topic)
        self._forget_query()
        self.query_changed.emit()
        self.decided.emit()

    def on_settings_replaced(self) -> None:
        """Decide as the memory's settings say now: several of them were set in one act."""
        if self._memory is not None:
            self._read_settings(self._memory)
            self.previous = None
            self.settings_changed.emit()
            self._decide(edited=False)

    def _read_settings(self, memory: Memory) -> None:
        chosen = memory.settings
        self.rule, self.level = chosen.rule, chosen.level
        self._ks = {k_setting(rule): usual_k(chosen, rule) for rule in RULES}
        self.k = self._ks[k_setting(self.rule)]

    def set_k(self, k: int) -> None:
        """Have so many neighbours vote; ridge and the paper's rules each keep their own k."""
        if k != self.k:
            self._ks[k_setting(self.rule)] = self.k = k
            self._chosen(k_setting(self.rule), k)

    def set_rule(self, rule: Rule) -> None:
        if rule != self.rule:
            self.rule, self.k = rule, self._ks.get(k_setting(rule), usual_k(MemorySettings(), rule))
            self._chosen("rule", rule)

    def set_level(self, level: int) -> None:
        if level != self.level:
            self.level = level
            self._chosen("level", level)

    def set_side(self, side: int) -> None:
        """Make images for cards of that side, in device pixels; those shown are made again."""
        if side != self.side:
            self.side = side
            self.images.clear()
            if self.query is not None:
                self._decide(edited=False)

    def show_silent(self, shown: bool) -> None:
        """Show the neighbours that have no vote, or those alone that vote."""
        if shown != self.silent_shown:
            self.silent_shown = shown
            if self.query is not None:
                self._decide(edited=False)

    def set_closeness(self, closeness: Closeness | None) -> None:
        self.closeness = closeness
        self.closeness_changed.emit()

    def decide_again(self) -> None:
        """Decide again after a change other than of exemplars: of the thresholds of known and unknown."""
        self._decide(edited=False)

    @Slot(object)
    def on_changed(self, changes: Changes) -> None:
        """Decide again after an edit; what the edit struck stays visible until the next query."""
        self._heard += 1
        if not changes.ids and set(changes.settings) & KEPT:
            return
        if changes.forgotten:
            self.set_closeness(None)  # it was measured on what must now be gone
            self.trail = ()
        shown = {self.query.exemplar if self.query else None, *(row.id for row in self.here)}
        if shown & set(changes.forgotten):
            self.clear()
        gone = {*changes.restored, *changes.removed, *changes.forgotten}
        kept = {n.id: n for n in self.struck if n.id not in gone}
        if self.decision is not None:
            kept |= {n.id: n for n in self.decision.neighbours if n.id in changes.struck}
        self.struck = tuple(sorted(kept.values(), key=lambda n: (n.distance, n.id)))
        self.left_out = tuple(n for n in self.left_out if n.id not in {*changes.removed, *changes.forgotten})
        for exemplar in changes.forgotten:
            self.images.pop(exemplar, None)
        if changes.forgotten or changes.removed:
            self.recent_changed.emit()
        self._decide(edited=bool(changes.edit))

    def _chosen(self, name: str, value: object) -> None:
        self.chosen.emit(name, value)
        self.previous = None
        self.settings_changed.emit()
        self._decide(edited=False)

    def _leave_out(self, rows: Mapping[int, Neighbour]) -> None:
        self.left_out = tuple(sorted(rows.values(), key=lambda n: (n.distance, n.id)))
        self._decide(edited=True)

    def _set_query(self, query: Query, trail: tuple[Query, ...] = (), answered: Answer | None = None) -> None:
        self._forget_query()
        self.query, self.trail = query, trail
        if answered is None:
            self._decide(edited=False)  # while its image appears on screen
        else:
            self._tasks.supersede(ANSWER)  # that of the previous query
        self.query_changed.emit()
        if answered is not None:
            self._take(answered)
        self._remembered(query)

    def _bring(self, query_from: Callable[[Memory], Query], *, back: Query | None = None, loads: bool = False) -> None:
        """Make what ``query_from`` finds the query and decide it, in one job; ``go_back`` then returns to ``back``.

        A job that ``loads`` the encoder runs in the background while that loads there, so that no edit waits for it.
        """
        memory = self._memory
        if memory is None:
            return
        scheme, known, side, heard = self._scheme(memory), frozenset(self.images), self.side, self._heard
        silent = self.silent_shown

        def work() -> tuple[Query, Answer]:
            query = query_from(memory)
            return query, answer(memory, query, scheme, known=known, side=side, silent=silent)

        def arrive(found: tuple[Query, Answer]) -> None:
            query, answered = found
            asked_alike = scheme == self._scheme(memory) and side == self.side and silent == self.silent_shown
            holds = asked_alike and known <= self.images.keys() and heard == self._heard
            trail = () if back is None else (*self.trail, back)[-MOST_BACK:]
            self._set_query(query, trail, answered if holds else None)

        if self.encoder_ready or not loads:
            self._tasks.run_edit("Deciding", work, arrive, topic=EMBED)
        else:
            self._tasks.run_background("Deciding", lambda _: work(), arrive, topic=EMBED)

    def _remembered(self, query: Query) -> None:
        memory = self._memory
        if memory is None or query.image is None or memory.readonly:
            return

        def work() -> None:
            if memory is self._memory:  # otherwise it may be closed by now
                keep_query(memory, query)

        self._tasks.run_edit("Remembering", work, lambda _: self.recent_changed.emit(), wait_ms=AFTER_PAINT_MS)

    def _decide(self, *, edited: bool) -> None:
        memory, query = self._memory, self.query
        if memory is None:
            return
        if query is None:
            self._tasks.run_edit("Counting", memory.class_counts, self._counted, self._tasks.passed_over, topic=ANSWER)
            return
        scheme, without, known, side = self._scheme(memory), self.left_out_ids, frozenset(self.images), self.side
        silent = self.silent_shown
        self._edited = self._edited or edited
        self._tasks.run_edit(
            "Deciding",
            lambda: answer(memory, query, scheme, without=without, known=known, side=side, silent=silent),
            self._take,
            topic=ANSWER,
        )

    def _scheme(self, memory: Memory) -> VotingScheme:
        return VotingScheme.of(memory.settings, self.k, self.rule, level=self.level)

    def _counted(self, counts: Mapping[str, int]) -> None:
        self._take_counts(counts)
        self.decided.emit()

    def _take_counts(self, counts: Mapping[str, int], level: int = 0) -> None:
        self.counts = counts
        shown = frozenset(counts)
        names = short_labels(shown | {at_level(each, level) for each in shown} if level else shown)
        if names is not self.names:
            self.names, self.deepest = names, max(1, deepest(shown))

    def _take(self, answer: Answer) -> None:
        if self._edited and self.decision is not None:
            self.previous = dict(self.decision.shares)
        self._edited = False
        self.decision = answer.decision
        self._take_counts(answer.counts, answer.decision.level)
        shown = {n.id for n in answer.decision.neighbours}
        self.struck = tuple(n for n in self.struck if n.id not in shown | self.left_out_ids)
        if len(self.images) * self.side**2 > MOST_PIXELS:
            self.images = {i: image for i, image in self.images.items() if i in shown}
        self.images.update(answer.images)
        self.decided.emit()
        self._read_images(answer.later)

    def _read_images(self, ids: Collection[int]) -> None:
        """Read the images of cards that are not seen first, once the decision is painted."""
        self._tasks.supersede(IMAGES)
        memory, side = self._memory, self.side
        if memory is None or not ids:
            return

        def work() -> dict[int, QImage]:
            return card_images(memory, ids, side) if memory is self._memory else {}  # otherwise it may be closed by now

        def take(images: Mapping[int, QImage]) -> None:
            if memory is self._memory and side == self.side:
                self.images.update(images)
                self.images_read.emit()

        self._tasks.run_edit("Reading images", work, take, topic=IMAGES, wait_ms=AFTER_PAINT_MS)

    def _forget_query(self) -> None:
        self.query = self.decision = self.previous = None
        self.trail = ()
        self.struck, self.left_out, self._edited = (), (), False

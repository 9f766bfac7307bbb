"""Which other decisions an edit changes: the blast radius, read after every edit, or foreseen before it is made.

The decisions of the watch set are followed; without one, those of a seeded sample of the memory's own exemplars, each
decided by all others (leave-one-out). Their neighbour lists are kept current with the memory, so that an edit costs
one product with what is new and the votes of what it touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from visualmemory_gui.engine.decision import novelty
from visualmemory_gui.engine.decision.levels import at_level
from visualmemory_gui.engine.decision.many import Verdicts
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.standing import Asked, Standing
from visualmemory_gui.engine.store.checksum import content_key, vector_hash
from visualmemory_gui.engine.store.pictures import KeptPicture
from visualmemory_gui.engine.store.watch import Watched
from visualmemory_gui.engine.study.supposing import Proposal, Supposed, suppose
from visualmemory_gui.engine.types import I64, Bools, Changes

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory import VisualMemory

Kind = Literal["fixed", "broken", "moved"]


@dataclass(frozen=True, slots=True)
class Followed:
    """One decision that is followed: of the exemplar ``exemplar``, or of the watched picture ``picture``.

    ``expected`` is what it ought to be: the exemplar's own label, or what its watcher said.
    """

    expected: str
    exemplar: int | None = None
    picture: KeptPicture | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a followed decision stands; ``label`` and ``share`` are None where there is nothing to compare with."""

    query: Followed
    label: str | None
    share: float | None

    @property
    def right(self) -> bool:
        return self.label == self.query.expected


@dataclass(frozen=True, slots=True)
class Moved:
    """A decision that an edit moved from the label ``before`` to ``after``; None: nothing to compare with."""

    query: Followed
    before: str | None
    after: str | None

    @property
    def kind(self) -> Kind:
        if self.after == self.query.expected:
            return "fixed"
        return "broken" if self.before == self.query.expected else "moved"


@dataclass(frozen=True, slots=True)
class Radius:
    """What an edit does to ``of`` other decisions: ``watched`` ones, or a sample of the memory's own."""

    moved: tuple[Moved, ...]
    of: int
    watched: bool

    def count(self, kind: Kind) -> int:
        return sum(each.kind == kind for each in self.moved)


def foreseen_text(radius: Radius) -> str:
    """ "would fix 1, break 2 of 50 watched decisions", "would change none of 2,000 other decisions"."""
    what = f"{'watched' if radius.watched else 'other'} decision{'' if radius.of == 1 else 's'}"
    kinds: tuple[tuple[str, Kind], ...] = (("fix", "fixed"), ("break", "broken"), ("move", "moved"))
    parts = [f"{verb} {radius.count(kind):,}" for verb, kind in kinds if radius.count(kind)]
    return f"would {', '.join(parts) or 'change none'} of {radius.of:,} {what}"


class Follower:
    """Follows decisions of ``memory``, at the k, rule and level of its settings. For one thread at a time.

    Without a watch set the ``novelty.sample`` of its exemplars stands in. Raises Cancelled by ``report``.
    """

    def __init__(self, memory: VisualMemory, *, report: Report = silent) -> None:
        self._memory = memory
        self._watched = tuple(memory.watch.all())
        snapshot = memory.snapshot
        rows = np.empty(0, np.int64) if self._watched else novelty.sample(snapshot)
        self._ids: tuple[int, ...] = tuple(snapshot.ids[rows].tolist())
        self._asked = _pictures(self._watched) if self._watched else Asked.exemplars(snapshot, rows)
        self._stand(report)
        self._labels = self._decided()

    def __len__(self) -> int:
        return len(self._asked)

    def follow(self, changes: Changes) -> Radius:
        """What ``changes``, which came last, did to the decisions of other pictures than those they speak of."""
        self._catch_up(silent)
        before, self._labels = self._labels, self._decided()
        edited = set(changes.ids)
        others = np.array([i for i in range(len(self)) if not self._ids or self._ids[i] not in edited], np.int64)
        return Radius(self._moved(before, self._labels, others), len(self), bool(self._watched))

    def foresee(self, proposal: Proposal, *, report: Report = silent) -> Radius:
        """What the edit would do to other decisions, if it were made now; nothing is written.

        ``follow`` tells the same once it is made. What would be forgotten is not among the decisions any more. Raises
        UnknownExemplar, BadLabel, BadValue as the edit would, and Cancelled by ``report``.
        """
        supposed = suppose(self._memory, proposal)
        self._catch_up(report)
        after = self._standing.suppose(
            supposed.snapshot, gone=supposed.gone, came=supposed.came, vectors=supposed.vectors, report=report
        )
        touched = self._touched(supposed)
        moved = self._moved(self._decided(), self._decided(after), np.flatnonzero(~touched))
        left = int(touched.sum()) if supposed.forgets else 0
        return Radius(moved, len(self) - left, bool(self._watched))

    def rows(self) -> tuple[Verdict, ...]:
        """How the watch set stands, in its order; nothing without one."""
        if not self._watched:
            return ()
        verdicts = self._decide(self._standing)
        labels = _labels(verdicts)
        shares = [None if np.isnan(share) else float(share) for share in verdicts.share]
        return tuple(Verdict(self._query(i), labels[i], shares[i]) for i in range(len(self)))

    def _stand(self, report: Report) -> None:
        memory = self._memory
        search = memory.live.searcher.nearest_many
        self._standing = Standing(memory.snapshot, self._asked, search, k=memory.settings.k, report=report)

    def _catch_up(self, report: Report) -> None:
        if self._standing.deep < self._memory.settings.k:
            self._stand(report)
        self._standing.follow(self._memory.snapshot, report)

    def _decide(self, standing: Standing) -> Verdicts:
        settings = self._memory.settings
        return standing.decide(
            k=settings.k, rule=settings.rule, class_factor=settings.class_factor, level=settings.level
        )

    def _decided(self, standing: Standing | None = None) -> list[str | None]:
        return _labels(self._decide(standing or self._standing))

    def _moved(self, before: list[str | None], after: list[str | None], others: I64) -> tuple[Moved, ...]:
        """Those of the places ``others`` that are decided otherwise now."""
        pairs = ((i, before[i], after[i]) for i in others.tolist())
        return tuple(Moved(self._query(i), old, new) for i, old, new in pairs if old != new)

    def _touched(self, supposed: Supposed) -> Bools:
        """Which decisions the edit is about itself: of exemplars that it changes, of watched pictures it forgets."""
        if self._watched:
            return np.array([w.picture.content in supposed.contents for w in self._watched], bool)
        return np.isin(np.array(self._ids, np.int64), list(supposed.ids))

    def _query(self, place: int) -> Followed:
        level = self._memory.settings.level
        if self._watched:
            watched = self._watched[place]
            return Followed(at_level(watched.expected, level), picture=watched.picture)
        exemplar, snapshot = self._ids[place], self._memory.snapshot
        label = snapshot.labels[snapshot.label[snapshot.rows_of([exemplar])[0]]]
        return Followed(at_level(label, level), exemplar=exemplar)


def _labels(verdicts: Verdicts) -> list[str | None]:
    names = (*verdicts.labels, None)  # NOBODY is -1
    return [names[code] for code in verdicts.winner.tolist()]


def _pictures(watched: tuple[Watched, ...]) -> Asked:
    """Watched pictures are decided without exemplars of their content."""
    vectors = np.stack([w.picture.vector for w in watched if w.picture.vector is not None])
    content = np.array([content_key(w.picture.content) for w in watched], np.int64)
    twin = np.array([vector_hash(vector) for vector in vectors], np.int64)
    return Asked(vectors, content, twin, np.zeros(len(watched), np.int64))

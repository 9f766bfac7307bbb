"""Which decisions an edit changes: the blast radius, read after every edit, or foreseen before it is made.

The decisions of the watch set are followed; without one, those of a seeded sample of the memory's own exemplars, each
decided by all others (leave-one-out). Their neighbour lists are kept current with the memory, so that an edit costs
one product with what is new and the votes of what it touched.

Of the sample those decisions are counted that are the same question before and after the edit: an exemplar that votes
all the while, under the same label. Its own trust is no part of its own decision, so an exemplar that is trusted
otherwise is counted like any other. One that is relabelled is not: it ought to be something else now. One that is
struck out, restored, added, withdrawn or forgotten is not: on one side of the edit it is none of the memory's own.
Watched images are counted always, unless they are forgotten: what they ought to be does not come from the memory.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from weakref import WeakMethod, finalize

import numpy as np
import numpy.typing as npt

from visualmemory_gui.engine.decision.leave_one_out import own_class
from visualmemory_gui.engine.decision.levels import at_level
from visualmemory_gui.engine.decision.many import Verdicts
from visualmemory_gui.engine.decision.novelty import Sampling
from visualmemory_gui.engine.index.base import NO_ROWS
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.standing import Asked, Standing, goes_on, rows_of_those_here
from visualmemory_gui.engine.store.pictures import KeptPicture
from visualmemory_gui.engine.study.supposing import Proposal, Supposed, suppose
from visualmemory_gui.engine.types import I64, Changes

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory import VisualMemory

Kind = Literal["fixed", "broken", "moved"]
REMEMBERED = 64  # edits
AT_ONCE = 256
"""Exemplars that may join the sample after one edit; more of them are searched in the background."""


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
    """A decision that an edit moved from the label ``before`` to ``after``; None: nothing to compare with.

    ``was_right``: it was as expected before. A class that is renamed is expected under its new name from then on.
    """

    query: Followed
    before: str | None
    after: str | None
    was_right: bool

    @property
    def kind(self) -> Kind:
        right = self.after == self.query.expected
        if right == self.was_right:
            return "moved"
        return "fixed" if right else "broken"


@dataclass(frozen=True, slots=True)
class Radius:
    """What an edit does to ``of`` decisions: ``watched`` ones, or those of a sample of the memory's own exemplars.

    ``own`` of them are decisions of exemplars that the edit itself changes; ``left_out`` more are followed, but are
    another question after it.
    """

    moved: tuple[Moved, ...]
    of: int
    watched: bool
    own: int = 0
    left_out: int = 0

    def count(self, kind: Kind) -> int:
        return sum(each.kind == kind for each in self.moved)

    @property
    def base(self) -> str:
        """ "50 watched decisions"; "2,000 other decisions", "726 decisions" where exemplars that it changes are among
        them."""
        kind = "watched " if self.watched else "" if self.own else "other "
        return f"{self.of:,} {kind}decision{'' if self.of == 1 else 's'}"

    @property
    def words(self) -> str:
        """ "3 of 2,000 other decisions changed.": of an edit that was made."""
        return f"{f'{len(self.moved):,}' if self.moved else 'none'} of {self.base} changed."

    @property
    def foreseen(self) -> str:
        """ "would fix 1, break 2 of 50 watched decisions", "would change none of 2,000 other decisions"."""
        if not self.of and self.left_out:
            return f"would leave no {'watched' if self.watched else 'other'} decision to compare"
        kinds: tuple[tuple[str, Kind], ...] = (("fix", "fixed"), ("break", "broken"), ("move", "moved"))
        parts = [f"{verb} {self.count(kind):,}" for verb, kind in kinds if self.count(kind)]
        return f"would {', '.join(parts) or 'change none'} of {self.base}"


class Follower:
    """Follows decisions of ``memory``, at the k, rule and level of its settings. For one thread at a time.

    Without a watch set the sample of its exemplars (``novelty.sample``) stands in, that of the memory as it is: those
    who come join it, those who go leave it. ``outgrown``: more came at once than could be searched in passing, so that
    another follower is wanted. From the start it notes every edit, until ``close``; so what one edit did is told apart
    from what the next one did, however late it is asked for. Raises Cancelled by ``report``.
    """

    def __init__(self, memory: VisualMemory, *, report: Report = silent) -> None:
        self._memory = memory
        self._edits: deque[tuple[Changes, Snapshot | None]] = deque()
        self._found: deque[tuple[Changes, Radius]] = deque(maxlen=REMEMBERED)
        note = WeakMethod(self._note)  # one that nobody keeps is not told any more

        def tell(changes: Changes) -> None:
            if (heard := note()) is not None:
                heard(changes)

        self.close = finalize(self, memory.changed(tell))
        self.close.atexit = False
        self.outgrown = False
        self._watched = tuple(one for one in memory.watch.all() if one.picture.vector is not None)
        self._sampling = Sampling()
        self._seen = memory.snapshot
        rows = NO_ROWS if self._watched else self._sampling.rows(self._seen)
        self._stand(Asked.watched(self._watched) if self._watched else Asked.exemplars(self._seen, rows), report)
        self._labels = self._decided()

    def __len__(self) -> int:
        return len(self.asked)

    @property
    def asked(self) -> Asked:
        """The queries whose decisions are followed."""
        return self._standing.asked

    def follow(self, changes: Changes) -> Radius:
        """What the edit ``changes`` did to the decisions that are followed; of none where it came before the start."""
        self.catch_up()
        none = Radius((), 0, bool(self._watched))
        return next((radius for edit, radius in self._found if edit == changes), none)

    def catch_up(self) -> None:
        """Follow every edit up to now, one after the other."""
        while self._edits:
            changes, snapshot = self._edits[0]
            radius = self._step(changes, snapshot or self._memory.snapshot)
            self._edits.popleft()
            self._found.append((changes, radius))

    def _note(self, changes: Changes) -> None:
        """Called in the thread of the edit, which waits: nothing is computed here."""
        if changes.ids or changes.settings:
            self._edits.append((changes, None if changes.forgotten else self._memory.snapshot))

    def _step(self, changes: Changes, now: Snapshot) -> Radius:
        was, before, expected = self._seen, self._labels, self.asked.expected
        if now.change <= was.change and not changes.settings:
            return Radius((), 0, bool(self._watched))  # it was there from the start
        self._seen = now if now.change > was.change else was
        if self._standing.deep < self._memory.settings.k:
            self._stand(self.asked, silent)
        self._standing.follow(self._seen)
        if changes.relabelled:
            self._read_expected()
        self._labels = self._decided()
        places = self._same_question(was, self._seen)
        radius = self._radius(before, self._labels, places, expected, own=self._own(was, self._seen, places))
        self._renew(was)
        return radius

    def foresee(self, proposal: Proposal, *, report: Report = silent) -> Radius:
        """What the edit would do to decisions, if it were made now; nothing is written.

        ``follow`` tells the same once it is made. What would be forgotten is not among the decisions any more. Raises
        UnknownExemplar, BadLabel, BadValue as the edit would, and Cancelled by ``report``.
        """
        supposed = suppose(self._memory, proposal)
        self.catch_up()
        after = self._standing.suppose(
            supposed.snapshot, gone=supposed.gone, came=supposed.came, vectors=supposed.vectors, report=report
        )
        places = self._remaining(supposed) if self._watched else self._same_question(self._seen, supposed.snapshot)
        own = self._own(self._seen, supposed.snapshot, places)
        return self._radius(self._decided(), self._decided(after), places, self.asked.expected, own=own)

    def rows(self) -> tuple[Verdict, ...]:
        """How the watch set stands, in its order; nothing without one."""
        if not self._watched:
            return ()
        verdicts = self._decide(self._standing)
        labels = _labels(verdicts)
        shares = [None if np.isnan(share) else float(share) for share in verdicts.share]
        return tuple(Verdict(self._query(i), labels[i], shares[i]) for i in range(len(self)))

    def _stand(self, asked: Asked, report: Report) -> None:
        memory = self._memory
        search = memory.live.searcher.nearest_many
        self._standing = Standing(self._seen, asked, search, k=memory.settings.k, report=report)

    def _read_expected(self) -> None:
        """The watch set goes with a class that is renamed."""
        if self._watched:
            expected = {one.picture.id: one.expected for one in self._memory.watch.all()}
            now = [expected.get(one.picture.id, one.expected) for one in self._watched]
            self._standing.expect(now)

    def _renew(self, was: Snapshot) -> None:
        """Bring the sample up to the memory as it is, which was followed from ``was`` on."""
        if self._watched:
            return
        if not goes_on(was, self._seen):
            self._sampling = Sampling()
        rows, here = self._sampling.rows(self._seen), self._ids
        stays, came = np.isin(here, self._seen.ids[rows]), rows[~np.isin(self._seen.ids[rows], here)]
        self.outgrown = len(came) > AT_ONCE
        if not stays.all():
            self._standing.keep(np.flatnonzero(stays))
        if len(came) and not self.outgrown:
            self._standing.extend(Asked.exemplars(self._seen, came))
        if len(came) or not stays.all():
            self._labels = self._decided()

    @property
    def _ids(self) -> I64:
        """The exemplars that are followed; none where images are watched."""
        return NO_ROWS if self.asked.ids is None else self.asked.ids

    def _decide(self, standing: Standing) -> Verdicts:
        settings = self._memory.settings
        return standing.decide(
            k=settings.k, rule=settings.rule, class_factor=settings.class_factor, level=settings.level
        )

    def _decided(self, standing: Standing | None = None) -> list[str | None]:
        return _labels(self._decide(standing or self._standing))

    def _same_question(self, was: Snapshot, now: Snapshot) -> I64:
        """The places to count: of exemplars that vote under the same label in both, by id."""
        if self._watched:
            return np.arange(len(self))
        before, after = (_labels_of(snapshot, self._ids) for snapshot in (was, now))
        same = np.flatnonzero((before == after) & before.astype(bool))
        return same[np.argsort(self._ids[same], kind="stable")]

    def _remaining(self, supposed: Supposed) -> I64:
        """The places of watched images that the edit does not forget."""
        gone = np.array([one.picture.content in supposed.contents for one in self._watched], bool)
        return np.flatnonzero(~gone)

    def _own(self, was: Snapshot, now: Snapshot, places: I64) -> int:
        """How many of ``places`` are of exemplars that the edit changes: those it trusts otherwise."""
        if self._watched:
            return 0
        before, after = (snapshot.trust[rows_of_those_here(snapshot, self._ids[places])] for snapshot in (was, now))
        return int(np.count_nonzero(before != after))

    def _radius(
        self, before: list[str | None], after: list[str | None], places: I64, expected: Sequence[str], *, own: int
    ) -> Radius:
        """Of ``places`` those that are decided otherwise now; the watch set ``expected`` these before."""
        moved = []
        for i in places.tolist():
            if before[i] != after[i]:
                query = self._query(i)
                ought = at_level(expected[i], self._memory.settings.level) if self._watched else query.expected
                moved.append(Moved(query, before[i], after[i], was_right=before[i] == ought))
        left_out = len(self) - len(places)
        return Radius(tuple(moved), len(places), bool(self._watched), own, left_out)

    def _query(self, place: int) -> Followed:
        level = self._memory.settings.level
        if self._watched:
            return Followed(at_level(self.asked.expected[place], level), picture=self._watched[place].picture)
        exemplar = int(self._ids[place])
        [label] = _labels_of(self._seen, self._ids[place : place + 1])
        return Followed(at_level(label, level), exemplar=exemplar)


def _labels_of(snapshot: Snapshot, ids: I64) -> npt.NDArray[np.object_]:
    """The labels of exemplars, (n,) str; None for those that do not vote."""
    names = np.array((*snapshot.labels, None), object)  # NOBODY is -1
    return names[own_class(snapshot, rows_of_those_here(snapshot, ids))]


def _labels(verdicts: Verdicts) -> list[str | None]:
    names = (*verdicts.labels, None)  # NOBODY is -1
    return [names[code] for code in verdicts.winner.tolist()]

"""Which decisions an edit changes: read after every edit, or previewed before it is made.

The decisions of the watch set are tracked; without one, those of a seeded sample of the memory's own exemplars, each
decided by all others (leave-one-out). Their neighbour lists are kept current with the memory, so that an edit costs
one product with what is new and the votes of what it touched.

In the sample, a decision is counted if it is the same question before and after the edit: its exemplar votes
throughout, under the same label. An exemplar's trust plays no part in its own decision, so one whose trust changes is
counted like any other. One that is relabelled is not counted: its expected label is another now. One that is struck
out, restored, added, withdrawn or forgotten is not counted either: on one side of the edit it is not one of the
memory's own. Watched images are always counted, unless they are forgotten: their expected label does not come from the
memory.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from weakref import WeakMethod, finalize

import numpy as np
import numpy.typing as npt

from visualmemory_gui.engine.decision.decide_batch import Verdicts
from visualmemory_gui.engine.decision.leave_one_out import own_class
from visualmemory_gui.engine.decision.levels import at_level
from visualmemory_gui.engine.decision.queries import Queries
from visualmemory_gui.engine.decision.sample import Sampling
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.index.base import NO_ROWS
from visualmemory_gui.engine.memory.tracked_decisions import TrackedDecisions, continues, watched_queries
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.store.kept_images import KeptImage
from visualmemory_gui.engine.types import I64, Changes
from visualmemory_gui.engine.what_if.proposed_edit import EditedSnapshot, ProposedEdit

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import Memory, WholeMemory

ChangeKind = Literal["fixed", "broken", "moved"]
REMEMBERED = 64  # edits
AT_ONCE = 256
"""Exemplars that may join the sample after one edit; more of them are searched in the background."""


@dataclass(frozen=True, slots=True)
class TrackedQuery:
    """A query whose decision is tracked: the exemplar ``exemplar``, or the watched image ``image``.

    ``expected`` is its expected label: the exemplar's own, or the one given when the image was watched.
    """

    expected: str
    exemplar: int | None = None
    image: KeptImage | None = None


@dataclass(frozen=True, slots=True)
class WatchedDecision:
    """The decision on a watched image; ``label`` and ``share`` are None where there is nothing to compare with."""

    image: KeptImage
    expected: str
    label: str | None
    share: float | None

    @property
    def right(self) -> bool:
        return self.label == self.expected


@dataclass(frozen=True, slots=True)
class ChangedDecision:
    """A decision that an edit changes from the label ``before`` to ``after``; None: nothing to compare with.

    ``was_right``: it was as expected before. A renamed class is expected under its new name from then on.
    """

    query: TrackedQuery
    before: str | None
    after: str | None
    was_right: bool

    @property
    def kind(self) -> ChangeKind:
        """Whether the edit fixes the decision, breaks it, or changes one wrong answer to another."""
        right = self.after == self.query.expected
        if right == self.was_right:
            return "moved"
        return "fixed" if right else "broken"


@dataclass(frozen=True, slots=True)
class Impact:
    """The effect of an edit on ``of`` decisions: ``watched`` ones, or those of a sample of the memory's own exemplars.

    ``own`` of them are decisions of exemplars that the edit itself changes; ``left_out`` more are tracked, but are
    a different question after it.
    """

    changed: tuple[ChangedDecision, ...]
    of: int
    watched: bool
    own: int = 0
    left_out: int = 0

    def count(self, kind: ChangeKind) -> int:
        return sum(each.kind == kind for each in self.changed)

    @property
    def base(self) -> str:
        """ "50 watched decisions"; "2,000 other decisions", "726 decisions" where exemplars that it changes are among
        them."""
        kind = "watched " if self.watched else "" if self.own else "other "
        return f"{self.of:,} {kind}decision{'' if self.of == 1 else 's'}"

    @property
    def summary(self) -> str:
        """ "3 of 2,000 other decisions changed.": of an edit that was made."""
        return f"{f'{len(self.changed):,}' if self.changed else 'none'} of {self.base} changed."

    @property
    def forecast(self) -> str:
        """ "would fix 1, break 2 of 50 watched decisions", "would change none of 2,000 other decisions"."""
        if not self.of and self.left_out:
            return f"would leave no {'watched' if self.watched else 'other'} decision to compare"
        kinds: tuple[tuple[str, ChangeKind], ...] = (("fix", "fixed"), ("break", "broken"), ("move", "moved"))
        parts = [f"{verb} {self.count(kind):,}" for verb, kind in kinds if self.count(kind)]
        return f"would {', '.join(parts) or 'change none'} of {self.base}"


class ImpactTracker:
    """Keeps decisions of ``memory`` up to date across edits, at its k, rule and level. For one thread at a time.

    Without a watch set, a sample of its exemplars (``sample.sample``) takes its place and follows the memory: added
    exemplars join it, removed ones leave it. ``outgrown``: one edit added more than could be searched in passing, so
    that a new tracker is needed. It records every edit from the start until ``close``, so that the impact of one edit
    is kept apart from that of the next, however late it is asked for. Raises Cancelled by ``report``.
    """

    def __init__(self, memory: WholeMemory, *, report: Report = silent) -> None:
        self._memory = memory
        self._edits: deque[tuple[Changes, Snapshot | None]] = deque()
        self._found: deque[tuple[Changes, Impact]] = deque(maxlen=REMEMBERED)
        self.close = heard_weakly(self, memory, self._note)
        self.outgrown = False
        self._watched = tuple(one for one in memory.watch.all() if one.image.vector is not None)
        self._sampling = Sampling()
        self._seen = memory.snapshot
        rows = NO_ROWS if self._watched else self._sampling.rows(self._seen)
        self._track(watched_queries(self._watched) if self._watched else Queries.exemplars(self._seen, rows), report)
        self._labels = self._decided()

    def __len__(self) -> int:
        return len(self.queries)

    @property
    def queries(self) -> Queries:
        """The queries whose decisions are tracked."""
        return self._decisions.queries

    def impact_of(self, changes: Changes) -> Impact:
        """The impact of the edit ``changes`` on the tracked decisions; on none if it was made before the start."""
        self.catch_up()
        none = Impact((), 0, bool(self._watched))
        return next((impact for edit, impact in self._found if edit == changes), none)

    def catch_up(self) -> None:
        """Read every edit up to now, one after the other."""
        while self._edits:
            changes, snapshot = self._edits[0]
            impact = self._step(changes, snapshot or self._memory.snapshot)
            self._edits.popleft()
            self._found.append((changes, impact))

    def _note(self, changes: Changes) -> None:
        """Called in the thread of the edit, which waits, so nothing is computed here."""
        if changes.ids or changes.settings:
            self._edits.append((changes, None if changes.forgotten else self._memory.snapshot))

    def _step(self, changes: Changes, now: Snapshot) -> Impact:
        was, before, expected = self._seen, self._labels, self.queries.labels
        if now.change <= was.change and not changes.settings:
            return Impact((), 0, bool(self._watched))  # it was made before the start
        self._seen = now if now.change > was.change else was
        if self._decisions.max_k < VotingScheme.of(self._memory.settings).k:
            self._track(self.queries, silent)
        self._decisions.update(self._seen)
        if changes.relabelled:
            self._read_expected()
        self._labels = self._decided()
        places = self._same_question(was, self._seen)
        impact = self._impact(before, self._labels, places, expected, own=self._own(was, self._seen, places))
        self._renew(was)
        return impact

    def preview(self, edit: ProposedEdit, *, report: Report = silent) -> Impact:
        """The impact that ``edit`` would have if it were made now; nothing is written.

        ``impact_of`` gives the same once it is made. Exemplars to be forgotten are no longer among the decisions.
        Raises UnknownExemplar, BadLabel, BadValue as the edit would, and Cancelled by ``report``.
        """
        edited = edit.applied_to(self._memory)
        self.catch_up()
        after = self._decisions.as_if(edited.snapshot, edited.added, report=report)
        places = self._remaining(edited) if self._watched else self._same_question(self._seen, edited.snapshot)
        own = self._own(self._seen, edited.snapshot, places)
        return self._impact(self._decided(), self._decided(after), places, self.queries.labels, own=own)

    def watched_decisions(self) -> tuple[WatchedDecision, ...]:
        """The decisions on the watch set, in its order; empty without one."""
        if not self._watched:
            return ()
        verdicts = self._decide(self._decisions)
        labels = _labels(verdicts)
        shares = [None if np.isnan(share) else float(share) for share in verdicts.share]
        return tuple(
            WatchedDecision(watched.image, self._query(i).expected, labels[i], shares[i])
            for i, watched in enumerate(self._watched)
        )

    def _track(self, queries: Queries, report: Report) -> None:
        memory = self._memory
        search, k = memory.searcher.nearest_many, VotingScheme.of(memory.settings).k
        self._decisions = TrackedDecisions(self._seen, queries, search, k=k, report=report)

    def _read_expected(self) -> None:
        """Rename the expected labels of the watch set along with a class."""
        if self._watched:
            expected = {one.image.id: one.expected for one in self._memory.watch.all()}
            now = [expected.get(one.image.id, one.expected) for one in self._watched]
            self._decisions.set_expected(now)

    def _renew(self, was: Snapshot) -> None:
        """Update the sample to the present memory, tracked since ``was``."""
        if self._watched:
            return
        if not continues(was, self._seen):
            self._sampling = Sampling()
        rows, here = self._sampling.rows(self._seen), self._ids
        stays, came = np.isin(here, self._seen.ids[rows]), rows[~np.isin(self._seen.ids[rows], here)]
        self.outgrown = len(came) > AT_ONCE
        if not stays.all():
            self._decisions.keep(np.flatnonzero(stays))
        if len(came) and not self.outgrown:
            self._decisions.extend(Queries.exemplars(self._seen, came))
        if len(came) or not stays.all():
            self._labels = self._decided()

    @property
    def _ids(self) -> I64:
        """The tracked exemplars; none if images are watched."""
        return NO_ROWS if self.queries.ids is None else self.queries.ids

    def _decide(self, decisions: TrackedDecisions) -> Verdicts:
        settings = self._memory.settings
        return decisions.decide(VotingScheme.of(settings, level=settings.level))

    def _decided(self, decisions: TrackedDecisions | None = None) -> list[str | None]:
        return _labels(self._decide(decisions or self._decisions))

    def _same_question(self, was: Snapshot, now: Snapshot) -> I64:
        """The places to count: those of exemplars that vote under the same label in both, by id."""
        if self._watched:
            return np.arange(len(self))
        before, after = (_labels_of(snapshot, self._ids) for snapshot in (was, now))
        same = np.flatnonzero((before == after) & before.astype(bool))
        return same[np.argsort(self._ids[same], kind="stable")]

    def _remaining(self, edited: EditedSnapshot) -> I64:
        """The places of watched images that the edit does not forget."""
        gone = np.array([one.image.content in edited.forgotten for one in self._watched], bool)
        return np.flatnonzero(~gone)

    def _own(self, was: Snapshot, now: Snapshot, places: I64) -> int:
        """How many of ``places`` are of exemplars that the edit changes: those whose trust it changes."""
        if self._watched:
            return 0
        before, after = (snapshot.trust[snapshot.rows_if_here(self._ids[places])] for snapshot in (was, now))
        return int(np.count_nonzero(before != after))

    def _impact(
        self, before: list[str | None], after: list[str | None], places: I64, expected: Sequence[str], *, own: int
    ) -> Impact:
        """Those of ``places`` that are decided differently now; the watch set ``expected`` these before."""
        changed = []
        for i in places.tolist():
            if before[i] != after[i]:
                query = self._query(i)
                ought = at_level(expected[i], self._memory.settings.level) if self._watched else query.expected
                changed.append(ChangedDecision(query, before[i], after[i], was_right=before[i] == ought))
        left_out = len(self) - len(places)
        return Impact(tuple(changed), len(places), bool(self._watched), own, left_out)

    def _query(self, place: int) -> TrackedQuery:
        level = self._memory.settings.level
        if self._watched:
            return TrackedQuery(at_level(self.queries.labels[place], level), image=self._watched[place].image)
        exemplar = int(self._ids[place])
        [label] = _labels_of(self._seen, self._ids[place : place + 1])
        return TrackedQuery(at_level(label, level), exemplar=exemplar)


def heard_weakly(tracker: object, memory: Memory, note: Callable[[Changes], None]) -> finalize[..., object]:
    """Have the method ``note`` of ``tracker`` hear of every edit, until the result is called, or the tracker is no
    longer referenced."""
    weak = WeakMethod(note)

    def tell(changes: Changes) -> None:
        if (heard := weak()) is not None:
            heard(changes)

    close = finalize(tracker, memory.changed(tell))
    close.atexit = False
    return close


def _labels_of(snapshot: Snapshot, ids: I64) -> npt.NDArray[np.object_]:
    """The labels of exemplars, (n,) str; None for those that do not vote."""
    names = np.array((*snapshot.labels, None), object)  # ABSENT is -1
    return names[own_class(snapshot, snapshot.rows_if_here(ids))]


def _labels(verdicts: Verdicts) -> list[str | None]:
    names = (*verdicts.labels, None)  # ABSENT is -1
    return [names[code] for code in verdicts.winner.tolist()]

"""The smallest set of strikes that changes a decision.

Where all votes weigh the same (plurality) it is found by counting, at any size. Otherwise every set of up to three
strikes is tried, larger ones while time remains, and a set found greedily after that is labelled "at most".
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from visualmemory_gui.engine.decision.class_factor import largest_usual_size
from visualmemory_gui.engine.decision.leave_one_out import others_counted
from visualmemory_gui.engine.decision.levels import at_level
from visualmemory_gui.engine.decision.neighbour_pool import Ballot, Retrieve
from visualmemory_gui.engine.decision.votes import ABSENT
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F64, I64, Bools

SURE_SIZE = 3  # every set of so many strikes is tried, however long it takes, …
SURE_SIZE_JOINT = 1  # … under a joint rule also for who is not patient, …
MOST_SETS = 250_000  # … as long as there are no more of them than with k = 110
BUDGET_S = 0.05
MOST = 1000  # strikes; a larger set is of no use to anyone
AT_FIRST = 8
"""Strikes for which a greedy search compares the neighbours at first."""
_BLOCK = 4096
_BLOCK_JOINT = 256  # under a joint rule, where a set can take a tenth of a millisecond
_NO_ROWS: I64 = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Strikes:
    """Without the exemplars of ``rows`` (nearest first) the winner is ``label``; ``exact``: no smaller set does."""

    rows: tuple[int, ...]
    label: str
    exact: bool


def fewest_strikes(
    snapshot: Snapshot,
    retrieve: Retrieve,
    scheme: VotingScheme,
    *,
    to: str | None = None,
    excluded: I64 | None = None,
    own: I64 | None = None,
    budget_s: float = BUDGET_S,
    patient: bool = True,
    most: int = MOST,
    report: Report = silent,
) -> Strikes | None:
    """The fewest strikes after which the winner is ``to`` (at the level of ``scheme``), or another than now.

    ``excluded`` are rows that ``retrieve`` leaves out and that may not be struck, ``own`` is for ``others_counted``.
    None if no strikes are enough, or none up to ``most``; an empty set if the winner is ``to`` already. Unless
    ``patient``, the time limit applies to the small sets too, of which a large k has hundreds of thousands. ``report``
    receives the size being tried.
    """
    search = _Search(snapshot, retrieve, scheme, to=to, excluded=excluded, own=own, most=most, report=report)
    if search.winner is None or (to is not None and to == search.winner):
        return None if search.winner is None else Strikes((), search.winner, exact=True)
    if to is not None and not _is_there(snapshot, to, scheme.level):
        return None
    deadline = time.perf_counter() + budget_s
    for size in range(search.by_counting(), search.most + 1):
        places, whole = search.tried(size, deadline, patient=patient)
        if places is not None:
            return search.told(search.ballot(size), places, exact=True)
        if not whole:
            found = [found for found in search.at_most() if found is not None]
            return min(found, key=lambda strikes: len(strikes.rows), default=None)
    return None


def _is_there(snapshot: Snapshot, label: str, level: int) -> bool:
    """Whether an active exemplar is of the class ``label`` at ``level``."""
    return any(at_level(snapshot.labels[code], level) == label for code in np.flatnonzero(snapshot.counts).tolist())


class _Search:
    def __init__(
        self,
        snapshot: Snapshot,
        retrieve: Retrieve,
        scheme: VotingScheme,
        *,
        to: str | None,
        excluded: I64 | None,
        own: I64 | None,
        most: int,
        report: Report,
    ) -> None:
        self._report, self._own = report, own
        self._snapshot, self._retrieve, self.scheme, self._to = snapshot, retrieve, scheme, to
        self._excluded = np.empty(0, np.int64) if excluded is None else excluded
        self._wanted = scheme.k + SURE_SIZE
        self._rows, self._distances = retrieve(self._wanted)
        self.most = min(most, max(snapshot.active_count - len(self._excluded), 0))
        self._of_label: dict[int, I64] = {}
        self._without_beyond: tuple[int, Ballot] | None = None  # how many strikes it is for
        first = self._ballot(0)
        code = int(first.winners(np.empty((1, 0), np.int64))[0])
        self.winner = None if code == ABSENT else first.names[code]

    def ballot(self, strikes: int, *, beyond: bool = True) -> Ballot:
        """All rows that so many strikes can bring into play; ``beyond``: also those too far to vote."""
        if beyond or not self.scheme.joint:
            self._reach(strikes)
            return self._ballot(strikes if beyond else 0, strikes)
        if self._without_beyond is None or self._without_beyond[0] < strikes:
            reach = max(2 * strikes, AT_FIRST)
            self._reach(reach)
            self._without_beyond = reach, self._ballot(0, reach)
        return self._without_beyond[1]

    def _reach(self, strikes: int) -> None:
        """Retrieve as many neighbours as so many strikes can bring into play."""
        wanted = self.scheme.k + strikes
        if wanted > self._wanted and self._different >= self._wanted:
            self._wanted = max(2 * self._wanted, wanted)
            self._rows, self._distances = self._retrieve(self._wanted)

    def by_counting(self) -> int:
        """The first size that is enough, or that counting cannot judge; fewer strikes are never enough."""
        low, high = 0, 1
        while high <= self.most and not self._settled(high):
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if middle > self.most or self._settled(middle) else (middle, high)
        return high

    def tried(self, size: int, deadline: float, *, patient: bool) -> tuple[I64 | None, bool]:
        """A set of ``size`` places that is enough, and whether all were tried."""
        ballot = self.ballot(size)
        if ballot.equal_votes(self.scheme.k + size, size):
            return self._counted(ballot, size), True
        candidates, winner = self._candidates(ballot, size), ballot.code(self.winner)
        target = ballot.code(self._to)
        if self._to is not None and target == ABSENT:
            return None, True
        joint = self.scheme.joint
        sure = patient and size <= SURE_SIZE and math.comb(len(candidates), size) <= MOST_SETS
        sure = sure or (joint and size <= SURE_SIZE_JOINT)
        if joint and not patient and not sure:
            return None, False
        for block in _subsets(candidates, size, _BLOCK_JOINT if joint else _BLOCK):
            self._report(size, None)
            if not sure and time.perf_counter() > deadline:
                return None, False
            block = block[_first_of_their_kind(ballot, block)]
            found = ballot.winners(block)
            does = found == target if target != ABSENT else (found != winner) & (found != ABSENT)
            if does.any():
                return block[int(np.argmax(does))], True
        return None, True

    def _settled(self, size: int) -> bool:
        ballot = self.ballot(size)
        return not ballot.equal_votes(self.scheme.k + size, size) or self._counted(ballot, size) is not None

    def _counted(self, ballot: Ballot, size: int) -> I64 | None:
        """The places to strike where every vote weighs the same, None where ``size`` strikes are not enough."""
        classes = ballot.classes[: min(self.scheme.k + size, ballot.near)]
        number = np.bincount(classes, minlength=len(ballot.names))
        last = np.zeros(len(number), np.int64)
        last[classes] = np.arange(len(classes))  # the last of equal indices stays
        best: tuple[int, int, I64] | None = None
        for code in self._targets(ballot):
            if not number[code]:
                continue
            over = np.maximum(0, number - number[code] + (last < last[code]))
            over[(number == 0) | (np.arange(len(number)) == code)] = 0
            if int(over.sum()) <= size and (best is None or int(over.sum()) < best[0]):
                best = int(over.sum()), code, over
        if best is None:
            return None
        return _earliest(classes, best[2], best[1], size)

    def at_most(self) -> tuple[Strikes | None, Strikes | None]:
        """What the two quick ways find. Under a joint rule, where a greedy step is slow, it must be fewer strikes."""
        toppled = self.toppled()
        fewer = len(toppled.rows) - 1 if toppled is not None and self.scheme.joint else self.most
        return toppled, self.greedy(fewer)

    def greedy(self, most: int) -> Strikes | None:
        """Strike whatever helps most, up to ``most`` times; then restore what was not needed."""
        struck: list[int] = []
        while len(struck) < most:
            self._report(len(struck), None)
            ballot = self.ballot(len(struck) + 1, beyond=False)
            free = [place for place in ballot.within(len(struck)).tolist() if place not in struck]
            if self.scheme.joint:
                weighs = self._weighs(ballot, struck)
                free = [place for place in free if weighs[place] > 0.0]
            if not free:
                return None
            tried = np.array([[*struck, place] for place in free], np.int64)
            leads = ballot.leads(tried, ballot.code(self._to), ballot.code(self.winner))
            struck = tried[int(np.argmax(leads))].tolist()
            if self._done(ballot, struck):
                return self.told(ballot, np.array(self._needed(ballot, struck)), exact=False)
        return None

    def toppled(self) -> Strikes | None:
        """Strike the winner's first vote, under a joint rule its largest, repeatedly; then restore what was not needed.

        Where the class factor acts, a small class does not get weaker until it has no vote left: no single strike
        helps, and the greedy search goes astray.
        """
        struck: list[int] = []
        while len(struck) < self.most:
            self._report(len(struck), None)
            ballot = self.ballot(len(struck) + 1, beyond=False)
            winner = int(ballot.winners(np.array([struck], np.int64).reshape(1, -1))[0])
            votes = ballot.within(len(struck))
            votes = votes[(ballot.classes[votes] == winner) & ~np.isin(votes, struck)]
            largest = np.argmax(self._weighs(ballot, struck)[votes]) if self.scheme.joint else 0
            struck.append(int(votes[largest]))
            if self._done(ballot, struck):
                return self.told(ballot, np.array(self._needed(ballot, struck)), exact=False)
            if int(ballot.winners(np.array([struck], np.int64))[0]) == ABSENT:
                return None
        return None

    def told(self, ballot: Ballot, places: I64, *, exact: bool) -> Strikes:
        places = np.sort(places)
        label = ballot.names[int(ballot.winners(places[None, :])[0])]
        return Strikes(tuple(ballot.rows[places].tolist()), label, exact)

    def _done(self, ballot: Ballot, struck: list[int]) -> bool:
        winner = int(ballot.winners(np.array([struck], np.int64))[0])
        if self._to is not None:
            return winner == ballot.code(self._to) and winner != ABSENT
        return winner not in (ABSENT, ballot.code(self.winner))

    def _weighs(self, ballot: Ballot, struck: list[int]) -> F64:
        """The votes by place after those strikes."""
        votes: F64 = ballot.votes(np.array([struck], np.int64).reshape(1, -1))[0]
        return votes

    def _needed(self, ballot: Ballot, struck: list[int]) -> list[int]:
        for place in sorted(struck, reverse=True):
            fewer = [other for other in struck if other != place]
            if self._done(ballot, fewer):
                struck = fewer
        return struck

    def _targets(self, ballot: Ballot) -> list[int]:
        if self._to is not None:
            code = ballot.code(self._to)
            return [] if code == ABSENT else [code]
        return [code for code in range(len(ballot.names)) if ballot.names[code] != self.winner]

    def _candidates(self, ballot: Ballot, size: int) -> I64:
        """Places worth striking, those that vote against the wanted class first, so that they win among equal sets."""
        places = np.concatenate([ballot.within(size), np.arange(ballot.near, len(ballot.rows))])
        if self._to is not None:
            friend = ballot.classes[places] == ballot.code(self._to)
        else:
            friend = ballot.classes[places] != ballot.code(self.winner)
        out: I64 = places[np.argsort(friend, kind="stable")]
        return out

    def _ballot(self, strikes: int, reach: int = 0) -> Ballot:
        first = replace(self.scheme, k=self.scheme.k + max(strikes, reach)).voters(self._snapshot, self._rows)
        rows, distances = self._rows[first], self._distances[first]
        beyond = self._beyond(rows, strikes)
        return Ballot(self._snapshot, rows, distances, self.scheme, beyond=beyond, own=self._own)

    @property
    def _different(self) -> int:
        """How many neighbours were found, as k counts them."""
        if not self.scheme.joint:
            return len(self._rows)
        return len(np.unique(self._snapshot.twin[self._rows]))

    def _beyond(self, rows: I64, strikes: int) -> I64:
        """Exemplars that are too far to vote, but whose strike would change the class factor of those that do.

        Those that can be of use: their class is wanted and would weigh more, or the mean of all classes would move.
        """
        snapshot, form = self._snapshot, self.scheme.class_factor
        here = np.unique(snapshot.label[rows]).astype(np.int64)
        largest = largest_usual_size(form, snapshot.counts, strikes)
        small = others_counted(snapshot, here, self._own) < largest + strikes
        if not strikes or not small.any():
            return np.empty(0, np.int64)
        found = {label: strikes for label in here[small].tolist() if self._wanted_class(label)}
        if form == "mean":
            for label, count in self._moving_the_mean(here, here[small], rows, strikes):
                found[label] = max(count, found.get(label, 0))
        return np.concatenate([_NO_ROWS, *(self._far(label, rows)[:count] for label, count in found.items())])

    def _moving_the_mean(self, here: I64, small: I64, near: I64, strikes: int) -> Iterator[tuple[int, int]]:
        """Labels, and how many exemplars of each: enough to bring the mean of all classes wherever ``strikes`` can.

        ``here`` are the labels that vote, ``small`` those of them whose factor can change. Where only the mean is to
        move, an exemplar of one class does as well as one of another, and the smallest classes are emptied soonest.
        """
        counts = self._snapshot.counts
        blocked = np.isin(np.arange(len(counts)), self._snapshot.label[self._excluded])
        voting = np.isin(np.arange(len(counts)), here)
        for label in here[(counts[here] <= strikes) & ~blocked[here]].tolist():
            yield label, strikes
        others = np.flatnonzero((counts > 0) & ~voting)
        by_size = others[np.argsort(counts[others], kind="stable")]
        can_be_emptied = by_size[~blocked[by_size]]
        yield from ((label, strikes) for label in can_be_emptied[counts[can_be_emptied].cumsum() <= strikes].tolist())
        left = strikes
        for label in (*by_size[::-1].tolist(), *np.setdiff1d(here, small).tolist()):
            if left > 0:
                there = len(self._far(label, near)) - int(not voting[label] and not blocked[label])
                left -= there
                yield label, min(there, strikes)
        if left > 0:
            yield from ((label, strikes) for label in small.tolist())

    def _wanted_class(self, label: int) -> bool:
        name = at_level(self._snapshot.labels[label], self.scheme.level)
        return name == self._to or (self._to is None and name != self.winner)

    def _far(self, label: int, near: I64) -> I64:
        """The exemplars of a label that may be struck, but for the rows ``near``."""
        if label not in self._of_label:
            rows = np.flatnonzero(self._snapshot.active & (self._snapshot.label == label))
            self._of_label[label] = rows[~np.isin(rows, self._excluded)]
        rows = self._of_label[label]
        return rows[~np.isin(rows, near)]


def _earliest(classes: I64, over: I64, target: int, size: int) -> I64:
    """``size`` places: of each class so many of its first votes as ``over`` says, then more of the rivals', first."""
    chosen: list[int] = []
    for code in np.flatnonzero(over).tolist():
        chosen += np.flatnonzero(classes == code)[: over[code]].tolist()
    rest = [place for place in range(len(classes)) if place not in chosen]
    rest.sort(key=lambda place: (classes[place] == target, place))
    return np.array((chosen + rest)[:size], np.int64)


def _first_of_their_kind(ballot: Ballot, block: I64) -> Bools:
    """Which sets take the exemplars beyond, of which all of one label count the same, in their order."""
    before = np.maximum(block - 1, 0)
    bound = (before >= ballot.near) & (ballot.labels[block] == ballot.labels[before])
    if not bound.any():
        return np.ones(len(block), bool)
    there = (before[:, :, None] == block[:, None, :]).any(axis=2)
    out: Bools = (there | ~bound).all(axis=1)
    return out


def _subsets(places: I64, size: int, most: int) -> Iterator[I64]:
    """All sets of ``size`` places, (m, size) at a time, m up to ``most``."""
    sets = itertools.combinations(places.tolist(), size)
    while block := list(itertools.islice(sets, most)):
        yield np.array(block, np.int64)

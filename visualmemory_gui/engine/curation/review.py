"""Review: labels that the other exemplars contradict, and images that are in the memory twice.

One leave-one-out retrieval over all active exemplars answers both. The own label's share of the vote found 75 to 96 %
of flipped labels where counting wrong neighbours found 22 to 45 %; ``benchmarks/review.py`` measures it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from visualmemory_gui.engine.curation.label_check import Answers, LabelCheck
from visualmemory_gui.engine.curation.label_votes import SCHEME, LabelVotes
from visualmemory_gui.engine.curation.planted_flips import FEWEST, WANTED, Cut, cut
from visualmemory_gui.engine.curation.suspect import LABEL, Relabelling, Suspect
from visualmemory_gui.engine.decision.equal_vectors import rows_behind
from visualmemory_gui.engine.decision.leave_one_out import ContentKeys, LeftOut
from visualmemory_gui.engine.decision.neighbour_table import NeighbourTable
from visualmemory_gui.engine.decision.votes import ABSENT
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.store.dismissals import Judged, holds
from visualmemory_gui.engine.types import F64, I64, Rule

if TYPE_CHECKING:
    from visualmemory_gui.engine.decision.leave_one_out import NearestMany
    from visualmemory_gui.engine.memory.protocol import WholeMemory

WIDEST = 0.10
"""The largest distance at which two images may count as near-equal."""
SHOWN_AGAINST = 3
MOST_COPIES = 10  # times k neighbours vote: of more copies of few vectors the rest would hardly change a share
NEARLY = 0.05
NOT_CUT = f"With under {FEWEST} exemplars, or one class, it cannot be told which labels are likely to be wrong."
HIDDEN = "wrong labels between similar classes hide"
PAIR = "pair"  # the kind of a kept judgement on two exemplars


@dataclass(frozen=True, slots=True)
class Group:
    """Exemplars of equal content or of vectors closer than a threshold, by id; ``distance`` is the largest link."""

    ids: tuple[int, ...]
    labels: tuple[str, ...]
    distance: float

    @property
    def conflict(self) -> bool:
        return len(set(self.labels)) > 1


@dataclass(frozen=True, slots=True)
class Survey:
    """The result of one review of the memory at change number ``change``. The most suspicious suspects come first.

    ``cut`` is None where there is too little to measure it on. ``k`` neighbours voted on each label. ``answers`` are
    those to a check, None without one.
    ``pairs`` is (p, 2) ids, the smaller first, ``distances`` (p,) float64, increasing: 0 for equal content.
    """

    change: int
    looked_at: int
    suspects: tuple[Suspect, ...]
    pairs: I64
    distances: F64
    labels: dict[int, str]
    cut: Cut | None = None
    k: int = SCHEME.k
    answers: Answers | None = None

    @property
    def rule(self) -> Rule:
        """The rule by which they voted, whatever the memory decides by."""
        return SCHEME.rule

    @property
    def likely(self) -> tuple[Suspect, ...]:
        """The suspects above the cut; all of them come before the others."""
        return tuple(suspect for suspect in self.suspects if suspect.likely)

    @property
    def recall(self) -> str:
        """ "This list of 264 finds about half of randomly wrong labels; …": what the likely ones are worth."""
        if self.cut is None:
            return NOT_CUT
        part = "half" if abs(self.cut.recall - WANTED) < NEARLY else f"{100 * self.cut.recall:.0f} %"
        return f"This list of {len(self.likely):,} finds about {part} of randomly wrong labels; {HIDDEN}."

    def without(self, ids: Collection[int]) -> Survey:
        """The same without ``ids``, as suspects and in pairs."""
        stays = ~np.isin(self.pairs, list(ids)).any(axis=1)
        gone = set(ids)
        suspects = tuple(suspect for suspect in self.suspects if suspect.id not in gone)
        return replace(self, suspects=suspects, pairs=self.pairs[stays], distances=self.distances[stays])

    def groups(self, threshold: float) -> list[Group]:
        """Groups of images linked at ``threshold``: conflicts first, then the closest."""
        near = self.pairs[self.distances <= threshold]
        found = [
            Group(tuple(ids), tuple(self.labels[i] for i in ids), widest)
            for ids, widest in _components(near, self.distances[: len(near)])
        ]
        return sorted(found, key=lambda group: (not group.conflict, group.distance, group.ids))


def relabellings(suspects: Sequence[Suspect]) -> tuple[Relabelling, ...]:
    """The suspects by label and suggestion: the largest group first, of equal ones that of the first suspect."""
    found: dict[tuple[str, str], list[Suspect]] = {}
    for suspect in suspects:
        found.setdefault((suspect.label, suspect.suggested), []).append(suspect)
    groups = sorted(found.items(), key=lambda item: -len(item[1]))
    return tuple(Relabelling(*labels, tuple(members)) for labels, members in groups)


def survey(
    memory: WholeMemory, *, k: int = SCHEME.k, check: LabelCheck | None = None, report: Report = silent
) -> Survey:
    """Review all active exemplars of ``memory``, except those kept as they are; and see what became of a ``check``.

    Raises Cancelled.
    """
    found = look(memory.snapshot, memory.searcher.nearest_many, k=k, report=report)
    labels, pairs = memory.kept.all(LABEL), memory.kept.all(PAIR)
    suspects = tuple(s for s in found.suspects if not holds(labels, (s.id, 0), s.label))
    stays = [not holds(pairs, judged, seen_of(found.labels, judged)) for judged in map(_judged, found.pairs)]
    which = np.array(stays, bool)
    answers = check.answers(memory) if check is not None else None
    stay = found.pairs[which], found.distances[which]
    return replace(found, suspects=suspects, pairs=stay[0], distances=stay[1], answers=answers)


def look(snapshot: Snapshot, nearest_many: NearestMany, *, k: int, report: Report = silent) -> Survey:
    """The same on a snapshot, ignoring kept judgements. ``k`` neighbours vote on each label as in ``label_votes``."""
    rows = np.flatnonzero(snapshot.active)
    left_out = LeftOut(snapshot, ContentKeys.of(snapshot, rows))
    found = nearest_many(snapshot, snapshot.vectors[rows], k, excluded_rows=left_out, report=report, different=True)
    vectors = NeighbourTable.of(found, k)
    table = NeighbourTable(len(rows), MOST_COPIES * k)
    table.rows, table.distances = rows_behind(snapshot, *vectors.arrays, left_out.hides, most=table.width)
    pairs, distances = _pairs(snapshot, rows, table)
    spoken = np.unique(pairs)
    labels = {int(i): snapshot.labels[snapshot.label[r]] for i, r in zip(spoken, snapshot.rows_of(spoken), strict=True)}
    votes = LabelVotes.of(snapshot, rows, table, report=report)
    border = cut(votes, snapshot.label.astype(np.int64))
    suspects = _suspects(snapshot, votes, table, border)
    return Survey(snapshot.change, len(rows), suspects, pairs, distances, labels, border, k)


def seen_of(labels: dict[int, str], judged: Judged) -> str:
    """The basis of a judgement on a pair: both labels."""
    return "\n".join(labels[i] for i in judged)


def pairs_within(group: Group) -> list[tuple[Judged, str]]:
    """Every pair of a group with its basis, as ``Kept.keep`` takes it."""
    label_of = dict(zip(group.ids, group.labels, strict=True))
    return [((a, b), seen_of(label_of, (a, b))) for n, a in enumerate(group.ids) for b in group.ids[n + 1 :]]


def _suspects(snapshot: Snapshot, votes: LabelVotes, table: NeighbourTable, border: Cut | None) -> tuple[Suspect, ...]:
    """Exemplars that the others decide differently, the most suspicious first."""
    found = votes.verdict(snapshot.label.astype(np.int64))
    contradicted = np.flatnonzero(found.contradicted)
    above = np.zeros(len(found.own), bool) if border is None else border.above(found.own, found.share)
    return tuple(
        Suspect(
            id=int(snapshot.ids[votes.asked[i]]),
            label=snapshot.labels[found.label[i]],
            share=float(found.own[i]),
            suggested=snapshot.labels[found.winner[i]],
            suggested_share=float(found.share[i]),
            against=_against(snapshot, table.rows[i], table.distances[i], own=int(found.label[i])),
            likely=bool(above[i]),
        )
        for i in found.order(contradicted).tolist()
    )


def _against(snapshot: Snapshot, rows: I64, distances: F64, *, own: int) -> tuple[tuple[int, str, float], ...]:
    """The nearest neighbours of another label."""
    other = [(int(row), float(d)) for row, d in zip(rows, distances, strict=True) if row != ABSENT]
    other = [(row, d) for row, d in other if snapshot.label[row] != own][:SHOWN_AGAINST]
    return tuple((int(snapshot.ids[row]), snapshot.labels[snapshot.label[row]], d) for row, d in other)


def _pairs(snapshot: Snapshot, rows: I64, table: NeighbourTable) -> tuple[I64, F64]:
    """Near pairs of active exemplars, each once: equal content or vector by their keys, others by the lists.

    Images of one group (a burst, a video) are similar by nature: they count as pairs only if equal.
    """
    query, place = np.nonzero((table.rows != ABSENT) & (table.distances <= WIDEST))
    found = [np.stack([rows[query], table.rows[query, place]], axis=1)]
    distances = [table.distances[query, place]]
    for keys in (snapshot.content[rows], snapshot.twin[rows]):
        order = np.argsort(keys, kind="stable")
        same = (keys[order][1:] == keys[order][:-1]) & (keys[order][1:] != 0)
        found.append(np.stack([rows[order[:-1][same]], rows[order[1:][same]]], axis=1))
        distances.append(np.zeros(int(same.sum())))
    pairs, far = np.sort(np.concatenate(found), axis=1), np.concatenate(distances)
    order = np.lexsort((far, pairs[:, 1], pairs[:, 0]))
    pairs, far = pairs[order], far[order]
    first = np.ones(len(pairs), bool)
    first[1:] = (pairs[1:] != pairs[:-1]).any(axis=1)
    pairs, far = pairs[first], far[first]
    order = np.argsort(far, kind="stable")
    return snapshot.ids[pairs[order]], far[order]


def _components(pairs: I64, distances: F64) -> list[tuple[list[int], float]]:
    """Connected components of the pairs: ids increasing, and the largest distance among their links."""
    parent: dict[int, int] = {}

    def root(i: int) -> int:
        parent.setdefault(i, i)
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for a, b in pairs.tolist():
        one, other = root(a), root(b)
        parent[max(one, other)] = min(one, other)
    members: dict[int, list[int]] = {}
    for i in sorted(parent):
        members.setdefault(root(i), []).append(i)
    widest: dict[int, float] = {}
    for (a, _), distance in zip(pairs.tolist(), distances.tolist(), strict=True):
        widest[root(a)] = max(widest.get(root(a), 0.0), distance)
    return [(ids, widest[at]) for at, ids in members.items()]


def _judged(pair: Sequence[int]) -> Judged:
    return int(pair[0]), int(pair[1])

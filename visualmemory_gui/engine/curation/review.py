"""Review: labels that the other exemplars contradict, and images that are in the memory twice.

One leave-one-out retrieval over all active exemplars answers both. The own label's share of the vote found 75 to 96 %
of flipped labels where counting wrong neighbours found 22 to 45 %; ``benchmarks/review.py`` measures it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from visualmemory_gui.engine.decision.decide_batch import decide_many
from visualmemory_gui.engine.decision.leave_one_out import ContentKeys, LeftOut, own_class
from visualmemory_gui.engine.decision.neighbour_arrays import NeighbourArrays
from visualmemory_gui.engine.decision.neighbour_table import NeighbourTable
from visualmemory_gui.engine.decision.votes import ABSENT
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.store.dismissals import Judged, holds
from visualmemory_gui.engine.types import F64, I64

if TYPE_CHECKING:
    from visualmemory_gui.engine.decision.leave_one_out import NearestMany
    from visualmemory_gui.engine.memory.protocol import WholeMemory

NEIGHBOURS = 50
"""More neighbours than for a decision: on the demo memory with flipped labels the own label's share over 50 neighbours
found 64 % at the true number, over 10 neighbours 53 %."""
WIDEST = 0.10
"""The largest distance at which two images may count as near-equal."""
SHOWN_AGAINST = 3
LABEL, PAIR = "label", "pair"  # kinds of kept judgements


@dataclass(frozen=True, slots=True)
class Suspect:
    """An exemplar whose own label gets ``share`` of the others' vote, and ``suggested`` gets ``suggested_share``.

    ``against`` are the nearest exemplars of another label, (id, label, distance).
    """

    id: int
    label: str
    share: float
    suggested: str
    suggested_share: float
    against: tuple[tuple[int, str, float], ...]


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

    ``pairs`` is (p, 2) ids, the smaller first, ``distances`` (p,) float64, increasing: 0 for equal content.
    """

    change: int
    looked_at: int
    suspects: tuple[Suspect, ...]
    pairs: I64
    distances: F64
    labels: dict[int, str]

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


def survey(memory: WholeMemory, *, k: int = NEIGHBOURS, report: Report = silent) -> Survey:
    """Review all active exemplars of ``memory``, except those kept as they are. Raises Cancelled."""
    found = look(memory.snapshot, memory.searcher.nearest_many, k=k, report=report)
    labels, pairs = memory.kept.all(LABEL), memory.kept.all(PAIR)
    suspects = tuple(s for s in found.suspects if not holds(labels, (s.id, 0), s.label))
    stays = [not holds(pairs, judged, seen_of(found.labels, judged)) for judged in map(_judged, found.pairs)]
    which = np.array(stays, bool)
    return Survey(found.change, found.looked_at, suspects, found.pairs[which], found.distances[which], found.labels)


def look(snapshot: Snapshot, nearest_many: NearestMany, *, k: int, report: Report = silent) -> Survey:
    """The same on a snapshot, ignoring kept judgements. Rank voting over ``k`` neighbours, without class factor, which
    would let every small class win where it is near."""
    rows = np.flatnonzero(snapshot.active)
    table = NeighbourTable(len(rows), k)
    found = nearest_many(
        snapshot,
        snapshot.vectors[rows],
        k,
        excluded_rows=LeftOut(snapshot, ContentKeys.of(snapshot, rows)),
        report=report,
    )
    table.put(np.arange(len(rows)), found)
    pairs, distances = _pairs(snapshot, rows, table)
    spoken = np.unique(pairs)
    labels = {int(i): snapshot.labels[snapshot.label[r]] for i, r in zip(spoken, snapshot.rows_of(spoken), strict=True)}
    return Survey(snapshot.change, len(rows), _suspects(snapshot, rows, table, k=k), pairs, distances, labels)


def seen_of(labels: dict[int, str], judged: Judged) -> str:
    """The basis of a judgement on a pair: both labels."""
    return "\n".join(labels[i] for i in judged)


def pairs_within(group: Group) -> list[tuple[Judged, str]]:
    """Every pair of a group with its basis, as ``Kept.keep`` takes it."""
    label_of = dict(zip(group.ids, group.labels, strict=True))
    return [((a, b), seen_of(label_of, (a, b))) for n, a in enumerate(group.ids) for b in group.ids[n + 1 :]]


def _suspects(snapshot: Snapshot, rows: I64, table: NeighbourTable, *, k: int) -> tuple[Suspect, ...]:
    """Exemplars that the others decide differently, the smallest share of their own label first."""
    own = own_class(snapshot, rows)
    scheme = VotingScheme("rank", k, class_factor=False)
    verdicts = decide_many(snapshot, *table.arrays, scheme, own=own)
    near = NeighbourArrays.of(snapshot, *table.arrays, own=own)
    votes = scheme.vote_weights(near)
    total = votes.sum(axis=1)
    share = np.divide(
        (votes * (near.codes == own[:, None])).sum(axis=1), total, out=np.zeros(len(rows)), where=total > 0
    )
    suspects = np.flatnonzero((verdicts.winner != own) & (verdicts.winner != ABSENT))
    order = suspects[np.lexsort((rows[suspects], -verdicts.share[suspects], share[suspects]))]
    return tuple(
        Suspect(
            id=int(snapshot.ids[rows[i]]),
            label=snapshot.labels[own[i]],
            share=float(share[i]),
            suggested=snapshot.labels[verdicts.winner[i]],
            suggested_share=float(verdicts.share[i]),
            against=_against(snapshot, table.rows[i], table.distances[i], own=int(own[i])),
        )
        for i in order.tolist()
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

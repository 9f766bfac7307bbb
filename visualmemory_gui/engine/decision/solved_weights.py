"""The weights that the ridge vote found for many queries: an edit has those solved again whose answer it may change.

Whether weights are still the answer can be read off them. A vector that comes in changes nothing where it would get no
weight; one that leaves, or whose voice changes, matters only where it had some. So most lists that an edit moves keep
their weights, and the others start from the ones they had.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Protocol

import numpy as np

from visualmemory_gui.engine.decision import ridge
from visualmemory_gui.engine.decision.votes import ABSENT
from visualmemory_gui.engine.types import F64, I64, Bools

if TYPE_CHECKING:
    from collections.abc import Callable

    from visualmemory_gui.engine.decision.neighbour_arrays import NeighbourArrays

    Solve = Callable[[NeighbourArrays, Bools | None], F64]

AT_ONCE = 256
"""Lists that are compared with what they were together: k x k bytes each."""


class Solutions(Protocol):
    """What knows some of the weights that a joint rule would find."""

    def weights(self, near: NeighbourArrays, solve: Solve, *, way: object, gamma: float) -> F64:
        """The weights of ``near``, different vectors, (q, k).

        ``solve(part, passive)`` finds those of some queries, supposing which are above 0; ``way`` is all else that the
        answer depends on.
        """


class SolvedWeights:
    """For queries that stay the same, over snapshots in which a row stays the same exemplar.

    A weight depends on the different vectors that vote and on their voices, and on nothing else that an edit moves.
    """

    def __init__(self) -> None:
        self._rows: I64 = np.empty((0, 0), np.int64)
        self._voice: F64 = np.empty((0, 0))
        self._weights: F64 = np.empty((0, 0))
        self._way: object = None
        self.solved = 0
        """How many lists the last call had to solve."""

    def weights(self, near: NeighbourArrays, solve: Solve, *, way: object, gamma: float) -> F64:
        """As ``Solutions`` say."""
        assert near.places is not None
        rows, voice = np.where(near.there, near.places, ABSENT), near.heard
        if len(rows) != len(self._rows) or way != self._way:
            found, self.solved = solve(near, None), len(rows)
        else:
            found = self._brought_up(near, rows, voice, solve, gamma=gamma)
        self._rows, self._voice, self._weights, self._way = rows, voice, found, way
        return found

    def _brought_up(self, near: NeighbourArrays, rows: I64, voice: F64, solve: Solve, *, gamma: float) -> F64:
        q, k = rows.shape
        found = np.zeros((q, k))
        moved = np.ones(q, np.bool_)
        if k == self._rows.shape[1]:
            moved = ((rows != self._rows) | (voice != self._voice)).any(axis=1)
            found[~moved] = self._weights[~moved]
        again: list[I64] = []
        for start in range(0, int(moved.sum()), AT_ONCE):
            which = np.flatnonzero(moved)[start : start + AT_ONCE]
            carried, came, stands = self._carried(rows[which], voice[which], which)
            found[which] = carried
            open_ = np.flatnonzero(stands & came.any(axis=1))
            if len(open_):
                stands[open_] = _add_nothing(near.part(which[open_]), carried[open_], came[open_], gamma)
            again.append(which[~stands])
        left = np.concatenate(again) if again else np.empty(0, np.int64)
        self.solved = len(left)
        if len(left):
            passive = found[left] > 0.0
            passive[~passive.any(axis=1), : ridge.FIRST_PASSIVE] = True
            found[left] = solve(near.part(left), passive & (rows[left] != ABSENT))
        return found

    def _carried(self, rows: I64, voice: F64, which: I64) -> tuple[F64, Bools, Bools]:
        """The weights that the lists ``which`` had, at the places where their rows are now; where rows came, and
        whether all that had a weight are still there with the voice they had."""
        old = self._weights[which]
        same = rows[:, :, None] == self._rows[which][:, None, :]
        here, at = same.any(axis=2) & (rows != ABSENT), same.argmax(axis=2)
        carried = np.where(here, np.take_along_axis(old, at, axis=1), 0.0)
        heard = voice == np.take_along_axis(self._voice[which], at, axis=1)
        voters = (old > 0.0).sum(axis=1)
        stands = (((carried > 0.0) & heard).sum(axis=1) == voters) & (voters > 0)
        return carried, (rows != ABSENT) & ~here, stands

    def keep(self, which: I64) -> None:
        """Go on with these queries only."""
        if len(self._rows):
            self._rows, self._voice, self._weights = self._rows[which], self._voice[which], self._weights[which]

    def grow(self, queries: int) -> None:
        """Go on with so many more, of which nothing is known: no list holds a row of -2."""
        if len(self._rows):
            more = ((0, queries), (0, 0))
            self._rows = np.pad(self._rows, more, constant_values=-2)
            self._voice, self._weights = np.pad(self._voice, more), np.pad(self._weights, more)

    def copy(self) -> SolvedWeights:
        """Another one that goes on alone: the arrays are replaced and never written into."""
        return copy(self)


def _add_nothing(near: NeighbourArrays, weights: F64, came: Bools, gamma: float) -> Bools:
    """Whether none of the neighbours that ``came`` would get a weight beside those that have ``weights``, (q,)."""
    assert near.compare is not None and near.places is not None
    places = np.argsort(~came, axis=1, kind="stable")[:, : int(came.sum(axis=1).max())]
    voters = np.argsort(~(weights > 0.0), axis=1, kind="stable")[:, : int((weights > 0.0).sum(axis=1).max())]
    both = np.concatenate([places, voters], axis=1)
    cosines = near.compare(np.take_along_axis(near.places, both, axis=1))[:, : places.shape[1], places.shape[1] :]
    silent = ridge.add_nothing(
        cosines, np.take_along_axis(weights, voters, axis=1), np.take_along_axis(near.distances, places, axis=1), gamma
    )
    silent |= ~np.take_along_axis(came, places, axis=1)
    return np.asarray(silent.all(axis=1))

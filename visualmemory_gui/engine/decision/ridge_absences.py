"""The ridge weights of one query without some of its neighbours: what many sets of strikes would make of them.

Most of the neighbours weigh nothing, and an answer stays the answer where only such ones go: the weights among more
vectors are those among fewer if all that weigh anything are still there, as they are. So the query is solved once with
all of them, and again only for the cases that take a vote away; these begin with the votes that are left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from visualmemory_gui.engine.decision import ridge
from visualmemory_gui.engine.decision.voting_rules import RuleParameters
from visualmemory_gui.engine.types import F64, I64, Bools

if TYPE_CHECKING:
    from visualmemory_gui.engine.decision.neighbour_arrays import NeighbourArrays
    from visualmemory_gui.engine.decision.solved_weights import Solve

MOST_KNOWN = 50_000
_NEVER = -1e9
"""In place of b for a vector that is absent: it gets no weight."""


class RidgeAbsences:
    """For n neighbours of one query, whose ``cosines`` (n, n) and ``distances`` (n,) are given, nearest first.

    ``vectors`` (n,) counts the different ones: the place of the first neighbour with an equal vector, among such
    firsts.
    """

    def __init__(self, cosines: F64, distances: F64, vectors: I64) -> None:
        _, first = np.unique(vectors, return_index=True)
        self._vectors, self._size = vectors, len(first)
        self._cosines, self._distances = cosines[np.ix_(first, first)], distances[first]
        self._way: object = None
        self._known: dict[bytes, F64] = {}
        self._begin: Bools = np.arange(self._size) < ridge.FIRST_PASSIVE

    def weights(self, near: NeighbourArrays, solve: Solve, *, way: object, gamma: float) -> F64:
        """The weights of ``near`` in m cases, (m, k), whose ``places`` count through the neighbours; a vector that is
        absent is not among them or has no voice. ``way`` are the parameters."""
        if not isinstance(way, RuleParameters) or near.places is None:
            return solve(near, None)
        if way != self._way:
            self._gram, self._target = ridge.kernel(self._cosines, self._distances, gamma=gamma)
            self._way, self._known = way, {}
        cases, there = np.arange(len(near.places))[:, None], near.there & (near.heard > 0.0)
        at = self._vectors[np.where(there, near.places, 0)]
        voice = np.zeros((len(at), self._size))
        np.add.at(voice, (np.broadcast_to(cases, at.shape), at), np.where(there, near.heard, 0.0))
        return np.where(there, self._found(voice, way.penalty)[cases, at], 0.0)

    def _found(self, voice: F64, penalty: float) -> F64:
        """The weights of the vectors, (m, v), where they have ``voice`` (m, v), 0 for those that are absent."""
        there, places = voice > 0.0, np.arange(voice.shape[1])
        last = np.where(there.any(axis=1), voice.shape[1] - 1 - np.argmax(there[:, ::-1], axis=1), -1)
        ends, end = np.unique(last, return_inverse=True)
        whole = np.where(places <= ends[:, None], voice.max(axis=0, initial=0.0), 0.0)
        found = self._solved(whole, penalty, np.broadcast_to(self._begin, whole.shape))
        self._begin, most = np.asarray((found > 0.0).any(axis=0)), found[end]
        left = np.flatnonzero(~_same(most, whole[end], voice))
        if not len(left):
            return most
        without = np.where(most[left] > 0.0, voice[left], whole[end[left]])
        kinds, kind = np.unique(without, axis=0, return_inverse=True)
        one_of = np.zeros(len(kinds), np.int64)
        one_of[kind] = left
        fewer = self._kept(kinds, penalty, most[one_of] > 0.0)[kind]
        most[left] = fewer
        last_ones = left[~_same(fewer, without, voice[left])]
        if len(last_ones):
            most[last_ones] = self._solved(voice[last_ones], penalty, most[last_ones] > 0.0)
        return most

    def _kept(self, voice: F64, penalty: float, passive: Bools) -> F64:
        """As ``_solved``; what is found is kept, for many sets of strikes take the same votes away."""
        keys = [line.tobytes() for line in voice]
        new = np.array([place for place, key in enumerate(keys) if key not in self._known], np.int64)
        if len(new):
            if len(self._known) + len(new) > MOST_KNOWN:
                self._known = {}
                new = np.arange(len(keys))
            found = self._solved(voice[new], penalty, passive[new])
            self._known.update(zip((keys[place] for place in new.tolist()), found, strict=True))
        return np.stack([self._known[key] for key in keys])

    def _solved(self, voice: F64, penalty: float, passive: Bools) -> F64:
        """The same, each case alone, beginning with those that are ``passive`` and there."""
        there = voice > 0.0
        diagonal = np.arange(voice.shape[1])
        found = np.zeros(voice.shape)
        for start in range(0, len(voice), ridge.AT_ONCE):
            part = slice(start, start + ridge.AT_ONCE)
            gram = np.repeat(self._gram[None], len(voice[part]), axis=0)
            gram[:, diagonal, diagonal] = 1.0 + penalty / np.where(there[part], voice[part], 1.0)
            target = np.where(there[part], self._target, _NEVER)
            found[part] = ridge.solve(gram, target, passive=passive[part] & there[part])
        return found


def _same(weights: F64, voice: F64, other: F64) -> Bools:
    """Whether ``weights`` (m, v), found where vectors have ``voice``, hold where some of them have less, or none."""
    out: Bools = ((weights == 0.0) | (voice == other)).all(axis=1)
    return out

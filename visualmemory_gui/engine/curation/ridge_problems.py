"""The ridge votes of many queries whose neighbours stay the same while the trust in them moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from visualmemory_gui.engine.decision import ridge
from visualmemory_gui.engine.decision.neighbour_arrays import NeighbourArrays
from visualmemory_gui.engine.decision.voting_rules import RuleParameters
from visualmemory_gui.engine.types import F32, F64, I64, Bools


@dataclass(frozen=True, eq=False)
class RidgeProblems:
    """What the solutions of q queries have in common, whatever the trust: K (q, k, k) float32 and b (q, k).

    ``first`` (q, k) is the place that stands for each neighbour: its own, or that of the nearest with an equal vector.
    ``passive`` holds where each last solution was above 0, from which the next one starts. Parts share all arrays;
    ``which`` are the queries of this one.
    """

    gram: F32
    target: F64
    first: I64
    passive: Bools
    which: I64

    @classmethod
    def of(cls, near: NeighbourArrays, parameters: RuleParameters) -> RidgeProblems:
        """Those of ``near``, (q, k), whose neighbours can be compared; k x k x 4 bytes are kept for each."""
        q, k = near.distances.shape
        gram, target = np.empty((q, k, k), np.float32), np.empty((q, k))
        first = np.broadcast_to(np.arange(k), (q, k)).copy()
        start = 0
        for part in near.parts(ridge.AT_ONCE):
            block = slice(start, start := start + len(part.distances))
            gram[block], target[block] = ridge.kernel(part.cosines, part.distances, gamma=parameters.gamma)
            same = (part.twins[:, :, None] == part.twins[:, None, :]) & part.there[:, None, :]
            first[block] = np.where(part.there, np.argmax(same, axis=2), first[block])
        passive = np.zeros((q, k), np.bool_)
        passive[:, : ridge.FIRST_PASSIVE] = True
        return cls(gram, target, first, passive & near.there, np.arange(q))

    def part(self, which: I64) -> RidgeProblems:
        """Those of these queries."""
        return RidgeProblems(self.gram, self.target, self.first, self.passive, self.which[which])

    def solve(self, penalty: F64) -> F64:
        """The weights (q, k) for D ``penalty``, (q, k): infinite at places that have no voice of their own."""
        weights = np.zeros(penalty.shape)
        for places in self._blocks():
            at = self.which[places]
            speaks = np.isfinite(penalty[places])
            gram = self._matrix(at, penalty[places], speaks)
            found = ridge.solve(gram, np.where(speaks, self.target[at], 0.0), passive=self.passive[at] & speaks)
            weights[places], self.passive[at] = found, found > 0.0
        return weights

    def adjoint(self, penalty: F64, weights: F64, slope: F64) -> F64:
        """(K + D)^-1 ``slope`` among the places where ``weights`` are above 0, and 0 elsewhere: (q, k).

        For ``weights`` that ``solve`` found, and ``slope`` the gradient of a loss by them, the gradient by D is minus
        this times ``weights``.
        """
        out = np.zeros(penalty.shape)
        for places in self._blocks():
            gram = self._matrix(self.which[places], penalty[places], np.isfinite(penalty[places]))
            out[places] = ridge.solve_among(gram, slope[places], weights[places] > 0.0)
        return out

    def _blocks(self) -> list[I64]:
        return np.array_split(np.arange(len(self.which)), range(ridge.AT_ONCE, len(self.which), ridge.AT_ONCE))

    def _matrix(self, at: I64, penalty: F64, speaks: Bools) -> F64:
        gram: F64 = self.gram[at].astype(np.float64)
        gram *= speaks[:, :, None] & speaks[:, None, :]
        places = np.arange(gram.shape[1])
        gram[:, places, places] = 1.0 + np.where(speaks, penalty, 0.0)
        return gram

"""The loss of a whole memory as a function of each exemplar's trust and of the voting rule's parameter. Needs torch.

A query's k neighbours cast votes; S is their sum, S_y the part of the query's own label. With C classes, loss = mean
over queries of -log((S_y + e) / (S + e C)) + lambda * mean over exemplars of log^2 trust. The neighbour lists are
fixed, so it is differentiable in everything that is learnt.

A vote is w_j(parameter) * factor_j * trust_j, but not under the ridge rule: there the part of a trust below 1 belongs
to the system that is solved for w, and only the part above 1 multiplies. The gradient goes through the linear system of
the weights above 0. It is one-sided at a trust of 1, where half of each side is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from visualmemory_gui.engine.curation.ridge_problems import RidgeProblems
from visualmemory_gui.engine.decision.voting_rules import USUAL, RuleParameters
from visualmemory_gui.engine.types import F64, I64, Bools, Rule

E = 1e-3
FITTED: dict[Rule, str] = {"distance": "exponent", "softmax": "temperature", "rank": "offset", "ridge": "penalty"}
"""The parameter of each rule that is fitted along with the trusts; plurality has none."""


@dataclass(frozen=True, slots=True)
class NeighbourLists:
    """Fixed neighbour lists of q queries as numpy arrays, (q, k) each. ``exemplar`` is a place in (n,) trusts,
    ``same`` says whether its label is right. ``trust`` is what the trust that is learnt multiplies, 0 where there is no
    neighbour; ``factor`` multiplies the vote. Under the ridge rule there are ``problems``."""

    exemplar: I64
    distances: F64
    same: Bools
    trust: F64
    factor: F64
    problems: RidgeProblems | None = None

    def part(self, which: I64) -> NeighbourLists:
        return NeighbourLists(
            self.exemplar[which],
            self.distances[which],
            self.same[which],
            self.trust[which],
            self.factor[which],
            None if self.problems is None else self.problems.part(which),
        )


class TrustLoss:
    """The loss over ``lists`` on ``device``, in float64 where the device has it.

    ``log_trust`` (n,) and ``log_parameter`` () are tensors of ``dtype``; the parameter is ignored by plurality.
    ``parameters`` are those that decisions use, ``penalty`` is the lambda of the loss.
    """

    def __init__(
        self,
        lists: NeighbourLists,
        *,
        rule: Rule,
        classes: int,
        penalty: float,
        parameters: RuleParameters = USUAL,
        device: str = "cpu",
    ) -> None:
        self.rule = rule
        self.usual = float(getattr(parameters, FITTED[rule])) if rule in FITTED else 1.0
        self.dtype = torch.float32 if device == "mps" else torch.float64
        self.device = device
        self._classes, self._penalty = classes, penalty
        self._exemplar = torch.from_numpy(lists.exemplar).to(device)
        self._same = torch.from_numpy(lists.same).to(device)
        self._trust = torch.from_numpy(lists.trust).to(device, self.dtype)
        self._factor = torch.from_numpy(lists.factor).to(device, self.dtype)
        finite = np.where(np.isfinite(lists.distances), lists.distances, 0.0)
        self._distances = torch.from_numpy(finite).to(device, self.dtype)
        self._ranks = torch.arange(lists.exemplar.shape[1], device=device, dtype=self.dtype)
        self._problems = lists.problems
        if lists.problems is not None:
            self._first = torch.from_numpy(lists.problems.first[lists.problems.which]).to(device)

    def start(self, trusts: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Trust 1 for all, and the parameter that decisions use, as leaves that receive gradients."""
        log_trust = torch.zeros(trusts, dtype=self.dtype, device=self.device, requires_grad=True)
        log_parameter = torch.tensor(np.log(self.usual), dtype=self.dtype, device=self.device, requires_grad=True)
        return log_trust, log_parameter

    def __call__(self, log_trust: torch.Tensor, log_parameter: torch.Tensor) -> torch.Tensor:
        return self.fit(self.votes(log_trust, log_parameter)) + self._penalty * (log_trust**2).mean()

    def fit(self, votes: torch.Tensor) -> torch.Tensor:
        """The part of the loss that ``votes``, (q, k), decide."""
        own = (votes * self._same).sum(dim=1)
        return -torch.log((own + E) / (votes.sum(dim=1) + E * self._classes)).mean()

    def votes(self, log_trust: torch.Tensor, log_parameter: torch.Tensor) -> torch.Tensor:
        """What the votes weigh, (q, k)."""
        trust = self._trust * torch.exp(log_trust)[self._exemplar]
        if self._problems is not None:
            return self._solved(trust, torch.exp(log_parameter), self._problems) * self._factor
        return self._cast(torch.exp(log_parameter)) * self._factor * trust

    def _cast(self, parameter: torch.Tensor) -> torch.Tensor:
        """The votes before trust, as ``voting_rules`` gives them."""
        if self.rule == "rank":
            return 1.0 / (self._ranks + parameter)
        if self.rule == "softmax":
            return torch.exp((self._distances[:, :1] - self._distances) / parameter)
        if self.rule == "distance":
            return torch.exp(-self._distances * parameter)
        return torch.ones_like(self._distances)

    def _solved(self, trust: torch.Tensor, penalty: torch.Tensor, problems: RidgeProblems) -> torch.Tensor:
        """The votes as ``ridge.weights`` gives them, times the part of each trust that is above 1."""
        one = torch.ones_like(trust)
        voice = torch.minimum(trust, one)
        together = torch.zeros_like(trust).scatter_add(1, self._first, voice)
        speaks = together > 0.0
        diagonal = torch.where(speaks, penalty / torch.where(speaks, together, one), torch.inf)
        weights: torch.Tensor = _Solution.apply(diagonal, problems)
        shared = voice / torch.where(speaks, together, one).gather(1, self._first)
        return weights.gather(1, self._first) * shared * torch.maximum(trust, one)


class _Solution(torch.autograd.Function):
    """The ridge weights (q, k) for the diagonals D, (q, k), differentiable in D."""

    @staticmethod
    def forward(ctx: Any, diagonal: torch.Tensor, problems: RidgeProblems) -> torch.Tensor:
        penalty = diagonal.detach().cpu().numpy().astype(np.float64)
        weights = problems.solve(penalty)
        ctx.problem = problems, penalty, weights
        return torch.from_numpy(weights).to(diagonal)

    @staticmethod
    def backward(ctx: Any, *slopes: torch.Tensor) -> tuple[torch.Tensor, None]:
        problems, penalty, weights = ctx.problem
        [slope] = slopes
        by_weights = slope.cpu().numpy().astype(np.float64)
        return torch.from_numpy(-problems.adjoint(penalty, weights, by_weights) * weights).to(slope), None

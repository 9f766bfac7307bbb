"""The loss of a whole memory as a function of each exemplar's trust and of the voting rule's parameter. Needs torch.

A query's k neighbours cast votes w_j(parameter) * scale_j * trust_j; S is their sum, S_y the part of the query's own
label. With C classes, loss = mean over queries of -log((S_y + e) / (S + e C)) + lambda * mean over exemplars of
log^2 trust. The neighbour lists are fixed, so it is differentiable in everything that is learnt.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from visualmemory_gui.engine.decision.voting_rules import PARAMETER, USUAL
from visualmemory_gui.engine.types import F64, I64, Bools, Rule

E = 1e-3
PARAMETERS: dict[Rule, tuple[str, float]] = {rule: (name, getattr(USUAL, name)) for rule, name in PARAMETER.items()}
"""The parameter of each rule that has one, and the value that decisions use."""


@dataclass(frozen=True, slots=True)
class NeighbourLists:
    """Fixed neighbour lists of q queries as numpy arrays, (q, k) each. ``exemplar`` is a place in (n,) trusts,
    ``same`` says whether its label is right, ``scale`` multiplies its vote and is 0 where there is no neighbour."""

    exemplar: I64
    distances: F64
    same: Bools
    scale: F64

    def part(self, which: I64) -> NeighbourLists:
        return NeighbourLists(self.exemplar[which], self.distances[which], self.same[which], self.scale[which])


class TrustLoss:
    """The loss over ``lists`` on ``device``, in float64 where the device has it.

    ``log_trust`` (n,) and ``log_parameter`` () are tensors of ``dtype``; the parameter is ignored by plurality.
    """

    def __init__(self, lists: NeighbourLists, *, rule: Rule, classes: int, penalty: float, device: str = "cpu") -> None:
        self.rule = rule
        self.dtype = torch.float32 if device == "mps" else torch.float64
        self.device = device
        self._classes, self._penalty = classes, penalty
        self._exemplar = torch.from_numpy(lists.exemplar).to(device)
        self._same = torch.from_numpy(lists.same).to(device)
        self._scale = torch.from_numpy(lists.scale).to(device, self.dtype)
        finite = np.where(np.isfinite(lists.distances), lists.distances, 0.0)
        self._distances = torch.from_numpy(finite).to(device, self.dtype)
        self._ranks = torch.arange(lists.exemplar.shape[1], device=device, dtype=self.dtype)

    def start(self, trusts: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Trust 1 for all, and the parameter that decisions use, as leaves that receive gradients."""
        _, usual = PARAMETERS.get(self.rule, ("", 1.0))
        log_trust = torch.zeros(trusts, dtype=self.dtype, device=self.device, requires_grad=True)
        log_parameter = torch.tensor(np.log(usual), dtype=self.dtype, device=self.device, requires_grad=True)
        return log_trust, log_parameter

    def __call__(self, log_trust: torch.Tensor, log_parameter: torch.Tensor) -> torch.Tensor:
        votes = self._cast(log_parameter) * self._scale * torch.exp(log_trust)[self._exemplar]
        own = (votes * self._same).sum(dim=1)
        fit = -torch.log((own + E) / (votes.sum(dim=1) + E * self._classes)).mean()
        return fit + self._penalty * (log_trust**2).mean()

    def _cast(self, log_parameter: torch.Tensor) -> torch.Tensor:
        """The votes before trust, as ``voting_rules`` gives them."""
        parameter = torch.exp(log_parameter)
        if self.rule == "rank":
            return 1.0 / (self._ranks + parameter)
        if self.rule == "softmax":
            return torch.exp((self._distances[:, :1] - self._distances) / parameter)
        if self.rule == "distance":
            return torch.exp(-self._distances * parameter)
        return torch.ones_like(self._distances)

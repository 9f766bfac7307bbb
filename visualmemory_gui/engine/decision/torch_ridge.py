"""The weights of the ridge vote for many queries on a GPU, in float64. Imported only where there is one.

The same problems and the same steps as in ``ridge``, but without taking the passive places apart: a GPU solves all of a
matrix, with ones on its diagonal at the other places, sooner than it gathers parts of it.
"""

from __future__ import annotations

import numpy as np
import torch

from visualmemory_gui.engine.decision import ridge
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F64, I64


def weights(
    snapshot: Snapshot, rows: I64, distances: F64, voice: F64, *, device: str, gamma: float, penalty: float
) -> F64:
    """``ridge.weights`` of the different vectors of ``rows`` (q, k), at ``distances`` (q, k) to their queries; a
    row below 0 is a place that no neighbour takes."""
    needed, of = np.unique(np.maximum(rows, 0), return_inverse=True)
    near = (
        torch.from_numpy(snapshot.vectors_of(needed))
        .to(device)
        .double()[torch.from_numpy(of.reshape(rows.shape)).to(device)]
    )
    taken = torch.from_numpy((rows >= 0) & np.isfinite(distances) & (voice > 0.0)).to(device)
    apart = torch.from_numpy(np.where(np.isfinite(distances), distances, 0.0)).to(device)
    heard = torch.from_numpy(np.where(voice > 0.0, voice, 1.0)).to(device)
    gram = torch.exp(gamma * ((near @ near.mT).clamp_(-1.0, 1.0) - 1.0))
    gram = torch.where(taken[:, :, None] & taken[:, None, :], gram, 0.0)
    gram.diagonal(dim1=1, dim2=2).copy_(1.0 + penalty / heard)
    found = solve(gram, torch.where(taken, torch.exp(-gamma * apart), 0.0))
    return np.asarray(found.cpu().numpy(), np.float64)


def solve(gram: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """As ``ridge.solve``, of float64 tensors on one device."""
    q, k = target.shape
    found_all, ones = torch.zeros_like(target), torch.eye(k, dtype=target.dtype, device=target.device)
    guess = torch.zeros_like(target, dtype=torch.bool)
    guess[:, : ridge.FIRST_PASSIVE] = True
    open_ = torch.arange(q, device=target.device)
    fewest, tries = torch.full_like(open_, k + 1), torch.full_like(open_, ridge.TRIES)
    while len(open_) and k:
        part, wanted, free = gram[open_], target[open_], guess[open_]
        matrix = torch.where(free[:, :, None] & free[:, None, :], part, ones)
        found = torch.linalg.solve(matrix, torch.where(free, wanted, 0.0)) * free
        slope = (part @ found[..., None])[..., 0] - wanted
        wrong = torch.where(free, found < 0.0, slope < -ridge.SLACK)
        count = wrong.sum(dim=1)
        found_all[open_] = found
        less = count < fewest[open_]
        tries[open_] = torch.where(less, ridge.TRIES, tries[open_] - 1)
        fewest[open_] = torch.where(less, count, fewest[open_])
        last = k - 1 - wrong.flip(1).int().argmax(dim=1)
        only = torch.zeros_like(wrong).scatter_(1, last[:, None], True) & wrong
        guess[open_] = free ^ torch.where((tries[open_] < 0)[:, None], only, wrong)
        open_ = open_[count > 0]
    return torch.where(found_all < ridge.NOTHING, 0.0, found_all)

"""The ridge vote: the weights with which neighbours together explain a query.

For neighbours x_i of a query at distances d_i, K_ij = exp(-g d_ij) and b_i = exp(-g d_i), the weights are

    w = argmin over w >= 0 of  w'(K + D)w / 2 - b'w

with D diagonal, lambda over the sum of min(1, trust) of the exemplars that have the vector x_i. The problem is strictly
convex, so there is one answer, and an answer shows whether it is the one: w >= 0, and b - (K + D)w is 0 where w > 0 and
at most 0 elsewhere.

Sources of the idea: S. Shekkizhar and A. Ortega, NNK (arXiv 1910.09383); Y. Bendou et al., ProKeR (arXiv 2501.11175).
Solver: block principal pivoting as in J. Kim and H. Park, "Fast nonnegative matrix factorization" (SIAM J. Sci. Comput.
33(6), 2011), here for many queries at once.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from visualmemory_gui.engine.device.room import Portion
from visualmemory_gui.engine.types import F32, F64, Bools, MemorySettings

Floats = TypeVar("Floats", F32, F64)

GAMMA = MemorySettings().ridge_gamma
LAMBDA = MemorySettings().ridge_penalty
FIRST_PASSIVE = 40
"""How many of the nearest the solver supposes to vote at first: about as many do."""

AT_ONCE = 64
"""Queries that are solved together."""

NOTHING = 1e-12
"""A weight below it is 0."""

SLACK = 1e-12
TRIES = 3


MOST_ON_GPU = 256
"""Queries that are solved together on a GPU at most, and from which on they are solved there."""

_on_gpu = [Portion("cpu", MOST_ON_GPU)]


def solve_on(device: str) -> None:
    """Where many queries are solved together from now on: ``device``, or "cpu" in place of "mps", which has no float64.

    It holds for the process: the device of the memory that was opened, or set to another one, last.
    """
    _on_gpu[0] = Portion("cpu" if device == "mps" else device, MOST_ON_GPU)


def solving_device() -> str:
    """Where many queries are solved together."""
    return _on_gpu[0].device


def on_gpu() -> Portion:
    """How many queries the GPU solves together."""
    return _on_gpu[0]


def weights(
    cosines: F64,
    distances: F64,
    voice: F64,
    *,
    gamma: float = GAMMA,
    penalty: float = LAMBDA,
    passive: Bools | None = None,
) -> F64:
    """What different vectors weigh, (q, k) float64 for the neighbours of q queries.

    ``cosines`` (q, k, k) are those of the neighbours with each other. ``voice`` (q, k) is the sum of min(1, trust) over
    the exemplars of each vector, who share its weight in proportion to that: D is lambda / voice, so that m copies
    without trusts are one whose D is lambda/m. A place that no neighbour takes has a distance of infinity or a voice of
    0, and no weight. ``passive`` is for ``solve``.
    """
    k = distances.shape[1]
    if not k:
        return np.zeros(distances.shape)
    gram, target = kernel(cosines, distances, gamma=gamma)
    there = np.isfinite(distances) & (voice > 0.0)
    if not there.all():
        gram *= there[:, :, None] & there[:, None, :]
        target, voice = np.where(there, target, 0.0), np.where(there, voice, 1.0)
    gram[:, np.arange(k), np.arange(k)] = 1.0 + penalty / voice
    return solve(gram, target, passive=passive)


def kernel(cosines: F64, distances: F64, *, gamma: float = GAMMA) -> tuple[F64, F64]:
    """K (..., k, k) and b (..., k) of neighbours with ``cosines`` (..., k, k) among themselves and ``distances``
    (..., k) to the query. K_ii is 1."""
    gram = np.exp(gamma * (cosines - 1.0))
    places = np.arange(gram.shape[-1])
    gram[..., places, places] = 1.0
    return gram, similarity(distances, gamma=gamma)


def similarity(distances: Floats, *, gamma: float = GAMMA) -> Floats:
    """exp(-g d) of ``distances``, in their shape and precision: 1 for equal images."""
    out: Floats = np.exp(-gamma * distances)
    return out


def add_nothing(cosines: F64, weights: F64, distances: F64, gamma: float) -> Bools:
    """Whether each of n vectors, (q, n), would get no weight beside v that have ``weights``, (q, v): b <= Kw.

    ``cosines`` (q, n, v) are those of these with those, ``distances`` (q, n) are theirs to the query.
    """
    explained = np.matmul(np.exp(gamma * (cosines - 1.0)), weights[..., None])[..., 0]
    silent: Bools = np.exp(-gamma * distances) - explained <= SLACK
    return silent


def solve(gram: F64, target: F64, *, passive: Bools | None = None) -> F64:
    """The weights (q, k) for K + D ``gram`` (q, k, k) and b ``target`` (q, k), all float64; KKT residual <= 1e-9.

    ``passive`` (q, k) is where weights are supposed to be above 0: a good guess saves time and changes nothing. Weights
    below 1e-12 are 0.
    """
    q, k = target.shape
    weights = np.zeros((q, k))
    if not k:
        return weights
    guess = _first_guess(gram, target) if passive is None else passive.copy()
    open_ = np.arange(q)
    fewest, tries = np.full(q, k + 1), np.full(q, TRIES)
    while len(open_):
        part, free = gram[open_], guess[open_]
        found = solve_among(part, target[open_], free)
        slope = np.matmul(part, found[..., None])[..., 0] - target[open_]
        wrong = np.where(free, found < 0.0, slope < -SLACK)
        count = wrong.sum(axis=1)
        weights[open_] = found
        less = count < fewest[open_]
        tries[open_] = np.where(less, TRIES, tries[open_] - 1)
        fewest[open_] = np.where(less, count, fewest[open_])
        one_by_one = tries[open_] < 0
        if one_by_one.any():
            wrong[one_by_one] = _last_only(wrong[one_by_one])
        guess[open_] = free ^ wrong
        open_ = open_[count > 0]
    weights[weights < NOTHING] = 0.0
    return weights


def _first_guess(gram: F64, target: F64) -> Bools:
    """Where equal weights for all, which explain as much as there is to explain, would explain too little: most of the
    weights above 0 are there, and a fifth fewer systems have to be solved than from the nearest forty on."""
    explained = gram.sum(axis=2)
    share = target.mean(axis=1, keepdims=True) / explained.mean(axis=1, keepdims=True)
    guess: Bools = target > share * explained
    return guess


def solve_among(gram: F64, target: F64, passive: Bools) -> F64:
    """The weights where only those that are ``passive`` may differ from 0, of either sign."""
    q, k = target.shape
    counts = passive.sum(axis=1)
    most = int(counts.max(initial=0))
    places = np.argsort(~passive, axis=1, kind="stable")[:, :most]
    beyond = np.arange(most) >= counts[:, None]
    queries = np.arange(q)[:, None]
    within = gram[queries[..., None], places[:, :, None], places[:, None, :]]
    within[beyond[:, :, None] | beyond[:, None, :]] = 0.0
    within[:, np.arange(most), np.arange(most)] += beyond
    wanted = np.where(beyond, 0.0, target[queries, places])
    found = np.zeros((q, k))
    if most:
        found[queries, places] = np.linalg.solve(within, wanted[..., None])[..., 0]
    found[~passive] = 0.0
    return found


def _last_only(wrong: Bools) -> Bools:
    """Of each row only the last that is set: Murty's rule, which cannot go round in a circle."""
    k = wrong.shape[1]
    last = k - 1 - np.argmax(wrong[:, ::-1], axis=1)
    only = np.zeros_like(wrong)
    rows = np.flatnonzero(wrong.any(axis=1))
    only[rows, last[rows]] = True
    return only

"""The voting rules: what the vote of a neighbour weighs, before trust and class factor.

All but ridge are those of R. Geirhos et al., "Towards flexible perception with visual memory" (arXiv 2408.08172),
section 3. A rule is one function of all neighbours of a query, or of many, and an entry in each table below.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np

from visualmemory_gui.engine.decision import ridge as ridge_vote
from visualmemory_gui.engine.decision.blas_threads import one_blas_thread
from visualmemory_gui.engine.decision.neighbour_arrays import NeighbourArrays, StoredVectors
from visualmemory_gui.engine.device.arithmetic import full_precision
from visualmemory_gui.engine.device.fallback import on_device
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.processes.parallel import shared_out
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F64, I64, Bools, MemorySettings, Rule

NO_VECTORS = (
    "the ridge vote compares neighbours with each other, and neighbour lists hold no vectors: "
    "vote by plurality, distance, softmax or rank"
)
_FAR = 700.0  # exp(-708) is the smallest normal float64
_UNSET = MemorySettings()


@dataclass(frozen=True, slots=True)
class RuleParameters:
    """The parameters of all voting rules, each of which reads its own (``PARAMETERS``)."""

    exponent: float = _UNSET.distance_exponent
    temperature: float = _UNSET.softmax_temperature
    offset: float = _UNSET.rank_offset
    gamma: float = _UNSET.ridge_gamma
    penalty: float = _UNSET.ridge_penalty

    @classmethod
    def of(cls, settings: MemorySettings) -> RuleParameters:
        """Those of a memory of these settings."""
        return cls(**{name: getattr(settings, setting) for name, setting in _SETTINGS.items()})


def parameter_setting(rule: Rule, name: str) -> str:
    """The name of the setting that is the parameter ``name`` of ``rule``: "ridge_gamma"."""
    return f"{rule}_{name}"


USUAL = RuleParameters()
PARAMETERS: Mapping[Rule, Mapping[str, tuple[float, ...]]] = {
    "plurality": {},
    "distance": {"exponent": (USUAL.exponent, 2.0, 5.0, 10.0, 20.0, 50.0)},
    "softmax": {"temperature": (0.01, 0.02, 0.04, USUAL.temperature, 0.15, 0.3, 1.0)},
    "rank": {"offset": (0.5, 1.0, USUAL.offset, 4.0, 8.0, 16.0)},
    "ridge": {"gamma": (0.5, 1.0, USUAL.gamma, 4.0, 8.0), "penalty": (0.03, 0.1, USUAL.penalty, 1.0, 3.0)},
}
"""The parameters of each rule, by the name of their field, with the values worth comparing, increasing."""


def parameters_of(rule: Rule) -> Mapping[str, tuple[float, ...]]:
    """The entry of ``PARAMETERS``; a rule of an installed package has none."""
    return PARAMETERS.get(rule, {})


_SETTINGS = {name: parameter_setting(rule, name) for rule, parameters in PARAMETERS.items() for name in parameters}


def plurality(near: NeighbourArrays, _: RuleParameters) -> F64:
    """Every vote is 1."""
    return np.ones(near.distances.shape)


def rank(near: NeighbourArrays, parameters: RuleParameters) -> F64:
    """1 / (rank + offset), ranks from 0; (k,) also for many queries, where the ranks are the places."""
    if near.ranks is None:
        return _by_place(near.distances.shape[-1], parameters.offset)
    return np.asarray(1.0 / (near.ranks + parameters.offset), np.float64)


def softmax(near: NeighbourArrays, parameters: RuleParameters) -> F64:
    """exp(-d / temperature), relative to each query's nearest: the same shares, and it cannot overflow."""
    out: F64 = np.exp((_nearest(near.distances) - near.distances) / parameters.temperature)
    return out


def distance(near: NeighbourArrays, parameters: RuleParameters) -> F64:
    """exp(-d)^exponent; where nothing would be left of votes so far away, they are taken relative to the nearest."""
    distances, nearest = near.distances, _nearest(near.distances)
    far = np.abs(nearest * parameters.exponent) > _FAR
    if far.any():
        distances = np.where(far, distances - nearest, distances)
    out: F64 = np.exp(-distances) ** parameters.exponent
    return out


def ridge(near: NeighbourArrays, parameters: RuleParameters) -> F64:
    """The weights that together explain the query (``ridge``). Raises BadValue where the neighbours have no vectors."""
    shape = near.distances.shape
    if not near.there.any():
        return np.zeros(shape)
    if not near.compared:
        raise BadValue(NO_VECTORS)
    many = near if len(shape) > 1 else near.many
    different, of = many.vectors
    if len(shape) == 1:
        different.cosines  # noqa: B018  # kept for whoever asks what copies the neighbours have
    if near.solved is None or different.places is None:
        found = _solve(parameters, different)
    else:
        found = near.solved.weights(different, partial(_solve, parameters), way=parameters, gamma=parameters.gamma)
    if of is not None:
        queries = np.arange(len(of))[:, None]
        together = np.where(different.heard > 0.0, different.heard, 1.0)
        found = np.where(many.there, (found / together)[queries, of] * many.heard, 0.0)
    return found.reshape(shape)


def _solve(parameters: RuleParameters, many: NeighbourArrays, passive: Bools | None = None) -> F64:
    """Of different vectors, shared out among threads."""

    def solved(which: slice) -> list[F64]:
        part = many.part(which)
        return list(
            ridge_vote.weights(
                part.cosines,
                part.distances,
                part.heard,
                gamma=parameters.gamma,
                penalty=parameters.penalty,
                passive=None if passive is None else passive[which],
            )
        )

    q, k = many.distances.shape
    device = ridge_vote.solving_device()
    stored = many.compare if isinstance(many.compare, StoredVectors) else None
    if device != "cpu" and q >= ridge_vote.MOST_ON_GPU and stored is not None and many.places is not None:
        on_gpu = partial(_on_gpu, parameters, many, stored.snapshot, many.places, device=device)
        found = on_device("voting", device, on_gpu)
        if found is not None:
            return found
        ridge_vote.solve_on("cpu")
    with one_blas_thread():
        lines = shared_out(solved, q, size=ridge_vote.AT_ONCE)
    return np.array(lines).reshape(q, k)


def _on_gpu(parameters: RuleParameters, many: NeighbourArrays, snapshot: Snapshot, rows: I64, *, device: str) -> F64:
    """Raises DeviceError where a single query is too much for the device, or it stopped working."""
    from visualmemory_gui.engine.decision import torch_ridge  # late: torch takes seconds

    def solved(part: slice) -> F64:
        with full_precision.on(device):
            return torch_ridge.weights(
                snapshot,
                rows[part],
                many.distances[part],
                many.heard[part],
                device=device,
                gamma=parameters.gamma,
                penalty=parameters.penalty,
            )

    return np.concatenate(ridge_vote.on_gpu().over(len(rows), solved))


RULE_WEIGHTS: Mapping[Rule, Callable[[NeighbourArrays, RuleParameters], F64]] = {
    "plurality": plurality,
    "distance": distance,
    "softmax": softmax,
    "rank": rank,
    "ridge": ridge,
}

JOINT: Collection[Rule] = frozenset({"ridge"})
"""Rules whose weights depend on which others vote: those of the first k are not the first k of those of more. Trust
below 1 is part of what they solve; only what a trust is above 1 multiplies their weights."""

TIE: Mapping[Rule, float] = {"ridge": 1e-9}
"""How near to the largest total, relative to it, another is tied with it; 0 where a rule is not named."""


@lru_cache(maxsize=64)
def _by_place(k: int, offset: float) -> F64:
    """``rank`` of the first k places; kept, for it is the same for every query, and not to be written into."""
    out = np.asarray(1.0 / (np.arange(k) + offset), np.float64)
    out.setflags(write=False)
    return out


def _nearest(distances: F64) -> F64:
    """Each query's smallest distance, where it is finite; a neighbour at infinity has no vote."""
    nearest = distances.min(axis=-1, keepdims=True, initial=np.inf)
    return nearest if np.isfinite(nearest).all() else np.where(np.isfinite(nearest), nearest, 0.0)

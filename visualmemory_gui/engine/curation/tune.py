"""Tuning: the differentiable update of the memory. Gradient descent finds a trust for each exemplar.

Half of the queries are fitted, a quarter decides when to stop, a quarter reports: the gain shown is that of the report
part, on which nothing was fitted or chosen, and if its interval holds 0 the tuning is refused. What is applied is
fitted once more, on all queries, for the chosen number of steps.

The rule's parameter is fitted along with the trusts, so that they need not imitate a steeper or flatter rule; it is
reported but not applied. Choosing and reporting use the parameter with which the memory decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from visualmemory_gui.engine.curation.ridge_problems import RidgeProblems
from visualmemory_gui.engine.decision.neighbour_arrays import NeighbourArrays
from visualmemory_gui.engine.decision.votes import winners_of
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.device.fallback import fallbacks, on_device
from visualmemory_gui.engine.device.torch_required import torch_required
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.evaluation.query_set import QueryLists, QuerySet, own_queries
from visualmemory_gui.engine.evaluation.statistics import Gain, paired_gain, split
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F64, I64, Bools, Changes

if TYPE_CHECKING:
    import torch

    from visualmemory_gui.engine.curation.trust_loss import NeighbourLists, TrustLoss
    from visualmemory_gui.engine.memory.protocol import WholeMemory

T = TypeVar("T")
LEAST, MOST = 0.05, 4.0
PARTS = (2, 1, 1)  # fit, choose, report
FIT, CHOOSE, REPORT = range(3)
STEPS = 200
PATIENCE = 15
RATE = 0.1
"""The step size along the gradient; for a trust, times the number of trusts, as each moves the mean loss little."""
MOMENTUM = 0.5
PENALTY = 2.0
WORTH_TELLING = 0.01  # of trust
FEWEST = 20
MOST_JOINT = 5000
"""Queries under a joint rule, where one takes a third of a millisecond a step; more are sampled."""

KERNELS = 60_000_000
"""Numbers that are kept under a joint rule, k x k for each query: 240 MB."""


@dataclass(frozen=True, slots=True)
class TuningStep:
    """Where the descent is after ``number`` steps: mean loss and accuracy of the fit and choose parts."""

    number: int
    fit_loss: float
    choose_loss: float
    fit_accuracy: float
    choose_accuracy: float


@dataclass(frozen=True, slots=True)
class Tuned:
    """The result of tuning the memory at change number ``change``. ``trust`` (id -> factor) was fitted on all queries
    for ``stopped_at`` steps. ``gain`` is the report part's, ``accuracy`` what that part had before.

    ``parameter`` is the rule's: its name, the value the memory decides with, the value the fit preferred; None for
    plurality. ``of``: as many exemplars could have been ``queries``.
    """

    change: int
    trust: Mapping[int, float]
    by_hand: int
    steps: tuple[TuningStep, ...]
    stopped_at: int
    queries: tuple[int, int, int]
    accuracy: float
    gain: Gain
    parameter: tuple[str, float, float] | None
    of: int = 0

    @property
    def sampled(self) -> str:
        """How many of how many exemplars took part, where it is not all of them: "5,000 of 60,000 exemplars"."""
        asked = sum(self.queries)
        return f"{asked:,} of {self.of:,} exemplars" if asked < self.of else ""

    @property
    def refused(self) -> str | None:
        """Why it should not be applied; None if it helps."""
        if not self.trust:
            return "the descent found nothing better than the present trust"
        if self.gain.helps:
            return None
        return f"{self.gain.words} on {self.queries[REPORT]:,} queries it was not fitted on"


@torch_required
def tune(
    memory: WholeMemory,
    *,
    seed: int = 0,
    steps: int = STEPS,
    on_step: Callable[[TuningStep], object] = lambda step: None,
    report: Report = silent,
) -> Tuned:
    """Fit a trust for each exemplar; nothing is written. ``on_step`` is called after each step, in this thread.

    Raises BadValue (one class only, too few exemplars), Cancelled.
    """
    snapshot = memory.snapshot
    queries = own_queries(snapshot)
    if len(queries) < FEWEST:
        raise BadValue(f"{len(queries)} exemplars are too few to tune on; {FEWEST} are needed")
    search, scheme = memory.searcher.nearest_many, VotingScheme.of(memory.settings)
    of = len(queries)
    if scheme.joint:
        queries = _sample(queries, max(FEWEST, min(MOST_JOINT, KERNELS // scheme.k**2)), seed=seed)
    lists = QueryLists(queries, search, scheme=scheme, report=report)
    part = split(queries.truth, queries.unit, PARTS, seed=seed)
    fixed = np.isin(snapshot.ids, memory.catalog.trusted_by_hand())
    descent = _Descent(lists, fixed, device=memory.device)
    fitted = descent.on_what_is_there(lambda: descent.watched(part, steps=steps, on_step=on_step, report=report))
    asked = np.flatnonzero(part == REPORT)
    before = lists.right(which=asked)
    after = lists.right(descent.memory_with(fitted.trust), which=asked)
    final = descent.on_what_is_there(lambda: descent.on_all(fitted.stopped_at, report))
    return Tuned(
        change=snapshot.change,
        trust=descent.told(final),
        by_hand=int((fixed & snapshot.active).sum()),
        steps=fitted.steps,
        stopped_at=fitted.stopped_at,
        queries=tuple(np.bincount(part, minlength=3).tolist()),
        accuracy=float(before.mean()) if len(before) else 0.0,
        gain=paired_gain(before, after, seed=seed, groups=queries.unit[asked]),
        parameter=fitted.parameter,
        of=of,
    )


def _sample(queries: QuerySet, most: int, *, seed: int) -> QuerySet:
    """At most so many of ``queries``, exemplars of one snapshot."""
    if len(queries) <= most:
        return queries
    rows = np.random.default_rng(seed).choice(queries.own, most, replace=False)
    return QuerySet.exemplars(queries.snapshot, np.sort(rows))


def apply(memory: WholeMemory, tuned: Tuned) -> Changes:
    """Apply the trusts as one step. Raises BadValue if tuning does not help, or the memory has been edited since."""
    if tuned.refused is not None:
        raise BadValue(f"not applied: {tuned.refused}")
    return memory.apply_study("tune", tuned.change, trust=tuned.trust)


@dataclass(frozen=True, slots=True)
class _Fitted:
    """``trust`` (n,) after ``stopped_at`` steps, when the loss of the choose part was lowest."""

    trust: F64
    steps: tuple[TuningStep, ...]
    stopped_at: int
    parameter: tuple[str, float, float] | None


class _Descent:
    """Gradient descent over ``lists``. Rows in ``fixed`` keep the trust set by hand."""

    def __init__(self, lists: QueryLists, fixed: Bools, *, device: str) -> None:
        self._lists, self._fixed, self._device = lists, fixed, device
        fallbacks.clear("fitting trust")
        snapshot = lists.snapshot
        self._plain = snapshot.changed(trust=np.where(fixed, snapshot.trust, 1.0))
        near = lists.neighbours(self._plain, apart=True)
        self._arrays, self._codes = _arrays_of(lists, near), near.codes
        self._classes = int((snapshot.counts > 0).sum())

    def on_what_is_there(self, work: Callable[[], T]) -> T:
        """The result of ``work``, begun again on the CPU where the device cannot go on."""
        device = self._device
        if device == "cpu":
            return work()
        found = on_device("fitting trust", device, work)
        if found is None:
            self._device = "cpu"
            found = work()
        return found

    def watched(self, part: I64, *, steps: int, on_step: Callable[[TuningStep], object], report: Report) -> _Fitted:
        """Fit on one part and stop where the other is best; ``on_step`` is called after each step."""
        from visualmemory_gui.engine.curation.trust_loss import FITTED

        parts = [np.flatnonzero(part == which) for which in (FIT, CHOOSE)]
        losses = [self._loss(which, penalty=PENALTY) for which in parts]
        told: list[TuningStep] = []
        best, best_loss, stopped, parameter = np.ones(len(self._fixed)), np.inf, 0, 0.0
        for number, log_trust, log_parameter in self._steps(losses[0], steps):
            report(number, steps, "fitting")
            usual = losses[0].start(1)[1]
            (fit_loss, fit_right), (choose_loss, choose_right) = (
                self._figures(which, loss, log_trust.detach(), usual.detach())
                for which, loss in zip(parts, losses, strict=True)
            )
            told.append(TuningStep(number, fit_loss, choose_loss, fit_right, choose_right))
            on_step(told[-1])
            if choose_loss < best_loss - 1e-6:
                best, best_loss, stopped = _factors(log_trust), choose_loss, number
                parameter = float(log_parameter.detach().exp())
            elif number - stopped >= PATIENCE:
                break
        name = FITTED.get(self._lists.scheme.rule)
        return _Fitted(best, tuple(told), stopped, (name, losses[0].usual, parameter) if name else None)

    def on_all(self, steps: int, report: Report) -> F64:
        """(n,) trusts fitted on all queries."""
        last = np.ones(len(self._fixed))
        for number, log_trust, _ in self._steps(self._loss(np.arange(len(self._lists)), penalty=PENALTY), steps):
            report(number, steps, "fitting on all")
            last = _factors(log_trust)
        return last

    def memory_with(self, trust: F64) -> Snapshot:
        """The memory with ``trust`` (n,), except where it was set by hand."""
        return self._plain.changed(trust=np.where(self._fixed, self._plain.trust, trust))

    def told(self, trust: F64) -> dict[int, float]:
        """The trusts that differ noticeably from 1, by id."""
        snapshot = self._plain
        rows = np.flatnonzero(snapshot.active & ~self._fixed & (np.abs(trust - 1.0) > WORTH_TELLING))
        return {int(snapshot.ids[row]): float(trust[row]) for row in rows.tolist()}

    def _loss(self, which: I64, *, penalty: float) -> TrustLoss:
        from visualmemory_gui.engine.curation.trust_loss import TrustLoss  # late: torch takes seconds

        scheme, lists = self._lists.scheme, self._arrays.part(which)
        return TrustLoss(
            lists,
            rule=scheme.rule,
            classes=self._classes,
            penalty=penalty,
            parameters=scheme.parameters,
            device=self._device,
        )

    def _figures(
        self, which: I64, loss: TrustLoss, log_trust: torch.Tensor, log_parameter: torch.Tensor
    ) -> tuple[float, float]:
        """The loss of the queries ``which`` without the penalty, and the part of them that is decided right."""
        votes = loss.votes(log_trust, log_parameter)
        winner, _ = winners_of(self._codes[which], votes.cpu().numpy().astype(np.float64), tie=self._lists.scheme.tie)
        right = winner == self._lists.queries.truth[which]
        return float(loss.fit(votes)), float(right.mean()) if len(which) else 0.0

    def _steps(self, loss: TrustLoss, steps: int) -> Iterator[tuple[int, torch.Tensor, torch.Tensor]]:
        """Yield (number, log trust, log parameter) after no step, one step, … ``steps`` steps."""
        import torch

        log_trust, log_parameter = loss.start(len(self._fixed))
        free = torch.from_numpy(~self._fixed).to(log_trust.device)
        trusts = {"params": [log_trust], "lr": RATE * len(self._fixed)}
        descent = torch.optim.SGD([trusts, {"params": [log_parameter], "lr": RATE}], momentum=MOMENTUM)
        yield 0, log_trust, log_parameter
        for number in range(1, steps + 1):
            descent.zero_grad()
            loss(log_trust, log_parameter).backward()  # type: ignore[no-untyped-call]
            descent.step()
            with torch.no_grad():
                log_trust.clamp_(float(np.log(LEAST)), float(np.log(MOST))).mul_(free)
            yield number, log_trust, log_parameter


def _factors(log_trust: torch.Tensor) -> F64:
    factors: F64 = np.exp(log_trust.detach().cpu().numpy().astype(np.float64))
    return factors


def _arrays_of(lists: QueryLists, near: NeighbourArrays) -> NeighbourLists:
    """``near``, the first k neighbours of every query, as the loss takes them."""
    from visualmemory_gui.engine.curation.trust_loss import NeighbourLists

    scheme = lists.scheme
    rows = np.zeros(near.codes.shape, np.int64) if near.places is None else np.maximum(near.places, 0)
    same = near.codes == lists.queries.truth[:, None]
    factor = scheme.vote_scale(replace(near, trust=np.ones(near.trust.shape)))
    problems = RidgeProblems.of(near, scheme.parameters) if scheme.joint else None
    return NeighbourLists(rows, near.distances, same, near.trust, factor, problems)

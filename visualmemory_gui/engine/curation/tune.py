"""Tuning: the differentiable update of the memory. Gradient descent finds a trust for each exemplar.

Half of the queries are fitted, a quarter decides when to stop, a quarter reports: the gain shown is that of the report
part, on which nothing was fitted or chosen, and if its interval holds 0 the tuning is refused. What is applied is
fitted once more, on all queries, for the chosen number of steps.

The rule's parameter is fitted along with the trusts, so that they need not imitate a steeper or flatter rule; it is
reported but not applied. Choosing and reporting use the parameter with which the memory decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.device import resolve
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.evaluation.query_set import QueryLists, own_queries
from visualmemory_gui.engine.evaluation.statistics import Gain, paired_gain, split
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F64, I64, Bools, Changes

if TYPE_CHECKING:
    import torch

    from visualmemory_gui.engine.curation.trust_loss import NeighbourLists, TrustLoss
    from visualmemory_gui.engine.memory.protocol import WholeMemory

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
    plurality.
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

    @property
    def refused(self) -> str | None:
        """Why it should not be applied; None if it helps."""
        if not self.trust:
            return "the descent found nothing better than the present trust"
        if self.gain.helps:
            return None
        return f"{self.gain.words} on {self.queries[REPORT]:,} queries it was not fitted on"


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
    if scheme.joint:
        raise BadValue(f"a memory that decides by {scheme.rule} cannot be tuned yet; choose another rule first")
    lists = QueryLists(queries, search, scheme=scheme, report=report)
    part = split(queries.truth, queries.unit, PARTS, seed=seed)
    fixed = np.isin(snapshot.ids, memory.catalog.trusted_by_hand())
    descent = _Descent(lists, fixed, device=resolve(memory.device))
    fitted = descent.watched(part, steps=steps, on_step=on_step, report=report)
    asked = np.flatnonzero(part == REPORT)
    before = lists.right(which=asked)
    after = lists.right(descent.memory_with(fitted.trust), which=asked)
    final = descent.on_all(fitted.stopped_at, report)
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
    )


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
        snapshot = lists.snapshot
        self._plain = snapshot.changed(trust=np.where(fixed, snapshot.trust, 1.0))
        self._arrays = _arrays_of(lists, self._plain)
        self._classes = int((snapshot.counts > 0).sum())

    def watched(self, part: I64, *, steps: int, on_step: Callable[[TuningStep], object], report: Report) -> _Fitted:
        """Fit on one part and stop where the other is best; ``on_step`` is called after each step."""
        from visualmemory_gui.engine.curation.trust_loss import PARAMETERS

        fit, choose = (np.flatnonzero(part == which) for which in (FIT, CHOOSE))
        losses = [self._loss(fit, penalty=PENALTY), self._loss(fit, penalty=0.0), self._loss(choose, penalty=0.0)]
        told: list[TuningStep] = []
        best, best_loss, stopped, parameter = np.ones(len(self._fixed)), np.inf, 0, 0.0
        for number, log_trust, log_parameter in self._steps(losses[0], steps):
            report(number, steps, "fitting")
            trust = np.exp(log_trust.detach().cpu().numpy().astype(np.float64))
            after = self.memory_with(trust)
            usual = losses[0].start(1)[1]
            figures = [float(loss(log_trust, usual).detach()) for loss in losses[1:]]
            right = [float(self._lists.right(after, which).mean()) if len(which) else 0.0 for which in (fit, choose)]
            told.append(TuningStep(number, figures[0], figures[1], right[0], right[1]))
            on_step(told[-1])
            if figures[1] < best_loss - 1e-6:
                best, best_loss, stopped, parameter = trust, figures[1], number, float(log_parameter.detach().exp())
            elif number - stopped >= PATIENCE:
                break
        name, usual_value = PARAMETERS.get(self._lists.scheme.rule, ("", 0.0))
        return _Fitted(best, tuple(told), stopped, (name, usual_value, parameter) if name else None)

    def on_all(self, steps: int, report: Report) -> F64:
        """(n,) trusts fitted on all queries."""
        last = np.ones(len(self._fixed))
        for number, log_trust, _ in self._steps(self._loss(np.arange(len(self._lists)), penalty=PENALTY), steps):
            report(number, steps, "fitting on all")
            last = np.exp(log_trust.detach().cpu().numpy().astype(np.float64))
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

        rule, lists = self._lists.scheme.rule, self._arrays.part(which)
        return TrustLoss(lists, rule=rule, classes=self._classes, penalty=penalty, device=self._device)

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


def _arrays_of(lists: QueryLists, plain: Snapshot) -> NeighbourLists:
    """The first k neighbours of every query, as the loss takes them."""
    from visualmemory_gui.engine.curation.trust_loss import NeighbourLists

    k = lists.scheme.k
    rows, distances = lists.table.rows[:, :k], lists.table.distances[:, :k]
    near = lists.neighbours(plain)
    same = near.codes == lists.queries.truth[:, None]
    return NeighbourLists(np.maximum(rows, 0), distances, same, lists.scheme.vote_scale(near))

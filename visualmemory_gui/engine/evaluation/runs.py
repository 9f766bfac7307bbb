"""Earlier evaluations, kept in the memory so that a new one can be compared with them beyond chance.

Only runs of the same queries may be compared. A run of the memory's own exemplars records which they were, so that the
same ones can be queried again after edits, even those struck out since. Runs are derived values: forgetting any
exemplar deletes them.
"""

from __future__ import annotations

import base64
import json
import time
import zlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.evaluation.evaluation import Evaluation
from visualmemory_gui.engine.evaluation.query_set import ExemplarLabels
from visualmemory_gui.engine.evaluation.statistics import Gain, paired_gain
from visualmemory_gui.engine.types import I64, Bools, ClassFactor, Rule, read_class_factor

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import WholeMemory

PREFIX = "run "
MOST = 20
OWN = "each exemplar by all others"


@dataclass(frozen=True, slots=True)
class Run:
    """One kept evaluation under ``k``, ``rule`` and ``class_factor``, at the full label.

    ``time`` is seconds since the epoch.

    ``asked`` says in words what the queries were, ``change`` is the memory's change number, ``query_set`` the hash of
    the queries. ``right`` and ``unit`` (q,) hold, in an order that is the same for all runs of one query set, whether
    each was decided right, and which belong together. ``exemplars`` are those queried, None where the queries were
    images from elsewhere.
    """

    number: int
    time: float
    change: int
    asked: str
    k: int
    rule: Rule
    class_factor: ClassFactor
    queries: int
    accuracy: float
    query_set: str
    right: Bools = field(compare=False, repr=False)
    unit: I64 = field(compare=False, repr=False)
    exemplars: ExemplarLabels | None = field(compare=False, repr=False)

    @property
    def voting(self) -> str:
        """ "k = 10, rank, class factor mean": how the neighbours voted."""
        return f"k = {self.k}, {self.rule}, class factor {self.class_factor}"

    def head(self) -> dict[str, Any]:
        """The entry of a list of runs, as JSON values."""
        names = ("number", "time", "change", "asked", "k", "rule", "class_factor", "queries", "accuracy", "query_set")
        return {name: getattr(self, name) for name in names}


def run_of(found: Evaluation, *, number: int, asked: str = OWN) -> Run:
    """``found`` as a run made now."""
    outcomes, order = found.outcomes, found.outcomes.canonical
    own = outcomes.ids[order]
    labels = tuple(outcomes.names[code] for code in outcomes.truth[order].tolist())
    return Run(
        number=number,
        time=time.time(),
        change=outcomes.change,
        asked=asked,
        k=found.calibration.k,
        rule=found.calibration.rule,
        class_factor=found.class_factor,
        queries=found.queries,
        accuracy=outcomes.accuracy,
        query_set=found.query_set,
        right=outcomes.right[order],
        unit=outcomes.unit[order],
        exemplars=ExemplarLabels(own, labels) if (own > 0).all() else None,
    )


def keep(memory: WholeMemory, found: Evaluation, *, asked: str = OWN) -> Run | None:
    """Keep ``found``; beyond 20 runs the oldest are deleted.

    None, and nothing is kept, if an exemplar that it saw has been forgotten since. Raises ReadOnlyMemory.
    """
    run = run_of(found, number=0, asked=asked)
    number = memory.results.append(
        PREFIX,
        lambda number: json.dumps(_packed(replace(run, number=number))),
        change=run.change,
        seen=found.outcomes.seen,
        most=MOST,
    )
    return None if number is None else replace(run, number=number)


def kept(memory: WholeMemory) -> list[Run]:
    """The kept runs, oldest first."""
    return [_unpacked(json.loads(text)) for text in memory.results.all(PREFIX).values()]


def kept_run(memory: WholeMemory, number: int) -> Run:
    """One of them. Raises BadValue."""
    for run in kept(memory):
        if run.number == number:
            return run
    raise BadValue(f"unknown run {number}; `visualmemory evaluate MEMORY --runs` lists the kept ones")


def compare(before: Run, after: Run) -> Gain:
    """What changed between two runs of one query set. Raises BadValue if their queries differ."""
    if before.query_set != after.query_set:
        raise BadValue(
            f"run {before.number} and run {after.number} used different queries, so their figures cannot be compared;"
            f" repeat the queries of run {before.number}"
        )
    return paired_gain(before.right, after.right, groups=after.unit)


def _packed(run: Run) -> dict[str, Any]:
    head = run.head()
    arrays = {"right": _text(np.packbits(run.right)), "unit": _text(np.unique(run.unit, return_inverse=True)[1])}
    if run.exemplars is None:
        return {**head, **arrays, "frozen": None}
    names, codes = np.unique(np.array(run.exemplars.labels, str), return_inverse=True)
    frozen = {"ids": _text(run.exemplars.ids), "codes": _text(codes), "names": names.tolist()}
    return {**head, **arrays, "frozen": frozen}


def _unpacked(data: dict[str, Any]) -> Run:
    head = {name: value for name, value in data.items() if name not in ("right", "unit", "frozen")}
    head["class_factor"] = read_class_factor(head["class_factor"])
    right = np.unpackbits(np.frombuffer(_bytes(data["right"]), np.uint8), count=data["queries"]).astype(bool)
    exemplars, frozen = None, data["frozen"]
    if frozen is not None:
        labels = tuple(frozen["names"][code] for code in _integers(frozen["codes"]).tolist())
        exemplars = ExemplarLabels(_integers(frozen["ids"]), labels)
    return Run(**head, right=right, unit=_integers(data["unit"]) + 1, exemplars=exemplars)


def _text(values: np.ndarray[Any, Any]) -> str:
    raw = values if values.dtype == np.uint8 else values.astype("<i8")
    return base64.b64encode(zlib.compress(raw.tobytes(), 6)).decode()


def _bytes(text: str) -> bytes:
    return zlib.decompress(base64.b64decode(text))


def _integers(text: str) -> I64:
    return np.frombuffer(_bytes(text), "<i8").astype(np.int64)

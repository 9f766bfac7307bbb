"""The last evaluation of the open memory, the stored runs, and what a new one changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from visualmemory_gui.app.models.background_result import BackgroundResult
from visualmemory_gui.app.models.headline import percent
from visualmemory_gui.app.runtime.tasks import Tasks
from visualmemory_gui.engine.decision.levels import level_in_words
from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.types import I64, Changes

if TYPE_CHECKING:
    from visualmemory_gui.engine.evaluation.evaluation import Evaluation, Outcomes
    from visualmemory_gui.engine.evaluation.runs import Run
    from visualmemory_gui.engine.memory.protocol import WholeMemory

RUNS = "stored runs"


@dataclass(frozen=True, slots=True)
class ConfusionCell:
    """Queries of the class ``true`` that were decided as ``predicted`` ("": no answer)."""

    true: str
    predicted: str
    queries: int

    @property
    def words(self) -> str:
        """ "cat decided as lynx"."""
        if self.true == self.predicted:
            return f"{self.true} decided right"
        return f"{self.true} decided as {self.predicted}" if self.predicted else f"{self.true} without an answer"

    @property
    def arrow(self) -> tuple[str, ...]:
        """ "cat  →  lynx" in pieces, of which the first and the third are labels."""
        return (self.true, "  →  ", self.predicted) if self.predicted else (self.true, "  →  no answer")


@dataclass(frozen=True, slots=True)
class ClassFiguresRow:
    """How the queries of one class are decided; ``mistake`` is the most frequent wrong decision, None without any."""

    label: str
    queries: int
    accuracy: float
    mistake: ConfusionCell | None


@dataclass(frozen=True, slots=True)
class KeptRun:
    """A stored run, and in words what the last evaluation changed against it; empty if they cannot be compared."""

    run: Run
    words: str


@dataclass(frozen=True, slots=True)
class Evaluated:
    """An evaluation and all stored runs, newest first, compared with it."""

    evaluation: Evaluation
    runs: tuple[KeptRun, ...]


class EvaluationModel(BackgroundResult[Evaluated]):
    """Evaluates on request. Edits leave the figures as they are, and are counted."""

    def __init__(self, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(tasks, "evaluation", parent)
        self.runs: tuple[KeptRun, ...] = ()
        self.level = 0
        self._level_chosen = False

    @property
    def evaluation(self) -> Evaluation | None:
        return None if self.found is None else self.found.evaluation

    def clear(self) -> None:
        self._tasks.supersede(RUNS)
        self.runs, self.level, self._level_chosen = (), 0, False
        super().clear()

    def begin(self) -> None:
        """Read the stored runs, if nothing has been evaluated yet."""
        memory = self._memory
        if memory is None or self.found is not None or self.running:
            return
        self._tasks.run_background("Reading stored runs", lambda _: _runs_of(memory, None), self._take_runs, topic=RUNS)

    def evaluate(self, again: Run | None = None) -> None:
        """Evaluate all active exemplars, or exactly the queries of the run ``again``, and store the run."""
        if not self.running:
            self._tasks.supersede(RUNS)
            self.run("Evaluating", partial(_evaluated, again=again))

    def on_changed(self, changes: Changes) -> None:
        super().on_changed(changes)
        if changes.forgotten:
            self.begin()

    def choose_level(self, level: int) -> None:
        """Show the figures of another level, also of the next evaluation."""
        if level != self.level:
            self.level, self._level_chosen = level, True
            self.updated.emit()

    @property
    def outcomes(self) -> Outcomes | None:
        """The results at the level shown; None without an evaluation."""
        return None if self.found is None else self.found.evaluation.at(self.level)

    @property
    def confusion(self) -> Mapping[str, Mapping[str, int]]:
        """True label -> predicted label -> queries, at the level shown."""
        return {} if self.outcomes is None else self.outcomes.confusion

    def classes(self) -> list[ClassFiguresRow]:
        """The classes at the level shown, the hardest first."""
        if self.outcomes is None:
            return []
        mistakes: dict[str, ConfusionCell] = {}
        for cell in self.cells():
            mistakes.setdefault(cell.true, cell)
        hardest = self.outcomes.hardest()
        return [ClassFiguresRow(label, one.support, one.accuracy, mistakes.get(label)) for label, one in hardest]

    def cells(self) -> list[ConfusionCell]:
        """Wrong answers by cell of the confusion matrix, the most frequent first."""
        confusion = self.confusion
        wrong = [ConfusionCell(t, p, n) for t, row in confusion.items() for p, n in row.items() if t != p]
        return sorted(wrong, key=lambda cell: (-cell.queries, cell.true, cell.predicted))

    def ids_of(self, cell: ConfusionCell) -> I64 | None:
        """The exemplars in a cell, increasing; None without an evaluation."""
        outcomes = self.outcomes
        if outcomes is None:
            return None
        ids = outcomes.ids[outcomes.of_cell(cell.true, cell.predicted)]
        ids.sort()
        return ids

    def _put(self, found: Evaluated | None) -> None:
        super()._put(found)
        if found is not None:
            self.runs = found.runs
            if not self._level_chosen or self.level not in found.evaluation.levels:
                self.level = found.evaluation.level

    def _take_runs(self, runs: tuple[KeptRun, ...]) -> None:
        self.runs = runs
        self.updated.emit()


def headline(found: Evaluation, level: int) -> str:
    """ "76 % of 3,329 right at level 1, 61 % at the full label; k = 10, rank.": the level shown comes first."""
    told, others = found.calibration, [one for one in found.levels if one != level]
    way, right = f"k = {told.k}, {told.rule}", f"{percent(found.at(level).accuracy)} of {found.queries:,} right"
    if not others:
        return f"{right} at {way}."
    more = [f"{percent(found.at(one).accuracy)} at {level_in_words(one)}" for one in others]
    return f"{', '.join([f'{right} at {level_in_words(level)}', *more])}; {way}."


def _evaluated(memory: WholeMemory, report: Report, *, again: Run | None) -> Evaluated:
    from visualmemory_gui.engine.evaluation import runs
    from visualmemory_gui.engine.evaluation.evaluate import evaluate

    asked = None if again is None else again.exemplars
    words = runs.OWN if again is None else f"{runs.OWN}, as in run {again.number}"
    found = evaluate(memory, asked=asked, report=report)
    run = None if memory.readonly else runs.keep(memory, found, asked=words)
    return Evaluated(found, _runs_of(memory, run or runs.run_of(found, number=0)))


def _runs_of(memory: WholeMemory, last: Run | None) -> tuple[KeptRun, ...]:
    """The stored runs, newest first, each compared with ``last`` if it asked the same queries."""
    from visualmemory_gui.engine.evaluation import runs

    def words(run: Run) -> str:
        if last is None or run.query_set != last.query_set:
            return ""
        return "this one" if run.number == last.number else runs.compare(run, last).words

    return tuple(KeptRun(run, words(run)) for run in reversed(runs.kept(memory)))

"""Tuning as it runs: the steps of the descent, and its gain in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from visualmemory_gui.app.models.chart import Chart, Line, Mark
from visualmemory_gui.app.models.impact import propose_trust
from visualmemory_gui.app.models.study_edit import StudyEdit, gain_sentence
from visualmemory_gui.app.runtime.tasks import Tasks
from visualmemory_gui.engine.decision.levels import level_in_words
from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.what_if.proposed_edit import ProposedEdit

if TYPE_CHECKING:
    from visualmemory_gui.engine.curation.tune import Tuned, TuningStep
    from visualmemory_gui.engine.memory.protocol import WholeMemory

EVERY_MS = 100


class TuningModel(StudyEdit["Tuned"]):
    """A tuning of trusts; ``steps`` grow while it runs."""

    stepped = Signal()

    def __init__(self, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(tasks, "tune", parent)
        self._seen: list[TuningStep] = []  # appended to by the worker
        self._look_at_it = QTimer(self, interval=EVERY_MS)
        self._look_at_it.timeout.connect(self._show)
        self.updated.connect(lambda: None if self.running else self._look_at_it.stop())
        self.steps: tuple[TuningStep, ...] = ()

    def look(self) -> None:
        """Tune on a copy of the trusts; nothing is written."""
        seen: list[TuningStep] = []

        def work(memory: WholeMemory, report: Report) -> Tuned:
            from visualmemory_gui.engine.curation.tune import tune

            return tune(memory, on_step=seen.append, report=report)

        self.run("Tuning", work, keep=False)
        self._seen = seen
        if self.running:
            self._look_at_it.start()

    def _put(self, found: Tuned | None) -> None:
        super()._put(found)
        if found is None:
            self._seen = []
        self._show()

    def _show(self) -> None:
        if len(self._seen) != len(self.steps):
            self.steps = tuple(self._seen)
            self.stepped.emit()


def proposed_tuning(model: TuningModel) -> ProposedEdit | None:
    """The edit that applies the tuned trusts; None if there is nothing to apply."""
    tuned = model.found
    if tuned is None or tuned.refused or model.edits_since:
        return None
    return propose_trust(tuned.trust, verb="Tuning")


def descent(steps: Sequence[TuningStep], stopped_at: int | None = None) -> tuple[Chart, Chart]:
    """Charts of loss and accuracy on the parts that fit and choose, after each step; a mark where it stopped."""
    losses = [(step.fit_loss, step.choose_loss) for step in steps]
    right = [(100 * step.fit_accuracy, 100 * step.choose_accuracy) for step in steps]
    numbers = tuple(float(step.number) for step in steps)
    marks = () if stopped_at is None else (Mark("stopped", float(stopped_at)),)

    def chart(name: str, title: str, unit: str, pairs: list[tuple[float, float]], form: str) -> Chart:
        fit, choose = zip(*pairs, strict=True) if pairs else ((), ())
        lines = (Line("fit", numbers, fit, "curve", 0), Line("choose", numbers, choose, "dashes", 1))
        last = f"After {steps[-1].number:,} steps: fit {form}, choose {form}" if steps else ""
        answer = last.format(*pairs[-1]) if pairs else ""
        return Chart(name, title, "step", unit, lines, answer, marks)

    return (
        chart("tuning-loss", "Loss", "loss", losses, "{:.3f}"),
        chart("tuning-accuracy", f"Accuracy at {level_in_words(0)}", "right, %", right, "{:.1f} %"),
    )


def verdict(tuned: Tuned) -> str:
    """The gain, or why it is refused."""
    if tuned.refused is not None:
        return f"Cannot be applied: {tuned.refused}."
    asked = f"measured on {tuned.queries[2]:,} exemplars that took no part in it"
    return gain_sentence(tuned.gain, tuned.accuracy, asked)


def details(tuned: Tuned) -> str:
    """What was fitted on what, and the best value of the rule's parameter."""
    fit, choose, _ = tuned.queries
    said = [f"Fitted on {fit:,} exemplars; {choose:,} others chose to stop after {tuned.stopped_at:,} steps."]
    if tuned.sampled:
        said.append(f"A sample: {tuned.sampled}.")
    if tuned.trust:
        low, high = min(tuned.trust.values()), max(tuned.trust.values())
        said.append(f"Trust of {len(tuned.trust):,} exemplars, {low:.2f} to {high:.2f}.")
    if tuned.by_hand:
        said.append(f"{tuned.by_hand:,} keep the trust that was set by hand.")
    if tuned.parameter is not None:
        name, used, fitted = tuned.parameter
        said.append(f"The rule's {name} would fit best at {fitted:.2g}; decisions keep {used:g}.")
    return " ".join(said)

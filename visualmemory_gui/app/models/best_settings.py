"""The settings that decide the open memory best, as the page Evaluate shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from visualmemory_gui.app.models.study_edit import StudyEdit
from visualmemory_gui.app.runtime.tasks import Tasks
from visualmemory_gui.engine.decision.levels import level_in_words
from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.types import Changes

if TYPE_CHECKING:
    from visualmemory_gui.engine.evaluation.best_settings import Suggestion
    from visualmemory_gui.engine.memory.protocol import WholeMemory


CLASSES = 5
"""Classes that are named at most."""


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """Settings, what they are here ("present", "suggested" or nothing), and how often they are right."""

    name: str
    scheme: str
    class_factor: str
    right: str
    against: str


class BestSettingsModel(StudyEdit["Suggestion"]):
    """Compares settings on request. What it suggests can be applied until exemplars or settings change."""

    def __init__(self, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(tasks, "best settings", parent)

    def compare(self, level: int | None = None) -> None:
        """Compare settings at ``level`` (default: that of the memory's settings); nothing is written."""
        if not self.running:
            self.run("Comparing settings", partial(_suggested, level=level), keep=False)

    def on_changed(self, changes: Changes) -> None:
        super().on_changed(changes)
        found, memory = self.found, self._memory
        if changes.settings and found is not None and memory is not None and not found.is_of(memory.settings):
            self.clear()


def _suggested(memory: WholeMemory, report: Report, *, level: int | None) -> Suggestion:
    from visualmemory_gui.engine.evaluation.best_settings import suggest

    return suggest(memory, level=level, report=report)


def use_text(found: Suggestion) -> str:
    """ "Use this (+5.9 points, 4.8 to 7.0)": the words of the button."""
    gain = found.gain
    return f"Use this ({100 * gain.mean:+.1f} points, {100 * gain.low:.1f} to {100 * gain.high:.1f})"


def details(found: Suggestion) -> str:
    """What the figures rest on; with a suggestion also every level and the classes that it moves most."""
    said = [found.measured_on]
    if found.changes:
        levels = (f"{_moved(one.before, one.after)} at {level_in_words(n)}" for n, one in found.by_level.items())
        said.append(f"Right before and after: {', '.join(levels)}.")
        classes = [
            f"{label} {_moved(one.before, one.after)} of {one.queries}" for label, one in found.most_moved(CLASSES)
        ]
        said += [f"It moves most: {', '.join(classes)}."] if classes else []
    return " ".join([*said, found.caution]).strip()


def _moved(before: float, after: float) -> str:
    return f"{100 * before:.1f} to {100 * after:.1f} %"


def rows(found: Suggestion) -> Sequence[ComparedRow]:
    """The present settings, the best of each rule, and what is suggested."""
    named = [("present", found.now), *(("", one) for one in found.rules)]
    if found.changes:
        named.append(("suggested", found.best))
    return [
        ComparedRow(
            name,
            one.scheme.words,
            one.scheme.class_factor,
            f"{100 * one.accuracy:.1f} %",
            "" if one is found.now else one.gain.words,
        )
        for name, one in named
    ]

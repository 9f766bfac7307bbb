"""An edit worked out by a study before it is made: what the pages Prune and Tune have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject

from visualmemory_gui.app.models.background_result import BackgroundResult
from visualmemory_gui.app.runtime.tasks import Tasks
from visualmemory_gui.engine.decision.levels import level_in_words
from visualmemory_gui.engine.errors import BadValue, Cancelled
from visualmemory_gui.engine.text.visible_text import as_sentence, in_percent

if TYPE_CHECKING:
    from visualmemory_gui.engine.evaluation.statistics import Gain

Found = TypeVar("Found")


class StudyEdit(BackgroundResult[Found]):
    """``found`` can be applied to the memory that it was found on, as long as that is unchanged."""

    def __init__(self, tasks: Tasks, topic: str, parent: QObject | None = None) -> None:
        super().__init__(tasks, topic, parent, told_here=(BadValue,))

    @property
    def refusal(self) -> str:
        """Why nothing was found, in a sentence; empty if there is nothing to say."""
        if isinstance(self.error, Cancelled):
            return "Stopped; nothing was changed."
        return str(self.error) if isinstance(self.error, BadValue) else ""

    def why_not(self, refused: str = "") -> str:
        """Why nothing can be applied, in a few words; empty if something can. ``refused`` is what the finding itself
        says against it."""
        if self.running:
            return "It can be applied once this is done; Cancel in the status bar stops it."
        if self.found is None:
            return "There is nothing to apply yet."
        if self._memory is None or self._memory.readonly:
            return "This memory is open for reading only."
        if self.edits_since:
            return "The memory has been edited since; run it again."
        return as_sentence(refused)


def gain_sentence(gain: Gain, accuracy: float, asked: str) -> str:
    """ "Accuracy at the full label: 1.2 points better (0.3 to 2.1), from 60.6 %; measured on …"."""
    return f"Accuracy at {level_in_words(0)}: {gain.words}, from {in_percent(accuracy)}; {asked}."

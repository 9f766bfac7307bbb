"""Who is to blame for the mistakes of one cell of the confusion matrix, found in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from visualmemory_gui.app.models.background_result import BackgroundResult
from visualmemory_gui.app.models.evaluation import ConfusionCell
from visualmemory_gui.app.runtime.tasks import Tasks
from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.text.visible_text import capitalised
from visualmemory_gui.engine.types import I64, Changes

if TYPE_CHECKING:
    from visualmemory_gui.engine.curation.blame import Blame, Blamed
    from visualmemory_gui.engine.memory.protocol import WholeMemory


class BlameModel(BackgroundResult["Blame"]):
    """``found`` is about ``cell`` and is dropped on the next edit: its promise was for the memory before that."""

    def __init__(self, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(tasks, "blame", parent)
        self.cell: ConfusionCell | None = None

    def clear(self) -> None:
        self.cell = None
        super().clear()

    def look(self, cell: ConfusionCell, ids: I64) -> None:
        """Find out which exemplars make ``ids``, those of ``cell``, be decided wrong."""
        if not len(ids):
            return

        def work(memory: WholeMemory, report: Report) -> Blame:
            from visualmemory_gui.engine.curation.blame import blame

            return blame(memory, ids.tolist(), report=report)

        self.cell = cell
        self.run("Looking for who is to blame", work, keep=False)

    def on_changed(self, changes: Changes) -> None:
        if changes.ids or changes.settings:
            self.clear()


def row_words(one: Blamed) -> tuple[str, str, str]:
    """ "2.1 %   lynx   strike out" in three; the second is the label."""
    return f"{-100 * one.value:.1f} %   ", one.label, f"   {'relabel' if one.fix == 'relabel' else 'strike out'}"


def row_sentence(one: Blamed, true: str) -> str:
    """The same in a sentence."""
    why = f"All the others decide it as {true}: relabel it." if one.fix == "relabel" else "Strike it out."
    return f"Exemplar {one.id}, {one.label}, takes {-100 * one.value:.1f} % of the vote from {true}. {why}"


def fix_words(found: Blame) -> str:
    """ "Strike out 2, relabel 1"."""
    struck, moved = len(found.ids("strike")), len(found.ids("relabel"))
    parts = [f"strike out {struck}"] * bool(struck) + [f"relabel {moved}"] * bool(moved)
    return capitalised(", ".join(parts))


def promise_words(found: Blame) -> str:
    """What the fix does to all decisions, or that no exemplar is to blame."""
    if not found.blamed:
        return "No exemplar is to blame: none of another class takes votes here that could be spared."
    return f"{fix_words(found)}. {found.words} Measured by {found.base}."

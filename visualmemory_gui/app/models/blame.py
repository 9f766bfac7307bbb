"""Who is to blame for the mistakes of one cell of the confusion matrix, found in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from visualmemory_gui.app.models.evaluation import Cell
from visualmemory_gui.app.models.exemplars import Runner
from visualmemory_gui.engine.decision.short_labels import ShortLabels
from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.types import I64, Changes

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory import VisualMemory
    from visualmemory_gui.engine.study.blame import Blame, Blamed

TOPIC = "blame"


class BlameModel(QObject):
    """``found`` is about ``cell``, and gone with the next edit: its promise was made for the memory before it."""

    updated = Signal()
    failed = Signal(object)  # the exception that ended a look

    def __init__(self, runner: Runner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._memory: VisualMemory | None = None
        self.cell: Cell | None = None
        self.found: Blame | None = None
        self.looking = False

    def set_memory(self, memory: VisualMemory | None) -> None:
        self._memory = memory
        self.clear()

    def clear(self) -> None:
        self._runner.supersede(TOPIC)
        self.cell, self.found, self.looking = None, None, False
        self.updated.emit()

    def look(self, cell: Cell, ids: I64) -> None:
        """Find out who makes the exemplars ``ids``, those of ``cell``, be decided wrong."""
        memory = self._memory
        if memory is None or not len(ids):
            return

        def work(report: Report) -> Blame:
            from visualmemory_gui.engine.study.blame import blame

            return blame(memory, ids.tolist(), report=report)

        self.cell, self.found, self.looking = cell, None, True
        self.updated.emit()
        self._runner.run_background("Looking for who is to blame", work, self._take, self._stopped, topic=TOPIC)

    def on_changed(self, changes: Changes) -> None:
        if changes.ids or changes.settings:
            self.clear()

    def _take(self, found: Blame) -> None:
        self.found, self.looking = found, False
        self.updated.emit()

    def _stopped(self, error: BaseException) -> None:
        from visualmemory_gui.engine.errors import Cancelled

        self.clear()
        if not isinstance(error, Cancelled):
            self.failed.emit(error)


def row_words(one: Blamed, names: ShortLabels) -> str:
    """ "2.1 %   lynx   strike out"; the label as short as ``names``, the labels beside it, allow."""
    fix = "relabel" if one.fix == "relabel" else "strike out"
    return f"{-100 * one.value:.1f} %   {names.short(one.label)}   {fix}"


def row_sentence(one: Blamed, true: str) -> str:
    """The same in a sentence."""
    why = f"All others decide it as {true}: relabel it." if one.fix == "relabel" else "Strike it out."
    return f"Exemplar {one.id}, {one.label}, takes {-100 * one.value:.1f} % of the vote from {true}. {why}"


def fix_words(found: Blame) -> str:
    """ "Strike out 2, relabel 1"."""
    struck, moved = len(found.ids("strike")), len(found.ids("relabel"))
    parts = [f"strike out {struck}"] * bool(struck) + [f"relabel {moved}"] * bool(moved)
    text = ", ".join(parts)
    return text[:1].upper() + text[1:]


def promise_words(found: Blame) -> str:
    """What the fix does to all decisions, or that there is nobody to blame."""
    if not found.blamed:
        return "Nobody is to blame: no exemplar of another class takes votes here that can be spared."
    return f"{fix_words(found)}. {found.words}"

"""The exemplars that mislead others, found by a scan of the memory, and as rows of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from visualmemory_gui.app.models.image_rows import ImageRow, ImageRows, in_words
from visualmemory_gui.app.models.memory_scan import AUTO, MemoryScan
from visualmemory_gui.app.runtime.tasks import Tasks
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.progress import Report

if TYPE_CHECKING:
    from visualmemory_gui.engine.curation.influence import Misleader, Misleaders, Order
    from visualmemory_gui.engine.memory.protocol import WholeMemory

JOINT_AUTO = 500
HEADERS = ("Exemplar", "Labelled", "Wrong", "Right", "Value", "Nearest that it misleads")
TIPS = (
    "The exemplar",
    "The label it has",
    "How many exemplars of other classes have it among their first neighbours",
    "How many exemplars of its own class have it among their first neighbours",
    "What it adds to the mean share of the right label, in thousandths of a point: less than 0 where it misleads",
    "The nearest exemplars of other classes that have it as a neighbour",
)


class MisleadingModel(MemoryScan["Misleaders"]):
    """Misleaders by what their absence would do, by Shapley value, or by wrong minus right: above 20,000 exemplars the
    values take minutes, so there the counts come first, and the values on request."""

    def __init__(self, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(tasks, "misleading", "Finding what misleads", self._misleaders, parent)
        self._wanted: Order | None = None

    @property
    def order(self) -> Order:
        if self._wanted is None:
            return "absence" if self._memory is None or len(self._memory.snapshot) <= AUTO else "count"
        return self._wanted

    @property
    def auto(self) -> int:
        """Under a joint rule each absence takes a solution, so that a scan after every edit is too much."""
        memory = self._memory
        joint = memory is not None and self.order == "absence" and VotingScheme.of(memory.settings).joint
        return JOINT_AUTO if joint else super().auto

    @property
    def base(self) -> str:
        """What the values are values of; nothing where there are none."""
        return "" if self.left is None or self.left.order == "count" else self.left.base

    @property
    def rows(self) -> tuple[Misleader, ...]:
        return self.left.rows if self.left is not None else ()

    def set_memory(self, memory: WholeMemory | None) -> None:
        self._wanted = None
        super().set_memory(memory)

    def set_order(self, order: Order) -> None:
        """Scan again in that order."""
        if order != self.order:
            self._wanted = order
            self.scan()

    def _misleaders(self, memory: WholeMemory, report: Report) -> Misleaders:
        from visualmemory_gui.engine.curation.influence import misleaders

        return misleaders(memory, self.order, report=report)


class MisleadersModel(ImageRows):
    """The table's rows."""

    def __init__(self, found: MisleadingModel) -> None:
        super().__init__(HEADERS, TIPS, found)
        self._found = found
        self._shown: tuple[Misleader, ...] = ()
        found.updated.connect(self.on_updated)

    def on_updated(self) -> None:
        if self._shown is not self._found.rows:
            self._shown = self._found.rows
            self.set_rows([row_of(one) for one in self._shown])

    def misleader(self, at: int) -> Misleader:
        return self._shown[at]


def row_of(one: Misleader) -> ImageRow:
    """A misleader as a row of the table."""
    value = "" if one.value is None else f"{1e5 * one.value:+.1f}"
    return ImageRow(
        one.id,
        ("", one.label, f"{one.wrong:,}", f"{one.right:,}", value, in_words(one.misled)),
        f"exemplar {one.id}, labelled {one.label}, a wrong neighbour of {one.wrong:,} and a right one of {one.right:,}",
        also=tuple(i for i, _, _ in one.misled),
    )

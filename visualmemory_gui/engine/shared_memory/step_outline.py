"""The names of steps of a shared memory, by the same words as in a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from visualmemory_gui.engine.shared_memory.candidates import LabelTable
from visualmemory_gui.engine.store.step_names import Outline, StepName, compose, outline_of
from visualmemory_gui.engine.store.writer import Record


@dataclass(frozen=True, slots=True)
class SharedLabels:
    """The labels on the server, for the name of one step."""

    table: LabelTable

    def path(self, number: int) -> str:
        """The label of that number, "?" for one that is gone."""
        found = self.table.labels.get(number)
        return "?" if found is None else found.path

    def taught(self, outline: Outline) -> str | None:
        """The one class that all exemplars of the step were added to, where the edit itself said so."""
        return outline.label


def name_of(records: Sequence[Record], kind: str, table: LabelTable, number: int | None) -> StepName:
    """The name of a step; ``number`` is that of the label that all its exemplars were added under, where it is one."""
    found = None if number is None else table.labels.get(number)
    label = None if found is None else found.path
    return compose(outline_of(records, lambda _: label), SharedLabels(table), kind=kind)

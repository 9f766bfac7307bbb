"""The experiments that the window runs: what each asks of the memory, and what it shows of the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from visualmemory_gui.engine.progress import Report

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory import VisualMemory
    from visualmemory_gui.engine.study.scaling import Scaling
    from visualmemory_gui.engine.study.words import Table

Growing = Literal["classes", "levels", "scaling"]


@dataclass(frozen=True, slots=True)
class NoveltyFound:
    """Distances of ``known`` and ``unknown`` pictures; ``lines`` are thresholds with their names; ``skipped`` pictures
    of the folder could not be read."""

    sentences: tuple[str, ...]
    known: tuple[float, ...]
    unknown: tuple[float, ...]
    lines: tuple[tuple[str, float], ...]
    skipped: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class GrowthFound:
    """``scaling`` is there where sizes were compared."""

    table: Table
    scaling: Scaling | None = None


def novelty_of(memory: VisualMemory, folder: str, report: Report) -> NoveltyFound:
    """Compare the memory's exemplars with the pictures of ``folder``, decided as the memory decides."""
    from visualmemory_gui.engine.study.labelled import from_folder
    from visualmemory_gui.engine.study.novelty import measure_novelty
    from visualmemory_gui.engine.study.subsets import Voting
    from visualmemory_gui.engine.study.words import novelty_sentences

    strange = from_folder(memory, folder, report=report)
    thresholds = memory.live.decider.thresholds
    found = measure_novelty(memory.snapshot, strange, thresholds, voting=Voting.of(memory.settings), report=report)
    values = {} if thresholds is None else thresholds.values
    lines = [(f"95 % of the known: {found.threshold:.3f}", found.threshold)]
    lines += [(f"unknown above, m = {m}: {values[m]:.3f}", values[m]) for m in sorted(values)]
    skipped = tuple((one.path, one.reason) for one in strange.skipped)
    return NoveltyFound(novelty_sentences(found), found.known, found.unknown, tuple(lines), skipped)


def growth_of(memory: VisualMemory, kind: Growing, report: Report) -> GrowthFound:
    """Run the experiment ``kind``, decided as the memory decides."""
    from visualmemory_gui.engine.study.classes import add_classes
    from visualmemory_gui.engine.study.scaling import scale
    from visualmemory_gui.engine.study.subsets import Voting
    from visualmemory_gui.engine.study.words import class_table, scaling_table

    voting = Voting.of(memory.settings)
    if kind == "scaling":
        found = scale(memory.snapshot, voting, report=report)
        return GrowthFound(scaling_table(found), found)
    return GrowthFound(class_table(add_classes(memory.snapshot, voting, related=kind == "levels", report=report)))

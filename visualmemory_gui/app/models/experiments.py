"""The experiments that the window runs: what each measures on the memory, and what it shows of the result."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.types import Skipped

if TYPE_CHECKING:
    from visualmemory_gui.engine.decision.novelty import Thresholds
    from visualmemory_gui.engine.experiments.novelty import NoveltyStudy
    from visualmemory_gui.engine.experiments.scaling import Scaling
    from visualmemory_gui.engine.experiments.wording import NoveltyRow, Table
    from visualmemory_gui.engine.memory.protocol import WholeMemory

Growing = Literal["classes", "new", "levels", "scaling"]


@dataclass(frozen=True, slots=True)
class NoveltyFound:
    """Distances of ``known`` and ``unknown`` images; ``lines`` are thresholds with their names; ``rows`` are what each
    test finds and loses, shown in ``table``; ``skipped`` images of the folder could not be read."""

    sentences: tuple[str, ...]
    table: Table
    rows: tuple[NoveltyRow, ...]
    known: tuple[float, ...]
    unknown: tuple[float, ...]
    lines: tuple[tuple[str, float], ...]
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True)
class GrowthFound:
    """``scaling`` is set if sizes were compared; ``skipped`` images of a folder could not be read; its classes
    ``known`` were already in the memory and were left out."""

    table: Table
    scaling: Scaling | None = None
    skipped: tuple[Skipped, ...] = ()
    known: tuple[str, ...] = ()


def novelty_of(memory: WholeMemory, folder: str, report: Report) -> NoveltyFound:
    """Compare the memory's exemplars with the images of ``folder``, decided the way the memory decides."""
    from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
    from visualmemory_gui.engine.evaluation.test_folder import from_folder, require_read
    from visualmemory_gui.engine.experiments.novelty import measure_novelty

    strange = require_read(from_folder(memory, folder, report=report), folder)
    thresholds, scheme = memory.maintenance.thresholds, VotingScheme.of(memory.settings)
    found = measure_novelty(
        memory.snapshot, strange, thresholds, scheme=scheme, search=memory.searcher.exact_many, report=report
    )
    return replace(_novelty_found(found, thresholds), skipped=strange.skipped)


def hidden_novelty_of(memory: WholeMemory, report: Report) -> NoveltyFound:
    """Hide a fifth of the memory's classes and compare the others with them."""
    from visualmemory_gui.engine.decision.novelty import Limits
    from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
    from visualmemory_gui.engine.experiments.novelty import hide_classes

    scheme = VotingScheme.of(memory.settings)
    return _novelty_found(
        hide_classes(
            memory.snapshot, Limits.of(memory.settings), scheme=scheme, search=memory.searcher.exact_many, report=report
        ),
        None,
    )


def _novelty_found(found: NoveltyStudy, thresholds: Thresholds | None) -> NoveltyFound:
    from visualmemory_gui.engine.experiments.wording import novelty_rows, novelty_sentences, novelty_table

    values = {} if thresholds is None else thresholds.distances
    lines = [(f"95 % of the known: {found.threshold:.3f}", found.threshold)]
    lines += [(f"unknown above, m = {m}: {values[m]:.3f}", values[m]) for m in sorted(values)]
    sentences, table, rows = novelty_sentences(found), novelty_table(found), novelty_rows(found)
    return NoveltyFound(sentences, table, rows, found.known, found.unknown, tuple(lines))


def growth_of(memory: WholeMemory, kind: Growing, report: Report) -> GrowthFound:
    """Run the experiment ``kind``, which needs no folder, decided the way the memory decides."""
    from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
    from visualmemory_gui.engine.experiments.new_classes import add_classes
    from visualmemory_gui.engine.experiments.scaling import scale
    from visualmemory_gui.engine.experiments.wording import class_table, scaling_table

    scheme = VotingScheme.of(memory.settings)
    if kind == "scaling":
        found = scale(memory.snapshot, scheme, search=memory.searcher.exact_many, report=report)
        return GrowthFound(scaling_table(found), found)
    return GrowthFound(
        class_table(
            add_classes(
                memory.snapshot, scheme, related=kind == "levels", search=memory.searcher.exact_many, report=report
            )
        )
    )


def added_from(memory: WholeMemory, folder: str, report: Report) -> GrowthFound:
    """Run the experiment that adds the classes of ``folder``, one per sub-folder; nothing is written."""
    from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
    from visualmemory_gui.engine.evaluation.test_folder import from_folder, require_read
    from visualmemory_gui.engine.experiments.new_classes import add_classes
    from visualmemory_gui.engine.experiments.subsampling import with_new
    from visualmemory_gui.engine.experiments.wording import class_table

    more = require_read(from_folder(memory, folder, report=report), folder)
    added = with_new(memory.snapshot, more)
    found = add_classes(
        added.snapshot,
        VotingScheme.of(memory.settings),
        new=added.new,
        search=memory.searcher.exact_many,
        report=report,
    )
    return GrowthFound(class_table(found), skipped=more.skipped, known=added.known)

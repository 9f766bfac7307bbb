"""The results of experiments in sentences and tables, the same on the command line and in the window."""

from __future__ import annotations

from dataclasses import dataclass

from visualmemory_gui.engine.decision.levels import level_in_words
from visualmemory_gui.engine.experiments.new_classes import ClassStudy
from visualmemory_gui.engine.experiments.novelty import NoveltyStudy
from visualmemory_gui.engine.experiments.scaling import Scaling
from visualmemory_gui.engine.text.visible_text import how_many


@dataclass(frozen=True, slots=True)
class Table:
    """A table; ``rows`` have as many cells as ``head``; ``before`` and ``after`` are sentences above and below."""

    before: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    after: tuple[str, ...] = ()


def novelty_sentences(found: NoveltyStudy) -> tuple[str, ...]:
    """How well known and unknown separate, and what the memory itself says of them."""
    told = [
        f"{how_many(len(found.known), 'known image')}, {how_many(len(found.unknown), 'unknown image')}",
        f"an unknown image is farther away than a known one in {100 * found.auroc:.1f} % of pairs (AUROC)",
        f"where {100 * found.accepted:.0f} % of the known images are accepted, so are {100 * found.fpr_at_95:.1f} % of "
        f"the unknown images (threshold {found.threshold:.3f})",
    ]
    if found.told_unknown is not None and found.told_known is not None:
        told.append(
            f"the memory calls {100 * found.told_unknown:.1f} % of the unknown images unknown, and "
            f"{100 * found.told_known:.1f} % of the known images"
        )
    return tuple(told)


def class_table(found: ClassStudy) -> Table:
    """One row for each number of exemplars of the new classes."""
    levels = list(found.steps[0].new_by_level)
    rows = [
        (
            "all" if step.shots is None else str(step.shots),
            *(f"{100 * step.new_by_level[n]:.1f}" for n in levels),
            f"{100 * step.old_before:.1f}",
            f"{100 * step.old_after:.1f}",
            step.change.words,
        )
        for step in found.steps
    ]
    return Table(
        f"new classes: {len(found.new_classes):,}, {how_many(found.new_queries, 'query')}; old classes: "
        f"{found.old_classes:,}, {how_many(found.old_queries, 'query')}; right answers in % at {level_in_words(0)}",
        ("exemplars", "new", *(f"new, level {n}" for n in levels if n), "old before", "old after", "change"),
        tuple(rows),
    )


def scaling_table(found: Scaling) -> Table:
    """One row for each size, with the fits below."""
    log = "log10" if found.log10 else "log"
    error = "log10(error in %)" if found.log10 else "log error"
    fits = ((f"{error} = a {log}(log10 n) + b", found.log_log), (f"{error} = a {log} n + b", found.power))
    return Table(
        f"{how_many(found.queries, 'query')}, k = {found.voting.k}, {found.voting.rule}; error in % "
        f"at {level_in_words(0)}, mean of {found.seeds} draws",
        ("size", "error", "spread"),
        tuple((f"{p.size:,}", f"{100 * p.error:.2f}", f"{100 * p.spread:.2f}") for p in found.points),
        tuple(f"{name}: a = {one.a:.3f}, b = {one.b:.3f}, rms {one.rmse:.4f}" for name, one in fits if one is not None),
    )

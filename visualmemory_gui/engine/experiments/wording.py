"""The results of experiments in sentences and tables, the same on the command line and in the window."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from visualmemory_gui.engine.decision.levels import level_in_words
from visualmemory_gui.engine.decision.novelty import NAMES
from visualmemory_gui.engine.text.visible_text import how_many

if TYPE_CHECKING:
    from visualmemory_gui.engine.experiments.new_classes import ClassStudy
    from visualmemory_gui.engine.experiments.novelty import Losses, NoveltyStudy, Reason
    from visualmemory_gui.engine.experiments.scaling import Scaling


@dataclass(frozen=True, slots=True)
class Table:
    """A table; ``rows`` have as many cells as ``head``; ``before`` and ``after`` are sentences above and below.

    ``answer`` is what all of it comes to, in one sentence for a headline.
    """

    answer: str
    before: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    after: tuple[str, ...] = ()


TESTS: Mapping[Reason, str] = {"unlike": NAMES["unlike"], "between": NAMES["between"], "both": "either of them"}
"""The tests for unknown images, in words."""


SEPARATES: tuple[tuple[float, str], ...] = ((0.9, "Yes"), (0.75, "Mostly"), (0.6, "Hardly"), (0.0, "No"))
"""From which AUROC on a memory can tell unknown images from known ones, in a word."""
LEVEL_OFF = 0.005  # an error that falls by less when the memory doubles has stopped falling


def novelty_answer(found: NoveltyStudy) -> str:
    """Whether the memory can tell unknown images from known ones: by all its tests together, where it has several."""
    auroc = found.reasons["both"].auroc if "both" in found.reasons else found.auroc
    word = next(word for least, word in SEPARATES if auroc >= least)
    pairs = f"an unknown image looks less known than a known one in {100 * auroc:.0f} of 100 pairs"
    why = "it cannot tell them apart, " if word == "No" else ""
    return f"{word}: {why}{pairs}, where chance gives 50"


def class_answer(found: ClassStudy) -> str:
    """How well the new classes are decided once they are taught, and what that costs the old ones."""
    last = found.steps[-1]
    taught = "all their exemplars" if last.shots is None else f"{how_many(last.shots)} each"
    right = f"the new classes are right in {_percent(last.new_by_level[0])} %"
    return f"With {taught} {right}; the old ones: {last.change.words}"


def scaling_answer(found: Scaling) -> str:
    """How far the error fell, and how far it would fall if the memory doubled and went on along its better curve."""
    first, last = found.points[0], found.points[-1]
    sizes = f"From {first.size:,} to {last.size:,} exemplars"
    fell = f"{sizes} the error went from {_percent(first.error)} to {_percent(last.error)} %"
    curves = ((found.log_log, lambda n: math.log(math.log10(n))), (found.power, math.log))
    fits = [(fit.rmse, fit.a * (of(2 * last.size) - of(last.size))) for fit, of in curves if fit is not None]
    if not fits:
        return fell
    doubled = last.error * math.exp(min(fits)[1])
    if last.error - doubled < LEVEL_OFF:
        return f"{fell}; more of the same would hardly help"
    return f"{fell}; twice as many would bring it to about {100 * doubled:.0f} %"


def _percent(part: float) -> str:
    return f"{100 * part:.1f}".removesuffix(".0")


def novelty_sentences(found: NoveltyStudy) -> tuple[str, ...]:
    """How well known and unknown separate, and what the memory itself says of them."""
    hidden = f", whose classes were hidden from it: {', '.join(found.hidden)}" if found.hidden else ""
    told = [
        f"{how_many(len(found.known), 'known image')}, {how_many(len(found.unknown), 'unknown image')}{hidden}",
        f"an unknown image is farther away than a known one in {100 * found.auroc:.1f} % of pairs (AUROC)",
    ]
    if "both" in found.reasons:
        by_total, by_both = (100 * found.reasons[name].auroc for name in ("between", "both"))
        told.append(
            f"the votes for its winner come to less than those of a known one in {by_total:.1f} % of pairs, and by both"
            f" tests together it looks less known in {by_both:.1f} %"
        )
    told.append(
        f"where {100 * found.accepted:.0f} % of the known images are accepted, so are {100 * found.fpr_at_95:.1f} % of "
        f"the unknown images (distance up to {found.threshold:.3f})"
    )
    if found.told_unknown is not None and found.told_known is not None:
        told.append(
            f"the memory calls {100 * found.told_unknown:.1f} % of the unknown images unknown, and "
            f"{100 * found.told_known:.1f} % of the known images"
        )
    return tuple(told)


@dataclass(frozen=True, slots=True)
class NoveltyRow:
    """One line of the figures: the ``cells``, and the ``settings`` that would make the memory so, {} where none do."""

    cells: tuple[str, ...]
    settings: Mapping[str, object]


def novelty_rows(found: NoveltyStudy) -> tuple[NoveltyRow, ...]:
    """Each test and both as they are set, then each at several quantiles; in percent."""
    as_set = [
        NoveltyRow((TESTS[name], "as set", *_percents(each.in_use)), {})
        for name, each in found.reasons.items()
        if each.in_use is not None
    ]
    swept = [
        NoveltyRow((TESTS[name], f"{quantile:g}", *_percents(losses)), {name: True, f"{name}_quantile": quantile})
        for name, each in found.reasons.items()
        if name != "both"
        for quantile, losses in each.at.items()
    ]
    return (*as_set, *swept)


def novelty_table(found: NoveltyStudy) -> Table:
    """``novelty_rows`` with their heads, and the sentences around them."""
    first, *rest = novelty_sentences(found)
    head = ("test", "quantile", "unknown found, %", "known lost, %", "right lost, %", "wrong lost, %")
    return Table(novelty_answer(found), first, head, tuple(row.cells for row in novelty_rows(found)), tuple(rest))


def _percents(losses: Losses) -> tuple[str, ...]:
    parts = (losses.found, losses.lost, losses.lost_right, losses.lost_wrong)
    return tuple("-" if part is None else f"{100 * part:.1f}" for part in parts)


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
        class_answer(found),
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
        scaling_answer(found),
        f"{how_many(found.queries, 'query')}, k = {found.voting.k}, {found.voting.rule}; error in % "
        f"at {level_in_words(0)}, mean of {found.seeds} draws",
        ("size", "error", "spread"),
        tuple((f"{p.size:,}", f"{100 * p.error:.2f}", f"{100 * p.spread:.2f}") for p in found.points),
        tuple(f"{name}: a = {one.a:.3f}, b = {one.b:.3f}, rms {one.rmse:.4f}" for name, one in fits if one is not None),
    )

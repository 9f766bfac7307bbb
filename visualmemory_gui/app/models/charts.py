"""What the charts of an evaluation show, as values. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from visualmemory_gui.app.models.chart import Chart, Line
from visualmemory_gui.app.models.headline import percent
from visualmemory_gui.engine.decision.levels import level_in_words
from visualmemory_gui.engine.decision.voting_rules import JOINT
from visualmemory_gui.engine.text.visible_text import capitalised
from visualmemory_gui.engine.types import RULES

if TYPE_CHECKING:
    from visualmemory_gui.engine.evaluation.evaluation import Evaluation, Sweep


def charts(found: Evaluation, level: int = 0) -> tuple[Chart, ...]:
    """Accuracy at ``level``; reliability, calibration, and a sweep of each rule's parameter, at the full label."""
    return (accuracy(found, level), reliability(found), calibration(found), *sweeps(found))


def accuracy(found: Evaluation, level: int = 0) -> Chart:
    """Right answers by k and rule at ``level``, with the best of them in words."""
    by_rule = found.accuracy_by_level[level]
    lines = tuple(
        Line(rule, tuple(map(float, by_k)), _percents(by_k.values()), "line", RULES.index(rule))
        for rule, by_k in by_rule.items()
    )
    best = max(((x, rule, k) for rule, by_k in by_rule.items() for k, x in by_k.items()), default=None)
    answer = "" if best is None else f"{capitalised(best[1])} at k = {best[2]} is right most often: {percent(best[0])}"
    title = f"Right answers by k and rule{_at(found, level)}"
    return Chart("accuracy", title, "k", "right, %", lines, answer, log_x=True)


def reliability(found: Evaluation) -> Chart:
    """How often the k-th neighbour is of the right class, with the fit over ln k."""
    values = found.reliability_at_k
    ks = tuple(float(k) for k in range(1, len(values) + 1))
    lines = [Line("k-th neighbour", ks, _percents(values), "points", 0)]
    answer = ""
    if values:
        answer = (
            f"The nearest is of the right class in {percent(values[0])}, the {len(values)}th in {percent(values[-1])}"
        )
    if found.reliability_fit is not None:
        a, b = found.reliability_fit
        name = f"{100 * a:+.1f} ln k {'+' if b >= 0 else '-'} {abs(100 * b):.0f} %"
        lines.append(Line(name, ks, _percents(a * math.log(k) + b for k in ks), "dashes"))
    title = f"Neighbours of the right class{_at(found)}"
    return Chart("reliability", title, "k-th neighbour", "right, %", tuple(lines), answer, log_x=True)


def calibration(found: Evaluation) -> Chart:
    """Share of the vote against how often the decision is right."""
    told, known = found.calibration, found.confidence
    lines = [Line("if a share were a probability", (0.0, 100.0), (0.0, 100.0), "dashes")]
    if known is not None:
        edges = (*known.confidence.shares, 1.0)
        ys = (*known.confidence.right, known.confidence.right[-1])
        lines.append(Line("confidence", _percents(edges), _percents(ys), "steps", 1))
    shares, right = _percents(one.share for one in told.bins), _percents(one.accuracy for one in told.bins)
    lines.append(Line("15 equal-sized bins of queries", shares, right, "points", 0))
    title = f"Share of the vote and how often right{_at(found)}"
    return Chart("calibration", title, "share, %", "right, %", tuple(lines), _error(found))


def _error(found: Evaluation) -> str:
    share, known = found.calibration.ece, found.confidence
    if share is None:
        return "No query got an answer"
    misses = f"A share is off by {100 * share:.1f} points"
    if known is None:
        return f"{misses}; under 200 queries there is no confidence"
    if known.ece is None:
        return f"{misses}; more queries are needed to say how far the confidence is"
    return f"{misses}, the confidence by {100 * known.ece:.1f} on queries new to it"


def sweeps(found: Evaluation) -> tuple[Chart, ...]:
    """One chart for each parameter of a rule: right answers over its values, a line per k."""
    out = []
    for sweep in found.sweeps:
        values = tuple(sweep.accuracy)
        ks = [k for k in next(iter(sweep.accuracy.values()), {}) if k > 1]
        shown = ks[-4:] if sweep.rule in JOINT else ks[:: max(1, len(ks) // 3)][:4]  # a joint rule is for a large k
        lines = tuple(
            Line(f"k = {k}", values, _percents(sweep.accuracy[value][k] for value in values), "line", place)
            for place, k in enumerate(shown)
        )
        of = "" if sweep.queries == found.queries else f", {sweep.queries:,} queries"
        title = f"{capitalised(sweep.rule)}: {sweep.parameter}{_at(found)}{of}"
        out.append(
            Chart(
                f"sweep-{sweep.name.replace(' ', '-')}",
                title,
                sweep.parameter,
                "right, %",
                lines,
                _best_of(sweep),
                log_x=True,
            )
        )
    return tuple(out)


def _best_of(sweep: Sweep) -> str:
    """ "Best: 0.04 at k = 50, 63 %; in use: 0.07": of equal ones that in use. At k = 1 no parameter matters."""
    found = [(x, value, k) for value, by_k in sweep.accuracy.items() for k, x in by_k.items() if k > 1]
    if not found:
        return ""
    right, value, k = max(found, key=lambda one: (one[0], one[1] == sweep.used, -one[2]))
    return f"Best: {value:g} at k = {k}, {percent(right)}; in use: {sweep.used:g}"


def _at(found: Evaluation, level: int = 0) -> str:
    """What a title says about the level, if the labels have several."""
    return f" at {level_in_words(level)}" if len(found.levels) > 1 else ""


def _percents(values: Iterable[float]) -> tuple[float, ...]:
    return tuple(100 * value for value in values)

"""What the charts of the experiments show, as values."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from visualmemory_gui.app.models.chart import Chart, Line, Mark, Style
from visualmemory_gui.app.models.experiments import NoveltyFound
from visualmemory_gui.engine.types import F64

if TYPE_CHECKING:
    from visualmemory_gui.engine.experiments.scaling import Fit, Scaling

BARS = 40
ABOVE = 1.25  # of the highest bar: room for the names of the thresholds


def novelty_chart(found: NoveltyFound) -> Chart:
    """The distances of known and unknown images, with thresholds as marks."""
    known, unknown = np.array(found.known), np.array(found.unknown)
    edges = np.histogram_bin_edges(np.concatenate([known, unknown]), BARS)
    known_bars, unknown_bars = _percent_in(known, edges), _percent_in(unknown, edges)
    left = tuple(edges[:-1].tolist())
    ends = [float(edges[0]), float(edges[-1]), *(x for _, x in found.lines)]
    return Chart(
        "novelty",
        "Distances of known and of unknown images",
        "mean distance to the nearest exemplars",
        "% of them",
        (
            Line("known", left, tuple(known_bars.tolist()), "bars", 0),
            Line("unknown", left, tuple(unknown_bars.tolist()), "hatched", 1),
        ),
        marks=tuple(Mark(name, x) for name, x in found.lines),
        x_range=(min(ends), max(ends)),
        y_range=(0.0, ABOVE * float(max(known_bars.max(), unknown_bars.max()))),
    )


def _percent_in(distances: F64, edges: F64) -> F64:
    percents: F64 = 100 * np.histogram(distances, edges)[0] / max(len(distances), 1)
    return percents


def scaling_chart(found: Scaling) -> Chart:
    """Error over size, both on logarithmic axes, with fitted curves; errors of 0 cannot be shown."""
    seen = [(float(point.size), 100 * point.error) for point in found.points if point.error > 0]
    sizes, errors = tuple(size for size, _ in seen), tuple(error for _, error in seen)
    fits: tuple[tuple[str, Fit | None, Callable[[F64], F64]], ...] = (
        ("log error = a log(log10 n) + b, as in the paper", found.log_log, lambda n: np.log(np.log10(n))),
        ("log error = a log n + b, a power law", found.power, np.log),
    )
    lines = [Line("measured", sizes, errors, "points", 2)]
    for place, (name, fit, of) in enumerate(fits):
        if fit is not None and sizes:
            fine = np.geomspace(min(sizes), max(sizes), 100)
            percents = 100 * np.exp(fit.a * of(fine) + fit.b)
            style: Style = "curve" if place == 0 else "dashes"
            lines.append(Line(name, tuple(fine.tolist()), tuple(percents.tolist()), style, place))
    return Chart(
        "scaling",
        "Error over the size of the memory",
        "exemplars",
        "error, %",
        tuple(lines),
        log_x=True,
        log_y=True,
    )

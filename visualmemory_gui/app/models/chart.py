"""What a chart shows, as values: lines, marks, titles. ``widgets/chart`` draws it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from visualmemory_gui.engine.exchange.csv_table import csv_table

Style = Literal["line", "curve", "dashes", "points", "steps", "bars", "hatched"]
Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """One series of a chart; ``colour`` is an index into the class colours, None for grey.

    A "line" has a symbol at each point, a "curve" has none. ``xs`` of "bars" and "hatched" ones are their left ends;
    all have the same width.
    """

    name: str
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    style: Style = "line"
    colour: int | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """A vertical line across the chart at ``x``, with its name. The first one of a chart is the boldest."""

    name: str
    x: float


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart. ``answer`` says in a sentence what is to be seen in it; ``name`` is for files.

    Ranges are those of all points unless they are given.
    """

    name: str
    title: str
    x: str
    y: str
    lines: tuple[Line, ...]
    answer: str = ""
    marks: tuple[Mark, ...] = ()
    log_x: bool = False
    log_y: bool = False
    x_range: Range | None = None
    y_range: Range | None = None


def table(found: Sequence[Chart]) -> str:
    """All points as CSV: chart, series, x, y."""
    points = (
        (chart.name, line.name, x, y)
        for chart in found
        for line in chart.lines
        for x, y in zip(line.xs, line.ys, strict=True)
    )
    return csv_table(("chart", "series", "x", "y"), points)

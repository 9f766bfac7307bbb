"""`evaluate --suggest`: the settings that decide best, what they gain, and setting them."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING

from visualmemory_gui.cli.opening import reader, writer
from visualmemory_gui.cli.output import Progress, emit, print_line, table

if TYPE_CHECKING:
    from visualmemory_gui.engine.evaluation.best_settings import Suggestion

MOVED = 10
"""Classes that are listed at most."""


def suggest(memory: str, *, level: int | None, apply: bool, device: str | None, as_json: bool) -> None:
    """Print the settings that decide ``memory`` best, and set them if ``apply`` and they help."""
    from visualmemory_gui.engine.evaluation import best_settings as study

    with (writer if apply else reader)(memory, device=device) as m:
        with Progress("comparing settings") as report:
            found = study.suggest(m, level=level, report=report)
        applied = apply and found.helps
        if applied:
            study.apply(m, found)
    if as_json:
        emit({**found.to_json(), "applied": applied})
    else:
        _print(found)
        _print_next(memory, found, applied=applied)


def _print(found: Suggestion) -> None:
    from visualmemory_gui.engine.decision.levels import level_in_words

    print_line(found.measured_on)
    rows = [
        (name, one.scheme.words, one.scheme.class_factor, f"{100 * one.accuracy:.1f}",
         "" if one is found.now else one.gain.words)
        for name, one in [("present", found.now), *(("", one) for one in found.rules), ("suggested", found.best)]
    ]  # fmt: skip
    at = level_in_words(found.level)
    table(rows, ("", "rule", "class factor", f"right, % at {at}", "against the present"))
    for level, one in found.by_level.items():
        figures = f"{100 * one.before:.1f} % before, {100 * one.after:.1f} % after"
        print_line(f"{level_in_words(level)}: {figures}; {one.gain.words}")
    moved = found.most_moved(MOVED)
    if moved:
        cells = ((label, f.queries, f"{100 * f.before:.1f}", f"{100 * f.after:.1f}") for label, f in moved)
        table(cells, (f"classes that change most at {at}", "queries", "right before, %", "after, %"))
    print_line(found.words)
    if found.caution:
        print_line(found.caution)


def _print_next(memory: str, found: Suggestion, *, applied: bool) -> None:
    if applied:
        before = asdict(found.settings)
        print_line("Applied. To go back:")
        for name in found.changes:
            print_line(f"  visualmemory settings {shlex.quote(memory)} {name} {before[name]}")
    elif found.helps:
        print_line(f"To use it: visualmemory evaluate {shlex.quote(memory)} --suggest --apply")

"""What commands print: JSON and CSV for programs, aligned tables for people, progress on stderr.

All output goes through here: names come from files and from strangers' memories, so control characters are shown rather
than sent to the terminal. JSON escapes them by its own rules.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import typer

from visualmemory_gui.engine.exchange.csv_table import csv_lines
from visualmemory_gui.engine.progress import Pace, amount
from visualmemory_gui.engine.text.visible_text import visible

if TYPE_CHECKING:
    from visualmemory_gui.engine.experiments.wording import Table

QUIET_S = 0.5  # a task shorter than this shows no progress
TTY_EVERY_S = 0.1
LOG_EVERY_S = 10.0
LOG_PARTS = 10  # off a terminal: a line about every tenth of the way


def print_line(text: str = "") -> None:
    """Print one line on stdout."""
    typer.echo(visible(text))


def emit(value: object) -> None:
    """Print one JSON value on one line of stdout."""
    typer.echo(json.dumps(value, allow_nan=False, default=_plain))


def _plain(value: Any) -> object:
    """Convert numpy values and mappings, which json cannot serialise."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "items"):
        return dict(value.items())
    raise TypeError(f"{type(value).__name__} has no JSON form")


def print_csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a CSV table on stdout, line by line as ``rows`` arrive."""
    for text in csv_lines(head, rows):
        typer.echo(text, nl=False)


def say(text: str) -> None:
    """Print one line for the user on stderr, apart from the results on stdout."""
    typer.echo(visible(text), err=True)


def table(rows: Iterable[Sequence[object]], head: Sequence[str]) -> None:
    """Print rows as an aligned table; columns of numbers are right-aligned."""
    body = [[_cell(value) for value in row] for row in rows]
    lines = [list(head), *body]
    widths = [max(len(cells[i]) for cells in lines) for i in range(len(head))]
    right = [bool(body) and all(_is_number(cells[i]) for cells in body) for i in range(len(head))]
    for cells in lines:
        set_out = [c.rjust(w) if r else c.ljust(w) for c, w, r in zip(cells, widths, right, strict=True)]
        print_line("  ".join(set_out).rstrip())


def print_findings(found: Table) -> None:
    """Print what an experiment found: its answer, a sentence, a table, and what follows from it."""
    print_line(found.answer)
    print_line(found.before)
    table(found.rows, found.head)
    for sentence in found.after:
        print_line(sentence)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else visible(str(value))


def _is_number(text: str) -> bool:
    return text == "-" or text.replace(",", "").replace(".", "").replace("-", "").replace("%", "").strip().isdigit()


def megabytes(size: int) -> str:
    """``size`` bytes as ``17.2 MB``."""
    return f"{size / 1e6:,.1f} MB"


class Progress:
    """A ``Report`` on stderr: one line rewritten in place on a terminal, occasional lines elsewhere.

    ``what`` describes a task that names no phase of its own; a phase lasts until the next is named.
    """

    def __init__(self, what: str = "") -> None:
        self._what = what
        self._started = time.monotonic()
        self._shown = 0.0
        self._part = 0
        self._width = 0
        self._tty = sys.stderr.isatty()
        self._pace = Pace()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._width:
            sys.stderr.write("\r" + " " * self._width + "\r")
            sys.stderr.flush()

    def __call__(self, done: int, total: int | None, what: str = "") -> None:
        now = time.monotonic()
        self._what = what = what or self._what
        pace = self._pace.text(done, total, what)
        if now - self._started < QUIET_S:
            return
        text = _progress_text(done, total, what) + (f" ({pace})" if pace else "")
        if self._tty:
            if now - self._shown >= TTY_EVERY_S:
                self._shown = now
                self._rewrite(visible(text), done, total)
        else:
            self._log(text, now, done, total)

    def _rewrite(self, text: str, done: int, total: int | None) -> None:
        if total:
            filled = min(20, 20 * done // total)
            text = f"[{'#' * filled}{'.' * (20 - filled)}] {text}"
        sys.stderr.write("\r" + text.ljust(self._width))
        sys.stderr.flush()
        self._width = max(self._width, len(text))

    def _log(self, text: str, now: float, done: int, total: int | None) -> None:
        part = LOG_PARTS * done // total if total else 0
        if part > self._part or now - self._shown >= LOG_EVERY_S:
            self._part, self._shown = part, now
            say(text)


def _progress_text(done: int, total: int | None, what: str) -> str:
    counted = f"{amount(done)} of {amount(total)}" if total else amount(done)
    return f"{what}: {counted}" if what else counted

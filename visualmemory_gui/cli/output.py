"""What commands print: JSON for scripts, aligned tables for people, progress on stderr."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Sequence
from typing import Any

import typer

from visualmemory_gui.engine.progress import Pace

QUIET_S = 0.5  # a task shorter than this shows no progress
TTY_EVERY_S = 0.1
LOG_EVERY_S = 10.0
LOG_PARTS = 10  # sparse lines: about every tenth


def emit(value: Any) -> None:
    """Print one JSON value on one line of stdout."""
    typer.echo(json.dumps(value, allow_nan=False, default=_plain))


def _plain(value: Any) -> Any:
    """Values of numpy and mappings that json does not know."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "items"):
        return dict(value.items())
    raise TypeError(f"{type(value).__name__} has no JSON form")


def say(text: str) -> None:
    """Print a line for the person on stderr, out of the way of what stdout carries."""
    typer.echo(text, err=True)


def table(rows: Iterable[Sequence[object]], head: Sequence[str]) -> None:
    """Print rows as an aligned table; columns that hold only numbers are set to the right."""
    body = [[_cell(value) for value in row] for row in rows]
    lines = [list(head), *body]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    right = [bool(body) and all(_is_number(line[i]) for line in body) for i in range(len(head))]
    for line in lines:
        cells = [c.rjust(w) if r else c.ljust(w) for c, w, r in zip(line, widths, right, strict=True)]
        typer.echo("  ".join(cells).rstrip())


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _is_number(text: str) -> bool:
    return text == "-" or text.replace(",", "").replace(".", "").replace("-", "").replace("%", "").strip().isdigit()


def count(n: int, noun: str = "exemplar") -> str:
    """``1 exemplar``, ``1,200 exemplars``."""
    if n == 1:
        return f"1 {noun}"
    return f"{n:,} {noun[:-1] + 'ies' if noun.endswith('y') else noun + 's'}"


def megabytes(size: int) -> str:
    """``size`` bytes as ``17.2 MB``."""
    return f"{size / 1e6:,.1f} MB"


class Progress:
    """A ``Report`` on stderr: one line rewritten in place on a terminal, a line now and then elsewhere."""

    def __init__(self) -> None:
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
        pace = self._pace.text(done, total, what)
        if now - self._started < QUIET_S:
            return
        line = _progress_text(done, total, what) + (f" ({pace})" if pace else "")
        if self._tty:
            if now - self._shown >= TTY_EVERY_S:
                self._shown = now
                self._rewrite(line, done, total)
        else:
            self._log(line, now, done, total)

    def _rewrite(self, line: str, done: int, total: int | None) -> None:
        if total:
            filled = min(20, 20 * done // total)
            line = f"[{'#' * filled}{'.' * (20 - filled)}] {line}"
        sys.stderr.write("\r" + line.ljust(self._width))
        sys.stderr.flush()
        self._width = max(self._width, len(line))

    def _log(self, line: str, now: float, done: int, total: int | None) -> None:
        part = LOG_PARTS * done // total if total else 0
        if part > self._part or now - self._shown >= LOG_EVERY_S:
            self._part, self._shown = part, now
            sys.stderr.write(line + "\n")


def _progress_text(done: int, total: int | None, what: str) -> str:
    counted = f"{done:,} of {total:,}" if total else f"{done:,}"
    return f"{what or 'working'}: {counted}"

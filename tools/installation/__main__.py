"""Measure how the product installs, into ``benchmarks/results/installation.json`` and the tables of the documents.

``python -m tools.installation lines``, the lines of the README; ``extras``, each extra alone and none at all;
``make NAME…``, targets on a fresh clone; ``took NAME SECONDS [FOLDER]``, a target that was timed elsewhere in a fresh
clone, which is FOLDER if it is still there; ``pythons PATH…``, the wheel in other versions of Python; ``tables``, only
write the tables again. Takes minutes and several GB.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import results
from tools.installation import extras, lines, pythons
from tools.installation.lines import Row
from visualmemory_gui.engine.diagnosis.packages import DEVELOPMENT, PURPOSE

NAME = "installation"
ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/installation.md"


def tables(found: dict[str, Any]) -> dict[str, str]:
    """The tables of the page, by name; without those of what has not been measured."""
    made: dict[str, Callable[[Any], str]] = {
        "lines": lines.table,
        "make": lines.targets_table,
        "pythons": pythons.table,
        "extras": extras.table,
        "words": extras.words,
    }
    measured = {name: found.get("extras" if name == "words" else name) for name in made}
    purposes = "\n".join(f"| `{extra}` | {purpose} |" for extra, purpose in PURPOSE.items())
    return {
        "purposes": f"| extra | what it is for |\n|---|---|\n{purposes}",
        **{name: made[name](rows) for name, rows in measured.items() if rows},
    }


def filled(page: str, found: dict[str, Any]) -> str:
    """``page`` with its tables as ``found`` has them."""
    for name, table in tables(found).items():
        page = re.sub(
            rf"(<!-- table: {name} -->\n\n).*?(\n\n<!-- end -->)", rf"\g<1>{table}\g<2>", page, flags=re.DOTALL
        )
    return page


def extra_names() -> list[str]:
    """The extras of the product, without those for its development."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return sorted(project["optional-dependencies"].keys() - DEVELOPMENT)


def _lines(names: list[str]) -> tuple[list[Row], list[str]]:
    rows = [lines.measured(line) for line in names or lines.named()]
    return rows, [row["line"] for row in rows if not row.get("works", "why_not" in row)]


def _extras(names: list[str]) -> tuple[dict[str, Row], list[str]]:
    rows = extras.measured(names or extra_names())
    return rows, extras.failures(rows)


def _make(names: list[str]) -> tuple[list[Row], list[str]]:
    rows = [lines.target(name) for name in names]
    return rows, [row["line"] for row in rows if row["exit"]]


def _took(words: list[str]) -> tuple[list[Row], list[str]]:
    name, seconds, *folder = words
    return [lines.timed(name, round(float(seconds)), Path(folder[0]) if folder else None)], []


def _pythons(names: list[str]) -> tuple[list[Row], list[str]]:
    rows = pythons.measured(names or [sys.executable])
    too_old = "requires a different Python"
    return rows, [row["line"] for row in rows if row.get("failed") or too_old not in row.get("pip_says", too_old)]


MEASURE: dict[str, Callable[[list[str]], tuple[Any, list[str]]]] = {
    "lines": _lines,
    "extras": _extras,
    "make": _make,
    "took": _took,
    "pythons": _pythons,
}
"""What can be measured: its rows, and what failed."""
PLACES = {"took": "make"}
"""Where rows are kept, if not under the name of what was measured."""


def _in_place(before: list[Row], rows: list[Row]) -> list[Row]:
    """``rows`` in place of those of the same lines, in the order of the README."""
    places = {line: place for place, line in enumerate((*lines.named(), *lines.TARGETS))}
    found = {row["line"]: row for row in before} | {row["line"]: row for row in rows}
    return sorted(found.values(), key=lambda row: places.get(row["line"], len(places)))


def main() -> int:
    what, *names = sys.argv[1:] or ["tables"]
    rows, bad = MEASURE[what](names) if what in MEASURE else (None, [])
    found = results.read(NAME)  # late: another of these may have ended meanwhile
    if rows is not None:
        place = PLACES.get(what, what)
        found[place] = rows if isinstance(rows, dict) else _in_place(found.get(place, []), rows)
    results.write(NAME, found)
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), found), encoding="utf-8")
    print("\n".join(bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

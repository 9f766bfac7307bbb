"""Measure how the product installs, into ``benchmarks/results/installation.json`` and the tables of the documents.

``python -m tools.installation lines``, the lines of the README; ``extras``, each extra alone and none at all;
``make NAME…``, targets on a fresh clone; ``tables``, only write the tables again. Takes minutes and several GB.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from benchmarks import results
from tools.installation import extras, lines
from visualmemory_gui.engine.diagnosis.packages import DEVELOPMENT, requirements

NAME = "installation"
PAGE = Path(__file__).resolve().parents[2] / "docs/installation.md"


def tables(found: dict[str, Any]) -> dict[str, str]:
    """The tables of the page, by name."""
    return {
        "lines": lines.table(found["lines"]),
        "make": lines.targets_table(found["make"]),
        "extras": extras.table(found["extras"]),
        "words": extras.words(found["extras"]),
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
    return sorted({one.extra for one in requirements() if one.extra} - DEVELOPMENT)


def main() -> int:
    what, *names = sys.argv[1:] or ["tables"]
    found, bad = results.read(NAME), list[str]()
    if what == "lines":
        rows = {row["line"]: row for row in found.get("lines", [])}
        rows |= {line: lines.measured(line) for line in names or lines.named()}
        found["lines"] = [rows[line] for line in lines.named() if line in rows]
        bad = [row["line"] for row in found["lines"] if not row.get("works", "why_not" in row)]
    elif what == "extras":
        found["extras"] = extras.measured(names or extra_names())
        bad = extras.failures(found["extras"])
    elif what == "make":
        rows = {row["target"]: row for row in found.get("make", [])} | {name: lines.target(name) for name in names}
        found["make"] = list(rows.values())
        bad = [row["target"] for row in found["make"] if row["exit"]]
    results.write(NAME, found)
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), found), encoding="utf-8")
    print("\n".join(bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

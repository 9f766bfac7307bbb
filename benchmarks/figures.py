"""Are the figures of a benchmark worse than in an earlier version? Each version runs its own benchmark, in turns.

Two commits of this repository, the earlier one first. Each is checked out into a folder of its own and runs
``python -m benchmarks.NAME`` there; they take turns. Of every time that both write under one name the median of the
turns is compared; told are those that moved by more than ``--within``, and how many did not.

    python -m benchmarks.figures [--turns 3] [--within 0.05] d17c2d4 HEAD queue impact "evaluate --rows 20000"
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.results import read, table, write
from benchmarks.versions import checked_out

NOW_CALLED = {"blast_radius": "impact", "foreseen": "previews", "teach": "add"}
TIMES = ("_ms", "_s", "_us", "ms", "seconds", "median", "visualmemory")  # how names of times end


def times(found: Any, at: str = "") -> Iterator[tuple[str, float]]:
    """Every time in a result, with its path. Rows of a list go by what they say of themselves in words and counts."""
    if isinstance(found, dict):
        for name, value in found.items():
            yield from times(value, f"{at} {NOW_CALLED.get(name, name)}".strip())
    elif isinstance(found, list):
        for row in found:
            yield from times(row, f"{at} {_said(row)}" if isinstance(row, dict) else at)
    elif isinstance(found, float) and at.endswith(TIMES) and "slowest" not in at:
        yield at, found


def _said(row: dict[str, Any]) -> str:
    """Counts are rounded: an earlier benchmark may have kept a few rows more."""
    said = [value for value in row.values() if isinstance(value, int | str)]
    words = [f"{value:.1g}" if isinstance(value, int) else NOW_CALLED.get(value, value) for value in said]
    return ", ".join(words)


def run(source: Path, name: str, options: list[str]) -> dict[str, float]:
    """What the benchmark ``name`` of the version in ``source`` writes: its times by their paths."""
    subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", *options],
        cwd=source,
        env={**os.environ, "PYTHONPATH": str(source)},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return dict(times(json.loads((source / "benchmarks" / "results" / f"{name}.json").read_text())))


def compared(sides: list[dict[str, list[float]]]) -> list[dict[str, Any]]:
    """The times that both sides tell, in the order of the earlier one."""
    earlier, later = ({path: statistics.median(seen) for path, seen in side.items()} for side in sides)
    return [
        {"figure": path, "earlier": earlier[path], "later": later[path], "ratio": later[path] / earlier[path]}
        for path in earlier
        if path in later
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commits", nargs=2, metavar="COMMIT")
    parser.add_argument("benchmarks", nargs="+", metavar="NAME", help="with its options, in quotes")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--within", type=float, default=0.05)
    given = parser.parse_args()
    kept = read("figures")
    with tempfile.TemporaryDirectory() as folder:
        places = [Path(folder) / f"{place}-{commit}" for place, commit in enumerate(given.commits)]
        sources = [checked_out(commit, place) for commit, place in zip(given.commits, places, strict=True)]
        for line in given.benchmarks:
            name, *options = line.split()
            sides: list[dict[str, list[float]]] = [defaultdict(list), defaultdict(list)]
            for turn in range(given.turns):
                for place in (0, 1) if turn % 2 == 0 else (1, 0):
                    for path, value in run(sources[place], name, options).items():
                        sides[place][path].append(value)
            rows = compared(sides)
            kept[name] = {"commits": given.commits, "options": options, "turns": given.turns, "figures": rows}
            write("figures", kept)
            moved = [list(row.values()) for row in rows if abs(row["ratio"] - 1) > given.within]
            print(f"\n{line}: {len(rows) - len(moved)} of {len(rows)} times within {given.within:.0%}")
            if moved:
                print(table([name, *given.commits, "ratio"], moved))


if __name__ == "__main__":
    main()

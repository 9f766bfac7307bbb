"""What is a class taught from 1, 3, 5 or 10 pictures worth, and what does it cost the old classes?

On the demo memory: a fifth of the classes is held out and taught back, five seeds, with the class factor off and on.

    python -m benchmarks.shots [MEMORY]
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path
from typing import Any

from benchmarks.results import table, write
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.exchange.demo import default_place
from visualmemory_gui.engine.study.evaluate import evaluate
from visualmemory_gui.engine.study.shots import Taught, teach_new_classes

SEEDS = range(5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("memory", nargs="?", default=str(default_place()))
    options = parser.parse_args()
    with VisualMemory.open(Path(options.memory), readonly=True) as memory:
        found = evaluate(memory, ks=(1, 5, 10, 20, 50)).to_json()
        studies = [teach_new_classes(memory.snapshot, seed=seed) for seed in SEEDS]
    rows = [summary([s.results[place] for s in studies]) for place in range(len(studies[0].results))]
    shape = {"new_classes": len(studies[0].new_classes), "old_classes": studies[0].old_classes, "seeds": len(SEEDS)}
    write("shots", {**shape, "queries": found["queries"], "by_level": found["accuracy_by_level"], "shots": rows})
    head = ["rule", "level", *(f"k = {k}" for k in found["accuracy"]["rank"])]
    print(table(head, accuracy_rows(found)))
    print()
    head = ["shots", "class factor", "new classes", "old before", "old after", "change on old, points"]
    print(table(head, [list(row.values()) for row in rows]))


def accuracy_rows(found: dict[str, Any]) -> list[list[object]]:
    """Accuracy in percent, the full label and level 1."""
    by_level = found["accuracy_by_level"]
    return [
        [rule, name, *(f"{100 * x:.1f}" for x in by_level[level][rule].values())]
        for level, name in (("0", "full label"), ("1", "level 1"))
        for rule in by_level[level]
    ]


def summary(taught: list[Taught]) -> dict[str, object]:
    """Means over the seeds, in percent."""
    new, before, after = (
        100 * statistics.mean(getattr(one, name) for one in taught) for name in ("new", "old_before", "old_after")
    )
    return {
        "shots": taught[0].shots,
        "class_factor": "on" if taught[0].class_factor else "off",
        "new": round(new, 1),
        "old_before": round(before, 1),
        "old_after": round(after, 1),
        "change": round(after - before, 2),
    }


if __name__ == "__main__":
    main()

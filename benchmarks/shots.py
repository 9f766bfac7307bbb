"""What is a class taught from 1, 3, 5 or 10 images worth, and what does it cost the old classes?

On the demo memory: a fifth of the classes is taken out and taught back, five seeds, with each form of the class factor.
A fifth of each class is held out and asked.

    python -m benchmarks.shots [MEMORY]
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path
from typing import Any

from benchmarks.results import table, write
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.evaluation.evaluate import evaluate
from visualmemory_gui.engine.exchange.demo.demo import default_place
from visualmemory_gui.engine.experiments.new_classes import Added, ClassStudy, add_classes
from visualmemory_gui.engine.types import CLASS_FACTORS, ClassFactor

SEEDS = range(5)
SHOTS = (1, 3, 5, 10, None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("memory", nargs="?", default=str(default_place()))
    options = parser.parse_args()
    with VisualMemory.open(Path(options.memory), readonly=True) as memory:
        found = evaluate(memory, ks=(1, 5, 10, 20, 50)).to_json()
        studies = {
            factor: [
                add_classes(memory.snapshot, VotingScheme(class_factor=factor), shots=SHOTS, seed=s) for s in SEEDS
            ]
            for factor in CLASS_FACTORS
        }
    rows = [row for factor, found_by_seed in studies.items() for row in summaries(found_by_seed, factor)]
    first = studies["mean"][0]
    shape = {"new_classes": len(first.new_classes), "old_classes": first.old_classes, "seeds": len(SEEDS)}
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


def summaries(studies: list[ClassStudy], factor: ClassFactor) -> list[dict[str, object]]:
    return [summary([study.steps[place] for study in studies], factor) for place in range(len(SHOTS))]


def summary(steps: list[Added], factor: ClassFactor) -> dict[str, object]:
    """Means over the seeds, in percent."""
    new = 100 * statistics.mean(step.new_by_level[0] for step in steps)
    before, after = (
        100 * statistics.mean(getattr(step, name) for step in steps) for name in ("old_before", "old_after")
    )
    return {
        "shots": "all" if steps[0].shots is None else steps[0].shots,
        "class_factor": factor,
        "new": round(new, 1),
        "old_before": round(before, 1),
        "old_after": round(after, 1),
        "change": round(after - before, 2),
    }


if __name__ == "__main__":
    main()

"""What does each form of the class factor cost and bring where most classes are small?

A folder of class folders, all of them, however few images they hold (openclipart's PNG files: Debian's package
openclipart-png). Five folds, copies kept together: each is asked of the other four, as fresh images are. One-shot
teaching: a fifth of the classes that have two images is taken out and taught back with one image each, five seeds.

    python -m benchmarks.long_tail FOLDER MEMORY

MEMORY is made of FOLDER if it is missing. Nothing is chosen on what is reported.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.results import table, write
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.decision.leave_one_out import NearestMany
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme, usual_k
from visualmemory_gui.engine.evaluation.query_set import QuerySet, winners
from visualmemory_gui.engine.experiments.new_classes import add_classes
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import CLASS_FACTORS, Bools, MemorySettings, Rule

FOLDS, SEEDS, AT_ONCE = 5, range(5), 256
RULES: tuple[Rule, ...] = ("rank", "ridge")
SMALL = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("memory", type=Path)
    options = parser.parse_args()
    if not options.memory.exists():
        with VisualMemory.create(options.memory) as memory:
            memory.build(options.folder)
    with VisualMemory.open(options.memory, readonly=True) as memory:
        snapshot, search = memory.snapshot, memory.searcher.nearest_many
        rows = list(measured(snapshot, search))
    sizes = snapshot.counts[snapshot.counts > 0]
    shape = {
        "exemplars": snapshot.active_count,
        "classes": len(sizes),
        "classes_below_ten": int((sizes < SMALL).sum()),
        "median_class": float(np.median(sizes)),
        "folds": FOLDS,
        "seeds": len(SEEDS),
    }
    write("long_tail", {**shape, "rows": rows})
    print(shape)
    head = ["rule", "class factor", "fresh images", "of small classes", "one shot: new classes", "old classes"]
    print(table(head, [list(row.values()) for row in rows]))


def measured(snapshot: Snapshot, search: NearestMany) -> Iterator[dict[str, Any]]:
    """A row for each rule and form of the class factor, in percent."""
    small = snapshot.counts[snapshot.label[np.flatnonzero(snapshot.active)]] < SMALL
    for rule in RULES:
        plain = VotingScheme(rule, usual_k(MemorySettings(), rule))
        schemes = [replace(plain, class_factor=factor) for factor in CLASS_FACTORS]
        for scheme, right in zip(schemes, folded(snapshot, search, schemes), strict=True):
            taught = [add_classes(snapshot, scheme, shots=(1,), seed=seed).steps[0] for seed in SEEDS]
            yield {
                "rule": rule,
                "class_factor": scheme.class_factor,
                "fresh": _percent(float(right.mean())),
                "fresh_of_small": _percent(float(right[small].mean())),
                "one_shot_new": _percent(statistics.mean(one.new_by_level[0] for one in taught)),
                "one_shot_old": _percent(statistics.mean(one.old_after for one in taught)),
            }


def _percent(share: float) -> float:
    return round(100 * share, 2)


def folded(snapshot: Snapshot, search: NearestMany, schemes: list[VotingScheme]) -> list[Bools]:
    """Of each scheme, which active exemplars the other folds decide right, (n,)."""
    rows = np.flatnonzero(snapshot.active)
    right = [np.zeros(len(rows), bool) for _ in schemes]
    for fold in QuerySet.active(snapshot).parts([len(rows)] * FOLDS):
        memory = snapshot.changed(active=snapshot.active & ~snapshot.among(rows[fold]))
        queries, first = QuerySet.exemplars(snapshot, rows[fold]), schemes[0]
        for start in range(0, len(fold), AT_ONCE):
            which = np.arange(start, min(start + AT_ONCE, len(fold)))
            near = queries.neighbours(memory, search, first.k, which=which, different=first.joint)
            for found, scheme in zip(right, schemes, strict=True):
                found[fold[which]] = winners(near, scheme) == queries.truth[which]
    return right


if __name__ == "__main__":
    main()

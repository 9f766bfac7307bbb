"""How well does *Wrong label?* find labels that were flipped, and what does cleaning up bring?

The demo memory with 10 % of its labels flipped to another class (seeded). Precision and recall of the order shown, at
the true number of flips, for several k. Then a careful person goes through the list: takes the suggestion where it is
the true label (Enter), relabels by hand where only the label was wrong (R and the class), and keeps what was right (K);
accuracy (leave-one-out against the true labels, rank voting, k = 10) is measured along the way.

    python -m benchmarks.review [--memory DEMO.vmem] [--seeds 3]
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.results import table, write
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.curation.review import survey
from visualmemory_gui.engine.curation.suspect import LABEL, Suspect
from visualmemory_gui.engine.decision.queries import Queries
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.exchange.demo.demo import make_demo
from visualmemory_gui.engine.memory.tracked_decisions import TrackedDecisions

FLIPPED = 0.10
KS = (10, 20, 50, 100)
STEPS = (0, 100, 200, 300, 400, 600, 800)


def truth_of(memory: VisualMemory) -> dict[int, str]:
    snapshot = memory.snapshot
    return {int(i): snapshot.labels[c] for i, c in zip(snapshot.ids, snapshot.label, strict=True)}


def flip(memory: VisualMemory, truth: dict[int, str], seed: int) -> set[int]:
    """Give a tenth of the exemplars the label of another one."""
    rng = np.random.default_rng(seed)
    ids, labels = sorted(truth), sorted(set(truth.values()))
    chosen = rng.choice(ids, size=round(FLIPPED * len(ids)), replace=False)
    for i in chosen.tolist():
        memory.relabel([i], str(rng.choice([label for label in labels if label != truth[i]])))
    return set(chosen.tolist())


def accuracy(memory: VisualMemory, truth: dict[int, str]) -> float:
    """Leave-one-out: the part of all exemplars that the memory, as it is labelled now, decides as they truly are."""
    snapshot = memory.snapshot
    asked = Queries.exemplars(snapshot, np.arange(len(snapshot)))
    found = TrackedDecisions(snapshot, asked, memory.searcher.nearest_many, k=10).decide(
        VotingScheme("rank", 10, class_factor="off")
    )
    return float(np.mean([found.label(n) == truth[int(i)] for n, i in enumerate(snapshot.ids)]))


def found_at(suspects: tuple[Suspect, ...], flipped: set[int]) -> dict[str, float]:
    """Precision at the true number of flips, which is recall there too; and recall of the whole list."""
    first = [s.id for s in suspects[: len(flipped)]]
    hits = len(flipped & set(first))
    suggested = sum(s.id in flipped for s in suspects)
    return {"precision_at_n": hits / len(flipped), "recall": suggested / len(flipped), "suspects": float(len(suspects))}


def clean_up(memory: VisualMemory, truth: dict[int, str], suspects: tuple[Suspect, ...]) -> list[dict[str, float]]:
    """Go through the list; after each of STEPS, how many answers of each kind were given and what is right now."""
    enter = by_hand = kept = 0
    rows = []
    for n, suspect in enumerate((*suspects[: STEPS[-1]], None)):
        if n in STEPS or suspect is None:
            right = accuracy(memory, truth)
            rows.append({"looked_at": n, "enter": enter, "by_hand": by_hand, "kept": kept, "accuracy": right})
        if suspect is None:
            break
        now = truth_of(memory)[suspect.id]
        if now == truth[suspect.id]:
            memory.kept.keep(LABEL, [((suspect.id, 0), now)])
            kept += 1
        else:
            memory.relabel([suspect.id], truth[suspect.id])
            enter, by_hand = (
                enter + (suspect.suggested == truth[suspect.id]),
                by_hand + (suspect.suggested != truth[suspect.id]),
            )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memory", help="the demo memory; made where it is not there")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    demo = Path(options.memory) if options.memory else make_demo()
    orders: dict[int, list[dict[str, float]]] = {k: [] for k in KS}
    cleaned: list[list[dict[str, float]]] = []
    untouched = 0.0
    for seed in range(options.seeds):
        with tempfile.TemporaryDirectory() as name:
            copy = shutil.copytree(demo, Path(name) / "flipped.vmem")
            with VisualMemory.open(copy) as memory:
                truth = truth_of(memory)
                untouched = accuracy(memory, truth)
                flipped = flip(memory, truth, seed)
                for k in KS:
                    orders[k].append(found_at(survey(memory, k=k).suspects, flipped))
                cleaned.append(clean_up(memory, truth, survey(memory).suspects))
    report(orders, cleaned, untouched=untouched, seeds=options.seeds)


def report(
    orders: dict[int, list[dict[str, float]]], cleaned: list[list[dict[str, float]]], *, untouched: float, seeds: int
) -> None:
    by_k: list[dict[str, Any]] = [
        {"k": k, **{name: statistics.mean(run[name] for run in runs) for name in runs[0]}} for k, runs in orders.items()
    ]
    steps = [
        {name: statistics.mean(run[i][name] for run in cleaned) for name in cleaned[0][i]}
        for i in range(min(map(len, cleaned)))
    ]
    write(
        "review",
        {"flipped": FLIPPED, "seeds": seeds, "accuracy_before_flipping": untouched, "orders": by_k, "clean_up": steps},
    )
    print(
        table(["k", "precision at the true number", "recall of the list", "suspects"], [list(r.values()) for r in by_k])
    )
    print()
    print(f"before flipping: {untouched:.3f}")
    print(table(["looked at", "Enter", "by hand", "kept", "accuracy"], [list(r.values()) for r in steps]))


if __name__ == "__main__":
    main()

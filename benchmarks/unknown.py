"""What do the two tests for unknown images find, and what do they lose?

A fifth of the classes is hidden from a memory, in ten draws; their images are the unknown ones. Half of the other
images, each left out, sets the thresholds, the other half is judged. For each test, and for both together: AUROC, and
what is found where 1 % and 5 % of the known images are lost, of which those decided right and wrong are counted apart.
 Then both tests as they are set in a new memory. *Before* is the test of distances alone, after the rank vote.

    python -m benchmarks.unknown [--memory DEMO.vmem] [--fashion FOLDER] [--fashion-memory FASHION.vmem] [--draws 10]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from benchmarks import fashion
from benchmarks.results import table, write
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.decision.novelty import Limits
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.exchange.demo.demo import make_demo
from visualmemory_gui.engine.experiments.novelty import Losses, hide_classes
from visualmemory_gui.engine.experiments.wording import TESTS
from visualmemory_gui.engine.snapshot import Snapshot

BEFORE = VotingScheme("rank", 10, class_factor="old")
NOW = VotingScheme("ridge", 100, class_factor="mean")
LOST = {"1 %": 0.99, "5 %": 0.95}
FIGURES = ("found", "lost", "lost_right", "lost_wrong")
FASHION = 10_000


def measure(snapshot: Snapshot, draws: int) -> dict[str, Any]:
    """The figures of each test, each with those of all draws."""
    found: dict[str, dict[str, list[float | None]]] = {}
    for seed in range(draws):
        for scheme in (BEFORE, NOW):
            study = hide_classes(snapshot, Limits(), scheme=scheme, seed=seed)
            for name, each in study.reasons.items():
                row = found.setdefault("before" if scheme is BEFORE else name, {})
                row.setdefault("auroc", []).append(each.auroc)
                for what, losses in (*((lost, each.at[q]) for lost, q in LOST.items()), ("as set", each.in_use)):
                    add(row, what, losses)
        print(f"\r{seed + 1} of {draws} draws", end="", flush=True)
    print("\r", end="")
    return {name: {what: summary(values) for what, values in row.items()} for name, row in found.items()}


def add(row: dict[str, list[float | None]], what: str, losses: Losses | None) -> None:
    for figure in FIGURES:
        row.setdefault(f"{what}: {figure}", []).append(None if losses is None else getattr(losses, figure))


def summary(values: list[float | None]) -> dict[str, Any]:
    there = [value for value in values if value is not None]
    spread = stdev(there) if len(there) > 1 else 0.0
    return {"mean": mean(there), "sd": spread, "draws": values}


def report(name: str, found: dict[str, Any]) -> None:
    print(f"\n{name}")
    names = {"before": "before: distance, rank vote", **TESTS}
    for what in (*LOST, "as set"):
        rows: list[list[object]] = []
        for test, row in found.items():
            parts = [row[f"{what}: {figure}"] for figure in FIGURES]
            rows.append([names[test], f"{row['auroc']['mean']:.2f}", *(percent(part) for part in parts)])
        print(f"\n{what}{' of the known images lost' if what in LOST else ''}\n")
        print(table(["test", "AUROC", "found", "lost", "right lost", "wrong lost"], rows))


def percent(part: dict[str, Any]) -> str:
    return f"{100 * part['mean']:.1f} ± {100 * part['sd']:.1f} %"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memory", type=Path, help="the demo memory, not changed; default: one is made")
    parser.add_argument("--fashion", type=Path, default=fashion.INSTALLED, help="the folder of Fashion-MNIST")
    parser.add_argument("--fashion-memory", type=Path, help="where its memory is, or is to be made; default: nowhere")
    parser.add_argument("--draws", type=int, default=10)
    args = parser.parse_args()
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        with VisualMemory.open(args.memory or make_demo(Path(folder) / "demo.vmem"), readonly=True) as memory:
            results["demo"] = measure(memory.snapshot, args.draws)
        at = args.fashion_memory or Path(folder) / "fashion.vmem"
        with fashion.memory_of(args.fashion, "t10k", FASHION, at=at) as memory:
            results["fashion"] = measure(memory.snapshot, args.draws)
    schemes = {"before": BEFORE.to_dict(), "now": NOW.to_dict()}
    write("unknown", {"draws": args.draws, "schemes": schemes, "memories": results})
    for name, found in results.items():
        report(name, found)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

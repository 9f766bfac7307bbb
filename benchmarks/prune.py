"""What do pruning, tuning and the orders of review bring when a tenth of the labels is wrong, and what do they promise?

A quarter of the demo memory is kept apart as fresh images, with their true labels; of the rest a tenth gets another
label (seeded). Precision of every review order at the true number of flips. Then each pruning method and tuning, and
"strike all that leave-one-out gets wrong" for comparison: what its preview promised, and what was won on the fresh
images. Decisions as a new memory makes them: rank voting, k = 10, class factor on.

    python -m benchmarks.prune [--memory DEMO.vmem] [--seeds 5]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.results import table, write
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.curation import prune, tune
from visualmemory_gui.engine.curation.influence import misleaders
from visualmemory_gui.engine.curation.review import survey
from visualmemory_gui.engine.curation.shapley import Weights, shapley_values
from visualmemory_gui.engine.decision.decide_batch import decide_many
from visualmemory_gui.engine.decision.neighbour_table import NeighbourTable
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.evaluation.query_set import QueryLists, own_queries
from visualmemory_gui.engine.evaluation.statistics import Gain, paired_gain, split, together
from visualmemory_gui.engine.exchange.demo.demo import make_demo
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.store import derived_trust
from visualmemory_gui.engine.store.writer import Writer
from visualmemory_gui.engine.types import F32, Bools

FLIPPED = 0.10


@dataclass
class World:
    """A memory with flipped labels, the ids of these, and fresh images with their true labels."""

    memory: VisualMemory
    flipped: set[int]
    fresh: F32
    truth: list[str]

    def right(self) -> Bools:
        """Which fresh images the memory as it is now decides right."""
        snapshot, settings = self.memory.snapshot, self.memory.settings
        lists = NeighbourTable(len(self.fresh), settings.k)
        search = self.memory.searcher.nearest_many
        lists.put(np.arange(len(self.fresh)), search(snapshot, self.fresh, settings.k))
        found = decide_many(
            snapshot,
            lists.rows,
            lists.distances,
            VotingScheme.of(settings),
        )
        return np.array([found.label(i) == label for i, label in enumerate(self.truth)])

    def won(self, edit: Callable[[], object]) -> Gain:
        """What ``edit`` wins on the fresh images; it is undone."""
        before = self.right()
        change = self.memory.snapshot.change
        edit()
        after = self.right()
        if self.memory.snapshot.change != change:
            self.memory.undo()
        return paired_gain(before, after)


@contextmanager
def world(demo: Snapshot, seed: int, *, flipped: float) -> Iterator[World]:
    labels = [demo.labels[code] for code in demo.label]
    unit = together(demo.content, demo.twin, demo.group)
    part = split(demo.label.astype(np.int64), unit, (3, 1), seed=seed)
    kept, fresh = (np.flatnonzero(part == which) for which in range(2))
    rng = np.random.default_rng(seed)
    given, names = [labels[row] for row in kept], sorted(set(labels))
    places = rng.choice(len(kept), round(flipped * len(kept)), replace=False).tolist()
    for place in places:
        given[place] = str(rng.choice([name for name in names if name != given[place]]))
    dim = demo.vectors.shape[1]
    with tempfile.TemporaryDirectory() as folder, VisualMemory.create(Path(folder) / "m.vmem", dim=dim) as memory:
        memory.set_all({"rule": "rank", "class_factor": "old"})  # values are defined for votes by rank
        ids = memory.add_vectors(demo.vectors[kept], given)
        yield World(memory, {ids[place] for place in places}, demo.vectors[fresh], [labels[row] for row in fresh])


def orders(at: World) -> dict[str, float]:
    """Precision of each order of review at the true number of flips."""
    memory = at.memory
    ids = memory.snapshot.ids
    found: dict[str, list[int]] = {
        "label: own label's share of the vote": [s.id for s in survey(memory).suspects],
        "misled: wrong minus right": [one.id for one in misleaders(memory, "count").rows],
        "value: weights of rank voting": [one.id for one in misleaders(memory, "value").rows],
        "value: weights of plurality, k = 10": [one.id for one in misleaders(memory, "value", rule="plurality").rows],
        "value: weights of plurality, k = 50": ids[np.argsort(values(memory, 50, "plurality"), kind="stable")].tolist(),
    }
    return {name: len(at.flipped & set(order[: len(at.flipped)])) / len(at.flipped) for name, order in found.items()}


def values(memory: VisualMemory, k: int, rule: Weights) -> np.ndarray:
    queries = own_queries(memory.snapshot)
    vectors = queries.vectors_of(np.arange(len(queries)))
    return shapley_values(memory.snapshot, vectors, queries.truth, k=k, rule=rule, left_out=queries.left_out)


def lists_of(memory: VisualMemory) -> QueryLists:
    scheme = VotingScheme.of(memory.settings)
    return QueryLists(own_queries(memory.snapshot), memory.searcher.nearest_many, scheme=scheme)


def promises(at: World) -> list[dict[str, Any]]:
    memory, rows = at.memory, []
    for method in prune.METHODS:
        plan = prune.plan(memory, method)
        rows.append(row(method, len(plan.pruned), plan.gain, at.won(lambda plan=plan: prune.apply(memory, plan))))
    tuned = tune.tune(memory)

    def force(writer: Writer) -> None:  # also where tuning refuses: what would it have brought?
        derived_trust.set_trust(memory._live.database, memory.catalog, writer, tuned.trust)

    rows.append(row("tune", len(tuned.trust), tuned.gain, at.won(lambda: memory._live.edit("tune", force))))
    rows[-1]["applied"] = tuned.refused is None
    lists = lists_of(memory)
    before = lists.right()
    snapshot, wrong = lists.snapshot, np.flatnonzero(~before)
    after = lists.right(snapshot.changed(active=snapshot.active & ~snapshot.among(wrong)))
    fresh = at.won(lambda: memory.strike(snapshot.ids[wrong].tolist()))
    rows.append(row("all that is decided wrong", len(wrong), paired_gain(before, after), fresh))
    rows[-1]["asked_of_who_is_left"] = 100 * float(after[before].mean() - before.mean())
    return rows


def row(name: str, touched: int, promised: Gain, won: Gain) -> dict[str, Any]:
    """Gains in points; whether what was won lies in the interval that was promised."""
    return {
        "edit": name,
        "touched": touched,
        "promised": 100 * promised.mean,
        "low": 100 * promised.low,
        "high": 100 * promised.high,
        "better": promised.helps,
        "worse": promised.measurable and not promised.helps,
        "won": 100 * won.mean,
        "inside": promised.low <= won.mean <= promised.high,
    }


def mean_rows(runs: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    numbers = ("touched", "promised", "low", "high", "won")
    out = []
    for same in zip(*runs, strict=True):
        means = {name: statistics.mean(one[name] for one in same) for name in numbers}
        counts = {name: sum(bool(one[name]) for one in same) for name in ("better", "worse", "inside")}
        out.append({"edit": same[0]["edit"], **means, **counts, "runs": len(same)})
        if "asked_of_who_is_left" in same[0]:
            out[-1]["asked_of_who_is_left"] = statistics.mean(one["asked_of_who_is_left"] for one in same)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memory", help="the demo memory; made where it is not there")
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    demo = Path(options.memory) if options.memory else make_demo()
    found: dict[str, Any] = {"flipped": FLIPPED, "seeds": options.seeds}
    with VisualMemory.open(demo, readonly=True) as memory:
        snapshot = memory.snapshot
        for name, part in (("flipped_labels", FLIPPED), ("true_labels", 0.0)):
            ordered, promised, accuracy = [], [], []
            for seed in range(options.seeds):
                with world(snapshot, seed, flipped=part) as at:
                    accuracy.append(float(at.right().mean()))
                    promised.append(promises(at))
                    if part:
                        ordered.append(orders(at))
            found[name] = {"accuracy_on_fresh": statistics.mean(accuracy), "edits": mean_rows(promised)}
            if ordered:
                found["orders"] = {order: statistics.mean(run[order] for run in ordered) for order in ordered[0]}
    write("prune", found)
    report(found)


def report(found: dict[str, Any]) -> None:
    print(table(["order of review", "precision at the true number"], [[k, v] for k, v in found["orders"].items()]))
    for name in ("flipped_labels", "true_labels"):
        print(f"\n{name}: {100 * found[name]['accuracy_on_fresh']:.1f} % right on fresh images")
        rows = [
            [
                one["edit"],
                f"{one['touched']:.0f}",
                f"{one['promised']:+.2f}",
                f"{one['low']:+.1f} to {one['high']:+.1f}",
                f"{one['better']} better, {one['worse']} worse",
                f"{one['won']:+.2f}",
                f"{one['inside']} of {one['runs']}",
            ]
            for one in found[name]["edits"]
        ]
        naive = found[name]["edits"][-1]["asked_of_who_is_left"]
        print(f"all that is decided wrong, asked of who is left alone: {naive:+.1f} points")
        head = ["edit", "exemplars", "promised", "interval", "said", "won on fresh", "won inside the interval"]
        print(table(head, rows))


if __name__ == "__main__":
    main()

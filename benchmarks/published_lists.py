"""The paper's own tables, made of the neighbour lists that its authors publish.

The lists are files of a public bucket, https://console.cloud.google.com/storage/browser/visual_memory_v01, as the
README of https://github.com/google-deepmind/visual-memory says; copy those that are wanted into a folder, under their
names. What is not there is named and left out. Of the paper's encoders a table has those whose lists are there.

    python -m benchmarks.published_lists FOLDER

As in the paper the best k is that on the very queries, among the first 100, or 10 where its notebook takes 10.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.results import percent, table, write
from visualmemory_gui.engine.experiments.scaling import Point, paper_curve
from visualmemory_gui.engine.published_lists.evaluate import evaluate_lists
from visualmemory_gui.engine.published_lists.evaluation import ByK, ListEvaluation
from visualmemory_gui.engine.published_lists.lists import AS_GIVEN, ListReading
from visualmemory_gui.engine.types import PAPER_RULES, Rule

ENCODERS = ("dinov2_vitl14", "dinov2_vitb14", "dinov2_vits14", "clip-vit_l14", "clip-vit_b16")
LARGEST = ENCODERS[0]
KS = tuple(range(10, 101, 10))
RELIABILITY_KS = (1, 2, 5, 10, 20, 50, 100)
GRIDS: Mapping[Rule, Sequence[float]] = {
    "rank": (1.0, 1.5, *map(float, range(2, 21))),
    "distance": tuple(2.5 * n for n in range(1, 17)),
    "softmax": (0.005, 0.01, 0.025, 0.05, 0.07, 0.09, 0.12, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
}
"""The notebook's values; its exponent 0 is plurality."""
MOST_K_SWEPT: Mapping[Rule, int] = {"rank": 100, "distance": 10, "softmax": 10}
PRUNE_M, PRUNE_N = 100, 128
SIZES = (1_000, 10_000, 100_000)
ALL_OF_IMAGENET = 1_281_167
KEPT = ("queries", "accuracy", "best_on_these_queries", "reliability_at_k", "reliability_fit", "calibration")
Result = dict[str, Any]


@dataclass(frozen=True)
class ListFile:
    """Which images are queries of which memory, by the names that the files have."""

    query: str = "imagenet2012"
    split: str = "validation"
    memory: str = "imagenet2012"
    memory_split: str = "train"
    size: str = "full"

    def name(self, encoder: str) -> str:
        memory = f"memory-{self.memory}_msplit-{self.memory_split}"
        return f"{memory}_query-{self.query}_qsplit-{self.split}_{encoder}_{self.size}_neighbor_info.json"


@dataclass(frozen=True)
class Robustness:
    """A row of the paper's table of other images than ImageNet's validation set."""

    file: ListFile
    reading: ListReading = AS_GIVEN
    most_k: int = 100


IMAGENET, INATURALIST = ListFile(), ListFile("inaturalist", memory="inaturalist")
TRAINING = ListFile(split="train")
SHIFTED = ("imagenet-v2", "imagenet-r", "imagenet-a", "imagenet-sketch")
AS_REAL = ListReading(normalise=True, unlabelled_wrong=True)
AS_JFT = ListReading(normalise=True)
JFT = "jft-with-vit22b-labels"
ROBUSTNESS = (
    *(Robustness(ListFile(query, "test")) for query in SHIFTED),
    Robustness(ListFile("imagenet-real", "test"), AS_REAL, 10),
    Robustness(ListFile(memory=JFT), AS_JFT, 10),
    *(Robustness(ListFile(query, "test", memory=JFT), AS_JFT, 10) for query in SHIFTED),
)
BOTH = {"memory": "imagenet2012-and-ninco", "memory_split": "train-and-test"}
NEW_CLASSES = {
    "old classes before": Robustness(IMAGENET),
    "old classes after": Robustness(ListFile(**BOTH)),
    "new classes": Robustness(ListFile("ninco", "test", **BOTH), ListReading(without_own=True, equal_length=True), 99),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="the folder with the published files")
    folder = parser.parse_args().folder
    found = {
        "imagenet": dict(rules(folder, IMAGENET, grids=GRIDS)),
        "inaturalist": dict(rules(folder, INATURALIST, grids={})),
        "pruning": pruning(folder),
        "robustness": robustness(folder),
        "new_classes": new_classes(folder),
        "scaling": dict(scaling(folder)),
    }
    if not any(found.values()):
        raise SystemExit(f"{folder} holds none of the published files; the first would be {IMAGENET.name(LARGEST)}")
    write("published_lists", found)


def there(folder: Path, name: str) -> bool:
    if not (folder / name).is_file():
        print(f"not there: {name}", flush=True)
    return (folder / name).is_file()


def evaluated(folder: Path, file: ListFile, encoder: str, **how: Any) -> ListEvaluation | None:
    name = file.name(encoder)
    return evaluate_lists(folder / name, ks=KS, **how) if there(folder, name) else None


def rules(folder: Path, file: ListFile, *, grids: Mapping[Rule, Sequence[float]]) -> Iterator[tuple[str, Result]]:
    """Accuracy at k, reliability and parameters, for each encoder."""
    for encoder in ENCODERS:
        found = evaluated(folder, file, encoder, grids=grids)
        if found is None:
            continue
        print(f"\n{file.query}, {encoder}: {found.queries:,} queries")
        lines = [[rule, *(percent(by_k.at(k)) for k in KS), best(by_k)] for rule, by_k in found.accuracy.items()]
        print(table(["rule", *(f"k = {k}" for k in KS), "best k"], lines))
        at = [percent(found.reliability_at_k[k - 1]) for k in RELIABILITY_KS if k <= len(found.reliability_at_k)]
        print(f"\nThe k-th neighbour is right:\n{table([f'k = {k}' for k in RELIABILITY_KS[: len(at)]], [at])}")
        if found.reliability_fit is not None:
            print("a ln k + b: a = {:.4f}, b = {:.4f}".format(*found.reliability_fit))
        swept = {
            rule: {f"{value:g}": best_of(by_k, MOST_K_SWEPT[rule]) for value, by_k in by_value.items()}
            for rule, by_value in found.sweeps.items()
        }
        for rule, by_value in swept.items():
            head = [f"{rule}, best k to {MOST_K_SWEPT[rule]}", *by_value]
            print(f"\n{table(head, [['%', *map(percent, by_value.values())]])}", flush=True)
        told = found.to_json()
        yield encoder, {**{name: told[name] for name in KEPT}, "parameters": swept}


def pruning(folder: Path) -> Result:
    """Hard pruning with the paper's m and n, and soft pruning, of the largest encoder."""
    name = TRAINING.name(LARGEST)
    if not there(folder, name):
        return {}
    how = {"train": folder / name, "m": PRUNE_M, "n": PRUNE_N, "reading": ListReading(equal_length=True)}
    found = evaluated(folder, IMAGENET, LARGEST, rules=("plurality", "rank"), **how)
    if found is None or found.pruning is None:
        return {}
    print(f"\nPruned: {found.pruning.pruned:,} of {found.pruning.exemplars:,} exemplars")
    ways = {"plain": found.accuracy, **{way: one.accuracy for way, one in found.ways.items()}}
    lines = [[way, *(best(by_k) for by_k in accuracy.values())] for way, accuracy in ways.items()]
    print(table(["lists", "plurality", "rank"], lines), flush=True)
    told = {way: {rule: by_k.best_to_json() for rule, by_k in accuracy.items()} for way, accuracy in ways.items()}
    return {"pruning": asdict(found.pruning), "best": told}


def robustness(folder: Path) -> list[Result]:
    """The best accuracy of each rule on other images, and with JFT as memory."""
    rows = [row for one in ROBUSTNESS if (row := best_by_rule(folder, one)) is not None]
    if rows:
        lines = [[row["memory"], row["query"], *(percent(row[rule]) for rule in PAPER_RULES)] for row in rows]
        print(f"\n{table(['memory', 'queries', *PAPER_RULES], lines)}", flush=True)
    return rows


def new_classes(folder: Path) -> Result:
    """NINCO's classes, added to ImageNet's."""
    rows = {what: row for what, one in NEW_CLASSES.items() if (row := best_by_rule(folder, one)) is not None}
    if rows:
        lines = [[what, *(percent(row[rule]) for rule in PAPER_RULES)] for what, row in rows.items()]
        print(f"\n{table(['queries', *PAPER_RULES], lines)}", flush=True)
    return rows


def best_by_rule(folder: Path, wanted: Robustness) -> Result | None:
    found = evaluated(folder, wanted.file, LARGEST, reading=wanted.reading)
    if found is None:
        return None
    accuracy = {rule: best_of(by_k, wanted.most_k) for rule, by_k in found.accuracy.items()}
    return {"memory": wanted.file.memory, "query": wanted.file.query, "queries": found.queries, **accuracy}


def scaling(folder: Path) -> Iterator[tuple[str, Result]]:
    """The error by plurality as ImageNet's memory grows, and the paper's curve."""
    sizes = {**{n: f"subsampled_{n}" for n in SIZES}, ALL_OF_IMAGENET: IMAGENET.size}
    for encoder in ENCODERS:
        points = []
        for n, size in sizes.items():
            found = evaluated(folder, ListFile(size=size), encoder, rules=("plurality",))
            if found is not None:
                points.append(Point(n, 1.0 - found.accuracy["plurality"].best, 0.0))
        if not points:
            continue
        print(f"\n{encoder}\n{table(['exemplars', 'error'], [[f'{p.size:,}', percent(p.error)] for p in points])}")
        curve = paper_curve(points)
        if curve is not None:
            curve = curve.in_log10()
            print(f"log10(error in %) = a log10(log10 n) + b: a = {curve.a:.3f}, b = {curve.b:.3f}", flush=True)
        told = None if curve is None else asdict(curve)
        yield encoder, {"points": [asdict(point) for point in points], "log10_curve": told}


def best(by_k: ByK) -> str:
    return f"{percent(by_k.best)} (k = {by_k.best_k})"


def best_of(by_k: ByK, most: int) -> float:
    return max(by_k.at_each_k[:most])


if __name__ == "__main__":
    main()

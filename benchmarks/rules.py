"""How often is each voting rule right, and what does it cost? The ridge vote beside the paper's rules.

Each of the paper's rules gets the k and the parameter that leave-one-out finds best, on exemplars that are not among
those reported: on the demo memory by leave-one-out in fifths (chosen on four of them, reported on the fifth) and by
five folds (chosen by leave-one-out within the four that are the memory); on Fashion-MNIST by leave-one-out of training
images (20,000 at most, or ``--choosing``), reported on test images. Ridge is as new memories have it; nothing of
it is chosen. Copies and groups stay in one part. Class factor off, unless said.

P is that of McNemar's exact test against the best of the paper's rules. Shots: a fifth of the classes is taken out and
taught again with so many images each; percent right on held-out images of the new classes, and of the old ones.
*Suggested* is what *best settings* finds for the demo memory if it decides as memories did that were made before ridge.

    python -m benchmarks.rules [--memory DEMO.vmem] [--only-suggested]
    python -m benchmarks.rules --train 60000 [--test 10000] [--choosing 20000] [--fashion FOLDER] [--kept FOLDER]
"""

from __future__ import annotations

import argparse
import math
import shutil
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.fashion import INSTALLED, memory_of
from benchmarks.results import FOLDER, read, table, write
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.decision.decide import decide
from visualmemory_gui.engine.decision.leave_one_out import NearestMany
from visualmemory_gui.engine.decision.neighbour_arrays import NeighbourArrays
from visualmemory_gui.engine.decision.queries import Queries
from visualmemory_gui.engine.decision.votes import winners_of
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme, usual_k
from visualmemory_gui.engine.evaluation.best_settings import suggest
from visualmemory_gui.engine.evaluation.evaluate import KS
from visualmemory_gui.engine.evaluation.evaluation import equal_mass_bins, expected_calibration_error
from visualmemory_gui.engine.evaluation.query_set import QuerySet
from visualmemory_gui.engine.evaluation.winners import AT_ONCE, variants, winners_at_each_k
from visualmemory_gui.engine.exchange.demo.demo import make_demo
from visualmemory_gui.engine.experiments.new_classes import add_classes
from visualmemory_gui.engine.memory.tracked_decisions import queries_of
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F64, I64, PAPER_RULES, Bools, MemorySettings

FOLDS, WIDTH, TIMED = 5, 100, 300
SHOTS = (1, 3, 5, 10)
RIDGE = VotingScheme("ridge", usual_k(MemorySettings(), "ridge"), class_factor="off")
RANK = VotingScheme("rank", usual_k(MemorySettings(), "rank"), class_factor="off")


@dataclass
class Decided:
    """What a rule decides of the reported queries: whether right, and the winner's share, (q,) each; ``schemes`` are
    those that were chosen."""

    name: str
    right: Bools
    share: F64
    schemes: tuple[VotingScheme, ...]


class Asked:
    """Queries and their neighbours in one memory, in blocks."""

    def __init__(self, memory: Snapshot, queries: QuerySet, search: NearestMany, which: I64 | None = None) -> None:
        which = np.arange(len(queries)) if which is None else which
        self.truth = queries.truth[which]
        self.blocks = [
            queries.retrieved(memory, search, WIDTH, which=which[start : start + AT_ONCE])
            for start in range(0, len(which), AT_ONCE)
        ]

    def paper_candidates(self) -> tuple[list[VotingScheme], Bools]:
        """All of the paper's rules with each parameter and k, and which queries they decide right, (schemes, q)."""
        schemes = [one for rule in PAPER_RULES for one in variants(replace(RANK, rule=rule))]
        found = [winners_at_each_k(near, schemes, KS, [np.arange(near.codes.max() + 1)])[0] for near, _ in self.blocks]
        right = np.concatenate(found, axis=1) == self.truth[:, None]
        each = [replace(scheme, k=k) for scheme in schemes for k in KS]
        return each, right.transpose(0, 2, 1).reshape(len(each), -1)

    def decided(self, scheme: VotingScheme) -> tuple[Bools, F64]:
        """Which queries are decided right, and the winner's share."""
        winner, share = zip(*(_vote(*block, scheme) for block in self.blocks), strict=True)
        return np.concatenate(winner) == self.truth, np.concatenate(share)


def _vote(near: NeighbourArrays, together: NeighbourArrays, scheme: VotingScheme) -> tuple[I64, F64]:
    first = scheme.first(together if scheme.joint else near)
    return winners_of(first.codes, scheme.vote_weights(first), tie=scheme.tie)


def chosen(schemes: Sequence[VotingScheme], right: Bools) -> dict[str, VotingScheme]:
    """The best of each of the paper's rules, and of all of them, by the queries ``right`` (schemes, q)."""
    accuracy = right.mean(axis=1)
    best = {"best of the paper's": schemes[int(accuracy.argmax())]}
    for rule in PAPER_RULES:
        of = [place for place, scheme in enumerate(schemes) if scheme.rule == rule]
        best[rule] = schemes[max(of, key=lambda place: accuracy[place])]
    return best


FIXED = {
    "rank, k = 10": RANK,
    "ridge": RIDGE,
    "ridge, class factor mean": replace(RIDGE, class_factor="mean"),
}


def joined(
    parts: list[tuple[I64, dict[str, VotingScheme], Asked | None]], whole: Asked | None, q: int
) -> list[Decided]:
    """The decisions of all parts: the places of their queries, what was chosen for them, and their neighbours (those of
    ``whole`` where all are asked of one memory)."""
    out = []
    for name in (*parts[0][1], *FIXED):
        right, share = np.zeros(q, bool), np.zeros(q)
        schemes = [by_name.get(name) or FIXED[name] for _, by_name, _ in parts]
        known = {} if whole is None else {scheme: whole.decided(scheme) for scheme in dict.fromkeys(schemes)}
        for (places, _, asked), scheme in zip(parts, schemes, strict=True):
            if asked is None:
                right[places], share[places] = known[scheme][0][places], known[scheme][1][places]
            else:
                right[places], share[places] = asked.decided(scheme)
        out.append(Decided(name, right, share, tuple(dict.fromkeys(schemes))))
    return out


def left_out(snapshot: Snapshot, search: NearestMany) -> list[Decided]:
    """Leave-one-out, what is chosen chosen on four fifths and reported on the fifth."""
    queries = QuerySet.active(snapshot)
    asked = Asked(snapshot, queries, search)
    schemes, right = asked.paper_candidates()
    folds = queries.parts([len(queries)] * FOLDS)
    parts = [(fold, chosen(schemes, np.delete(right, fold, axis=1)), None) for fold in folds]
    return joined(parts, asked, len(queries))


def folded(snapshot: Snapshot, search: NearestMany) -> list[Decided]:
    """Five folds: each is asked of the other four, by which everything is chosen."""
    everything = QuerySet.active(snapshot)
    rows, parts = np.flatnonzero(snapshot.active), []
    for fold in everything.parts([len(rows)] * FOLDS):
        memory = snapshot.changed(active=snapshot.active & ~snapshot.among(rows[fold]))
        schemes, right = Asked(memory, QuerySet.active(memory), search).paper_candidates()
        fresh = Asked(memory, QuerySet.exemplars(snapshot, rows[fold]), search)
        parts.append((fold, chosen(schemes, right), fresh))
    return joined(parts, None, len(rows))


def tested(train: Snapshot, fresh: Queries, search: NearestMany, choosing: int) -> list[Decided]:
    """Fresh images, everything chosen by leave-one-out of ``choosing`` exemplars of the memory at most."""
    own = QuerySet.active(train)
    schemes, right = Asked(train, own, search, own.sample(choosing)).paper_candidates()
    asked = Asked(train, QuerySet.of(train, fresh), search)
    return joined([(np.arange(len(fresh)), chosen(schemes, right), asked)], None, len(fresh))


def images(test: Snapshot, most: int) -> Queries:
    """``most`` exemplars of ``test`` at most, by class, as images from elsewhere."""
    queries = QuerySet.active(test)
    places = queries.sample(most)
    return queries_of(queries.vectors_of(places), [queries.names[code] for code in queries.truth[places].tolist()])


def more(snapshot: Snapshot, search: NearestMany, found: list[Decided], seeds: int) -> dict[str, Any]:
    """What a decision costs, and the shots."""
    best = found[0].schemes[0]
    ms = milliseconds(snapshot, search, {f"{best.rule}, k = {best.k}": best, "rank, k = 10": RANK, "ridge": RIDGE})
    return {"ms": ms, "shots": shots(snapshot, best, seeds) if seeds else []}


def figures(found: list[Decided]) -> list[dict[str, Any]]:
    """A row for each rule."""
    best = found[0].right
    return [
        {
            "rule": one.name,
            "accuracy": float(one.right.mean()),
            "against_best": mcnemar(best, one.right),
            "ece": expected_calibration_error(equal_mass_bins(one.share, one.right)),
            "schemes": [scheme.to_dict() for scheme in one.schemes],
        }
        for one in found
    ]


def mcnemar(before: Bools, after: Bools) -> dict[str, float]:
    """Queries that became wrong and right, and the two-sided p of the exact test."""
    lost, won = int((before & ~after).sum()), int((~before & after).sum())
    tail = sum(math.comb(lost + won, i) for i in range(min(lost, won) + 1))
    return {"lost": lost, "won": won, "p": min(1.0, float(2 * tail / 2 ** (lost + won))) if lost + won else 1.0}


def milliseconds(snapshot: Snapshot, search: NearestMany, schemes: dict[str, VotingScheme]) -> dict[str, float]:
    """The median time of a decision from neighbours that were found, the rules taking turns, and of the search."""
    queries = QuerySet.active(snapshot)
    every = np.random.default_rng(0).permutation(len(queries))[:TIMED]
    taken: dict[str, list[float]] = {name: [] for name in ("search", *schemes)}
    for place in every:
        start = time.perf_counter()
        [found] = queries.search(snapshot, search, WIDTH, which=np.array([place]))
        taken["search"].append(time.perf_counter() - start)
        for name, scheme in schemes.items():
            start = time.perf_counter()
            decide(snapshot, found.rows[: scheme.k], found.distances[: scheme.k], scheme)
            taken[name].append(time.perf_counter() - start)
    return {name: 1e3 * statistics.median(times) for name, times in taken.items()}


def shots(snapshot: Snapshot, best: VotingScheme, seeds: int) -> list[dict[str, Any]]:
    """What teaching new classes brings and costs, by rule and class factor; means over the seeds."""
    out = []
    for scheme in (best, RIDGE):
        for form in ("off", "old", "mean"):
            factored = replace(scheme, class_factor=form)
            runs = [add_classes(snapshot, factored, shots=SHOTS, seed=seed).steps for seed in range(seeds)]
            out += [
                {
                    "rule": scheme.rule,
                    "class_factor": form,
                    "shots": same[0].shots,
                    "new": statistics.mean(step.new_by_level[0] for step in same),
                    "old": statistics.mean(step.old_after for step in same),
                }
                for same in zip(*runs, strict=True)
            ]
    return out


def suggested(demo: Path) -> dict[str, Any]:
    """What best settings are worth to a copy of ``demo`` that decides by rank with the class factor ``old``."""
    with tempfile.TemporaryDirectory() as room:
        copied = shutil.copytree(demo, Path(room) / "demo.vmem")
        with VisualMemory.open(copied) as memory:
            memory.set_all({"rule": "rank", "k": RANK.k, "class_factor": "old"})
            found = suggest(memory, level=0)
    print(found.words, found.measured_on)
    return {**found.to_json(), "per_class": {}}


def measured(name: str, found: list[Decided], extra: dict[str, Any]) -> dict[str, Any]:
    result = {"queries": len(found[0].right), "rules": figures(found), **extra}
    report(name, result)
    return result


def report(name: str, result: dict[str, Any]) -> None:
    print(f"\n{name}, {result['queries']:,} queries")
    rows: list[list[object]] = [
        [one["rule"], f"{100 * one['accuracy']:.1f}", f"{one['against_best']['won']} / {one['against_best']['lost']}",
         f"{one['against_best']['p']:.1g}", f"{one['ece']:.3f}"]
        for one in result["rules"]
    ]  # fmt: skip
    print(table(["rule", "right, %", "won / lost against the best of the paper's", "p", "ECE of the share"], rows))
    if "ms" in result:
        print("ms:", ", ".join(f"{rule} {ms:.2f}" for rule, ms in result["ms"].items()))
    if result.get("shots"):
        cells: list[list[object]] = [
            [one["rule"], one["class_factor"], one["shots"], f"{100 * one['new']:.1f}", f"{100 * one['old']:.1f}"]
            for one in result["shots"]
        ]
        print(table(["rule", "class factor", "shots", "new classes, %", "old, %"], cells))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memory", help="the demo memory; made where it is not there")
    parser.add_argument("--fashion", type=Path, default=INSTALLED, help="the folder of Fashion-MNIST's four files")
    parser.add_argument("--kept", type=Path, default=FOLDER, help="where memories of Fashion-MNIST are kept")
    parser.add_argument("--train", type=int, default=0, help="so many training images, in place of the demo memory")
    parser.add_argument("--test", type=int, default=10_000, help="so many test images, by class")
    parser.add_argument("--choosing", type=int, default=20_000, help="so many training images choose at most")
    parser.add_argument("--seeds", type=int, default=5, help="draws of new classes; 0: none are taught")
    parser.add_argument("--only-suggested", action="store_true", help="only that of the demo memory")
    options = parser.parse_args()
    results = read("rules")
    if options.train:
        at = options.kept / f"fashion-train-{options.train}.vmem"
        with (
            memory_of(options.fashion, "train", options.train, at=at) as train,
            memory_of(options.fashion, "t10k", 10_000, at=options.kept / "fashion-t10k-10000.vmem") as test,
        ):
            search, snapshot = train.searcher.nearest_many, train.snapshot
            found = tested(snapshot, images(test.snapshot, options.test), search, options.choosing)
            name = f"Fashion-MNIST, {options.train:,} / {options.test:,}"
            results[name] = measured(name, found, more(snapshot, search, found, options.seeds))
    else:
        demo = Path(options.memory) if options.memory else make_demo()
        results["demo, suggested"] = suggested(demo)
        if options.only_suggested:
            write("rules", results)
            return
        with VisualMemory.open(demo, readonly=True) as memory:
            search, snapshot = memory.searcher.nearest_many, memory.snapshot
            found = left_out(snapshot, search)
            name = "demo, leave-one-out"
            results[name] = measured(name, found, more(snapshot, search, found, options.seeds))
            results["demo, five folds"] = measured("demo, five folds", folded(snapshot, search), {})
    write("rules", results)


if __name__ == "__main__":
    main()

"""Does what the paper found on ImageNet hold on two other memories, when this product does the same experiments?

The demo memory is asked by leave-one-out; Fashion-MNIST (encoder lite0) by its own test images. The class factor is
off, as in the paper. docs/paper.md lists the findings one by one.

    python -m benchmarks.paper [--memory DEMO.vmem] [--fashion FOLDER] [--train 60000] [--test 10000] [--kept FOLDER]
        [--of demo|fashion] [--only reliability …]

``--of`` and ``--only`` repeat a part; what else paper.json holds stays. The paper's own neighbour lists:
``python -m benchmarks.published_lists``.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np

from benchmarks.fashion import INSTALLED, memory_of
from benchmarks.results import percent, read, table, write
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.curation import prune
from visualmemory_gui.engine.decision.queries import Queries
from visualmemory_gui.engine.decision.voting_rules import PARAMETERS
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.errors import Cancelled
from visualmemory_gui.engine.evaluation.evaluate import evaluate_snapshot
from visualmemory_gui.engine.evaluation.query_set import QuerySet
from visualmemory_gui.engine.evaluation.statistics import paired_gain
from visualmemory_gui.engine.evaluation.winners import variants, winners_at_each_k
from visualmemory_gui.engine.exchange.demo.demo import default_place
from visualmemory_gui.engine.experiments.new_classes import ClassStudy, add_classes
from visualmemory_gui.engine.experiments.scaling import scale
from visualmemory_gui.engine.experiments.unlearning_proof import prove
from visualmemory_gui.engine.index.search import nearest_exact
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import PAPER_RULES, Bools

KS = (1, 5, 10, 20, 50, 100)
RELIABILITY_KS = (1, 2, 5, 10, 20, 50, 100)
SWEPT_KS = (10, 20, 100)
EVERY_K = tuple(range(1, 101))
SEEDS = range(3)
VOTING = VotingScheme("rank", 20, class_factor="off")
RIDGE = VotingScheme("ridge", 100, class_factor="off")
RIDGE_KS = (10, 20, 50, 100)
AT_ONCE = 2048
MOST_ASKED = 10_000
FORGOTTEN = 100
Result = dict[str, Any]


@dataclass(frozen=True)
class World:
    """A memory, and the queries that are asked of it: images apart from it, or its own exemplars."""

    name: str
    memory: VisualMemory
    asked: Queries
    apart: bool


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memory", type=Path, default=default_place(), help="the demo memory")
    parser.add_argument("--fashion", type=Path, default=INSTALLED, help="the folder of Fashion-MNIST's four files")
    parser.add_argument("--train", type=int, default=60_000)
    parser.add_argument("--test", type=int, default=10_000)
    parser.add_argument("--kept", type=Path, default=default_place().parent, help="where Fashion-MNIST's memories are")
    parser.add_argument("--of", choices=("demo", "fashion"), action="append", help="only this memory")
    parser.add_argument("--only", choices=sorted(STUDIES), action="append", help="only this study")
    options = parser.parse_args()
    wanted = options.only or list(STUDIES)
    found = read("paper")
    if "demo" in (options.of or ["demo"]):
        with VisualMemory.open(options.memory, readonly=True) as demo:
            every = np.arange(len(demo.snapshot))
            world = World("demo memory", demo, own(demo.snapshot, every), apart=False)
            found["demo"] = found.get("demo", {}) | study(world, wanted)
        write("paper", found)
    if "fashion" in (options.of or ["fashion"]):
        with fashion(options, "train") as train, fashion(options, "t10k") as test:
            asked = own(test.snapshot, np.arange(len(test.snapshot)))
            world = World("Fashion-MNIST", train, asked, apart=True)
            found["fashion"] = found.get("fashion", {}) | study(world, wanted)
        write("paper", found)


def fashion(options: argparse.Namespace, part: str) -> VisualMemory:
    count = options.train if part == "train" else options.test
    return memory_of(options.fashion, part, count, at=options.kept / f"fashion-{part}-{count}.vmem")


def own(snapshot: Snapshot, rows: np.ndarray) -> Queries:
    """Exemplars as queries; none sees an exemplar of its own content or vector."""
    own = Queries.exemplars(snapshot, rows)
    return replace(own, keys=own.keys._replace(group=np.zeros_like(rows)), ids=None)


def study(world: World, wanted: list[str]) -> Result:
    """The experiments that are ``wanted`` and possible, printed as tables."""
    snapshot = world.memory.snapshot
    print(f"\n## {world.name}: {len(snapshot):,} exemplars, {len(world.asked.labels):,} queries")
    shape = {"exemplars": len(snapshot), "labels": len(snapshot.labels), "queries": len(world.asked.labels)}
    possible = [name for name in STUDIES if name in wanted and not (name in UNLESS_APART and world.apart)]
    possible = [name for name in possible if world.apart or name not in IF_APART]
    return shape | {name: STUDIES[name](world) for name in possible}


def rules(world: World) -> Result:
    """Accuracy at k, the best k, and where queries are apart the accuracy at the k that leave-one-out chose."""
    snapshot = world.memory.snapshot
    found = evaluate_snapshot(snapshot, nearest_exact, world.asked, ks=EVERY_K).accuracy
    chosen: dict[str, int] = {}
    if world.apart:
        rows = np.sort(np.random.default_rng(0).permutation(len(snapshot))[:MOST_ASKED])
        left_out = evaluate_snapshot(snapshot, nearest_exact, own(snapshot, rows), ks=EVERY_K).accuracy
        chosen = {rule: max(by_k, key=by_k.__getitem__) for rule, by_k in left_out.items()}
    lines = []
    for rule, by_k in found.items():
        best = max(by_k, key=by_k.__getitem__)
        honest = [f"{percent(by_k[chosen[rule]])} (k = {chosen[rule]})"] if world.apart else []
        lines.append([rule, *(percent(by_k[k]) for k in KS), f"{percent(by_k[best])} (k = {best})", *honest])
    head = ["rule", *(f"k = {k}" for k in KS), "best k of 1 to 100", *(["k by leave-one-out"] if world.apart else [])]
    print(f"\n{table(head, lines)}", flush=True)
    return {"accuracy": {rule: list(by_k.values()) for rule, by_k in found.items()}, "chosen_k": chosen}


def reliability(world: World) -> Result:
    """How often the k-th neighbour alone is of the right class, and the paper's fit a ln k + b."""
    found = evaluate_snapshot(world.memory.snapshot, nearest_exact, world.asked, ks=(max(KS),), rules=("rank",))
    assert found.reliability_fit is not None
    a, b = found.reliability_fit
    at = [found.reliability_at_k[k - 1] for k in RELIABILITY_KS]
    print(f"\n{table([f'k = {k}' for k in RELIABILITY_KS], [[percent(one) for one in at]])}")
    print(f"a ln k + b: a = {100 * a:.2f}, b = {100 * b:.2f} %", flush=True)
    return {"at_each_k": list(found.reliability_at_k), "fit": [a, b]}


def parameters(world: World) -> Result:
    """Accuracy with each value of the parameter of each of the paper's rules, over all queries."""
    snapshot = world.memory.snapshot
    queries = QuerySet.of(snapshot, world.asked)
    schemes = [one for rule in PAPER_RULES for one in variants(replace(VOTING, rule=rule)) if PARAMETERS[rule]]
    right = np.zeros((len(schemes), len(SWEPT_KS)), np.int64)
    for which in np.array_split(np.arange(len(queries)), 1 + len(queries) // AT_ONCE):
        near = queries.neighbours(snapshot, nearest_exact, max(SWEPT_KS), which=which)
        won = winners_at_each_k(near, schemes, SWEPT_KS, [np.arange(len(queries.names))])[0]
        right += (won == queries.truth[which, None]).sum(axis=1)
    found: Result = {}
    for scheme, hits in zip(schemes, right, strict=True):
        [name] = PARAMETERS[scheme.rule]
        value = getattr(scheme.parameters, name)
        by_k = {str(k): int(n) / len(queries) for k, n in zip(SWEPT_KS, hits, strict=True)}
        found.setdefault(f"{name} of {scheme.rule}", {})[f"{value:g}"] = by_k
    lines = [
        [name, value, *map(percent, by_k.values())] for name, swept in found.items() for value, by_k in swept.items()
    ]
    print(f"\n{table(['parameter', 'value', *(f'k = {k}' for k in SWEPT_KS)], lines)}", flush=True)
    return found


def ridge(world: World) -> Result:
    """Accuracy and calibration of the ridge vote, with the product's parameters for it."""
    found = evaluate_snapshot(
        world.memory.snapshot, nearest_exact, world.asked, ks=RIDGE_KS, rules=(RIDGE.rule,), scheme=RIDGE
    )
    accuracy, error = found.accuracy[RIDGE.rule], found.calibration.ece
    cells = [*map(percent, accuracy.values()), f"{error:.3f}"]
    print(f"\n{table([*(f'k = {k}' for k in RIDGE_KS), f'ECE at k = {RIDGE.k}'], [cells])}", flush=True)
    return {"accuracy": {str(k): one for k, one in accuracy.items()}, "ece": error}


def calibration(world: World) -> Result:
    """How far the winner's share is from the chance of being right, k as in VOTING."""
    found = {}
    for rule in PAPER_RULES:
        one = evaluate_snapshot(
            world.memory.snapshot,
            nearest_exact,
            world.asked,
            ks=(VOTING.k,),
            rules=(rule,),
            scheme=replace(VOTING, rule=rule),
        ).calibration
        found[rule] = {"ece": one.ece, "entropy_bits": one.entropy_bits}
    lines = [[rule, f"{one['ece']:.3f}", f"{one['entropy_bits']:.2f}"] for rule, one in found.items()]
    print(f"\n{table(['rule', 'ECE', 'entropy of the shares, bits'], lines)}", flush=True)
    return {"k": VOTING.k, "by_rule": found}


def classes(world: World, *, related: bool) -> list[Result]:
    """Means over the seeds after each number of exemplars."""
    snapshot = world.memory.snapshot
    studies = [add_classes(snapshot, VOTING, seed=seed, related=related) for seed in SEEDS]
    found = [step_of(studies, place) for place in range(len(studies[0].steps))]
    levels = sorted(found[0]["new_by_level"])
    head = ["exemplars", *(f"new, level {n}" if n else "new" for n in levels), "old before", "old after", "points"]
    lines = [
        [
            step["shots"],
            *(percent(step["new_by_level"][n]) for n in levels),
            percent(step["old_before"]),
            percent(step["old_after"]),
            f"{100 * (step['old_after'] - step['old_before']):+.2f}",
        ]
        for step in found
    ]
    one = studies[0]
    print(
        f"\n{len(one.new_classes)} new classes{', each with relatives' if related else ''}; {one.old_classes} old ones"
    )
    print(table(head, lines), flush=True)
    return found


def step_of(studies: list[ClassStudy], place: int) -> Result:
    steps = [study.steps[place] for study in studies]
    return {
        "shots": "all" if steps[0].shots is None else steps[0].shots,
        "new_by_level": {n: mean(step.new_by_level[n] for step in steps) for n in steps[0].new_by_level},
        "old_before": mean(step.old_before for step in steps),
        "old_after": mean(step.old_after for step in steps),
    }


def pruning(world: World) -> list[Result]:
    """What each method strikes or trusts less, what it promises, and what it wins on the queries apart; undone."""
    with tempfile.TemporaryDirectory() as name:
        copy = shutil.copytree(world.memory.path, Path(name) / "prunes.vmem")
        with VisualMemory.open(copy) as memory:
            for setting, value in (("k", VOTING.k), ("rule", VOTING.rule), ("class_factor", "off")):
                memory.set(setting, value)
            found = [pruned(memory, method, world.asked) for method in prune.METHODS]
    lines = [
        [
            one["method"],
            f"{one['exemplars']:,}",
            f"{one['promised']:+.2f} ({one['low']:+.2f} to {one['high']:+.2f})",
            f"{one['won']:+.2f} ({one['won_low']:+.2f} to {one['won_high']:+.2f})",
        ]
        for one in found
    ]
    print(f"\n{table(['method', 'exemplars', 'promised, points', 'won, points'], lines)}", flush=True)
    return found


def pruned(memory: VisualMemory, method: prune.Method, asked: Queries) -> Result:
    plan = prune.plan(memory, method)
    before = right(memory.snapshot, asked)
    prune.apply(memory, plan)
    won = paired_gain(before, right(memory.snapshot, asked))
    memory.undo()
    return {
        "method": method,
        "exemplars": len(plan.pruned),
        "m": plan.m,
        "n": plan.n,
        "promised": 100 * plan.gain.mean,
        "low": 100 * plan.gain.low,
        "high": 100 * plan.gain.high,
        "won": 100 * won.mean,
        "won_low": 100 * won.low,
        "won_high": 100 * won.high,
    }


def right(snapshot: Snapshot, asked: Queries) -> Bools:
    """Which of ``asked`` are decided right as VOTING says, (q,)."""
    how = {"ks": (VOTING.k,), "rules": (VOTING.rule,), "scheme": VOTING}
    return evaluate_snapshot(snapshot, nearest_exact, asked, **how).outcomes.right


def unlearning(world: World) -> Result:
    """Forget some exemplars, and prove that no decision remembers them. Left bytes are not looked for here."""
    with tempfile.TemporaryDirectory() as name:
        copy = shutil.copytree(world.memory.path, Path(name) / "forgets.vmem")
        with VisualMemory.open(copy) as memory:
            ids = np.random.default_rng(0).permutation(memory.snapshot.ids)[:FORGOTTEN].tolist()
            memory.forget(ids, report=unscanned)
            proof = prove(memory)
    found = {"forgotten": len(ids), "decisions": proof.decisions, "different": proof.different}
    print(f"\n{table(['forgotten', 'decisions compared', 'different'], [list(found.values())])}", flush=True)
    return found


def unscanned(done: int, total: int | None, what: str = "") -> None:
    """Ends the search for left bytes as soon as it has begun."""
    raise Cancelled


def scaling(world: World) -> Result:
    found = scale(world.memory.snapshot, VOTING)
    print(f"\n{found.queries:,} held-out queries")
    print(
        table(["exemplars", "error", "spread"], [[p.size, percent(p.error), percent(p.spread)] for p in found.points])
    )
    for name, one in (("log error = a log(log10 n) + b", found.log_log), ("log error = a log n + b", found.power)):
        if one is not None:
            print(f"{name}: a = {one.a:.3f}, b = {one.b:.3f}, rms {one.rmse:.4f}", flush=True)
    return found.to_json()


STUDIES: dict[str, Callable[[World], Any]] = {
    "rules": rules,
    "reliability": reliability,
    "parameters": parameters,
    "ridge": ridge,
    "calibration": calibration,
    "classes": partial(classes, related=False),
    "levels": partial(classes, related=True),
    "pruning": pruning,
    "scaling": scaling,
    "unlearning": unlearning,
}
IF_APART, UNLESS_APART = {"pruning"}, {"levels"}
"""Pruning is judged on queries apart from the memory; Fashion-MNIST's classes have no levels."""


if __name__ == "__main__":
    main()

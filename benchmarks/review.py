"""How well does *Wrong label?* find flipped labels, what is its *likely* worth, and what does cleaning up bring?

A tenth of the labels of a memory is flipped (seeded): at random, each to any other class, or each to the class with
which its own is confused most. Which part of the flips is found at their true number, by the ridge vote as the review
has it, and by rank voting over several k. Which part lies among the *likely* ones, beside what the cut promises. Then a
careful person goes down the list: takes the suggestion where it is the true label (Enter), relabels by hand where only
the label was wrong (R and the class), and keeps what was right (K); accuracy (leave-one-out by ridge against the true
labels, without class factor) is measured along the way. Labels change in the arrays alone; votes do not depend on them.

    python -m benchmarks.review [--memory DEMO.vmem] [--fashion FASHION.vmem] [--seeds 5]
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.results import table, write
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.curation.label_votes import SCHEME, LabelVotes, Verdict
from visualmemory_gui.engine.curation.planted_flips import cut
from visualmemory_gui.engine.decision.leave_one_out import ContentKeys, LeftOut
from visualmemory_gui.engine.decision.neighbour_arrays import NeighbourArrays
from visualmemory_gui.engine.decision.neighbour_table import NeighbourTable
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.exchange.demo.demo import make_demo
from visualmemory_gui.engine.progress import silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import I64, Bools

FLIPPED = 0.10
RANK_KS = (10, 50, 100)
WANTED = (0.5, 0.8)
STEPS = (0, 100, 200, 300, 400, 600, 800)
Flip = Callable[[I64, np.random.Generator], I64]


def votes_of(memory: VisualMemory) -> dict[str, LabelVotes]:
    """By the order's name, the votes of the neighbours of all active exemplars."""
    snapshot = memory.snapshot
    rows = np.flatnonzero(snapshot.active)
    left_out = LeftOut(snapshot, ContentKeys.of(snapshot, rows))
    k = SCHEME.k
    found = memory.searcher.nearest_many(
        snapshot, snapshot.vectors[rows], k, excluded_rows=left_out, report=silent, different=True
    )
    near = NeighbourTable.of(found, k)
    votes = {f"ridge, k = {k}": LabelVotes.of(snapshot, rows, near)}
    for k in RANK_KS:
        first = near.rows[:, :k], near.distances[:, :k]
        weights = VotingScheme("rank", k, class_factor="off").vote_weights(NeighbourArrays.of(snapshot, *first))
        weights = np.where(np.isfinite(first[1]), weights, 0.0)
        votes[f"rank, k = {k}"] = LabelVotes(rows, first[0], weights)
    return votes


def at_random(classes: I64) -> Flip:
    """Gives each label any other one."""

    def flip(labels: I64, rng: np.random.Generator) -> I64:
        place = np.searchsorted(classes, labels)
        other = rng.integers(0, len(classes) - 1, size=len(labels))
        return classes[other + (other >= place)]

    return flip


def to_the_similar_class(votes: LabelVotes, labels: I64, classes: I64) -> Flip:
    """Gives each label that with which it is confused most: the one that its exemplars' neighbours vote for besides."""
    totals = np.zeros((labels.max() + 1, labels.max() + 1))
    cast = np.where(votes.rows >= 0, labels[votes.rows], 0)
    np.add.at(totals, (labels[votes.asked][:, None], cast), votes.votes)
    np.fill_diagonal(totals, -1.0)
    return lambda chosen, _: classes[np.argmax(totals[chosen][:, classes], axis=1)]


def order_of(found: Verdict) -> I64:
    """The places of the suspects, the most suspicious first."""
    return found.order(np.flatnonzero(found.contradicted))


def likely(votes: LabelVotes, labels: I64, flipped: Bools, wanted: float) -> dict[str, float]:
    """What the cut says of its list, and what is true of it."""
    found, border = votes.verdict(labels), cut(votes, labels, wanted=wanted)
    assert border is not None
    above = found.contradicted & border.above(found.own, found.share)
    return {
        "said": border.recall,
        "true": float((above & flipped).sum() / flipped.sum()),
        "rows": float(above.sum()),
        "wrong": float((above & flipped).sum() / max(above.sum(), 1)),
    }


def clean_up(votes: LabelVotes, judge: LabelVotes, labels: I64, truth: I64) -> list[dict[str, float]]:
    """Go through the list; after each of STEPS, how many answers of each kind were given and what is right now."""
    found, now = votes.verdict(labels), labels.copy()
    enter = by_hand = kept = 0
    rows = []
    for n, place in enumerate((*order_of(found)[: STEPS[-1]].tolist(), None)):
        if n in STEPS or place is None:
            right = float(np.mean(judge.verdict(now).winner == truth[judge.asked]))
            rows.append({"looked_at": n, "enter": enter, "by_hand": by_hand, "kept": kept, "accuracy": right})
        if place is None:
            break
        row = votes.asked[place]
        if now[row] == truth[row]:
            kept += 1
            continue
        suggested = found.winner[place] == truth[row]
        enter, by_hand = enter + int(suggested), by_hand + int(not suggested)
        now[row] = truth[row]
    return rows[: len(STEPS)]


def measure(snapshot: Snapshot, orders: dict[str, LabelVotes], seeds: int) -> dict[str, Any]:
    """All figures of one memory."""
    first = next(iter(orders.values()))
    truth = snapshot.label.astype(np.int64)
    classes = np.unique(truth[first.asked])
    flips = {"random": at_random(classes), "to the similar class": to_the_similar_class(first, truth, classes)}
    untouched = float(np.mean(first.verdict(truth).winner == truth[first.asked]))
    out: dict[str, Any] = {"exemplars": len(first.asked), "accuracy_before_flipping": untouched}
    for kind, flip in flips.items():
        at: dict[str, list[float]] = {name: [] for name in orders}
        told: dict[float, list[dict[str, float]]] = {wanted: [] for wanted in WANTED}
        cleaned: dict[str, list[list[dict[str, float]]]] = {name: [] for name in orders}
        for seed in range(seeds):
            rng = np.random.default_rng(seed)
            n = len(first.asked)
            chosen = rng.choice(n, round(FLIPPED * n), replace=False)
            labels, flipped = truth.copy(), np.zeros(n, bool)
            labels[first.asked[chosen]] = flip(truth[first.asked[chosen]], rng)
            flipped[chosen] = True
            for name, votes in orders.items():
                head = order_of(votes.verdict(labels))[: len(chosen)]
                at[name].append(float(flipped[head].sum() / len(chosen)))
                cleaned[name].append(clean_up(votes, first, labels, truth))
            for wanted in WANTED:
                told[wanted].append(likely(first, labels, flipped, wanted))
        out[kind] = {
            "found_at_n": {name: statistics.mean(found) for name, found in at.items()},
            "likely": {str(wanted): _means(runs) for wanted, runs in told.items()},
            "clean_up": {
                name: [_means([run[i] for run in runs]) for i in range(min(map(len, runs)))]
                for name, runs in cleaned.items()
            },
        }
    return out


def _means(runs: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.mean(run[name] for run in runs) for name in runs[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memory", help="the demo memory; made where it is not there")
    parser.add_argument("--fashion", help="a memory of Fashion-MNIST (benchmarks.fashion)")
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    places = {"demo": Path(options.memory) if options.memory else make_demo()}
    if options.fashion:
        places["Fashion-MNIST"] = Path(options.fashion)
    result = {}
    for name, place in places.items():
        with VisualMemory.open(place, readonly=True) as memory:
            result[name] = measure(memory.snapshot, votes_of(memory), options.seeds)
    write("review", {"flipped": FLIPPED, "seeds": options.seeds, "memories": result})
    for name, found in result.items():
        show(name, found)


def show(name: str, found: dict[str, Any]) -> None:
    print(f"\n{name}: {found['exemplars']:,} exemplars, {found['accuracy_before_flipping']:.1%} before flipping")
    for kind in ("random", "to the similar class"):
        one = found[kind]
        print(f"\nFlips: {kind}")
        print(table(["order", "found at the true number"], [[o, f"{x:.1%}"] for o, x in one["found_at_n"].items()]))
        rows = [
            [f"{x['said']:.0%}", f"{x['true']:.0%}", round(x["rows"]), f"{x['wrong']:.0%}"]
            for x in one["likely"].values()
        ]
        print(table(["said to be found", "found", "rows", "of them flipped"], rows))
        for order in (next(iter(one["clean_up"])), "rank, k = 50"):
            steps = one["clean_up"][order]
            cells = [
                [round(row[key]) for key in ("looked_at", "enter", "by_hand", "kept")] + [f"{row['accuracy']:.1%}"]
                for row in steps
            ]
            print(f"\nCleaned up by {order}")
            print(table(["looked at", "Enter", "by hand", "kept", "accuracy"], cells))


if __name__ == "__main__":
    main()

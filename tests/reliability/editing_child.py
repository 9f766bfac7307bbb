"""Edits a memory of vectors without end and says each acknowledged edit on standard output. Killed by its parent."""

from __future__ import annotations

import json
import random
import sys

import numpy as np

from visualmemory_gui import VisualMemory


def main(path: str, seed: int, number: int) -> None:
    rng, pick = np.random.default_rng(seed), random.Random(seed)
    with VisualMemory.open(path) as memory:
        live = [e.id for e in memory.catalog.select()]
        say({"ready": number})
        while True:
            say(one_edit(memory, live, rng, pick))


def one_edit(memory: VisualMemory, live: list[int], rng: np.random.Generator, pick: random.Random) -> dict[str, object]:
    kind = pick.choice(["add", "strike", "restore", "relabel", "reweigh", "undo", "redo", "decide"])
    some = pick.sample(live, min(len(live), 2))
    label = f"class {pick.randrange(5)}"
    if kind == "add":
        vectors = rng.normal(size=(2, 16)).astype(np.float32)
        ids = memory.add_vectors(vectors, [label, label])
        live += ids
        return {"kind": kind, "ids": ids, "label": label}
    if kind == "decide":
        memory.decide_vector(rng.normal(size=16).astype(np.float32))
        return {"kind": kind}
    if kind in ("undo", "redo"):
        changes = memory.undo() if kind == "undo" else memory.redo()
        return {"kind": kind, "change": changes.change}
    edit = {
        "strike": lambda: memory.strike(some),
        "restore": lambda: memory.restore(some),
        "relabel": lambda: memory.relabel(some, label),
        "reweigh": lambda: memory.reweigh(some, 0.5),
    }[kind]
    edit()
    return {"kind": kind, "ids": some, "label": label}


def say(what: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))

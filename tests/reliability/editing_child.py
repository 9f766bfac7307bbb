"""Edits a memory of vectors without end and says each acknowledged edit on standard output. Killed by its parent.

With the argument "unsafe" it says so before the edit is committed: the control of the test that reads it.
"""

from __future__ import annotations

import json
import random
import sys
import threading
from collections.abc import Sequence

import numpy as np

from visualmemory_gui import VisualMemory

DIM, CLASSES = 16, 5
LATE_S = 0.02  # how long after it was acknowledged an unsafe edit is committed


def main(path: str, seed: int, *, unsafe: bool) -> None:
    rng, pick = np.random.default_rng(seed), random.Random(seed)
    with VisualMemory.open(path) as memory:
        live = [exemplar.id for exemplar in memory.catalog.select()]
        edits = 0
        while True:
            say(memory, edits=edits)
            if unsafe:
                with memory._live.database.atomic():
                    live += one_edit(memory, live, rng, pick)
                    say(memory, edits=edits)
                    threading.Event().wait(LATE_S)
            else:
                live += one_edit(memory, live, rng, pick)
            edits += 1


KINDS = ("add", "strike", "restore", "relabel", "reweigh", "rename", "undo", "redo", "decide")


def one_edit(
    memory: VisualMemory,
    live: list[int],
    rng: np.random.Generator,
    pick: random.Random,
    *,
    kinds: Sequence[str] = KINDS,
) -> list[int]:
    """One random edit; returns the ids it added."""
    some, label = pick.sample(live, 2), f"class {pick.randrange(CLASSES)}"
    kind = pick.choice(kinds)
    if kind == "add":
        return memory.add_vectors(rng.normal(size=(2, DIM)).astype(np.float32), [label, label])
    if kind == "decide":
        memory.decide_vector(rng.normal(size=DIM).astype(np.float32))
    elif kind in ("undo", "redo"):
        # An undone add withdraws its exemplars; they must not be picked for an edit by hand.
        added = memory.undo() if kind == "undo" else memory.redo()
        live[:] = [i for i in live if i not in set(added.removed)] + [i for i in added.added if i not in set(live)]
    elif kind == "rename":
        labels = list(memory.catalog.counts())
        memory.rename_label(pick.choice(labels), label)
    else:
        edits = {
            "strike": lambda: memory.strike(some),
            "restore": lambda: memory.restore(some),
            "relabel": lambda: memory.relabel(some, label),
            "reweigh": lambda: memory.reweigh(some, pick.choice([0.5, 2.0])),
        }
        edits[kind]()
    return []


def say(memory: VisualMemory, *, edits: int) -> None:
    change, digest = memory.catalog.change(), memory._live.database.one("select digest from meta")[0]
    sys.stdout.write(json.dumps({"change": change, "digest": digest, "edits": edits}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), unsafe="unsafe" in sys.argv)

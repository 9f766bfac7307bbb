"""Edits and decides for as long as it is told, and says what that costs: argument 1 the memory, 2 seconds.

One line of JSON a second: how many edits so far, memory of the process in MB, median of a decision in ms.
"""

from __future__ import annotations

import json
import random
import sys
import time
from pathlib import Path

import numpy as np

from tests.reliability.editing_child import DIM, KINDS, one_edit
from visualmemory_gui import VisualMemory


def held_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


def main(path: str, seconds: float) -> None:
    rng, pick = np.random.default_rng(0), random.Random(0)
    with VisualMemory.open(path) as memory:
        live = [exemplar.id for exemplar in memory.catalog.select()]
        edits, began = 0, time.monotonic()
        while time.monotonic() - began < seconds:
            second, took = time.monotonic(), []
            while time.monotonic() - second < 1:
                one_edit(memory, live, rng, pick, kinds=KINDS[1:])  # nothing is added: the memory keeps its size
                edits += 1
                query = rng.normal(size=DIM).astype(np.float32)
                asked = time.perf_counter()
                memory.decide_vector(query)
                took.append(1e3 * (time.perf_counter() - asked))
                memory.maintenance.run()
            print(json.dumps([edits, held_mb(), float(np.median(took))]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))

"""Opens a memory for reading again and again while another process edits it; prints one JSON line a decision.

A line holds the change number of the state that the answer must match, and the answer.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from visualmemory_gui import VisualMemory


def main(path: str, stop: str) -> None:
    rng = np.random.default_rng(0)
    while True:
        ended = Path(stop).exists()
        query = rng.normal(size=16).astype(np.float32)
        query = (query.astype(np.float64) / np.linalg.norm(query.astype(np.float64))).astype(np.float32)
        with VisualMemory.open(path, readonly=True) as memory:
            decision = memory.decide_vector(query)
            said = {
                "change": memory.snapshot.change,
                "query": query.tolist(),
                "ids": [n.id for n in decision.neighbours],
                "label": decision.label,
                "mode": decision.search.mode if decision.search else None,
            }
            memory.summary()
            memory.history.steps()
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()
        if ended:
            return


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])

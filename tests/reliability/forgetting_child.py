"""Forgets the exemplars it is told to and says the receipt on standard output. Killed by its parent at any moment.

It says "ready" when the process that will look for left bytes has them, which is right before anything is erased.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.memory import forget
from visualmemory_gui.engine.processes.byte_scan import Scanner


class SayingScanner(Scanner):
    def __init__(self, needles: Iterable[bytes]) -> None:
        super().__init__(needles)
        print("ready", flush=True)


def main(path: str, ids: list[int]) -> None:
    forget.Scanner = SayingScanner  # type: ignore[misc]
    with VisualMemory.open(path) as memory:
        memory.decide_vector(memory.snapshot.vectors[0])
        receipt = memory.forget(ids).receipt
        assert receipt is not None
        print(receipt.status, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], [int(text) for text in sys.argv[2:]])

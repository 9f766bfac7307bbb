"""How soon does a large memory decide after it is opened, and again after an exemplar is forgotten?

A memory of vectors in 32 directions and noise is made once, if it is not there, which takes as long as building its
graph. Each round is a process of its own on it; told are medians. Forgetting is done once, on a copy.

    python -m benchmarks.reopen MEMORY [--make 1000000] [--rounds 5] [--forget COPY]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.results import read, table, write
from benchmarks.vectors import drawn
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.types import F32

PART, QUERIES = 20_000, 30


def make(folder: Path, n: int) -> None:
    """A memory of ``n`` vectors brought from elsewhere, without images, with its graph and its file of rows."""
    with VisualMemory.create(folder, dim=384) as memory:
        memory.maintenance.defer()
        for start in range(0, n, PART):
            found = drawn("directions", min(PART, n - start), 0, seed=start + 1)
            memory.add_vectors(found.vectors, found.labels)
            print(f"{start + len(found.labels):,} of {n:,}", end="\r", file=sys.stderr, flush=True)
        memory.history.baseline()  # as after a build
    with VisualMemory.open(folder) as memory:
        memory.maintenance.defer()
        memory.maintenance.run()


def opened(folder: Path) -> dict[str, float | str]:
    """One process: seconds from opening to each step, and megabytes of main memory."""
    queries = drawn("directions", 10, QUERIES, seed=0).outside
    found = dict[str, float | str]()
    since = Since(found)
    with VisualMemory.open(folder, readonly=True) as memory:
        since.note("opened")
        first = memory.decide_vector(queries[0])
        since.note("first decision")
        found["first by"] = str(first.search and first.search.mode)
        found["MB at first decision"] = _megabytes()
        reading = Since(found)
        memory._live.searcher.load_expected(memory._live.snapshot)
        reading.note("reading the graph")
        memory.decide_vector(queries[1])
        _note_usual(memory, queries[2:], found)
        again = memory.decide_vector(queries[0])
        found["the same again"] = str([n.id for n in again.neighbours] == [n.id for n in first.neighbours])
        found["MB"] = _megabytes()
    return found


def forgotten(folder: Path) -> dict[str, float | str]:
    """One process on a memory that may be changed: seconds of a usual decision, of the next one after a forget that
    has just erased, and until no file holds a byte any more and until all files are written again."""
    queries, found = drawn("directions", 10, QUERIES, seed=0).outside, dict[str, float | str]()
    with VisualMemory.open(folder) as memory:
        memory.maintenance.defer()
        memory.maintenance.run()
        for query in queries[:5]:
            memory.decide_vector(query)
        _note_usual(memory, queries[5:], found)
        doomed = memory.decide_vector(queries[0]).neighbours[0].id
        since = Since(found)
        erasing = memory.erase([doomed])
        since.note("erased")
        deciding = Since(found)
        memory.decide_vector(queries[0])
        deciding.note("next decision")
        receipt = erasing.finish()
        since.note("done")
        found["receipt"] = receipt.status
        memory.maintenance.run()
        since.note("files written again")
        found["MB"] = _megabytes()
    return found


class Since:
    """Notes in ``found`` the seconds from now on, and the processor seconds of all threads of this process."""

    def __init__(self, found: dict[str, float | str]) -> None:
        self._found, self._seconds, self._processor = found, time.perf_counter(), time.process_time()

    def note(self, what: str) -> None:
        self._found[what] = time.perf_counter() - self._seconds
        self._found[f"{what}, processor"] = time.process_time() - self._processor


def _note_usual(memory: VisualMemory, queries: F32, found: dict[str, float | str]) -> None:
    """Medians over ``queries``."""
    each: list[dict[str, float | str]] = []
    for query in queries:
        each.append({})
        since = Since(each[-1])
        memory.decide_vector(query)
        since.note("usual decision")
    for what in each[0]:
        found[what] = _median([one[what] for one in each])


def _megabytes() -> float:
    """Main memory of this process at most until now."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _in_process(what: str, folder: Path) -> dict[str, float | str]:
    command = [sys.executable, "-m", "benchmarks.reopen", str(folder), "--child", what]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float | str] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("memory", type=Path)
    parser.add_argument("--make", type=int, default=0, metavar="N", help="make it of so many vectors if it is missing")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--forget", type=Path, metavar="COPY", help="forget one exemplar on a copy made here")
    parser.add_argument("--note", default="", help="what is to be known of the machine, kept with the result")
    parser.add_argument("--child", choices=["opened", "forgotten"], help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        print(json.dumps({"opened": opened, "forgotten": forgotten}[given.child](given.memory)))
        return 0
    if given.make and not given.memory.exists():
        make(given.memory, given.make)
    with VisualMemory.open(given.memory, readonly=True) as memory:
        size = f"{memory.catalog.totals()[0]:,} x {memory.identity.dim}"
    rounds = [_in_process("opened", given.memory) for _ in range(given.rounds)]
    result: dict[str, object] = {"load": round(os.getloadavg()[0], 1), "note": given.note, "rounds": given.rounds}
    result["opened"] = {what: _median([one[what] for one in rounds]) for what in rounds[0]}
    if given.forget:
        shutil.copytree(given.memory, given.forget)
        result["forgotten"] = _in_process("forgotten", given.forget)
        shutil.rmtree(given.forget)
    write("reopen", {**read("reopen"), size: result})
    for part in ("opened", "forgotten"):
        if part in result:
            print(table([size, ""], [list(pair) for pair in result[part].items()]))  # type: ignore[attr-defined]
    return 0


def _median(found: list[float | str]) -> float | str:
    numbers = [one for one in found if not isinstance(one, str)]
    return round(statistics.median(numbers), 5) if numbers else ", ".join(sorted({str(one) for one in found}))


if __name__ == "__main__":
    raise SystemExit(main())

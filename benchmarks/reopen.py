"""How soon does a large memory decide after it is opened, and again after an exemplar is forgotten?

A memory of vectors in 32 directions and noise is made once, if it is not there, which takes as long as building its
graph. Each round is a process of its own on it; told are medians. A decision by rank stands beside hnswlib alone on the
same graph, searched as widely. Forgetting is done once, on a copy. With ``--address-space`` no process may take more
than so many GB, as on a computer that has no more main memory.

    python -m benchmarks.reopen MEMORY [--make 1000000] [--dim 1280] [--rounds 5] [--forget COPY] [--address-space 8]
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.results import read, table, write
from benchmarks.vectors import drawn
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.types import F32

PART, QUERIES = 20_000, 30


def make(folder: Path, n: int, dim: int) -> None:
    """A memory of ``n`` vectors brought from elsewhere, without images, whose graph is still to be built."""
    with VisualMemory.create(folder, dim=dim) as memory:
        memory.maintenance.defer()
        for start in range(0, n, PART):
            found = drawn("directions", min(PART, n - start), 0, dim=dim, seed=start + 1)
            memory.add_vectors(found.vectors, found.labels)
            print(f"{start + len(found.labels):,} of {n:,}", end="\r", file=sys.stderr, flush=True)
        memory.history.baseline()  # as after a build


def built(folder: Path) -> dict[str, float | str]:
    """One process that writes the file of rows, builds the graph, saves it and measures what is usual."""
    found = dict[str, float | str]()
    with VisualMemory.open(folder) as memory:
        memory.maintenance.defer()
        since = Since(found)
        memory.maintenance.run()
        since.note("built")
        found["index"] = memory.maintenance.index_state().kind
        found["MB"] = _megabytes()
    return found


def on_disk(folder: Path, count: int) -> dict[str, float]:
    """Bytes of an exemplar in each file of a memory of ``count``."""
    kinds = {"database": "memory.sqlite*", "rows": "rows-*", "checkpoint": "index-*"}
    return {kind: round(sum(f.stat().st_size for f in folder.glob(form)) / count) for kind, form in kinds.items()}


def opened(folder: Path) -> dict[str, float | str]:
    """One process: seconds from opening to each step, and megabytes of main memory."""
    found = dict[str, float | str]()
    queries = _queries(folder)
    since = Since(found)
    with VisualMemory.open(folder, readonly=True) as memory:
        since.note("opened")
        first = memory.decide_vector(queries[0])
        since.note("first decision")
        found["first by"] = str(first.search and first.search.mode)
        found["MB at first decision"] = _megabytes()
        reading = Since(found)
        with others_wait(found):
            memory._live.searcher.load_expected(memory._live.snapshot)
        reading.note("reading the graph")
        memory.decide_vector(queries[1])
        _note_usual(memory, queries[2:], found)
        for k in (10, 50):
            _beside_hnswlib(memory, queries[2:], k, found)
        again = memory.decide_vector(queries[0])
        found["the same again"] = str([n.id for n in again.neighbours] == [n.id for n in first.neighbours])
        found["MB"] = _megabytes()
    return found


def forgotten(folder: Path) -> dict[str, float | str]:
    """One process on a memory that may be changed: seconds of a usual decision, of the next one after a forget that
    has just erased, and until no file holds a byte any more and until all files are written again."""
    queries, found = _queries(folder), dict[str, float | str]()
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


@contextmanager
def others_wait(found: dict[str, float | str]) -> Iterator[None]:
    """Notes the longest time for which another thread, which wants to do something each millisecond, does nothing."""
    longest, done = [0.0], threading.Event()

    def watch() -> None:
        last = time.perf_counter()
        while not done.wait(0.001):
            now = time.perf_counter()
            longest[0], last = max(longest[0], now - last), now

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    found["no other thread runs for"] = longest[0]


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


def _beside_hnswlib(memory: VisualMemory, queries: F32, k: int, found: dict[str, float | str]) -> None:
    """Medians of a decision by rank and of hnswlib alone, in turns: the same graph, searched as widely."""
    view = memory._live.searcher._hnsw.view
    if view is None:
        return
    alone, ours = [], []
    view.graph._raw.set_ef(view.widths.of(k + 1))
    for query, other in zip(queries, queries[::-1], strict=True):  # another, whose nodes are not in the caches
        started = time.perf_counter()
        view.graph._raw.knn_query(other, k + 1, num_threads=1)
        between = time.perf_counter()
        memory.decide_vector(query, k, "rank")
        alone.append(between - started)
        ours.append(time.perf_counter() - between)
    view.graph._raw.set_ef(1)
    found[f"k {k}: hnswlib alone"] = statistics.median(alone)
    found[f"k {k}: a decision by rank"] = statistics.median(ours)


def _queries(folder: Path) -> F32:
    with VisualMemory.open(folder, readonly=True) as memory:
        return drawn("directions", 10, QUERIES, dim=memory.identity.dim, seed=0).outside


def _megabytes() -> float:
    """Main memory of this process at most until now. Not by ``getrusage``, which begins with that of the parent."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def _in_process(what: str, folder: Path, gigabytes: float) -> dict[str, float | str]:
    command = [sys.executable, "-m", "benchmarks.reopen", str(folder), "--child", what]
    command += ["--address-space", str(gigabytes)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float | str] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("memory", type=Path)
    parser.add_argument("--make", type=int, default=0, metavar="N", help="make it of so many vectors if it is missing")
    parser.add_argument("--dim", type=int, default=384)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--address-space", type=float, default=0.0, metavar="GB", help="of each process; 0: no limit")
    parser.add_argument("--forget", type=Path, metavar="COPY", help="forget one exemplar on a copy made here")
    parser.add_argument("--note", default="", help="what is to be known of the machine, kept with the result")
    parser.add_argument("--child", choices=list(CHILDREN), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        if given.address_space:
            most = int(given.address_space * 1e9)
            resource.setrlimit(resource.RLIMIT_AS, (most, most))
        print(json.dumps(CHILDREN[given.child](given.memory)))
        return 0
    result: dict[str, object] = {"load": round(os.getloadavg()[0], 1), "note": given.note, "rounds": given.rounds}
    if given.address_space:
        result["address space, GB"] = given.address_space
    if given.make and not given.memory.exists():
        make(given.memory, given.make, given.dim)
        result["built"] = _in_process("built", given.memory, given.address_space)
    with VisualMemory.open(given.memory, readonly=True) as memory:
        count = memory.catalog.totals()[0]
        size = f"{count:,} x {memory.identity.dim}"
    result["bytes on disk"] = on_disk(given.memory, count)
    rounds = [_in_process("opened", given.memory, given.address_space) for _ in range(given.rounds)]
    result["opened"] = {what: _median([one[what] for one in rounds]) for what in rounds[0]}
    if given.forget:
        shutil.copytree(given.memory, given.forget)
        result["forgotten"] = _in_process("forgotten", given.forget, given.address_space)
        shutil.rmtree(given.forget)
    before = read("reopen")
    write("reopen", {**before, size: {**before.get(size, {}), **result}})  # what was not measured now stays
    for part in ("built", "bytes on disk", "opened", "forgotten"):
        if part in result:
            print(table([size, ""], [list(pair) for pair in result[part].items()]))  # type: ignore[attr-defined]
    return 0


CHILDREN = {"built": built, "opened": opened, "forgotten": forgotten}


def _median(found: list[float | str]) -> float | str:
    numbers = [one for one in found if not isinstance(one, str)]
    return round(statistics.median(numbers), 5) if numbers else ", ".join(sorted({str(one) for one in found}))


if __name__ == "__main__":
    raise SystemExit(main())

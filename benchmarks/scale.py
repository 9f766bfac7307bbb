"""How long do deciding, editing and building take on a Milvus server, and how long in a folder? The same vectors.

A folder is made of n vectors and pushed to a real server, which the tool starts. Both decide the same queries, one at a
time, and both strike out exemplars one after the other, each followed by a decision. Times are on the clock. What the
server holds is read from its data folder and its processes.

    python -m tools.milvus_server milvus-server python -m benchmarks.scale [--sizes 10000 100000 500000] [--dim 128]
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np

from benchmarks.results import read, table, write
from benchmarks.vectors import IN_WORDS, Kind, drawn
from visualmemory_gui import SharedMemory, VisualMemory
from visualmemory_gui.engine.shared_memory.milvus_server import MilvusServer
from visualmemory_gui.engine.shared_memory.push import push
from visualmemory_gui.engine.types import F32, Decision

PERCENTILES = (50, 95)
TIMES = ("decide_ms", "strike_ms", "next_decide_ms")
K = 10
Side = VisualMemory | SharedMemory


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 500_000])
    arguments.add_argument("--dim", type=int, default=128)
    arguments.add_argument("--kind", choices=get_args(Kind), default="directions")
    arguments.add_argument("--queries", type=int, default=200)
    arguments.add_argument("--edits", type=int, default=50)
    given = arguments.parse_args()
    server = MilvusServer(os.environ["MILVUS_URI"], name=os.environ["MILVUS_URI"].partition("//")[2])
    found = read("scale")
    for n in given.sizes:
        found[str(n)] = measured(server, n, given.kind, dim=given.dim, queries=given.queries, edits=given.edits)
        write("scale", found)
    print(shown(found))


def measured(server: MilvusServer, n: int, kind: Kind, *, dim: int, queries: int, edits: int) -> dict[str, Any]:
    """All figures of ``n`` vectors of ``dim`` numbers."""
    data = drawn(kind, n, queries, dim=dim)
    name = f"scale_{n}"
    empty = held()
    with tempfile.TemporaryDirectory() as room:
        began = time.perf_counter()
        with VisualMemory.create(Path(room) / "m.vmem", dim=dim) as folder:
            folder.set_all({"rule": "rank", "k": K})
            folder.add_vectors(data.vectors, data.labels)
            folder.maintenance.keep_up()
            built_s = time.perf_counter() - began
            here, decided = figures(folder, data.outside, edits)
            for exemplar in struck(n, edits):
                folder.restore(exemplar)
            began = time.perf_counter()
            push(folder, server, name)
            pushed_s = time.perf_counter() - began
            size = sum(file.stat().st_size for file in folder.path.rglob("*") if file.is_file())
        began = time.perf_counter()
        with SharedMemory.open(f"milvus+http://{server.name}/{name}") as shared:
            opened_s = time.perf_counter() - began
            searched = shared.summary().index.kind
            shared.decide_vector(data.outside[0])
            there, proposed = figures(shared, data.outside, edits)
            holds = {what: now - empty[what] for what, now in held().items()}
    for part in ("", "_images", "_labels", "_meta"):
        server.drop(name + part)
    return {
        "vectors": IN_WORDS[kind],
        "dim": dim,
        "queries": queries,
        "edits": edits,
        "folder": {"build_s": built_s, "bytes": size, **here},
        "server": {"push_s": pushed_s, "open_s": opened_s, "searched_by": searched, "holds": holds, **there},
        "same_label": sum(a.label == b.label for a, b in zip(decided, proposed, strict=True)) / queries,
        "same_neighbours": float(np.mean([shared_part(a, b) for a, b in zip(decided, proposed, strict=True)])),
    }


def figures(memory: Side, queries: F32, edits: int) -> tuple[dict[str, Any], list[Decision]]:
    """Milliseconds of a decision, of a strike, and of the decision after it; and the decisions before any edit."""
    decided: list[Decision] = []
    decide = [timed(lambda query=query: decided.append(memory.decide_vector(query))) for query in queries]  # type: ignore[misc]
    strike, after = [], []
    for exemplar, query in zip(
        struck(len_of(memory), edits), np.resize(queries, (edits, queries.shape[1])), strict=True
    ):
        strike.append(timed(lambda exemplar=exemplar: memory.strike(exemplar)))  # type: ignore[misc]
        after.append(timed(lambda query=query: memory.decide_vector(query)))  # type: ignore[misc]
    return {"decide_ms": spread(decide), "strike_ms": spread(strike), "next_decide_ms": spread(after)}, decided


def len_of(memory: Side) -> int:
    return memory.summary().exemplars


def struck(n: int, edits: int) -> list[int]:
    """Which exemplars are struck out, by their ids."""
    return random.Random(0).sample(range(1, n + 1), edits)


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return 1e3 * (time.perf_counter() - began)


def spread(times: Sequence[float]) -> dict[str, float]:
    return {f"p{p}": float(np.percentile(times, p)) for p in PERCENTILES}


def shared_part(a: Decision, b: Decision) -> float:
    """The part of the neighbours of ``a`` that ``b`` has too."""
    return len({n.id for n in a.neighbours} & {n.id for n in b.neighbours}) / max(len(a.neighbours), 1)


def held() -> dict[str, int]:
    """Bytes that the server holds: of its data folder, and of the memory of its processes."""
    group = Path(os.environ["MILVUS_GROUP"])
    data = sum(file.stat().st_size for file in (group.parent / "data").rglob("*") if file.is_file())
    return {"disk_bytes": data, "memory_bytes": memory_of(int(group.read_text()))}


def memory_of(group: int) -> int:
    """Bytes in main memory of all processes of a group."""
    pages = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if int((process / "stat").read_text().rpartition(")")[2].split()[2]) == group:
                pages += int((process / "statm").read_text().split()[1])
        except (OSError, ValueError, IndexError):
            continue  # it has ended
    return pages * os.sysconf("SC_PAGE_SIZE")


def shown(found: dict[str, Any]) -> str:
    """A row for each size and side; milliseconds are medians, in brackets the 95th percentile."""
    rows: list[list[object]] = []
    for n, one in found.items():
        for side, build in (("folder", "build_s"), ("server", "push_s")):
            of = one[side]
            times = [f"{of[name]['p50']:.1f} ({of[name]['p95']:.1f})" for name in TIMES]
            rows.append([f"{int(n):,}", side, f"{of[build]:.1f} s", *times])
    return table(["exemplars", "", "build, push", "decide, ms", "strike, ms", "next decide, ms"], rows)


if __name__ == "__main__":
    main()

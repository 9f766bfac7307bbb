"""How long until an edit is on disk and seen by the next decision? Ours, two vector databases, and the floor.

Three kinds of vectors (``benchmarks.vectors``) one after the other. Each round adds one exemplar and decides a query,
then strikes one out and decides again; every side is durable, and decides by k neighbours. The floor is one FULL commit
of apsw plus hnswlib alone. Each side but ours is tuned to a recall@k of 0.99 on queries that are not in the memory, and
the recall of all is told on others: hnswlib by ``ef``, chromadb by ``ef_search`` when it is filled, from what hnswlib
alone takes, lancedb by ``ef`` and ``refine_factor``.

    python -m benchmarks.edit [--n 10000] [--k 10] [--rounds 200] [--kinds islands directions] [--floor]
    python -m benchmarks.edit --memory MEMORY [--k 10] [--rounds 200]

``--n 100000`` and ``--n 1000000`` are the other sizes. ``--floor`` leaves the databases out; ``--at /dev/shm`` keeps
all files in main memory, so that no disk counts. ``--memory`` takes a memory that benchmarks.reopen made, whose graph
need not be built: ours on a copy of it, and the floor on the same graph, searched as widely.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import apsw
import hnswlib
import numpy as np

from benchmarks.fashion import INSTALLED
from benchmarks.results import read, table, write
from benchmarks.vectors import KINDS, Drawn, Kind, drawn
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.index.graph import CONNECTIONS, CONSTRUCTION
from visualmemory_gui.engine.types import F32

TURN = 10
FIGURES = ("add_decide", "strike_decide", "strike", "decide")
PERCENTILES = (50, 95, 99)
QUERIES, LEAST_RECALL = 200, 0.99
LADDER = (16, 20, 24, 32, 40, 50, 64, 80, 96, 128, 160, 192, 256, 320, 384, 512, 768, 1024, 2048)


class Spent(NamedTuple):
    """Milliseconds: on the clock, and of the processor, in all threads of this process."""

    clock: float
    processor: float


class Side(Protocol):
    """One contestant: all ids are places in the order of adding."""

    name: str
    width: str

    def fill(self, data: Data) -> None:
        """Take in all vectors, and be tuned on ``data.tuning``; ``width`` then says how."""

    def add(self, vector: F32, label: str) -> None: ...
    def strike(self, place: int) -> None: ...
    def nearest(self, query: F32) -> list[int]: ...
    def decide(self, query: F32) -> None: ...
    def close(self) -> None: ...


class Data:
    """The vectors of one run, and the true k nearest of its queries: half of them for tuning, half to tell recall."""

    def __init__(self, of: Drawn, k: int) -> None:
        self.vectors, self.labels, self.k = of.vectors, of.labels, k
        self.ef_alone = 0  # the width that hnswlib alone takes, once that is known
        self.fresh, self.fresh_labels = of.outside[2 * QUERIES :], of.outside_labels[2 * QUERIES :]
        self.tuning, self.telling = of.outside[:QUERIES], of.outside[QUERIES : 2 * QUERIES]

    def recall(self, nearest: Callable[[F32], list[int]], queries: F32) -> float:
        """Recall@k against exact search."""
        found = 0
        for query in queries:
            exact = np.argpartition(-(self.vectors @ query), self.k)[: self.k]
            found += len(set(exact.tolist()) & set(nearest(query)))
        return found / (self.k * len(queries))


class Ours:
    name = "visualmemory"

    def __init__(self, folder: Path, dim: int, k: int) -> None:
        self.k = k
        self.memory = VisualMemory.create(folder / "edit.vmem", dim=dim)
        self.memory.set("rule", "rank")  # the vote of the measurements before; benchmarks.ridge has that of ridge
        self.memory.set("exact_limit", "0")
        self.ids: list[int] = []
        self.width = ""

    def fill(self, data: Data) -> None:
        self.ids = self.memory.add_vectors(data.vectors, data.labels)
        self.memory.maintenance.run()
        view = self.memory._live.searcher._hnsw.view
        assert view is not None
        self.width = f"ef {view.widths.of(self.k + 1)}"

    def add(self, vector: F32, label: str) -> None:
        self.ids += self.memory.add_vectors(vector[None], [label])

    def strike(self, place: int) -> None:
        self.memory.strike([self.ids[place]])

    def nearest(self, query: F32) -> list[int]:
        return [n.id - self.ids[0] for n in self.memory.decide_vector(query, k=self.k).neighbours]

    def decide(self, query: F32) -> None:
        self.memory.decide_vector(query, k=self.k)

    def close(self) -> None:
        self.memory.close()


class Floor:
    """What no product can be faster than with these two libraries: one commit, and hnswlib alone with our graph."""

    name = "apsw + hnswlib alone"

    def __init__(self, folder: Path, dim: int, k: int) -> None:
        self.k, self.width = k, ""
        self.db = apsw.Connection(str(folder / "floor.sqlite"))
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            self.db.execute(f"pragma {pragma}").fetchall()
        self.db.execute("create table rows(id integer primary key, label text, struck int, vector blob)")
        self.graph = hnswlib.Index("ip", dim)
        self.count = 0
        self.names: Sequence[int] = ()  # of the nodes, by place

    def fill(self, data: Data) -> None:
        n = self.count = len(data.vectors)
        self.names = range(n)
        self.graph.init_index(2 * n, M=CONNECTIONS, ef_construction=CONSTRUCTION)
        self.graph.add_items(data.vectors, np.arange(n), num_threads=-1)
        self.graph.set_num_threads(1)
        with self.db:
            rows = ((i, data.labels[i], data.vectors[i].tobytes()) for i in range(n))
            self.db.executemany("insert into rows values(?, ?, 0, ?)", rows)
        for ef in (ef for ef in LADDER if ef >= self.k):
            self.graph.set_ef(ef)
            self.width, data.ef_alone = f"ef {ef}", ef
            if data.recall(self.nearest, data.tuning) >= LEAST_RECALL:
                break

    def add(self, vector: F32, label: str) -> None:
        with self.db:
            self.db.execute("insert into rows values(?, ?, 0, ?)", (self.count, label, vector.tobytes()))
        self.graph.add_items(vector[None], [self.count])
        self.count += 1

    def strike(self, place: int) -> None:
        with self.db:
            self.db.execute("update rows set struck = 1 where id = ?", (place,))
        self.graph.mark_deleted(self.names[place])

    def nearest(self, query: F32) -> list[int]:
        return [int(i) for i in self.graph.knn_query(query, self.k)[0][0]]

    def decide(self, query: F32) -> None:
        self.nearest(query)

    def close(self) -> None:
        self.db.close()


class OursOpened(Ours):
    """On a copy of a memory whose graph is built; decisions are by rank."""

    def __init__(self, folder: Path, memory: Path, k: int) -> None:
        self.k = k
        self.memory = VisualMemory.open(shutil.copytree(memory, folder / "edit.vmem"))
        self.memory.set("rule", "rank")
        live = self.memory._live
        live.searcher.load_expected(live.snapshot)
        view = live.searcher._hnsw.view
        assert view is not None
        self.ids, self.width = live.snapshot.ids.tolist(), f"ef {view.widths.of(k + 1)}"


class FloorOpened(Floor):
    """On the graph of that memory."""

    def __init__(self, folder: Path, of: OursOpened, k: int) -> None:
        dim = of.memory.identity.dim
        super().__init__(folder, dim, k)
        (file,) = (folder / "edit.vmem").glob("index-*.hnsw")
        self.graph.load_index(str(file), max_elements=2 * len(of.ids))
        self.graph.set_num_threads(1)
        self.graph.set_ef(int(of.width.removeprefix("ef ")))
        self.width, self.names = of.width, self.graph.get_ids_list()
        with self.db:
            self.db.executemany(
                "insert into rows values(?, '', 0, ?)", ((i, bytes(4 * dim)) for i in range(len(of.ids)))
            )
        self.count = len(of.ids)


class Chroma:
    name = "chromadb"

    def __init__(self, folder: Path, dim: int, k: int) -> None:
        import chromadb

        self.k, self.width, self.count = k, "", 0
        settings = chromadb.Settings(anonymized_telemetry=False)
        self.client = chromadb.PersistentClient(str(folder / "chroma"), settings=settings)
        self.rows: Any = None

    def fill(self, data: Data) -> None:
        for ef in (ef for ef in LADDER if ef >= max(self.k, 96, data.ef_alone)):  # 100 is its default; filled each time
            if self.rows is not None:
                self.client.delete_collection("edit")
            self.width = f"ef_search {ef}"
            hnsw: Any = {"space": "ip", "ef_search": ef, "ef_construction": CONSTRUCTION}
            self.rows = self.client.create_collection("edit", configuration={"hnsw": hnsw})
            for start in range(0, len(data.vectors), 5000):
                part = slice(start, start + 5000)
                ids = [str(i) for i in range(start, start + len(data.vectors[part]))]
                labels: Any = [{"label": label} for label in data.labels[part]]
                self.rows.add(ids=ids, embeddings=data.vectors[part], metadatas=labels)
            if data.recall(self.nearest, data.tuning) >= LEAST_RECALL:
                break
        self.count = len(data.vectors)

    def add(self, vector: F32, label: str) -> None:
        self.rows.add(ids=[str(self.count)], embeddings=[vector], metadatas=[{"label": label}])
        self.count += 1

    def strike(self, place: int) -> None:
        self.rows.delete(ids=[str(place)])

    def nearest(self, query: F32) -> list[int]:
        return [int(i) for i in self.rows.query(query_embeddings=[query], n_results=self.k)["ids"][0]]

    def decide(self, query: F32) -> None:
        self.nearest(query)

    def close(self) -> None:
        del self.client


class Lance:
    name = "lancedb"

    def __init__(self, folder: Path, dim: int, k: int) -> None:
        import lancedb

        self.k, self.dim, self.width, self.count = k, dim, "", 0
        self.ef, self.refine = 0, 0
        self.db = lancedb.connect(str(folder / "lance"))
        self.table: Any = None

    def fill(self, data: Data) -> None:
        import lancedb.index
        import pyarrow as pa

        flat = pa.array(data.vectors.ravel(), pa.float32())
        column = pa.FixedSizeListArray.from_arrays(flat, self.dim)
        rows = pa.table({"id": np.arange(len(data.vectors)), "label": data.labels, "vector": column})
        self.table = self.db.create_table("edit", rows)
        self.table.create_index("vector", config=lancedb.index.HnswSq(distance_type="cosine"))
        self.count = len(data.vectors)
        for self.ef, self.refine in ((ef, refine) for ef in LADDER if ef >= 2 * self.k for refine in (1, 2)):
            self.width = f"ef {self.ef}, refine_factor {self.refine}"
            if data.recall(self.nearest, data.tuning) >= LEAST_RECALL:
                break

    def add(self, vector: F32, label: str) -> None:
        self.table.add([{"id": self.count, "label": label, "vector": vector}])
        self.count += 1

    def strike(self, place: int) -> None:
        self.table.delete(f"id = {place}")

    def nearest(self, query: F32) -> list[int]:
        search = self.table.search(query).distance_type("cosine").limit(self.k).ef(self.ef).refine_factor(self.refine)
        return [int(i) for i in search.to_arrow()["id"].to_pylist()]

    def decide(self, query: F32) -> None:
        self.nearest(query)

    def close(self) -> None:
        del self.db


def spent(work: Callable[[], object]) -> Spent:
    """What ``work`` took."""
    started, before = time.perf_counter(), time.process_time()
    work()
    return Spent((time.perf_counter() - started) * 1e3, (time.process_time() - before) * 1e3)


def fill(side: Side, data: Data) -> float:
    seconds = spent(lambda: side.fill(data)).clock / 1e3
    print(f"{side.name}: filled and tuned in {seconds:.0f} s, {side.width}", file=sys.stderr, flush=True)
    return seconds


def measure(sides: list[Side], data: Data, rounds: int) -> list[dict[str, list[Spent]]]:
    """Times of each side. The sides take turns, so that a busy moment of the machine hits all of them, ten rounds at a
    time, so that none is measured with the caches that another one left. Their order is drawn again each time, so that
    none always follows the same one, whose writing may still go on."""
    times: list[dict[str, list[Spent]]] = [{what: [] for what in FIGURES} for _ in sides]
    order = random.Random(0)
    for start in range(0, rounds, TURN):
        for side, kept in order.sample(list(zip(sides, times, strict=True)), len(sides)):
            for i in range(start, min(start + TURN, rounds)):
                one_round(side, kept, i, query=data.fresh[rounds + i], vector=data.fresh[i], label=data.fresh_labels[i])
    return times


def one_round(side: Side, kept: dict[str, list[Spent]], i: int, *, query: F32, vector: F32, label: str) -> None:
    kept["add_decide"].append(spent(lambda: (side.add(vector, label), side.decide(query))))
    strike, decide = spent(lambda: side.strike(i * 7)), spent(lambda: side.decide(query))
    kept["strike_decide"].append(Spent(strike.clock + decide.clock, strike.processor + decide.processor))
    kept["strike"].append(strike)
    kept["decide"].append(spent(lambda: side.decide(query)))


def run(kind: Kind, options: argparse.Namespace) -> dict[str, Any]:
    """All sides on one kind of vectors."""
    outside = 2 * QUERIES + 2 * options.rounds
    data = Data(drawn(kind, options.n, outside, folder=options.fashion, kept=options.kept), options.k)
    with tempfile.TemporaryDirectory(dir=options.at) as name:
        contestants: list[type[Any]] = [Ours, Floor] if options.floor else [Ours, Floor, Chroma, Lance]
        sides: list[Side] = [each(Path(name), data.vectors.shape[1], options.k) for each in contestants]
        filled = [fill(side, data) for side in sides]
        recalls = [data.recall(side.nearest, data.telling) for side in sides]
        times = measure(sides, data, options.rounds)
        for side in sides:
            side.close()
    told = [
        {**told_of(side, kept), "recall": reached, "fill_s": seconds}
        for side, kept, reached, seconds in zip(sides, times, recalls, filled, strict=True)
    ]
    return {"n": len(data.vectors), "dim": data.vectors.shape[1], "sides": told}


def told_of(side: Side, kept: dict[str, list[Spent]]) -> dict[str, Any]:
    return {
        "name": side.name,
        **{f"{what}_ms": _percentiles([each.clock for each in values]) for what, values in kept.items()},
        **{f"{what}_cpu_ms": _percentiles([each.processor for each in values]) for what, values in kept.items()},
        "width": side.width,
    }


def run_opened(memory: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Ours and the floor on the graph of ``memory``; their recall is that of the same graph, and is told once."""
    with tempfile.TemporaryDirectory(dir=options.at) as name:
        ours = OursOpened(Path(name), memory, options.k)
        sides: list[Side] = [ours, FloorOpened(Path(name), ours, options.k)]
        snapshot = ours.memory._live.snapshot
        n, dim = len(snapshot), ours.memory.identity.dim
        data = Data(drawn("directions", 10, 2 * QUERIES + 2 * options.rounds, dim=dim, seed=0), options.k)
        data.vectors = snapshot.vectors
        reached = data.recall(ours.nearest, data.telling)
        times = measure(sides, data, options.rounds)
        for side in sides:
            side.close()
    told = [{**told_of(side, kept), "recall": reached} for side, kept in zip(sides, times, strict=True)]
    return {"n": n, "dim": dim, "sides": told}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=10_000)
    parser.add_argument("--k", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--floor", action="store_true", help="ours and the floor alone")
    parser.add_argument("--at", type=Path, help="where the sides keep their files")
    parser.add_argument("--fashion", type=Path, default=INSTALLED, help="the folder of Fashion-MNIST")
    parser.add_argument("--kept", type=Path, default=Path(), help="where memories of photographs are kept")
    parser.add_argument("--memory", type=Path, help="a memory that benchmarks.reopen made; the floor alone beside it")
    options = parser.parse_args()
    name = "edit-floor-kinds" if options.floor or options.memory else "edit-kinds"
    results = read(name)
    kinds: Sequence[Kind] = ["directions"] if options.memory else options.kinds
    for kind in kinds:
        found = run(kind, options) if options.memory is None else run_opened(options.memory, options)
        results[f"{kind}, {found['n']} x {found['dim']}, k = {options.k}"] = {"rounds": options.rounds, **found}
        write(name, results)
        report(kind, found["sides"])


def report(kind: Kind, sides: list[dict[str, Any]]) -> None:
    """The medians with the 95th and 99th percentiles on the clock, and the ratios of the medians."""
    rows: list[list[object]] = [
        [side["name"], *(_in_ms(side[f"{what}_ms"]) for what in FIGURES), side["recall"], side["width"]]
        for side in sides
    ]
    print(table([kind, *(f"{what.replace('_', ' + ')} ms" for what in FIGURES), "recall", "width"], rows))
    ratios: list[list[object]] = []
    for time_of, words in (("ms", ""), ("cpu_ms", ", processor time")):
        for what in FIGURES:
            ours, floor, *peers = (side[f"{what}_{time_of}"][0] for side in sides)
            ratios.append([what.replace("_", " + ") + words, ours / floor, min(peers, default=float("nan")) / ours])
    print(table(["medians", "ours / floor", "better peer / ours"], ratios), end="\n\n", flush=True)


def _percentiles(values: list[float]) -> list[float]:
    return [float(value) for value in np.percentile(values, PERCENTILES)]


def _in_ms(percentiles: list[float]) -> str:
    return " / ".join(f"{value:.2f}" for value in percentiles)


if __name__ == "__main__":
    main()

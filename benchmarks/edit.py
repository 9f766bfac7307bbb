"""How long until an edit is on disk and seen by the next decision? Ours, two vector databases, and the floor.

100,000 clustered vectors of 384 dimensions, seeded. Each round adds one exemplar and decides a query, then strikes one
out and decides again; every side is durable. The floor is one FULL commit of apsw plus hnswlib alone, at a recall
of 0.99. Recall@50 is against exact search in float64.

    python -m benchmarks.edit [--n 100000] [--rounds 200] [--floor]

``--floor`` leaves the databases out, and writes edit-floor.json.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import apsw
import hnswlib
import numpy as np

from benchmarks.results import table, write
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.index.graph import CONNECTIONS, CONSTRUCTION

DIM, CLASSES, K = 384, 1000, 10
TURN = 10
FIGURES = ("add_decide", "strike_decide", "strike", "decide")
RECALL_AT, RECALL_QUERIES, LEAST_RECALL = 50, 200, 0.99


class Side(Protocol):
    """One contestant: all ids are places in the order of adding."""

    name: str

    def fill(self, vectors: np.ndarray, labels: list[str]) -> None: ...
    def add(self, vector: np.ndarray, label: str) -> None: ...
    def strike(self, place: int) -> None: ...
    def nearest(self, query: np.ndarray, k: int) -> list[int]: ...
    def decide(self, query: np.ndarray) -> None: ...
    def close(self) -> None: ...


class Ours:
    name = "visualmemory"

    def __init__(self, folder: Path) -> None:
        self.memory = VisualMemory.create(folder / "edit.vmem", dim=DIM)
        self.memory.set("rule", "rank")  # the vote of the measurements before; benchmarks.ridge has that of ridge
        self.ids: list[int] = []

    def fill(self, vectors: np.ndarray, labels: list[str]) -> None:
        self.ids = self.memory.add_vectors(vectors, labels)
        self.memory.maintenance.run()

    def add(self, vector: np.ndarray, label: str) -> None:
        self.ids += self.memory.add_vectors(vector[None], [label])

    def strike(self, place: int) -> None:
        self.memory.strike([self.ids[place]])

    def nearest(self, query: np.ndarray, k: int) -> list[int]:
        place_of = {i: place for place, i in enumerate(self.ids)}
        return [place_of[n.id] for n in self.memory.decide_vector(query, k=k, search="hnsw").neighbours]

    def decide(self, query: np.ndarray) -> None:
        self.memory.decide_vector(query, k=K)

    def close(self) -> None:
        self.memory.close()


class Floor:
    """What no product can be faster than with these two libraries: one commit, and hnswlib alone.

    Same graph as ours; ``ef`` is the smallest of a ladder that reaches recall@50 >= 0.99.
    """

    name = "apsw + hnswlib alone"

    def __init__(self, folder: Path) -> None:
        self.db = apsw.Connection(str(folder / "floor.sqlite"))
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            self.db.execute(f"pragma {pragma}").fetchall()
        self.db.execute("create table rows(id integer primary key, label text, struck int, vector blob)")
        self.graph = hnswlib.Index("ip", DIM)
        self.count = 0

    def fill(self, vectors: np.ndarray, labels: list[str]) -> None:
        self.graph.init_index(2 * len(vectors), M=CONNECTIONS, ef_construction=CONSTRUCTION)
        self.graph.add_items(vectors, np.arange(len(vectors)), num_threads=-1)
        self.graph.set_num_threads(1)
        with self.db:
            rows = ((i, labels[i], vectors[i].tobytes()) for i in range(len(vectors)))
            self.db.executemany("insert into rows values(?, ?, 0, ?)", rows)
        self.count = len(vectors)
        tuning, _ = clustered(100, seed=9)
        for ef in (50, 64, 80, 96, 128, 160, 192, 256, 384, 512, 768, 1024):
            self.graph.set_ef(ef)
            if recall(self, vectors, tuning) >= LEAST_RECALL:
                break

    def add(self, vector: np.ndarray, label: str) -> None:
        with self.db:
            self.db.execute("insert into rows values(?, ?, 0, ?)", (self.count, label, vector.tobytes()))
        self.graph.add_items(vector[None], [self.count])
        self.count += 1

    def strike(self, place: int) -> None:
        with self.db:
            self.db.execute("update rows set struck = 1 where id = ?", (place,))
        self.graph.mark_deleted(place)

    def nearest(self, query: np.ndarray, k: int) -> list[int]:
        return [int(i) for i in self.graph.knn_query(query, k)[0][0]]

    def decide(self, query: np.ndarray) -> None:
        self.nearest(query, K)

    def close(self) -> None:
        self.db.close()


class Chroma:
    name = "chromadb"

    def __init__(self, folder: Path) -> None:
        import chromadb

        settings = chromadb.Settings(anonymized_telemetry=False)
        self.client = chromadb.PersistentClient(str(folder / "chroma"), settings=settings)
        self.rows = self.client.create_collection("edit", metadata={"hnsw:space": "ip"})
        self.count = 0

    def fill(self, vectors: np.ndarray, labels: list[str]) -> None:
        for start in range(0, len(vectors), 5000):
            part = slice(start, start + 5000)
            ids = [str(i) for i in range(start, start + len(vectors[part]))]
            self.rows.add(ids=ids, embeddings=vectors[part], metadatas=[{"label": x} for x in labels[part]])
        self.count = len(vectors)

    def add(self, vector: np.ndarray, label: str) -> None:
        self.rows.add(ids=[str(self.count)], embeddings=[vector], metadatas=[{"label": label}])
        self.count += 1

    def strike(self, place: int) -> None:
        self.rows.delete(ids=[str(place)])

    def nearest(self, query: np.ndarray, k: int) -> list[int]:
        return [int(i) for i in self.rows.query(query_embeddings=[query], n_results=k)["ids"][0]]

    def decide(self, query: np.ndarray) -> None:
        self.nearest(query, K)

    def close(self) -> None:
        del self.client


class Lance:
    name = "lancedb"

    def __init__(self, folder: Path) -> None:
        import lancedb

        self.db = lancedb.connect(str(folder / "lance"))
        self.table: Any = None
        self.count = 0

    def fill(self, vectors: np.ndarray, labels: list[str]) -> None:
        import lancedb.index
        import pyarrow as pa

        flat = pa.array(vectors.ravel(), pa.float32())
        column = pa.FixedSizeListArray.from_arrays(flat, DIM)
        rows = pa.table({"id": np.arange(len(vectors)), "label": labels, "vector": column})
        self.table = self.db.create_table("edit", rows)
        self.table.create_index("vector", config=lancedb.index.HnswSq(distance_type="cosine"))
        self.count = len(vectors)

    def add(self, vector: np.ndarray, label: str) -> None:
        self.table.add([{"id": self.count, "label": label, "vector": vector}])
        self.count += 1

    def strike(self, place: int) -> None:
        self.table.delete(f"id = {place}")

    def nearest(self, query: np.ndarray, k: int) -> list[int]:
        found = self.table.search(query).distance_type("cosine").limit(k).to_arrow()
        return [int(i) for i in found["id"].to_pylist()]

    def decide(self, query: np.ndarray) -> None:
        self.nearest(query, K)

    def close(self) -> None:
        del self.db


def clustered(n: int, seed: int) -> tuple[np.ndarray, list[str]]:
    """Vectors (n, 384) float32 of unit length around 1,000 centres, and the centre's name as label."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(0).normal(size=(CLASSES, DIM))
    of = rng.integers(0, CLASSES, n)
    raw = (centres[of] + rng.normal(size=(n, DIM))).astype(np.float32)
    return raw / np.linalg.norm(raw, axis=1, keepdims=True), [f"class {c}" for c in of]


def recall(side: Side, vectors: np.ndarray, queries: np.ndarray) -> float:
    """Recall@50 against exact search."""
    found = 0
    for query in queries:
        exact = np.argpartition(-(vectors @ query), RECALL_AT)[:RECALL_AT]
        found += len(set(exact.tolist()) & set(side.nearest(query, RECALL_AT)))
    return found / (RECALL_AT * len(queries))


def timed(work: Callable[[], object]) -> float:
    """Milliseconds."""
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1e3


def fill(side: Side, vectors: np.ndarray, labels: list[str]) -> float:
    seconds = timed(lambda: side.fill(vectors, labels)) / 1e3
    print(f"{side.name}: filled in {seconds:.0f} s", file=sys.stderr, flush=True)
    return seconds


def measure(sides: list[Side], rounds: int) -> list[dict[str, list[float]]]:
    """Times of each side. The sides take turns, so that a busy moment of the machine hits all of them, ten rounds at a
    time, so that none is measured with the caches that another one left. Their order is drawn again each time, so that
    none always follows the same one, whose writing may still go on."""
    fresh, labels = clustered(2 * rounds, seed=3)
    times: list[dict[str, list[float]]] = [{what: [] for what in FIGURES} for _ in sides]
    order = random.Random(0)
    for start in range(0, rounds, TURN):
        for side, kept in order.sample(list(zip(sides, times, strict=True)), len(sides)):
            for i in range(start, min(start + TURN, rounds)):
                one_round(side, kept, i, query=fresh[rounds + i], vector=fresh[i], label=labels[i])
    return times


def one_round(
    side: Side, kept: dict[str, list[float]], i: int, *, query: np.ndarray, vector: np.ndarray, label: str
) -> None:
    kept["add_decide"].append(timed(lambda: (side.add(vector, label), side.decide(query))))
    strike, decide = timed(lambda: side.strike(i * 7)), timed(lambda: side.decide(query))
    kept["strike_decide"].append(strike + decide)
    kept["strike"].append(strike)
    kept["decide"].append(timed(lambda: side.decide(query)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--floor", action="store_true", help="ours and the floor alone")
    options = parser.parse_args()
    vectors, labels = clustered(options.n, seed=1)
    queries, _ = clustered(RECALL_QUERIES, seed=2)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sides: list[Side] = [Ours(folder), Floor(folder)]
        sides += [] if options.floor else [Chroma(folder), Lance(folder)]
        filled = [fill(side, vectors, labels) for side in sides]
        recalls = [recall(side, vectors, queries) for side in sides]
        times = measure(sides, options.rounds)
        for side in sides:
            side.close()
    rows = [
        {
            "name": side.name,
            **{f"{what}_ms": statistics.median(values) for what, values in kept.items()},
            "recall_at_50": reached,
            "fill_s": seconds,
        }
        for side, kept, reached, seconds in zip(sides, times, recalls, filled, strict=True)
    ]
    report(rows, options)


def report(rows: list[dict[str, Any]], options: argparse.Namespace) -> None:
    ours, floor, peers = rows[0], rows[1], rows[2:]
    ratios = {}
    for figure in ("add_decide_ms", "strike_decide_ms"):
        ratios[f"{figure}: ours / floor"] = ours[figure] / floor[figure]
        if peers:
            ratios[f"{figure}: better peer / ours"] = min(p[figure] for p in peers) / ours[figure]
    write(
        "edit" if peers else "edit-floor",
        {"n": options.n, "dim": DIM, "rounds": options.rounds, "sides": rows, "ratios": ratios},
    )
    head = [
        "side",
        "add + decide ms",
        "strike + decide ms",
        "strike alone ms",
        "decide alone ms",
        "recall@50",
        "fill s",
    ]
    print(table(head, [list(row.values()) for row in rows]))
    print()
    print(table(["ratio", "value"], [[name, value] for name, value in ratios.items()]))


if __name__ == "__main__":
    main()

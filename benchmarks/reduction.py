"""What do fewer numbers cost? A memory whose vectors are reduced by PCA, beside itself, on equal queries.

PCA is fitted to the first exemplars, as many as `build --dim` takes; all vectors are then projected. Both memories
decide the same exemplars, each by the others. Told are also the processor time of an exact search, and the bytes of a
vector.

    python -m benchmarks.reduction [MEMORY] [--dims 512 256 128 64]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.results import table, write
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.encoders.base import unit
from visualmemory_gui.engine.evaluation.encoder_comparison import compare
from visualmemory_gui.engine.evaluation.evaluate import evaluate
from visualmemory_gui.engine.exchange.demo.demo import default_place
from visualmemory_gui.engine.memory.pca_fit import sample_size
from visualmemory_gui.engine.progress import silent
from visualmemory_gui.engine.projection import fit
from visualmemory_gui.engine.store import schema, vector_swap
from visualmemory_gui.engine.store.sources import ImageKey
from visualmemory_gui.engine.store.vector_journal import Embedded

QUERIES = 500


def reduced_copy(memory: VisualMemory, place: Path, dim: int) -> None:
    """Make a copy of ``memory`` in ``place`` whose vectors are reduced."""
    shown = [one for one in memory.catalog.select() if one.sha256]
    vectors = memory.catalog.vectors([one.id for one in shown])
    projection = fit(vectors[: sample_size(dim)], dim)
    found: dict[ImageKey, Embedded] = {
        (one.sha256 or "", one.box): Embedded(one.content or "", one.original, vector)
        for one, vector in zip(shown, unit(projection.apply(vectors)), strict=True)
    }
    place.mkdir()
    database = schema.open_memory(memory.path, readonly=True)
    try:
        with schema.successor(database, place) as copy:
            vector_swap.replace(copy, memory.identity.reduced(projection), found.get, silent)
    finally:
        database.close()


def facts(memory: VisualMemory) -> dict[str, Any]:
    """Accuracy by rule at k = 20, the processor time of an exact search, and the bytes of a vector."""
    accuracy = evaluate(memory, ks=(20,)).to_json()["accuracy"]
    snapshot = memory.snapshot
    queries = memory.catalog.vectors(snapshot.ids[snapshot.active][:QUERIES].tolist())
    memory.searcher.nearest_many(snapshot, queries, 100, mode="exact")
    start = time.process_time()
    memory.searcher.nearest_many(snapshot, queries, 100, mode="exact")
    milliseconds = 1000 * (time.process_time() - start) / len(queries)
    by_rule = {rule: round(100 * by_k["20"], 2) for rule, by_k in accuracy.items()}
    return {"numbers": memory.identity.dim, **by_rule, "search_ms": milliseconds, "bytes": 4 * memory.identity.dim}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("memory", nargs="?", default=str(default_place()))
    parser.add_argument("--dims", nargs="+", type=int, default=[512, 256, 128, 64])
    options = parser.parse_args()
    with VisualMemory.open(options.memory, readonly=True) as memory, tempfile.TemporaryDirectory() as room:
        rows, gains = [facts(memory)], dict[str, object]()
        for dim in options.dims:
            place = Path(room) / f"{dim}.vmem"
            reduced_copy(memory, place, dim)
            with VisualMemory.open(place, readonly=True) as other:
                rows.append(facts(other))
                compared = compare(memory, other)
                gains[str(dim)] = None if compared is None else compared.to_json()
                print("" if compared is None else compared.words)
        exemplars = int(np.count_nonzero(memory.snapshot.active))
    write("reduction", {"exemplars": exemplars, "rows": rows, "gains": gains})
    print(table(list(rows[0]), [list(row.values()) for row in rows]))


if __name__ == "__main__":
    main()

"""Neighbour lists in the format of the paper's repository: each exemplar's nearest others, by leave-one-out.

One JSON object: query -> {featurizer, image_id, image_class, neighbor_image_ids, neighbor_classes,
neighbor_distances}. Exemplars are named by their ids in the memory; no path is written.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from visualmemory_gui.engine.decision.leave_one_out import ContentKeys, LeftOut, Retrieved
from visualmemory_gui.engine.exchange.atomic_output import new_file
from visualmemory_gui.engine.exchange.results import Exported
from visualmemory_gui.engine.memory.protocol import Memory, whole
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot

SUFFIX = ".json"
WIDTH = 100
_BLOCK = 1024


def export(memory: Memory, target: str | Path, *, keep_private: bool = False, report: Report = silent) -> Exported:
    """Write the lists of all active exemplars to the new file ``target``, completely or not at all.

    A list leaves out the exemplar, those of equal content or vector, and its group. Raises ExchangeError, Cancelled,
    and BadValue for a memory whose rows are elsewhere.
    """
    m = whole(memory)
    path, snapshot = Path(target), m.snapshot
    rows = np.flatnonzero(snapshot.active)
    left_out = LeftOut(snapshot, ContentKeys.of(snapshot, rows))
    with new_file(path) as file:
        file.write(b"{")
        for start in range(0, len(rows), _BLOCK):
            report(start, len(rows), "writing neighbours")
            block = rows[start : start + _BLOCK]
            found = m.searcher.nearest_many(
                snapshot,
                snapshot.vectors[block],
                WIDTH,
                excluded_rows=lambda i, start=start: left_out(start + i),  # type: ignore[misc]
                mode="exact",
            )
            for n, (row, near) in enumerate(zip(block.tolist(), found, strict=True), start):
                name = str(snapshot.ids[row])
                record = json.dumps(_record(m.identity.name, snapshot, row, near=near), ensure_ascii=False)
                file.write(f"{',' if n else ''}\n{json.dumps(name)}: {record}".encode())
        file.write(b"\n}\n")
        report(len(rows), len(rows), "writing neighbours")
    return Exported(str(path), "neighbours-json", len(rows), left_out=len(m.catalog.select(state="struck")))


def _record(featurizer: str, snapshot: Snapshot, row: int, *, near: Retrieved) -> dict[str, object]:
    labels = snapshot.labels
    return {
        "featurizer": featurizer,
        "image_id": str(snapshot.ids[row]),
        "image_class": labels[snapshot.label[row]],
        "neighbor_image_ids": [str(i) for i in snapshot.ids[near.rows].tolist()],
        "neighbor_classes": [labels[code] for code in snapshot.label[near.rows].tolist()],
        "neighbor_distances": near.distances.tolist(),
    }

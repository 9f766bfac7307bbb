"""How soon does the map by neighbourhoods show anything, and how soon is it done?

Lays memories out as the window does, stage by stage. After each, the time since the choice, and the part of the
exemplars whose nearest on the map has their label, as a measure of how useful the picture is by then: it is compared
with that of the finished map.

    python -m benchmarks.map_growth DEMO.vmem FASHION.vmem
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from scipy.spatial import KDTree

from benchmarks.results import table, write
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.experiments.map import Layout, stages
from visualmemory_gui.engine.snapshot import Snapshot

USEFUL = 0.95  # of the finished map's agreement
WHAT = ("steps", "seconds", "agreement")


def agreement(snapshot: Snapshot, layout: Layout) -> float:
    """The part of the exemplars whose nearest on the map has their label."""
    label = snapshot.label[snapshot.rows_of(layout.ids)]
    _, near = KDTree(layout.xy).query(layout.xy, k=2)
    return float((label[near[:, 1]] == label).mean())


def measure(path: Path) -> dict[str, Any]:
    with VisualMemory.open(path, readonly=True) as memory:
        snapshot = memory.snapshot
        began, spent, found = time.perf_counter(), 0.0, []
        for layout in stages(snapshot, "tsne"):
            now = time.perf_counter()
            seconds = now - began - spent
            found.append({"steps": layout.steps, "seconds": seconds, "agreement": agreement(snapshot, layout)})
            spent += time.perf_counter() - now  # what is measured here is not the map's
    last = found[-1]
    useful = next(each for each in found if each["agreement"] >= USEFUL * last["agreement"])
    return {"exemplars": len(layout), "first": found[0], "useful": useful, "finished": last, "stages": found}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("memories", type=Path, nargs="+")
    found = [measure(path) for path in options.parse_args().memories]
    write("map_growth", {"maps": found})
    rows: list[list[object]] = [
        [f"{each['exemplars']:,}", *(each[stage][what] for stage in ("first", "useful", "finished") for what in WHAT)]
        for each in found
    ]
    print(table(["exemplars", *(f"{stage}: {what}" for stage in ("first", "useful", "done") for what in WHAT)], rows))


if __name__ == "__main__":
    sys.exit(main())

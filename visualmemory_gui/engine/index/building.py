"""Building a graph from scratch: all distinct active vectors of a snapshot, while edits and decisions go on."""

from __future__ import annotations

import numpy as np

from visualmemory_gui.engine.index.checkpoint import Unfit
from visualmemory_gui.engine.index.duplicates import TwinRows, among_sorted
from visualmemory_gui.engine.index.ef_tuning import Widths, held_out_of, measure
from visualmemory_gui.engine.index.graph import SEED, Graph, roomy
from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import I64

BLOCK_ROWS = 1024


def build(snapshot: Snapshot, report: Report, *, threads: int) -> tuple[Graph, Widths]:
    """Build the graph of ``snapshot``, and measure how wide it must be searched.

    Cancelled out of ``report`` leaves nothing behind. Vectors enter in a seeded random order: class by class, as
    folders are imported, makes worse graphs. The last ones enter after the measuring, which asks for their neighbours.
    """
    rows = np.random.default_rng(SEED).permutation(np.flatnonzero(snapshot.different.active))
    graph = Graph.empty(snapshot.vectors_of(rows[:1]).shape[1], roomy(len(rows)))
    first = len(rows) - held_out_of(len(rows))
    for start in range(0, first, BLOCK_ROWS):
        report(start, len(rows), "building the index")
        block = rows[start : min(start + BLOCK_ROWS, first)]
        graph.add(snapshot.vectors_of(block), snapshot.twin[block], threads=threads)
    report(first, len(rows), "tuning the index")
    widths = measure(graph, snapshot, rows[first:], threads=threads)
    if first < len(rows):
        graph.add(snapshot.vectors_of(rows[first:]), snapshot.twin[rows[first:]], threads=threads)
    report(len(rows), len(rows), "building the index")
    return graph, widths


def settle(graph: Graph, twins: TwinRows, snapshot: Snapshot, *, change: int, live_digest: int) -> I64:
    """Make a loaded graph fit ``snapshot``, whose hashes are in ``twins``; returns the rows that it still lacks.

    ``change`` is the change number at which it was saved, ``live_digest`` the digest of the nodes that were live then.
    Raises Unfit if it holds vectors that the memory does not, or lacks one that was in the memory then: it is not a
    checkpoint of this memory.
    """
    nodes, active = np.sort(graph.nodes()), snapshot.active
    if not among_sorted(nodes, twins.keys).all():
        raise Unfit("it holds exemplars that are no longer in the memory")
    lacking = np.flatnonzero(active & ~twins.held_by(nodes))
    if (snapshot.row_change[lacking] <= change).any():
        raise Unfit("it lacks exemplars of the memory")
    live = twins.some_row(nodes, active)
    touched = among_sorted(nodes, np.unique(snapshot.twin[snapshot.row_change > change]))
    saved = live.copy()
    saved[touched] ^= graph.set_live(nodes[touched], live[touched])
    if digest(nodes[saved]) != live_digest:  # other marks than this memory's: set each of them
        graph.set_live(nodes, live)
    graph.live = int(live.sum())
    return lacking


def live_digest(graph: Graph, snapshot: Snapshot) -> int:
    """The digest of the nodes that are live in a graph that fits ``snapshot``."""
    nodes = np.sort(graph.nodes())
    return digest(nodes[among_sorted(nodes, np.sort(snapshot.twin[snapshot.active]))])


def digest(twins: I64) -> int:
    """The sum of the hashes, whatever their order."""
    return int(np.add.reduce(twins.view(np.uint64)))

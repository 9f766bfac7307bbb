"""t-SNE step by step: near exemplars first, then blocks of gradient steps, each with positions that can be shown.

The positions begin as the two main directions. Source: van der Maaten and Hinton, Visualizing data using t-SNE, JMLR 9
(2008), with the learning rate of Belkina et al., Nature Communications 10 (2019). The gradients are openTSNE's.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np

from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.files.installation import APP
from visualmemory_gui.engine.index.graph import Graph, installed
from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.types import F32, F64, I64

PERPLEXITY = 30
EARLY, LATER = 250, 500  # steps with and without exaggeration
STEPS = EARLY + LATER
EXAGGERATION, MOMENTUM = 12, 0.8
MOST_EXACT = 8_000  # above that near exemplars are proposed by a graph
WIDTH = 1.3  # of its search, as a multiple of the number wanted
MOST_BY_TREE = 5_000  # above that gradients are interpolated
FEW = 1_000  # threads would wait for each other longer than they work
_BLOCK = 1_000
BROKEN = (
    f"openTSNE cannot be imported ({{}}): `pip install --force-reinstall '{APP}[map]'` installs it again; "
    "a map by principal components needs no package"
)


def steps(flat: F64, *, seed: int, report: Report) -> Iterator[tuple[int, F64]]:
    """How many of STEPS are done, and the positions (n, 2) after them, block by block; ``flat`` (n, d) is laid out.

    Equal rows end beside each other, not on each other. Raises Cancelled between blocks, and BadValue where openTSNE
    cannot be imported.
    """
    try:
        import openTSNE  # heavy and optional
        from openTSNE.affinity import PerplexityBasedNN
        from openTSNE.nearest_neighbors import PrecomputedNeighbors
    except (ImportError, OSError) as error:  # also where it was compiled for another computer
        raise BadValue(BROKEN.format(error)) from error

    count = len(flat)
    threads = 1 if count < FEW else max(1, (os.cpu_count() or 1) - 1)  # one is left to the window
    perplexity = min(PERPLEXITY, (count - 1) / 3)
    near, far = nearest(flat.astype(np.float32), min(count - 1, max(1, int(3 * perplexity))), report=report)
    report(count, count, "weighing near exemplars")
    weights = PerplexityBasedNN(knn_index=PrecomputedNeighbors(near, far), perplexity=perplexity, n_jobs=threads)
    start = flat[:, :2] / max(float(flat[:, 0].std()), 1e-9) + 0.01 * np.random.default_rng(seed).normal(
        size=(count, 2)
    )
    embedding = openTSNE.TSNEEmbedding(
        1e-4 * start,
        weights,
        negative_gradient_method="bh" if count <= MOST_BY_TREE else "fft",
        n_jobs=threads,
        random_state=seed,
    )
    block = 25 if count <= MOST_BY_TREE else 10  # the same for the same count, and so is the map
    done = 0
    while done < STEPS:
        report(done, STEPS, "laying out the map")
        early = {"exaggeration": EXAGGERATION} if done < EARLY else {}
        embedding = embedding.optimize(n_iter=block, momentum=MOMENTUM, inplace=True, **early)
        done += block
        yield done, np.array(embedding, np.float64)


def nearest(flat: F32, count: int, *, report: Report) -> tuple[I64, F64]:
    """The ``count`` nearest other rows of each row of ``flat`` (n, d), nearest first, and their Euclidean distances,
    both (n, count). Among many rows some may be missed."""
    graph = _graph_of(flat, report=report) if len(flat) > MOST_EXACT and installed() else None
    near, far = np.empty((len(flat), count), np.int64), np.empty((len(flat), count))
    for start in range(0, len(flat), _BLOCK):
        report(start, len(flat), "finding near exemplars")
        rows = np.arange(start, min(start + _BLOCK, len(flat)))
        near[rows], far[rows] = _among(flat, rows, _proposed(flat, rows, count, graph), count)
    return near, far


def _graph_of(flat: F32, *, report: Report) -> tuple[Graph, F32]:
    """A graph of the rows, each with one more entry that gives it unit length: the nearest by inner product are then
    those by distance, but for a small error that falls with the length chosen."""
    squares = np.einsum("nd,nd->n", flat, flat)
    length = max(4 * float(squares.max()), 1e-12)
    unit = np.concatenate([flat, np.sqrt(length - squares)[:, None]], axis=1) / np.sqrt(length)
    unit = unit.astype(np.float32)
    graph = Graph.empty(unit.shape[1], len(unit))
    for start in range(0, len(unit), _BLOCK):
        report(start, len(unit), "linking near exemplars")
        rows = np.arange(start, min(start + _BLOCK, len(unit)))
        graph.add(unit[rows], rows, threads=1)  # in one order, so that the same map comes again
    return graph, unit


def _proposed(flat: F32, rows: I64, count: int, graph: tuple[Graph, F32] | None) -> I64:
    """More rows than wanted that may be near each of ``rows``, (m, at least count + 1)."""
    if graph is not None:
        links, unit = graph
        found = links.nearest_many(unit[rows], int(WIDTH * (count + 1)), threads=os.cpu_count() or 1)
        if found is not None:
            return found[0]
    squares = np.einsum("nd,nd->n", flat, flat)
    closeness = squares - 2 * (flat[rows] @ flat.T)
    if count + 1 >= len(flat):
        return np.broadcast_to(np.arange(len(flat)), closeness.shape)
    return np.argpartition(closeness, count, axis=1)[:, : count + 1]


def _among(flat: F32, rows: I64, proposed: I64, count: int) -> tuple[I64, F64]:
    """The ``count`` nearest of the ``proposed`` rows, but for itself."""
    away = flat[proposed].astype(np.float64) - flat[rows][:, None].astype(np.float64)
    far = np.sqrt(np.einsum("mkd,mkd->mk", away, away))
    far[proposed == rows[:, None]] = np.inf
    order = np.argsort(far, axis=1, kind="stable")[:, :count]
    return np.take_along_axis(proposed, order, axis=1), np.take_along_axis(far, order, axis=1)

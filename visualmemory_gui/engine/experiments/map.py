"""A map of the memory in two dimensions: principal components immediately, t-SNE if there is time.

New exemplars are placed on an existing map; it is not laid out again for them.
"""

from __future__ import annotations

import base64
import importlib.util
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from visualmemory_gui.engine.decision.neighbour_arrays import NeighbourArrays
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.experiments import tsne
from visualmemory_gui.engine.experiments.tsne import STEPS
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F32, F64, I64

Method = Literal["pca", "tsne"]
METHODS: tuple[Method, ...] = ("pca", "tsne")
KEPT = "map"  # name of the derived value
LEAST = 3  # exemplars that a map needs
NEAR = 10
DIMENSIONS = 50  # of the input of t-SNE
_BLOCK = 4096


@dataclass(frozen=True, slots=True)
class Layout:
    """The positions of exemplars: ``ids`` (n,) increasing, ``xy`` (n, 2) float32, both axes with a spread of about 1.

    ``mean`` (d,) and ``axes`` (d, 2) project a vector onto the map; for "tsne" they are empty. ``steps`` of STEPS are
    done; principal components take none and count as finished.
    """

    method: Method
    ids: I64
    xy: F32
    mean: F64
    axes: F64
    steps: int = STEPS

    @property
    def finished(self) -> bool:
        return self.steps >= STEPS

    def __len__(self) -> int:
        return len(self.ids)

    def to_text(self) -> str:
        """JSON; arrays are base64 of their little-endian bytes."""
        arrays = {name: _packed(getattr(self, name)) for name in ("ids", "xy", "mean", "axes")}
        return json.dumps({"method": self.method, "steps": self.steps, **arrays})

    @classmethod
    def from_text(cls, text: str) -> Layout:
        """The map that ``to_text`` wrote. Raises BadValue for any other text."""
        try:
            data = json.loads(text)
            method = next(known for known in METHODS if known == data["method"])
            ids, xy = _unpacked(data["ids"], "<i8"), _unpacked(data["xy"], "<f4").reshape(-1, 2)
            mean, axes = _unpacked(data["mean"], "<f8"), _unpacked(data["axes"], "<f8").reshape(-1, 2)
            steps = int(data.get("steps", STEPS))
        except (ValueError, TypeError, KeyError, StopIteration, RecursionError) as error:
            raise BadValue("this is not a map") from error
        fits = len(ids) == len(xy) >= LEAST and len(mean) == len(axes) and bool((np.diff(ids) > 0).all())
        if not fits or not all(bool(np.isfinite(part).all()) for part in (xy, mean, axes)):
            raise BadValue("this is not a map")
        return cls(method, ids.astype(np.int64), xy.astype(np.float32), mean, axes, steps)


def has_tsne() -> bool:
    """Whether the package that makes t-SNE maps (the extra ``map``) is installed."""
    return importlib.util.find_spec("openTSNE") is not None


def lay_out(snapshot: Snapshot, method: Method = "pca", *, seed: int = 0, report: Report = silent) -> Layout:
    """Lay out the active exemplars, to the end. See ``stages``."""
    *_, last = stages(snapshot, method, seed=seed, report=report)
    return last


def stages(snapshot: Snapshot, method: Method = "pca", *, seed: int = 0, report: Report = silent) -> Iterator[Layout]:
    """Layouts of the active exemplars, each nearer to the finished one, which is the last: t-SNE has many, principal
    components have one. The same seed gives the same map on the same machine.

    Raises BadValue with fewer than three exemplars, or if t-SNE is requested but not installed; Cancelled.
    """
    rows = np.flatnonzero(snapshot.active)
    if len(rows) < LEAST:
        raise BadValue("a map needs at least three exemplars")
    if method == "tsne" and not has_tsne():
        raise BadValue("t-SNE needs the package openTSNE: pip install 'visualmemory_gui[map]'")
    mean, axes = _components(snapshot.vectors, rows, 2 if method == "pca" else DIMENSIONS, report=report)
    flat = _projected(snapshot.vectors, rows, mean, axes)
    if method == "pca":
        scale = np.maximum(flat.std(axis=0), 1e-9)
        yield Layout("pca", snapshot.ids[rows], (flat / scale).astype(np.float32), mean, axes / scale)
        return
    for done, found in tsne.steps(flat, seed=seed, report=report):
        xy = (found - found.mean(axis=0)) / max(float(found.std()), 1e-9)
        yield Layout("tsne", snapshot.ids[rows], xy.astype(np.float32), np.empty(0), np.empty((0, 2)), done)


def place(layout: Layout, snapshot: Snapshot, vectors: F32) -> F32:
    """(m, 2) float32: the positions of ``vectors`` (m, d) of unit length on the map, which is unchanged.

    A principal-component map projects them; on another one they are placed at the mean of their ten nearest exemplars
    on the map, the first counting most (the weights of rank voting).
    """
    if len(layout.mean):
        return ((vectors.astype(np.float64) - layout.mean) @ layout.axes).astype(np.float32)
    there = np.isin(layout.ids, snapshot.ids)
    rows = snapshot.rows_of(layout.ids[there])
    if not len(rows) or not len(vectors):
        return np.zeros((len(vectors), 2), np.float32)
    known, xy = snapshot.vectors[rows], layout.xy[there]
    near = min(NEAR, len(rows))
    share = VotingScheme("rank", near).vote_weights(NeighbourArrays.plain(np.zeros(near)))
    out = np.empty((len(vectors), 2), np.float32)
    for start in range(0, len(vectors), 256):
        similarity = vectors[start : start + 256] @ known.T
        first = np.argpartition(-similarity, near - 1, axis=1)[:, :near]
        order = np.argsort(-np.take_along_axis(similarity, first, axis=1), axis=1, kind="stable")
        first = np.take_along_axis(first, order, axis=1)
        out[start : start + 256] = np.einsum("mkc,k->mc", xy[first], share) / share.sum()
    return out


def _components(vectors: F32, rows: I64, count: int, *, report: Report) -> tuple[F64, F64]:
    """Mean (d,) and the first ``count`` principal axes (d, count), each with its largest entry positive."""
    dim = vectors.shape[1]
    total, square = np.zeros(dim), np.zeros((dim, dim))
    for start in range(0, len(rows), _BLOCK):
        report(start, len(rows), "finding the main directions")
        part = vectors[rows[start : start + _BLOCK]].astype(np.float64)
        total += part.sum(axis=0)
        square += part.T @ part
    mean = total / len(rows)
    _, axes = np.linalg.eigh(square / len(rows) - np.outer(mean, mean))
    axes = axes[:, ::-1][:, : min(count, dim)]
    if axes.shape[1] < 2:
        axes = np.pad(axes, ((0, 0), (0, 2 - axes.shape[1])))
    signs = np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    return mean, axes * np.where(signs == 0, 1.0, signs)


def _projected(vectors: F32, rows: I64, mean: F64, axes: F64) -> F64:
    parts = [
        (vectors[rows[start : start + _BLOCK]].astype(np.float64) - mean) @ axes
        for start in range(0, len(rows), _BLOCK)
    ]
    return np.concatenate(parts)


def _packed(array: Any) -> str:
    return base64.b64encode(np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes()).decode()


def _unpacked(text: str, kind: str) -> Any:
    return np.frombuffer(base64.b64decode(text), kind)

"""The graph of distinct vectors: hnswlib's object, with the checks that it does not make itself.

hnswlib accepts NaN and the same label twice, and does not say which nodes it holds; this class is its only user.
It is compiled on installation, so it may be missing: ``installed`` says so, and exact search decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from visualmemory_gui.engine.device import main_memory
from visualmemory_gui.engine.errors import StorageError, VisualMemoryError
from visualmemory_gui.engine.files.installation import APP
from visualmemory_gui.engine.types import F32, I64, Bools

try:
    import hnswlib
except (ImportError, OSError):  # also where it was compiled for another computer
    hnswlib = None

_64_BITS = 0xFFFF_FFFF_FFFF_FFFF  # hnswlib's labels have no sign
CONNECTIONS = 16
CONSTRUCTION = 128
SEED = 20250713
LEAST_ROOM = 1024
METRIC = "ip"
"""Inner product: the same order as the cosine, since every row is of unit length."""
_REFUSED = "Not enough memory"
MISSING = (
    f"an HNSW index needs hnswlib, which cannot be imported here: `pip install '{APP}[hnsw]'` compiles it; "
    "exact search works without it"
)


class NoRoom(VisualMemoryError):
    """A graph is larger than what is left of main memory."""


def installed() -> bool:
    return hnswlib is not None


def roomy(nodes: int) -> int:
    """The capacity for a graph of so many ``nodes``. The system must promise all of it at once, though it is not in
    use: twice as much is refused where the graph is as large as half the main memory."""
    return nodes + nodes // 4 + LEAST_ROOM


def bytes_of(nodes: int, dim: int) -> int:
    """About how much main memory a graph of so many vectors takes."""
    return nodes * (4 * dim + 8 * CONNECTIONS + 8)


class Graph:
    """Nodes are named by the twin hash of their vector. Searches may run in parallel; anything else runs alone.

    In place of an erased node there is a *pad*: a random vector, named 1, 2, … up to ``pads``, always marked deleted.
    """

    def __init__(self, raw: Any, nodes: set[int], live: int, *, pads: int = 0) -> None:
        self._raw = raw
        self._nodes = nodes
        self._capacity = int(raw.get_max_elements())
        self.live = live
        self.pads = pads
        raw.set_ef(1)  # hnswlib then searches as wide as the number of nodes asked for

    @classmethod
    def empty(cls, dim: int, capacity: int) -> Graph:
        """Raises NoRoom, and VisualMemoryError where hnswlib is missing."""
        raw = _raw(dim)
        with room_for(bytes_of(capacity, dim)):
            raw.init_index(
                capacity, M=CONNECTIONS, ef_construction=CONSTRUCTION, random_seed=SEED, allow_replace_deleted=True
            )
        return cls(raw, set(), 0)

    @classmethod
    def load(cls, path: Path, dim: int, *, capacity: int, pads: int = 0) -> Graph:
        """Read a file whose seal fits (a damaged one ends the process). Raises NoRoom, RuntimeError where hnswlib
        notices damage, and VisualMemoryError where it is missing."""
        raw = _raw(dim)
        with room_for(path.stat().st_size):
            raw.load_index(str(path), max_elements=capacity, allow_replace_deleted=True)
        nodes = set(raw.get_ids_list()).difference(range(1, pads + 1))
        return cls(raw, nodes, len(nodes), pads=pads)

    def save(self, path: Path) -> None:
        """Write the graph to ``path``. Raises StorageError if not all of it arrived: hnswlib does not notice."""
        self._raw.save_index(str(path))
        expected = self._raw.index_file_size()
        written = path.stat().st_size if path.exists() else 0
        if written != expected:
            raise StorageError(f"only {written:,} of {expected:,} bytes of the index could be written to {path.parent}")

    def grow(self, capacity: int) -> None:
        """Have room for ``capacity`` nodes. Nothing is copied where the system can move pages, as Linux can. Raises
        NoRoom."""
        with room_for(0):
            self._raw.resize_index(capacity)
        self._capacity = capacity

    def __len__(self) -> int:
        """Nodes and pads."""
        return len(self._nodes) + self.pads

    @property
    def room(self) -> int:
        """How many more nodes fit."""
        return self._capacity - len(self)

    def holds(self, twin: int) -> bool:
        """Whether ``twin`` is a node, marked deleted or not."""
        return twin & _64_BITS in self._nodes

    def nodes(self) -> I64:
        """Their names, without those of pads."""
        return np.fromiter(self._nodes, np.uint64, len(self._nodes)).view(np.int64)

    def add(self, vectors: F32, twins: I64, *, threads: int) -> None:
        """Add nodes that it does not hold yet; ``vectors`` (n, d) have passed the gate."""
        labels = twins.view(np.uint64)
        self._raw.add_items(vectors, labels, num_threads=threads)
        self._nodes.update(labels.tolist())
        self.live += len(labels)

    def set_live(self, twins: I64, live: Bools) -> Bools:
        """Unmark the nodes that some active exemplar has, mark the others deleted; returns which changed. O(1) per
        node."""
        pairs = zip(twins.tolist(), live.tolist(), strict=True)
        return np.fromiter((self.mark(twin, lives) for twin, lives in pairs), np.bool_, len(twins))

    def mark(self, twin: int, lives: bool) -> bool:
        """The same for one node."""
        try:
            (self._raw.unmark_deleted if lives else self._raw.mark_deleted)(twin & _64_BITS)
        except RuntimeError:  # it is a node and already is what it should be
            return False
        self.live += 1 if lives else -1
        return True

    def erase(self, doomed: Sequence[int], marked: Sequence[int]) -> None:
        """Overwrite the nodes ``doomed`` with pads, which their neighbours are linked past. ``marked`` are all others
        that are marked deleted, and stay so.

        hnswlib replaces any node that is marked, so only the doomed ones are while it does. Raises RuntimeError if it
        replaced another number of nodes; the graph must then be dropped.
        """
        old_pads = range(1, self.pads + 1)
        for node in (*marked, *old_pads):
            self._raw.unmark_deleted(node & _64_BITS)
        for node in doomed:
            self.mark(node, False)
        new_pads = range(self.pads + 1, self.pads + len(doomed) + 1)
        rest = np.random.default_rng().standard_normal((len(doomed), self._raw.dim), np.float32)
        rest /= np.linalg.norm(rest, axis=1, keepdims=True)
        before = self._raw.get_current_count()
        self._raw.add_items(rest, np.array(new_pads, np.uint64), num_threads=1, replace_deleted=True)
        if self._raw.get_current_count() != before:
            raise RuntimeError("vectors were added to the graph in place of being replaced")
        self._nodes.difference_update(node & _64_BITS for node in doomed)
        self.pads += len(doomed)
        for node in (*marked, *old_pads, *new_pads):
            self._raw.mark_deleted(node & _64_BITS)

    def nearest(self, query: F32, width: int) -> tuple[I64, F32] | None:
        """Twins and distances of about the ``width`` nearest nodes, nearest first; None if fewer are reached."""
        found = self.nearest_many(query, width, threads=1)
        return None if found is None else (found[0][0], found[1][0])

    def nearest_many(self, queries: F32, width: int, *, threads: int) -> tuple[I64, F32] | None:
        if width > self.live:
            return None
        try:
            labels, distances = self._raw.knn_query(queries, width, num_threads=threads)
        except RuntimeError:  # connectivity was lost: hnswlib found too few and returns none
            return None
        return labels.view(np.int64), distances


def _raw(dim: int) -> Any:
    if not installed():
        raise VisualMemoryError(MISSING)
    return hnswlib.Index(METRIC, dim)


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Raise NoRoom where ``size`` bytes are not left, which some systems promise and then end the process, or where
    hnswlib is refused what it asks for."""
    free = main_memory.available()
    if free is not None and size > free:
        raise NoRoom(f"the index takes {size >> 20:,} MB of main memory, and {free >> 20:,} MB are left")
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not str(error).startswith(_REFUSED):
            raise
        raise NoRoom("the index is larger than what is left of main memory") from error

"""A server of vectors within this process, with the rules of a real one: for tests, and to try a shared memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import numpy as np

from visualmemory_gui.engine.errors import ServerError
from visualmemory_gui.engine.shared_memory.server import (
    MOST_ROWS,
    Found,
    Read,
    RowCondition,
    ServerColumn,
    ServerColumns,
    ServerRow,
)
from visualmemory_gui.engine.types import F32, Erasure


class InProcessServer:
    """Keeps rows in dictionaries. "Bounded" reads see what is written ``lag_s`` seconds later, others see it at once.

    Like a real server it refuses more than 16,384 rows at once, texts that are too long, vectors of another length,
    columns that are not declared, and gives rows back in no useful order. It is one client: "session" is its own.
    """

    def __init__(self, *, lag_s: float = 0.0, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = "this process"
        self.lag_s = lag_s
        self._clock = clock
        self._lock = threading.RLock()
        self._collections: dict[str, _Collection] = {}

    def has(self, collection: str) -> bool:
        return collection in self._collections

    def create(self, collection: str, columns: ServerColumns) -> None:
        with self._lock:
            if self.has(collection):
                raise ServerError(f"collection {collection} is there already")
            self._collections[collection] = _Collection(columns)

    def columns(self, collection: str) -> dict[str, ServerColumn]:
        return dict(self._of(collection).columns.columns)

    def is_graph(self, collection: str) -> bool:
        return self._of(collection).columns.graph

    def drop(self, collection: str) -> None:
        with self._lock:
            self._collections.pop(collection, None)

    def upsert(self, collection: str, rows: Sequence[ServerRow]) -> None:
        with self._lock:
            found = self._of(collection)
            checked = [found.checked(row) for row in rows]
            for row in checked:
                found.write(row[found.columns.key], row, self._clock())

    def delete(self, collection: str, keys: Sequence[int]) -> None:
        with self._lock:
            for key in keys:
                self._of(collection).write(key, None, self._clock())

    def query(
        self,
        collection: str,
        where: Sequence[RowCondition],
        columns: Sequence[str],
        *,
        limit: int = MOST_ROWS,
        read: Read = "strong",
    ) -> list[ServerRow]:
        _require_window(limit)
        rows = self._rows(collection, where, read)[:limit]
        return [{name: row[name] for name in columns} for row in rows]

    def count(self, collection: str, where: Sequence[RowCondition], *, read: Read = "strong") -> int:
        return len(self._rows(collection, where, read))

    def search(
        self,
        collection: str,
        vectors: F32,
        where: Sequence[RowCondition],
        columns: Sequence[str],
        *,
        limit: int,
        read: Read,
    ) -> list[list[Found]]:
        _require_window(limit)
        rows = self._rows(collection, where, read)
        if not rows:
            return [[] for _ in vectors]
        named = self._of(collection).columns.vector
        cosines = vectors @ np.stack([np.asarray(row[named]) for row in rows]).T
        return [
            [
                Found(float(line[at]), {name: rows[at][name] for name in columns})
                for at in np.argsort(-line, kind="stable")[:limit].tolist()
            ]
            for line in cosines
        ]

    def flush(self, collection: str) -> None:
        self._of(collection)

    def compact(self, collection: str) -> Erasure:
        with self._lock:
            return "erased" if self._of(collection).compact(self._clock() - self.lag_s) else "hidden"

    def close(self) -> None:
        pass

    def _of(self, collection: str) -> _Collection:
        try:
            return self._collections[collection]
        except KeyError:
            raise ServerError(f"there is no collection {collection}") from None

    def _rows(self, collection: str, where: Sequence[RowCondition], read: Read) -> list[ServerRow]:
        until = self._clock() - self.lag_s if read == "bounded" else float("inf")
        with self._lock:
            rows = self._of(collection).rows(until)
        return [row for row in rows if all(_holds(row, condition) for condition in where)]


class _Collection:
    """The states of each row, by key: when each was written, oldest first; None where it was deleted."""

    def __init__(self, columns: ServerColumns) -> None:
        self.columns = columns
        self._states: dict[object, list[tuple[float, ServerRow | None]]] = {}

    def write(self, key: object, row: ServerRow | None, moment: float) -> None:
        self._states.setdefault(key, []).append((moment, row))

    def rows(self, until: float) -> list[ServerRow]:
        """Those that were written by the moment ``until``, as they were then; the last to be made comes first."""
        seen = ([row for moment, row in states if moment <= until] for states in reversed(self._states.values()))
        return [row for states in seen if states and (row := states[-1]) is not None]

    def compact(self, until: float) -> bool:
        """Drop what no read sees that sees all up to the moment ``until``; whether nothing deleted is left."""
        for key, states in list(self._states.items()):
            seen = [state for state in states if state[0] <= until][-1:] + [s for s in states if s[0] > until]
            self._states[key] = seen
            if seen == seen[:1] and seen[0][1] is None:
                del self._states[key]
        return all(len(states) == 1 and states[0][1] is not None for states in self._states.values())

    def checked(self, row: ServerRow) -> ServerRow:
        if set(row) != set(self.columns.columns):
            raise ServerError(f"a row needs exactly the columns {', '.join(self.columns.columns)}")
        for name, column in self.columns.columns.items():
            _require_fit(name, column, row[name])
        return {name: value.copy() if isinstance(value, np.ndarray) else value for name, value in row.items()}


def _require_fit(name: str, column: ServerColumn, value: object) -> None:
    if column.kind == "vector":
        if not (isinstance(value, np.ndarray) and value.shape == (column.size,)):
            raise ServerError(f"{name} holds vectors of {column.size} numbers")
        return
    kinds = {"int": int, "float": float, "text": str}
    if not isinstance(value, kinds[column.kind]) or isinstance(value, bool):
        raise ServerError(f"{name} takes a value of kind {column.kind}, not {value!r:.40}")
    if isinstance(value, str) and len(value.encode()) > column.size:
        raise ServerError(f"{name} takes a text of at most {column.size} bytes")


def _require_window(limit: int) -> None:
    if not 1 <= limit <= MOST_ROWS:
        raise ServerError(f"an answer has 1 to {MOST_ROWS:,} rows, not {limit:,}")


def _holds(row: ServerRow, condition: RowCondition) -> bool:
    value, wanted = row[condition.column], condition.value
    if condition.compared == "in":
        assert isinstance(wanted, tuple)
        return value in wanted
    if condition.compared == "not in":
        assert isinstance(wanted, tuple)
        return value not in wanted
    if condition.compared == "==":
        return value == wanted
    assert isinstance(value, int | float) and isinstance(wanted, int)
    return value > wanted if condition.compared == ">" else value <= wanted

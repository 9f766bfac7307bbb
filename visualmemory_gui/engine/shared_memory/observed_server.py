"""A server whose answers are observed: whether it is there, slow, or does not answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from visualmemory_gui.engine.errors import ServerError
from visualmemory_gui.engine.shared_memory.server import (
    MOST_ROWS,
    Found,
    Read,
    RowCondition,
    Server,
    ServerColumn,
    ServerColumns,
    ServerRow,
)
from visualmemory_gui.engine.types import F32, Erasure, ServerState

SLOW_S = 2.0
"""How long a question has waited for its answer when the server counts as slow."""


class ObservedServer:
    """Asks ``server``, and knows how that went; every error is passed on. May be used from any thread."""

    def __init__(self, server: Server, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._server = server
        self.name = server.name
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: dict[object, float] = {}
        self._gone = False

    def state(self) -> ServerState:
        """How the server does, by what it was asked last; asks nothing."""
        with self._lock:
            if self._gone:
                return "gone"
            now = self._clock()
            return "slow" if any(now - since > SLOW_S for since in self._waiting.values()) else "there"

    def has(self, collection: str) -> bool:
        with self._asked():
            return self._server.has(collection)

    def create(self, collection: str, columns: ServerColumns) -> None:
        with self._asked():
            self._server.create(collection, columns)

    def columns(self, collection: str) -> dict[str, ServerColumn]:
        with self._asked():
            return self._server.columns(collection)

    def is_graph(self, collection: str) -> bool:
        return self._server.is_graph(collection)  # a client keeps the answer, which then says nothing about the server

    def drop(self, collection: str) -> None:
        with self._asked():
            self._server.drop(collection)

    def upsert(self, collection: str, rows: Sequence[ServerRow]) -> None:
        with self._asked():
            self._server.upsert(collection, rows)

    def delete(self, collection: str, keys: Sequence[int]) -> None:
        with self._asked():
            self._server.delete(collection, keys)

    def query(
        self,
        collection: str,
        where: Sequence[RowCondition],
        columns: Sequence[str],
        *,
        limit: int = MOST_ROWS,
        read: Read = "strong",
    ) -> list[ServerRow]:
        with self._asked():
            return self._server.query(collection, where, columns, limit=limit, read=read)

    def count(self, collection: str, where: Sequence[RowCondition], *, read: Read = "strong") -> int:
        with self._asked():
            return self._server.count(collection, where, read=read)

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
        with self._asked():
            return self._server.search(collection, vectors, where, columns, limit=limit, read=read)

    def flush(self, collection: str) -> None:
        with self._asked():
            self._server.flush(collection)

    def compact(self, collection: str) -> Erasure:
        return self._server.compact(collection)  # that it takes long says nothing about the server

    def close(self) -> None:
        self._server.close()

    @contextmanager
    def _asked(self) -> Iterator[None]:
        question = object()
        with self._lock:
            self._waiting[question] = self._clock()
        try:
            yield
        except ServerError:
            with self._lock:
                self._gone = True
            raise
        else:
            with self._lock:
                self._gone = False
        finally:
            with self._lock:
                self._waiting.pop(question, None)

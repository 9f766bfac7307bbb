"""What is asked of a server of vectors, whichever it is: a few verbs, conditions, and how fresh an answer must be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import numpy as np

from visualmemory_gui.engine.types import F32, Erasure

Field = int | float | str | F32
"""A value of a row: of a kind that its column declares."""
ServerRow = Mapping[str, Field]
Kind = Literal["int", "float", "text", "vector"]
Read = Literal["strong", "session", "bounded"]
"""How fresh an answer must be: all that anyone wrote before it; all that this client wrote; what is there now."""

MOST_ROWS = 16_384
"""How many rows one answer has at most."""
LONGEST_TEXT = 65_535
"""Bytes of the longest text."""


class ServerColumn(NamedTuple):
    """A column of a collection. ``size`` is the bytes of a text at most, the dimension of a vector."""

    kind: Kind
    size: int = 0


@dataclass(frozen=True, slots=True)
class ServerColumns:
    """The columns of a collection, by name; ``key`` names the one that tells its rows apart.

    ``graph``: searched by a graph that proposes, else by comparing all rows.
    """

    key: str
    columns: Mapping[str, ServerColumn]
    graph: bool = False

    @property
    def vector(self) -> str:
        """The name of the column of vectors."""
        return next(name for name, column in self.columns.items() if column.kind == "vector")


class RowCondition(NamedTuple):
    """``column`` compared with a value, or, for "in" and "not in", with several."""

    column: str
    compared: Literal["==", ">", "<=", "in", "not in"]
    value: int | str | tuple[int, ...] | tuple[str, ...]


class Found(NamedTuple):
    """A row that a search found, the nearest first. ``similarity`` is its cosine, as the server computes it."""

    similarity: float
    row: ServerRow


class Server(Protocol):
    """A server of vectors. Every method may be called from any thread, and raises ServerError.

    Rows come back in no order. ``upsert`` replaces a row of a key that is there.
    """

    @property
    def name(self) -> str: ...

    def has(self, collection: str) -> bool: ...

    def create(self, collection: str, columns: ServerColumns) -> None: ...

    def columns(self, collection: str) -> dict[str, ServerColumn]: ...

    def is_graph(self, collection: str) -> bool: ...

    def drop(self, collection: str) -> None: ...

    def upsert(self, collection: str, rows: Sequence[ServerRow]) -> None: ...

    def delete(self, collection: str, keys: Sequence[int]) -> None: ...

    def query(
        self,
        collection: str,
        where: Sequence[RowCondition],
        columns: Sequence[str],
        *,
        limit: int = MOST_ROWS,
        read: Read = "strong",
    ) -> list[ServerRow]: ...

    def count(self, collection: str, where: Sequence[RowCondition], *, read: Read = "strong") -> int: ...

    def search(
        self,
        collection: str,
        vectors: F32,
        where: Sequence[RowCondition],
        columns: Sequence[str],
        *,
        limit: int,
        read: Read,
    ) -> list[list[Found]]: ...

    def flush(self, collection: str) -> None: ...

    def compact(self, collection: str) -> Erasure:
        """Have the files replaced that hold what was deleted and flushed, and wait for that for a while. Returns what
        is known of the old files: never more than the server confirms."""
        ...

    def close(self) -> None: ...


def as_vector(value: object) -> F32:
    """A vector as it came from a server, (d,) float32."""
    return np.asarray(value, np.float32)

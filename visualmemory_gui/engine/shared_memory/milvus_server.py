"""A Milvus server, by the client ``pymilvus``: from version 2.3 of the server on, and Milvus Lite, which is a file."""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from visualmemory_gui.engine.errors import ServerError
from visualmemory_gui.engine.shared_memory.address import Credentials, SharedAddress
from visualmemory_gui.engine.shared_memory.server import (
    MOST_ROWS,
    Found,
    Kind,
    Read,
    RowCondition,
    ServerColumn,
    ServerColumns,
    ServerRow,
    as_vector,
)
from visualmemory_gui.engine.types import F32, Erasure

TIMEOUT_S = 20.0
BULK_S = 120.0
"""How long a write of many rows, or making a collection, may take."""
COMPACTED_S = 60.0
"""How long the server's compaction of a collection is waited for."""
EXTRA = "shared memories need the client of Milvus: pip install 'visualmemory_gui[milvus]'"
_LEVELS: dict[Read, str] = {"strong": "Strong", "session": "Session", "bounded": "Bounded"}
_KINDS: dict[str, Kind] = {
    **dict.fromkeys(("INT8", "INT16", "INT32", "INT64"), "int"),
    **dict.fromkeys(("FLOAT", "DOUBLE"), "float"),
    "VARCHAR": "text",
    "FLOAT_VECTOR": "vector",
}
_MILVUS: dict[Kind, str] = {"int": "INT64", "float": "DOUBLE", "text": "VARCHAR", "vector": "FLOAT_VECTOR"}
T = TypeVar("T")


class MilvusServer:
    """The server of an address, or the file of a Milvus Lite."""

    def __init__(self, uri: str, *, name: str, credentials: Credentials | None = None) -> None:
        given = credentials or Credentials()
        self.name = name
        self._vectors: dict[str, str] = {}
        self._graphs: dict[str, bool] = {}
        self._lock = threading.Lock()
        certificate = {} if given.authority is None else {"server_pem_path": given.authority}
        with _client_errors(name):
            self._client: Any = _client_class()(
                uri=uri,
                user=given.user,
                password=given.password,
                token=given.token,
                timeout=TIMEOUT_S,
                dedicated=True,  # else it takes one to the same host and port, encrypted or not, and closes none
                **certificate,
            )

    @classmethod
    def at(cls, address: SharedAddress, *, token: str = "") -> MilvusServer:
        """Connect to the server of ``address``, with ``token`` if it is given. Raises ServerError, BadValue."""
        return cls(address.uri, name=address.server, credentials=Credentials.of(address, token=token))

    def has(self, collection: str) -> bool:
        return bool(self._ask(lambda: self._client.has_collection(collection, timeout=TIMEOUT_S)))

    def create(self, collection: str, columns: ServerColumns) -> None:
        from pymilvus import DataType

        schema = self._client.create_schema(auto_id=False, enable_dynamic_field=False)
        for name, column in columns.columns.items():
            more = {"text": {"max_length": column.size}, "vector": {"dim": column.size}}.get(column.kind, {})
            schema.add_field(name, DataType[_MILVUS[column.kind]], is_primary=name == columns.key, **more)
        index = self._client.prepare_index_params()
        kind = {"index_type": "HNSW", "params": {"M": 16, "efConstruction": 200}} if columns.graph else _FLAT
        index.add_index(columns.vector, metric_type="COSINE", **kind)
        self._ask(
            lambda: self._client.create_collection(
                collection, schema=schema, index_params=index, consistency_level="Bounded", timeout=BULK_S
            )
        )

    def columns(self, collection: str) -> dict[str, ServerColumn]:
        found = self._ask(lambda: self._client.describe_collection(collection, timeout=TIMEOUT_S))
        with _client_errors(self.name):
            return {field["name"]: _column(field) for field in found["fields"]}

    def is_graph(self, collection: str) -> bool:
        with self._lock:
            if collection not in self._graphs:
                field = self._vector_column(collection)
                found = self._ask(lambda: self._client.describe_index(collection, field, timeout=TIMEOUT_S))
                self._graphs[collection] = bool(found) and found.get("index_type") == "HNSW"
            return self._graphs[collection]

    def drop(self, collection: str) -> None:
        self._ask(lambda: self._client.drop_collection(collection, timeout=BULK_S))

    def upsert(self, collection: str, rows: Sequence[ServerRow]) -> None:
        if rows:
            self._ask(lambda: self._client.upsert(collection, [dict(row) for row in rows], timeout=BULK_S))

    def delete(self, collection: str, keys: Sequence[int]) -> None:
        if keys:
            self._ask(lambda: self._client.delete(collection, ids=list(keys), timeout=BULK_S))

    def query(
        self,
        collection: str,
        where: Sequence[RowCondition],
        columns: Sequence[str],
        *,
        limit: int = MOST_ROWS,
        read: Read = "strong",
    ) -> list[ServerRow]:
        found = self._ask(
            lambda: self._client.query(
                collection,
                filter=_expression(where),
                output_fields=list(columns),
                limit=limit,
                consistency_level=_LEVELS[read],
                timeout=TIMEOUT_S,
            )
        )
        return [self._row(collection, row) for row in found]

    def count(self, collection: str, where: Sequence[RowCondition], *, read: Read = "strong") -> int:
        found = self._ask(
            lambda: self._client.query(
                collection,
                filter=_expression(where),
                output_fields=["count(*)"],
                consistency_level=_LEVELS[read],
                timeout=TIMEOUT_S,
            )
        )
        return int(found[0]["count(*)"])

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
        params = {"ef": max(limit, 512)} if self.is_graph(collection) else {}
        found = self._ask(
            lambda: self._client.search(
                collection,
                list(vectors),
                filter=_expression(where),
                limit=limit,
                output_fields=list(columns),
                search_params={"metric_type": "COSINE", "params": params},
                consistency_level=_LEVELS[read],
                timeout=TIMEOUT_S,
            )
        )
        return [
            [Found(float(hit["distance"]), self._row(collection, hit["entity"])) for hit in of_query]
            for of_query in found
        ]

    def flush(self, collection: str) -> None:
        self._ask(lambda: self._client.flush(collection, timeout=BULK_S))

    def compact(self, collection: str) -> Erasure:
        """Never "erased": a server does not say when it deletes the files that it has replaced."""
        job = self._ask(lambda: self._client.compact(collection, timeout=TIMEOUT_S))
        end = time.monotonic() + COMPACTED_S
        while time.monotonic() < end:
            if self._ask(lambda: self._client.get_compaction_state(job, timeout=TIMEOUT_S)) == "Completed":
                return "not provable here"
            time.sleep(0.2)
        return "hidden"

    def close(self) -> None:
        with _client_errors(self.name):
            self._client.close()

    def _vector_column(self, collection: str) -> str:
        if collection not in self._vectors:
            kinds = self.columns(collection).items()
            self._vectors[collection] = next((name for name, column in kinds if column.kind == "vector"), "")
        return self._vectors[collection]

    def _row(self, collection: str, fields: dict[str, Any]) -> ServerRow:
        vector = self._vector_column(collection)
        return {name: as_vector(value) if name == vector else value for name, value in dict(fields).items()}

    def _ask(self, question: Callable[[], T]) -> T:
        with _client_errors(self.name):
            return question()


@contextmanager
def connected(address: SharedAddress) -> Iterator[MilvusServer]:
    """The server of ``address`` for the block. Raises ServerError, BadValue."""
    server = MilvusServer.at(address)
    try:
        yield server
    finally:
        server.close()


_FLAT: dict[str, Any] = {"index_type": "FLAT", "params": {}}


def _client_class() -> Any:
    """The client, whose own reports of errors are silenced: they show what was asked, and are raised anyway."""
    try:
        from pymilvus import MilvusClient
    except ImportError:
        raise ServerError(EXTRA) from None
    logging.getLogger("pymilvus").setLevel(logging.CRITICAL + 1)
    return MilvusClient


@contextmanager
def _client_errors(server: str) -> Iterator[None]:
    """Whatever the client or the connection raises, as a ServerError that says what happened and what to do."""
    try:
        yield
    except ServerError:
        raise
    except Exception as error:  # the client raises its own, those of gRPC, and those of what it parses
        raise ServerError(_in_words(server, error)) from error


def _in_words(server: str, error: Exception) -> str:
    """What the client raised, in words. That a connection failed it says in one sentence whatever the reason, which is
    in the error of gRPC that caused it."""
    said = " ".join(str(getattr(error, "message", "") or error).split())
    code, details = _of_call(error.__cause__ or error)
    low = _VALUES.sub("", f"{said} {details}".lower())
    if "certificate_verify_failed" in low:
        return f"the connection to {server} cannot be trusted: its certificate does not verify"
    if "hostname verification" in low:
        return f"the connection to {server} cannot be trusted: its certificate is that of another host"
    if code in ("UNAUTHENTICATED", "PERMISSION_DENIED") or any(
        word in low for word in ("auth", "permission", "credential")
    ):
        return f"the server {server} refuses these credentials: set them as `docs/scale.md` says"
    if "handshake failed" in low:
        return f"the connection to {server} cannot be trusted: it speaks no TLS, which milvus+https asks for"
    if any(word in low for word in _NO_MILVUS):
        return f"{server} answers, but not as a Milvus server: check host and port, and whether a proxy is between"
    if "collection not found" in low:
        return f"{server} has no such collection any more: it was dropped, or rebuilt to forget. Open the memory again"
    if any(word in low for word in _NOT_LOADED):
        return f"the server {server} has not loaded all that it holds: wait until it has, or start it again"
    if any(word in low for word in ("deadline", "timeout", "timed out", "unavailable", "connect")):
        return f"the server {server} does not answer: check the address, and that the server is running"
    return f"the server {server} could not do it: {said[:300]}"


_VALUES = re.compile(r"\[[^][]*\]")
"""What a server's words are about, which any name may be in: ``not found[collection=authors]``."""
_NO_MILVUS = ("unimplemented", "parsing http/2", "content-type", "html", "http1", "http status code")
_NOT_LOADED = ("channel not available", "channel lacks", "not loaded", "not fully loaded", "not ready", "node offline")


def _of_call(error: BaseException) -> tuple[str, str]:
    """The name of the code of an error of gRPC, and its details; "" for any other."""
    code, details = getattr(error, "code", None), getattr(error, "details", None)
    if not callable(code) or not callable(details):
        return "", ""
    return str(getattr(code(), "name", "")), str(details())


def _column(field: dict[str, Any]) -> ServerColumn:
    kind = _KINDS.get(field["type"].name, "text")
    params = field.get("params", {})
    return ServerColumn(kind, int(params.get("dim" if kind == "vector" else "max_length", 0) or 0))


def _expression(where: Sequence[RowCondition]) -> str:
    """Conditions in the server's language. JSON writes texts as it reads them."""
    return " and ".join(f"{column} {compared} {_literal(value)}" for column, compared, value in where)


def _literal(value: int | str | tuple[int, ...] | tuple[str, ...]) -> str:
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)

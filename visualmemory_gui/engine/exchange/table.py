"""Exemplars as a Parquet table: writing it here, reading it in a child process, which a bad file may crash."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from visualmemory_gui.engine.errors import ExchangeError
from visualmemory_gui.engine.exchange.table_child import BATCH_COMPONENTS, MOST_COMPONENTS, MOST_DIM, MOST_ROWS
from visualmemory_gui.engine.memory.protocol import Memory
from visualmemory_gui.engine.processes.child_process import end
from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.text.visible_text import writable
from visualmemory_gui.engine.types import Exemplar

BATCH = 1024
ENCODER_KEY = "visualmemory.encoder"
PATIENCE_S = 30.0  # how long the child may be silent
CHILD = Path(__file__).with_name("table_child.py")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a table: rows, numbers per vector (0 without rows), and what it says of its encoder (None: nothing).

    ``classes`` are the names of numeric labels, counted from 0, as the datasets library stores them.
    ``images``: it holds images, and no vectors.
    """

    total: int
    dim: int
    encoder: str | None
    classes: tuple[str, ...] | None = None
    images: bool = False

    def label_of(self, label: object, shown: str) -> object:
        """The name of a numeric label; any other value as it is. Raises ExchangeError, naming the row by ``shown``."""
        if type(label) is not int:
            return label
        if self.classes is None:
            return str(label)
        if not 0 <= label < len(self.classes):
            raise ExchangeError(
                f"{shown}: its label {label} is not one of the {len(self.classes):,} classes of the table"
            )
        return self.classes[label]


@dataclass(frozen=True, slots=True)
class Batch:
    """``rows`` hold text and numbers by column name; ``vectors`` is (n, d) of floats, as in the file."""

    rows: list[Row]
    vectors: npt.NDArray[np.floating[Any]]


def require_size(rows: int, dim: int) -> None:
    """Raise ValueError where a file claims to hold more than can be meant."""
    if rows > MOST_ROWS or rows * dim > MOST_COMPONENTS or dim > MOST_DIM or (rows and not dim):
        raise ValueError(f"it claims to hold {rows:,} vectors of {dim:,} numbers; at most {MOST_ROWS:,} are accepted")


def batch_rows(dim: int) -> int:
    """How many vectors are read at once."""
    return max(1, min(BATCH, BATCH_COMPONENTS // max(dim, 1)))


def row_of(exemplar: Exemplar, *, keep_private: bool) -> Row:
    """The columns every table has, without the vector. Without ``keep_private`` a source is only a file name."""
    source = exemplar.source
    if source is not None and not keep_private:
        source = Path(source).name
    return {
        "id": exemplar.id,
        "label": exemplar.label,
        "state": exemplar.state,
        "trust": exemplar.trust,
        "source": None if source is None else writable(source),
        "box": None if exemplar.box is None else list(exemplar.box),
    }


def write(file: IO[bytes], m: Memory, rows: Sequence[Row], *, extra: Sequence[str] = (), report: Report) -> None:
    """Write ``rows`` with their vectors to ``file``. ``extra`` names columns in addition to those of ``row_of``."""
    import pyarrow as pa  # late: heavy, and only exports need it
    import pyarrow.parquet as pq

    kinds = {
        "id": pa.int64(), "trust": pa.float64(), "width": pa.int32(), "height": pa.int32(), "box": pa.list_(pa.int32())
    }  # fmt: skip
    names = ["id", "label", "vector", "state", "trust", "source", *extra]
    fields = [(n, pa.list_(pa.float32()) if n == "vector" else kinds.get(n, pa.string())) for n in names]
    schema = pa.schema(fields, metadata={ENCODER_KEY: json.dumps(m.identity.to_json())})
    with pq.ParquetWriter(file, schema) as writer:
        for start in range(0, len(rows), BATCH):
            report(start, len(rows), "writing vectors")
            part = rows[start : start + BATCH]
            vectors = m.catalog.vectors([row["id"] for row in part])
            columns = {n: [row.get(n) for row in part] for n in names if n != "vector"}
            columns["vector"] = list(vectors)
            writer.write_table(pa.Table.from_pydict(columns, schema=schema))


@contextmanager
def read(path: Path) -> Iterator[tuple[Head, Iterator[Batch]]]:
    """The file's head, and its rows in batches. Raises ExchangeError, with the reason, for a bad file."""
    with read_each([path]) as files:
        yield next(files)


@contextmanager
def read_each(paths: Sequence[Path]) -> Iterator[Iterator[tuple[Head, Iterator[Batch]]]]:
    """``read`` for several files, by one process; the batches of a file have to be read before the next one."""
    with _child(*paths) as (child, stream):
        yield (_opened(child, stream, path) for path in paths)


def _opened(child: subprocess.Popen[bytes], stream: IO[bytes], path: Path) -> tuple[Head, Iterator[Batch]]:
    head = _head(child, stream, path)
    if head.images:
        raise ExchangeError(f"{path.name} holds images and no vectors; `build {path.name} MEMORY` embeds them")
    return head, _batches(child, stream, path)


@contextmanager
def read_images(path: Path) -> Iterator[tuple[Head, Iterator[tuple[object, bytes | None]]]]:
    """The file's head, and the label of each row with the bytes of its image. Raises ExchangeError as ``read``."""
    with _child(path) as (child, stream):
        head = _head(child, stream, path)
        if not head.images:
            raise ExchangeError(f"{path.name} holds no images")
        yield head, _images(child, stream, path)


def holds_images(path: Path) -> bool:
    """Whether a Parquet file holds images, and no vectors; False for one that cannot be read."""
    try:
        with _child(path) as (child, stream):
            return _head(child, stream, path).images
    except ExchangeError:
        return False


@contextmanager
def _child(*paths: Path) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
    """The process that reads the files, and what it sends."""
    child = subprocess.Popen(
        [sys.executable, "-P", str(CHILD), *map(str, paths)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        bufsize=1 << 20,
    )
    assert child.stdout is not None
    try:
        yield child, child.stdout
    finally:
        end(child)


def _head(child: subprocess.Popen[bytes], stream: IO[bytes], path: Path) -> Head:
    head, _ = _frame(child, stream, path)
    classes = None if head["classes"] is None else tuple(head["classes"])
    return Head(int(head["total"]), int(head["dim"]), head["encoder"], classes, bool(head["images"]))


def _images(child: subprocess.Popen[bytes], stream: IO[bytes], path: Path) -> Iterator[tuple[object, bytes | None]]:
    while True:
        head, body = _frame(child, stream, path)
        if "end" in head:
            return
        at = 0
        for label, size in zip(head["labels"], head["sizes"], strict=True):
            yield label, None if size is None else body[at : at + size]
            at += size or 0


def _batches(child: subprocess.Popen[bytes], stream: IO[bytes], path: Path) -> Iterator[Batch]:
    while True:
        head, body = _frame(child, stream, path)
        if "end" in head:
            return
        vectors = np.frombuffer(body, "<f4").reshape(head["n"], head["dim"]).astype(np.float32)
        columns: Mapping[str, list[Any]] = head["columns"]
        yield Batch([dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)], vectors)


def _frame(child: subprocess.Popen[bytes], stream: IO[bytes], path: Path) -> tuple[dict[str, Any], bytes]:
    """One frame: the length of the JSON head, the length of the body (8 bytes each), head, body."""
    watchdog = threading.Timer(PATIENCE_S, child.kill)
    watchdog.start()
    try:
        lengths = stream.read(16)
        sizes = (int.from_bytes(lengths[:8], "little"), int.from_bytes(lengths[8:], "little"))
        head, body = stream.read(sizes[0]), stream.read(sizes[1])
    finally:
        watchdog.cancel()
        watchdog.join()
    if len(lengths) < 16 or (len(head), len(body)) != sizes:
        raise ExchangeError(f"{path.name} is not a readable Parquet file: it is damaged, or needs too much memory")
    parsed: dict[str, Any] = json.loads(head)
    if "error" in parsed:
        raise ExchangeError(f"{path.name}: {parsed['error']}")
    return parsed, body

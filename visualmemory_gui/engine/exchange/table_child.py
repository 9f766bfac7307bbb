"""Reads Parquet files, one after the other, and hands their rows to the parent through stdout; a bad file can only end
this process.

Limits are checked against the file's own description before anything is read, and again against what is read.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, BinaryIO

MOST_ROWS = 5_000_000
MOST_COMPONENTS = 4_000_000_000
MOST_DIM = 1 << 16
MOST_TEXT = 1 << 26  # characters of one batch
MOST_MEMORY = 6 << 30  # bytes of address space
BATCH_COMPONENTS = 1 << 21
VECTORS = ("vector", "vectors", "embedding", "embeddings")
LABELS = ("label", "labels")
"""What the columns that are needed may be called; the first that is there is meant."""
ENCODER_KEY = b"visualmemory.encoder"
# Columns that are passed on.
KNOWN = frozenset(("id", "label", "state", "trust", "source", "sha256", "content", "group", "note", "image", "suffix"))
KNOWN |= {"thumbnail", "jpeg", "width", "height", "vector", "file_name", "box", "original"}
IMAGES_AT_ONCE = 16
MOST_BYTES = 1 << 30  # of the images of one batch
IMAGE = "image"  # of the datasets library: bytes and path; the path is passed on
DATASETS_KEY = b"huggingface"


class RefusedTable(Exception):
    """The file is refused; the text is the reason."""


def send(out: BinaryIO, head: dict[str, Any], body: bytes = b"") -> None:
    text = json.dumps(head).encode()
    out.write(len(text).to_bytes(8, "little") + len(body).to_bytes(8, "little") + text + body)


def main(path: str, out: BinaryIO) -> None:
    """Read the table at ``path`` and send it, or the reason why it is refused, to ``out``."""
    os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"
    _limit_memory()
    try:
        _read(path, out)
    except RefusedTable as refused:
        send(out, {"error": str(refused)})
    except Exception as error:  # whatever a hostile file makes the reader raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        send(out, {"error": f"not a readable Parquet table ({reason[:200]})"})
    out.flush()


def _limit_memory() -> None:
    try:
        import resource  # POSIX only
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _read(path: str, out: BinaryIO) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pa.set_cpu_count(1)
    with pq.ParquetFile(path) as file:
        if _called(VECTORS, file.schema_arrow.names) is None and _has_images(file.schema_arrow):
            _send_images(file, out)
            return
        total, dim = _checked_size(file)
        encoder = (file.schema_arrow.metadata or {}).get(ENCODER_KEY)
        said = encoder and encoder[:MOST_DIM].decode("utf-8", "replace")
        head = {"total": total, "dim": dim, "encoder": said, "classes": _classes(file.schema_arrow)}
        send(out, {**head, "images": False})
        names = _columns(file.schema_arrow)
        seen = 0
        rows = max(1, min(1024, BATCH_COMPONENTS // max(dim, 1)))
        for batch in file.iter_batches(batch_size=rows, columns=names, use_threads=False):
            seen += batch.num_rows
            if seen > total:
                raise RefusedTable("it holds more rows than it says")
            _send_batch(out, batch.rename_columns(_own_names(batch.schema.names)), dim)
        if seen != total:
            raise RefusedTable("it holds fewer rows than it says")
    send(out, {"end": True})


def _has_images(schema: Any) -> bool:
    """Whether there is a column of images with their bytes, as the datasets library writes them."""
    import pyarrow as pa

    if schema.names.count(IMAGE) != 1 or not pa.types.is_struct(schema.field(IMAGE).type):
        return False
    at = schema.field(IMAGE).type.get_field_index("bytes")
    kind = schema.field(IMAGE).type.field(at).type if at >= 0 else None
    return kind is not None and (pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _send_images(file: Any, out: BinaryIO) -> None:
    """A head, then the labels and the bytes of the images, a few rows at a time."""
    label, total = _called(LABELS, file.schema_arrow.names), file.metadata.num_rows
    if label is None:
        raise RefusedTable("it has no column 'label'")
    if total > MOST_ROWS:
        raise RefusedTable(f"it claims to hold {total:,} rows; at most {MOST_ROWS:,} are accepted")
    send(out, {"total": total, "dim": 0, "encoder": None, "classes": _classes(file.schema_arrow), "images": True})
    columns = [f"{IMAGE}.bytes", label]
    for batch in file.iter_batches(batch_size=IMAGES_AT_ONCE, columns=columns, use_threads=False):
        images = [one and one["bytes"] for one in batch.column(IMAGE).to_pylist()]
        if batch.nbytes > MOST_BYTES or batch.column(label).nbytes > MOST_TEXT:
            raise RefusedTable(f"its images are too large: {IMAGES_AT_ONCE} of them take {batch.nbytes:,} bytes")
        sizes = [None if one is None else len(one) for one in images]
        labels = batch.column(label).to_pylist()
        send(out, {"labels": labels, "sizes": sizes}, b"".join(one for one in images if one is not None))
    send(out, {"end": True})


def _classes(schema: Any) -> list[str] | None:
    """The names of numeric labels, which the datasets library stores with the columns."""
    text = (schema.metadata or {}).get(DATASETS_KEY, b"")
    try:
        features = json.loads(text[:MOST_TEXT])["info"]["features"]
        label = features[_called(LABELS, features)]
        names = label["names"] if label["_type"] == "ClassLabel" else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return names if isinstance(names, list) and all(isinstance(name, str) for name in names) else None


def _columns(schema: Any) -> list[str]:
    """The columns to read; only the path of an image that carries its bytes."""
    import pyarrow as pa

    needed = {_called(VECTORS, schema.names), _called(LABELS, schema.names)}
    names = [name for name in schema.names if name in needed or (name in KNOWN and name not in (*VECTORS, *LABELS))]
    if IMAGE not in names or not pa.types.is_struct(schema.field(IMAGE).type):
        return names
    kind = schema.field(IMAGE).type
    path = [f"{IMAGE}.path"] if kind.get_field_index("path") >= 0 else []
    return [name for name in names if name != IMAGE] + path


def _called(names: tuple[str, ...], there: Any) -> str | None:
    """The first of ``names`` that is there."""
    return next((name for name in names if name in there), None)


def _own_names(names: list[str]) -> list[str]:
    """The names of columns as they are passed on."""
    return ["vector" if name in VECTORS else "label" if name in LABELS else name for name in names]


def _checked_size(file: Any) -> tuple[int, int]:
    """Rows and vector length, from the file's description alone."""
    import pyarrow as pa

    schema, meta = file.schema_arrow, file.metadata
    vector = _called(VECTORS, schema.names)
    for wanted, name in (("label", _called(LABELS, schema.names)), ("vector", vector)):
        if name is None or schema.names.count(name) != 1:
            raise RefusedTable(f"it has no column {wanted!r}; it needs label and vector")
    kind = schema.field(vector).type
    lists = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    if not (lists and pa.types.is_floating(kind.value_type)):
        raise RefusedTable(f"the column {vector!r} does not hold lists of floating-point numbers")
    rows, components = meta.num_rows, _components(meta, vector)
    if rows > MOST_ROWS or components > MOST_COMPONENTS:
        raise RefusedTable(f"it claims to hold {rows:,} rows; at most {MOST_ROWS:,} are accepted")
    if rows and (components % rows or not 1 <= components // rows <= MOST_DIM):
        raise RefusedTable("its vectors are not all of one length")
    return rows, components // rows if rows else 0


def _components(meta: Any, vector: str | None) -> int:
    total = 0
    for g in range(meta.num_row_groups):
        group = meta.row_group(g)
        for c in range(group.num_columns):
            column = group.column(c)
            if column.path_in_schema.split(".")[0] == vector:
                total += column.num_values
    return total


def _send_batch(out: BinaryIO, batch: Any, dim: int) -> None:
    import numpy as np
    import pyarrow as pa

    vectors = batch.column("vector")
    flat = vectors.flatten()
    lengths = vectors.value_lengths() if hasattr(vectors, "value_lengths") else None
    uneven = lengths is not None and not all(n == dim for n in lengths.to_pylist())
    if vectors.null_count or flat.null_count or len(flat) != dim * batch.num_rows or uneven:
        raise RefusedTable("its vectors are not all of one length, or some numbers are missing")
    body = np.ascontiguousarray(flat.to_numpy(zero_copy_only=False), dtype="<f4").tobytes()
    names = [name for name in batch.schema.names if name != "vector"]
    if sum(batch.column(name).nbytes for name in names) > MOST_TEXT:
        raise RefusedTable("its texts are too long")
    columns = {name: batch.column(name).to_pylist() for name in names}
    paths = columns.get(IMAGE)
    if paths is not None and pa.types.is_struct(batch.schema.field(IMAGE).type):
        del columns[IMAGE]
        columns.setdefault("file_name", [one and one["path"] for one in paths])
    send(out, {"n": batch.num_rows, "dim": dim, "columns": columns}, body)


if __name__ == "__main__":
    for each in sys.argv[1:]:
        main(each, sys.stdout.buffer)

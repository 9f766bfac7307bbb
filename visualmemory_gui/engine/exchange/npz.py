"""NumPy's npz files of vectors and labels, read batch by batch. Nothing in them is ever unpickled.

The arrays are ``vectors`` (n, d) of floating-point numbers and ``labels`` (n,) of text or whole numbers; ``sources``
(n,) names image files, and ``classes`` the classes of labels that are numbers, from 0. Others are not read.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from visualmemory_gui.engine.errors import ExchangeError
from visualmemory_gui.engine.exchange.archive import BROKEN, FREE_EXPANSION, MOST_EXPANSION
from visualmemory_gui.engine.exchange.import_rows import LONGEST_TEXT
from visualmemory_gui.engine.exchange.table import Batch, Head, batch_rows, require_size
from visualmemory_gui.engine.exchange.table_child import LABELS, VECTORS

SUFFIX = ".npz"
SOURCES, CLASSES = ("sources",), ("classes",)
TURNED_AT_ONCE = 1 << 30
"""Bytes of an array that lies column by column: it can only be turned as a whole."""
_BROKEN = (*BROKEN, OSError)
Array = npt.NDArray[Any]


def is_npz(path: Path) -> bool:
    """Whether the zip file at ``path`` holds arrays, and not a bundle."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith(".npy") for name in archive.namelist())
    except _BROKEN:
        return False


@contextmanager
def read(path: Path) -> Iterator[tuple[Head, Iterator[Batch]]]:
    """The file's head, and its rows in batches. Raises ExchangeError, with the reason, for a bad file."""
    with ExitStack() as stack:
        try:
            archive = stack.enter_context(zipfile.ZipFile(path))
            arrays = {name: stack.enter_context(_opened(archive, names)) for name, names in _wanted(archive).items()}
            classes = _classes(arrays.pop("classes")) if "classes" in arrays else None
            total, dim = _size(arrays)
        except _BROKEN as error:
            raise ExchangeError(f"{path.name} is not a readable npz file: {error}") from error
        yield Head(total, dim, None, classes), _batches(path, arrays, total, dim)


def _wanted(archive: zipfile.ZipFile) -> Mapping[str, str]:
    """The members to read, by what they are."""
    there = set(archive.namelist())
    found = {
        what: next((f"{name}.npy" for name in names if f"{name}.npy" in there), None)
        for what, names in (("vectors", VECTORS), ("labels", LABELS), ("sources", SOURCES), ("classes", CLASSES))
    }
    for what in ("vectors", "labels"):
        if found[what] is None:
            named = ", ".join(sorted(name.removesuffix(".npy") for name in there)[:10])
            raise ValueError(f"it has no array {what!r}, only {named or 'none'}; np.savez(FILE, vectors=…, labels=…)")
    return {what: name for what, name in found.items() if name is not None}


@dataclass(frozen=True, slots=True)
class _Member:
    """An array in the archive, its header read; ``take`` gives the next rows."""

    name: str
    file: IO[bytes]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    by_column: bool

    def take(self, rows: int | None) -> Array:
        """The next ``rows``, or all of them."""
        count = self.shape[0] if rows is None else rows
        width = self.shape[1] if len(self.shape) > 1 else 1
        data = self.file.read(count * width * self.dtype.itemsize)
        found = np.frombuffer(data, self.dtype, count * width)
        return found.reshape(count, *self.shape[1:])


@contextmanager
def _opened(archive: zipfile.ZipFile, name: str) -> Iterator[_Member]:
    info = archive.getinfo(name)
    if info.file_size > MOST_EXPANSION * info.compress_size + FREE_EXPANSION:
        raise ValueError(f"{name} would unpack to {info.file_size:,} bytes, more than such an array packs to")
    with archive.open(info) as file:
        member = _member(name, file)
        size = int(np.prod(member.shape, dtype=object)) * member.dtype.itemsize
        if file.tell() + size != info.file_size:
            raise ValueError(f"{name} is not as long as it says")
        yield member


def _member(name: str, file: IO[bytes]) -> _Member:
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"{name} has a form that is not read here")
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    try:
        shape, by_column, dtype = header(file)
    except Exception as error:  # a head is an expression of Python, which can be wrong in many ways
        raise ValueError(f"the head of {name} cannot be read") from error
    if any(side < 0 for side in shape):
        raise ValueError(f"{name} claims to have the shape {shape}")
    if dtype.hasobject:
        raise ValueError(f"{name} holds Python objects, whose reading runs code; save text as labels.astype(str)")
    return _Member(name, file, shape, dtype, by_column and len(shape) > 1)


def _size(arrays: Mapping[str, _Member]) -> tuple[int, int]:
    """Rows and numbers of a vector, where all arrays fit each other."""
    vectors = arrays["vectors"]
    if len(vectors.shape) != 2 or vectors.dtype.kind != "f" or vectors.dtype.itemsize > 8:
        there = f"{vectors.dtype} of shape {vectors.shape}"
        raise ValueError(f"its vectors are {there}, not floats of shape (rows, numbers)")
    rows, dim = vectors.shape
    for name, one in arrays.items():
        if one.shape[:1] != (rows,) or (name != "vectors" and len(one.shape) != 1):
            raise ValueError(f"its {name} have the shape {one.shape}, its vectors {vectors.shape}")
        if name != "vectors":
            _require_plain(name, one)
    require_size(rows, dim)
    if vectors.by_column and rows * dim * vectors.dtype.itemsize > TURNED_AT_ONCE:
        raise ValueError("its vectors lie column by column; save them with np.ascontiguousarray")
    return rows, dim


def _classes(found: _Member) -> tuple[str, ...]:
    if len(found.shape) != 1:
        raise ValueError(f"its classes have the shape {found.shape}, not one name in each place")
    _require_plain("classes", found)
    return tuple(map(str, _plain(found.take(None))))


def _require_plain(name: str, found: _Member) -> None:
    if found.dtype.kind not in "USiu" or found.dtype.itemsize > 4 * LONGEST_TEXT:
        raise ValueError(f"its {name} are {found.dtype}, neither text nor whole numbers")


def _batches(path: Path, arrays: Mapping[str, _Member], total: int, dim: int) -> Iterator[Batch]:
    vectors = arrays["vectors"]
    try:
        turned = vectors.take(None).reshape(dim, total).T if vectors.by_column else None
        for start in range(0, total, batch_rows(dim)):
            count = min(batch_rows(dim), total - start)
            part = vectors.take(count) if turned is None else turned[start : start + count]
            columns = {"label": _plain(arrays["labels"].take(count))}
            if "sources" in arrays:
                columns["source"] = _plain(arrays["sources"].take(count))
            rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
            yield Batch(rows, part.astype(part.dtype.newbyteorder("="), copy=False))
    except _BROKEN as error:
        raise ExchangeError(f"{path.name} is not a readable npz file: {error}") from error


def _plain(found: Array) -> list[object]:
    """Text and whole numbers; text as UTF-8 can write it."""
    values: list[Any] = found.tolist()
    if found.dtype.kind == "S":
        return [value.decode() for value in values]
    if found.dtype.kind == "U":
        "".join(values).encode()
    return values

"""The rows of a large memory in a file of arrays: read in one go where the database would join a million rows.

The file is derived. Its seal, which only this installation can write, is written last, and the database decides on any
doubt: a row that was edited since is read there, and count and digest of all rows have to be what it says. The file is
read, never mapped: a mapped file that is cut ends the process. Forgetting deletes it.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from visualmemory_gui.engine.errors import StorageError
from visualmemory_gui.engine.files import atomic_file, sealed_json
from visualmemory_gui.engine.store.bulk_read import RowColumns
from visualmemory_gui.engine.types import F32

FORMAT = "visualmemory rows"
VERSION = 1
SEAL = "rows.json"
_ROWS = re.compile(r"rows-\d+\.f32")
BLOCK = 32 << 20
"""Bytes that are read, and hashed, together."""


class UnfitRows(Exception):
    """Why a file of rows cannot be used."""


@dataclass(frozen=True, slots=True)
class RowsSeal:
    """What ``rows.json`` says. The file holds ``count`` rows as they were at the memory's change number ``change``: its
    columns, whose SHA-256 is ``columns``, and the vectors, each block of which has a SHA-256; ``vectors`` is that of
    all of these together."""

    format: str
    version: int
    byteorder: str
    dim: int
    count: int
    change: int
    file: str
    columns: str
    vectors: str


@dataclass(frozen=True, slots=True)
class RowsFile:
    """A file whose seal fits, in ``folder``; nothing of it has been read yet."""

    folder: Path
    seal: RowsSeal

    def columns(self) -> RowColumns:
        """Everything but the vectors, (count,) each. Raises UnfitRows."""
        kinds, count = RowColumns.kinds(), self.seal.count
        with self._open() as handle:
            data = bytearray(count * RowColumns.row_bytes())
            _fill(handle, memoryview(data), 0)
        if hashlib.sha256(data).hexdigest() != self.seal.columns:
            raise UnfitRows("its columns are damaged")
        start, found = 0, []
        for kind in kinds:
            found.append(np.frombuffer(data, kind, count, start))
            start += count * kind.itemsize
        return RowColumns(*found)

    def read_vectors(self, out: F32) -> None:
        """Read the vectors into ``out`` (count, dim), in as many threads as there are cores. Raises UnfitRows."""
        whole, start = _bytes(out), self.seal.count * RowColumns.row_bytes()

        def read(at: int) -> bytes:
            part = whole[at : at + BLOCK]
            _fill(handle, part, start + at)
            return hashlib.sha256(part).digest()

        with self._open() as handle, ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="rows") as pool:
            digests = list(pool.map(read, range(0, len(whole), BLOCK)))
        if hashlib.sha256(b"".join(digests)).hexdigest() != self.seal.vectors:
            raise UnfitRows("its vectors are damaged")

    @contextmanager
    def _open(self) -> Iterator[int]:
        try:
            with atomic_file.open_own(self.folder / self.seal.file) as file:
                yield file.fileno()
        except OSError as error:
            raise UnfitRows(f"it cannot be read ({error})") from error


def find(folder: Path, *, dim: int, change: int) -> RowsFile | None:
    """The file of rows in ``folder``, None where there is none. Raises UnfitRows where its seal does not fit: it is of
    another version, installation or ``dim``, or newer than the memory's ``change``."""
    try:
        seal = _parsed(sealed_json.read(folder / SEAL))
    except FileNotFoundError:
        return None
    except (OSError, sealed_json.DamagedSeal, sealed_json.ForeignSeal) as error:
        raise UnfitRows("its seal cannot be used") from error
    if (seal.format, seal.version, seal.byteorder, seal.dim) != (FORMAT, VERSION, sys.byteorder, dim):
        raise UnfitRows("it was written by another version, or for other vectors")
    if seal.change > change or not seal.count or not _ROWS.fullmatch(seal.file):
        raise UnfitRows("it is empty, or newer than the memory")
    return RowsFile(folder, seal)


def write(
    folder: Path,
    columns: RowColumns,
    vectors: F32,
    *,
    change: int,
    require_wanted: Callable[[], None],
) -> None:
    """Write ``columns`` and ``vectors`` (n, dim), which are those of ``change``, then the seal; delete older files.

    What ``require_wanted`` raises, which is called before each block, leaves nothing behind. Raises StorageError.
    """
    name = f"rows-{change}.f32"
    try:
        with atomic_file.write(folder / name) as file:
            of_columns, of_vectors = hashlib.sha256(), hashlib.sha256()
            for column in columns:
                part = np.ascontiguousarray(column).data.cast("B")
                of_columns.update(part)
                file.write(part)
            whole = _bytes(vectors)
            for at in range(0, len(whole), BLOCK):
                require_wanted()
                part = whole[at : at + BLOCK]
                of_vectors.update(hashlib.sha256(part).digest())
                file.write(part)
        seal = RowsSeal(
            FORMAT, VERSION, sys.byteorder, vectors.shape[1], len(vectors), change, name,
            of_columns.hexdigest(), of_vectors.hexdigest(),
        )  # fmt: skip
        with atomic_file.write(folder / SEAL) as file:
            file.write(sealed_json.text(asdict(seal)).encode())
        for path in _files(folder):
            if path.name not in (SEAL, name):
                path.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"the rows cannot be written to {folder}: {error.strerror or error}") from error


def delete(folder: Path) -> None:
    """Remove the seal, then the files, and what was left of unfinished ones. Raises StorageError."""
    try:
        atomic_file.sweep(folder)
        found = sorted(_files(folder), key=lambda path: path.name != SEAL)
        for path in found:
            path.unlink(missing_ok=True)
        if found:
            atomic_file.sync_folder(folder)
    except OSError as error:
        raise StorageError(f"the file of rows in {folder} cannot be deleted: {error.strerror or error}") from error


def _parsed(data: dict[str, Any]) -> RowsSeal:
    try:
        seal = RowsSeal(**data)
    except TypeError as error:
        raise UnfitRows("its seal is damaged") from error
    numbers = (seal.version, seal.dim, seal.count, seal.change)
    texts = (seal.format, seal.byteorder, seal.file, seal.columns, seal.vectors)
    if any(type(n) is not int or n < 0 for n in numbers) or any(type(t) is not str for t in texts):
        raise UnfitRows("its seal is damaged")
    return seal


def _bytes(vectors: F32) -> memoryview:
    """The bytes of an array that lies in one run."""
    return vectors.data.cast("B")


def _fill(handle: int, part: memoryview, at: int) -> None:
    """Read all of ``part`` from byte ``at`` on. Raises UnfitRows where the file ends before."""
    while part:
        n = os.preadv(handle, [part], at)
        if not n:
            raise UnfitRows("it is cut")
        part, at = part[n:], at + n


def _files(folder: Path) -> list[Path]:
    """Everything in ``folder`` under a name that this module uses, links included, folders not."""
    with os.scandir(folder) as entries:
        return [
            Path(one.path)
            for one in entries
            if (one.name == SEAL or _ROWS.fullmatch(one.name)) and not one.is_dir(follow_symlinks=False)
        ]

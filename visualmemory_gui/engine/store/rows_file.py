"""The rows of a large memory in a file of arrays: read in one go where the database would join a million rows.

The file is derived. Its seal, which only this installation can write, is written last, and the database decides on any
doubt: a row that was edited since is read there, and count and digest of all rows have to be what it says. The file is
read, never mapped: a mapped file that is cut ends the process. Forgetting deletes it.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import sys
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from visualmemory_gui.engine.errors import StorageError
from visualmemory_gui.engine.files import atomic_file, sealed_json, unnamed_files
from visualmemory_gui.engine.snapshot import Block, DiskVectors, LostVectors
from visualmemory_gui.engine.store.bulk_read import RowColumns
from visualmemory_gui.engine.store.checksum import hash64
from visualmemory_gui.engine.types import F32, I64

FORMAT = "visualmemory rows"
VERSION = 2
SEAL = "rows.json"
_ROWS = re.compile(r"rows-\d+\.f32")
BLOCK = 32 << 20
"""Bytes of vectors, about, that have a SHA-256 together."""

PART = 1 << 20
"""Bytes, about, that are read together and used while they are in the cache of a core."""

REMEMBERED = 1024


class UnfitRows(LostVectors):
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

    def opened(self, twin: I64, *, writable: bool) -> OpenRows:
        """The file, to read vectors from, whose hashes are ``twin`` (count,); ``writable``: to be erased too.
        Raises UnfitRows."""
        try:
            handle = atomic_file.own_handle(self.folder / self.seal.file, os.O_RDWR if writable else os.O_RDONLY)
        except OSError as error:
            raise UnfitRows(f"it cannot be read ({error})") from error
        return OpenRows(_Handle(handle), self.seal, twin)

    @contextmanager
    def _open(self) -> Iterator[int]:
        try:
            with atomic_file.open_own(self.folder / self.seal.file) as file:
                yield file.fileno()
        except OSError as error:
            raise UnfitRows(f"it cannot be read ({error})") from error


class _Handle:
    """A descriptor that is closed with the last one who reads from it."""

    def __init__(self, number: int) -> None:
        self.number = number
        weakref.finalize(self, os.close, number)


class OpenRows:
    """A file of rows from which vectors are read when they are wanted. Safe from any thread; raises UnfitRows.

    Those read by their rows are compared with their hashes, those read all together with their SHA-256. ``places`` are
    where in the file the rows are, None where none was erased.
    """

    def __init__(self, handle: _Handle, seal: RowsSeal, twin: I64, places: I64 | None = None) -> None:
        self._handle, self._seal, self._twin, self._places = handle, seal, twin, places
        self._checked = places is not None
        self._last: tuple[I64, F32] | None = None
        self._start, self._size = seal.count * RowColumns.row_bytes(), 4 * seal.dim

    @property
    def count(self) -> int:
        return self._seal.count if self._places is None else len(self._places)

    @property
    def dim(self) -> int:
        return self._seal.dim

    def is_of(self, found: os.stat_result) -> bool:
        """Whether ``found`` is what the system says of this file."""
        return os.path.samestat(os.fstat(self._handle.number), found)

    def read(self, rows: I64, out: F32) -> None:
        """Those of ``rows`` (k,), into ``out`` (k, dim). A vote is weighed by vectors among those that were just
        rescored: the last few are remembered."""
        if not len(rows):
            return
        places = rows if self._places is None else self._places[rows]
        if self._last is not None and self._remembered(*self._last, places=places, out=out):
            return
        whole, size = _bytes(out), self._size
        for i, (place, twin) in enumerate(zip(places.tolist(), self._twin[places].tolist(), strict=True)):
            part = whole[i * size : (i + 1) * size]
            _fill(self._handle.number, part, self._start + place * size)
            if hash64(part) != twin:
                raise UnfitRows("holds another vector")
        if 1 < len(places) <= REMEMBERED and (places[1:] > places[:-1]).all():
            self._last = places, out.copy()

    @staticmethod
    def _remembered(before: I64, vectors: F32, *, places: I64, out: F32) -> bool:
        at = before.searchsorted(places)
        if not np.array_equal(before.take(at, mode="clip"), places):
            return False
        np.take(vectors, at, axis=0, out=out, mode="clip")
        return True

    def each_block(self, work: Block) -> None:
        """``work`` on all vectors, in parts of any order, in as many threads as there are cores."""

        def span(start: int) -> bytes:
            digest, end = hashlib.sha256(), min(start + rows_of_block(self._size), self._seal.count)
            buffer = np.empty((max(PART // self._size, 1), self._seal.dim), np.float32)
            for at in range(start, end, len(buffer)):
                part = buffer[: end - at]
                _fill(self._handle.number, _bytes(part), self._start + at * self._size)
                digest.update(_bytes(part))
                if self._places is None:
                    work(at, part)
                else:
                    first, last = self._places.searchsorted([at, at + len(part)])
                    work(int(first), part[self._places[first:last] - at])
            return digest.digest()

        with ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="rows") as pool:
            digests = list(pool.map(span, range(0, self._seal.count, rows_of_block(self._size))))
        if self._places is None and hashlib.sha256(b"".join(digests)).hexdigest() != self._seal.vectors:
            raise UnfitRows("is damaged")
        self._checked = True

    def block(self, first: int, last: int) -> F32:
        """Those of the rows from ``first`` up to ``last``."""
        self._require_checked()
        start, end = (first, last) if self._places is None else (self._places[first], self._places[last - 1] + 1)
        found = np.empty((int(end - start), self._seal.dim), np.float32)
        _fill(self._handle.number, _bytes(found), self._start + int(start) * self._size)
        return found if self._places is None else found[self._places[first:last] - start]

    def _require_checked(self) -> None:
        if not self._checked:
            self.each_block(lambda *_: None)

    def without(self, rows: I64) -> OpenRows:
        """Those that are left without ``rows``; this one stays as it is."""
        self._require_checked()
        places = np.arange(self._seal.count) if self._places is None else self._places
        return OpenRows(self._handle, self._seal, self._twin, np.delete(places, rows))

    def erase_others(self) -> None:
        """Overwrite in the file all that it has of other exemplars than the rows of this one. Raises StorageError."""
        whole = np.arange(self._seal.count)
        gone = whole[:0] if self._places is None else np.setdiff1d(whole, self._places, assume_unique=True)
        try:
            for place in gone.tolist():
                _overwrite(self._handle.number, self._size, self._start + place * self._size)
                column = 0
                for kind in RowColumns.kinds():
                    _overwrite(self._handle.number, kind.itemsize, column + place * kind.itemsize)
                    column += self._seal.count * kind.itemsize
            os.fsync(self._handle.number)
        except OSError as error:
            raise StorageError(f"the file of rows cannot be overwritten: {error.strerror or error}") from error


def rows_of_block(size: int) -> int:
    """How many vectors of ``size`` bytes have a SHA-256 together."""
    return max(BLOCK // size, 1)


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
    vectors: Iterator[F32],
    *,
    dim: int,
    change: int,
    require_wanted: Callable[[], None],
) -> None:
    """Write ``columns`` and ``vectors``, which are those of ``change``, in blocks of ``rows_of_block``; then the seal.
    Delete older files.

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
            for block in vectors:
                require_wanted()
                of_vectors.update(hashlib.sha256(_bytes(block)).digest())
                file.write(_bytes(block))
        seal = RowsSeal(
            FORMAT, VERSION, sys.byteorder, dim, len(columns.ids), change, name,
            of_columns.hexdigest(), of_vectors.hexdigest(),
        )  # fmt: skip
        with atomic_file.write(folder / SEAL) as file:
            file.write(sealed_json.text(asdict(seal)).encode())
        for path in _files(folder):
            if path.name not in (SEAL, name):
                path.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"the rows cannot be written to {folder}: {error.strerror or error}") from error


def delete_seal(folder: Path) -> None:
    """Remove the seal: from then on no file of rows is in use. Raises StorageError."""
    with _as_storage_error(folder):
        (folder / SEAL).unlink(missing_ok=True)
        atomic_file.sync_folder(folder)


def delete(folder: Path, *, read: DiskVectors | None = None) -> None:
    """Remove the seal, then the files, and what was left of unfinished ones. All but the one that is still ``read``
    here are emptied for whoever has one open, in this process or another, also those whose names are gone already
    (``unnamed_files``). Raises StorageError."""
    with _as_storage_error(folder):
        atomic_file.sweep(folder)
        found = sorted(_files(folder), key=lambda path: path.name != SEAL)
        for path in found:
            if path.name != SEAL and atomic_file.is_own(path) and not _is_read(read, path.lstat()):
                os.truncate(path, 0)
            path.unlink(missing_ok=True)
        for handle in unnamed_files.handles(folder, _ROWS):
            if not _is_read(read, os.fstat(handle)):
                os.ftruncate(handle, 0)
        if found:
            atomic_file.sync_folder(folder)


def _is_read(read: DiskVectors | None, found: os.stat_result) -> bool:
    return isinstance(read, OpenRows) and read.is_of(found)


@contextmanager
def _as_storage_error(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(f"the file of rows in {folder} cannot be deleted: {error.strerror or error}") from error


def _parsed(data: dict[str, Any]) -> RowsSeal:
    try:
        seal = RowsSeal(**data)
    except TypeError as error:
        raise UnfitRows("its seal is damaged") from error
    numbers = (seal.version, seal.dim, seal.count, seal.change)
    texts = (seal.format, seal.byteorder, seal.file, seal.columns, seal.vectors)
    if not sealed_json.fits(numbers, texts):
        raise UnfitRows("its seal is damaged")
    return seal


def _overwrite(handle: int, size: int, at: int) -> None:
    """Put zeros in place of ``size`` bytes from byte ``at`` on. Raises OSError where the file ends before."""
    if os.pwrite(handle, bytes(size), at) != size:
        raise OSError(errno.EIO, "the file of rows cannot be overwritten")


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

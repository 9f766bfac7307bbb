"""Vectors of images for a memory that is not made yet, in a file that only grows: a kill costs one batch.

The file is a line that names the encoder, then records of one size. The line and each record end with a seal of this
installation, so that a file that someone else put there is refused, and a record that was cut off is seen.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from io import BufferedRandom
from pathlib import Path

import numpy as np

from visualmemory_gui.engine.errors import MemoryExists, StorageError
from visualmemory_gui.engine.files import atomic_file, installation
from visualmemory_gui.engine.store.layout import JOURNAL
from visualmemory_gui.engine.store.sources import ImageKey
from visualmemory_gui.engine.types import F32, Box, EncoderIdentity

_BOX, _HASH, _SEAL = 48, 32, 32  # bytes
_LONGEST_HEAD = 4096


@dataclass(frozen=True, slots=True)
class Embedded:
    """What reading an image again gave: its content id (hex), that of the whole for a part, and the vector, (dim,)."""

    content: str
    original: str | None
    vector: F32


class VectorJournal:
    """The journal in ``folder`` for vectors of ``identity``, made or gone on with. Use it as a context manager.

    Raises MemoryExists for a journal of another encoder or installation, StorageError.
    """

    def __init__(self, folder: Path, identity: EncoderIdentity) -> None:
        self.path = folder / JOURNAL
        self.identity = identity
        self._head = _sealed_line(identity)
        self._size = _BOX + 3 * _HASH + 4 * identity.dim + _SEAL
        self._places: dict[ImageKey, int] = {}
        self._end = 0
        try:
            self._file = _opened(self.path)
        except OSError as error:
            raise StorageError(f"{self.path} cannot be used: {error.strerror}.") from error
        try:
            self._read()
        except BaseException as error:
            self._file.close()
            if isinstance(error, OSError):
                raise StorageError(f"{self.path} cannot be used: {error.strerror}.") from error
            raise

    def __enter__(self) -> VectorJournal:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, key: ImageKey) -> bool:
        return key in self._places

    def get(self, key: ImageKey) -> Embedded | None:
        """What is known of an image. Raises StorageError."""
        place = self._places.get(key)
        return None if place is None else self._parsed(os.pread(self._file.fileno(), self._size, place))[1]

    def vector_of_file(self, sha256: str, box: Box | None = None) -> F32 | None:
        """(dim,) float32: the vector of the file with this hash (hex), or of its part ``box``."""
        found = self.get((sha256, box))
        return None if found is None else found.vector

    def add(self, found: Mapping[ImageKey, Embedded]) -> None:
        """Append what was found; it is on disk when this returns. Raises StorageError."""
        handle, end = self._file.fileno(), self._end
        rest = memoryview(b"".join(self._record(key, one) for key, one in found.items()))
        try:
            while rest:
                rest = rest[os.pwrite(handle, rest, end + len(found) * self._size - len(rest)) :]
            os.fsync(handle)
        except OSError as error:
            with contextlib.suppress(OSError):  # else the next opening does it
                os.ftruncate(handle, end)
            raise StorageError(f"{self.path} cannot be written: {error.strerror}.") from error
        self._places.update((key, end + n * self._size) for n, key in enumerate(found))
        self._end = end + len(found) * self._size

    def remove(self) -> None:
        """Delete the file: the memory is made, or nothing was begun."""
        self.path.unlink(missing_ok=True)

    def _read(self) -> None:
        """Find the records, and cut off one that is not whole."""
        head = self._file.read(len(self._head))
        if head != self._head:
            if head and b"\n" in head + self._file.read(_LONGEST_HEAD):
                raise MemoryExists(
                    f"{self.path.parent} holds what was begun under another encoder, or on another computer. "
                    f"Choose another name, or delete {self.path.name} there."
                )
            self._file.seek(0)  # cut off before the line was whole: nothing was begun
            self._file.truncate()
            self._file.write(self._head)
            self._file.flush()
        end = len(self._head)
        while (key := self._key(self._file.read(self._size))) is not None:
            self._places[key] = end
            end += self._size
        self._file.truncate(end)
        self._end = end

    def _key(self, record: bytes) -> ImageKey | None:
        """The image that a record is of; None where the record is not whole."""
        whole = len(record) == self._size and _seal(record[:-_SEAL]) == record[-_SEAL:]
        return self._parsed(record)[0] if whole else None

    def _record(self, key: ImageKey, found: Embedded) -> bytes:
        sha256, box = key
        text = "" if box is None else str(box)
        body = b"".join(
            (
                bytes.fromhex(sha256),
                text.encode().ljust(_BOX),
                bytes.fromhex(found.content),
                bytes.fromhex(found.original or "").ljust(_HASH, b"\0"),
                found.vector.astype("<f4", copy=False).tobytes(),
            )
        )
        return body + _seal(body)

    def _parsed(self, record: bytes) -> tuple[ImageKey, Embedded]:
        sha256, rest = record[:_HASH].hex(), record[_HASH + _BOX :]
        text = record[_HASH : _HASH + _BOX].decode().strip()
        content, original = rest[:_HASH].hex(), rest[_HASH : 2 * _HASH]
        vector = np.frombuffer(rest, "<f4", self.identity.dim, offset=2 * _HASH).astype(np.float32)
        return (sha256, Box.of(text) if text else None), Embedded(
            content, original.hex() if any(original) else None, vector
        )


def _opened(path: Path) -> BufferedRandom:
    """The file at ``path``, made where there is none; no link is followed, and no second name is written to."""
    if not os.path.lexists(path):
        return atomic_file.create(path)
    handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    found = os.fstat(handle)
    if stat.S_ISREG(found.st_mode) and found.st_nlink == 1:
        return os.fdopen(handle, "r+b")
    os.close(handle)
    raise MemoryExists(f"{path} has a second name. Choose another name for the memory.")


def _sealed_line(identity: EncoderIdentity) -> bytes:
    text = json.dumps({"vectors": 1, **identity.to_json()})
    return f"{text} {installation.seal(text.encode())}\n".encode()


def _seal(data: bytes) -> bytes:
    return bytes.fromhex(installation.seal(data))

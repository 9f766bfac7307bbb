"""The search for bytes that should be gone, in every file of some folders, from a separate process.

The live database must never be opened by a second descriptor of the process that has it open (closing it would drop
SQLite's locks), so the scan runs in a child. What to look for reaches it by pipe and is never written to disk.

A blob is stored in pages, so its bytes do not lie in one run: what is looked for are *pieces* of 24 bytes.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import IO, Any, BinaryIO

import numpy as np
import numpy.typing as npt

from visualmemory_gui.engine.errors import StorageError
from visualmemory_gui.engine.processes.child_process import HOME, end
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.types import I64, Bools

PIECE = 24
ANCHOR = 8
DISTINCT_BYTES = 14  # a piece with fewer distinct bytes (zeros, white) says nothing about where it came from
PIECES_PER_ITEM = 64
CHUNK = 1 << 20  # what is computed from it stays in the cache of a core
SPAN = 32 << 20
LARGEST_TABLE = 21  # bits: larger ones do not fit into the cache of a core
_SPREADS = {8: (0x9E37_79B9_7F4A_7C15, 0xC2B2_AE3D_27D4_EB4F), 4: (0x9E37_79B1, 0x85EB_CA77)}
"""By the size of a word, odd numbers by which it is multiplied: the first bits of the product are its hash."""
READY = b"ready\n"
_COMMAND = (sys.executable, "-m", "visualmemory_gui.engine.processes.byte_scan")


@dataclass(frozen=True, slots=True)
class Hit:
    """A piece found: in which file (relative to the first folder scanned, else its whole path) and at which byte."""

    file: str
    offset: int
    piece: bytes


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What a scan found: ``files`` are how many it read."""

    files: int
    hits: tuple[Hit, ...]


def pieces(item: bytes, most: int = PIECES_PER_ITEM) -> list[bytes]:
    """Distinctive 24-byte pieces of ``item``, spread over it, at most ``most``. A short text is one piece, whole."""
    if len(item) < PIECE:
        return [item] if len(item) >= ANCHOR else []
    starts = range(0, len(item) - PIECE + 1, PIECE)
    step = max(1, -(-len(starts) // most))
    found = (item[start : start + PIECE] for start in starts[::step])
    return [piece for piece in found if len(set(piece)) >= DISTINCT_BYTES or len(item) < 2 * PIECE]


class Scanner:
    """A child process that holds the pieces to look for. Start it before the bytes are deleted, scan afterwards."""

    def __init__(self, needles: Iterable[bytes]) -> None:
        """Returns when the child has all of them. Raises StorageError when it does not start."""
        wanted = sorted(set(needles))
        try:
            # Its folder is the package's, so that it imports this product and nothing that lies around.
            self._child = subprocess.Popen(_COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=HOME)
        except OSError as error:
            raise StorageError(f"the process that looks for remaining bytes cannot be started ({error})") from error
        try:
            self._send({"pieces": [len(piece) for piece in wanted]}, b"".join(wanted))
            ready = self._out.readline() == READY
        except OSError:
            ready = False
        except BaseException:
            self.close()
            raise
        if not ready:
            self.close()
            raise StorageError("the process that looks for remaining bytes does not start")

    def scan(self, *folders: Path, report: Report = silent) -> ScanResult:
        """Scan every file below ``folders``, of which some may be missing. Ends the child.

        Raises StorageError when it ended early, and what ``report`` raises.
        """
        try:
            self._send({"folders": [str(folder) for folder in folders]}, b"")
            for line in self._out:
                answer = json.loads(line)
                report(answer["files"], None, "looking for remaining bytes")
                if "hits" in answer and self._child.wait() == 0:
                    hits = tuple(Hit(h["file"], h["offset"], bytes.fromhex(h["piece"])) for h in answer["hits"])
                    return ScanResult(answer["files"], hits)
        except (OSError, ValueError):
            pass  # it ended before it was asked, or while it answered
        raise StorageError("the scan for remaining bytes did not finish")

    def close(self) -> None:
        end(self._child)

    @property
    def _out(self) -> IO[bytes]:
        assert self._child.stdout is not None
        return self._child.stdout

    def _send(self, header: dict[str, object], body: bytes) -> None:
        assert self._child.stdin is not None
        self._child.stdin.write(json.dumps(header).encode() + b"\n" + body)
        self._child.stdin.flush()


def find_pieces(data: bytes | memoryview, needles: PieceTable) -> Iterator[tuple[int, bytes]]:
    """Every (offset, piece) at which a needle occurs in ``data``."""
    for words in needles.tables:
        yield from words.found_in(data)


class PieceTable:
    """Needles by the words that they fill.

    Wherever a piece lies, it covers one or two whole words of the file, words being counted from its beginning: only
    these are compared, an eighth of all places. Pieces of less than 15 bytes are sure to cover a word of four bytes.
    """

    def __init__(self, needles: Iterable[bytes]) -> None:
        long: list[bytes] = []
        short: list[bytes] = []
        for piece in needles:
            (long if len(piece) >= 2 * ANCHOR - 1 else short).append(piece)
        self.tables = [_Words(kind, found) for kind, found in ((np.uint64, long), (np.uint32, short)) if found]


class _Words:
    """``pieces`` of at least 2 * size - 1 bytes by one of their words of ``size`` bytes, for each place of a piece
    relative to the words of a file: of those it then fills the one whose bytes differ most, as files are full of
    zeros."""

    def __init__(self, kind: type[np.uint64] | type[np.uint32], pieces: list[bytes]) -> None:
        self._kind: np.dtype[Any] = np.dtype(kind)
        self._pieces = pieces
        by_length: dict[int, list[int]] = {}
        for number, piece in enumerate(pieces):
            by_length.setdefault(len(piece), []).append(number)
        parts = [
            self._words_of(np.array(numbers), length, shift)
            for length, numbers in by_length.items()
            for shift in range(self._kind.itemsize)
        ]
        words, numbers, starts = (np.concatenate(part) for part in zip(*parts, strict=True))
        order = np.argsort(words, kind="stable")
        self._words, self._numbers, self._starts = words[order], numbers[order], starts[order]
        self._filters = [_Filter(words, spread) for spread in _SPREADS[self._kind.itemsize]]

    def _words_of(self, numbers: I64, length: int, shift: int) -> tuple[npt.NDArray[Any], I64, I64]:
        """Of the pieces ``numbers`` of ``length`` bytes, which begin ``shift`` bytes before a word of the file: one
        word each, the piece's number, and where in the piece the word begins."""
        size = self._kind.itemsize
        raw = np.frombuffer(b"".join(self._pieces[i] for i in numbers.tolist()), np.uint8).reshape(-1, length)
        starts = np.arange(shift, length - size + 1, size)
        windows = np.stack([raw[:, at : at + size] for at in starts.tolist()], axis=1)
        ordered = np.sort(windows, axis=2)
        chosen = np.argmax((ordered[:, :, 1:] != ordered[:, :, :-1]).sum(axis=2), axis=1)
        words = np.ascontiguousarray(windows[np.arange(len(numbers)), chosen]).view(self._kind)[:, 0]
        return words, numbers, starts[chosen]

    def found_in(self, data: bytes | memoryview) -> Iterator[tuple[int, bytes]]:
        size = self._kind.itemsize
        words = np.frombuffer(data, self._kind, len(data) // size)
        maybe = np.flatnonzero(self._filters[0].passes(words))
        maybe = maybe[self._filters[1].passes(words[maybe])]
        near = words[maybe]
        first = self._words.searchsorted(near)
        same = self._words.take(first, mode="clip") == near
        last = self._words.searchsorted(near[same], "right")
        for at, begin, end_ in zip((maybe[same] * size).tolist(), first[same].tolist(), last.tolist(), strict=True):
            for place in range(begin, end_):
                piece, start = self._pieces[self._numbers[place]], at - int(self._starts[place])
                if start >= 0 and data[start : start + len(piece)] == piece:
                    yield start, piece


class _Filter:
    """Lets all of some words pass, and few others: one bit of a table for the hash of each."""

    def __init__(self, words: npt.NDArray[Any], spread: int) -> None:
        of = 8 * words.itemsize
        bits = min(max(len(words).bit_length() + 8, 16), LARGEST_TABLE)
        self._spread, self._shift = words.dtype.type(spread), words.dtype.type(of - bits)
        self._table = np.zeros(1 << bits, np.bool_)
        self._table[self._hashed(words)] = True

    def passes(self, words: npt.NDArray[Any]) -> Bools:
        passes: Bools = self._table[self._hashed(words)]
        return passes

    def _hashed(self, words: npt.NDArray[Any]) -> npt.NDArray[Any]:
        hashed: npt.NDArray[Any] = words * self._spread
        np.right_shift(hashed, self._shift, out=hashed)
        return hashed


def scan_file(path: Path, needles: PieceTable, pool: ThreadPoolExecutor) -> list[tuple[int, bytes]]:
    """As ``find_pieces`` over a file of any size, its parts in the threads of ``pool``. Raises FileNotFoundError."""
    spans = range(0, max(path.stat().st_size, 1), SPAN)
    return [hit for found in pool.map(lambda start: _scan_span(path, needles, start), spans) for hit in found]


def _scan_span(path: Path, needles: PieceTable, start: int) -> list[tuple[int, bytes]]:
    """Pieces that begin in the span from ``start`` on, which is read in overlapping chunks."""
    found: list[tuple[int, bytes]] = []
    buffer = bytearray(CHUNK + PIECE - 1)
    with path.open("rb", buffering=0) as file:
        for offset in range(start, start + SPAN, CHUNK):
            file.seek(offset)
            data = memoryview(buffer)[: _filled(file, buffer)]
            found += [(offset + at, piece) for at, piece in find_pieces(data, needles) if at < CHUNK]
            if len(data) <= CHUNK:
                break
    return found


def _filled(file: FileIO, buffer: bytearray) -> int:
    """How many bytes there are, up to the length of ``buffer``, which are read into it."""
    n = 0
    with memoryview(buffer) as whole:
        while n < len(buffer) and (more := file.readinto(whole[n:])):
            n += more
    return n


def main(inbox: BinaryIO, outbox: BinaryIO) -> None:
    """Read the needles, confirm them, read the folders, and answer a line after each file."""
    lengths = json.loads(inbox.readline())["pieces"]
    needles = PieceTable([inbox.read(n) for n in lengths])
    outbox.write(READY)
    outbox.flush()
    asked = inbox.readline()
    if not asked:
        return  # the parent has ended
    folders = [Path(folder) for folder in json.loads(asked)["folders"]]
    hits: list[dict[str, object]] = []
    files = 0
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for path in (path for folder in folders for path in _files(folder)):
            files += 1
            try:
                found = scan_file(path, needles, pool)
            except FileNotFoundError:
                continue  # a reader that closed took its files along
            where = (path.relative_to(folders[0]) if path.is_relative_to(folders[0]) else path).as_posix()
            hits += [{"file": where, "offset": offset, "piece": piece.hex()} for offset, piece in found]
            _answer(outbox, {"files": files})
    _answer(outbox, {"files": files, "hits": hits})


def _answer(outbox: BinaryIO, what: dict[str, object]) -> None:
    outbox.write(json.dumps(what).encode() + b"\n")
    outbox.flush()


def _files(folder: Path) -> Iterator[Path]:
    """Regular files below ``folder``: reading a pipe would wait for ever."""
    for root, _, names in os.walk(folder):
        for path in (Path(root) / name for name in sorted(names)):
            with contextlib.suppress(FileNotFoundError):
                if stat.S_ISREG(path.lstat().st_mode):
                    yield path


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle; stdin closes when it ends
    with contextlib.suppress(BrokenPipeError):  # the parent has ended
        main(sys.stdin.buffer, sys.stdout.buffer)

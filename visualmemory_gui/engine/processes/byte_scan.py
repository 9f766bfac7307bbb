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
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

import numpy as np
import numpy.typing as npt

from visualmemory_gui.engine.errors import StorageError
from visualmemory_gui.engine.processes.child_process import HOME, end
from visualmemory_gui.engine.progress import Report, silent

PIECE = 24
ANCHOR = 8
DISTINCT_BYTES = 14  # a piece with fewer distinct bytes (zeros, white) says nothing about where it came from
PIECES_PER_ITEM = 64
CHUNK = 8 << 20
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


def pieces(item: bytes) -> list[bytes]:
    """Distinctive 24-byte pieces of ``item``, spread over it, at most 64. A short text is one piece, whole."""
    if len(item) < PIECE:
        return [item] if len(item) >= ANCHOR else []
    starts = range(0, len(item) - PIECE + 1, PIECE)
    step = max(1, len(starts) // PIECES_PER_ITEM)
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


def find_pieces(data: bytes, needles: PieceTable) -> Iterator[tuple[int, bytes]]:
    """Every (offset, piece) at which a needle occurs in ``data``."""
    if len(data) < ANCHOR or not needles.by_anchor:
        return
    raw = np.frombuffer(data, np.uint8)
    windows = raw[: len(raw) - ANCHOR + 1]
    first_two = windows.astype(np.uint16) | (raw[1 : len(windows) + 1].astype(np.uint16) << 8)
    maybe = np.flatnonzero(needles.starts[first_two])
    anchors = np.zeros(len(maybe), np.uint64)
    for i in range(ANCHOR):
        anchors |= raw[maybe + i].astype(np.uint64) << np.uint64(8 * i)
    for at in maybe[np.isin(anchors, needles.anchors)].tolist():
        for offset, piece in needles.by_anchor[data[at : at + ANCHOR]]:
            if at >= offset and data.startswith(piece, at - offset):
                yield at - offset, piece


class PieceTable:
    """Needles by their most distinctive eight bytes, so that a scan checks few places twice.

    A vector's piece may begin with zeros, of which files are full: its anchor is where its bytes differ most.
    """

    def __init__(self, needles: Iterable[bytes]) -> None:
        self.by_anchor: dict[bytes, list[tuple[int, bytes]]] = {}
        for piece in needles:
            offset = max(range(len(piece) - ANCHOR + 1), key=lambda at, piece=piece: len(set(piece[at : at + ANCHOR])))  # type: ignore[misc]
            self.by_anchor.setdefault(piece[offset : offset + ANCHOR], []).append((offset, piece))
        joined = b"".join(sorted(self.by_anchor))
        self.anchors: npt.NDArray[np.uint64] = np.frombuffer(joined, "<u8").astype(np.uint64)
        self.starts = np.zeros(1 << 16, bool)
        self.starts[np.frombuffer(joined, "<u2")[:: ANCHOR // 2]] = True


def scan_file(path: Path, needles: PieceTable) -> Iterator[tuple[int, bytes]]:
    """As ``find_pieces`` over a file of any size, in overlapping chunks."""
    with path.open("rb") as file:
        offset, tail = 0, b""
        while chunk := file.read(CHUNK):
            data = tail + chunk
            for at, piece in find_pieces(data, needles):
                if at + len(piece) > len(tail):
                    yield offset - len(tail) + at, piece
            tail = data[-(PIECE * 4) :]
            offset += len(chunk)


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
    for path in (path for folder in folders for path in _files(folder)):
        files += 1
        try:
            found = list(scan_file(path, needles))
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

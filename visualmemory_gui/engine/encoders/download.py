"""One file of weights over the network: resumed where it was cut, checked and tried before it counts.

What has arrived lies beside the target, ``NAME.CHECKSUM.part``. It stays there when the connection ends or the user
cancels, so that the next fetch goes on from there, and is removed when it turns out not to be the file that was named.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import socket
import stat
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from io import BufferedRandom
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from visualmemory_gui.engine.errors import EncoderError
from visualmemory_gui.engine.files import atomic_file, installation
from visualmemory_gui.engine.processes.call_thread import CallThread
from visualmemory_gui.engine.progress import Bytes, Report
from visualmemory_gui.engine.text.visible_text import size_text

SILENCE_S = 8.0  # a server that says nothing for so long is given up on
_CHUNK = 2**16  # at most so many bytes arrive between two looks at Cancel
_HASHED = 2**23  # and so many are hashed
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
_CONNECTIONS = 20
_KEPT_S = 7 * 24 * 3600.0  # a part that no one went on with for so long is removed


class Refusal(Exception):
    """Why a file cannot be fetched, in words that end a sentence."""


class _Cut(Exception):
    """The connection ended before the file did."""


@dataclass(frozen=True, slots=True)
class Remote:
    """A file on a server, and what shows that it has arrived.

    ``sha256`` is its checksum (hex), or how that begins; ``size`` is in bytes, None where the server is to say it. The
    ``token`` is shown to the host of ``url`` and to none that it redirects to.
    """

    url: str
    sha256: str
    size: int | None = None
    token: str = ""


def fetch(
    locate: Callable[[], Remote],
    target: Path,
    *,
    encoder: str,
    address: str,
    attempt: Callable[[Path], object],
    report: Report,
) -> Path:
    """Fetch what ``locate`` finds into the file ``target``, which appears when it is whole and ``attempt`` has used it.

    ``report`` is called all the while, also while a server says nothing. Raises EncoderError, which says why it cannot
    be fetched, names the file to fetch by hand, at ``address``, and where to put it; or what ``report`` raises.
    """

    def tell(done: int = Bytes(0), total: int | None = None) -> None:
        report(done, total, f"Fetching the weights of {encoder}")

    tell()
    try:
        if offline():
            raise Refusal("HF_HUB_OFFLINE is set")
        with CallThread(f"fetching {encoder}") as calls:
            remote = calls.run(locate, tell)
        _prepare(target)
        with _part(target, remote) as file:
            _receive_all(file, remote, tell)
            _accept(file, remote, target, attempt, lambda: report(0, None, f"Trying the weights of {encoder}"))
    except Refusal as refusal:
        raise missing(encoder, address, target, why=str(refusal)) from refusal
    except OSError as error:
        raise missing(encoder, address, target, why=f"{error.strerror or error}") from error
    return target


def offline() -> bool:
    """Whether the user's environment forbids to fetch anything."""
    names = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
    return any(os.environ.get(name, "").upper() in ("1", "ON", "YES", "TRUE") for name in names)


def is_of_the_web(address: str) -> bool:
    """Whether something can be fetched from ``address``."""
    return address.startswith(("https://", "http://"))


def missing(encoder: str, address: str, target: Path, *, why: str) -> EncoderError:
    return EncoderError(
        f"the weights of {encoder} are not here and cannot be fetched ({why}): fetch {address} and put it at {target}"
    )


def part_of(target: Path, sha256: str) -> Path:
    """Where what has arrived of a file of this checksum lies."""
    return target.with_name(f"{target.name}.{sha256}.part")


def _prepare(target: Path) -> None:
    """Make the folder, and remove what fetches left in it that no one goes on with."""
    target.parent.mkdir(parents=True, exist_ok=True)
    atomic_file.sweep(target.parent)
    for part in target.parent.glob("*.part"):
        with contextlib.suppress(OSError):
            if time.time() - part.lstat().st_mtime > _KEPT_S:
                part.unlink()


@contextmanager
def _part(target: Path, remote: Remote) -> Iterator[BufferedRandom]:
    """The file of what has arrived, open and held against other processes; gone at the end if nothing has."""
    part = part_of(target, remote.sha256)
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    with open(part, "r+b", opener=lambda name, _: os.open(name, flags, 0o666)) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise Refusal(f"{part} is not a file")
        _hold(file, part)
        try:
            yield file
        finally:
            file.flush()
            if os.fstat(file.fileno()).st_size == 0:
                part.unlink(missing_ok=True)


def _hold(file: BufferedRandom, part: Path) -> None:
    """Keep other processes from writing the part. Raises Refusal where one is, or has made the target of it."""
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Refusal("another program is fetching it now") from None
    except OSError:
        return  # a file system without locks
    if not part.is_file() or not os.path.samestat(os.fstat(file.fileno()), part.lstat()):
        raise Refusal("another program has just fetched it")


def _receive_all(file: BufferedRandom, remote: Remote, tell: Callable[[int, int | None], None]) -> None:
    """Receive the rest of the file, over several connections where one is cut."""
    for _ in range(_CONNECTIONS):
        before = os.fstat(file.fileno()).st_size
        try:
            return _receive(file, remote, tell)
        except _Cut as cut:
            file.flush()
            arrived, why = os.fstat(file.fileno()).st_size, str(cut)
            if arrived <= before:
                break
    kept = f"; {size_text(arrived)} are kept, and fetching it again goes on from there" if arrived else ""
    raise Refusal(why + kept)


def _receive(file: BufferedRandom, remote: Remote, tell: Callable[[int, int | None], None]) -> None:
    """Receive from where ``file`` ends. Raises _Cut, or Refusal where another file than ``remote`` would arrive."""
    done = file.seek(0, os.SEEK_END)
    if remote.size is not None and done > remote.size:
        done = _empty(file)
    if done == remote.size:
        return
    total = remote.size

    def look() -> None:
        tell(Bytes(done), None if total is None else Bytes(total))

    with CallThread("fetching weights") as calls, _answer(remote, done, calls, look) as answer:
        total = _total(answer, remote, done)
        if answer.status != 206:
            done = _empty(file)
        _require_room(Path(file.name).parent, (total or 0) - done)
        look()
        while chunk := calls.run(lambda: _next(answer), look):
            file.write(chunk)
            done += len(chunk)
            if total is not None and done > total:
                _empty(file)
                raise Refusal(f"the server sends more than the {total:,} bytes of the file")
            look()
    if total is not None and done < total:
        raise _Cut(f"the connection ended after {size_text(done)} of {size_text(total)}")


def _empty(file: BufferedRandom) -> int:
    file.seek(0)
    return file.truncate()


@contextmanager
def _answer(remote: Remote, begin: int, calls: CallThread, look: Callable[[], None]) -> Iterator[HTTPResponse]:
    """What the server answers when asked for the file from the byte ``begin`` on. Raises _Cut, Refusal."""
    with calls.run(lambda: _asked(remote, begin), look) as answer, _cut_at_the_end(answer):
        yield answer


@contextmanager
def _cut_at_the_end(answer: HTTPResponse) -> Iterator[None]:
    """End the connection after the block: to close it alone would wait for a thread that still reads from it."""
    if answer.isclosed():  # nothing comes
        yield
        return
    with socket.socket(fileno=os.dup(answer.fileno())) as connection:
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def _asked(remote: Remote, begin: int) -> HTTPResponse:
    if not is_of_the_web(remote.url):
        raise Refusal("its address is not one of the web")
    asked = urllib.request.Request(remote.url, headers={"User-Agent": installation.APP, "Accept-Encoding": "identity"})
    if begin:
        asked.add_header("Range", f"bytes={begin}-")
    if remote.token:
        asked.add_unredirected_header("Authorization", f"Bearer {remote.token}")
    try:
        return cast(HTTPResponse, urllib.request.urlopen(asked, timeout=SILENCE_S))
    except urllib.error.HTTPError as error:
        with error:  # it holds the connection
            if error.code == 416 and begin:  # the server has less than is here: it is another file
                return _asked(remote, 0)
            raise Refusal(f"{_host(remote.url)} answered {error.code}") from error
    except (OSError, HTTPException, ValueError) as error:
        raise _Cut(f"there is no connection to {_host(remote.url)}") from error


def _total(answer: HTTPResponse, remote: Remote, begin: int) -> int | None:
    """The size of the whole file. Raises Refusal where what comes is not the file that was asked for."""
    if answer.headers.get_content_type() == "text/html":
        raise Refusal("a web page came in place of the file; does this network ask you to log in?")
    length = answer.headers.get("Content-Length", "")
    total = int(length) if length.isdecimal() else None
    if answer.status == 206:
        found = _RANGE.match(answer.headers.get("Content-Range", ""))
        if found is None or int(found[1]) != begin:
            raise Refusal("the server sent another part of the file than it was asked for")
        total = None if found[2] == "*" else int(found[2])
    if remote.size is not None and total is not None and total != remote.size:
        raise Refusal(f"the server sends {total:,} bytes, but the file has {remote.size:,}")
    return total if remote.size is None else remote.size


def _next(answer: HTTPResponse) -> bytes:
    try:
        return answer.read1(_CHUNK)
    except (OSError, HTTPException) as error:
        raise _Cut("the connection ended") from error


def _require_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise Refusal(f"it takes {size_text(needed)} and {size_text(free)} are free in {folder}")


def _accept(
    file: BufferedRandom, remote: Remote, target: Path, attempt: Callable[[Path], object], tell: Callable[[], None]
) -> None:
    """Give what has arrived its name, if it is the file that was named and ``attempt`` can use it; else remove it."""
    part = Path(file.name)
    file.flush()
    os.fsync(file.fileno())
    try:
        _require_equal(file, remote, tell)
        tell()
        with atomic_file.scratch(part.parent) as room:
            named = room / target.name  # libraries go by the ending of the name
            named.symlink_to(part)
            attempt(named)
    except (Refusal, EncoderError) as error:
        part.unlink(missing_ok=True)
        raise Refusal(f"{error}; what arrived was removed") from error
    part.replace(target)
    atomic_file.sync_folder(target.parent)


def _require_equal(file: BufferedRandom, remote: Remote, tell: Callable[[], None]) -> None:
    file.seek(0)
    found = hashlib.sha256()
    while piece := file.read(_HASHED):
        found.update(piece)
        tell()
    if not found.hexdigest().startswith(remote.sha256):
        raise Refusal("what arrived is not the file that was named: its SHA-256 is another")


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]

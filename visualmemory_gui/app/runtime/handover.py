"""A second start on a memory hands what it asks for to the window that has the memory open.

They meet at a socket in a folder that belongs to this user and that no one else can enter. The standard library is
enough: QtNetwork would need system libraries that a bare system does not have.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
import stat
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QSocketNotifier, QTimer

from visualmemory_gui.app.runtime.place import real_place
from visualmemory_gui.app.runtime.start_request import StartRequest
from visualmemory_gui.engine.errors import VisualMemoryError

ANSWER_S = 5.0  # how long a start waits for the window's answer
CALL_MS = 2_000  # how long the window waits for what a start says
MOST_BYTES = 1 << 15  # of a request
MOST_ANSWERED = 1 << 12
MOST_CALLS = 8  # at the same time
MOST_PATH = 100  # bytes; the system allows 104 to 108
Take = Callable[[StartRequest], str]


def hand_over(request: StartRequest) -> bool:
    """Whether a window that has the memory of ``request`` open took it.

    Raises VisualMemoryError with the window's reason if it is there and cannot.
    """
    asked = replace(request, memory=real_place(request.memory))
    address = _address(asked.memory)
    if address is None or StartRequest.of(asked.text()) is None:
        return False
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as call:
            call.settimeout(ANSWER_S)
            call.connect(str(address))
            call.sendall(asked.text().encode() + b"\n")
            answer = _line_from(call)
    except OSError:  # no one listens, or not in time
        return False
    return _taken(answer)


class WindowServer(QObject):
    """Takes the requests of later starts on one memory. ``take`` does what a request asks for in the window's thread,
    and returns "", or why it cannot."""

    def __init__(self, take: Take, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._take = take
        self._memory = ""
        self._address: Path | None = None
        self._socket: socket.socket | None = None
        self._calls: list[_Call] = []

    @property
    def listening(self) -> bool:
        return self._socket is not None

    def listen(self, memory: str) -> None:
        """Listen for starts on ``memory``, and no longer for others; not if another window of it does."""
        real = real_place(memory)
        if self.listening and real == self._memory:
            return
        self.stop()
        address = _address(real)
        listening = None if address is None else _bound(address)
        if listening is None:
            return
        self._memory, self._address, self._socket = real, address, listening
        self._notifier = QSocketNotifier(listening.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self.on_called)

    def stop(self) -> None:
        """Listen no longer."""
        if self._socket is None or self._address is None:
            return
        self._notifier.setEnabled(False)
        self._notifier.deleteLater()
        self._address.unlink(missing_ok=True)
        self._socket.close()
        self._socket = None
        for call in list(self._calls):
            call.end()

    def on_called(self) -> None:
        if self._socket is None:
            return
        try:
            caller, _ = self._socket.accept()
        except OSError:  # gone already
            return
        if len(self._calls) >= MOST_CALLS:
            caller.close()
            return
        self._calls.append(_Call(caller, self._answer, self._calls.remove, self))

    def _answer(self, said: bytes) -> str:
        request = StartRequest.of(said)
        if request is None or request.memory != self._memory:
            return json.dumps({"taken": False, "reason": ""})
        reason = self._take(request)
        return json.dumps({"taken": not reason, "reason": reason})


class _Call(QObject):
    """One start that calls: its line is read as it comes, answered, and the call ends."""

    def __init__(
        self, caller: socket.socket, answer: Callable[[bytes], str], ended: Callable[[_Call], object], parent: QObject
    ) -> None:
        super().__init__(parent)
        caller.setblocking(False)
        self._caller: socket.socket | None = caller
        self._answer = answer
        self._ended = ended
        self._said = b""
        self._notifier = QSocketNotifier(caller.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self.on_readable)
        QTimer.singleShot(CALL_MS, self, self.end)

    def on_readable(self) -> None:
        if self._caller is None:
            return
        try:
            said = self._caller.recv(MOST_BYTES)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        self._said += said
        line, ended, _ = self._said.partition(b"\n")
        if ended and len(line) < MOST_BYTES:
            self._notifier.setEnabled(False)  # what is asked for may run an event loop
            with contextlib.suppress(OSError):
                self._caller.sendall(self._answer(line).encode() + b"\n")
        if ended or not said or len(self._said) >= MOST_BYTES:
            self.end()

    def end(self) -> None:
        if self._caller is not None:
            self._notifier.setEnabled(False)
            self._caller.close()
            self._caller = None
            self._ended(self)
            self.deleteLater()


def _address(memory: str) -> Path | None:
    """Where the window that has ``memory`` open listens; None where that is not possible."""
    name = hashlib.sha256(os.fsencode(memory)).hexdigest()[:16]
    folders = [Path(tempfile.gettempdir()) / f"visualmemory-{os.getuid()}"]
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        folders.insert(0, Path(runtime) / "visualmemory")
    fitting = (folder / name for folder in folders if len(os.fsencode(folder / name)) <= MOST_PATH)
    return next((address for address in fitting if _is_own(address.parent)), None)


def _is_own(folder: Path) -> bool:
    """Whether ``folder``, which is made if it is missing, is this user's and closed to all others."""
    try:
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077


def _bound(address: Path) -> socket.socket | None:
    """A socket that listens at ``address``; None if another does. What a window that crashed left there is removed."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.setblocking(False)
    try:
        if _is_left_over(address):
            address.unlink(missing_ok=True)
        listening.bind(str(address))
        listening.listen(MOST_CALLS)
    except OSError:
        listening.close()
        return None
    return listening


def _is_left_over(address: Path) -> bool:
    """Whether there is something at ``address`` where no one listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as call:
        call.settimeout(ANSWER_S)
        try:
            call.connect(str(address))
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
    return False


def _line_from(call: socket.socket) -> bytes:
    """What is answered before the end of the line, or of the call."""
    said = b""
    while b"\n" not in said and len(said) < MOST_ANSWERED and (more := call.recv(MOST_ANSWERED)):
        said += more
    return said.partition(b"\n")[0]


def _taken(answer: bytes) -> bool:
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        return False
    taken, reason = (found.get("taken"), found.get("reason")) if isinstance(found, dict) else (None, None)
    if taken is not True and isinstance(reason, str) and reason:
        raise VisualMemoryError(reason)
    return taken is True

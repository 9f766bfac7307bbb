"""A connection with faults: what is sent to it goes on to a server, or is cut off, or is held up."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Literal

Fault = Literal["none", "cut off", "slow"]
DELAY_S = 0.2


class FaultyProxy:
    """Listens at ``port`` and passes all bytes to ``target`` and back, as ``fault`` lets it."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._fault: Fault = "none"
        self.port = int(self._listening.getsockname()[1])

    @property
    def fault(self) -> Fault:
        return self._fault

    @fault.setter
    def fault(self, fault: Fault) -> None:
        self._fault = fault
        if fault == "cut off":
            self._close_all()

    def __enter__(self) -> FaultyProxy:
        self._run(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._close_all()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                here, _ = self._listening.accept()
            except OSError:
                return
            if self._fault == "cut off":
                here.close()
                continue
            try:
                there = socket.create_connection(self._target)
            except OSError:
                here.close()
                continue
            self._open += [here, there]
            self._run(self._pass, here, there)
            self._run(self._pass, there, here)

    def _pass(self, source: socket.socket, to: socket.socket) -> None:
        try:
            while data := source.recv(1 << 16):
                if self._fault == "slow":
                    time.sleep(DELAY_S)
                to.sendall(data)
        except OSError:
            pass
        for end in (source, to):
            _close(end)

    def _close_all(self) -> None:
        while self._open:
            _close(self._open.pop())

    def _run(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        thread.start()
        self._threads.append(thread)


def _close(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()

"""Decoding children that are forked from one process that has imported what they need.

A child is the product's own code in a process of its own, as ever; only the interpreter and its imports are not started
again for each. Tests of how a child starts, ends or crashes start it as the product does.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).resolve().parents[1]
POSSIBLE = sys.platform == "linux" and hasattr(os, "pidfd_open")


class ForkedChild:
    """What the product uses of ``subprocess.Popen``, for a process that another one forked."""

    def __init__(self, pidfd: int, stdin: int, stdout: int) -> None:
        self._pidfd = pidfd
        self.stdin = os.fdopen(stdin, "wb")
        self.stdout = os.fdopen(stdout, "rb")
        self.returncode: int | None = None

    def __del__(self) -> None:
        os.close(self._pidfd)

    def poll(self) -> int | None:
        return self._ended(0)

    def wait(self) -> int | None:
        return self._ended(None)

    def kill(self) -> None:
        if self.poll() is None:
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    def _ended(self, timeout_ms: int | None) -> int | None:
        poll = select.poll()
        poll.register(self._pidfd, select.POLLIN)
        if self.returncode is None and poll.poll(timeout_ms):
            self.returncode = 0  # what it ended with is known to the process that forked it
        return self.returncode


class ForkServer:
    """The process that forks them, and the way to ask it. One thread asks at a time."""

    def __init__(self) -> None:
        self._asking, its_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.fork_server"],
            stdin=its_end,
            cwd=HOME,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"},
        )
        its_end.close()

    def child(self) -> ForkedChild:
        """A new decoding child."""
        its_stdin, stdin = os.pipe()
        stdout, its_stdout = os.pipe()
        socket.send_fds(self._asking, [b"fork"], [its_stdin, its_stdout])
        os.close(its_stdin)
        os.close(its_stdout)
        _, [pidfd], _, _ = socket.recv_fds(self._asking, 16, 1)
        return ForkedChild(pidfd, stdin, stdout)

    def end(self) -> None:
        self._asking.close()
        self._process.wait()


def serve() -> None:
    """Fork a decoding child for each pair of pipes that arrives at stdin, until it closes."""
    from PIL import Image

    from visualmemory_gui.engine.images import child

    Image.preinit()
    asked = socket.socket(fileno=os.dup(0))
    while True:
        message, pipes, _, _ = socket.recv_fds(asked, 16, 2)
        while _reaped():
            pass
        if not message:
            return
        if not (pid := os.fork()):
            for place, pipe in enumerate(pipes):
                os.dup2(pipe, place)
                os.close(pipe)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            asked.close()
            try:
                child.main()
            finally:
                os._exit(0)
        pidfd = os.pidfd_open(pid)
        socket.send_fds(asked, [b"forked"], [pidfd])
        for descriptor in (pidfd, *pipes):
            os.close(descriptor)


def _reaped() -> bool:
    """Whether a child that has ended was collected."""
    try:
        return os.waitpid(-1, os.WNOHANG) != (0, 0)
    except ChildProcessError:
        return False


if __name__ == "__main__":
    serve()

"""Runs a command beside a real Milvus server, in a network namespace of its own where only loopback is.

``python -m tools.milvus_server milvus-server COMMAND…``: the first is the server of PyPI's ``milvus``. The command gets
the server's address in ``MILVUS_URI``, and in ``MILVUS_GROUP`` a file with the number of its process group: one that is
killed is started again. It needs root, or the right to make user namespaces.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from tools import network_namespace

PORT = 19530
READY_S = 180.0
SOON_AGAIN = "common.session.ttl=15"
"""A server that was killed is started again once its session has expired: by default after half a minute."""
_CLOSED_PORTS = Path("/proc/sys/net/ipv4/tcp_max_tw_buckets")
_INSIDE = "MILVUS_NAMESPACE"


def main(arguments: Sequence[str]) -> int:
    """Returns the command's exit code, or 1 where there is no namespace or no server."""
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    if os.environ.get(_INSIDE):
        return _run(arguments[0], arguments[1:])
    alone = network_namespace.prefix()
    if alone is None:
        print("no network namespace can be made here, so the Milvus server is not started:", file=sys.stderr)
        print("run this as root, or where `unshare --net --map-root-user true` works", file=sys.stderr)
        return 1
    again = [*alone, sys.executable, "-m", "tools.milvus_server", *arguments]
    return subprocess.run(again, env={**os.environ, _INSIDE: "1"}, check=False).returncode


def _run(server: str, command: Sequence[str]) -> int:
    network_namespace.raise_loopback()
    _free_ports_at_once()
    with tempfile.TemporaryDirectory(prefix="milvus-") as data, MilvusProcess(server, Path(data)) as process:
        if not process.answers():
            print(
                f"the Milvus server did not start: {process.log.read_text(errors='replace')[-2000:]}", file=sys.stderr
            )
            return 1
        env = {**os.environ, "MILVUS_URI": f"http://127.0.0.1:{PORT}", "MILVUS_GROUP": str(process.group)}
        return subprocess.run(command, env=env, check=False).returncode


class MilvusProcess:
    """The server as a process group, on data in a folder; started again where it ends, until the block ends.

    The file ``group`` holds the number of the group that runs now.
    """

    def __init__(self, server: str, folder: Path) -> None:
        self._command = [server, "--data", f"{folder}/data", "--proxy-port", str(PORT), "--extra-config", SOON_AGAIN]
        self.log, self.group = folder / "server.log", folder / "group"
        self._ended = threading.Event()

    def __enter__(self) -> MilvusProcess:
        self._start()
        self._watch = threading.Thread(target=self._restart_until_ended)
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._watch.join()
        self._end()

    def answers(self) -> bool:
        """Waits until a client is served; False where the server ended, or it takes too long."""
        from visualmemory_gui.engine.errors import ServerError
        from visualmemory_gui.engine.shared_memory.milvus_server import MilvusServer

        end = time.monotonic() + READY_S
        while time.monotonic() < end:
            try:
                with socket.create_connection(("127.0.0.1", PORT), timeout=1):
                    client = MilvusServer(f"http://127.0.0.1:{PORT}", name="the server")
                client.has("nothing")
                client.close()
                return True
            except (OSError, ServerError):
                time.sleep(0.5)
        return False

    def _start(self) -> None:
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                self._command, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
            )
        self.group.write_text(str(self._process.pid))

    def _restart_until_ended(self) -> None:
        while not self._ended.wait(0.2):
            if self._process.poll() is not None:
                self._start()

    def _end(self) -> None:
        os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def _free_ports_at_once() -> None:
    """In this namespace a port is free as soon as its process is killed: otherwise the server takes another one."""
    _CLOSED_PORTS.write_text("0")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

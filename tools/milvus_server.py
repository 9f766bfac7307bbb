"""Runs a command beside a real Milvus server, in a network namespace of its own where only loopback is.

``python -m tools.milvus_server milvus-server COMMAND…``: the first is the server of PyPI's ``milvus``. The command gets
the server's address in ``MILVUS_URI`` and its process group in ``MILVUS_GROUP``. It needs root, or the right to make
user namespaces.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tools import network_namespace

PORT = 19530
READY_S = 180.0
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
    with tempfile.TemporaryDirectory(prefix="milvus-") as data:
        log = Path(data) / "server.log"
        with log.open("wb") as out:
            started = subprocess.Popen(
                [server, "--data", f"{data}/data", "--proxy-port", str(PORT)],
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            if not _answers(started):
                print(f"the Milvus server did not start: {log.read_text(errors='replace')[-2000:]}", file=sys.stderr)
                return 1
            env = {**os.environ, "MILVUS_URI": f"http://127.0.0.1:{PORT}", "MILVUS_GROUP": str(started.pid)}
            return subprocess.run(command, env=env, check=False).returncode
        finally:
            os.killpg(started.pid, signal.SIGTERM)
            try:
                started.wait(timeout=30)
            except subprocess.TimeoutExpired:
                os.killpg(started.pid, signal.SIGKILL)
                started.wait()


def _answers(server: subprocess.Popen[bytes]) -> bool:
    """Waits until a client is served; False where the server ended, or it takes too long."""
    from visualmemory_gui.engine.errors import ServerError
    from visualmemory_gui.engine.shared_memory.milvus_server import MilvusServer

    end = time.monotonic() + READY_S
    while time.monotonic() < end and server.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", PORT), timeout=1):
                client = MilvusServer(f"http://127.0.0.1:{PORT}", name="the server")
            client.has("nothing")
            client.close()
            return True
        except (OSError, ServerError):
            time.sleep(0.5)
    return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The client of Milvus, on Milvus Lite, which is a file; and what is said where there is no Milvus server."""

from __future__ import annotations

import http.server
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from visualmemory_gui.engine.errors import ServerError
from visualmemory_gui.engine.shared_memory import milvus_server
from visualmemory_gui.engine.shared_memory.milvus_server import MilvusServer


def test_a_memory_goes_to_milvus_lite_is_edited_there_and_comes_back(tmp_path: Path) -> None:
    """In a process of its own: the threads of Milvus Lite live as long as it does."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.engine.shared_memory.lite_child", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "the same\n"), done.stderr


class _Html(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<html>a proxy's page</html>")

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not answer is not waited for long."""
    monkeypatch.setattr(milvus_server, "TIMEOUT_S", 0.5)


@pytest.fixture
def web_server() -> Iterator[int]:
    served = http.server.HTTPServer(("127.0.0.1", 0), _Html)
    thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield served.server_port
    served.shutdown()
    thread.join()
    served.server_close()


@pytest.mark.usefixtures("soon")
def test_a_server_that_is_gone_is_named(unused_port: int) -> None:
    with pytest.raises(ServerError, match=r"the server here does not answer|answers, but not as a Milvus"):
        MilvusServer(f"http://127.0.0.1:{unused_port}", name="here").has("m")


@pytest.mark.usefixtures("soon")
def test_a_web_server_in_its_place_is_named(web_server: int) -> None:
    with pytest.raises(ServerError, match="here"):
        MilvusServer(f"http://127.0.0.1:{web_server}", name="here").has("m")


@pytest.mark.usefixtures("soon")
def test_a_server_without_tls_is_not_trusted(web_server: int) -> None:
    with pytest.raises(ServerError, match="here"):
        MilvusServer(f"https://127.0.0.1:{web_server}", name="here").has("m")


def test_without_the_client_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "pymilvus", None)
    with pytest.raises(ServerError, match="pip install"):
        MilvusServer(str(tmp_path / "lite.db"), name="here")


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])

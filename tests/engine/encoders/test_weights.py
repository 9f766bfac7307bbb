"""Fetching files of weights from a server that behaves, and from servers that do not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from visualmemory_gui.engine.encoders import weights
from visualmemory_gui.engine.errors import Cancelled, EncoderError

BODY = bytes(range(256)) * 12_000


class _Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status = int(self.path[1:4]) if self.path[1:4].isdigit() else 200
        self.send_response(status)
        if self.path != "/unsized":
            self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        if status == 200:
            self.wfile.write(BODY[: len(BODY) // 2] if self.path == "/cut" else BODY)

    def log_message(self, *args: object) -> None:
        """Silent."""


@pytest.fixture
def server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Server) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


@pytest.mark.parametrize("path", ["/whole", "/unsized"])
def test_a_file_is_fetched_whole_and_progress_told(server: str, weights_folder: Path, path: str) -> None:
    told: list[tuple[int, int | None, str]] = []
    target = weights_folder / "deep" / "a.safetensors"
    weights.fetch(
        server + path, target, encoder="a", report=lambda done, total, what="": told.append((done, total, what))
    )
    assert target.read_bytes() == BODY
    assert told[0] == (0, None, "Fetching the weights of a")
    assert told[-1][:2] == (len(BODY), len(BODY) if path == "/whole" else None)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/cut", "ended early|IncompleteRead|more expected"),
        ("/404", "the server answered 404"),
        ("/403", "licence must be accepted"),
        ("/500", "500"),
    ],
)
def test_what_fails_leaves_nothing_and_says_what_to_do(server: str, weights_folder: Path, path: str, why: str) -> None:
    target = weights_folder / "a.safetensors"
    with pytest.raises(EncoderError, match=why) as error:
        weights.fetch(server + path, target, encoder="a", report=lambda *_: None)
    assert f"fetch {server}{path} and put it at {target}" in str(error.value)
    assert list(weights_folder.iterdir()) == []


def test_a_stopped_fetch_leaves_nothing(server: str, weights_folder: Path) -> None:
    def stop(done: int, total: int | None, what: str = "") -> None:
        if done:
            raise Cancelled

    with pytest.raises(Cancelled):
        weights.fetch(server + "/whole", weights_folder / "a", encoder="a", report=stop)
    assert list(weights_folder.iterdir()) == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/a", "http://name.invalid/a", "file:///etc/passwd"])
def test_without_a_server_it_fails_at_once(weights_folder: Path, url: str) -> None:
    with pytest.raises(EncoderError, match="put it at"):
        weights.fetch(url, weights_folder / "a", encoder="a", report=lambda *_: None)
    assert list(weights_folder.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told(server: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EncoderError, match="put it at"):
        weights.fetch(server + "/whole", tmp_path / "file" / "a", encoder="a", report=lambda *_: None)


def test_the_hub_s_cache_is_looked_into(tmp_path: Path) -> None:
    assert weights.in_hub_cache("timm/some.model") is None
    path = tmp_path / "hub" / "hub" / "models--timm--some.model" / "snapshots" / "abc" / "model.safetensors"
    path.parent.mkdir(parents=True)
    path.touch()
    assert weights.in_hub_cache("timm/some.model") == path


def test_a_checksum_is_computed_anew_when_the_file_changes(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")
    first = weights.sha256(path)
    assert first == weights.sha256(path)
    path.write_bytes(b"three")
    assert weights.sha256(path) != first

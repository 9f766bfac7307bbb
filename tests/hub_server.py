"""A hub of models on loopback, which speaks the protocol of the real one and misbehaves as a test asks.

The hub is at 127.0.0.1 and answers for a file with its size and checksum and an address on a second host, localhost at
another port, which sends it.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer

LOGIN = b"<html><title>Welcome to the airport</title>"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: to the "hub" or the "store", and what it showed."""

    host: str
    method: str
    path: str
    authorization: str
    range: str
    agent: str


@dataclass
class Hub:
    """``files`` by repository; how it misbehaves is set by the test."""

    files: dict[str, bytes] = field(default_factory=dict)
    status: int = 200
    code: str = ""
    login_at: str = ""  # which host answers everything with a page
    silent_at: str = ""  # where no more is said until ``release`` is set: at the "hub", the "store", or "midway" there
    release: threading.Event = field(default_factory=threading.Event)
    token: str = ""  # the only token that this hub knows; "" where it asks for none
    redirects: bool = True
    ranges: bool = True
    cuts: int = 0  # so many answers end in the middle
    longer_by: int = 0
    chunked: bool = False
    sent: bytes | None = None  # in place of the file
    pause_s: float = 0.0  # after each 64 KB
    asked: list[Asked] = field(default_factory=list)
    endpoint: str = ""
    store: str = ""

    def of(self, host: str) -> list[Asked]:
        return [one for one in self.asked if one.host == host]


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    host: str

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def log_message(self, *args: object) -> None:
        """Silent."""

    def _answer(self) -> None:
        shown = {name: self.headers.get(name, "") for name in ("Authorization", "Range", "User-Agent")}
        self.hub.asked.append(Asked(self.host, self.command, self.path, *shown.values()))
        with contextlib.suppress(OSError):  # the client has gone
            self._be_silent(self.host)
            if self.hub.login_at == self.host:
                self._send(200, {"Content-Type": "text/html"}, LOGIN)
            elif self.host == "hub":
                self._hub(shown["Authorization"])
            else:
                self._file(self.path.partition("?")[0].strip("/"))

    def _be_silent(self, at: str) -> None:
        if self.hub.silent_at == at:
            self.hub.release.wait()

    def _hub(self, authorization: str) -> None:
        hub, repository = self.hub, self.path.strip("/").partition("/resolve/")[0]
        if hub.status != 200:
            self._send(hub.status, {"X-Error-Code": hub.code} if hub.code else {})
        elif hub.token and authorization != f"Bearer {hub.token}":
            self._send(401, {} if authorization else {"X-Error-Code": "GatedRepo"})
        elif repository not in hub.files:
            self._send(404, {"X-Error-Code": "RepoNotFound"})
        else:
            body = hub.files[repository]
            facts = {
                "X-Repo-Commit": "c" * 40,
                "X-Linked-Etag": f'"{hashlib.sha256(body).hexdigest()}"',
                "X-Linked-Size": str(len(body)),
            }
            if hub.redirects:
                self._send(302, {**facts, "Location": f"{hub.store}/{repository}"})
            else:
                self._file(repository, facts)

    def _file(self, repository: str, facts: dict[str, str] | None = None) -> None:
        hub = self.hub
        body = hub.files[repository] if hub.sent is None else hub.sent
        asked = self.headers.get("Range", "")
        begin = int(asked.removeprefix("bytes=").rstrip("-")) if asked and hub.ranges else 0
        if begin >= len(body) > 0:
            self._send(416, {})
            return
        headers = dict(facts or {})
        if begin:
            headers["Content-Range"] = f"bytes {begin}-{len(body) - 1}/{len(body)}"
        if not hub.chunked:
            headers["Content-Length"] = str(len(body) - begin + hub.longer_by)
        rest = body[begin:]
        if hub.cuts and self.command == "GET":
            hub.cuts -= 1
            rest = rest[: len(rest) // 2]
        self._send(206 if begin else 200, headers, rest)

    def _send(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            for at in range(0, len(body), 2**16):
                self.wfile.write(body[at : at + 2**16])
                self._be_silent("midway")
                time.sleep(self.hub.pause_s)


@contextlib.contextmanager
def hub_server() -> Iterator[Hub]:
    """A hub that is running, and its store."""
    hub = Hub()
    with contextlib.ExitStack() as stack:
        hub.endpoint = f"http://127.0.0.1:{stack.enter_context(_running(hub, 'hub'))}"
        hub.store = f"http://localhost:{stack.enter_context(_running(hub, 'store'))}"
        yield hub


@contextlib.contextmanager
def _running(hub: Hub, host: str) -> Iterator[int]:
    handler = type(f"_{host}", (_Handler,), {"hub": hub, "host": host})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            hub.release.set()
            server.shutdown()
            thread.join()

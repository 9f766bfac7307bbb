"""A server on loopback that speaks the protocol of chat completions, and can be made to lie, hang or talk nonsense."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

USAGE = {"prompt_tokens": 1200, "completion_tokens": 34}


@dataclass
class Reply:
    """What the server answers. ``before`` is called first, and may wait; without a status it hangs up.

    With ``drip_s`` the body goes out byte by byte, so many seconds apart.
    """

    status: int | None = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    before: Callable[[], object] = lambda: None
    drip_s: float = 0.0


def says(label: str | None, reason: str = "Both have tufted ears.", **more: Any) -> Reply:
    """A good answer."""
    return completion(json.dumps({"label": label, "reason": reason}), **more)


def completion(content: object, *, finish_reason: str = "stop", usage: object = USAGE, **message: Any) -> Reply:
    """An answer in the form of the protocol, with any content."""
    choice = {"index": 0, "message": {"role": "assistant", "content": content, **message}}
    whole = {"choices": [{**choice, "finish_reason": finish_reason}], "usage": usage}
    return Reply(body=json.dumps(whole).encode())


class EndpointServer:
    """``asked`` keeps the questions, ``headers`` theirs; ``release`` lets go of every reply that hangs."""

    def __init__(self) -> None:
        self.reply = says(None)
        self.asked: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.release = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                server.paths.append(self.path)
                server.headers.append(dict(self.headers.items()))
                server.asked.append(json.loads(self.rfile.read(length)))
                server.send(self)

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = False
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def hang(self) -> None:
        """Say nothing until the test is over."""
        self.release.wait(30)

    def send(self, handler: BaseHTTPRequestHandler) -> None:
        reply = self.reply
        reply.before()
        if reply.status is None:
            handler.connection.close()
            return
        try:
            handler.send_response(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                handler.send_header(name, value)
            handler.end_headers()
            step = 1 if reply.drip_s else max(1, len(reply.body))
            for at in range(0, len(reply.body), step):
                handler.wfile.write(reply.body[at : at + step])
                self.release.wait(reply.drip_s)
        except OSError:
            pass  # whoever asked has left

    def close(self) -> None:
        self.release.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


@contextmanager
def running() -> Iterator[EndpointServer]:
    server = EndpointServer()
    try:
        yield server
    finally:
        server.close()

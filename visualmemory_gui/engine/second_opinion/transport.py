"""One question to an endpoint over HTTP, with limits on time and size. No redirect is followed."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from visualmemory_gui.engine.errors import EndpointError
from visualmemory_gui.engine.processes.call_thread import CallThread
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.second_opinion import answer
from visualmemory_gui.engine.second_opinion.endpoint import KEY_VARIABLE, Endpoint, Key
from visualmemory_gui.engine.text.visible_text import visible

_CHUNK = 1 << 16
_SAID = 200


@dataclass(frozen=True, slots=True)
class AnswerLimits:
    """How long to wait for a connection, for the next bytes, and for all of it; and how large an answer may be."""

    connect_s: float = 10.0
    silence_s: float = 120.0
    whole_s: float = 180.0
    answer_bytes: int = 1 << 20


LIMITS = AnswerLimits()


def post(
    endpoint: Endpoint, body: bytes, *, key: Key | None = None, limits: AnswerLimits = LIMITS, report: Report = silent
) -> bytes:
    """Send ``body`` and return what the endpoint answers with status 200.

    ``report`` is called all the while: it may stop the wait by raising. Raises EndpointError, in words that say what to
    do, and what ``report`` raises; the connection is cut then.
    """
    began = time.monotonic()

    def look() -> None:
        report(0, None, f"Waiting for {endpoint.host}")
        if time.monotonic() - began > limits.whole_s:
            raise EndpointError(f"{endpoint.host} took longer than {limits.whole_s:.0f} s; nothing more is awaited")

    exchange = _Exchange(endpoint, body, key=key, limits=limits)
    with CallThread("second opinion") as calls:
        try:
            return calls.run(exchange.answer, look)
        finally:
            exchange.cut()


class _Exchange:
    """A question and its answer over one connection."""

    def __init__(self, endpoint: Endpoint, body: bytes, *, key: Key | None, limits: AnswerLimits) -> None:
        self._endpoint, self._body, self._key, self._limits = endpoint, body, key, limits
        self._connection = _connection(endpoint, limits)
        self._socket: socket.socket | None = None  # the connection lets go of its own while the answer is still read

    def answer(self) -> bytes:
        """What the endpoint answers with status 200. Raises EndpointError."""
        try:
            return self._exchanged()
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise EndpointError(_why(error, self._endpoint.host, self._limits)) from error
        finally:
            self._connection.close()

    def cut(self) -> None:
        """End the connection, also while another thread waits for the answer."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def _exchanged(self) -> bytes:
        self._connection.connect()
        self._socket = self._connection.sock
        self._socket.settimeout(self._limits.silence_s)
        self._connection.request("POST", self._endpoint.path, self._body, dict(self._headers()))
        with self._connection.getresponse() as response:
            if 300 <= response.status < 400:
                raise EndpointError(_redirected(response.getheader("Location"), self._endpoint.host))
            content = _read(response, self._limits.answer_bytes)
            if response.status != http.client.OK:
                raise EndpointError(self._refused(response, content))
            return content

    def _headers(self) -> Mapping[str, str]:
        headers = {"Content-Type": "application/json", "Accept": "application/json", "Accept-Encoding": "identity"}
        return headers | ({"Authorization": f"Bearer {self._key.secret}"} if self._key else {})

    def _refused(self, response: http.client.HTTPResponse, content: bytes) -> str:
        """What a status other than 200 means, in words."""
        host, status = self._endpoint.host, response.status
        if status in (401, 403):
            where = f"check the one in {self._key.found_in}" if self._key else f"set it in {KEY_VARIABLE}"
            return f"{host} {'refused the key' if self._key else 'wants a key'} ({status}): {where}"
        said = self._said(content)
        if status == 429:
            return f"{host} takes no more questions for now (429){_wait(response.getheader('Retry-After'))}{said}"
        if status == 404:
            return f"{host} has no model {self._endpoint.model!r}, or none at this address (404){said}"
        if status >= 500:
            return f"{host} has a fault of its own ({status}): try again later{said}"
        return f"{host} did not accept the question ({status}); the model may not take images or a JSON schema{said}"

    def _said(self, content: bytes) -> str:
        """What the server says itself, without the key should it repeat it."""
        try:
            found = answer.loaded(content)
        except EndpointError:
            return ""
        inner = found.get("error", found) if isinstance(found, dict) else None
        text = inner.get("message") if isinstance(inner, dict) else inner
        if not isinstance(text, str) or not text.strip():
            return ""
        safe = text.replace(self._key.secret, "…") if self._key else text
        return f". It says: {visible(' '.join(safe.split()))[:_SAID]}"


def _connection(endpoint: Endpoint, limits: AnswerLimits) -> http.client.HTTPConnection:
    host, port = endpoint.parts.hostname or "", endpoint.parts.port
    if endpoint.parts.scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=limits.connect_s)
    context = ssl.create_default_context()
    return http.client.HTTPSConnection(host, port, timeout=limits.connect_s, context=context)


def _read(response: http.client.HTTPResponse, most: int) -> bytes:
    """The body, at most so many bytes. Raises EndpointError."""
    parts: list[bytes] = []
    size = 0
    while chunk := response.read(min(_CHUNK, most + 1)):
        parts.append(chunk)
        size += len(chunk)
        if size > most:
            raise EndpointError(f"the answer is larger than {most / 1e6:.1f} MB, so it was not read to its end")
    if response.length:  # of a Content-Length that was not reached
        raise EndpointError("the connection ended before the answer was complete")
    return b"".join(parts)


def _redirected(location: str | None, host: str) -> str:
    try:
        to = urlsplit(location or "").netloc or host
    except ValueError:
        to = ""
    return (
        f"{host} points to {visible(to)[:_SAID] or 'another address'}, where nothing was sent: "
        "if you trust it, set the endpoint to its address"
    )


def _wait(retry_after: str | None) -> str:
    seconds = (retry_after or "").strip()
    return f": it asks to wait {int(seconds):,} s" if seconds.isdecimal() and len(seconds) < 7 else ""


def _why(error: Exception, host: str, limits: AnswerLimits) -> str:
    """Why there is no answer, in words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{host} does not prove who it is ({error.verify_message}), so nothing was sent"
    if isinstance(error, socket.gaierror):
        return f"there is no host {host}, or no connection to find it"
    if isinstance(error, ConnectionRefusedError):
        return f"nothing answers at {host}: is the server running?"
    if isinstance(error, TimeoutError):
        return f"{host} did not answer in time ({limits.connect_s:.0f} s to connect, {limits.silence_s:.0f} s after)"
    if isinstance(error, http.client.RemoteDisconnected | http.client.IncompleteRead):
        return f"{host} ended the connection before its answer was complete"
    if isinstance(error, http.client.HTTPException | ValueError):
        return f"what came back from {host} is not HTTP; check its address"
    return f"the connection to {host} failed ({getattr(error, 'strerror', None) or type(error).__name__})"

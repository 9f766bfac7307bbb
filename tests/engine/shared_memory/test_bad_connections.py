"""What is at an address in place of a Milvus server that answers is told apart, by real sockets: each in words."""

from __future__ import annotations

import http.server
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest

from visualmemory_gui.engine.errors import ServerError
from visualmemory_gui.engine.shared_memory import milvus_server
from visualmemory_gui.engine.shared_memory.address import AUTHORITY, Credentials, SharedAddress
from visualmemory_gui.engine.shared_memory.milvus_server import MilvusServer


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


class _Calls(grpc.GenericRpcHandler):
    """Agrees to every call, or refuses it as a Milvus server with a password does."""

    def __init__(self, *, refused: bool) -> None:
        self._refused = refused

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        def answer(_: bytes, context: grpc.ServicerContext) -> bytes:
            if self._refused:
                context.abort(
                    grpc.StatusCode.UNAUTHENTICATED,
                    "auth check failure, please check username and password are correct",
                )
            return b""

        return grpc.unary_unary_rpc_method_handler(answer)


class _Certificate:
    """A certificate of localhost, or others, that no authority has signed."""

    def __init__(self, room: Path, names: str = "DNS:localhost,IP:127.0.0.1") -> None:
        self.key, self.pem = room / "key.pem", room / "cert.pem"
        command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
        subprocess.run(
            [*command.split(), "-addext", f"subjectAltName={names}", "-keyout", self.key, "-out", self.pem],
            check=True,
            capture_output=True,
        )


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not answer is not waited for long."""
    monkeypatch.setattr(milvus_server, "TIMEOUT_S", 2.0)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> _Certificate:
    return _Certificate(tmp_path_factory.mktemp("certificate"))


@contextmanager
def web_server(certificate: _Certificate | None = None) -> Iterator[int]:
    """The port of a server of web pages, encrypted with a ``certificate``."""
    served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Html)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.pem, certificate.key)
        context.set_alpn_protocols(["h2", "http/1.1"])
        served.socket = context.wrap_socket(served.socket, server_side=True)
        served.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield served.server_port
    served.shutdown()
    thread.join()
    served.server_close()


@contextmanager
def server_of_calls(*, refused: bool = False) -> Iterator[int]:
    """The port of a server that answers as Milvus does, without TLS."""
    with futures.ThreadPoolExecutor(2) as pool:
        server = grpc.server(pool)
        server.add_generic_rpc_handlers((_Calls(refused=refused),))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield port
        finally:
            server.stop(None).wait()


def said_of(uri: str, credentials: Credentials | None = None) -> str:
    """What is said of the server at ``uri``."""
    with pytest.raises(ServerError) as error:
        MilvusServer(uri, name="HOST:PORT", credentials=credentials).has("m")
    return str(error.value)


def test_a_server_that_is_gone() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    assert "the server HOST:PORT does not answer" in said_of(f"http://127.0.0.1:{port}")


def test_a_server_that_takes_the_connection_and_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert "does not answer" in said_of(f"http://127.0.0.1:{silent.getsockname()[1]}")


def test_the_page_of_a_proxy() -> None:
    with web_server() as port:
        assert "answers, but not as a Milvus server" in said_of(f"http://127.0.0.1:{port}")


def test_a_certificate_that_does_not_verify(certificate: _Certificate) -> None:
    with web_server(certificate) as port:
        assert "its certificate does not verify" in said_of(f"https://localhost:{port}")


def test_a_certificate_is_checked_against_the_authority_that_the_environment_names(
    certificate: _Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(AUTHORITY, str(certificate.pem))
    with web_server(certificate) as port:
        address = SharedAddress.of(f"milvus+https://localhost:{port}/m")
        said = said_of(address.uri, Credentials.of(address))
    assert "certificate" not in said
    assert "TLS" not in said


def test_a_certificate_of_another_host(tmp_path: Path) -> None:
    other = _Certificate(tmp_path, "DNS:elsewhere.example")
    with web_server(other) as port:
        said = said_of(f"https://localhost:{port}", Credentials(authority=str(other.pem)))
    assert "its certificate is that of another host" in said


def test_a_server_of_another_kind() -> None:
    with futures.ThreadPoolExecutor(1) as pool:
        server = grpc.server(pool)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            assert "answers, but not as a Milvus server" in said_of(f"http://127.0.0.1:{port}")
        finally:
            server.stop(None).wait()


def test_a_server_without_tls() -> None:
    with web_server() as port:
        assert "it speaks no TLS" in said_of(f"https://localhost:{port}")


def test_a_server_that_asks_for_tls(certificate: _Certificate) -> None:
    with web_server(certificate) as port:
        assert "HOST:PORT" in said_of(f"http://localhost:{port}")


def test_an_encrypted_address_takes_no_connection_that_is_there_without_tls() -> None:
    with server_of_calls() as port:
        plain = MilvusServer(f"http://localhost:{port}", name="HOST:PORT")
        try:
            assert "it speaks no TLS" in said_of(f"https://localhost:{port}")
        finally:
            plain.close()


def test_a_wrong_password_is_told_and_not_shown() -> None:
    with server_of_calls(refused=True) as port:
        for given in (Credentials(), Credentials(user="me", password="S3cret"), Credentials(token="root:S3cret")):
            said = said_of(f"http://127.0.0.1:{port}", given)
            assert "refuses these credentials" in said
            assert "S3cret" not in said

"""The endpoint: where a model is asked, at what price, and with which key."""

from __future__ import annotations

import ipaddress
import math
import os
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.files import user_keyring
from visualmemory_gui.engine.text.visible_text import visible

KEY_VARIABLE = "VISUALMEMORY_ENDPOINT_KEY"
"""The environment variable that holds the key; it comes before the system's keyring."""
SERVICE = "visualmemory_gui"
"""Under this name, with the endpoint's host as the user, the system's keyring holds the key."""
MOST_MODEL = 200
_PATH = "/chat/completions"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server that speaks the protocol of OpenAI's chat completions, and the ``model`` to ask there.

    ``url`` is its base, such as ``https://api.example.org/v1``. The prices are the user's own figures for a million
    tokens of question and answer, in any currency; None where the user gave none. Raises BadValue for an address that
    is neither https nor on this computer, that holds a password, or that is none.
    """

    url: str
    model: str
    price_in: float | None = None
    price_out: float | None = None
    parts: SplitResult = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "url", self.url.strip())
        object.__setattr__(self, "model", self.model.strip())
        object.__setattr__(self, "parts", _split(self.url))
        if not self.model or len(self.model) > MOST_MODEL or visible(self.model) != self.model:
            raise BadValue("the model needs a name as its endpoint lists it, on one line")
        for price in (self.price_in, self.price_out):
            if price is not None and not (math.isfinite(price) and price >= 0.0):
                raise BadValue(f"a price must be 0 or more for a million tokens, not {price}")

    @property
    def host(self) -> str:
        """The host, with its port where one is given: "api.example.org", "127.0.0.1:8000"."""
        return self.parts.netloc

    @property
    def path(self) -> str:
        """Where on the host the question goes: "/v1/chat/completions"."""
        path = self.parts.path.rstrip("/") or "/v1"
        return path if path.endswith(_PATH) else path + _PATH

    def cost(self, tokens_in: int | None, tokens_out: int | None) -> float | None:
        """What so many tokens cost by the user's own prices; None where a figure is missing."""
        if self.price_in is None or self.price_out is None or tokens_in is None or tokens_out is None:
            return None
        return (self.price_in * tokens_in + self.price_out * tokens_out) / 1e6


@dataclass(frozen=True, slots=True)
class Key:
    """The key of an endpoint, which nothing prints, and where it was found."""

    secret: str = field(repr=False)
    found_in: str

    def __post_init__(self) -> None:
        if not (self.secret.isascii() and self.secret.isprintable()) or " " in self.secret:
            raise BadValue(f"the key in {self.found_in} holds characters that no key has; set it again")


def key_of(endpoint: Endpoint) -> Key | None:
    """The user's key for this endpoint, from the environment or the system's keyring; None where there is none."""
    if given := os.environ.get(KEY_VARIABLE, "").strip():
        return Key(given, f"the environment variable {KEY_VARIABLE}")
    stored = user_keyring.secret_of(SERVICE, endpoint.host)
    return Key(stored, "the system's keyring") if stored else None


def store_key(endpoint: Endpoint, secret: str) -> None:
    """Put the key into the system's keyring, and nowhere else. Raises BadValue."""
    checked = Key(secret.strip(), "the field").secret
    if not user_keyring.is_reachable():
        raise BadValue(f"install the package keyring to store a key, or set {KEY_VARIABLE}")
    try:
        user_keyring.keep_secret(SERVICE, endpoint.host, checked)
    except BadValue as error:
        raise BadValue(f"{error}; set {KEY_VARIABLE} instead") from error


def _split(url: str) -> SplitResult:
    """The parts of an address that images may be sent to. Raises BadValue."""
    shown = visible(url)[:200]
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        parts.port  # noqa: B018  # raises ValueError for one that is no number
    except ValueError:
        raise BadValue(f"{shown!r} is not the address of an endpoint") from None
    if parts.scheme not in ("http", "https") or not host or shown != url or " " in url or not url.isascii():
        raise BadValue(f"an endpoint is an address like https://api.example.org/v1, not {shown!r}")
    if parts.username is not None or parts.query or parts.fragment:
        raise BadValue(f"an endpoint's address holds no key: keep it in {KEY_VARIABLE} or in the system's keyring")
    if parts.scheme == "http" and not _is_here(host):
        raise BadValue(f"images go to {host} through https only; http is for a server on this computer")
    return parts


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

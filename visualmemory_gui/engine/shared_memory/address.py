"""The address of a shared memory, ``milvus+http(s)://host:port/collection``, and the credentials for it.

Credentials are no part of an address, so that they are in no name, no log and no history of a shell.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.files import user_keyring

SCHEMES = {"milvus+http": False, "milvus+https": True}
"""Each scheme, and whether the connection is encrypted."""
PORT = 19530
TOKEN, USER, PASSWORD = "VISUALMEMORY_MILVUS_TOKEN", "VISUALMEMORY_MILVUS_USER", "VISUALMEMORY_MILVUS_PASSWORD"
AUTHORITY = "VISUALMEMORY_MILVUS_CA"
KEYRING = "visualmemory_gui milvus"
"""The service under which the system's keyring keeps the token of a server, by ``host:port``."""
_COLLECTION = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")
_FORM = "an address is milvus+http://HOST:PORT/COLLECTION, or milvus+https:// for an encrypted connection"


@dataclass(frozen=True, slots=True)
class SharedAddress:
    """Where a shared memory is: a collection on a server."""

    host: str
    port: int
    collection: str
    secure: bool = False

    @classmethod
    def of(cls, text: str) -> SharedAddress:
        """The address that ``text`` spells. Raises BadValue for any that is not one, without repeating a password."""
        parts = _split(text)
        if parts.username is not None or parts.password is not None:
            raise BadValue(
                f"an address holds no user and no password: set {TOKEN}, or {USER} and {PASSWORD}, "
                "or keep a token in the system's keyring"
            )
        if parts.query or parts.fragment:
            raise BadValue(f"{text[:200]!a} has more than a collection after its host; {_FORM}")
        collection = parts.path.strip("/")
        if not collection:
            raise BadValue(f"{text[:200]!a} names no collection; {_FORM}")
        if not _COLLECTION.fullmatch(collection):
            raise BadValue(
                f"{collection[:200]!a} is not the name of a collection: letters, digits and _, not a digit first"
            )
        assert parts.hostname is not None
        return cls(parts.hostname, _port(parts, text), collection, SCHEMES[parts.scheme])

    @property
    def server(self) -> str:
        """``host:port``."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def uri(self) -> str:
        """What a client connects to."""
        return f"{'https' if self.secure else 'http'}://{self.server}"

    def __str__(self) -> str:
        """As ``of`` reads it."""
        return f"milvus+{self.uri}/{self.collection}"

    @property
    def file_name(self) -> str:
        """A name for what this machine keeps of it, different for each address."""
        return f"{self.collection[:60]}-{hashlib.sha256(str(self).encode()).hexdigest()[:16]}"


def is_shared(memory: str | os.PathLike[str]) -> bool:
    """Whether ``memory`` is spelled as the address of a shared memory, right or wrong, and not as a folder's path."""
    return str(memory).startswith(tuple(f"{scheme}:" for scheme in SCHEMES))


def address_of(memory: str | os.PathLike[str]) -> SharedAddress | None:
    """The address that ``memory`` spells; None for a folder's path, and for an address that is wrong."""
    try:
        return SharedAddress.of(str(memory)) if is_shared(memory) else None
    except BadValue:
        return None


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a server asks for, all of it optional; shown nowhere.

    ``authority`` is the file of certificates that a server's own is checked against; None: those of the system.
    """

    token: str = field(default="", repr=False)
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    authority: str | None = None

    @classmethod
    def of(cls, address: SharedAddress, *, token: str = "") -> Credentials:
        """``token`` if it is given, else from the environment, else from the system's keyring where there is one.
        Raises BadValue."""
        authority = os.environ.get(AUTHORITY) or None
        if authority is not None and not Path(authority).is_file():
            raise BadValue(f"{AUTHORITY} names {authority!a}, which is not a file")
        if token:
            return cls(token=token, authority=authority)
        token, user, password = (os.environ.get(name, "") for name in (TOKEN, USER, PASSWORD))
        if bool(user) != bool(password) and not token:
            raise BadValue(f"{USER} and {PASSWORD} belong together: set both, or {TOKEN} alone")
        if not token and not user:
            token = user_keyring.secret_of(KEYRING, address.server) or ""
        return cls(token, user, password, authority)


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
    except ValueError:
        raise BadValue(f"{text[:200]!a} is not an address; {_FORM}") from None
    if parts.scheme not in SCHEMES:
        raise BadValue(f"{parts.scheme[:40]!a} is no scheme of a shared memory; {_FORM}")
    if not parts.hostname:
        raise BadValue(f"the address names no host; {_FORM}")
    return parts


def _port(parts: SplitResult, text: str) -> int:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise BadValue(f"{text[:200]!a} has no port from 1 to 65535; {_FORM}")
    return port or PORT

"""Hashes of 64 bits that find damage: of rows, vectors, thumbnails; and the digest of a whole table.

All are BLAKE2b cut to 8 bytes, read as a signed little-endian integer, as SQLite keeps integers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from json import encoder
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from visualmemory_gui.engine.types import F32


def _row_encoder() -> Callable[[tuple[Any, ...]], str]:
    """What writes a row as JSON, bytes as hex. ``JSONEncoder.encode`` makes its encoder in C anew for every row, which
    takes as long as using it; where there is none in C, it is used as it is."""
    slow = json.JSONEncoder(default=bytes.hex, check_circular=False)  # values of one row hold no others
    make = getattr(encoder, "c_make_encoder", None)
    if make is None:
        return slow.encode
    separators = slow.key_separator, slow.item_separator
    fast = make(None, bytes.hex, encoder.encode_basestring_ascii, None, *separators, False, False, True)
    return lambda row: "".join(fast(row, 0))


_as_json = _row_encoder()


def hash64(data: bytes | memoryview) -> int:
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little", signed=True)


def seal(*values: Any) -> int:
    """Checksum over the columns of a row. Equal values give equal seals on every Python version and machine."""
    return hash64(_as_json(values).encode())


def added(digest: int, *checksums: int) -> int:
    """``digest`` with ``checksums`` added modulo 2^64: the same in any order. Subtract one by adding its negative."""
    total = (digest + sum(checksums)) & 0xFFFF_FFFF_FFFF_FFFF
    return total - (1 << 64) if total >= 1 << 63 else total


def vector_hash(vector: F32) -> int:
    """The hash of a vector, equal for bit-equal ones: it groups twins in the index and reveals a damaged vector."""
    return hash64(vector.astype("<f4", copy=False).tobytes())


def content_key(content: str | None) -> int:
    """The first 64 bits of a content id (hex), 0 for none."""
    return int.from_bytes(bytes.fromhex(content[:16]), "little", signed=True) if content else 0


def group_key(group: str | None) -> int:
    """A group's name as a number, 0 for none."""
    return hash64(group.encode("utf-8", "surrogatepass")) if group else 0

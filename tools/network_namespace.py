"""Runs a command in a network namespace of its own, where only the loopback device is: without any network.

``python -m tools.network_namespace COMMAND…``. It needs root, or the right to make user namespaces.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Sequence

_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 0x1
_INSIDE = "NETWORK_NAMESPACE"


def prefix() -> list[str] | None:
    """The command that runs another in a network namespace of its own; None where there can be none."""
    for alone in (["unshare", "--net"], ["unshare", "--net", "--map-root-user"]):
        try:
            if subprocess.run([*alone, "true"], capture_output=True, check=False).returncode == 0:
                return alone
        except OSError:
            return None
    return None


def raise_loopback() -> None:
    """A new namespace has a loopback device that is down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(any_socket, _GET_FLAGS, request))[1]
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sH14x", b"lo", flags | _UP))


def main(command: Sequence[str]) -> int:
    """Becomes ``command``, under the same process id; returns 1 where there is no namespace."""
    inside, alone = os.environ.pop(_INSIDE, None), prefix()
    if not command or alone is None:
        print("no network namespace can be made here" if command else __doc__, file=sys.stderr)
        return 1
    if inside:
        raise_loopback()
    else:
        os.environ[_INSIDE] = "1"
    again = list(command) if inside else [*alone, sys.executable, "-m", "tools.network_namespace", *command]
    os.execvp(again[0], again)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

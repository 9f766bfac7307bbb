"""The file system under a memory, and what it cannot do: addresses, network mounts, read-only media, lost drives."""

from __future__ import annotations

import os
import re
from pathlib import Path

from visualmemory_gui.engine.errors import BadValue, MemoryGone, NetworkMemory

MOUNTS = Path("/proc/mounts")

# SQLite's write-ahead log needs memory shared by all readers and writers, which these cannot offer across machines.
_NETWORK = re.compile(
    r"(fuse\.)?(nfs\d?|cifs|smb\d?|smbfs|smbnetfs|ncpfs|afs|ceph|glusterfs|lustre|beegfs|orangefs|gpfs"
    r"|davfs\d?|sshfs|rclone|s3fs|curlftpfs|gcsfuse)"
)


# Also an address after Path has made one slash of its two. A single letter is a drive.
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/|.*://", re.DOTALL)


def folder_at(place: str | Path) -> Path:
    """The folder that ``place`` names, whether or not it exists. Raises BadValue for an address: it names no folder."""
    if str(place).startswith("milvus+"):
        raise BadValue(
            f"{str(place)[:200]!a} is an address: this needs a memory in a folder on this computer; "
            "`visualmemory pull URL FOLDER --sample N` makes one of a part of a shared memory"
        )
    if _ADDRESS.match(str(place)):
        raise BadValue(
            f"{str(place)[:200]!a} is an address: a memory is a folder on this computer, named by its path, "
            "or a shared one, milvus+http://HOST:PORT/COLLECTION"
        )
    return Path(place)


def refuse_network(folder: Path, *, mounts: Path = MOUNTS) -> None:
    """Raise NetworkMemory when ``folder`` (or where it would be made) lies on a network file system."""
    mount, kind = mount_of(folder, mounts=mounts)
    if _NETWORK.fullmatch(kind):
        raise NetworkMemory(
            f"{folder} lies on the network file system {mount} ({kind}), where a memory can be damaged. "
            "Keep the memory on a local disk; to share it, export a bundle and put that on the network."
        )


def mount_of(folder: Path, *, mounts: Path = MOUNTS) -> tuple[str, str]:
    """The mount point that holds ``folder`` and its kind of file system; ("/", "") where the system does not say."""
    target = os.path.realpath(folder)
    best = ("/", "")
    try:
        table = mounts.read_text("utf-8", "surrogateescape")
    except OSError:
        return best
    for line in table.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = _unescaped(fields[1])
        inside = target == point or target.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best[0]):
            best = (point, fields[2])
    return best


def is_read_only(folder: Path) -> bool:
    """True when this process cannot make files in ``folder``: a read-only medium or no permission."""
    return not os.access(folder, os.W_OK | os.X_OK)


def identity_of(file: str | Path) -> tuple[int, int] | None:
    """What distinguishes ``file`` from one put in its place: its device and its number there; None if it is missing."""
    try:
        found = os.stat(file)  # noqa: PTH116 - each edit calls this, and Path.stat takes twice as long
    except OSError:
        return None
    return found.st_dev, found.st_ino


def require_there(file: str, identity: tuple[int, int] | None) -> None:
    """Raise MemoryGone when ``file`` is not what it was: what is written to an open database is then lost."""
    if identity_of(file) != identity:
        raise MemoryGone(
            f"{Path(file).parent} is no longer there: its drive was disconnected, or another program moved or removed "
            "it. Nothing was changed."
        )


def _unescaped(point: str) -> str:
    r"""/proc/mounts writes a space as \040, a newline as \012."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), point)

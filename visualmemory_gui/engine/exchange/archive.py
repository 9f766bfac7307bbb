"""A bundle's zip archive: written with a list of hashes, and read with the suspicion due to a stranger's file."""

from __future__ import annotations

import hashlib
import json
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from visualmemory_gui.engine.errors import ExchangeError
from visualmemory_gui.engine.files.atomic_file import create
from visualmemory_gui.engine.projection import MOST_BYTES

MANIFEST = "manifest.json"
TABLE = "exemplars.parquet"
PROJECTION = "projection.f32"
NAME = re.compile(
    r"manifest\.json|exemplars\.parquet|projection\.f32|images/[0-9a-f]{64}\.[a-z0-9]{1,8}|thumbnails/[0-9a-f]{64}\.jpg"
)
LARGEST = {"images": 1 << 30, "thumbnails": 1 << 20, MANIFEST: 1 << 28, TABLE: 1 << 36, PROJECTION: MOST_BYTES}
MOST_EXPANSION = 100  # images and vectors hardly compress: more is a zip bomb
FREE_EXPANSION = 1 << 26
CHUNK = 1 << 20
BROKEN = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError,
    struct.error, OverflowError, KeyError, IndexError, UnicodeError,
)  # fmt: skip


class ArchiveWriter:
    """Adds members, recording size and sha256 of each; ``finish`` writes the manifest with them."""

    def __init__(self, file: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True)
        self._members: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> ArchiveWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def put(self, folder: str, data: bytes, suffix: str) -> str:
        """Store bytes once, named by their hash. Returns the hash."""
        sha256 = hashlib.sha256(data).hexdigest()
        name = f"{folder}/{sha256}{suffix}"
        if name not in self._members:
            self.put_bytes(name, data)
        return sha256

    def put_bytes(self, name: str, data: bytes) -> None:
        """Store ``data`` as the member ``name``."""
        self._zip.writestr(zipfile.ZipInfo(name), data)
        self._members[name] = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}

    def put_file(self, name: str, path: Path) -> None:
        """Store the file at ``path`` as the member ``name``."""
        digest, size = hashlib.sha256(), 0
        with path.open("rb") as source, self._zip.open(zipfile.ZipInfo(name), "w", force_zip64=True) as target:
            while chunk := source.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
                target.write(chunk)
        self._members[name] = {"size": size, "sha256": digest.hexdigest()}

    def finish(self, manifest: dict[str, Any]) -> None:
        """Write ``manifest``, with the list of members, as the last member."""
        text = json.dumps({**manifest, "members": self._members}, indent=1)
        self._zip.writestr(zipfile.ZipInfo(MANIFEST), text, zipfile.ZIP_DEFLATED)


class Reader:
    """A bundle whose list of members has passed every check; each member is checked again when read."""

    def __init__(self, archive: zipfile.ZipFile, name: str) -> None:
        self._zip = archive
        self._name = name
        self.infos = {info.filename: info for info in archive.infolist()}
        self.manifest: dict[str, Any] = {}

    def refuse(self, reason: str) -> ExchangeError:
        """The error that says why the bundle cannot be imported."""
        return ExchangeError(f"{self._name} cannot be imported: {reason}")

    def check(self, packed_size: int) -> None:
        """Raises ExchangeError unless every member is allowed and listed in the manifest."""
        infos = self._zip.infolist()
        if len(infos) != len(self.infos):
            raise self.refuse("a member is in it twice")
        for info in infos:
            self._check_member(info)
        if sum(info.compress_size for info in infos) > packed_size:
            raise self.refuse("its members overlap")
        unpacked = sum(info.file_size for info in infos)
        if unpacked > MOST_EXPANSION * packed_size + FREE_EXPANSION:
            raise self.refuse(f"it would unpack to {unpacked:,} bytes, more than a bundle of its size can hold")
        self.manifest = self._read_manifest()

    def _check_member(self, info: zipfile.ZipInfo) -> None:
        shown = ascii(info.filename[:80])
        if not NAME.fullmatch(info.filename) or info.orig_filename != info.filename:
            raise self.refuse(f"{shown} is not a member of a bundle")
        mode = info.external_attr >> 16
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG) or info.flag_bits & 1:
            raise self.refuse(f"{shown} is a link, a device or encrypted")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise self.refuse(f"{shown} uses a compression that is not supported")
        if info.file_size > LARGEST[info.filename.split("/")[0]]:
            raise self.refuse(f"{shown} is too large ({info.file_size:,} bytes)")

    def _read_manifest(self) -> dict[str, Any]:
        for needed in (MANIFEST, TABLE):
            if needed not in self.infos:
                raise self.refuse(f"it has no {needed}, so it is not a bundle of a visual memory")
        try:
            manifest: object = json.loads(b"".join(self._chunks(MANIFEST)))
        except (ValueError, RecursionError):
            raise self.refuse("its manifest cannot be read") from None
        members = manifest.get("members") if isinstance(manifest, dict) else None
        if (
            not isinstance(manifest, dict)
            or not isinstance(members, dict)
            or set(members) != set(self.infos) - {MANIFEST}
        ):
            raise self.refuse("its manifest does not list what is in it")
        return manifest

    def _chunks(self, name: str) -> Iterator[bytes]:
        info, left = self.infos[name], self.infos[name].file_size
        try:
            with self._zip.open(info) as source:
                while chunk := source.read(CHUNK):
                    left -= len(chunk)
                    if left < 0:
                        raise self.refuse(f"{name} is larger than it says")
                    yield chunk
        except BROKEN as error:
            raise self.refuse(f"{name} is damaged ({error})") from error
        if left:
            raise self.refuse(f"{name} is cut off")

    def checked(self, name: str) -> Iterator[bytes]:
        """The member's bytes in pieces; raises ExchangeError at the end when they are not what the manifest says."""
        listed, digest, size = self.manifest["members"][name], hashlib.sha256(), 0
        for chunk in self._chunks(name):
            digest.update(chunk)
            size += len(chunk)
            yield chunk
        told = (listed.get("size"), listed.get("sha256")) if isinstance(listed, dict) else None
        named = Path(name).stem
        if told != (size, digest.hexdigest()) or ("/" in name and named != digest.hexdigest()):
            raise self.refuse(f"{name} is damaged: it is not what the manifest says")

    def read(self, name: str) -> bytes:
        """The member's bytes, checked as by ``checked``."""
        return b"".join(self.checked(name))

    def extract(self, name: str, target: Path) -> None:
        """Write the member to the new file ``target``, checked as by ``checked``."""
        with create(target) as file:
            for chunk in self.checked(name):
                file.write(chunk)


def unreadable(path: Path, error: OSError | ValueError) -> ExchangeError:
    """What is said of a file that the system does not let be read."""
    return ExchangeError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}")


@contextmanager
def reading(path: Path) -> Iterator[Reader]:
    """Open a bundle and check its list of members. Raises ExchangeError for anything that is not one."""
    try:
        found = path.stat()
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    if not stat.S_ISREG(found.st_mode):
        raise ExchangeError(f"{path} is not a file")
    try:
        archive = zipfile.ZipFile(path)
    except (*BROKEN, OSError) as error:
        raise ExchangeError(f"{path.name} is not a readable bundle ({error})") from None
    with archive:
        reader = Reader(archive, path.name)
        reader.check(found.st_size)
        yield reader

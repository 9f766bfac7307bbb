"""Shards: a folder of Parquet files of vectors, which a build on several machines fills and an import takes.

Each is complete under a name that ends with its checksum: ``part-000012-<16 hex of SHA-256>.parquet``. One that was cut
short, or changed since, does not fit its name. In its description it lists the files that it covers, so that a build
that goes on knows what is left to do. ``shards.json`` says which encoder made the vectors, and whether the build ended.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from visualmemory_gui.engine.errors import BadValue, ExchangeError, StorageError
from visualmemory_gui.engine.exchange.import_rows import checked_identity
from visualmemory_gui.engine.exchange.table import ENCODER_KEY
from visualmemory_gui.engine.files import atomic_file
from visualmemory_gui.engine.files.path_kind import is_file
from visualmemory_gui.engine.types import EncoderIdentity, NewExemplar, Skipped

MANIFEST = "shards.json"
FORMAT, VERSION = "visualmemory-shards", 1
NAME = re.compile(r"part-(\d{6,9})-([0-9a-f]{16})\.parquet")
FILES_KEY = "visualmemory.files"
LONGEST_MANIFEST = 1 << 20
_TEXTS = ("label", "source", "sha256", "content", "group")


@dataclass(frozen=True, slots=True)
class CoveredFile:
    """A file that a shard covers: its name, its label, and what shows that it was changed since; ``reason`` says why it
    cannot be used, None where it is a row."""

    name: str
    label: str
    stamp: str
    reason: str | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        return self.name, self.label, self.stamp


@dataclass(frozen=True, slots=True)
class Manifest:
    """What ``shards.json`` says; ``origin`` is the folder or the address that was read."""

    encoder: EncoderIdentity
    origin: str
    complete: bool
    shards: int = 0
    exemplars: int = 0


def is_shards(folder: Path) -> bool:
    """Whether ``folder`` is one of shards."""
    return is_file(folder / MANIFEST)


def read_manifest(folder: Path) -> Manifest:
    """What the folder says of itself. Raises ExchangeError."""
    try:
        with atomic_file.open_own(folder / MANIFEST) as file:
            found = json.loads(file.read(LONGEST_MANIFEST))
        if found["format"] != FORMAT or not isinstance(found["version"], int):
            raise ValueError("it is of another format")
        if found["version"] > VERSION:
            raise ValueError("a newer version of Visual Memory wrote it")
        counts = [found[name] for name in ("shards", "exemplars")]
        if not all(isinstance(count, int) and count >= 0 for count in counts):
            raise ValueError("it does not say how many shards there are")
        return Manifest(checked_identity(found["encoder"]), str(found["origin"]), found["complete"] is True, *counts)
    except (OSError, ValueError, KeyError, TypeError, RecursionError, BadValue) as error:
        raise ExchangeError(f"{folder / MANIFEST} cannot be read: {error}") from None


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Put ``shards.json`` in its place. Raises StorageError."""
    said = {**asdict(manifest), "encoder": manifest.encoder.to_json(), "format": FORMAT, "version": VERSION}
    _write(folder / MANIFEST, json.dumps(said, indent=1).encode())


def write_shard(
    folder: Path, number: int, encoder: EncoderIdentity, rows: Sequence[NewExemplar], files: Sequence[CoveredFile]
) -> Path:
    """Put one shard in its place, complete or not at all. Raises StorageError."""
    data = _parquet(encoder, rows, files)
    path = folder / f"part-{number:06}-{hashlib.sha256(data).hexdigest()[:16]}.parquet"
    _write(path, data)
    return path


def _write(path: Path, data: bytes) -> None:
    try:
        with atomic_file.write(path) as file:
            file.write(data)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror or error}") from error


def _parquet(encoder: EncoderIdentity, rows: Sequence[NewExemplar], files: Sequence[CoveredFile]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, Any] = {name: pa.array([getattr(row, name) for row in rows], pa.string()) for name in _TEXTS}
    columns |= {name: pa.array([getattr(row, name) for row in rows], pa.int32()) for name in ("width", "height")}
    columns["jpeg"] = pa.array(
        [row.thumbnail and base64.b64encode(row.thumbnail).decode() for row in rows], pa.string()
    )
    columns["vector"] = pa.array([row.vector for row in rows], pa.list_(pa.float32()))
    covered = json.dumps([[one.name, one.label, one.stamp, one.reason] for one in files])
    said = {ENCODER_KEY: json.dumps(encoder.to_json()), FILES_KEY: covered}
    out = BytesIO()
    pq.write_table(pa.table(columns).replace_schema_metadata(said), out)
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class FoundShards:
    """The shards in a folder: ``whole`` by number, and the ``damaged`` files, which do not fit their names."""

    whole: Mapping[int, Path]
    damaged: tuple[Path, ...]


def found_shards(folder: Path) -> FoundShards:
    """Look at every shard in ``folder``, and remove what writers that were killed left behind."""
    atomic_file.sweep(folder)
    whole: dict[int, Path] = {}
    damaged: list[Path] = []
    for path in sorted(folder.iterdir()):
        if (named := NAME.fullmatch(path.name)) is None:
            continue
        try:
            fits = atomic_file.sha256(path).startswith(named[2])
        except OSError:
            fits = False
        if fits:
            whole.setdefault(int(named[1]), path)
        else:
            damaged.append(path)
    return FoundShards(whole, tuple(damaged))


def covered_files(shard: Path) -> list[CoveredFile]:
    """The files that a shard of one's own covers. Raises ExchangeError."""
    import pyarrow.parquet as pq

    with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
        said = json.loads(pq.read_schema(shard).metadata[FILES_KEY.encode()])
        return [CoveredFile(str(name), str(label), str(stamp), reason) for name, label, stamp, reason in said]
    raise ExchangeError(f"{shard} does not say which files it covers")


def complete_shards(folder: Path) -> Iterator[Path]:
    """The shards of a build that has ended, in order. Raises ExchangeError where it has not, or one is damaged."""
    manifest, found = read_manifest(folder), found_shards(folder)
    if found.damaged:
        raise ExchangeError(
            f"{found.damaged[0]} was cut short or changed: give the build again, and it makes that shard again"
        )
    if not manifest.complete or len(found.whole) != manifest.shards:
        of = f" of {manifest.shards:,}" if manifest.complete else ""
        raise ExchangeError(
            f"{folder} is not complete, it has {len(found.whole):,}{of} shards: give the build again, and it goes on"
        )
    yield from (found.whole[number] for number in sorted(found.whole))


class DuplicateFiles:
    """Rows of one file under one label, of which a memory takes the first. ``skipped`` are the others."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, str], str] = {}
        self.skipped: list[Skipped] = []

    def is_first(self, row: NewExemplar, shown: str) -> bool:
        if row.sha256 is None:
            return True
        key, place = (row.sha256, row.label), row.source or shown
        first = self._first.get(key)
        if first is None:
            self._first[key] = place
            return True
        self.skipped.append(Skipped(place, f"the same file as {first}, under the same label"))
        return False

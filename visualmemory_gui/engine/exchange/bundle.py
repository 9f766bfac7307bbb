"""One file ``NAME.vmemz`` that holds a whole memory: manifest, Parquet table, images, thumbnails. No history.

It is a zip archive, not a database, so that nothing forgotten can hide in it and it opens anywhere.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from visualmemory_gui.engine.errors import BadLabel, BadValue, BadVector, ExchangeError
from visualmemory_gui.engine.exchange import archive, table
from visualmemory_gui.engine.exchange.archive import TABLE, ArchiveWriter, Reader
from visualmemory_gui.engine.exchange.atomic_output import new_file
from visualmemory_gui.engine.exchange.import_rows import (
    Incoming,
    NewRow,
    checked_identity,
    checked_settings,
    exemplar_of,
    take,
)
from visualmemory_gui.engine.exchange.originals import original
from visualmemory_gui.engine.exchange.results import Exported, Imported
from visualmemory_gui.engine.exchange.table_child import MOST_ROWS
from visualmemory_gui.engine.files.atomic_file import create, scratch
from visualmemory_gui.engine.index.vector_check import gate
from visualmemory_gui.engine.memory.protocol import Memory
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.projection import from_bytes, note_in
from visualmemory_gui.engine.types import F32, PARAMETER_LIMITS, EncoderIdentity, Exemplar

FORMAT = "visualmemory-bundle"
VERSION = 3
WITHOUT_PROJECTION = 2
WITHOUT_PARTS = 1
"""The versions of bundles without a projection, and without parts of images either: programs of before there were any
read them as they are meant."""
SUFFIX = ".vmemz"
BATCH = 500
"""Thumbnails that are read at once."""
MAGIC = b"PK\x03\x04"
EXTRA = ("sha256", "content", "group", "width", "height", "note", "image", "suffix", "thumbnail", "box", "original")
WORDS = {
    "exemplars": "exemplars",
    "struck": "struck-out exemplars",
    "images": "exemplars with an image",
    "thumbnails": "exemplars with only a thumbnail",
    "bare": "exemplars without an image",
}  # what is counted
UNKNOWN = ("unlike", "unlike_quantile", "between", "between_quantile")
SETTINGS = ("k", "ridge_k", "rule", "class_factor", "level", *PARAMETER_LIMITS, *UNKNOWN)
"""Those that shape decisions; the others depend on the machine."""


@dataclass(frozen=True, slots=True)
class BundleCounts:
    """What a bundle holds: ``thumbnails`` are exemplars with only a thumbnail, ``bare`` those without any image."""

    exemplars: int
    struck: int
    images: int
    thumbnails: int
    bare: int

    @classmethod
    def of(cls, rows: Iterable[tuple[object | None, object | None, bool]]) -> BundleCounts:
        """The counts of ``rows``, which are (image or None, thumbnail or None, struck)."""
        parts = list(rows)
        images = sum(image is not None for image, _, _ in parts)
        thumbnails = sum(image is None and thumbnail is not None for image, thumbnail, _ in parts)
        struck = sum(struck for _, _, struck in parts)
        return cls(len(parts), struck, images, thumbnails, len(parts) - images - thumbnails)


def export(m: Memory, target: str | Path, *, keep_private: bool = False, report: Report = silent) -> Exported:
    """Write ``m`` to the new file ``target``, completely or not at all. Raises ExchangeError, StorageError.

    Originals that cannot be read are exported as thumbnails. Without ``keep_private``, sources are file names only, and
    the place where an image was taken is blanked.
    """
    path = Path(target)
    exemplars = m.catalog.select()
    with new_file(path) as file, scratch(path.parent) as room, ArchiveWriter(file) as out:
        rows = list(_export_rows(m, exemplars, out, keep_private=keep_private, report=report))
        parquet = room / TABLE
        with create(parquet) as columns:
            table.write(columns, m, rows, extra=EXTRA, report=report)
        out.put_file(TABLE, parquet)
        counts = BundleCounts.of((row.get("image"), row.get("thumbnail"), row["state"] == "struck") for row in rows)
        if m.identity.projection is not None:
            out.put_bytes(archive.PROJECTION, m.identity.projection.to_bytes())
        out.finish(_manifest(m, counts, version=_version(m, exemplars)))
    return Exported(str(path), "bundle", counts.exemplars, counts.images, counts.thumbnails, counts.bare)


def _export_rows(
    m: Memory, exemplars: Sequence[Exemplar], out: ArchiveWriter, *, keep_private: bool, report: Report
) -> Iterator[table.Row]:
    for start in range(0, len(exemplars), BATCH):
        part = exemplars[start : start + BATCH]
        thumbnails = m.catalog.thumbnails([one.id for one in part])
        for n, one in enumerate(part, start):
            report(n, len(exemplars), "copying images")
            yield _export_row(m, one, out, thumbnails.get(one.id), keep_private=keep_private)


def _export_row(
    m: Memory, exemplar: Exemplar, out: ArchiveWriter, thumbnail: bytes | None, *, keep_private: bool
) -> table.Row:
    row = table.row_of(exemplar, keep_private=keep_private)
    names = ("sha256", "content", "original", "group", "width", "height", "note")
    row |= {name: getattr(exemplar, name) for name in names}
    found = original(m, exemplar, keep_private=keep_private)
    if found is not None:
        data, row["suffix"] = found
        row["image"] = row["sha256"] = out.put("images", data, row["suffix"])
    if thumbnail is not None:
        row["thumbnail"] = out.put("thumbnails", thumbnail, ".jpg")
    return row


def _version(m: Memory, exemplars: Sequence[Exemplar]) -> int:
    """The oldest version that says all there is."""
    if m.identity.projection is not None:
        return VERSION
    return WITHOUT_PROJECTION if any(one.box for one in exemplars) else WITHOUT_PARTS


def _manifest(m: Memory, counts: BundleCounts, *, version: int) -> dict[str, Any]:
    settings = {name: getattr(m.settings, name) for name in SETTINGS}
    return {
        "format": FORMAT, "version": version, "encoder": m.identity.to_json(), "counts": asdict(counts),
        "settings": settings,
    }  # fmt: skip


def check(source: str | Path) -> int:
    """How many exemplars a bundle claims to hold, after the checks that need no unpacking. Raises ExchangeError."""
    with archive.reading(Path(source)) as bundle:
        _identity(bundle)
        _settings(bundle)
        return _said(bundle).exemplars


def import_(source: str | Path, memory: str | Path, *, report: Report = silent) -> Imported:
    """Import a bundle into ``memory``: a missing one is created, an existing one gets the exemplars as one step.

    Vectors are taken as they are. Raises ExchangeError for a bad bundle and EncoderMismatch for one of another encoder;
    then nothing has changed.
    """
    with archive.reading(Path(source)) as bundle, scratch(Path(tempfile.gettempdir())) as room:
        identity, settings, said = _identity(bundle), _settings(bundle), _said(bundle)
        parquet = room / TABLE
        bundle.extract(TABLE, parquet)
        rows = _rows(bundle, parquet, identity, report=report)
        _require_all(bundle, rows, said, reduced=identity.projection is not None)
        return take(Incoming(rows, identity, bundle.read, settings=settings), Path(memory), report=report)


def _identity(bundle: Reader) -> EncoderIdentity:
    """The encoder of the bundle's vectors, after checking that its format can be read."""
    version = bundle.manifest.get("version")
    if bundle.manifest.get("format") != FORMAT or type(version) is not int:
        raise bundle.refuse("its manifest is not one of a visual memory")
    if version > VERSION:
        raise bundle.refuse(f"it has version {version}, written by a newer version of Visual Memory; update it")
    try:
        return _with_projection(bundle, checked_identity(bundle.manifest.get("encoder")))
    except (BadValue, ValueError) as error:
        raise bundle.refuse(str(error)) from None


def _with_projection(bundle: Reader, identity: EncoderIdentity) -> EncoderIdentity:
    """``identity`` with the projection that it names. Raises ValueError where that is not in the bundle."""
    note = note_in(identity.preprocess)
    if note is None:
        return identity
    if archive.PROJECTION not in bundle.infos or note.after != identity.dim:
        raise ValueError("it does not hold the projection of its vectors")
    return replace(identity, projection=from_bytes(bundle.read(archive.PROJECTION), note))


def _settings(bundle: Reader) -> dict[str, str]:
    try:
        return checked_settings(bundle.manifest.get("settings"), SETTINGS)
    except BadValue as error:
        raise bundle.refuse(str(error)) from None


def _said(bundle: Reader) -> BundleCounts:
    """The contents of the bundle according to its manifest."""
    counts = bundle.manifest.get("counts")
    found = [counts.get(field.name) for field in fields(BundleCounts)] if isinstance(counts, dict) else [None]
    if not all(type(count) is int and 0 <= count <= MOST_ROWS for count in found):
        raise bundle.refuse("its manifest does not say how many exemplars and images it holds")
    return BundleCounts(*found)


def _require_all(bundle: Reader, rows: Sequence[NewRow], said: BundleCounts, *, reduced: bool) -> None:
    """Raise ExchangeError unless the bundle holds exactly what its manifest says."""
    there = BundleCounts.of((row.image, row.thumbnail, row.exemplar.struck) for row in rows)
    for field in fields(BundleCounts):
        wanted, found = getattr(said, field.name), getattr(there, field.name)
        if wanted != found:
            raise bundle.refuse(f"its number of {WORDS[field.name]} is {found:,}, not {wanted:,} as its manifest says")
    used = {name for row in rows for name in (row.image, row.thumbnail) if name is not None}
    own = {archive.MANIFEST, TABLE, *((archive.PROJECTION,) if reduced else ())}
    stray = set(bundle.infos) - own - used
    if stray:
        raise bundle.refuse(f"{len(stray):,} of its {len(used | stray):,} files belong to no exemplar")


def _rows(bundle: Reader, parquet: Path, identity: EncoderIdentity, *, report: Report) -> list[NewRow]:
    rows: list[NewRow] = []
    try:
        with table.read(parquet) as (head, batches):
            for batch in batches:
                report(len(rows), head.total, "reading")
                if batch.vectors.shape[1] != identity.dim:
                    raise ExchangeError(f"its vectors have {batch.vectors.shape[1]} numbers, not {identity.dim}")
                vectors = gate(batch.vectors, identity.dim)
                rows += [_row(bundle, row, vector) for row, vector in zip(batch.rows, vectors, strict=True)]
    except (ExchangeError, BadLabel, BadVector) as error:
        raise bundle.refuse(str(error)) from error
    return rows


def _row(bundle: Reader, row: table.Row, vector: F32) -> NewRow:
    shown = f"exemplar {row.get('id')}"
    exemplar = exemplar_of(row, vector, shown=shown)
    image, thumbnail = row.get("image"), row.get("thumbnail")
    image_name = None if image is None else f"images/{image}{row.get('suffix')}"
    thumbnail_name = None if thumbnail is None else f"thumbnails/{thumbnail}.jpg"
    if any(name is not None and name not in bundle.infos for name in (image_name, thumbnail_name)):
        raise ExchangeError(f"{shown}: its image is not in the bundle")
    if image is not None and image != exemplar.sha256:
        raise ExchangeError(f"{shown}: its image is not the file it names")
    return NewRow(exemplar, shown, image=image_name, thumbnail=thumbnail_name)

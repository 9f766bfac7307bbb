"""A folder of class folders with ``metadata.jsonl``, as Hugging Face's ImageFolder reads it.

Each line names an image by ``file_name`` and carries ``label, id, state, trust, sha256``; that of a part of an image
also its ``box``, [x, y, w, h] in pixels of the upright image. An image is written once, with a line for each part and
for the whole; it lies in the folder of the whole's label, or of the first part's. ``README.md`` puts all files
into one split: without it that library looks for words like *train* and *test* in the names of files and folders, and
if it finds one it reads only those files.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from visualmemory_gui.engine.encoders import registry
from visualmemory_gui.engine.errors import BadImage, BadLabel, BadValue, ExchangeError
from visualmemory_gui.engine.exchange import image_metadata
from visualmemory_gui.engine.exchange.atomic_output import new_folder
from visualmemory_gui.engine.exchange.import_rows import (
    DEFAULT_ENCODER,
    Incoming,
    NewRow,
    add,
    exemplar_of,
    finish,
    opened,
)
from visualmemory_gui.engine.exchange.originals import original
from visualmemory_gui.engine.exchange.results import Exported, Imported
from visualmemory_gui.engine.exchange.table import Row
from visualmemory_gui.engine.files.atomic_file import create
from visualmemory_gui.engine.images.pool import DecodePool, Part
from visualmemory_gui.engine.memory.image_reader import batched
from visualmemory_gui.engine.memory.protocol import Memory
from visualmemory_gui.engine.memory.visual_memory import VisualMemory
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.types import DecodedImage, Exemplar, NewExemplar, Skipped

METADATA = image_metadata.LINES
README = "README.md"
CARD = """---
configs:
- config_name: default
  data_files:
  - split: train
    path: "**"
---

# {images:,} images in {classes:,} classes

Exported from a visual memory. Each class is a folder; `metadata.jsonl` names each image with its label.

`datasets.load_dataset("PATH OF THIS FOLDER")` finds all of them. With `load_dataset("imagefolder", data_dir=…)`, which
does not read this file, add `data_files="**"`: else files are sorted into splits by words in their names.
"""
BATCH = 32
DUNDER = re.compile(r"^_{2,}")
ODD = re.compile(r'[<>:"\\|?*\x00-\x1f]')
LONGEST_NAME = 80


def export(
    m: Memory,
    target: str | Path,
    *,
    label: str | None = None,
    keep_private: bool = False,
    report: Report = silent,
) -> Exported:
    """Write the active exemplars to the new or empty folder ``target``, completely or not at all: all of them, or those
    of the class ``label`` and below it.

    If an original cannot be read, the thumbnail replaces it. Exemplars without any image are left out.
    """
    path, exemplars = Path(target), m.catalog.select(label=label, state="active")
    with new_folder(path) as part:
        done = written(m, part, exemplars, keep_private=keep_private, report=report)
        with create(part / METADATA) as metadata:
            metadata.writelines((json.dumps(row, ensure_ascii=False) + "\n").encode() for _, _, row in done.rows)
        card = CARD.format(images=len(done.rows), classes=len({e.label for e in exemplars}))
        with create(part / README) as readme:
            readme.write(card.encode())
    return done.exported(path, "imagefolder", left_out=struck_under(m, label))


def struck_under(m: Memory, label: str | None) -> int:
    """How many exemplars are struck out, of the class ``label`` and below it or of all."""
    return m.catalog.totals()[2] if label is None else len(m.catalog.select(label=label, state="struck"))


class WrittenImages(NamedTuple):
    """Images that were written: for each exemplar "image" or "thumbnail", and what a description says of it; and how
    many exemplars have no image. ``file_name`` is relative to the folder that they were written to."""

    rows: list[tuple[str, Exemplar, Row]]
    bare: int

    def exported(self, path: Path, form: str, *, left_out: int, parts: int = 0) -> Exported:
        """The result of the export to ``path`` in the format ``form``."""
        images = sum(kind == "image" for kind, _, _ in self.rows)
        thumbnails = len(self.rows) - images
        return Exported(str(path), form, len(self.rows), images, thumbnails, self.bare, left_out=left_out, parts=parts)


def written(
    m: Memory,
    root: Path,
    exemplars: Sequence[Exemplar],
    *,
    keep_private: bool,
    distinct_stems: bool = False,
    report: Report,
) -> WrittenImages:
    """Write the images of ``exemplars`` into the folders of their labels below ``root``, which is made.

    ``distinct_stems``: no two of them differ in their ending alone.
    """
    root.mkdir(exist_ok=True)
    names, hosts = _Names(exemplars, distinct_stems=distinct_stems), _hosts(exemplars)
    rows: list[tuple[str, Exemplar, Row]] = []
    for n, exemplar in enumerate(exemplars):
        report(n, len(exemplars), "copying images")
        kind, row = _put(m, exemplar, root, names, hosts=hosts, keep_private=keep_private)
        if row:
            rows.append((kind, exemplar, row))
    return WrittenImages(rows, len(exemplars) - len(rows))


def _put(
    m: Memory,
    exemplar: Exemplar,
    root: Path,
    names: _Names,
    *,
    hosts: Mapping[str, Exemplar],
    keep_private: bool,
) -> tuple[str, Row | None]:
    host = hosts.get(exemplar.sha256 or "")
    host = exemplar if host is None or (exemplar.box is None and exemplar.id != host.id) else host
    kind, written = "image", names.written.get(host.id)
    if written is None and (found := original(m, exemplar, keep_private=keep_private)) is not None:
        written = names.written[host.id] = _write(root, names.take(host, found[1]), found[0])
    if written is None:  # the thumbnail is of the part alone
        thumbnail = m.catalog.thumbnail(exemplar.id)
        if thumbnail is None:
            return "none", None
        kind, written = "thumbnail", _write(root, names.take(exemplar, ".jpg"), thumbnail)
    row = {"file_name": written[0], "label": exemplar.label, "id": exemplar.id, "state": exemplar.state}
    part = {} if exemplar.box is None or kind == "thumbnail" else {"box": list(exemplar.box)}
    return kind, {**row, "trust": exemplar.trust, "sha256": written[1], **part}


def _hosts(exemplars: Sequence[Exemplar]) -> dict[str, Exemplar]:
    """By the hash of each file of which there are parts, the exemplar under whose name it is written."""
    files = {e.sha256 for e in exemplars if e.box is not None and e.sha256 is not None}
    hosts: dict[str, Exemplar] = {}
    for exemplar in sorted(exemplars, key=lambda e: e.box is not None):
        if exemplar.sha256 in files:
            hosts.setdefault(exemplar.sha256, exemplar)
    return hosts


def _write(root: Path, file_name: str, data: bytes) -> tuple[str, str]:
    """Write an image; its file name, and the hash of its bytes."""
    target = root.joinpath(*file_name.split("/"))
    target.parent.mkdir(parents=True, exist_ok=True)
    with create(target) as file:
        file.write(data)
    return file_name, hashlib.sha256(data).hexdigest()


class _Names:
    """File names below the label's folders, distinct on any file system; ``written`` are those in use, with the hash of
    their bytes, by the exemplar's id."""

    def __init__(self, exemplars: Sequence[Exemplar], *, distinct_stems: bool = False) -> None:
        self._distinct_stems = distinct_stems
        self._folders = {label: "/".join(map(_plain, label.split("/"))) for label in {e.label for e in exemplars}}
        parents = [PurePosixPath(folder) for folder in self._folders.values()]
        self.written: dict[int, tuple[str, str]] = {}
        self._used = {str(p).casefold() for folder in parents for p in (folder, *folder.parents)}

    def take(self, exemplar: Exemplar, suffix: str) -> str:
        stem = _plain(Path(exemplar.source).stem) if exemplar.source else str(exemplar.id)
        folder = self._folders[exemplar.label]
        for name in (stem, f"{stem}-{exemplar.id}", f"exemplar-{exemplar.id}"):
            whole = f"{folder}/{name}{suffix}"
            key = (f"{folder}/{name}" if self._distinct_stems else whole).casefold()
            if key not in self._used:
                break
        self._used.add(key)
        return whole


def _plain(name: str) -> str:
    """``name`` made valid on any system, hidden on none, and distinct from our own files."""
    text = ODD.sub("_", unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode("utf-8")))
    text = text[:LONGEST_NAME].strip(" .")
    while len(text.encode()) > 200:
        text = text[:-1]
    text = DUNDER.sub("_", text) or "_"  # the library that reads this skips folders of such a name
    return f"{text}_" if text.casefold() in (METADATA.casefold(), README.casefold()) else text


def import_(
    source: str | Path, memory: str | Path, *, encoder: str | None = None, copy: bool = True, report: Report = silent
) -> Imported:
    """Import a folder of images into ``memory``, as one step; a missing one is made with ``encoder`` (default lite0).

    Labels, states and trust come from the folder's metadata if it has any; else the labels are the folders' names.
    ``copy``: the memory keeps copies, and does not only link to the images.
    """
    folder = Path(source).absolute()
    if found := image_metadata.tables(folder):
        rows = image_metadata.rows(folder, found)
        return import_rows(folder, rows, Path(memory), encoder=encoder, copy=copy, report=report)
    with _opened(Path(memory), encoder, report) as (m, new):
        built = m.build(folder, copy=copy, report=report)
        done = Imported(built.added, built.unchanged, built.skipped, new, built.ids, built.stopped, built.first_pages)
        return finish(m, done, new=new)


def import_rows(
    folder: Path,
    rows: Sequence[Row],
    memory: Path,
    *,
    encoder: str | None,
    skipped: Sequence[Skipped] = (),
    copy: bool = True,
    staying: bool = True,
    report: Report,
) -> Imported:
    """Import the images that ``rows`` name by ``file_name``, as ``checked_row`` gives them, as one step.

    As ``import_``; ``skipped`` is what was skipped already. Not ``staying``: the files are removed afterwards, so the
    memory does not remember where they were.
    """
    with _opened(memory, encoder, report) as (m, new):
        wanted, bad = _decoded(m, folder, rows, report)
        wanted = [_without(row, copy=copy, source=staying) for row in wanted]
        done = add(m, Incoming(wanted, m.identity, _bytes), report)
        return finish(m, replace(done, skipped=(*skipped, *bad, *done.skipped)), new=new)


def _opened(memory: Path, encoder: str | None, report: Report) -> AbstractContextManager[tuple[VisualMemory, bool]]:
    identity = registry.choose(encoder, report=report) if encoder else None
    return opened(memory, identity, lambda: VisualMemory.create(memory, encoder or DEFAULT_ENCODER))


def _decoded(m: Memory, folder: Path, rows: Sequence[Row], report: Report) -> tuple[list[NewRow], list[Skipped]]:
    """The rows with their vectors, in the order of the file, and those whose image cannot be used."""
    by_image: dict[Part, list[int]] = {}
    skipped: list[Skipped] = []
    for n, row in enumerate(rows):
        path = folder / row["file_name"]
        if _through_a_link(folder, path):
            skipped.append(Skipped(str(path), "a symbolic link, which is not followed"))
        else:
            by_image.setdefault((str(path), row["box"]), []).append(n)
    taken: dict[int, NewRow] = {}
    with DecodePool(geometry=registry.geometry(m.identity)) as pool, closing(pool.each(by_image)) as found:
        for batch in batched(found, BATCH):
            skipped += [Skipped(path, image.reason) for (path, _), image in batch if isinstance(image, BadImage)]
            good = [(key, image) for key, image in batch if isinstance(image, DecodedImage)]
            taken.update(_embedded(m, good, by_image, rows))
            report(len(taken), len(rows), "reading images")
    return [taken[n] for n in sorted(taken)], skipped


def _without(row: NewRow, *, copy: bool, source: bool) -> NewRow:
    """``row`` without a copy of its image, or without the place of that."""
    new = row.exemplar if source else replace(row.exemplar, source=None)
    return replace(row, exemplar=new) if copy else replace(row, exemplar=replace(new, copy=None), image=None)


def _through_a_link(folder: Path, path: Path) -> bool:
    return any(part.is_symlink() for part in (path, *path.parents) if part.is_relative_to(folder) and part != folder)


def _embedded(
    m: Memory,
    images: Sequence[tuple[Part, DecodedImage]],
    by_image: Mapping[Part, list[int]],
    rows: Sequence[Row],
) -> dict[int, NewRow]:
    taken: dict[int, NewRow] = {}
    if not images:
        return taken
    vectors = m.embed([image for _, image in images])
    for (key, image), vector in zip(images, vectors, strict=True):
        for n in by_image[key]:
            taken[n] = NewRow(_exemplar(rows[n], image, vector), key[0], image=key[0])
    return taken


def _exemplar(row: Row, image: DecodedImage, vector: Any) -> NewExemplar:
    names = {"label", "state", "trust"}
    try:
        new = exemplar_of({k: v for k, v in row.items() if k in names}, vector, shown=row["shown"])
    except BadLabel as error:
        raise ExchangeError(f"{row['shown']}: {error}") from error
    return replace(
        new,
        content=image.content,
        sha256=image.sha256,
        source=image.source,
        width=image.width,
        height=image.height,
        thumbnail=image.thumbnail,
        copy=image.suffix,
        box=image.box,
        original=image.original,
    )


def _bytes(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise BadValue(f"{path} cannot be read: {error.strerror}") from None

"""The entry points of all exports and all imports."""

from __future__ import annotations

from pathlib import Path

from visualmemory_gui.engine.errors import BadValue, ExchangeError
from visualmemory_gui.engine.exchange import (
    bundle,
    coco,
    exemplars_csv,
    fiftyone_labels,
    image_metadata,
    image_parquet,
    imagefolder,
    labels_json,
    neighbours_json,
    parquet,
    shards,
    table,
    vector_table,
)
from visualmemory_gui.engine.exchange.archive import unreadable
from visualmemory_gui.engine.exchange.report import report as document
from visualmemory_gui.engine.exchange.results import Exported, Imported
from visualmemory_gui.engine.files.path_kind import is_file, is_folder
from visualmemory_gui.engine.memory.protocol import Memory
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.store.filesystem import folder_at

REPORT, FOLDER = "report", "imagefolder"
ENDINGS = {
    bundle.SUFFIX: "bundle",
    parquet.SUFFIX: "parquet",
    exemplars_csv.SUFFIX: "csv",
    neighbours_json.SUFFIX: "neighbours-json",
    **dict.fromkeys(document.SUFFIXES, REPORT),
}
OF_MEMORIES = {"bundle": bundle.export, "neighbours-json": neighbours_json.export}
"""Exports of a whole memory."""
OF_CLASSES = {
    FOLDER: imagefolder.export,
    "coco": coco.export,
    "fiftyone": fiftyone_labels.export,
    "parquet": parquet.export,
    "csv": exemplars_csv.export,
}
"""Exports of a whole memory or of one class."""


def format_of(target: str | Path, kind: str | None = None) -> str:
    """The format of ``target``: ``kind``, else by its ending; without an ending, a folder of images.

    Raises BadValue if ``kind`` and the ending contradict each other, or neither names a format.
    """
    path = Path(target)
    ending = "" if is_folder(path) else path.suffix.lower()
    meant = ENDINGS.get(ending)
    if kind is None and ending and meant is None:
        raise BadValue(
            f"the ending {ending} is not that of a format: end TO with one of {', '.join(ENDINGS)}, or say --format"
        )
    if kind is not None and meant not in (None, kind):
        raise BadValue(f"{path.name} ends like the format {meant}, but {kind} was requested: leave out one of the two")
    return kind or meant or FOLDER


def export(
    m: Memory,
    target: str | Path,
    kind: str | None = None,
    *,
    label: str | None = None,
    keep_private: bool = False,
    report: Report = silent,
) -> Exported:
    """Write ``m``, or of it the class ``label`` and what is below it, to ``target``, which must not hold anything yet,
    in the format of ``format_of``. Raises BadValue."""
    kind = format_of(target, kind)
    if label is not None:
        m.catalog.require_label(label)
    if kind in OF_CLASSES:
        return OF_CLASSES[kind](m, target, label=label, keep_private=keep_private, report=report)
    if kind not in OF_MEMORIES:
        raise BadValue(f"unknown export format {kind!r}; choose from {', '.join((*OF_MEMORIES, *OF_CLASSES))}")
    if label is not None:
        raise BadValue(f"{kind} is a format of whole memories: export a class as {', '.join(OF_CLASSES)}")
    return OF_MEMORIES[kind](m, target, keep_private=keep_private, report=report)


def is_labelled_set(source: str | Path) -> bool:
    """Whether ``source`` is a set of images of the datasets library: a folder with metadata, or Parquet files."""
    path = Path(source)
    return bool((is_folder(path) and image_metadata.tables(path)) or image_parquet.files(path))


def import_(
    source: str | Path, memory: str | Path, *, encoder: str | None = None, copy: bool = True, report: Report = silent
) -> Imported:
    """Import a bundle, a folder of images or a table into ``memory``; which it is, is detected by its content, a CSV
    table by its ending.

    A folder with ``labels.json`` is COCO's or FiftyOne's. ``encoder`` is that of a new memory of images. Without
    ``copy`` the memory only links to the images of a folder.
    """
    path, memory = Path(source), folder_at(memory)
    if is_folder(path) and shards.is_shards(path):
        return vector_table.import_(path, memory, report=report)
    if is_folder(path) and is_file(path / labels_json.LABELS):
        found = labels_json.read_labels(path)
        if labels_json.is_coco(found):
            return coco.import_(path.absolute(), found, memory, encoder=encoder, report=report)
        return fiftyone_labels.import_(path.absolute(), found, memory, encoder=encoder, report=report)
    if is_folder(path):
        if (files := image_parquet.files(path)) and not image_metadata.tables(path):
            return image_parquet.import_(files, memory, encoder=encoder, report=report)
        return imagefolder.import_(path, memory, encoder=encoder, copy=copy, report=report)
    head = _head(path)
    if head.startswith(parquet.MAGIC) and table.holds_images(path):
        return image_parquet.import_([path], memory, encoder=encoder, report=report)
    if vector_table.is_table(path, head):
        return vector_table.import_(path, memory, report=report)
    if head.startswith(bundle.MAGIC):
        return bundle.import_(path, memory, report=report)
    if path.suffix.lower() == exemplars_csv.SUFFIX:
        return exemplars_csv.import_(path.absolute(), memory, encoder=encoder, report=report)
    vectors = ", ".join(vector_table.SUFFIXES)
    raise ExchangeError(
        f"{path} is not a bundle ({bundle.SUFFIX}), vectors ({vectors}), a CSV table or a folder of images"
    )


def _head(path: Path) -> bytes:
    try:
        if not is_file(path):
            raise ExchangeError(
                f"{path} does not exist" if not path.exists() else f"{path} is neither a file nor a folder"
            )
        with path.open("rb") as file:
            return file.read(9)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None

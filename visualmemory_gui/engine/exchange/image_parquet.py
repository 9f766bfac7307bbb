"""Parquet files of images, as the datasets library has them: a column ``image`` of bytes and path, and ``label``."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from visualmemory_gui.engine.exchange import imagefolder, table
from visualmemory_gui.engine.exchange.parquet import SUFFIX
from visualmemory_gui.engine.exchange.results import Imported
from visualmemory_gui.engine.exchange.table import Row
from visualmemory_gui.engine.files.atomic_file import create, scratch
from visualmemory_gui.engine.files.path_kind import is_file, is_folder
from visualmemory_gui.engine.images.folder import walk
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.types import Skipped


def files(place: Path) -> list[Path]:
    """The Parquet files of images at ``place``: itself, or all that lie in a folder in which there are no images."""
    if not is_folder(place):
        named = place.suffix.lower() == SUFFIX and is_file(place)  # looking into it takes a process
        return [place] if named and table.holds_images(place) else []
    found = sorted(path for path in place.rglob(f"*{SUFFIX}") if path.is_file() and not path.is_symlink())
    return found if found and not walk(place).files else []


def import_(sources: Sequence[Path], memory: Path, *, encoder: str | None = None, report: Report = silent) -> Imported:
    """Import the images of ``sources`` into ``memory``, as one step; a missing one is made with ``encoder``.

    They are unpacked beside the memory first, and copied into it. Raises ExchangeError; then nothing has changed.
    """
    beside = memory.absolute().parent
    with scratch(beside if beside.is_dir() else Path(tempfile.gettempdir())) as room:
        rows, skipped = list[Row](), list[Skipped]()
        for source in sources:
            _unpack(source, room, rows, skipped, report)
        return imagefolder.import_rows(
            room, rows, memory, encoder=encoder, skipped=skipped, staying=False, report=report
        )


def _unpack(source: Path, room: Path, rows: list[Row], skipped: list[Skipped], report: Report) -> None:
    """Write the images of one file into ``room``, and add their rows."""
    with table.read_images(source) as (head, images):
        for n, (label, data) in enumerate(images, 1):
            report(n, head.total, f"unpacking {source.name}")
            shown = f"{source.name} row {n}"
            if data is None:
                skipped.append(Skipped(shown, "it holds no image, and the path of one is not followed"))
                continue
            name = f"{len(rows):08}"
            with create(room / name) as file:
                file.write(data)
            rows.append({"file_name": name, "label": head.label_of(label, shown), "shown": shown, "box": None})

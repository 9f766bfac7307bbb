"""One door for all exports and one for all imports."""

from __future__ import annotations

from pathlib import Path

from visualmemory_gui.engine.errors import BadValue, ExchangeError
from visualmemory_gui.engine.exchange import bundle, imagefolder, neighbours_json, parquet
from visualmemory_gui.engine.exchange.results import Exported, Imported
from visualmemory_gui.engine.memory import VisualMemory
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.store.filesystem import folder_at

FORMATS = ("bundle", "imagefolder", "parquet", "neighbours-json")


def export(
    m: VisualMemory, target: str | Path, kind: str, *, keep_private: bool = False, report: Report = silent
) -> Exported:
    """Write ``m`` to ``target``, which must not hold anything yet, as ``kind`` of FORMATS."""
    kinds = {
        "bundle": bundle.export,
        "imagefolder": imagefolder.export,
        "parquet": parquet.export,
        "neighbours-json": neighbours_json.export,
    }
    if kind not in kinds:
        raise BadValue(f"there is no format {kind!r}; there are {', '.join(FORMATS)}")
    return kinds[kind](m, target, keep_private=keep_private, report=report)


def import_(source: str | Path, memory: str | Path, *, encoder: str | None = None, report: Report = silent) -> Imported:
    """Bring a bundle, a folder of pictures or a table into ``memory``; what it is, is told by its content.

    ``encoder`` is for pictures that come into a new memory.
    """
    path, memory = Path(source), folder_at(memory)
    if path.is_dir():
        return imagefolder.import_(path, memory, encoder=encoder, report=report)
    head = _head(path)
    if head == parquet.MAGIC:
        return parquet.import_(path, memory, report=report)
    if head == bundle.MAGIC:
        return bundle.import_(path, memory, report=report)
    raise ExchangeError(f"{path} is no bundle ({bundle.SUFFIX}), no Parquet table and no folder of pictures")


def _head(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise ExchangeError(f"{path} is not there" if not path.exists() else f"{path} is neither file nor folder")
        with path.open("rb") as file:
            return file.read(4)
    except (OSError, ValueError) as error:
        raise ExchangeError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None

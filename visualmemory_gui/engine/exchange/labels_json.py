"""``labels.json``, by which COCO and FiftyOne describe the images in a folder ``data`` beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from visualmemory_gui.engine.errors import ExchangeError
from visualmemory_gui.engine.files.atomic_file import create

LABELS = "labels.json"
DATA = "data"
LARGEST = 1 << 28
"""Bytes of a document that is read."""


def write_labels(folder: Path, document: Mapping[str, object]) -> None:
    with create(folder / LABELS) as file:
        file.write(json.dumps(document, ensure_ascii=False, indent=1).encode())


def read_labels(folder: Path) -> dict[str, object]:
    """The document in ``folder``. Raises ExchangeError."""
    path = folder / LABELS
    try:
        if path.is_symlink() or path.stat().st_size > LARGEST:
            raise ExchangeError(f"{path} is a symbolic link, or larger than {LARGEST >> 20} MB")
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ExchangeError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ExchangeError(f"{path} is not a JSON object ({error})") from None
    if not isinstance(found, dict):
        raise ExchangeError(f"{path} is not a JSON object")
    return found


def is_coco(document: Mapping[str, object]) -> bool:
    """Whether it is COCO's; else it is FiftyOne's."""
    return "annotations" in document or "images" in document


def folder_of_images(folder: Path) -> str:
    """Where the images are: in ``data``, or beside the document."""
    return DATA if (folder / DATA).is_dir() else "."

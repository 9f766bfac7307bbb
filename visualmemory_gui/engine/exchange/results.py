"""The results of exports and imports."""

from __future__ import annotations

from dataclasses import dataclass

from visualmemory_gui.engine.types import FirstPage, Skipped


@dataclass(frozen=True, slots=True)
class Exported:
    """The result of an export. ``thumbnails`` counts exemplars exported as a thumbnail only, because the original could
    not be read; ``bare`` those without any image; ``left_out`` struck ones and ``parts`` parts of images, which the
    format does not carry."""

    path: str
    format: str
    exemplars: int
    images: int = 0
    thumbnails: int = 0
    bare: int = 0
    left_out: int = 0
    parts: int = 0


@dataclass(frozen=True, slots=True)
class Imported:
    """The result of an import. ``unchanged`` counts rows already here under the same label; ``created``: a new one.

    ``first_pages`` are the files of which only the first page was taken.
    """

    added: int
    unchanged: int
    skipped: tuple[Skipped, ...]
    created: bool
    ids: tuple[int, ...] = ()
    stopped: bool = False
    first_pages: tuple[FirstPage, ...] = ()

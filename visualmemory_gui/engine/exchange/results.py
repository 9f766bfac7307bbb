"""What exports and imports tell about themselves."""

from __future__ import annotations

from dataclasses import dataclass

from visualmemory_gui.engine.types import Skipped


@dataclass(frozen=True, slots=True)
class Exported:
    """``thumbnails`` counts exemplars whose original could not be reached and went out as a thumbnail alone;
    ``bare`` those without any image; ``left_out`` those that this format does not carry (struck ones)."""

    path: str
    format: str
    exemplars: int
    images: int = 0
    thumbnails: int = 0
    bare: int = 0
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Imported:
    """``unchanged`` counts what was here already under the same label; ``created`` is True for a new memory."""

    added: int
    unchanged: int
    skipped: tuple[Skipped, ...]
    created: bool
    ids: tuple[int, ...] = ()
    stopped: bool = False

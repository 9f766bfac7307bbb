"""Settings as a dialog shows them: those of the window, and of the open memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from visualmemory_gui.engine.types import MemorySettings

SIDES = ((52.0, "Small"), (78.0, "Medium"), (112.0, "Large"), (160.0, "Very large"))


@dataclass(frozen=True, slots=True)
class WindowSettings:
    """The window's own settings. ``side_pt`` is the side of the images in Curate, in points; with ``continues`` the
    next start opens the memory that was open last.
    """

    theme: str = "system"
    still: bool = False
    side_pt: float = 78.0
    continues: bool = True


@dataclass(frozen=True, slots=True)
class OfMemory:
    """The settings of the open memory, how long its vectors are, whether it may be written, and the GPUs known here."""

    settings: MemorySettings
    dim: int
    writable: bool
    gpus: tuple[str, ...] = ()


Chosen = Callable[[dict[str, object], WindowSettings], object]  # the memory's that changed, by name; the window's

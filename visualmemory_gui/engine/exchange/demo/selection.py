"""Choosing the images of the demo: which classes, which images of each, laid out as class folders."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

CLASS_SIZE = 60
HELD_OUT = 5
SMALLEST_CLASS = 20

Picked = tuple[str, str]  # path, label


@dataclass(frozen=True, slots=True)
class Needs:
    """What making the demo fetches: ``what``, and how many bytes of it are not here yet."""

    what: str
    size: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """The demo's images: ``folder`` holds the class folders to build from; ``held`` are more images of the classes."""

    folder: Path
    held: tuple[Picked, ...]


def classes_of(root: Path) -> dict[str, list[Path]]:
    """Different images (by their bytes) of each class folder below ``root``, by path; symbolic links left out.

    Classes of fewer than 20 are left out.
    """
    found: dict[str, list[Path]] = {}
    for folder, _, names in os.walk(root, followlinks=False):
        here = Path(folder)
        label = here.relative_to(root).as_posix()
        files = [here / name for name in sorted(names) if name.lower().endswith((".png", ".jpg", ".jpeg"))]
        different = _different(path for path in files if not path.is_symlink() and path.is_file())
        if len(different) >= SMALLEST_CLASS:
            found[label] = different
    return dict(sorted(found.items()))


def _different(paths: Iterable[Path]) -> list[Path]:
    first: dict[str, Path] = {}
    for path in paths:
        first.setdefault(hashlib.sha256(path.read_bytes()).hexdigest(), path)
    return list(first.values())


def lay_out(classes: Mapping[str, Sequence[Path]], room: Path) -> Chosen:
    """Link or copy the first 60 of each class into ``room/exemplars`` and up to 5 more into ``room/held``;
    completely or not at all."""
    folder, held = room / "exemplars", room / "held"
    part = room / "part"
    for stale in (part, folder, held):
        shutil.rmtree(stale, ignore_errors=True)
    for label, paths in classes.items():
        for path in paths[:CLASS_SIZE]:
            _put(path, part / "exemplars" / label / path.name)
        for path in paths[CLASS_SIZE : CLASS_SIZE + HELD_OUT]:
            _put(path, part / "held" / label / path.name)
    (part / "held").mkdir(parents=True, exist_ok=True)
    (part / "held").replace(held)
    (part / "exemplars").replace(folder)  # last: its presence says that both are complete
    part.rmdir()
    return laid_out(room) or Chosen(folder, ())


def laid_out(room: Path) -> Chosen | None:
    """What ``lay_out`` made before, if it is still there."""
    folder, held = room / "exemplars", room / "held"
    if not folder.is_dir():
        return None
    files = sorted(path for path in held.rglob("*") if path.is_file())
    return Chosen(folder, tuple((str(path), path.parent.relative_to(held).as_posix()) for path in files))


def _put(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(path, target)
    except OSError:
        shutil.copyfile(path, target)

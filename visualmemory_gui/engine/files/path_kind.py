"""What is at a path that came from outside: also where it cannot be looked at, or where the path is none."""

from __future__ import annotations

import os
from pathlib import Path


def is_folder(path: str | Path) -> bool:
    """Whether a folder is there. False, too, where no one may look, where ``Path.is_dir`` raises PermissionError."""
    return os.path.isdir(path)  # noqa: PTH112


def is_file(path: str | Path) -> bool:
    """Whether a file is there. False, too, where no one may look, where ``Path.is_file`` raises PermissionError."""
    return os.path.isfile(path)  # noqa: PTH113


def is_taken(path: Path) -> bool:
    """Whether a new folder cannot be made there: where anything is but an empty folder."""
    return path.exists() and (not path.is_dir() or any(path.iterdir()))

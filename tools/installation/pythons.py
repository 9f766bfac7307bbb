"""The wheel in other versions of Python: whether it installs without a compiler, and what works there."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from tools.installation.environment import NO_COMPILER, Environment, last_words, write_images
from tools.installation.extras import BROUGHT, NONE, failures
from tools.installation.trial import ALWAYS
from tools.release import built

Row = dict[str, Any]


def measured(pythons: list[str]) -> list[Row]:
    """A row for each of ``pythons``, paths of interpreters: its version, what pip says where it refuses, and what is
    neither working nor missed in words."""
    with tempfile.TemporaryDirectory(prefix="pythons-") as place:
        room = Path(place)
        images, (_, wheel) = write_images(room / "images"), built(room / "dist")
        return [_row(python, wheel, images, room) for python in pythons]


def _row(python: str, wheel: Path, images: Path, room: Path) -> Row:
    new = Environment.made(room / "new", python=python)
    said = subprocess.run([str(new.python), "-V"], capture_output=True, text=True, check=True).stdout
    row: Row = {"line": said.strip()}
    try:
        seconds = new.install("--cache-dir", str(room / "cache"), str(wheel), env=NO_COMPILER)
        outcomes = new.outcomes(images, room / "trial")
        shutil.rmtree(room / "trial")
        row |= {"seconds": round(seconds), "works": [name for name in ALWAYS if outcomes.get(name) == BROUGHT]}
        row |= {"failed": failures({NONE: {"outcomes": outcomes}})}
    except subprocess.CalledProcessError as error:
        row["pip_says"] = last_words(error)
    shutil.rmtree(new.place)
    print(row, flush=True)
    return row


def table(rows: list[Row]) -> str:
    """A Markdown table of the versions."""
    lines = ["| Python | without a compiler |", "|---|---|"]
    for row in rows:
        said = row.get("pip_says") or "; ".join(row["failed"]) or f"installs; {', '.join(row['works'])} work"
        lines.append(f"| {row['line'].removeprefix('Python ')} | {said} |")
    return "\n".join(lines)

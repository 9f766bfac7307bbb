"""The README's lines that install the product, and the targets of make on a fresh clone: seconds and bytes of each.

Every line starts from a clone, with an empty home and empty caches, so that its seconds depend on the package index.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tools.installation.environment import Environment, last_words, outcomes, write_images
from tools.installation.trial import ALWAYS
from tools.release import size

ROOT = Path(__file__).resolve().parents[2]
INSTALLERS = ("uv", "pipx", "pip")
PYTHONS = {
    "uv": ("tools", "visualmemory-gui"),
    "pipx": ("pipx", "venvs", "visualmemory-gui"),
    "pip": ("venv",),
}
"""In which folder of the room each puts the environment of the product."""
TARGETS = ("make demo", "make app, after make demo", "make app", "make test")
"""Rows of the table of targets, in its order."""
UNREACHABLE = re.compile(r"connect|dns|resolve host|certificate|error sending request|timed out|403|forbidden", re.I)
Row = dict[str, Any]


def named() -> list[str]:
    """The lines of the README that install, without their comments."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = re.findall(rf"^((?:{'|'.join(INSTALLERS)}) [^#\n]+)", text, re.MULTILINE)
    return [line.strip() for line in lines]


def measured(line: str, *, python: str = sys.executable) -> Row:
    """Install by ``line`` with nothing at hand: seconds, bytes installed and cached, and what works afterwards."""
    with _room() as (room, clone, env):
        tools = Environment.made(room / "installers")
        tools.install("uv", "pipx")
        if line.startswith("pip "):
            Environment.made(room / "venv", python=python)
        paths = [room / "venv/bin", tools.place / "bin", env["PATH"]]
        env |= {"PATH": os.pathsep.join(map(str, paths)), "UV_PYTHON": python, "PIPX_DEFAULT_PYTHON": python}
        began = time.monotonic()
        try:
            subprocess.run(line, shell=True, cwd=clone, env=env, check=True, capture_output=True, text=True)
        except subprocess.CalledProcessError as error:
            said = last_words(error)
            why = "not run here: its package index is not reachable" if UNREACHABLE.search(error.stderr) else said
            return {"line": line, "why_not": why, "said": said}
        seconds = time.monotonic() - began
        place = room.joinpath(*PYTHONS[line.split()[0]])
        found = outcomes(place / "bin/python", write_images(room / "images"), room / "trial")
        bad = {name: found.get(name) for name in ALWAYS if found.get(name) != "works"}
        row = {"line": line, "seconds": round(seconds), **_gigabytes(place, room), "works": not bad}
        return {**row, "failed": bad} if bad else row


def target(name: str) -> Row:
    """``make NAME`` in a fresh clone."""
    with _room() as (room, clone, env):
        began = time.monotonic()
        done = subprocess.run(["make", name], cwd=clone, env=env, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - began
        row = {"line": f"make {name}", "seconds": round(seconds), "exit": done.returncode, **_gigabytes(clone, room)}
        return {**row, "said": f"{done.stdout[-1500:]}{done.stderr[-1500:]}"} if done.returncode else row


def timed(name: str, seconds: int, clone: Path | None) -> Row:
    """``make NAME`` in the fresh clone ``clone``, which was timed there and succeeded."""
    size_of = {} if clone is None else {"gigabytes": round(size(clone) / 1e9, 1)}
    return {"line": f"make {name}", "seconds": seconds, "exit": 0, **size_of}


def _gigabytes(place: Path, room: Path) -> dict[str, float]:
    """On disk in ``place``, and in the caches: those of pip and pipx hold archives, that of uv what is in them."""
    return {"gigabytes": round(size(place) / 1e9, 1), "cached": round(size(room / "cache") / 1e9, 1)}


@contextmanager
def _room() -> Iterator[tuple[Path, Path, dict[str, str]]]:
    """A folder, a clone of this repository in it, and an environment whose home and caches are empty."""
    with tempfile.TemporaryDirectory(prefix="installation-") as place:
        room, clone = Path(place), Path(place, "visualmemory_gui")
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        (room / "home").mkdir()
        own = {
            "HOME": room / "home", "UV_TOOL_DIR": room / "tools", "UV_TOOL_BIN_DIR": room / "bin",
            "PIPX_HOME": room / "pipx", "PIPX_BIN_DIR": room / "bin", "UV_CACHE_DIR": room / "cache/uv",
            "PIP_CACHE_DIR": room / "cache/pip", "XDG_CACHE_HOME": room / "cache",
        }  # fmt: skip
        kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
        yield room, clone, {**kept, **{name: str(value) for name, value in own.items()}}


def table(rows: list[Row], head: str = "line") -> str:
    """A Markdown table of lines."""
    lines = [f"| {head} | seconds | GB installed | GB in its cache |", "|---|---|---|---|"]
    for row in rows:
        cells = [row["why_not"], "", ""] if "why_not" in row else _figures(row)
        lines.append(f"| `{row['line']}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def targets_table(rows: list[Row]) -> str:
    """A Markdown table of the targets of make."""
    return table(rows, "on a fresh clone")


def _figures(row: Row) -> list[str]:
    return [f"{row['seconds']:,}", *(str(row.get(name, "")) for name in ("gigabytes", "cached"))]

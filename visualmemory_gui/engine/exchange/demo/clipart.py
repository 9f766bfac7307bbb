"""Debian's openclipart: 6,900 drawings in class folders, in the public domain, from its package archive."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from visualmemory_gui.engine.errors import ExchangeError
from visualmemory_gui.engine.exchange.demo.selection import Chosen, Needs, classes_of, laid_out, lay_out
from visualmemory_gui.engine.files.atomic_file import scratch
from visualmemory_gui.engine.processes.child_process import end
from visualmemory_gui.engine.progress import Report

PACKAGE = "openclipart-png"
IMAGES = "usr/share/openclipart/png"
WHAT = "free drawings from Debian's package archive"
TOOLS = ("apt-get", "dpkg-deb")
LOOK_S = 0.2
MB = 1_000_000


def needs(room: Path) -> Needs | None:
    """What ``fetch`` would still download; None without apt."""
    own = room / PACKAGE
    if laid_out(own) is not None or (own / f"{PACKAGE}.deb").is_file():
        return Needs(WHAT, 0)
    if any(shutil.which(tool) is None for tool in TOOLS):
        return None
    size = _size()
    return Needs(WHAT, size) if size else None


def fetch(room: Path, report: Report) -> Chosen:
    """Images in ``room``; what was fetched before is reused. Raises ExchangeError without apt."""
    own = room / PACKAGE
    done = laid_out(own)
    if done is not None:
        return done
    for tool in TOOLS:
        if shutil.which(tool) is None:
            raise ExchangeError(f"{tool} is not here, so Debian's package {PACKAGE} cannot be fetched")
    own.mkdir(parents=True, exist_ok=True)
    with scratch(own) as part:
        package = _package(own, part, report)
        report(0, None, f"unpacking Debian's {PACKAGE}")
        images = part / "unpacked"
        _run(["dpkg-deb", "-x", str(package), str(images)], part, report, what="unpacking", size=None)
        report(0, None, "choosing images")
        return lay_out(classes_of(images / IMAGES), own)


def _package(own: Path, part: Path, report: Report) -> Path:
    """The package's file in ``own``, downloaded first if missing; apt checks its hash."""
    kept = own / f"{PACKAGE}.deb"
    if not kept.is_file():
        command = ["apt-get", "--quiet", "download", PACKAGE]
        _run(command, part, report, what=f"downloading Debian's {PACKAGE} (MB)", size=_size())
        found = sorted(part.glob(f"{PACKAGE}_*.deb"))
        if not found:
            raise ExchangeError(f"apt-get did not download {PACKAGE}")
        found[-1].replace(kept)
    return kept


def _size() -> int | None:
    """The size of the package in bytes, according to apt."""
    told = subprocess.run(
        ["apt-cache", "show", "--no-all-versions", PACKAGE], capture_output=True, text=True, check=False
    )
    found = re.search(r"^Size: (\d+)$", told.stdout, re.MULTILINE)
    return int(found[1]) if found else None


def _run(command: list[str], folder: Path, report: Report, *, what: str, size: int | None) -> None:
    """Run a program in ``folder``, reporting the size of the folder; ends it when the user stops."""
    with tempfile.TemporaryFile() as told:
        child = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=told, stderr=told)
        try:
            while not _ended(child):
                here = sum(path.stat().st_size for path in folder.glob("*.deb*"))
                report(here // MB, size and max(size, here) // MB, what)
        finally:
            end(child)
        if child.returncode:
            told.seek(0)
            lines = told.read().decode("utf-8", "replace").strip().splitlines() or ["it gave no reason"]
            hint = "; `apt-get update` may help" if command[0] == "apt-get" else ""
            raise ExchangeError(f"{command[0]} failed: {lines[-1]}{hint}")


def _ended(child: subprocess.Popen[bytes]) -> bool:
    try:
        child.wait(LOOK_S)
    except subprocess.TimeoutExpired:
        return False
    return True

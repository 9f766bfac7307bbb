"""Build and check everything that is released: ``make release``, into ``build/dist``, ``build/app`` and ``build/docs``.

Each step is one command; the first that fails ends it. At the end it prints the seconds and bytes of each, and what a
maintainer still does by hand.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from visualmemory_gui import __version__

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "build/dist"
BY_HAND = (
    "move what is under Unreleased in CHANGELOG.md below a heading of the version and the date, if it is not there yet",
    "look at the screenshots and the film again where the window has changed: python -m tools.screenshots, tools.film",
    "on a computer at rest run make bench, and python -m tools.installation lines, extras, make demo app",
    "once the repository has an address, put it for REPOSITORY in README.md, into project.urls and below the changelog",
    "install the wheel and use it on macOS and on Windows, where none of this is tested",
    "tag the commit with the version, and push the tag",
    "upload build/dist to the package index, and build/app as an archive for each system it was built on",
    "publish build/docs",
)


def run(*words: str) -> None:
    subprocess.run([sys.executable, *words], cwd=ROOT, check=True)


def packages() -> Path:
    """The source archive, the wheel, and that a wheel made of the archive holds the same files."""
    shutil.rmtree(DIST, ignore_errors=True)
    archive, wheel = built(DIST)
    with tempfile.TemporaryDirectory() as room:
        again = wheel_of(archive, Path(room))
        if different := set(files(wheel).items()) ^ set(files(again).items()):
            raise SystemExit(f"the wheel of the source archive differs: {sorted({name for name, _ in different})[:5]}")
    return DIST


def built(folder: Path) -> tuple[Path, Path]:
    """The source archive and the wheel of this tree, in the new folder ``folder``."""
    run("-m", "hatchling", "build", "-d", str(folder))
    [archive], [wheel] = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return archive, wheel


def wheel_of(archive: Path, room: Path) -> Path:
    """The wheel that the source archive alone makes, unpacked in ``room``."""
    with tarfile.open(archive) as packed:
        packed.extractall(room, filter="data")
    [source] = [path for path in room.iterdir() if path.is_dir()]
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(room)]
    subprocess.run(command, cwd=source, check=True)
    [wheel] = room.glob("*.whl")
    return wheel


def files(wheel: Path) -> dict[str, int]:
    """The files of a wheel, and the checksum of each."""
    with zipfile.ZipFile(wheel) as archive:
        return {one.filename: one.CRC for one in archive.infolist() if not one.filename.endswith("RECORD")}


def installed() -> Path:
    run("-m", "pytest", "--quiet", "--no-header", "tests/test_wheel.py", "tests/test_desktop.py")
    return DIST


def application() -> Path:
    run("-m", "tools.application")
    return ROOT / "build/app"


def documentation() -> Path:
    run("-m", "mkdocs", "build", "--strict", "--quiet")
    return ROOT / "build/docs"


def size(folder: Path) -> int:
    """Bytes of all files in ``folder``."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def to_do() -> list[str]:
    """What is left to do by hand."""
    heading = re.search(rf"^## \[{re.escape(__version__)}\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    return list(BY_HAND[1:] if heading else BY_HAND)


STEPS: dict[str, Callable[[], Path]] = {
    "wheel and source archive": packages,
    "the wheel, installed": installed,
    "application": application,
    "documentation": documentation,
}


def main() -> None:
    rows = []
    for name, step in STEPS.items():
        began = time.monotonic()
        where = step()
        rows.append({"what": name, "seconds": round(time.monotonic() - began), "bytes": size(where)})
        print(json.dumps(rows[-1]), flush=True)
    print(f"\nvisualmemory_gui {__version__} is built. By hand:")
    print("\n".join(f"- {each}" for each in to_do()))


if __name__ == "__main__":
    main()

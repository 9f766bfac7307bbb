"""What is left behind in a folder where something was cut off, once what works there next has begun."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.encoders import download
from visualmemory_gui.engine.encoders.download import Remote
from visualmemory_gui.engine.errors import EncoderError, NotAMemory
from visualmemory_gui.engine.exchange import bundle, import_export
from visualmemory_gui.engine.progress import silent

READY = "ready"
"""A file that is there when a folder is prepared: nothing is judged before."""
BODY = bytes(range(256)) * 800
"""What is fetched."""
TEMPORARY = re.compile(r"\.vmem-.*|.*\.(part|tmp|new|copies)(-wal|-shm|-journal)?")
OF_NO_ONE = "127.0.0.1:9"  # the port of the discard service: nothing answers there


def wrong(root: Path) -> list[str]:
    """What is wrong below ``root`` after the next opening of each memory, the next export and the next fetch."""
    found: list[str] = []
    for place in sorted(root.glob("*.vmem")):
        found += _damage(place)
    _work_on(root)
    found += [f"half: {path.name}" for path in sorted((root / "out").iterdir()) if not _is_whole(path)]
    found += [f"half: {path.name}" for path in sorted(root.glob("*.vmemz")) if not _is_whole(path)]
    found += [f"half: {path.name}" for path in (root / "weights").glob("*.safetensors") if path.read_bytes() != BODY]
    return found + [f"left: {path.relative_to(root)}" for path in _temporary(root)]


def _damage(place: Path) -> Iterator[str]:
    try:
        with VisualMemory.open(place) as memory:
            yield from (f"{place.name}: {one}" for one in memory.maintenance.verify())
    except NotAMemory:  # its making was cut off: it can be made
        VisualMemory.create(place, dim=4).close()


def _work_on(root: Path) -> None:
    """What removes the leftovers of others: the next export into a folder, the next fetch."""
    with VisualMemory.open(root / "m.vmem", readonly=True) as memory:
        for folder in (root, root / "out"):
            target = folder / f"{secrets.token_hex(4)}.parquet"
            import_export.export(memory, target, "parquet")
            target.unlink()
    with contextlib.suppress(EncoderError):
        fetch_from(f"http://{OF_NO_ONE}/", root / "weights" / "none")


def fetch_from(url: str, target: Path) -> None:
    remote = Remote(url, hashlib.sha256(BODY).hexdigest(), len(BODY))
    download.fetch(
        lambda: remote, target, encoder="a", address=url, attempt=lambda path: path.read_bytes(), report=silent
    )


def _is_whole(path: Path) -> bool:
    """Whether an export that has its name can be read to its end. What is temporary is told elsewhere."""
    if TEMPORARY.fullmatch(path.name):
        return True
    if path.is_dir():
        lines = (path / "metadata.jsonl").read_text().splitlines()
        return all((path / json.loads(line)["file_name"]).stat().st_size > 0 for line in lines)
    if path.suffix == ".vmemz":
        return bundle.check(path) > 0
    if path.suffix == ".json":
        return len(json.loads(path.read_text())) > 0
    return path.read_bytes().endswith(b"PAR1" if path.suffix == ".parquet" else b"\n")


def _temporary(root: Path) -> list[Path]:
    return [path for path in sorted(root.rglob("*")) if TEMPORARY.fullmatch(path.name) and not _is_begun(path)]


def _is_begun(path: Path) -> bool:
    """Whether it is what has arrived of a file that the next fetch of it goes on with."""
    return path.name.endswith(f".safetensors.{hashlib.sha256(BODY).hexdigest()}.part")

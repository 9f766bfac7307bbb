"""Whatever writes files, each time it is run: what it may leave behind when it is cut off.

Arguments: a folder and how. "once": everything in turn, for ``disk.c`` to watch. "failing": each again and again on a
disk that fails at its first operation, some operations later, and so on, and a line of JSON for each attempt: the deed,
and what is wrong. "endless": everything in turn without end, to be killed; a line when it begins.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import itertools
import json
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
from PIL import Image
from typer.testing import CliRunner

from tests.reliability.leftovers import BODY, READY, fetch_from, wrong
from visualmemory_gui import VisualMemory
from visualmemory_gui.cli.main import app
from visualmemory_gui.engine.errors import VisualMemoryError
from visualmemory_gui.engine.exchange import import_export

STEP = 7
FAULTS = 6
"""On a disk that fails, each deed is tried at so many of its first operations, ``STEP`` apart."""

Deed = Callable[[Path, int], object]


class _Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        with contextlib.suppress(OSError):  # a client that was cut off
            self.wfile.write(BODY)

    def log_message(self, *args: object) -> None:
        """Silent."""


@contextlib.contextmanager
def served() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Server) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{running.server_port}/weights"
        finally:
            running.shutdown()


def prepare(root: Path) -> None:
    """Images, and a memory of six of them."""
    rng = np.random.default_rng(0)
    for n in range(9):
        folder = root / "sources" / f"class {n % 3}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (24, 32, 3), np.uint8)).save(folder / f"{n}.png")
    (root / "out").mkdir()
    (root / "weights").mkdir()
    with VisualMemory.create(root / "m.vmem", encoder="fake") as memory:
        memory.add(images(root)[:6], ["cat", "dog"] * 3)
    (root / READY).touch()


def images(root: Path) -> list[Path]:
    return sorted((root / "sources").rglob("*.png"))


def command(*arguments: object) -> None:
    """As on the command line; an error comes out as one."""
    done = CliRunner().invoke(app, [str(one) for one in arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    if done.exit_code:
        raise VisualMemoryError(done.output)


def add(root: Path, turn: int) -> None:
    with VisualMemory.open(root / "m.vmem") as memory:
        memory.add(images(root)[6:], [f"new {turn}"] * 3)


def purge(root: Path, turn: int) -> None:
    with VisualMemory.open(root / "m.vmem") as memory:
        memory.undo()
        memory.maintenance.compact(keep_history_s=0)


def build(root: Path, turn: int) -> None:
    command("build", root / "sources", root / f"built{turn}.vmem", "--encoder", "fake", "--copy")


def exported(kind: str, ending: str) -> Deed:
    def export(root: Path, turn: int) -> None:
        with VisualMemory.open(root / "m.vmem", readonly=True) as memory:
            import_export.export(memory, root / "out" / f"{turn}{ending}", kind)

    return export


def csv(root: Path, turn: int) -> None:
    command("map", root / "m.vmem", "--out", root / "out" / f"{turn}.csv")


def bring(root: Path, turn: int) -> None:
    with VisualMemory.open(root / "m.vmem", readonly=True) as memory:
        import_export.export(memory, root / f"{turn}.vmemz", "bundle")
    command("import", root / f"{turn}.vmemz", root / f"brought{turn}.vmem")


def fetch(root: Path, turn: int) -> None:
    with served() as url:
        fetch_from(url, root / "weights" / f"{turn}.safetensors")


DEEDS: dict[str, Deed] = {
    "add": add,
    "build": build,
    "bundle": exported("bundle", ".vmemz"),
    "imagefolder": exported("imagefolder", ""),
    "parquet": exported("parquet", ".parquet"),
    "neighbours": exported("neighbours-json", ".json"),
    "csv": csv,
    "import": bring,
    "fetch": fetch,
    "purge": purge,
}


def fail(root: Path) -> None:
    disk = ctypes.CDLL(None)
    turns = itertools.count(1)
    for name, deed in DEEDS.items():
        for fault in range(FAULTS):
            disk.disk_fail_after(ctypes.c_long(STEP * fault), errno.ENOSPC if fault % 2 else errno.EIO)
            turn = next(turns)
            with contextlib.suppress(VisualMemoryError, OSError):
                deed(root, turn)
            disk.disk_fail_after(ctypes.c_long(0), 0)
            print(json.dumps([name, wrong(root)]), flush=True)
            for made in (*root.glob("built*.vmem"), *root.glob("brought*.vmem")):
                shutil.rmtree(made)


def main(root: Path, how: str) -> None:
    if not (root / READY).exists():
        prepare(root)
    if how == "failing":
        fail(root)
        return
    print("begins", flush=True)
    for turn in itertools.count() if how == "endless" else [0]:
        for deed in DEEDS.values():
            deed(root, turn)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])

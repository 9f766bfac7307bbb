"""Every kind of edit on a disk that fails: at its first operation, at its second, and so on, until all succeed.

Says each attempt as a line of JSON: edit, after how many operations the disk failed, the error, and what is wrong.
Runs with ``disk.c`` preloaded. Arguments: a folder; in what steps the operations are counted; "whole", or "halves" for
an edit made as two.
"""

from __future__ import annotations

import ctypes
import errno
import json
import secrets
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from tests.reliability.disk_child import state
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.errors import VisualMemoryError
from visualmemory_gui.engine.exchange import import_export

Edit = Callable[[VisualMemory], object]
disk = ctypes.CDLL(None)
disk.disk_left.restype = ctypes.c_long
EDITS: dict[str, Edit] = {
    "strike": lambda m: m.strike([3, 4]),
    "restore": lambda m: m.restore([1]),
    "relabel": lambda m: m.relabel([5], "class 9"),
    "reweigh": lambda m: m.reweigh([6], 2.0),
    "rename": lambda m: m.rename_label("class 1", "class 3"),
    "undo": lambda m: m.undo(),
    "go back": lambda m: m.history.go_back(0),
    "tag": lambda m: m.tags.put("here"),
    "queue": lambda m: m.queue.add([m.path.with_name("new.png")]),
    "setting": lambda m: m.set("rule", "plurality"),
    "maintain": lambda m: m.maintenance.run(),
    "forget": lambda m: m.forget([7, 8]),
    "compact": lambda m: m.maintenance.compact(),
    "export": lambda m: import_export.export(m, m.path.with_suffix(f".{secrets.token_hex(4)}.vmemz"), "bundle"),
    "add": lambda m: m.add([m.path.with_name("new.png")], ["cat"]),
}


def prepared(path: Path) -> None:
    rng = np.random.default_rng(0)
    files = [*(path.with_name(f"{n}.png") for n in range(12)), path.with_name("new.png")]
    for file in files:
        Image.fromarray(rng.integers(0, 255, (24, 32, 3), np.uint8)).save(file)
    with VisualMemory.create(path, encoder="fake") as memory:
        memory.add(files[:12], [f"class {n % 3}" for n in range(12)])
        memory.set("exact_limit", 100)
        memory.strike([1, 2])


def attempt(path: Path, name: str, operations: int) -> tuple[str, str, bool]:
    """The error's words, what is wrong, and whether the disk failed at all."""
    with VisualMemory.open(path) as memory:
        before = state(memory)
        disk.disk_fail_after(ctypes.c_long(operations), errno.ENOSPC if operations % 2 else errno.EIO)
        said, receipt = "", None
        try:
            done = EDITS[name](memory)
            receipt = getattr(done, "receipt", None)
        except VisualMemoryError as error:
            said = str(error)
        failed = disk.disk_left() < 0
        disk.disk_fail_after(ctypes.c_long(0), 0)
        changed = state(memory) != before
        if said:  # the disk works again: the same memory goes on
            EDITS[name](memory)
        unfinished = any(one.what == "forget" for one in memory.maintenance.verify())
    if said and changed:
        return said, "changed although it was refused", failed
    if unfinished and (receipt is None or receipt.status == "done"):
        return said, f"not finished, but the receipt is {receipt}", failed
    with VisualMemory.open(path) as memory:
        return said, ", ".join(map(str, memory.maintenance.verify())), failed


def main(root: Path, step: int, *, halves: bool) -> None:
    whole = root / "whole.vmem"
    prepared(whole)
    if halves:
        EDITS.clear()
        EDITS["two"] = lambda m: [m.strike([3]), m.strike([4])]
    for name in EDITS:
        operations, failed = 0, True
        while failed:
            path = root / f"{name} {operations}.vmem"
            shutil.copytree(whole, path)
            said, wrong, failed = attempt(path, name, operations)
            print(json.dumps([name, operations, said, wrong]), flush=True)
            shutil.rmtree(path)
            operations += step


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), halves=sys.argv[3] == "halves")

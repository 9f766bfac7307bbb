"""Building on Ray against one process, and whether a build that is killed again and again ends with the same rows.

The images are Debian's clip art (openclipart-png) and Fashion-MNIST as PNG files, drawn with a seed. ``speed`` builds
the same images in one process, by Ray with one worker and by Ray with two. ``killed`` kills a build ten times, goes on
with it, and compares its rows with those of a build in one process. ``--to`` names a shared memory to build instead:
four of the ten moments are then while its rows are imported and pushed. A run with ``--room`` that was cut short goes
on when it is given again: with the same images, and the kills that are left.

    python -m benchmarks.ray_build speed 2000 --clipart FOLDER --fashion FOLDER
    python -m benchmarks.ray_build killed 20000 --drawings 0 --fashion FOLDER
    python -m tools.milvus_server milvus-server python -m benchmarks.ray_build killed 20000 --drawings 0 \\
        --fashion FOLDER --to milvus+http://127.0.0.1:19530/many
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks import fashion
from benchmarks.results import read, table, write
from visualmemory_gui import SharedMemory, VisualMemory
from visualmemory_gui.engine.errors import ServerError
from visualmemory_gui.engine.exchange.ray_build import PART
from visualmemory_gui.engine.shared_memory.address import SharedAddress, is_shared
from visualmemory_gui.engine.shared_memory.journal import folder_of
from visualmemory_gui.engine.shared_memory.milvus_server import connected
from visualmemory_gui.engine.shared_memory.shared_texts import SharedTexts

CLIPART = Path("/usr/share/openclipart/png")
KILLS = 10
PUSHED = (0.1, 0.5, 0.9)
"""The parts of the rows that the server has when a build is killed that pushes them."""
COMMAND = [sys.executable, "-m", "visualmemory_gui"]
WRONG = ("missing", "too_many", "damaged")
Rows = dict[tuple[str, str], list[np.ndarray]]


def images(folder: Path, count: int, most_drawings: int, clipart: Path, fashion_folder: Path) -> None:
    """``count`` image files in class folders: at most ``most_drawings`` of them clip art."""
    drawings = sorted(path for path in clipart.rglob("*.png") if not path.is_symlink())
    random.Random(0).shuffle(drawings)
    drawings = drawings[:most_drawings]
    for path in drawings:
        target = folder / "clipart" / path.relative_to(clipart)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    pixels, codes = fashion.read(fashion_folder, "train")
    for number in np.random.default_rng(0).permutation(len(pixels))[: count - len(drawings)].tolist():
        target = folder / "fashion" / fashion.NAMES[codes[number]] / f"{number:05}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels[number]).save(target)


def run(*arguments: object) -> tuple[dict[str, Any], float]:
    """What a command prints, and how many seconds it took."""
    started = time.perf_counter()
    done = subprocess.run([*COMMAND, *map(str, arguments), "--json"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found, time.perf_counter() - started


def speed(folder: Path, room: Path) -> dict[str, Any]:
    """Seconds of each way to build, from the start of its process to its end."""
    built, seconds = run("build", folder, room / "one.vmem")
    found: dict[str, Any] = {"images": built["added"], "one process": {"build_s": seconds}}
    for workers in (1, 2):
        shards = room / f"shards {workers}"
        _, seconds = run("build", folder, shards, "--ray", "local", "--workers", workers)
        _, taking = run("build", "--vectors", shards, room / f"{workers}.vmem")
        size = sum(path.stat().st_size for path in shards.glob("*.parquet"))
        found[f"Ray, {workers} workers"] = {
            "build_s": seconds,
            "import_s": taking,
            "bytes_per_image": size // built["added"],
        }
        compare_all(found, f"Ray, {workers} workers", room / "one.vmem", room / f"{workers}.vmem")
    return found


def compare_all(found: dict[str, Any], name: str, one: Path, other: Path) -> None:
    found[name] |= compared(rows_of(one), rows_of(other))


def opened(place: Path | str) -> VisualMemory | SharedMemory:
    if is_shared(place):
        return SharedMemory.open(str(place), readonly=True)
    return VisualMemory.open(place, readonly=True)


def rows_of(place: Path | str) -> Rows:
    """Vectors by content and label."""
    rows: Rows = {}
    with opened(place) as m:
        for page in m.catalog.pages():
            for one, vector in zip(page, m.catalog.vectors([one.id for one in page]), strict=True):
                rows.setdefault((one.content or "", one.label), []).append(vector)
    return rows


def compared(one: Rows, other: Rows) -> dict[str, Any]:
    """Whether these are the same rows, and by how much their vectors differ."""
    counts = [Counter({key: len(vectors) for key, vectors in rows.items()}) for rows in (one, other)]
    differs = [float(np.abs(one[key][0] - other[key][0]).max()) for key in one.keys() & other.keys()]
    return {
        "missing": (counts[0] - counts[1]).total(),
        "too_many": (counts[1] - counts[0]).total(),
        "vectors_differ_by": max(differs, default=0.0),
    }


class Progress:
    """How far a build of ``count`` images has come, seen from outside."""

    def __init__(self, count: int, room: Path, to: str | None) -> None:
        self.address = None if to is None else SharedAddress.of(to)
        self.folder = room if self.address is None else folder_of(self.address) / "build"
        self.parts, self.count = -(-count // PART), count

    def shards(self) -> int:
        return len(list((self.folder / "shards").glob("part-*.parquet")))

    def imports(self) -> bool:
        return any(self.folder.glob("*memory.vmem*"))

    def pushed(self) -> int:
        """The highest id that the server was sent."""
        if self.address is None:
            return 0
        try:
            with connected(self.address) as server:
                return (SharedTexts(server, self.address.collection).number("next_id", read="bounded") or 1) - 1
        except ServerError:
            return 0  # its collections are not there, or not loaded yet

    def moments(self) -> list[Callable[[], bool]]:
        """Whether each of the moments has come at which the build is killed."""
        late = 0 if self.address is None else 1 + len(PUSHED)
        encoding = [self.parts * number // KILLS + 1 for number in range(KILLS - late)]
        found: list[Callable[[], bool]] = [lambda wanted=wanted: self.shards() >= wanted for wanted in encoding]  # type: ignore[misc]
        if late:
            found.append(lambda: self.shards() == self.parts and self.imports())
            found += [lambda part=part: self.pushed() >= part * self.count for part in PUSHED]  # type: ignore[misc]
        return found


def killed(folder: Path, room: Path, to: str | None) -> dict[str, Any]:
    """Kill a build by Ray at ten moments, go on with it, and compare."""
    progress = Progress(sum(1 for _ in folder.rglob("*.png")), room, to)
    command = [*COMMAND, "build", str(folder), to or str(room / "shards"), "--ray", "local", "--workers", "2"]
    kept = room / "killed.json"
    killed_at: list[dict[str, int]] = json.loads(kept.read_text()) if kept.exists() else []
    rng = random.Random(len(killed_at))
    for has_come in progress.moments()[len(killed_at) :]:
        build = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
        while build.poll() is None and not has_come():
            time.sleep(0.1)
        time.sleep(rng.random())
        if build.poll() is not None:
            raise SystemExit(f"it ended before it was killed: {build.stderr and build.stderr.read().decode()}")
        build.kill()
        build.wait()
        killed_at.append({"shards": progress.shards(), "rows_pushed": progress.pushed()})
        kept.write_text(json.dumps(killed_at))
        print(f"killed at {killed_at[-1]}", flush=True)
    last, seconds = run(*command[3:])
    place: Path | str = to or room / "killed.vmem"
    if to is None:
        run("build", "--vectors", room / "shards", place)
    one, alone = run("build", folder, room / "one.vmem")
    found = {"images": progress.count, "killed_at": killed_at, "shards": progress.parts}
    reasons = [{skip["path"]: skip["reason"] for skip in told["skipped"]} for told in (one, last)]
    same_file = "the same file as"
    found["skipped_by_one_process_only"] = sorted(
        why for path, why in reasons[0].items() if path not in reasons[1] and not why.startswith(same_file)
    )
    found["skipped_by_ray_only"] = sorted(why for path, why in reasons[1].items() if path not in reasons[0])
    found |= {"skipped": len(last["skipped"]), "last_run_s": seconds, "one_process_s": alone, "to": to and "Milvus"}
    with opened(place) as m:
        found["damaged"] = len(m.maintenance.verify())
    return {**found, **compared(rows_of(room / "one.vmem"), rows_of(place))}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("speed", "killed"))
    parser.add_argument("count", type=int)
    parser.add_argument("--drawings", type=int, help="how many images are clip art at most; default: half of them")
    parser.add_argument("--clipart", type=Path, default=CLIPART)
    parser.add_argument("--fashion", type=Path, default=fashion.INSTALLED)
    parser.add_argument("--to", help="the address of a shared memory")
    parser.add_argument("--room", type=Path, help="a folder for all that is made on the way, which stays")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as name:
        room = asked.room or Path(name)
        drawings = asked.count // 2 if asked.drawings is None else asked.drawings
        if not (room / "images").exists():
            images(room / "images", asked.count, drawings, asked.clipart, asked.fashion)
        found = speed(room / "images", room) if asked.what == "speed" else killed(room / "images", room, asked.to)
    kind = asked.what if asked.to is None else f"{asked.what} into Milvus"
    write("ray-build", {**read("ray-build"), kind: found})
    rows = [[name, json.dumps(value)] for name, value in found.items()]
    print(table(["", kind], rows))
    checked = [one for one in (found, *found.values()) if isinstance(one, dict)]
    return 1 if any(one.get(name) for one in checked for name in WRONG) else 0


if __name__ == "__main__":
    sys.exit(main())

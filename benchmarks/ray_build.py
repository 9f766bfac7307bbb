"""Building on Ray against one process, and whether a build that is killed again and again ends with the same rows.

The images are Debian's clip art (openclipart-png) and Fashion-MNIST as PNG files, drawn with a seed. ``speed`` builds
the same images in one process, by Ray with one worker and by Ray with two. ``killed`` kills a build ten times, goes on
with it, and compares its rows with those of a build in one process. ``--to`` names a shared memory to build instead.

    python -m benchmarks.ray_build speed 2000 --clipart FOLDER --fashion FOLDER
    python -m benchmarks.ray_build killed 20000 --clipart FOLDER --fashion FOLDER [--to URL]
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
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks import fashion
from benchmarks.results import read, table, write
from visualmemory_gui import SharedMemory, VisualMemory
from visualmemory_gui.engine.shared_memory.address import SharedAddress
from visualmemory_gui.engine.shared_memory.journal import folder_of

CLIPART = Path("/usr/share/openclipart/png")
KILLS, PUSHING = 10, 4
COMMAND = [sys.executable, "-m", "visualmemory_gui"]
Rows = dict[tuple[str, str], list[np.ndarray]]


def images(folder: Path, count: int, clipart: Path, fashion_folder: Path) -> None:
    """``count`` image files in class folders: at most half of them clip art."""
    drawings = sorted(path for path in clipart.rglob("*.png") if not path.is_symlink())
    random.Random(0).shuffle(drawings)
    drawings = drawings[: count // 2]
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


def rows_of(place: Path | str) -> Rows:
    """Vectors by content and label."""
    rows: Rows = {}
    opened = (
        SharedMemory.open(str(place), readonly=True) if "://" in str(place) else VisualMemory.open(place, readonly=True)
    )
    with opened as m:
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


def killed(folder: Path, room: Path, to: str | None) -> dict[str, Any]:
    """Kill a build by Ray at ten moments, go on with it, and compare."""
    shards = room / "shards" if to is None else folder_of(SharedAddress.of(to)) / "build" / "shards"
    parts = -(-sum(1 for _ in folder.rglob("*.png")) // 128)
    command = [*COMMAND, "build", str(folder), to or str(shards), "--ray", "local", "--workers", "2"]
    told: list[int] = []
    rng = random.Random(0)
    for number in range(KILLS):
        late = to is not None and number >= KILLS - PUSHING  # all shards are there: it imports and pushes them
        wanted = parts if late else parts * number // KILLS + 1
        build = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
        while build.poll() is None and len(list(shards.glob("part-*"))) < wanted:
            time.sleep(0.1)
        time.sleep(rng.random() * (15 if late else 3))
        if build.poll() is not None:
            raise SystemExit(f"it ended before it was killed: {build.stderr and build.stderr.read().decode()}")
        build.kill()
        build.wait()
        told.append(len(list(shards.glob("part-*.parquet"))))
        print(f"killed with {told[-1]} of {parts} shards", flush=True)
    last, seconds = run(*command[3:])
    place: Path | str = to or room / "killed.vmem"
    if to is None:
        run("build", "--vectors", shards, place)
    one, alone = run("build", folder, room / "one.vmem")
    found = {"images": sum(1 for _ in folder.rglob("*.png")), "killed_with_shards": told, "shards": parts}
    reasons = [{skip["path"]: skip["reason"] for skip in told["skipped"]} for told in (one, last)]
    same_file = "the same file as"
    found["skipped_by_one_process_only"] = sorted(
        why for path, why in reasons[0].items() if path not in reasons[1] and not why.startswith(same_file)
    )
    found["skipped_by_ray_only"] = sorted(why for path, why in reasons[1].items() if path not in reasons[0])
    found |= {"skipped": len(last["skipped"]), "last_run_s": seconds, "one_process_s": alone, "to": to and "Milvus"}
    return {**found, **compared(rows_of(room / "one.vmem"), rows_of(place))}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("speed", "killed"))
    parser.add_argument("count", type=int)
    parser.add_argument("--clipart", type=Path, default=CLIPART)
    parser.add_argument("--fashion", type=Path, default=fashion.INSTALLED)
    parser.add_argument("--to", help="the address of a shared memory")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as name:
        room = Path(name)
        images(room / "images", asked.count, asked.clipart, asked.fashion)
        found = speed(room / "images", room) if asked.what == "speed" else killed(room / "images", room, asked.to)
    kind = asked.what if asked.to is None else f"{asked.what} into Milvus"
    write("ray-build", {**read("ray-build"), kind: found})
    rows = [[name, json.dumps(value)] for name, value in found.items()]
    print(table(["", kind], rows))
    bad = [
        one for one in (found, *found.values()) if isinstance(one, dict) and (one.get("missing") or one.get("too_many"))
    ]
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

"""How fast are images taken in, beside decoding alone and the bare encoder, and into a memory that is large already?

Small PNGs are of a folder; JPEGs of 12 and of 50 megapixels are made of them. Each kind is decoded alone, encoded alone
and imported. The PNGs are then imported into a memory that has many exemplars, in turn with an empty one, ``--count``
others each time.

    python -m benchmarks.ingest [--images FOLDER] [--large 100000] [--count 400] [--rounds 3] [--kinds]
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.results import read, table, write
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.images.decode import DecodedImage

CLIPART = Path("/usr/share/openclipart/png")
KINDS = {"small PNG": (400, 0), "JPEG of 12 MP": (40, 12), "JPEG of 50 MP": (12, 50)}
PART = 20_000


def folder_of(kind: str, images: list[Path], target: Path, *, most: int = 0) -> Path:
    """As many ``images`` as KINDS says, or ``most``: as they are, or as JPEGs of so many megapixels."""
    count, megapixels = KINDS[kind]
    count = most or count
    (target / "class").mkdir(parents=True)
    for place, path in enumerate(images[:count]):
        if not megapixels:
            shutil.copy(path, target / "class" / f"{place:04d}.png")
            continue
        side = round((megapixels * 1e6 / 12) ** 0.5)
        with Image.open(path) as image:
            drawing = image.convert("RGBA").resize((4 * side, 3 * side), Image.Resampling.BICUBIC)
        large = Image.new("RGB", drawing.size, (200 + place, 230, 255 - place))  # no two are the same
        large.paste(drawing, mask=drawing)
        large.save(target / "class" / f"{place:04d}.jpg", quality=90)
    return target


def alone(folder: Path, place: Path) -> dict[str, float]:
    """Images a second, decoded alone and encoded alone."""
    paths = sorted(str(path) for path in folder.rglob("*.*"))
    with VisualMemory.create(place, "lite0") as memory:
        reader = memory._reader
        with closing(reader.pool.map(paths[:2])) as first:
            list(first)  # the children are there
        started = time.perf_counter()
        with closing(reader.pool.map(paths)) as found:
            images = [image for _, image in found if isinstance(image, DecodedImage)]
        decoded = len(images) / (time.perf_counter() - started)
        with reader.bulk() as embed:
            embed(images[:8])
            started = time.perf_counter()
            for batch in embed.batches(images):
                embed(batch)
            encoded = len(images) / (time.perf_counter() - started)
    shutil.rmtree(place)
    return {"decoded alone": decoded, "encoded alone": encoded}


def imported(folder: Path, memory: VisualMemory) -> float:
    """Images a second."""
    started = time.perf_counter()
    result = memory.build(folder)
    assert result.added > 0.9 * result.images, result
    return result.images / (time.perf_counter() - started)


def into_empty(folder: Path, place: Path) -> float:
    with VisualMemory.create(place, "lite0") as memory:
        memory.maintenance.defer()
        rate = imported(folder, memory)
    shutil.rmtree(place)
    return rate


def large_memory(place: Path, n: int) -> None:
    """A memory of ``lite0`` with ``n`` vectors that were brought to it."""
    rng = np.random.default_rng(0)
    with VisualMemory.create(place, "lite0") as memory:
        memory.maintenance.defer()
        for start in range(0, n, PART):
            raw = rng.standard_normal((min(PART, n - start), memory.identity.dim), np.float32)
            memory.add_vectors(raw / np.linalg.norm(raw, axis=1, keepdims=True), "one")


def into_large(folder: Path, place: Path) -> float:
    with VisualMemory.open(place) as memory:
        memory.maintenance.defer()
        return imported(folder, memory)


def median_of(rounds: int, rate: Callable[[], float]) -> float:
    return statistics.median(rate() for _ in range(rounds))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=Path, default=CLIPART)
    parser.add_argument("--large", type=int, default=0, help="exemplars of the large memory; 0: none")
    parser.add_argument("--count", type=int, default=KINDS["small PNG"][0], help="images for it, and as many for none")
    parser.add_argument(
        "--kinds", nargs="*", choices=tuple(KINDS), default=tuple(KINDS), help="none: only the large one"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--note", default="", help="what is to be known of the machine, kept with the result")
    given = parser.parse_args()
    images = sorted(given.images.rglob("*.png"))
    random.Random(0).shuffle(images)
    of_run = {"load": round(os.getloadavg()[0], 1), "note": given.note, "rounds": given.rounds}
    result: dict[str, object] = {**of_run} if given.kinds else {}
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch) / "m.vmem"
        for kind in given.kinds:
            folder = folder_of(kind, images, Path(scratch) / kind)
            found = alone(folder, place)
            found["imported"] = median_of(given.rounds, lambda folder=folder: into_empty(folder, place))
            slower = min(found["decoded alone"], found["encoded alone"])
            both = 1 / (1 / found["decoded alone"] + 1 / found["encoded alone"])
            found["of the slower"] = found["imported"] / slower
            found["of both on the same cores"] = found["imported"] / both
            result[kind] = {name: round(value, 3) for name, value in found.items()}
            rows.append([kind, *found.values()])
        if rows:
            print(table(["images a second", *found], rows))
        if given.large:
            large, count, turns = Path(scratch) / "large.vmem", given.count, []
            large_memory(large, given.large)
            for turn in range(given.rounds):  # of other images each, as those that are here are left out
                folder = folder_of("small PNG", images[(turn + 1) * count :], Path(scratch) / str(turn), most=count)
                turns.append((into_empty(folder, place), into_large(folder, large)))
            first, last = (statistics.median(one) for one in zip(*turns, strict=True))
            result["into an empty and a large memory"] = {
                "exemplars": given.large, "images": count, "empty": round(first, 2),
                "large": round(last, 2), **of_run,
            }  # fmt: skip
            print(f"into {given.large:,}: {last:.3g} images a second, into none {first:.3g}")
    write("ingest", {**read("ingest"), **result})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

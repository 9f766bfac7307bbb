"""FiftyOne's own reader and writer against ours: ``python -m tools.fiftyone_reader``, after ``pip install fiftyone``.

No test does this, for FiftyOne brings 70 packages of 0.5 GB. Its database is not started: reading and writing folders
needs none. Prints FiftyOne's version and what was found equal.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.exchange.import_export import export, import_

LABELS = ("cat", "cat", "größer/dog", "größer/dog", "x")
Facts = list[tuple[str, str | None]]


def made(room: Path) -> tuple[list[Path], Path]:
    """Images, some of one name in one class, and a memory of them."""
    files = [room / f"from {number % 2}" / f"{number // 2}.png" for number in range(len(LABELS))]
    for number, file in enumerate(files):
        file.parent.mkdir(exist_ok=True)
        Image.fromarray(np.random.default_rng(number).integers(0, 255, (24, 32, 3), np.uint8)).save(file)
    with VisualMemory.create(room / "m.vmem", encoder="fake") as memory:
        memory.add(files, LABELS)
        memory.reweigh([2], 0.5)
    return files, room / "m.vmem"


def is_read(memory: Path, room: Path) -> dict[str, bool]:
    """Whether its readers find what was exported in its own format and in that of COCO."""
    from fiftyone.utils.coco import COCODetectionDatasetImporter
    from fiftyone.utils.data.importers import FiftyOneImageClassificationDatasetImporter

    with VisualMemory.open(memory, readonly=True) as m:
        wanted = sorted((one.label, one.id, one.trust) for one in m.catalog.select())
        for kind in ("fiftyone", "coco"):
            export(m, room / kind, kind)
    own = FiftyOneImageClassificationDatasetImporter(dataset_dir=str(room / "fiftyone"))
    coco = COCODetectionDatasetImporter(dataset_dir=str(room / "coco"))
    for reader in (own, coco):
        reader.setup()
    read = [(label.label, label["exemplar"], label["trust"]) for path, _, label in own if Path(path).is_file()]
    boxed = [(one.label, one.bounding_box) for _, _, found in coco for one in found["detections"].detections]
    whole = sorted((label, [0.0, 0.0, 1.0, 1.0]) for label, *_ in wanted)
    return {"its own format is read": sorted(read) == wanted, "COCO is read": sorted(boxed) == whole}


def comes_back(files: list[Path], memory: Path, room: Path) -> bool:
    """Whether what its writer makes of the same images becomes the same memory."""
    from fiftyone.core.labels import Classification
    from fiftyone.utils.data.exporters import FiftyOneImageClassificationDatasetExporter

    with FiftyOneImageClassificationDatasetExporter(export_dir=str(room / "written")) as writer:
        for file, label in zip(files, LABELS, strict=True):
            writer.export_sample(str(file), Classification(label=label))
    import_(room / "written", room / "again.vmem", encoder="fake")
    return facts(room / "again.vmem") == facts(memory)


def facts(memory: Path) -> Facts:
    with VisualMemory.open(memory, readonly=True) as m:
        return sorted((one.label, one.content) for one in m.catalog.select())


def main() -> int:
    os.environ |= {"FIFTYONE_DISABLE_SERVICES": "1", "FIFTYONE_DO_NOT_TRACK": "1"}
    import fiftyone

    with tempfile.TemporaryDirectory() as place:
        room = Path(place)
        files, memory = made(room)
        found = {**is_read(memory, room), "what it writes comes back": comes_back(files, memory, room)}
    print(json.dumps({"fiftyone": fiftyone.__version__, **found}))
    return 0 if all(found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())

"""COCO, in the form of its detection data sets: images in ``data``, and ``labels.json`` with categories, images and
annotations.

Each exemplar is an annotation of its own id. That of a part has the part's box; that of a whole image has a box as
large as the image, and says ``"whole": true``, for COCO has no labels of whole images. ``state`` and ``trust`` are
there too; readers of COCO pass over what they do not know. Boxes are in pixels of the upright image.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from visualmemory_gui.engine.errors import BadValue, ExchangeError
from visualmemory_gui.engine.exchange.atomic_output import new_folder
from visualmemory_gui.engine.exchange.image_metadata import checked_row
from visualmemory_gui.engine.exchange.imagefolder import import_rows, struck_under, written
from visualmemory_gui.engine.exchange.labels_json import DATA, LABELS, folder_of_images, write_labels
from visualmemory_gui.engine.exchange.results import Exported, Imported
from visualmemory_gui.engine.exchange.table import Row
from visualmemory_gui.engine.memory.protocol import Memory
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.types import SMALLEST_BOX, Exemplar, Skipped

Size = tuple[int, int]


def export(
    m: Memory,
    target: str | Path,
    *,
    label: str | None = None,
    keep_private: bool = False,
    report: Report = silent,
) -> Exported:
    """Write the active exemplars to the new or empty folder ``target``, completely or not at all: all of them, or those
    of the class ``label`` and below it.

    If an original cannot be read, the thumbnail replaces it. Exemplars without any image are left out.
    """
    path, exemplars = Path(target), m.catalog.select(label=label, state="active")
    with new_folder(path) as part:
        done = written(m, part / DATA, exemplars, keep_private=keep_private, report=report)
        sizes = {row["file_name"]: _size(part, one, row, kind) for kind, one, row in done.rows}
        write_labels(part, _document([(one, row) for _, one, row in done.rows], sizes))
    return done.exported(path, "coco", left_out=struck_under(m, label))


def _size(root: Path, exemplar: Exemplar, row: Row, kind: str) -> Size:
    if kind == "image":
        return exemplar.width, exemplar.height
    from PIL import Image  # late: only for thumbnails, which are our own small JPEGs

    with Image.open(root / DATA / row["file_name"]) as thumbnail:
        return thumbnail.size


def _document(rows: Sequence[tuple[Exemplar, Row]], sizes: Mapping[str, Size]) -> dict[str, object]:
    names = sorted({row["label"] for _, row in rows})
    category = {name: number for number, name in enumerate(names, 1)}
    image = {name: number for number, name in enumerate(sizes, 1)}
    return {
        "info": {"description": "Exported from a visual memory"},
        "licenses": [],
        "categories": [{"id": n, "name": name, "supercategory": name.split("/")[0]} for name, n in category.items()],
        "images": [
            {"id": n, "file_name": name, "width": sizes[name][0], "height": sizes[name][1]} for name, n in image.items()
        ],
        "annotations": [
            _annotation(one, row, sizes[row["file_name"]], (image[row["file_name"]], category[row["label"]]))
            for one, row in rows
        ],
    }


def _annotation(exemplar: Exemplar, row: Row, size: Size, ids: tuple[int, int]) -> dict[str, object]:
    box = row.get("box") or [0, 0, *size]
    return {
        "id": exemplar.id,
        "image_id": ids[0],
        "category_id": ids[1],
        "bbox": box,
        "area": box[2] * box[3],
        "segmentation": [],
        "iscrowd": 0,
        "whole": "box" not in row,
        "state": exemplar.state,
        "trust": exemplar.trust,
    }


def import_(
    folder: Path, found: Mapping[str, object], memory: Path, *, encoder: str | None, report: Report
) -> Imported:
    """Import what ``found``, the document in ``folder``, says of its images, as one step.

    An annotation whose box is as large as its image is an exemplar of the whole image, any other one of a part; its
    sides are rounded to whole pixels. Images without an annotation are listed as skipped, as boxes under 8 pixels are.
    Raises ExchangeError; then nothing has changed.
    """
    names = {one.get("id"): one.get("name") for one in _objects(found, "categories")}
    images = {one.get("id"): one for one in _objects(found, "images")}
    place = folder_of_images(folder)
    rows: list[Row] = []
    skipped: list[Skipped] = []
    annotated = set()
    for number, one in enumerate(_objects(found, "annotations"), 1):
        shown = f"annotation {number} of {LABELS}"
        image, label = images.get(_key(one, "image_id")), names.get(_key(one, "category_id"))
        if image is None or label is None:
            raise ExchangeError(f"{shown} names an image or a category that {LABELS} does not list")
        annotated.add(image.get("id"))
        name = str(PurePosixPath(place, str(image.get("file_name"))))
        told = {"file_name": name, "label": label, "state": one.get("state"), "trust": one.get("trust")}
        try:
            rows.append(checked_row({**told, "box": _box(one, image, shown)}, shown))
        except BadValue as error:
            skipped.append(Skipped(name, str(error)))
    bare = [str(one.get("file_name")) for key, one in images.items() if key not in annotated]
    skipped += [Skipped(name, "it has no annotation, and so no label") for name in bare]
    return import_rows(folder, rows, memory, encoder=encoder, skipped=skipped, report=report)


def _objects(found: Mapping[str, object], name: str) -> list[dict[str, object]]:
    listed = found.get(name)
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise ExchangeError(f"{LABELS} has no list of {name}, as COCO has it")
    for one in listed:
        _key(one, "id")
    return listed


def _key(one: Mapping[str, object], name: str) -> int | str:
    key = one.get(name)
    if isinstance(key, bool) or not isinstance(key, int | str):
        raise ExchangeError(f"{LABELS} has an entry whose {name} is neither a number nor a text")
    return key


def _box(one: Mapping[str, object], image: Mapping[str, object], shown: str) -> list[int] | None:
    """The box of a part, None for a whole image. Raises BadValue for a box too small to be a part."""
    given = one.get("bbox")
    if one.get("whole") is True or given is None:
        return None
    if not isinstance(given, list) or len(given) != 4 or not all(_is_number(side) for side in given):
        raise ExchangeError(f"{shown}: its bbox is not x, y, width, height")
    x, y = (max(0, math.floor(side + 0.5)) for side in given[:2])
    w, h = (math.floor(at + side + 0.5) - start for at, side, start in zip(given[:2], given[2:], (x, y), strict=True))
    if (x, y, w, h) == (0, 0, image.get("width"), image.get("height")):
        return None
    if min(w, h) < SMALLEST_BOX:
        raise BadValue(f"{shown} is {w} x {h} pixels; a part has at least {SMALLEST_BOX} x {SMALLEST_BOX}")
    return [x, y, w, h]


def _is_number(value: object) -> bool:
    """Whether it may be a coordinate."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**31

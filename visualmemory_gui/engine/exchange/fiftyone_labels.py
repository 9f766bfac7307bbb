"""FiftyOne's format of labelled images (``FiftyOneImageClassificationDataset``): images in ``data``, and
``labels.json`` with the classes and, by the path of each image below ``data`` without its ending, the place of its
class among them.

``attributes`` hold the exemplar's id and trust. The format has no parts of images: they are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from visualmemory_gui.engine.errors import ExchangeError
from visualmemory_gui.engine.exchange.atomic_output import new_folder
from visualmemory_gui.engine.exchange.image_metadata import checked_row
from visualmemory_gui.engine.exchange.imagefolder import import_rows, struck_under, written
from visualmemory_gui.engine.exchange.labels_json import DATA, LABELS, folder_of_images, write_labels
from visualmemory_gui.engine.exchange.results import Exported, Imported
from visualmemory_gui.engine.exchange.table import Row
from visualmemory_gui.engine.memory.protocol import Memory
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.types import Skipped


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
    whole = [one for one in exemplars if one.box is None]
    with new_folder(path) as part:
        done = written(m, part / DATA, whole, keep_private=keep_private, distinct_stems=True, report=report)
        classes = sorted({row["label"] for _, _, row in done.rows})
        place = {label: number for number, label in enumerate(classes)}
        labels = {
            str(PurePosixPath(row["file_name"]).with_suffix("")): {
                "label": place[row["label"]],
                "attributes": {"exemplar": one.id, "trust": one.trust},
            }
            for _, one, row in done.rows
        }
        write_labels(part, {"classes": classes, "labels": labels})
    return done.exported(path, "fiftyone", left_out=struck_under(m, label), parts=len(exemplars) - len(whole))


def import_(
    folder: Path, found: Mapping[str, object], memory: Path, *, encoder: str | None, report: Report
) -> Imported:
    """Import what ``found``, the document in ``folder``, says of its images, as one step.

    A label that is not the place of a class is the class itself. An image with several labels becomes an exemplar of
    each. Raises ExchangeError; then nothing has changed.
    """
    labels, classes = found.get("labels"), found.get("classes") or []
    if not isinstance(labels, dict) or not isinstance(classes, list):
        raise ExchangeError(f"{LABELS} has no labels, as FiftyOne has them")
    files = _files(folder)
    rows: list[Row] = []
    skipped: list[Skipped] = []
    for name, given in labels.items():
        image = files.get(name)
        if image is None:
            skipped.append(Skipped(name, "there is no image of this name"))
            continue
        for one in given if isinstance(given, list) else [given]:
            if one is not None:
                told = {"file_name": image, "label": _label(one, classes, name), "trust": _trust(one)}
                rows.append(checked_row(told, name))
    return import_rows(folder, rows, memory, encoder=encoder, skipped=skipped, report=report)


def _files(folder: Path) -> dict[str, str]:
    """The files of the data set, by their path without its ending."""
    place = folder_of_images(folder)
    below = sorted((folder / place).rglob("*"))
    names = [one.relative_to(folder).as_posix() for one in below if one.is_file() and not one.is_symlink()]
    return {str(PurePosixPath(name).relative_to(place).with_suffix("")): name for name in names if name != LABELS}


def _label(given: object, classes: list[object], name: str) -> str:
    label = given.get("label") if isinstance(given, dict) else given
    if type(label) is int and 0 <= label < len(classes):
        label = classes[label]
    if not isinstance(label, str):
        raise ExchangeError(f"{name[:80]} in {LABELS}: its label is neither a class nor the place of one")
    return label


def _trust(given: object) -> object:
    attributes = given.get("attributes") if isinstance(given, dict) else None
    return attributes.get("trust") if isinstance(attributes, dict) else None

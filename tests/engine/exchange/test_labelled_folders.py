"""COCO, FiftyOne and CSV: out of a memory, as others read them, and back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pycocotools.coco import COCO

from tests.engine.exchange.memories import facts, paint
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.errors import BadValue, ExchangeError
from visualmemory_gui.engine.exchange.import_export import ENDINGS, OF_CLASSES, export, import_
from visualmemory_gui.engine.exchange.results import Exported
from visualmemory_gui.engine.types import Box

LEFT, RIGHT = Box(0, 0, 16, 24), Box(16, 0, 16, 24)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A memory of images, two of one name in one class, and of two parts of one of them; one is struck out."""
    room = tmp_path_factory.mktemp("kept")
    files = [paint(room / name, n) for n, name in enumerate(("a/0.png", "b/0.png", "c/0.jpg", "d/0.png", "e.png"))]
    with VisualMemory.create(room / "m.vmem", encoder="fake") as m:
        m.add(files, ["cat", "cat", "cat", "größer/dog", "gone"])
        m.add([files[0], files[0]], ["cat/ear", "größer/nose"], [LEFT, RIGHT])
        m.reweigh([2], 0.5)
        m.strike([5])
    return room / "m.vmem"


def exported(memory: Path, target: Path, kind: str, **options: Any) -> Exported:
    with VisualMemory.open(memory, readonly=True) as m:
        return export(m, target, kind, **options)


def described(memory: Path, *, parts: bool = True) -> set[tuple[object, ...]]:
    """The active exemplars but for their ids."""
    with VisualMemory.open(memory, readonly=True) as m:
        assert m.maintenance.verify() == []
        rows = m.catalog.select()
        found = [(*fact, row.box, row.original) for fact, row in zip(facts(m), rows, strict=True)]
        return {one for one, row in zip(found, rows, strict=True) if row.state == "active" and (parts or not row.box)}


def test_what_is_written_for_coco_comes_back_whole_and_again(kept: Path, tmp_path: Path) -> None:
    done = exported(kept, tmp_path / "coco", "coco")
    assert (done.exemplars, done.images, done.left_out, done.parts) == (6, 6, 1, 0)
    imported = import_(tmp_path / "coco", tmp_path / "new.vmem", encoder="fake")
    assert (imported.added, imported.skipped) == (6, ())
    assert described(tmp_path / "new.vmem") == described(kept)
    assert import_(tmp_path / "coco", tmp_path / "new.vmem").unchanged == 6


def test_the_reader_of_coco_finds_images_categories_and_boxes(
    kept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exported(kept, tmp_path / "coco", "coco")
    read = COCO(str(tmp_path / "coco" / "labels.json"))
    names = {one["name"] for one in read.loadCats(read.getCatIds())}
    assert names == {"cat", "cat/ear", "größer/dog", "größer/nose"}
    images = read.loadImgs(read.getImgIds())
    assert len(images) == 4 and all((tmp_path / "coco/data" / one["file_name"]).is_file() for one in images)
    assert {(one["width"], one["height"]) for one in images} == {(32, 24)}
    nose = read.loadAnns(read.getAnnIds(catIds=read.getCatIds(catNms=["größer/nose"])))
    assert [(one["bbox"], one["area"]) for one in nose] == [([16, 0, 16, 24], 384)]


def test_what_is_written_for_fiftyone_comes_back_without_parts(kept: Path, tmp_path: Path) -> None:
    done = exported(kept, tmp_path / "fo", "fiftyone")
    assert (done.exemplars, done.parts, done.left_out) == (4, 2, 1)
    document = json.loads((tmp_path / "fo/labels.json").read_text())
    files = {str(one.relative_to(tmp_path / "fo/data").with_suffix("")) for one in (tmp_path / "fo/data").rglob("*.*")}
    assert set(document) == {"classes", "labels"} and set(document["labels"]) == files and len(files) == 4
    classes = [document["classes"][one["label"]] for one in document["labels"].values()]
    assert sorted(classes) == ["cat", "cat", "cat", "größer/dog"]
    import_(tmp_path / "fo", tmp_path / "new.vmem", encoder="fake")
    assert described(tmp_path / "new.vmem") == described(kept, parts=False)


def test_a_csv_table_with_whole_paths_comes_back(kept: Path, tmp_path: Path) -> None:
    exported(kept, tmp_path / "t.csv", "csv", keep_private=True)
    imported = import_(tmp_path / "t.csv", tmp_path / "new.vmem", encoder="fake")
    assert (imported.added, imported.skipped) == (7, ())
    assert described(tmp_path / "new.vmem") == described(kept)


@pytest.mark.parametrize("parted", [",", ";", "\t"])
def test_a_table_made_in_a_spreadsheet_is_read(parted: str, tmp_path: Path) -> None:
    paint(tmp_path / "images/=1.png", 1)
    lines = [("image", "label", "by"), ("images/=1.png", "'-cat", "me"), ("images/none.png", "cat", "")]
    (tmp_path / "t.csv").write_text("\n".join(parted.join(line) for line in lines), encoding="utf-8-sig")
    done = import_(tmp_path / "t.csv", tmp_path / "new.vmem", encoder="fake")
    assert (done.added, [Path(one.path).name for one in done.skipped]) == (1, ["none.png"])
    with VisualMemory.open(tmp_path / "new.vmem", readonly=True) as m:
        assert [one.label for one in m.catalog.select()] == ["-cat"]


def _foreign_coco(**changed: object) -> dict[str, object]:
    """As other tools write it: boxes with fractions, an image beside the document and one without annotations."""
    return {
        "categories": [{"id": 7, "name": "cat"}],
        "images": [
            {"id": "x", "file_name": "0.png", "width": 32, "height": 24},
            {"id": 2, "file_name": "1.png", "width": 32, "height": 24},
        ],
        "annotations": [
            {"id": 1, "image_id": "x", "category_id": 7, "bbox": [0.4, 0.0, 31.7, 24.2]},
            {"id": 2, "image_id": "x", "category_id": 7, "bbox": [8.2, 1.6, 10.0, 12.0]},
            {"id": 3, "image_id": "x", "category_id": 7, "bbox": [8, 8, 3, 3]},
        ],
        **changed,
    }


def test_coco_of_other_tools_is_read_and_what_cannot_be_kept_is_listed(tmp_path: Path) -> None:
    paint(tmp_path / "c/0.png", 1)
    (tmp_path / "c/labels.json").write_text(json.dumps(_foreign_coco()))
    done = import_(tmp_path / "c", tmp_path / "new.vmem", encoder="fake")
    assert done.added == 2
    assert sorted(one.reason for one in done.skipped) == [
        "annotation 3 of labels.json is 3 x 3 pixels; a part has at least 8 x 8",
        "it has no annotation, and so no label",
    ]
    with VisualMemory.open(tmp_path / "new.vmem", readonly=True) as m:
        assert {one.box for one in m.catalog.select()} == {None, Box(8, 2, 10, 12)}


HOSTILE: dict[str, tuple[object, str]] = {
    "no object": ([], "not a JSON object"),
    "nothing known": ({"a": 1}, "no labels, as FiftyOne"),
    "a class that is not there": ({"classes": ["cat"], "labels": {"0": 7}}, "neither a class"),
    "a label that is none": ({"labels": {"0": {"label": None}}}, "neither a class"),
    "a trust that is none": ({"labels": {"0": {"label": "a", "attributes": {"trust": -1}}}}, "trust"),
    "categories missing": ({"images": [], "annotations": []}, "no list of categories"),
    "an image of no list": (_foreign_coco(images=[]), "names an image or a category"),
    "an id that is none": (_foreign_coco(categories=[{"id": [1], "name": "cat"}]), "neither a number nor a text"),
    "a file outside": (_foreign_coco(images=[{"id": "x", "file_name": "../../secret.png"}]), "outside the folder"),
    "an absolute file": (_foreign_coco(images=[{"id": "x", "file_name": "/etc/passwd"}]), "outside the folder"),
    "a box of words": (
        _foreign_coco(annotations=[{"id": 1, "image_id": "x", "category_id": 7, "bbox": ["a", 0, 9, 9]}]),
        "not x, y, width, height",
    ),
    "a box of no size": (
        _foreign_coco(annotations=[{"id": 1, "image_id": "x", "category_id": 7, "bbox": [0, 0, 1e400, 9]}]),
        "not x, y, width, height",
    ),
    "a name that is no label": (_foreign_coco(categories=[{"id": 7, "name": "//"}]), "label"),
}


@pytest.mark.parametrize(("document", "says"), HOSTILE.values(), ids=HOSTILE)
def test_a_document_that_cannot_be_trusted_changes_nothing(document: object, says: str, tmp_path: Path) -> None:
    paint(tmp_path / "c/0.png", 1)
    (tmp_path / "c/labels.json").write_text(json.dumps(document))
    with pytest.raises(ExchangeError, match=says):
        import_(tmp_path / "c", tmp_path / "new.vmem", encoder="fake")
    assert not (tmp_path / "new.vmem").exists()


TABLES: dict[str, tuple[Callable[[Path], object], str]] = {
    "no head": (lambda path: path.write_text("1,2\n"), "needs the columns label and source"),
    "no image": (lambda path: path.write_text("label,source\ncat,\n"), "line 2 of t.csv names no image"),
    "a box that is none": (lambda path: path.write_text('label,source,box\ncat,0.png,"1,2"\n'), "a box is"),
    "a trust that is none": (lambda path: path.write_text("label,source,trust\ncat,0.png,much\n"), "line 2"),
    "another encoding": (lambda path: path.write_bytes("label,source\nn\xe4,0.png\n".encode("latin-1")), "UTF-8"),
    "a NUL": (lambda path: path.write_bytes(b"label,source\ncat,0\0.png\n"), "names no image"),
}


@pytest.mark.parametrize(("write", "says"), TABLES.values(), ids=TABLES)
def test_a_table_that_cannot_be_read_changes_nothing(
    write: Callable[[Path], object], says: str, tmp_path: Path
) -> None:
    write(tmp_path / "t.csv")
    with pytest.raises(ExchangeError, match=says):
        import_(tmp_path / "t.csv", tmp_path / "new.vmem", encoder="fake")
    assert not (tmp_path / "new.vmem").exists()


@pytest.mark.parametrize("kind", OF_CLASSES)
def test_one_class_is_exported_with_what_is_below_it_and_nothing_else(kept: Path, tmp_path: Path, kind: str) -> None:
    ending = next((end for end, form in ENDINGS.items() if form == kind), "")
    target = tmp_path / f"cats{ending}"
    done = exported(kept, target, kind, label="cat")
    parts = 1 if kind == "fiftyone" else 0
    assert (done.exemplars, done.left_out, done.parts) == (4 - parts, 0, parts)
    if kind == "parquet":
        assert set(pq.read_table(target)["label"].to_pylist()) == {"cat", "cat/ear"}
    elif kind == "csv":
        assert {line.split(",")[1] for line in target.read_text().splitlines()[1:]} == {"cat", "cat/ear"}
    else:
        import_(target, tmp_path / "new.vmem", encoder="fake")
        with VisualMemory.open(tmp_path / "new.vmem", readonly=True) as m:
            assert set(m.class_counts()) == {"cat"} | ({"cat/ear"} if not parts else set())


def test_a_struck_exemplar_of_the_class_is_counted_as_left_out(kept: Path, tmp_path: Path) -> None:
    assert exported(kept, tmp_path / "gone", "imagefolder", label="gone").left_out == 1


@pytest.mark.parametrize(("kind", "label", "why"), [("bundle", "cat", "whole memories"), ("coco", "cta", "cat")])
def test_what_cannot_be_exported_of_a_class_is_refused_and_writes_nothing(
    kept: Path, tmp_path: Path, kind: str, label: str, why: str
) -> None:
    with pytest.raises(BadValue, match=why):
        exported(kept, tmp_path / "out", kind, label=label)
    assert not (tmp_path / "out").exists()

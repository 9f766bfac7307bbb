"""Parts of images on their way out of a memory and back."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.engine.exchange.memories import facts, paint
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.errors import ExchangeError
from visualmemory_gui.engine.exchange.archive import reading
from visualmemory_gui.engine.exchange.import_export import export, import_
from visualmemory_gui.engine.types import Box

LEFT, RIGHT = Box(0, 0, 16, 24), Box(16, 0, 16, 24)
LABELS = ["scene", "a/cat", "b/dog", "b/dog"]
BOXES = [None, LEFT, RIGHT, Box(4, 4, 8, 8)]


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    """A memory of one image and two parts of it, and of a part of another image that is not here as a whole."""
    one, other = paint(tmp_path / "one.png", 1), paint(tmp_path / "other.png", 2)
    with VisualMemory.create(tmp_path / "m.vmem", encoder="fake") as m:
        m.add([one, one, one, other], LABELS, BOXES)
        m.reweigh([2], 0.5)
    return tmp_path / "m.vmem"


def exported(memory: Path, target: Path, *, kind: str | None = None) -> Path:
    with VisualMemory.open(memory, readonly=True) as m:
        export(m, target, kind)
    return target


def described(memory: Path) -> list[tuple[object, ...]]:
    with VisualMemory.open(memory, readonly=True) as m:
        assert m.maintenance.verify() == []
        rows = m.catalog.select()
        found = facts(m)
    return [(*fact, row.box, row.original) for fact, row in zip(found, rows, strict=True)]


@pytest.mark.parametrize("name", ["m.vmemz", "folder"])
def test_parts_come_back_with_their_boxes(parts: Path, tmp_path: Path, name: str):
    source = exported(parts, tmp_path / name)
    done = import_(source, tmp_path / "new.vmem", encoder="fake" if name == "folder" else None)
    assert (done.added, done.skipped) == (4, ())
    assert described(tmp_path / "new.vmem") == described(parts)
    again = import_(source, tmp_path / "new.vmem")
    assert (again.added, again.unchanged) == (0, 4)
    assert len(list((tmp_path / "new.vmem/images").glob("*/*"))) == 2


def test_a_folder_holds_each_original_once_and_a_line_for_each_part(parts: Path, tmp_path: Path):
    folder = exported(parts, tmp_path / "folder")
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.png"))
    assert files == ["b/dog/other.png", "scene/one.png"]
    lines = [json.loads(line) for line in (folder / "metadata.jsonl").read_text().splitlines()]
    assert [line["file_name"] for line in lines] == ["scene/one.png"] * 3 + ["b/dog/other.png"]
    assert [line.get("box") for line in lines] == [None, [0, 0, 16, 24], [16, 0, 16, 24], [4, 4, 8, 8]]


def test_a_part_whose_original_is_gone_leaves_its_thumbnail(parts: Path, tmp_path: Path):
    before = described(parts)
    for copy in (parts / "images").glob("*/*"):
        copy.unlink()
    for original in tmp_path.glob("*.png"):
        original.unlink()
    folder = exported(parts, tmp_path / "folder")
    lines = [json.loads(line) for line in (folder / "metadata.jsonl").read_text().splitlines()]
    assert len({line["file_name"] for line in lines}) == 4
    assert not any("box" in line for line in lines)
    import_(exported(parts, tmp_path / "m.vmemz"), tmp_path / "new.vmem")
    assert described(tmp_path / "new.vmem") == before


def test_a_table_keeps_boxes_and_what_they_are_parts_of(parts: Path, tmp_path: Path):
    table = exported(parts, tmp_path / "m.parquet")
    assert pq.read_table(table).column("box").to_pylist()[:2] == [None, [0, 0, 16, 24]]
    import_(table, tmp_path / "new.vmem")
    for mine, theirs in zip(described(parts), described(tmp_path / "new.vmem"), strict=True):
        assert (mine[0], mine[-3:]) == (theirs[0], theirs[-3:])
    csv = exported(parts, tmp_path / "m.csv").read_text().splitlines()
    assert csv[0].endswith(",box")
    assert csv[2].endswith(',"0,0,16,24"')


@pytest.mark.parametrize("box", [[0, 0, 16], "x", [-1, 0, 16, 16], [0, 0, 1 << 40, 16], {"x": 1}, [0, 0, 16.5, 16], 7])
def test_a_folder_with_a_box_that_is_none_is_refused(tmp_path: Path, box: object):
    paint(tmp_path / "in/cat/a.png", 1)
    (tmp_path / "in/metadata.jsonl").write_text(json.dumps({"file_name": "cat/a.png", "label": "cat", "box": box}))
    with pytest.raises(ExchangeError, match="line 1"):
        import_(tmp_path / "in", tmp_path / "m.vmem", encoder="fake")
    assert not (tmp_path / "m.vmem").exists()


def test_a_box_outside_its_image_is_skipped_and_named(tmp_path: Path):
    paint(tmp_path / "in/cat/a.png", 1)
    lines = [{"file_name": "cat/a.png", "label": "cat", "box": box} for box in ([0, 0, 9, 9], [90, 0, 9, 9])]
    (tmp_path / "in/metadata.jsonl").write_text("\n".join(map(json.dumps, lines)))
    done = import_(tmp_path / "in", tmp_path / "m.vmem", encoder="fake")
    assert done.added == 1
    assert ["does not fit" in one.reason for one in done.skipped] == [True]


@pytest.mark.parametrize(
    "row", [{"box": [0, 0, 9, 9]}, {"box": [0, 0, 99, 9], "original": "ab" * 32, "width": 32, "height": 24},
            {"box": [-9, 0, 9, 9], "original": "ab" * 32, "width": 32, "height": 24}],
)  # fmt: skip
def test_a_table_with_a_box_of_no_image_is_refused(tmp_path: Path, row: dict[str, object]):
    import pyarrow as pa

    pq.write_table(pa.Table.from_pylist([{"label": "a", "vector": [1.0, 0.0], **row}]), tmp_path / "a.parquet")
    with pytest.raises(ExchangeError, match="row 1"):
        import_(tmp_path / "a.parquet", tmp_path / "m.vmem")


def test_a_bundle_without_parts_is_read_by_programs_of_before(parts: Path, tmp_path: Path):
    with reading(exported(parts, tmp_path / "with.vmemz")) as bundle:
        assert bundle.manifest["version"] == 2
    with VisualMemory.open(parts) as m:
        m.forget([1, 4])
        assert m.catalog.totals()[0] == 0
        m.add(tmp_path / "one.png", "cat")
    with reading(exported(parts, tmp_path / "without.vmemz")) as bundle:
        assert bundle.manifest["version"] == 1

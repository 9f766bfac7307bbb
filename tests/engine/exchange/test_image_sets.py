"""Sets of images as the datasets library writes them: folders with metadata, and Parquet files of images."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import paint_image
from visualmemory_gui.engine.errors import ExchangeError
from visualmemory_gui.engine.exchange import import_export, table_child
from visualmemory_gui.engine.memory.visual_memory import VisualMemory

COLOURS = [(200, 30, 30), (30, 200, 30), (30, 30, 200), (90, 90, 90)]


def png(n: int) -> bytes:
    out = io.BytesIO()
    paint_image(COLOURS[n % 4], seed=n).save(out, "PNG")
    return out.getvalue()


def folder_of(place: Path, *names: str) -> Path:
    for n, name in enumerate(names):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(png(n))
    return place


def tell(place: Path, name: str, rows: list[dict[str, Any]]) -> None:
    if name.endswith("jsonl"):
        (place / name).write_text("\n".join(map(json.dumps, rows)))
        return
    with (place / name).open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def imported(source: Path, **more: Any) -> list[tuple[str, str | None]]:
    memory = source.parent / "n.vmem"
    import_export.import_(source, memory, encoder="fake", **more)
    with VisualMemory.open(memory, readonly=True) as m:
        assert m.maintenance.verify() == []
        return [(e.label, None if e.source is None else Path(e.source).name) for e in m.catalog.select()]


@pytest.mark.parametrize("name", ["metadata.jsonl", "metadata.csv"])
def test_labels_come_from_the_metadata_of_a_folder(tmp_path: Path, name: str) -> None:
    place = folder_of(tmp_path / "f", "a.png", "b.png", "c.png")
    named = zip("abc", ("x", "y/z", 7), strict=True)
    tell(place, name, [{"file_name": f"{n}.png", "label": label, "text": "more"} for n, label in named])
    assert imported(place) == [("x", "a.png"), ("y/z", "b.png"), ("7", "c.png")]


def test_each_split_has_its_metadata_and_folders_are_labels_where_it_names_none(tmp_path: Path) -> None:
    place = folder_of(tmp_path / "f", "train/cat/a.png", "train/dog/b.png", "test/cat/c.png")
    named = [{"file_name": "cat/a.png", "label": ""}, {"file_name": "dog/b.png", "label": "wolf"}]
    tell(place / "train", "metadata.csv", named)
    tell(place / "test", "metadata.csv", [{"file_name": "cat/c.png", "label": ""}])
    assert imported(place) == [("cat", "c.png"), ("cat", "a.png"), ("wolf", "b.png")]


def test_states_trust_and_parts_are_taken_from_a_table_too(tmp_path: Path) -> None:
    place = folder_of(tmp_path / "f", "a.png")
    tell(place, "metadata.csv", [
        {"file_name": "a.png", "label": "x", "state": "struck", "trust": "0.5", "box": ""},
        {"file_name": "a.png", "label": "y", "state": "", "trust": "", "box": "0,0,20,20"},
    ])  # fmt: skip
    import_export.import_(place, tmp_path / "n.vmem", encoder="fake", copy=False)
    with VisualMemory.open(tmp_path / "n.vmem") as m:
        whole, part = m.catalog.select()
        assert (whole.label, whole.state, whole.trust, whole.box) == ("x", "struck", 0.5, None)
        assert (part.label, str(part.box)) == ("y", "0,0,20,20")
        assert not list((tmp_path / "n.vmem").glob("images/*"))  # linked


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"file_name": "a.png", "label": ""}, "no label, and its image lies in no class folder"),
        ({"file_name": "../a.png", "label": "x"}, "outside the folder"),
        ({"name": "a.png", "label": "x"}, "has no file_name"),
        ({"file_name": "a.png", "label": "x", "trust": "much"}, "is not a table"),
        ({"file_name": "a.png", "label": "x" * (1 << 21)}, "is not a table"),
        ({"file_name": "a.png", "label": "x", "box": "1,2"}, "a box is x,y,w,h"),
    ],
)
def test_a_bad_table_of_labels_is_refused_in_words(tmp_path: Path, row: dict[str, str], words: str) -> None:
    place = folder_of(tmp_path / "f", "a.png")
    tell(place, "metadata.csv", [row])
    with pytest.raises(ExchangeError, match=words):
        imported(place)
    assert not (tmp_path / "n.vmem").exists()


def shard(place: Path, images: list[bytes | None], labels: list[Any], *, classes: list[str] | None = None) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    column = [{"bytes": data, "path": f"{n}.png"} for n, data in enumerate(images)]
    features = {"image": {"_type": "Image"}, "label": {"names": classes, "_type": "ClassLabel"}}
    said = {"huggingface": json.dumps({"info": {"features": features}})} if classes else None
    pq.write_table(pa.table({"image": column, "label": labels}).replace_schema_metadata(said), place)
    return place


def test_images_come_out_of_a_parquet_file_with_the_names_of_their_classes(tmp_path: Path) -> None:
    images = [png(0), png(1), b"no image", None, png(2)]
    file = shard(tmp_path / "s.parquet", images, [1, 0, 0, 0, 1], classes=["a", "b"])
    done = import_export.import_(file, tmp_path / "m.vmem", encoder="fake")
    assert len(done.skipped) == 2
    assert done.skipped[0].reason == "it holds no image, and the path of one is not followed"
    with VisualMemory.open(tmp_path / "m.vmem") as m:
        assert [(e.label, e.source) for e in m.catalog.select()] == [("b", None), ("a", None), ("b", None)]
        assert m.maintenance.verify() == []
        assert len(list((tmp_path / "m.vmem").glob("images/*/*"))) == 3
    assert import_export.import_(file, tmp_path / "m.vmem").unchanged == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.vmem", "s.parquet"]


READ = """
import datasets, json, sys
from datasets.table import embed_table_storage
folder, room = sys.argv[1:]
found = datasets.load_dataset(folder, cache_dir=room)
named = datasets.load_dataset("imagefolder", data_dir=folder, data_files="**", cache_dir=room + "/named")["train"]
rows = found["train"]
rows.to_parquet(room + "/paths.parquet")
rows.with_format("arrow").map(embed_table_storage, batched=True).to_parquet(room + "/again.parquet")
print(json.dumps({
    "splits": list(found),
    "rows": [[row["label"], row["id"], row["trust"], row["image"].size] for row in rows],
    "named": sorted(named["label"]),
}))
"""
"""What someone does with the library datasets in a process of their own: read the folder, and write it as Parquet."""


def test_the_reader_of_datasets_finds_all_that_is_exported_and_what_it_writes_comes_back(tmp_path: Path) -> None:
    place = folder_of(tmp_path / "f", "train_1.png", "test/b.png", "c.png", "d.png")
    with VisualMemory.create(tmp_path / "m.vmem", encoder="fake") as m:
        m.add(sorted(place.rglob("*.png")), ["cat", "train/dog", "test", "cat"])
        m.reweigh([2], 0.5)
        m.strike([4])
        import_export.export(m, tmp_path / "out", "imagefolder")
        kept = [(one.label, one.id, one.trust, [one.width, one.height]) for one in m.catalog.select(state="active")]
    env = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hf")}
    command = [sys.executable, "-c", READ, str(tmp_path / "out"), str(tmp_path / "room")]
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=200, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["splits"] == ["train"]
    assert sorted(map(tuple, found["rows"])) == sorted(kept)
    assert found["named"] == sorted(label for label, *_ in kept)
    bare = import_export.import_(tmp_path / "room/paths.parquet", tmp_path / "bare.vmem", encoder="fake")
    assert [one.reason[-15:] for one in bare.skipped] == ["is not followed"] * 3
    import_export.import_(tmp_path / "room/again.parquet", tmp_path / "again.vmem", encoder="fake")
    with VisualMemory.open(tmp_path / "again.vmem", readonly=True) as again:
        contents = {(one.label, one.content) for one in again.catalog.select()}
    with VisualMemory.open(tmp_path / "m.vmem", readonly=True) as m:
        assert contents == {(one.label, one.content) for one in m.catalog.select(state="active")}


def test_a_folder_of_parquet_files_is_one_set(tmp_path: Path) -> None:
    for n in range(2):
        shard(tmp_path / "f" / "data" / f"train-0000{n}-of-00002.parquet", [png(n)], [f"class {n}"])
    assert imported(tmp_path / "f") == [("class 0", None), ("class 1", None)]


def test_a_number_that_is_no_class_refuses_the_whole_set(tmp_path: Path) -> None:
    with pytest.raises(ExchangeError, match="row 2: its label 5 is not one of the 2 classes"):
        imported(shard(tmp_path / "s.parquet", [png(0), png(1)], [0, 5], classes=["a", "b"]))
    assert [path.name for path in tmp_path.iterdir()] == ["s.parquet"]


def test_images_are_no_vectors_and_say_so(tmp_path: Path) -> None:
    from visualmemory_gui.engine.exchange import vector_table

    with pytest.raises(ExchangeError, match="holds images and no vectors"):
        vector_table.import_(shard(tmp_path / "s.parquet", [png(0)], ["a"]), tmp_path / "n.vmem")


@pytest.mark.parametrize("columns", [{"image": [{"bytes": b"x"}]}, {"image": [b"x"], "label": ["a"]}])
def test_a_parquet_file_without_labels_or_with_other_images_is_refused(tmp_path: Path, columns: dict[str, Any]) -> None:
    pq.write_table(pa.table(columns), tmp_path / "s.parquet")
    with pytest.raises(ExchangeError, match="no column"):
        imported(tmp_path / "s.parquet")


def test_images_beyond_the_limit_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, sent = shard(tmp_path / "s.parquet", [png(0)] * 2, ["a", "b"]), io.BytesIO()
    monkeypatch.setattr(table_child, "MOST_BYTES", 100)
    monkeypatch.setattr(table_child, "_limit_memory", lambda: None)
    table_child.main(str(file), sent)
    assert b"its images are too large" in sent.getvalue()

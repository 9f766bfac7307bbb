"""Folders of images and Parquet tables, out and in again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.engine.exchange.memories import facts, paint, paint_classes, random_memory
from visualmemory_gui.engine.errors import BadValue, ExchangeError, StorageError
from visualmemory_gui.engine.exchange import import_export
from visualmemory_gui.engine.memory.visual_memory import VisualMemory


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    with VisualMemory.create(tmp_path / "m.vmem", "fake") as m:
        m.build(paint_classes(tmp_path / "images"))
        m.strike([1])
        m.reweigh([2], 0.5)
    return tmp_path / "m.vmem"


def export(memory: Path, target: Path, kind: str) -> Path:
    with VisualMemory.open(memory, readonly=True) as m:
        import_export.export(m, target, kind)
    return target


def test_a_folder_holds_the_active_images_and_says_what_they_are(memory: Path, tmp_path: Path) -> None:
    with VisualMemory.open(memory, readonly=True) as m:
        done = import_export.export(m, tmp_path / "f", "imagefolder")
    lines = [json.loads(line) for line in (tmp_path / "f" / "metadata.jsonl").read_text().splitlines()]
    assert (done.exemplars, done.left_out, len(lines)) == (11, 1, 11)
    assert all((tmp_path / "f" / line["file_name"]).parent == tmp_path / "f" / line["label"] for line in lines)
    assert set(lines[0]) == {"file_name", "label", "id", "state", "trust", "sha256"}


SPLIT_WORDS = ["train", "training", "validation", "valid", "dev", "val", "test", "testing", "eval", "evaluation"]


def test_names_that_mean_a_split_elsewhere_are_all_in_one_and_keep_their_names(tmp_path: Path) -> None:
    """The rule of the datasets library: ``configs`` of README.md, where there are any, say which files are read."""
    with VisualMemory.create(tmp_path / "m.vmem", "fake") as m:
        files = [paint(tmp_path / "p" / word / f"{word}_1.png", n) for n, word in enumerate(SPLIT_WORDS)]
        m.add(files, SPLIT_WORDS)
    folder = export(tmp_path / "m.vmem", tmp_path / "f", "imagefolder")
    _, head, _ = (folder / "README.md").read_text().split("---\n")
    assert head.split("\n") == [
        "configs:", "- config_name: default", "  data_files:", "  - split: train", '    path: "**"', "",
    ]  # fmt: skip
    lines = [json.loads(line) for line in (folder / "metadata.jsonl").read_text().splitlines()]
    assert sorted(line["file_name"] for line in lines) == sorted(f"{word}/{word}_1.png" for word in SPLIT_WORDS)
    assert all((folder / line["file_name"]).is_file() for line in lines)


def test_labels_that_would_be_hidden_or_called_like_our_own_files_get_other_folders(tmp_path: Path) -> None:
    labels = ["__pycache__", ".hidden", "README.md", "readme.md/x", "metadata.jsonl"]
    with VisualMemory.create(tmp_path / "m.vmem", "fake") as m:
        m.add([paint(tmp_path / "p" / f"{n}.png", n) for n in range(len(labels))], labels)
    folder = export(tmp_path / "m.vmem", tmp_path / "f", "imagefolder")
    found = sorted(path.name for path in folder.iterdir() if path.is_dir())
    assert found == ["README.md_", "_pycache__", "hidden", "metadata.jsonl_", "readme.md_"]
    import_export.import_(folder, tmp_path / "n.vmem", encoder="fake")
    with VisualMemory.open(tmp_path / "n.vmem") as m:
        assert set(m.catalog.counts()) == set(labels)


def test_a_folder_comes_back_with_labels_and_trust(memory: Path, tmp_path: Path) -> None:
    folder = export(memory, tmp_path / "f", "imagefolder")
    import_export.import_(folder, tmp_path / "n.vmem", encoder="fake")
    with VisualMemory.open(memory) as a, VisualMemory.open(tmp_path / "n.vmem") as b:
        assert [fact for fact in facts(a) if fact[1] == "active"] == facts(b)
    again = import_export.import_(folder, tmp_path / "n.vmem")
    assert (again.added, again.unchanged) == (0, 11)


def test_a_folder_without_metadata_is_taken_by_its_folders(tmp_path: Path) -> None:
    done = import_export.import_(paint_classes(tmp_path / "f"), tmp_path / "n.vmem", encoder="fake")
    assert (done.added, done.created) == (12, True)


def test_a_bad_image_of_a_folder_is_skipped_and_named(memory: Path, tmp_path: Path) -> None:
    folder = export(memory, tmp_path / "f", "imagefolder")
    (folder / "plant" / "0.png").write_bytes(b"no image")
    done = import_export.import_(folder, tmp_path / "n.vmem", encoder="fake")
    assert done.added == 10
    assert [Path(one.path).name for one in done.skipped] == ["0.png"]


def test_a_link_in_a_folder_is_not_followed(memory: Path, tmp_path: Path) -> None:
    folder = export(memory, tmp_path / "f", "imagefolder")
    (folder / "plant" / "0.png").unlink()
    (folder / "plant" / "0.png").symlink_to(tmp_path / "images" / "plant" / "0.png")
    done = import_export.import_(folder, tmp_path / "n.vmem", encoder="fake")
    assert "link" in done.skipped[0].reason


def test_labels_that_no_file_system_takes_still_come_back(tmp_path: Path) -> None:
    labels = ('odd: "name"?', "CON/…", "x" * 200, "Cat", "cat", "a.png", "a.png/b")
    with VisualMemory.create(tmp_path / "m.vmem", "fake") as m:
        files = sorted(paint_classes(tmp_path / "p").rglob("*.png"))
        m.add(files[: len(labels)], labels)
    folder = export(tmp_path / "m.vmem", tmp_path / "f", "imagefolder")
    import_export.import_(folder, tmp_path / "n.vmem", encoder="fake")
    with VisualMemory.open(tmp_path / "n.vmem") as m:
        assert set(m.catalog.counts()) == set(labels)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.vmemz", "bundle"), ("a.parquet", "parquet"), ("a.CSV", "csv"), ("a.json", "neighbours-json"),
        ("a.html", "report"), ("a.png", "report"), ("a", "imagefolder"), ("a/", "imagefolder"), (".a", "imagefolder"),
    ],
)  # fmt: skip
def test_the_ending_says_the_format_and_a_format_may_be_said_too(tmp_path: Path, name: str, kind: str) -> None:
    target = str(tmp_path / "out") + "/" + name
    assert import_export.format_of(target) == import_export.format_of(target, kind) == kind


@pytest.mark.parametrize(("name", "kind"), [("a.vmemz", "parquet"), ("a.csv", "bundle"), ("a.png", "imagefolder")])
def test_a_format_that_contradicts_the_ending_is_refused_and_nothing_is_written(
    memory: Path, tmp_path: Path, name: str, kind: str
) -> None:
    with pytest.raises(BadValue, match=f"{kind} was requested"):
        export(memory, tmp_path / name, kind)
    assert not (tmp_path / name).exists()


def test_an_ending_that_says_nothing_needs_a_format(memory: Path, tmp_path: Path) -> None:
    with pytest.raises(
        BadValue, match=r"the ending \.zip is not that of a format: end TO with one of \.vmemz, \.parquet"
    ):
        import_export.format_of(tmp_path / "a.zip")
    assert export(memory, tmp_path / "a.zip", "bundle").read_bytes()[:4] == b"PK\x03\x04"
    (tmp_path / "a.b").mkdir()
    assert import_export.format_of(tmp_path / "a.b") == "imagefolder"


def test_a_parquet_file_named_so_is_one(memory: Path, tmp_path: Path) -> None:
    with VisualMemory.open(memory, readonly=True) as m:
        assert import_export.export(m, tmp_path / "a.parquet").format == "parquet"
    assert (tmp_path / "a.parquet").read_bytes()[:4] == b"PAR1"


def test_a_csv_table_has_every_exemplar_and_no_formula(tmp_path: Path) -> None:
    with VisualMemory.create(tmp_path / "m.vmem", dim=3) as m:
        m.add_vectors(np.eye(3, dtype=np.float32), ["=1+1", "a,b", "größer"])
        m.strike([3])
    lines = export(tmp_path / "m.vmem", tmp_path / "a.csv", "csv").read_text().splitlines()
    assert lines == [
        "id,label,state,trust,source",
        "1,'=1+1,active,1,",
        '2,"a,b",active,1,',
        "3,größer,struck,1,",
    ]


@pytest.mark.parametrize("kind", ["bundle", "imagefolder", "parquet"])
def test_a_place_that_is_taken_is_refused(memory: Path, tmp_path: Path, kind: str) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine").write_text("mine")
    with pytest.raises(ExchangeError):
        export(memory, tmp_path / "taken", kind)
    assert [path.name for path in (tmp_path / "taken").iterdir()] == ["mine"]


@pytest.mark.parametrize("kind", ["bundle", "imagefolder", "parquet"])
def test_a_place_that_cannot_be_is_told(memory: Path, kind: str) -> None:
    with pytest.raises(StorageError):
        export(memory, Path("/proc/no/such"), kind)


@pytest.mark.parametrize("seed", range(5))
def test_a_table_of_vectors_comes_back_bit_for_bit(tmp_path: Path, seed: int) -> None:
    place = random_memory(tmp_path / "a.vmem", seed)
    table = export(place, tmp_path / "a.parquet", "parquet")
    assert pq.read_schema(table).names == ["id", "label", "vector", "state", "trust", "source"]
    import_export.import_(table, tmp_path / "b.vmem")
    with VisualMemory.open(place) as a, VisualMemory.open(tmp_path / "b.vmem") as b:
        assert facts(a) == facts(b)


@pytest.mark.parametrize("kind", [pa.float32(), pa.float64(), pa.float16()])
def test_a_table_of_others_needs_only_labels_and_vectors(tmp_path: Path, kind: pa.DataType) -> None:
    vectors = np.random.default_rng(0).normal(size=(6, 5)).astype(kind.to_pandas_dtype())
    table = pa.table({"vector": pa.array(list(vectors), pa.list_(kind)), "label": ["a", "b"] * 3})
    pq.write_table(table, tmp_path / "t.parquet")
    assert import_export.import_(tmp_path / "t.parquet", tmp_path / "n.vmem").added == 6
    with VisualMemory.open(tmp_path / "n.vmem") as m:
        norms = np.linalg.norm(m.catalog.vectors([1, 6]).astype(np.float64), axis=1)
        assert np.allclose(norms, 1, atol=1e-6)


def table_of(folder: Path, classes: list[str] | None = None, **columns: object) -> Path:
    """A Parquet table of vectors; ``classes`` are kept where the datasets library keeps them."""
    folder.mkdir(exist_ok=True)
    rows = len(next(iter(columns.values())))  # type: ignore[arg-type]
    table = pa.table({"vector": np.eye(rows, dtype=np.float32).tolist(), **columns})
    features = {"label": {"names": classes, "_type": "ClassLabel"}, "vector": {"_type": "List"}}
    said = {"huggingface": json.dumps({"info": {"features": features}})} if classes is not None else None
    pq.write_table(table.replace_schema_metadata(said), folder / "t.parquet")
    return folder / "t.parquet"


def labels_and_sources(memory: Path) -> list[tuple[str, str | None]]:
    with VisualMemory.open(memory, readonly=True) as m:
        return [(e.label, e.source) for e in m.catalog.select()]


@pytest.mark.parametrize("classes", [None, ["cat", "größe/dog"]])
def test_labels_that_are_numbers_get_their_names_where_the_table_has_them(
    tmp_path: Path, classes: list[str] | None
) -> None:
    import_export.import_(table_of(tmp_path / "t", classes, label=[0, 1, 1]), tmp_path / "n.vmem")
    wanted = classes or ["0", "1"]
    assert [label for label, _ in labels_and_sources(tmp_path / "n.vmem")] == [wanted[i] for i in (0, 1, 1)]


@pytest.mark.parametrize("label", [-1, 2])
def test_a_number_that_is_no_class_of_the_table_is_told(tmp_path: Path, label: int) -> None:
    with pytest.raises(ExchangeError, match=f"row 2: its label {label} is not one of the 2 classes"):
        import_export.import_(table_of(tmp_path / "t", ["a", "b"], label=[0, label]), tmp_path / "n.vmem")
    assert not (tmp_path / "n.vmem").exists()


NO_CLASSES = b'{"info": {"features": {"label": {"names": 3, "_type": "ClassLabel"}}}}'


@pytest.mark.parametrize("said", [b"{", b"[]", b'{"info": 3}', b"[" * 100_000, NO_CLASSES])
def test_classes_that_cannot_be_read_leave_the_numbers(tmp_path: Path, said: bytes) -> None:
    table = pa.table({"vector": [[1.0, 2.0]], "label": [7]})
    pq.write_table(table.replace_schema_metadata({b"huggingface": said}), tmp_path / "t.parquet")
    import_export.import_(tmp_path / "t.parquet", tmp_path / "n.vmem")
    assert labels_and_sources(tmp_path / "n.vmem") == [("7", None)]


@pytest.mark.parametrize("labels", [[True, False], [0.5, 1.0], [None, "a"], [b"a", b"b"]])
def test_labels_of_other_kinds_are_refused(tmp_path: Path, labels: list[object]) -> None:
    with pytest.raises(ExchangeError):
        import_export.import_(table_of(tmp_path / "t", label=labels), tmp_path / "n.vmem")


IMAGES = [{"bytes": b"\xff\xd8", "path": "a/cat.jpg"}, {"bytes": None, "path": None}]


@pytest.mark.parametrize(
    ("columns", "wanted"),
    [
        ({"source": ["cat.jpg", "/data/dog.jpg"]}, ["HERE/cat.jpg", "/data/dog.jpg"]),
        ({"file_name": ["a/cat.jpg", None]}, ["HERE/a/cat.jpg", None]),
        ({"source": [None, "b.jpg"], "file_name": ["a.jpg", "c.jpg"]}, ["HERE/a.jpg", "HERE/b.jpg"]),
        ({"image": IMAGES}, ["HERE/a/cat.jpg", None]),
        ({"image": IMAGES, "file_name": ["x.jpg", None]}, ["HERE/x.jpg", None]),
        ({"source": ["../../etc/passwd", "a\0b"]}, [None, None]),
    ],
)
def test_file_names_of_a_table_are_kept_as_lying_beside_it(
    tmp_path: Path, columns: dict[str, object], wanted: list[str | None]
) -> None:
    import_export.import_(table_of(tmp_path / "t", label=["a", "b"], **columns), tmp_path / "n.vmem")
    here = str(tmp_path / "t")
    found = [source and source.replace(here, "HERE") for _, source in labels_and_sources(tmp_path / "n.vmem")]
    assert found == wanted


def test_a_table_of_a_memory_keeps_its_file_names_on_the_way_there_and_back(memory: Path, tmp_path: Path) -> None:
    import_export.import_(export(memory, tmp_path / "a.parquet", "parquet"), tmp_path / "n.vmem")
    names = [Path(str(source)).name for _, source in labels_and_sources(memory)]
    assert [Path(str(source)).name for _, source in labels_and_sources(tmp_path / "n.vmem")] == names
    again = pq.read_table(export(tmp_path / "n.vmem", tmp_path / "b.parquet", "parquet"))
    assert again["source"].to_pylist() == names


def test_a_table_of_another_length_is_refused(memory: Path, tmp_path: Path) -> None:
    table = pa.table({"vector": [[1.0, 2.0]], "label": ["a"]})
    pq.write_table(table, tmp_path / "t.parquet")
    with pytest.raises(ExchangeError, match="2 numbers"):
        import_export.import_(tmp_path / "t.parquet", memory)


@pytest.mark.parametrize("make", ["nothing", "text", "fifo"])
def test_what_is_nothing_of_ours_is_refused(tmp_path: Path, make: str) -> None:
    import os

    source = tmp_path / "x.vmemz"
    if make == "text":
        source.write_text("hello")
    elif make == "fifo":
        os.mkfifo(source)
    with pytest.raises(ExchangeError):
        import_export.import_(source, tmp_path / "n.vmem")

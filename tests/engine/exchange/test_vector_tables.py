"""Vectors made elsewhere: npz, safetensors and Parquet files, of friends and of strangers."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from visualmemory_gui.engine.errors import ExchangeError, VisualMemoryError
from visualmemory_gui.engine.exchange import import_export, table, vector_table
from visualmemory_gui.engine.index.vector_check import gate
from visualmemory_gui.engine.memory.visual_memory import VisualMemory
from visualmemory_gui.engine.store import written_rows

LABELS = ["cat", "größe/dog", "cat"]
VECTORS = np.random.default_rng(0).normal(size=(3, 5))
Save = Callable[..., Path]


def save_npz(folder: Path, vectors: np.ndarray = VECTORS, labels: Any = LABELS, **more: Any) -> Path:
    np.savez_compressed(folder / "v.npz", vectors=vectors, labels=np.array(labels), **more)
    return folder / "v.npz"


def save_safetensors(folder: Path, vectors: np.ndarray = VECTORS, labels: Any = LABELS, **more: Any) -> Path:
    said = {name: json.dumps(values) for name, values in more.items()}
    tensors = {"vectors": np.ascontiguousarray(vectors)}
    if isinstance(labels[0], str):
        said["labels"] = json.dumps(labels)
    else:
        tensors["labels"] = np.array(labels)
    save_file(tensors, folder / "v.safetensors", metadata=said)
    return folder / "v.safetensors"


def save_parquet(folder: Path, vectors: np.ndarray = VECTORS, labels: Any = LABELS, **more: Any) -> Path:
    kind = pa.list_(pa.from_numpy_dtype(vectors.dtype), vectors.shape[1])  # of a fixed size
    columns = {"embedding": pa.array(list(vectors), kind), "labels": labels}
    columns |= {name.replace("sources", "source"): values for name, values in more.items()}
    pq.write_table(pa.table(columns), folder / "v.parquet")
    return folder / "v.parquet"


KINDS = [save_npz, save_safetensors, save_parquet]


def imported(file: Path) -> tuple[list[tuple[str, str | None]], np.ndarray]:
    memory = file.with_name("n.vmem")
    import_export.import_(file, memory)
    with VisualMemory.open(memory, readonly=True) as m:
        found = m.catalog.select()
        return [(e.label, e.source) for e in found], m.catalog.vectors([e.id for e in found])


@pytest.mark.parametrize("save", KINDS)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_vectors_come_in_through_the_gate_with_their_labels(tmp_path: Path, save: Save, dtype: type) -> None:
    given = VECTORS.astype(dtype)
    labels, vectors = imported(save(tmp_path, given, sources=["a.png", "/b.png", "../c.png"]))
    assert labels == [("cat", str(tmp_path / "a.png")), ("größe/dog", "/b.png"), ("cat", None)]
    exact = given.astype(np.float32) if save is save_parquet else given
    assert np.array_equal(vectors, gate(exact, 5))


@pytest.mark.parametrize("save", [save_npz, save_safetensors])
def test_numbers_get_the_names_of_their_classes(tmp_path: Path, save: Save) -> None:
    labels, _ = imported(save(tmp_path, VECTORS, [1, 0, 1], classes=["zero", "one"]))
    assert [label for label, _ in labels] == ["one", "zero", "one"]


@pytest.mark.parametrize("turned", [np.asfortranarray(VECTORS), VECTORS.astype(">f8")])
def test_arrays_that_lie_otherwise_are_read_as_they_are_meant(tmp_path: Path, turned: np.ndarray) -> None:
    assert np.array_equal(imported(save_npz(tmp_path, turned))[1], gate(VECTORS, 5))


def test_labels_may_lie_beside_a_file_of_tensors(tmp_path: Path) -> None:
    save_file({"embeddings": VECTORS}, tmp_path / "v.safetensors")
    with pytest.raises(ExchangeError, match="it has no labels"):
        imported(tmp_path / "v.safetensors")
    for beside in (LABELS, {"labels": LABELS, "other": 1}):
        (tmp_path / "v.json").write_text(json.dumps(beside))
        labels, _ = imported(tmp_path / "v.safetensors")
        assert [label for label, _ in labels][:3] == LABELS


@pytest.mark.parametrize("save", KINDS)
def test_they_are_read_and_added_in_batches_and_again_only_what_is_new(
    tmp_path: Path, save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "BATCH", 4)
    monkeypatch.setattr(written_rows, "MOST_COMPONENTS", 20)
    vectors = np.random.default_rng(1).normal(size=(11, 5))
    file, memory = save(tmp_path, vectors, [f"c{n % 2}" for n in range(11)]), tmp_path / "n.vmem"
    assert import_export.import_(file, memory).ids == tuple(range(1, 12))
    again = import_export.import_(file, memory)
    assert (again.added, again.unchanged) == (0, 11)
    with VisualMemory.open(memory) as m:
        assert m.decide_vector(vectors[0]).label == "c0"
        m.add_vectors(vectors + 1, "more")  # more than an edit keeps: the catalog is asked for them
        assert m.decide_vector(vectors[3] + 1, k=1).label == "more"


@pytest.mark.parametrize("save", KINDS)
@pytest.mark.parametrize(
    ("vectors", "words"),
    [
        (np.where(np.arange(15).reshape(3, 5) == 11, np.nan, VECTORS), "vector 3 holds a value that is not a finite"),
        (np.zeros((3, 5)), "vector 1 has .almost. no length"),
        (np.where(np.arange(15).reshape(3, 5) == 6, np.inf, VECTORS), "vector 2 holds"),
    ],
)
def test_vectors_that_no_index_may_see_are_refused_by_their_row(
    tmp_path: Path, save: Save, vectors: np.ndarray, words: str
) -> None:
    with pytest.raises(ExchangeError, match=words):
        imported(save(tmp_path, vectors))
    assert not (tmp_path / "n.vmem").exists()


@pytest.mark.parametrize("save", KINDS)
def test_an_error_in_a_later_batch_leaves_an_existing_memory_as_it_was(
    tmp_path: Path, save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "BATCH", 1)
    with VisualMemory.create(tmp_path / "n.vmem", dim=5) as m:
        m.add_vectors(np.ones((1, 5), np.float32), "one")
    bad = VECTORS.copy()
    bad[2] = 0
    with pytest.raises(ExchangeError, match="vector 3"):
        import_export.import_(save(tmp_path, bad), tmp_path / "n.vmem")
    with VisualMemory.open(tmp_path / "n.vmem") as m:
        assert [e.label for e in m.catalog.select()] == ["one"]
        assert m.maintenance.verify() == []


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        raise AssertionError("unpickled")


def member(shape: tuple[int, ...], dtype: str = "<f4", data: bytes = b"") -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, {"descr": dtype, "fortran_order": False, "shape": shape})
    return out.getvalue() + data


def zipped(folder: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(folder / "v.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return folder / "v.npz"


BAD_NPZ: dict[str, tuple[Callable[[Path], Path], str]] = {
    "pickled labels": (lambda f: save_npz(f, labels=np.array(LABELS, object)), "Python objects"),
    "whole numbers": (lambda f: save_npz(f, VECTORS.astype(int)), "int64 of shape"),
    "one vector": (lambda f: save_npz(f, VECTORS[0]), r"of shape \(5,\)"),
    "three axes": (lambda f: save_npz(f, VECTORS[None]), r"of shape \(1, 3, 5\)"),
    "fewer labels": (lambda f: save_npz(f, labels=["a"]), r"labels have the shape \(1,\)"),
    "labels of floats": (lambda f: save_npz(f, labels=[0.5, 1, 2]), "neither text nor whole numbers"),
    "another name": (lambda f: zipped(f, x=member((1, 2), data=b"\0" * 8)), "it has no array 'vectors', only x"),
    "more than there is": (lambda f: zipped(f, vectors=member((9, 9)), labels=member((9,), "<i8")), "not as long"),
    "a huge claim": (
        lambda f: zipped(f, vectors=member((10**9, 10**6)), labels=member((10**9,), "<i8")),
        "not as long as it says",
    ),
    "a bomb": (
        lambda f: zipped(f, vectors=member((1 << 18, 76), data=bytes(76 << 20)), labels=member((1,), "<i8", bytes(8))),
        "would unpack to",
    ),
    "no header": (lambda f: zipped(f, vectors=b"nonsense", labels=b""), "not a readable npz"),
    "a head that is no tuple": (
        lambda f: zipped(f, vectors=b"\x93NUMPY\x01\x00\x28\x23" + b"(" * 8999 + b"\n", labels=b""),
        "the head of vectors.npy cannot be read",
    ),
    "fewer than none": (
        lambda f: zipped(f, vectors=member((-1, -5), data=bytes(20)), labels=member((-1,), "<U0")),
        r"claims to have the shape \(-1, -5\)",
    ),
    "one class for all": (
        lambda f: save_npz(f, labels=[0, 0, 0], classes=np.array("a")),
        r"classes have the shape \(\)",
    ),
    "classes of floats": (lambda f: save_npz(f, labels=[0, 0, 0], classes=np.array([0.5])), "classes are float64"),
    "a lone surrogate": (
        lambda f: zipped(f, vectors=member((1, 1), data=b"\0\0\x80?"), labels=member((1,), "<U1", b"\0\xd8\0\0")),
        "not a readable npz",
    ),
}


@pytest.mark.parametrize("case", BAD_NPZ)
def test_a_bad_npz_file_is_refused_in_words(tmp_path: Path, case: str) -> None:
    make, words = BAD_NPZ[case]
    with pytest.raises(ExchangeError, match=words):
        imported(make(tmp_path))
    assert not (tmp_path / "n.vmem").exists()


def test_what_is_pickled_is_not_loaded_even_where_its_class_is_here(tmp_path: Path) -> None:
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, {"descr": "|O", "fortran_order": False, "shape": (3,)})
    file = zipped(tmp_path, vectors=member((3, 5), data=VECTORS.astype("<f4").tobytes()), labels=out.getvalue() + b"x")
    with pytest.raises(ExchangeError, match="runs code"):
        imported(file)


@pytest.mark.parametrize(
    ("tensors", "said", "words"),
    [
        ({"vectors": VECTORS.astype(np.int64)}, {"labels": '["a","b","c"]'}, "I64 of shape"),
        ({"vectors": VECTORS}, {"labels": '["a"]'}, "it has 3 vectors and 1 labels"),
        ({"vectors": VECTORS}, {"labels": "{"}, "not a readable safetensors"),
        ({"vectors": VECTORS}, {"labels": '{"a": 1}'}, "must be JSON lists"),
        ({"vectors": VECTORS}, {"labels": '["a", 1.5, null]'}, "label is not a text"),
        ({"vectors": VECTORS, "labels": np.ones(3)}, {}, "not whole numbers"),
        ({"other": VECTORS}, {}, "it has no tensor 'vectors', only other"),
    ],
)
def test_a_bad_file_of_tensors_is_refused_in_words(
    tmp_path: Path, tensors: dict[str, np.ndarray], said: dict[str, str], words: str
) -> None:
    save_file(tensors, tmp_path / "v.safetensors", metadata=said)
    with pytest.raises(ExchangeError, match=words):
        imported(tmp_path / "v.safetensors")
    assert not (tmp_path / "n.vmem").exists()


@pytest.mark.parametrize("save", [save_npz, save_safetensors])
def test_a_file_that_was_cut_or_changed_is_refused_or_read_and_nothing_else(tmp_path: Path, save: Save) -> None:
    file = save(tmp_path)
    whole = file.read_bytes()

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(at=st.integers(0, len(whole) - 1), to=st.integers(0, 255), cut=st.booleans())
    def changed(at: int, to: int, cut: bool) -> None:
        file.write_bytes(whole[:at] if cut else whole[:at] + bytes([to]) + whole[at + 1 :])
        try:
            with vector_table._opened(file) as (head, batches):
                assert head.total >= sum(len(batch.rows) for batch in batches)
        except VisualMemoryError:
            pass

    changed()

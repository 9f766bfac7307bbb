"""A memory goes to a server and comes back the same, also when that is cut short; what is not ours is left alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import clustered
from tests.engine.shared_memory.conftest import DIM, opened
from tests.engine.shared_memory.test_edits import Asked, Cut, state
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.errors import (
    BadValue,
    DamagedMemory,
    EncoderMismatch,
    MemoryExists,
    NewerFormat,
    NotAMemory,
    ServerError,
    StorageError,
    VisualMemoryError,
)
from visualmemory_gui.engine.shared_memory.pull import pull
from visualmemory_gui.engine.shared_memory.push import push
from visualmemory_gui.engine.shared_memory.server import Server, ServerColumn, ServerColumns
from visualmemory_gui.engine.shared_memory.shared_store import SharedStore, fitting
from visualmemory_gui.engine.types import NewExemplar


def same(one: VisualMemory, other: VisualMemory) -> bool:
    ids = one.snapshot.ids
    return (
        state(one) == state(other)
        and bool((one.catalog.vectors(ids) == other.catalog.vectors(other.snapshot.ids)).all())
        and one.catalog.thumbnails(ids.tolist()) == other.catalog.thumbnails(ids.tolist())
        and one.settings == other.settings
    )


def test_a_memory_comes_back_as_it_went(memory: VisualMemory, server: Server, collection: str, tmp_path: Path) -> None:
    memory.forget([4])  # a gap among the ids
    memory.strike([5])
    memory.set("ridge_k", 7)
    pushed = push(memory, server, collection)
    assert (pushed.exemplars, pushed.written, pushed.thumbnails) == (17, 17, 17)
    pulled = pull(server, collection, tmp_path / "back.vmem")
    assert (pulled.exemplars, pulled.there) == (17, 17)
    with VisualMemory.open(tmp_path / "back.vmem") as back:
        assert same(memory, back)
        assert back.catalog.sources([1]) == memory.catalog.sources([1])
        assert back.history.steps() == []
        assert back.maintenance.verify() == []
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".pull")] == []


def test_all_that_a_row_holds_comes_back(server: Server, collection: str, tmp_path: Path) -> None:
    odd = NewExemplar(
        'é/"quoted" \\',
        np.eye(DIM, dtype=np.float32)[0],
        content="ab" * 32,
        sha256="cd" * 32,
        source="/odd/\udcff\n'name.png",
        group="a group",
        note="two\nlines",
        trust=0.125,
        struck=True,
    )
    with VisualMemory.create(tmp_path / "odd.vmem", dim=DIM) as m:
        m.add_rows([odd])
        push(m, server, collection)
        pull(server, collection, tmp_path / "back.vmem")
        with VisualMemory.open(tmp_path / "back.vmem") as back:
            [there], [here] = (each.catalog.get([1]) for each in (back, m))
            assert (there.source, there.note, there.group) == (here.source, here.note, here.group)
            assert there.trust == 0.125
            assert (there.content, there.sha256, there.label) == (here.content, here.sha256, here.label)


def test_a_sample_is_of_active_exemplars_under_their_ids(
    folder: VisualMemory, server: Server, collection: str, tmp_path: Path
) -> None:
    push(folder, server, collection)
    drawn = []
    for number, seed in enumerate((0, 0, 1)):
        pull(server, collection, tmp_path / f"{number}.vmem", sample=40, seed=seed)
        with VisualMemory.open(tmp_path / f"{number}.vmem") as m:
            ids = m.snapshot.ids.tolist()
            assert len(ids) == 40 and m.active_and_struck() == (40, 0)
            assert (m.catalog.vectors(ids) == folder.catalog.vectors(ids)).all()
            drawn.append(ids)
    assert drawn[0] == drawn[1] != drawn[2]
    assert pull(server, collection, tmp_path / "all.vmem", sample=1000).exemplars == 307


def test_a_sample_is_as_large_as_was_asked_for_though_drawing_finds_few(
    folder: VisualMemory, server: Server, collection: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(folder, server, collection)
    monkeypatch.setattr("visualmemory_gui.engine.shared_memory.pull.MOST_DRAWS", 1)
    assert pull(server, collection, tmp_path / "most.vmem", sample=305).exemplars == 305


def test_a_push_that_was_cut_short_goes_on_with_the_folder_as_it_is_then(
    memory: VisualMemory, collection: str, tmp_path: Path
) -> None:
    for after in (False, True):
        for at in range(4):
            server = Cut()
            server.left, server.after = at, after
            try:
                push(memory, server, collection)
            except ServerError:
                with pytest.raises((MemoryExists, DamagedMemory), match=r"push|complete"):
                    opened(server, collection)
            server.left = None
            memory.relabel([1], f"class {at} {after}")
            if SharedStore.open(server, collection).get("push")["state"] == "filling":
                push(memory, server, collection)
                with opened(server, collection, readonly=True) as shared:
                    assert state(shared) == state(memory)


def test_a_label_that_is_added_during_a_push_is_named(folder: VisualMemory, server: Server, collection: str) -> None:
    vectors, labels = clustered(1100, dim=DIM, classes=5, seed=1)
    folder.add_vectors(vectors, labels)

    def edit(done: int, total: int | None, what: str = "") -> None:
        if (what, done) == ("pushing", 0):
            folder.relabel([1400], "added meanwhile")

    with pytest.raises(StorageError, match="the label added meanwhile was added while the memory was copied"):
        push(folder, server, collection, report=edit)
    push(folder, server, collection)
    with opened(server, collection, readonly=True) as shared:
        assert state(shared) == state(folder)


def test_what_is_on_the_server_is_not_sent_twice_and_what_is_gone_is_removed(
    folder: VisualMemory, server: Server, collection: str
) -> None:
    push(folder, server, collection)
    store = SharedStore.open(server, collection)
    store.put("push", {"state": "filling"})
    folder.forget([2, 309, 310])
    folder.relabel([9], "class 1")
    assert push(folder, server, collection).written == 1
    with opened(server, collection, readonly=True) as shared:
        assert state(shared) == state(folder)


def test_a_push_waits_for_nothing_of_a_new_memory_and_once_for_what_is_there(
    folder: VisualMemory, collection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("visualmemory_gui.engine.shared_memory.shared_store.BATCH", 50)
    monkeypatch.setattr("visualmemory_gui.engine.shared_memory.push.BATCH", 50)
    server = Asked()
    push(folder, server, collection)
    assert server.reads.count("strong") == 1  # the labels
    SharedStore.open(server, collection).put("push", {"state": "filling"})
    server.reads.clear()
    assert push(folder, server, collection).written == 0
    assert server.reads.count("strong") == 3  # the labels, and the checksums by 100 and 310 ids


def test_a_push_that_was_cut_short_twice_removes_what_is_gone(
    folder: VisualMemory, collection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one came less far than the first."""
    monkeypatch.setattr("visualmemory_gui.engine.shared_memory.push.BATCH", 50)
    server = Cut()
    push(folder, server, collection)
    SharedStore.open(server, collection).put("push", {"state": "filling"})
    folder.relabel([9], "class 1")
    server.left = 1
    with pytest.raises(ServerError):
        push(folder, server, collection)
    server.left = None
    folder.forget([202])
    push(folder, server, collection)
    with opened(server, collection, readonly=True) as shared:
        assert state(shared) == state(folder)


def test_a_pull_that_was_cut_short_goes_on(
    folder: VisualMemory, server: Server, collection: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(folder, server, collection)
    monkeypatch.setattr("visualmemory_gui.engine.shared_memory.shared_store.BATCH", 100)
    read: list[int] = []

    def stop(done: int, total: int | None, what: str = "") -> None:
        if what == "pulling":
            read.append(done)
        if len(read) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull(server, collection, tmp_path / "back.vmem", report=stop)
    assert not (tmp_path / "back.vmem").exists()
    assert pull(server, collection, tmp_path / "back.vmem").exemplars == 310
    with VisualMemory.open(tmp_path / "back.vmem") as back:
        assert same(folder, back)


def test_a_pull_does_not_go_on_with_what_was_pulled_of_another_memory_of_that_name(
    folder: VisualMemory, memory: VisualMemory, server: Server, collection: str, tmp_path: Path
) -> None:
    def stop(done: int, total: int | None, what: str = "") -> None:
        if what == "pulling":
            raise KeyboardInterrupt

    push(folder, server, collection)
    with pytest.raises(KeyboardInterrupt):
        pull(server, collection, tmp_path / "back.vmem", report=stop)
    for part in ("", "_images", "_labels", "_meta"):
        server.drop(collection + part)
    push(memory, server, collection)
    pull(server, collection, tmp_path / "back.vmem")
    with VisualMemory.open(tmp_path / "back.vmem") as back:
        assert same(memory, back)


def test_what_another_program_made_is_refused_and_untouched(
    folder: VisualMemory, server: Server, collection: str, tmp_path: Path
) -> None:
    server.create(collection, ServerColumns("pk", {"pk": ServerColumn("int"), "v": ServerColumn("vector", 4)}))
    row = {"pk": 1, "v": np.ones(4, np.float32)}
    server.upsert(collection, [row])
    for refused, error in (
        (lambda: opened(server, collection), NotAMemory),
        (lambda: push(folder, server, collection), MemoryExists),
        (lambda: pull(server, collection, tmp_path / "x.vmem"), NotAMemory),
    ):
        with pytest.raises(error):
            refused()
    assert server.count(collection, []) == 1
    assert not server.has(f"{collection}_meta")


def _newer(store: SharedStore) -> None:
    store.put("format", {"product": "visualmemory_gui", "format": 99})


def _foreign(store: SharedStore) -> None:
    store.put("format", {"product": "another", "format": 1})


def _other_encoder(store: SharedStore) -> None:
    store.put("encoder", {"name": "vectors", "dim": DIM + 1, "weights_sha256": "", "preprocess": ""})


def _without_labels(store: SharedStore) -> None:
    store.server.drop(f"{store.collection}_labels")


def _path_as_encoder(store: SharedStore) -> None:
    store.put("encoder", {"name": "/tmp/model.pt", "dim": DIM, "weights_sha256": "", "preprocess": ""})


def _unreadable(store: SharedStore) -> None:
    store.put("encoder", [])


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (_newer, NewerFormat),
        (_foreign, NotAMemory),
        (_other_encoder, NotAMemory),
        (_without_labels, DamagedMemory),
        (_unreadable, DamagedMemory),
        (_path_as_encoder, DamagedMemory),
    ],
)
def test_what_cannot_be_trusted_is_refused(
    folder: VisualMemory,
    server: Server,
    collection: str,
    change: Callable[[SharedStore], None],
    error: type[VisualMemoryError],
) -> None:
    push(folder, server, collection)
    change(SharedStore.open(server, collection))
    with pytest.raises(error):
        opened(server, collection)


def test_a_row_that_is_not_what_was_written_is_named(folder: VisualMemory, server: Server, collection: str) -> None:
    push(folder, server, collection)
    store = SharedStore.open(server, collection)
    [row] = store.rows([7]).values()
    server.upsert(collection, [{**row.to_server(), "note": "written by another program"}])
    with opened(server, collection, readonly=True) as shared, pytest.raises(DamagedMemory, match="exemplar 7"):
        shared.catalog.get([7])


@pytest.mark.parametrize(
    "change",
    [{"content": "../../etc"}, {"trust": 1e9}, {"trust": -1.0}, {"vector": np.zeros(DIM, np.float32)}, {"width": -1}],
)
def test_a_row_that_no_exemplar_can_be_is_refused_though_its_checksum_fits(
    folder: VisualMemory, server: Server, collection: str, change: dict[str, Any], tmp_path: Path
) -> None:
    push(folder, server, collection)
    store = SharedStore.open(server, collection)
    [row] = store.rows([7]).values()
    store.write([replace(row, **change)])
    with pytest.raises(DamagedMemory, match="exemplar 7"):
        pull(server, collection, tmp_path / "x.vmem")
    assert not (tmp_path / "x.vmem").exists()


@pytest.mark.parametrize("text", ["no base64", "bm8gaW1hZ2U="])
def test_a_thumbnail_that_is_no_image_is_refused(
    memory: VisualMemory, server: Server, collection: str, text: str, tmp_path: Path
) -> None:
    push(memory, server, collection)
    row = {"id": 1, "thumbnail": text, "dummy": np.array([1.0, 0.0], np.float32)}
    server.upsert(f"{collection}_images", [row])
    with pytest.raises(DamagedMemory, match="not a small JPEG"):
        pull(server, collection, tmp_path / "x.vmem")


def test_what_is_longer_than_a_text_may_be_is_kept_in_parts(
    folder: VisualMemory, server: Server, collection: str
) -> None:
    push(folder, server, collection)
    store = SharedStore.open(server, collection)
    long = {"numbers": list(range(30_000))}
    store.put("long", long)
    assert store.get("long") == long
    row = {"name": "long/1", "value": "damaged", "dummy": np.array([1.0, 0.0], np.float32)}
    server.upsert(f"{collection}_meta", [row])
    with pytest.raises(DamagedMemory, match="long of the shared memory"):
        store.get("long")


def test_a_memory_of_another_encoder_does_not_go_on_with_a_push(
    folder: VisualMemory, server: Server, collection: str, tmp_path: Path
) -> None:
    push(folder, server, collection)
    SharedStore.open(server, collection).put("push", {"state": "filling"})
    with VisualMemory.create(tmp_path / "other.vmem", dim=DIM + 1) as other, pytest.raises(EncoderMismatch):
        push(other, server, collection)


def test_a_name_that_is_taken_is_refused(folder: VisualMemory, server: Server, collection: str, tmp_path: Path) -> None:
    push(folder, server, collection)
    with pytest.raises(MemoryExists, match="already"):
        push(folder, server, collection)
    with pytest.raises(MemoryExists, match="already"):
        pull(server, collection, folder.path)
    with pytest.raises(BadValue):
        pull(server, collection, tmp_path / "x.vmem", sample=0)
    with pytest.raises(NotAMemory, match="is not there"):
        pull(server, collection + "x", tmp_path / "x.vmem")


def test_a_thumbnail_that_is_too_large_is_made_smaller(memory: VisualMemory) -> None:
    import io

    from PIL import Image

    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3)).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise).save(out, "JPEG", quality=100)
    small = fitting(out.getvalue())
    assert len(out.getvalue()) > 49_151 >= len(small)
    with Image.open(io.BytesIO(small)) as image:
        assert image.size == (256, 256)
    jpeg = memory.catalog.thumbnail(1)
    assert jpeg is not None and fitting(jpeg) == jpeg

"""Shards: what a build on a cluster leaves, how it goes on, and what a memory takes of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from tests.engine.exchange.memories import facts, paint, paint_classes
from visualmemory_gui.engine.encoders import fake
from visualmemory_gui.engine.errors import (
    BadValue,
    Cancelled,
    EncoderError,
    EncoderMismatch,
    ExchangeError,
    MemoryLocked,
)
from visualmemory_gui.engine.exchange import import_export, ray_build, ray_cluster, ray_shared, shards, vector_table
from visualmemory_gui.engine.exchange.ray_build import ShardBuild, build_shards
from visualmemory_gui.engine.exchange.ray_stages import Batch, DecodeStage, EncodeStage, GivenFile
from visualmemory_gui.engine.memory.visual_memory import VisualMemory
from visualmemory_gui.engine.progress import silent
from visualmemory_gui.engine.shared_memory import lease, shared_memory
from visualmemory_gui.engine.shared_memory.in_process_server import InProcessServer
from visualmemory_gui.engine.shared_memory.milvus_server import MilvusServer
from visualmemory_gui.engine.shared_memory.shared_memory import SharedMemory
from visualmemory_gui.engine.store.lock import FolderLock
from visualmemory_gui.engine.types import Device, EncoderIdentity

GROUPS = r"(\w)\w*/[^/]*$"
URL = "milvus+http://localhost:19530/birds"


class OneProcess:
    """The stages of a cluster in this process; the last part is ready first."""

    def batches(
        self, parts: Sequence[tuple[int, Sequence[GivenFile]]], encoder: EncoderIdentity, device: Device
    ) -> Iterator[Batch]:
        decode, encode = DecodeStage(encoder), EncodeStage(encoder, device)
        try:
            for number, files in reversed(parts):
                given = np.empty(1, object)
                given[0] = list(files)
                yield encode(decode({"part": np.array([number]), "files": given}))
        finally:
            decode.close()


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shards of five files each, made in this process."""

    @contextmanager
    def connected(address: str, workers: int | None) -> Iterator[OneProcess]:
        yield OneProcess()

    monkeypatch.setattr(ray_build, "PART", 5)
    monkeypatch.setattr(ray_build, "connected_cluster", connected)
    monkeypatch.setattr(ray_build, "require_ray", lambda: None)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Twelve images, one that is the same file as another, and one that cannot be read."""
    folder = paint_classes(tmp_path / "images")
    shutil.copy(folder / "plant/0.png", folder / "plant/again.png")
    (folder / "plant/broken.png").write_bytes(b"\x89PNG")
    (folder / "plant/notes.txt").write_text("no image")
    return folder


def built(images: Path | str, folder: Path, **options: object) -> ShardBuild:
    return build_shards(str(images), folder, fake.IDENTITY, **options)  # type: ignore[arg-type]


def rows(m: VisualMemory) -> list[tuple[object, ...]]:
    """What each row is, whatever its id."""
    files = ((one.sha256, m.catalog.thumbnail(one.id)) for one in m.catalog.select())
    return sorted(zip(facts(m), files, strict=True), key=repr)


def on_one_machine(images: Path, place: Path, group_by: str | None = GROUPS) -> list[tuple[object, ...]]:
    with VisualMemory.create(place, "fake") as m:
        m.build(images, group_by=group_by)
        return rows(m)


def imported(folder: Path, place: Path) -> list[tuple[object, ...]]:
    vector_table.import_(folder, place)
    with VisualMemory.open(place) as m:
        assert m.maintenance.verify() == []
        return rows(m)


def test_shards_make_the_rows_of_a_build_on_one_machine(images: Path, tmp_path: Path) -> None:
    done = built(images, tmp_path / "shards", group_by=GROUPS)
    assert (done.added, done.shards) == (13, 3)
    assert {Path(one.path).name for one in done.skipped} == {"broken.png", "notes.txt"}
    took = import_export.import_(tmp_path / "shards", tmp_path / "b.vmem")
    assert (took.added, took.created) == (12, True)
    [twice] = took.skipped
    assert "the same file as" in twice.reason
    with VisualMemory.open(tmp_path / "b.vmem") as m:
        assert rows(m) == on_one_machine(images, tmp_path / "a.vmem")
        assert {one.source for one in m.catalog.select()} <= {str(path) for path in images.rglob("*.png")}


def test_a_build_that_has_ended_is_not_repeated_and_takes_what_is_new_or_changed(images: Path, tmp_path: Path) -> None:
    built(images, tmp_path / "shards")
    before = sorted(path.name for path in (tmp_path / "shards").iterdir())
    again = built(images, tmp_path / "shards")
    assert (again.added, again.unchanged, again.shards) == (0, 14, 0)
    assert {Path(one.path).name for one in again.skipped} == {"broken.png", "notes.txt"}
    assert sorted(path.name for path in (tmp_path / "shards").iterdir()) == before
    paint(images / "plant/new.png", 77)
    paint(images / "plant/broken.png", 78)
    last = built(images, tmp_path / "shards")
    assert (last.added, last.unchanged, last.shards) == (2, 13, 1)
    assert {Path(one.path).name for one in last.skipped} == {"notes.txt"}
    found = imported(tmp_path / "shards", tmp_path / "b.vmem")
    assert found == on_one_machine(images, tmp_path / "a.vmem", group_by=None)


def test_one_that_was_stopped_goes_on_and_none_is_there_twice(images: Path, tmp_path: Path) -> None:
    for stop_at in (1, 3):
        calls = 0

        def stop(done: int, total: int | None, what: str = "", stop_at: int = stop_at) -> None:
            nonlocal calls
            calls += 1
            if calls > stop_at:
                raise Cancelled

        folder = tmp_path / f"shards {stop_at}"
        with pytest.raises(Cancelled):
            built(images, folder, group_by=GROUPS, report=stop)
        with pytest.raises(ExchangeError, match="is not complete"):
            vector_table.import_(folder, tmp_path / "none.vmem")
        assert not (tmp_path / "none.vmem").exists()
        built(images, folder, group_by=GROUPS)
        found = imported(folder, tmp_path / f"{stop_at}.vmem")
        assert found == on_one_machine(images, tmp_path / f"one {stop_at}.vmem")


@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_a_shard_that_was_cut_short_is_named_and_made_again(damage: str, images: Path, tmp_path: Path) -> None:
    folder = tmp_path / "shards"
    built(images, folder, group_by=GROUPS)
    whole = sorted(folder.glob("*.parquet"))[1]
    data = whole.read_bytes()
    if damage == "gone":
        whole.unlink()
    else:
        for wrong in (b"", data[:-7], data + b"x", data[:200] + bytes([data[200] ^ 1]) + data[201:]):
            whole.write_bytes(wrong)
            assert shards.found_shards(folder).damaged == (whole,)
    with pytest.raises(ExchangeError, match="give the build again"):
        vector_table.import_(folder, tmp_path / "none.vmem")
    again = built(images, folder, group_by=GROUPS)
    assert again.damaged == (() if damage == "gone" else (str(whole),))
    assert again.unchanged == 9
    assert imported(folder, tmp_path / "b.vmem") == on_one_machine(images, tmp_path / "a.vmem")


def test_two_shards_of_the_same_files_give_each_row_once(images: Path, tmp_path: Path) -> None:
    folder = tmp_path / "shards"
    built(images, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ray_build, "covered_files", lambda path: [])
        built(images, folder)
    assert len(list(folder.glob("*.parquet"))) == 6
    took = vector_table.import_(folder, tmp_path / "b.vmem")
    assert (took.added, len(took.skipped)) == (12, 14)


def test_addresses_of_fsspec_are_read_as_a_folder_is(images: Path, tmp_path: Path) -> None:
    pytest.importorskip("fsspec")
    shutil.make_archive(str(tmp_path / "all"), "zip", images)
    address = f"zip://::{tmp_path / 'all.zip'}"
    done = built(f"file://{images}", tmp_path / "shards")
    assert done.added == 13
    assert {Path(one.path).name for one in done.skipped} == {"broken.png", "notes.txt"}
    found = imported(tmp_path / "shards", tmp_path / "b.vmem")
    assert [one[0][0] for one in found] == [one[0][0] for one in on_one_machine(images, tmp_path / "a.vmem")]
    assert built(address, tmp_path / "zipped").added == 13
    assert imported(tmp_path / "zipped", tmp_path / "c.vmem") == found
    for wrong in (f"file://{tmp_path}/nothing", "nothing://here", f"zip://::{tmp_path}/no.zip"):
        with pytest.raises(BadValue, match=r"cannot be listed|holds no file"):
            built(wrong, tmp_path / "none")
        assert not (tmp_path / "none").exists()


def test_a_folder_that_is_something_else_is_refused_and_left(images: Path, tmp_path: Path) -> None:
    with pytest.raises(ExchangeError, match="holds something else"):
        built(images, images)
    with pytest.raises(ExchangeError, match="would be a folder of shards, not a memory"):
        built(images, tmp_path / "m.vmem")
    built(images, tmp_path / "shards")
    other = EncoderIdentity("fake", 64, "", "another preprocessing")
    with pytest.raises(ExchangeError, match="has vectors of fake"):
        build_shards(str(images), tmp_path / "shards", other)
    with FolderLock(tmp_path / "shards"), pytest.raises(MemoryLocked):
        built(images, tmp_path / "shards")
    manifest = tmp_path / "shards/shards.json"
    said = json.loads(manifest.read_text())
    for wrong in ({**said, "version": 2}, {**said, "format": "x"}, {**said, "encoder": {}}, {**said, "shards": -1}, 3):
        manifest.write_text(json.dumps(wrong))
        with pytest.raises(ExchangeError, match=r"shards\.json cannot be read"):
            vector_table.import_(tmp_path / "shards", tmp_path / "none.vmem")
    manifest.write_text(json.dumps({**said, "encoder": other.to_json()}))
    with pytest.raises(EncoderMismatch, match="other weights or preprocessing"):
        vector_table.import_(tmp_path / "shards", tmp_path / "none.vmem")
    assert not (tmp_path / "none.vmem").exists()


def test_a_thumbnail_that_is_none_is_refused(images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards.base64, "b64encode", lambda data: b"%%%")
    built(images, tmp_path / "shards")
    with pytest.raises(ExchangeError, match="its jpeg is not base64 text"):
        vector_table.import_(tmp_path / "shards", tmp_path / "none.vmem")


def test_without_ray_one_is_told_what_to_install(images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_build, "require_ray", ray_cluster.require_ray)
    monkeypatch.setattr(ray_cluster, "find_spec", lambda name: None)
    with pytest.raises(EncoderError, match=r"pip install 'visualmemory_gui\[ray\]'"):
        built(images, tmp_path / "shards")
    assert not (tmp_path / "shards").exists()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> InProcessServer:
    """What every connection reaches, and a lease that does not keep a test waiting."""
    found = InProcessServer()
    monkeypatch.setattr(MilvusServer, "at", lambda _, token=None: found)
    monkeypatch.setattr(shared_memory, "USUAL_TIMES", lease.LeaseTimes(renew_s=0.05, expire_s=0.2, settle_s=0.0))
    return found


def test_a_shared_memory_gets_the_same_rows_and_then_what_is_new(
    images: Path, tmp_path: Path, server: InProcessServer
) -> None:
    def shared() -> list[tuple[object, ...]]:
        with SharedMemory.open(URL, readonly=True) as m:
            listed = [one for page in m.catalog.pages() for one in page]
            vectors = m.catalog.vectors([one.id for one in listed])
            return sorted(
                (one.content, one.label, one.group, v.tobytes()) for one, v in zip(listed, vectors, strict=True)
            )

    def here(place: Path) -> list[tuple[object, ...]]:
        return sorted((one[5], one[0], one[3], one[8]) for one, _ in on_one_machine(images, place))

    def build() -> ray_shared.SharedBuild:
        return ray_shared.build_shared(str(images), URL, fake.IDENTITY, group_by=GROUPS)

    assert build().added == 12
    assert shared() == here(tmp_path / "a.vmem")
    paint(images / "plant/9.png", 77)
    done = build()
    assert (done.added, done.unchanged) == (1, 12)
    assert shared() == here(tmp_path / "b.vmem")


def test_a_build_of_a_shared_memory_that_was_stopped_anywhere_goes_on(
    images: Path, tmp_path: Path, server: InProcessServer
) -> None:
    stops, calls = 0, 0

    def stop(done: int, total: int | None, what: str = "") -> None:
        nonlocal calls
        calls += 1
        if calls == stops:
            raise Cancelled

    while True:
        stops, calls = stops + 3, 0
        try:
            ray_shared.build_shared(str(images), URL, fake.IDENTITY, report=stop)
            break
        except Cancelled:
            continue
    assert stops > 5
    with SharedMemory.open(URL, readonly=True) as m:
        contents = sorted(one.content or "" for page in m.catalog.pages() for one in page)
        assert m.maintenance.verify(silent) == []
    with VisualMemory.create(tmp_path / "a.vmem", "fake") as m:
        m.build(images)
        assert contents == sorted(one.content or "" for one in m.catalog.select())

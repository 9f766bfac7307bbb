"""A memory under another encoder: the same but for the vectors, whatever cuts the way there."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.conftest import paint_image, write_images
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.encoders import local_file, torch_encoder
from visualmemory_gui.engine.encoders.fake import FakeEncoder
from visualmemory_gui.engine.errors import BadValue, Cancelled, EncoderError, MemoryExists, NotAMemory, StorageError
from visualmemory_gui.engine.memory import image_reader
from visualmemory_gui.engine.store.kept_images import NewKeptImage
from visualmemory_gui.engine.store.layout import JOURNAL
from visualmemory_gui.engine.store.vector_journal import Embedded, VectorJournal
from visualmemory_gui.engine.types import F32, U8, Box, EncoderIdentity

KEPT_AS_THEY_ARE = ("labels", "roots", "steps", "entries", "settings", "tags", "kept", "keys", "thumbnails")
OF_VECTORS = {"vector", "vector_hash", "checksum"}
MOMENTS = [("embedding images", 2), ("copying images", 2)]
MOMENTS += [("embedding images", 1), ("writing vectors", 1), ("copying images", 1)] if os.environ.get("SOAK") else []
KILLED = """
import os, signal, sys
from visualmemory_gui import VisualMemory
memory, new, phase, times = sys.argv[1:]
left = int(times)
def report(done, total, what=""):
    global left
    left -= what == phase
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
with VisualMemory.open(memory, readonly=True) as m:
    m.reembed(new, "fake", report=report)
"""


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network with random weights, as a TorchScript file."""
    torch.manual_seed(5)
    layers = torch.nn.Sequential(
        torch.nn.Conv2d(3, 12, 16, stride=16), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()
    )
    path = tmp_path_factory.mktemp("network") / "small.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.script(layers.eval()).save(str(path))
    return path


@pytest.fixture
def other(network: Path) -> str:
    """The name of an encoder beside ``fake``."""
    return local_file.add(network).name


@pytest.fixture(scope="module")
def _template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A folder with a memory in it, and where it has to lie: the memory knows its images by their whole paths."""
    room = tmp_path_factory.mktemp("template")
    folder = room / "f"
    write_images(folder / "images", each=3)
    for seed in range(3):
        paint_image((90, 90, 90), seed=900 + seed, size=(96, 80)).save(folder / f"more{seed}.png")
    with VisualMemory.create(folder / "m.vmem", "fake") as m:
        _give_a_past(m, folder)
    return Path(shutil.copytree(folder, room / "whole")), folder


def _give_a_past(m: VisualMemory, folder: Path) -> None:
    """Linked, copied and cut images, edits, one undone, a tag, and images beside exemplars."""
    m.build(folder / "images", group_by="([0-9]).png")
    m.add(str(folder / "more0.png"), "grey")
    m.relabel([1, 2], "grey/warm")
    m.strike([3])
    m.reweigh([4], 0.5)
    m.tags.put("before")
    m.add(str(folder / "more0.png"), "grey", boxes=[(8, 8, 40, 40)])
    m.add(str(folder / "more1.png"), "grey")
    m.kept.keep("label", [((5, 0), "animals/dog")])
    m.keys.give(1, "grey")
    seen = m.decode(folder / "more2.png")
    m.watch.add([(NewKeptImage.of(seen, m.embed(seen)[0]), "grey")])
    m.queue.add([folder / "more1.png", folder / "more2.png"])
    m.queries.add(seen.source, seen.content, sha256=seen.sha256, vector=m.embed(seen)[0])
    m.relabel([6], "wrong")
    m.undo()
    m.set("k", 3)


@pytest.fixture
def folder(_template: tuple[Path, Path]) -> Path:
    """Images in classes, three more, and the memory ``m.vmem`` of them."""
    whole, folder = _template
    shutil.rmtree(folder)
    return Path(shutil.copytree(whole, folder))


@pytest.fixture
def memory(folder: Path) -> Iterator[VisualMemory]:
    """A memory with a past."""
    with VisualMemory.open(folder / "m.vmem") as m:
        yield m


def rows(m: VisualMemory, table: str, *, but: set[str] = frozenset()) -> list[tuple[object, ...]]:
    database = m._live.database
    names = [row[0] for row in database.rows(f"select name from pragma_table_info('{table}')") if row[0] not in but]
    return sorted(database.rows(f"select {', '.join(names)} from {table}"), key=repr)


def state(m: VisualMemory) -> dict[str, list[tuple[object, ...]]]:
    """All that a memory holds but vectors and what is derived from them."""
    plain = {table: rows(m, table) for table in KEPT_AS_THEY_ARE}
    with_vectors = ("exemplars", "watch", "queue", "queries")
    return plain | {table: rows(m, table, but=OF_VECTORS) for table in with_vectors}


def vectors(m: VisualMemory) -> np.ndarray:
    return m.catalog.vectors([e.id for e in m.catalog.select()])


def assert_made_of(made: VisualMemory, m: VisualMemory, *, within: float = 0.0) -> None:
    """``made`` is whole, and every vector is what its encoder makes of the image."""
    assert made.maintenance.verify() == []
    assert state(made) == state(m)
    assert_vectors_of_its_encoder(made, within=within)
    assert not (made.path / JOURNAL).exists()


def assert_vectors_of_its_encoder(made: VisualMemory, *, within: float = 0.0) -> None:
    for exemplar in made.catalog.select():
        image = made.decode(Image.open(str(exemplar.source)), exemplar.box)
        vectors = made.encoder.encode(image.pixels[None])[0], made.catalog.vectors([exemplar.id])[0]
        np.testing.assert_allclose(*vectors, atol=within)


def test_there_and_back_everything_is_as_it_was(memory: VisualMemory, folder: Path, other: str):
    there = memory.reembed(folder / "there.vmem", other)
    assert (there.exemplars, there.left_out, there.identity.dim) == (12, (), 12)
    with VisualMemory.open(folder / "there.vmem") as made:
        assert made.identity == there.identity
        assert_made_of(made, memory)
        assert made.decide(made.decode(folder / "more0.png")).label == "grey"
        made.reembed(folder / "back.vmem", "fake")
    with VisualMemory.open(folder / "back.vmem") as back:
        assert_made_of(back, memory)
        assert np.array_equal(vectors(back), vectors(memory))
        assert rows(back, "watch") == rows(memory, "watch")
        assert rows(back, "queue") == rows(memory, "queue")
        for m in (back, memory):
            m.redo()
            m.history.go_back(0)
        assert [(e.id, e.label, e.state) for e in back.catalog.select()] == [
            (e.id, e.label, e.state) for e in memory.catalog.select()
        ]
        assert (
            back.add(str(folder / "images/animals/cat/0.png"), "new")[0]
            == memory.add(str(folder / "images/animals/cat/0.png"), "new")[0]
        )


def test_reduced_by_pca_it_holds_what_its_encoder_makes_of_each_image(memory: VisualMemory, folder: Path, other: str):
    new = folder / "new.vmem"
    with pytest.raises(Cancelled):  # of whole vectors, which are what is gone on with
        memory.reembed(new, other, report=stop_at("writing vectors"))
    done = memory.reembed(new, other, dim=5)
    assert (done.exemplars, done.left_out, done.identity.dim, done.identity.whole.dim) == (12, (), 5, 12)
    with VisualMemory.open(new) as made:
        assert made.identity == done.identity
        assert_made_of(made, memory, within=1e-6)
        with pytest.raises(BadValue, match="12 -> 5 by PCA already"):
            made.reembed(folder / "more.vmem", other, dim=5)


def test_where_the_encoder_stays_the_vectors_there_are_reduced(
    memory: VisualMemory, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    embedded = counted(monkeypatch)
    assert memory.reembed(folder / "new.vmem", "fake", dim=4).identity.dim == 4
    assert embedded == [1]  # the image that is in the queue alone
    with VisualMemory.open(folder / "new.vmem") as made:
        assert_made_of(made, memory, within=1e-6)


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many images ``fake`` embeds from now on, by batch."""
    embedded, encode = list[int](), FakeEncoder.encode

    def counting(encoder: FakeEncoder, batch: U8) -> F32:
        embedded.append(len(batch))
        return encode(encoder, batch)

    monkeypatch.setattr(FakeEncoder, "encode", counting)
    return embedded


@pytest.mark.parametrize(
    ("dim", "says"), [(1, "to 2 to 63 numbers, not to 1"), (64, "not to 64"), (14, "at least 15 different images")]
)
def test_numbers_that_cannot_be_leave_nothing(memory: VisualMemory, folder: Path, dim: int, says: str):
    with pytest.raises(BadValue, match=says):
        memory.reembed(folder / "new.vmem", "fake", dim=dim)
    assert not (folder / "new.vmem").exists()


def test_what_moved_or_changed_is_left_out_and_its_ids_stay_free(memory: VisualMemory, folder: Path, other: str):
    linked = {e.id: Path(str(e.source)) for e in memory.catalog.get(range(1, 10))}
    linked[1].rename(folder / "elsewhere.png")
    paint_image((1, 2, 3), seed=4).save(linked[2])
    linked[5].write_bytes(b"no image")
    (folder / "more0.png").unlink()  # the memory has a copy
    done = memory.reembed(folder / "new.vmem", other)
    assert {one.id: one.reason for one in done.left_out} == {
        1: "the original is no longer there",
        2: "the original has changed since",
        5: done.left_out[2].reason,
    }
    with VisualMemory.open(folder / "new.vmem") as made:
        assert made.maintenance.verify() == []
        assert [e.id for e in made.catalog.select()] == [3, 4, *range(6, 13)]
        assert made.add(str(folder / "elsewhere.png"), "grey") == [13]
        assert not made._live.database.rows("select 1 from entries where exemplar in (1, 2, 5)")
    assert len(memory.catalog.select()) == 12


def test_an_image_that_moved_is_found_by_the_place_of_another_exemplar(memory: VisualMemory, folder: Path, other: str):
    first = Path(str(memory.catalog.get([1])[0].source))
    shutil.copy(first, folder / "same.png")
    memory.add(str(folder / "same.png"), "twin", copy=False)
    first.unlink()
    assert memory.reembed(folder / "new.vmem", other).left_out == ()


def test_images_that_came_from_no_file_are_left_out(memory: VisualMemory, folder: Path, other: str):
    [array] = memory.add(np.full((40, 40, 3), 9, np.uint8), "plain")
    seen = memory.decode(np.full((40, 40, 3), 70, np.uint8))
    memory.watch.add([(NewKeptImage.of(seen, memory.embed(seen)[0]), "grey")])
    done = memory.reembed(folder / "new.vmem", other)
    assert [(one.id, one.reason) for one in done.left_out] == [(array, "it was not read from a file")]
    assert [one.reason for one in done.kept["watch"]] == ["it was not read from a file"]
    with VisualMemory.open(folder / "new.vmem") as made:
        assert len(made.watch) == 1


@pytest.mark.parametrize(("phase", "times"), MOMENTS)
def test_killed_at_any_moment_it_is_no_memory_yet_and_goes_on(
    phase: str, times: int, memory: VisualMemory, folder: Path, other: str
):
    memory.reembed(folder / "there.vmem", other)
    new, command = folder / "new.vmem", [sys.executable, "-c", KILLED, str(folder / "there.vmem")]
    killed = subprocess.run([*command, str(new), phase, str(times)], capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    with pytest.raises(NotAMemory, match="not made yet"):
        VisualMemory.open(new)
    with pytest.raises(MemoryExists):
        VisualMemory.create(new, "fake")
    with VisualMemory.open(folder / "there.vmem") as there:
        there.reembed(new, "fake")
    with VisualMemory.open(new) as made:
        assert_made_of(made, memory)
        assert {path.name.split("-")[0] for path in new.iterdir()} == {"lock", "images", "memory.sqlite"}
    assert not list(new.rglob("*.part"))


def test_a_journal_that_a_kill_left_in_a_whole_memory_goes_at_the_next_opening(memory: VisualMemory):
    memory.close()
    (memory.path / JOURNAL).write_bytes(b"x")
    VisualMemory.open(memory.path, readonly=True).close()
    assert (memory.path / JOURNAL).exists()
    VisualMemory.open(memory.path).close()
    assert not (memory.path / JOURNAL).exists()


def stop_at(phase: str, after: int = 1) -> Callable[..., None]:
    left = [after]

    def report(done: int, total: int | None, what: str = "") -> None:
        left[0] -= what == phase
        if not left[0]:
            raise Cancelled

    return report


def in_fours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Embed four images at a time."""
    for module in (image_reader, torch_encoder):
        monkeypatch.setattr(module, "FEW", 4)


def test_stopped_it_goes_on_where_it_was(
    memory: VisualMemory, folder: Path, other: str, monkeypatch: pytest.MonkeyPatch
):
    in_fours(monkeypatch)
    new, seen = folder / "new.vmem", list[tuple[int, int | None]]()
    with pytest.raises(Cancelled):
        memory.reembed(new, other, report=stop_at("embedding images", 3))
    assert sorted(path.name for path in new.iterdir()) == ["lock", JOURNAL]
    memory.add(str(folder / "more2.png"), "meanwhile")
    memory.relabel([7], "meanwhile")
    memory.reembed(new, other, report=lambda done, total, what="": seen.append((done, total)))
    assert seen[0] == (8, 13)
    with VisualMemory.open(new) as made:
        assert_made_of(made, memory)


def test_of_images_that_moved_after_a_cut_those_that_were_embedded_stay(
    memory: VisualMemory, folder: Path, other: str, monkeypatch: pytest.MonkeyPatch
):
    in_fours(monkeypatch)
    new = folder / "new.vmem"
    with pytest.raises(Cancelled):
        memory.reembed(new, other, report=stop_at("embedding images", 2))  # after one batch
    linked = {e.id: Path(str(e.source)) for e in memory.catalog.get(range(1, 10))}
    (folder / "elsewhere").mkdir()
    for source in linked.values():
        source.rename(folder / "elsewhere" / f"{source.parent.name}-{source.name}")
    done = memory.reembed(new, other)
    assert {one.reason for one in done.left_out} == {"the original is no longer there"}
    assert {one.id for one in done.left_out} < set(linked) and len(done.left_out) == len(linked) - 4
    with VisualMemory.open(new) as made:
        assert made.maintenance.verify() == []
        assert len(made.catalog.select()) == 12 - len(done.left_out) == 7
        made.maintenance.relink(str(folder / "images"), str(folder / "elsewhere"))
        assert_vectors_of_its_encoder(made)
    assert len(memory.catalog.select()) == 12


def test_stopped_before_the_first_image_it_leaves_nothing(memory: VisualMemory, folder: Path, other: str):
    with pytest.raises(Cancelled):
        memory.reembed(folder / "new.vmem", other, report=stop_at("embedding images"))
    assert not (folder / "new.vmem").exists()


def test_what_is_forgotten_between_two_runs_is_not_in_the_new_memory(memory: VisualMemory, folder: Path, other: str):
    new = folder / "new.vmem"
    with pytest.raises(Cancelled):
        memory.reembed(new, other, report=stop_at("copying images", 2))
    memory.forget([10, 11, 12])  # of the images that were copied
    memory.reembed(new, other)
    with VisualMemory.open(new) as made:
        assert made.maintenance.verify() == []
        assert state(made) == state(memory)


def test_a_place_that_is_taken_is_refused_and_left(memory: VisualMemory, folder: Path, other: str):
    (folder / "full").mkdir()
    (folder / "full" / "mine.txt").write_text("x")
    for target in (memory.path, folder / "full"):
        with pytest.raises((MemoryExists, BadValue)):
            memory.reembed(target, other)
    with pytest.raises(BadValue, match="in the memory itself"):
        memory.reembed(memory.path / "new.vmem", other)
    with pytest.raises(BadValue, match="under fake already"):
        memory.reembed(folder / "new.vmem", "fake")
    with pytest.raises(EncoderError):
        memory.reembed(folder / "new.vmem", "none-of-this-name")
    assert [path.name for path in (folder / "full").iterdir()] == ["mine.txt"]
    assert not (folder / "new.vmem").exists()


def test_where_no_image_can_be_read_no_memory_is_made(tmp_path: Path, other: str):
    with VisualMemory.create(tmp_path / "m.vmem", "fake") as m:
        m.add(np.full((40, 40, 3), 9, np.uint8), "plain")
        with pytest.raises(BadValue, match="none of the memory's images"):
            m.reembed(tmp_path / "new.vmem", other)
    with VisualMemory.create(tmp_path / "v.vmem", dim=4) as m:
        m.add_vectors(np.eye(4, dtype=np.float32), "x")
        with pytest.raises(BadValue, match="vectors without images"):
            m.reembed(tmp_path / "new.vmem", other)
    assert not (tmp_path / "new.vmem").exists()


IDENTITY = EncoderIdentity("fake", 4, "", "")
ONE = Embedded("ab" * 32, None, np.array([1, 0, 0, 0], np.float32))
PART_OF = Embedded("cd" * 32, "ef" * 32, np.array([0, 1, 0, 0], np.float32))
KEYS = [("00" * 32, None), ("00" * 32, Box(8, 8, 90000, 90001)), ("11" * 32, None)]


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    with VectorJournal(tmp_path, IDENTITY) as made:
        made.add({KEYS[0]: ONE, KEYS[1]: PART_OF})
        made.add({KEYS[2]: ONE})
    return tmp_path / JOURNAL


def held(journal: Path) -> list[bool]:
    with VectorJournal(journal.parent, IDENTITY) as found:
        return [key in found for key in KEYS]


def test_a_journal_gives_back_what_was_added(journal: Path):
    with VectorJournal(journal.parent, IDENTITY) as found:
        for key, expected in zip(KEYS, (ONE, PART_OF, ONE), strict=True):
            one = found.get(key)
            assert one is not None and (one.content, one.original) == (expected.content, expected.original)
            assert np.array_equal(one.vector, expected.vector)
        assert found.get(("22" * 32, None)) is None


def test_a_record_that_was_cut_off_does_not_count(journal: Path):
    whole = journal.read_bytes()
    for lost in (1, 100):
        journal.write_bytes(whole[:-lost])
        assert held(journal) == [True, True, False]
        with VectorJournal(journal.parent, IDENTITY) as found:
            found.add({KEYS[2]: ONE})
        assert journal.read_bytes() == whole
    journal.write_bytes(whole[:20])
    assert held(journal) == [False, False, False]


def test_a_full_disk_leaves_no_piece_of_a_record(journal: Path, monkeypatch: pytest.MonkeyPatch):
    whole, write = journal.read_bytes(), os.pwrite
    new = {("33" * 32, None): ONE, ("44" * 32, None): ONE}

    def full(handle: int, data: memoryview, place: int) -> int:
        if place > len(whole):
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(handle, data[:50], place)

    with VectorJournal(journal.parent, IDENTITY) as found:
        with monkeypatch.context() as disk, pytest.raises(StorageError, match="No space left"):
            disk.setattr(os, "pwrite", full)
            found.add(new)
        assert journal.read_bytes() == whole
        found.add(new)
    with VectorJournal(journal.parent, IDENTITY) as found:
        assert len(found) == 5


@pytest.mark.parametrize("checked", [True, False])
def test_a_damaged_record_does_not_count(journal: Path, checked: bool, monkeypatch: pytest.MonkeyPatch):
    data = bytearray(journal.read_bytes())
    data[-40] ^= 1
    journal.write_bytes(data)
    if not checked:  # the control: without its seal it would count
        monkeypatch.setattr(VectorJournal, "_key", lambda self, record: self._parsed(record)[0] if record else None)
    assert held(journal) == [True, True, not checked]


def test_a_journal_of_another_is_refused_and_left(journal: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    whole = journal.read_bytes()
    with pytest.raises(MemoryExists, match="another encoder"):
        VectorJournal(journal.parent, EncoderIdentity("fake", 5, "", ""))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "someone else"))
    with pytest.raises(MemoryExists, match="on another computer"):
        VectorJournal(journal.parent, IDENTITY)
    assert journal.read_bytes() == whole
    os.link(journal, tmp_path / "second name")
    with pytest.raises(MemoryExists, match="a second name"):
        VectorJournal(journal.parent, IDENTITY)
    journal.unlink()
    journal.symlink_to(tmp_path / "second name")
    with pytest.raises(StorageError):
        VectorJournal(journal.parent, IDENTITY)
    assert (tmp_path / "second name").read_bytes() == whole

"""A memory from a stranger: links, second names and foreign files in its folder, none of which leads outside."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import clustered, paint_image
from tests.reliability.planting import age
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.errors import DamagedMemory, MemoryFolderError, StorageError
from visualmemory_gui.engine.exchange.originals import original
from visualmemory_gui.engine.store import schema
from visualmemory_gui.engine.store.files import ImageFiles
from visualmemory_gui.engine.store.lock import FolderLock, holder

PRECIOUS = b"what somebody else wrote"
PLACES = ("memory.sqlite", "memory.sqlite-wal", "memory.sqlite-shm", "memory.sqlite-journal", "lock", "images")


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Path]:
    """A folder beside the memory; all that is in it must be there afterwards, unchanged."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "precious").write_bytes(PRECIOUS)
    yield folder
    assert [path.read_bytes() for path in folder.rglob("precious")] == [PRECIOUS]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A closed memory of three exemplars with copies."""
    with VisualMemory.create(tmp_path / "m.vmem", encoder="fake") as memory:
        for i in range(3):
            paint_image((60 * i, 9, 9), seed=i).save(tmp_path / f"{i}.png")
        memory.add([tmp_path / f"{i}.png" for i in range(3)], ["cat"] * 3)
    return tmp_path / "m.vmem"


def copies(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "images").rglob("*") if path.is_file())


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("readonly", [True, False])
@pytest.mark.parametrize("name", PLACES)
def test_a_link_in_place_of_a_part_is_named_and_not_followed(
    folder: Path, outside: Path, name: str, readonly: bool
) -> None:
    real = outside / name
    if (folder / name).exists():
        (folder / name).rename(real)
    else:
        real.write_bytes(PRECIOUS)
    (folder / name).symlink_to(real)
    before = tree(outside)
    with pytest.raises(DamagedMemory, match=f"{name} is a symbolic link"):
        VisualMemory.open(folder, readonly=readonly)
    assert tree(outside) == before


@pytest.mark.parametrize("name", PLACES)
def test_a_link_that_leads_to_nothing_is_named_too(folder: Path, tmp_path: Path, name: str) -> None:
    if name == "images":
        shutil.rmtree(folder / name)
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(tmp_path / "nowhere")
    with pytest.raises(DamagedMemory, match="is a symbolic link"):
        VisualMemory.open(folder)
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("name", PLACES)
def test_what_is_neither_file_nor_folder_is_refused(folder: Path, name: str) -> None:
    if name == "images":
        shutil.rmtree(folder / name)
    (folder / name).unlink(missing_ok=True)
    os.mkfifo(folder / name)
    for readonly in (True, False):
        with pytest.raises(MemoryFolderError, match=f"{name} is not a f"):
            VisualMemory.open(folder, readonly=readonly)


@pytest.mark.parametrize("name", PLACES[:-1])
def test_a_second_name_of_a_file_that_is_written_in_place_is_refused(folder: Path, outside: Path, name: str) -> None:
    if not (folder / name).exists():
        (folder / name).write_bytes(PRECIOUS)
    os.link(folder / name, outside / name)
    before = tree(outside)
    with pytest.raises(DamagedMemory, match="second name"):
        VisualMemory.open(folder)
    assert tree(outside) == before


def test_a_database_with_a_second_name_can_be_read(folder: Path, tmp_path: Path) -> None:
    os.link(folder / "memory.sqlite", tmp_path / "backup.sqlite")
    with VisualMemory.open(folder, readonly=True) as memory:
        assert memory.summary().exemplars == 3


def test_the_lock_is_not_written_through_a_link_or_a_second_name(tmp_path: Path, outside: Path) -> None:
    (tmp_path / "lock").symlink_to(outside / "precious")
    with pytest.raises(StorageError):
        FolderLock(tmp_path).acquire()
    assert holder(tmp_path) is None
    (tmp_path / "lock").unlink()
    os.link(outside / "precious", tmp_path / "lock")
    with pytest.raises(DamagedMemory):
        FolderLock(tmp_path).acquire()


def test_a_memory_is_reached_through_a_link_above_it(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "here").symlink_to(folder)
    with VisualMemory.open(tmp_path / "here") as memory:
        memory.strike([1])
        assert memory.maintenance.verify() == []


def test_compact_empties_no_folder_behind_a_link(folder: Path, outside: Path) -> None:
    for path in (folder / "images").iterdir():
        path.rename(outside / path.name)
        path.symlink_to(outside / path.name)
    before = tree(outside)
    with VisualMemory.open(folder) as memory:
        memory.forget([1])
        memory.maintenance.compact()
        found = memory.maintenance.verify()
    assert tree(outside) == before
    assert {one.what for one in found} == {"link", "image"} and not any("compact" in one.detail for one in found)


def test_a_copy_that_is_a_link_is_damage_and_is_not_read_or_removed(folder: Path, outside: Path) -> None:
    real = copies(folder)[0]
    real.rename(outside / "real.png")
    real.symlink_to(outside / "real.png")
    (real.parent / ("0" * 62 + ".png")).symlink_to(outside / "precious")
    with VisualMemory.open(folder) as memory:
        details = sorted((one.what, one.detail) for one in memory.maintenance.verify())
        assert [what for what, _ in details] == ["image", "link", "link"] and "missing" in details[0][1]
        assert not any("compact" in detail for _, detail in details)
        for exemplar in memory.catalog.select():
            assert memory.files.find(str(exemplar.sha256)) in (
                [],
                [p for p in copies(folder) if not p.is_symlink() and str(exemplar.sha256)[2:] in p.name],
            )
            assert original(memory, exemplar, keep_private=True) is not None  # from the file that was added
        memory.maintenance.compact()
    assert real.is_symlink() and (outside / "real.png").exists()


def test_a_copy_is_renamed_over_a_link_and_not_written_through_it(folder: Path, outside: Path, tmp_path: Path) -> None:
    data = (tmp_path / "0.png").read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    files = ImageFiles(folder)
    place = files.path_of(sha256, ".png")
    place.unlink()
    place.symlink_to(outside / "precious")
    files.keep(tmp_path / "0.png", sha256, ".png")
    assert place.read_bytes() == data and not place.is_symlink()


def test_no_copy_is_made_or_removed_in_a_linked_folder(folder: Path, outside: Path, tmp_path: Path) -> None:
    files = ImageFiles(folder)
    place = files.path_of("ab" * 32, ".png")
    if place.parent.exists():
        shutil.rmtree(place.parent)
    place.parent.symlink_to(outside)
    (outside / place.name).write_bytes(b"theirs")
    with pytest.raises(StorageError, match="symbolic link"):
        files.keep(tmp_path / "0.png", "ab" * 32, ".png")
    assert files.unlink("ab" * 32, ".png") is False and files.find("ab" * 32) == []
    assert (outside / place.name).read_bytes() == b"theirs"


@pytest.fixture
def searching(tmp_path: Path) -> Path:
    """A closed memory of vectors with a checkpoint of its index."""
    vectors, labels = clustered(200, dim=16, classes=4, seed=0)
    with VisualMemory.create(tmp_path / "s.vmem", dim=16) as memory:
        memory.add_vectors(vectors, labels)
        memory.set("exact_limit", 100)
        memory.maintenance.run()
    return tmp_path / "s.vmem"


@pytest.mark.parametrize("name", ["index.json.tmp", "index-3.hnsw.tmp", "index-999.hnsw", "index.json"])
def test_a_planted_link_at_a_name_of_the_index_is_never_written_through(
    searching: Path, outside: Path, name: str
) -> None:
    (searching / name).unlink(missing_ok=True)
    (searching / name).symlink_to(outside / "precious")
    with VisualMemory.open(searching) as memory:
        memory.add_vectors(clustered(50, dim=16, classes=4, seed=1)[0], ["new"] * 50)
        memory.decide_vector([1.0] + [0.0] * 15)
        memory._live.build_index()
        memory.maintenance.compact()
        assert memory.maintenance.verify() == []


def test_a_linked_checkpoint_does_not_count(searching: Path, outside: Path) -> None:
    [graph] = searching.glob("index-*.hnsw")
    graph.rename(outside / graph.name)
    graph.symlink_to(outside / graph.name)
    with VisualMemory.open(searching) as memory:
        assert memory.decide_vector([1.0] + [0.0] * 15).label
        assert "missing" in str(memory.maintenance.index_damage)
    assert (outside / graph.name).exists()


@pytest.mark.parametrize(
    "work", [lambda m: m.maintenance.compact(), lambda m: m.forget([1]), lambda m: m._live.drop_arrays()]
)
def test_files_of_other_names_stay_where_they_are(folder: Path, work: Callable[[VisualMemory], object]) -> None:
    aside = ["letter.txt", "index-x.hnsw", "index.json.bak", "memory.sqlite.format-old", "images/readme.md"]
    aside += ["images/ab/x.png", "images/.DS_Store", "image.part", "images/zz/" + "0" * 62 + ".png"]
    for name in aside:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(PRECIOUS)
    with VisualMemory.open(folder) as memory:
        work(memory)
        unknown = [one for one in memory.maintenance.verify() if one.what == "image"]
    assert [name for name in aside if (folder / name).read_bytes() != PRECIOUS] == []
    assert len(unknown) == 4 and not any("compact" in one.detail for one in unknown)


def test_a_migration_writes_its_backup_through_no_link_and_removes_only_its_own(folder: Path, outside: Path) -> None:
    age(folder, 1)
    (folder / "memory.sqlite.format-1").symlink_to(outside / "precious")
    (folder / "memory.sqlite.format-old").write_bytes(PRECIOUS)
    schema.open_memory(folder, readonly=False).close()
    assert not os.path.lexists(folder / "memory.sqlite.format-1")
    assert (folder / "memory.sqlite.format-old").read_bytes() == PRECIOUS


def test_a_memory_is_made_beside_a_planted_link_and_not_through_it(tmp_path: Path, outside: Path) -> None:
    place = tmp_path / "n.vmem"
    place.mkdir()
    for ending in ("", "-wal", "-journal"):
        (place / f"memory.sqlite.new{ending}").symlink_to(outside / "precious")
    VisualMemory.create(place, dim=4).close()
    assert {entry.name for entry in place.iterdir()} == {"memory.sqlite", "lock"}


def test_a_note_of_copies_removes_only_copies_that_no_exemplar_uses(folder: Path, outside: Path) -> None:
    used = copies(folder)[0]
    unused = used.parent / ("0" * 62 + ".png")
    unused.write_bytes(b"left")
    lines = [
        used.parent.name + used.name,
        unused.parent.name + unused.name,
        "../../outside/precious",
        "a" * 64 + ".png",
    ]
    (folder / ".vmem-0123456789abcdef.copies").write_text("\n".join(lines))
    (folder / ".vmem-0123456789abcdee.copies").symlink_to(outside / "precious")
    VisualMemory.open(folder).close()
    assert used.exists() and not unused.exists()
    assert not list(folder.glob(".vmem-*"))

"""The checkpoint is derived: whatever happened to it, the memory opens and answers like exact search."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import clustered
from tests.index_world import World, assert_nearest, random_vectors
from visualmemory_gui.engine.errors import StorageError
from visualmemory_gui.engine.files import sealed_json
from visualmemory_gui.engine.index import checkpoint
from visualmemory_gui.engine.index.search import Searcher

DIM = 8
ENCODER = "test encoder"


def small_world(seed: int = 0) -> World:
    return World(clustered(250, dim=DIM, classes=10, seed=seed)[0], struck=[3, 5])


def fresh(encoder: str = ENCODER) -> Searcher:
    return Searcher(DIM, encoder=encoder, exact_limit=0, threads=1)


def saved(world: World, folder: Path) -> Searcher:
    folder.mkdir(exist_ok=True)
    searcher = fresh()
    searcher.build(world.snapshot)
    searcher.save(folder, world.snapshot)
    return searcher


def answers_like_exact(searcher: Searcher, world: World) -> None:
    if not searcher.graph_live:
        searcher.build(world.snapshot)
    for query in random_vectors(5, DIM, seed=1):
        assert_nearest(searcher.nearest(world.snapshot, query, 5), world.snapshot, query, 5)


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_a_checkpoint_is_read_back_and_answers_the_same(tmp_path: Path) -> None:
    world = small_world()
    before, after = saved(world, tmp_path), fresh()
    assert names(tmp_path) == ["index-1.hnsw", "index.json"]
    assert after.load(tmp_path, world.snapshot) is None
    assert after.graph_live
    for query in random_vectors(50, DIM, seed=1):
        one, other = (s.nearest(world.snapshot, query, 7) for s in (before, after))
        assert one.info.mode == other.info.mode == "hnsw"
        assert one.rows.tolist() == other.rows.tolist()


def test_without_a_checkpoint_there_is_nothing_to_tell(tmp_path: Path) -> None:
    searcher = fresh()
    assert searcher.load(tmp_path, small_world().snapshot) is None
    assert not searcher.graph_live


def test_edits_made_after_the_checkpoint_are_replayed(tmp_path: Path) -> None:
    world = small_world()
    saved(world, tmp_path)
    world.set_active([3], True)
    world.set_active([10, 11, 12], False)
    world.add(random_vectors(30, DIM, seed=8))
    world.set_active([252], False)
    searcher = fresh()
    assert searcher.load(tmp_path, world.snapshot) is None
    assert searcher.state(world.snapshot).behind == 4
    answers_like_exact(searcher, world)
    for row in (2, 250, 279):
        assert searcher.nearest(world.snapshot, world.vectors[row], 1).rows[0] == row
    searcher.save(tmp_path, world.snapshot)
    assert names(tmp_path) == ["index-5.hnsw", "index.json"]
    assert searcher.state(world.snapshot).current


def test_marks_that_are_not_this_memorys_are_put_right(tmp_path: Path) -> None:
    """A copy of the memory struck other exemplars, came to the same change number, and its checkpoint lies here."""
    world, copy = small_world(), small_world()
    world.set_active([20], False)
    copy.set_active([21], False)
    searcher = saved(small_world(), tmp_path)
    searcher.load(tmp_path, copy.snapshot)
    searcher.save(tmp_path, copy.snapshot)
    after = fresh()
    assert after.load(tmp_path, world.snapshot) is None
    assert after.nearest(world.snapshot, world.vectors[20], 1).rows[0] == 20
    answers_like_exact(after, world)


def flip(folder: Path, rng: np.random.Generator) -> None:
    path = next(folder.glob("*.hnsw"))
    data = bytearray(path.read_bytes())
    data[rng.integers(len(data))] ^= 1 << rng.integers(8)
    path.write_bytes(data)


def truncate(folder: Path, rng: np.random.Generator) -> None:
    path = next(folder.glob("*.hnsw"))
    os.truncate(path, int(rng.integers(path.stat().st_size)))


def lengthen(folder: Path, rng: np.random.Generator) -> None:
    with next(folder.glob("*.hnsw")).open("ab") as file:
        file.write(rng.bytes(int(rng.integers(1, 1000))))


def flip_seal(folder: Path, rng: np.random.Generator) -> None:
    """One byte of the seal's values (its white space may change without harm)."""
    path = folder / "index.json"
    data = bytearray(path.read_bytes())
    digits = [i for i, byte in enumerate(data) if chr(byte).isalnum()]
    data[digits[rng.integers(len(digits))]] ^= 1
    path.write_bytes(data)


def truncate_seal(folder: Path, rng: np.random.Generator) -> None:
    path = folder / "index.json"
    os.truncate(path, int(rng.integers(path.stat().st_size - 2)))


def remove_one(folder: Path, rng: np.random.Generator) -> None:
    sorted(folder.iterdir())[rng.integers(2)].unlink()


def swap(folder: Path, rng: np.random.Generator) -> None:
    """The file of another memory under this one's name, this one's seal."""
    other = folder.parent / "other"
    saved(small_world(seed=int(rng.integers(1000)) + 1), other)
    shutil.copy(next(other.glob("*.hnsw")), next(folder.glob("*.hnsw")))


def foreign(folder: Path, rng: np.random.Generator) -> None:
    """File and seal of another memory."""
    shutil.rmtree(folder)
    saved(small_world(seed=int(rng.integers(1000)) + 1), folder)


def stale_of_the_future(folder: Path, rng: np.random.Generator) -> None:
    """A checkpoint newer than the memory, which was taken from a backup."""
    shutil.rmtree(folder)
    world = small_world()
    for _ in range(int(rng.integers(1, 4))):
        world.set_active([9], False)
    saved(world, folder)


def of_a_larger_memory(folder: Path, rng: np.random.Generator) -> None:
    """It still holds exemplars that this memory has not."""
    shutil.rmtree(folder)
    vectors = np.concatenate((small_world().vectors, random_vectors(int(rng.integers(1, 9)), DIM, seed=0)))
    saved(World(vectors), folder)


def of_a_smaller_memory(folder: Path, rng: np.random.Generator) -> None:
    """It lacks exemplars that stood in this memory when it says it was written."""
    shutil.rmtree(folder)
    saved(World(small_world().vectors[: -int(rng.integers(1, 9))]), folder)


def rubbish(folder: Path, rng: np.random.Generator) -> None:
    seal = folder / "index.json"
    kinds = [b"", b"[]", b"null", b"\xff\xfe", b"{}", b"[" * 60_000, rng.bytes(100_000), b'{"check": 1e999}', b"5"]
    seal.write_bytes(kinds[rng.integers(len(kinds))])


def odd_seal(folder: Path, rng: np.random.Generator) -> None:
    """Values of another kind, or that lead out of the folder."""
    path = folder / "index.json"
    data = json.loads(path.read_text())
    odd: list[tuple[str, object]] = [
        ("dim", "8"), ("dim", 9), ("size", -1), ("file", "../index-1.hnsw"), ("file", "/etc/hostname"), ("file", 5),
        ("version", 4), ("count", True), ("widths", [1]), ("widths", "abc"), ("counts", []), ("change", 1e3),
        ("change", None), ("byteorder", "big"), ("encoder", "another"), ("more", 1), ("nodes", [1]), ("file", "."),
        ("imitated", [2.0, 0.5, 0.5]), ("imitated", None),
    ]  # fmt: skip
    name, value = odd[rng.integers(len(odd))]
    del data["check"], data["installation"]
    path.write_text(sealed_json.text({**data, name: value}))


DAMAGES = [
    flip, truncate, lengthen, flip_seal, truncate_seal, remove_one, swap, foreign, stale_of_the_future,
    of_a_larger_memory, of_a_smaller_memory, rubbish, odd_seal,
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda d: d.__name__)
def test_a_damaged_checkpoint_is_told_deleted_and_made_anew(
    damage: Callable[[Path, np.random.Generator], None], tmp_path: Path
) -> None:
    world, sound = small_world(), tmp_path / "sound"
    saved(world, sound)
    for seed in range(9):
        folder = tmp_path / "memory"
        shutil.copytree(sound, folder)
        damage(folder, np.random.default_rng(seed))
        searcher = fresh()
        reason = searcher.load(folder, world.snapshot)
        assert reason, f"seed {seed}"
        assert not searcher.graph_live
        assert names(folder) == []
        answers_like_exact(searcher, world)
        folder.rmdir()


CONTROL = """
import sys, numpy as np
from pathlib import Path
from visualmemory_gui.engine.index.graph import Graph
path = Path(sys.argv[1])
sound = path.read_bytes()
queries = np.random.default_rng(0).normal(size=(200, 8)).astype(np.float32)
right = Graph.load(path, 8, capacity=1000).nearest_many(queries, 20, threads=1)
rng, wrong = np.random.default_rng(7), 0
for _ in range(300):
    data = bytearray(sound)
    data[rng.integers(len(data))] ^= 1 << rng.integers(8)
    path.write_bytes(data)
    try:
        found = Graph.load(path, 8, capacity=1000).nearest_many(queries, 20, threads=1)
    except RuntimeError:
        continue
    wrong += found is None or not np.array_equal(found[0], right[0])
    print(wrong, flush=True)
"""


def test_without_the_seal_damage_gives_wrong_answers_or_ends_the_process(tmp_path: Path) -> None:
    """The control: what the seal keeps away does happen."""
    saved(small_world(), tmp_path)
    run = subprocess.run(
        [sys.executable, "-c", CONTROL, str(next(tmp_path.glob("*.hnsw")))], capture_output=True, check=False
    )
    wrong = int((run.stdout.split() or [b"0"])[-1])
    assert run.returncode < 0 or wrong > 0


def test_a_checkpoint_of_another_encoder_is_not_read(tmp_path: Path) -> None:
    world = small_world()
    saved(world, tmp_path)
    assert fresh("another").load(tmp_path, world.snapshot) == "it belongs to another encoder"


def test_a_checkpoint_that_another_installation_sealed_is_never_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = small_world()
    saved(world, tmp_path)
    assert not checkpoint.is_foreign(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "another home"))
    assert checkpoint.is_foreign(tmp_path)
    assert fresh().load(tmp_path, world.snapshot, delete=False) == "it was not written by this installation"


def test_a_seal_cannot_be_made_to_fit_without_the_secret_of_the_installation(tmp_path: Path) -> None:
    world = small_world()
    saved(world, tmp_path)
    data = json.loads((tmp_path / "index.json").read_text())
    signed = {name: data[name] for name in data if name not in ("check", "installation")}
    data["check"] = hashlib.sha256(json.dumps(signed, sort_keys=True).encode()).hexdigest()
    (tmp_path / "index.json").write_text(json.dumps(data))
    assert fresh().load(tmp_path, world.snapshot) == "its seal is damaged"


def test_where_the_secret_cannot_be_kept_it_serves_as_long_as_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home").write_text("no folder")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    world = small_world()
    saved(world, tmp_path / "memory")
    assert fresh().load(tmp_path / "memory", world.snapshot) is None


def test_a_memory_open_for_reading_keeps_even_a_damaged_checkpoint(tmp_path: Path) -> None:
    world = small_world()
    saved(world, tmp_path)
    flip(tmp_path, np.random.default_rng(0))
    searcher = fresh()
    assert searcher.load(tmp_path, world.snapshot, delete=False)
    assert names(tmp_path) == ["index-1.hnsw", "index.json"]


def test_a_symbolic_link_in_place_of_the_file_is_not_followed(tmp_path: Path) -> None:
    world, folder = small_world(), tmp_path / "memory"
    saved(world, folder)
    file = folder / "index-1.hnsw"
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    assert fresh().load(folder, world.snapshot)
    assert names(folder) == []
    assert (tmp_path / "elsewhere").exists()


def test_dropping_deletes_every_file_of_the_index_and_nothing_else(tmp_path: Path) -> None:
    world = small_world()
    searcher = saved(world, tmp_path)
    for name in ("index-7.hnsw.tmp", "index.json.tmp", "index-3.hnsw", "memory.sqlite", "lock"):
        (tmp_path / name).write_bytes(b"x")
    searcher.drop(tmp_path)
    assert names(tmp_path) == ["lock", "memory.sqlite"]
    assert not searcher.graph_live


@pytest.fixture
def file_size_limit() -> Callable[[int], None]:
    def limit(size: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

    return limit


def test_a_disk_that_takes_no_more_is_told_and_the_old_checkpoint_stays(
    tmp_path: Path, file_size_limit: Callable[[int], None]
) -> None:
    """hnswlib itself says nothing when its file ends in the middle."""
    world = small_world()
    searcher = saved(world, tmp_path)
    world.set_active([50], False)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    file_size_limit(20_000)
    try:
        with pytest.raises(StorageError, match=r"only [\d,]+ of [\d,]+ bytes"):
            searcher.save(tmp_path, world.snapshot)
    finally:
        file_size_limit(unlimited)
        signal.signal(signal.SIGXFSZ, handler)
    assert names(tmp_path) == ["index-1.hnsw", "index.json"]
    again = fresh()
    assert again.load(tmp_path, world.snapshot) is None
    answers_like_exact(again, world)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    world = small_world()
    searcher = saved(world, tmp_path)
    world.set_active([50], False)
    with pytest.raises(StorageError):
        searcher.save(tmp_path / "nowhere", world.snapshot)

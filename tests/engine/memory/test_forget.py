"""Forgetting leaves no bytes, and says so honestly."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import clustered, paint_image
from visualmemory_gui import Changes, VisualMemory
from visualmemory_gui.engine.errors import StorageError, UnknownExemplar
from visualmemory_gui.engine.processes import byte_scan
from visualmemory_gui.engine.processes.byte_scan import PieceTable, Scanner, find_pieces, pieces
from visualmemory_gui.engine.store.remains import held

CANARY = "secret/canary-name-of-a-person"


@pytest.fixture
def with_secret(memory: VisualMemory, tmp_path: Path) -> tuple[VisualMemory, int, Path]:
    """The memory, the id of an image added under a label of its own, and its file."""
    file = tmp_path / "a-telling-file-name-4711.png"
    paint_image((10, 200, 220), seed=4711).save(file)
    [one] = memory.add([file], [CANARY])
    memory.relabel([one], f"{CANARY}/again")
    memory.relabel([one], CANARY)
    memory.decide(file)
    return memory, one, file


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_no_byte_of_a_forgotten_exemplar_is_left_in_any_file(with_secret: tuple[VisualMemory, int, Path]) -> None:
    memory, one, file = with_secret
    vector, thumbnail = memory.catalog.vectors([one])[0], memory.catalog.thumbnail(one)
    assert thumbnail is not None
    changes = memory.forget([one])
    assert changes.receipt is not None
    assert (changes.receipt.status, changes.receipt.hits, changes.receipt.forgotten) == ("done", 0, 1)
    assert changes.receipt.labels == (CANARY,) and changes.receipt.files_scanned >= 2
    memory.close()
    left = everything_in(memory.path)
    middle = len(thumbnail) // 2
    for secret in (
        vector.tobytes()[64:88],
        vector.astype(np.float16).tobytes()[32:56],
        thumbnail[middle : middle + 24],
        file.read_bytes()[200:224],
        file.name.encode(),
        b"canary-name",
    ):
        assert secret not in left


def test_control_the_bytes_are_there_before_they_are_forgotten(with_secret: tuple[VisualMemory, int, Path]) -> None:
    memory, one, file = with_secret
    vector = memory.catalog.vectors([one])[0]
    memory.strike([one])
    memory.close()
    left = everything_in(memory.path)
    assert b"canary-name" in left and file.name.encode() in left and vector.tobytes()[64:88] in left


def test_control_the_scan_finds_bytes_that_were_planted(with_secret: tuple[VisualMemory, int, Path]) -> None:
    memory, one, _ = with_secret
    planted = memory.path / "left-behind.bin"
    planted.write_bytes(os.urandom(5000) + memory.catalog.vectors([one])[0].tobytes() + os.urandom(5000))
    receipt = memory.forget([one]).receipt
    assert receipt is not None and receipt.status == "bytes remain" and receipt.hits > 0


def test_an_open_reader_keeps_the_receipt_from_saying_done(
    with_secret: tuple[VisualMemory, int, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    memory, one, _ = with_secret
    monkeypatch.setattr("visualmemory_gui.engine.memory.forget.LOG_PATIENCE_S", 0.2)
    with VisualMemory.open(memory.path, readonly=True) as reader:
        reader._live.database.execute("begin")
        reader.catalog.totals()
        receipt = memory.forget([one]).receipt
        reader._live.database.execute("commit")
    assert receipt is not None and receipt.status == "bytes remain"


def test_what_another_exemplar_also_holds_is_counted_as_shared(tmp_path: Path) -> None:
    vectors, labels = clustered(60, dim=64, classes=3, seed=0)
    with VisualMemory.create(tmp_path / "v.vmem", dim=64) as memory:
        memory.add_vectors(np.concatenate([vectors, vectors[:1]]), [*labels, labels[0]])
        receipt = memory.forget([1]).receipt
        assert receipt is not None and receipt.status == "done" and receipt.shared > 0
        assert memory.decide_vector(vectors[0]).neighbours[0].id == 61


def test_decisions_are_those_of_a_memory_that_never_saw_it(tmp_path: Path) -> None:
    vectors, labels = clustered(400, dim=16, classes=5, seed=2)
    gone = [i for i in range(1, 401) if i % 3 == 0]
    keep = [i for i in range(400) if (i + 1) % 3]
    with (
        VisualMemory.create(tmp_path / "a.vmem", dim=16) as memory,
        VisualMemory.create(tmp_path / "b.vmem", dim=16) as other,
    ):
        memory.add_vectors(vectors, labels)
        memory.decide_vector(vectors[0])
        memory.forget(gone)
        other.add_vectors(vectors[keep], [labels[i] for i in keep])
        for query in clustered(50, dim=16, classes=5, seed=3)[0]:
            ours, theirs = memory.decide_vector(query), other.decide_vector(query)
            assert (ours.label, ours.shares, ours.known) == (theirs.label, theirs.shares, theirs.known)
            assert [keep.index(n.id - 1) + 1 for n in ours.neighbours] == [n.id for n in theirs.neighbours]


def test_the_other_steps_of_the_history_still_undo(with_secret: tuple[VisualMemory, int, Path]) -> None:
    memory, one, _ = with_secret
    memory.strike([1, 2, one])
    memory.forget([one])
    assert memory.undo().restored == (1, 2)
    assert memory.undo().edit is None


def test_an_unknown_id_forgets_nothing(memory: VisualMemory) -> None:
    with pytest.raises(UnknownExemplar):
        memory.forget([1, 4711])
    assert memory.catalog.totals()[0] == 18


def test_an_image_copy_goes_only_with_its_last_exemplar(memory: VisualMemory, tmp_path: Path) -> None:
    file = tmp_path / "two.png"
    paint_image((90, 20, 160), seed=8).save(file)
    [first] = memory.add([file], ["one"])
    [second] = memory.add([file], ["two"])
    memory.forget([first])
    assert len(list(memory.files.all())) == 1
    memory.forget([second])
    assert list(memory.files.all()) == []


def test_pieces_are_found_at_any_offset_and_across_the_ends_of_chunks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = os.urandom(48)
    wanted = PieceTable(pieces(secret))
    for offset in range(20):
        assert list(find_pieces(bytes(offset) + secret, wanted))
    folder = tmp_path / "folder"
    folder.mkdir()
    for place, end in enumerate((byte_scan.CHUNK, byte_scan.SPAN)):
        (folder / str(place)).write_bytes(bytes(end - 30) + secret + bytes(100))
    (folder / "empty").touch()
    scanner = Scanner(pieces(secret))
    result = scanner.scan(folder)
    scanner.close()
    assert result.files == 3 and {hit.piece for hit in result.hits} == set(pieces(secret))
    assert sorted({hit.offset for hit in result.hits}) == sorted(
        end + at for end in (byte_scan.CHUNK, byte_scan.SPAN) for at in (-30, -6)
    )


@pytest.mark.parametrize("killed_at", ["unlink", "checkpoint"])
def test_an_interrupted_forget_is_finished_when_the_memory_is_opened_again(
    with_secret: tuple[VisualMemory, int, Path], monkeypatch: pytest.MonkeyPatch, killed_at: str
) -> None:
    memory, one, file = with_secret
    secret = file.read_bytes()[200:224]

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(memory.files if killed_at == "unlink" else memory._live.database, killed_at, killed)
        with pytest.raises(KeyboardInterrupt):
            memory.forget([one])
    memory.close()
    assert killed_at == "checkpoint" or secret in everything_in(memory.path)
    with VisualMemory.open(memory.path, readonly=True) as reader:
        assert [damage.what for damage in reader.maintenance.verify() if damage.what == "forget"] == ["forget"]
    with VisualMemory.open(memory.path) as again:
        done = again.maintenance.finished_forget
        assert done is not None and (done.status, done.forgotten) == ("not scanned", 1)
        assert secret not in everything_in(memory.path)
        assert again._live.derived.get("erasing") is None and again.catalog.totals()[0] == 18


def test_nothing_is_erased_where_the_scan_cannot_start(
    with_secret: tuple[VisualMemory, int, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    memory, one, _ = with_secret
    monkeypatch.setattr(
        "visualmemory_gui.engine.processes.byte_scan._COMMAND", (sys.executable, "-c", "raise SystemExit(1)")
    )
    with pytest.raises(StorageError, match="does not start"):
        memory.forget([one])
    assert memory.catalog.get([one])[0].label == CANARY


def test_a_scan_that_fails_is_not_called_done_and_listeners_hear_of_it(
    with_secret: tuple[VisualMemory, int, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    memory, one, _ = with_secret
    child = "import sys; sys.stdin.buffer.readline(); print('ready', flush=True)"
    monkeypatch.setattr("visualmemory_gui.engine.processes.byte_scan._COMMAND", (sys.executable, "-c", child))
    told: list[Changes] = []
    memory.changed(told.append)
    receipt = memory.forget([one]).receipt
    assert receipt is not None and receipt.status == "not scanned"
    assert [changes.forgotten for changes in told] == [(one,)]


@pytest.mark.parametrize("failing", ["unlink", "checkpoint"])
def test_what_could_not_be_wiped_is_told_and_wiped_at_the_next_opening(
    with_secret: tuple[VisualMemory, int, Path], monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    memory, one, file = with_secret
    told: list[Changes] = []
    memory.changed(told.append)

    def broken(*_: object) -> None:
        raise StorageError("the disk is broken")

    with monkeypatch.context() as patch:
        patch.setattr(memory.files if failing == "unlink" else memory._live.database, failing, broken)
        receipt = memory.forget([one]).receipt
    assert receipt is not None and receipt.status == "bytes remain"
    assert [changes.forgotten for changes in told] == [(one,)]
    assert one not in [n.id for n in memory.decide(file).neighbours]
    memory.close()
    with VisualMemory.open(memory.path) as again:
        assert again.maintenance.finished_forget is not None and again.maintenance.verify() == []
        assert file.read_bytes()[200:224] not in everything_in(memory.path)


def test_the_scan_starts_from_any_folder_and_reads_regular_files_only(
    with_secret: tuple[VisualMemory, int, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory, one, _ = with_secret
    (tmp_path / "visualmemory_gui").mkdir()
    monkeypatch.chdir(tmp_path)
    os.mkfifo(memory.path / "pipe")
    receipt = memory.forget([one]).receipt
    assert receipt is not None and receipt.status == "done"


def test_forgetting_nothing_changes_nothing(memory: VisualMemory) -> None:
    before = memory.catalog.change()
    changes = memory.forget([])
    assert changes.edit is None and changes.receipt is not None and changes.receipt.forgotten == 0
    assert memory.catalog.change() == before


def test_a_piece_that_begins_with_zeros_is_found_among_zeros() -> None:
    piece = bytes(8) + bytes(range(1, 17))
    table = PieceTable([piece])
    assert list(find_pieces(bytes(5000) + piece + bytes(100), table)) == [(5000, piece)]
    assert list(find_pieces(piece[8:], table)) == []


@given(st.data())
def test_pieces_of_every_length_are_found_wherever_they_lie(data: st.DataObject) -> None:
    few = st.integers(0, 2).map(lambda i: b"\0ab"[i : i + 1])  # bytes that repeat
    texts = st.lists(few, min_size=8, max_size=24).map(b"".join)
    needles = data.draw(st.sets(texts, min_size=1, max_size=6))
    parts = data.draw(st.lists(st.one_of(st.sampled_from(sorted(needles)), st.binary(max_size=9)), max_size=12))
    file = b"".join(parts)
    truth = {(at, one) for one in needles for at in range(len(file)) if file.startswith(one, at)}
    found = list(find_pieces(file, PieceTable(needles)))
    assert set(found) == truth and len(found) == len(truth)


def test_what_others_hold_is_found_within_one_value_alone(memory: VisualMemory) -> None:
    database = memory._live.database
    memory.relabel([1], "first label")
    memory.relabel([2], "second label")
    shared, across = b"first label", b"label" + b"second"
    table = PieceTable([shared, across])
    assert held(database, {shared, across}, lambda value: find_pieces(value, table)) == {shared}


def test_a_file_name_that_a_recent_query_also_has_is_shared(memory: VisualMemory, tmp_path: Path) -> None:
    file = tmp_path / "a-telling-file-name-4711.png"
    paint_image((10, 200, 220), seed=4711).save(file)
    [one] = memory.add([file], ["cat"])
    vector = memory.catalog.vectors([1])[0]
    memory.queries.add(str(tmp_path / "elsewhere" / file.name), "ab" * 32, vector=vector)
    receipt = memory.forget([one]).receipt
    assert receipt is not None and (receipt.status, receipt.hits) == ("done", 0) and receipt.shared >= 1

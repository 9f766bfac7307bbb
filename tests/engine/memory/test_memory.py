"""VisualMemory from end to end, without a window."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import COLOURS, clustered, paint_image
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.errors import (
    BadImage,
    BadLabel,
    BadValue,
    BadVector,
    EncoderError,
    MemoryExists,
    MemoryLocked,
    NotAMemory,
    ReadOnlyMemory,
    UnknownExemplar,
)
from visualmemory_gui.engine.types import Changes, IndexState


def test_a_folder_of_folders_becomes_a_memory_that_decides_like_images_alike(memory: VisualMemory) -> None:
    assert memory.summary().labels == dict.fromkeys(COLOURS, 6)
    decision = memory.decide(paint_image(COLOURS["animals/dog"], seed=99))
    assert decision.label == "animals/dog"
    assert [n.rank for n in decision.neighbours] == list(range(1, 11))
    assert sum(decision.shares.values()) == pytest.approx(1)


def test_a_new_memory_built_from_a_folder_has_nothing_to_undo(memory: VisualMemory) -> None:
    assert memory.history.steps() == []
    assert memory.undo().edit is None


def test_building_again_adds_only_what_is_new(memory: VisualMemory, images: Path) -> None:
    paint_image(COLOURS["animals/cat"], seed=77).save(images / "animals/cat/new.png")
    result = memory.build(images)
    assert (result.added, result.unchanged, result.skipped) == (1, 18, ())
    assert memory.history.steps()[0].name == "Add 1 exemplar"


def test_unreadable_files_are_listed_and_never_stop_the_rest(tmp_path: Path, images: Path) -> None:
    (images / "animals/cat/broken.png").write_bytes(b"not an image")
    (images / "animals/cat/empty.jpg").touch()
    with VisualMemory.create(tmp_path / "m.vmem", encoder="fake") as memory:
        result = memory.build(images)
    assert result.added == 18
    assert sorted(Path(s.path).name for s in result.skipped) == ["broken.png", "empty.jpg"]
    assert all(s.reason for s in result.skipped)


def test_a_build_that_is_stopped_keeps_what_it_committed_and_goes_on_later(tmp_path: Path, images: Path) -> None:
    def stop_in_the_middle(done: int, total: int | None, what: str = "") -> None:
        if done:
            raise KeyboardInterrupt

    with VisualMemory.create(tmp_path / "m.vmem", encoder="fake") as memory:
        first = memory.build(images, report=stop_in_the_middle)
        assert first.stopped and 0 < first.added < 18
        assert memory.history.steps()[0].name == f"Add {first.added} of 18 exemplars (stopped)"
        second = memory.build(images)
        assert first.added + second.added == 18 and second.unchanged == first.added


def test_one_image_of_a_new_class_is_enough_for_the_same_file_to_be_decided_as_it(
    memory: VisualMemory, tmp_path: Path
) -> None:
    file = tmp_path / "lynx.png"
    paint_image((128, 120, 60), seed=5).save(file)
    assert memory.decide(file).label != "animals/lynx"
    memory.add([file], ["animals/lynx"])
    assert memory.decide(file).label == "animals/lynx"


def test_a_strike_is_seen_by_the_next_decision_and_undo_brings_it_back_after_a_restart(
    memory: VisualMemory, tmp_path: Path
) -> None:
    query = paint_image(COLOURS["plants/rose"], seed=50)
    first = memory.decide(query).neighbours[0].id
    changes = memory.strike([first])
    assert changes.struck == (first,) and changes.edit == "Strike out 1 exemplar"
    assert first not in [n.id for n in memory.decide(query).neighbours]
    memory.close()
    with VisualMemory.open(memory.path) as again:
        assert again.undo().restored == (first,)
        assert again.decide(query).neighbours[0].id == first


def test_an_edit_that_changes_nothing_makes_no_step(memory: VisualMemory) -> None:
    memory.strike([1])
    assert memory.strike([1]).edit is None
    assert len(memory.history.steps()) == 1


def test_every_edit_is_told_to_whoever_listens_and_to_nobody_afterwards(memory: VisualMemory) -> None:
    heard: list[Changes] = []
    stop = memory.changed(heard.append)
    memory.relabel([1, 2], "animals/lynx")
    stop()
    memory.undo()
    assert [c.relabelled for c in heard] == [(1, 2)]


def test_adding_content_that_is_here_gives_its_id_and_a_conflict_is_told(memory: VisualMemory, images: Path) -> None:
    file = images / "animals/cat/0.png"
    [here] = [e for e in memory.catalog.select(label="animals/cat") if e.source == str(file)]
    result = memory.add_images([file, file], ["animals/cat", "animals/lynx"])
    assert (result.present == {0: here.id} and result.conflicts == {0: (here.id, "animals/cat")}) or result.conflicts
    assert result.conflicts == {1: (here.id, "animals/cat")}
    assert len(result.added) == 1


def test_a_bad_image_among_good_ones_adds_nothing(memory: VisualMemory, tmp_path: Path) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"")
    with pytest.raises(BadImage, match=r"bad\.png"):
        memory.add([paint_image((1, 2, 3), seed=1), bad], ["a", "a"])
    assert memory.catalog.totals()[0] == 18


def test_copies_are_kept_in_the_memory_when_an_image_is_added(memory: VisualMemory, tmp_path: Path) -> None:
    file = tmp_path / "one.png"
    paint_image((9, 9, 9), seed=3).save(file)
    memory.add([file], ["x"])
    [copy] = memory.files.all()
    assert copy.read_bytes() == file.read_bytes()


def test_an_exemplar_that_is_asked_for_is_known_and_finds_itself(memory: VisualMemory) -> None:
    decision = memory.decide(3)
    assert decision.neighbours[0].id == 3 and decision.neighbours[0].distance < 1e-6


def test_a_query_that_is_an_exemplar_says_as_what_it_is_here(memory: VisualMemory, tmp_path: Path) -> None:
    file = tmp_path / "one.png"
    paint_image((9, 250, 9), seed=3).save(file)
    assert memory.decide(file, rule="plurality").in_memory == ()
    [exemplar] = memory.add([file], ["odd"])
    assert [(e.id, e.label) for e in memory.decide(file).in_memory] == [(exemplar, "odd")]
    memory.strike([exemplar])
    assert [e.state for e in memory.decide(file).in_memory] == ["struck"]
    memory.undo()
    memory.undo()
    assert memory.decide(file).in_memory == ()


def test_an_image_whose_file_is_known_takes_its_exemplars_vector(memory: VisualMemory, images: Path) -> None:
    image_here = memory.decode(images / "animals/cat/0.png")
    [exemplar, *_] = memory.catalog.by_content(image_here.content)
    assert np.array_equal(memory.embed([image_here])[0], memory.catalog.vectors([exemplar.id])[0])


def test_groups_come_from_the_path(tmp_path: Path, images: Path) -> None:
    with VisualMemory.create(tmp_path / "m.vmem", encoder="fake") as memory:
        memory.build(images, group_by=r"/(\w+)/\d+\.png$")
        assert {e.group for e in memory.catalog.select()} == {"cat", "dog", "rose"}


@pytest.mark.parametrize("k", [1, 3, 300, 10_000])
def test_k_up_to_and_above_the_size_gives_what_is_there(tmp_path: Path, k: int) -> None:
    vectors, labels = clustered(300, dim=16, classes=5, seed=0)
    with VisualMemory.create(tmp_path / "v.vmem", dim=16) as memory:
        memory.add_vectors(vectors, labels)
        assert len(memory.decide_vector(vectors[0], k=k).neighbours) == min(k, 300)


def test_an_empty_memory_has_nothing_to_compare_with(tmp_path: Path) -> None:
    with VisualMemory.create(tmp_path / "v.vmem", dim=4) as memory:
        decision = memory.decide_vector(np.ones(4, np.float32))
        assert (decision.label, decision.share, decision.margin, dict(decision.shares)) == (None, None, None, {})
        [one] = memory.add_vectors(np.ones((1, 4), np.float32), ["only"])
        assert memory.decide_vector(np.ones(4, np.float32)).label == "only"
        memory.strike([one])
        assert memory.decide_vector(np.ones(4, np.float32)).label is None


def test_an_unknown_encoder_is_named_and_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="no-such-encoder"):
        VisualMemory.create(tmp_path / "m.vmem", encoder="no-such-encoder")
    assert not (tmp_path / "m.vmem").exists()


def test_wrong_values_are_refused_in_words_and_change_nothing(memory: VisualMemory) -> None:
    change = memory.catalog.change()
    with pytest.raises(BadValue, match="k counts neighbours"):
        memory.decide(1, k=0)
    with pytest.raises(BadValue, match="voting rule"):
        memory.decide(1, rule="best")  # type: ignore[arg-type]
    with pytest.raises(UnknownExemplar, match="999"):
        memory.strike([1, 999])
    with pytest.raises(BadLabel):
        memory.relabel([1], " / ")
    with pytest.raises(BadLabel, match="text"):
        memory.relabel([1], None)  # type: ignore[arg-type]
    with pytest.raises(BadValue, match="strike"):
        memory.reweigh([1], 0.0)
    with pytest.raises(BadVector):
        memory.add_vectors(np.full((1, 64), np.nan, np.float32), ["x"])
    with pytest.raises(BadValue, match="labels"):
        memory.add_vectors(np.ones((2, 64), np.float32), ["x"])
    assert memory.catalog.change() == change


def test_a_memory_is_made_once_and_a_folder_that_is_none_is_named(memory: VisualMemory, tmp_path: Path) -> None:
    with pytest.raises(MemoryExists):
        VisualMemory.create(memory.path, dim=4)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(NotAMemory, match="empty"):
        VisualMemory.open(empty)
    assert list(empty.iterdir()) == []


def test_a_second_writer_is_told_who_edits_and_a_reader_is_let_in(memory: VisualMemory) -> None:
    with pytest.raises(MemoryLocked, match="process"):
        VisualMemory.open(memory.path)
    with VisualMemory.open(memory.path, readonly=True) as reader:
        assert reader.decide(1).label in COLOURS
        with pytest.raises(ReadOnlyMemory):
            reader.strike([1])


def test_editing_and_listing_load_neither_torch_nor_qt_nor_pillow(memory: VisualMemory) -> None:
    memory.close()
    code = (
        "import sys; from visualmemory_gui import VisualMemory\n"
        f"with VisualMemory.open({str(memory.path)!r}) as m: m.strike([1]); m.catalog.select(); m.summary()\n"
        "print([n for n in ('torch', 'timm', 'PySide6', 'PIL') if n in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert out.stdout.strip() == "[]"


def test_ids_may_be_numbers_of_numpy(memory: VisualMemory) -> None:
    ids = np.array([1, 2])
    assert memory.strike(ids).struck == (1, 2)
    assert memory.restore(ids).restored == (1, 2)
    assert memory.decide(ids[0]).neighbours[0].id == 1
    assert memory.forget(ids).forgotten == (1, 2)


def test_adding_keeps_no_pixels_of_what_it_embedded(memory: VisualMemory, tmp_path: Path) -> None:
    files = []
    for i in range(40):
        paint_image((10, 6 * i, 90), seed=i).save(tmp_path / f"{i}.png")
        files.append(tmp_path / f"{i}.png")
    seen: list[int] = []
    embed = memory._reader.embed
    memory._reader.embed = lambda images: seen.append(len(images)) or embed(images)  # type: ignore[method-assign, func-returns-value]
    assert memory.add(files, ["x"] * 40) == list(range(19, 59))
    assert max(seen) < 40


def test_a_memory_of_vectors_says_that_it_takes_no_images(tmp_path: Path) -> None:
    with VisualMemory.create(tmp_path / "v.vmem", dim=8) as memory:
        with pytest.raises(EncoderError, match="vectors without an encoder"):
            memory.decide(paint_image((1, 2, 3), seed=0))
        with pytest.raises(EncoderError, match="vectors without an encoder"):
            memory.add([tmp_path / "x.png"], ["x"])


def test_a_gpu_that_is_not_there_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(BadValue, match="no GPU"):
        VisualMemory.create(tmp_path / "m.vmem", "fake", device="cuda")
    assert not (tmp_path / "m.vmem").exists()


def test_compacting_removes_copies_that_nobody_uses(memory: VisualMemory) -> None:
    orphan = memory.files.path_of("ab" * 32, ".png")
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(b"left by an add that was killed")
    assert [damage.what for damage in memory.maintenance.verify()] == ["image"]
    memory.maintenance.compact()
    assert memory.maintenance.verify() == []


def test_compacting_builds_an_index_that_was_damaged(tmp_path: Path) -> None:
    vectors, labels = clustered(500, dim=16, classes=5, seed=0)
    with VisualMemory.create(tmp_path / "v.vmem", dim=16) as memory:
        memory.set("exact_limit", 1000)
        memory.add_vectors(vectors, labels)
    [graph] = memory.path.glob("index-*.hnsw")
    graph.write_bytes(b"damaged")
    with VisualMemory.open(memory.path) as again:
        again.maintenance.compact()
        assert again.maintenance.index_state() == IndexState("hnsw", current=True, behind=0)
    with VisualMemory.open(memory.path, readonly=True) as reader:
        assert reader.maintenance.index_state() == IndexState("hnsw", current=True, behind=0)
        assert reader._live._decider is None


def test_a_search_that_does_not_exist_is_refused(memory: VisualMemory) -> None:
    with pytest.raises(BadValue, match="unknown search"):
        memory.decide(1, search="fast")  # type: ignore[arg-type]

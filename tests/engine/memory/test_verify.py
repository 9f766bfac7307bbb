"""Damage is found and named; a sound memory has none."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import apsw
import numpy as np
import pytest

from tests.conftest import clustered, paint_image
from tests.reliability.planting import plant
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.errors import DamagedMemory
from visualmemory_gui.engine.store.purge import ERASING


def test_a_sound_memory_has_no_damage(memory: VisualMemory) -> None:
    memory.strike([1])
    memory.undo()
    assert memory.maintenance.verify() == []


def test_a_flipped_byte_in_a_vector_is_found(memory: VisualMemory) -> None:
    vector = bytearray(memory.catalog.vectors([5])[0].tobytes())
    vector[17] ^= 1
    memory._live.database.execute("update vectors set vector = ? where id = 5", (bytes(vector),))
    assert [(d.what, d.where) for d in memory.maintenance.verify()] == [("vector", "exemplar 5")]


def test_a_label_that_exemplars_have_and_that_is_gone_is_named(tmp_path: Path) -> None:
    vectors, labels = clustered(20, dim=16, classes=2, seed=0)
    with VisualMemory.create(tmp_path / "v.vmem", dim=16) as memory:
        memory.add_vectors(vectors, labels)
    with closing(apsw.Connection(str(tmp_path / "v.vmem" / "memory.sqlite"))) as connection:
        connection.execute("delete from labels where path = ?", (labels[0],))
    with VisualMemory.open(tmp_path / "v.vmem") as memory:
        assert {"reference", "database"} <= {found.what for found in memory.maintenance.verify()}
        with pytest.raises(DamagedMemory, match=r"label \d, which is missing"):
            memory.decide_vector(vectors[0])


def test_lost_changed_and_foreign_image_copies_are_found(memory: VisualMemory, tmp_path: Path) -> None:
    for i in range(2):
        paint_image((i * 90, 9, 9), seed=i).save(tmp_path / f"{i}.png")
    memory.add([tmp_path / "0.png", tmp_path / "1.png"], ["x", "x"])
    first, second = sorted(memory.files.all())
    first.unlink()
    second.write_bytes(second.read_bytes()[:-1])
    (second.parent / "foreign.png").write_bytes(b"x")
    (second.parent / ("0" * 62 + ".png")).write_bytes(b"x")
    assert sorted(d.detail for d in memory.maintenance.verify()) == [
        "its bytes are not those that were copied",
        "no exemplar uses this file; 'visualmemory compact' removes it",
        "the copy is missing",
        "this file does not belong to the memory; it is left where it is",
    ]


def test_a_copy_whose_name_was_damaged_is_found(memory: VisualMemory, tmp_path: Path) -> None:
    paint_image((9, 9, 9), seed=1).save(tmp_path / "0.png")
    [exemplar] = memory.add([tmp_path / "0.png"], ["x"])
    memory._live.database.execute("update exemplars set copy = '/png' where id = ?", (exemplar,))
    assert {d.what for d in memory.maintenance.verify()} >= {"image", "row"}


def test_a_damaged_derived_value_is_found_and_decisions_go_on(memory: VisualMemory) -> None:
    vector = memory.snapshot.vectors[0]
    memory.decide_vector(vector)
    memory._live.derived.put("thresholds", "{}", memory.catalog.change())
    memory._live.database.execute("update derived set json = '[' where name = 'thresholds'")
    assert ("row", "derived thresholds") in [(d.what, d.where) for d in memory.maintenance.verify()]
    assert memory._live.derived.get("thresholds") is None and "thresholds" not in memory._live.derived.all("")
    path = memory.path
    memory.close()
    with VisualMemory.open(path) as again:
        assert again.decide_vector(vector).label


def test_a_damaged_note_of_a_forget_under_way_is_refused(memory: VisualMemory) -> None:
    memory._live.derived.put(ERASING, "{}", memory.catalog.change())
    memory._live.database.execute("update derived set json = '[' where name = ?", (ERASING,))
    path = memory.path
    memory.close()
    with pytest.raises(DamagedMemory, match="Restore it"):
        VisualMemory.open(path)
    with VisualMemory.open(path, readonly=True) as reader:  # it can still be looked at, and exported
        assert ("row", f"derived {ERASING}") in [(d.what, d.where) for d in reader.maintenance.verify()]


def test_a_damaged_checkpoint_is_rebuilt_and_answers_stay_exact(tmp_path: Path) -> None:
    vectors, labels = clustered(2000, dim=16, classes=5, seed=0)
    path = tmp_path / "v.vmem"
    with VisualMemory.create(path, dim=16) as memory:
        memory.set("exact_limit", 1000)
        memory.add_vectors(vectors, labels)
        expected = [[n.id for n in memory.decide_vector(q, search="exact").neighbours] for q in vectors[:20]]
    [graph] = path.glob("index-*.hnsw")
    data = bytearray(graph.read_bytes())
    data[len(data) // 2] ^= 255
    graph.write_bytes(data)
    with VisualMemory.open(path) as memory:
        assert [[n.id for n in memory.decide_vector(q).neighbours] for q in vectors[:20]] == expected
        assert memory.maintenance.index_damage
        memory.maintenance.run()
        assert memory.maintenance.index_state().current
    with VisualMemory.open(path) as memory:
        decision = memory.decide_vector(vectors[0])
        assert decision.search is not None and decision.search.mode == "hnsw"
        assert memory.maintenance.index_damage is None and memory.maintenance.verify() == []


@pytest.mark.parametrize("how", ["flipped", "cut", "gone", "of another memory"])
def test_a_damaged_checkpoint_that_no_search_reads_is_found(tmp_path: Path, how: str) -> None:
    vectors, labels = clustered(300, dim=16, classes=5, seed=0)
    path = tmp_path / "v.vmem"
    with VisualMemory.create(path, dim=16) as memory:
        memory.add_vectors(vectors, labels)
        memory._live.build_index()
        assert memory.maintenance.index_state().kind == "exact" and memory.maintenance.verify() == []
    [graph] = path.glob("index-*.hnsw")
    data = bytearray(graph.read_bytes())
    if how == "gone":
        graph.unlink()
    elif how == "of another memory":
        with VisualMemory.create(tmp_path / "other.vmem", dim=8) as other:
            other.add_vectors(vectors[:, :8], labels)
            other._live.build_index()
        (path / "index.json").write_bytes((tmp_path / "other.vmem" / "index.json").read_bytes())
    else:
        data[len(data) // 2] ^= 255
        graph.write_bytes(data[: len(data) // 2] if how == "cut" else data)
    with VisualMemory.open(path, readonly=True) as memory:
        assert [(d.what, d.where) for d in memory.maintenance.verify()] == [("index", "index.json")]
        assert memory.decide_vector(vectors[0]).label  # exact search decides


def test_a_vector_that_is_gone_is_damage_and_no_reader_waits_for_it(memory: VisualMemory) -> None:
    path, vector = memory.path, memory.catalog.vectors([1])[0]
    memory.close()
    plant(path, "delete from vectors where id = 3")
    for readonly in (True, False):
        with (
            VisualMemory.open(path, readonly=readonly) as opened,
            pytest.raises(DamagedMemory, match="3 has no vector"),
        ):
            opened.decide_vector(vector)


def test_compacting_drops_the_history_and_what_only_it_could_bring_back(memory: VisualMemory) -> None:
    [gone] = memory.add([paint_image((1, 2, 3), seed=1)], ["x"])
    memory.undo()
    memory.strike([1])
    result = memory.maintenance.compact(keep_history_s=0.0)
    assert result.purged == 1 and result.after > 0
    assert memory.history.steps() == [] and memory.maintenance.verify() == []
    assert gone not in memory.snapshot.ids
    assert [e.id for e in memory.catalog.select(state="struck")] == [1]


def test_originals_that_moved_are_found_by_place_and_by_content(memory: VisualMemory, images: Path) -> None:
    new = images.with_name("elsewhere")
    images.rename(new)
    (new / "animals/cat/0.png").rename(new / "renamed.png")
    (new / "animals/cat/1.png").write_bytes(b"another image now")
    result = memory.maintenance.relink(str(images), str(new))
    assert result.moved == 17 and [Path(p).name for p in result.missing] == ["1.png"]
    sources = {e.source for e in memory.catalog.select()}
    assert str(new / "renamed.png") in sources and memory.maintenance.verify() == []


def test_missing_originals_are_counted_by_the_folder_that_was_added(memory: VisualMemory, images: Path) -> None:
    paint_image((5, 5, 5), seed=77).save(images.parent / "one.png")
    memory.add([images.parent / "one.png"], ["x"], copy=False)
    assert memory.maintenance.missing_originals().folders == ()
    (images.parent / "one.png").unlink()
    images.rename(images.with_name("elsewhere"))
    found = memory.maintenance.missing_originals()
    assert [(folder, len(ids)) for folder, ids in found.folders] == [(str(images), 18), (str(images.parent), 1)]
    assert (found.count, found.linked) == (19, 19)
    memory.undo()
    assert memory.maintenance.missing_originals().count == 18


def test_only_those_that_are_asked_for_are_found_again(memory: VisualMemory, images: Path) -> None:
    new = images.with_name("elsewhere")
    images.rename(new)
    assert memory.maintenance.relink(str(images), str(new), only=[1, 2]).moved == 2
    assert memory.maintenance.missing_originals().count == 16


def test_decisions_do_not_change_by_compacting(memory: VisualMemory) -> None:
    query = paint_image((100, 100, 100), seed=9)
    before = memory.decide(query)
    memory.maintenance.compact()
    after = memory.decide(query)
    assert np.allclose([n.distance for n in before.neighbours], [n.distance for n in after.neighbours], atol=0)

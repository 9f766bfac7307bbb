"""The teaching queue: real image files, the ``fake`` encoder, and decisions made one by one as the judge."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import COLOURS, paint_image, write_images
from visualmemory_gui.engine.errors import BadLabel, BadValue, Cancelled, ReadOnlyMemory
from visualmemory_gui.engine.exchange.queue_csv import COLUMNS, queue_csv
from visualmemory_gui.engine.memory.visual_memory import VisualMemory

NEW = (240, 230, 30)


@pytest.fixture
def waiting(tmp_path: Path) -> list[str]:
    """Six images of the known classes, and four of a colour that no class has."""
    folder = tmp_path / "waiting"
    folder.mkdir()
    colours = [*COLOURS.values(), *COLOURS.values(), NEW, NEW, NEW, NEW]
    for i, colour in enumerate(colours):
        paint_image(colour, seed=5000 + i).save(folder / f"{i}.png")
    return [str(folder / f"{i}.png") for i in range(len(colours))]


def add(memory: VisualMemory, paths: list[str]) -> None:
    """One by one, so that they stand in this order."""
    for path in paths:
        memory.queue.add([path])


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[VisualMemory]:
    with VisualMemory.create(tmp_path / "m.vmem", encoder="fake") as made:
        made.build(write_images(tmp_path / "images", each=20))
        yield made


def assert_decided_like_each_alone(memory: VisualMemory, paths: list[str]) -> None:
    table = memory.queue.table()
    names = [table.name(place) for place in range(len(table))]
    assert sorted(names) == sorted(Path(path).name for path in paths)
    for path in paths:
        i = names.index(Path(path).name)
        alone = memory.decide(path)
        assert table.winners[i] == alone.label
        assert table.shares[i] == pytest.approx(alone.share, abs=1e-9)
        assert table.known[i] == {True: 1, False: 0, None: -1}[alone.known]


def test_the_table_decides_each_image_as_if_it_were_asked_alone(memory, waiting):
    assert memory.queue.add(waiting).added == 10
    assert len(memory.queue) == 10
    assert_decided_like_each_alone(memory, waiting)
    memory.strike(memory.catalog.ids_under("animals/cat")[:15])
    assert_decided_like_each_alone(memory, waiting)
    memory.undo()
    memory.relabel(memory.catalog.ids_under("plants"), "plants/tulip")
    assert_decided_like_each_alone(memory, waiting)


def test_what_to_teach_next_is_known_once_the_images_were_compared(memory, waiting):
    add(memory, waiting)
    assert memory.queue.table(ordered=True).teach_next is None
    memory.queue.compare()
    assert memory.queue.table().teach_next is None
    table = memory.queue.table(ordered=True)
    assert sorted(table.teach_next.tolist()) == list(range(10))
    first = int(table.teach_next[0])
    memory.queue.teach([int(table.ids[first])], "lights/lamp")
    after = memory.queue.table(ordered=True).teach_next
    assert after[-1] == first and after[0] != first
    memory.queue.remove([int(table.ids[3])])
    assert memory.queue.table(ordered=True).teach_next is None
    memory.queue.compare()
    assert len(memory.queue.table(ordered=True).teach_next) == 9
    memory.queue.clear()
    assert memory.queue.table(ordered=True).teach_next is None


def test_one_lesson_decides_the_whole_queue_anew(memory, waiting):
    add(memory, waiting)
    before = memory.queue.table()
    taught = memory.queue.teach([int(before.ids[6])], "lights/lamp")
    after = memory.queue.table()
    assert set(after.winners[6:]) == {"lights/lamp"} != set(before.winners[6:])
    assert after.winners[:6] == before.winners[:6]
    assert after.taught == (*[None] * 6, "lights/lamp", None, None, None)
    [exemplar] = memory.catalog.get(taught.added)
    assert (exemplar.source, exemplar.width, exemplar.height) == (waiting[6], 64, 48)
    assert_decided_like_each_alone(memory, waiting)


def test_undo_takes_the_lesson_back(memory, waiting):
    add(memory, waiting)
    before = memory.queue.table()
    ids = before.ids[6:].tolist()
    memory.queue.teach(ids, "lamp")
    assert memory.queue.table().taught[6:] == ("lamp",) * 4
    assert memory.undo().edit == "Teach 4 as lamp"
    after = memory.queue.table()
    assert (after.winners, after.taught) == (before.winners, before.taught)
    memory.redo()
    assert memory.queue.table().taught[6:] == ("lamp",) * 4


def test_many_labels_are_taught_in_one_step(memory, waiting):
    add(memory, waiting)
    table = memory.queue.table()
    memory.queue.teach_each([(int(table.ids[0]), "a"), (int(table.ids[1]), "b")])
    assert memory.queue.table().taught[:2] == ("a", "b")
    memory.undo()
    assert memory.queue.table().taught == (None,) * 10


def test_the_queue_outlives_a_restart(memory, waiting, tmp_path):
    add(memory, waiting)
    memory.queue.teach([int(memory.queue.table().ids[6])], "lamp")
    before = memory.queue.table()
    memory.close()
    with VisualMemory.open(tmp_path / "m.vmem") as again:
        after = again.queue.table()
        assert (after.sources, after.winners, after.taught) == (before.sources, before.winners, before.taught)
        assert after.shares == pytest.approx(before.shares)


def test_a_copy_of_the_file_is_kept_unless_it_vanished_or_changed(memory, waiting):
    add(memory, waiting)
    ids = memory.queue.table().ids
    Path(waiting[1]).unlink()
    paint_image(NEW, seed=1).save(waiting[2])
    memory.queue.teach(ids[:3].tolist(), "x")
    assert len(list(memory.files.all())) == 1
    assert [e.label for e in memory.catalog.select(label="x")] == ["x"] * 3
    assert not list(memory.catalog.check_rows())


def test_an_image_waits_once_and_what_is_no_image_is_told(memory, waiting, tmp_path):
    text = tmp_path / "notes.png"
    text.write_text("no image")
    result = memory.queue.add([*waiting, waiting[0], text, tmp_path / "missing.png"])
    assert (result.added, result.present) == (10, 1)
    assert sorted(Path(s.path).name for s in result.skipped) == ["missing.png", "notes.png"]
    assert memory.queue.add(waiting) == replace(result, added=0, present=10, skipped=())


def test_a_folder_brings_its_images(memory, waiting):
    assert memory.queue.add([Path(waiting[0]).parent]).added == 10


def test_images_that_come_later_join_the_table(memory, waiting):
    add(memory, waiting[:5])
    memory.queue.table()
    add(memory, waiting[5:])
    assert_decided_like_each_alone(memory, waiting)
    ids = memory.queue.table().ids
    memory.queue.teach([int(ids[9])], "lamp")
    memory.queue.remove(ids[[0, 8]].tolist())
    assert_decided_like_each_alone(memory, [p for i, p in enumerate(waiting) if i not in (0, 8)])
    assert memory.queue.table().taught[-1] == "lamp"


def test_stopping_keeps_what_is_in(memory, tmp_path):
    write_images(tmp_path / "many", each=30)

    def report(done: int, total: int | None, what: str = "") -> None:
        if done >= 32:
            raise Cancelled

    result = memory.queue.add([tmp_path / "many"], report=report)
    assert result.stopped and result.added == len(memory.queue) == 32
    assert len(memory.queue.table()) == 32


def test_the_same_content_is_present_or_a_conflict(memory, waiting):
    add(memory, waiting)
    ids = memory.queue.table().ids.tolist()
    memory.queue.teach(ids[:1], "x")
    again = memory.queue.teach(ids[:1], "x")
    assert (again.added, len(again.present)) == ((), 1)
    other = memory.queue.teach(ids[:1], "y")
    assert other.conflicts[0][1] == "x"


def test_forgetting_takes_the_image_out_of_the_queue_too(memory, waiting):
    add(memory, waiting)
    taught = memory.queue.teach([int(memory.queue.table().ids[3])], "x")
    memory.forget(taught.added)
    assert len(memory.queue) == len(memory.queue.table()) == 9
    assert_decided_like_each_alone(memory, waiting[:3] + waiting[4:])


def test_bad_requests_change_nothing(memory, waiting, tmp_path):
    add(memory, waiting)
    ids = memory.queue.table().ids.tolist()
    with pytest.raises(BadLabel):
        memory.queue.teach(ids[:1], "  ")
    with pytest.raises(BadValue):
        memory.queue.teach([ids[0], 999], "x")
    assert len(memory.snapshot) == 60
    with VisualMemory.open(tmp_path / "m.vmem", readonly=True) as reader:
        assert len(reader.queue.table()) == 10
        for edit in (lambda: reader.queue.add(waiting), lambda: reader.queue.clear()):
            with pytest.raises(ReadOnlyMemory):
                edit()
    memory.queue.clear()
    assert len(memory.queue.table()) == 0


def test_an_empty_memory_has_nothing_to_compare_with(tmp_path, waiting):
    with VisualMemory.create(tmp_path / "e.vmem", encoder="fake") as memory:
        add(memory, waiting)
        table = memory.queue.table()
        assert table.winners == (None,) * 10 and np.isnan(table.shares).all()
        memory.queue.teach([int(table.ids[0])], "first")
        assert set(memory.queue.table().winners) == {"first"}
        assert memory.queue.table().certain(0.8).all()


def test_the_table_as_csv(memory, waiting, tmp_path):
    formula = tmp_path / "=1+1.png"
    paint_image(NEW, seed=9).save(formula)
    add(memory, [*waiting, str(formula)])
    memory.queue.teach([int(memory.queue.table().ids[6])], "lamp, large")
    table = memory.queue.table()
    rows = list(csv.reader(io.StringIO(queue_csv(table))))
    assert tuple(rows[0]) == COLUMNS and len(rows) == 12
    assert rows[7][:2] == ["6.png", table.winners[6]] and rows[7][5] == "lamp, large"
    assert rows[11][0] == "'=1+1.png"
    assert float(rows[1][2]) == pytest.approx(table.shares[0], abs=1e-5)
    assert [row[6] for row in rows[1:11]] == waiting
    turned = list(csv.reader(io.StringIO(queue_csv(table, [10, 0]))))
    assert turned[1:] == [rows[11], rows[1]]


def test_no_two_columns_of_the_csv_say_the_same(memory, waiting):
    """Which class won below a level is said where it is another."""
    add(memory, waiting)
    plain = list(csv.DictReader(io.StringIO(queue_csv(memory.queue.table()))))
    assert "winner" not in plain[0] and "full_label" not in plain[0]
    table = memory.queue.table(level=1)
    rows = list(csv.DictReader(io.StringIO(queue_csv(table))))
    assert [row["label"] for row in rows] == list(table.winners)
    assert [row["full_label"] for row in rows] == list(table.labels)
    assert rows[0]["label"] != rows[0]["full_label"]

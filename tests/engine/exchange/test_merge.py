"""Two memories: what differs between them, and merging one into the other as one step."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import clustered
from tests.engine.exchange.memories import facts, paint, paint_classes, random_memory
from visualmemory_gui.engine.errors import (
    BadValue,
    Cancelled,
    DamagedMemory,
    EncoderMismatch,
    ReadOnlyMemory,
)
from visualmemory_gui.engine.evaluation.memory_comparison import compare_decisions
from visualmemory_gui.engine.evaluation.memory_difference import difference
from visualmemory_gui.engine.exchange.merge import MergeConflicts, Settlement, merge, merge_into
from visualmemory_gui.engine.memory.visual_memory import VisualMemory


@pytest.fixture
def first(tmp_path: Path) -> Iterator[VisualMemory]:
    """Eight images in two classes."""
    with VisualMemory.create(tmp_path / "first.vmem", "fake") as m:
        m.build(paint_classes(tmp_path / "images", ("cat", "dog")))
        yield m


@pytest.fixture
def second(first: VisualMemory, tmp_path: Path) -> Iterator[VisualMemory]:
    """A copy of it, made before the test edits either."""
    shutil.copytree(first.path, tmp_path / "second.vmem", ignore=shutil.ignore_patterns("lock"))
    with VisualMemory.open(tmp_path / "second.vmem") as m:
        yield m


def held(m: VisualMemory) -> Counter[tuple[object, ...]]:
    """What every exemplar is, whatever its id."""
    shown = m.catalog.select()
    vectors = m.catalog.vectors([one.id for one in shown])
    return Counter(
        (one.content, one.label, one.state, one.trust, one.box, one.original, one.source, vector.tobytes())
        for one, vector in zip(shown, vectors, strict=True)
    )


def test_a_memory_does_not_differ_from_itself_or_from_its_copy(first: VisualMemory, second: VisualMemory) -> None:
    for other in (first, second):
        found = difference(first, other)
        assert not found
        assert found.same == tuple((i, i) for i in range(1, 9))


def test_what_only_one_has_and_what_both_hold_otherwise_is_told_apart(
    first: VisualMemory, second: VisualMemory, tmp_path: Path
) -> None:
    first.forget([1])
    [new] = second.add([paint(tmp_path / "new.png", 77)], "cat")
    second.relabel([2], "lynx")
    second.strike([3])
    second.reweigh([4], 0.5)
    second.reweigh([2], 2.0)
    found = difference(first, second)
    assert (found.first_only, found.second_only) == ((), (1, new))
    assert [(one.first.id, one.fields) for one in found.conflicts] == [
        (2, ("label", "trust")),
        (3, ("state",)),
        (4, ("trust",)),
    ]
    assert found.conflicting == {"label": 1, "state": 1, "trust": 2}
    turned = difference(second, first)
    assert (turned.first_only, turned.second_only) == ((1, new), ())
    assert [tuple(reversed(one)) for one in turned.conflicts] == [tuple(one) for one in found.conflicts]


def test_a_file_that_was_painted_over_is_told_apart_from_a_new_one(first: VisualMemory, tmp_path: Path) -> None:
    [source] = first.catalog.sources([5]).values()
    paint(Path(str(source)), 1234)
    with VisualMemory.create(tmp_path / "later.vmem", "fake") as later:
        later.build(tmp_path / "images")
        found = difference(first, later)
        assert found.first_only == (5,)
        [(mine, theirs)] = found.replaced
        assert (mine, later.catalog.sources([theirs])[theirs]) == (5, source)


def test_a_merge_is_one_step_that_undo_takes_back_exactly(
    first: VisualMemory, second: VisualMemory, tmp_path: Path
) -> None:
    first.strike([8])
    first.tags.put("before")
    second.add([paint(tmp_path / "new.png", 77)], "bird")
    second.strike([2])
    second.relabel([3], "lynx")
    before, steps = held(first), len(first.history.steps())
    done = merge(first, second, conflicts="take")
    assert done.changes.edit == "Merge in 4 exemplars"
    assert (done.changes.added, done.changes.struck, done.changes.restored) == ((9,), (2,), (8,))
    assert done.changes.relabelled == (3,)
    assert held(first) == held(second)
    assert len(first.history.steps()) == steps + 1
    assert first.history.steps()[0].past == "Merged in 4 exemplars"
    after = held(first)
    first.undo()
    assert held(first) == before
    first.redo()
    assert held(first) == after
    first.undo()
    assert first.tags.get("before") is not None
    assert first.history.difference("before").ids == ()


@pytest.mark.parametrize(
    ("settlement", "labels", "state"),
    [("keep", ["cat"], "active"), ("take", ["lynx"], "struck"), ("both", ["cat", "lynx"], "active")],
)
def test_conflicts_are_settled_as_the_user_says(
    first: VisualMemory, second: VisualMemory, settlement: Settlement, labels: list[str], state: str
) -> None:
    content = str(first.catalog.get([2])[0].content)
    assert first.catalog.get([2])[0].label == "cat"
    second.relabel([2], "lynx")
    second.strike([3])
    before = held(first)
    with pytest.raises(
        MergeConflicts, match=r"2 exemplars of second are held otherwise here \(1 label, 1 state\)"
    ) as e:
        merge(first, second)
    assert len(e.value.conflicts) == 2
    assert held(first) == before and first.history.can_undo() is None
    merge(first, second, conflicts=settlement)
    assert sorted(one.label for one in first.catalog.by_content(content)) == labels
    assert first.catalog.get([3])[0].state == state
    again = merge(first, second, conflicts=settlement)
    assert again.changes.edit is None


def test_each_conflict_can_be_settled_by_itself(first: VisualMemory, second: VisualMemory) -> None:
    second.relabel([2], "lynx")
    second.strike([3])
    merge(first, second, conflicts=lambda one: "take" if "label" in one.fields else "keep")
    assert first.catalog.get([2])[0].label == "lynx"
    assert first.catalog.get([3])[0].state == "active"
    with pytest.raises(BadValue, match="refuse, keep, take, both"):
        merge(first, second, conflicts=lambda one: "other")  # type: ignore[arg-type, return-value]


def test_a_merge_into_nothing_decides_the_same(first: VisualMemory, tmp_path: Path) -> None:
    first.strike([2])
    first.reweigh([3], 0.5)
    first.set("k", 3)
    [image] = [str(paint(tmp_path / "query.png", 99))]
    done = merge_into(tmp_path / "new.vmem", first)
    assert done.created
    with VisualMemory.open(tmp_path / "new.vmem") as made:
        assert facts(made) == facts(first)
        assert made.history.steps() == []
        assert made.settings == first.settings
        one, other = made.decide(image), first.decide(image)
        assert (one.shares, [n.distance for n in one.neighbours]) == (
            other.shares,
            [n.distance for n in other.neighbours],
        )


def test_parts_notes_groups_thumbnails_and_copies_come_along(tmp_path: Path) -> None:
    image = paint(tmp_path / "one.png", 5)
    with VisualMemory.create(tmp_path / "a.vmem", "fake") as a, VisualMemory.create(tmp_path / "b.vmem", "fake") as b:
        b.add([image], "whole")
        b.add([image, image], ["left", "right"], [(0, 0, 12, 24), (16, 0, 12, 24)])
        image.unlink()
        merge(a, b)
        assert held(a) == held(b)
        for one in a.catalog.select():
            assert a.catalog.thumbnail(one.id) == b.catalog.thumbnail(one.id)
            [copy] = a.files.find(str(one.sha256))
            assert copy.read_bytes() == b.files.find(str(one.sha256))[0].read_bytes()
        assert a.maintenance.verify() == []
        assert merge(a, b).changes.edit is None


def test_copies_of_an_image_are_paired_one_to_one(tmp_path: Path) -> None:
    image = paint(tmp_path / "x/cat/1.png", 5)
    shutil.copy(image, tmp_path / "x/cat/same file.png")
    paint(tmp_path / "x/cat/same pixels.tif", 5)
    with VisualMemory.create(tmp_path / "a.vmem", "fake") as a, VisualMemory.create(tmp_path / "b.vmem", "fake") as b:
        a.add([image], "cat")
        b.build(tmp_path / "x")
        assert b.catalog.totals()[0] == 2
        found = difference(a, b)
        assert (len(found.same), found.first_only, len(found.second_only)) == (1, (), 1)
        merge(a, b)
        assert a.catalog.totals()[0] == 2
        assert not difference(a, b)
        b.relabel([1, 2], "lynx")
        assert len(difference(a, b).conflicts) == 2
        a.undo()
        assert len(difference(a, b).conflicts) == 2
        merge(a, b, conflicts="keep")
        assert [one.label for one in a.catalog.select()] == ["cat"]
        merge(a, b, conflicts="take")
        assert [one.label for one in a.catalog.select()] == ["lynx", "lynx"]
        assert not difference(a, b)


@pytest.mark.parametrize("what", ["another", "weights", "dim"])
def test_memories_of_different_encoders_are_refused(what: str, tmp_path: Path) -> None:
    other = {"another": {"encoder": "lite0"}, "weights": {"dim": 4}, "dim": {"dim": 5}}[what]
    here = {"another": {"encoder": "fake"}, "weights": {"encoder": "fake"}, "dim": {"dim": 4}}[what]
    with VisualMemory.create(tmp_path / "a.vmem", **here) as a, VisualMemory.create(tmp_path / "b.vmem", **other) as b:
        with pytest.raises(EncoderMismatch, match="cannot be compared"):
            merge(a, b)
        assert not difference(a, b)


def test_a_memory_is_not_merged_into_itself_nor_into_one_that_is_only_read(
    first: VisualMemory, second: VisualMemory
) -> None:
    with VisualMemory.open(first.path, readonly=True) as same, pytest.raises(BadValue, match="name another one"):
        merge(first, same)
    second.forget([1])
    with VisualMemory.open(second.path, readonly=True) as read, pytest.raises(ReadOnlyMemory):
        merge(read, first)


def test_damage_of_the_other_memory_is_not_sealed_over(first: VisualMemory, second: VisualMemory) -> None:
    first.forget([2, 4, 6])
    live = second._live.database
    for damage in (
        "update exemplars set note = 'x' where id = 4",
        "update vectors set vector = zeroblob(length(vector)) where id = 4",
        "update thumbnails set jpeg = x'00' where id = 4",
    ):
        with live.atomic():
            kept = live.rows(f"select * from {damage.split()[1]} where id = 4")
            live.rows(damage)
        before = held(first)
        with pytest.raises(DamagedMemory, match=r"exemplar 4|vector"):
            merge(first, second)
        assert held(first) == before
        table = damage.split()[1]
        with live.atomic():
            live.rows(f"delete from {table} where id = 4") if table != "exemplars" else None
            if table == "exemplars":
                live.rows("update exemplars set note = '' where id = 4")
            else:
                live.rows(f"insert into {table} values (?, ?)", kept[0])
    assert merge(first, second).changes.added


def test_a_copy_that_is_not_what_was_kept_is_refused(tmp_path: Path) -> None:
    image = paint(tmp_path / "one.png", 5)
    with VisualMemory.create(tmp_path / "a.vmem", "fake") as a, VisualMemory.create(tmp_path / "b.vmem", "fake") as b:
        b.add([image], "x")
        image.unlink()
        [copy] = b.files.find(str(b.catalog.get([1])[0].sha256))
        copy.write_bytes(b"other bytes")
        with pytest.raises(DamagedMemory, match="copy of the image of exemplar 1"):
            merge(a, b)
        assert a.catalog.totals() == (0, 0, 0)
        assert list(a.files.all()) == []


def test_a_merge_that_is_stopped_leaves_nothing(first: VisualMemory, second: VisualMemory, tmp_path: Path) -> None:
    second.add([paint(tmp_path / "new.png", 77)], "bird")

    def stop(done: int, total: int | None, what: str = "") -> None:
        if what == "merging":
            raise Cancelled

    before = held(first)
    with pytest.raises(Cancelled):
        merge(first, second, report=stop)
    assert held(first) == before and first.history.can_undo() is None
    with pytest.raises(Cancelled):
        merge_into(tmp_path / "new.vmem", second, report=stop)
    assert not (tmp_path / "new.vmem").exists()


def test_both_decide_equal_queries_and_the_interval_is_told(tmp_path: Path) -> None:
    vectors, labels = clustered(60, dim=8, classes=3, seed=2)
    with VisualMemory.create(tmp_path / "a.vmem", dim=8) as a, VisualMemory.create(tmp_path / "b.vmem", dim=8) as b:
        a.add_vectors(vectors, labels)
        b.add_vectors(vectors, labels)
        same = compare_decisions(a, b, difference(a, b))
        assert same is not None and same.alike == 1.0 and not same.gain.measurable
        b.relabel(range(1, 31), "class 0")
        b.strike([60])
        found = difference(a, b)
        told = compare_decisions(a, b, found)
        assert told is not None and told.queries == len(found.same)
        truth = {one: a.catalog.get([one])[0].label for one, _ in found.same}
        for m, side, accuracy in ((a, 0, told.accuracy_first), (b, 1, told.accuracy_second)):
            right = [
                m.decide_vector(m.catalog.vectors([pair[side]])[0], own=pair[side]).label == truth[pair[0]]
                for pair in found.same
            ]
            assert accuracy == np.mean(right)
        assert told.gain.mean == pytest.approx(told.accuracy_second - told.accuracy_first)
        assert "that both hold, each decided by the others: a " in told.words
        b.relabel(range(1, 61), "one")
        assert compare_decisions(a, b, difference(a, b)) is None


SHARED_FOLDER = [HealthCheck.function_scoped_fixture]
EDITS = st.lists(
    st.tuples(st.sampled_from(["strike", "relabel", "reweigh", "forget", "copy", "add"]), st.integers(1, 12)),
    max_size=8,
)


def edited(m: VisualMemory, edits: list[tuple[str, int]], seed: int) -> None:
    """Do random edits; those of exemplars that are gone are skipped."""
    for n, (edit, one) in enumerate(edits):
        if edit == "add":
            m.add_vectors(np.random.default_rng(seed + n).normal(size=(1, 4)).astype(np.float32), f"new {one % 3}")
        elif one not in {e.id for e in m.catalog.select()}:
            continue
        elif edit == "copy":
            m.add_vectors(m.catalog.vectors([one]), m.catalog.get([one])[0].label)
        else:
            extra = {"relabel": (f"other {one % 2}",), "reweigh": (0.5,)}.get(edit, ())
            getattr(m, edit)([one], *extra)


@settings(
    max_examples=int(os.environ.get("SOAK", "0")) * 500 or 15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(one=EDITS, other=EDITS, settlement=st.sampled_from(["keep", "take", "both"]))
def test_whatever_was_edited_a_merge_lacks_nothing_and_can_be_undone(
    tmp_path: Path, one: list[tuple[str, int]], other: list[tuple[str, int]], settlement: Settlement
) -> None:
    room = tmp_path / str(len(list(tmp_path.iterdir())))
    vectors = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
    with VisualMemory.create(room / "a.vmem", dim=4) as a, VisualMemory.create(room / "b.vmem", dim=4) as b:
        for seed, m, edits in ((100, a, one), (200, b, other)):
            m.add_vectors(vectors, ["x", "y", "z"] * 4)
            edited(m, edits, seed)
        before = held(a)
        assert not difference(a, a)
        done = merge(a, b, conflicts=settlement)
        left = difference(a, b)
        assert left.second_only == ()
        if settlement == "take":
            assert left.conflicts == ()
        if settlement != "keep":
            assert all("label" not in conflict.fields for conflict in left.conflicts)
        assert merge(a, b, conflicts=settlement).changes.edit is None
        assert a.maintenance.verify() == []
        if done.changes.edit:
            a.undo()
        assert held(a) == before


@pytest.mark.parametrize("seed", range(5))
def test_a_random_memory_merges_into_nothing_whole(tmp_path: Path, seed: int) -> None:
    place = random_memory(tmp_path / "a.vmem", seed)
    with VisualMemory.open(place, readonly=True) as a:
        merge_into(tmp_path / "b.vmem", a)
        with VisualMemory.open(tmp_path / "b.vmem") as b:
            assert facts(a) == facts(b)

"""A memory that was moved, removed or replaced while it is open takes no edit, by whatever way it comes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import paint_image, write_images
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.errors import BadValue, MemoryGone
from visualmemory_gui.engine.store.kept_images import NewKeptImage

Edit = Callable[[VisualMemory, Path], object]
EDITS: dict[str, Edit] = {
    "strike": lambda m, more: m.strike([1]),
    "relabel": lambda m, more: m.relabel([1], "x"),
    "rename": lambda m, more: m.rename_label("animals/cat", "x"),
    "add": lambda m, more: m.add([paint_image((1, 2, 3), seed=5)], ["x"]),
    "import of a folder": lambda m, more: m.build(more, copy=True),
    "queue": lambda m, more: m.queue.add([more]),
    "teaching": lambda m, more: m.queue.teach([1], "x"),
    "teaching many": lambda m, more: m.queue.teach_each([(1, "x"), (2, "y")]),
    "leaving the queue": lambda m, more: m.queue.remove([1]),
    "clearing the queue": lambda m, more: m.queue.clear(),
    "a setting": lambda m, more: m.set("k", 3),
    "undo": lambda m, more: m.undo(),
    "going back": lambda m, more: m.history.go_back(0),
    "forget": lambda m, more: m.forget([1]),
    "a tag": lambda m, more: m.tags.put("t"),
    "a key": lambda m, more: m.keys.give(1, "x"),
    "watching": lambda m, more: m.watch.add([(NewKeptImage("ab" * 32), "x")]),
    "keeping": lambda m, more: m.kept.keep("label", [((1, 0), "x")]),
    "a recent query": lambda m, more: m.queries.add(None, "ab" * 32),
    "clearing the recent queries": lambda m, more: m.queries.clear(),
    "what is derived": lambda m, more: m._live.derived.put("x", "{}", 1),
    "compact": lambda m, more: m.maintenance.compact(),
    "relink": lambda m, more: m.maintenance.relink(str(more.parent / "images"), str(more)),
}


@pytest.fixture
def edited(memory: VisualMemory, images: Path) -> Iterator[VisualMemory]:
    """With something to undo and something in the queue."""
    memory.strike([2])
    memory.queue.add([write_images(images.parent / "queued", each=1)])
    yield memory


@pytest.mark.parametrize("how", ["moved", "removed", "replaced"])
@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_no_edit_reaches_a_memory_that_is_not_there(edited: VisualMemory, tmp_path: Path, how: str, edit: Edit) -> None:
    more = write_images(tmp_path / "more", each=1)
    path, away = edited.path, tmp_path / "away.vmem"
    if how == "removed":
        shutil.rmtree(path)
    else:
        path.rename(away)
        if how == "replaced":
            shutil.copytree(away, path)
    files = {place: sorted(file.name for file in place.rglob("*")) for place in (path, away)}
    with pytest.raises(MemoryGone, match="no longer there"):
        edit(edited, more)
    assert {place: sorted(file.name for file in place.rglob("*")) for place in files} == files


def test_an_edit_that_fails_in_a_memory_that_went_says_that_it_is_gone(edited: VisualMemory, tmp_path: Path) -> None:
    def move_and_fail(writer: object) -> None:
        _strike_and_move(edited, writer, tmp_path)
        raise BadValue("what else fails there")

    with pytest.raises(MemoryGone):
        edited._live.edit("strike", move_and_fail)
    (tmp_path / "away.vmem").rename(edited.path)
    assert edited.summary().struck == 1


def test_a_commit_is_refused_when_the_memory_goes_within_the_edit(edited: VisualMemory, tmp_path: Path) -> None:
    with pytest.raises(MemoryGone):
        edited._live.edit("strike", lambda writer: _strike_and_move(edited, writer, tmp_path))
    (tmp_path / "away.vmem").rename(edited.path)
    assert edited.summary().struck == 1
    edited.strike([3])  # it is back
    assert edited.summary().struck == 2


def _strike_and_move(memory: VisualMemory, writer: object, tmp_path: Path) -> None:
    memory.catalog.set_struck(writer, [1], True)  # type: ignore[arg-type]
    memory.path.rename(tmp_path / "away.vmem")


def test_reading_goes_on(edited: VisualMemory) -> None:
    shutil.rmtree(edited.path)
    assert edited.summary().exemplars == 18 and edited.decide(1).label

"""An import that was cut short can be continued, also after its process was killed; a stranger's memory offers none."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import write_images
from visualmemory_gui.engine.memory.unfinished_import import NAME, UnfinishedImport
from visualmemory_gui.engine.memory.visual_memory import VisualMemory


def stop_in_the_middle(done: int, _total: int | None, _what: str = "") -> None:
    if done:
        raise KeyboardInterrupt


def offered(place: Path, *, readonly: bool = False) -> UnfinishedImport | None:
    with VisualMemory.open(place, readonly=readonly) as memory:
        return memory.maintenance.unfinished_import


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return write_images(tmp_path / "images", each=12)


@pytest.fixture
def cut(tmp_path: Path, images: Path) -> Path:
    """A closed memory whose import was stopped after one batch."""
    with VisualMemory.create(tmp_path / "m.vmem", encoder="fake") as memory:
        assert memory.build(images, copy=True, report=stop_in_the_middle).stopped
        assert memory.maintenance.unfinished_import is None  # only what was found at opening
    return tmp_path / "m.vmem"


def test_a_stopped_import_is_offered_until_it_is_complete(cut: Path, images: Path) -> None:
    found = offered(cut)
    assert found == UnfinishedImport(str(images), 36, copy=True, added=16)
    assert offered(cut, readonly=True) is None
    with VisualMemory.open(cut) as memory:
        done = memory.build(found.folder, copy=found.copy, label=found.label, group_by=found.group_by)
        assert (done.added, done.unchanged, done.images) == (20, 16, 36)
    assert offered(cut) is None


def test_what_a_killed_import_left_is_offered(tmp_path: Path, images: Path) -> None:
    copied: list[Path] = []

    def then_copied(job: Callable[[], list[int]]) -> list[int]:
        ids = job()
        if not copied:
            copied.append(Path(shutil.copytree(tmp_path / "m.vmem", tmp_path / "killed.vmem")))
        return ids

    with VisualMemory.create(tmp_path / "m.vmem", encoder="fake") as memory:
        memory.build(images, label="all", group_by=r"\d", write=then_copied)
    assert offered(tmp_path / "m.vmem") is None
    assert offered(copied[0]) == UnfinishedImport(str(images), 36, label="all", group_by=r"\d", added=16)


def test_it_is_not_offered_when_it_was_left_undone_forgotten_or_its_folder_is_gone(cut: Path, images: Path) -> None:
    other = Path(shutil.copytree(cut, cut.with_name("other.vmem")))
    with VisualMemory.open(other) as memory:
        memory.undo()
    assert offered(other) is None
    with VisualMemory.open(other) as memory:
        memory.redo()
    assert offered(other) is not None
    with VisualMemory.open(other) as memory:
        memory.forget([1])
    assert offered(other) is None
    images.rename(images.with_name("elsewhere"))
    assert offered(cut) is None
    images.with_name("elsewhere").rename(images)
    with VisualMemory.open(cut) as memory:
        memory.maintenance.leave_import()
        assert memory.maintenance.unfinished_import is None
    assert offered(cut) is None


def test_a_memory_opens_whose_import_came_from_a_place_that_cannot_be_looked_at(
    cut: Path, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = os.stat

    def refuse(path: Any, *args: Any, **named: Any) -> os.stat_result:
        if path in (images, str(images)):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return look(path, *args, **named)

    monkeypatch.setattr(os, "stat", refuse)
    assert offered(cut) is None


def test_a_note_that_this_installation_did_not_write_is_none(cut: Path) -> None:
    with VisualMemory.open(cut) as memory:
        text, seal = json.loads(memory.results.get(NAME) or "")
    for forged in ([text.replace("images", "secrets"), seal], [text, 3], [text], {}, None, ["[]", seal]):
        with VisualMemory.open(cut) as memory:
            memory.results.keep(NAME, json.dumps(forged), change=1, seen=memory.snapshot.ids[:1])
        assert offered(cut) is None

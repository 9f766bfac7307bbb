"""A crash after every single operation on the disk, and a power cut with a cache that loses what was not synced.

A process that makes every kind of edit is watched at its writes, syncs, renames and unlinks; the disk is then replayed
to any of these moments. What was acknowledged must be there, and nothing in between.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.reliability.disk import Cache, Disk, Operation, watched
from tests.reliability.disk_child import state
from tests.reliability.test_killed import assert_answers_are_exact
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.errors import MemoryFolderError

SOAK = bool(os.environ.get("SOAK"))
CRASHES = 10**6 if SOAK else 200
POWER_CUTS = 1000 if SOAK else 100
ACKNOWLEDGED = "acknowledged"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="watches the disk as Linux lets it")


@dataclass(frozen=True)
class Line:
    """A state of a memory that was acknowledged after so many operations."""

    at: int
    memory: str
    name: str
    state: dict[str, str]


class Story:
    """What a process did, and what it acknowledged on the way."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        self.operations = [one for one in operations if one.path != ACKNOWLEDGED]
        self.lines: list[Line] = []
        done = 0
        for one in operations:
            done += one.path != ACKNOWLEDGED
            if one.path == ACKNOWLEDGED and one.kind == "w":
                self.lines += [Line(done, *json.loads(line)) for line in one.data.splitlines()]

    def allowed(self, at: int) -> tuple[str, list[Line]] | None:
        """The memory that was edited at that moment, its last acknowledged state and the next."""
        before = [line for line in self.lines if line.at <= at]
        after = [line for line in self.lines if line.at > at]
        if not before:
            return None
        name = before[-1].memory
        return name, [before[-1], *[line for line in after[:1] if line.memory == name]]


def judged(path: Path, allowed: Sequence[Line]) -> str:
    """What is wrong with the memory that a crash left; "" when nothing is."""
    with VisualMemory.open(path) as memory:
        found = state(memory)
        if found not in [line.state for line in allowed]:
            other = [[table for table in found if found[table] != line.state[table]] for line in allowed]
            return f"neither {' nor '.join(line.name for line in allowed)}: {other}"
        if problems := [one for one in memory.maintenance.verify() if one.what != "index"]:
            return f"after {allowed[0].name}: {problems}"
        if memory.identity.dim == 16:
            assert_answers_are_exact(memory)
    return ""


def moments(story: Story, count: int) -> Iterator[int]:
    """After which operations the machine stops: all, or ``count`` of them, seeded."""
    every = range(story.lines[0].at, len(story.operations) + 1)
    yield from every if count >= len(every) else sorted(random.Random(0).sample(every, count))


def crashed(story: Story, room: Path, count: int) -> list[str]:
    """What is wrong after a crash of the process, which keeps all that it wrote."""
    disk, done, wrong = Disk(), 0, []
    for at in moments(story, count):
        for one in story.operations[done:at]:
            disk.apply(one)
        done = at
        wrong += judge(story, disk, at, room)
    return wrong


def powerless(story: Story, room: Path, count: int) -> list[str]:
    """What is wrong after ``count`` power cuts, which lose what was not synced."""
    cache, done, wrong, rng = Cache(), 0, [], random.Random(0)
    every = range(story.lines[0].at, len(story.operations) + 1)
    for at in sorted(rng.choices(every, k=count)):
        for one in story.operations[done:at]:
            cache.apply(one)
        done = at
        wrong += judge(story, cache.cut(rng), at, room)
    return wrong


def judge(story: Story, disk: Disk, at: int, room: Path) -> list[str]:
    name, lines = story.allowed(at) or ("", [])
    room.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=room) as folder:
        disk.save(Path(folder))
        try:
            said = judged(Path(folder) / name, lines)
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
    return [f"at {at}, {story.operations[at - 1].kind} {story.operations[at - 1].path}: {said}"] if said else []


def story_of(disk_so: Path, room: Path, broken: str) -> Story:
    return Story(watched(disk_so, room / "disk", ["tests.reliability.disk_child", str(room / "disk"), broken]))


def test_a_crash_at_any_operation_leaves_the_state_before_or_after(disk_so: Path, tmp_path: Path) -> None:
    story = story_of(disk_so, tmp_path, "nothing")
    assert len(story.operations) > 500
    assert crashed(story, tmp_path / "crashes", CRASHES) == []


def test_control_an_edit_made_as_two_is_found_between(disk_so: Path, tmp_path: Path) -> None:
    wrong = crashed(story_of(disk_so, tmp_path, "halves"), tmp_path / "crashes", CRASHES)
    assert any("neither" in one for one in wrong)


def test_a_crash_while_a_memory_is_made_leaves_none_or_a_whole_one(disk_so: Path, tmp_path: Path) -> None:
    story, disk = story_of(disk_so, tmp_path, "nothing"), Disk()
    opened = 0
    for at, one in enumerate(story.operations[: story.lines[0].at]):
        disk.apply(one)
        folder = tmp_path / str(at)
        folder.mkdir()
        disk.save(folder)
        path = folder / story.lines[0].memory
        try:
            VisualMemory.open(path).close()
            opened += 1
        except MemoryFolderError:
            VisualMemory.create(path, dim=16).close()
    assert opened


def test_a_power_cut_loses_nothing_that_was_acknowledged(disk_so: Path, tmp_path: Path) -> None:
    assert powerless(story_of(disk_so, tmp_path, "nothing"), tmp_path / "cuts", POWER_CUTS) == []


def test_control_a_database_that_does_not_wait_for_the_disk_loses_edits(disk_so: Path, tmp_path: Path) -> None:
    assert powerless(story_of(disk_so, tmp_path, "synchronous"), tmp_path / "cuts", POWER_CUTS)

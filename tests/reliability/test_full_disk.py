"""A disk that is full, or broken, from some operation on: it is told, nothing changes, and the memory goes on after."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tests.reliability.disk import run

STEP = 1 if os.environ.get("SOAK") else 5  # odd: full and broken disks take turns

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="makes the disk fail as Linux lets it")


def attempts(disk_so: Path, room: Path, how: str) -> list[list[str]]:
    """Each edit with the disk failing earlier or later: edit, operations, the error's words, what is wrong."""
    said = run(disk_so, room, ["tests.reliability.full_disk_child", str(room), str(STEP), how])
    return [json.loads(line) for line in said.splitlines()]


def test_a_failing_disk_is_told_and_changes_nothing(disk_so: Path, tmp_path: Path) -> None:
    made = attempts(disk_so, tmp_path, "whole")
    assert [one for one in made if one[3]] == []
    told = [one[2] for one in made if one[2]]
    assert len(told) > 80
    assert any("disk is full" in words or "No space left" in words for words in told)


def test_control_an_edit_made_as_two_is_found_changed(disk_so: Path, tmp_path: Path) -> None:
    assert any(one[3] for one in attempts(disk_so, tmp_path, "halves"))

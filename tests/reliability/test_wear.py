"""Long use does not wear a memory out: the process does not grow, and answers are those of exact search at the end."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from tests.reliability.test_killed import ROOT, assert_answers_are_exact, make_memory
from visualmemory_gui import VisualMemory

SECONDS = float(os.environ.get("SOAK_SECONDS", "300" if os.environ.get("SOAK") else "30"))
WARM_UP = 0.2  # of the time
MOST_GROWTH_MB = 50


@pytest.mark.timeout(0)
@pytest.mark.skipif(sys.platform != "linux", reason="reads from /proc what a process holds")
def test_hours_of_edits_and_decisions_do_not_grow_the_process(tmp_path: Path) -> None:
    path = tmp_path / "worn.vmem"
    make_memory(path)
    command = [sys.executable, "-m", "tests.reliability.wearing_child", str(path), str(SECONDS)]
    said = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    lines = [json.loads(line) for line in said.splitlines()]
    warm = lines[int(WARM_UP * len(lines)) :]
    tenth = max(1, len(warm) // 10)
    first, last = (statistics.median(line[2] for line in part) for part in (warm[:tenth], warm[-tenth:]))
    print(f"{lines[-1][0]:,} edits; {warm[0][1]:.0f} to {warm[-1][1]:.0f} MB; a decision {first:.2f} to {last:.2f} ms")
    assert warm[-1][1] - warm[0][1] <= MOST_GROWTH_MB
    with VisualMemory.open(path) as memory:
        assert memory.maintenance.verify() == []
        assert_answers_are_exact(memory)

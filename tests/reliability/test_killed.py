"""kill -9 in a stream of edits: what was acknowledged is there, nothing is half there, and answers are exact."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import clustered
from visualmemory_gui import VisualMemory

ROUNDS = 600 if os.environ.get("SOAK") else 24
ROOT = Path(__file__).parents[2]


def make_memory(path: Path) -> None:
    vectors, labels = clustered(200, dim=16, classes=5, seed=1)
    with VisualMemory.create(path, dim=16) as memory:
        memory.add_vectors(vectors, labels)


def edit_until_killed(path: Path, *, seed: int, unsafe: bool = False) -> dict[str, object]:
    """The last edit that the child acknowledged before it was killed at a random moment."""
    child_module = "tests.reliability.editing_child"
    command = [sys.executable, "-m", child_module, str(path), str(seed), *(["unsafe"] if unsafe else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as child:
        assert child.stdout is not None
        acknowledged = json.loads(child.stdout.readline())
        killer = threading.Timer(random.Random(seed).uniform(0.0, 0.12), child.send_signal, [signal.SIGKILL])
        killer.start()
        for line in child.stdout:
            if line.endswith(b"\n"):
                acknowledged = json.loads(line)
        killer.join()
    assert child.returncode == -signal.SIGKILL, "the child ended by itself"
    return acknowledged


def state_of(memory: VisualMemory) -> tuple[int, int]:
    """(change number, digest over all rows)."""
    change, digest = memory._live.database.one("select change, digest from meta")
    return int(change), int(digest)


def assert_answers_are_exact(memory: VisualMemory) -> None:
    snapshot, rng = memory.snapshot, np.random.default_rng(0)
    for query in rng.normal(size=(5, 16)).astype(np.float32):
        query /= np.linalg.norm(query)
        distances = 1 - snapshot.vectors.astype(np.float64) @ query.astype(np.float64)
        distances[~snapshot.active] = np.inf
        expected = snapshot.ids[np.argsort(distances, kind="stable")[:10]].tolist()
        assert [n.id for n in memory.decide_vector(query, 10, "rank").neighbours] == expected


def test_no_acknowledged_edit_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "killed.vmem"
    make_memory(path)
    edits = 0
    for number in range(ROUNDS):
        acknowledged = edit_until_killed(path, seed=number)
        with VisualMemory.open(path) as memory:
            change, digest = state_of(memory)
            assert change in (acknowledged["change"], int(str(acknowledged["change"])) + 1)
            if change == acknowledged["change"]:
                assert digest == acknowledged["digest"]
            assert memory.maintenance.verify() == []
            assert_answers_are_exact(memory)
        edits += int(str(acknowledged["edits"]))
    assert edits > ROUNDS, "the children were killed before they edited anything"


def test_control_an_edit_acknowledged_before_its_commit_is_found_lost(tmp_path: Path) -> None:
    path = tmp_path / "unsafe.vmem"
    make_memory(path)
    lost = 0
    for number in range(30):
        acknowledged = edit_until_killed(path, seed=number, unsafe=True)
        with VisualMemory.open(path) as memory:
            lost += state_of(memory)[0] < int(str(acknowledged["change"]))
        if lost:
            return
    pytest.fail("the test does not see lost edits")

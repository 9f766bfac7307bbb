"""Only on a real server, which ``make test-milvus`` starts: clients that are killed, and a server that pauses."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import clustered
from tests.engine.shared_memory.conftest import REAL, opened
from tests.engine.shared_memory.test_decide import bare
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.errors import ServerError
from visualmemory_gui.engine.shared_memory import milvus_server
from visualmemory_gui.engine.shared_memory.push import push
from visualmemory_gui.engine.shared_memory.server import Server
from visualmemory_gui.engine.shared_memory.shared_memory import SharedMemory

KILLS = 60 if os.environ.get("SOAK") else 6
GROUP = int(os.environ.get("MILVUS_GROUP", "0"))


def _struck(shared: SharedMemory) -> set[int]:
    return {e.id for page in shared.catalog.pages(state="struck") for e in page}


def _require_counted(shared: SharedMemory) -> None:
    labels = [e.label for page in shared.catalog.pages(state="active") for e in page]
    assert shared.catalog.counts() == {label: labels.count(label) for label in sorted(set(labels))}


def test_500_queries_are_decided_as_in_the_folder_to_the_last_digit(
    server: Server, collection: str, tmp_path: Path
) -> None:
    vectors, labels = clustered(3_500, dim=64, classes=40, seed=3)
    with VisualMemory.create(tmp_path / "m.vmem", dim=64) as m:
        m.set_all({"rule": "ridge", "class_factor": "mean"})
        m.add_vectors(vectors[:3_000], labels[:3_000])
        m.maintenance.measure()
        push(m, server, collection)
        with opened(server, collection, readonly=True) as shared:
            for query in vectors[3_000:]:
                assert bare(shared.decide_vector(query)) == bare(m.decide_vector(query))


def test_a_client_that_is_killed_loses_no_acknowledged_edit(
    folder: VisualMemory, server: Server, collection: str
) -> None:
    push(folder, server, collection)
    acknowledged, rng = {3, 30, 303}, random.Random(0)
    for _ in range(KILLS):
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.engine.shared_memory.editing_child", REAL, collection],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        acknowledged.add(int(child.stdout.readline()))
        time.sleep(rng.uniform(0.0, 2.0))
        child.kill()
        acknowledged.update(int(line) for line in child.stdout.read().split())
        child.wait()
        child.stdout.close()
        with opened(server, collection) as shared:
            assert acknowledged <= _struck(shared)
            assert len(_struck(shared)) <= len(acknowledged) + 1
            acknowledged = _struck(shared)
            _require_counted(shared)


def test_an_edit_while_the_server_pauses_is_refused_and_finished_when_it_goes_on(
    folder: VisualMemory, server: Server, collection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(folder, server, collection)
    monkeypatch.setattr(milvus_server, "TIMEOUT_S", 2.0)
    monkeypatch.setattr(milvus_server, "BULK_S", 2.0)
    with opened(server, collection) as shared:
        shared.strike([1])
        os.killpg(GROUP, signal.SIGSTOP)
        try:
            with pytest.raises(ServerError, match="does not answer"):
                shared.strike([2])
        finally:
            os.killpg(GROUP, signal.SIGCONT)
    monkeypatch.undo()
    with opened(server, collection) as shared:
        shared.strike([4])
        assert {1, 4} <= _struck(shared) <= {1, 2, 3, 4, 30, 303}
        _require_counted(shared)

"""Whatever a server answers, it ends in an error that says so, and in no folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.engine.shared_memory.conftest import DIM, opened
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.errors import DamagedMemory, VisualMemoryError
from visualmemory_gui.engine.shared_memory.pull import pull
from visualmemory_gui.engine.shared_memory.push import push
from visualmemory_gui.engine.shared_memory.server import Server
from visualmemory_gui.engine.shared_memory.shared_memory import SharedMemory
from visualmemory_gui.engine.shared_memory.shared_store import SharedStore

QUERY = np.eye(DIM, dtype=np.float32)[0]
READS: list[Callable[[SharedMemory], object]] = [
    lambda m: list(m.catalog.pages()),
    lambda m: m.decide_vector(QUERY, k=300),
]


@pytest.fixture
def store(folder: VisualMemory, server: Server, collection: str) -> SharedStore:
    push(folder, server, collection)
    return SharedStore.open(server, collection)


def refused(store: SharedStore, to: Path) -> str:
    """What is said by each way to use the memory, all of which must refuse."""
    said = []
    for read in READS:
        with opened(store.server, store.collection, readonly=True) as shared, pytest.raises(DamagedMemory) as error:
            read(shared)
        said.append(str(error.value))
    with pytest.raises(DamagedMemory) as error:
        pull(store.server, store.collection, to)
    assert not to.exists()
    with opened(store.server, store.collection) as shared, pytest.raises(DamagedMemory):
        shared.strike([7])
    return " ".join([*said, str(error.value)])


@pytest.mark.parametrize(
    ("change", "says"),
    [({"label": 99}, "has no label 99"), ({"source": 5}, "its source is not a path")],
    ids=["label", "source"],
)
def test_a_row_that_means_nothing_is_refused(
    store: SharedStore, change: dict[str, Any], says: str, tmp_path: Path
) -> None:
    [row] = store.rows([7]).values()
    store.write([replace(row, **change)])
    assert says in refused(store, tmp_path / "x.vmem")


def test_text_that_is_nested_too_deep_is_refused(store: SharedStore, tmp_path: Path) -> None:
    [row] = store.rows([7]).values()
    store.server.upsert(store.collection, [{**row.to_server(), "source": "[" * 60_000}])
    assert "cannot be read" in refused(store, tmp_path / "x.vmem")
    meta = {"name": "settings", "value": "[" * 60_000, "dummy": np.array([1, 0], np.float32)}
    store.server.upsert(f"{store.collection}_meta", [meta])
    with pytest.raises(DamagedMemory, match="settings of the shared memory"):
        opened(store.server, store.collection, readonly=True)


@pytest.mark.parametrize("value", ["x", [], {"a": 1}, 1.5, True], ids=repr)
@pytest.mark.parametrize("name", ["next_id", "last_label", "change"])
def test_a_number_that_is_none_is_named(store: SharedStore, name: str, value: object, tmp_path: Path) -> None:
    store.put(name, value)
    with opened(store.server, store.collection) as shared, pytest.raises(DamagedMemory, match=name):
        shared.add_vectors(QUERY, "new")
    with pytest.raises(VisualMemoryError, match=name):
        pull(store.server, store.collection, tmp_path / "x.vmem", sample=3)
    assert not (tmp_path / "x.vmem").exists()


@pytest.mark.parametrize("value", ["x", {"owner": "another", "counter": "x"}], ids=repr)
def test_a_lease_that_is_none_expires(store: SharedStore, value: object) -> None:
    store.put("lease", value)
    with opened(store.server, store.collection) as shared:
        assert shared.strike([7]).ids == (7,)

"""Where hnswlib could not be compiled, exact search decides, and what asks for the graph says what to install."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import clustered
from visualmemory_gui.engine.errors import VisualMemoryError
from visualmemory_gui.engine.experiments import tsne
from visualmemory_gui.engine.index import graph
from visualmemory_gui.engine.memory.visual_memory import VisualMemory

DIM = 16


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A closed memory above its exact limit, with a graph on disk."""
    vectors, labels = clustered(200, dim=DIM, classes=4, seed=1)
    with VisualMemory.create(tmp_path / "m.vmem", dim=DIM) as memory:
        memory.set("exact_limit", 100 * DIM)
        memory.add_vectors(vectors, labels)
        assert memory.maintenance.index_state().kind == "hnsw"
    return tmp_path / "m.vmem"


@pytest.fixture
def without(large: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That memory, where hnswlib is missing."""
    monkeypatch.setattr(graph, "hnswlib", None)
    return large


def query() -> np.ndarray:
    return clustered(1, dim=DIM, classes=4, seed=2)[0][0]


def test_a_large_memory_decides_and_is_edited_by_exact_search(without: Path) -> None:
    with VisualMemory.open(without) as memory:
        assert memory.maintenance.index_state().kind == "exact"
        found = memory.decide_vector(query())
        assert found.search is not None and found.search.mode == "exact"
        memory.strike([found.neighbours[0].id])
        memory.maintenance.run()
        assert found.neighbours[0].id not in {n.id for n in memory.decide_vector(query()).neighbours}
        assert memory.maintenance.index_state().kind == "exact" and memory.maintenance.index_state().current
        assert memory.maintenance.verify() == []


def test_the_graph_comes_back_with_the_package(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(graph, "hnswlib", None)
        with VisualMemory.open(large) as memory:
            memory.strike([1])
    with VisualMemory.open(large) as memory:
        decision = memory.decide_vector(query())
        assert decision.search is not None and decision.search.mode == "hnsw"


def test_a_search_of_the_graph_by_name_says_what_to_install(without: Path) -> None:
    with VisualMemory.open(without) as memory, pytest.raises(VisualMemoryError, match=r"pip install 'visualmemory_gui"):
        memory.decide_vector(query(), search="hnsw")


def test_a_map_of_many_is_laid_out_by_exact_search(monkeypatch: pytest.MonkeyPatch) -> None:
    flat = clustered(300, dim=8, classes=3, seed=3)[0]
    exact = tsne.nearest(flat, 5, report=lambda *_: None)
    monkeypatch.setattr(tsne, "MOST_EXACT", 100)
    monkeypatch.setattr(graph, "hnswlib", None)
    assert np.array_equal(tsne.nearest(flat, 5, report=lambda *_: None)[0], exact[0])


def test_a_package_that_cannot_be_loaded_counts_as_missing(tmp_path: Path) -> None:
    (tmp_path / "hnswlib.py").write_text("raise OSError('hnswlib.so: undefined symbol')", encoding="utf-8")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\nfrom {graph.__name__} import installed; print(installed())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"

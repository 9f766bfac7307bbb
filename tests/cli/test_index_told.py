"""A checkpoint that cannot be used is said, and the answer is exact all the same."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from tests.conftest import clustered
from visualmemory_gui import VisualMemory
from visualmemory_gui.cli.main import app


def test_a_damaged_index_is_told_and_compact_builds_it_anew(tmp_path: Path) -> None:
    vectors, labels = clustered(500, dim=16, classes=5, seed=0)
    path = tmp_path / "v.vmem"
    with VisualMemory.create(path, dim=16) as memory:
        memory.set("exact_limit", 1000)
        memory.add_vectors(vectors, labels)
        memory.decide_vector(vectors[0])
    [graph] = path.glob("index-*.hnsw")
    graph.write_bytes(graph.read_bytes()[:-1])
    told = CliRunner().invoke(app, ["evaluate", str(path), "-k", "10", "--rule", "rank", "--json"])
    assert told.exit_code == 0 and "the index on disk is not used because" in told.stderr
    assert CliRunner().invoke(app, ["compact", str(path)]).exit_code == 0
    again = CliRunner().invoke(app, ["evaluate", str(path), "-k", "10", "--rule", "rank", "--json"])
    assert "index" not in again.stderr
    assert json.loads(again.stdout)["accuracy"] == json.loads(told.stdout)["accuracy"]

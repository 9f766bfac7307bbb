"""The ridge vote in torch, here on the processor, against numpy's."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests import long_tail  # noqa: E402
from tests.engine.snapshots import snapshot_of  # noqa: E402
from visualmemory_gui.engine.decision import ridge, torch_ridge  # noqa: E402
from visualmemory_gui.engine.decision.neighbour_arrays import cosines  # noqa: E402
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme  # noqa: E402
from visualmemory_gui.engine.device import room  # noqa: E402
from visualmemory_gui.engine.memory.tracked_decisions import TrackedDecisions, queries_of  # noqa: E402


@pytest.mark.parametrize("dim", [2, 32])
def test_the_weights_are_those_of_numpy(dim):
    rng = np.random.default_rng(dim)
    raw = rng.normal(size=(300, dim))
    vectors = (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)
    rows = np.stack([rng.permutation(300)[:80] for _ in range(50)])
    distances = np.sort(rng.uniform(0.0, 1.0, rows.shape), axis=1)
    voice = rng.choice([0.05, 1.0, 3.0], rows.shape)
    rows[3, 60:], distances[3, 60:], voice[3, 60:] = -1, np.inf, 0.0
    snapshot = snapshot_of(["a"] * 300, vectors)
    found = torch_ridge.weights(snapshot, rows, distances, voice, device="cpu", gamma=2.0, penalty=0.3)
    expected = ridge.weights(cosines(vectors[rows].astype(np.float64)), distances, voice)
    assert np.abs(found - expected).max() <= 1e-10
    assert (found[3, 60:] == 0.0).all()


def test_many_queries_are_solved_where_exact_search_is(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    with long_tail.filled(tmp_path / "m.vmem", rng) as memory:
        memory.set("rule", "ridge")
        scheme = VotingScheme.of(memory.settings)
        queries = queries_of(long_tail.unit(30, rng), leave_out=False)
        here = TrackedDecisions(memory.snapshot, queries, memory.searcher.nearest_many, k=scheme.k).decide(scheme)
        solved = []

        def weights(*arrays, device, **parameters):
            solved.append(device)
            return on_processor(*arrays, device="cpu", **parameters)

        on_processor = torch_ridge.weights
        monkeypatch.setattr(torch_ridge, "weights", weights)
        monkeypatch.setattr(ridge, "MOST_ON_GPU", 16)
        monkeypatch.setattr(ridge, "_on_gpu", [room.Portion("cuda", 16)])
        there = TrackedDecisions(memory.snapshot, queries, memory.searcher.nearest_many, k=scheme.k).decide(scheme)
        assert solved == ["cuda", "cuda"]
        assert (there.winner == here.winner).all()
        assert np.abs(there.share - here.share).max() <= 1e-10


@pytest.mark.parametrize(("device", "used"), [("cuda", "cuda"), ("cuda:1", "cuda:1"), ("mps", "cpu"), ("cpu", "cpu")])
def test_only_a_device_that_has_float64_solves(monkeypatch, device, used):
    monkeypatch.setattr(ridge, "_on_gpu", [room.Portion("cpu", 1)])
    ridge.solve_on(device)
    assert ridge.solving_device() == used

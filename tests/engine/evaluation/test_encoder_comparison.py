"""Two memories of the same exemplars under different encoders, compared on equal queries."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.conftest import clustered
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.evaluation.encoder_comparison import compare
from visualmemory_gui.engine.memory.visual_memory import VisualMemory as Memory


def memory_of(path: Path, vectors: np.ndarray, labels: list[str]) -> Memory:
    m = VisualMemory.create(path, dim=vectors.shape[1])
    m.add_vectors(vectors, labels)
    return m


def left_out(vectors: np.ndarray, labels: list[str]) -> np.ndarray:
    """Whether the nearest other vector has the right label, by hand."""
    cosines = vectors.astype(np.float64) @ vectors.T.astype(np.float64)
    np.fill_diagonal(cosines, -2)
    named = np.array(labels)
    return named[cosines.argmax(axis=1)] == named


def test_both_are_right_as_often_as_counted_by_hand(tmp_path: Path):
    good, labels = clustered(60, dim=8, classes=3, seed=2)
    bad = np.random.default_rng(3).normal(size=(60, 5)).astype(np.float32)
    bad /= np.linalg.norm(bad, axis=1, keepdims=True)
    with memory_of(tmp_path / "a.vmem", bad, labels) as before, memory_of(tmp_path / "b.vmem", good, labels) as after:
        before.set_all({"k": 1, "rule": "plurality"})
        after.set_all({"k": 1, "rule": "plurality"})
        before.strike([60])
        found = compare(before, after)
        assert found is not None and found.queries == 59
        assert found.accuracy_before == left_out(bad[:59], labels[:59]).mean()
        assert found.accuracy_after == left_out(good[:59], labels[:59]).mean()
        assert found.gain.helps
        assert found.gain.mean == pytest.approx(found.accuracy_after - found.accuracy_before)
        assert "On 59 exemplars, each decided by the others:" in found.words
        assert found.to_json()["queries"] == 59


def test_where_no_neighbour_could_be_wrong_there_is_nothing_to_compare(tmp_path: Path):
    vectors, _ = clustered(6, dim=4, classes=1, seed=2)
    with (
        memory_of(tmp_path / "a.vmem", vectors, ["x"] * 6) as before,
        memory_of(tmp_path / "b.vmem", vectors, ["x"] * 6) as after,
    ):
        assert compare(before, after) is None
        before.strike(range(1, 7))
        assert compare(before, after) is None

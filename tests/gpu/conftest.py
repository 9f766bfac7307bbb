"""A GPU, or torch on the processor in its place: the same tests run on both, ``python -m pytest -m gpu tests/gpu``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.conftest import clustered
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.decision import ridge
from visualmemory_gui.engine.device import choice
from visualmemory_gui.engine.device.fallback import WORKS, fallbacks

STAND_IN = "cpu:0"
"""Torch on the processor. It is not "cpu", so the product treats it as it treats any GPU."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.gpu)


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The device that "auto" takes: the first GPU, or the stand-in. Nothing has fallen back yet."""
    if not torch.cuda.is_available():
        monkeypatch.setattr(choice, "gpu_is_likely", lambda: True)
        monkeypatch.setattr(choice, "usable", lambda: (STAND_IN,))
    monkeypatch.setattr(ridge, "_on_gpu", list(ridge._on_gpu))
    fallbacks.clear(*WORKS)
    yield choice.resolve("auto")
    fallbacks.clear(*WORKS)


@pytest.fixture
def on_gpu(gpu: str, tmp_path: Path) -> Iterator[VisualMemory]:
    """A memory of 300 vectors in 5 classes, searched on the GPU."""
    with filled(tmp_path / "gpu.vmem") as memory:
        assert memory.searcher.device == gpu
        yield memory


@pytest.fixture
def on_cpu(gpu: str, tmp_path: Path) -> Iterator[VisualMemory]:
    """The same memory, searched on the CPU."""
    with filled(tmp_path / "cpu.vmem", device="cpu") as memory:
        yield memory


def filled(folder: Path, *, device: str | None = None) -> VisualMemory:
    memory = VisualMemory.create(folder, dim=16, device=device)
    memory.maintenance.defer()
    vectors, labels = clustered(300, dim=16, classes=5, seed=1, spread=0.8)
    memory.add_vectors(vectors, labels)
    memory.set("rule", "ridge")
    return memory

"""Fixtures of the encoder tests: batches of images, a shared converted model, a place for weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from visualmemory_gui.engine.encoders import openvino_lite, weights


@pytest.fixture(scope="session")
def batch() -> np.ndarray:
    """(9, 224, 224, 3) uint8: smooth coloured scenes with noise."""
    rng = np.random.default_rng(0)
    small = rng.integers(0, 255, (9, 8, 8, 3), np.uint8)
    large = [np.asarray(Image.fromarray(each).resize((224, 224), Image.Resampling.BICUBIC)) for each in small]
    return np.clip(np.stack(large) + rng.integers(-12, 12, (9, 224, 224, 3)), 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def converted() -> None:
    """The model of ``lite0`` converted for OpenVINO, in the cache that tests share."""
    openvino_lite.prepare()


@pytest.fixture
def weights_folder() -> Path:
    folder = weights.folder()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(autouse=True)
def no_shared_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What other programs fetched on this computer is out of sight, and so is the network."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)

"""The client of Milvus, on Milvus Lite, which is a file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from visualmemory_gui.engine.errors import ServerError
from visualmemory_gui.engine.shared_memory.milvus_server import MilvusServer


def test_a_memory_goes_to_milvus_lite_is_edited_there_and_comes_back(tmp_path: Path) -> None:
    """In a process of its own: the threads of Milvus Lite live as long as it does."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.engine.shared_memory.lite_child", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "the same\n"), done.stderr


def test_without_the_client_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "pymilvus", None)
    with pytest.raises(ServerError, match="pip install"):
        MilvusServer(str(tmp_path / "lite.db"), name="here")

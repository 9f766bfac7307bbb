"""The client of Milvus, on Milvus Lite, which is a file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from visualmemory_gui.engine.errors import ServerError
from visualmemory_gui.engine.shared_memory import milvus_server
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


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        ("collection not found[collection=470835102100626388]", "x:1 has no such collection any more"),
        ("failed to query: channel lacks[channel=channel not subscribed]", "has not loaded all that it holds"),
        ("collection not fully loaded[collection=1]", "has not loaded all that it holds"),
        ("no room[database=default][collection=connected_authors_html]", "could not do it: no room"),
    ],
)
def test_what_a_server_says_is_told_in_words_whatever_its_collections_are_called(raised: str, said: str) -> None:
    with pytest.raises(ServerError, match=said), milvus_server._client_errors("x:1"):
        raise RuntimeError(raised)


def test_without_the_client_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "pymilvus", None)
    with pytest.raises(ServerError, match="pip install"):
        MilvusServer(str(tmp_path / "lite.db"), name="here")

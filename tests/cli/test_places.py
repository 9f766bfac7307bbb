"""A memory is a folder, or a shared one where a command serves that: any other address is refused, and nothing made."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.main import get_command
from typer.testing import CliRunner

from tests.engine.exchange.memories import paint, paint_classes
from visualmemory_gui import VisualMemory
from visualmemory_gui.cli.main import app
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.exchange import bundle
from visualmemory_gui.engine.store.filesystem import folder_at

ADDRESSES = ("milvus+http://host/x", "milvus://host:19530/x", "http://host/m.vmem", "https://host/m", "file:///tmp/m.vmem",
             "s3://bucket/m.vmem", "HTTP://HOST/M", "host://", "a/b://c")  # fmt: skip
ARGUMENTS = {
    "build": "FOLDER {} --encoder fake", "add": "{} IMAGE --label x", "classify": "{} IMAGE", "strike": "{} 1",
    "restore": "{} 1", "relabel": "{} 1 --label x", "reweigh": "{} 1 --to 2", "rename-label": "{} a b", "undo": "{}",
    "redo": "{}", "history": "{}", "revert": "{} 1", "tag": "{} x", "diff": "{} --since 1", "show": "{}",
    "forget": "{} 1 --yes", "evaluate": "{}", "review": "{} --by label", "watch": "{} list", "impact": "{} strike 1",
    "flip": "{} IMAGE", "attribute": "{} IMAGE", "prune": "{} --method hard", "tune": "{}",
    "novelty": "{} --unknown FOLDER", "classes": "{}", "levels": "{}", "scaling": "{}", "map": "{}", "verify": "{}",
    "compact": "{}", "relink": "{} a b", "settings": "{}", "export": "{} out.vmemz", "import": "BUNDLE {}",
    "find": "{} words", "opinion": "{} IMAGE --endpoint http://localhost/v1 --model m --yes",
    "reembed": "{} new.vmem --encoder fake", "compare": "{} m.vmem", "merge": "{} m.vmem",
    "demo": "--to {} --no-gui", "mcp": "{}", "push": "{} milvus+http://host/x", "pull": "milvus+http://host/x {}",
}  # fmt: skip
SHARED = {"add", "classify", "show", "strike", "restore", "relabel", "reweigh", "rename-label", "undo", "redo",
          "history", "revert", "forget", "settings", "tag", "verify", "build", "compare", "export", "impact", "merge",
          "opinion", "watch"}  # fmt: skip
"""Commands that serve a shared memory too."""
NO_MEMORY = {"gui", "vote", "encoders", "frames", "doctor"}  # the window has a test of its own


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("room")
    paint(folder / "one.png", 1)
    paint_classes(folder / "images")
    with VisualMemory.create(folder / "m.vmem", dim=3) as m:
        m.add_vectors(np.eye(3, dtype=np.float32), ["a", "b", "c"])
        bundle.export(m, folder / "m.vmemz")
    return folder


@pytest.fixture
def room(made_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory: images, and a bundle."""
    shutil.copytree(made_once, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("address", ["s3://bucket/m.vmem", "milvus+http://host/x"])
@pytest.mark.parametrize("command", sorted({*get_command(app).commands} - NO_MEMORY))  # type: ignore[attr-defined]
def test_every_command_refuses_an_address_and_makes_nothing(room: Path, command: str, address: str) -> None:
    if address.startswith("milvus") and command in SHARED:
        return
    before = sorted(room.rglob("*"))
    words = ARGUMENTS[command].format(address).split()
    names = {"FOLDER": "images", "IMAGE": "one.png", "BUNDLE": "m.vmemz"}
    done = CliRunner().invoke(app, [command, *(names.get(word, word) for word in words)])
    assert done.exit_code == 1, done.output
    assert done.stderr.startswith(f"error: '{address}' is an address: ")
    assert "a folder on this computer" in done.stderr
    assert sorted(room.rglob("*")) == before


@pytest.mark.parametrize("kind", [str, Path])
@pytest.mark.parametrize("address", ADDRESSES[:-2])
def test_python_refuses_an_address_too(room: Path, address: str, kind: type) -> None:
    before = sorted(room.rglob("*"))
    for act in (VisualMemory.open, lambda place: VisualMemory.create(place, dim=3)):
        with pytest.raises(BadValue, match="is an address"):
            act(kind(address))  # type: ignore[operator]
    assert sorted(room.rglob("*")) == before


@pytest.mark.parametrize("address", ADDRESSES)
def test_whatever_has_a_colon_and_two_slashes_is_an_address(address: str) -> None:
    with pytest.raises(BadValue, match="is an address"):
        folder_at(address)


@pytest.mark.parametrize("place", ["m.vmem", "/tmp/m.vmem", "C:/m.vmem", "a:b/c", "folder//m.vmem", "3:1.vmem"])
def test_a_path_stays_a_path(place: str) -> None:
    assert folder_at(place) == Path(place)

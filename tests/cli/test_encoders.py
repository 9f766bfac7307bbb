"""The command encoders, and encoders that the user names by a file."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.engine.encoders.test_local_file import onnx_file
from tests.engine.exchange.memories import paint_classes
from visualmemory_gui.cli.main import app
from visualmemory_gui.engine.encoders import weights


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(one) for one in arguments])


@pytest.fixture
def network(tmp_path: Path) -> Path:
    path = tmp_path / "mine.onnx"
    path.write_bytes(onnx_file(b"GlobalAveragePool", 32))
    path.with_name("mine.onnx.json").write_text(json.dumps({"size": 32, "resize": 32}))
    return path


def test_each_encoder_is_listed_with_its_dimension_licence_and_size() -> None:
    listed = json.loads(run("encoders", "--json").stdout)["encoders"]
    assert all(one["dim"] > 0 and one["licence"] and one["size"] > 1_000_000 for one in listed)
    lite0, *others = run("encoders").stdout.splitlines()[1:]
    assert lite0.split()[:5] == ["lite0", "1280", "Apache-2.0", "18.8", "MB"]
    assert len(others) == len(listed) - 1


def test_a_file_is_added_and_known_by_its_sha256(network: Path) -> None:
    sha256 = hashlib.sha256(network.read_bytes()).hexdigest()
    done = run("encoders", "--add", network)
    assert done.exit_code == 0 and f"added as local/mine.onnx, 3 numbers per vector, sha256 {sha256}" in done.stderr
    assert any(line.split()[:2] == ["local/mine.onnx", "3"] for line in done.stdout.splitlines())


def test_a_file_that_is_no_network_is_refused_and_not_kept(tmp_path: Path) -> None:
    (tmp_path / "bad.onnx").write_bytes(b"no network")
    done = run("encoders", "--add", tmp_path / "bad.onnx")
    assert done.exit_code == 1 and "cannot be used as an encoder" in done.stderr
    assert not weights.folder().exists()


def test_a_memory_is_built_by_a_file_and_again_by_its_name_and_by_its_path(network: Path, tmp_path: Path) -> None:
    folder = paint_classes(tmp_path / "images")
    first = run("build", folder, tmp_path / "m.vmem", "--encoder", network)
    assert first.exit_code == 0 and "was added as local/mine.onnx" in first.stderr
    for encoder in ("local/mine.onnx", network):
        again = run("build", folder, tmp_path / "m.vmem", "--encoder", encoder, "--json")
        assert json.loads(again.stdout)["unchanged"] == 12
    asked = run("classify", tmp_path / "m.vmem", folder / "plant" / "0.png", "--json")
    assert json.loads(asked.stdout)["label"] == "plant"


def test_a_memory_whose_file_is_not_here_says_which_and_how_it_is_added(network: Path, tmp_path: Path) -> None:
    folder = paint_classes(tmp_path / "images")
    run("build", folder, tmp_path / "m.vmem", "--encoder", network)
    for path in weights.folder().iterdir():
        path.unlink()
    image = next(folder.rglob("*.png"))
    asked = run("classify", tmp_path / "m.vmem", image)
    sha256 = hashlib.sha256(network.read_bytes()).hexdigest()
    assert asked.exit_code == 1
    assert f"mine.onnx (sha256 {sha256})" in asked.stderr and "encoders --add FILE" in asked.stderr
    assert run("encoders", "--add", network).exit_code == 0
    assert run("classify", tmp_path / "m.vmem", image).exit_code == 0


@pytest.mark.parametrize("name", ["nonsense", "../x", "mine.onnx"])
def test_weights_of_a_name_that_is_none_are_not_fetched(name: str) -> None:
    done = run("encoders", "--fetch", name)
    assert done.exit_code == 1 and "unknown encoder" in done.stderr


def test_fetching_says_licence_and_size_before_it_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    done = run("encoders", "--fetch", "dinov2-small")
    assert done.exit_code == 1
    assert done.stderr.startswith("fetching the weights of dinov2-small: about 88.0 MB, Apache-2.0\n")
    assert "resolve/main/model.safetensors" in done.stderr

"""A memory or bundle that names its encoder by a path: nothing is copied, nothing runs, everything else works."""

from __future__ import annotations

import json
import warnings
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner, Result

from tests.conftest import clustered, paint_image
from visualmemory_gui import VisualMemory
from visualmemory_gui.cli.main import app
from visualmemory_gui.engine.encoders import registry, weights
from visualmemory_gui.engine.errors import EncoderError, ExchangeError
from visualmemory_gui.engine.exchange import bundle, import_export
from visualmemory_gui.engine.types import EncoderIdentity

PLAIN = "crop 224 of 256 bicubic; mean (0.485, 0.456, 0.406) std (0.229, 0.224, 0.225)"


class Burglar(torch.nn.Module):
    """A network that writes a file whenever it is used, as program code may."""

    def __init__(self, canary: str) -> None:
        super().__init__()
        self.canary = canary

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        torch.save(inputs.mean(), self.canary)
        return inputs.mean((2, 3))


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """``x/enc.pt`` below the working directory; afterwards it never ran, and no one copied it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x").mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.script(Burglar(str(tmp_path / "canary"))).save(str(tmp_path / "x" / "enc.pt"))
    paint_image((9, 90, 9), seed=1).save(tmp_path / "query.png")
    yield tmp_path / "x" / "enc.pt"
    assert not (tmp_path / "canary").exists()
    assert not weights.folder().exists()


NAMES: dict[str, Callable[[Path], str]] = {
    "a relative path": lambda path: "x/enc.pt",
    "an absolute path": str,
    "a path upwards": lambda path: f"../{path.parent.parent.name}/x/enc.pt",
    "a path behind our prefix": lambda path: "local/../x/enc.pt",
    "the name of a file that no one added": lambda path: "local/enc.pt",
}


@pytest.fixture(params=NAMES)
def memory(request: pytest.FixtureRequest, network: Path, tmp_path: Path) -> Path:
    """Sealed by the product itself: no checksum gives the name away."""
    identity = EncoderIdentity(NAMES[request.param](network), 3, weights.sha256(network), PLAIN)
    with VisualMemory.create_for(tmp_path / "m.vmem", identity) as m:
        vectors, labels = clustered(8, dim=3, classes=2, seed=0)
        m.add_vectors(vectors, labels)
    return tmp_path / "m.vmem"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(one) for one in arguments])


def test_the_network_does_what_it_is_built_for_when_it_is_used(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.script(Burglar(str(tmp_path / "canary"))).save(str(tmp_path / "enc.pt"))
    registry.choose(str(tmp_path / "enc.pt"))
    assert (tmp_path / "canary").exists()


def test_its_exemplars_are_shown_edited_and_decided_and_its_encoder_is_refused(memory: Path, tmp_path: Path) -> None:
    assert run("show", memory).exit_code == 0
    assert run("strike", memory, 1).exit_code == 0
    for command in ("classify", "add"):
        done = run(command, memory, tmp_path / "query.png", *(["--label", "x"] if command == "add" else []))
        assert done.exit_code == 1 and done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    with VisualMemory.open(memory) as m:
        assert m.decide_vector(np.ones(3, np.float32)).label is not None
        for image in (tmp_path / "query.png", Image.new("RGB", (30, 30))):
            with pytest.raises(EncoderError):
                m.decide(image)
        with pytest.raises(EncoderError):
            _ = m.encoder
        m.maintenance.run()


def test_verify_names_a_path_as_damage_and_a_name_not(memory: Path) -> None:
    done = run("verify", memory, "--json")
    with VisualMemory.open(memory, readonly=True) as m:
        expected = [] if registry.is_name(m.identity.name) else ["encoder"]
    assert [one["what"] for one in json.loads(done.stdout)["damage"]] == expected
    assert done.exit_code == len(expected)


def test_a_bundle_of_it_is_refused_or_its_encoder_is(memory: Path, tmp_path: Path) -> None:
    with VisualMemory.open(memory, readonly=True) as m:
        bundle.export(m, tmp_path / "m.vmemz")
        named = registry.is_name(m.identity.name)
    if named:
        assert import_export.import_(tmp_path / "m.vmemz", tmp_path / "n.vmem").added == 8
        with VisualMemory.open(tmp_path / "n.vmem") as m, pytest.raises(EncoderError, match="was not added"):
            m.decide(tmp_path / "query.png")
    else:
        with pytest.raises(ExchangeError, match="which encoder made its vectors"):
            import_export.import_(tmp_path / "m.vmemz", tmp_path / "n.vmem")
        assert not (tmp_path / "n.vmem").exists()


def test_a_table_of_it_is_refused_or_its_encoder_is(memory: Path, tmp_path: Path) -> None:
    with VisualMemory.open(memory, readonly=True) as m:
        import_export.export(m, tmp_path / "m.parquet", "parquet")
        named = registry.is_name(m.identity.name)
    done = run("import", tmp_path / "m.parquet", tmp_path / "n.vmem")
    assert done.exit_code == (0 if named else 1)


def test_a_bundle_whose_manifest_alone_names_a_path_is_refused(network: Path, tmp_path: Path) -> None:
    with VisualMemory.create(tmp_path / "m.vmem", dim=3) as m:
        m.add_vectors(np.eye(3, dtype=np.float32), ["a", "b", "c"])
        bundle.export(m, tmp_path / "m.vmemz")
    named = asdict(EncoderIdentity("x/enc.pt", 3, weights.sha256(network), PLAIN))
    with zipfile.ZipFile(tmp_path / "m.vmemz") as old, zipfile.ZipFile(tmp_path / "evil.vmemz", "w") as new:
        for info in old.infolist():
            data = old.read(info)
            if info.filename == "manifest.json":
                data = json.dumps({**json.loads(data), "encoder": named}).encode()
            new.writestr(info, data)
    done = run("import", tmp_path / "evil.vmemz", tmp_path / "n.vmem")
    assert done.exit_code == 1 and "which encoder made its vectors" in done.stderr
    assert not (tmp_path / "n.vmem").exists()

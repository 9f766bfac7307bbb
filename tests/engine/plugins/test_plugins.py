"""Encoders and voting rules of other packages: one that is built and installed, and some that are not what they say."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.conftest import clustered, write_images
from visualmemory_gui import BadValue, VisualMemory, VisualMemoryClassifier
from visualmemory_gui.cli.main import app
from visualmemory_gui.engine.decision import plugin_rules
from visualmemory_gui.engine.encoders import registry
from visualmemory_gui.engine.errors import EncoderError, PluginError
from visualmemory_gui.engine.evaluation.evaluate import evaluate
from visualmemory_gui.engine.types import EncoderIdentity

EXAMPLE = Path(__file__).resolve().parents[2] / "data/example_plugin"
ENCODER = """
import numpy as np
from visualmemory_gui import EncoderIdentity, Geometry

class Own:
    identity = EncoderIdentity({name!r}, 4)
    geometry = Geometry(size=8, fit="letterbox", resize=8)
    licence = "MIT"

    def __init__(self, *, device, bulk):
        {start}

    def encode(self, batch):
        {encode}

    def close(self):
        pass
"""
UNIT = "return np.eye(4, dtype=np.float32)[np.zeros(len(batch), int)]"


@pytest.fixture(autouse=True)
def forget_rules() -> Iterator[None]:
    plugin_rules.found.cache_clear()
    yield
    plugin_rules.found.cache_clear()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder to which the example package is installed from its wheel."""
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(command, cwd=EXAMPLE, check=True, capture_output=True)
    [built] = out.glob("*.whl")
    with zipfile.ZipFile(built) as files:
        files.extractall(out / "site")
    return out / "site"


@pytest.fixture
def example(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(wheel)
    yield
    sys.modules.pop("visualmemory_example", None)


def installed(folder: Path, monkeypatch: pytest.MonkeyPatch, *, text: str, **points: str) -> None:
    """A package ``odd`` with one module, which has the text, and one entry point in each group."""
    (folder / "odd-1.0.dist-info").mkdir(parents=True)
    (folder / "odd-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: odd\nVersion: 1.0\n")
    groups = "".join(f"[visualmemory.{group}]\n{entry}\n" for group, entry in points.items())
    (folder / "odd-1.0.dist-info/entry_points.txt").write_text(groups)
    (folder / "odd_plugin.py").write_text(text)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "odd_plugin", raising=False)


def test_the_encoder_of_an_installed_package_makes_and_reads_a_memory(example: None, tmp_path: Path) -> None:
    images = write_images(tmp_path / "images", each=4)
    listed = next(one for one in registry.available() if one.name == "mean-colours")
    assert (listed.dim, listed.licence, listed.note) == (49, "Apache-2.0", "of an installed package")
    with VisualMemory.create(tmp_path / "m.vmem", encoder="mean-colours") as m:
        m.build(images)
    with VisualMemory.open(tmp_path / "m.vmem") as m:
        assert (m.identity.name, m.encoder.backend) == ("mean-colours", "numpy")
        assert m.decide(next((images / "plants/rose").iterdir())).label == "plants/rose"


def test_where_the_package_is_not_installed_the_memory_opens_and_names_the_encoder(
    wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = write_images(tmp_path / "images", each=2)
    with monkeypatch.context() as patch:
        patch.syspath_prepend(wheel)
        with VisualMemory.create(tmp_path / "m.vmem", encoder="mean-colours") as m:
            m.build(images)
    sys.modules.pop("visualmemory_example", None)
    with VisualMemory.open(tmp_path / "m.vmem") as m:
        assert m.decide(int(m.snapshot.ids[0])).label and m.strike(m.snapshot.ids[:1].tolist()).edit
        with pytest.raises(EncoderError, match="mean-colours"):
            _ = m.encoder


def test_a_rule_of_an_installed_package_votes(example: None, tmp_path: Path) -> None:
    vectors, labels = clustered(60, dim=8, classes=4, seed=3, spread=0.7)
    query = clustered(1, dim=8, classes=4, seed=9)[0][0]
    with VisualMemory.create(tmp_path / "m.vmem", dim=8) as m:
        m.add_vectors(vectors, labels)
        m.set("class_factor", "off")
        decision = m.decide_vector(query, k=5, rule="squared-rank")
        weights = 1.0 / np.arange(1, 6) ** 2
        np.testing.assert_allclose([n.share for n in decision.neighbours], weights / weights.sum())
        found = evaluate(m, ks=(1, 5), rules=("squared-rank",))
        assert 0.0 < found.accuracy["squared-rank"][5] <= 1.0
        with pytest.raises(BadValue, match="rule must be one of"):  # it would travel with the memory
            m.set("rule", "squared-rank")
        wanted = [m.decide_vector(one, k=5, rule="squared-rank").label for one in vectors[:10]]
    classifier = VisualMemoryClassifier("squared-rank", 5, class_factor="off").fit(vectors, labels)
    assert classifier.predict(vectors[:10]).tolist() == wanted


def test_a_command_takes_the_rule_by_name(example: None, tmp_path: Path) -> None:
    images = write_images(tmp_path / "images", each=3)
    with VisualMemory.create(tmp_path / "m.vmem", encoder="fake") as m:
        m.build(images)
    image = str(next((images / "animals/dog").iterdir()))
    asked = ["classify", str(tmp_path / "m.vmem"), image, "-k", "2", "--json", "--rule"]
    done = CliRunner().invoke(app, [*asked, "squared-rank"])
    shares = [one["share"] for one in json.loads(done.stdout)["neighbours"]]
    assert shares == pytest.approx([0.8, 0.2])
    refused = CliRunner().invoke(app, [*asked, "best"])
    assert refused.exit_code == 2 and "'best' is not one of plurality" in refused.stderr


def test_names_are_read_without_running_code_and_an_unknown_one_is_refused(example: None) -> None:
    assert plugin_rules.names() == ["squared-rank"] and "visualmemory_example" not in sys.modules
    with pytest.raises(ValueError, match=r"no voting rule 'majority'; there are .*squared-rank"):
        VisualMemoryClassifier("majority").fit(np.eye(2), ["a", "b"])


LIES: dict[str, tuple[dict[str, str], str]] = {
    "another dimension": ({"encode": "return np.eye(7, dtype=np.float32)[: len(batch)]"}, r"gives float32 \(1, 7\)"),
    "float64": ({"encode": "return np.eye(4)[: len(batch)]"}, "gives float64"),
    "not of unit length": ({"encode": "return np.full((len(batch), 4), 3, np.float32)"}, "unit length"),
    "not a number": ({"encode": "return np.full((len(batch), 4), np.nan, np.float32)"}, "unit length"),
    "raises to encode": ({"encode": "raise MemoryError('none left')"}, r"fails to encode \(MemoryError: none left"),
    "raises at its start": ({"start": "raise OSError('no weights')"}, r"does not start \(OSError: no weights"),
    "another name": ({"name": "lite0"}, "says that it is 'lite0'"),
}


@pytest.mark.parametrize(("parts", "says"), LIES.values(), ids=LIES)
def test_an_encoder_that_lies_or_raises_is_named_and_nothing_is_added(
    parts: dict[str, str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = ENCODER.format(**{"name": "odd", "start": "pass", "encode": UNIT, **parts})
    installed(tmp_path / "site", monkeypatch, text=text, encoders="odd = odd_plugin:Own")
    images = write_images(tmp_path / "images", each=1)
    with pytest.raises(EncoderError, match=says) as told, VisualMemory.create(tmp_path / "m.vmem", "odd") as m:
        m.add([next((images / "plants/rose").iterdir())], "x")
    assert "odd" in str(told.value)


BROKEN: dict[str, tuple[str, str]] = {
    "does not import": ("raise RuntimeError('broken')", r"of the installed package odd, cannot be loaded .*broken"),
    "is not there": ("", "cannot be loaded"),
    "is no encoder": ("Own = 3", "is no encoder"),
    "has no dimension": (ENCODER.format(name="odd", start="pass", encode=UNIT).replace(", 4)", ", 0)", 1), "of 0 num"),
}


@pytest.mark.parametrize(("text", "says"), BROKEN.values(), ids=BROKEN)
def test_a_package_that_cannot_be_used_is_listed_with_the_reason(
    text: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path / "site", monkeypatch, text=text, encoders="odd = odd_plugin:Own")
    with pytest.raises(EncoderError, match=says):
        registry.choose("odd")
    [listed] = [one for one in registry.available() if one.name == "odd"]
    assert not listed.weights_here and "odd" in listed.note


def test_a_package_cannot_take_the_place_of_an_encoder_of_the_product(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = ENCODER.format(name="lite0", start="pass", encode=UNIT)
    installed(tmp_path / "site", monkeypatch, text=text, encoders="lite0 = odd_plugin:Own\nfake = odd_plugin:Own")
    assert registry.choose("lite0").dim == 1280 and registry.choose("fake").dim == 64
    assert [one.dim for one in registry.available() if one.name == "lite0"] == [1280]
    assert "odd_plugin" not in sys.modules


@pytest.mark.parametrize("name", ["odd_plugin:Own", "../odd", "odd_plugin.Own", "os:system"])
def test_a_name_in_a_memory_reaches_no_code_but_by_an_entry_point(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path / "site", monkeypatch, text=ENCODER.format(name=name, start="pass", encode=UNIT))
    for ask in (registry.load, registry.require, registry.geometry):
        with pytest.raises(EncoderError, match="unknown encoder"):
            ask(EncoderIdentity(name, 4))  # type: ignore[operator]
    assert "odd_plugin" not in sys.modules


RULES: dict[str, tuple[str, str]] = {
    "another shape": ("return d[..., :1]", "gives weights"),
    "below 0": ("return -d", "below 0"),
    "not finite": ("return d / 0.0 if d.ndim else d", "not finite"),
    "raises": ("raise KeyError('weights')", "fails to weigh votes"),
    "looks behind": ("return d.max(axis=-1, keepdims=True) - d", "farther away"),
}


@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
@pytest.mark.parametrize(("body", "says"), RULES.values(), ids=RULES)
def test_a_rule_that_gives_no_weights_is_named(
    body: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path / "site", monkeypatch, text=f"def own(d):\n    {body}\n", voting_rules="odd = odd_plugin:own")
    with VisualMemory.create(tmp_path / "m.vmem", dim=3) as m:
        m.add_vectors(np.eye(3, dtype=np.float32), ["a", "b", "c"])
        with pytest.raises(PluginError, match=f"odd, of the installed package odd, .*{says}"):
            m.decide_vector(np.eye(3, dtype=np.float32)[0], rule="odd")

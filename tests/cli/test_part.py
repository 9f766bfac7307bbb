"""A part of an image on the command line: decided, taught, listed and forgotten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from tests.conftest import COLOURS, paint_image
from visualmemory_gui import VisualMemory
from visualmemory_gui.cli.main import app

CAT, DOG = "animals/cat", "animals/dog"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(one) for one in arguments])


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """An image of 128 x 48 pixels: a dog on the left, a cat on the right."""
    image = Image.new("RGB", (128, 48))
    for place, label in enumerate((DOG, CAT)):
        image.paste(paint_image(COLOURS[label], seed=900 + place), (64 * place, 0))
    image.save(tmp_path / "pair.png")
    return tmp_path / "pair.png"


@pytest.fixture
def folder(memory: VisualMemory) -> Path:
    """The small memory, closed."""
    memory.close()
    return memory.path


def test_each_part_of_an_image_is_decided_as_what_it_shows(folder: Path, pair: Path):
    for label, box in ((DOG, "0,0,64,48"), (CAT, "64,0,900,900")):
        done = run("classify", folder, pair, "--box", box, "--json")
        assert done.exit_code == 0, done.output
        found = json.loads(done.stdout)
        assert (found["label"], found["box"][2:]) == (label, [64, 48])
    assert "box" not in json.loads(run("classify", folder, pair, "--json").stdout)
    assert f"{pair}, part 0,0,64,48: " in run("classify", folder, pair, "--box", "0,0,64,48").stdout


@pytest.mark.parametrize(
    ("box", "code", "told"),
    [
        ("1,2,3", 2, "a box is x,y,w,h"),
        ("0,0,0,20", 2, "at least 8 pixels"),
        ("-5,0,20,20", 2, "begins inside the image"),
        ("1.5,0,20,20", 2, "whole number"),
        ("500,0,20,20", 1, "does not fit the image of 128 x 48 pixels: outside"),
    ],
)
def test_a_box_that_is_none_is_refused_in_words(folder: Path, pair: Path, box: str, code: int, told: str):
    done = run("classify", folder, pair, "--box", box)
    assert (done.exit_code, done.stdout) == (code, "")
    assert told in " ".join(done.stderr.split())


def test_a_box_is_of_one_image(folder: Path, pair: Path):
    for several in ((pair, pair), (pair.parent,)):
        done = run("classify", folder, *several, "--box", "0,0,20,20")
        assert done.exit_code == 2
        assert "name one image" in " ".join(done.stderr.split())


def test_parts_are_added_listed_and_forgotten_with_their_image(folder: Path, pair: Path):
    def added(*options: object) -> int:
        done = run("add", folder, pair, *options, "--json")
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)["ids"][0]

    whole, dog = added("--label", "scene"), added("--label", DOG, "--box", "0,0,64,48")
    assert added("--label", DOG, "--box", "0,0,64,48") == dog
    assert json.loads(run("show", folder, dog, "--json").stdout)["box"] == [0, 0, 64, 48]
    assert "box" not in json.loads(run("show", folder, whole, "--json").stdout)
    assert "0,0,64,48" in run("show", folder, whole, dog).stdout
    assert "box" not in run("show", folder, 1).stdout
    assert run("show", folder, dog, "--format", "csv").stdout.splitlines()[1].endswith(',"0,0,64,48"')
    cat = added("--label", CAT, "--box", "64,0,64,48")
    done = run("forget", folder, cat, "--yes")
    assert f"The pixels of part {cat} remain in its original, which exemplar {whole} keeps" in done.stdout
    done = run("forget", folder, whole, "--yes", "--json")
    assert f"parts of these images are forgotten with them: {dog}" in done.stderr
    assert json.loads(done.stdout)["forgotten"] == 2
    assert json.loads(run("verify", folder, "--json").stdout)["ok"] is True


def test_a_box_that_does_not_fit_adds_nothing(folder: Path, pair: Path):
    done = run("add", folder, pair, "--label", CAT, "--box", "120,0,30,30")
    assert done.exit_code == 0  # clipped to 8 pixels
    done = run("add", folder, pair, "--label", CAT, "--box", "121,0,30,30")
    assert (done.exit_code, "less than 8 x 8 pixels of it are inside" in done.stderr) == (1, True)
    assert run("add", folder, pair.parent, "--label", CAT, "--box", "0,0,30,30").exit_code == 2

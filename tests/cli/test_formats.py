"""The same lists for people and for programs: text, JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.engine.exchange.memories import paint, paint_classes
from visualmemory_gui.cli.main import app


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(one) for one in arguments])


def lines(*arguments: object) -> list[dict[str, object]]:
    return [json.loads(line) for line in run(*arguments, "--json").stdout.splitlines()]


def rows(*arguments: object) -> list[dict[str, str]]:
    """The rows of a CSV table; the command must end well."""
    done = run(*arguments, "--format", "csv")
    assert done.exit_code == 0, done.stderr
    return list(csv.DictReader(io.StringIO(done.stdout)))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Twelve images of three classes, and the memory of them, which no test changes."""
    room = tmp_path_factory.mktemp("made")
    images = paint_classes(room / "images")
    assert run("build", images, room / "m.vmem", "--encoder", "fake").exit_code == 0
    return room / "m.vmem", images


def test_a_folder_stands_for_all_images_below_it_in_order(made: tuple[Path, Path], tmp_path: Path) -> None:
    memory, images = made
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "notes.txt").write_text("no image")
    last = paint(tmp_path / "more" / "z.png", 5)
    found = lines("classify", memory, images, tmp_path / "more")
    assert [one["image"] for one in found] == [*map(str, sorted(images.rglob("*.png"))), str(last)]
    done = run("classify", memory, tmp_path / "more", "--json")
    assert done.exit_code == 0
    assert "notes.txt" in done.stderr


def test_a_folder_is_decided_like_each_of_its_images(made: tuple[Path, Path]) -> None:
    memory, images = made
    for one in lines("classify", memory, images, "-k", 3)[::5]:
        [alone] = lines("classify", memory, one["image"], "-k", 3)
        assert {**one, "timings_ms": 0} == {**alone, "timings_ms": 0}
        assert all(one["timings_ms"][phase] >= 0 for phase in ("decode", "encode", "search", "vote"))
        assert one["timings_ms"]["decode"] > 0


def test_decisions_as_csv_say_what_json_says(made: tuple[Path, Path]) -> None:
    memory, images = made
    as_json, as_csv = lines("classify", memory, images), rows("classify", memory, images)
    assert list(as_csv[0]) == ["image", "label", "share", "margin", "known", "confidence", "error"]
    assert [(row["image"], row["label"]) for row in as_csv] == [(one["image"], one["label"]) for one in as_json]
    for row, one in zip(as_csv, as_json, strict=True):
        assert float(row["share"]) == pytest.approx(one["share"], abs=1e-5)
        assert "e-" not in row["margin"]


def test_a_bad_image_of_a_folder_has_its_line_and_the_end_says_so(made: tuple[Path, Path], tmp_path: Path) -> None:
    memory, _ = made
    paint(tmp_path / "a.png", 1)
    (tmp_path / "b.png").write_bytes(b"no image")
    paint(tmp_path / "c.png", 2)
    done = run("classify", memory, tmp_path, "--format", "csv")
    table = list(csv.DictReader(io.StringIO(done.stdout)))
    assert done.exit_code == 1
    assert [bool(row["label"]) for row in table] == [True, False, True]
    assert table[1]["error"]
    assert done.stderr.startswith(f"error: {tmp_path / 'b.png'}: ")
    assert [set(one) >= {"error"} for one in lines("classify", memory, tmp_path)] == [False, True, False]


def test_a_folder_without_images_is_an_error(made: tuple[Path, Path], tmp_path: Path) -> None:
    done = run("classify", made[0], tmp_path, "--json")
    assert (done.exit_code, done.stdout, done.stderr) == (1, "", f"error: {tmp_path} is a folder without images\n")


def test_json_is_the_short_form_of_its_format(made: tuple[Path, Path]) -> None:
    memory, images = made
    assert run("show", memory, "--json").stdout == run("show", memory, "--format", "json").stdout
    assert run("history", memory, "--json").stdout == run("history", memory, "--format", "json").stdout
    done = run("classify", memory, images, "--json", "--format", "csv")
    assert done.exit_code == 2 and "cannot be combined" in done.stderr
    assert run("show", memory, "--format", "xml").exit_code == 2


def test_labels_are_listed_in_every_format(made: tuple[Path, Path]) -> None:
    memory, _ = made
    expected = {"animals/cat": "4", "animals/dog": "4", "plant": "4"}
    assert {row["label"]: row["active"] for row in rows("show", memory, "--labels")} == expected
    assert rows("show", memory) == rows("show", memory, "--labels")
    assert lines("show", memory, "--labels") == [{"label": label, "active": 4} for label in expected]
    assert run("show", memory, "--labels").stdout.split()[:2] == ["label", "active"]
    assert run("show", memory, 1, "--labels").exit_code == 2


def test_exemplars_and_steps_are_listed_as_csv(made: tuple[Path, Path]) -> None:
    memory, _ = made
    found = rows("show", memory, "--label", "plant")
    assert [row["id"] for row in found] == [str(one["id"]) for one in lines("show", memory, "--label", "plant")]
    assert list(found[0]) == ["id", "label", "state", "trust", "source", "sha256"]
    assert run("history", memory, "--format", "csv").stdout == "step,when,state,edit\n"


REVIEWS = {
    "label": ["id", "label", "share", "suggested", "suggested_share", "likely"],
    "misled": ["id", "label", "wrong", "right", "value", "misleads"],
    "absence": ["id", "label", "wrong", "right", "value", "misleads"],
    "value": ["id", "label", "wrong", "right", "value", "misleads"],
    "duplicates": ["group", "id", "label", "distance", "conflict"],
}


@pytest.mark.parametrize("by", REVIEWS)
def test_what_should_be_looked_at_as_csv_is_what_json_lists(made: tuple[Path, Path], tmp_path: Path, by: str) -> None:
    images = paint_classes(tmp_path / "p")
    paint(tmp_path / "p" / "plant" / "alike.png", 1)
    paint(tmp_path / "p" / "animals" / "cat" / "alike.png", 1)
    assert run("build", images, tmp_path / "m.vmem", "--encoder", "fake").exit_code == 0
    place = tmp_path / "m.vmem"
    done = run("review", place, "--by", by, "--format", "csv")
    table = list(csv.DictReader(io.StringIO(done.stdout)))
    assert done.stdout.splitlines()[0].split(",") == REVIEWS[by]
    [told] = lines("review", place, "--by", by)
    if by == "duplicates":
        assert [(int(r["group"]), int(r["id"])) for r in table] == [
            (n, i) for n, group in enumerate(told["rows"], start=1) for i in group["ids"]
        ]
        assert {row["conflict"] for row in table} <= {"true", "false"} and table
    else:
        assert [int(row["id"]) for row in table] == [row["id"] for row in told["rows"]]

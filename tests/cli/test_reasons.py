"""The commands watch, impact, flip, attribute and the report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.test_commands import run, told
from tests.conftest import paint_image, write_images
from visualmemory_gui import VisualMemory


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    told("build", write_images(tmp_path / "images", each=5), tmp_path / "m.vmem", "--encoder", "fake")
    return tmp_path / "m.vmem"


@pytest.fixture
def query(tmp_path: Path) -> Path:
    paint_image((150, 100, 60), seed=99).save(tmp_path / "query.png")
    return tmp_path / "query.png"


def test_flip_names_strikes_that_do_it_and_lessons(memory: Path, query: Path) -> None:
    before = told("classify", memory, query)["label"]
    found = told("flip", memory, query)
    assert set(found) == {"image", "label", "to", "strikes", "lessons"}
    assert (found["label"], found["to"]) == (before, None)
    strikes = found["strikes"]
    assert strikes["count"] == len(strikes["ids"]) and isinstance(strikes["exact"], bool)
    told("strike", memory, *strikes["ids"])
    assert told("classify", memory, query)["label"] == strikes["label"] != before
    told("undo", memory)
    told("add", memory, query, "--label", "lynx")
    assert told("flip", memory, query, "--to", "lynx", "--level", "1", "-k", "3")["to"] == "lynx"


def test_flip_says_it_in_words_and_refuses_a_label_that_is_none(memory: Path, query: Path) -> None:
    text = run("flip", memory, query, "--to", "plants/rose").stdout
    assert "and it is plants/rose" in text and "or teach" in text
    assert run("flip", memory, query, "--to", "../x").exit_code == 1
    winner = told("classify", memory, query)["label"]
    assert "already the decision" in run("flip", memory, query, "--to", winner).stdout


def test_flip_on_an_empty_memory_has_nothing_to_compare_with(tmp_path: Path, query: Path) -> None:
    VisualMemory.create(tmp_path / "e.vmem", "fake").close()
    assert told("flip", tmp_path / "e.vmem", query) == {
        "image": str(query), "label": None, "to": None, "strikes": None, "lessons": None
    }  # fmt: skip
    assert run("attribute", tmp_path / "e.vmem", query).exit_code == 1


def test_impact_tells_what_the_edit_then_does_and_writes_nothing(memory: Path, tmp_path: Path) -> None:
    before = told("show", memory)
    previewed = told("impact", memory, "relabel", 1, 2, 3, 4, 5, "--label", "animals/dog")
    assert told("show", memory) == before
    assert set(previewed) == {"edit", "of", "watched", "fixed", "broken", "moved", "decisions"}
    assert (previewed["of"], previewed["watched"]) == (12, False)  # three of five are relabelled
    assert previewed["fixed"] + previewed["broken"] + previewed["moved"] == len(previewed["decisions"])
    rose = tmp_path / "images/animals/cat/0.png"
    for edit in (
        ["strike", 1, 2],
        ["strike", "--label", "plants"],
        ["restore", 1],
        ["reweigh", 1, "--to", 5],
        ["forget", 1, 2, 3],
        ["teach", rose, "--label", "plants/rose"],
    ):
        found = run("impact", memory, *edit)
        assert found.exit_code == 0, found.stderr
        assert found.stdout.startswith("would ")


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (["strike"], 2),
        (["strike", "one"], 2),
        (["relabel", 1], 2),
        (["teach", "x.png"], 2),
        (["teach", "--label", "x"], 2),
        (["prune", 1], 2),
        (["strike", 999], 1),
        (["reweigh", 1, "--to", 0], 1),
    ],
)
def test_impact_of_an_edit_that_cannot_be_is_refused(memory: Path, edit: list[object], code: int) -> None:
    found = run("impact", memory, *edit)
    assert found.exit_code == code
    assert "Traceback" not in found.stderr


def test_the_watch_set_is_filled_listed_checked_and_emptied(memory: Path, query: Path) -> None:
    assert told("watch", memory, "check") == {"watched": 0, "right": 0, "rows": []}
    added = told("watch", memory, "add", query, "--label", "plants/rose")
    assert added == {"watched": 1, "numbers": [1]}
    assert told("watch", memory, "list") == {"number": 1, "expected": "plants/rose", "source": str(query)}
    checked = told("watch", memory, "check")
    [row] = checked["rows"]
    assert (checked["watched"], row["expected"], row["right"]) == (1, "plants/rose", row["label"] == "plants/rose")
    previewed = told("impact", memory, "strike", "--label", "animals")
    assert (previewed["watched"], previewed["of"], previewed["fixed"]) == (True, 1, 1)
    assert previewed["decisions"][0]["kind"] == "fixed"
    assert run("watch", memory, "check").stdout.startswith("0 of 1 as expected")
    assert told("watch", memory, "remove", 1) == {"watched": 0, "numbers": [1]}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["add"], 2), (["remove"], 2), (["remove", "x"], 2), (["list", "x"], 2), (["remove", 7], 1)],
)
def test_watch_says_what_it_needs(memory: Path, arguments: list[object], code: int) -> None:
    assert run("watch", memory, *arguments).exit_code == code


def test_attribute_gives_cells_that_sum_to_the_cosine(memory: Path, query: Path, tmp_path: Path) -> None:
    found = told("attribute", memory, query, "--neighbour", 1, "--out", tmp_path / "map.png")
    assert (found["kind"], found["minus"], found["neighbour"]["id"]) == ("attribution", None, 1)
    assert sum(map(sum, found["cells"])) == pytest.approx(found["cosine"], abs=1e-5)
    with Image.open(tmp_path / "map.png") as image:
        assert image.width > 600
    lead = told("attribute", memory, query)
    assert lead["minus"] is not None
    assert sum(map(sum, lead["cells"])) == pytest.approx(lead["total"], abs=1e-5)
    assert "not a causal claim" in run("attribute", memory, query).stdout
    assert run("attribute", memory, query, "--out", tmp_path / "map.png").exit_code == 1
    assert run("attribute", memory, query, "--out", tmp_path / "map.gif").exit_code == 1
    assert run("attribute", memory, query, "--neighbour", 999).exit_code == 1


@pytest.mark.parametrize("name", ["r.html", "r.png"])
def test_export_writes_a_report_on_one_decision(memory: Path, query: Path, tmp_path: Path, name: str) -> None:
    done = run("export", memory, tmp_path / name, "--format", "report", "--image", query, "--json")
    assert json.loads(done.stdout)["label"] == told("classify", memory, query)["label"]
    assert (tmp_path / name).stat().st_size > 2000
    assert run("export", memory, tmp_path / name, "--format", "report", "--image", query).exit_code == 1


@pytest.mark.parametrize("arguments", [["r.html", "--format", "report"], ["r.parquet", "--image", "x.png"]])
def test_a_report_needs_its_image_and_only_a_report_has_one(memory: Path, tmp_path: Path, arguments: list[str]) -> None:
    to, *options = arguments
    assert run("export", memory, tmp_path / to, *options).exit_code == 2


def test_under_ridge_only_those_that_vote_are_listed_unless_all_are_asked_for(tmp_path: Path, query: Path) -> None:
    memory = tmp_path / "many.vmem"
    told("build", write_images(tmp_path / "many", each=40), memory, "--encoder", "fake")
    listed = told("classify", memory, query, "--rule", "ridge")["neighbours"]
    every = told("classify", memory, query, "--rule", "ridge", "--all")["neighbours"]
    assert 0 < len(listed) < len(every)
    assert [n["id"] for n in listed] == [n["id"] for n in every if n["weight"] > 0]
    assert sum(n["explains"] for n in every) == pytest.approx(1.0)
    said = run("classify", memory, query, "--rule", "ridge").stdout
    assert f"{len(every) - len(listed)} more of the {len(every)} nearest add nothing" in said
    assert "nearest add nothing" not in run("classify", memory, query, "--rule", "ridge", "--all").stdout
    by_rank = told("classify", memory, query)["neighbours"]
    assert by_rank == told("classify", memory, query, "--all")["neighbours"]

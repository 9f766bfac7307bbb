"""The command find, with the fake encoder, whose words are colours."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_commands import run, told
from tests.conftest import write_images
from visualmemory_gui import VisualMemory


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    room = tmp_path_factory.mktemp("find")
    told("build", write_images(room / "images", each=3), room / "m.vmem", "--encoder", "fake")
    return room / "m.vmem"


def test_images_are_listed_best_first_with_scores(memory: Path) -> None:
    found = told("find", memory, "something blue", "-n", "4")
    assert (found["text"], found["state"], len(found["found"])) == ("something blue", "active", 4)
    assert [row["label"] for row in found["found"][:3]] == ["plants/rose"] * 3
    assert [row["rank"] for row in found["found"]] == [1, 2, 3, 4]
    scores = [row["score"] for row in found["found"]]
    assert scores == sorted(scores, reverse=True) and all(-1 <= score <= 1 for score in scores)
    lines = run("find", memory, "something blue", "-n", "2").stdout.splitlines()
    assert lines[0].split() == ["rank", "id", "label", "score", "source"] and len(lines) == 3


def test_struck_exemplars_are_found_where_they_are_asked_for(memory: Path) -> None:
    told("strike", memory, 1)
    assert [row["id"] for row in told("find", memory, "red", "--state", "struck")["found"]] == [1]
    assert 1 not in [row["id"] for row in told("find", memory, "red")["found"]]
    told("undo", memory)


def test_what_cannot_be_searched_says_why(memory: Path, tmp_path: Path) -> None:
    assert run("find", memory, "red", "-n", "0").exit_code == 2
    empty = run("find", memory, " ")
    assert empty.exit_code == 1 and "1 to 500 characters" in empty.stderr
    VisualMemory.create(tmp_path / "lite.vmem", "lite0").close()
    wordless = run("find", tmp_path / "lite.vmem", "red")
    assert wordless.exit_code == 1 and "lite0 knows no words; those that do are clip-base-32" in wordless.stderr
    assert run("encoders", "--text").exit_code == 2

"""prune, tune and the reviews by value on the command line: JSON, words, dry runs, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.engine.study_memories import hubs, memory_of, noisy
from visualmemory_gui import VisualMemory
from visualmemory_gui.cli.main import app


def run(*arguments: object, code: int = 0) -> str:
    done = CliRunner().invoke(app, [str(a) for a in arguments])
    assert done.exit_code == code, done.output + done.stderr
    return done.stdout if code == 0 else done.stderr


@pytest.fixture
def place(tmp_path: Path) -> Path:
    vectors, labels, _ = noisy(240, seed=1)
    with memory_of(tmp_path, vectors, labels) as memory:
        return memory.path


@pytest.fixture
def lied_to(tmp_path: Path) -> Path:
    vectors, labels, _ = hubs(300, seed=1, liars=3)
    with memory_of(tmp_path, vectors, labels) as memory:
        memory.set("class_factor", "off")
        return memory.path


@pytest.mark.parametrize("method", ["hard", "difference", "soft", "value"])
def test_prune_says_what_it_did_and_undo_takes_it_back(place: Path, method: str) -> None:
    looked = json.loads(run("prune", place, "--method", method, "--dry-run", "--json"))
    assert looked["edit"] is None and json.loads(run("show", place, "--json"))["struck"] == 0
    done = json.loads(run("prune", place, "--method", method, "--json"))
    many = len(done["ids"])
    assert done["ids"] == looked["ids"] and many
    assert done["edit"] == f"Prune {'the trust of ' if method == 'soft' else ''}{many} exemplars"
    assert set(done["gain"]) == {"mean", "low", "high", "measurable", "helps", "words"}
    assert json.loads(run("show", place, "--json"))["struck"] == (0 if method == "soft" else many)
    run("undo", place)
    assert json.loads(run("show", place, "--json"))["struck"] == 0
    words = run("prune", place, "--method", method, "--dry-run")
    assert f"{many} exemplars of 240" in words and words.endswith("nothing was changed\n")


def test_tune_applies_what_helps(lied_to: Path) -> None:
    assert json.loads(run("tune", lied_to, "--dry-run", "--json"))["edit"] is None
    found = json.loads(run("tune", lied_to, "--json"))
    assert found["edit"] == f"Tune the trust of {len(found['trust'])} exemplars" and found["refused"] is None
    assert found["queries"] == {"fit": 153, "choose": 77, "report": 76, "of": 306} and found["gain"]["helps"]
    assert found["parameter"]["name"] == "offset" and found["steps"][0]["number"] == 0
    assert "points better" in run("tune", lied_to, "--dry-run") or "not applied" in run("tune", lied_to, "--dry-run")


def test_tune_refuses_what_does_not_help_and_says_so(tmp_path: Path) -> None:
    vectors, labels, _ = noisy(240, seed=2, flipped=0.0, spread=0.5)
    with memory_of(tmp_path, vectors, labels) as memory:
        place = memory.path
    found = json.loads(run("tune", place, "--json"))
    assert found["edit"] is None and found["refused"]
    assert "not applied: " in run("tune", place)
    assert "Tune" not in run("history", place)


def test_review_lists_only_what_is_likely_and_says_what_that_is_worth(place: Path) -> None:
    every = json.loads(run("review", place, "--by", "label", "--limit", 500, "--json"))
    likely = json.loads(run("review", place, "--by", "label", "--likely", "--limit", 500, "--json"))
    assert 0 < len(likely["rows"]) == every["likely"] < len(every["rows"]) == every["suspects"]
    assert likely["rows"] == [row for row in every["rows"] if row["likely"]] and likely["recall"] == 0.5
    said = run("review", place, "--by", "label", "--likely")
    assert f"{every['likely']} labels likely to be wrong. This list of {every['likely']} finds about half of " in said
    assert "wrong labels between similar classes hide" in said
    table = run("review", place, "--by", "label", "--likely", "--limit", 500, "--format", "csv").splitlines()
    assert len(table) == every["likely"] + 1 and all(line.endswith(",true") for line in table[1:])


def test_review_lists_suspects_by_label_and_suggestion(place: Path) -> None:
    every = json.loads(run("review", place, "--by", "label", "--limit", 500, "--json"))
    groups = json.loads(run("review", place, "--by", "label", "--groups", "--limit", 500, "--json"))["rows"]
    assert sorted(i for one in groups for i in one["ids"]) == sorted(row["id"] for row in every["rows"])
    of = {row["id"]: (row["label"], row["suggested"]) for row in every["rows"]}
    assert all(of[i] == (one["label"], one["suggested"]) for one in groups for i in one["ids"])
    assert "suggested" in run("review", place, "--by", "label", "--groups", "--likely")
    table = run("review", place, "--by", "label", "--groups", "--limit", 500, "--format", "csv").splitlines()
    assert table[0] == "label,suggested,id" and len(table) == every["suspects"] + 1
    assert "go with --by label" in run("review", place, "--by", "misled", "--groups", code=2)


@pytest.mark.parametrize("by", ["absence", "value", "misled"])
def test_review_lists_who_misleads(place: Path, by: str) -> None:
    found = json.loads(run("review", place, "--by", by, "--limit", 5, "--json"))
    assert len(found["rows"]) == 5 < found["misleading"] and found["looked_at"] == 240
    assert found["rows"][0]["misled"][0].keys() == {"id", "label", "distance"}
    assert (found["rule"], found["queries"], found["watched"]) == ("rank", 240, False)
    said = run("review", place, "--by", by)
    assert "of 240 mislead more than they help" in said
    assert ("values are of " in said) == (by != "misled")


@pytest.mark.parametrize("command", ["prune --method hard", "prune --method soft", "tune", "review --by value"])
def test_what_cannot_be_studied_is_told_without_a_traceback(tmp_path: Path, command: str) -> None:
    with VisualMemory.create(tmp_path / "one.vmem", dim=3) as memory:
        memory.add_vectors(np.eye(3, dtype=np.float32), ["a"] * 3)
    name, *rest = command.split()
    assert "one class" in run(name, tmp_path / "one.vmem", *rest, code=1)
    run("strike", tmp_path / "one.vmem", 1, 2, 3)
    assert "no active exemplar" in run(name, tmp_path / "one.vmem", *rest, code=1)


def test_without_a_watch_set_nobody_is_asked(place: Path) -> None:
    assert "no watch set" in run("prune", place, "--method", "value", "--judge", "watch", code=1)
    assert "--method" in run("prune", place, code=2)

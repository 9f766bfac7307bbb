"""What each command prints with --json, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from tests.conftest import clustered
from tests.engine.exchange.memories import paint, paint_classes
from tests.engine.exchange.test_video_frames import film
from visualmemory_gui.cli import build, main_exit
from visualmemory_gui.cli.main import app
from visualmemory_gui.engine.device import choice
from visualmemory_gui.engine.encoders import fake, lite, openvino_lite
from visualmemory_gui.engine.errors import Cancelled
from visualmemory_gui.engine.evaluation import encoder_comparison
from visualmemory_gui.engine.memory.visual_memory import VisualMemory
from visualmemory_gui.engine.store import vector_swap


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(one) for one in arguments])


def told(*arguments: object) -> Any:
    """The JSON a command prints; it must end well."""
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.stderr
    lines = done.stdout.splitlines()
    return json.loads(lines[0]) if len(lines) == 1 else [json.loads(line) for line in lines]


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return paint_classes(tmp_path / "images")


@pytest.fixture
def memory(tmp_path: Path, images: Path) -> Path:
    told("build", images, tmp_path / "m.vmem", "--encoder", "fake")
    return tmp_path / "m.vmem"


def test_build_tells_what_it_added_and_again_adds_what_is_new(tmp_path: Path, images: Path) -> None:
    (images / "notes.txt").write_text("no image")
    place = tmp_path / "m.vmem"
    first = told("build", images, place, "--encoder", "fake")
    assert (first["memory"], first["added"], first["unchanged"]) == (str(place), 12, 0)
    assert set(first["skipped"][0]) == {"path", "reason"}
    paint(images / "plant" / "new.png", 77)
    again = told("build", images, place)
    assert (again["added"], again["unchanged"]) == (1, 12)


def test_add_tells_ids_and_what_was_here(memory: Path, tmp_path: Path) -> None:
    new = paint(tmp_path / "new.png", 99)
    assert told("add", memory, new, "--label", "plant") == {
        "memory": str(memory), "added": 1, "skipped": [], "ids": [13]
    }  # fmt: skip
    again = run("add", memory, new, "--label", "plant", "--json")
    assert json.loads(again.stdout)["ids"] == [13]
    assert "already here as 13" in again.stderr


def test_add_of_a_folder_adds_its_images(memory: Path, tmp_path: Path) -> None:
    paint(tmp_path / "more" / "a.png", 5001)
    paint(tmp_path / "more" / "b.png", 5002)
    assert told("add", memory, tmp_path / "more", "--label", "x")["ids"] == [13, 14]


def test_a_bad_image_is_passed_over_in_a_folder_and_refused_by_name(memory: Path, tmp_path: Path) -> None:
    good, bad = paint(tmp_path / "more" / "good.png", 5003), tmp_path / "more" / "bad.png"
    bad.write_bytes(b"no")
    assert run("add", memory, good, bad, "--label", "x", "--json").exit_code == 1
    assert told("show", memory)["exemplars"] == 12
    found = told("add", memory, tmp_path / "more", "--label", "y")
    assert (found["added"], found["ids"], found["skipped"][0]["path"]) == (1, [13], str(bad))


@pytest.mark.parametrize("wrong", [["--group-by", "("], ["--device", "cuda"]])
def test_a_build_that_cannot_start_leaves_no_folder(tmp_path: Path, images: Path, wrong: list[str]) -> None:
    done = run("build", images, tmp_path / "n.vmem", "--encoder", "fake", *wrong)
    assert done.exit_code == (2 if "(" in wrong else 1) and not (tmp_path / "n.vmem").exists()


def no_weights(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The default encoder cannot load: its weights are not here."""
    monkeypatch.setattr(lite, "weights_file", lambda: None)
    monkeypatch.setattr(openvino_lite, "ready", lambda: False)
    return []


def stopped(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The user stops it before the first image is in."""

    def stop(*_: object) -> None:
        raise Cancelled

    monkeypatch.setattr(build.Progress, "__enter__", lambda _: stop)
    return ["--encoder", "fake"]


@pytest.mark.parametrize(("hinder", "words"), [(no_weights, "weights of lite0"), (stopped, "stopped")])
@pytest.mark.parametrize("there", [False, True])
def test_a_build_that_did_not_begin_makes_no_memory(
    tmp_path: Path,
    images: Path,
    monkeypatch: pytest.MonkeyPatch,
    hinder: Callable[[pytest.MonkeyPatch], list[str]],
    words: str,
    there: bool,
) -> None:
    place = tmp_path / "n.vmem"
    if there:
        place.mkdir()
    done = run("build", images, place, *hinder(monkeypatch))
    assert done.exit_code and words in done.stderr
    assert list(place.iterdir()) == [] if there else not place.exists()


def test_a_folder_without_an_image_makes_no_memory(tmp_path: Path) -> None:
    (tmp_path / "papers" / "cat").mkdir(parents=True)
    (tmp_path / "papers" / "cat" / "bad.png").write_bytes(b"no")
    done = run("build", tmp_path / "papers", tmp_path / "n.vmem", "--encoder", "fake", "--json")
    assert done.exit_code == 1 and "holds no image that can be read" in done.stderr
    assert len(json.loads(done.stdout)["skipped"]) == 1
    assert not (tmp_path / "n.vmem").exists()


def test_labels_are_found_however_their_letters_are_composed(memory: Path) -> None:
    told("relabel", memory, 1, 2, "--label", "animals/Caf\u00e9")
    typed = " animals / Cafe\u0301"
    assert len(told("show", memory, "--label", typed)) == 2
    for command in ("strike", "restore"):
        assert told(command, memory, "--label", typed)["ids"] == [1, 2]
    assert told("forget", memory, "--label", typed, "--yes")["forgotten"] == 2


def test_forgetting_a_label_reaches_what_undo_took_back(memory: Path, tmp_path: Path) -> None:
    told("add", memory, paint(tmp_path / "new.png", 98), "--label", "secret")
    told("undo", memory)
    assert told("forget", memory, "--label", "secret", "--yes")["forgotten"] == 1
    assert run("show", memory, "--state", "withdrawn", "--json").stdout == ""


def test_bytes_that_remain_are_an_error(memory: Path) -> None:
    copied = memory / "left.bin"
    copied.write_bytes((memory / "memory.sqlite").read_bytes())
    done = run("forget", memory, 1, "--yes", "--json")
    assert done.exit_code == 1 and json.loads(done.stdout)["status"] == "bytes remain"
    assert "some bytes remain" in done.stderr


def test_a_gpu_that_is_not_here_is_refused_with_what_is_here(memory: Path, images: Path) -> None:
    for device in ("cuda", "cuda:1"):
        assert run("settings", memory, "device", device).exit_code == 1
        asked = run("classify", memory, images / "plant" / "0.png", "--device", device)
        assert asked.exit_code == 1 and "on this computer; choose auto or cpu" in asked.stderr
    assert run("classify", memory, images / "plant" / "0.png", "--device", "tpu").exit_code == 2


def test_a_memory_set_to_a_gpu_that_is_not_here_works_on_the_cpu_and_says_so(memory: Path, images: Path) -> None:
    with pytest.MonkeyPatch.context() as elsewhere:
        elsewhere.setattr(choice, "usable", lambda: ("cuda", "cuda:0", "cuda:1"))
        told("settings", memory, "device", "cuda:1")
    another = paint(images / "plant" / "another.png", 77)
    assert told("show", memory)["index"] == {"kind": "exact", "current": True}
    asked = run("classify", memory, another)
    assert asked.exit_code == 0 and "note: cuda:1 is not on this computer: computing on the CPU" in asked.stderr
    assert told("forget", memory, 1, "--yes")["status"] == "done"


def test_show_sums_up_or_lists(memory: Path, images: Path) -> None:
    assert told("show", memory) == {
        "exemplars": 12, "active": 12, "struck": 0, "labels": {"animals/cat": 4, "animals/dog": 4, "plant": 4},
        "encoder": "fake", "dim": 64, "index": {"kind": "exact", "current": True},
    }  # fmt: skip
    one = told("show", memory, 3)
    assert list(one) == ["id", "label", "state", "trust", "source", "sha256"]
    assert Path(one["source"]).is_relative_to(images)
    assert len(told("show", memory, "--label", "animals")) == 8
    assert run("show", memory, "--state", "struck", "--json").stdout == ""


def test_classify_prints_the_decision_of_each_image(memory: Path, images: Path) -> None:
    decided = told("classify", memory, images / "plant" / "0.png", "-k", 3)
    assert list(decided) == [
        "image", "label", "share", "margin", "known", "confidence", "novelty", "class_set", "in_memory", "shares",
        "neighbours", "timings_ms",
    ]  # fmt: skip
    assert list(decided["novelty"]) == [
        "because", "reason", "distance", "largest_usual_distance", "neighbours", "total", "smallest_usual_total"
    ]  # fmt: skip
    assert decided["novelty"]["reason"].startswith("too few to tell: 12") and decided["class_set"] is None
    assert list(decided["neighbours"][0]) == ["id", "rank", "label", "distance", "weight", "share", "source"]
    assert list(decided["timings_ms"]) == ["decode", "encode", "search", "vote"]
    assert [n["rank"] for n in decided["neighbours"]] == [1, 2, 3]
    assert decided["label"] == "plant"


def test_one_bad_image_among_many_has_its_line(memory: Path, images: Path) -> None:
    bad = images / "bad.png"
    bad.write_bytes(b"no")
    done = run("classify", memory, bad, images / "plant" / "0.png", "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.exit_code == 1
    assert set(lines[0]) == {"image", "error"}
    assert lines[1]["neighbours"]


def test_k_above_the_active_count_returns_all(memory: Path, images: Path) -> None:
    assert len(told("classify", memory, images / "plant" / "0.png", "-k", 500)["neighbours"]) == 12


def test_an_empty_vote_has_no_label(memory: Path, images: Path) -> None:
    told("strike", memory, *range(1, 13))
    decided = told("classify", memory, images / "plant" / "0.png")
    assert (decided["label"], decided["share"], decided["shares"], decided["neighbours"]) == (None, None, {}, [])


def test_a_level_decides_by_the_first_part(memory: Path, images: Path) -> None:
    decided = told("classify", memory, images / "animals" / "cat" / "0.png", "--level", 1, "-k", 1)
    assert decided["shares"] == {"animals": 1.0}


EDITS = [
    (["strike", 1, 2], "Strike out 2 exemplars", [1, 2]),
    (["strike", "--label", "plant"], "Strike out 4 exemplars", None),
    (["relabel", 3, "--label", "x/y"], "Relabel 1 exemplar to x/y", [3]),
    (["reweigh", 3, "--to", 0.5], "Set the trust of 1 exemplar to 0.5", [3]),
    (["rename-label", "plant", "tree"], "Rename plant to tree", None),
    (["restore", 1], None, []),
]


@pytest.mark.parametrize(("arguments", "name", "ids"), EDITS)
def test_edits_tell_their_name_and_ids(
    memory: Path, arguments: list[object], name: str | None, ids: list[int] | None
) -> None:
    command, *rest = arguments
    done = told(command, memory, *rest)
    assert done["edit"] == name
    assert done["ids"] == ids if ids is not None else len(done["ids"]) == 4


def test_undo_and_redo_walk_the_history(memory: Path) -> None:
    assert told("undo", memory) == {"edit": None, "ids": []}
    told("strike", memory, 1)
    told("strike", memory, 2)
    assert told("undo", memory, "--steps", 2)["ids"] == [1, 2]
    assert told("redo", memory) == {"edit": "Strike out 1 exemplar", "ids": [1]}
    steps = told("history", memory)["steps"]
    assert [step["state"] for step in steps] == ["undone", "done"]
    assert [step["past"] for step in steps] == ["Struck out 1 exemplar"] * 2
    assert "Struck out 1 exemplar" in run("history", memory).stdout


def test_forget_gives_a_receipt(memory: Path) -> None:
    receipt = told("forget", memory, 1, 2, "--yes")
    assert (receipt["forgotten"], receipt["status"], receipt["hits"]) == (2, "done", 0)
    assert receipt["files_scanned"] > 0
    assert receipt["unreachable"]
    assert told("show", memory)["exemplars"] == 10


def test_forget_can_be_proved(memory: Path) -> None:
    assert told("forget", memory, 1, "--prove", "--yes")["proof"] == {"decisions": 1000, "different": 0}
    assert "1,000 decisions compared: all equal those" in run("forget", memory, 2, "--prove", "--yes").stdout


@pytest.mark.parametrize("how", [["--label", "animals"], ["--source", "images/animals"], ["--struck"]])
def test_forget_by_label_source_or_trash(memory: Path, tmp_path: Path, how: list[str]) -> None:
    told("strike", memory, "--label", "animals")
    how = [str(tmp_path / one) if "/" in one else one for one in how]
    assert told("forget", memory, *how, "--yes")["forgotten"] == 8


def test_evaluate_by_leave_one_out_and_on_a_folder(memory: Path, images: Path) -> None:
    found = told("evaluate", memory, "-k", 1, "-k", 5, "--rule", "rank")
    assert found["queries"] == 12
    assert list(found["accuracy"]) == ["rank"]
    assert list(found["accuracy"]["rank"]) == ["1", "5"]
    assert {"accuracy_by_level", "reliability_at_k", "calibration", "confusion"} <= set(found)
    everything = told("evaluate", memory, images)
    assert list(everything["accuracy"]) == ["plurality", "distance", "softmax", "rank"]


def test_verify_says_ok_and_names_damage(memory: Path, tmp_path: Path) -> None:
    assert told("verify", memory) == {"ok": True, "damage": []}
    told("add", memory, paint(tmp_path / "new.png", 5), "--label", "x")
    copy = next((memory / "images").rglob("*.png"))
    copy.write_bytes(b"changed")
    done = run("verify", memory, "--json")
    assert done.exit_code == 1
    assert set(json.loads(done.stdout)["damage"][0]) == {"what", "where", "detail"}


def test_settings_show_and_set(memory: Path) -> None:
    assert told("settings", memory)["k"] == 10
    assert told("settings", memory, "k", 7)["k"] == 7
    assert told("settings", memory, "k") == {"k": 7}


@pytest.mark.usefixtures("made_before")
def test_settings_names_what_new_memories_have_and_this_one_never_had(tmp_path: Path) -> None:
    with VisualMemory.create(tmp_path / "m.vmem", dim=4):
        pass
    said = run("settings", tmp_path / "m.vmem").stderr
    assert "rule was never set here; new memories have ridge" in said
    assert "class_factor was never set here; new memories have mean" in said
    assert said.endswith(f"What that would do to its accuracy: visualmemory settings {tmp_path / 'm.vmem'} --compare\n")
    told("settings", tmp_path / "m.vmem", "class_factor", "old")
    assert "class_factor" not in run("settings", tmp_path / "m.vmem").stderr
    told("settings", tmp_path / "m.vmem", "rule", "rank")
    assert run("settings", tmp_path / "m.vmem").stderr == ""


@pytest.mark.usefixtures("made_before")
def test_settings_says_in_figures_what_those_of_new_memories_would_do(tmp_path: Path) -> None:
    path = tmp_path / "m.vmem"
    with VisualMemory.create(path, dim=16) as memory:
        memory.add_vectors(*clustered(240, dim=16, classes=6, seed=3, spread=0.6))
    done = run("settings", path, "--compare")
    found = told("settings", path, "--compare")
    assert (found["settings"], found["queries"]) == ({"rule": "ridge", "class_factor": "mean"}, 240)
    assert f"On 240 exemplars of this one that is {found['gain']['words']}." in done.stdout
    assert f"To use it: visualmemory settings {path} class_factor mean" in done.stderr
    assert run("settings", path, "rule", "--compare").exit_code == 2
    for name, value in found["settings"].items():
        told("settings", path, name, value)
    assert told("settings", path, "--compare") is None
    assert "nothing to compare" in run("settings", path, "--compare").stdout


def test_upkeep_commands_report(memory: Path, images: Path) -> None:
    assert {"before", "after", "purged"} <= set(told("compact", memory, "--keep-history", "30d"))
    images.rename(images.with_name("moved"))
    assert told("relink", memory, images, images.with_name("moved")) == {"moved": 12, "missing": []}
    assert "lite0" in [one["name"] for one in told("encoders")["encoders"]]


def test_an_export_is_of_the_format_that_the_ending_says(memory: Path, tmp_path: Path, images: Path) -> None:
    for name, kind in (("a.vmemz", "bundle"), ("a.parquet", "parquet"), ("a.csv", "csv"), ("a", "imagefolder"),
                       ("a.json", "neighbours-json")):  # fmt: skip
        assert told("export", memory, tmp_path / name)["format"] == kind
    image = images / "plant" / "0.png"
    assert run("export", memory, tmp_path / "a.html", "--image", image).exit_code == 0
    for wrong, code in ((["a.png"], 2), (["b.vmemz", "--image", image], 2), (["b.vmemz", "--format", "csv"], 1)):
        assert run("export", memory, tmp_path / str(wrong[0]), *wrong[1:]).exit_code == code
    assert not (tmp_path / "b.vmemz").exists()


@pytest.mark.parametrize("kind", ["bundle", "parquet", "imagefolder"])
def test_export_and_import_report(memory: Path, tmp_path: Path, kind: str) -> None:
    done = told("export", memory, tmp_path / "out", "--format", kind)
    assert (done["exported"], done["format"]) == (12, kind)
    taken = told("import", tmp_path / "out", tmp_path / "n.vmem", "--encoder", "fake")
    assert (taken["added"], taken["memory"]) == (12, str(tmp_path / "n.vmem"))


def test_vote_answers_published_lists(tmp_path: Path) -> None:
    lists = {
        "q": {"neighbor_image_ids": ["a", "b", "c"], "neighbor_classes": [1, 2, 2], "neighbor_distances": [0, 1, 2]}
    }
    (tmp_path / "n.json").write_text(json.dumps(lists))
    (tmp_path / "x.json").write_text('["a"]')
    assert told("vote", tmp_path / "n.json", "--rule", "plurality") == {"q": {"prediction": 2}}
    at_k = told("vote", tmp_path / "n.json", "--rule", "plurality", "--at-each-k")
    assert at_k == {"q": {"prediction_at_k": [1, 1, 2]}}
    assert told("vote", tmp_path / "n.json", "--rule", "rank", "--exclude", tmp_path / "x.json")["q"]["prediction"] == 2


FAILURES = [
    (["show", "MISSING"], 1, "not a memory"),
    (["strike", "MEMORY", 999], 1, "no exemplar with id 999"),
    (["reweigh", "MEMORY", 1, "--to", 0], 1, "trust"),
    (["relabel", "MEMORY", 1, "--label", "a/../b"], 1, ".."),
    (["build", "MISSING", "NEW"], 1, "not a folder"),
    (["import", "MISSING", "NEW"], 1, "does not exist"),
    (["vote", "MISSING", "--rule", "rank"], 1, "cannot be read"),
    (["add", "MEMORY", "MISSING", "--label", "x"], 1, "error:"),
    (["settings", "MEMORY", "k", "0"], 1, "between"),
    (["forget", "MEMORY", 1], 2, "--yes"),
    (["forget", "MEMORY", "--yes"], 2, "name exemplars"),
    (["strike", "MEMORY"], 2, "name exemplars"),
    (["strike", "MEMORY", "one"], 2, "whole number"),
    (["classify", "MEMORY", "x.png", "-k", 0], 2, "-k"),
    (["classify", "MEMORY"], 2, "IMAGE"),
    (["classify", "MEMORY", "x.png", "--rule", "best"], 2, "best"),
    (["undo", "MEMORY", "--steps", 0], 2, "steps"),
    (["compact", "MEMORY", "--keep-history", "soon"], 2, "30d"),
    (["settings", "MEMORY", "nonsense"], 2, "nonsense"),
    (["nonsense"], 2, "nonsense"),
]


@pytest.mark.parametrize(("arguments", "code", "words"), FAILURES)
def test_failures_are_told_on_stderr_without_a_traceback(
    memory: Path, tmp_path: Path, arguments: list[object], code: int, words: str
) -> None:
    places = {"MEMORY": memory, "MISSING": tmp_path / "missing", "NEW": tmp_path / "new.vmem"}
    before = told("show", memory)
    done = run(*(places.get(str(one), one) for one in arguments))
    assert done.exit_code == code, done.output
    assert words in done.stderr
    assert "Traceback" not in done.output
    assert done.stdout == ""
    assert told("show", memory) == before
    assert not (tmp_path / "new.vmem").exists()


def test_people_read_tables(memory: Path, images: Path) -> None:
    assert run("show", memory).stdout.splitlines()[2].split() == ["label", "active"]
    listed = run("show", memory, 1, 12).stdout.splitlines()
    assert listed[0].startswith("id")
    assert len({line.index("active") for line in listed[1:]}) == 1
    for command in (["history", memory], ["evaluate", memory], ["verify", memory], ["settings", memory], ["encoders"]):
        assert run(*command).exit_code == 0
    assert "of the vote" in run("classify", memory, images / "plant" / "0.png").stdout


def test_review_lists_contradicted_labels_and_duplicates(memory: Path) -> None:
    told("relabel", memory, 1, "--label", "plant")
    found = told("review", memory, "--by", "label", "-k", 3)
    assert set(found) == {"looked_at", "suspects", "rule", "k", "likely", "recall", "rows"} and found["looked_at"] == 12
    assert (found["rule"], found["k"], found["likely"], found["recall"]) == ("ridge", 3, 0, None)  # of 12, nothing
    assert {"id", "label", "share", "suggested", "suggested_share", "against", "likely"} == set(found["rows"][0])
    pairs = told("review", memory, "--by", "duplicates", "--distance", 0.1)
    assert set(pairs) == {"groups", "conflicts", "rows"}
    assert run("review", memory, "--by", "duplicates", "--distance", 2).exit_code == 1
    assert run("review", memory, "--by", "beauty").exit_code == 2
    assert run("review", memory, "--by", "label", "-k", 0).exit_code == 2
    assert "suspect" in run("review", memory, "--by", "label").stdout
    assert "group" in run("review", memory, "--by", "duplicates").stdout


def test_one_step_is_reverted_and_later_work_stays(memory: Path) -> None:
    told("strike", memory, 1, 2, 3)
    told("relabel", memory, 4, "--label", "quite new")
    told("restore", memory, 3)
    step = next(s["step"] for s in told("history", memory)["steps"] if s["edit"] == "Strike out 3 exemplars")
    assert told("revert", memory, step) == {"edit": "Restore 2 exemplars", "ids": [1, 2], "left": [3]}
    assert told("show", memory)["struck"] == 0
    assert told("undo", memory)["edit"] == "Restore 2 exemplars"
    assert run("revert", memory, 999).exit_code == 1
    assert "left as they are" in run("revert", memory, step).stdout


def test_a_tag_names_a_state_to_compare_with(memory: Path) -> None:
    told("strike", memory, 1)
    assert told("tag", memory, "before")["tag"] == "before"
    told("strike", memory, 2)
    told("relabel", memory, 3, "--label", "quite new")
    found = told("diff", memory, "--since", "before")
    assert (found["struck"], [row["id"] for row in found["relabelled"]]) == ([2], [3])
    assert told("diff", memory, "--since", 0)["struck"] == [1, 2]
    assert told("diff", memory, "--since", "1h")["struck"] == [1, 2]
    assert told("diff", memory, "--since", "2999-01-01")["struck"] == []
    told("undo", memory, "--steps", 3)
    assert told("diff", memory, "--since", "before")["restored"] == [1]
    assert [t["tag"] for t in told("tag", memory)["tags"]] == ["before"]
    assert "restored" in run("diff", memory, "--since", "before").stdout
    assert run("diff", memory, "--since", "never").exit_code == 1
    assert run("tag", memory, "  ").exit_code == 1
    told("tag", memory, "before", "--delete")
    assert told("tag", memory)["tags"] == []


def test_an_image_that_is_in_the_memory_is_told_so_first(memory: Path, tmp_path: Path) -> None:
    new = paint(tmp_path / "new.png", 99)
    before = told("classify", memory, new, "--rule", "plurality", "-k", 12)
    assert before["in_memory"] == []
    label = next(label for label in before["shares"] if label != before["label"])
    told("add", memory, new, "--label", label)
    decision = told("classify", memory, new, "--rule", "plurality")
    assert decision["in_memory"] == [{"id": 13, "label": label}]
    said = run("classify", memory, new, "--rule", "plurality").stdout.splitlines()[0]
    assert said.startswith(f"{new}: in the memory as {label} (exemplar 13); taught as {label}; its neighbours ")


def test_a_tagged_state_that_was_undone_stays_on_a_branch(memory: Path) -> None:
    told("strike", memory, 1)
    told("tag", memory, "clean")
    undone = run("undo", memory)
    assert "tagged and undone: clean" in undone.stderr
    assert [t["undone"] for t in told("tag", memory)["tags"]] == [True]
    assert told("strike", memory, 2)["ids"] == [2]
    assert [t["branch"] for t in told("tag", memory)["tags"]] == [True]
    listed = told("history", memory)
    assert [step["edit"] for step in listed["steps"]] == ["Strike out 1 exemplar"]
    assert [(step["state"], step["after"]) for step in listed["branches"]] == [("branch", 0)]
    assert "branch after 0" in run("history", memory).stdout
    assert told("diff", memory, "--since", "clean")["restored"] == [1]
    assert told("tag", memory, "clean", "--go")["ids"] == [1, 2]
    assert told("show", memory, "--state", "struck")["id"] == 1
    assert run("tag", memory, "never", "--go").exit_code == 1
    assert told("verify", memory)["ok"]


def test_what_a_memory_does_not_know_is_measured_against_a_folder(memory: Path, tmp_path: Path) -> None:
    for i in range(6):
        paint(tmp_path / "strange" / f"{i}.png", 900 + i)
    (tmp_path / "strange" / "broken.png").write_bytes(b"no image")
    found = told("novelty", memory, "--unknown", tmp_path / "strange")
    assert len(found["unknown"]) == 6 and 0 <= found["auroc"] <= 1 and 0 <= found["fpr_at_95"] <= 1
    done = run("novelty", memory, "--unknown", tmp_path / "strange")
    assert "AUROC" in done.stdout and "broken.png" in done.stderr


def test_the_tests_for_unknown_images_are_measured_on_hidden_classes_and_set(memory: Path) -> None:
    found = told("novelty", memory, "--between", "0.9", "--unlike", "off")
    assert len(found["hidden"]) == 1 and set(found["reasons"]["unlike"]["at"]) == {
        "0.9",
        "0.95",
        "0.98",
        "0.99",
        "0.995",
    }
    settings = told("settings", memory)
    assert (settings["between"], settings["between_quantile"], settings["unlike"]) == (True, 0.9, False)
    done = run("novelty", memory, "--unlike", "2")
    assert done.exit_code == 1 and "unlike_quantile must be between 0.5 and 0.9999" in done.stderr


@pytest.fixture
def many(tmp_path: Path) -> Path:
    told("build", paint_classes(tmp_path / "many", each=12), tmp_path / "many.vmem", "--encoder", "fake")
    return tmp_path / "many.vmem"


def test_classes_are_added_for_the_sake_of_argument(many: Path, tmp_path: Path) -> None:
    found = told("classes", many)
    assert [step["shots"] for step in found["steps"]] == [0, 1, 3, 10, None]
    for i in range(5):
        paint(tmp_path / "new" / "mineral" / "quartz" / f"{i}.png", 700 + i)
    added = told("classes", many, "--new", tmp_path / "new")
    assert added["new_classes"] == ["mineral/quartz"] and added["new_queries"] >= 1
    assert told("show", many)["exemplars"] == 36
    held = next(iter(told("show", many)["labels"]))
    paint(tmp_path / "new" / held / "more.png", 900)
    done = run("classes", many, "--new", tmp_path / "new")
    said = [line for line in done.stderr.splitlines() if not line.startswith("adding classes: ")]  # how far it is
    assert done.exit_code == 0 and said[-1].endswith(f"left out, because the memory already holds them: {held}")
    assert "old before" in run("classes", many).stdout
    assert "level 1" in run("levels", many).stdout


def test_scaling_and_a_map(many: Path, tmp_path: Path) -> None:
    found = told("scaling", many)
    assert len(found["points"]) >= 2 and found["power"].keys() == {"a", "b", "rmse"}
    assert "log error" in run("scaling", many).stdout
    as_published = told("scaling", many, "--log10")
    assert (found["log10"], as_published["log10"]) == (False, True)
    assert as_published["power"]["a"] == found["power"]["a"]
    assert "log10(error in %)" in run("scaling", many, "--log10").stdout
    assert len(told("map", many)["points"]) == 36
    table = tmp_path / "map.csv"
    assert run("map", many, "--out", table).exit_code == 0
    assert table.read_text().splitlines()[0] == "id,x,y,label" and len(table.read_text().splitlines()) == 37
    again = run("map", many, "--out", table)
    assert again.exit_code == 1 and "already exists" in again.stderr


def test_pages_that_were_not_taken_are_named(memory: Path, images: Path, tmp_path: Path) -> None:
    first, *rest = (Image.new("RGB", (40, 40), (seed, 90, 10)) for seed in range(3))
    first.save(tmp_path / "scans.tif", save_all=True, append_images=rest)
    rest[0].save(images / "plant" / "more.tif", save_all=True, append_images=rest)
    said = run("add", memory, tmp_path / "scans.tif", "--label", "scans")
    assert f"{tmp_path / 'scans.tif'}: only the first of 3 pages was taken" in said.stderr
    assert told("build", images, memory)["first_pages"] == [{"path": str(images / "plant" / "more.tif"), "pages": 3}]
    assert "first_pages" not in told("build", images, memory)


def test_frames_says_what_it_saved_and_why_it_could_not(tmp_path: Path) -> None:
    film(tmp_path / "a.mkv")
    found = told("frames", tmp_path / "a.mkv", tmp_path / "f", "--every", "2")
    assert found == {"folder": str(tmp_path / "f"), "frames": 3, "reason": None}
    whole = (tmp_path / "a.mkv").read_bytes()
    (tmp_path / "cut.mkv").write_bytes(whole[: len(whole) // 2])
    assert "damaged or incomplete; read up to" in run("frames", tmp_path / "cut.mkv", tmp_path / "g").stderr
    refused = run("frames", tmp_path / "none.mp4", tmp_path / "h")
    assert refused.exit_code == 1 and refused.stderr.startswith(f"error: {tmp_path / 'none.mp4'}: ")


def test_a_memory_goes_to_another_encoder_and_both_are_compared(
    memory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fake, "IDENTITY", replace(fake.IDENTITY, preprocess="another"))
    monkeypatch.setattr(fake.FakeEncoder, "identity", fake.IDENTITY)
    with VisualMemory.open(memory, readonly=True) as m:
        gone, *_ = m.catalog.select()
    Path(str(gone.source)).unlink()
    new = tmp_path / "new.vmem"
    told_of = told("reembed", memory, new, "--encoder", "fake")
    assert (told_of["memory"], told_of["encoder"], told_of["dim"], told_of["exemplars"]) == (str(new), "fake", 64, 11)
    left = {"label": gone.label, "state": "active", "path": gone.source, "reason": "the original is no longer there"}
    assert told_of["skipped"] == [{"id": gone.id, **left}]
    assert told_of["comparison"]["queries"] == 11
    assert set(told_of["comparison"]["gain"]) == {"mean", "low", "high", "measurable", "helps", "words"}
    again = run("reembed", memory, new, "--encoder", "fake")
    assert again.exit_code == 1
    assert "is a memory already" in again.stderr
    monkeypatch.chdir(tmp_path)
    plain = run("reembed", memory.name, "plain.vmem", "--encoder", "fake")
    assert "11 exemplars under fake, 1 left out" in plain.stdout
    assert "each decided by the others" in plain.stdout
    assert f"left out {gone.id} ({gone.label}), {gone.source}: the original is no longer there" in plain.stderr


@pytest.mark.parametrize(
    "where, says, made",
    [
        ((vector_swap, "replace"), "is not made yet; the same command goes on where it was", False),
        ((encoder_comparison, "compare"), "is made; only the comparison was stopped", True),
    ],
)
def test_a_reembed_that_is_stopped_says_what_is_there(
    memory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: tuple[ModuleType, str], says: str, made: bool
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise Cancelled

    monkeypatch.setattr(fake, "IDENTITY", replace(fake.IDENTITY, preprocess="another"))
    monkeypatch.setattr(fake.FakeEncoder, "identity", fake.IDENTITY)
    monkeypatch.setattr(*where, stop)
    done = run("reembed", memory, tmp_path / "new.vmem", "--encoder", "fake")
    assert done.exit_code == main_exit.STOPPED and says in done.stderr
    assert (run("show", tmp_path / "new.vmem").exit_code == 0) is made


def test_a_memory_is_built_of_vectors_made_elsewhere(tmp_path: Path, images: Path) -> None:
    file, place = tmp_path / "v.npz", tmp_path / "m.vmem"
    np.savez(file, vectors=np.eye(3, dtype=np.float32), labels=["a", "b", "b"])
    assert told("build", "--vectors", file, place) == {
        "memory": str(place), "added": 3, "skipped": [], "unchanged": 0, "links": 0
    }  # fmt: skip
    assert told("build", "--vectors", file, place)["unchanged"] == 3
    assert told("show", place)["labels"] == {"a": 1, "b": 2}
    vectors = ["build", "--vectors", file]
    for wrong in ([*vectors, images, place], [*vectors, place, "--copy"], ["build", images]):
        assert run(*wrong).exit_code == 2
    missing = run("build", "--vectors", tmp_path / "none.npz", tmp_path / "n.vmem")
    assert missing.exit_code == 1
    assert "none.npz" in missing.stderr
    assert not (tmp_path / "n.vmem").exists()


def test_a_memory_is_built_of_images_with_a_table_of_their_labels(tmp_path: Path) -> None:
    folder, place = tmp_path / "set", tmp_path / "m.vmem"
    paint(folder / "one.png", 1)
    (folder / "metadata.csv").write_text("file_name,label\none.png,first\n")
    assert run("build", folder, place, "--group-by", "x").exit_code == 2
    assert told("build", folder, place, "--encoder", "fake")["added"] == 1
    assert told("build", folder, place)["unchanged"] == 1
    assert [one["label"] for one in [told("show", place, 1)]] == ["first"]
    assert not (place / "images").exists()


@pytest.fixture
def other(memory: Path, images: Path, tmp_path: Path) -> Path:
    """A memory that has one image more than ``memory``, and one under another label."""
    place = tmp_path / "other.vmem"
    paint(images / "plant" / "new.png", 77)
    told("build", images, place, "--encoder", "fake")
    [moved] = [one for one in shown(place) if one["source"].endswith("cat/0.png")]
    told("relabel", place, moved["id"], "--label", "lynx")
    return place


def shown(memory: Path) -> list[dict[str, Any]]:
    """All exemplars."""
    found: list[dict[str, Any]] = told("show", memory, "--state", "active")
    return found


def test_compare_says_what_differs_and_how_both_decide(memory: Path, other: Path) -> None:
    found = told("compare", memory, other)
    assert (found["same"], found["only"], len(found["only_other"])) == (11, [], 1)
    [conflict] = found["conflicts"]
    assert conflict["label"] == ["animals/cat", "lynx"]
    assert found["labels"] == {"animals/cat": [4, 3], "lynx": [0, 1], "plant": [4, 5]}
    assert found["decisions"]["queries"] == 11
    assert found["decisions"]["gain"]["low"] <= found["decisions"]["gain"]["mean"] <= found["decisions"]["gain"]["high"]
    text = run("compare", memory, other).stdout
    assert "held otherwise: 1 exemplar (1 label)" in text and "animals/cat | lynx" in text
    assert "that both hold, each decided by the others" in text
    assert told("compare", memory, memory)["same"] == 12
    assert f"each decided by the others: {memory} " in run("compare", memory, memory).stdout
    assert "decided" not in run("compare", memory, other, "--no-decisions").stdout


def test_merge_lists_conflicts_until_one_says_what_becomes_of_them(memory: Path, other: Path) -> None:
    done = run("merge", memory, other, "--json")
    assert (done.exit_code, json.loads(done.stdout)["edit"]) == (1, None)
    assert len(json.loads(done.stdout)["conflicts"]) == 1
    assert "nothing was merged: say which to keep" in done.stderr
    assert "animals/cat | lynx" in run("merge", memory, other).stdout
    assert told("history", memory)["steps"] == []
    taken = told("merge", memory, other, "--conflicts", "take")
    assert (taken["edit"], taken["added"], taken["settled"], taken["unchanged"]) == ("Merge in 2 exemplars", 1, 1, 11)
    assert told("compare", memory, other)["conflicts"] == []
    assert told("undo", memory)["edit"] == "Merge in 2 exemplars"
    assert "got 1 exemplar; 11 were here already" in run("merge", memory, other, "--conflicts", "keep").stdout


def test_merge_makes_a_memory_that_is_missing(other: Path, tmp_path: Path) -> None:
    assert told("merge", tmp_path / "new.vmem", other)["added"] == 13
    assert told("compare", tmp_path / "new.vmem", other)["same"] == 13
    assert told("history", tmp_path / "new.vmem")["steps"] == []


def test_merge_refuses_another_encoder_and_makes_nothing(memory: Path, tmp_path: Path) -> None:
    with VisualMemory.create(tmp_path / "vectors.vmem", dim=4) as m:
        m.add_vectors(np.eye(4, dtype=np.float32), list("abcd"))
    done = run("merge", memory, tmp_path / "vectors.vmem")
    assert done.exit_code == 1 and "cannot be compared" in done.stderr
    done = run("merge", tmp_path / "new.vmem", tmp_path / "nothing.vmem")
    assert done.exit_code == 1 and not (tmp_path / "new.vmem").exists()

"""evaluate: on a memory, against kept runs, and on published neighbour lists."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_commands import images, memory, run, told  # noqa: F401  (fixtures)
from tests.conftest import clustered
from visualmemory_gui.engine.memory.visual_memory import VisualMemory


def test_it_tells_every_figure_of_a_memory(memory: Path) -> None:  # noqa: F811
    found = told("evaluate", memory)
    assert {"per_class", "sweeps", "confidence", "reliability_fit", "query_set", "run", "compared"} <= set(found)
    assert sum(one["support"] for one in found["per_class"].values()) == found["queries"] == 12
    assert found["sweeps"]["rank"]["parameter"] == "offset"
    assert found["sweeps"]["rank"]["accuracy"]["2"] == found["accuracy"]["rank"]
    assert found["confidence"] is None
    assert found["run"] is None
    shown = run("evaluate", memory).stdout
    assert "the hardest classes at the full label" in shown
    for words in (" % at the full label, ", " % at level 1", "full label  ", "level 1  "):
        assert words in shown
    assert set(found["per_class_by_level"]) == {"0", "1"} and found["level"] == 0


def test_it_says_at_which_level_the_memory_decides(memory: Path) -> None:  # noqa: F811
    told("settings", memory, "level", 1)
    shown = run("evaluate", memory).stdout
    assert "this memory decides at level 1" in shown and "the hardest classes at level 1" in shown


def test_kept_runs_are_listed_and_compared_on_the_same_queries(memory: Path) -> None:  # noqa: F811
    assert told("evaluate", memory, "--keep")["run"] == 1
    assert told("evaluate", memory)["compared"][0]["run"] == 1
    assert "against run 1" in run("evaluate", memory).stdout
    told("strike", memory, 1)
    assert told("evaluate", memory)["compared"] == []
    again = told("evaluate", memory, "--queries", 1, "--keep")
    assert again["queries"] == 12
    assert [one["run"] for one in again["compared"]] == [1]
    assert again["run"] == 2
    listed = told("evaluate", memory, "--runs")
    assert [one["number"] for one in listed] == [1, 2]
    assert listed[0]["query_set"] == listed[1]["query_set"]
    assert "as in run 1" in run("evaluate", memory, "--runs").stdout
    done = run("evaluate", memory, "--queries", 9)
    assert (done.exit_code, "unknown run 9" in done.stderr) == (1, True)


def test_runs_on_a_folder_can_be_kept_but_not_asked_again_without_it(memory: Path, images: Path) -> None:  # noqa: F811
    assert told("evaluate", memory, images, "--keep")["run"] == 1
    done = run("evaluate", memory, "--queries", 1)
    assert (done.exit_code, "TEST_FOLDER" in done.stderr) == (1, True)
    assert told("evaluate", memory, images)["compared"][0]["run"] == 1


def test_forgetting_takes_the_kept_runs_along(memory: Path) -> None:  # noqa: F811
    told("evaluate", memory, "--keep")
    told("forget", memory, 2, "--yes")
    assert told("evaluate", memory, "--runs") == []


def test_test_images_of_unknown_labels_are_wrong_but_counted(memory: Path, images: Path) -> None:  # noqa: F811
    (images / "plant").rename(images / "never seen")
    found = told("evaluate", memory, images)
    assert found["per_class"]["never seen"] == {"support": 4, "accuracy": 0.0}


def test_a_memory_of_one_class_and_one_all_struck(memory: Path) -> None:  # noqa: F811
    with VisualMemory.open(memory) as m:
        m.relabel(m.snapshot.ids.tolist(), "all one")
    assert told("evaluate", memory)["accuracy"]["rank"]["5"] == 1.0
    with VisualMemory.open(memory) as m:
        m.strike(m.snapshot.ids.tolist())
    done = run("evaluate", memory)
    assert (done.exit_code, "nothing to evaluate" in done.stderr) == (1, True)


def test_lists_written_from_a_memory_give_its_own_figures(memory: Path, tmp_path: Path) -> None:  # noqa: F811
    told("settings", memory, "class_factor", "off")
    lists = tmp_path / "lists.json"
    assert told("export", memory, lists, "--format", "neighbours-json")["exported"] == 12
    records = json.loads(lists.read_text())
    assert set(records["1"]) == {
        "featurizer", "image_id", "image_class", "neighbor_image_ids", "neighbor_classes", "neighbor_distances",
    }  # fmt: skip
    assert all(query not in one["neighbor_image_ids"] for query, one in records.items())
    assert str(tmp_path) not in lists.read_text()
    of_lists, of_memory = told("evaluate", "--neighbours", lists), told("evaluate", memory)
    for rule, by_k in of_lists["accuracy"].items():
        assert by_k == {k: of_memory["accuracy"][rule][k] for k in by_k}
    assert of_lists["reliability_at_k"] == of_memory["reliability_at_k"]
    assert told("vote", lists, "--rule", "rank")["1"]["prediction"] is not None


def test_pruned_lists_are_told_both_ways(memory: Path, tmp_path: Path) -> None:  # noqa: F811
    lists = tmp_path / "lists.json"
    told("export", memory, lists, "--format", "neighbours-json")
    found = told("evaluate", "--neighbours", lists, "--train", lists, "--prune-m", 5, "--prune-n", 2)
    assert found["pruning"]["m"] == 5
    assert found["pruning"]["judged"] == 12
    assert {"positions", "refill", "soft", "best_on_these_queries"} <= set(found)
    shown = run("evaluate", "--neighbours", lists, "--train", lists)
    assert "best on these very queries" in shown.stdout
    assert "no gain is reported" in shown.stderr


def test_lists_are_read_as_the_papers_notebook_reads_them(memory: Path, tmp_path: Path) -> None:  # noqa: F811
    lists = tmp_path / "lists.json"
    told("export", memory, lists, "--format", "neighbours-json")
    records = json.loads(lists.read_text())
    records["1"]["image_class"] = []
    lists.write_text(json.dumps(records))
    options = ["--normalise", "--without-own", "--equal-length", "--unlabelled-wrong", "--sweep"]
    found = told("evaluate", "--neighbours", lists, *options)
    assert found["reading"] == dict.fromkeys(("without_own", "equal_length", "normalise", "unlabelled_wrong"), True)
    assert (found["queries"], found["unlabelled"]) == (12, 1)
    assert set(found["sweeps"]) == {"distance", "softmax", "rank"}
    shown = run("evaluate", "--neighbours", lists, "--sweep")
    assert "temperature of softmax" in shown.stdout
    assert "1 list without image_class not counted" in shown.stderr
    assert "1 list without image_class counted as wrong" in run("evaluate", "--neighbours", lists, *options).stderr
    assert told("vote", lists, "--rule", "softmax", "--normalise").keys() == records.keys()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["MEMORY", "--neighbours", "LISTS"],
        ["MEMORY", "--train", "LISTS"],
        ["MEMORY", "--normalise"],
        ["MEMORY", "--sweep"],
        ["--neighbours", "LISTS", "--keep"],
        ["--neighbours", "LISTS", "--equal-length"],
    ],
)
def test_what_does_not_go_together_is_misuse(arguments: list[str], memory: Path) -> None:  # noqa: F811
    named = [str(memory) if one == "MEMORY" else one for one in arguments]
    assert run("evaluate", *named).exit_code == 2


def test_a_bad_list_file_is_one_clear_line(tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text('{"q": {"image_class": 0}}')
    done = run("evaluate", "--neighbours", bad)
    assert done.exit_code == 1
    assert done.stderr.strip().endswith("query q: neighbor_image_ids is missing")


def test_those_to_blame_are_named_with_the_fix(tmp_path: Path) -> None:
    vectors, labels = clustered(200, dim=8, classes=4, seed=1, spread=0.8)
    place = tmp_path / "m.vmem"
    with VisualMemory.create(place, dim=8) as m:
        m.add_vectors(vectors, labels)
    confusion = told("evaluate", place)["confusion"]
    true, wrong = next((t, p) for t, row in confusion.items() for p in row if p != t)
    found = told("evaluate", place, "--blame", true, wrong)
    assert found["queries"] == confusion[true][wrong]
    assert {one["fix"] for one in found["blamed"]} <= {"strike", "relabel"}
    assert found["words"] in run("evaluate", place, "--blame", true, wrong).stdout
    done = run("evaluate", place, "--blame", true, true)
    assert (done.exit_code, "is decided as" in done.stderr) == (1, True)


@pytest.fixture
def measurable(tmp_path: Path) -> Path:
    """A memory that decides by the nearest alone, where more neighbours are right more often."""
    with VisualMemory.create(tmp_path / "blurred.vmem", dim=16) as m:
        m.add_vectors(*clustered(300, dim=16, classes=6, seed=0, spread=0.4))
        m.set_all({"rule": "plurality", "k": 1, "class_factor": "off"})
    return tmp_path / "blurred.vmem"


def test_settings_are_suggested_and_applied(measurable: Path) -> None:
    found = told("evaluate", measurable, "--suggest")
    assert found["helps"] and not found["applied"]
    assert found["best"]["accuracy"] > found["now"]["accuracy"]
    assert told("settings", measurable)["rule"] == "plurality"
    shown = run("evaluate", measurable, "--suggest", "--apply").stdout
    assert "Chosen on 150 exemplars and measured on 150 others, each decided by all others." in shown
    assert " points better (" in shown and "classes that change most at the full label" in shown
    assert "the full label: " in shown and "Applied. To go back:" in shown
    after = told("settings", measurable)
    assert {name: after[name] for name in found["changes"]} == found["changes"]
    for name in found["changes"]:
        assert f"visualmemory settings {measurable} {name} " in shown
    again = told("evaluate", measurable, "--suggest", "--apply")
    assert not again["helps"] and not again["applied"]


def test_what_cannot_be_suggested_says_why(memory: Path, images: Path) -> None:  # noqa: F811
    done = run("evaluate", memory, "--suggest")
    assert (done.exit_code, "12 exemplars are too few to choose settings by" in done.stderr) == (1, True)
    for wrong in (["--apply"], ["--level", 1], ["--suggest", "--keep"], ["--suggest", "--level", "-1"]):
        assert run("evaluate", memory, *wrong).exit_code == 2
    assert run("evaluate", memory, images, "--suggest").exit_code == 2
    assert run("evaluate", "--suggest").exit_code == 2

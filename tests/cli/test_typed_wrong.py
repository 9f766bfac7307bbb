"""What a person mistypes at the command line: nothing happens, and the answer says what might have been meant."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_bad_input import call, misused, refused, told, unchanged
from tests.engine.exchange.memories import paint, paint_classes

PATIENCE_S = 30


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    told("build", paint_classes(tmp_path / "images"), tmp_path / "m.vmem", "--encoder", "fake")
    return tmp_path / "m.vmem"


@pytest.mark.parametrize("command", ["strike", "restore", "forget --yes", "impact strike", "rename-label"])
def test_a_label_that_nobody_has_is_an_error_that_names_its_neighbours(memory: Path, command: str) -> None:
    name, *rest = command.split()
    verb = [one for one in rest if not one.startswith("-")]
    flags = [one for one in rest if one.startswith("-")]
    for typed, meant in (("plnat", "plant"), ("animals/cta", "animals/cat"), ("Animals", "animals"), ("dgo", "dog")):
        given = [typed, "new"] if name == "rename-label" else ["--label", typed]
        with unchanged(memory):
            line = refused(name, memory, *verb, *given, *flags, words=f"no exemplar has the label {typed!r}")
        assert "did you mean" in line and meant in line.partition("did you mean")[2]


def test_a_label_that_is_like_no_other_is_refused_without_a_guess(memory: Path) -> None:
    with unchanged(memory):
        assert "mean" not in refused("strike", memory, "--label", "xyz", words="no exemplar has the label")
        refused("strike", memory, 1, "--label", "xyz", words="no exemplar has the label")


def test_a_source_that_brought_nothing_is_an_error(memory: Path, tmp_path: Path) -> None:
    with unchanged(memory):
        refused("forget", memory, "--source", tmp_path / "pitcures", "--yes", words="no exemplar came from")


def test_an_empty_name_is_not_the_working_folder(memory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path / "images")
    with unchanged(memory):
        misused("add", memory, "", "--label", "new", words="one here is empty")
        misused("classify", memory, "", words="one here is empty")


def test_an_empty_trash_is_no_error(memory: Path) -> None:
    assert told("forget", memory, "--struck", "--yes")[0]["forgotten"] == 0


def test_a_tag_moves_only_when_it_is_asked_to(memory: Path) -> None:
    told("tag", memory, "clean")
    told("tag", memory, "clean")  # the same state: nothing moves
    told("strike", memory, 1)
    with unchanged(memory):
        refused("tag", memory, "clean", words="names the state before the first step already")
        assert told("diff", memory, "--since", "clean")[0]["struck"] == [1]
    told("tag", memory, "clean", "--move")
    assert told("diff", memory, "--since", "clean")[0]["struck"] == []
    told("strike", memory, 2)
    refused("tag", memory, "clean", words="names the state after step")


@pytest.mark.parametrize(
    "name", ["3", "0", " 12 ", "2026-01-31", "2026-01-31T10:00", "90m", "2h", "7d", "7D", "30s", "2w"]
)
def test_a_tag_that_reads_as_a_step_or_a_time_is_refused(memory: Path, name: str) -> None:
    refused("tag", memory, name, words="reads as a step or a time")
    assert told("tag", memory)[0]["tags"] == []


@pytest.mark.parametrize("name", ["v3", "3rd", "before 2026", "7 d", "monday", "2h-later"])
def test_a_tag_that_only_holds_a_number_is_taken(memory: Path, name: str) -> None:
    assert told("tag", memory, name)[0]["tag"] == name


def process(*arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "visualmemory_gui", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE_S, stdin=subprocess.DEVNULL,
        env={**os.environ, **variables},
    )  # fmt: skip


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A FIFO that nobody writes to: who opens it waits for ever."""
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


def test_a_pipe_in_place_of_a_file_is_refused_and_not_waited_for(memory: Path, pipe: Path, tmp_path: Path) -> None:
    lists = tmp_path / "n.json"
    lists.write_text('{"q": {"neighbor_image_ids": ["a"], "neighbor_classes": [1], "neighbor_distances": [0]}}')
    calls = [
        ["vote", pipe, "--rule", "rank"],
        ["vote", lists, "--rule", "rank", "--exclude", pipe],
        ["vote", lists, "--rule", "rank", "--trust", pipe],
        ["evaluate", "--neighbours", pipe],
        ["evaluate", "--neighbours", lists, "--train", pipe],
        ["evaluate", memory, pipe],
        ["classify", memory, pipe],
        ["add", memory, pipe, "--label", "x"],
        ["build", pipe, tmp_path / "n.vmem"],
        ["import", pipe, tmp_path / "n.vmem"],
        ["novelty", memory, "--unknown", pipe],
        ["relink", memory, tmp_path / "images", pipe],
        ["export", memory, tmp_path / "r.html", "--format", "report", "--image", pipe],
        ["watch", memory, "add", pipe, "--label", "x"],
        ["flip", memory, pipe],
        ["show", pipe],
    ]
    for arguments in calls:
        done = process(*arguments)
        assert done.returncode == (0 if arguments[0] == "relink" else 1), (arguments, done.stderr)
        assert "pipe" in done.stderr or "images" in done.stderr, (arguments, done.stderr)
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("file", ["/dev/zero", "/dev/tty"])
def test_a_device_is_no_file(file: str) -> None:
    done = process("vote", file, "--rule", "rank")
    assert done.returncode == 1 and f"{file} is a device" in done.stderr


def test_the_demo_says_at_once_that_there_is_no_display(tmp_path: Path) -> None:
    done = process("demo", "--to", tmp_path / "demo.vmem", DISPLAY="", WAYLAND_DISPLAY="", QT_QPA_PLATFORM="")
    assert done.returncode == 1
    assert "no display" in done.stderr and "--screenshot" in done.stderr and "--no-gui" in done.stderr
    assert done.stdout == "" and list(tmp_path.iterdir()) == []


def test_a_folder_among_images_to_watch_is_told(memory: Path, tmp_path: Path) -> None:
    paint(tmp_path / "q.png", 3)
    done = call("watch", memory, "add", tmp_path, "--label", "x")
    assert done.returncode == 1 and "a folder" in done.stderr
    misused("watch", memory, "add", words="name the images")


def test_a_query_that_can_be_no_image_opens_no_window(tmp_path: Path) -> None:
    for query, why in ((tmp_path / "gone.png", "there is no such file"), (tmp_path, "a folder, not an image")):
        refused("gui", tmp_path / "m.vmem", "--query", query, words=why)

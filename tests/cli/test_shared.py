"""Commands on a shared memory: the same as on a folder, and a clear refusal where a command needs a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_commands import run, told
from tests.conftest import COLOURS, paint_image, write_images
from visualmemory_gui.engine.shared_memory import lease, shared_memory
from visualmemory_gui.engine.shared_memory.address import SharedAddress
from visualmemory_gui.engine.shared_memory.in_process_server import InProcessServer
from visualmemory_gui.engine.shared_memory.milvus_server import MilvusServer

URL = "milvus+http://localhost:19530/birds"


@pytest.fixture(autouse=True)
def server(monkeypatch: pytest.MonkeyPatch) -> InProcessServer:
    """What every connection reaches, and a lease that does not keep a test waiting."""
    found = InProcessServer()
    monkeypatch.setattr(MilvusServer, "at", lambda _, token=None: found)
    quick = lease.LeaseTimes(renew_s=0.05, expire_s=0.2, settle_s=0.0)
    monkeypatch.setattr(shared_memory, "USUAL_TIMES", quick)
    return found


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    told("build", write_images(tmp_path / "images", each=3), tmp_path / "m.vmem", "--encoder", "fake")
    return tmp_path / "m.vmem"


def test_the_commands_of_a_folder_serve_a_shared_memory(memory: Path, tmp_path: Path) -> None:
    assert told("push", memory, URL) == {"to": URL, "exemplars": 9, "written": 9, "thumbnails": 9}
    new = tmp_path / "new.png"
    paint_image(COLOURS["animals/cat"], seed=77).save(new)
    there, here = (told("classify", place, new) for place in (URL, memory))
    assert {**there, "timings_ms": 0} == {**here, "timings_ms": 0}
    assert told("show", URL) == told("show", memory)
    assert told("show", URL, 1, 2) == told("show", memory, 1, 2)
    for command in (
        ("strike", "--label", "plants"),
        ("reweigh", 4, "--to", 0.5),
        ("rename-label", "animals", "creatures"),
        ("undo", "--steps", 2),
        ("redo",),
    ):
        there, here = (told(command[0], place, *command[1:]) for place in (URL, memory))
        assert there == here, command
    assert told("show", URL, "--state", "active") == told("show", memory, "--state", "active")
    assert told("add", URL, new, "--label", "animals/cat")["ids"] == [10]
    steps = told("history", URL)["steps"]
    assert [step["edit"] for step in steps[:2]] == ["Teach 1 as animals/cat", "Set the trust of 1 exemplar to 0.5"]
    assert told("revert", URL, steps[1]["step"])["ids"] == [4]
    assert "no damage" in run("verify", URL).stdout
    assert told("pull", URL, tmp_path / "back.vmem") == {
        "memory": str(tmp_path / "back.vmem"),
        "exemplars": 10,
        "of": 10,
    }


def test_forget_says_what_the_server_confirms_and_undo_goes_past_it(memory: Path) -> None:
    told("push", memory, URL)
    told("strike", URL, 1, 2)
    receipt = told("forget", URL, 1, "--yes")
    assert (receipt["ids"], receipt["erasure"]) == ([1], "erased")
    assert "backups" in receipt["unreachable"][0]
    done = run("forget", URL, "--struck", "--rebuild", "--yes")
    assert done.exit_code == 0
    assert "1 exemplar forgotten: erased" in done.stdout
    assert "the server confirms that nothing of them is left" in done.stdout
    assert told("history", URL)["steps"] == []
    assert [run("show", URL, one).exit_code for one in (1, 2, 3)] == [1, 1, 0]


def test_a_forget_whose_bytes_the_server_keeps_is_not_said_to_be_done(
    memory: Path, server: InProcessServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    told("push", memory, URL)
    with monkeypatch.context() as patched:
        patched.setattr(server, "compact", lambda _: "hidden")
        done = run("forget", URL, 1, "--yes")
    assert done.exit_code == 1
    assert "1 exemplar forgotten: hidden" in done.stdout
    assert "not erased yet" in done.stderr
    assert "an interrupted forget of 1 exemplar has now been completed: erased" in run("strike", URL, 2).stderr


def test_what_forget_can_do_only_on_a_folder_or_only_on_a_server_is_refused_on_the_other(memory: Path) -> None:
    told("push", memory, URL)
    assert "need a folder" in run("forget", URL, 1, "--prove", "--yes").stderr
    assert "is for a shared memory" in run("forget", memory, 1, "--rebuild", "--yes").stderr
    assert "--yes is needed" in run("forget", URL, 1).stderr
    assert told("show", URL, 1)


def test_a_shared_memory_is_exported_as_its_folder_is(memory: Path, tmp_path: Path) -> None:
    told("push", memory, URL)
    told("strike", memory, 2)
    told("strike", URL, 2)
    for name, form in (("a.csv", "csv"), ("a.parquet", "parquet"), ("a", "imagefolder"), ("b", "coco")):
        for place, room in ((memory, tmp_path / "here"), (URL, tmp_path / "there")):
            room.mkdir(exist_ok=True)
            done = told("export", place, room / name, "--format", form)
            assert done["exported"] == (8 if form in ("imagefolder", "coco") else 9)
    for name in ("a.csv", "a/metadata.jsonl", "b/labels.json"):
        assert (tmp_path / "here" / name).read_bytes() == (tmp_path / "there" / name).read_bytes()
    told("export", URL, tmp_path / "all.vmemz")
    assert told("import", tmp_path / "all.vmemz", tmp_path / "back.vmem")["added"] == 9
    assert told("show", tmp_path / "back.vmem", 2)["state"] == "struck"
    assert "pull a sample to a folder" in run("export", URL, tmp_path / "lists.json").stderr


def test_a_report_of_a_decision_is_written(memory: Path, tmp_path: Path) -> None:
    told("push", memory, URL)
    image = next((tmp_path / "images").rglob("*.png"))
    told("export", URL, tmp_path / "report.html", "--image", image)
    text = (tmp_path / "report.html").read_text()
    assert "9 active" in text
    assert "localhost" not in text


def test_the_watch_set_is_this_users_and_decided_as_in_a_folder(memory: Path, tmp_path: Path) -> None:
    told("push", memory, URL)
    new = tmp_path / "new.png"
    paint_image(COLOURS["animals/cat"], seed=77).save(new)
    for place in (URL, memory):
        told("watch", place, "add", new, "--label", "animals/cat")
    there, here = (told("watch", place, "check") for place in (URL, memory))
    assert there == here
    assert there["right"] == 1
    for edit in (
        ("strike", "--label", "animals/cat"),
        ("teach", new, "--label", "plants"),
        ("reweigh", 1, "--to", 0.1),
    ):
        there, here = (told("impact", place, *edit) for place in (URL, memory))
        assert there == here, edit
    for place in (URL, memory):
        told("rename-label", place, "animals/cat", "cats")
    there, here = (told("watch", place, "list") for place in (URL, memory))
    assert there == here
    assert there["expected"] == "cats"
    assert told("watch", URL, "remove", there["number"]) == {"watched": 0, "numbers": [there["number"]]}


def test_a_folder_is_built_into_a_shared_memory_as_one_step(memory: Path, tmp_path: Path) -> None:
    told("push", memory, URL)
    images = write_images(tmp_path / "images", each=5)
    done = told("build", images, URL)
    assert (done["added"], done["unchanged"]) == (6, 9)
    [step] = told("history", URL)["steps"]
    assert step["edit"] == "Add 6 exemplars"
    assert told("build", images, URL)["added"] == 0
    told("undo", URL)
    assert told("show", URL)["exemplars"] == 9
    assert "that is shared" in run("build", images, URL, "--encoder", "lite0").stderr


@pytest.mark.parametrize("command", [("add", URL, "x.png", "--label", "x"), ("build", "images", URL)])
def test_copies_that_a_shared_memory_cannot_keep_are_refused(command: tuple[str, ...]) -> None:
    done = run(*command, "--copy")
    assert done.exit_code == 2
    assert "keeps thumbnails" in done.stderr


@pytest.mark.parametrize("command", [("evaluate",), ("compact",), ("review", "--by", "label")])
def test_a_command_that_needs_a_folder_says_so(command: tuple[str, ...]) -> None:
    done = run(command[0], URL, *command[1:])
    assert done.exit_code == 1
    assert "pull URL FOLDER" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("milvus+http://localhost:19530", "names no collection"),
        ("milvus+http://me:S3cret@localhost/c", "holds no user and no password"),
        ("milvus+http://localhost:19530/none", "is not there"),
    ],
)
def test_an_address_that_leads_nowhere_is_refused_in_a_line(url: str, why: str) -> None:
    done = run("show", url)
    assert (done.exit_code, len(done.stderr.splitlines())) == (1, 1)
    assert why in done.stderr
    assert "S3cret" not in done.stderr


def test_a_push_names_an_address_that_is_read_again() -> None:
    assert str(SharedAddress.of(URL)) == URL


def test_a_shared_memory_is_compared_with_a_folder_and_merged_into_it(memory: Path, tmp_path: Path) -> None:
    told("push", memory, URL)
    assert told("compare", URL, memory)["same"] == 9
    told("add", URL, *_painted(tmp_path), "--label", "birds")
    told("relabel", URL, 1, "--label", "lynx")
    found = told("compare", memory, URL)
    assert (found["same"], found["only_other"], len(found["conflicts"])) == (8, [10], 1)
    turned = told("compare", URL, memory)["decisions"]
    assert found["decisions"]["accuracy"] == dict(
        zip(("first", "second"), reversed(turned["accuracy"].values()), strict=True)
    )
    assert told("merge", memory, URL, "--conflicts", "take")["added"] == 1
    found = told("compare", memory, URL)
    assert (found["same"], found["conflicts"]) == (10, [])
    assert found["decisions"]["alike"] == 1.0
    assert told("undo", memory)["edit"] == "Merge in 2 exemplars"


def _painted(folder: Path) -> list[Path]:
    paint_image(COLOURS["animals/cat"], seed=78).save(folder / "new.png")
    return [folder / "new.png"]


def test_a_folder_is_merged_into_a_shared_memory_as_one_step(memory: Path, tmp_path: Path) -> None:
    told("push", memory, URL)
    told("add", memory, *_painted(tmp_path), "--label", "birds")
    told("relabel", memory, 1, "--label", "lynx")
    told("strike", memory, 2)
    told("reweigh", memory, 3, "--to", 0.5)
    told("reweigh", memory, 1, "--to", 2)
    assert run("merge", URL, memory).exit_code == 1
    before = told("show", URL, "--state", "active")
    done = told("merge", URL, memory, "--conflicts", "take")
    assert (done["edit"], done["added"], done["settled"]) == ("Merge in 4 exemplars", 1, 3)
    found = told("compare", URL, memory)
    assert (found["same"], found["conflicts"], found["only"], found["only_other"]) == (10, [], [], [])
    assert "no damage" in run("verify", URL).stdout
    assert told("undo", URL)["edit"] == "Merge in 4 exemplars"
    assert told("show", URL, "--state", "active") == before
    assert told("redo", URL)["edit"] == "Merge in 4 exemplars"
    assert told("merge", URL, memory, "--conflicts", "take")["edit"] is None

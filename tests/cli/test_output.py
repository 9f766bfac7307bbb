"""What reaches the terminal: everything through one door, and nothing that would act on it."""

from __future__ import annotations

import ast
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from tests.conftest import clustered, paint_image
from visualmemory_gui import VisualMemory, cli
from visualmemory_gui.cli import output
from visualmemory_gui.cli.main import app
from visualmemory_gui.engine.text.visible_text import visible

ACTS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069]")
NAME = "a\x1b]0;owned\x07\x1b[31m\u202egnp\u2066\x9b2J\nid  label"
SEEN = r"a\x1b]0;owned\x07\x1b[31m\u202egnp\u2066\x9b2J\nid  label"


@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_visible_text_acts_on_nothing_and_keeps_what_is_seen(text: str) -> None:
    shown = visible(text)
    assert not ACTS.search(shown) and "\n" not in shown
    assert visible(shown) == shown
    shown.encode("utf-8")


def test_what_is_written_in_other_scripts_stays_as_it_is() -> None:
    for text in ("größer", "日本語", "🦊👩‍👩‍👧", "עברית", "100 % \\ \"q\" 'x'"):
        assert visible(text) == text


def test_nothing_is_printed_but_through_the_door() -> None:
    """Commands call neither ``print`` nor ``typer.echo`` nor write to a stream."""
    for path in Path(cli.__file__).parent.glob("*.py"):
        if path.name == "output.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert called not in ("print", "typer.echo", "typer.secho"), f"{path.name}:{node.lineno}"
                assert not re.match(r"sys\.std(out|err)\.", called), f"{path.name}:{node.lineno}"
                assert not any(ast.unparse(one) == "sys.stdout" for one in node.args), f"{path.name}:{node.lineno}"


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A memory of a stranger: what is named in it acts on a terminal that prints it as it is."""
    vectors, labels = clustered(60, dim=8, classes=3, seed=1)
    place = tmp_path / "m.vmem"
    with VisualMemory.create(place, dim=8) as m:
        m.add_vectors(vectors, labels)
        m.strike([1])
        m.tags.put("then")
        database = m._live.database
        database.execute("update labels set path = ?1, checksum = seal(?1) where id = 1", (NAME,))
        tag = "update tags set name = ?1, checksum = seal(?1, step, position, change, time)"
        database.execute(tag, (NAME,))
    return place


TEXTS = [
    ["show"], ["show", "--state", "active"], ["history"], ["tag"], ["verify"], ["evaluate", "-k", "5"], ["map"],
    ["review", "--by", "label"], ["review", "--by", "misled"], ["review", "--by", "duplicates", "--distance", "0.5"],
    ["prune", "--method", "hard", "--dry-run"], ["settings"],
]  # fmt: skip


@pytest.mark.parametrize("arguments", TEXTS, ids=" ".join)
def test_a_name_that_acts_on_a_terminal_is_shown_and_not_sent(hostile: Path, arguments: list[str]) -> None:
    command, *rest = arguments
    done = CliRunner().invoke(app, [command, str(hostile), *rest])
    assert done.exception is None or isinstance(done.exception, SystemExit)
    assert not ACTS.search(done.stdout.replace("\r\n", "\n")), done.stdout
    assert not ACTS.search(done.stderr), done.stderr
    if command in ("show", "tag", "map"):
        assert SEEN in done.stdout


def test_a_file_name_that_acts_on_a_terminal_is_shown_and_not_sent(tmp_path: Path) -> None:
    folder = tmp_path / "x\x1b[2J" / "plant"
    folder.mkdir(parents=True)
    paint_image((1, 2, 3), seed=0).save(folder / "a\u202egnp.png")
    (folder / "b\x1b]0;t\x07\n.txt").write_text("no image")
    place = str(tmp_path / "m\x1b.vmem")
    calls = [
        ["build", str(folder.parent), place, "--encoder", "fake"],
        ["classify", place, str(folder / "a\u202egnp.png"), str(folder / "b\x1b]0;t\x07\n.txt")],
        ["show", place, "1"],
        ["show", place + "\x1b[31m"],
        ["strike", place, "--label", "\x1b[31m"],
        ["settings", place, "k", "\x1b[31m"],
        ["vote", str(folder / "\x1b.json"), "--rule", "rank"],
    ]
    for call in calls:
        done = subprocess.run(
            [sys.executable, "-m", "visualmemory_gui", *call],
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        for stream in (done.stdout, done.stderr):
            assert not ACTS.search(stream.decode()), stream
        assert b"Traceback" not in done.stderr


def test_json_keeps_every_character(hostile: Path) -> None:
    done = CliRunner().invoke(app, ["show", str(hostile), "1", "--json"])
    assert done.stdout.isascii() and "\x1b" not in done.stdout
    assert NAME in {json.loads(line)["label"] for line in _lines(hostile)}


def _lines(memory: Path) -> list[str]:
    return CliRunner().invoke(app, ["show", str(memory), "--state", "active", "--json"]).stdout.splitlines()


@pytest.mark.parametrize("tty", [True, False])
def test_progress_says_what_is_done_until_the_next_phase_is_named(monkeypatch: pytest.MonkeyPatch, tty: bool) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return tty

    monkeypatch.setattr(sys, "stderr", stream := Terminal())
    monkeypatch.setattr(output, "QUIET_S", 0.0)
    monkeypatch.setattr(output, "TTY_EVERY_S", 0.0)
    monkeypatch.setattr(output, "LOG_EVERY_S", 0.0)
    with output.Progress("looking for what misleads") as report:
        report(1, 6)
        report(2, 6, "adding\x1b[31m classes")
        report(6, 6)
    written = stream.getvalue()
    assert "looking for what misleads: 1 of 6" in written
    assert r"adding\x1b[31m classes: 6 of 6" in written
    assert "working" not in written and "\x1b" not in written


def test_no_command_leaves_its_progress_without_a_word() -> None:
    for path in Path(cli.__file__).parent.glob("*.py"):
        assert "Progress()" not in path.read_text(), path.name

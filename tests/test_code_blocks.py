"""Every block of code in the documents is run here, or says in a comment above it why it is not."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import anyio
import pytest
from mcp import Client, StdioServerParameters

from tests.cli.test_commands import run
from tests.cli.test_shared import server  # noqa: F401
from tests.conftest import COLOURS, paint_image, write_images
from visualmemory_gui import VisualMemory
from visualmemory_gui.mcp_server.server import QUESTIONS

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^(?:<!-- not run: ([^>]+) -->\n\n?)?```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
NO_CODE = {"", "text"}
"""Drawings and examples of words."""
MEANT = {"MEMORY": "my.vmem", "IMAGE": "new.jpg", "/path/to/my.vmem": "my.vmem"}
"""What the documents leave open, in the room of these tests."""
UNTIL_OPEN = """
from visualmemory_gui.app import application
from visualmemory_gui.cli.main import main

def created(*arguments, **named):
    app, window = create(*arguments, **named)
    window.session.memory_opened.connect(window.close)
    return app, window

create, application.create = application.create, created
main()
"""
"""The program with a window that closes when its memory is open."""


class CodeBlock(NamedTuple):
    """A block of code: where it stands, its language, its text, and why it is not run, "" where it is."""

    place: str
    language: str
    code: str
    why_not: str


def blocks() -> Iterator[CodeBlock]:
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for found in BLOCK.finditer(text):
            line = text[: found.start(2)].count("\n") + 1
            yield CodeBlock(f"{document.relative_to(ROOT)}:{line}", found[2], found[3], found[1] or "")


ALL = [block for block in blocks() if block.language not in NO_CODE]
RUN = [block for block in ALL if not block.why_not]


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the code runs: images in three classes, others that are new, and a memory of the first."""
    write_images(tmp_path / "photos", each=6)
    for seed, name in enumerate(("new.jpg", "lynx.jpg", "a.jpg", "b.jpg")):
        paint_image(COLOURS["animals/cat"], seed=900 + seed, size=(640, 480)).save(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    with VisualMemory.create("my.vmem", encoder="lite0") as memory:
        memory.build("photos")
    for copy in ("mine.vmem", "theirs.vmem"):
        shutil.copytree("my.vmem", copy)
    return tmp_path


def names_of(memory: VisualMemory, code: str) -> dict[str, Any]:
    """What the code takes for given."""
    vectors = memory.catalog.vectors(memory.snapshot.ids.tolist())
    paths = sorted(str(path) for path in Path("photos").rglob("*.png"))
    labels = [str(Path(path).parent.relative_to("photos")) for path in paths]
    return {
        name: value
        for name, value in {"memory": memory, "vectors": vectors, "paths": paths, "labels": labels}.items()
        if not re.search(rf"\b(as|in) {name}\b", code)
    }


def run_python(code: str) -> None:
    given = "memory." in code and " as memory:" not in code
    with VisualMemory.open("my.vmem", readonly=not given) as memory:
        names = names_of(memory, code)
        if given:
            exec(compile(code, "block", "exec"), names)
    if not given:
        exec(compile(code, "block", "exec"), names)


def run_shell(code: str) -> None:
    for line in code.splitlines():
        words = [MEANT.get(word, word) for word in shlex.split(line, comments=True)]
        if words[1:2] == ["build"]:
            (Path.cwd() / words[3]).rename("made.before")
        if words[1:2] == ["gui"]:
            env = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)}
            subprocess.run([sys.executable, "-c", UNTIL_OPEN, *words[1:]], env=env, check=True, timeout=120)
        elif words:
            assert words[0] == "visualmemory", f"{line} is no command of the product: say above why it is not run"
            done = run(*words[1:])
            assert done.exit_code == 0, f"{line}: {done.stderr}"


def run_json(code: str) -> None:
    """An entry for the servers of a client of the Model Context Protocol."""
    [entry] = json.loads(code)["mcpServers"].values()
    assert entry["command"] == "visualmemory"
    arguments = ["-m", "visualmemory_gui", *(MEANT.get(word, word) for word in entry["args"])]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}

    async def ask() -> None:
        async with Client(StdioServerParameters(command=sys.executable, args=arguments, env=env)) as client:
            assert {tool.name for tool in (await client.list_tools()).tools} == set(QUESTIONS)

    anyio.run(ask)


def run_toml(code: str) -> None:
    """A part of the project file of the package that the tests build and install."""
    project = ROOT / "tests/data/example_plugin/pyproject.toml"
    whole = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["entry-points"]
    assert tomllib.loads(code)["project"]["entry-points"] == whole


LANGUAGES = {"python": run_python, "sh": run_shell, "json": run_json, "toml": run_toml}


@pytest.mark.usefixtures("room")
@pytest.mark.parametrize("block", RUN, ids=[block.place for block in RUN])
def test_a_block_of_code_runs(block: CodeBlock) -> None:
    if "milvus+http" in block.code and " push " not in block.code:
        run_shell("visualmemory push my.vmem milvus+http://HOST:19530/birds")
    LANGUAGES[block.language](block.code)


def test_there_is_code_and_what_is_not_run_says_why() -> None:
    assert len(RUN) > 8 and all(len(block.why_not.split()) > 4 for block in ALL if block.why_not)
    fences = sum(text.count("\n```") for text in (path.read_text(encoding="utf-8") for path in DOCUMENTS))
    assert len(list(blocks())) == fences // 2


def test_every_target_of_make_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {name for block in ALL for name in re.findall(r"^make ([a-z-]+)", block.code, re.MULTILINE)}
    assert len(named) > 5 and named <= targets


def test_what_has_larger_counts_is_run_with_them_by_make_soak() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    said = makefile.split("\nsoak:")[1].split("\n\n")[0]
    asks = re.compile(r'environ\.get\("SOAK"\)')
    longer = [path for path in (ROOT / "tests").rglob("test_*.py") if asks.search(path.read_text(encoding="utf-8"))]
    assert len(longer) > 15
    for path in longer:
        within = [path, *path.parents]
        assert any(str(one.relative_to(ROOT)) in said.split() for one in within if one.is_relative_to(ROOT)), path

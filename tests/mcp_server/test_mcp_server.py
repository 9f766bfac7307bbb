"""A memory over the Model Context Protocol, asked by the client of its own SDK."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest
from mcp import Client, StdioServerParameters
from mcp.types import CallToolResult, ImageContent
from PIL import Image

from tests.conftest import COLOURS, paint_image, write_images
from tools.installation import trial
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.errors import MemoryLocked
from visualmemory_gui.engine.types import NewExemplar
from visualmemory_gui.mcp_server.questions import MOST_SHOWN
from visualmemory_gui.mcp_server.served_memory import ServedMemory
from visualmemory_gui.mcp_server.server import EDITS, QUESTIONS, MemoryServer

Story = Callable[[Client], Awaitable[None]]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A memory of three classes in which two cats are labelled as roses (``planted``)."""
    room = tmp_path_factory.mktemp("served")
    with VisualMemory.create(room / "m.vmem", encoder="fake") as memory:
        memory.build(write_images(room / "images", each=8))
        memory.relabel(memory.catalog.ids_under("animals/cat")[:2], "plants/rose")
    paint_image(COLOURS["animals/dog"], seed=500).save(room / "new.png")
    (room / "bad.png").write_bytes(b"no image")
    return room / "m.vmem"


def planted(path: Path) -> list[int]:
    """The exemplars of the wrong labels."""
    with VisualMemory.open(path, readonly=True) as memory:
        roses = memory.catalog.select(label="plants/rose")
    return [one.id for one in roses if "cat" in (one.source or "")]


@contextmanager
def served(path: Path, *, edit: bool = False) -> Iterator[ServedMemory]:
    memory = ServedMemory(str(path), edit=edit)
    try:
        yield memory
    finally:
        memory.close()


def asked(path: Path, story: Story, *, edit: bool = False) -> None:
    """Run ``story`` with a client of a server in this process."""

    async def run() -> None:
        with served(path, edit=edit) as memory:
            async with Client(MemoryServer(memory)) as client:
                await story(client)

    anyio.run(run)


async def told(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """The structured answer of a tool, which must not be an error."""
    result = await client.call_tool(tool, arguments)
    assert isinstance(result, CallToolResult) and not result.is_error, result.content[0]
    found: dict[str, Any] = result.structured_content
    return found


async def refused(client: Client, tool: str, **arguments: Any) -> str:
    """The message with which a tool refuses."""
    result = await client.call_tool(tool, arguments)
    assert isinstance(result, CallToolResult) and result.is_error
    return str(result.content[0].text)


def test_an_agent_finds_wrong_labels_asks_why_mends_them_sees_the_gain_and_undoes(kept: Path) -> None:
    """Over stdio, with one server process."""
    wrong = planted(kept)

    async def story() -> None:
        command = ["-m", "visualmemory_gui", "mcp", str(kept), "--edit"]
        async with Client(StdioServerParameters(command=sys.executable, args=command, env=dict(os.environ))) as client:
            assert {tool.name for tool in (await client.list_tools()).tools} == {*QUESTIONS, *EDITS}
            assert (await told(client, "memory"))["active"] == 24
            before = await told(client, "evaluate")

            suspects = (await told(client, "find_wrong_labels", n=2))["suspects"]
            assert {one["id"] for one in suspects} == set(wrong)
            assert {one["suggested"] for one in suspects} == {"animals/cat"}

            why = await told(client, "explain", exemplar=wrong[0], with_blame=True)
            assert why["decision"]["label"] == "animals/cat" and why["decision"]["neighbours"]
            assert why["strikes"] and why["becomes"] and why["blame"]

            mended = await told(client, "relabel", ids=wrong, label="animals/cat")
            assert (mended["ids"], mended["take_back"]) == (wrong, "the tool undo takes it back")
            after = await told(client, "evaluate", compare_with=before["run"])
            assert (await told(client, "evaluate"))["accuracy"] > before["accuracy"]
            assert after["queries"] == 22 and after["gain"] and after["broken"] == 0

            undone = await told(client, "undo")
            assert undone["edit"].startswith("Undone: Relabel 2 exemplars")
            assert (await told(client, "evaluate"))["accuracy"] == before["accuracy"]
            assert [one["state"] for one in (await told(client, "history", n=2))["steps"]] == ["undone", "done"]

    anyio.run(story)
    assert planted(kept) == wrong


def test_an_image_is_decided_with_neighbours_and_their_thumbnails(kept: Path) -> None:
    async def story(client: Client) -> None:
        result = await client.call_tool("classify", {"image": str(kept.parent / "new.png"), "thumbnails": 3})
        found = result.structured_content
        assert (found["label"], len(found["shown"])) == ("animals/dog", 3)
        jpegs = [base64.b64decode(one.data) for one in result.content if isinstance(one, ImageContent)]
        assert len(jpegs) == 3 and all(max(Image.open(io.BytesIO(one)).size) <= 256 for one in jpegs)
        own = await told(client, "classify", exemplar=24, thumbnails=0)
        assert 24 not in {one["id"] for one in own["neighbours"]} and own["shown"] == []
        near = await told(client, "find_similar", exemplar=24, n=3)
        assert len(near["found"]) == 3 and 24 not in {one["id"] for one in near["found"]}
        part = await told(client, "classify", image=str(kept.parent / "new.png"), box=[0, 0, 20, 20])
        assert part["label"] == "animals/dog"
        shown = await told(client, "show", label="animals", n=2, skip=1)
        assert (len(shown["exemplars"]), shown["total"]) == (2, 14)

    asked(kept, story)


def test_all_struck_since_a_run_are_decided_by_nothing(tmp_path: Path) -> None:
    with VisualMemory.create(tmp_path / "m.vmem", dim=4) as memory:
        ids = memory.add_vectors(np.eye(4, dtype=np.float32), list("aabb"))

    async def story(client: Client) -> None:
        before = await told(client, "evaluate")
        await told(client, "strike", ids=ids)
        assert (await told(client, "evaluate", compare_with=before["run"]))["accuracy"] == 0.0

    asked(tmp_path / "m.vmem", story, edit=True)


def test_paths_that_are_no_text_are_answered_as_text(tmp_path: Path) -> None:
    place, image = tmp_path / os.fsdecode(b"\xff.vmem"), os.fsdecode(b"/images/\xfe.png")
    with VisualMemory.create(place, dim=2) as memory:
        memory.add_batches([[NewExemplar("cat", np.array([1, 0], np.float32), source=image)]])

    async def story(client: Client) -> None:
        [found] = (await told(client, "show"))["exemplars"]
        assert found["source"] == r"/images/\udcfe.png"
        assert (await told(client, "memory"))["path"] == rf"{tmp_path}/\udcff.vmem"

    asked(place, story)


def test_without_edit_nothing_can_be_changed(kept: Path) -> None:
    async def story(client: Client) -> None:
        tools = (await client.list_tools()).tools
        assert {tool.name for tool in tools} == set(QUESTIONS) and all(t.annotations.read_only_hint for t in tools)
        for tool in EDITS:
            assert "start `visualmemory mcp MEMORY --edit`" in await refused(client, tool, ids=[1], label="x")

    asked(kept, story)


def test_every_edit_says_what_it_did_and_how_it_is_taken_back(kept: Path) -> None:
    async def story(client: Client) -> None:
        image = str(kept.parent / "new.png")
        taught = await told(client, "teach", image=image, label="new/class")
        [new] = taught["ids"]
        again = await told(client, "teach", image=image, label="new/class")
        assert (again["ids"], again["take_back"]) == ([new], "nothing changed") and "already here" in again["note"]
        other = await told(client, "teach", image=image, label="animals/dog")
        assert f"exemplar {new}, labelled new/class" in other["note"]
        assert (await told(client, "undo"))["take_back"] == "the tool redo does it again"
        struck = await told(client, "strike", ids=[new])
        assert struck["edit"].startswith("Strike out 1 exemplar") and struck["ids"] == [new]
        assert (await told(client, "strike", ids=[new]))["edit"] is None
        assert (await told(client, "restore", ids=[new]))["ids"] == [new]
        for _ in range(3):
            assert (await told(client, "undo"))["edit"].startswith("Undone: ")
        assert (await told(client, "memory"))["active"] == 24
        assert (await told(client, "redo"))["edit"].startswith("Redone: ")
        await told(client, "undo")

    asked(kept, story, edit=True)


NONSENSE: list[tuple[str, dict[str, Any], str]] = [
    ("classify", {}, "either the path of an image or the id"),
    ("classify", {"image": "x.png", "exemplar": 3}, "either the path of an image or the id"),
    ("classify", {"image": "/no/such/image.png"}, "image.png"),
    ("classify", {"image": "BAD"}, "bad.png"),
    ("classify", {"image": "/" + "x" * 5000}, "at most 4096"),
    ("classify", {"exemplar": 10**30}, "less than or equal"),
    ("classify", {"exemplar": 999}, "no exemplar with id 999"),
    ("classify", {"exemplar": 3, "box": [1, 2]}, "an exemplar is decided as it is"),
    ("classify", {"image": "NEW", "box": [1, 2]}, "a box is x,y,w,h"),
    ("classify", {"exemplar": 3, "neighbours": 10**9}, "less than or equal to 100"),
    ("classify", {"exemplar": 3, "thumbnails": 1000}, f"less than or equal to {MOST_SHOWN}"),
    ("find_similar", {"exemplar": "cat"}, "valid integer"),
    ("show", {"ids": list(range(1, 2000))}, "at most 100"),
    ("show", {"label": "no/such/label"}, "no/such/label"),
    ("show", {"skip": 10**30}, "less than or equal"),
    ("show", {"ids": [999]}, "no exemplar with id 999"),
    ("evaluate", {"compare_with": 77}, "no run 77"),
    ("explain", {"exemplar": 3, "to": "//"}, "label"),
    ("forget", {"ids": [1]}, "Unknown tool"),
    ("classify", {"exemplar": 3, "neighbors": 20}, "no argument neighbors; it takes image, exemplar, box, neighbours"),
    ("memory", {"path": "/other.vmem"}, "no argument path; it takes none"),
]


@pytest.fixture(scope="module")
def refusals(kept: Path) -> dict[int, str]:
    """The message of each nonsense, asked of one server, which still answers afterwards."""
    found: dict[int, str] = {}
    paths = {"BAD": str(kept.parent / "bad.png"), "NEW": str(kept.parent / "new.png")}

    async def story(client: Client) -> None:
        for place, (tool, arguments, _) in enumerate(NONSENSE):
            given = {
                name: paths.get(value, value) if isinstance(value, str) else value for name, value in arguments.items()
            }
            found[place] = await refused(client, tool, **given)
        assert (await told(client, "memory"))["active"] == 24

    asked(kept, story)
    return found


@pytest.mark.parametrize("place", range(len(NONSENSE)), ids=[f"{tool} {says}" for tool, _, says in NONSENSE])
def test_nonsense_is_refused_in_words(refusals: dict[int, str], place: int) -> None:
    assert NONSENSE[place][2] in refusals[place] and "Traceback" not in refusals[place]


GARBAGE: list[bytes] = [
    b"\xff\xfe\x00",
    b"not JSON",
    b"[]",
    b"{}",
    b"[" * 100_000,
    b'"' + b"x" * 3_000_000 + b'"',
    b'{"jsonrpc": "2.0", "id": {"a": 1}, "method": "tools/call"}',
    b'{"jsonrpc": "2.0", "id": 2, "method": "no/such"}',
    b'{"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": 5, "arguments": "x"}}',
]
"""Lines that are no requests, and requests that are none of the protocol."""


def test_lines_that_are_no_requests_do_not_end_the_server(kept: Path) -> None:
    """Without the SDK's client, which sends no such lines."""
    begin = [json.dumps(trial.INITIALIZE).encode(), b'{"jsonrpc": "2.0", "method": "notifications/initialized"}']
    call = b'{"jsonrpc": "2.0", "id": 4, "method": "tools/call", "params": {"name": "memory", "arguments": {}}}'
    command = [sys.executable, "-m", "visualmemory_gui", "mcp", str(kept)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as server:
        assert server.stdin is not None and server.stdout is not None and server.stderr is not None
        server.stdin.write(b"".join(line + b"\n" for line in [*GARBAGE[:6], *begin, *GARBAGE, call]))
        server.stdin.flush()
        answers: dict[int, dict[str, Any]] = {}
        while 4 not in answers:
            found = json.loads(server.stdout.readline())
            answers[found.get("id")] = found
        server.stdin.close()
        assert server.wait(60) == 0 and b"Traceback" not in server.stderr.read()
    assert answers[4]["result"]["structuredContent"]["active"] == 24
    assert all("error" in answers[number] for number in (2, 3))


def test_a_flood_of_calls_is_answered_one_by_one(kept: Path) -> None:
    async def story(client: Client) -> None:
        answered: list[str] = []

        async def ask(exemplar: int) -> None:
            answered.append((await told(client, "classify", exemplar=exemplar, thumbnails=0))["query"])

        async with anyio.create_task_group() as group:
            for number in range(60):
                group.start_soon(ask, 1 + number % 24)
        assert len(answered) == 60 and len(set(answered)) == 24

    asked(kept, story)


def test_what_is_edited_elsewhere_is_seen_and_the_lock_is_kept(kept: Path) -> None:
    async def story(client: Client) -> None:
        assert (await told(client, "memory"))["struck"] == 0
        with VisualMemory.open(kept) as window:  # while the server reads
            window.strike([5])
            assert (await told(client, "memory"))["struck"] == 1
            assert 5 not in {one["id"] for one in (await told(client, "find_similar", exemplar=6, n=20))["found"]}
            with pytest.raises(MemoryLocked):
                ServedMemory(str(kept), edit=True)
            window.undo()
        assert (await told(client, "memory"))["struck"] == 0

    asked(kept, story)


def test_without_the_sdk_the_line_that_installs_it_is_said(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from typer.testing import CliRunner

    from visualmemory_gui.cli.main import app

    monkeypatch.delitem(sys.modules, "visualmemory_gui.mcp_server.server")
    monkeypatch.setitem(sys.modules, "mcp.server.mcpserver", None)
    done = CliRunner().invoke(app, ["mcp", str(kept)])
    assert done.exit_code == 1 and "pip install 'visualmemory_gui[mcp]'" in done.stderr

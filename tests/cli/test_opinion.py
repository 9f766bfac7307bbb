"""The command opinion, against a server on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_commands import run, told
from tests.cli.test_shared import URL
from tests.conftest import paint_image, write_images
from tools.endpoint_server import EndpointServer, Reply, running, says
from visualmemory_gui.engine.second_opinion.endpoint import KEY_VARIABLE
from visualmemory_gui.engine.shared_memory.in_process_server import InProcessServer
from visualmemory_gui.engine.shared_memory.milvus_server import MilvusServer


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    room = tmp_path_factory.mktemp("opinion")
    told("build", write_images(room / "images", each=4), room / "m.vmem", "--encoder", "fake")
    paint_image((200, 60, 40), seed=99).save(room / "query.png")
    return room / "m.vmem"


@pytest.fixture(scope="module")
def shared() -> Iterator[EndpointServer]:
    with running() as server:
        yield server


@pytest.fixture
def server(shared: EndpointServer, monkeypatch: pytest.MonkeyPatch) -> EndpointServer:
    shared.asked.clear()
    shared.headers.clear()
    monkeypatch.setenv(KEY_VARIABLE, "sk-test")
    return shared


def opinion(memory: Path, server: EndpointServer, *more: str) -> list[object]:
    return ["opinion", memory, memory.with_name("query.png"), "--endpoint", server.url, "--model", "eye-1", *more]


def test_an_opinion_in_text_says_what_was_sent_and_whether_it_agrees(memory: Path, server: EndpointServer) -> None:
    server.reply = says("animals/cat", "It is red.")
    found = run(*opinion(memory, server, "--yes"))
    assert found.exit_code == 0
    assert "the vote says animals/cat\nsecond opinion: animals/cat, as the vote\nit says: It is red.\n" in found.stdout
    assert "sending 11 images (the query and 10 neighbours" in found.stderr and "sk-test" not in found.output
    assert "expected: about 3," in found.stderr and found.stderr.index("expected") < found.stderr.index("sending")
    assert server.headers[0]["Authorization"] == "Bearer sk-test"


def test_an_opinion_in_json(memory: Path, server: EndpointServer) -> None:
    server.reply = says("animals/dog")
    before = told("show", memory)
    found = told(*opinion(memory, server, "--yes", "-n", "5", "--price-in", "2", "--price-out", "8"))
    assert (found["label"], found["opinion"], found["agrees"]) == ("animals/cat", "animals/dog", False)
    assert found["tokens"] == {"in": 1200, "out": 34} and found["cost"] == pytest.approx(0.002672)
    assert found["sent"]["images"] == 6 and len(found["neighbours"]) == 5 and found["labels"][0] == "animals/cat"
    assert found["expected"]["cost"] > found["cost"] and found["expected"]["seconds"] is None
    assert told("show", memory) == before
    server.reply = says(None)
    again = told(*opinion(memory, server, "--yes", "--level", "1", "-n", "2"))
    assert again["opinion"] is None
    assert again["expected"] == {"tokens": {"in": 600, "out": 34}, "cost": None, "seconds": found["seconds"]}


def test_nothing_is_sent_without_a_yes(memory: Path, server: EndpointServer) -> None:
    found = run(*opinion(memory, server))
    assert found.exit_code == 2 and "--yes is needed" in found.stderr.replace("\n", " ").replace("│ ", "")
    assert server.asked == []


def test_an_answer_that_cannot_be_used_is_an_error_in_a_line(memory: Path, server: EndpointServer) -> None:
    for reply, said in (
        (says("lynx"), "none of the labels"),
        (Reply(429, json.dumps({}).encode(), {"Retry-After": "7"}), "asks to wait 7 s"),
        (Reply(401), "refused the key (401)"),
    ):
        server.reply = reply
        found = run(*opinion(memory, server, "--yes"))
        assert found.exit_code == 1 and said in found.stderr and "Traceback" not in found.output


def test_images_go_nowhere_without_encryption(memory: Path) -> None:
    found = run("opinion", memory, memory, "--endpoint", "http://example.org/v1", "--model", "m", "--yes")
    assert found.exit_code == 1 and "through https only" in found.stderr


def test_a_shared_memory_shows_the_same_images_and_labels(
    memory: Path, server: EndpointServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = InProcessServer()
    monkeypatch.setattr(MilvusServer, "at", lambda _, token=None: kept)
    told("push", memory, URL)
    server.reply = says("animals/cat")
    here, there = (told("opinion", place, *opinion(memory, server, "--yes")[2:]) for place in (memory, URL))
    of_time = {"seconds": 0, "expected": 0}
    assert {**there, **of_time} == {**here, **of_time}
    assert server.asked[0] == server.asked[1]

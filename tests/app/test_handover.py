"""What a second start says to the window that is open is taken once, checked as data from a stranger, and answered."""

from __future__ import annotations

import json
import socket
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from tests.app.conftest import Desk
from tests.conftest import paint_image
from visualmemory_gui.app.actions.action_states import PART_OF
from visualmemory_gui.app.application import take_requests
from visualmemory_gui.app.runtime import handover
from visualmemory_gui.app.runtime.handover import MOST_BYTES, WindowServer, hand_over
from visualmemory_gui.app.runtime.start_request import MOST_CHARACTERS, StartRequest, Workspace
from visualmemory_gui.engine.errors import VisualMemoryError

Asking = Callable[[StartRequest], bool]
GOOD = {"memory": "/m.vmem", "query": "/a.png", "workspace": "study"}


@pytest.fixture
def room() -> Iterator[Path]:
    """An empty folder whose path is short enough for that of a socket, which ``tmp_path`` may not be."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture
def asking(qtbot: QtBot, room: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asking]:
    """Hands a request over as another process would, while the window goes on."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(room))
    with ThreadPoolExecutor(1) as other:

        def ask(request: StartRequest) -> bool:
            handed = other.submit(hand_over, request)
            qtbot.waitUntil(handed.done, timeout=20_000)
            return handed.result()

        yield ask


def test_a_window_takes_what_starts_on_its_memory_ask_for(
    desk: Desk, asking: Asking, tmp_path: Path, room: Path
) -> None:
    memory, image = desk.memory.address, tmp_path / "query.png"
    paint_image((200, 30, 30), seed=9).save(image)
    assert not asking(StartRequest(memory))  # nobody listens yet
    take_requests(desk.window, memory)
    desk.window.showMinimized()
    assert asking(StartRequest(f"{memory}/../small.vmem", str(image)))
    desk.settle()
    assert not desk.window.isMinimized() and desk.decision.label == "animals/cat"
    assert asking(StartRequest(memory, workspace=Workspace.study)) and desk.window.workspace == "study"
    assert asking(StartRequest(memory)) and desk.window.workspace == "study"
    assert not asking(StartRequest(str(tmp_path / "other.vmem")))
    question = QDialog(desk.window)
    question.setModal(True)
    question.show()
    with pytest.raises(VisualMemoryError, match="question is open"):
        asking(StartRequest(memory, workspace=Workspace.curate))
    assert asking(StartRequest(memory)) and desk.window.workspace == "study"
    question.close()
    desk.window.session.close()
    desk.settle()
    assert not asking(StartRequest(memory)) and list((room / "visualmemory").iterdir()) == []
    desk.open(Path(memory))
    assert asking(StartRequest(memory, workspace=Workspace.curate)) and desk.window.workspace == "curate"


def test_every_workspace_of_the_window_can_be_asked_for(desk: Desk) -> None:
    assert [name for name in desk.window.workspaces if name not in PART_OF] == list(Workspace)
    for name in Workspace:
        desk.window.start.begin(StartRequest(desk.memory.address, workspace=name))
        assert desk.window.workspace == name


def test_calls_that_are_no_requests_are_dropped(qtbot: QtBot, asking: Asking, tmp_path: Path, room: Path) -> None:
    taken: list[StartRequest] = []
    server = WindowServer(lambda request: taken.append(request) or "")
    memory = str(tmp_path / "m.vmem")
    server.listen(memory)
    address = next((room / "visualmemory").iterdir())
    for said in (b"", b"\n", b"{}\n", b"\xff\n", b"[" * 5000 + b"\n", b"x" * (MOST_BYTES + 1), b'{"memory": "/m"}\n'):
        with socket.socket(socket.AF_UNIX) as call:
            call.connect(str(address))
            call.sendall(said)
            call.shutdown(socket.SHUT_WR)
            call.setblocking(False)
            answered = b""

            def ended(call: socket.socket = call) -> bool:
                nonlocal answered
                try:
                    more = call.recv(4096)
                except BlockingIOError:
                    return False
                except ConnectionResetError:  # what it said was not read to its end
                    return True
                answered += more
                return not more

            qtbot.waitUntil(ended, timeout=10_000)
            assert answered == b"" or json.loads(answered) == {"taken": False, "reason": ""}
    assert taken == [] and asking(StartRequest(memory)) and taken == [StartRequest(memory)]
    second = WindowServer(lambda _: "")
    second.listen(memory)
    assert not second.listening and address.exists()
    server.stop()
    assert not address.exists()


def test_what_a_crashed_window_left_behind_is_replaced(asking: Asking, tmp_path: Path, room: Path) -> None:
    memory = str(tmp_path / "m.vmem")
    server = WindowServer(lambda _: "")
    server.listen(memory)
    address = next((room / "visualmemory").iterdir())
    server.stop()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(address))
    assert not asking(StartRequest(memory))
    server.listen(memory)
    assert asking(StartRequest(memory))
    server.stop()


def test_a_folder_that_others_can_enter_is_not_used(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        (room / name).mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(room / "a"))
    monkeypatch.setattr(handover.tempfile, "gettempdir", lambda: str(room / "b"))
    (room / "a" / "visualmemory").symlink_to(room)
    server = WindowServer(lambda _: "")
    server.listen("/m.vmem")
    assert server.listening and len([*(room / "b").rglob("*")]) == 2
    server.stop()
    next((room / "b").iterdir()).chmod(0o755)
    server.listen("/m.vmem")
    assert not server.listening and not hand_over(StartRequest("/m.vmem"))


@pytest.mark.parametrize(
    "changed",
    [
        *({"memory": value} for value in ("", "relative", 3, None, "/\0", "/" * (MOST_CHARACTERS + 1))),
        *({"query": value} for value in ("relative", ["/a"], "/a\0")),
        *({"workspace": value} for value in ("Study", "empty", True)),
        {"more": ""},
    ],
)
def test_a_request_with_anything_else_in_it_is_none(changed: dict[str, object]) -> None:
    assert StartRequest.of(json.dumps(GOOD)) == StartRequest(**GOOD)
    assert StartRequest.of(json.dumps({**GOOD, **changed})) is None


def test_a_request_survives_its_arguments_and_its_line() -> None:
    for request in (
        StartRequest(),
        StartRequest("-m.vmem", "/a b.png", "curate"),
        StartRequest("/m", workspace="study"),
    ):
        assert StartRequest.of_arguments(["program", *request.arguments()]) == request
    request = StartRequest("/münchen/ \n.vmem", "/\udcff.png", "decide")
    assert StartRequest.of(request.text()) == request and "\n" not in request.text()

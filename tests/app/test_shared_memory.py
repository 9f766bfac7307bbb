"""A shared memory in the window: what is done with it as with a folder, and what is said when its server is gone."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QLabel, QLineEdit

from tests.app.conftest import Answers, Desk
from tests.conftest import paint_image
from tools.endpoint_server import running, says
from visualmemory_gui.app.models.impact import propose
from visualmemory_gui.app.models.recent_memories import recent_memory
from visualmemory_gui.app.operations import exchange, exemplars, folders
from visualmemory_gui.app.widgets.dialogs.import_dialog import FolderFacts
from visualmemory_gui.app.widgets.dialogs.shared_dialog import SharedDialog
from visualmemory_gui.app.widgets.panels.recent_tile import RecentTile
from visualmemory_gui.engine.errors import ServerError
from visualmemory_gui.engine.memory.visual_memory import VisualMemory
from visualmemory_gui.engine.second_opinion.endpoint import Endpoint
from visualmemory_gui.engine.shared_memory import observed_server, push, shared_memory
from visualmemory_gui.engine.shared_memory.address import SharedAddress
from visualmemory_gui.engine.shared_memory.in_process_server import InProcessServer
from visualmemory_gui.engine.shared_memory.lease import LeaseTimes
from visualmemory_gui.engine.shared_memory.milvus_server import MilvusServer
from visualmemory_gui.engine.shared_memory.observed_server import ObservedServer
from visualmemory_gui.engine.shared_memory.server import Server as OtherServer
from visualmemory_gui.engine.shared_memory.server import ServerRow
from visualmemory_gui.engine.types import ERASURES

ADDRESS = "milvus+http://localhost:19530/small"
REAL = os.environ.get("MILVUS_URI", "")


class Server(ObservedServer):
    """A server that can be taken away, and that keeps what it was asked with."""

    gone = False
    gone_after: int | None = None  # as many writes
    token = ""

    def __init__(self, server: OtherServer) -> None:
        super().__init__(server)
        self.free = threading.Event()
        self.free.set()

    def _require_there(self) -> None:
        self.free.wait(10.0)
        if self.gone:
            raise ServerError("the server localhost:19530 does not answer")

    def query(self, *args, **more):  # type: ignore[no-untyped-def]
        self._require_there()
        return super().query(*args, **more)

    def search(self, *args, **more):  # type: ignore[no-untyped-def]
        self._require_there()
        return super().search(*args, **more)

    def upsert(self, collection: str, rows: Sequence[ServerRow]) -> None:
        if self.gone_after is not None and not collection.endswith("_meta"):
            self.gone_after -= 1
            self.gone = self.gone_after <= 0
        self._require_there()
        super().upsert(collection, rows)


@pytest.fixture
def server(small: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The small memory, pushed to a server in this process, or to the one that ``MILVUS_URI`` names; it is found at
    ``ADDRESS``."""
    server = Server(MilvusServer(REAL, name="localhost:19530") if REAL else InProcessServer())
    server.name = "localhost:19530"
    with VisualMemory.open(small) as m:
        push.push(m, server, "small")

    def at(address: SharedAddress, *, token: str = "") -> Server:
        server.token = token
        return server

    monkeypatch.setattr(MilvusServer, "at", at)
    monkeypatch.setattr(server, "close", lambda: None)
    monkeypatch.setattr(
        shared_memory, "USUAL_TIMES", LeaseTimes(renew_s=60.0, expire_s=0.2, settle_s=0.0, stop_s=120.0)
    )
    yield server
    server.gone = False
    for part in ("", "_images", "_labels", "_meta"):
        server.drop(f"small{part}")


@pytest.fixture
def shared(empty_desk: Desk, server: Server, tmp_path: Path) -> Iterator[Desk]:
    """A window on the shared memory that has decided a red image."""
    desk = empty_desk
    desk.window.open(ADDRESS)
    desk.settle()
    assert desk.errors == []
    paint_image((200, 30, 30), seed=9).save(tmp_path / "query.png")
    desk.drop_files(desk.window.decide, tmp_path / "query.png")
    yield desk
    server.gone = False


def status(desk: Desk, name: str) -> str:
    found = desk.window.findChild(QLabel, name)
    assert found is not None
    return found.toolTip() or found.text()


def state_of(desk: Desk, exemplar: int) -> str:
    memory = desk.window.session.memory
    assert memory is not None
    return memory.catalog.get([exemplar])[0].state


def test_a_day_with_a_shared_memory(shared: Desk, server: Server, tmp_path: Path) -> None:
    """What ``make test-milvus`` tells in continuous integration on a real server."""
    window, memory = shared.window, shared.window.session.memory
    assert memory is not None
    [first, second, *_] = [n.id for n in shared.decision.voters]
    shared.select([first])
    shared.press("actionStrike")
    assert first not in {n.id for n in shared.decision.neighbours}
    shared.press("actionUndo")
    assert first in {n.id for n in shared.decision.neighbours}
    shared.ask.label_answer = "taught/here"
    shared.press("actionTeach")
    assert shared.decision.in_memory[0].label == "taught/here"
    paint_image((240, 230, 30), seed=700).save(tmp_path / "next.png")
    paint_image((240, 230, 30), seed=701).save(tmp_path / "last.png")
    shared.drop_files(window.decide.query, tmp_path / "next.png", tmp_path / "last.png")
    memory.queue.teach([1], "yellow")
    shared.bot.waitUntil(lambda: window.session.queue.counts()[1] == 1)
    assert [label for _, label in window.session.queue.winners([2])] == ["yellow"]
    shared.press("actionCurate")
    assert len(window.curate.exemplars.ids) == 20
    server.gone = True
    exemplars.strike(window.session, [second])
    shared.settle()
    shared.bot.waitUntil(lambda: status(shared, "statusServer") == "localhost:19530 does not answer")
    assert status(shared, "statusSaved") == "not saved" and len(shared.errors) == 1
    server.gone = False
    window.server_watch.ask()
    shared.settle()
    exemplars.strike(window.session, [second])
    shared.settle()
    assert state_of(shared, second) == "struck" and status(shared, "statusSaved") == "saved"
    steps = [step.name for step in memory.history.steps()]
    window.session.close()
    window.open(ADDRESS)
    shared.settle()
    again = window.session.memory
    assert again is not None and [step.name for step in again.history.steps()] == steps
    assert state_of(shared, second) == "struck" and again.class_counts()["taught/here"] == 1
    assert again.maintenance.verify() == [] and len(shared.errors) == 1


def test_an_image_is_decided_and_its_neighbours_are_edited(shared: Desk) -> None:
    assert shared.decision.label is not None
    first = shared.decision.voters[0].id
    assert first in shared.window.session.decision.images
    shared.select([first])
    shared.press("actionStrike")
    assert state_of(shared, first) == "struck" and first not in {n.id for n in shared.decision.neighbours}
    shared.press("actionUndo")
    assert state_of(shared, first) == "active" and first in {n.id for n in shared.decision.neighbours}
    shared.press("actionRedo")
    assert state_of(shared, first) == "struck"
    shared.press("actionUndo")
    shared.ask.label_answer = "taught/here"
    shared.press("actionTeach")
    assert shared.decision.in_memory[0].label == "taught/here"
    assert shared.window.session.decision.counts["taught/here"] == 1
    assert shared.errors == []


def test_an_exemplar_is_decided_by_all_others(shared: Desk) -> None:
    first = shared.decision.voters[0].id
    shared.window.session.decision.ask_exemplar(first)
    shared.settle()
    assert first not in {n.id for n in shared.decision.neighbours} and shared.errors == []


def test_curate_lists_and_corrects_the_exemplars(shared: Desk) -> None:
    shared.window.show_workspace("curate")
    shared.settle()
    curate = shared.window.curate
    assert len(curate.exemplars.ids) == 18
    shared.window.session.memory.relabel([1], "new/class")  # type: ignore[union-attr]
    shared.settle()
    [cell] = curate.exemplars.cells(curate.exemplars.ids[:1])
    assert cell.label == "new/class"
    assert not curate.tabs.isTabEnabled(1) and "pull a sample" in curate.tabs.tabToolTip(1)
    assert curate.history.rowCount() >= 1
    assert shared.errors == []


def test_the_queue_is_decided_again_after_a_lesson(shared: Desk, tmp_path: Path) -> None:
    paths = []
    for number in range(4):
        paths.append(tmp_path / f"{number}.png")
        paint_image((240, 230, 30), seed=700 + number).save(paths[-1])
    shared.drop_files(shared.window.decide.query, *paths)
    queue = shared.window.session.queue
    assert queue.rowCount() == 4
    memory = shared.window.session.memory
    assert memory is not None
    memory.queue.teach([1], "yellow")
    shared.bot.waitUntil(lambda: queue.counts()[1] == 1)
    assert {label for _, label in queue.winners([2, 3, 4])} == {"yellow"}
    assert shared.errors == []


def test_study_and_what_needs_all_rows_say_what_to_do_instead(shared: Desk) -> None:
    for name in ("actionReembed", "actionOriginals"):
        action = shared.window.actions_by_id[name]
        assert not action.isEnabled() and "sample" in action.toolTip(), name
    assert shared.window.actions_by_id["actionPull"].isEnabled()
    shared.window.show_workspace("study")
    shared.settle()
    tabs = shared.window.study.tabs
    assert shared.window.study.notice.isVisible()
    assert [tabs.tabText(at) for at in range(tabs.count()) if tabs.isTabVisible(at)] == ["Watch set"]
    assert shared.errors == []


def test_a_second_opinion_is_shown_the_images_of_the_server(shared: Desk, server: Server) -> None:
    line = shared.window.decide.decision.opinion
    with running() as endpoint:
        endpoint.reply = says("animals/dog")
        shared.ask.endpoint_answer = Endpoint(endpoint.url, "eye-1")
        shared.press("actionOpinion")
        label_of = {f"exemplar {n.id}": n.label for n in shared.decision.voters}
        assert len(shared.ask.rows) == 11 and all(row.label == label_of[row.detail] for row in shared.ask.rows[1:])
        assert line.sentence.text() == "Second opinion: animals/dog, where the vote is animals/cat."
        assert len(endpoint.asked) == 1
        server.gone = True
        shared.press("actionOpinion")
        assert [what for what, _ in shared.errors] == ["The server localhost:19530 does not answer."]
        assert len(endpoint.asked) == 1


def test_a_watched_decision_is_foreseen_and_followed_across_edits(shared: Desk) -> None:
    winner = shared.decision.label
    assert winner is not None
    shared.ask.label_answer = winner
    shared.press("actionWatch")
    shared.bot.waitUntil(lambda: shared.window.session.watch.words.startswith("1 of 1 as expected"))
    ids = [n.id for n in shared.decision.neighbours if n.label == winner]
    told: list[str] = []
    shared.window.session.impact_preview.ask(propose("strike", ids), lambda text, _: told.append(text))
    shared.bot.waitUntil(lambda: bool(told))
    assert told == [f"Striking out {len(ids)} exemplars would break 1 of 1 watched decision."]
    exemplars.strike(shared.window.session, ids)
    shared.settle()
    shared.bot.waitUntil(lambda: shared.window.session.watch.words.startswith("0 of 1 as expected"))
    shared.press("actionUndo")
    shared.bot.waitUntil(lambda: shared.window.session.watch.words.startswith("1 of 1 as expected"))
    assert shared.errors == []


def test_curate_sorts_by_likeness_as_far_as_the_server_names_exemplars(shared: Desk) -> None:
    query = shared.window.session.decision.query
    memory = shared.window.session.memory
    assert query is not None and memory is not None
    shared.press("actionQuerySimilar")
    shared.settle()
    ids = shared.window.curate.exemplars.ids.tolist()
    far = 1 - memory.catalog.vectors(ids).astype(np.float64) @ query.vector
    assert len(ids) == 18 and np.all(np.diff(far) > -1e-6)
    cells = shared.window.curate.exemplars.cells(shared.window.curate.exemplars.ids)
    assert np.allclose([cell.distance for cell in cells], far, atol=1e-6)
    assert shared.errors == []


def test_a_folder_is_added_as_one_step_and_what_is_here_is_left_out(shared: Desk, tmp_path: Path) -> None:
    more = tmp_path / "more"
    for number in range(20):
        label = "green" if number % 2 else "violet"
        (more / label).mkdir(parents=True, exist_ok=True)
        paint_image((10 * number, 120, 60), seed=400 + number).save(more / label / f"{number}.png")
    facts: list[FolderFacts] = []
    folders.count(shared.window.session, [str(more)], facts.append)
    shared.settle()
    assert facts and all(one.linked for one in facts)
    folders.import_folder(shared.window.session, more, copy=False)
    shared.settle()
    memory = shared.window.session.memory
    assert memory is not None
    assert any(note.startswith("Added 20 exemplars.") for note in shared.notes)
    assert memory.class_counts()["green"] == memory.class_counts()["violet"] == 10
    folders.import_folder(shared.window.session, more, copy=False)
    shared.settle()
    assert "20 were already here" in shared.notes[-1]
    shared.press("actionUndo")
    assert "green" not in memory.class_counts() and len(memory.history.steps()) == 1
    assert shared.errors == []


def test_it_is_exported_and_a_decision_is_reported(shared: Desk, tmp_path: Path) -> None:
    exchange.export(shared.window.session, tmp_path / "all.csv", "csv")
    exchange.export(shared.window.session, tmp_path / "folder", "imagefolder")
    shared.settle()
    assert len((tmp_path / "all.csv").read_text().splitlines()) == 19
    assert len((tmp_path / "folder" / "metadata.jsonl").read_text().splitlines()) == 18
    shared.ask.path = str(tmp_path / "report.html")
    shared.press("actionReport")
    shared.settle()
    assert "18 active" in (tmp_path / "report.html").read_text()
    assert shared.errors == []


def test_the_tile_of_a_shared_memory_names_its_server_and_asks_it_nothing(empty_desk: Desk, server: Server) -> None:
    server.gone = True
    assert recent_memory(ADDRESS, 20).facts == ("Shared memory", "on a Milvus server")
    tile = RecentTile(ADDRESS)
    empty_desk.bot.addWidget(tile)
    assert tile.accessibleName() == "Open small  on  localhost:19530"
    assert [action.text() for action in tile.actions()] == ["Remove from the list"]
    tile.show_memory(recent_memory(ADDRESS, 20))
    assert not tile.grab().isNull()


def test_a_forget_says_what_the_server_confirms(shared: Desk) -> None:
    from visualmemory_gui.app.operations import forget

    said = ERASURES["not provable here" if REAL else "erased"]
    forget.forget(shared.window.session, [2])
    shared.bot.waitUntil(lambda: any(said in note for note in shared.notes), timeout=120_000)  # a server takes its time
    shared.settle()
    assert 2 not in shared.window.curate.exemplars.ids
    assert status(shared, "statusSaved") == "saved" and shared.errors == []


def test_a_server_that_is_gone_is_told_and_what_was_cut_short_is_finished_when_it_is_back(
    shared: Desk, server: Server
) -> None:
    assert status(shared, "statusIndex") == "exact search on localhost:19530"
    first = shared.decision.voters[0].id
    server.gone = True
    shared.select([first])
    shared.press("actionStrike")
    assert "does not answer" in shared.errors[0][0] and "finished" in shared.errors[0][1]
    shared.bot.waitUntil(lambda: status(shared, "statusServer") == "localhost:19530 does not answer")
    shared.window.server_watch.look()
    assert status(shared, "statusServer") == "localhost:19530 does not answer"
    assert status(shared, "statusSaved") == "not saved"
    server.gone = False
    shared.bot.waitUntil(lambda: status(shared, "statusServer") == "")
    shared.bot.waitUntil(lambda: status(shared, "statusSaved") == "saved")
    assert state_of(shared, first) in ("active", "struck")
    assert shared.window.session.memory is not None
    steps = shared.window.session.memory.history.steps()
    assert state_of(shared, first) == ("struck" if steps else "active")  # whole, or not at all


def test_an_edit_that_was_cut_short_before_is_told_at_the_next_opening(shared: Desk, server: Server) -> None:
    first = shared.decision.voters[0].id
    shared.select([first])
    server.gone_after = 2
    shared.press("actionStrike")
    shared.window.session.close()
    server.gone, server.gone_after = False, None
    shared.window.open(ADDRESS)
    shared.settle()
    assert shared.notes[-1] == "An interrupted edit has been completed: Strike out 1 exemplar."
    assert state_of(shared, first) == "struck" and len(shared.errors) == 1


def test_what_nobody_asked_for_is_read_again_in_silence_when_the_server_is_back(shared: Desk, server: Server) -> None:
    shared.press("actionCurate")
    curate, memory = shared.window.curate, shared.window.session.memory
    assert memory is not None
    curate.thumbnails.set_source(memory.catalog.thumbnails)
    server.gone = True
    first = int(curate.exemplars.ids[0])
    curate.originals.missing(first)
    shared.window.state.refresh()
    shared.bot.waitUntil(lambda: (image := curate.thumbnails.get(first)) is not None and image.isNull())
    shared.bot.waitUntil(lambda: status(shared, "statusServer") == "localhost:19530 does not answer")
    shared.settle()
    server.gone = False
    shared.bot.waitUntil(lambda: (image := curate.thumbnails.get(first)) is not None and not image.isNull())
    assert shared.errors == []


def test_a_server_that_is_slow_is_named_and_keeps_nothing_else_waiting(
    shared: Desk, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observed_server, "SLOW_S", 0.1)
    paint_image((20, 40, 220), seed=11).save(tmp_path / "slow.png")
    before = shared.decision
    server.free.clear()
    shared.window.session.decision.ask(tmp_path / "slow.png")
    shared.bot.waitUntil(lambda: status(shared, "statusServer") == "localhost:19530 is slow")
    shared.window.show_workspace("curate")
    assert shared.window.workspace == "curate" and shared.decision is before
    server.free.set()
    shared.settle()
    shared.bot.waitUntil(lambda: status(shared, "statusServer") == "")
    assert shared.decision is not before and shared.errors == []


def test_the_token_is_typed_for_this_opening_alone(empty_desk: Desk, server: Server) -> None:
    empty_desk.ask.path, empty_desk.ask.key = ADDRESS, "root:secret"
    empty_desk.press("actionShared")
    assert empty_desk.window.session.memory is not None and server.token == "root:secret"
    assert empty_desk.window.windowTitle().startswith("small")
    settings = empty_desk.window.settings
    settings.sync()
    kept = [str(settings.value(key)) for key in settings.allKeys()]
    assert any(ADDRESS in value for value in kept) and not any("secret" in value for value in kept)


def test_what_is_no_address_is_told_in_the_dialog(empty_desk: Desk) -> None:
    got: list[tuple[str, str]] = []
    dialog = SharedDialog(empty_desk.window)
    dialog.confirmed.connect(lambda *both: got.append(both))
    assert dialog.token.echoMode() == QLineEdit.EchoMode.Password
    dialog.address.setText("milvus+http://localhost:19530/")
    dialog.accept()
    assert "names no collection" in dialog.problem.text() and got == []
    dialog.address.setText(ADDRESS)
    dialog.accept()
    assert got == [(ADDRESS, "")]


def test_one_that_another_client_edits_is_offered_for_reading(
    empty_desk: Desk, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = LeaseTimes(renew_s=0.05, expire_s=0.3, settle_s=0.0, stop_s=5.0)
    with shared_memory.SharedMemory.open(ADDRESS.replace("localhost", "elsewhere"), server=server, times=slow):
        empty_desk.window.open(ADDRESS)
        empty_desk.settle()
        assert empty_desk.ask.asked and empty_desk.window.session.readonly
    assert isinstance(empty_desk.ask, Answers)

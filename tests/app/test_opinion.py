"""A second opinion in the window: shown what is sent, confirmed, answered, refused, cancelled."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.app.conftest import Desk
from tools.endpoint_server import EndpointServer, Reply, running, says
from visualmemory_gui.app import preferences
from visualmemory_gui.app.models.headline import opinion_sentence
from visualmemory_gui.app.widgets.dialogs.endpoint_dialog import EndpointDialog
from visualmemory_gui.app.widgets.dialogs.opinion_dialog import OpinionDialog
from visualmemory_gui.app.widgets.panels.opinion_line import MOST_REASON, OpinionLine
from visualmemory_gui.app.widgets.tables.labelled_images import LabelledImages, LabelledRow
from visualmemory_gui.engine.errors import BadValue, Cancelled, EndpointError
from visualmemory_gui.engine.files import user_keyring
from visualmemory_gui.engine.second_opinion.endpoint import KEY_VARIABLE, Endpoint

RGB = QImage.Format.Format_RGB32


@pytest.fixture(scope="module")
def shared() -> Iterator[EndpointServer]:
    with running() as server:
        yield server


@pytest.fixture
def server(shared: EndpointServer, monkeypatch: pytest.MonkeyPatch) -> EndpointServer:
    shared.asked.clear()
    shared.release.clear()
    monkeypatch.setenv(KEY_VARIABLE, "sk-test")
    return shared


@pytest.fixture
def ready(asked: Desk, server: EndpointServer) -> Desk:
    """A window with a decided red image and an endpoint."""
    asked.ask.endpoint_answer = Endpoint(server.url, "eye-1", 2.0, 8.0)
    asked.press("actionOpinionSetUp")
    return asked


def line(desk: Desk) -> OpinionLine:
    return desk.window.decide.decision.opinion


def test_it_is_off_and_takes_no_room_until_it_is_set_up(asked: Desk, server: EndpointServer) -> None:
    assert line(asked).isHidden()
    server.reply = says("animals/cat")
    asked.ask.endpoint_answer = Endpoint(server.url, "eye-1")
    asked.press("actionOpinion")  # leads through the set-up
    assert asked.ask.asked[0] == "endpoint" and asked.ask.asked[1].startswith("11 images")
    assert preferences.endpoint(asked.window.settings) == Endpoint(server.url, "eye-1")
    assert line(asked).sentence.text() == "Second opinion: animals/cat, as the vote."
    asked.ask.endpoint_answer = None
    asked.press("actionOpinionSetUp")
    assert line(asked).isHidden() and preferences.endpoint(asked.window.settings) is None


def test_what_is_shown_is_what_is_sent_and_the_answer_stands_beside_the_vote(
    ready: Desk, server: EndpointServer
) -> None:
    server.reply = says("animals/dog", "It has a snout.")
    before, steps = ready.decision, len(ready.memory.history.steps())
    line(ready).ask.click()
    ready.settle()
    [body] = server.asked
    images = [part for part in body["messages"][1]["content"] if part["type"] == "image_url"]
    assert len(ready.ask.rows) == len(images) == 11
    assert [row.detail for row in ready.ask.rows[:2]] == ["the query", f"exemplar {before.neighbours[0].id}"]
    assert line(ready).sentence.text() == "Second opinion: animals/dog, where the vote is animals/cat."
    assert line(ready).reason.text() == "“It has a snout.”"
    assert ". Expected: about " in ready.ask.asked[-1] and ready.ask.asked[-1].endswith(" by your prices at most")
    assert "1,200 + 34 tokens, 0.0027 by your prices" in line(ready).price.text()
    line(ready).ask.click()
    ready.settle()
    assert "Expected: about 1,200 + 34 tokens, 0.0027 by your prices; the last one took " in ready.ask.asked[-1]
    assert replace(ready.decision, timings_ms=before.timings_ms) == before  # it may have been decided again meanwhile
    assert len(ready.memory.history.steps()) == steps


def test_where_the_vote_scrolls_the_answer_is_scrolled_to_and_a_decision_leaves_it_there(
    ready: Desk, server: EndpointServer
) -> None:
    panel = ready.window.decide.decision
    ready.window.resize(960, 440)
    ready.settle()
    server.reply = says("animals/dog", "It has a snout, and its ears hang down. " * 3)
    line(ready).ask.click()
    ready.settle()
    QApplication.processEvents()
    shown = QRect(line(ready).mapTo(panel.vote.viewport(), QPoint(0, 0)), line(ready).size())
    assert panel.vote.viewport().rect().contains(shown)
    panel.vote.verticalScrollBar().setValue(0)
    panel.on_decided()
    QApplication.processEvents()
    assert panel.vote.verticalScrollBar().value() == 0 < panel.vote.verticalScrollBar().maximum()


def test_nothing_is_sent_when_the_question_is_declined(ready: Desk, server: EndpointServer) -> None:
    ready.ask.always = None
    ready.press("actionOpinion")
    assert server.asked == [] and line(ready).sentence.isHidden()


def test_it_asks_each_time_unless_the_user_wants_otherwise_and_then_for_this_memory_alone(
    ready: Desk, server: EndpointServer
) -> None:
    server.reply = says(None)

    def questions() -> int:
        return sum(one.startswith("11 images") for one in ready.ask.asked)

    ready.press("actionOpinion")
    ready.ask.always = True
    ready.press("actionOpinion")
    ready.press("actionOpinion")
    assert (questions(), len(server.asked)) == (2, 3)
    query, path = ready.window.session.decision.query, ready.memory.path
    ready.window.session.close()
    ready.open(path)
    ready.window.session.decision.ask_query(query)
    ready.settle()
    ready.press("actionOpinion")
    assert (questions(), len(server.asked)) == (3, 4)


def test_an_answer_that_cannot_be_used_is_said_in_its_place(ready: Desk, server: EndpointServer) -> None:
    for reply, said in ((says("lynx"), "“lynx” is none of the labels"), (Reply(503), "a fault of its own")):
        server.reply = reply
        ready.press("actionOpinion")
        assert said in line(ready).sentence.text() and line(ready).reason.isHidden()
    assert ready.errors == []


def test_it_goes_with_its_query_with_the_level_and_with_a_forgotten_exemplar(
    ready: Desk, server: EndpointServer
) -> None:
    server.reply = says(None)
    model = ready.window.session.opinion

    def gone_after(act: Callable[[], object]) -> bool:
        ready.press("actionOpinion")
        assert model.found is not None
        act()
        ready.settle()
        return model.found is None

    assert gone_after(lambda: ready.window.session.decision.set_level(1))
    assert not gone_after(lambda: ready.memory.strike([1]))
    assert gone_after(lambda: ready.memory.forget([2]))
    assert gone_after(lambda: ready.window.session.decision.ask_exemplar(7))


def test_waiting_can_be_cancelled(ready: Desk, server: EndpointServer, qtbot: QtBot) -> None:
    server.reply = Reply(before=server.hang)
    ready.window.actions_by_id["actionOpinion"].trigger()
    qtbot.waitUntil(lambda: bool(server.asked))
    assert line(ready).sentence.text().startswith("Waiting") and line(ready).ask.isHidden()
    line(ready).cancel.click()
    ready.settle()
    assert line(ready).sentence.isHidden() and line(ready).ask.isVisible() and ready.errors == []
    server.release.set()


def test_the_window_closes_without_waiting_for_the_answer(ready: Desk, server: EndpointServer, qtbot: QtBot) -> None:
    server.reply = Reply(before=server.hang)
    ready.window.actions_by_id["actionOpinion"].trigger()
    qtbot.waitUntil(lambda: bool(server.asked))
    began = time.monotonic()
    ready.window.close()
    assert time.monotonic() - began < 10  # the server would take 30
    server.release.set()


def test_a_key_goes_into_the_keyring_and_not_into_the_settings(
    ready: Desk, server: EndpointServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored: list[tuple[str, str]] = []
    monkeypatch.setattr(
        "visualmemory_gui.app.actions.opinion_commands.store_key", lambda at, key: stored.append((at.host, key))
    )
    ready.ask.key = "sk-typed"
    ready.press("actionOpinionSetUp")
    assert stored == [(ready.ask.endpoint_answer.host, "sk-typed")]
    settings = ready.window.settings
    settings.sync()
    assert "sk-typed" not in str([settings.value(key) for key in settings.allKeys()])


@pytest.mark.parametrize("kept", [{"url": "http://example.org"}, {"url": "https://a.b", "model": "m", "in": "many"}])
def test_settings_that_are_no_endpoint_turn_it_off(empty_desk: Desk, kept: dict[str, str]) -> None:
    for name, value in kept.items():
        empty_desk.window.settings.setValue(f"opinion/{name}", value)
    assert preferences.endpoint(empty_desk.window.settings) is None


@pytest.mark.parametrize(
    ("error", "said"),
    [(None, ""), (Cancelled(), ""), (BadValue("no image"), "No second opinion: no image.")],
)
def test_the_sentence_without_an_opinion(error: BaseException | None, said: str) -> None:
    assert opinion_sentence(None, "cat", error) == said
    assert opinion_sentence(None, "cat", EndpointError("x"), waiting=True) == "Waiting for a second opinion…"


def test_a_long_reason_is_cut_and_stays_plain_text(qtbot: QtBot) -> None:
    made = OpinionLine()
    qtbot.addWidget(made)
    made.say("Second opinion: cat.", on=True, reason="<img src=x>" + "a" * 300)
    assert len(made.reason.text()) == MOST_REASON + 2 and made.reason.text().startswith("“<img src=x>")
    assert len(made.reason.toolTip()) > 300


def test_the_set_up_refuses_what_is_no_endpoint_and_stays_open(empty_desk: Desk, qtbot: QtBot) -> None:
    dialog = EndpointDialog(empty_desk.window, now=Endpoint("https://a.example/v1", "eye-1", 2.0))
    heard: list[object] = []
    dialog.confirmed.connect(lambda *chosen: heard.append(chosen))
    dialog.open()
    dialog.url.setText("http://example.org/v1")
    dialog.accept()
    assert dialog.isVisible() and "https only" in dialog.fault.text() and heard == []
    dialog.url.setText("https://b.example/v1")
    dialog.key.setText(" sk-new ")
    dialog.accept()
    assert heard == [(Endpoint("https://b.example/v1", "eye-1", 2.0), "sk-new")]


def test_without_the_keyring_package_no_key_is_typed(empty_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(user_keyring, "find_spec", lambda _: None)
    dialog = EndpointDialog(empty_desk.window, now=None)
    assert not dialog.key.isEnabled() and "keyring" in dialog.key.placeholderText()
    dialog.close()


def test_the_dialog_sends_only_on_send(empty_desk: Desk) -> None:
    heard: list[object] = []
    for press in ("reject", "accept"):
        dialog = OpinionDialog(empty_desk.window, host="a.example", what="2 images", rows=[])
        dialog.confirmed.connect(heard.append)
        dialog.always.setChecked(True)
        assert not dialog.send.isDefault()  # Enter cancels
        getattr(dialog, press)()
    assert heard == [True]


def test_labels_below_images_of_any_shape_are_level(qtbot: QtBot) -> None:
    shown = LabelledImages(
        [LabelledRow("cat", "", QImage(*size, RGB)) for size in ((160, 40), (50, 160))], name="images"
    )
    qtbot.addWidget(shown)
    icons = [shown.item(at).icon().actualSize(shown.iconSize()) for at in range(2)]
    assert icons[0] == icons[1] and icons[0].width() == icons[0].height() > 0

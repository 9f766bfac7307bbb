"""Choosing an encoder: what is listed, fetching, measuring, and the memory that is made with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from tests.app.conftest import Desk
from tests.conftest import write_images
from tests.engine.encoders.test_local_file import onnx_file
from tests.hub_server import Hub, hub_server
from visualmemory_gui.app import theme
from visualmemory_gui.app.actions.encoder_choice import EncoderChoice
from visualmemory_gui.app.models.encoders import FILES, JOB, EncodersModel
from visualmemory_gui.app.operations import encoders
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.views.kit.choosers import Choosers
from visualmemory_gui.app.widgets.dialogs.encoder_dialog import EncoderDialog
from visualmemory_gui.app.widgets.panels.long_task import LongTask
from visualmemory_gui.engine.encoders import download, local_file, timm_models, weights
from visualmemory_gui.engine.types import EncoderInfo

FREE, OWN = "dinov2-small", "dinov3-small"
BODY = bytes(range(256)) * 3000


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub with a file for both, which need not be a network here."""
    with hub_server() as running:
        running.files = {of.repository: BODY for of in timm_models.SPECS}
        monkeypatch.setenv("HF_ENDPOINT", running.endpoint)
        monkeypatch.setenv("HF_HOME", str(weights.folder() / "hub"))
        monkeypatch.setattr(timm_models, "_attempt", lambda of, path: None)
        yield running


class Chooser:
    """The dialog over a session of its own, and who fetches for it."""

    def __init__(self, bot: QtBot) -> None:
        self.session = Session()
        self.notes: list[str] = []
        self.chosen: list[str] = []
        self.errors: list[tuple[str, ...]] = []
        self.session.note_posted.connect(lambda text, *_: self.notes.append(text))
        self.session.error_raised.connect(lambda *error: self.errors.append(error))
        self.model = EncodersModel(self.session.tasks)
        encoders.look(self.model)
        self._bot = bot
        self.settle()
        self.dialog = EncoderDialog(None, self.model, now="lite0")
        self._choice = EncoderChoice(self.session, Choosers(self.dialog), self.model, name="lite0")
        self.dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        bot.addWidget(self.dialog)
        self.dialog.chosen.connect(self.chosen.append)
        self.dialog.fetch_requested.connect(self._choice.fetch)
        self.dialog.measure_requested.connect(self._choice.measure)
        self.dialog.open()
        bot.waitExposed(self.dialog)

    def settle(self) -> None:
        self._bot.waitUntil(lambda: not self.session.tasks.busy, timeout=20_000)
        QApplication.processEvents()

    def select(self, name: str) -> list[str]:
        """Select the row of that encoder; its cells."""
        table = self.dialog.table
        row = next(at for at in range(table.rowCount()) if table.item(at, 0).text() == name)
        table.selectRow(row)
        return [table.item(row, column).text() for column in range(table.columnCount())]

    def button(self, name: str) -> QPushButton:
        return next(b for b in self.dialog.findChildren(QPushButton) if b.objectName() == name or b.text() == name)

    def said(self, name: str) -> str:
        return self.dialog.findChild(QLabel, name).text()


@pytest.fixture
def chooser(qtbot: QtBot, qapp: QApplication) -> Iterator[Chooser]:
    theme.apply(qapp, "light")
    chooser = Chooser(qtbot)
    yield chooser
    chooser.session.shutdown()


def test_each_encoder_is_listed_with_what_it_costs(chooser: Chooser) -> None:
    assert chooser.select("lite0") == ["lite0", "1,280", "Apache-2.0", "19 MB", "here", ""]
    assert chooser.button("Use it").isEnabled() and not chooser.button("fetchEncoder").isEnabled()
    assert chooser.select(OWN)[:2] == [OWN, "384"]
    assert chooser.button("fetchEncoder").text() == "Fetch 86 MB…"
    assert not chooser.button("Use it").isEnabled() and not chooser.button("measureEncoder").isEnabled()
    assert "https://ai.meta.com/" in chooser.said("encoderFacts")


def test_weights_are_fetched_and_then_the_encoder_can_be_used(chooser: Chooser, hub: Hub) -> None:
    chooser.select(FREE)
    chooser.button("fetchEncoder").click()
    assert not chooser.button("fetchEncoder").isEnabled()
    chooser.settle()
    assert chooser.select(FREE)[4] == "here" and chooser.said("encoderTold") == f"The weights of {FREE} are here."
    assert chooser.notes == [f"The weights of {FREE} are here."]
    chooser.button("Use it").click()
    assert chooser.chosen == [FREE]


def test_a_licence_of_its_own_is_accepted_first(chooser: Chooser, hub: Hub) -> None:
    chooser.select(OWN)
    chooser.button("fetchEncoder").click()
    box = chooser.dialog.findChild(QMessageBox)
    assert "dinov3-license" in box.text() and "86 MB" in box.text() and hub.asked == []
    box.reject()
    chooser.settle()
    assert hub.asked == []
    chooser.button("fetchEncoder").click()
    box = next(each for each in chooser.dialog.findChildren(QMessageBox) if each.isVisible())
    assert box.defaultButton().text() == "Cancel"
    next(each for each in box.buttons() if each.text() == "Accept and fetch").click()
    chooser.settle()
    assert chooser.select(OWN)[4] == "here" and len(hub.asked) == 2


def test_a_fetch_can_be_cancelled_and_goes_on_from_there(chooser: Chooser, hub: Hub, qtbot: QtBot) -> None:
    hub.pause_s = 0.05
    chooser.select(FREE)
    chooser.button("fetchEncoder").click()
    task = chooser.session.tasks.running_job(JOB)
    assert task is not None
    qtbot.waitUntil(lambda: task.done > 2**17, timeout=10_000)
    panel = chooser.dialog.findChild(LongTask)
    qtbot.waitUntil(panel.isVisible, timeout=10_000)
    panel.findChild(QPushButton, "longTaskCancel").click()
    chooser.settle()
    assert "the next fetch goes on from there" in chooser.said("encoderTold")
    assert not panel.isVisible() and chooser.select(FREE)[4].endswith(" kB fetched")
    hub.pause_s = 0.0
    hub.asked.clear()
    chooser.button("fetchEncoder").click()
    chooser.settle()
    assert chooser.select(FREE)[4] == "here" and hub.of("store")[0].range


def test_a_connection_that_is_cut_is_taken_up_again_and_what_arrived_is_gone_on_with(
    chooser: Chooser, hub: Hub
) -> None:
    hub.cuts = 100
    chooser.select(FREE)
    chooser.button("fetchEncoder").click()
    chooser.settle()
    assert len(hub.of("store")) > 2 and all(one.range for one in hub.of("store")[1:])
    assert "the connection ended" in chooser.said("encoderTold")
    assert "fetching it again goes on from there" in chooser.said("encoderTold")
    assert chooser.select(FREE)[4].endswith(" kB fetched") and not chooser.button("Use it").isEnabled()
    hub.cuts, begun = 0, len(hub.of("store"))
    chooser.button("fetchEncoder").click()
    chooser.settle()
    assert [one.range[:6] for one in hub.of("store")[begun:]] == ["bytes="]
    assert chooser.select(FREE)[4] == "here" and not list(weights.folder().glob("*.part"))
    assert chooser.errors == []


def test_why_a_fetch_failed_is_said_where_it_was_asked_for(chooser: Chooser, hub: Hub) -> None:
    hub.status = 403
    chooser.select(FREE)
    chooser.button("fetchEncoder").click()
    chooser.settle()
    assert (
        "its licence has to be accepted at" in chooser.said("encoderTold") and chooser.select(FREE)[4] == "not fetched"
    )
    assert not list(weights.folder().glob("*.part"))


def test_the_speed_is_measured_on_demand(chooser: Chooser, monkeypatch: pytest.MonkeyPatch) -> None:
    chooser.model.set_rows([EncoderInfo("fake", 64, "Apache-2.0", 0, True)])
    chooser.select("fake")
    chooser.button("measureEncoder").click()
    chooser.settle()
    assert chooser.said("encoderTold") == "" and chooser.errors == []
    assert chooser.select("fake")[5].endswith(" a second")


@pytest.fixture
def own_file(tmp_path: Path) -> Path:
    """A network of the user's own."""
    path = tmp_path / "mine.onnx"
    path.write_bytes(onnx_file(b"GlobalAveragePool", 32))
    path.with_name("mine.onnx.json").write_text(json.dumps({"size": 32, "resize": 32}))
    return path


def test_a_file_of_ones_own_is_added_and_selected(chooser: Chooser, own_file: Path) -> None:
    encoders.add(chooser.session, chooser.model, str(own_file), chooser.dialog.select)
    chooser.settle()
    assert chooser.said("encoderTold") == "mine.onnx was added as local/mine.onnx."
    assert chooser.said("encoderFacts").startswith("local/mine.onnx: 3 numbers per vector")
    assert chooser.dialog.table.chosen is not None and chooser.dialog.table.chosen.name == "local/mine.onnx"
    chooser.button("Use it").click()
    assert chooser.chosen == ["local/mine.onnx"]


def test_a_file_that_is_no_network_is_told_in_the_dialog(chooser: Chooser, own_file: Path) -> None:
    own_file.write_bytes(b"no network")
    encoders.add(chooser.session, chooser.model, str(own_file), chooser.dialog.select)
    chooser.settle()
    assert "cannot be used as an encoder" in chooser.said("encoderTold") and chooser.errors == []


def test_program_code_is_added_only_by_one_who_trusts_it(empty_desk: Desk, tmp_path: Path) -> None:
    desk, added = empty_desk, list[str]()
    choice = EncoderChoice(desk.window.session, desk.ask, EncodersModel(desk.window.session.tasks), name="lite0")
    desk.ask.path = str(tmp_path / "mine.pt")
    desk.ask.confirm = Choosers(desk.window).confirm  # type: ignore[method-assign]
    choice.add(added.append)
    box = desk.window.findChild(QMessageBox, "confirmDialog")
    assert box is not None and "program code" in box.text()
    QTest.keyClick(box, Qt.Key.Key_Return)
    desk.settle()
    assert added == [] and not weights.folder().exists()


def test_the_endings_offered_are_those_that_can_be_added() -> None:
    assert set(FILES) == set(local_file.SUFFIXES)


def test_a_memory_of_a_folder_is_made_with_the_chosen_encoder(empty_desk: Desk, tmp_path: Path) -> None:
    folder = write_images(tmp_path / "birds", each=2)
    facts: list[object] = []

    def options(folder: str, then: object, *, encoder: EncoderChoice) -> object:
        encoder.ask(lambda name: facts.append(name))
        empty_desk.ask.encoder_choice = (encoder, then)
        return facts.append

    empty_desk.ask.import_options = options  # type: ignore[method-assign, assignment]
    empty_desk.window.commands.memory.new_memory_of(str(folder))
    empty_desk.settle()
    choice, then = empty_desk.ask.encoder_choice
    assert choice.name == "fake" and facts[0] == "fake" and facts[-1].seconds is not None  # type: ignore[attr-defined]
    then(False)
    empty_desk.settle()
    assert empty_desk.memory.identity.name == "fake" and empty_desk.memory.summary().active == 6


def test_a_part_of_a_file_is_counted(tmp_path: Path) -> None:
    target = tmp_path / "a[1].safetensors"
    assert weights.arrived(target) == 0
    download.part_of(target, "0" * 64).write_bytes(b"12345")
    assert weights.arrived(target) == 5

"""The shell: opening, closing, errors, keys, what survives a restart, and how fast the first frame comes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot
from shiboken6 import delete

from tests.app.conftest import Answers, Desk
from tests.conftest import write_images
from visualmemory_gui.app import preferences, screenshot
from visualmemory_gui.app.actions import window_actions
from visualmemory_gui.app.main_window import MainWindow
from visualmemory_gui.app.models.card_roles import CardRole
from visualmemory_gui.app.models.headline import by_rule
from visualmemory_gui.app.models.memory_state import index_text
from visualmemory_gui.app.operations import exemplars
from visualmemory_gui.engine.device.fallback import Fallback, fallbacks
from visualmemory_gui.engine.memory.visual_memory import VisualMemory
from visualmemory_gui.engine.types import RULES, IndexState


def text_of(desk: Desk, name: str) -> str:
    label = desk.window.findChild(QLabel, name)
    assert label is not None
    return label.text()


def test_the_status_bar_tells_what_is_open(desk: Desk) -> None:
    assert text_of(desk, "statusMemory") == "18 exemplars · 3 classes"
    assert text_of(desk, "statusEncoder") == "fake on cpu"
    assert text_of(desk, "statusIndex").startswith("exact search")
    assert text_of(desk, "statusSaved") == "saved"


def test_actions_name_their_target_and_are_off_without_one(desk: Desk) -> None:
    strike = desk.window.actions_by_id["actionStrike"]
    assert not strike.isEnabled()
    desk.window.on_query_chosen(1)
    desk.settle()
    desk.select([n.id for n in desk.decision.neighbours[:3]])
    assert strike.isEnabled() and strike.text() == "Strike out 3 exemplars"


def test_undo_says_what_it_would_undo(desk: Desk) -> None:
    exemplars.strike(desk.window.session, [1, 2], here=True)
    desk.settle()
    assert desk.window.actions_by_id["actionUndo"].text() == "Undo: Strike out 2 exemplars"


def test_a_memory_that_is_none_is_told_with_what_to_do(empty_desk: Desk, tmp_path: Path) -> None:
    empty_desk.open(tmp_path)
    assert "vmem" in empty_desk.errors[0][1]
    assert empty_desk.window.workspace == "empty"


def test_another_memory_takes_the_place_of_the_first(desk: Desk, tmp_path: Path, small: Path) -> None:
    desk.window.session.create(tmp_path / "other.vmem", "fake")
    desk.settle()
    assert text_of(desk, "statusMemory") == "0 exemplars · 0 classes"
    with VisualMemory.open(small) as first:  # its lock is free again
        assert len(first.snapshot) == 18


def test_a_folder_dropped_on_the_empty_state_becomes_a_memory(empty_desk: Desk, tmp_path: Path) -> None:
    folder = write_images(tmp_path / "birds", each=2)
    empty_desk.window.session.create = lambda path, encoder, then: type(empty_desk.window.session).create(  # type: ignore[method-assign]
        empty_desk.window.session, path, "fake", then=then
    )
    empty_desk.drop_files(empty_desk.window.empty, folder)
    assert empty_desk.memory.path.name == "birds.vmem"
    assert empty_desk.memory.summary().active == 6
    assert empty_desk.notes[-1].startswith("Added 6 exemplars")


def test_an_import_is_one_step_that_undo_takes_back(desk: Desk, tmp_path: Path) -> None:
    desk.ask.path = str(write_images(tmp_path / "more" / "x", each=3).parent)
    desk.press("actionAdd")
    assert desk.memory.summary().active == 27
    desk.press("actionUndo")
    assert desk.memory.summary().active == 18


def test_every_action_has_a_handler_and_no_two_share_a_key(empty_desk: Desk) -> None:
    keys = [key for spec in window_actions.ACTIONS for key in spec.keys]
    assert len(keys) == len(set(keys))
    for spec in window_actions.ACTIONS:
        assert callable(spec.handler) and spec.id in empty_desk.window.actions_by_id


def test_the_key_sheet_is_made_from_the_actions(desk: Desk) -> None:
    desk.press("actionKeys")
    assert {"T", "U", "Ctrl+E"} <= set(desk.ask.asked)


def test_workspaces_change_by_action(desk: Desk) -> None:
    desk.press("actionCurate")
    assert desk.window.workspace == "curate"
    assert not desk.window.actions_by_id["actionTeach"].isEnabled()
    desk.press("actionDecide")
    assert desk.window.workspace == "decide"


def test_size_look_and_recent_memories_survive_a_restart(desk: Desk, qtbot: QtBot, small: Path) -> None:
    desk.window.resize(790, 640)  # within the offscreen screen
    preferences.set_theme(desk.window.settings, "dark")
    desk.window.close()
    again = MainWindow(ask=Answers())
    assert (again.width(), again.height()) == (790, 640)
    assert preferences.recent_memories(again.settings) == [str(small)]
    assert preferences.theme_name(again.settings) == "dark"
    again.close()


def test_a_recent_memory_that_is_gone_is_marked_and_leaves_the_list_when_asked(
    desk: Desk, qtbot: QtBot, small: Path
) -> None:
    desk.window.close()
    again = MainWindow(ask=Answers())
    [tile] = again.empty.tiles
    small.rename(small.with_name("elsewhere.vmem"))
    errors: list[str] = []
    again.session.error_raised.connect(lambda what, *_: errors.append(what))
    tile.click()
    qtbot.waitUntil(lambda: bool(errors), timeout=10_000)
    again.errors.accept()
    assert "small.vmem" in errors[0]
    again.show_recent()
    qtbot.waitUntil(lambda: "Missing" in tile.accessibleName(), timeout=10_000)
    remove = next(action for action in tile.actions() if action.text() == "Remove from the list")
    remove.trigger()
    assert again.empty.tiles == [] and preferences.recent_memories(again.settings) == []
    again.close()
    delete(again)


def test_closing_in_the_middle_of_an_import_keeps_a_memory_that_opens(desk: Desk, tmp_path: Path, small: Path) -> None:
    write_images(tmp_path / "many", each=60)
    desk.ask.path = str(tmp_path / "many")
    desk.window.actions_by_id["actionAdd"].trigger()
    desk.window.close()
    with VisualMemory.open(small) as memory:
        assert memory.summary().active >= 18


def test_a_screenshot_shows_the_window_with_a_decision(small: Path, tmp_path: Path, qtbot: QtBot) -> None:
    png = screenshot.take(small, tmp_path / "window.png", theme="dark", size=(900, 600))
    from PySide6.QtGui import QImage

    image = QImage(str(png))
    assert (image.width(), image.height()) == (900, 600)


def test_three_hundred_thousand_void_calls_do_no_harm(qtbot: QtBot) -> None:
    label = QLabel()
    qtbot.addWidget(label)
    for _ in range(300_000):
        label.update()
    assert label.text() == ""


FIRST_FRAME = """
import sys
from visualmemory_gui.app.application import create
app, window = create(["visualmemory-gui", sys.argv[1]])
window.show()
while not window._painted:
    app.processEvents()
assert not {"torch", "timm", "pyqtgraph"} & set(sys.modules), "something heavy came before the first frame"
from visualmemory_gui.app.screenshot import wait_until_idle
assert wait_until_idle(window)
assert "pyqtgraph" in sys.modules, "the first chart would stop the window"
said = window.statusBar().encoder.text()
assert said.startswith("lite0 on"), said
window.close()
print("ok")
"""


def test_the_first_frame_is_drawn_before_the_encoder_is_loaded(tmp_path: Path) -> None:
    VisualMemory.create(tmp_path / "m.vmem", encoder="lite0").close()
    done = subprocess.run(
        [sys.executable, "-c", FIRST_FRAME, str(tmp_path / "m.vmem")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0 and done.stdout.strip() == "ok", done.stderr


IN_A_THREAD = """
import threading
import shiboken6
from PySide6.QtCore import QObject, qInstallMessageHandler
from PySide6.QtWidgets import QApplication
from visualmemory_gui.app.runtime.preload import CHARTS

app, said = QApplication([]), []
qInstallMessageHandler(lambda kind, context, text: said.append(text))
here = {id(each) for each in shiboken6.getAllValidWrappers()}
worker = threading.Thread(target=__import__, args=(CHARTS,))
worker.start()
worker.join()
made = [each for each in shiboken6.getAllValidWrappers() if id(each) not in here]
assert made, "nothing was seen"
assert not [each for each in made if isinstance(each, QObject)], made
assert not said, said
print("ok")
"""


def test_importing_the_charts_in_a_thread_makes_no_object_that_would_live_there() -> None:
    done = subprocess.run([sys.executable, "-c", IN_A_THREAD], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0 and done.stdout.strip() == "ok", done.stderr


def test_a_window_that_closes_while_a_memory_opens_lets_go_of_it(empty_desk: Desk, small: Path) -> None:
    empty_desk.window.open(str(small))
    empty_desk.window.close()
    with VisualMemory.open(small) as memory:
        assert len(memory.snapshot) == 18


def test_opening_what_is_no_memory_leaves_the_open_one(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "nothing.vmem").mkdir()
    desk.open(tmp_path / "nothing.vmem")
    assert desk.errors and desk.memory.summary().active == 18


def test_the_log_holds_no_path(desk: Desk, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    secret = tmp_path / "secret name.png"
    secret.write_bytes(b"no image")
    desk.drop_files(desk.window.decide, secret)
    assert "BadImage" in caplog.text and "secret" not in caplog.text


def test_exporting_writes_a_bundle(desk: Desk, small: Path) -> None:
    desk.press("actionExport")
    assert small.with_suffix(".vmemz").is_file()
    assert desk.notes[-1] == "Exported to small.vmemz."


def test_a_note_and_its_undo_leave_with_their_memory(desk: Desk, tmp_path: Path) -> None:
    exemplars.strike(desk.window.session, [1], here=True)
    desk.settle()
    assert desk.window.note.isVisible()
    desk.window.session.create(tmp_path / "other.vmem", "fake")
    desk.settle()
    assert not desk.window.note.isVisible()
    desk.window.notes.on_undo()
    desk.settle()
    assert len(desk.notes) == 1


def test_k_rule_and_level_survive_a_restart_and_are_no_step(desk: Desk, small: Path) -> None:
    panel = desk.window.decide.neighbours
    panel.k.setValue(5)
    panel.rule.setCurrentText("softmax")
    panel.level.setCurrentIndex(1)
    desk.settle()
    assert desk.memory.history.can_undo() is None
    desk.window.close()
    with VisualMemory.open(small) as memory:
        kept = memory.settings
    assert (kept.k, kept.rule, kept.level) == (5, "softmax", 1)


def test_ridge_keeps_a_k_of_its_own(desk: Desk, small: Path) -> None:
    panel = desk.window.decide.neighbours
    panel.k.setValue(5)
    panel.rule.setCurrentText("ridge")
    assert panel.k.value() == 100
    panel.k.setValue(40)
    panel.rule.setCurrentText("rank")
    assert panel.k.value() == 5
    panel.rule.setCurrentText("ridge")
    assert panel.k.value() == 40
    desk.settle()
    desk.window.close()
    with VisualMemory.open(small) as memory:
        kept = memory.settings
    assert (kept.k, kept.ridge_k, kept.rule) == (5, 40, "ridge")


def test_under_ridge_a_decision_counts_those_that_vote_and_stands_beside_the_other_rules(desk: Desk) -> None:
    desk.window.decide.neighbours.rule.setCurrentText("ridge")
    desk.window.session.decision.ask_exemplar(1)
    desk.settle()
    decision = desk.window.session.decision.decision
    assert decision is not None and decision.rule == "ridge"
    own = by_rule(decision)["ridge"]
    assert (own.winner, own.share) == (decision.label, decision.share)
    assert list(by_rule(decision)) == list(RULES)
    exemplars.strike(desk.window.session, [decision.neighbours[0].id], here=True)
    desk.settle()
    assert desk.window.session.decision.decision != decision


def test_under_ridge_the_cards_are_those_that_vote_and_the_others_unfold(desk: Desk) -> None:
    panel, vectors = desk.window.decide.neighbours, desk.memory.snapshot.vectors
    between = vectors[:17] + vectors[1:]  # explain nothing that those they lie between do not
    desk.memory.add_vectors(between / np.linalg.norm(between, axis=1, keepdims=True), "between")
    desk.settle()
    desk.window.session.decision.ask_exemplar(1)
    desk.settle()
    assert panel.silent.isHidden()
    panel.rule.setCurrentText("ridge")
    desk.settle()
    decision, model = desk.decision, panel.grid.model()
    assert decision.silent and model.rowCount() == len(decision.voters)
    assert panel.silent.text() == f"{len(decision.silent)} more retrieved, no vote"
    assert "explains" in str(model.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole))
    panel.silent.click()
    desk.settle()
    assert model.rowCount() == len(decision.neighbours)
    last = model.index(model.rowCount() - 1, 0)
    assert "adds nothing that nearer ones do not show" in str(last.data(Qt.ItemDataRole.ToolTipRole))
    assert (last.data(CardRole.State), last.data(CardRole.Share)) == ("active", 0.0)
    with_image = {n.id for n in decision.silent if n.id <= 18}
    assert with_image <= desk.window.session.decision.images.keys()
    struck = int(last.data(CardRole.Exemplar))
    panel.select([struck])
    desk.press("actionStrike")
    assert struck in {n.id for n in desk.window.session.decision.struck}
    panel.silent.click()
    desk.settle()
    shown = [model.index(row, 0).data(CardRole.State) for row in range(model.rowCount())]
    assert shown == ["active"] * len(desk.decision.voters) + ["struck"]


def test_a_damaged_index_is_told_once(desk: Desk) -> None:
    desk.memory._live.index_damage = "its seal does not fit."
    for _ in range(2):
        desk.window._upkeep.on_quiet()
        desk.settle()
    assert desk.notes == ["The index is being rebuilt because its seal does not fit."]


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (IndexState("exact", current=True), "exact search · no index needed"),
        (IndexState("exact", current=True, behind=0), "exact search · index on disk: current"),
        (IndexState("exact", current=True, device="cuda:1"), "exact search on cuda:1 · no index needed"),
        (IndexState("hnsw", current=False, behind=3), "HNSW · index on disk: 3 edits behind"),
        (IndexState("hnsw", current=False), "HNSW · index on disk: none yet"),
    ],
)
def test_the_state_of_the_index_in_words(state: IndexState, said: str) -> None:
    assert index_text(state) == said


def test_what_a_gpu_cannot_do_is_said_and_stays_in_the_status_bar(desk: Desk) -> None:
    try:
        fallbacks.note(Fallback("searching", "cuda:1", "memory"))
        for _ in range(2):  # the note arrives, then the state is read again
            desk.settle()
        said = "cuda:1 ran out of memory: searching on the CPU"
        assert desk.notes[-1] == f"{said}."
        label = desk.window.findChild(QLabel, "statusDevice")
        assert label is not None and label.accessibleName() == said  # the text may be cut
    finally:
        fallbacks.clear("searching")
    desk.window.state.refresh()
    desk.settle()
    assert text_of(desk, "statusDevice") == ""


def test_teaching_many_images_can_be_stopped_and_adds_nothing(desk: Desk, tmp_path: Path) -> None:
    paths = sorted(str(p) for p in write_images(tmp_path / "many", each=20).rglob("*.png"))
    desk.window.commands.decide.teach_images(paths, "cat")
    task = next(t for t in desk.window.session.tasks.running if t.title == "Teaching 60 images")
    assert task.stoppable
    task.cancel()
    desk.settle()
    assert desk.notes[-1] == "Teaching stopped; nothing was added."
    assert desk.memory.summary().active == 18
    desk.window.commands.decide.teach_images(paths, "cat")
    desk.settle()
    assert desk.memory.summary().active == 78 and desk.memory.history.can_undo() is not None


def test_a_new_window_is_not_larger_than_the_screen(qtbot: QtBot, tmp_path: Path) -> None:
    window = MainWindow(settings=QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat))
    qtbot.addWidget(window)
    room = window.screen().availableGeometry().size()
    assert window.width() <= room.width() and window.height() < room.height()
    window.close()

"""Culling: the queue one image at a time, by single keys, on real image files with the ``fake`` encoder."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox
from pytestqt.qtbot import QtBot

from tests.app.conftest import Desk
from tests.conftest import COLOURS, paint_image
from visualmemory_gui.app.actions.command_list import commands_of
from visualmemory_gui.app.models import query_image, watch
from visualmemory_gui.app.models.cull_run import CullCounts, CullRun, summary
from visualmemory_gui.app.views.decide.cull_view import CullView
from visualmemory_gui.app.widgets.dialogs.contact_sheet import ContactSheet, SheetRow
from visualmemory_gui.engine.decision.short_labels import ShortLabels
from visualmemory_gui.engine.errors import StorageError
from visualmemory_gui.engine.memory.visual_memory import VisualMemory

NEW = (240, 230, 30)
NO_KEYS = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def waiting(tmp_path: Path) -> list[Path]:
    """Three images of the known classes, three of a colour that no class has."""
    folder = tmp_path / "waiting"
    folder.mkdir()
    paths = []
    for i, colour in enumerate([*COLOURS.values(), NEW, NEW, NEW]):
        paths.append(folder / f"{i}.png")
        paint_image(colour, seed=5000 + i).save(paths[-1])
    return paths


@pytest.fixture
def culling(desk: Desk, waiting: list[Path]) -> Desk:
    desk.window.activateWindow()
    assert refusal(desk) == "The queue is empty."
    desk.drop_files(desk.window.decide.query, *waiting)
    desk.press("actionCull")
    return desk


def refusal(desk: Desk) -> str:
    """Why the images cannot be shown one by one."""
    action = desk.window.actions_by_id["actionCull"]
    why = str(action.property("refusal"))
    assert action.isEnabled() != bool(why)
    assert (why[1:].rstrip(".") in action.toolTip()) if why else ("Off" not in action.toolTip())
    return why


def view(desk: Desk) -> CullView:
    found = desk.window.findChild(CullView, "cullView")
    assert found is not None
    return found


def press(desk: Desk, *keys: Qt.Key | str, held: Qt.KeyboardModifier = NO_KEYS) -> None:
    for key in keys:
        if isinstance(key, str):
            QTest.keyClicks(view(desk), key)
        else:
            QTest.keyClick(view(desk), key, held)
        desk.settle()


def progress(desk: Desk) -> str:
    return view(desk).run.counts().in_words()


def shown(desk: Desk) -> str:
    row = view(desk).run.row
    return row.name if row is not None else ""


def taught(desk: Desk) -> dict[str, str]:
    model = desk.window.session.queue
    rows = map(model.row, range(model.rowCount()))
    return {row.name: row.taught for row in rows if row.taught is not None}


def test_a_run_goes_forward_back_and_over_what_is_gone() -> None:
    run = CullRun(place=-1)
    for expected in (5, 3, 9, None, None):
        run.forward([5, 3, 9])
        assert run.current == expected
    run.back()
    assert run.current == 9
    run.forward([7, 5, 3, 9])  # one more arrived
    assert run.current == 7
    run.go_to(3)
    run.keep({3, 9, 7})
    assert (run.current, run.seen, run.ahead([1, 7])) == (3, [3, 9, 7], [1])
    run.keep({9, 7})
    assert run.current == 9


def test_a_summary_counts_what_was_taught_by_class() -> None:
    counts = CullCounts(place=6, total=6, taught=3, skipped=2)
    assert list(summary(counts, ["cat", "dog", "cat"])) == ["3 of 6 images taught, 2 skipped.", "cat: 2", "dog: 1"]


def fail(_: object) -> None:
    raise StorageError("the disk is full")


def test_images_are_taught_skipped_and_undone_by_single_keys(culling: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert culling.window.workspace == "cull" and progress(culling) == "1 of 6 · 0 taught · 0 skipped"
    first = shown(culling)
    assert first and view(culling).panel.winner.text() and view(culling).panel.neighbours.accessibleDescription()
    whole, image = culling.window.decide.query_image, view(culling).image
    ahead = view(culling).run.near
    assert len(ahead) == 4 and all(whole.ahead(each) is not None for each in ahead)
    press(culling, "+")
    assert image.viewport.zoom > 1 and image.pyramid is whole.pyramid is not None
    press(culling, Qt.Key.Key_Space)
    assert image.pyramid is whole.pyramid is not None and image.viewport.zoom == 1
    second, winner = shown(culling), view(culling).run.row.label  # type: ignore[union-attr]
    assert second != first and progress(culling) == "2 of 6 · 0 taught · 1 skipped"
    press(culling, Qt.Key.Key_Return)
    assert taught(culling) == {second: winner} and progress(culling) == "3 of 6 · 1 taught · 1 skipped"
    with monkeypatch.context() as broken:
        broken.setattr(culling.memory.queue, "teach_each", fail)
        press(culling, "1")
    culling.window.errors.close()
    culling.window.activateWindow()
    culling.bot.waitUntil(view(culling).hasFocus)
    assert culling.errors.pop()[0] and progress(culling) == "3 of 6 · 1 taught · 1 skipped"
    third, label = shown(culling), culling.window.session.class_marks.label_of(2)
    press(culling, "2")
    assert taught(culling) == {second: winner, third: label}
    press(culling, "u")
    assert shown(culling) == third and taught(culling) == {second: winner}
    culling.press("actionRedo")
    assert taught(culling)[third] == label and shown(culling) != third
    press(culling, Qt.Key.Key_Left)
    assert shown(culling) == third and "In the memory as" in view(culling).panel.here.text()
    other = culling.window.session.class_marks.label_of(1)
    assert other != label
    press(culling, "1")  # a slip is put right by the right key
    assert taught(culling)[third] == other and shown(culling) != third
    press(culling, Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_Left)
    assert shown(culling) == first and not view(culling).actions_by_id["back"].isEnabled()
    press(culling, Qt.Key.Key_Left)
    assert culling.notes[-1] == "This is the first image."


def test_letters_find_a_class_and_a_new_one_moves_those_like_it(culling: Desk) -> None:
    while shown(culling) not in {"3.png", "4.png", "5.png"}:
        press(culling, Qt.Key.Key_Right)
    first = shown(culling)
    culling.ask.label_answer = "lights/lamp"
    press(culling, "t")
    assert taught(culling) == {first: "lights/lamp"} and "Teach this image as" in culling.ask.asked
    like = next(row for row in map(culling.window.session.queue.row, range(5)) if row.name in {"3.png", "4.png"})
    assert like.winner == "lights/lamp"
    before = culling.memory.history.steps()
    culling.ask.label_answer = ""
    press(culling, "x", "w", "r")
    assert culling.memory.history.steps() == before and culling.ask.typed == "r"
    press(culling, "/")
    assert culling.ask.typed == ""
    assert view(culling).accessibleName().startswith(f"{shown(culling)}, ")
    second, classes = shown(culling), view(culling).panel.classes
    at = next(n for n in range(classes.model().rowCount()) if classes.model().index(n, 0).data() == "animals/dog")
    place = classes.visualRect(classes.model().index(at, 0)).center()
    QTest.mouseClick(classes.viewport(), Qt.MouseButton.LeftButton, pos=place)
    culling.settle()
    view(culling).confirm_button.click()
    culling.settle()
    assert taught(culling)[second] == "animals/dog" and len(taught(culling)) == 3


def test_the_end_says_what_was_done_and_one_act_undoes_it(culling: Desk) -> None:
    before = culling.memory.history.steps()
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Return, Qt.Key.Key_Return):
        press(culling, key)
    press(culling, Qt.Key.Key_Space)
    assert view(culling).run.current is None
    assert view(culling).summary.text().startswith("4 of 6 images taught, 2 skipped.")
    press(culling, Qt.Key.Key_Space, held=Qt.KeyboardModifier.ShiftModifier)  # the skipped ones again
    assert progress(culling) == "5 of 6 · 4 taught · 0 skipped"
    assert view(culling).said.accessibleName().startswith("Taught 1 exemplar") and not culling.window.note.isVisible()
    place = {command.place for command in commands_of(culling.window) if command.text.startswith("Confirm ")}
    assert "One by one" in place
    press(culling, Qt.Key.Key_Escape)
    assert culling.window.workspace == "decide" and culling.notes[-1] == "4 images of the queue taught one by one."
    chosen = culling.window.decide.queue.table.chosen()
    assert chosen == [culling.window.session.decision.query.queued]  # type: ignore[union-attr]
    undo = next(action for note in culling.window.notes.log.notes for action in note.actions if "all" in action.text)
    undo()
    culling.settle()
    assert taught(culling) == {} and culling.notes[-1] == "Undone: 4 lessons."
    assert [step.number for step in culling.memory.history.steps() if step.state == "done"] == [
        s.number for s in before
    ]
    culling.undos[-1]()
    culling.settle()
    assert len(taught(culling)) == 4
    culling.memory.relabel([1], "shapes/other")
    culling.settle()
    undo()
    culling.settle()
    assert len(taught(culling)) == 4 and "Other edits" in culling.notes[-1]


@pytest.mark.parametrize("cheap", [True, False])
def test_a_lesson_says_what_it_changed_elsewhere_where_that_is_cheap(
    culling: Desk, cheap: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "FEW", 300 if cheap else 0)
    model = culling.window.session.watch
    tracked = model.found
    press(culling, Qt.Key.Key_Return)
    told = "decisions changed" in view(culling).said.accessibleName()
    assert told == cheap and model.found is tracked
    press(culling, Qt.Key.Key_Escape)
    culling.settle()
    assert (model.found is tracked) == cheap and model.found is not None


def test_the_next_certain_images_are_taught_from_one_sheet_in_one_step(culling: Desk) -> None:
    culling.window.session.queue.set_least(1)
    before = len(culling.memory.history.steps())
    sure, first = view(culling).run.certain, shown(culling)
    assert [label for _, label in sure] == sorted(label for _, label in sure) and len(sure) > 2
    assert view(culling).actions_by_id["certain"].text() == f"Next {len(sure)} certain…"
    press(culling, Qt.Key.Key_Return, held=Qt.KeyboardModifier.ShiftModifier)
    rows = culling.ask.rows
    assert "certain, from 1 % of the vote" in culling.ask.asked[-1]
    assert [(row.id, row.label) for row in rows] == sure and all(not row.image.isNull() for row in rows)
    left_out = next(row for row in rows if row.name != first)
    culling.ask.apply([row.id for row in rows if row is not left_out])
    culling.settle()
    assert taught(culling) == {row.name: row.label for row in rows if row is not left_out}
    assert len(culling.memory.history.steps()) == before + 1
    counts = view(culling).run.counts()
    assert (counts.taught, counts.skipped, counts.total) == (len(rows) - 1, 0, 6)
    press(culling, "u")
    assert taught(culling) == {} and view(culling).run.counts().taught == 0


def test_a_sheet_reports_what_stays_ticked(qtbot: QtBot, qapp: QApplication) -> None:
    image, red = QImage(40, 30, QImage.Format.Format_RGB32), QColor("#a03020")
    image.fill(red)
    rows = [SheetRow(n, f"{n}.png", "animals/cat", 0.9, red, image) for n in range(7, 12)]
    sheet = ContactSheet(None, title="The next 5", rows=rows, names=ShortLabels(["animals/cat"]))
    kept: list[int] = []
    qtbot.addWidget(sheet)
    sheet.confirmed.connect(kept.extend)
    sheet.open()
    qtbot.waitExposed(sheet)
    qtbot.keyClick(sheet.list, Qt.Key.Key_Space)
    box = sheet.list.visualItemRect(sheet.list.item(3)).center()
    qtbot.mouseClick(sheet.list.viewport(), Qt.MouseButton.LeftButton, pos=box)
    assert sheet.teach.text() == "Teach 3 images"
    assert sheet.list.item(3).data(Qt.ItemDataRole.AccessibleTextRole).endswith("90 % of the vote, left out")
    qtbot.mouseClick(sheet.list.viewport(), Qt.MouseButton.LeftButton, pos=box)
    qtbot.keyClick(sheet.list, Qt.Key.Key_Return)
    assert kept == [8, 9, 10, 11]


def test_the_order_is_that_of_the_queue_and_can_be_chosen(culling: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query_image, "AHEAD_BYTES", 0)  # then one is read ahead, and no more
    whole = culling.window.decide.query_image
    box, queue = (culling.window.findChild(QComboBox, name) for name in ("cullOrder", "queueOrder"))
    box.setCurrentIndex(box.findText("what to teach next"))
    box.activated.emit(box.currentIndex())
    culling.settle()
    culling.settle()
    model = culling.window.session.queue
    assert queue.currentText() == "what to teach next" and model.table is not None
    assert model.table.teach_next is not None
    for _ in range(2):
        expected = view(culling).run._run.ahead(model.waiting())[0]  # type: ignore[union-attr]
        press(culling, Qt.Key.Key_Space)
        assert view(culling).run.current == expected
        culling.bot.waitUntil(lambda: whole.pyramid is not None and view(culling).image.pyramid is whole.pyramid)
        culling.settle()
    near = view(culling).run.near
    assert len(near) == 5 and sum(whole.ahead(each) is not None for each in near) < len(near)


def test_a_memory_for_reading_is_looked_through_and_says_why_nothing_is_taught(
    desk: Desk, waiting: list[Path], small: Path
) -> None:
    desk.drop_files(desk.window.decide.query, *waiting)
    for path in waiting:
        path.unlink()
    desk.window.session.close()
    desk.settle()
    with VisualMemory.open(small):
        desk.open(small)
    assert desk.memory.readonly
    desk.press("actionCull")
    assert "for reading only" in view(desk).foot.text()
    desk.bot.waitUntil(lambda: "the original is no longer there" in view(desk).name.accessibleName())
    assert view(desk).image.pixmap.width() > 0
    first = shown(desk)
    for key in (Qt.Key.Key_Return, Qt.Key.Key_1, Qt.Key.Key_U, Qt.Key.Key_T):
        desk.notes.clear()
        press(desk, key)
        assert "for reading only" in desk.notes[0] and shown(desk) == first
    press(desk, Qt.Key.Key_Space)
    assert shown(desk) != first and not desk.errors

"""The teaching queue in the window: real image files, real keys, the ``fake`` encoder."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QPushButton, QSpinBox, QTableView, QToolButton
from pytestqt.qtbot import QtBot

from tests.app.conftest import Answers, Desk
from tests.conftest import COLOURS, paint_image
from tests.engine.exchange.test_video_frames import film
from visualmemory_gui.app import theme
from visualmemory_gui.app.main_window import MainWindow
from visualmemory_gui.app.models.queue import QueueRole
from visualmemory_gui.app.models.queue_rows import QueueColumn
from visualmemory_gui.app.operations import folders
from visualmemory_gui.app.widgets.dialogs.skipped_dialog import SkippedDialog
from visualmemory_gui.engine.memory.visual_memory import VisualMemory

NEW = (240, 230, 30)


@pytest.fixture
def waiting(tmp_path: Path) -> list[Path]:
    """Six images of the known classes, four of a colour that no class has."""
    folder = tmp_path / "waiting"
    folder.mkdir()
    paths = []
    for i, colour in enumerate([*COLOURS.values(), *COLOURS.values(), NEW, NEW, NEW, NEW]):
        paths.append(folder / f"{i}.png")
        paint_image(colour, seed=5000 + i).save(paths[-1])
    return paths


@pytest.fixture
def filled(desk: Desk, waiting: list[Path]) -> Desk:
    desk.drop_files(desk.window.decide.query, *waiting)
    return desk


def table(desk: Desk) -> QTableView:
    found = desk.window.findChild(QTableView, "queueTable")
    assert found is not None
    return found


def summary(desk: Desk) -> str:
    found = desk.window.findChild(QLabel, "queueSummary")
    assert found is not None
    QApplication.processEvents()  # it takes the room that its words need
    return found.text()


def column(desk: Desk, which: QueueColumn) -> list[str]:
    model = table(desk).model()
    return [str(model.index(row, int(which)).data()) for row in range(model.rowCount())]


def choose(desk: Desk, *names: str) -> None:
    """Select the rows of these images, by the mouse and Ctrl."""
    view = table(desk)
    for n, name in enumerate(names):
        index = view.model().index(column(desk, QueueColumn.DecodedImage).index(name), 0)
        view.scrollTo(index)
        keys = Qt.KeyboardModifier.ControlModifier if n else Qt.KeyboardModifier.NoModifier
        QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, keys, view.visualRect(index).center())
    desk.settle()


def test_dropping_many_images_opens_the_queue_least_certain_first(filled: Desk) -> None:
    assert table(filled).isVisible()
    shares = [float(text.split()[0]) for text in column(filled, QueueColumn.Share)]
    assert len(shares) == 10 and shares == sorted(shares)
    assert filled.window.session.decision.query.queued is not None  # type: ignore[union-attr]
    assert "10 images queued" in filled.notes[-1]


def test_a_row_that_is_chosen_becomes_the_query(filled: Desk) -> None:
    choose(filled, "3.png")
    assert filled.window.session.decision.query.name == "3.png"  # type: ignore[union-attr]
    row = column(filled, QueueColumn.DecodedImage).index("3.png")
    assert column(filled, QueueColumn.Winner)[row] == filled.decision.label


def test_one_lesson_moves_every_row_like_it(filled: Desk) -> None:
    choose(filled, "6.png")
    filled.ask.label_answer = "lights/lamp"
    filled.key(Qt.Key.Key_T)
    winners = dict(zip(column(filled, QueueColumn.DecodedImage), column(filled, QueueColumn.Winner), strict=True))
    assert {winners[f"{i}.png"] for i in range(6, 10)} == {"lights/lamp"}
    assert summary(filled).startswith("taught 1; ")
    assert column(filled, QueueColumn.Taught)[-1] == "lights/lamp"  # what is taught sinks
    model = filled.window.session.queue
    assert {model.row(row).name for row in model.rows_of(model.moved)} >= {"7.png", "8.png", "9.png"}


def test_after_a_lesson_the_least_certain_of_the_others_comes_up(filled: Desk) -> None:
    choose(filled, "6.png")
    filled.ask.label_answer = "lamp"
    filled.key(Qt.Key.Key_T)
    first = column(filled, QueueColumn.DecodedImage)[0]
    assert filled.window.session.decision.query.name == first != "6.png"  # type: ignore[union-attr]


def test_a_digit_teaches_all_selected_rows_in_one_step(filled: Desk) -> None:
    choose(filled, "0.png", "3.png")
    label = filled.window.session.class_marks.label_of(1)
    assert filled.window.actions_by_id["actionTeach"].text() == "Teach 2 images as…"
    filled.key(Qt.Key.Key_1)
    assert column(filled, QueueColumn.Taught).count(str(label)) == 2
    filled.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert column(filled, QueueColumn.Taught) == [""] * 10


def test_typing_a_name_begins_the_choice_of_a_class(filled: Desk) -> None:
    choose(filled, "6.png")
    filled.ask.label_answer = "lamp"
    QTest.keyClicks(table(filled), "l")
    filled.settle()
    assert filled.ask.typed == "l"
    assert "lamp" in column(filled, QueueColumn.Taught)


@pytest.mark.parametrize("word", ["clothes", "cl", "wruxoc", "W"])
def test_letters_typed_in_the_queue_are_never_commands(filled: Desk, word: str) -> None:
    choose(filled, "6.png")
    before = filled.memory.summary(), filled.memory.history.steps(), filled.memory.watch.all()
    QTest.keyClicks(table(filled), word)
    filled.settle()
    assert (filled.memory.summary(), filled.memory.history.steps(), filled.memory.watch.all()) == before
    assert filled.ask.typed == word[-1] and not filled.window.commands.decide.relabelling
    assert {question.split()[0] for question in filled.ask.asked} == {"Teach"}


def test_control_those_letters_are_commands_on_the_cards(filled: Desk) -> None:
    choose(filled, "6.png")
    grid = filled.window.decide.neighbours.grid
    grid.setFocus()
    QTest.keyClicks(grid, "w")
    filled.settle()
    assert "should be" in filled.ask.asked[-1]


def test_no_letter_confirms(filled: Desk) -> None:
    choose(filled, "6.png")
    filled.window.decide.neighbours.grid.setFocus()
    for text in "cC":
        QTest.keyClicks(filled.window.decide.neighbours.grid, text)
    filled.settle()
    assert column(filled, QueueColumn.Taught) == [""] * 10
    filled.key(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert sum(bool(text) for text in column(filled, QueueColumn.Taught)) == 1


def test_a_slash_asks_for_a_class_by_its_letters(filled: Desk) -> None:
    choose(filled, "6.png", "7.png")
    QTest.keyClicks(table(filled), "/")
    filled.settle()
    assert filled.ask.typed == "" and filled.ask.asked[-1] == "Teach 2 images as"


def test_confirming_all_that_is_certain_is_one_step(filled: Desk) -> None:
    filled.window.session.queue.set_least(50)
    sure = dict(filled.window.session.queue.certain())
    assert sure
    filled.press("actionConfirmAll")
    assert f"Teach {len(sure)} image" in filled.ask.asked[-1]
    assert sum(bool(text) for text in column(filled, QueueColumn.Taught)) == len(sure)
    filled.press("actionUndo")
    assert column(filled, QueueColumn.Taught) == [""] * 10


def test_every_edit_of_the_memory_is_followed(filled: Desk) -> None:
    before = column(filled, QueueColumn.Winner)
    memory = filled.memory
    filled.window.commands.decide.relabel_to(memory.catalog.ids_under("animals/cat"), "animals/lion")
    filled.settle()
    assert column(filled, QueueColumn.Winner) != before and "animals/lion" in column(filled, QueueColumn.Winner)


def test_the_queue_outlives_a_restart(filled: Desk, small: Path) -> None:
    names = sorted(column(filled, QueueColumn.DecodedImage))
    filled.window.session.close()
    filled.settle()
    filled.open(small)
    assert sorted(column(filled, QueueColumn.DecodedImage)) == names
    assert table(filled).isVisible()


def test_the_queue_keeps_its_place_whatever_is_decided_above_it(filled: Desk) -> None:
    tops = set()
    for row in range(10):
        filled.window.decide.queue.table.go_to(row)
        filled.settle()
        tops.add(filled.window.decide.queue.y())
        assert not filled.window.decide.decision.details.fold.isChecked()
    assert len(tops) == 1


def test_the_queue_folds_away_and_comes_back(filled: Desk) -> None:
    hide = filled.window.findChild(QToolButton, "queueHide")
    assert hide is not None
    hide.click()
    assert not table(filled).isVisible()
    assert filled.window.actions_by_id["actionQueue"].text() == "Queue (10)"
    filled.press("actionQueue")
    assert table(filled).isVisible()


def test_images_are_taken_out_and_the_memory_stays(filled: Desk) -> None:
    choose(filled, "6.png", "7.png")
    filled.press("actionQueueRemove")
    assert len(column(filled, QueueColumn.DecodedImage)) == 8
    assert filled.memory.summary().active == 18
    filled.press("actionQueueClear")
    assert not table(filled).isVisible()
    assert len(filled.memory.queue) == 0


def test_the_table_is_written_as_csv_in_the_order_that_is_shown(filled: Desk, tmp_path: Path) -> None:
    filled.ask.path = str(tmp_path / "queue.csv")
    table(filled).sortByColumn(int(QueueColumn.DecodedImage), Qt.SortOrder.DescendingOrder)
    filled.press("actionQueueExport")
    with Path(filled.ask.path).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["image"] for row in rows] == [f"{i}.png" for i in range(9, -1, -1)]
    assert all(Path(row["path"]).is_file() and row["label"] for row in rows)


def test_what_cannot_be_read_is_told_and_listed_with_its_reason(
    desk: Desk, waiting: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "notes.png").write_text("no image")
    (tmp_path / "cut.png").write_bytes(waiting[2].read_bytes()[:60])
    bad = [tmp_path / "notes.png", tmp_path / "cut.png", tmp_path / "not there.png"]
    desk.drop_files(desk.window.decide.query, *waiting[:2], *bad)
    assert desk.notes[-1] == "2 images queued; 3 could not be read."
    assert len(column(desk, QueueColumn.DecodedImage)) == 2
    button_of_note(desk, "Show the 3 files that were skipped").click()
    assert desk.ask.asked[-1] == "3 files were left out"
    assert {path for path, _ in desk.ask.rows} == set(map(str, bad))
    assert all(reason for _, reason in desk.ask.rows)
    save_pages(tmp_path / "scans.tif", 12)
    desk.drop_files(desk.window.decide.query, tmp_path / "scans.tif", waiting[0])
    assert desk.notes[-1].endswith("; 1 file has several pages, of which only the first was taken.")
    button_of_note(desk, "Show where pages were left out").click()
    assert desk.ask.asked[-1] == "1 file has several pages, of which only the first was taken"
    assert desk.ask.rows == [(str(tmp_path / "scans.tif"), "only the first of 12 pages was taken")]


def test_pages_that_were_not_taught_are_said(desk: Desk, tmp_path: Path) -> None:
    save_pages(tmp_path / "scans.tif", 3)
    desk.window.commands.decide.teach_images([str(tmp_path / "scans.tif")], "scans")
    desk.settle()
    assert "Taught 1 exemplar as scans. Only the first of 3 pages was taken." in desk.notes[-1]
    (tmp_path / "folder" / "scans").mkdir(parents=True)
    save_pages(tmp_path / "folder" / "scans" / "more.tif", 4, seed=50)
    folders.import_folder(desk.window.session, tmp_path / "folder", copy=False)
    desk.settle()
    assert desk.notes[-1].startswith("Added 1 exemplar; 1 file has several pages, of which only the first was taken.")


def test_frames_of_a_video_wait_in_the_queue(desk: Desk, tmp_path: Path) -> None:
    video = film(tmp_path / "film.mkv")
    desk.drop_files(desk.window.decide.query, video)
    assert desk.ask.asked[-1] == str(video)
    assert desk.notes[-1] == "5 images queued. The frames are in “film frames”, beside the video."
    assert set(column(desk, QueueColumn.DecodedImage)) == {path.name for path in (tmp_path / "film frames").iterdir()}
    video.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    desk.drop_files(desk.window.decide.query, video)
    assert "film.mkv: the video is damaged or incomplete; read up to 0m0" in desk.notes[-1]
    assert (tmp_path / "film frames-2").is_dir()
    (tmp_path / "none.mp4").write_text("no video")
    desk.drop_files(desk.window.decide.query, tmp_path / "none.mp4")
    assert "not a video in a format that can be read" in desk.errors[-1][0] and desk.memory.queue.table().ids.size >= 5


def save_pages(path: Path, count: int, *, seed: int = 30) -> None:
    first, *rest = (paint_image((90, 90, 90), seed=seed + at) for at in range(count))
    first.save(path, save_all=True, append_images=rest)


def button_of_note(desk: Desk, words: str) -> QPushButton:
    return next(each for each in desk.window.note.findChildren(QPushButton) if each.text() == words)


def test_files_left_out_are_listed_by_reason_and_can_be_copied(qtbot: QtBot) -> None:
    same = "the same file as /a/1.png, under the same label"
    rows = [
        ("/a/notes.png", "not an image"),
        ("/b/cut.png", "cut off"),
        ("/b/text.png", "not an image"),
        ("/b/1.png", same),
        ("/b/1.tif", "only the first of 2 pages was taken"),
        ("/b/2.tif", "only the first of 1,000 pages was taken"),
        ("/b/3.tif", "only the first of 2 pages was taken"),
    ]
    dialog = SkippedDialog(None, title="4 files were left out", rows=rows)
    qtbot.addWidget(dialog)
    dialog.open()
    dialog.copy()
    assert QApplication.clipboard().text() == "\n".join(f"{path}\t{reason}" for path, reason in rows)
    pages, *groups = [dialog.tree.topLevelItem(at) for at in range(4)]
    assert (pages.text(0), pages.text(1)) == ("only the first page was taken", "3")
    assert pages.child(1).toolTip(0) == "/b/2.tif: only the first of 1,000 pages was taken"
    assert [(group.text(0), group.text(1)) for group in groups] == [
        ("not an image", "2"), ("cut off", "1"), ("the same file as another", "1"),
    ]  # fmt: skip
    assert [groups[0].child(at).text(0) for at in range(2)] == ["notes.png", "text.png"]
    assert groups[2].child(0).toolTip(0) == f"/b/1.png: {same}"


def test_rows_speak(filled: Desk) -> None:
    choose(filled, "6.png")
    row = column(filled, QueueColumn.DecodedImage).index("6.png")
    said = table(filled).model().index(row, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert said.startswith("6.png, ") and "of the vote" in said and said.endswith("not taught")


def test_a_class_has_one_colour_in_the_table_and_in_the_vote(filled: Desk) -> None:
    model, changed = table(filled).model(), []
    model.dataChanged.connect(lambda *_: changed.append(None))
    for row in (1, 2, 0):
        changed.clear()
        table(filled).selectRow(row)
        filled.settle()
        assert changed
        colour = filled.window.session.class_marks.colour
        for other in range(model.rowCount()):
            winner = model.index(other, int(QueueColumn.Winner))
            assert winner.data(QueueRole.Colour) == colour(winner.data())


def order_by(desk: Desk, text: str) -> None:
    box = desk.window.findChild(QComboBox, "queueOrder")
    box.setCurrentIndex(box.findText(text))
    box.activated.emit(box.currentIndex())
    desk.settle()
    desk.settle()


def test_the_queue_is_ordered_by_what_to_teach_next_and_again_after_each_lesson(filled: Desk) -> None:
    least_certain = column(filled, QueueColumn.DecodedImage)
    order_by(filled, "what to teach next")
    model = filled.window.session.queue
    assert model.table is not None and model.table.teach_next is not None
    assert model.order == model.table.teach_next.tolist()
    first = column(filled, QueueColumn.DecodedImage)[0]
    choose(filled, first)
    filled.ask.label_answer = "lights/lamp"
    filled.key(Qt.Key.Key_T)
    assert column(filled, QueueColumn.DecodedImage)[-1] == first
    assert model.table.teach_next is not None and model.table.teach_next[-1] == model.order[-1]
    order_by(filled, "smallest margin first")
    margins = [float(text.split()[0]) for text in column(filled, QueueColumn.Margin)][:-1]
    assert margins == sorted(margins)
    order_by(filled, "least certain first")
    assert sorted(column(filled, QueueColumn.DecodedImage)) == sorted(least_certain)


def test_a_queue_that_grows_is_ordered_again(filled: Desk, tmp_path: Path) -> None:
    order_by(filled, "what to teach next")
    paint_image((10, 200, 10), seed=77).save(tmp_path / "more.png")
    paint_image((10, 10, 200), seed=78).save(tmp_path / "most.png")
    filled.drop_files(filled.window.decide.query, tmp_path / "more.png", tmp_path / "most.png")
    filled.settle()
    filled.settle()
    shown = filled.window.session.queue.table
    assert shown is not None and shown.teach_next is not None and len(shown) == len(shown.teach_next) == 12


def test_an_order_by_a_column_is_no_order_of_the_list(filled: Desk) -> None:
    box = filled.window.findChild(QComboBox, "queueOrder")
    assert box.currentText() == "least certain first"
    table(filled).sortByColumn(int(QueueColumn.DecodedImage), Qt.SortOrder.DescendingOrder)
    assert box.currentIndex() == -1
    table(filled).sortByColumn(int(QueueColumn.Margin), Qt.SortOrder.AscendingOrder)
    assert box.currentText() == "smallest margin first"


def test_rows_are_sorted_by_the_column_that_is_asked_for(filled: Desk) -> None:
    table(filled).sortByColumn(int(QueueColumn.DecodedImage), Qt.SortOrder.DescendingOrder)
    assert column(filled, QueueColumn.DecodedImage) == [f"{i}.png" for i in range(9, -1, -1)]


def test_with_reduced_motion_nothing_lights_up(filled: Desk) -> None:
    theme.set_reduced_motion(True)
    try:
        choose(filled, "6.png")
        filled.ask.label_answer = "lamp"
        filled.key(Qt.Key.Key_T)
        assert filled.window.decide.queue.table.glow() == 0
    finally:
        theme.set_reduced_motion(False)


def test_a_memory_open_for_reading_shows_its_queue_and_teaches_nothing(
    filled: Desk, small: Path, qtbot: object
) -> None:
    filled.window.session.close()
    filled.settle()
    with VisualMemory.open(small):  # somebody else edits it
        filled.window.session.open(small, readonly=True)
        filled.settle()
        assert len(column(filled, QueueColumn.DecodedImage)) == 10
        assert not filled.window.actions_by_id["actionConfirmAll"].isEnabled()
        assert not filled.window.actions_by_id["actionTeach"].isEnabled()


def test_dropping_a_thousand_files_can_be_stopped(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    paths = []
    for i in range(200):
        paths.append(str(folder / f"{i}.png"))
        paint_image(NEW, seed=i, size=(24, 24)).save(paths[-1])
    desk.window.commands.decide.decide(paths)
    [task] = [t for t in desk.window.session.tasks.running if "queue" in t.title]
    while not task.done:
        QApplication.processEvents()
    task.cancel()
    desk.settle()
    assert desk.notes[-1].startswith("Stopped: ") and desk.notes[-1].endswith("; the rest was not read.")
    assert 0 < len(column(desk, QueueColumn.DecodedImage)) == len(desk.memory.queue) < 200


def test_a_folder_that_is_dropped_brings_all_its_images(desk: Desk, waiting: list[Path], tmp_path: Path) -> None:
    desk.drop_files(desk.window.decide.query, waiting[0].parent)
    assert len(column(desk, QueueColumn.DecodedImage)) == 10
    (tmp_path / "empty").mkdir()
    desk.drop_files(desk.window.decide.query, tmp_path / "empty")
    assert desk.notes[-1] == "There is no image in what was dropped."


def test_a_drag_is_gone_through_once_however_often_it_moves(desk: Desk, waiting: list[Path]) -> None:
    class Counted(QMimeData):
        asked = 0

        def urls(self) -> list[QUrl]:
            self.asked += 1
            return super().urls()

    data, widget = Counted(), desk.window.decide.query
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in waiting])
    keys, buttons, copy = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton, Qt.DropAction.CopyAction
    moves = [QDragEnterEvent(widget.rect().center(), copy, data, buttons, keys)]
    moves += [QDragMoveEvent(widget.rect().center(), copy, data, buttons, keys) for _ in range(20)]
    for move in moves:
        QApplication.sendEvent(widget, move)
    assert data.asked <= 1 and all(move.isAccepted() for move in moves)


def test_what_counts_as_certain_is_chosen_and_kept(filled: Desk, qtbot: QtBot) -> None:
    box = filled.window.findChild(QSpinBox, "queueLeast")
    assert box is not None and box.value() == 80
    box.setValue(1)
    assert summary(filled) == "taught 0; 10 of 10 certain"
    assert filled.window.actions_by_id["actionConfirmAll"].text() == "Confirm all 10 certain…"
    again = MainWindow(ask=Answers())
    qtbot.addWidget(again)
    assert again.session.queue.least == 0.01
    assert again.decide.queue.least.value() == 1
    again.close()


def test_another_query_leaves_no_row_chosen_and_a_row_can_be_taken_up_again(filled: Desk, waiting: list[Path]) -> None:
    choose(filled, "6.png")
    filled.window.commands.decide.decide([str(waiting[0])])
    filled.settle()
    assert filled.window.decide.queue.table.chosen() == [] == filled.window.decide.queued()
    choose(filled, "6.png")
    assert filled.window.session.decision.query.name == "6.png"  # type: ignore[union-attr]


def test_a_memory_that_is_opened_again_shows_its_least_certain_image(filled: Desk, small: Path) -> None:
    filled.open(small)
    assert filled.window.decide.queue.table.chosen() == filled.window.decide.queued() != []


def test_the_next_row_is_chosen_alone_whatever_keys_are_held(filled: Desk) -> None:
    view = filled.window.decide.queue.table
    QTest.keyPress(view, Qt.Key.Key_Control, Qt.KeyboardModifier.ControlModifier)
    try:
        view.go_to(3)
        view.go_to(4)
        assert view.chosen() == [filled.window.session.queue.row(4).id]
    finally:
        QTest.keyRelease(view, Qt.Key.Key_Control)


def test_an_empty_window_has_no_queue(empty_desk: Desk) -> None:
    assert isinstance(empty_desk.ask, Answers) and isinstance(empty_desk.window, MainWindow)
    assert empty_desk.window.findChild(QTableView, "queueTable") is not None
    assert not empty_desk.window.actions_by_id["actionQueue"].isEnabled()

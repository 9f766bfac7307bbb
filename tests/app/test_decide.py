"""The workspace Decide: dropping, striking, teaching, and how the decision follows at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QObject, QPoint, Qt
from PySide6.QtGui import QGuiApplication, QImage, QKeyEvent
from PySide6.QtWidgets import QDialog, QLabel
from pytestqt.qtbot import QtBot

from tests.app.conftest import Desk
from tests.conftest import paint_image
from visualmemory_gui.app.application import create
from visualmemory_gui.app.models import mime
from visualmemory_gui.app.models.query import answer, embed, query_of
from visualmemory_gui.app.operations import exemplars, forget, teach
from visualmemory_gui.engine.decision import confidence
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.memory.visual_memory import VisualMemory

NAMES = (
    "queryPanel",
    "queryImage",
    "queryWinner",
    "teachButton",
    "confirmButton",
    "recentQueries",
    "neighbourGrid",
    "kSpin",
    "ruleBox",
    "searchLabel",
    "decisionPanel",
    "sharesPlot",
    "rulesTable",
    "classList",
    "workspaceDecide",
    "workspaceCurate",
    "taskBar",
    "taskCancel",
    "statusEncoder",
    "statusMemory",
    "statusIndex",
    "statusSaved",
    "actionUndo",
    "actionRedo",
    "actionOpen",
    "actionExport",
    "classTree",
    "memoryGrid",
    "filterEdit",
    "historyList",
    "watchButton",
    "flipSentence",
    "queueTable",
    "workspaceStudy",
    "reviewTabs",
    "watchTable",
    "compareView",
    "partBox",
    "noteBell",
    "commandPalette",
    "cullView",
    "likelyTable",
    "mapView",
)


@pytest.fixture
def red(tmp_path: Path) -> Path:
    """An image that is no exemplar, red as the cats are."""
    path = tmp_path / "red.png"
    paint_image((200, 60, 40), seed=77).save(path)
    return path


def ids_of(desk: Desk) -> list[int]:
    return [n.id for n in desk.decision.neighbours]


def row_point(desk: Desk, row: int) -> QPoint:
    """The middle of a row of the class list; -1 is the row for a new class."""
    classes = desk.window.decide.decision.classes
    model = classes.model()
    return classes.visualRect(model.index(row % model.rowCount(), 0)).center()


def test_every_promised_name_is_found_when_create_returns(qtbot: QtBot) -> None:
    _, window = create(["visualmemory-gui"])
    missing = [name for name in NAMES if window.findChild(QObject, name) is None]
    window.close()
    assert missing == []


def test_a_dropped_image_is_decided(desk: Desk, red: Path) -> None:
    assert desk.drop_files(desk.window.decide.query, red)
    assert desk.decision.label == "animals/cat"
    winner = desk.window.findChild(QLabel, "queryWinner")
    assert winner is not None and "animals/cat" in winner.text()


def test_an_image_dropped_anywhere_is_decided(desk: Desk, red: Path) -> None:
    assert desk.drop_files(desk.window.decide, red)
    assert desk.decision.label == "animals/cat"


def test_several_dropped_images_wait_in_the_queue(desk: Desk, tmp_path: Path, red: Path) -> None:
    blue = tmp_path / "blue.png"
    paint_image((60, 70, 210), seed=78).save(blue)
    desk.drop_files(desk.window.decide.query, red, blue)
    assert desk.window.session.queue.rowCount() == 2
    assert desk.window.session.decision.query.queued is not None  # type: ignore[union-attr]


def test_a_recent_query_is_decided_again(desk: Desk, tmp_path: Path, red: Path) -> None:
    blue = tmp_path / "blue.png"
    paint_image((60, 70, 210), seed=78).save(blue)
    desk.drop_files(desk.window.decide.query, red)
    desk.drop_files(desk.window.decide.query, blue)
    desk.window.decide.query.recent_chosen.emit(1)
    desk.settle()
    assert desk.decision.label == "animals/cat"


def test_pixels_from_a_browser_are_a_query(desk: Desk) -> None:
    image = QImage(40, 30, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.red)
    data = QMimeData()
    data.setImageData(image)
    assert desk.drop(desk.window.decide.query, data)
    assert desk.decision.label == "animals/cat"


def test_a_pasted_image_is_a_query(desk: Desk, red: Path) -> None:
    QGuiApplication.clipboard().setImage(QImage(str(red)))
    desk.press("actionPaste")
    assert desk.decision.label == "animals/cat"


def test_the_strike_key_takes_the_vote_of_the_selected_card_away(desk: Desk, red: Path) -> None:
    desk.drop_files(desk.window.decide, red)
    first = ids_of(desk)[0]
    desk.select([first])
    desk.key(Qt.Key.Key_X)
    assert first not in ids_of(desk)
    assert desk.memory.catalog.get([first])[0].state == "struck"
    assert desk.notes[-1] == "Struck 1 exemplar from the memory."


def test_a_struck_card_stays_in_sight_and_can_be_restored(desk: Desk, red: Path) -> None:
    desk.drop_files(desk.window.decide, red)
    first = ids_of(desk)[0]
    desk.select([first])
    desk.key(Qt.Key.Key_Delete)
    grid = desk.window.decide.neighbours.grid
    spoken = grid.model().index(grid.model().rowCount() - 1, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "struck out" in spoken
    assert desk.window.decide.selected(struck=True) == [first]
    desk.key(Qt.Key.Key_U)
    assert ids_of(desk)[0] == first


def test_striking_all_of_a_class_changes_the_winner_and_undo_brings_it_back(desk: Desk, red: Path) -> None:
    desk.drop_files(desk.window.decide, red)
    cats = desk.memory.catalog.ids_under("animals/cat")
    exemplars.strike(desk.window.session, cats, here=True)
    desk.settle()
    assert desk.decision.label != "animals/cat"
    assert desk.window.session.decision.previous["animals/cat"] > 0.5  # type: ignore[index]
    desk.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert desk.decision.label == "animals/cat"
    desk.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert desk.decision.label != "animals/cat"


def test_the_note_offers_undo(desk: Desk, red: Path) -> None:
    desk.drop_files(desk.window.decide, red)
    first = ids_of(desk)[0]
    exemplars.strike(desk.window.session, [first], here=True)
    desk.settle()
    desk.window.note.undo_requested.emit()
    desk.settle()
    assert ids_of(desk)[0] == first


def test_the_note_of_an_older_edit_does_not_undo_a_newer_one(desk: Desk, red: Path) -> None:
    desk.drop_files(desk.window.decide, red)
    first, second = ids_of(desk)[:2]
    exemplars.strike(desk.window.session, [first], here=True)
    desk.settle()
    undo_first = desk.undos[-1]
    exemplars.strike(desk.window.session, [second], here=True)
    desk.settle()
    undo_first()
    desk.settle()
    assert {e.state for e in desk.memory.catalog.get([first, second])} == {"struck"}


def test_bars_show_the_share_before_an_edit_and_after(desk: Desk, red: Path) -> None:
    desk.drop_files(desk.window.decide, red)
    exemplars.strike(desk.window.session, desk.memory.catalog.ids_under("animals/cat")[:4], here=True)
    desk.settle()
    bar = next(b for b in desk.window.decide.decision.bars.bars if b.label == "animals/cat")
    assert bar.before is not None and bar.before > bar.share


def test_k_and_rule_change_the_decision_at_once(desk: Desk, red: Path) -> None:
    desk.drop_files(desk.window.decide, red)
    panel = desk.window.decide.neighbours
    panel.k.setValue(3)
    desk.settle()
    assert len(desk.decision.neighbours) == 3
    panel.rule.setCurrentText("plurality")
    desk.settle()
    assert {round(n.weight, 6) for n in desk.decision.neighbours} == {round(desk.decision.neighbours[0].factor, 6)}


def test_the_level_rolls_the_shares_up(desk: Desk, red: Path) -> None:
    desk.drop_files(desk.window.decide, red)
    desk.window.decide.neighbours.level.setCurrentIndex(1)
    desk.settle()
    assert desk.decision.label == "animals"


def test_teaching_a_new_class_wins_the_image_at_once(desk: Desk, red: Path) -> None:
    desk.drop_files(desk.window.decide, red)
    desk.ask.label_answer = "mars"
    desk.press("actionTeach")
    assert desk.ask.preselected == "animals/cat"
    assert desk.decision.label == "mars"
    assert "mars" in [row.label for row in desk.window.decide.decision.classes.model().rows]


def test_confirm_teaches_the_winner_and_is_off_when_the_image_is_there(desk: Desk, red: Path) -> None:
    desk.drop_files(desk.window.decide, red)
    assert desk.window.decide.query.confirm.text() == "Confirm animals/cat"
    desk.press("actionConfirm")
    assert len(desk.memory.catalog.ids_under("animals/cat")) == 7
    assert not desk.window.decide.query.confirm.isEnabled()


def headline_of(desk: Desk) -> list[str]:
    """What stands under the query, from above, as assistive technology reads it."""
    panel = desk.window.decide.query
    return [label.text() for label in (panel.here, panel.winner) if label.isVisible()]


def test_an_image_that_is_in_the_memory_says_so_before_the_vote(desk: Desk, red: Path) -> None:
    desk.drop_files(desk.window.decide, red)
    assert headline_of(desk) == ["animals/cat"]
    desk.press("actionConfirm")
    assert headline_of(desk) == ["In the memory as animals/cat (exemplar 19).", "animals/cat"]
    assert desk.window.decide.query.here.y() < desk.window.decide.query.winner.y()


def test_an_image_in_the_memory_that_is_outvoted_is_first_what_it_is_there_as(desk: Desk, red: Path) -> None:
    desk.window.session.decision.set_rule("plurality")
    teach.teach(desk.window.session, [red], "plants/rose")
    desk.settle()
    desk.drop_files(desk.window.decide, red)
    assert headline_of(desk) == [
        "In the memory as plants/rose (exemplar 19).",
        "Taught as plants/rose; its neighbours still say animals/cat",
    ]
    assert not desk.window.decide.query.confirm.isEnabled()


def test_an_exemplar_asked_for_says_what_it_is_and_that_it_is_decided_without_itself(desk: Desk) -> None:
    desk.window.on_query_chosen(1)
    desk.settle()
    assert headline_of(desk)[0].startswith(f"In the memory as {desk.memory.catalog.get([1])[0].label} (exemplar 1).")
    assert desk.window.decide.query.own.text() == "It is left out of its own decision."


def test_a_struck_exemplar_is_named_as_one_and_makes_nothing_known(desk: Desk) -> None:
    exemplars.strike(desk.window.session, [1])
    desk.settle()
    desk.window.on_query_chosen(1)
    desk.settle()
    label = desk.memory.catalog.get([1])[0].label
    assert headline_of(desk)[0] == f"In the memory as {label} (exemplar 1, struck out)."


def test_a_digit_teaches_the_query(desk: Desk, red: Path) -> None:
    desk.drop_files(desk.window.decide, red)
    label = desk.window.session.class_marks.label_of(2)
    desk.key(Qt.Key.Key_2)
    assert desk.memory.catalog.get([19])[0].label == label


def test_r_and_a_digit_relabel_the_selection_as_one_step(desk: Desk, red: Path) -> None:
    desk.drop_files(desk.window.decide, red)
    chosen, label = ids_of(desk)[:2], desk.window.session.class_marks.label_of(2)
    desk.select(chosen)
    desk.key(Qt.Key.Key_R)
    desk.key(Qt.Key.Key_2)
    assert {e.label for e in desk.memory.catalog.get(chosen)} == {label}
    assert len(desk.memory.history.steps()) == 1


def test_escape_leaves_relabelling(desk: Desk, red: Path) -> None:
    desk.drop_files(desk.window.decide, red)
    desk.select(ids_of(desk)[:1])
    desk.key(Qt.Key.Key_R)
    desk.key(Qt.Key.Key_Escape)
    assert not desk.window.commands.decide.relabelling


def test_images_dropped_on_a_class_are_taught_as_it(desk: Desk, red: Path) -> None:
    desk.drop_files(desk.window.decide, red)
    classes = desk.window.decide.decision.classes
    label = desk.window.session.class_marks.label_of(2)
    assert desk.drop_files(classes.viewport(), red, at=row_point(desk, 1))
    assert desk.memory.catalog.get([19])[0].label == label


def test_cards_dropped_on_a_class_are_relabelled(desk: Desk, red: Path) -> None:
    desk.drop_files(desk.window.decide, red)
    chosen, label = ids_of(desk)[:2], desk.window.session.class_marks.label_of(2)
    classes = desk.window.decide.decision.classes
    assert desk.drop(classes.viewport(), mime.of_exemplars(chosen), row_point(desk, 1))
    assert {e.label for e in desk.memory.catalog.get(chosen)} == {label}


def test_an_empty_memory_is_taught_through_the_row_for_a_new_class(empty_desk: Desk, tmp_path: Path, red: Path) -> None:
    empty_desk.window.session.create(tmp_path / "new.vmem", "fake")
    empty_desk.settle()
    empty_desk.ask.label_answer = "mars"
    classes = empty_desk.window.decide.decision.classes
    assert empty_desk.drop_files(classes.viewport(), red, at=row_point(empty_desk, -1))
    assert empty_desk.memory.catalog.counts() == {"mars": 1}


def test_the_same_image_twice_is_said_and_not_added(desk: Desk, red: Path) -> None:
    desk.drop_files(desk.window.decide, red)
    for _ in range(2):
        desk.window.commands.decide.teach_as("animals/cat")
        desk.settle()
    assert desk.notes[-1] == "Already in the memory as exemplar 19."


def test_an_exemplar_is_decided_without_itself(desk: Desk) -> None:
    desk.window.on_query_chosen(1)
    desk.settle()
    assert 1 not in ids_of(desk)


def test_confidence_is_told_of_an_exemplar_without_itself_but_of_no_image_that_votes_for_itself(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confidence, "FEWEST", 10)  # the small memory is enough
    scheme = VotingScheme("rank", 10)
    with VisualMemory.open(small) as memory:
        memory._live.decider.refresh(memory.snapshot)
        exemplar = query_of(memory, 1)
        assert exemplar.source is not None
        decided = answer(memory, exemplar, scheme).decision
        assert decided.confidence is not None and 1 not in {n.id for n in decided.neighbours}
        same = answer(memory, embed(memory, exemplar.source), scheme)
        assert [row.id for row in same.decision.in_memory] == [1] and 1 in {n.id for n in same.decision.neighbours}
        assert same.decision.confidence is None
        paint_image((190, 70, 50), seed=4321).save(tmp_path / "new.png")
        assert answer(memory, embed(memory, tmp_path / "new.png"), scheme).decision.confidence is not None


def test_a_file_that_is_no_image_is_told_and_the_window_lives_on(desk: Desk, tmp_path: Path, red: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image")
    desk.drop_files(desk.window.decide, broken)
    dialog = desk.window.findChild(QDialog, "errorDialog")
    assert dialog is not None and dialog.isVisible()
    assert "broken.png" in desk.errors[0][0]
    dialog.accept()
    desk.drop_files(desk.window.decide, red)
    assert desk.decision.label == "animals/cat"


def test_cards_answer_what_a_screen_reader_asks(desk: Desk, red: Path) -> None:
    desk.drop_files(desk.window.decide, red)
    text = desk.window.decide.neighbours.grid.model().index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert text.startswith("animals/cat, rank 1, distance 0.")
    assert "% of the vote, vote times 1.7 for a small class. Closer than " in text


def test_space_shows_the_card_large_and_escape_closes_it(desk: Desk, red: Path) -> None:
    desk.drop_files(desk.window.decide, red)
    grid = desk.window.decide.neighbours.grid
    grid.setFocus()
    grid.setCurrentIndex(grid.model().index(0, 0))
    grid.keyPressEvent(QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Space, Qt.KeyboardModifier.NoModifier))
    desk.settle()
    assert desk.window.decide.preview.isVisible()
    desk.key(Qt.Key.Key_Escape)
    assert not desk.window.decide.preview.isVisible()


def test_forgetting_the_query_itself_clears_it(desk: Desk) -> None:
    desk.window.on_query_chosen(1)
    desk.settle()
    forget.forget(desk.window.session, [1])
    desk.settle()
    assert desk.window.session.decision.query is None
    assert text_saved(desk) == "saved"


def text_saved(desk: Desk) -> str:
    label = desk.window.findChild(QLabel, "statusSaved")
    assert label is not None
    return label.text()


def test_the_window_opens_at_the_level_of_the_memory(empty_desk: Desk, small: Path, red: Path) -> None:
    with VisualMemory.open(small) as memory:
        memory.set("level", 1)
    empty_desk.open(small)
    empty_desk.drop_files(empty_desk.window.decide, red)
    assert empty_desk.window.decide.neighbours.level.currentText() == "level 1"
    assert empty_desk.decision.label == "animals"


def test_another_query_is_shown_from_its_nearest_neighbour_on(desk: Desk) -> None:
    desk.window.on_query_chosen(1)
    desk.window.session.decision.set_k(18)
    desk.settle()
    bar = desk.window.decide.neighbours.grid.verticalScrollBar()
    bar.setValue(bar.maximum())
    assert bar.value() > 0
    exemplars.strike(desk.window.session, [2])
    desk.settle()
    assert bar.value() > 0, "an edit leaves the place"
    desk.window.on_query_chosen(2)
    desk.settle()
    assert bar.value() == 0

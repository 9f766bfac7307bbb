"""The workspace Curate over a real memory: what a user does there, and what the memory then holds."""

from __future__ import annotations

from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton, QRadioButton

from tests.conftest import paint_image, write_images
from visualmemory_gui.app.models import mime
from visualmemory_gui.app.models.history import StepRole
from visualmemory_gui.app.operations import exemplars, forget, history
from visualmemory_gui.app.views.curate import curate_actions
from visualmemory_gui.app.widgets.dialogs.forget_dialog import ForgetDialog
from visualmemory_gui.app.widgets.dialogs.import_dialog import ImportDialog
from visualmemory_gui.app.widgets.tables.history_list import HistoryList
from visualmemory_gui.engine.types import Receipt

NAMES = ("classTree", "memoryGrid", "filterEdit", "historyList")


def files(*paths: Path) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return data


def rows(tree) -> list[str]:
    """The texts of the tree, from top to bottom."""
    found, at = [], tree.model().index(0, 0)
    while at.isValid():
        found.append(at.data())
        at = tree.indexBelow(at)
    return found


def test_the_classes_and_all_exemplars_are_there(curate):
    assert rows(curate.view.tree) == [
        "All exemplars (18)",
        "animals (12)",
        "cat (6)",
        "dog (6)",
        "plants (6)",
        "rose (6)",
    ]
    assert len(curate.view.grid.ids) == 18
    assert curate.view.exemplars.summary() == "18 of 18"
    assert all(curate.view.findChild(object, name) is not None for name in NAMES)


def test_a_class_of_the_tree_filters_the_grid_and_so_does_a_text(curate):
    curate.view.tree.go_to("class", "animals")
    curate.settle()
    assert len(curate.view.grid.ids) == 12
    edit = curate.view.findChild(QLineEdit, "filterEdit")
    edit.setText("cat/3")
    QTest.keyClick(edit, Qt.Key.Key_Return)
    curate.settle()
    assert curate.view.exemplars.summary() == "1 of 18"
    curate.view.tree.go_to("class", "plants")
    curate.settle()
    assert curate.view.exemplars.summary() == "0 of 18"


@pytest.mark.parametrize("key", [Qt.Key.Key_X, Qt.Key.Key_Delete])
def test_strike_and_restore_by_key(curate, key):
    curate.select(2, 3)
    assert curate.view.actions_by_id["strike"].text() == "Strike out 2 exemplars"
    assert not curate.view.actions_by_id["restore"].isEnabled()
    curate.key(key)
    assert curate.states(2, 3, 4) == ["struck", "struck", "active"]
    assert rows(curate.view.tree)[:2] == ["All exemplars (18)", "Struck (2)"]
    assert curate.view.grid.selection.ids == [2, 3]
    curate.key(Qt.Key.Key_U)
    assert curate.states(2, 3) == ["active", "active"]


def test_the_struck_ones_can_be_restored_all_at_once(curate):
    curate.memory.strike([1, 7, 13])
    curate.settle()
    curate.view.tree.go_to("struck")
    curate.settle()
    assert curate.view.grid.ids.tolist() == [1, 7, 13]
    assert curate.view.classes.restore_all.text() == "Restore 3"
    curate.view.classes.restore_all.click()
    curate.settle()
    curate.settle()
    assert curate.states(1, 7, 13) == ["active"] * 3
    assert curate.view.tree.place == ("all", None)
    assert len(curate.view.grid.ids) == 18


def test_relabel_by_key_asks_for_the_class(curate):
    curate.select(1, 2)
    curate.key(Qt.Key.Key_R)
    curate.choose("animals/fox")
    assert curate.labels(1, 2) == ["animals/fox"] * 2 and curate.labels(3) != ["animals/fox"]
    assert "fox (2)" in rows(curate.view.tree)


def test_exemplars_dropped_on_a_class_are_relabelled_and_on_struck_are_struck(curate):
    curate.drop_on_class(mime.of_exemplars([1, 2]), "class", "plants/rose")
    assert curate.labels(1, 2) == ["plants/rose"] * 2
    curate.memory.strike([3])
    curate.settle()
    curate.drop_on_class(mime.of_exemplars([4]), "struck")
    assert curate.states(4) == ["struck"]


def test_the_class_under_a_drag_is_marked_and_places_that_take_nothing_are_not(curate):
    tree = curate.view.tree
    data = mime.of_exemplars([1])
    copy, left, keys = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    for kind, path, taken in (("class", "animals/dog", True), ("all", None, False)):
        at = tree.visualRect(tree.model().find(kind, path)).center()
        QApplication.sendEvent(tree.viewport(), QDragEnterEvent(at, copy, data, left, keys))
        move = QDragMoveEvent(at, copy, data, left, keys)
        QApplication.sendEvent(tree.viewport(), move)
        assert move.isAccepted() == taken
        assert tree.over.isValid() == taken
    assert not tree.grab().isNull()


def test_images_dropped_on_a_class_are_taught(curate, tmp_path):
    paint_image((9, 9, 9), seed=5).save(tmp_path / "new.png")
    curate.drop_on_class(files(tmp_path / "new.png"), "class", "animals/dog")
    assert curate.labels(19) == ["animals/dog"]
    assert 19 in curate.view.grid.ids


def test_images_dropped_where_no_class_is_ask_for_one(curate, tmp_path):
    paint_image((9, 9, 9), seed=5).save(tmp_path / "new.png")
    curate.drop(curate.view.grid.viewport(), files(tmp_path / "new.png"), QPoint(30, 30))
    curate.choose("animals/fox")
    assert curate.labels(19) == ["animals/fox"]


def test_a_folder_of_folders_is_imported_with_its_labels(curate, tmp_path, qtbot):
    more = write_images(tmp_path / "more", each=8)  # six of each class are here already
    curate.drop(curate.view.grid.viewport(), files(more), QPoint(30, 30))
    dialog = curate.dialog(ImportDialog)
    told = "6 new images in 3 classes, 18 here already"
    qtbot.waitUntil(lambda: any(told in label.text() for label in dialog.findChildren(QLabel)))
    assert any(button.text() == "Add 6 images" for button in dialog.findChildren(QPushButton))
    next(button for button in dialog.findChildren(QRadioButton) if button.text().startswith("Copy")).setChecked(True)
    dialog.accept()
    curate.settle()
    curate.settle()
    assert len(curate.view.grid.ids) == 24
    assert curate.memory.summary().labels["plants/rose"] == 8


def test_rename_merges_into_another_class(curate):
    curate.view.tree.go_to("class", "animals/cat")
    curate.settle()
    curate.view.actions_by_id["rename"].trigger()
    curate.choose("animals/dog")
    assert "dog (12)" in rows(curate.view.tree)
    assert curate.view.tree.place == ("class", "animals/dog")


def test_forget_asks_says_what_it_destroys_and_wants_the_count_typed(curate):
    curate.select(1, 2)
    curate.key(Qt.Key.Key_Delete, Qt.KeyboardModifier.ShiftModifier)
    dialog = curate.dialog(ForgetDialog)
    erase = next(b for b in dialog.findChildren(QPushButton) if b.text().startswith("Forget"))
    assert erase.text() == "Forget 2 exemplars" and not erase.isEnabled()
    assert "cannot be undone" in dialog.accessibleDescription()
    dialog.accept()
    assert curate.states(1, 2) == ["active", "active"]
    dialog.findChild(QLineEdit).setText("2")
    assert erase.isEnabled()
    erase.click()
    curate.settle()
    curate.settle()
    assert curate.memory.summary().exemplars == 16
    assert curate.view.grid.ids.tolist()[0] == 3


def test_one_exemplar_is_forgotten_without_typing(curate):
    curate.select(5)
    curate.view.forget()
    dialog = curate.dialog(ForgetDialog)
    assert not dialog.findChild(QLineEdit).isVisible()
    notes: list[str] = []
    curate.session.note_posted.connect(lambda text, *_: notes.append(text))
    dialog.accept()
    curate.settle()
    curate.settle()
    assert 5 not in curate.view.grid.ids
    assert notes == ["Forgot 1 exemplar for good."]


def test_forgetting_names_the_parts_that_go_and_says_where_the_pixels_of_a_part_remain(curate):
    [image] = curate.memory.catalog.get([5])
    first, second = curate.memory.add([image.source] * 2, "plants/rose", [(0, 0, 20, 20), (20, 0, 20, 20)])
    curate.settle()
    notes: list[str] = []
    curate.session.note_posted.connect(lambda text, *_: notes.append(text))
    for chosen in (first, 5):
        curate.select(chosen)
        curate.view.forget()
        dialog = curate.dialog(ForgetDialog)
        curate.settle()
        told = " ".join(label.text() for label in dialog.findChildren(QLabel))
        assert (f"1 part of these images is forgotten too: {second}." in told) == (chosen == 5), told
        dialog.accept()
        curate.settle()
        curate.settle()
    remain = f"Forgot 1 exemplar for good. The pixels of part {first} remain in its original, which exemplar 5 keeps."
    assert notes == [remain, "Forgot 2 exemplars for good."]


def test_forgetting_is_called_erasing_until_it_was_looked_for_and_can_be_proved(desk):
    told = []
    desk.window.session.saving_changed.connect(told.append)
    forget.forget(desk.window.session, [1, 2])
    desk.settle()
    assert told[0] == "erasing…" and told[-1] == "saved" and "saved" not in told[:-1]
    assert desk.notes[-1] == "Forgot 2 exemplars for good."
    [button] = [b for b in desk.window.note.findChildren(QPushButton) if b.text() == "Prove it" and b.isVisible()]
    button.click()
    desk.settle()
    assert desk.notes[-1].endswith("decisions compared with a memory that never saw them: all are the same.")


def test_there_are_words_for_whatever_a_receipt_says():
    statuses = get_args(get_type_hints(Receipt)["status"])
    assert set(statuses) == set(forget.FORGOTTEN)
    assert "bytes are still" in forget.FORGOTTEN["bytes remain"]


def test_forget_stands_apart_from_strike_in_the_menu(curate):
    curate.select(1)
    menu = curate.view.menu_of_exemplars()
    texts = ["" if action.isSeparator() else action.text() for action in menu.actions()]
    menu.deleteLater()
    assert texts[0] == "Strike out 1 exemplar" and texts[-1] == "Forget 1 exemplar for good…"
    assert texts[-2] == ""


def test_the_history_is_newest_first_and_keeps_undone_steps_grey(curate):
    exemplars.strike(curate.session, [1, 2, 3])
    exemplars.relabel(curate.session, [4], "animals/fox")
    curate.settle()
    history.undo(curate.session)
    curate.settle()
    model = curate.view.findChild(HistoryList).model()
    shown = [(model.index(i).data(), model.index(i).data(StepRole.Undone)) for i in range(model.rowCount())]
    assert shown == [("Today", None), ("Relabelled 1 exemplar to animals/fox", True), ("Struck out 3 exemplars", False)]
    assert model.index(1).data(Qt.ItemDataRole.AccessibleTextRole).endswith("undone, next to redo")


def test_space_shows_a_preview_that_follows_the_arrows_until_escape(curate):
    curate.select(1)
    curate.key(Qt.Key.Key_Space)
    assert curate.view.preview.isVisible() and "· 1\n" in curate.view.preview.accessibleName()
    curate.key(Qt.Key.Key_Right)
    assert "· 2\n" in curate.view.preview.accessibleName()
    curate.key(Qt.Key.Key_Escape)
    assert not curate.view.preview.isVisible()
    assert curate.view.grid.selection.ids == [2]


def test_a_memory_for_reading_only_offers_no_edits(curate):
    names = ("strike", "relabel", "forget")
    curate_actions.name_targets(curate.view.actions_by_id, curate_actions.Targets(active=1, writable=False))
    assert not any(curate.view.actions_by_id[name].isEnabled() for name in names)


def test_closing_the_memory_empties_the_workspace(curate):
    curate.session.close()
    curate.settle()
    assert len(curate.view.grid.ids) == 0
    assert rows(curate.view.tree) == ["All exemplars (0)"]


def test_letters_typed_in_the_filter_are_no_commands(curate):
    curate.select(1)
    edit = curate.view.findChild(QLineEdit, "filterEdit")
    edit.setFocus()
    QTest.keyClicks(edit, "xru")
    curate.settle()
    assert edit.text() == "xru" and curate.states(1) == ["active"]


def test_everything_has_an_accessible_name(curate):
    for name in NAMES:
        assert curate.view.findChild(object, name).accessibleName()


def test_the_sheet_of_keys_knows_the_keys_of_curate():
    sheet = dict(curate_actions.key_sheet())
    assert sheet["X or Del"] == "Strike out: take them out of every vote; nothing is erased"
    assert sheet["Shift+Del"] == "Forget for good: erase from disk and history; cannot be undone"


def test_who_looks_at_a_class_stays_there_when_it_is_renamed_and_when_that_is_undone(curate):
    curate.view.tree.go_to("class", "animals/cat")
    curate.settle()
    curate.view.actions_by_id["rename"].trigger()
    curate.choose("animals/tabby")
    assert curate.view.tree.place == ("class", "animals/tabby")
    assert len(curate.view.grid.ids) == 6
    history.undo(curate.session)
    curate.settle()
    assert curate.view.tree.place == ("class", "animals/cat")


def test_a_class_that_comes_is_seen_with_what_is_below_it(curate):
    exemplars.relabel(curate.session, [1], "drinks/beer")
    curate.settle()
    assert "beer (1)" in rows(curate.view.tree)

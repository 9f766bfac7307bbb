"""Bars, class rows, chooser, note and empty state, each with plain values."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDragEnterEvent, QDropEvent, QFontMetrics, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QWidget

from visualmemory_gui.app.models import mime
from visualmemory_gui.app.models.class_rows import ClassRow
from visualmemory_gui.app.models.note import NoteAction
from visualmemory_gui.app.widgets.cards.class_rows import ClassList
from visualmemory_gui.app.widgets.cards.image_view import ImageView
from visualmemory_gui.app.widgets.cards.label_chip import shortened
from visualmemory_gui.app.widgets.cards.pixmap_cache import PixmapCache
from visualmemory_gui.app.widgets.cards.shares_bars import SharesBars
from visualmemory_gui.app.widgets.dialogs.label_chooser import LabelChooser
from visualmemory_gui.app.widgets.panels.empty_state import EmptyState
from visualmemory_gui.app.widgets.panels.note_bar import NoteBar
from visualmemory_gui.engine.decision.short_labels import ShortLabels


def drop(widget, data: QMimeData, at: QPoint) -> None:
    keys, copy, left = Qt.KeyboardModifier.NoModifier, Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    QApplication.sendEvent(widget, QDragEnterEvent(at, copy, data, left, keys))
    QApplication.sendEvent(widget, QDropEvent(QPointF(at), copy, data, left, keys))


def files(*paths: str) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(path) for path in paths])
    return data


def test_the_bars_say_in_words_what_they_show(qtbot):
    bars = SharesBars()
    qtbot.addWidget(bars)
    bars.set_shares([("tiger", 0.71, 0.42, QColor("#2872d4")), ("tabby", 0.29, None, None)])
    assert bars.accessibleDescription() == "tiger 71 %, was 42 %; tabby 29 %"
    assert bars.objectName() == "sharesPlot" and bars.accessibleName()
    bars.resize(300, 60)
    assert not bars.grab().isNull()


def test_seventy_classes_are_eight_bars_and_one_for_the_rest(qtbot):
    bars = SharesBars()
    qtbot.addWidget(bars)
    bars.set_shares([(f"class {i}", 1 / 70, None, None) for i in range(70)])
    assert len(bars.bars) == 9
    assert bars.bars[-1].label == "62 more"
    assert sum(bar.share for bar in bars.bars) == pytest.approx(1)


def test_without_a_vote_the_bars_say_so(qtbot):
    bars = SharesBars()
    qtbot.addWidget(bars)
    assert bars.accessibleDescription() == "Nothing to compare with"


@pytest.fixture
def classes(qtbot):
    made = ClassList()
    qtbot.addWidget(made)
    made.set_rows([ClassRow("animals/cat", "#2872d4", "1", 12), ClassRow("dog", "#c25020", "2", 1)])
    made.resize(220, 160)
    made.show()
    qtbot.waitExposed(made)
    return made


def centre(classes: ClassList, row: int) -> QPoint:
    return classes.visualRect(classes.model().index(row, 0)).center()


@pytest.mark.parametrize(("row", "label"), [(0, "animals/cat"), (1, "dog"), (2, None)])
def test_images_dropped_on_a_class_are_told_with_the_class(classes, qtbot, row, label):
    with qtbot.waitSignal(classes.images_dropped) as caught:
        drop(classes.viewport(), files("/a.png", "/b.png"), centre(classes, row))
    assert caught.args == [["/a.png", "/b.png"], label]


@pytest.mark.parametrize(("row", "label"), [(1, "dog"), (2, None)])
def test_cards_dropped_on_a_class_are_told_with_the_class(classes, qtbot, row, label):
    with qtbot.waitSignal(classes.cards_dropped) as caught:
        drop(classes.viewport(), mime.of_exemplars([7, 9]), centre(classes, row))
    assert caught.args == [[7, 9], label]


def test_the_row_under_a_drag_is_marked_until_the_drop(classes):
    data = mime.of_exemplars([1])
    enter = QDragEnterEvent(
        centre(classes, 1), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(classes.viewport(), enter)
    assert enter.isAccepted() and classes.over == 1
    drop(classes.viewport(), data, centre(classes, 1))
    assert classes.over == -1


def test_a_class_is_chosen_by_keyboard_and_the_last_row_makes_a_new_one(classes, qtbot):
    classes.setCurrentIndex(classes.model().index(1, 0))
    with qtbot.waitSignal(classes.class_chosen) as caught:
        QTest.keyClick(classes, Qt.Key.Key_Return)
    assert caught.args == ["dog"]
    classes.setCurrentIndex(classes.model().index(2, 0))
    with qtbot.waitSignal(classes.new_class_requested):
        QTest.keyClick(classes, Qt.Key.Key_Return)


def test_class_rows_speak(classes):
    spoken = [classes.model().index(row, 0).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(3)]
    assert spoken[:2] == ["animals/cat, 12 exemplars, key 1", "dog, 1 exemplar, key 2"]
    assert spoken[2].startswith("New class")


def test_figures_change_without_losing_the_chosen_row(classes):
    classes.setCurrentIndex(classes.model().index(1, 0))
    classes.set_rows([ClassRow("animals/cat", "#2872d4", "1", 11), ClassRow("dog", "#c25020", "2", 2)])
    assert classes.currentIndex().row() == 1


def test_the_memory_without_classes_still_offers_a_new_one(qtbot):
    made = ClassList()
    qtbot.addWidget(made)
    assert made.model().rowCount() == 1


def test_enter_takes_the_preselected_class(qtbot):
    dialog = LabelChooser(None, question="Teach as", labels=["cat", "dog"], preselected="dog")
    dialog.open()
    with qtbot.waitSignal(dialog.chosen) as caught:
        QTest.keyClick(dialog.findChild(QLineEdit), Qt.Key.Key_Return)
    assert caught.args == ["dog"]


def test_an_empty_class_is_not_taken(qtbot):
    dialog = LabelChooser(None, question="Teach as", labels=["cat"])
    qtbot.addWidget(dialog)
    dialog.open()
    with qtbot.assertNotEmitted(dialog.chosen):
        QTest.keyClick(dialog.findChild(QLineEdit), Qt.Key.Key_Return)
        dialog.accept()


def test_the_note_offers_undo_and_goes_when_it_was_used(qtbot):
    note = NoteBar()
    qtbot.addWidget(note)
    shown = []
    note.show_note("Struck from the memory.", undo=True, actions=[NoteAction("Show", lambda: shown.append(1))])
    buttons = {button.text(): button for button in note.findChildren(QPushButton)}
    assert note.accessibleName() == "Struck from the memory."
    with qtbot.waitSignal(note.undo_requested):
        buttons["Undo"].click()
    assert note.isHidden()
    note.show_note("Again", actions=[NoteAction("Show", lambda: shown.append(2))])
    next(b for b in note.findChildren(QPushButton) if b.text() == "Show" and b is not buttons["Show"]).click()
    assert shown == [2]


def test_a_note_without_undo_shows_none_and_goes_by_itself(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(500, 400)
    edit, note = QLineEdit(window), NoteBar(window)
    note.move(100, 300)
    window.show()
    edit.setFocus()
    note.show_note("Saved.", seconds=0.05)
    assert not next(b for b in note.findChildren(QPushButton) if b.text() == "Undo").isVisible()
    qtbot.waitUntil(note.isHidden)


def test_the_image_view_speaks_and_empties(qtbot):
    view = ImageView()
    qtbot.addWidget(view)
    assert view.accessibleName() == "Drop an image here"
    made = QPixmap(40, 20)
    made.fill(Qt.GlobalColor.red)
    view.set_pixmap(made, "tiger.jpg")
    view.resize(100, 100)
    image = view.grab().toImage()
    assert image.pixelColor(50, 50).name() == "#ff0000"
    assert view.accessibleName() == "tiger.jpg"
    view.set_pixmap(None)
    assert view.accessibleName() == "Drop an image here"


def test_the_empty_state_takes_drops_and_lists_recent_memories(qtbot):
    state = EmptyState("One sentence.", drop_text="Drop a folder here")
    qtbot.addWidget(state)
    state.resize(600, 500)
    state.set_recent(["/a/birds.vmem", "/b/parts.vmem"])
    with qtbot.waitSignal(state.dropped) as caught:
        drop(state, files("/images"), QPoint(300, 200))
    assert caught.args == [["/images"]]
    recent = next(b for b in state.findChildren(QPushButton) if b.text() == "parts.vmem  in  b")
    with qtbot.waitSignal(state.recent_chosen) as caught:
        recent.click()
    assert caught.args == ["/b/parts.vmem"]


def test_a_long_label_keeps_its_last_part(qapp):
    metrics = QFontMetrics(qapp.font())
    room = metrics.horizontalAdvance("…/tabby") + 2
    assert shortened(metrics, "animals/mammals/cats/tabby", room, ShortLabels()) == "…/tabby"
    assert shortened(metrics, "cat", 500, ShortLabels()) == "cat"


def test_the_cache_keeps_what_was_used_last(qapp):
    cache = PixmapCache(2)
    for key in "abac":
        cache.get(key) or cache.put(key, QPixmap(1, 1))
    assert "a" in cache and "c" in cache and "b" not in cache and len(cache) == 2


def test_exemplars_and_paths_travel_by_drag(qapp, tmp_path):
    assert mime.exemplars(mime.of_exemplars([3, 1, 2])) == [3, 1, 2]
    assert mime.exemplars(files("/x")) == [] and mime.paths(files("/x", "/y")) == ["/x", "/y"]
    assert mime.holds_images(files("/x")) and not mime.holds_images(mime.of_exemplars([1]))

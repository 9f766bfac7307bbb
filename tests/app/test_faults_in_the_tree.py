"""Faults of the window that were mended, as the accessibility tree shows them: names, descriptions, states, places."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QAccessible, QAccessibleActionInterface, QAccessibleInterface, QFontMetrics, QImage
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from tests.app.conftest import Desk
from visualmemory_gui.app.actions.action import WHY_OFF
from visualmemory_gui.app.models.neighbours import LOCKED
from visualmemory_gui.app.models.note import NoteAction
from visualmemory_gui.app.models.review_tables import ReviewColumn
from visualmemory_gui.app.operations import exemplars
from visualmemory_gui.app.views.study.map_page import MapPage
from visualmemory_gui.app.widgets.dialogs.import_dialog import FolderFacts, ImportDialog
from visualmemory_gui.app.widgets.dialogs.label_chooser import LabelChooser
from visualmemory_gui.app.widgets.tables.suspect_table import SuspectTable
from visualmemory_gui.engine.memory.visual_memory import VisualMemory

Element = QAccessibleInterface
Text, Role = QAccessible.Text, QAccessible.Role
ENDINGS = ("letters/outlined/lowercase", "letters/filled/lowercase", "letters/filled/uppercase")


@pytest.fixture(autouse=True)
def heard_by_someone() -> Iterator[None]:
    """As while a screen reader runs: only then Qt tells the tree that the rows of a list are others."""
    QAccessible.setActive(True)
    yield
    QAccessible.setActive(False)


def elements(widget: QWidget, *roles: QAccessible.Role) -> Iterator[Element]:
    """What can be seen below ``widget``, at any depth, of one of ``roles`` where some are given."""
    yield from _below(QAccessible.queryAccessibleInterface(widget), roles)


def _below(tree: Element, roles: tuple[QAccessible.Role, ...]) -> Iterator[Element]:
    for at in range(tree.childCount()):
        child = tree.child(at)
        if child is None or not child.isValid() or child.state().invisible:
            continue
        if not roles or child.role() in roles:
            yield child
        yield from _below(child, roles)


def name(element: Element) -> str:
    return element.text(Text.Name)


def named(widget: QWidget, text: str, *roles: QAccessible.Role) -> Element:
    """The one element below ``widget`` whose name has ``text``."""
    [found] = [each for each in elements(widget, *roles) if text in name(each)]
    return found


def press(element: Element, qtbot: QtBot) -> None:
    """As a screen reader does it; back when the button was clicked."""
    button = element.object()
    assert isinstance(button, QAbstractButton)
    with qtbot.waitSignal(button.clicked):
        element.actionInterface().doAction(QAccessibleActionInterface.pressAction())


class TestReadOnly:
    @pytest.fixture
    def reader(self, empty_desk: Desk, small: Path) -> Desk:
        """A decided query in a memory that can only be read."""
        empty_desk.window.session.open(small, readonly=True)
        empty_desk.settle()
        empty_desk.window.on_query_chosen(1)
        empty_desk.settle()
        return empty_desk

    def test_a_card_whose_button_is_off_is_described_by_why(self, reader: Desk) -> None:
        grid = reader.window.decide.neighbours.grid

        def described() -> set[str]:
            return {each.text(Text.Description) for each in elements(grid) if ", rank " in name(each)}

        assert described() == {LOCKED}
        reader.open(reader.memory.path)
        reader.window.on_query_chosen(1)
        reader.settle()
        assert described() == {""}

    def test_a_button_that_strikes_out_is_off_and_described_by_why(self, reader: Desk) -> None:
        reader.press("actionCurate")
        button = named(reader.window.curate, "Strike out", Role.PushButton, Role.Button)
        assert button.state().disabled and WHY_OFF in button.text(Text.Description)


class TestDialogs:
    def test_what_a_new_name_would_do_is_beside_the_list_of_classes(self, qtbot: QtBot) -> None:
        labels = [f"cats/{each}" for each in ("tabby", "lynx", "manx", "siamese", "persian", "sphynx")]
        dialog = LabelChooser(None, question="Rename cat to", labels=labels, preselected="cat", verb="Rename")
        qtbot.addWidget(dialog)
        dialog.open()
        qtbot.waitExposed(dialog)
        edit = dialog.findChild(QLineEdit)
        edit.clear()
        qtbot.keyClicks(edit, "cats/tabby")
        edit.completer().complete()
        dialog.set_impact("Renaming cat would change 3 of 2,000 other decisions.")
        popup = edit.completer().popup()
        qtbot.waitUntil(popup.isVisible)
        covered = QAccessible.queryAccessibleInterface(popup).rect()
        assert [name(each) for each in elements(popup)][:1] == ["cats/tabby"]
        for words in ("both become one class", "2,000 other decisions"):
            assert not covered.intersects(named(dialog, words, Role.StaticText).rect()), words
        popup.hide()

    @pytest.mark.parametrize("measured", [False, True])
    def test_adding_images_has_room_for_its_whole_sentence(self, qtbot: QtBot, measured: bool) -> None:
        dialog = ImportDialog(None, folder="/images/summer", label="animals/mammals/cats/tabby/long-haired")
        qtbot.addWidget(dialog)
        dialog.open()
        qtbot.waitExposed(dialog)
        dialog.set_facts(FolderFacts(1_205, 12, 10**7, 311, measured, 4_000.0 if measured else None, 10**8))
        QApplication.processEvents()
        sentence = named(dialog, "311 other files are skipped.", Role.StaticText)
        assert needed(sentence) > QFontMetrics(dialog.font()).lineSpacing()  # it takes more than one line
        assert sentence.rect().height() >= needed(sentence)
        assert QAccessible.queryAccessibleInterface(dialog).rect().contains(sentence.rect())


def needed(element: Element) -> int:
    """The height of its words at its width, in pixels."""
    label = element.object()
    assert isinstance(label, QLabel)
    room = QRect(0, 0, element.rect().width(), 10_000)
    flags = int(label.alignment()) | int(Qt.TextFlag.TextWordWrap)
    return label.fontMetrics().boundingRect(room, flags, name(element)).height()


class TestClasses:
    @pytest.fixture
    def letters(self, empty_desk: Desk, tmp_path: Path) -> Desk:
        """Classes that differ in the middle of their labels; of each, two exemplars lie among another's."""
        rng = np.random.default_rng(5)
        vectors = rng.normal(size=(len(ENDINGS), 16)).repeat(12, 0) + 0.1 * rng.normal(size=(12 * len(ENDINGS), 16))
        for at in range(len(ENDINGS)):
            vectors[12 * at : 12 * at + 2] = vectors[(12 * at + 14) % len(vectors)] + 0.01
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        with VisualMemory.create(tmp_path / "letters.vmem", dim=16) as memory:
            memory.add_vectors(vectors.astype(np.float32), [each for each in ENDINGS for _ in range(12)])
        empty_desk.open(tmp_path / "letters.vmem")
        return empty_desk

    def test_cards_bars_and_rows_are_named_by_whole_labels(self, letters: Desk) -> None:
        decide = letters.window.decide
        letters.window.session.decision.set_k(36)  # all exemplars
        letters.window.on_query_chosen(1)
        letters.settle()
        for widget in (decide.decision.bars, decide.decision.classes):
            heard = [name(each) for each in elements(widget)]
            assert all(any(text.startswith(label) for text in heard) for label in ENDINGS), widget.objectName()
        cards = [name(each) for each in elements(decide.neighbours.grid) if ", rank " in name(each)]
        labels = [n.label for n in letters.decision.neighbours][: len(cards)]  # the others are scrolled out of sight
        assert [text.partition(", rank ")[0] for text in cards] == labels and len(set(labels)) > 1

    @pytest.mark.parametrize("column", [ReviewColumn.Label, ReviewColumn.Suggested])
    def test_labels_that_differ_look_different_in_the_review(
        self, letters: Desk, qtbot: QtBot, column: ReviewColumn
    ) -> None:
        letters.press("actionCurate")
        tabs = letters.window.curate.tabs
        tabs.setCurrentWidget(tabs.suspects)
        qtbot.waitUntil(lambda: len({each.label for each in tabs.model.suspects}) == len(ENDINGS), timeout=10_000)
        letters.settle()
        looks = cells(tabs.suspects.table, column)
        assert {label for label, _ in looks} == set(ENDINGS)
        for (one, its), (other, others) in combinations(looks, 2):
            assert (its == others) == (one == other), (one, other)


def cells(table: SuspectTable, column: ReviewColumn) -> list[tuple[str, QImage]]:
    """Name and look of every cell of ``column`` in sight, which is too narrow for a whole label."""
    table.clearSelection()
    table.resize(420, 600)
    table.setColumnWidth(int(column), 90)
    QApplication.processEvents()
    port = table.viewport()
    shown, corner = port.grab().toImage(), port.mapToGlobal(port.rect().topLeft())
    found = [each for each in elements(table, Role.Cell) if each.tableCellInterface().columnIndex() == int(column)]
    looks = [(name(each), each.rect().translated(-corner)) for each in found]
    return [(label, shown.copy(place)) for label, place in looks if shown.rect().contains(place)]


class TestNotes:
    def test_the_buttons_of_a_note_have_names_of_their_own_and_one_used_leaves_the_others(
        self, desk: Desk, qtbot: QtBot
    ) -> None:
        used: list[str] = []
        further = [NoteAction(each, lambda each=each: used.append(each)) for each in ("Show files", "Show decisions")]
        desk.window.note.show_note("Added 3 exemplars.", undo=True, actions=further)
        QApplication.processEvents()

        def heard() -> list[str]:
            return [name(each) for each in elements(desk.window.note, Role.PushButton, Role.Button)]

        names = heard()
        assert sorted(names) == ["Close this note", "Show decisions", "Show files", "Undo: Added 3 exemplars."]
        press(named(desk.window.note, "Show files", Role.PushButton, Role.Button), qtbot)
        assert used == ["Show files"] and sorted(heard()) == sorted(set(names) - {"Show files"})

    def test_undo_says_of_which_note_it_is(self, desk: Desk, qtbot: QtBot) -> None:
        exemplars.strike(desk.window.session, [1])
        desk.settle()
        undo = named(desk.window.note, "Undo: Struck", Role.PushButton, Role.Button)
        press(undo, qtbot)
        desk.settle()
        assert desk.memory.summary().struck == 0


class TestMap:
    @pytest.fixture
    def held(self, desk: Desk) -> Iterator[threading.Event]:
        """What is to be done in the background waits until this is set."""
        held = threading.Event()
        desk.window.session.tasks.run_background("Waiting", lambda _: held.wait(60), stoppable=False)
        yield held
        held.set()

    @pytest.fixture
    def page(self, desk: Desk, held: threading.Event) -> MapPage:
        """The map as it begins to be drawn."""
        [page] = [page for page in desk.window.study.pages if isinstance(page, MapPage)]
        desk.window.show_workspace("study")
        desk.window.study.tabs.setCurrentWidget(page)
        return page

    def test_the_map_says_that_it_is_drawn_and_then_no_more(
        self, desk: Desk, page: MapPage, held: threading.Event
    ) -> None:
        assert named(page, "Drawing the map of 18 exemplars", Role.StaticText).rect().isValid()
        held.set()
        desk.settle()
        assert page.model.found is not None
        assert not any("Drawing" in name(each) for each in elements(page))

    def test_the_layout_that_is_shown_is_the_one_that_is_checked(
        self, desk: Desk, page: MapPage, held: threading.Event, qtbot: QtBot
    ) -> None:
        held.set()
        desk.settle()

        def checked() -> dict[str, bool]:
            words = ("Main directions", "Neighbourhoods")
            return {each: bool(named(page, each).state().checked) for each in words}

        assert checked() == {"Main directions": True, "Neighbourhoods": False}
        press(named(page, "Main directions"), qtbot)
        assert checked()["Main directions"]
        desk.settle()
        assert checked() == {"Main directions": True, "Neighbourhoods": False}

"""No two classes that are shown beside each other look alike, however narrow their places are."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect
from PySide6.QtGui import QFontMetrics, QImage
from PySide6.QtWidgets import QApplication, QStyleOptionViewItem, QTableWidget, QTableWidgetItem
from pytestqt.qtbot import QtBot

from tests.app.conftest import Desk
from visualmemory_gui.app.models.blame import BlameModel
from visualmemory_gui.app.models.evaluation import ClassFiguresRow, ConfusionCell
from visualmemory_gui.app.models.review_tables import ReviewColumn
from visualmemory_gui.app.models.thumbnails import Thumbnails
from visualmemory_gui.app.runtime.tasks import Tasks
from visualmemory_gui.app.widgets.cards import class_rows, label_chip, shares_bars
from visualmemory_gui.app.widgets.chart import confusion_grid
from visualmemory_gui.app.widgets.chart.confusion_panel import ConfusionPanel
from visualmemory_gui.app.widgets.dialogs.flip_dialog import FlipDialog
from visualmemory_gui.app.widgets.grid import grid_painter
from visualmemory_gui.app.widgets.tables import label_delegate
from visualmemory_gui.app.widgets.tables.blame_box import BlameBox
from visualmemory_gui.app.widgets.tables.class_figures import ClassFiguresTable
from visualmemory_gui.app.widgets.tables.labelled_images import LabelledRow
from visualmemory_gui.engine.decision.short_labels import ShortLabels
from visualmemory_gui.engine.memory.visual_memory import VisualMemory

CLASSES = ("letters/outlined/lowercase", "letters/filled/lowercase", "letters/filled/uppercase", "town/tiles/uppercase")
PAINTED_BY = (label_chip, class_rows, confusion_grid, grid_painter, label_delegate, shares_bars)


class Seen(dict[str, set[tuple[str, str]]]):
    """(label, what was painted of it) by the module that painted it."""

    def check(self, *modules: str) -> None:
        for module in modules:
            told: defaultdict[str, set[str]] = defaultdict(set)
            for label, text in self[module]:
                told[text].add(label)
            assert any(text != label for label, text in self[module]), f"{module} has room for all"
            assert all(len(labels) == 1 for labels in told.values()), (module, dict(told))


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    found = Seen()
    real = label_chip.shortened
    for module in PAINTED_BY:
        name = module.__name__.rpartition(".")[2]
        found[name] = set()

        def told(metrics: object, label: str, room: int, names: ShortLabels, name: str = name) -> str:
            text = real(metrics, label, room, names)  # type: ignore[arg-type]
            found[name].add((label, text))
            return text

        monkeypatch.setattr(module, "shortened", told)
    return found


@pytest.fixture
def letters(empty_desk: Desk, tmp_path: Path) -> Desk:
    """Four classes, two pairs of which have the same last part; each has an exemplar that lies among another."""
    rng = np.random.default_rng(5)
    vectors = rng.normal(size=(len(CLASSES), 16)).repeat(12, 0) + 0.1 * rng.normal(size=(12 * len(CLASSES), 16))
    labels = [label for label in CLASSES for _ in range(12)]
    for at in range(len(CLASSES)):
        vectors[12 * at] = vectors[(12 * at + 14) % len(vectors)] + 0.01
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    with VisualMemory.create(tmp_path / "letters.vmem", dim=16) as memory:
        memory.add_vectors(vectors.astype(np.float32), labels)
    empty_desk.open(tmp_path / "letters.vmem")
    return empty_desk


def test_cards_shares_and_classes_of_a_decision_tell_all_classes_apart(letters: Desk, seen: Seen) -> None:
    window = letters.window
    window.session.decision.set_k(40)
    window.on_query_chosen(1)
    letters.settle()
    panel = window.decide.decision
    panel.setFixedWidth(130 + panel.vote.verticalScrollBar().sizeHint().width())
    window.decide.neighbours.grid.cards.set_side(70)
    window.decide.decision.details.fold.setChecked(True)
    window.grab()
    seen.check("label_chip", "shares_bars", "class_rows")
    panel.vote.ensureWidgetVisible(panel.details.rules)
    window.grab()
    assert seen["label_delegate"]


def test_the_grid_tells_all_classes_apart(letters: Desk, seen: Seen, qtbot: QtBot) -> None:
    window = letters.window
    letters.press("actionCurate")
    window.curate.grid.set_side(40)
    window.curate.grid.grab()
    QApplication.processEvents()
    seen.check("grid_painter")


def test_the_review_tells_a_label_from_its_suggestion(letters: Desk, seen: Seen, qtbot: QtBot) -> None:
    letters.press("actionCurate")
    tabs = letters.window.curate.tabs
    tabs.setCurrentWidget(tabs.suspects)
    qtbot.waitUntil(lambda: bool(tabs.model.suspects), timeout=10_000)
    letters.settle()
    table = tabs.suspects.table
    table.resize(420, 300)
    for column in (ReviewColumn.Label, ReviewColumn.Suggested):
        table.setColumnWidth(int(column), 90)
    table.grab()
    seen.check("label_chip")
    assert {label for label, _ in seen["label_chip"]} == {
        label for one in tabs.model.suspects for label in (one.label, one.suggested)
    }
    index = table.model().index(0, int(ReviewColumn.Label))
    assert index.data(3) == tabs.model.suspects[0].label  # the tooltip


def test_a_mistake_names_both_of_its_classes_by_their_endings(qtbot: QtBot) -> None:
    cell, names = ConfusionCell(CLASSES[0], CLASSES[1], 3), ShortLabels(CLASSES)
    metrics = QFontMetrics(QApplication.font())
    ends = "3   …/outlined/lowercase  →  …/filled/lowercase"
    words = ("3   ", *cell.arrow)
    assert label_delegate.fitted(metrics, words, metrics.horizontalAdvance(ends) + 4, names) == ends
    assert "".join(ConfusionCell("cat", "", 3).arrow) == "cat  →  no answer"


def test_mistakes_classes_and_strikes_tell_all_classes_apart(seen: Seen, qtbot: QtBot) -> None:
    tasks = Tasks()
    confusion = {label: dict.fromkeys(CLASSES, 1) for label in CLASSES}
    cells = [ConfusionCell(CLASSES[at], CLASSES[at - 1], 12) for at in range(len(CLASSES))]
    image = QImage(8, 8, QImage.Format.Format_RGB32)
    panel = ConfusionPanel(BlameBox(BlameModel(tasks), Thumbnails(tasks)))
    panel.set_confusion(confusion, cells)
    figures = ClassFiguresTable()
    figures.set_classes([ClassFiguresRow(cell.true, 30, 0.6, cell) for cell in cells])
    flip = FlipDialog(
        None, title="", note="", rows=[LabelledRow(label, "exemplar 7, rank 2", image) for label in CLASSES]
    )
    for widget, shown in ((panel, panel.mistakes), (figures, figures.table), (flip, flip.list)):
        seen["label_delegate"].clear()
        qtbot.addWidget(widget)
        widget.resize(460, 300)
        widget.grab()
        seen.check("label_delegate")
        assert {label for label, _ in seen["label_delegate"]} == set(CLASSES), shown.objectName()
    tasks.shutdown()


class Kept(label_delegate.LabelDelegate):
    """Remembers what it let the cell show."""

    text = ""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        super().initStyleOption(option, index)
        self.text = option.text


def table_of(text: str, width: int, qtbot: QtBot) -> QTableWidget:
    table = QTableWidget(1, 1)
    table.setProperty("plain", True)
    table.setItem(0, 0, QTableWidgetItem(text))
    table.setColumnWidth(0, width)
    qtbot.addWidget(table)
    table.resize(width + 40, 80)
    return table


def test_a_table_paints_what_was_cut_to_its_room_and_cuts_no_more(empty_desk: Desk, qtbot: QtBot) -> None:
    names = ShortLabels(CLASSES)
    for width in range(60, 140, 2):
        cut = table_of(CLASSES[0], width, qtbot)
        delegate = Kept(cut, lambda: names)
        cut.setItemDelegate(delegate)
        painted = cut.viewport().grab().toImage()
        wide = table_of(delegate.text, 300, qtbot)
        with_room = wide.viewport().grab().toImage()
        text = QRect(0, 0, width - 4, cut.rowHeight(0) - 2)
        assert painted.copy(text) == with_room.copy(text), (width, delegate.text)

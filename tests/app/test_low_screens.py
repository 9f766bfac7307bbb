"""A screen of 1920 x 1080 at 200 % has 960 x 540 places: nothing is cut there, and all of it can be reached."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from tests.app.conftest import Desk
from visualmemory_gui.app.models.review_tables import ReviewColumn
from visualmemory_gui.app.widgets.panels.filter_bar import FIND
from visualmemory_gui.app.widgets.panels.scrolled_panel import ScrolledPanel

WIDE, HIGH = 960, 540
TASK_BAR = 40


@pytest.fixture
def low(desk: Desk, tmp_path: Path) -> Desk:
    """A decided query with all that can be said of it, on a low screen."""
    desk.window.resize(WIDE, HIGH)
    desk.window.on_query_chosen(1)
    desk.settle()
    desk.window.decide.decision.details.fold.setChecked(True)
    desk.settle()
    return desk


def inside(widget: QWidget, room: QWidget) -> bool:
    """Whether no part of ``widget`` lies left or right of ``room``."""
    left = widget.mapTo(room, QPoint(0, 0)).x()
    return left >= 0 and left + widget.width() <= room.width()


def test_the_panels_of_a_decision_are_as_wide_as_what_they_hold(low: Desk) -> None:
    decide = low.window.decide
    for panel, room in ((decide.query, decide.query.parentWidget()), (decide.decision, decide.decision)):
        told = [w for kind in (QLabel, QAbstractButton, QAbstractItemView) for w in panel.findChildren(kind)]
        assert all(inside(widget, room) for widget in told if widget.isVisible())
    bars = decide.decision.bars
    assert inside(bars, decide.decision.vote.viewport()) and bars.width() >= bars.minimumSizeHint().width()


def test_a_fold_says_less_where_its_words_have_no_room_and_is_never_cut(low: Desk) -> None:
    fold = low.window.decide.neighbours.silent
    fold.set_words("12,345 more retrieved, no vote", brief="12,345 more")
    fold.show()
    low.settle()
    assert fold.text() == "12,345 more" and fold.width() >= fold.minimumSizeHint().width()
    assert fold.accessibleName() == "12,345 more retrieved, no vote"
    low.window.resize(1600, 800)
    low.settle()
    assert fold.text() == "12,345 more retrieved, no vote"


def test_how_neighbours_were_found_is_said_in_whole_words_or_not_at_all(low: Desk) -> None:
    search = low.window.decide.neighbours.search
    search.set_full_text("exact · HNSW agrees 98/101", brief="exact")
    for wide, text in ((20, ""), (100, "exact"), (400, "exact · HNSW agrees 98/101")):
        search.resize(wide, search.height())
        assert search.text() == text and search.accessibleName() == "exact · HNSW agrees 98/101"


def test_what_has_no_room_below_is_scrolled_to(low: Desk) -> None:
    decide = low.window.decide
    low.settle()
    query = decide.query.parentWidget().parentWidget()
    for area, last in ((query, decide.query.report), (decide.decision.vote, decide.decision.details.distances)):
        assert isinstance(area, ScrolledPanel)
        area.ensureWidgetVisible(last, 0, 0)
        QApplication.processEvents()
        shown = QRect(last.mapTo(area.viewport(), QPoint(0, 0)), last.size())
        assert area.viewport().rect().intersected(shown).height() >= min(last.height(), area.viewport().height())


def test_classes_to_drop_on_stay_in_sight_below_a_vote_that_scrolls(low: Desk) -> None:
    panel = low.window.decide.decision
    assert panel.vote.verticalScrollBar().maximum() > 0
    assert panel.classes.height() >= panel.classes.minimumSizeHint().height()
    assert panel.rect().contains(QRect(panel.classes.mapTo(panel, QPoint(0, 0)), panel.classes.size()))
    assert not any(area.isAncestorOf(panel.classes) for area in low.window.findChildren(ScrolledPanel))
    low.window.resize(1280, 1400)
    low.bot.waitUntil(lambda: panel.vote.verticalScrollBar().maximum() == 0)  # laid out in more than one go


def test_a_panel_shrinks_to_its_least_height_before_it_scrolls(low: Desk) -> None:
    low.window.resize(1280, 800)
    low.settle()
    query = low.window.decide.query
    assert query.height() == query.parentWidget().height()
    low.window.resize(WIDE, 400)
    low.settle()
    assert query.height() > query.parentWidget().height()
    assert query.image.height() == query.image.minimumSizeHint().height()


def test_a_panel_asks_anew_what_it_needs_when_its_content_grows_or_shrinks(qtbot: QtBot) -> None:
    text = QLabel("few words")
    text.setWordWrap(True)
    panel = QWidget()
    column = QVBoxLayout(panel)
    column.addWidget(text)
    area = ScrolledPanel(panel, name="Text", inside=True)
    qtbot.addWidget(area)
    area.resize(200, 60)
    area.show()
    qtbot.waitExposed(area)
    low = area.sizeHint().height()
    text.setText("many words " * 60)
    QApplication.processEvents()
    high = area.sizeHint().height()
    assert high > 3 * low and panel.height() >= high and area.verticalScrollBar().maximum() > 0
    area.resize(400, 60)
    assert area.sizeHint().height() < high  # wider, and so lower
    text.setText("few words")
    QApplication.processEvents()
    assert area.sizeHint().height() == low and area.verticalScrollBar().maximum() == 0


def test_every_workspace_fits_on_the_screen(low: Desk) -> None:
    least = low.window.minimumSizeHint()
    assert least.width() <= WIDE and least.height() <= HIGH - TASK_BAR
    for action in ("actionCurate", "actionStudy", "actionDecide"):
        low.press(action)
        assert (low.window.width(), low.window.height()) == (WIDE, HIGH)
    low.press("actionStudy")
    for page in low.window.study.pages:
        low.window.study.tabs.setCurrentWidget(page)  # the map is drawn, with the query and its neighbours
        low.settle()
        assert (low.window.width(), low.window.height()) == (WIDE, HIGH), page.title
    low.press("actionCurate")
    low.window.curate.filter.set_count("1,003,329 of 1,003,329")  # of a large memory
    low.window.curate.filter.set_pick("12,345 selected exemplars")
    low.settle()
    assert low.window.minimumSizeHint().width() <= WIDE
    find = low.window.curate.filter.findChild(QLineEdit, "filterEdit")
    assert find is not None and find.width() >= find.fontMetrics().horizontalAdvance(FIND)
    line, new = low.window.curate.classes.filter.line, low.window.curate.classes.filter.new
    assert line.width() >= line.fontMetrics().horizontalAdvance("Find a") and new.accessibleName() == "+ New class"


def test_the_review_keeps_room_for_its_labels(low: Desk, qtbot: QtBot) -> None:
    low.memory.relabel([1, 2], "shapes/other")
    low.press("actionCurate")
    tabs = low.window.curate.tabs
    tabs.setCurrentWidget(tabs.suspects)
    low.settle()
    tabs.suspects.table.chosen_changed.emit()
    strip = tabs.suspects.strip
    qtbot.waitUntil(strip.isVisible)
    assert low.window.minimumSizeHint().width() <= WIDE == low.window.width()
    assert all(inside(shown, strip) for shown in (strip.image, *strip.own, *strip.suggested))
    table = tabs.suspects.table
    table.show()
    table.resize(430, 300)
    for column in (ReviewColumn.Label, ReviewColumn.Suggested):
        assert table.columnWidth(int(column)) >= table.horizontalHeader().minimumSectionSize() > 50
    table.resize(1200, 300)
    assert table.columnWidth(int(ReviewColumn.Label)) > 200

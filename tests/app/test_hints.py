"""The hints of a first start: once, over the window itself, after the demo has opened."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QWidget

from tests.app.conftest import Desk
from visualmemory_gui.app.views.decide.decide_view import FIRST_HINTS
from visualmemory_gui.app.views.kit.hints import Hints


def hints(desk: Desk) -> Hints:
    return desk.window.decide.hints


def place(desk: Desk, widget: QWidget) -> QRect:
    """Where in Decide it is."""
    return QRect(widget.mapTo(desk.window.decide, QPoint(0, 0)), widget.size())


def test_four_hints_come_once_after_the_demo_opened_and_are_read_one_by_one(desk: Desk) -> None:
    desk.window.session.decision.ask_exemplar(1)
    desk.settle()
    desk.window.session.demo_opened.emit()
    shown, card = [], hints(desk).card
    while hints(desk).shown:
        shown.append(card.text.text())
        assert card.accessibleName() == f"Hint {len(shown)} of 4: {shown[-1]}"
        desk.bot.mouseClick(card.next, Qt.MouseButton.LeftButton)
    assert tuple(shown) == FIRST_HINTS
    desk.window.session.demo_opened.emit()
    assert not hints(desk).shown


def test_esc_closes_them_for_good_and_a_command_shows_them_again(desk: Desk) -> None:
    desk.window.session.demo_opened.emit()
    assert hints(desk).shown
    desk.press("actionClose")
    assert not hints(desk).shown
    desk.window.session.demo_opened.emit()
    assert not hints(desk).shown
    desk.press("actionCurate")
    desk.press("actionHints")
    assert desk.window.workspace == "decide" and hints(desk).card.isVisible()
    desk.press("actionCurate")
    assert not hints(desk).card.isVisible()


@pytest.mark.parametrize("size", [(960, 540), (1000, 650), (1280, 800), (1920, 1080)])
def test_a_hint_lies_beside_what_it_is_about_and_hides_no_card(desk: Desk, size: tuple[int, int]) -> None:
    desk.window.resize(*size)
    desk.window.session.decision.ask_exemplar(1)
    desk.settle()
    desk.press("actionHints")
    decide, card, ring = desk.window.decide, hints(desk).card, hints(desk).ring
    abouts = (decide.query.image, decide.neighbours.grid, decide.neighbours.grid, decide.query.teach)
    for about in abouts:
        assert decide.rect().contains(card.geometry()) and ring.geometry().intersects(place(desk, about))
        assert not card.geometry().intersects(place(desk, about)), about.objectName()
        assert not card.geometry().intersects(place(desk, decide.neighbours.grid)), about.objectName()
        assert card.text.height() >= card.text.heightForWidth(card.text.width())
        desk.bot.mouseClick(card.next, Qt.MouseButton.LeftButton)


def test_they_take_no_key_from_the_window(desk: Desk) -> None:
    desk.window.session.decision.ask_exemplar(1)
    desk.settle()
    desk.window.decide.neighbours.grid.setFocus()
    desk.window.session.demo_opened.emit()
    assert desk.window.focusWidget() is desk.window.decide.neighbours.grid

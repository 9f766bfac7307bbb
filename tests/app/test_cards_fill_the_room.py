"""Cards fill the room: their size and order are chosen in Decide and kept, and small images are enlarged."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QBuffer, QIODevice, QSettings, QSize
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QComboBox, QSlider
from pytestqt.qtbot import QtBot

from tests.app.conftest import Desk
from visualmemory_gui.app import preferences
from visualmemory_gui.app.models import query
from visualmemory_gui.app.models.card_images import card_image, fitted_to
from visualmemory_gui.app.models.card_roles import CardRole
from visualmemory_gui.app.operations import exemplars
from visualmemory_gui.app.views.decide.neighbours_panel import SIDES_PT


def png(side: int) -> bytes:
    """A chess board of single pixels."""
    image = QImage(side, side, QImage.Format.Format_RGB32)
    for x in range(side):
        for y in range(side):
            image.setPixel(x, y, 0xFFFFFFFF if (x + y) % 2 else 0xFF000000)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(buffer.data().data())


@pytest.mark.parametrize("side", [28, 100, 160, 256])
def test_an_image_of_any_size_fills_its_card(side: int) -> None:
    assert card_image(png(side), 160).size() == QSize(160, 160)


def test_a_tiny_image_stays_crisp() -> None:
    tiny = QImage.fromData(png(8))
    assert {fitted_to(tiny, QSize(160, 160)).pixel(x, 10) & 0xFF for x in range(160)} == {0, 255}


def cell(desk: Desk) -> int:
    grid = desk.window.decide.neighbours.grid
    return grid.visualRect(grid.model().index(0, 0)).width()


def test_the_slider_resizes_the_cards_and_its_place_survives_a_restart(asked: Desk) -> None:
    slider = asked.window.findChild(QSlider, "cardSize")
    widths = []
    for points in SIDES_PT:
        slider.setValue(points)
        asked.settle()
        widths.append(cell(asked))
    assert widths[0] < 1.6 * 64 < 2 * widths[0] < widths[1]
    assert preferences.card_side(asked.window.settings) == SIDES_PT[1]


@pytest.mark.parametrize("damaged", ["nan", "-3", "wide", "1e9"])
def test_a_damaged_size_is_that_of_the_room(damaged: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    store = QSettings(str(tmp_path_factory.mktemp("ini") / "a.ini"), QSettings.Format.IniFormat)
    store.setValue("card_side", damaged)
    assert preferences.card_side(store) is None


def test_by_vote_the_largest_comes_first_and_the_rank_stays_that_of_the_distance(asked: Desk) -> None:
    model, box = asked.window.decide.neighbours.grid.model(), asked.window.findChild(QComboBox, "cardOrder")
    read = lambda role: [model.index(row, 0).data(role) for row in range(model.rowCount())]  # noqa: E731
    trusted = asked.decision.voters[-1].id
    exemplars.reweigh(asked.window.session, [trusted], 50.0)
    asked.settle()
    assert read(CardRole.Rank) == sorted(read(CardRole.Rank))
    box.setCurrentText("by vote")
    assert read(CardRole.Share) == sorted(read(CardRole.Share), reverse=True)
    assert read(CardRole.Exemplar)[0] == trusted and read(CardRole.Rank)[0] > 1
    assert preferences.cards_by_vote(asked.window.settings)
    assert "vote" in asked.window.decide.neighbours.grid.accessibleName()


def test_a_decision_waits_for_the_images_of_the_cards_seen_first_alone(
    desk: Desk, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query, "FIRST_CARDS", 2)
    decision = desk.window.session.decision
    decision.set_rule("rank")
    decision.set_k(12)
    desk.settle()
    there: list[set[int]] = []
    decision.decided.connect(lambda: there.append(set(decision.images)))
    with qtbot.waitSignal(decision.images_read, timeout=10_000):
        decision.ask_exemplar(1)
    voters = [n.id for n in desk.decision.voters]
    assert set(voters[:2]) <= there[-1] and len(there[-1]) <= 4
    assert set(decision.images) == set(voters)
    pixmaps = [desk.window.decide.neighbours.grid.model().index(row, 0).data(CardRole.Pixmap) for row in range(12)]
    assert all(pixmap is not None and not pixmap.isNull() for pixmap in pixmaps)

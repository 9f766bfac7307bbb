"""The similarity map in a neighbour's card lies over its thumbnail and over nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication, QStyle, QStyleOptionViewItem
from pytestqt.qtbot import QtBot

from tests.app.conftest import Desk
from visualmemory_gui.app import theme
from visualmemory_gui.app.models.card_roles import CardRole
from visualmemory_gui.app.views.kit.card_grid import CardGrid
from visualmemory_gui.engine.memory.visual_memory import VisualMemory

SIZES = {"wide": (640, 360), "tall": (360, 640), "tiny": (24, 16)}


@pytest.fixture
def shown(empty_desk: Desk, tmp_path: Path, qtbot: QtBot) -> Desk:
    """A decision among a wide, a tall and a tiny image, with the similarity map on."""
    rng = np.random.default_rng(3)
    with VisualMemory.create(tmp_path / "shapes.vmem", encoder="fake") as memory:
        for name, (wide, high) in SIZES.items():
            for number in range(2):
                image = Image.fromarray(rng.integers(0, 255, (high, wide, 3), dtype=np.uint8))
                image.save(tmp_path / f"{name}{number}.png")
                memory.add([tmp_path / f"{name}{number}.png"], [name])
    empty_desk.open(tmp_path / "shapes.vmem")
    empty_desk.window.on_query_chosen(1)
    empty_desk.settle()
    empty_desk.window.decide.query.similarity.setChecked(True)
    qtbot.waitUntil(lambda: empty_desk.window.session.similarity.splitting is not None, timeout=10_000)
    return empty_desk


def card(grid: CardGrid, row: int, ratio: float, *, selected: bool) -> QImage:
    option = QStyleOptionViewItem()
    grid.initViewItemOption(option)
    size = grid.cards.sizeHint(option, grid.model().index(row, 0))
    option.rect.setRect(0, 0, size.width(), size.height())
    option.state = QStyle.StateFlag.State_Enabled
    if selected:
        option.state |= QStyle.StateFlag.State_Selected
    canvas = QImage(size * ratio, QImage.Format.Format_RGB32)
    canvas.setDevicePixelRatio(ratio)
    canvas.fill(0)
    painter = QPainter(canvas)
    grid.cards.paint(painter, option, grid.model().index(row, 0))
    painter.end()
    return canvas


def differing(one: QImage, other: QImage) -> QRectF:
    """The smallest rectangle of device pixels that holds all that differs."""
    a, b = (np.asarray(i.constBits()).reshape(i.height(), i.width(), 4) for i in (one, other))
    rows, columns = np.nonzero((a != b).any(axis=2))
    assert len(rows), "nothing differs"
    return QRectF(columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1)


@pytest.mark.parametrize("look", ["light", "dark"])
def test_the_map_covers_the_thumbnail_of_its_card_and_no_other_pixel(
    shown: Desk, qapp: QApplication, qtbot: QtBot, look: str
) -> None:
    theme.apply(qapp, look)
    for ratio, side in ((1.0, 40), (1.0, 71), (1.5, 71), (1.5, 104), (2.0, 40), (2.0, 104)):
        for name in SIZES:
            covered, plain, own = with_and_without_map(shown, qtbot, name, ratio, side)
            changed, where = differing(covered, plain), (ratio, side, name)
            assert changed.width() <= own.width() and changed.height() <= own.height(), where
            assert changed.width() >= own.width() - 2 and changed.height() >= own.height() - 2, where
    theme.apply(qapp, "light")


def with_and_without_map(shown: Desk, qtbot: QtBot, name: str, ratio: float, side: int) -> tuple[QImage, QImage, QSize]:
    """The card of the first neighbour called ``name`` with the map and without it, and the size of its thumbnail."""
    grid, session = shown.window.decide.neighbours.grid, shown.window.session
    grid.cards.set_side(side * 72.0 / (theme.px(720.0) / 10.0))
    session.decision.set_side(round(side * ratio))
    shown.settle()
    row = next(at for at, n in enumerate(shown.decision.neighbours) if n.label == name)
    exemplar = shown.decision.neighbours[row].id
    grid.entered.emit(grid.model().index(row, 0))
    qtbot.waitUntil(lambda: session.similarity.splitting and session.similarity.splitting.neighbour.id == exemplar)
    covered, own = card(grid, row, ratio, selected=side == 71), session.decision.images[exemplar].size()
    cards = shown.window.decide._neighbours
    layered = cards._layered
    cards.show_layered(0, None)
    plain = card(grid, row, ratio, selected=side == 71)
    cards.show_layered(*layered)
    return covered, plain, own


def test_cards_that_shrank_never_show_an_image_beyond_its_place(shown: Desk) -> None:
    grid, decision = shown.window.decide.neighbours.grid, shown.window.session.decision
    decision.set_side(104)
    shown.settle()
    second = grid.model().index(1, 0)  # the similarity map may lie on the first
    assert second.data(CardRole.Whole).made_for == 104
    decision.set_side(40)
    assert second.data(CardRole.Whole).made_for == 104  # the image that is left until the new one is there
    shown.settle()
    card = second.data(CardRole.Whole)
    assert card.made_for == 40 and max(card.pixmap.width(), card.pixmap.height()) <= 40

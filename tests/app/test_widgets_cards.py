"""Neighbours as cards: painted fast, struck by a visible button."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QAbstractListModel, QModelIndex, QPoint, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QListView, QStyle, QStyleOptionViewItem

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.card_images import rounded
from visualmemory_gui.app.models.card_roles import Card, CardRole, card_at
from visualmemory_gui.app.widgets.cards import neighbour_card
from visualmemory_gui.app.widgets.cards.card_painter import share_text
from visualmemory_gui.app.widgets.cards.neighbour_card import NeighbourDelegate, prepare_view

LABELS = ("animals/tiger", "tabby", "lynx")


def paint_image(hue: int) -> QPixmap:
    made = QPixmap(256, 200)
    made.fill(QColor.fromHsv(hue % 360, 180, 200))
    return made


def values_of(row: int) -> dict[int, object]:
    return {
        CardRole.Exemplar: row + 100,
        CardRole.Pixmap: paint_image(7 * row),
        CardRole.Rank: row + 1,
        CardRole.Label: LABELS[row % 3],
        CardRole.Distance: 0.1 + row / 100,
        CardRole.Share: 1 / (row + 2),
        CardRole.Factor: 10.0 if row % 3 == 2 else 1.0,
        CardRole.State: "active",
        CardRole.Colour: theme.chip_colour(row % 3),
        CardRole.Closeness: 0.8,
    }


class Cards(QAbstractListModel):
    def __init__(self, count: int) -> None:
        super().__init__()
        self.rows = [values_of(row) for row in range(count)]

    def rowCount(self, parent=QModelIndex()):  # noqa: B008
        return len(self.rows)

    def data(self, index, role=0):
        return self.rows[index.row()].get(role)


@pytest.fixture
def view(qtbot, qapp):
    theme.apply(qapp, "light")
    made = QListView()
    qtbot.addWidget(made)
    made.delegate = NeighbourDelegate(made)
    made.cards = Cards(50)
    prepare_view(made, made.delegate)
    made.setModel(made.cards)
    made.resize(900, 1800)
    made.show()
    qtbot.waitExposed(made)
    return made


def option_of(view: QListView) -> QStyleOptionViewItem:
    option = QStyleOptionViewItem()
    option.initFrom(view)
    option.font = view.font()
    option.state = QStyle.StateFlag.State_Enabled
    return option


def paint_all(view: QListView, canvas: QImage) -> None:
    option = option_of(view)
    painter = QPainter(canvas)
    for row in range(view.cards.rowCount()):
        option.rect = view.visualRect(view.cards.index(row))
        view.delegate.paint(painter, option, view.cards.index(row))
    painter.end()


def test_a_card_is_painted_once_and_kept_and_parts_are_shared(view, monkeypatch):
    painted = []
    real = neighbour_card.paint_card
    monkeypatch.setattr(
        neighbour_card, "paint_card", lambda *args, **named: (painted.append(named["parts"]), real(*args, **named))
    )
    view.delegate.forget_pixels()
    canvas = QImage(view.size(), QImage.Format.Format_ARGB32_Premultiplied)
    paint_all(view, canvas)
    paint_all(view, canvas)
    assert len(painted) == 50
    assert painted[0].ground().cacheKey() == painted[-1].ground().cacheKey()


def test_an_image_made_ready_for_its_place_is_painted_as_it_comes(view):
    ready = QPixmap.fromImage(rounded(paint_image(40).toImage().scaled(96, 75), 3))
    layout = view.delegate._card_layout(option_of(view))
    values = {"pixmap": ready, "rank": 1, "label": "a", "distance": 0.1, "share": 0.1}
    fresh, old = Card(1, made_for=layout.side, **values), Card(1, made_for=layout.side + 9, **values)
    assert view.delegate._image(fresh, layout, 1.0).cacheKey() == ready.cacheKey()
    assert view.delegate._image(old, layout, 1.0).cacheKey() != ready.cacheKey()


@pytest.mark.parametrize(("state", "heard"), [("active", "strike"), ("struck", "restore"), ("excluded", "restore")])
def test_the_button_on_a_card_strikes_or_restores_that_exemplar(view, qtbot, state, heard):
    view.cards.rows[3][CardRole.State] = state
    signal = view.delegate.strike_requested if heard == "strike" else view.delegate.restore_requested
    spot = view.delegate.button_rect(option_of(view), view.visualRect(view.cards.index(3))).center()
    with qtbot.waitSignal(signal) as caught:
        QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert caught.args == [103]
    assert not view.selectionModel().hasSelection()


def test_a_click_beside_the_button_selects_the_card(view, qtbot):
    with qtbot.assertNotEmitted(view.delegate.strike_requested):
        centre = view.visualRect(view.cards.index(3)).center()
        QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=centre + QPoint(0, 10))
    assert [index.row() for index in view.selectionModel().selectedIndexes()] == [3]


def pixels(view: QListView, row: int, **state: bool) -> QImage:
    option = option_of(view)
    option.rect = view.visualRect(view.cards.index(row)).translated(-view.visualRect(view.cards.index(row)).topLeft())
    if state.get("selected"):
        option.state |= QStyle.StateFlag.State_Selected
    if state.get("hovered"):
        option.state |= QStyle.StateFlag.State_MouseOver
    canvas = QImage(option.rect.size(), QImage.Format.Format_ARGB32_Premultiplied)
    canvas.fill(0)
    painter = QPainter(canvas)
    view.delegate.paint(painter, option, view.cards.index(row))
    painter.end()
    return canvas


def test_selected_hovered_and_struck_cards_look_different(view):
    looks = [pixels(view, 0), pixels(view, 0, selected=True), pixels(view, 0, hovered=True)]
    view.cards.rows[0][CardRole.State] = "struck"
    looks.append(pixels(view, 0))
    assert all(one != other for at, one in enumerate(looks) for other in looks[at + 1 :])


def test_a_card_is_painted_anew_in_another_theme(view, qapp):
    light = pixels(view, 0)
    theme.apply(qapp, "dark")
    dark = pixels(view, 0)
    theme.apply(qapp, "light")
    assert light != dark


@pytest.mark.parametrize(
    ("share", "factor", "text"),
    [
        (0.314, 1, "31 %"),
        (0.5, 10, "50 % ×10"),
        (0.5, 1.04, "50 % ×1.04"),
        (0.5, 1.003, "50 %"),
        (0.004, 1, "<1 %"),
        (0, 1, "0 %"),
    ],
)
def test_the_share_is_a_number_and_the_class_factor_is_shown_where_it_acts(share, factor, text):
    assert share_text(Card(1, None, 1, "cat", 0.2, share, factor)) == text


def test_roles_a_model_does_not_answer_take_harmless_values(view):
    card = card_at(view.cards.index(2))
    assert (card.exemplar, card.key, card.state, card.factor) == (102, "", "active", 10.0)

"""Neighbours as cards: a delegate for a QListView in icon mode. A card is painted once and cached until it changes."""

from __future__ import annotations

from PySide6.QtCore import QAbstractItemModel, QEvent, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtGui import QMouseEvent, QPainter, QPixmap
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.card_images import CORNER, rounded
from visualmemory_gui.app.models.card_roles import Card, CardRole, card_at
from visualmemory_gui.app.widgets.cards.card_painter import CardLayout, CardParts, Look, paint_card
from visualmemory_gui.app.widgets.cards.pixmap_cache import PixmapCache, fitted

Index = QModelIndex | QPersistentModelIndex
USUAL_PT = 104.0  # the side of an image
MOST_CARDS = 400  # kept at that side; fewer where they are larger, at the same cost


class NeighbourDelegate(QStyledItemDelegate):
    """Paints cards from ``CardRole`` and handles clicks on their strike-out button. ``side_pt``: width of the image."""

    strike_requested = QtSignal(int)
    restore_requested = QtSignal(int)

    def __init__(self, parent: QObject | None = None, *, side_pt: float = USUAL_PT) -> None:
        super().__init__(parent)
        self._side_pt = side_pt
        self._full_labels = False
        self._cards = PixmapCache(MOST_CARDS)
        self._images = PixmapCache(MOST_CARDS)
        self._parts = PixmapCache(MOST_CARDS)
        self._layout: CardLayout | None = None
        self._pressed: int | None = None
        theme.notifier.changed.connect(self.forget_pixels)

    def set_side(self, side_pt: float) -> None:
        """Resize the cards; the view must then lay out its rows again (``scheduleDelayedItemsLayout``)."""
        self._side_pt = side_pt
        for cache in (self._cards, self._images):
            cache.set_limit(round(MOST_CARDS * min(1.0, (USUAL_PT / side_pt) ** 2)))
        self.forget_pixels()

    def set_full_labels(self, shown: bool) -> None:
        """Make room for a line with the full label; the view must then lay out its rows again."""
        if shown != self._full_labels:
            self._full_labels = shown
            self.forget_pixels()

    def forget_pixels(self) -> None:
        self._cards.clear()
        self._images.clear()
        self._parts.clear()
        self._layout = None

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return self._card_layout(option).cell

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        card = card_at(index)
        look = look_of(option)
        ratio = painter.device().devicePixelRatioF() if painter.device() else 1.0
        image_key = card.pixmap.cacheKey() if card.pixmap is not None else 0
        colour = card.colour.rgba() if card.colour is not None else 0
        key = (
            (card.exemplar, image_key, card.rank, card.label, card.distance, card.share, card.factor),
            (card.state, colour, card.key, card.closeness, card.names, card.locked, card.copies, look, ratio),
            (card.full, card.full_key),
        )
        drawn = self._cards.get(key)
        if drawn is None:
            drawn = self._cards.put(key, self._drawn(card, look, option, ratio))
        painter.drawPixmap(option.rect.topLeft(), drawn)

    def editorEvent(self, event: QEvent, model: QAbstractItemModel, option: QStyleOptionViewItem, index: Index) -> bool:
        """Let a click on the button strike out or restore, without selecting."""
        if event.type() not in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonRelease):
            return False
        if not isinstance(event, QMouseEvent) or event.button() != Qt.MouseButton.LeftButton:
            return False
        exemplar = int(index.data(CardRole.Exemplar) or 0)
        inside = self.button_rect(option, option.rect).contains(event.position().toPoint())
        if event.type() == QEvent.Type.MouseButtonPress:
            self._pressed = exemplar if inside else None
            return inside
        hit = inside and self._pressed == exemplar
        self._pressed = None
        if hit:
            struck = str(index.data(CardRole.State) or "active") != "active"
            (self.restore_requested if struck else self.strike_requested).emit(exemplar)
        return hit

    def button_rect(self, option: QStyleOptionViewItem, cell: QRect) -> QRect:
        """The rectangle of the strike-out button of the card in ``cell``."""
        return self._card_layout(option).button.toAlignedRect().translated(cell.topLeft())

    def _card_layout(self, option: QStyleOptionViewItem) -> CardLayout:
        if self._layout is None:
            self._layout = CardLayout.of(option.font, theme.px(self._side_pt), full_labels=self._full_labels)
        return self._layout

    def _drawn(self, card: Card, look: Look, option: QStyleOptionViewItem, ratio: float) -> QPixmap:
        layout = self._card_layout(option)
        parts = CardParts(layout, look, ratio, self._parts)
        drawn = QPixmap(parts.ground())
        painter = QPainter(drawn)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
        paint_card(painter, layout, card, parts=parts, image=self._image(card, layout, ratio))
        painter.end()
        return drawn

    def _image(self, card: Card, layout: CardLayout, ratio: float) -> QPixmap | None:
        """The image at its size with round corners; unchanged if it was made that way for this layout."""
        if card.pixmap is None or card.pixmap.isNull():
            return None
        pixmap: QPixmap = card.pixmap
        if card.made_for == round(layout.side * ratio):
            pixmap.setDevicePixelRatio(ratio)
            return pixmap
        key = (pixmap.cacheKey(), layout.side, ratio)
        return self._images.get(key) or self._images.put(key, _round(fitted(pixmap, layout.side, layout.side, ratio)))


def _round(pixmap: QPixmap) -> QPixmap:
    image = pixmap.toImage()
    made = QPixmap.fromImage(rounded(image, CORNER * max(image.width(), image.height())))
    made.setDevicePixelRatio(pixmap.devicePixelRatio())
    return made


def look_of(option: QStyleOptionViewItem) -> Look:
    """The state of a card as Qt reports it in ``option``."""
    state = option.state
    widget = option.widget
    focused = bool(state & QStyle.StateFlag.State_HasFocus) and (widget is None or widget.hasFocus())
    hovered = bool(state & QStyle.StateFlag.State_MouseOver)
    return Look(bool(state & QStyle.StateFlag.State_Selected), hovered, focused)


def prepare_view(view: QListView, delegate: NeighbourDelegate) -> None:
    """Set up ``view`` so that cards flow in rows, keep their order and can be selected the way files are."""
    view.setViewMode(QListView.ViewMode.IconMode)
    view.setResizeMode(QListView.ResizeMode.Adjust)
    view.setMovement(QListView.Movement.Static)
    view.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
    view.setSelectionRectVisible(True)
    view.setUniformItemSizes(True)
    view.setMouseTracking(True)
    view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
    view.setSpacing(theme.px(2))
    view.setItemDelegate(delegate)

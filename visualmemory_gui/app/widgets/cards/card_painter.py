"""How a neighbour's card looks: the places of its parts, and how they are painted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QFontMetricsF, QPainter, QPen, QPixmap

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.card_images import CORNER
from visualmemory_gui.app.models.card_roles import Card
from visualmemory_gui.app.widgets.cards.label_chip import before_label, paint_chip, shortened
from visualmemory_gui.app.widgets.cards.pixmap_cache import PixmapCache, paint_centred
from visualmemory_gui.engine.text.visible_text import factor_text

FAR = 1.0  # the distance at which the strip ends: two images with nothing in common
SILENT = "adds nothing"
SILENT_OPACITY = 0.55
RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


@dataclass(frozen=True)
class Look:
    """The state of a card in its view."""

    selected: bool = False
    hovered: bool = False
    focused: bool = False


@dataclass(frozen=True)
class CardLayout:
    """Rectangles of one card, relative to its cell, in logical pixels. ``side`` is the image's, ``number`` the width
    of a distance, ``gap`` the space between figures and what is next to them, ``thick`` the bar's height. ``full`` is
    the line of the full label, empty where the chip has it."""

    side: int
    cell: QSize
    frame: QRectF
    image: QRectF
    rank: QRectF
    button: QRectF
    chip: QRectF
    full: QRectF
    strip: QRectF
    bar: QRectF
    small: QFont
    number: int
    gap: int
    thick: int

    @classmethod
    def of(cls, font: QFont, side: int, *, full_labels: bool = False) -> CardLayout:
        small = theme.points(font, -0.5)
        line = QFontMetrics(small).height()
        margin, gap = theme.px(5), theme.px(4)
        wide = side + 2 * margin
        top = margin + side + gap
        chip = line + theme.px(2)
        full = line if full_labels else 0
        strip = top + chip + full + theme.px(3)
        bar = strip + theme.px(5) + gap
        high = bar + line + margin
        badge = line + theme.px(2)
        return cls(
            side=side,
            cell=QSize(wide + 2, high + 2),
            frame=QRectF(1.5, 1.5, wide - 1, high - 1),
            image=QRectF(margin + 1, margin + 1, side, side),
            rank=QRectF(margin + 1 + theme.px(3), margin + 1 + theme.px(3), badge, badge),
            button=QRectF(
                margin + 1 + side - theme.px(2) - badge * 1.15, margin + theme.px(3), badge * 1.15, badge * 1.15
            ),
            chip=QRectF(margin + 1, top, side, chip),
            full=QRectF(margin + 1, top + chip, side, full),
            strip=QRectF(margin + 1, strip, side, theme.px(5)),
            bar=QRectF(margin + 1, bar, side, line),
            small=small,
            number=QFontMetrics(small).horizontalAdvance("0.000"),
            gap=theme.px(5),
            thick=theme.px(4),
        )


class CardParts:
    """Parts that many cards of one look share, each drawn once: chips, ranks, buttons and the background."""

    def __init__(self, layout: CardLayout, look: Look, ratio: float, cache: PixmapCache) -> None:
        self.look = look
        self._layout, self._ratio, self._cache = layout, ratio, cache

    def kept(self, key: tuple[object, ...], draw: Callable[[], QPixmap]) -> QPixmap:
        """The part of that name, drawn by ``draw`` the first time it is needed."""
        key = (*key, self._ratio)
        return self._cache.get(key) or self._cache.put(key, draw())

    def drawn(self, size: QSize, paint: Callable[[QPainter], object], under: str | None = None) -> QPixmap:
        """A pixmap of what ``paint`` paints, on top of ``under`` or on nothing."""
        made = QPixmap(size * self._ratio)
        made.setDevicePixelRatio(self._ratio)
        made.fill(QColor(under) if under else Qt.GlobalColor.transparent)
        painter = QPainter(made)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
        painter.setFont(self._layout.small)
        paint(painter)
        painter.end()
        return made

    def ground(self) -> QPixmap:
        """An empty card."""
        return self.kept(
            ("ground", self.look),
            lambda: self.drawn(
                self._layout.cell, lambda p: paint_ground(p, self._layout, self.look), theme.current().surface
            ),
        )


def paint_card(painter: QPainter, layout: CardLayout, card: Card, *, parts: CardParts, image: QPixmap | None) -> None:
    """Paint ``card`` on its background. ``image`` already fits the layout's side; None while it is loading."""
    painter.setFont(layout.small)
    struck = card.state != "active"
    opacity = 0.25 if struck else 1.0 if card.share > 0 else SILENT_OPACITY
    _paint_image(painter, layout, image, opacity)
    if not struck:
        badge = parts.kept(("rank", card.rank), lambda: _badge(parts, layout, card.rank))
        painter.drawPixmap(layout.rank.topLeft(), badge)
    _paint_button(painter, layout, parts, struck=struck, locked=card.locked)
    _paint_label(painter, layout, card, parts, struck=struck)
    if card.full and layout.full.height():
        _paint_full_label(painter, layout, card)
    _paint_mark(painter, layout, card, struck=struck)
    if struck:
        _paint_struck(painter, layout, card)
    elif card.share > 0:
        _paint_share(painter, layout, card)
    else:
        _paint_silent(painter, layout)


def paint_ground(painter: QPainter, layout: CardLayout, look: Look) -> None:
    """What all cards of one look share. Hovered: a subtle background. Selected: a coloured background and an accent
    line. Focus: a second line inside."""
    c = theme.current()
    ground = c.selected if look.selected else c.hover if look.hovered else c.surface
    painter.setPen(QPen(QColor(c.accent if look.selected else c.border), 2.0 if look.selected else 1.0))
    painter.setBrush(QColor(ground))
    painter.drawRoundedRect(layout.frame, theme.px(5), theme.px(5))
    if look.focused:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(c.text), 1.0, Qt.PenStyle.DotLine))
        painter.drawRoundedRect(layout.frame.adjusted(2.5, 2.5, -2.5, -2.5), theme.px(4), theme.px(4))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(c.track))
    painter.drawRoundedRect(layout.image, CORNER * layout.side, CORNER * layout.side)
    _paint_scale(painter, layout.strip)


def _paint_scale(painter: QPainter, strip: QRectF) -> None:
    """The distance scale, with ticks at its quarters."""
    painter.setPen(QPen(QColor(theme.current().border), 1.0))
    middle = strip.center().y()
    painter.drawLine(QPointF(strip.x(), middle), QPointF(strip.right(), middle))
    for quarter in (0.0, 0.25, 0.5, 0.75, 1.0):
        x = strip.x() + 0.5 + (strip.width() - 1) * quarter
        painter.drawLine(QPointF(x, middle - theme.px(1.5)), QPointF(x, middle + theme.px(1.5)))


def _paint_image(painter: QPainter, layout: CardLayout, image: QPixmap | None, opacity: float) -> None:
    if image is None:
        return
    painter.setOpacity(opacity)
    paint_centred(painter, layout.image, image)
    painter.setOpacity(1.0)


def _badge(parts: CardParts, layout: CardLayout, rank: int) -> QPixmap:
    text, high = str(rank), layout.rank.height()
    wide = max(high, QFontMetricsF(layout.small).horizontalAdvance(text) + theme.px(8))

    def paint(painter: QPainter) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(20, 22, 26, 215))
        painter.drawRoundedRect(QRectF(0, 0, wide, high), high / 2, high / 2)
        painter.setPen(QColor("#ffffff"))
        painter.drawText(QRectF(0, 0, wide, high), int(Qt.AlignmentFlag.AlignCenter), text)

    return parts.drawn(QSize(ceil(wide), ceil(high)), paint)


def _paint_button(painter: QPainter, layout: CardLayout, parts: CardParts, *, struck: bool, locked: bool) -> None:
    """The button, stronger under the mouse: a crossed circle strikes out, a turned arrow restores. Locked: faint."""
    hovered = parts.look.hovered and not locked

    def draw() -> QPixmap:
        whole = layout.button.adjusted(-1, -1, 1, 1)
        return parts.drawn(whole.size().toSize(), lambda p: _draw_button(p, layout.button, struck, hovered))

    drawn = parts.kept(("button", struck, hovered), draw)
    painter.setOpacity(0.4 if locked else 1.0)
    painter.drawPixmap(layout.button.topLeft() - QPointF(1, 1), drawn)
    painter.setOpacity(1.0)


def _draw_button(painter: QPainter, button: QRectF, struck: bool, hovered: bool) -> None:
    c = theme.current()
    box = QRectF(1, 1, button.width(), button.height())
    painter.setPen(QPen(QColor(c.border), 1.0))
    painter.setBrush(QColor(c.surface))
    painter.drawEllipse(box)
    pen = QPen(QColor(c.good if struck else c.danger if hovered else c.dim), max(1.4, box.width() / 11))
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    inner = box.adjusted(box.width() * 0.28, box.width() * 0.28, -box.width() * 0.28, -box.width() * 0.28)
    if struck:
        painter.drawArc(inner, -60 * 16, 300 * 16)
        tip = QPointF(inner.center().x() + inner.width() * 0.25, inner.bottom() - inner.height() * 0.07)
        painter.drawLine(tip, tip + QPointF(inner.width() * 0.5, 0))
        painter.drawLine(tip, tip + QPointF(0, inner.height() * 0.5))
    else:
        painter.drawLine(inner.topLeft(), inner.bottomRight())
        painter.drawLine(inner.topRight(), inner.bottomLeft())


def _paint_label(painter: QPainter, layout: CardLayout, card: Card, parts: CardParts, *, struck: bool) -> None:
    c = theme.current()
    number = f"{card.distance:.3f}"
    room = ceil(layout.chip.width()) - layout.number - layout.gap
    colour = QColor(c.grey_chip) if struck or not card.share or card.colour is None else card.colour
    before = before_label(card.key)

    def draw() -> QPixmap:
        box = QRectF(0, 0, room, layout.chip.height())
        return parts.drawn(
            box.size().toSize(), lambda p: paint_chip(p, box, card.label, colour, names=card.names, before=before)
        )

    key = ("chip", before, card.label, card.names, colour.rgba(), room)
    painter.drawPixmap(layout.chip.topLeft(), parts.kept(key, draw))
    painter.setPen(QColor(c.dim if struck else c.text))
    painter.drawText(layout.chip, RIGHT, number)


def _paint_full_label(painter: QPainter, layout: CardLayout, card: Card) -> None:
    before = before_label(card.full_key)
    room = int(layout.full.width()) - painter.fontMetrics().horizontalAdvance(before)
    painter.setPen(QColor(theme.current().dim))
    shown = before + shortened(painter.fontMetrics(), card.full, room, card.names)
    painter.drawText(layout.full, int(Qt.AlignmentFlag.AlignVCenter), shown)


def _paint_mark(painter: QPainter, layout: CardLayout, card: Card, *, struck: bool) -> None:
    """The mark on the distance scale. Where it is known what distances mean here, the scale runs over same-class
    pairs, and the mark is left of the fraction of them that is farther apart."""
    c = theme.current()
    at = min(1.0, card.distance / FAR) if card.closeness is None else 1.0 - card.closeness
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(c.dim if struck else c.text))
    strip, size = layout.strip, layout.strip.height()
    x = strip.x() + size / 2 + (strip.width() - size) * min(1.0, max(0.0, at))
    painter.drawEllipse(QPointF(x, strip.center().y()), size / 2, size / 2)


def _paint_share(painter: QPainter, layout: CardLayout, card: Card) -> None:
    c = theme.current()
    text = share_text(card)
    taken = painter.fontMetrics().horizontalAdvance(text) + layout.gap
    painter.setPen(QColor(c.text))
    painter.drawText(layout.bar, RIGHT, text)
    thick = layout.thick
    track = QRectF(layout.bar.x(), layout.bar.center().y() - thick / 2, layout.bar.width() - taken, thick)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(c.track))
    painter.drawRoundedRect(track, thick / 2, thick / 2)
    track.setWidth(max(thick, track.width() * min(1.0, card.share)))
    painter.setBrush(card.colour or QColor(c.grey_chip))
    painter.drawRoundedRect(track, thick / 2, thick / 2)


def share_text(card: Card) -> str:
    """The vote in numbers: "12 %", "×10" if the class factor applies, and "2 alike" that share it."""
    share = f"{card.share * 100:.0f} %" if card.share >= 0.0095 or card.share == 0 else "<1 %"
    factor = factor_text(card.factor)
    share = f"{share} ×{factor}" if factor else share
    return f"{share} · {card.copies} alike" if card.copies else share


def _paint_silent(painter: QPainter, layout: CardLayout) -> None:
    painter.setPen(QColor(theme.current().dim))
    painter.drawText(layout.bar, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), SILENT)


def _paint_struck(painter: QPainter, layout: CardLayout, card: Card) -> None:
    c = theme.current()
    paint_strike(painter, layout.image)
    painter.setPen(QColor(c.danger))
    text = "struck out" if card.state == "struck" else "left out here"
    painter.drawText(layout.bar, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), text)


def paint_strike(painter: QPainter, box: QRectF) -> None:
    """The line over the image of an exemplar that is struck out; it leaves a pen of its colour."""
    pen = QPen(QColor(theme.current().danger), theme.px(1.5))
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    across, down = 0.1 * box.width(), 0.1 * box.height()
    spot = box.adjusted(across, down, -across, -down)
    painter.drawLine(spot.topLeft(), spot.bottomRight())

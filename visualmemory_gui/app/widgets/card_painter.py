"""How one neighbour's card looks: where its parts lie, and how they are painted."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen, QPixmap

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.card_roles import Card, factor_text
from visualmemory_gui.app.widgets.chip import chip_text, paint_chip
from visualmemory_gui.app.widgets.pictures import paint_centred

FAR = 1.0  # the distance at which the strip ends; two pictures without anything in common


@dataclass(frozen=True)
class Look:
    """How a card stands in its view."""

    selected: bool = False
    hovered: bool = False
    focused: bool = False


@dataclass(frozen=True)
class CardLayout:
    """Rectangles of one card, relative to its cell, in logical pixels. ``side`` is the picture's."""

    side: int
    cell: QSize
    frame: QRectF
    picture: QRectF
    rank: QRectF
    button: QRectF
    chip: QRectF
    distance: QRectF
    strip: QRectF
    bar: QRectF
    small: QFont

    @classmethod
    def of(cls, font: QFont, side: int) -> CardLayout:
        small = theme.points(font, -0.5)
        line = QFontMetrics(small).height()
        margin, gap = theme.px(5), theme.px(4)
        wide = side + 2 * margin
        top = margin + side + gap
        chip = line + theme.px(2)
        strip = top + chip + theme.px(3)
        bar = strip + theme.px(5) + gap
        high = bar + line + margin
        badge = line + theme.px(2)
        return cls(
            side=side,
            cell=QSize(wide + 2, high + 2),
            frame=QRectF(1.5, 1.5, wide - 1, high - 1),
            picture=QRectF(margin + 1, margin + 1, side, side),
            rank=QRectF(margin + 1 + theme.px(3), margin + 1 + theme.px(3), badge, badge),
            button=QRectF(
                margin + 1 + side - theme.px(2) - badge * 1.15, margin + theme.px(3), badge * 1.15, badge * 1.15
            ),
            chip=QRectF(margin + 1, top, side, chip),
            distance=QRectF(margin + 1, top, side, chip),
            strip=QRectF(margin + 1, strip, side, theme.px(5)),
            bar=QRectF(margin + 1, bar, side, line),
            small=small,
        )


def paint_card(painter: QPainter, layout: CardLayout, card: Card, *, look: Look, picture: QPixmap | None) -> None:
    """Paint ``card``. ``picture`` is already fitted to the layout's side; None while it is loading."""
    painter.setFont(layout.small)
    struck = card.state != "active"
    _paint_frame(painter, layout, look)
    _paint_picture(painter, layout, picture, struck=struck)
    if not struck:
        _paint_rank(painter, layout, card)
    _paint_button(painter, layout, struck=struck, look=look)
    _paint_label(painter, layout, card, struck=struck)
    _paint_strip(painter, layout, card, struck=struck)
    if struck:
        _paint_struck(painter, layout, card)
    else:
        _paint_share(painter, layout, card)


def _paint_frame(painter: QPainter, layout: CardLayout, look: Look) -> None:
    """Hovered: a quiet ground. Selected: a coloured ground and an accent line. Focus: a second line inside."""
    c = theme.current()
    ground = c.selected if look.selected else c.hover if look.hovered else c.surface
    painter.setPen(QPen(QColor(c.accent if look.selected else c.border), 2.0 if look.selected else 1.0))
    painter.setBrush(QColor(ground))
    painter.drawRoundedRect(layout.frame, theme.px(5), theme.px(5))
    if look.focused:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(c.text), 1.0, Qt.PenStyle.DotLine))
        painter.drawRoundedRect(layout.frame.adjusted(2.5, 2.5, -2.5, -2.5), theme.px(4), theme.px(4))


def _paint_picture(painter: QPainter, layout: CardLayout, picture: QPixmap | None, *, struck: bool) -> None:
    c = theme.current()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(c.track))
    radius = theme.px(3)
    painter.drawRoundedRect(layout.picture, radius, radius)
    if picture is None:
        return
    painter.setOpacity(0.25 if struck else 1.0)
    paint_centred(painter, layout.picture, picture, radius=radius)
    painter.setOpacity(1.0)


def _paint_rank(painter: QPainter, layout: CardLayout, card: Card) -> None:
    text = str(card.rank)
    wide = max(layout.rank.width(), painter.fontMetrics().horizontalAdvance(text) + theme.px(8))
    box = QRectF(layout.rank.topLeft(), QPointF(layout.rank.x() + wide, layout.rank.bottom()))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(20, 22, 26, 215))
    painter.drawRoundedRect(box, box.height() / 2, box.height() / 2)
    painter.setPen(QColor("#ffffff"))
    painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), text)


def _paint_button(painter: QPainter, layout: CardLayout, *, struck: bool, look: Look) -> None:
    """Always there, louder under the mouse: a crossed circle strikes out, a turned arrow restores."""
    c = theme.current()
    box = layout.button
    painter.setPen(QPen(QColor(c.border), 1.0))
    painter.setBrush(QColor(c.surface))
    painter.drawEllipse(box)
    pen = QPen(QColor(c.good if struck else c.danger if look.hovered else c.dim), max(1.4, box.width() / 11))
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


def _paint_label(painter: QPainter, layout: CardLayout, card: Card, *, struck: bool) -> None:
    c = theme.current()
    number = f"{card.distance:.3f}"
    taken = painter.fontMetrics().horizontalAdvance(number) + theme.px(5)
    room = QRectF(layout.chip)
    room.setWidth(layout.chip.width() - taken)
    paint_chip(painter, room, chip_text(card.label, card.key), QColor(c.grey_chip) if struck else card.colour)
    painter.setPen(QColor(c.dim if struck else c.text))
    painter.drawText(layout.distance, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), number)


def _paint_strip(painter: QPainter, layout: CardLayout, card: Card, *, struck: bool) -> None:
    """A scale of the distance. Where it is known what distances mean here, it runs over same-class pairs: the mark
    stands left of the part of them that is farther apart; ticks at the quarters."""
    c = theme.current()
    at = min(1.0, card.distance / FAR) if card.closeness is None else 1.0 - card.closeness
    middle = layout.strip.center().y()
    left, wide = layout.strip.x(), layout.strip.width()
    painter.setPen(QPen(QColor(c.border), 1.0))
    painter.drawLine(QPointF(left, middle), QPointF(left + wide, middle))
    for quarter in (0.0, 0.25, 0.5, 0.75, 1.0):
        x = left + 0.5 + (wide - 1) * quarter
        painter.drawLine(QPointF(x, middle - theme.px(1.5)), QPointF(x, middle + theme.px(1.5)))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(c.dim if struck else c.text))
    size = layout.strip.height()
    painter.drawEllipse(QPointF(left + size / 2 + (wide - size) * min(1.0, max(0.0, at)), middle), size / 2, size / 2)


def _paint_share(painter: QPainter, layout: CardLayout, card: Card) -> None:
    c = theme.current()
    text = share_text(card)
    taken = painter.fontMetrics().horizontalAdvance(text) + theme.px(5)
    painter.setPen(QColor(c.text))
    painter.drawText(layout.bar, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), text)
    thick = theme.px(4)
    track = QRectF(layout.bar.x(), layout.bar.center().y() - thick / 2, layout.bar.width() - taken, thick)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(c.track))
    painter.drawRoundedRect(track, thick / 2, thick / 2)
    if card.share > 0:
        track.setWidth(max(thick, track.width() * min(1.0, card.share)))
        painter.setBrush(card.colour or QColor(c.grey_chip))
        painter.drawRoundedRect(track, thick / 2, thick / 2)


def share_text(card: Card) -> str:
    """The vote in numbers: "12 %", and "×10" where the class factor acts."""
    share = f"{card.share * 100:.0f} %" if card.share >= 0.0095 or card.share == 0 else "<1 %"
    return f"{share} ×{factor_text(card.factor)}" if abs(card.factor - 1) > 1e-9 else share


def _paint_struck(painter: QPainter, layout: CardLayout, card: Card) -> None:
    c = theme.current()
    inset = layout.side * 0.1
    pen = QPen(QColor(c.danger), theme.px(1.5))
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    spot = layout.picture.adjusted(inset, inset, -inset, -inset)
    painter.drawLine(spot.topLeft(), spot.bottomRight())
    painter.setPen(QColor(c.danger))
    text = "struck out" if card.state == "struck" else "left out here"
    painter.drawText(layout.bar, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), text)

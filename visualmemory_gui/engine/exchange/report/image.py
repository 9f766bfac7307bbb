"""The report as one image, for places that take no document."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image, UnidentifiedImageError

from visualmemory_gui.engine.decision.short_labels import ShortLabels
from visualmemory_gui.engine.exchange.report.content import NO_EDITS
from visualmemory_gui.engine.images.sheet import DIM, INK, LINE, Sheet, font
from visualmemory_gui.engine.text.visible_text import factor_text

if TYPE_CHECKING:
    from visualmemory_gui.engine.exchange.report.content import DecisionReport, ReportCard

WIDTH, MARGIN = 980, 28
QUERY, SIDE, COLUMNS, GAP = 256, 150, 5, 14
WON, OTHER = "#2872d4", "#6c717c"
MOST_BARS = 12


def page(report: DecisionReport) -> Image.Image:
    """The report as an image."""
    sheet = Sheet(WIDTH, margin=MARGIN)
    _head(sheet, report)
    _bars(sheet, report)
    if report.cards:
        _title(sheet, "Neighbours")
        for start in range(0, len(report.cards), COLUMNS):
            _row(sheet, report.cards[start : start + COLUMNS])
    _title(sheet, "Settings")
    _pairs(sheet, report.facts)
    _title(sheet, "Edits")
    _pairs(sheet, report.edit_rows or (("", NO_EDITS),))
    if report.more_edits:
        sheet.text(f"and {report.more_edits:,} earlier", colour=DIM)
    sheet.y += 8
    sheet.text(report.made, size=12, colour=DIM, gap=0)
    return sheet.image


def _head(sheet: Sheet, report: DecisionReport) -> None:
    image = _image(report.asked.thumbnail, QUERY)
    sheet.paste(image, MARGIN, MARGIN)
    x = MARGIN + QUERY + 26
    sheet.text(report.asked.name, colour=DIM, x=x)
    sheet.text(report.headline, size=25, bold=True, x=x, gap=10)
    for line in (*report.sentences, *([report.asked.source] if report.asked.source else [])):
        sheet.text(line, x=x)
    sheet.y = max(sheet.y, MARGIN + image.height)


def _bars(sheet: Sheet, report: DecisionReport) -> None:
    _title(sheet, "Votes")
    if not report.shares:
        sheet.text("No neighbour has a vote.", colour=DIM)
    face, names, figures = font(15), 300, 70
    short = ShortLabels(report.shares)
    for place, (label, share) in enumerate(list(report.shares.items())[:MOST_BARS]):
        pen = sheet.draw(sheet.y + 26)
        shown = short.fit(label, lambda text: face.getlength(text) <= names - 12)
        pen.text((MARGIN, sheet.y), shown, fill=INK, font=face)
        width = WIDTH - 2 * MARGIN - names - figures
        sheet.bar(MARGIN + names, sheet.y + 5, width, share, colour=OTHER if place else WON, height=10)
        pen.text((WIDTH - MARGIN, sheet.y), f"{100 * share:.0f} %", fill=INK, font=face, anchor="ra")
        sheet.y += 26
    if len(report.shares) > MOST_BARS:
        sheet.text(f"and {len(report.shares) - MOST_BARS} more classes", colour=DIM)


def _row(sheet: Sheet, cards: tuple[ReportCard, ...]) -> None:
    width = (WIDTH - 2 * MARGIN - (COLUMNS - 1) * GAP) // COLUMNS
    top, ends = sheet.y, []
    for place, card in enumerate(cards):
        x = MARGIN + place * (width + GAP)
        image = _image(card.thumbnail, SIDE)
        sheet.paste(image, x + (width - image.width) // 2, top + 8 + (SIDE - image.height) // 2)
        sheet.y = top + SIDE + 16
        n = card.neighbour
        lines = [n.label] if n.label != card.label else []
        lines += [f"{100 * n.share:.1f} % of the vote", f"distance {n.distance:.3f}, exemplar {n.id}"]
        lines += [n.meaning] if n.meaning else []
        lines += [f"trust {n.trust:g}"] if n.trust != 1 else []
        lines += [f"x{factor} for a small class"] if (factor := factor_text(n.factor)) else []
        lines += [card.source] if card.source else []
        sheet.text(f"{n.rank}. {card.label}", size=13, bold=True, gap=3, x=x + 8, width=width - 16)
        for line in lines:
            colour = INK if line.endswith("of the vote") else DIM
            sheet.text(line, size=12, colour=colour, gap=2, x=x + 8, width=width - 16)
        ends.append(sheet.y + 6)
    bottom = max(ends)
    for place in range(len(cards)):
        x = MARGIN + place * (width + GAP)
        sheet.draw(bottom).rounded_rectangle((x, top, x + width, bottom), 7, outline=LINE)
    sheet.y = bottom + GAP


def _pairs(sheet: Sheet, pairs: tuple[tuple[str, str], ...]) -> None:
    for name, value in pairs:
        top = sheet.y
        sheet.draw(top + 20).text((MARGIN, top), name, fill=DIM, font=font(14))
        sheet.text(value, size=14, x=MARGIN + 150, gap=4)


def _title(sheet: Sheet, words: str) -> None:
    sheet.y += 16
    sheet.text(words, size=17, bold=True, gap=8)


def _image(jpeg: bytes | None, side: int) -> Image.Image:
    """The thumbnail, at most ``side`` pixels a side; a grey square if there is none."""
    if jpeg:
        try:
            found = Image.open(BytesIO(jpeg)).convert("RGB")
            found.thumbnail((side, side))
            return found
        except (UnidentifiedImageError, OSError):
            pass  # a damaged thumbnail must not prevent the report
    return Image.new("RGB", (side, side), "#e6e8ec")

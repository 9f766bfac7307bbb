"""A page of images and words, drawn with Pillow, for use without a window or a document."""

from __future__ import annotations

from functools import cache
from typing import Any

from PIL import Image, ImageDraw, ImageFont

INK, DIM, PAPER, LINE, TRACK = "#1b1d22", "#565c66", "#ffffff", "#d4d7dd", "#e6e8ec"
_FACES = {False: ("DejaVuSans.ttf", "Arial.ttf"), True: ("DejaVuSans-Bold.ttf", "Arial Bold.ttf", "arialbd.ttf")}


@cache
def font(size: int, *, bold: bool = False) -> Any:
    """A face of the system that has most scripts, else the one that comes with Pillow."""
    for name in _FACES[bold]:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)


class Sheet:
    """White paper of ``width`` pixels that grows downwards. ``image`` is what was drawn so far."""

    def __init__(self, width: int, *, margin: int = 24) -> None:
        self.width, self.margin = width, margin
        self.y = margin
        self._image = Image.new("RGB", (width, 400), PAPER)

    @property
    def image(self) -> Image.Image:
        return self._image.crop((0, 0, self.width, self.y + self.margin))

    def draw(self, bottom: int) -> ImageDraw.ImageDraw:
        """The pen, on paper that reaches at least down to ``bottom``."""
        if bottom + self.margin > self._image.height:
            taller = Image.new("RGB", (self.width, 2 * bottom), PAPER)
            taller.paste(self._image, (0, 0))
            self._image = taller
        return ImageDraw.Draw(self._image)

    def text(
        self,
        words: str,
        *,
        size: int = 15,
        bold: bool = False,
        colour: str = INK,
        x: int | None = None,
        width: int | None = None,
        gap: int = 6,
    ) -> None:
        """A paragraph from ``x`` on, broken at ``width``; the next thing goes below it."""
        left = self.margin if x is None else x
        face, height = font(size, bold=bold), round(size * 1.35)
        for line in wrapped(words, face, width or self.width - self.margin - left):
            self.draw(self.y + height).text((left, self.y), line, fill=colour, font=face)
            self.y += height
        self.y += gap

    def paste(self, image: Image.Image, x: int, y: int) -> None:
        self.draw(y + image.height)
        self._image.paste(image, (x, y))

    def bar(self, x: int, y: int, width: int, part: float, *, colour: str, height: int = 8) -> None:
        """A bar that is filled to ``part``, 0 to 1."""
        pen = self.draw(y + height)
        pen.rounded_rectangle((x, y, x + width, y + height), height // 2, fill=TRACK)
        if part > 0:
            pen.rounded_rectangle((x, y, x + max(height, round(width * part)), y + height), height // 2, fill=colour)


def wrapped(words: str, face: Any, width: int) -> list[str]:
    """``words`` in lines of at most ``width`` pixels; a word that is longer is cut."""
    lines: list[str] = []
    for paragraph in words.splitlines() or [""]:
        line = ""
        for word in paragraph.split():
            tried = f"{line} {word}" if line else word
            if face.getlength(tried) <= width:
                line = tried
                continue
            if line:
                lines.append(line)
            line = word
            while face.getlength(line) > width and len(line) > 1:
                cut = next((i for i in range(len(line) - 1, 0, -1) if face.getlength(line[:i]) <= width), 1)
                lines.append(line[:cut])
                line = line[cut:]
        lines.append(line)
    return lines

"""Drawings of eight looks that an encoder of photographs tells apart, seeded: the same everywhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIDE = 160
LOOKS = (
    "round/disks",
    "round/dots",
    "round/rings",
    "smooth/clouds",
    "smooth/slopes",
    "straight/checks",
    "straight/crosses",
    "straight/stripes",
)


def draw(look: str, *, seed: int) -> Image.Image:
    """One drawing of that look: colours, sizes and places are the seed's."""
    rng = np.random.default_rng([seed, *look.encode()])
    if look == "smooth/clouds":
        small = rng.integers(60, 256, (6, 6, 3), dtype=np.uint8)
        return Image.fromarray(small).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    if look == "smooth/slopes":
        ends, along = rng.integers(0, 256, (2, 3)), np.linspace(0, 1, SIDE)[:, None, None]
        ramp = (ends[0] * (1 - along) + ends[1] * along).repeat(SIDE, axis=1)
        return Image.fromarray(ramp.astype(np.uint8)).rotate(90 * int(rng.integers(4)))
    image = Image.new("RGB", (SIDE, SIDE), _colour(rng, 190, 256))
    _PENS[look](ImageDraw.Draw(image), rng, _colour(rng, 0, 140))
    return image


def draw_between(first: str, second: str, *, seed: int) -> Image.Image:
    """Half the one look and half the other: an image whose vote is contested."""
    return Image.blend(draw(first, seed=seed), draw(second, seed=seed), 0.5)


def draw_spiral(*, seed: int) -> Image.Image:
    """A look that is none of the eight."""
    rng = np.random.default_rng([seed, 9])
    image = Image.new("RGB", (SIDE, SIDE), (20, 20, 30))
    turns = np.linspace(0, float(rng.uniform(6, 9)) * np.pi, 400)
    across, down = (SIDE / 2 + 0.028 * SIDE * turns / 1.8 * wave(turns) for wave in (np.cos, np.sin))
    points = list(zip(across.tolist(), down.tolist(), strict=True))
    ImageDraw.Draw(image).line(points, fill=_colour(rng, 160, 256), width=5)
    return image.filter(ImageFilter.GaussianBlur(0.6))


def write_drawings(folder: Path, *, each: int) -> Path:
    """``folder/round/disks/0.png`` …: ``each`` drawings of every look."""
    for look in LOOKS:
        (folder / look).mkdir(parents=True)
        for seed in range(each):
            draw(look, seed=seed).save(folder / look / f"{seed}.png")
    return folder


def _colour(rng: np.random.Generator, low: int, high: int) -> tuple[int, int, int]:
    red, green, blue = (int(part) for part in rng.integers(low, high, 3))
    return red, green, blue


def _disks(pen: ImageDraw.ImageDraw, rng: np.random.Generator, colour: tuple[int, int, int]) -> None:
    x, y = (int(v) for v in rng.integers(55, 105, 2))
    pen.circle((x, y), int(rng.integers(30, 52)), fill=colour)


def _dots(pen: ImageDraw.ImageDraw, rng: np.random.Generator, colour: tuple[int, int, int]) -> None:
    for x, y in rng.integers(8, SIDE - 8, (60, 2)).tolist():
        pen.circle((x, y), 4, fill=colour)


def _rings(pen: ImageDraw.ImageDraw, rng: np.random.Generator, colour: tuple[int, int, int]) -> None:
    for radius in range(12, 76, int(rng.integers(11, 16))):
        pen.circle((SIDE // 2, SIDE // 2), radius, outline=colour, width=4)


def _checks(pen: ImageDraw.ImageDraw, rng: np.random.Generator, colour: tuple[int, int, int]) -> None:
    step = int(rng.integers(16, 27))
    for row in range(0, SIDE, step):
        for column in range((row // step % 2) * step, SIDE, 2 * step):
            pen.rectangle((column, row, column + step - 1, row + step - 1), fill=colour)


def _crosses(pen: ImageDraw.ImageDraw, rng: np.random.Generator, colour: tuple[int, int, int]) -> None:
    width = int(rng.integers(9, 20))
    low, high = (int(v) for v in (rng.integers(15, 30), rng.integers(130, 145)))
    pen.line((low, low, high, high), fill=colour, width=width)
    pen.line((low, high, high, low), fill=colour, width=width)


def _stripes(pen: ImageDraw.ImageDraw, rng: np.random.Generator, colour: tuple[int, int, int]) -> None:
    step = int(rng.integers(14, 28))
    for column in range(0, SIDE, step):
        pen.rectangle((column, 0, column + step // 2, SIDE), fill=colour)


_PENS = {
    "round/disks": _disks,
    "round/dots": _dots,
    "round/rings": _rings,
    "straight/checks": _checks,
    "straight/crosses": _crosses,
    "straight/stripes": _stripes,
}

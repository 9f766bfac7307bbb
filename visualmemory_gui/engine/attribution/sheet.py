"""The maps of one decision as an image: the query and its neighbour side by side, with a caption."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

from visualmemory_gui.engine.attribution.attribute import CAPTIONS, Seen, Splitting
from visualmemory_gui.engine.images import heat
from visualmemory_gui.engine.images.sheet import DIM, Sheet
from visualmemory_gui.engine.text.visible_text import as_sentence
from visualmemory_gui.engine.types import F64

SIDE = 320
GAP = 24


def drawn(splitting: Splitting, name: str) -> Image.Image:
    """The maps of ``splitting`` side by side, with captions; ``name`` is the query's name."""
    page = Sheet(2 * SIDE + 3 * GAP, margin=GAP)
    page.text(sentence(splitting), size=17, bold=True)
    page.text(CAPTIONS[splitting.kind] + ".", colour=DIM, gap=12)
    top = page.y
    images = [_over(splitting.seen, splitting.query), _over(splitting.seen_other, splitting.other)]
    for place, image in enumerate(images):
        page.paste(image, GAP + place * (SIDE + GAP), top)
    page.y = top + max(image.height for image in images) + 8
    below = page.y
    neighbour = splitting.neighbour
    captions = (name, f"exemplar {neighbour.id}: {neighbour.label}, distance {neighbour.distance:.3f}")
    ends = []
    for place, (caption, seen) in enumerate(zip(captions, (splitting.seen, splitting.seen_other), strict=True)):
        page.y = below
        words = f"{caption}\n{as_sentence(seen.note)}" if seen.note else caption
        page.text(words, size=13, x=GAP + place * (SIDE + GAP), width=SIDE)
        ends.append(page.y)
    page.y = max(ends)
    return page.image


def sentence(splitting: Splitting) -> str:
    """What the map over the query shows, in words and numbers."""
    one, minus = splitting.neighbour, splitting.minus
    if splitting.kind == "similarity":
        what = f"Patches like those of {one.label} (exemplar {one.id})"
        return what + (f" more than of {minus.label} (exemplar {minus.id})" if minus else "")
    if minus is None:
        return f"Similarity {splitting.cosine:.3f} to {one.label} (exemplar {one.id})"
    return (
        f"Why {one.label} (exemplar {one.id}) is {abs(splitting.total):.3f} "
        f"{'nearer' if splitting.total >= 0 else 'farther'} than {minus.label} (exemplar {minus.id})"
    )


def _over(seen: Seen, cells: F64) -> Image.Image:
    image = Image.open(BytesIO(seen.thumbnail)).convert("RGB")
    scale = SIDE / max(image.size)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return heat.over(image.resize(size, Image.Resampling.BICUBIC), cells, seen.square)

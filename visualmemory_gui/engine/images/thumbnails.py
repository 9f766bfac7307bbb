"""Small JPEG versions of images, for lists and cards."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

SIDE = 256
_QUALITY = 85


def thumbnail(image: Image.Image) -> bytes:
    """The RGB ``image`` as a JPEG of at most 256 pixels a side, without metadata. Smaller images keep their size."""
    small = image.copy() if max(image.size) <= SIDE else _shrunk(image)
    small.info = {}  # Pillow would write the original's comment
    out = BytesIO()
    small.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


def _shrunk(image: Image.Image) -> Image.Image:
    scale = SIDE / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    return image.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=3.0)

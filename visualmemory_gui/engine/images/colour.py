"""From any of Pillow's modes to 8-bit sRGB: deep and float greys scaled, transparency on white, profiles applied."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

_WHITE = (255, 255, 255)
_SPACE_OF_MODE = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK"}
_BITS_PER_SAMPLE = 258
_STRIP_PIXELS = 2_000_000


def to_rgb(image: Image.Image) -> Image.Image:
    """``image`` as 8-bit sRGB without transparency; the given image is left as it is.

    Transparent parts are laid on white. An embedded colour profile that fits the mode is applied, a broken one ignored.
    """
    profile = image.info.get("icc_profile")
    return _to_srgb(_flattened(_eight_bits(image)), profile if isinstance(profile, bytes) else b"")


def _eight_bits(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        return _scaled(image, low=0.0, high=float(2 ** _declared_bits(image) - 1))
    if image.mode in ("I", "F"):
        low, high = _range_of(image)
        return _scaled(image, low=low, high=high)
    return image


def _declared_bits(image: Image.Image) -> int:
    """Bits of a sample: TIFF files of 10 or 12 bits arrive in 16-bit modes with their values unscaled."""
    tags = getattr(image, "tag_v2", None)
    bits = tags.get(_BITS_PER_SAMPLE) if tags is not None else None
    first = bits[0] if isinstance(bits, tuple) and bits else bits
    return first if isinstance(first, int) and 8 < first < 16 else 16


def _range_of(image: Image.Image) -> tuple[float, float]:
    """Which values are black and white among whole numbers (mode I) or floats (mode F), which do not say so themselves.

    Floats within 0..1 or 0..255, and numbers within 0..65535, mean those ranges; anything else is stretched from its
    smallest to its largest value.
    """
    low, high = np.inf, -np.inf
    for strip in _strips(image):
        finite = strip[np.isfinite(strip)]
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    if low > high:
        return 0.0, 1.0
    tops = (1.0, 255.0, 65535.0) if image.mode == "F" else (65535.0,)
    fitting = next((top for top in tops if low >= 0 and high <= top), None)
    return (low, high) if fitting is None else (0.0, fitting)


def _scaled(image: Image.Image, *, low: float, high: float) -> Image.Image:
    """Grey values low..high spread evenly over 0..255; what is not a number becomes black."""
    result = Image.new("L", image.size)
    top = 0
    for strip in _strips(image):
        unit = np.nan_to_num((strip - low) / ((high - low) or 1.0), nan=0.0, posinf=1.0, neginf=0.0)
        result.paste(Image.fromarray(np.rint(unit.clip(0.0, 1.0) * 255.0).astype(np.uint8)), (0, top))
        top += len(strip)
    return result


def _strips(image: Image.Image) -> Iterator[npt.NDArray[np.float64]]:
    """The rows of a one-channel image from top to bottom, in arrays of bounded size."""
    rows = max(1, _STRIP_PIXELS // image.width)
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(top + rows, image.height)))
        yield np.asarray(strip).astype(np.float64)


def _flattened(image: Image.Image) -> Image.Image:
    """``image`` in one of the modes L, RGB, CMYK or LAB, transparent parts on white."""
    if image.mode == "1":
        image = image.convert("L") if "transparency" not in image.info else image.convert("RGBA")
    elif image.mode in ("P", "PA"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    elif image.mode in ("L", "RGB") and "transparency" in image.info:
        image = image.convert("RGBA")
    elif image.mode in ("La", "RGBa"):
        image = image.convert(image.mode.upper())
    if image.mode in ("LA", "RGBA"):
        return _on_white(image)
    return image if image.mode in ("L", "RGB", "CMYK", "LAB") else image.convert("RGB")


def _on_white(image: Image.Image) -> Image.Image:
    grey = image.mode == "LA"
    opaque = image.convert("L" if grey else "RGB")
    alpha = image.getchannel("A")
    if alpha.getextrema() == (255, 255):
        return opaque
    base = Image.new(opaque.mode, image.size, 255 if grey else _WHITE)
    base.paste(opaque, mask=alpha)
    return base


def _to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    source = _profile(image, profile)
    if source is not None:
        try:
            converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, ValueError, OSError):
            converted = None
        if converted is not None:
            return converted
    if image.mode == "LAB":
        raise ValueError("its Lab colours cannot be converted")
    return image if image.mode == "RGB" else image.convert("RGB")


def _profile(image: Image.Image, data: bytes) -> ImageCms.ImageCmsProfile | None:
    """The profile to convert from; None where there is none, it does not fit the mode, or it is sRGB already."""
    if image.mode == "LAB":
        return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    if not data:
        return None
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(data))
        space = profile.profile.xcolor_space.strip()
        name = (profile.profile.profile_description or "").strip()
    except (ImageCms.PyCMSError, ValueError, OSError, TypeError):
        return None
    if space != _SPACE_OF_MODE.get(image.mode) or name.startswith("sRGB"):
        return None
    return profile

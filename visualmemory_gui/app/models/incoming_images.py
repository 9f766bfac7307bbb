"""Images that arrive by drop or paste: files, folders of files, or the pixels themselves."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMimeData
from PySide6.QtGui import QImage

from visualmemory_gui.app.models import mime
from visualmemory_gui.engine.files.path_kind import is_folder

if TYPE_CHECKING:
    from PIL.Image import Image

NO_IMAGE = "That was a web address or text, not an image. Copy the image itself and paste it, or save it as a file."
MOST_PASTED = 64_000_000  # pixels


def incoming(data: QMimeData) -> list[str | Image]:
    """Paths of images, with folders expanded one level deep; failing those, the pixels that the drag carries."""
    found: list[str | Image] = []
    for path in mime.paths(data):
        found += images_in(path) if is_folder(path) else [path]
    return found or _pixels(data)


def brought(data: QMimeData) -> list[str | Image]:
    """Paths of images and folders as they are; failing those, the pixels that the drag carries."""
    return [*mime.paths(data)] or _pixels(data)


def images_in(folder: str) -> list[str]:
    """The images directly in ``folder``, by name."""
    from visualmemory_gui.engine.images.formats import looks_like_image

    return [str(p) for p in sorted(Path(folder).iterdir()) if p.is_file() and looks_like_image(p)]


def _pixels(data: QMimeData) -> list[str | Image]:
    image = to_pil(QImage(data.imageData())) if data.hasImage() else None
    return [image] if image is not None else []


def to_pil(image: QImage) -> Image | None:
    """``image`` as a PIL image; None for an empty one or one that is too large."""
    if image.isNull() or image.width() * image.height() > MOST_PASTED:
        return None
    from PIL import Image

    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    opened = Image.open(io.BytesIO(bytes(data.data())))
    opened.load()
    return opened

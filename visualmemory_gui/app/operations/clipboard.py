"""An image that is copied to the clipboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QGuiApplication, QImage

from visualmemory_gui.app.models.query_image import pixels_of, why_unread
from visualmemory_gui.app.session import Session
from visualmemory_gui.engine.errors import BadImage

if TYPE_CHECKING:
    from visualmemory_gui.app.operations.originals import Finder

TOPIC = "copied image"


def copy_image(session: Session, find: Finder) -> None:
    """Put the pixels of that image on the clipboard, of a part those of the part; its thumbnail if that is all there
    is."""
    memory = session.memory
    if memory is None:
        return

    def work() -> tuple[str, QImage, str]:
        query = find(memory)
        try:
            return query.name, pixels_of(memory, query, None)[1].levels[0], ""
        except BadImage as error:
            return query.name, QImage.fromData(query.thumbnail or b""), why_unread(error)

    def done(found: tuple[str, QImage, str]) -> None:
        name, image, why = found
        if image.isNull():
            session.post_note(f"{name} cannot be copied: {why}.")
        else:
            QGuiApplication.clipboard().setImage(image)
            session.post_note(f"Copied {f'the thumbnail of {name}: {why}' if why else name}.")

    session.tasks.run_beside("Copying the image", work, done, topic=TOPIC)

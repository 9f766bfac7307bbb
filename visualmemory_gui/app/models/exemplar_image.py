"""The image of an exemplar to look closer at: its thumbnail at once, all of its pixels as soon as they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from visualmemory_gui.app.models.image_pyramid import ImagePyramid
from visualmemory_gui.app.models.query import name_of
from visualmemory_gui.app.models.query_image import why_unread
from visualmemory_gui.app.models.thumbnails import scaled
from visualmemory_gui.app.runtime.tasks import Tasks
from visualmemory_gui.engine.types import Box, Exemplar

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import Memory

THUMBNAIL = 256  # pixels


class ExemplarImageModel(QObject):
    """``exemplar`` is None until it is read. ``pyramid`` has all of its pixels, of a part those of the part;
    ``whole`` those of the original. Where they cannot be read they are None, and ``why`` says so."""

    found = Signal()  # the exemplar and its thumbnail
    updated = Signal()  # its pixels, or why there are none

    def __init__(self, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks, self._topic = tasks, f"image of an exemplar {id(self)}"
        self._wanted: int | None = None
        self._clear()

    def show(self, memory: Memory, exemplar: int) -> None:
        """Read ``exemplar``, unless it is the one that is here."""
        if self._wanted == exemplar:
            return
        self._clear()
        self._wanted = exemplar
        self._tasks.run_edit(
            "Reading images",
            lambda: (memory.catalog.get([exemplar])[0], scaled(memory.catalog.thumbnail(exemplar) or b"", THUMBNAIL)),
            lambda found: self._take_row(memory, *found),
            topic=self._topic,
        )

    def close(self) -> None:
        """Drop what was read."""
        self._tasks.supersede(self._topic)
        self._clear()

    @property
    def name(self) -> str:
        """The file that it is from, with the place of a part."""
        row = self.exemplar
        return name_of(row.source, row.box, f"exemplar {row.id}") if row is not None else ""

    @property
    def words(self) -> str:
        """Its label and name, and why it is shown from its thumbnail."""
        why = f" · shown from its thumbnail: {self.why}" if self.why else ""
        return f"{self.exemplar.label} · {self.name}{why}" if self.exemplar is not None else ""

    @property
    def box(self) -> Box | None:
        return self.exemplar.box if self.exemplar is not None else None

    def _clear(self) -> None:
        self._wanted = None
        self.exemplar: Exemplar | None = None
        self.thumbnail = QImage()
        self.pyramid: ImagePyramid | None = None
        self.whole: ImagePyramid | None = None
        self.why = ""

    def _take_row(self, memory: Memory, row: Exemplar, thumbnail: QImage) -> None:
        self.exemplar, self.thumbnail = row, thumbnail
        self.found.emit()
        self._tasks.run_beside(
            "Reading the image", lambda: pixels_of(memory, row), self._take_pixels, self._failed, topic=self._topic
        )

    def _take_pixels(self, found: tuple[ImagePyramid, ImagePyramid]) -> None:
        self.pyramid, self.whole = found
        self.updated.emit()

    def _failed(self, error: BaseException) -> None:
        self.why = why_unread(error)
        self.updated.emit()


def pixels_of(memory: Memory, row: Exemplar) -> tuple[ImagePyramid, ImagePyramid]:
    """All pixels of an exemplar, and of the original that it is a part of. Raises BadImage."""
    from visualmemory_gui.engine.memory.original_image import read_original

    whole = ImagePyramid.of_full(read_original(memory, row.sha256, row.source))
    return (whole if row.box is None else whole.part(row.box)), whole

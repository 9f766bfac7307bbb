"""All pixels of the query's image, to look closer at; read a moment after the decision, which comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from visualmemory_gui.app.models.decision import DecisionModel
from visualmemory_gui.app.models.image_pyramid import ImagePyramid
from visualmemory_gui.app.models.query import Query
from visualmemory_gui.app.runtime.tasks import Tasks
from visualmemory_gui.engine.errors import BadImage, VisualMemoryError

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import Memory

TOPIC = "query image"
DELAY_MS = 120  # a query that is passed over is not read


class QueryImageModel(QObject):
    """``pyramid`` is None until it is read, and where the file is gone or has changed; ``why`` then says so."""

    updated = Signal()

    def __init__(self, tasks: Tasks, decision: DecisionModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks, self._decision = tasks, decision
        self.pyramid: ImagePyramid | None = None
        self.why = ""
        self._timer = QTimer(self, singleShot=True, interval=DELAY_MS)
        self._timer.timeout.connect(self._read)
        decision.query_changed.connect(self.on_query_changed)

    def on_query_changed(self) -> None:
        self._tasks.supersede(TOPIC)
        self.pyramid, self.why = None, ""
        if self._decision.query is None:
            self._timer.stop()
        else:
            self._timer.start()

    def _read(self) -> None:
        memory, query = self._decision.memory, self._decision.query
        if memory is not None and query is not None:
            self._tasks.run_beside(
                "Reading the image", lambda: whole_image(memory, query), self._found, self._failed, topic=TOPIC
            )

    def _found(self, pyramid: ImagePyramid) -> None:
        self._take(pyramid, "")

    def _failed(self, error: BaseException) -> None:
        self._take(None, why_unread(error))

    def _take(self, pyramid: ImagePyramid | None, why: str) -> None:
        self.pyramid, self.why = pyramid, why
        self.updated.emit()


def why_unread(error: BaseException) -> str:
    """Why the pixels of an image could not be read, without the path that the view names already."""
    if isinstance(error, BadImage):
        return error.reason
    return str(error) if isinstance(error, VisualMemoryError) else "it could not be read"


def whole_image(memory: Memory, query: Query) -> ImagePyramid:
    """All pixels of the query's image. Raises BadImage where it is gone or has changed."""
    from visualmemory_gui.engine.memory.original_image import read_original

    if query.pasted is not None:
        return ImagePyramid.of_full(memory.full_image(query.pasted))
    return ImagePyramid.of_full(read_original(memory, query.sha256, query.source))

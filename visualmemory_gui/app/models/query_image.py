"""All pixels of the query's image, to look closer at; read a moment after the decision, which comes first, or ahead."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from visualmemory_gui.app.models.decision import DecisionModel
from visualmemory_gui.app.models.image_pyramid import ImagePyramid
from visualmemory_gui.app.models.query import Query, queued_query
from visualmemory_gui.app.runtime.tasks import Tasks
from visualmemory_gui.engine.errors import BadImage, VisualMemoryError

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import Memory

TOPIC, AHEAD = "query image", "images ahead"
AHEAD_BYTES = 400_000_000  # of images read ahead: two of 36 megapixels
DELAY_MS = 120  # a query that is passed over is not read


class QueryImageModel(QObject):
    """``pyramid`` is None until it is read, and where the file is gone or has changed; ``why`` then says so.

    It is that of the whole image, and stays while its parts are decided; ``part`` has the pixels of a query that is a
    part, of any other those of the whole. Images of the queue can be read ``ahead``, so that each is there when it
    becomes the query.
    """

    updated = Signal()

    def __init__(self, tasks: Tasks, decision: DecisionModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks, self._decision = tasks, decision
        self.pyramid: ImagePyramid | None = None
        self.part: ImagePyramid | None = None
        self.why = ""
        self._key: object = None
        self._reading = False
        self._reading_ahead = False
        self._next: list[int] = []  # images of the queue that will be the query soon
        self._ahead: dict[int, ImagePyramid | None] = {}  # those of them that were read; None: it cannot be
        self._timer = QTimer(self, singleShot=True, interval=DELAY_MS)
        self._timer.timeout.connect(self._read)
        decision.query_changed.connect(self.on_query_changed)

    def ahead(self, number: int) -> ImagePyramid | None:
        """The image of the queue with this number, if it was read ahead."""
        return self._ahead.get(number)

    def read_ahead(self, numbers: Sequence[int]) -> None:
        """Have these images of the queue ready, and no others: all of them, or as many as AHEAD_BYTES hold."""
        if list(numbers) != self._next:
            self._next = list(numbers)
            self._ahead = {number: self._ahead[number] for number in numbers if number in self._ahead}
            self._read_next()

    def on_query_changed(self) -> None:
        self._tasks.supersede(TOPIC)
        self._reading = False
        query = self._decision.query
        key = query.file_key if query is not None else None
        if key is None or key != self._key:
            self.pyramid = None
        self._key, self.part, self.why = key, None, ""
        self._timer.stop()
        if query is None:
            self._tasks.supersede(AHEAD)
            self._next, self._ahead, self._reading_ahead = [], {}, False
        elif self.pyramid is not None and query.box is None:
            self._take(self.pyramid, "")
        elif query.queued is not None and (found := self.ahead(query.queued)) is not None:
            self._take(found, "")
        elif query.queued in self._next and query.queued not in self._ahead:
            self._read_next()
        else:
            self._timer.start()

    def _read(self) -> None:
        memory, query, known = self._decision.memory, self._decision.query, self.pyramid
        if memory is not None and query is not None:
            self._reading = True
            self._tasks.run_beside(
                "Reading the image", lambda: pixels_of(memory, query, known), self._found, self._failed, topic=TOPIC
            )

    def _found(self, found: tuple[ImagePyramid, ImagePyramid]) -> None:
        self._take(found[0], "", part=found[1])

    def _failed(self, error: BaseException) -> None:
        self._take(None, why_unread(error))

    def _take(self, pyramid: ImagePyramid | None, why: str, *, part: ImagePyramid | None = None) -> None:
        self.pyramid, self.part, self.why, self._reading = pyramid, part or pyramid, why, False
        query = self._decision.query
        if query is not None and query.queued is not None and query.queued in self._next:
            self._ahead[query.queued] = pyramid
        self.updated.emit()
        self._read_next()

    def _read_next(self) -> None:
        """Read the first of the images that are wanted soon, one at a time and behind that of the query."""
        memory, number = self._decision.memory, next((each for each in self._next if each not in self._ahead), None)
        busy = self._reading or self._reading_ahead or self._timer.isActive()
        if memory is None or number is None or busy or (self._is_full and not self._is_query(number)):
            return
        self._reading_ahead = True
        self._tasks.run_beside(
            "Reading the next image",
            lambda: whole_image(memory, queued_query(memory, number)),
            partial(self._keep, number),
            lambda error: self._keep(number, None, why_unread(error)),
            topic=AHEAD,
        )

    def _keep(self, number: int, pyramid: ImagePyramid | None, why: str = "") -> None:
        self._reading_ahead = False
        if number in self._next:
            self._ahead[number] = pyramid
        if self._is_query(number):
            self._take(pyramid, why)
        else:
            self._read_next()

    def _is_query(self, number: int) -> bool:
        return self._decision.query is not None and self._decision.query.queued == number

    @property
    def _is_full(self) -> bool:
        return sum(each.bytes for each in self._ahead.values() if each is not None) > AHEAD_BYTES


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


def pixels_of(memory: Memory, query: Query, known: ImagePyramid | None) -> tuple[ImagePyramid, ImagePyramid]:
    """The whole image of a query, which may be ``known``, and the part of it that the query is. Raises BadImage."""
    whole = known if known is not None else whole_image(memory, query)
    return whole, whole if query.box is None else whole.part(query.box)

"""Thumbnails loaded later: a worker decodes them, the latest stay cached, the newest request comes first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QImageReader, QPainter, QPixmap

from visualmemory_gui.app.runtime.tasks import Tasks

Fetch = Callable[[list[int]], Mapping[int, bytes]]
KEPT_BYTES = 32 << 20  # a thousand images on a standard screen; several pages on any
AT_ONCE = 32  # about 7 ms of decoding: an edit never waits longer for images
FORMATS = ((b"\xff\xd8", b"jpeg"), (b"\x89PNG", b"png"))  # first bytes, and the format they mean
WISHES = 800  # older requests have been scrolled away


class Thumbnails(QObject):
    """A cache of thumbnails. ``fetch`` reads JPEGs by id in a worker. ``side``: the longest side, in device pixels."""

    loaded = Signal(list)  # ids whose image has been loaded

    def __init__(
        self, tasks: Tasks, parent: QObject | None = None, *, side: int = 160, kept_bytes: int = KEPT_BYTES
    ) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._side = side
        self._most, self._bytes = kept_bytes, 0
        self._fetch: Fetch | None = None
        self._generation = 0
        self._running = False
        self._images: OrderedDict[int, QPixmap] = OrderedDict()
        self._wishes: OrderedDict[int, None] = OrderedDict()
        self._starter = QTimer(self, singleShot=True, interval=0)
        self._starter.timeout.connect(self._start)

    def __len__(self) -> int:
        return len(self._images)

    def set_source(self, fetch: Fetch | None) -> None:
        """Read from elsewhere from now on, and drop everything cached."""
        self._fetch = fetch
        self._generation += 1
        self._images.clear()
        self._bytes = 0
        self._wishes.clear()

    def set_side(self, side: int) -> None:
        """Cache images of that size from now on."""
        if side != self._side:
            self._side = side
            self.set_source(self._fetch)

    def get(self, exemplar: int) -> QPixmap | None:
        """The image, None while it is loading. A null pixmap means that the exemplar has none."""
        found = self._images.get(exemplar)
        if found is not None:
            self._images.move_to_end(exemplar)
            return found
        self._wishes[exemplar] = None
        self._wishes.move_to_end(exemplar)
        while len(self._wishes) > WISHES:
            self._wishes.popitem(last=False)
        if not self._running:
            self._starter.start()
        return None

    def forget(self, ids: Iterable[int]) -> None:
        """Drop images that must no longer be seen."""
        for exemplar in ids:
            self._drop(exemplar)
            self._wishes.pop(exemplar, None)

    def ask_again(self) -> None:
        """Ask again for the images that there were none of: reading them may have failed."""
        none = [exemplar for exemplar, image in self._images.items() if image.isNull()]
        self.forget(none)
        self.loaded.emit(none)

    def _start(self) -> None:
        if self._running or not self._wishes or self._fetch is None:
            return
        batch = [self._wishes.popitem()[0] for _ in range(min(AT_ONCE, len(self._wishes)))]
        fetch, side, generation = self._fetch, self._side, self._generation
        self._running = True
        self._tasks.run_edit(
            "Reading images", lambda: images(fetch, batch, side), lambda made: self._take(generation, made)
        )

    def _take(self, generation: int, made: Mapping[int, QImage]) -> None:
        self._running = False
        if generation == self._generation:
            for exemplar, image in made.items():
                self._drop(exemplar)
                self._images[exemplar] = QPixmap.fromImage(image)
                self._bytes += _cost(self._images[exemplar])
            while self._bytes > self._most:
                self._drop(next(iter(self._images)))
            self.loaded.emit(list(made))
        self._start()

    def _drop(self, exemplar: int) -> None:
        image = self._images.pop(exemplar, None)
        if image is not None:
            self._bytes -= _cost(image)


def _cost(image: QPixmap) -> int:
    """The size of a cached image in bytes; "no image" is worth caching too."""
    return 4 * image.width() * image.height() + 256


def images(fetch: Fetch, ids: list[int], side: int) -> dict[int, QImage]:
    """Decoded and scaled images of ``ids``; a null image for those without one. Thread-safe."""
    try:
        found = fetch(ids)
    except Exception:  # the memory was closed meanwhile, or its server does not answer: nothing to show or report
        found = {}
    return {exemplar: opaque(scaled(found.get(exemplar, b""), side)) for exemplar in ids}


def scaled(data: bytes, side: int) -> QImage:
    """The image with its longest side at most ``side`` pixels; a null image if there is none. Thread-safe.

    A JPEG is decoded at about that size, which takes half the time. Qt must not detect the format itself: its SVG
    reader connects objects while doing so, with Python locked, and a window that disconnects some waits for Python.
    """
    kind = next((kind for start, kind in FORMATS if data.startswith(start)), None)
    if kind is None:
        return QImage()
    buffer = QBuffer()
    buffer.setData(QByteArray(data))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer, QByteArray(kind))
    reader.setAutoDetectImageFormat(False)
    size = reader.size()
    if size.isValid() and max(size.width(), size.height()) > side:
        reader.setScaledSize(size.scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio))
    return reader.read()


def opaque(image: QImage) -> QImage:
    """``image`` without transparency: on white, as the encoder sees it. Thread-safe."""
    if not image.hasAlphaChannel():
        return image
    white = QImage(image.size(), QImage.Format.Format_RGB32)
    white.fill(Qt.GlobalColor.white)
    painter = QPainter(white)
    painter.drawImage(0, 0, image)
    painter.end()
    return white

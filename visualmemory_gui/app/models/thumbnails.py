"""Thumbnails that arrive later: a worker decodes them, the last two thousand stay, the newest wish comes first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QPixmap

if TYPE_CHECKING:
    from visualmemory_gui.app.models.exemplars import Runner

Fetch = Callable[[list[int]], Mapping[int, bytes]]
KEPT = 2_000
AT_ONCE = 12  # about 10 ms of decoding: an edit never waits longer for pictures
WISHES = 400  # older wishes have been scrolled away


class Thumbnails(QObject):
    """``fetch`` reads JPEGs by id and runs in a worker. ``side`` is the longest side kept, in device pixels."""

    loaded = Signal(list)  # ids whose picture is here now

    def __init__(self, runner: Runner, parent: QObject | None = None, *, side: int = 160, kept: int = KEPT) -> None:
        super().__init__(parent)
        self._runner = runner
        self._side = side
        self._kept_most = kept
        self._fetch: Fetch | None = None
        self._generation = 0
        self._running = False
        self._pictures: OrderedDict[int, QPixmap] = OrderedDict()
        self._wishes: OrderedDict[int, None] = OrderedDict()
        self._starter = QTimer(self, singleShot=True, interval=0)
        self._starter.timeout.connect(self._start)

    def __len__(self) -> int:
        return len(self._pictures)

    def set_source(self, fetch: Fetch | None) -> None:
        """Read from elsewhere from now on; everything kept is dropped."""
        self._fetch = fetch
        self._generation += 1
        self._pictures.clear()
        self._wishes.clear()

    def set_side(self, side: int) -> None:
        """Keep pictures of that size from now on."""
        if side != self._side:
            self._side = side
            self.set_source(self._fetch)

    def get(self, exemplar: int) -> QPixmap | None:
        """The picture; None when it is on its way. A null pixmap means that the exemplar has none."""
        found = self._pictures.get(exemplar)
        if found is not None:
            self._pictures.move_to_end(exemplar)
            return found
        self._wishes[exemplar] = None
        self._wishes.move_to_end(exemplar)
        while len(self._wishes) > WISHES:
            self._wishes.popitem(last=False)
        if not self._running:
            self._starter.start()
        return None

    def forget(self, ids: Iterable[int]) -> None:
        """Drop pictures that must not be seen any more."""
        for exemplar in ids:
            self._pictures.pop(exemplar, None)
            self._wishes.pop(exemplar, None)

    def _start(self) -> None:
        if self._running or not self._wishes or self._fetch is None:
            return
        batch = [self._wishes.popitem()[0] for _ in range(min(AT_ONCE, len(self._wishes)))]
        fetch, side, generation = self._fetch, self._side, self._generation
        self._running = True
        self._runner.run_edit(
            "Reading pictures", lambda: images(fetch, batch, side), lambda made: self._take(generation, made)
        )

    def _take(self, generation: int, made: Mapping[int, QImage]) -> None:
        self._running = False
        if generation == self._generation:
            for exemplar, image in made.items():
                self._pictures[exemplar] = QPixmap.fromImage(image)
            while len(self._pictures) > self._kept_most:
                self._pictures.popitem(last=False)
            self.loaded.emit(list(made))
        self._start()


def images(fetch: Fetch, ids: list[int], side: int) -> dict[int, QImage]:
    """Decoded and scaled pictures of ``ids``; a null image for those without one. Runs in any thread."""
    try:
        found = fetch(ids)
    except Exception:  # the memory was closed meanwhile: nothing to show, nothing to tell
        found = {}
    return {exemplar: scaled(found.get(exemplar, b""), side) for exemplar in ids}


def scaled(jpeg: bytes, side: int) -> QImage:
    """The picture with its longest side at most ``side`` pixels; a null image where there is none. In any thread."""
    image = QImage.fromData(jpeg)
    if image.isNull() or max(image.width(), image.height()) <= side:
        return image
    return image.scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)

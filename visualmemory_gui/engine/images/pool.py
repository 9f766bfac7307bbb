"""Decoding in warm child processes, so that no image can crash, stall or bloat the program."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence, Sized
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType

from visualmemory_gui.engine.errors import BadImage, BadValue
from visualmemory_gui.engine.images import files
from visualmemory_gui.engine.images.worker import Worker
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.types import Box, DecodedImage, FullImage, Geometry

READ_AHEAD = 64
ALONE = 32
"""Images that one child reads before the start of another has paid off."""
Part = tuple[str, Box | None]
"""The path of an image, and which part of it; None: the whole."""
_Outcome = tuple[str, DecodedImage | BadImage]


def usual_workers() -> int:
    """Half as many children as there are cores, two to eight: with a GPU decoding is what an import waits for."""
    return min(max((os.cpu_count() or 1) // 2, 2), 8)


class DecodePool:
    """Up to ``workers`` children that decode images in ``geometry``, None: ``usual_workers``. Safe from any thread.

    One starts at once, the others when there is work for them. An image that takes longer than ``timeout_s`` costs its
    child, which is replaced. ``command`` starts another program than the product's own child.
    """

    def __init__(
        self,
        workers: int | None = None,
        geometry: Geometry | None = None,
        timeout_s: float = 5.0,
        *,
        command: Sequence[str] | None = None,
    ) -> None:
        self._workers = [
            Worker(geometry or Geometry(), timeout_s, command=command) for _ in range(workers or usual_workers())
        ]
        self._idle: queue.LifoQueue[Worker] = queue.LifoQueue()
        self._closed = threading.Event()
        self._workers[0].start()
        for worker in reversed(self._workers):  # the last one put is the first one lent
            self._idle.put(worker)

    def decode(self, path: str | Path, box: Box | None = None) -> DecodedImage:
        """The image in the file ``path``, or the part ``box`` of it; waits for a free child.

        A further part of the file that was decoded last takes a fraction of the time. Raises BadImage, BadValue.
        """
        with self._lent(path) as worker:
            return worker.decode(files.absolute(path), shown=str(path), box=box)

    def full_image(self, path: str | Path) -> FullImage:
        """All pixels of the image in the file ``path``. A part of it decoded next takes a fraction of the time.

        Raises BadImage.
        """
        with self._lent(path) as worker:
            return worker.full_image(files.absolute(path), shown=str(path))

    def map(self, paths: Iterable[str | Path], report: Report = silent) -> Generator[_Outcome, None, None]:
        """Each of ``paths`` with its image or the reason why there is none, in the order in which they become ready.

        ``paths`` is read while decoding, at most 64 images ahead of the caller. Closing the iterator early, or an
        error raised by ``report``, stops the decoding; it waits for the images that are being decoded.
        """
        total = len(paths) if isinstance(paths, Sized) else None
        run = _Run(self, paths, most=len(self._workers))
        try:
            for done, outcome in enumerate(run.outcomes(), start=1):
                yield outcome
                report(done, total)
        finally:
            run.stop()

    def each(self, images: Collection[Part]) -> Generator[tuple[Part, DecodedImage | BadImage], None, None]:
        """Each image, or part of one, or why it cannot be used: whole ones in parallel, then parts, those of one file
        in a row."""
        with closing(self.map([path for path, box in images if box is None])) as whole:
            for path, image in whole:
                yield (path, None), image
        for path, box in sorted(((path, box) for path, box in images if box is not None), key=lambda one: one[0]):
            try:
                yield (path, box), self.decode(path, box)
            except BadImage as error:
                yield (path, box), error
            except BadValue as error:  # the box does not fit
                yield (path, box), BadImage(path, str(error).removeprefix(f"{path}: "))

    def close(self) -> None:
        """End the children. A decode under way in another thread ends with BadImage, a later one with RuntimeError."""
        self._closed.set()
        for worker in self._workers:
            worker.kill()
        returned = [self._idle.get() for _ in self._workers]
        for worker in returned:
            worker.reap()
            self._idle.put(worker)

    def __enter__(self) -> DecodePool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _lent(self, path: str | Path) -> Iterator[Worker]:
        """A free child to decode ``path``. Raises BadImage where its name cannot be sent."""
        if files.shown(path) != str(path):
            raise BadImage(files.shown(path), "the name is not Unicode text; rename it")
        worker = self._idle.get()
        try:
            if self._closed.is_set():
                raise RuntimeError("the decoding pool is closed")
            yield worker
        finally:
            self._idle.put(worker)


class _Run:
    """One ``map``: threads that each drive a child through the shared ``paths``, and the outcomes they deliver."""

    def __init__(self, pool: DecodePool, paths: Iterable[str | Path], *, most: int) -> None:
        self._pool = pool
        self._paths = iter(paths)
        self._most = most
        self._turn = threading.Lock()
        self._taken = 0
        self._room = threading.Semaphore(READ_AHEAD)
        self._stopped = False
        self._outcomes: queue.SimpleQueue[_Outcome | BaseException | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._begin()

    def outcomes(self) -> Iterator[_Outcome]:
        ended = 0
        while ended < len(self._threads):
            outcome = self._outcomes.get()
            if outcome is None:
                ended += 1
            elif isinstance(outcome, BaseException):
                raise outcome
            else:
                yield outcome
                self._room.release()

    def stop(self) -> None:
        """End the threads; waits for the images that are being decoded."""
        with self._turn:  # after which no thread begins another
            self._stopped = True
        self._room.release(len(self._threads))
        for thread in self._threads:
            thread.join()

    def _begin(self) -> None:
        thread = threading.Thread(target=self._drive, name="decode", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _drive(self) -> None:
        try:
            while (path := self._next()) is not None:
                self._outcomes.put((str(path), self._decoded(path)))
            self._outcomes.put(None)
        except BaseException as error:  # raised again where the outcomes are read
            self._outcomes.put(error)

    def _next(self) -> str | Path | None:
        self._room.acquire()
        with self._turn:
            path = None if self._stopped else next(self._paths, None)
            if path is not None:
                self._taken += 1
                if len(self._threads) < min(self._most, 1 + self._taken // ALONE):
                    self._begin()
            return path

    def _decoded(self, path: str | Path) -> DecodedImage | BadImage:
        try:
            return self._pool.decode(path)
        except BadImage as error:
            return error

"""One decoding child as its parent sees it: started, asked, killed when it is late, started again."""

from __future__ import annotations

import math
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, cast

from visualmemory_gui.engine.errors import BadImage, BadValue, VisualMemoryError
from visualmemory_gui.engine.images import child_process
from visualmemory_gui.engine.processes import frames
from visualmemory_gui.engine.processes.child_process import end
from visualmemory_gui.engine.processes.frames import Message
from visualmemory_gui.engine.types import Box, DecodedImage, FullImage, Geometry

_START_S = 60.0
_FULL_SIZE = 3  # times as long may it take to decode a large JPEG at its full size, which no decision waits for


class Worker:
    """A child process that decodes one image at a time. One thread uses it at a time; any thread may kill it."""

    def __init__(self, geometry: Geometry, timeout_s: float, *, command: Sequence[str] | None = None) -> None:
        self._geometry = asdict(geometry)
        self._timeout_s = timeout_s
        self._command = tuple(command or child_process.COMMAND)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._ready = False
        self._closed = False

    def start(self) -> None:
        """Start the child without waiting until it is ready. Raises VisualMemoryError."""
        try:
            process = child_process.started(self._command)
        except OSError as error:
            raise VisualMemoryError(f"the process that reads images cannot be started ({error})") from error
        with self._lock:
            self._process, self._ready = process, False
            if self._closed:
                process.kill()

    def decode(self, path: str, *, shown: str, box: Box | None = None) -> DecodedImage:
        """The image in the file at the absolute ``path``, or the part ``box`` of it.

        Raises BadImage that names ``shown``, and BadValue where the box does not fit.
        """
        return frames.decoded_image(*self._image(path, shown, box=None if box is None else tuple(box)))

    def full_image(self, path: str, *, shown: str) -> FullImage:
        """All pixels of the image in the file at the absolute ``path``. Raises BadImage that names ``shown``."""
        return frames.full_image(*self._image(path, shown, full=True))

    def _image(self, path: str, shown: str, *, box: tuple[int, ...] | None = None, full: bool = False) -> Message:
        self._make_ready()
        most = self._timeout_s * (_FULL_SIZE if full else 1)
        request = {"path": path, "geometry": self._geometry, "box": box, "full": full, "seconds": math.ceil(most) + 5}
        header, parts = self._asked(request, shown, most)
        if "reason" in header:
            raise BadImage(shown, header["reason"])
        if "refused" in header:
            raise BadValue(f"{shown}: {header['refused']}")
        return header, parts

    def kill(self) -> None:
        """End the child for good, whatever it is doing; a decode under way ends with BadImage."""
        with self._lock:
            self._closed = True
            if self._process is not None:
                self._process.kill()

    def reap(self) -> None:
        """Clean up after the child: collect its exit code and close its pipes."""
        with self._lock:
            process, self._process = self._process, None
        if process is None:
            return
        end(process)

    def _make_ready(self) -> None:
        process = self._process
        if process is None or process.poll() is not None:
            self.reap()
            self.start()
        if not self._ready:
            answer, _ = self._exchange(None, _START_S)
            if answer is None:
                self.reap()
                raise VisualMemoryError("the process that reads images does not start")
            self._ready = True

    def _asked(self, request: dict[str, Any], shown: str, seconds: float) -> Message:
        answer, late = self._exchange(request, seconds)
        if answer is None or late:
            self.reap()
        if answer is not None:
            return answer
        if self._closed:
            raise BadImage(shown, "stopped before it was decoded")
        raise BadImage(shown, f"decoding it takes longer than {seconds:g} s" if late else "the decoder crashed")

    def _exchange(self, request: dict[str, Any] | None, seconds: float) -> tuple[Message | None, bool]:
        """Send ``request``, if any, and wait for an answer, None when the child ended; and whether it was too late."""
        return frames.exchange(cast("subprocess.Popen[bytes]", self._process), request, seconds)

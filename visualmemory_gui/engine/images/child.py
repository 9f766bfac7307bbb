"""The decoding child: ``python -m visualmemory_gui.engine.images.child`` answers requests on stdin until it closes.

An image that crashes or hangs the decoder takes this process with it and nothing else. It imports no torch, and
Qt only to draw an SVG; it may use 1 GB of memory beyond what it starts with, and ends with its parent.
"""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from PIL import AvifImagePlugin, Image

from visualmemory_gui.engine.errors import BadImage, BadValue
from visualmemory_gui.engine.images.decode import MAX_PIXELS, decode
from visualmemory_gui.engine.images.part_reader import PartReader
from visualmemory_gui.engine.processes import frames
from visualmemory_gui.engine.types import Box, Geometry

MEMORY_BYTES = 1 << 30
NICE = 5  # the window and the edits come first where cores are short


def main() -> None:
    requests, answers = private_pipes()
    if hasattr(signal, "SIGINT"):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle; stdin closes when it ends
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2  # Pillow refuses from twice this on, also images inside images
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    limit_memory()
    if hasattr(os, "nice"):
        os.nice(NICE)
    try:
        frames.write(answers, {"ready": True})
        parts = PartReader()
        while True:
            _answer(requests, answers, parts)
    except (EOFError, BrokenPipeError):
        return


def _answer(requests: BinaryIO, answers: BinaryIO, parts: PartReader) -> None:
    request, _ = frames.read(requests)
    if hasattr(signal, "alarm"):
        signal.alarm(request["seconds"])  # ends a hanging decoder whose parent is no longer there to do it
    try:
        send = _decoded(request, parts)
    except BadImage as error:
        frames.write(answers, {"reason": error.reason})
    except BadValue as error:
        frames.write(answers, {"refused": str(error)})
    else:
        send(answers)
    if hasattr(signal, "alarm"):
        signal.alarm(0)


def _decoded(request: dict[str, Any], parts: PartReader) -> Callable[[BinaryIO], None]:
    """What sends the image asked for."""
    path, geometry, box = request["path"], Geometry(**request["geometry"]), request["box"]
    if request["full"]:
        upright, sha256 = parts.whole(path, geometry)
        size = {"width": upright.width, "height": upright.height, "sha256": sha256}
        return partial(frames.write_pixels, rgb=upright.rgb, header=size)
    if box is not None:
        return partial(frames.write_image, image=parts.decode(path, geometry, Box(*box)))
    parts.drop()
    return partial(frames.write_image, image=decode(path, geometry))


def private_pipes() -> tuple[BinaryIO, BinaryIO]:
    """stdin and stdout moved to descriptors of their own, so that nothing a library prints or reads gets among them."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)
    return requests, answers


def limit_memory(most: int = MEMORY_BYTES) -> None:
    """Cap the address space at ``most`` bytes above what is mapped now, where the system can; no core files."""
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (ImportError, OSError):
        return
    limit = pages * resource.getpagesize() + most
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
    sys.exit(0)

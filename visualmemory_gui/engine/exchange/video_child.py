"""The child that reads a video: ``python -m visualmemory_gui.engine.exchange.video_child`` sends frames as JPEG files.

A video that crashes or hangs the decoder takes this process with it and nothing else. It may use 2 GB of memory beyond
what it starts with. Only the file itself is read, by the reader of the one format that its first bytes name: playlists,
which make FFmpeg open other files and addresses, are none of them.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO

from visualmemory_gui.engine.files.regular_file import Irregular, open_regular
from visualmemory_gui.engine.images.child import limit_memory, private_pipes
from visualmemory_gui.engine.processes import frames

if TYPE_CHECKING:
    from PIL.Image import Image

MEMORY_BYTES = 2 << 30
MOST_PIXELS = 64_000_000
SEEK_S = 5.0  # from this distance on, seeking is faster than decoding what lies between
SLACK_S, SLACK = 2.0, 0.05  # by how much a whole video may be shorter than it says, in seconds and as a part of it
QUALITY = 95
_HEAD_BYTES = 16
_NO_VIDEO = "not a video in a format that can be read (MP4, MOV, MKV, WebM, AVI)"
_MISSING = "to read videos, install visualmemory_gui[video]"


class RefusedVideo(Exception):
    """Why a video is refused, in one sentence."""


def main() -> None:
    requests, answers = private_pipes()
    try:
        request, _ = frames.read(requests)
        _send(request["path"], request["every_s"], answers)
    except (RefusedVideo, Irregular) as refused:
        frames.write(answers, {"reason": str(refused)})
    except OSError as error:
        frames.write(answers, {"reason": error.strerror or "it cannot be read"})
    except MemoryError:
        frames.write(answers, {"reason": "it needs more memory than a video may use"})


def _send(path: str, every_s: float, answers: BinaryIO) -> None:
    try:
        import av  # an extra
    except ImportError:
        raise RefusedVideo(_MISSING) from None
    av.logging.set_level(None)
    limit_memory(MEMORY_BYTES)
    reached = [0.0]
    with open_regular(path) as file:
        kind = _format(file.read(_HEAD_BYTES))
        file.seek(0)
        try:
            with av.open(file, format=kind, metadata_errors="ignore") as container:
                duration = _duration(container)
                for second, image in _images(container, every_s, reached):
                    out = BytesIO()
                    image.save(out, "JPEG", quality=QUALITY)
                    frames.write(answers, {"second": second, "duration": duration}, out.getvalue())
        except av.FFmpegError as error:
            frames.write(answers, {"reason": f"the video is damaged or incomplete ({error.strerror})"})
            return
    cut = duration > reached[0] + max(SLACK_S, SLACK * duration)
    frames.write(answers, {"reason": "the video is damaged or incomplete"} if cut else {"end": True})


def _duration(container: Any) -> float:
    """How long the video says it is, in seconds; 0 if it does not."""
    stream = next(iter(container.streams.video), None)
    if stream is not None and stream.duration:
        return float(stream.duration * stream.time_base)
    return float((container.duration or 0) / 1_000_000)


def _format(head: bytes) -> str:
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free"):
        return "mov"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "matroska"
    if head.startswith(b"RIFF") and head[8:11] == b"AVI":
        return "avi"
    raise RefusedVideo(_NO_VIDEO)


def _images(container: Any, every_s: float, reached: list[float]) -> Iterator[tuple[float, Image]]:
    """The first frame at or after each multiple of ``every_s``, upright, with its second from the start.

    ``reached`` gets the second up to which the video was read.
    """
    if not container.streams.video:
        raise RefusedVideo("it has sound alone, no video")
    stream = container.streams.video[0]
    if stream.width * stream.height > MOST_PIXELS:
        raise RefusedVideo("its frames have more than 64 megapixels")
    stream.codec_context.thread_count = 1
    base = stream.time_base
    start = float((stream.start_time or 0) * base)
    wanted = 0.0
    while True:
        before = wanted
        for frame in container.decode(stream):
            second = 0.0 if frame.pts is None else float(frame.pts * base) - start
            reached[0] = max(reached[0], second)
            if second + 1e-6 < wanted:
                continue
            image = frame.to_image()
            yield max(0.0, second), image.rotate(frame.rotation, expand=True) if frame.rotation else image
            wanted = (math.floor(second / every_s + 1e-6) + 1) * every_s
            if every_s >= SEEK_S:
                reached[0] = max(reached[0], wanted)
                break
        if wanted == before or every_s < SEEK_S:
            return
        try:
            container.seek(int((wanted + start) / base), stream=stream)
        except OSError:  # there is no later place
            return


if __name__ == "__main__":
    main()
    sys.exit(0)

"""Frames of a video, one every few seconds, as image files in a folder."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from visualmemory_gui.engine.errors import BadImage, BadValue, VisualMemoryError
from visualmemory_gui.engine.exchange import video_child
from visualmemory_gui.engine.exchange.atomic_output import new_folder
from visualmemory_gui.engine.images.child_process import started
from visualmemory_gui.engine.images.files import absolute, shown
from visualmemory_gui.engine.processes import frames
from visualmemory_gui.engine.processes.child_process import end
from visualmemory_gui.engine.progress import Report, silent

EVERY_S = 2.0
LEAST_S, MOST_S = 0.05, 86_400.0
MOST_FRAMES = 20_000
FRAME_S = 60.0  # how long the next frame may take
SUFFIXES = frozenset((".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi"))


@dataclass(frozen=True, slots=True)
class SavedFrames:
    """The folder and the number of its frames; ``reason`` says why the video was not read to its end, "" if it was."""

    folder: str
    frames: int
    reason: str = ""


def looks_like_video(path: str | PurePath) -> bool:
    """Whether the ending promises a video that can be read. A promise only: content decides."""
    return PurePath(path).suffix.lower() in SUFFIXES


def save_frames(
    video: str | Path, folder: str | Path, *, every_s: float = EVERY_S, report: Report = silent
) -> SavedFrames:
    """Write a frame every ``every_s`` seconds to ``folder``, which is new or empty: ``0001 0m02s.jpg``.

    What a damaged video has before the damage is kept. When stopped, nothing is written. Raises BadImage where no frame
    can be read, BadValue, ExchangeError, StorageError, Cancelled.
    """
    if not (isinstance(every_s, int | float) and LEAST_S <= every_s <= MOST_S):  # NaN too is refused
        raise BadValue(f"a frame every {every_s} seconds: choose {LEAST_S:g} to {MOST_S:,.0f}")
    count, reason, second = 0, "", 0.0
    with new_folder(Path(folder)) as part:
        for header, jpeg in _messages(absolute(video), every_s):
            if "reason" in header:
                reason = str(header["reason"])
                break
            second = float(header["second"])
            count += 1
            if count > MOST_FRAMES:
                raise BadValue(f"{shown(video)} would give more than {MOST_FRAMES:,} frames: take one less often")
            (part / f"{count:04d} {_clock(second)}.jpg").write_bytes(jpeg)
            total = math.ceil(float(header["duration"]) / every_s)
            report(count, max(count, total) if total else None, "reading frames")
        if not count:
            raise BadImage(shown(video), reason or "the video has no frame")
    return SavedFrames(str(folder), count, f"{reason}; read up to {_clock(second)}" if reason else "")


def _clock(second: float) -> str:
    """``1m02s``, with hundredths where they are not 0."""
    whole, rest = divmod(round(second * 100), 100)
    return f"{whole // 60}m{whole % 60:02d}" + (f".{rest:02d}s" if rest else "s")


def _messages(path: str, every_s: float) -> Iterator[tuple[dict[str, Any], bytes]]:
    """What the child sends, to its end; a last message with a reason where it crashed or took too long."""
    try:
        process = started([sys.executable, "-m", video_child.__name__])
    except OSError as error:
        raise VisualMemoryError(f"the process that reads videos cannot be started ({error})") from error
    request: dict[str, Any] | None = {"path": path, "every_s": every_s}
    try:
        while True:
            header, jpeg = _next(process, request)
            if "end" in header:
                return
            yield header, jpeg
            request = None
    finally:
        end(process)


def _next(process: subprocess.Popen[bytes], request: dict[str, Any] | None) -> tuple[dict[str, Any], bytes]:
    answer, late = frames.exchange(process, request, FRAME_S)
    if answer is None:
        return {"reason": f"the next frame takes longer than {FRAME_S:g} s" if late else "the decoder crashed"}, b""
    header, parts = answer
    return header, bytes(parts[0]) if parts else b""

"""The command frames: takes images out of a video."""

from __future__ import annotations

from typing import Annotated

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.output import Progress, emit, print_line, say
from visualmemory_gui.engine.text.visible_text import how_many


def frames(
    video: Annotated[str, typer.Argument(metavar="VIDEO", help="A video: MP4, MOV, MKV, WebM or AVI.")],
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="A new or empty folder for the frames.")],
    every: Annotated[float, typer.Option("--every", metavar="SECONDS", help="Take a frame every SECONDS.")] = 2.0,
    as_json: options.Json = False,
) -> None:
    """Save frames of a video as images, to classify or teach them."""
    from visualmemory_gui.engine.exchange.video_frames import save_frames

    with Progress("reading frames") as report:
        saved = save_frames(video, folder, every_s=every, report=report)
    if as_json:
        emit({"folder": saved.folder, "frames": saved.frames, "reason": saved.reason or None})
    else:
        print_line(f"{saved.folder}: {how_many(saved.frames, 'frame')}")
    if saved.reason:
        say(f"{video}: {saved.reason}")

"""Asks how often a frame of a video is taken."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtWidgets import QWidget

from visualmemory_gui.app.widgets.dialogs.number_dialog import NumberDialog

LEAST, MOST, USUAL = 0.05, 3600.0, 2.0
MEANING = "The frames are saved as images in a new folder beside the video, and wait in the queue to be taught."


class VideoDialog(NumberDialog):
    """Its number is the seconds from one frame to the next."""

    def __init__(self, parent: QWidget | None, *, videos: Sequence[str]) -> None:
        super().__init__(
            parent,
            title="Take frames of a video",
            heading=Path(videos[0]).name if len(videos) == 1 else f"{len(videos):,} videos",
            name="Seconds from one frame to the next",
            meaning=MEANING,
            verb="Take frames",
        )
        self.setObjectName("videoDialog")
        self.number.setPrefix("a frame every ")
        self.number.setSuffix(" s")
        self.suggest(USUAL, least=LEAST, most=MOST)
